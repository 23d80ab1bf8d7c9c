//! Addresses: street, number, postcode, place.

use super::fold::{Word, hash_of, words};
use super::likeness::{Agreement, compare_words, distance};

/// Words of street names that are written in many ways, or say only what kind of street it is.
const KINDS: [&str; 52] = [
    "alley",
    "ave",
    "avenue",
    "av",
    "allee",
    "blvd",
    "boulevard",
    "calle",
    "chaussee",
    "cir",
    "circle",
    "circuit",
    "cl",
    "close",
    "court",
    "cres",
    "crescent",
    "ct",
    "dr",
    "drive",
    "east",
    "gasse",
    "grove",
    "highway",
    "hwy",
    "lane",
    "ln",
    "n",
    "north",
    "parade",
    "parkway",
    "pkwy",
    "pl",
    "place",
    "platz",
    "plaza",
    "rd",
    "road",
    "rue",
    "s",
    "south",
    "sq",
    "square",
    "st",
    "str",
    "strasse",
    "street",
    "terrace",
    "tce",
    "via",
    "way",
    "west",
];

/// Kinds of streets that are written in one word with the name.
const ENDINGS: [&str; 7] = ["strasse", "street", "gasse", "platz", "str", "weg", "allee"];

/// The name of a street without what kind it is.
fn without_kind(word: Word) -> Word {
    let name = ENDINGS
        .iter()
        .find_map(|kind| word.text.strip_suffix(kind))
        .filter(|name| name.len() >= 3);
    name.map(Word::new).unwrap_or(word)
}

/// A street, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Street {
    /// The first number in it, with a letter behind it if there is one.
    pub number: Option<Box<str>>,
    /// Words that say which street.
    pub name: Vec<Word>,
    /// All of the name in one.
    pub whole: Option<Word>,
    /// Of number and name.
    pub hash: u64,
}

impl Street {
    pub(super) fn parse(text: &str) -> Option<Street> {
        let all = words(text);
        let is_number = |word: &&Word| {
            word.text.starts_with(|one: char| one.is_ascii_digit()) && word.text.len() <= 6
        };
        let number = all.iter().find(is_number).map(|word| word.text.clone());
        let of_name = |word: &&Word| Some(&word.text) != number.as_ref();
        let counts =
            |word: &&Word| of_name(word) && !KINDS.contains(&&*word.text) && word.text.len() > 1;
        let mut name: Vec<Word> = all
            .iter()
            .filter(counts)
            .cloned()
            .map(without_kind)
            .collect();
        if name.is_empty() {
            name = all.iter().filter(of_name).cloned().collect();
        }
        if name.is_empty() && number.is_none() {
            return None;
        }
        let whole: String = name.iter().map(|word| &*word.text).collect();
        let hash = hash_of(&format!(
            "{} {whole}",
            number.as_deref().unwrap_or_default()
        ));
        Some(Street {
            number,
            whole: (!whole.is_empty()).then(|| Word::new(&whole)),
            name,
            hash,
        })
    }

    /// Same: number and name. Close: a slip in one. Near: the same street, or the same number of one that is like it.
    pub(super) fn compare(&self, other: &Street) -> Agreement {
        if self.hash == other.hash {
            return Agreement::Same;
        }
        let name = match (&self.whole, &other.whole) {
            (Some(one), Some(another)) => self.compare_names(one, other, another),
            _ => Agreement::Differs,
        };
        let number = match (&self.number, &other.number) {
            (Some(a), Some(b)) if a == b => Agreement::Same,
            (Some(a), Some(b))
                if a.len().max(b.len()) > 1 && distance(a.as_bytes(), b.as_bytes(), 1) == 1 =>
            {
                Agreement::Close
            }
            (Some(_), Some(_)) => Agreement::Differs,
            _ => Agreement::Near,
        };
        match (name, number) {
            (Agreement::Same | Agreement::Close, Agreement::Same) => Agreement::Close,
            (Agreement::Same, Agreement::Close | Agreement::Near) => Agreement::Close,
            (Agreement::Near, Agreement::Same) => Agreement::Near,
            (Agreement::Same | Agreement::Close, _) => Agreement::Near,
            _ => Agreement::Differs,
        }
    }

    fn compare_names(&self, one: &Word, other: &Street, another: &Word) -> Agreement {
        let whole = compare_words(one, another);
        if whole >= Agreement::Close || self.name.len() + other.name.len() == 2 {
            return whole;
        }
        let found = |word: &Word| {
            other
                .name
                .iter()
                .any(|b| compare_words(word, b) >= Agreement::Close)
        };
        let shared = self.name.iter().filter(|word| found(word)).count();
        let (less, more) = (
            self.name.len().min(other.name.len()),
            self.name.len().max(other.name.len()),
        );
        if shared > 0 && shared >= less {
            return if more - less <= 1 {
                Agreement::Close
            } else {
                Agreement::Near
            };
        }
        if shared * 2 >= more {
            Agreement::Near
        } else {
            whole
        }
    }
}

/// How two postcodes go together. Near: the same district, which is their first half.
pub(super) fn compare_postcodes(one: &Word, other: &Word) -> Agreement {
    if one.hash == other.hash {
        return Agreement::Same;
    }
    let (a, b) = (one.text.as_bytes(), other.text.as_bytes());
    if a.len() >= 4 && b.len() >= 4 {
        if distance(a, b, 1) == 1 {
            return Agreement::Close;
        }
        let half = a.len().min(b.len()).div_ceil(2);
        if a.len() == b.len() && a[..half] == b[..half] {
            return Agreement::Near;
        }
    }
    Agreement::Differs
}

/// How two names of places go together.
pub(super) fn compare_places(one: &[Word], other: &[Word]) -> Agreement {
    let best = one
        .iter()
        .flat_map(|a| other.iter().map(move |b| compare_words(a, b)))
        .max()
        .unwrap_or(Agreement::Differs);
    let is_whole = one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.hash == b.hash);
    match best {
        Agreement::Same if !is_whole => Agreement::Close,
        best => best,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streets(one: &str, other: &str) -> Agreement {
        Street::parse(one)
            .unwrap()
            .compare(&Street::parse(other).unwrap())
    }

    #[test]
    fn kinds_of_streets_are_written_in_many_ways() {
        assert_eq!(
            streets("10612 S WENTWORTH", "10612 South Wentworth Ave."),
            Agreement::Same
        );
        assert_eq!(
            streets("31 forbesstreet", "31 forbes street"),
            Agreement::Same
        );
        assert_eq!(
            streets("314 cowper tsreet", "314 cowper street"),
            Agreement::Close
        );
        assert_eq!(streets("Hauptstr. 5", "Hauptstraße 5"), Agreement::Same);
        assert_eq!(streets("5 Main Street", "7 Main Street"), Agreement::Near);
        assert_eq!(streets("5 Main Street", "5 Oak Street"), Agreement::Differs);
    }
}
