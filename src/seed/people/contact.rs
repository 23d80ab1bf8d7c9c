//! Mail addresses and phone numbers as people type them, none of which reaches anybody.

use crate::seed::countries::{Country, scripts};
use crate::seed::random::Random;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The part before the `@`. The number in it keeps two of one name apart.
pub(super) fn mail_name(given: &str, family: &str, number: u64, random: &mut Random) -> String {
    let (given, family) = (slug(given), slug(family));
    let initial = given.chars().next().unwrap_or('x');
    match random.below(4) {
        0 => format!("{initial}.{family}{number}"),
        1 => format!("{given}{number}"),
        2 => format!("{given}_{family}{number}"),
        _ => format!("{given}.{family}{number}"),
    }
}

/// A name reserved for examples (RFC 2606): a third have an address of their own, the others one at work.
pub(super) fn mail_domain(country: &'static Country, random: &mut Random) -> String {
    if random.in_thousand(330) {
        return random
            .word("example.com|example.org|example.net")
            .to_owned();
    }
    let (_, firm) = scripts(random.word(country.firms));
    format!("{}.example", slug(firm))
}

/// Where another prefix than `00` is dialled before a country code.
const NOT_00: [&str; 9] = ["US", "CA", "BR", "JP", "KR", "SG", "TH", "NG", "AU"];

/// The number as people type it: with its country code, with `00`, or as it is dialled at home.
pub(super) fn phone(country: &'static Country, random: &mut Random) -> String {
    let pattern = random.word(country.phones);
    let number = random.fill(pattern);
    match (random.below(10), country.trunk) {
        (0, _) if !NOT_00.contains(&country.code) => number.replacen('+', "00", 1),
        (1..=3, Some(trunk)) => {
            let at_home = number.split_once(' ').map_or("", |(_, rest)| rest);
            format!("{trunk}{at_home}")
        }
        (4 | 5, _) => number.replace([' ', '-', '.', '(', ')'], ""),
        _ => number,
    }
}

pub(super) fn capitals(address: &str) -> String {
    let mut letters = address.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .collect::<String>()
        .replace("@example", "@Example")
}

/// Letters and digits of ASCII only, as in host names.
pub(super) fn slug(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.nfd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'ß' => plain.push_str("ss"),
            'ø' | 'Ø' => plain.push('o'),
            'ł' | 'Ł' => plain.push('l'),
            'ı' => plain.push('i'),
            letter if letter.is_ascii_alphanumeric() => plain.push(letter.to_ascii_lowercase()),
            _ => {}
        }
    }
    plain
}
