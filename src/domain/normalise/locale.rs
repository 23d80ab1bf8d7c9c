//! Where and in which language somebody is spoken to: time zones and language tags.

use crate::domain::nearest::did_you_mean;
use crate::error::FieldError;
use std::collections::HashMap;
use std::sync::LazyLock;

static ZONES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    chrono_tz::TZ_VARIANTS
        .iter()
        .map(|zone| (zone.name().to_ascii_lowercase(), zone.name()))
        .collect()
});

/// ISO 639-1, sorted, in one text: two letters each.
const LANGUAGES: &str = "aaabaeafakamanarasavayazbabebgbhbibmbnbobrbscacechcocrcscucvcydadedvdzeeeleneoeseteufafffifjfofrfygagdglgngugvhahehihohrhthuhyhziaidieigiiikioisitiujajvkakgkikjkkklkmknkokrkskukvkwkylalblglilnloltlulvmgmhmimkmlmnmrmsmtmynandnengnlnnnonrnvnyocojomorospapiplpsptqurmrnrorurwsascsdsesgsiskslsmsnsosqsrssstsusvswtatetgthtitktltntotrtstttwtyugukuruzvevivowawoxhyiyozazhzu";

/// Three-letter codes of ISO 639-2 and 639-3 in use, with the shortest code for the same
/// language, which is the one that BCP 47 wants.
#[rustfmt::skip]
const LONGER_CODES: [(&str, &str); 62] = [
    ("afr", "af"), ("ara", "ar"), ("ast", "ast"), ("aze", "az"), ("bel", "be"), ("ben", "bn"), ("bul", "bg"), ("cat", "ca"),
    ("ceb", "ceb"), ("ces", "cs"), ("chi", "zh"), ("ckb", "ckb"), ("cmn", "cmn"), ("cze", "cs"), ("dan", "da"), ("deu", "de"),
    ("dut", "nl"), ("ell", "el"), ("eng", "en"), ("est", "et"), ("eus", "eu"), ("fas", "fa"), ("fil", "fil"), ("fin", "fi"),
    ("fra", "fr"), ("fre", "fr"), ("ger", "de"), ("gle", "ga"), ("glg", "gl"), ("gre", "el"), ("gsw", "gsw"), ("haw", "haw"),
    ("heb", "he"), ("hin", "hi"), ("hrv", "hr"), ("hun", "hu"), ("ind", "id"), ("isl", "is"), ("ita", "it"), ("jpn", "ja"),
    ("kor", "ko"), ("lav", "lv"), ("lit", "lt"), ("may", "ms"), ("msa", "ms"), ("nld", "nl"), ("nor", "no"), ("per", "fa"),
    ("pol", "pl"), ("por", "pt"), ("ron", "ro"), ("rum", "ro"), ("rus", "ru"), ("slk", "sk"), ("slv", "sl"), ("spa", "es"),
    ("swe", "sv"), ("tha", "th"), ("tur", "tr"), ("ukr", "uk"), ("yue", "yue"), ("zho", "zh"),
];

/// The IANA name of a time zone (`America/New_York`), whatever its case; a space may stand for `_`.
pub fn timezone(input: &str) -> Option<String> {
    let name = input.trim().replace(' ', "_").to_ascii_lowercase();
    ZONES.get(&name).map(|zone| (*zone).to_owned())
}

