//! Words in the form in which they are compared, and phrases found among them.

use deunicode::deunicode_char;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What stands later in a text is not looked at, in characters.
const MAX_LOOKED_AT: usize = 300;

/// Words that turn a phrase into its opposite.
const NEGATIONS: [&str; 20] = [
    " not ", " no ", " never ", " dont ", " doesnt ", " cannot ", " cant ", " isnt ", " arent ",
    " wont ", " nicht ", " kein ", " keine ", " keinen ", " nie ", " pas ", " jamais ", " aucun ",
    " nunca ", " sin ",
];

/// Letters a–z and digits in small letters, accents and scripts folded (NFKC, then transliteration), words parted by single
/// spaces, with one before the first and one behind the last. Apostrophes go.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len().min(MAX_LOOKED_AT) + 2);
    folded.push(' ');
    if text.is_ascii() {
        text.chars()
            .take(MAX_LOOKED_AT)
            .for_each(|given| push(&mut folded, given));
    } else {
        for given in text.nfkc().take(MAX_LOOKED_AT) {
            match given {
                '’' | '´' => {}
                _ if is_combining_mark(given) => {}
                _ if given.is_ascii() => push(&mut folded, given),
                _ if !given.is_alphanumeric() => push(&mut folded, ' '),
                _ => deunicode_char(given)
                    .unwrap_or(" ")
                    .chars()
                    .for_each(|one| push(&mut folded, one)),
            }
        }
    }
    push(&mut folded, ' ');
    folded
}

fn push(folded: &mut String, given: char) {
    if given.is_ascii_alphanumeric() {
        folded.push(given.to_ascii_lowercase());
    } else if given != '\'' && !folded.ends_with(' ') {
        folded.push(' ');
    }
}

/// Phrases and what they mean.
#[derive(Debug, Clone)]
pub(super) struct Lexicon<T> {
    /// By their first letter, the longest first.
    phrases: BTreeMap<u8, Vec<Phrase<T>>>,
}

#[derive(Debug, Clone)]
struct Phrase<T> {
    /// Ends with a space, or in the middle of a word.
    text: String,
    meaning: T,
}

/// A phrase in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found<T> {
    /// What it means.
    pub meaning: T,
    /// It is the whole of the text.
    pub is_all: bool,
    /// Another word turns it into its opposite.
    pub is_negated: bool,
}

impl<T: Copy> Lexicon<T> {
    /// Of phrases as people write them; a `*` at the end stands for any ending. Those without a letter are left out; of
    /// equal ones the first counts.
    pub(super) fn new<'a>(phrases: impl IntoIterator<Item = (&'a str, T)>) -> Lexicon<T> {
        let mut by_first: BTreeMap<u8, Vec<Phrase<T>>> = BTreeMap::new();
        for (phrase, meaning) in phrases {
            let Some(text) = phrase_form(phrase) else {
                continue;
            };
            if let Some(first) = text.bytes().next() {
                by_first
                    .entry(first)
                    .or_default()
                    .push(Phrase { text, meaning });
            }
        }
        for phrases in by_first.values_mut() {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.text.len()));
        }
        Lexicon { phrases: by_first }
    }

    /// The leftmost phrase in a folded text, and of several there the longest.
    pub(super) fn find(&self, folded: &str) -> Option<Found<T>> {
        let starts = folded
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b' ')
            .map(|(space, _)| space + 1);
        for start in starts {
            let rest = &folded[start..];
            let Some(first) = rest.bytes().next() else {
                break;
            };
            let here = self.phrases.get(&first).into_iter().flatten();
            let mut here = here.filter(|phrase| rest.starts_with(&phrase.text));
            if let Some(phrase) = here.next() {
                return Some(Found {
                    meaning: phrase.meaning,
                    is_all: start == 1 && !rest[phrase.text.len()..].contains(' '),
                    is_negated: is_negated(&folded[..start], &rest[phrase.text.len()..]),
                });
            }
        }
        None
    }

    /// What the whole of a folded text means.
    pub(super) fn find_all(&self, folded: &str) -> Option<T> {
        self.find(folded)
            .filter(|found| found.is_all)
            .map(|found| found.meaning)
    }
}

/// A phrase in the form in which it is looked for; `None` when it has no letter or digit.
pub(super) fn phrase_form(phrase: &str) -> Option<String> {
    let folded = fold(phrase);
    let words = folded.trim();
    let is_stem = phrase.trim_end().ends_with('*');
    (!words.is_empty()).then(|| format!("{words}{}", if is_stem { "" } else { " " }))
}

/// Whether one of the words around a phrase negates it.
fn is_negated(before: &str, behind: &str) -> bool {
    // The space before `behind` belongs to the phrase.
    let behind_has = |word: &str| behind.starts_with(&word[1..]) || behind.contains(word);
    NEGATIONS
        .iter()
        .any(|word| before.contains(word) || behind_has(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_punctuation_and_apostrophes_are_folded() {
        assert_eq!(fold("  Größe,  L'année—N/A_x "), " grosse lannee n a x ");
        assert_eq!(fold("Jose\u{301}’s"), " joses ");
        assert_eq!(fold("Директор"), " direktor ");
        assert_eq!(fold("…"), " ");
    }

    #[test]
    fn the_leftmost_and_there_the_longest_phrase_is_found() {
        let lexicon = Lexicon::new([
            ("manager", 1),
            ("general manager", 2),
            ("ceo", 3),
            ("Geschäftsführ*", 4),
        ]);
        let find = |text: &str| lexicon.find(&fold(text)).map(|found| found.meaning);
        assert_eq!(find("General Manager, EMEA"), Some(2));
        assert_eq!(find("Manager and CEO"), Some(1));
        assert_eq!(find("Geschäftsführerin"), Some(4));
        assert_eq!(find("management"), None);
        assert_eq!(find("ceos"), None);
    }

    #[test]
    fn a_negation_beside_the_phrase_is_seen_and_one_inside_is_not() {
        let lexicon = Lexicon::new([("decide", 1), ("do not decide", 2)]);
        let negated = |text: &str| lexicon.find(&fold(text)).map(|found| found.is_negated);
        assert_eq!(negated("I decide"), Some(false));
        assert_eq!(negated("I never decide"), Some(true));
        assert_eq!(negated("decide not"), Some(true));
        assert_eq!(negated("I do not decide"), Some(false));
    }
}
