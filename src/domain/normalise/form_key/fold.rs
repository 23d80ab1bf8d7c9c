//! Names of form fields as they are compared: in snake case, without accents and boxes.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Boxes that hold the visitor's answers: in `contact[email]` the field is `email`.
const BOXES: [&str; 10] = [
    "contact",
    "lead",
    "fields",
    "form_fields",
    "data",
    "user",
    "person",
    "answers",
    "values",
    "customer",
];

/// The name in snake case, without accents, `[]` and the box around it.
pub(super) fn fold(key: &str) -> String {
    let key = unboxed(key.trim().trim_end_matches("[]"));
    let mut folded = String::with_capacity(key.len());
    let mut before = None;
    let mut letters = key.nfc().peekable();
    while let Some(c) = letters.next() {
        let after_small = before.is_some_and(|c: char| c.is_lowercase() || c.is_ascii_digit());
        let ends_capitals = before.is_some_and(char::is_uppercase)
            && letters.peek().is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_small || ends_capitals) {
            folded.push('_');
        }
        if c.is_alphanumeric() {
            folded.extend(c.to_lowercase());
        } else if !folded.is_empty() && !folded.ends_with('_') {
            folded.push('_');
        }
        before = Some(c);
    }
    without_accents(folded.trim_matches('_'))
}

/// `contact[email]` is `email`; other brackets stay, because `form[name]` is no person's name.
fn unboxed(key: &str) -> &str {
    match key.strip_suffix(']').and_then(|open| open.split_once('[')) {
        Some((outer, inner))
            if BOXES.contains(&outer.to_lowercase().as_str()) && !inner.contains('[') =>
        {
            inner
        }
        _ => key,
    }
}

/// Latin letters without accents; other scripts keep their marks, which are part of the letter.
fn without_accents(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let plain = |c: char| match c {
        'ß' => "ss".to_owned(),
        'ø' => "o".to_owned(),
        'ł' => "l".to_owned(),
        c if ('\u{C0}'..='\u{24F}').contains(&c) => {
            c.nfd().filter(|c| !is_combining_mark(*c)).collect()
        }
        c => c.to_string(),
    };
    text.chars().map(plain).collect()
}
