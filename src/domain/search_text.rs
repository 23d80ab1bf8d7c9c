//! Searching for a part of a text: what is searched, and what is asked, in one form without case and accents.

use crate::domain::lead_fields::LeadFields;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// At least one word has so many characters: the index goes by threes.
pub const MIN_CHARACTERS: usize = 3;
/// More words are not asked for at once.
pub const MAX_WORDS: usize = 10;
/// From so many digits on, digits and nothing else are one number.
const NUMBER_DIGITS: usize = 7;

/// The fields that are searched.
pub const SEARCHED: &[&str] = &[
    "first_name",
    "last_name",
    "company",
    "email",
    "phone",
    "mobile_phone",
];

/// What a search asks for: every word has to be somewhere in the text of a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText {
    words: Vec<String>,
}

/// Why a search cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchTextError {
    /// No word has [`MIN_CHARACTERS`].
    TooShort,
    /// More than [`MAX_WORDS`].
    TooManyWords,
}

impl SearchTextError {
    /// Stable and machine readable.
    pub fn code(self) -> &'static str {
        match self {
            SearchTextError::TooShort => "word_too_short",
            SearchTextError::TooManyWords => "too_many_words",
        }
    }

    /// What helps.
    pub fn remedy(self) -> String {
        match self {
            SearchTextError::TooShort => format!(
                "one word has to have at least {MIN_CHARACTERS} characters: the search goes by three of them together"
            ),
            SearchTextError::TooManyWords => format!("at most {MAX_WORDS} words"),
        }
    }
}

impl SearchText {
    /// Reads what somebody typed.
    ///
    /// White space and parentheses part words. Digits with nothing but the punctuation of phone numbers between them are
    /// one number, if there are at least seven: without the zeros in front, which stand for a country or a city and are not
    /// in the international form that leads have.
    pub fn parse(given: &str) -> Result<SearchText, SearchTextError> {
        let folded = fold(given);
        let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
        let is_number = folded
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-./()".contains(c));
        let mut words: Vec<String> = if is_number && digits.len() >= NUMBER_DIGITS {
            vec![digits.trim_start_matches('0').to_owned()]
        } else {
            folded
                .split(|c: char| c.is_whitespace() || "()".contains(c))
                .map(bare_digits)
                .filter(|word| !word.is_empty())
                .collect()
        };
        words.sort_unstable();
        words.dedup();
        if words.len() > MAX_WORDS {
            return Err(SearchTextError::TooManyWords);
        }
        if !words
            .iter()
            .any(|word| word.chars().count() >= MIN_CHARACTERS)
        {
            return Err(SearchTextError::TooShort);
        }
        Ok(SearchText { words })
    }

    /// The words, folded, each once.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

/// A word of digits and the punctuation of phone numbers, without the punctuation: `+49` is `49`.
fn bare_digits(word: &str) -> String {
    let is_number = word.contains(|c: char| c.is_ascii_digit())
        && word
            .chars()
            .all(|c| c.is_ascii_digit() || "+-./".contains(c));
    if is_number {
        word.chars().filter(char::is_ascii_digit).collect()
    } else {
        word.to_owned()
    }
}

/// What searches find a lead by: name, company, mail address and the digits of its phone numbers, folded, a line each.
pub fn text_of(fields: &LeadFields) -> String {
    let names = [&fields.first_name, &fields.last_name];
    let name: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    let digits = |number: &Option<String>| {
        let number = number.as_deref().unwrap_or_default();
        number
            .chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let lines = [
        fold(&name.join(" ")),
        fold(fields.company.as_deref().unwrap_or_default()),
        fold(fields.email.as_deref().unwrap_or_default()),
        digits(&fields.phone),
        digits(&fields.mobile_phone),
    ];
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// Without case and accents: compatibility forms taken apart (Unicode NFKD), marks left out, small letters, and the letters
/// that are not a letter with a mark but are typed as one.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let small = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase);
    for letter in small {
        match letter {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            c if is_combining_mark(c) || c == '\0' => {}
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(given: &str) -> Vec<String> {
        SearchText::parse(given).unwrap().words
    }

    #[test]
    fn case_and_accents_make_no_difference() {
        for (given, folded) in [
            ("Zoë MÜLLER", "zoe muller"),
            ("Łukasz Åström-Øre", "lukasz astrom-ore"),
            ("Straße", "strasse"),
            ("İstanbul ILGAZ ılık", "istanbul ilgaz ilik"),
            ("ﬁnance Ｗｉｄｅ", "finance wide"),
            ("Nguyễn", "nguyen"),
            ("ΟΔΥΣΣΕΥΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"),
            ("日本", "日本"),
        ] {
            assert_eq!(fold(given), folded, "{given}");
            assert_eq!(fold(folded), folded, "{given}");
        }
    }

    #[test]
    fn words_are_parted_and_numbers_are_their_digits() {
        assert_eq!(words("Ada  Lovelace ada"), ["ada", "lovelace"]);
        assert_eq!(words("0132"), ["0132"]);
        assert_eq!(words("+1 (415) 555-0132"), ["14155550132"]);
        assert_eq!(words("030 / 90 18 20"), ["30901820"]);
        assert_eq!(words("0049 30 901820"), ["4930901820"]);
        assert_eq!(words("ada 555-01"), ["55501", "ada"]);
        assert_eq!(
            words("o'neill ada@example.com"),
            ["ada@example.com", "o'neill"]
        );
        assert_eq!(words("100%_\\"), ["100%_\\"]);
    }

    #[test]
    fn a_search_needs_three_characters_together() {
        for short in ["", "ab", "ab cd", "  é́é ", "0000000", "\0\0\0"] {
            assert_eq!(
                SearchText::parse(short),
                Err(SearchTextError::TooShort),
                "{short}"
            );
        }
        assert_eq!(words("jo li ann"), ["ann", "jo", "li"]);
        let many: Vec<String> = (0..=MAX_WORDS).map(|n| format!("word{n}")).collect();
        assert_eq!(
            SearchText::parse(&many.join(" ")),
            Err(SearchTextError::TooManyWords)
        );
    }
}
