//! Telephone numbers: E.164 where it is certain, the text as it came where not.

use super::numbering::{self, Number};
use super::text;

/// A telephone number as somebody gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// ITU-T E.164, such as `+14155550132`; `None` when the text is no certain number.
    pub e164: Option<String>,
    /// Digits to dial after the answer. Not part of the identity.
    pub extension: Option<String>,
    /// What was given, cleaned.
    pub text: String,
    /// Country of the number, ISO 3166 alpha-2.
    pub country: Option<&'static str>,
}

impl PhoneNumber {
    /// What to store and to show: E.164 if there is one, else the text.
    pub fn as_str(&self) -> &str {
        self.e164.as_deref().unwrap_or(&self.text)
    }
}

/// Reads a telephone number; `None` when there is no digit in it.
///
/// It becomes E.164 when it begins with `+` or `00`, or when `region` (ISO 3166
/// alpha-2) says how it is dialled, and when it exists in the numbering plan. After a
/// `+`, a number of possible length is enough, because plans grow.
pub fn parse(input: &str, region: Option<&str>) -> Option<PhoneNumber> {
    let text = text::clean_line(input);
    let plain = plain(&text);
    if !plain.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let written = Written::read(&plain);
    let region = region.map(str::to_ascii_uppercase);
    let number = written.number(region.as_deref());
    Some(PhoneNumber {
        e164: number.as_ref().map(Number::e164),
        extension: written.extension,
        country: number.and_then(|number| number.country),
        text,
    })
}

/// Loads the numbering plans (about a quarter of a second), so that no request waits for them.
pub fn warm() {
    numbering::warm();
    let _ = parse("+14155550132", None);
}

/// Fewer digits than this before a marker are not a number with an extension.
const SHORTEST_BEFORE_EXTENSION: usize = 5;
const LONGEST_EXTENSION: usize = 8;

/// Words and signs before an extension, as people of many countries write them. Longer ones first.
const EXTENSION_MARKS: [&str; 28] = [
    "extensión",
    "extension",
    "extensao",
    "extensão",
    "durchwahl",
    "nebenstelle",
    "interno",
    "toestel",
    "ankn.",
    "klapka",
    "linka",
    "ramal",
    "anexo",
    "poste",
    "extn",
    "wewn",
    "доб",
    "ext",
    "xtn",
    "apl",
    "int",
    "wew",
    "分机",
    "内線",
    "dw",
    "x",
    "#",
    "~",
];

/// The parts of a number as it was written: ASCII digits, letters and signs.
struct Written {
    /// It began with a plus sign.
    plus: bool,
    /// What follows, without the extension.
    body: String,
    extension: Option<String>,
}

impl Written {
    fn read(plain: &str) -> Written {
        let (mut rest, parameters) = without_scheme(plain);
        let mut extension = None;
        let mut context = None;
        for parameter in parameters {
            match parameter.split_once('=') {
                Some((name, value)) if name.eq_ignore_ascii_case("ext") => {
                    extension = Some(digits(value))
                }
                Some((name, value)) if name.eq_ignore_ascii_case("phone-context") => {
                    context = value.strip_prefix('+')
                }
                _ => {}
            }
        }
        let of_address = extension.is_some();
        // Of "x302/x2303", two numbers of one switchboard, the first stays.
        while let Some((before, dialled)) = split_extension(rest).filter(|_| !of_address) {
            rest = before;
            extension = Some(dialled);
        }
        let first = rest
            .find(|c: char| c == '+' || c.is_ascii_digit())
            .unwrap_or(rest.len());
        let rest = &rest[first..];
        let plus = rest.starts_with('+');
        let rest = rest.trim_start_matches('+');
        let (plus, body) = match context {
            Some(code) if !plus => (true, format!("{code} {rest}")),
            _ => (plus, rest.to_owned()),
        };
        Written {
            plus,
            body,
            extension: extension.filter(|digits| !digits.is_empty()),
        }
    }

    fn number(&self, region: Option<&str>) -> Option<Number> {
        let digits = digits(&self.body);
        let found = self.look_up(&digits, region);
        if found.is_some() || digits.is_empty() {
            return found;
        }
        // 1-800-FLOWERS: only when the digits alone are no number, so that "(home)" does no harm.
        if let Some(spelled) =
            spelled(&self.body).and_then(|spelled| self.look_up(&spelled, region))
        {
            return Some(spelled);
        }
        let possible = self.plus && !self.body.contains(char::is_alphabetic);
        possible
            .then(|| numbering::possible_international(&digits))
            .flatten()
    }

    fn look_up(&self, digits: &str, region: Option<&str>) -> Option<Number> {
        if self.plus {
            // "+0049…" and "+ 00 49 …" are seen.
            return numbering::international(digits.strip_prefix("00").unwrap_or(digits));
        }
        match region {
            Some(region) => numbering::dialled(digits, region),
            None => numbering::international(digits.strip_prefix("00")?),
        }
    }
}

