//! Names that were sent and names that were probably meant.

/// Longer names are cut before they are shown.
const SHOWN_CHARS: usize = 64;

/// The known name most like `name`, when one is alike enough to be a slip.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > SHOWN_CHARS {
        return None;
    }
    let name = name.to_lowercase();
    known
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate))
        .filter(|(alike, _)| *alike >= 0.82)
        .max_by(|(one, a), (other, b)| one.total_cmp(other).then_with(|| b.cmp(a)))
        .map(|(_, candidate)| candidate)
}

/// `; did you mean `email`?`, or nothing when no known name is similar.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known)
        .map(|meant| format!("; did you mean `{meant}`?"))
        .unwrap_or_default()
}

/// A name as an answer may repeat it: at most 64 characters, none of them a control character.
pub fn shown_name(name: &str) -> String {
    name.chars()
        .take(SHOWN_CHARS)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = ["email", "phone", "first_name", "last_name", "custom"];

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        for (sent, meant) in [
            ("emial", "email"),
            ("Email", "email"),
            ("firstName", "first_name"),
            ("phone_", "phone"),
            ("lastname", "last_name"),
        ] {
            assert_eq!(nearest(sent, KNOWN.into_iter()), Some(meant), "{sent}");
        }
    }

    #[test]
    fn an_unrelated_name_finds_nothing() {
        for sent in ["zzz", "", "budget", &"email".repeat(40)] {
            assert_eq!(nearest(sent, KNOWN.into_iter()), None, "{sent}");
        }
    }
}
