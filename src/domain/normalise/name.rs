//! People's names: a full name in two parts, when the parts were not asked for.

use super::text;

/// What follows a comma without being a first name.
const SUFFIXES: [&str; 46] = [
    "jr",
    "sr",
    "jnr",
    "snr",
    "junior",
    "senior",
    "ii",
    "iii",
    "iv",
    "v",
    "phd",
    "md",
    "dds",
    "dvm",
    "jd",
    "esq",
    "mba",
    "cpa",
    "cfa",
    "pe",
    "rn",
    "msc",
    "bsc",
    "ba",
    "ma",
    "inc",
    "incorporated",
    "ltd",
    "limited",
    "llc",
    "llp",
    "plc",
    "corp",
    "corporation",
    "co",
    "company",
    "gmbh",
    "mbh",
    "ag",
    "kg",
    "sa",
    "sarl",
    "srl",
    "bv",
    "oy",
    "ab",
];

/// First and last name of a full name.
///
/// The first word is the first name, the rest the last name; one word is a first name.
/// `Last, First` is swapped, unless what follows the comma is a suffix (`Jr.`, `Inc.`, `GmbH` …).
pub fn split(full: &str) -> (Option<String>, Option<String>) {
    let line = text::clean_line(full);
    let words: Vec<&str> = line.split_whitespace().collect();
    let joined = words.join(" ");
    if let Some((last, first)) = joined.split_once(',')
        && let (last, first) = (last.trim(), first.trim().trim_end_matches(','))
        && !last.is_empty()
        && !first.is_empty()
        && !first.contains(',')
        && !is_suffix(first)
    {
        return (Some(first.to_owned()), Some(last.to_owned()));
    }
    match joined.split_once(' ') {
        Some((first, last)) => (some(first), some(last)),
        None => (some(&joined), None),
    }
}

/// `Jr.`, `S.A.`, `Co. KG`: nothing but suffixes.
fn is_suffix(text: &str) -> bool {
    let known = |word: &str| {
        let letters: String = word.chars().filter(|c| *c != '.').collect();
        SUFFIXES.contains(&letters.to_lowercase().as_str()) || letters == "&"
    };
    text.split_whitespace().all(known)
}

fn some(text: &str) -> Option<String> {
    let text = text.trim_matches([',', ' ']);
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(full: &str) -> (String, String) {
        let (first, last) = split(full);
        (first.unwrap_or_default(), last.unwrap_or_default())
    }

    #[test]
    fn the_first_word_is_the_first_name_and_the_rest_the_last() {
        for (full, first, last) in [
            ("Jane Doe", "Jane", "Doe"),
            ("  Jane \u{a0} Doe ", "Jane", "Doe"),
            ("Jane", "Jane", ""),
            ("María José García López", "María", "José García López"),
            ("山田 太郎", "山田", "太郎"),
            ("", "", ""),
            (" , ", "", ""),
        ] {
            assert_eq!(parts(full), (first.to_owned(), last.to_owned()), "{full:?}");
        }
    }

    #[test]
    fn last_comma_first_is_swapped_but_a_suffix_is_not() {
        for (full, first, last) in [
            ("Doe, Jane", "Jane", "Doe"),
            ("van der Berg,Jan Piet", "Jan Piet", "van der Berg"),
            ("Jimmy Pesto, Sr.", "Jimmy", "Pesto, Sr."),
            ("Sender, Inc.", "Sender", "Inc."),
            ("Jane Doe, Ph.D., MBA", "Jane", "Doe, Ph.D., MBA"),
            ("Muster, GmbH & Co. KG", "Muster", "GmbH & Co. KG"),
            ("Doe,", "Doe", ""),
        ] {
            assert_eq!(parts(full), (first.to_owned(), last.to_owned()), "{full:?}");
        }
    }
}
