//! Names of companies: by their words, of which rare ones say most.

use super::fold::{Word, words};
use super::likeness::{Agreement, compare_words};

/// Legal forms, which say nothing of who it is (ISO 20275 lists them by country).
const LEGAL_FORMS: [&str; 96] = [
    "ab",
    "ag",
    "aktiengesellschaft",
    "aps",
    "as",
    "asa",
    "bhd",
    "bv",
    "bvba",
    "ca",
    "cia",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "cvba",
    "doo",
    "dd",
    "eeig",
    "eg",
    "ek",
    "eirl",
    "ev",
    "gbr",
    "ges",
    "gesellschaft",
    "gesmbh",
    "gie",
    "gmbh",
    "gmbhcokg",
    "hf",
    "inc",
    "incorporated",
    "jsc",
    "kg",
    "kgaa",
    "kft",
    "kk",
    "kabushiki",
    "kaisha",
    "limited",
    "limitada",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "nyrt",
    "oao",
    "ohg",
    "ojsc",
    "ooo",
    "oy",
    "oyj",
    "partg",
    "plc",
    "pc",
    "pllc",
    "pte",
    "pty",
    "pvt",
    "private",
    "proprietary",
    "pt",
    "public",
    "rt",
    "sa",
    "sae",
    "sarl",
    "sas",
    "sasu",
    "sca",
    "scs",
    "scrl",
    "se",
    "sia",
    "sl",
    "slu",
    "snc",
    "spa",
    "spk",
    "spzoo",
    "spz",
    "sro",
    "srl",
    "stg",
    "tbk",
    "uab",
    "ug",
    "ulc",
    "unlimited",
    "vof",
    "zao",
];
/// Words of names that say nothing.
const FILLERS: [&str; 26] = [
    "and", "und", "et", "y", "e", "of", "the", "for", "fur", "de", "des", "du", "der", "die",
    "das", "la", "le", "les", "del", "in", "at", "an", "a", "zoo", "i", "holding",
];
/// What is written short, and what it stands for.
const SHORT: [(&str, &str); 60] = [
    ("assoc", "association"),
    ("assn", "association"),
    ("bros", "brothers"),
    ("bldg", "building"),
    ("ctr", "center"),
    ("centre", "center"),
    ("cntr", "center"),
    ("chldrn", "children"),
    ("childrens", "children"),
    ("coll", "college"),
    ("comm", "community"),
    ("commun", "community"),
    ("cs", "computer"),
    ("dept", "department"),
    ("dep", "department"),
    ("dev", "development"),
    ("devt", "development"),
    ("div", "division"),
    ("edu", "education"),
    ("educ", "education"),
    ("elem", "elementary"),
    ("eng", "engineering"),
    ("engg", "engineering"),
    ("fac", "faculty"),
    ("fdn", "foundation"),
    ("govt", "government"),
    ("grp", "group"),
    ("gruppe", "group"),
    ("hosp", "hospital"),
    ("inst", "institute"),
    ("institut", "institute"),
    ("intl", "international"),
    ("int", "international"),
    ("lab", "laboratory"),
    ("labs", "laboratory"),
    ("laboratories", "laboratory"),
    ("mfg", "manufacturing"),
    ("mgmt", "management"),
    ("natl", "national"),
    ("nat", "national"),
    ("org", "organization"),
    ("res", "research"),
    ("sch", "school"),
    ("sci", "science"),
    ("sciences", "science"),
    ("serv", "service"),
    ("services", "service"),
    ("svc", "service"),
    ("sys", "system"),
    ("systems", "system"),
    ("tech", "technology"),
    ("technologies", "technology"),
    ("techn", "technology"),
    ("univ", "university"),
    ("universitat", "university"),
    ("universite", "university"),
    ("universidad", "university"),
    ("universita", "university"),
    ("uni", "university"),
    ("solutions", "solution"),
];

/// The words of a company's name that count, each once.
pub(super) fn core(text: Option<&str>) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::new();
    for word in words(text.unwrap_or_default()) {
        let long = SHORT.iter().find(|(short, _)| *short == &*word.text);
        let word = long.map_or(word, |(_, long)| Word::new(long));
        if !all.contains(&word) {
            all.push(word);
        }
    }
    let counts =
        |word: &&Word| !LEGAL_FORMS.contains(&&*word.text) && !FILLERS.contains(&&*word.text);
    let counting: Vec<Word> = all.iter().filter(counts).cloned().collect();
    if counting.is_empty() { all } else { counting }
}

/// How much of two names is in both, in bits of their words: what is in both, and what only in the one that has less of
/// its own and in the one that has more.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Shared {
    pub both: f32,
    pub less: f32,
    pub more: f32,
}

/// Matches the words of two names; `bits` tells how much a word says.
pub(super) fn share(one: &[Word], other: &[Word], bits: impl Fn(&Word) -> f32) -> Shared {
    let mut taken = 0u32;
    let (mut both, mut only_one) = (0.0, 0.0);
    for a in one {
        let mut best = (Agreement::Differs, 0);
        for (at, b) in other.iter().enumerate() {
            if taken & (1 << at) == 0 {
                let agreement = compare_words(a, b);
                if agreement > best.0 {
                    best = (agreement, at);
                }
            }
        }
        match best.0 {
            Agreement::Differs | Agreement::Near => only_one += bits(a),
            agreement => {
                taken |= 1 << best.1;
                let part = if agreement == Agreement::Same {
                    1.0
                } else {
                    0.8
                };
                both += part * bits(a).min(bits(&other[best.1]));
            }
        }
    }
    let left = other
        .iter()
        .enumerate()
        .filter(|(at, _)| taken & (1 << at) == 0);
    let only_other: f32 = left.map(|(_, word)| bits(word)).sum();
    Shared {
        both,
        less: f32::min(only_one, only_other),
        more: f32::max(only_one, only_other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        core(Some(text))
            .into_iter()
            .map(|word| word.text.into())
            .collect()
    }

    #[test]
    fn legal_forms_and_fillers_do_not_count_and_short_forms_are_written_out() {
        assert_eq!(said("Müller & Söhne GmbH & Co. KG"), ["muller", "sohne"]);
        assert_eq!(
            said("New Jersey Inst. of Tech."),
            ["new", "jersey", "institute", "technology"]
        );
        assert_eq!(said("The Company, Inc."), ["the", "company", "inc"]);
    }

    #[test]
    fn what_is_in_both_names_counts_for_them() {
        let shared = share(
            &core(Some("Acme Steel Ltd")),
            &core(Some("Acme Stel, Ulm")),
            |_| 4.0,
        );
        assert!(
            (shared.both - 7.2).abs() < 1e-5 && shared.less == 0.0 && shared.more == 4.0,
            "{shared:?}"
        );
    }
}
