//! How alike two words are.

use super::fold::Word;

/// How two values of one kind go together, from the same to others altogether.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Nothing that one has is in the other.
    Differs,
    /// Alike in part.
    Near,
    /// A slip of the pen apart, or another form of the same.
    Close,
    /// The same.
    Same,
}

/// How alike two words are: by edits (insertion, deletion, substitution, transposition of neighbours) and by Jaro–Winkler.
pub(super) fn compare_words(one: &Word, other: &Word) -> Agreement {
    if one.hash == other.hash {
        return Agreement::Same;
    }
    let (a, b) = (one.text.as_bytes(), other.text.as_bytes());
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < 3 || long.len() - short.len() > 4 {
        return Agreement::Differs;
    }
    let edits = distance(short, long, 2);
    if edits == 1 && (long.len() >= 5 || (long.len() == 4 && short[0] == long[0])) {
        return Agreement::Close;
    }
    let likeness = jaro_winkler(short, long);
    if edits == 2 && long.len() >= 7 && likeness >= 0.88 {
        return Agreement::Close;
    }
    if likeness >= 0.95 {
        return Agreement::Close;
    }
    if likeness >= 0.88 || (edits <= 2 && long.len() >= 6) || (edits == 1 && long.len() >= 4) {
        return Agreement::Near;
    }
    Agreement::Differs
}

/// Optimal string alignment distance, up to `most`; `most + 1` stands for more.
pub(super) fn distance(a: &[u8], b: &[u8], most: usize) -> usize {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    if a.is_empty() || b.is_empty() {
        return (a.len() + b.len()).min(most + 1);
    }
    if a.len().abs_diff(b.len()) > most || b.len() >= ROW {
        return most + 1;
    }
    let mut before = [0u8; ROW];
    let mut last = [0u8; ROW];
    let mut row = [0u8; ROW];
    for (at, cell) in last.iter_mut().enumerate().take(b.len() + 1) {
        *cell = narrow(at);
    }
    for (i, x) in a.iter().enumerate() {
        row[0] = narrow(i + 1);
        let mut least = row[0];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (last[j] + u8::from(x != y))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row[j + 1] = cost;
            least = least.min(cost);
        }
        if usize::from(least) > most {
            return most + 1;
        }
        before = last;
        last = row;
    }
    usize::from(last[b.len()]).min(most + 1)
}

/// Longest text whose distance is told.
const ROW: usize = 40;

#[allow(clippy::cast_possible_truncation, reason = "less than ROW")]
fn narrow(number: usize) -> u8 {
    number as u8
}

/// Jaro similarity (Jaro 1989) with Winkler's bonus for the same beginning (Winkler 1990), of at most 64 bytes each.
pub(super) fn jaro_winkler(a: &[u8], b: &[u8]) -> f32 {
    let (a, b) = (&a[..a.len().min(64)], &b[..b.len().min(64)]);
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut taken_a, mut taken_b) = (0u64, 0u64);
    for (i, x) in a.iter().enumerate() {
        let from = i.saturating_sub(window);
        let to = (i + window + 1).min(b.len());
        let found = (from..to).find(|j| taken_b & (1 << j) == 0 && b[*j] == *x);
        if let Some(j) = found {
            taken_a |= 1 << i;
            taken_b |= 1 << j;
        }
    }
    let common = taken_a.count_ones();
    if common == 0 {
        return 0.0;
    }
    let mut half_swaps = 0u32;
    let mut rest = taken_b;
    for (i, x) in a.iter().enumerate() {
        if taken_a & (1 << i) != 0 {
            let j = rest.trailing_zeros() as usize;
            half_swaps += u32::from(*x != b[j]);
            rest &= rest - 1;
        }
    }
    let m = common as f32;
    let jaro = (m / a.len() as f32 + m / b.len() as f32 + (m - half_swaps as f32 / 2.0) / m) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count();
    jaro + prefix as f32 * 0.1 * (1.0 - jaro)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(one: &str, other: &str) -> Agreement {
        compare_words(&Word::new(one), &Word::new(other))
    }

    #[test]
    fn slips_of_the_pen_are_close_and_other_names_differ() {
        for (one, other) in [
            ("johannes", "johannnes"),
            ("smith", "smyth"),
            ("meier", "meyer"),
            ("lodge", "lodeg"),
            ("paget", "pagett"),
        ] {
            assert_eq!(compared(one, other), Agreement::Close, "{one} {other}");
            assert_eq!(compared(other, one), Agreement::Close, "{one} {other}");
        }
        for (one, other) in [
            ("anna", "otto"),
            ("li", "lu"),
            ("ada", "ida"),
            ("schmidt", "becker"),
        ] {
            assert_eq!(compared(one, other), Agreement::Differs, "{one} {other}");
        }
        assert_eq!(compared("anna", "anna"), Agreement::Same);
    }

    #[test]
    fn distances_count_transpositions_once() {
        assert_eq!(distance(b"abcd", b"abdc", 3), 1);
        assert_eq!(distance(b"kitten", b"sitting", 3), 3);
        assert_eq!(distance(b"kitten", b"sitting", 2), 3);
        assert_eq!(distance(b"", b"ab", 2), 2);
    }

    #[test]
    fn jaro_winkler_gives_the_published_values() {
        assert!((jaro_winkler(b"martha", b"marhta") - 0.9611).abs() < 1e-3);
        assert!((jaro_winkler(b"dwayne", b"duane") - 0.84).abs() < 1e-2);
        assert!((jaro_winkler(b"dixon", b"dicksonx") - 0.8133).abs() < 1e-3);
    }
}