/// Splits a `tel:` address (RFC 3966) into the number and its parameters.
fn without_scheme(plain: &str) -> (&str, Vec<&str>) {
    let schemes = ["tel:", "callto:", "sms:", "whatsapp:"];
    let scheme = schemes.iter().find(|s| {
        plain
            .get(..s.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(s))
    });
    let rest = scheme.map_or(plain, |scheme| &plain[scheme.len()..]);
    let is_address = scheme.is_some() || rest.contains(";ext=") || rest.contains(";phone-context=");
    if !is_address {
        return (rest, Vec::new());
    }
    let mut parts = rest.split(';');
    (parts.next().unwrap_or_default(), parts.collect())
}

/// Splits `030 123456 ext. 12` into `030 123456` and `12`.
fn split_extension(plain: &str) -> Option<(&str, String)> {
    let end = plain.trim_end_matches([' ', '#', '.', ')']);
    let dialled = end
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()
        .filter(|digits| !digits.is_empty())?;
    let before = end[..end.len() - dialled.len()].trim_end_matches([' ', '.', ':', '=', '-', '(']);
    let mark = EXTENSION_MARKS
        .iter()
        .find(|mark| ends_with_word(before, mark));
    let (rest, longest) = match mark {
        Some(mark) => (&before[..before.len() - mark.len()], LONGEST_EXTENSION),
        // A comma is a pause to a telephone, but also stands between two numbers.
        None => (before.strip_suffix([',', ';'])?, LONGEST_EXTENSION - 3),
    };
    let enough = digits(rest).len() >= SHORTEST_BEFORE_EXTENSION;
    (enough && dialled.len() <= longest).then(|| {
        (
            rest.trim_end_matches([' ', ',', ';', '(', '/', '-']),
            dialled.to_owned(),
        )
    })
}

/// Whether `text` ends with `mark` in any case, as a word of its own.
fn ends_with_word(text: &str, mark: &str) -> bool {
    let Some(start) = text.len().checked_sub(mark.len()) else {
        return false;
    };
    let Some(end) = text.get(start..) else {
        return false;
    };
    let alone =
        !mark.starts_with(char::is_alphabetic) || !text[..start].ends_with(char::is_alphabetic);
    alone && end.to_lowercase() == mark
}

/// Full-width and other decimal digits and plus signs as ASCII; invisible characters away.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'))
        .map(|c| match c {
            c if c.is_ascii() => c,
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            '\u{2795}' | '\u{FE62}' => '+',
            c if c.is_whitespace() => ' ',
            c => ascii_digit(c).unwrap_or(c),
        })
        .collect()
}

/// Zeros of the scripts whose digits are in everyday use; the other nine follow each.
const ZEROS: [u32; 18] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810,
];

