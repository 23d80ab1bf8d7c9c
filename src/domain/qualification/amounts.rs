//! Numbers and amounts of money in people's words.

use super::answer::ReadingNote;
use super::read::ReadingHints;
use super::words::fold;
use crate::domain::normalise::currency::currency;

/// Larger amounts are not kept: the largest whole number that JSON carries safely.
const MAX_MINOR: f64 = 9_007_199_254_740_991.0;

/// Digits of the minor unit (ISO 4217).
pub(super) fn minor_digits(currency: &str) -> i32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// The number that is named; of a range the lower end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    /// How much; absent where only an upper bound was given.
    pub number: Option<f64>,
    /// What makes it less sure.
    pub notes: Vec<ReadingNote>,
}

/// Reads the first number of a text, or the lower end of a first range: `25.000`, `10-20k`, `about 10 thousand`, `50k+`.
pub(super) fn figure(text: &str) -> Option<Figure> {
    let text = text.to_lowercase();
    let (mut first, first_end) = number_from(&text, 0)?;
    if is_negative(&text[..first.start]) {
        first.number = -first.number;
    }
    let mut number = first.number * first.times.unwrap_or(1.0);
    let mut notes = Vec::new();
    let second = number_from(&text, first_end);
    if let Some((second, _)) = second.filter(|(second, _)| is_range(&text, first_end, second.start))
    {
        let shared = first.number * second.times.unwrap_or(1.0);
        let upper = second.number * second.times.unwrap_or(1.0);
        if first.times.is_none() && shared <= upper {
            number = shared;
        }
        number = number.min(upper);
        notes.push(ReadingNote::CautiousEnd);
    }
    let has = |words: &[&str]| words.iter().any(|word| fold(&text).contains(word));
    let less = [
        " less ",
        " under ",
        " below ",
        " unter ",
        " weniger ",
        " moins ",
        " menos ",
    ];
    let is_below = notes.is_empty() && (text.contains('<') || has(&less));
    let vague = [
        " about ",
        " around ",
        " approx ",
        " approximately ",
        " roughly ",
        " circa ",
        " ca ",
        " etwa ",
        " ungefahr ",
        " rund ",
        " environ ",
        " unos ",
        " aproximadamente ",
        " up to ",
        " max ",
        " bis ",
        " jusqua ",
        " hasta ",
        " over ",
        " more than ",
        " mehr als ",
        " uber ",
        " plus de ",
        " mas de ",
    ];
    if text.contains(['~', '+', '>']) || has(&vague) {
        notes.push(ReadingNote::Approximate);
    }
    Some(Figure {
        number: (!is_below).then_some(number),
        notes,
    })
}

/// Whether a minus sign stands before a number, at most with the sign of a currency between. What joins words or is a bullet
/// is none.
fn is_negative(before: &str) -> bool {
    let before = before.trim_end_matches(['€', '$', '£', '¥', '₹']);
    let sign = before.strip_suffix(['-', '−']);
    sign.is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
}

struct Number {
    start: usize,
    number: f64,
    times: Option<f64>,
}

/// The first number at or after a place, and where it ends.
fn number_from(text: &str, from: usize) -> Option<(Number, usize)> {
    let start = from + text[from..].find(|one: char| one.is_ascii_digit())?;
    let mut end = start;
    let rest = |at: usize| text[at..].chars();
    loop {
        end += text[end..].bytes().take_while(u8::is_ascii_digit).count();
        let Some(sign) = rest(end).next() else { break };
        let next = end + sign.len_utf8();
        let digits = text[next..].bytes().take_while(u8::is_ascii_digit).count();
        let parts = match sign {
            '.' | ',' => digits > 0,
            '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' => digits == 3,
            _ => false,
        };
        if !parts {
            break;
        }
        end = next;
    }
    let (times, end_of_times) = multiplier(text, end);
    let number = decimal(&text[start..end], times.is_some())?;
    Some((
        Number {
            start,
            number,
            times,
        },
        end_of_times,
    ))
}

