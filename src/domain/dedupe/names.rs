//! Names of people: in parts, whatever their order.

use super::fold::{Word, words};
use super::likeness::{Agreement, compare_words};
use super::nick_names;

/// Parts of names that say nothing by themselves.
const PARTICLES: [&str; 32] = [
    "al", "bin", "bint", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du",
    "el", "ibn", "la", "le", "of", "san", "st", "ten", "ter", "the", "van", "vander", "vom", "von",
    "y", "zu", "zum", "zur",
];
/// What stands before and after names and is none.
const TITLES: [&str; 30] = [
    "mr", "mrs", "ms", "miss", "dr", "prof", "sir", "dame", "lord", "lady", "herr", "frau",
    "monsieur", "madame", "mme", "mlle", "sr", "sra", "jr", "ii", "iii", "iv", "phd", "md", "mba",
    "dipl", "ing", "rev", "esq", "hon",
];

/// Letters of a name that is only begun.
const INITIAL: usize = 2;

/// The parts of a name that count.
pub(super) fn parts(text: Option<&str>) -> Vec<Word> {
    let all = words(text.unwrap_or_default());
    let counts = |word: &&Word| !PARTICLES.contains(&&*word.text) && !TITLES.contains(&&*word.text);
    let counting: Vec<Word> = all.iter().filter(counts).cloned().collect();
    // Somebody may be called Van, or Le.
    if counting.is_empty() { all } else { counting }
}

/// How two given or family names go together: by their best part, and the best of the whole written in one word. Where each
/// has a part that the other lacks, the part in common says little: García López and García Pérez are two families.
pub(super) fn compare_parts(one: &[Word], other: &[Word], are_given: bool) -> Agreement {
    let mut best = Agreement::Differs;
    for a in one {
        for b in other {
            best = best.max(compare_part(a, b, are_given));
        }
    }
    if one.len() > 1 && other.len() > 1 {
        let lacks = |these: &[Word], a: &Word| {
            let mut each = these.iter();
            each.all(|b| compare_part(a, b, are_given) == Agreement::Differs)
        };
        if one.iter().any(|a| lacks(other, a)) && other.iter().any(|b| lacks(one, b)) {
            best = best.min(Agreement::Near);
        }
    }
    if best < Agreement::Close && one.len() + other.len() > 2 {
        best = best.max(compare_words(&joined(one), &joined(other)));
    }
    best
}

fn compare_part(a: &Word, b: &Word, are_given: bool) -> Agreement {
    let agreement = compare_words(a, b);
    if agreement >= Agreement::Close {
        return agreement;
    }
    let (short, long) = if a.text.len() <= b.text.len() {
        (a, b)
    } else {
        (b, a)
    };
    if short.text.len() <= INITIAL {
        return if long.text.starts_with(&*short.text) {
            Agreement::Near
        } else {
            Agreement::Differs
        };
    }
    if !are_given {
        return agreement;
    }
    if nick_names::stand_for_one_another(a.hash, b.hash) {
        return Agreement::Close;
    }
    // Cut short: Chris of Christian.
    if short.text.len() >= 3 && long.text.starts_with(&*short.text) {
        return agreement.max(Agreement::Near);
    }
    agreement
}

fn joined(words: &[Word]) -> Word {
    Word::new(&words.iter().map(|word| &*word.text).collect::<String>())
}

/// Whether one of the names is only begun.
pub(super) fn has_initial(one: &[Word], other: &[Word]) -> bool {
    let is_initial = |words: &[Word]| words.iter().all(|word| word.text.len() <= INITIAL);
    is_initial(one) || is_initial(other)
}

/// What somebody is called.
#[derive(Debug)]
pub struct PersonName {
    given: Vec<Word>,
    family: Vec<Word>,
}

impl PersonName {
    /// As a lead has it.
    pub fn of(first_name: Option<&str>, last_name: Option<&str>) -> PersonName {
        PersonName {
            given: parts(first_name),
            family: parts(last_name),
        }
    }

    /// Whether both have a given name, and neither could be the other's, nor a family name put in its place.
    pub fn is_anothers(&self, other: &PersonName) -> bool {
        let differs =
            |one: &[Word], other: &[Word]| compare_parts(one, other, true) == Agreement::Differs;
        !self.given.is_empty()
            && !other.given.is_empty()
            && differs(&self.given, &other.given)
            && differs(&self.given, &other.family)
            && differs(&self.family, &other.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relatives_are_other_people_and_short_and_swapped_names_are_not() {
        let name = |first, last| PersonName::of(Some(first), Some(last));
        let ada = name("Ada", "Lovelace");
        assert!(ada.is_anothers(&name("Byron", "Lovelace")));
        for same in [
            name("A.", "Lovelace"),
            name("", "Lovelace"),
            name("Adda", "King"),
            name("Lovelace", "Ada"),
            name("", ""),
        ] {
            assert!(!ada.is_anothers(&same), "{same:?}");
            assert!(!same.is_anothers(&ada), "{same:?}");
        }
    }

    fn given(one: &str, other: &str) -> Agreement {
        compare_parts(&parts(Some(one)), &parts(Some(other)), true)
    }

    #[test]
    fn short_names_initials_and_further_names_go_together() {
        assert_eq!(given("Robert", "Bob"), Agreement::Close);
        assert_eq!(given("J.", "John"), Agreement::Near);
        assert_eq!(given("Anna Maria", "Maria"), Agreement::Same);
        assert_eq!(given("Hans-Peter", "Hanspeter"), Agreement::Same);
        assert_eq!(given("Otto", "Anna"), Agreement::Differs);
    }

    #[test]
    fn a_part_in_common_says_little_where_each_lacks_one_of_the_other() {
        assert_eq!(given("Jean-Pierre", "Jean-Paul"), Agreement::Near);
        assert_eq!(given("García López", "García Pérez"), Agreement::Near);
        assert_eq!(given("García López", "Garcia Lopes"), Agreement::Same);
        assert_eq!(given("Anna Maria", "Maria Anna"), Agreement::Same);
        assert_eq!(given("John F.", "John Fitzgerald"), Agreement::Same);
        assert_eq!(given("Luiz Inácio", "Luiz"), Agreement::Same);
    }

    #[test]
    fn particles_do_not_count_unless_there_is_nothing_else() {
        let family =
            |one: &str, other: &str| compare_parts(&parts(Some(one)), &parts(Some(other)), false);
        assert_eq!(family("von der Heide", "Heide"), Agreement::Same);
        assert_eq!(family("van Dam", "van Berg"), Agreement::Differs);
        assert_eq!(parts(Some("Le")).len(), 1);
    }
}