fn ascii_digit(c: char) -> Option<char> {
    let zero = ZEROS
        .iter()
        .find(|zero| (**zero..**zero + 10).contains(&(c as u32)))?;
    char::from_digit(c as u32 - zero, 10)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The digits of a number that is partly spelled on the key pad (ITU-T E.161); at least three letters.
fn spelled(body: &str) -> Option<String> {
    let letters = body.chars().filter(char::is_ascii_alphabetic).count();
    if letters < 3 || body.contains(|c: char| !c.is_ascii() && c.is_alphabetic()) {
        return None;
    }
    let key = |c: char| match c.to_ascii_uppercase() {
        c @ '0'..='9' => Some(c),
        'A'..='C' => Some('2'),
        'D'..='F' => Some('3'),
        'G'..='I' => Some('4'),
        'J'..='L' => Some('5'),
        'M'..='O' => Some('6'),
        'P'..='S' => Some('7'),
        'T'..='V' => Some('8'),
        'W'..='Z' => Some('9'),
        _ => None,
    };
    Some(body.chars().filter_map(key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(input: &str, region: &str) -> Option<String> {
        parse(input, Some(region).filter(|region| !region.is_empty())).and_then(|phone| phone.e164)
    }

    #[test]
    fn one_number_in_many_spellings_is_one_number() {
        for written in [
            "+1 (415) 555-0132",
            "+14155550132",
            "＋１ ４１５ ５５５ ０１３２",
            "0014155550132",
            "00 1 415.555.0132",
            "tel:+1-415-555-0132",
            "TEL:415-555-0132;phone-context=+1",
            "Tel.: +1 415 555 0132",
            "'+14155550132",
            "\u{202a}+1 415 555 0132\u{202c}",
            "+00 1 415 555 0132",
        ] {
            assert_eq!(
                e164(written, "").as_deref(),
                Some("+14155550132"),
                "{written}"
            );
        }
        for written in [
            "(415) 555-0132",
            "415-555-0132",
            "1 415 555 0132",
            "011 1 415 555 0132",
        ] {
            assert_eq!(
                e164(written, "US").as_deref(),
                Some("+14155550132"),
                "{written}"
            );
        }
    }

    #[test]
    fn a_national_number_needs_a_region() {
        let phone = parse("(415) 555-0132", None).unwrap();
        assert_eq!(
            (phone.e164.as_deref(), phone.text.as_str()),
            (None, "(415) 555-0132")
        );
        assert_eq!(phone.as_str(), "(415) 555-0132");
    }

    #[test]
    fn an_extension_is_kept_apart() {
        for written in [
            "+49 30 1234567 ext. 12",
            "+49 30 1234567 Ext 12",
            "+49 30 1234567x12",
            "+49 30 1234567 x 12",
            "+49 30 1234567 #12",
            "+49 30 1234567 poste 12",
            "+49 30 1234567 Durchwahl: 12",
            "+49 30 1234567 DW 12",
            "+49 30 1234567 доб. 12",
            "+49 30 1234567, 12",
            "+49 30 1234567 (ext 12)",
            "tel:+49-30-1234567;ext=12",
            "+49 30 1234567 x12/x13",
        ] {
            let phone = parse(written, None).unwrap();
            assert_eq!(
                (phone.e164.as_deref(), phone.extension.as_deref()),
                (Some("+49301234567"), Some("12")),
                "{written}"
            );
        }
    }

    #[test]
    fn a_number_without_extension_has_none() {
        for written in [
            "+49 30 1234567",
            "+49 (0)30 1234567",
            "+49-30-1234567",
            "0049 30/1234567",
        ] {
            let phone = parse(written, None).unwrap();
            assert_eq!(
                (phone.e164.as_deref(), phone.extension),
                (Some("+49301234567"), None),
                "{written}"
            );
        }
    }

    #[test]
    fn zeros_that_belong_to_the_number_stay() {
        assert_eq!(e164("06 6982 1234", "IT").as_deref(), Some("+390669821234"));
        assert_eq!(
            e164("+39 06 6982 1234", "").as_deref(),
            Some("+390669821234")
        );
        assert_eq!(
            e164("+44 (0)20 7946 0018", "").as_deref(),
            Some("+442079460018")
        );
    }

    #[test]
    fn argentine_mobiles_get_their_nine() {
        assert_eq!(
            e164("011 15-2345-6789", "AR").as_deref(),
            Some("+5491123456789")
        );
    }

    #[test]
    fn prefixes_that_mexico_has_dropped_are_dropped() {
        for (written, region) in [
            ("+52 1 55 1234 5678", ""),
            ("044 55 1234 5678", "MX"),
            ("55 1234 5678", "MX"),
        ] {
            assert_eq!(
                e164(written, region).as_deref(),
                Some("+525512345678"),
                "{written}"
            );
        }
    }

    #[test]
    fn letters_are_read_from_the_key_pad_unless_they_are_a_remark() {
        assert_eq!(e164("1-800-FLOWERS", "US").as_deref(), Some("+18003569377"));
        assert_eq!(
            e164("415 555 0132 (mobile)", "US").as_deref(),
            Some("+14155550132")
        );
    }

    #[test]
    fn digits_of_other_scripts_are_digits() {
        assert_eq!(
            e164("+٩٧١ ٥٠ ١٢٣ ٤٥٦٧", "").as_deref(),
            Some("+971501234567")
        );
    }

    #[test]
    fn what_cannot_be_a_number_keeps_its_text_only() {
        for (written, region) in [
            ("12345", "DE"),
            ("+1 415", ""),
            ("+999 123456789", ""),
            ("1", "US"),
            ("+", "US"),
            ("+49 1", ""),
        ] {
            assert_eq!(e164(written, region), None, "{written}");
        }
        assert_eq!(parse("call me", Some("US")), None);
        assert_eq!(parse("", None), None);
    }

    #[test]
    fn a_number_newer_than_the_plan_is_kept_when_it_came_with_a_plus() {
        assert_eq!(e164("+1 555 123 4567", "").as_deref(), Some("+15551234567"));
        assert_eq!(
            e164("+44 7700 900123", "").as_deref(),
            Some("+447700900123")
        );
        assert_eq!(e164("+44 7700 90012", ""), None);
        assert_eq!(e164("555 123 4567", "US"), None);
    }

    #[test]
    fn another_countrys_code_after_double_zero_is_understood_everywhere() {
        assert_eq!(
            e164("0049 30 1234567", "US").as_deref(),
            Some("+49301234567")
        );
    }

    #[test]
    fn the_country_is_that_of_the_number_not_of_the_form() {
        let country = |input: &str| parse(input, Some("DE")).and_then(|phone| phone.country);
        assert_eq!(country("+1 684 622 1234"), Some("AS"));
        assert_eq!(country("+41 44 668 18 00"), Some("CH"));
        assert_eq!(country("030 1234567"), Some("DE"));
        assert_eq!(country("+800 1234 5678"), None);
    }

    #[test]
    fn nothing_that_people_type_makes_it_panic() {
        for text in [
            "+ä1ñ2",
            "ext",
            "x1",
            "1x",
            "😀1",
            "tel:;ext=",
            ";ext=5",
            "0",
            "00",
            "+0",
            "é12345ext1",
            "12345 é1",
            "ＥＸＴ1",
        ] {
            for region in [None, Some("US"), Some("XX"), Some("de"), Some("é")] {
                let _ = parse(text, region);
            }
        }
    }
}
