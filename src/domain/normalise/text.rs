//! Text as it is stored: composed Unicode, line feeds, no control characters.
//!
//! Nothing is decoded, escaped or executed; right-to-left marks and emoji stay.

use unicode_normalization::UnicodeNormalization;

/// A text of several lines in its normal form.
///
/// Line ends become `\n`, a tab a space, every other control character goes
/// (PostgreSQL refuses NUL in text); Unicode NFC; no white space or byte order
/// mark at the ends. Cleaning twice changes nothing.
pub fn clean(input: &str) -> String {
    let mut kept = String::with_capacity(input.len());
    let mut chars = input.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' | '\u{85}' => kept.push('\n'),
            '\t' => kept.push(' '),
            c if c.is_control() => {}
            c => kept.push(c),
        }
    }
    let composed: String = if kept.is_ascii() {
        kept
    } else {
        kept.nfc().collect()
    };
    trim(&composed).to_owned()
}

/// A text of one line in its normal form: [`clean`], and line ends become spaces.
pub fn clean_line(input: &str) -> String {
    let lines = clean(input);
    let line: String = lines
        .chars()
        .map(|c| if is_line_end(c) { ' ' } else { c })
        .collect();
    trim(&line).to_owned()
}

/// The longest start of `text` that has at most `max` characters.
pub fn truncate(text: &str, max: usize) -> &str {
    match text.char_indices().nth(max) {
        Some((end, _)) => trim(&text[..end]),
        None => text,
    }
}

/// What people read for the name of a field: `contract_end` is read as `Contract end`.
pub fn label_of(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.trim().chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => name.to_owned(),
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}')
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRICKY: [&str; 16] = [
        "",
        " \t\r\n ",
        "plain",
        "a\r\nb\rc\nd\u{85}e",
        "nul\0in\0side",
        "\u{FEFF}mark\u{FEFF}",
        "\u{FEFF} \0 \u{FEFF}x",
        "e\u{301}",
        "e\0\u{301}",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{9b}c1\u{7f}",
        "\u{202e}txt.exe",
        "👩‍👩‍👧 שלום",
        "\u{2000}\u{2028}wide\u{3000}",
        "ﬁ Å Å \u{1100}\u{1161}",
        " \u{301}mark on nothing",
    ];

    #[test]
    fn cleaning_twice_changes_nothing_and_leaves_no_control_character() {
        for text in TRICKY {
            let once = clean(text);
            assert_eq!(clean(&once), once, "{text:?}");
            assert!(
                !once.chars().any(|c| c.is_control() && c != '\n'),
                "{text:?}"
            );
            let line = clean_line(text);
            assert_eq!(clean_line(&line), line, "{text:?}");
            assert!(!line.chars().any(is_line_end), "{text:?}");
        }
    }

    #[test]
    fn line_ends_of_every_system_become_line_feeds() {
        assert_eq!(
            clean("Hello,\r\nworld\rand\nall"),
            "Hello,\nworld\nand\nall"
        );
        assert_eq!(clean_line("Hello,\r\nworld"), "Hello, world");
    }

    #[test]
    fn an_accent_typed_apart_is_joined_to_its_letter() {
        assert_eq!(clean("Jose\u{301} Nu\u{301}n\u{303}ez"), "José Núñez");
    }

    #[test]
    fn emoji_and_right_to_left_text_stay() {
        assert_eq!(clean("👩‍👩‍👧 \u{202b}שלום\u{202c}"), "👩‍👩‍👧 \u{202b}שלום\u{202c}");
    }

    #[test]
    fn a_cut_never_falls_inside_a_character() {
        assert_eq!(truncate("ééé", 2), "éé");
        assert_eq!(truncate("short", 10), "short");
    }
}
