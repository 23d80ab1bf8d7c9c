//! Texts in the form in which they are compared: ASCII, lower case, words apart.

use deunicode::deunicode_char;
use unicode_normalization::UnicodeNormalization;

/// Longest word that is looked at, in characters: what is longer is cut.
pub(super) const MAX_WORD: usize = 32;
/// Words of a text that are looked at.
const MAX_WORDS: usize = 16;

/// A word in the form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Letters a–z and digits.
    pub text: Box<str>,
    /// Of the text: words that have another one differ.
    pub hash: u64,
}

impl Word {
    pub(super) fn new(text: &str) -> Word {
        let end = text
            .char_indices()
            .nth(MAX_WORD)
            .map_or(text.len(), |(at, _)| at);
        let text = &text[..end];
        Word {
            text: text.into(),
            hash: hash_of(text),
        }
    }
}

/// A hash that is the same on every machine (FNV-1a).
pub(super) fn hash_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The words of a text: compatibility forms, accents and scripts folded to a–z and digits (NFKC, then transliteration),
/// everything else between them.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = String::new();
    let push = |word: &mut String, words: &mut Vec<Word>| {
        if !word.is_empty() && words.len() < MAX_WORDS {
            words.push(Word::new(word));
        }
        word.clear();
    };
    for given in text.nfkc() {
        if given == '\'' || given == '’' || given == '.' {
            // O'Brien is one word, and so is S.A.
            continue;
        }
        if !given.is_alphanumeric() && !is_mark(given) {
            push(&mut word, &mut words);
            continue;
        }
        if let Some(folded) = fold(given) {
            word.extend(
                folded
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .map(|one| one.to_ascii_lowercase()),
            );
        }
    }
    push(&mut word, &mut words);
    words
}

fn is_mark(given: char) -> bool {
    unicode_normalization::char::is_combining_mark(given)
}

fn fold(given: char) -> Option<&'static str> {
    if is_mark(given) {
        return Some("");
    }
    match given {
        // German letters with two usual spellings: the one without the second letter stands for both.
        'ß' => Some("ss"),
        _ => deunicode_char(given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let words: Vec<String> = words(text)
            .into_iter()
            .map(|word| word.text.into())
            .collect();
        words.join(" ")
    }

    #[test]
    fn scripts_accents_and_punctuation_are_folded() {
        assert_eq!(folded("  José  O’Brien-Łukasz "), "jose obrien lukasz");
        assert_eq!(folded("Иван Петров"), "ivan petrov");
        assert_eq!(folded("Straße 12a"), "strasse 12a");
        assert_eq!(folded("S.A. AT&T"), "sa at t");
        assert_eq!(folded("ﬁne Ｆｕｌｌ"), "fine full");
        assert_eq!(folded("—"), "");
    }
}