/// What the word behind a number multiplies it by, and where that word ends.
fn multiplier(text: &str, end: usize) -> (Option<f64>, usize) {
    let gap = text[end..].len() - text[end..].trim_start().len();
    let start = end + gap;
    let word: String = text[start..]
        .chars()
        .take_while(|one| one.is_alphabetic())
        .collect();
    let times = match word.as_str() {
        "k" | "t" | "tsd" | "teur" | "keur" | "kusd" | "thousand" | "tausend" | "mille" | "mil" => {
            1e3
        }
        "lakh" | "lakhs" => 1e5,
        "m" | "mm" | "mio" | "mln" | "million" | "millions" | "millionen" | "millones"
        | "millón" => 1e6,
        "crore" | "crores" => 1e7,
        "bn" | "mrd" | "billion" | "milliarde" | "milliarden" | "milliards" => 1e9,
        _ => return (None, end),
    };
    (Some(times), start + word.len())
}

/// A number with the separators of any country: the last of two kinds parts the decimals, and one kind alone does unless
/// three digits follow it.
fn decimal(digits: &str, is_multiplied: bool) -> Option<f64> {
    let plain: String = digits
        .chars()
        .filter(|one| one.is_ascii_digit() || ".,".contains(*one))
        .collect();
    let dots = plain.matches(['.', ',']).count();
    let last = plain.rfind(['.', ',']);
    let both = plain.contains('.') && plain.contains(',');
    let point = last.filter(|at| {
        let behind = plain.len() - at - 1;
        both || (dots == 1 && (behind != 3 || is_multiplied || plain.starts_with('0') || *at > 3))
    });
    let kept = plain.char_indices().filter_map(|(at, one)| match one {
        _ if Some(at) == point => Some('.'),
        digit => digit.is_ascii_digit().then_some(digit),
    });
    kept.collect::<String>().parse().ok()
}

/// Whether what stands between two numbers makes a range of them: at most signs of currencies beside a word for "to".
fn is_range(text: &str, from: usize, to: usize) -> bool {
    let between = &text[from..to];
    let rest = between.replace(['€', '$', '£', '¥', '₹'], " ");
    let words: Vec<&str> = rest
        .split_whitespace()
        .filter(|word| currency(word).is_none() && !matches!(*word, "euro" | "dollars" | "us"))
        .collect();
    matches!(
        words.as_slice(),
        ["-" | "–" | "—" | "to" | "bis" | "à" | "a" | "hasta" | "and" | "und" | "et" | "y"]
    )
}