/// As [`timezone`].
///
/// # Errors
/// A zone that is not in the IANA database, by the pointer, with the nearest name.
pub fn read_timezone(pointer: &str, name: &str) -> Result<String, FieldError> {
    timezone(name).ok_or_else(|| {
        let hint = did_you_mean(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let detail = format!("must be a zone of the IANA database, such as `Europe/Berlin`{hint}");
        FieldError::new(pointer, "unknown_zone", detail)
    })
}

/// A language tag in the spelling of BCP 47 (RFC 5646): `en`, `pt-BR`, `zh-Hant-TW`.
///
/// Takes locales (`de_AT.UTF-8`) and the first of a list (`fr-CH, fr;q=0.9`). Extensions are left out.
pub fn language(input: &str) -> Option<String> {
    let first = input.trim().split([',', ';', '.', '@']).next()?.trim();
    let mut parts = first.split(['-', '_']);
    let mut tag = shortest(&parts.next()?.to_ascii_lowercase())?;
    let mut reached = Subtag::Language;
    for part in parts {
        let subtag = Subtag::of(part)?;
        if subtag == Subtag::Extension {
            break;
        }
        if subtag < reached || (subtag == reached && subtag != Subtag::Variant) {
            return None;
        }
        reached = subtag;
        tag.push('-');
        tag.push_str(&subtag.spell(part));
    }
    Some(tag)
}

/// What may follow the language, in this order.
#[derive(PartialEq, PartialOrd, Clone, Copy)]
enum Subtag {
    Language,
    Script,
    Region,
    Variant,
    Extension,
}

impl Subtag {
    fn of(part: &str) -> Option<Subtag> {
        let letters = part.bytes().all(|c| c.is_ascii_alphabetic());
        let digits = part.bytes().all(|c| c.is_ascii_digit());
        if !part.bytes().all(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        match part.len() {
            1 => Some(Subtag::Extension),
            2 if letters => Some(Subtag::Region),
            3 if digits => Some(Subtag::Region),
            4 if letters => Some(Subtag::Script),
            4 if part.starts_with(|c: char| c.is_ascii_digit()) => Some(Subtag::Variant),
            5..=8 => Some(Subtag::Variant),
            _ => None,
        }
    }

    fn spell(self, part: &str) -> String {
        let lower = part.to_ascii_lowercase();
        match self {
            Subtag::Region => part.to_ascii_uppercase(),
            Subtag::Script => lower[..1].to_ascii_uppercase() + &lower[1..],
            Subtag::Language | Subtag::Variant | Subtag::Extension => lower,
        }
    }
}

/// The code that BCP 47 wants for a language of two or three letters.
fn shortest(code: &str) -> Option<String> {
    let longer = LONGER_CODES.iter().find(|(longer, _)| *longer == code);
    let known = code.len() == 2
        && LANGUAGES
            .as_bytes()
            .chunks(2)
            .any(|known| known == code.as_bytes());
    longer
        .map(|(_, short)| (*short).to_owned())
        .or_else(|| known.then(|| code.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_zone_is_known_in_any_case() {
        assert_eq!(
            timezone("america/new_york").as_deref(),
            Some("America/New_York")
        );
        assert_eq!(
            timezone(" America/New York ").as_deref(),
            Some("America/New_York")
        );
        assert_eq!(timezone("asia/kolkata").as_deref(), Some("Asia/Kolkata"));
        assert_eq!(timezone("utc").as_deref(), Some("UTC"));
        assert_eq!(timezone("Mars/Olympus"), None);
        assert_eq!(timezone(""), None);
    }

    #[test]
    fn a_language_tag_has_one_spelling() {
        for (typed, tag) in [
            ("en", "en"),
            ("EN-us", "en-US"),
            ("zh_Hant_TW", "zh-Hant-TW"),
            ("de_AT.UTF-8", "de-AT"),
            ("fr-CH, fr;q=0.9, en;q=0.8", "fr-CH"),
            ("es-419", "es-419"),
            ("ca_ES@valencia", "ca-ES"),
            ("sl-rozaj-biske", "sl-rozaj-biske"),
            ("en-US-u-ca-gregory", "en-US"),
            ("yue", "yue"),
            ("eng", "en"),
            ("ger-CH", "de-CH"),
        ] {
            assert_eq!(language(typed).as_deref(), Some(tag), "{typed}");
        }
    }

    #[test]
    fn what_is_no_tag_is_none() {
        for typed in [
            "",
            "english",
            "nil",
            "xx",
            "e",
            "en-",
            "en-US-GB",
            "en--US",
            "日本語",
            "*",
        ] {
            assert_eq!(language(typed), None, "{typed}");
        }
    }

    #[test]
    fn the_languages_are_sorted_pairs() {
        let codes: Vec<&[u8]> = LANGUAGES.as_bytes().chunks(2).collect();
        assert!(codes.is_sorted() && codes.iter().all(|code| code.len() == 2));
    }
}