/// What is said of the currency.
#[derive(Debug, Clone, Copy)]
enum Said {
    Code(&'static str),
    /// One of these; of the first where nothing tells.
    OneOf(
        &'static [(&'static str, &'static str)],
        Option<&'static str>,
    ),
}

const DOLLARS: &[(&str, &str)] = &[
    ("US", "USD"),
    ("CA", "CAD"),
    ("AU", "AUD"),
    ("NZ", "NZD"),
    ("SG", "SGD"),
    ("HK", "HKD"),
    ("TW", "TWD"),
];
const PESOS: &[(&str, &str)] = &[
    ("MX", "MXN"),
    ("AR", "ARS"),
    ("CL", "CLP"),
    ("CO", "COP"),
    ("PH", "PHP"),
];
const CROWNS: &[(&str, &str)] = &[("SE", "SEK"), ("NO", "NOK"), ("DK", "DKK"), ("IS", "ISK")];
const YENS: &[(&str, &str)] = &[("JP", "JPY"), ("CN", "CNY")];

/// Signs and words, those that contain another one first.
const SIGNS: &[(&str, Said)] = &[
    ("us$", Said::Code("USD")),
    ("ca$", Said::Code("CAD")),
    ("c$", Said::Code("CAD")),
    ("au$", Said::Code("AUD")),
    ("a$", Said::Code("AUD")),
    ("nz$", Said::Code("NZD")),
    ("hk$", Said::Code("HKD")),
    ("r$", Said::Code("BRL")),
    ("$", Said::OneOf(DOLLARS, Some("USD"))),
    ("€", Said::Code("EUR")),
    ("£", Said::Code("GBP")),
    ("₹", Said::Code("INR")),
    ("zł", Said::Code("PLN")),
    ("₺", Said::Code("TRY")),
    ("₪", Said::Code("ILS")),
    ("₩", Said::Code("KRW")),
    ("¥", Said::OneOf(YENS, Some("JPY"))),
    ("kč", Said::Code("CZK")),
];
const WORDS: &[(&str, Said)] = &[
    (" euro", Said::Code("EUR")),
    (" teur ", Said::Code("EUR")),
    (" keur ", Said::Code("EUR")),
    (" us dollar", Said::Code("USD")),
    (" kusd ", Said::Code("USD")),
    (" dollar", Said::OneOf(DOLLARS, Some("USD"))),
    (" dolares ", Said::OneOf(DOLLARS, Some("USD"))),
    (" pound", Said::Code("GBP")),
    (" pfund ", Said::Code("GBP")),
    (" franken ", Said::Code("CHF")),
    (" francs ", Said::Code("CHF")),
    (" sfr ", Said::Code("CHF")),
    (" rupee", Said::Code("INR")),
    (" yen ", Said::Code("JPY")),
    (" rmb ", Said::Code("CNY")),
    (" yuan ", Said::Code("CNY")),
    (" reais ", Said::Code("BRL")),
    (" zloty", Said::Code("PLN")),
    (" pesos ", Said::OneOf(PESOS, None)),
    (" kr ", Said::OneOf(CROWNS, None)),
];

/// The currency that is named in a text, or the likeliest; whether it had to be assumed.
pub(super) fn currency_in(text: &str, hints: &ReadingHints) -> (Option<String>, bool) {
    let lower = text.to_lowercase();
    let parted = lower.replace(|one: char| one.is_ascii_digit(), " ");
    let folded = fold(&parted);
    // Small words such as "all" and "try" are codes too: only capitals are taken for one, or the common codes.
    let code = text
        .split(|one: char| !one.is_ascii_alphabetic())
        .filter(|word| word.len() == 3)
        .filter(|word| {
            let common = [
                "eur", "usd", "gbp", "chf", "cad", "aud", "jpy", "inr", "sek", "nok", "dkk", "pln",
                "brl",
            ];
            word.bytes().all(|one| one.is_ascii_uppercase())
                || common.contains(&word.to_ascii_lowercase().as_str())
        })
        .find_map(currency);
    if let Some(code) = code {
        return (Some(code.to_owned()), false);
    }
    let sign = SIGNS.iter().find(|(sign, _)| lower.contains(sign));
    let said = sign.or_else(|| WORDS.iter().find(|(word, _)| folded.contains(word)));
    match said {
        Some((_, Said::Code(code))) => (Some((*code).to_owned()), false),
        Some((_, Said::OneOf(several, likeliest))) => {
            let own = several
                .iter()
                .find(|(_, code)| hints.currency == Some(code));
            let local = || {
                several
                    .iter()
                    .find(|(country, _)| hints.country == Some(country))
            };
            let code = own.or_else(local).map(|(_, code)| *code).or(*likeliest);
            (code.map(str::to_owned), true)
        }
        None => (hints.currency.map(str::to_owned), true),
    }
}

/// An amount in major units in minor ones; `None` when it is too large.
pub(super) fn in_minor(number: f64, currency: Option<&str>) -> Option<i64> {
    let digits = currency.map_or(2, minor_digits);
    let minor = (number * 10f64.powi(digits)).round();
    (minor.abs() <= MAX_MINOR).then_some(minor as i64)
}
