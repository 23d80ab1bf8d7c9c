//! Values of a workspace's own fields: what a value may be, its normal form, and the form by which it is found.
//!
//! Every way in checks values here, by the same rules. A number, a truth value or a choice may also come as text, since
//! forms and spreadsheets know nothing else: `"42"` is 42, `"on"` is true, `"a;b"` is two choices, and an option may be
//! named by its label.

use crate::domain::field_definition::{FieldDefinition, FieldOption, FieldType};
use crate::domain::normalise::{currency, text, web};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::{Number, Value, json};

/// Longest text, in characters.
pub const MAX_TEXT: usize = 500;
/// Longest long text, in characters.
pub const MAX_LONG_TEXT: usize = 20_000;
/// Longest web address, in bytes.
pub const MAX_URL: usize = 2048;
/// The greatest whole number either way: beyond it JavaScript counts no longer by ones.
pub const MAX_INTEGER: i64 = 9_007_199_254_740_991;
/// Longest form of a value that the index of values takes, in bytes: PostgreSQL's index entries end at 2,704.
pub const MAX_INDEXED: usize = 2100;
/// Options named in the detail of an error.
const NAMED: usize = 20;

/// A value that does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// `wrong_type`, `too_long` …
    pub code: &'static str,
    /// One sentence that names the remedy, without the value.
    pub detail: String,
}

/// The value in normal form; `None` when it says nothing: `null`, an empty text, an empty list.
///
/// Normal forms are their own: taking one in again changes nothing.
///
/// # Errors
/// When it cannot be what the field holds.
pub fn normalise(field: &FieldDefinition, given: &Value) -> Result<Option<Value>, Misfit> {
    let given = match given {
        // What a list of one holds, where the field takes one: a form repeats names as it likes.
        Value::Array(items) if field.field_type != FieldType::MultiChoice && items.len() == 1 => {
            &items[0]
        }
        given => given,
    };
    match given {
        Value::Null => return Ok(None),
        Value::String(text) if text::clean(text).is_empty() => return Ok(None),
        _ => {}
    }
    let normal = match field.field_type {
        FieldType::Text => one_line(given)?,
        FieldType::LongText => several_lines(given)?,
        FieldType::Integer => integer(given)?.into(),
        FieldType::Decimal => decimal(given)?,
        FieldType::Boolean => boolean(given)?.into(),
        FieldType::Date => date(given)?,
        FieldType::Datetime => datetime(given)?,
        FieldType::SingleChoice => option(given, &field.options)?.value.clone().into(),
        FieldType::MultiChoice => match options(given, &field.options)? {
            chosen if chosen.is_empty() => return Ok(None),
            chosen => chosen.into(),
        },
        FieldType::Url => url(given)?,
        FieldType::Money => money(given)?,
    };
    if let (Some(pattern), Value::String(text)) = (&field.pattern, &normal)
        && !pattern.matches(text)
    {
        return Err(misfit(
            "pattern_mismatch",
            format!("it has to match the pattern {}", pattern.as_str()),
        ));
    }
    Ok(Some(normal))
}

fn misfit(code: &'static str, detail: impl Into<String>) -> Misfit {
    Misfit {
        code,
        detail: detail.into(),
    }
}

/// A whole number is a text, too, for what has leading digits: `4711`.
fn given_text(given: &Value) -> Result<String, Misfit> {
    match given {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
        _ => Err(misfit("wrong_type", "a text")),
    }
}

fn one_line(given: &Value) -> Result<Value, Misfit> {
    let line = text::clean_line(&given_text(given)?);
    if line.chars().count() > MAX_TEXT {
        return Err(misfit(
            "too_long",
            format!("at most {MAX_TEXT} characters; a field of type long_text takes more"),
        ));
    }
    Ok(line.into())
}

fn several_lines(given: &Value) -> Result<Value, Misfit> {
    let lines = text::clean(&given_text(given)?);
    if lines.chars().count() > MAX_LONG_TEXT {
        return Err(misfit(
            "too_long",
            format!("at most {MAX_LONG_TEXT} characters"),
        ));
    }
    Ok(lines.into())
}

fn integer(given: &Value) -> Result<i64, Misfit> {
    let wrong = || misfit("wrong_type", "a whole number, such as 42");
    let whole = match given {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole,
            (None, Some(float)) if float.fract() == 0.0 => exact(float).ok_or_else(too_great)?,
            _ => return Err(wrong()),
        },
        Value::String(text) => {
            let text = text.trim();
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(wrong());
            }
            text.parse().map_err(|_| too_great())?
        }
        _ => return Err(wrong()),
    };
    if (-MAX_INTEGER..=MAX_INTEGER).contains(&whole) {
        Ok(whole)
    } else {
        Err(too_great())
    }
}

fn too_great() -> Misfit {
    misfit(
        "out_of_range",
        format!("a whole number from -{MAX_INTEGER} to {MAX_INTEGER}"),
    )
}

/// The whole number that a float is, where floats count by ones.
fn exact(float: f64) -> Option<i64> {
    (float.abs() <= MAX_INTEGER as f64 && float.fract() == 0.0).then_some(float as i64)
}

fn decimal(given: &Value) -> Result<Value, Misfit> {
    let wrong = || misfit("wrong_type", "a number, such as 12.5");
    let float = match given {
        Value::Number(number) => number.as_f64().ok_or_else(wrong)?,
        Value::String(text) => {
            let text = text.trim();
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
            let is_plain = |part: &str| {
                !part.is_empty() && part.len() <= 30 && part.bytes().all(|c| c.is_ascii_digit())
            };
            if !is_plain(whole) || !is_plain(fraction) {
                return Err(wrong());
            }
            text.parse().map_err(|_| wrong())?
        }
        _ => return Err(wrong()),
    };
    match exact(float) {
        Some(whole) => Ok(whole.into()),
        None => Number::from_f64(float).map(Value::Number).ok_or_else(wrong),
    }
}

/// A box of a form that was ticked sends two values, where a hidden field sends the other: the last one counts.
fn boolean(given: &Value) -> Result<bool, Misfit> {
    let wrong = || misfit("wrong_type", "true or false");
    match given {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => Ok(true),
            "false" | "off" | "no" | "0" => Ok(false),
            _ => Err(wrong()),
        },
        Value::Array(items) => match items.last() {
            Some(last @ (Value::Bool(_) | Value::String(_))) => boolean(last),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn date(given: &Value) -> Result<Value, Misfit> {
    let day = given.as_str().map(str::trim).and_then(read_date);
    match day {
        Some(day) => Ok(day.format("%Y-%m-%d").to_string().into()),
        None => Err(misfit("invalid_date", "a date, such as 2026-11-22")),
    }
}

/// ISO 8601 in its long form, years 1 to 9999.
fn read_date(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == 10 && (1..=9999).contains(&day.year())).then_some(day)
}

fn datetime(given: &Value) -> Result<Value, Misfit> {
    let moment = given.as_str().map(str::trim).and_then(read_datetime);
    match moment {
        Some(moment) => Ok(json!(moment)),
        None => Err(misfit(
            "invalid_datetime",
            "a moment with its offset (RFC 3339), such as 2026-11-22T09:30:00Z",
        )),
    }
}

/// RFC 3339, to the microsecond, years 1 to 9999.
fn read_datetime(text: &str) -> Option<DateTime<Utc>> {
    let given = DateTime::parse_from_rfc3339(text).ok()?;
    let moment = DateTime::from_timestamp_micros(given.timestamp_micros())?;
    (1..=9999).contains(&moment.year()).then_some(moment)
}

/// The option of that value; else the one of that value or label in any case. One that is archived is taken, too:
/// pages and programs that still offer it lose nothing.
fn option<'a>(given: &Value, options: &'a [FieldOption]) -> Result<&'a FieldOption, Misfit> {
    let offered = options.iter().filter(|option| !option.archived);
    let named: Vec<&str> = offered.map(|option| option.value.as_str()).collect();
    let unknown = || {
        let more = if named.len() > NAMED { " …" } else { "" };
        let named = &named[..named.len().min(NAMED)];
        misfit(
            "not_an_option",
            format!("one of the options: {}{more}", named.join(", ")),
        )
    };
    let text = match given {
        Value::String(text) => text::clean_line(text),
        Value::Number(number) => number.to_string(),
        _ => return Err(unknown()),
    };
    let same = |other: &str| other.to_lowercase() == text.to_lowercase();
    options
        .iter()
        .find(|option| option.value == text)
        .or_else(|| options.iter().find(|option| same(&option.value)))
        .or_else(|| options.iter().find(|option| same(&option.label)))
        .ok_or_else(unknown)
}

/// The options chosen, each once, in the order of the definition.
fn options(given: &Value, all: &[FieldOption]) -> Result<Vec<Value>, Misfit> {
    let chosen: Vec<&FieldOption> = match given {
        Value::Array(items) => items
            .iter()
            .filter(|item| !item.is_null() && item.as_str() != Some(""))
            .map(|item| option(item, all))
            .collect::<Result<_, _>>()?,
        Value::String(text) => match option(given, all) {
            Ok(one) => vec![one],
            Err(_) => text
                .split(';')
                .map(|part| Value::from(part.trim()))
                .filter(|part| part != "")
                .map(|part| option(&part, all))
                .collect::<Result<_, _>>()?,
        },
        one => vec![option(one, all)?],
    };
    let in_order = all.iter().filter(|option| chosen.contains(option));
    Ok(in_order.map(|option| option.value.clone().into()).collect())
}

fn url(given: &Value) -> Result<Value, Misfit> {
    let address = given.as_str().and_then(web::website);
    match address.filter(|address| address.len() <= MAX_URL) {
        Some(address) => Ok(address.into()),
        None => Err(misfit(
            "invalid_url",
            format!(
                "a web address of at most {MAX_URL} bytes that begins with http://, https:// or a host name"
            ),
        )),
    }
}

fn money(given: &Value) -> Result<Value, Misfit> {
    let wrong = || {
        misfit(
            "wrong_type",
            "an amount in minor units with its ISO 4217 currency: {\"amount_minor\": 2500000, \"currency\": \"EUR\"}",
        )
    };
    let parts = given.as_object().filter(|parts| parts.len() == 2);
    let parts = parts.ok_or_else(wrong)?;
    let amount = parts.get("amount_minor").ok_or_else(wrong)?;
    let code = parts.get("currency").and_then(Value::as_str);
    let code = code.and_then(currency::currency).ok_or_else(wrong)?;
    Ok(json!({"amount_minor": integer(amount)?, "currency": code}))
}

/// The forms by which a value is found in the index of values: the order of their bytes is the order of values, and equal
/// values have equal forms. A choice of many has one for each option, amounts are ordered within a currency.
///
/// A value that is not of the type, as leads may have from before the definition, has none; nor has a long text, or one
/// of more than [`MAX_INDEXED`] bytes.
pub fn index_form(field_type: FieldType, value: &Value) -> Vec<String> {
    let one = match field_type {
        FieldType::LongText => None,
        FieldType::Text | FieldType::Url | FieldType::SingleChoice => {
            value.as_str().map(str::to_owned)
        }
        FieldType::MultiChoice => {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let texts = items.iter().filter_map(Value::as_str);
            let mut forms: Vec<String> = Vec::with_capacity(items.len());
            for text in texts.filter(|text| text.len() <= MAX_INDEXED) {
                if !forms.iter().any(|form| form == text) {
                    forms.push(text.to_owned());
                }
            }
            return forms;
        }
        FieldType::Boolean => value.as_bool().map(|flag| flag.to_string()),
        FieldType::Integer => value.as_i64().map(integer_form),
        FieldType::Decimal => value.as_f64().map(decimal_form),
        FieldType::Date => value
            .as_str()
            .and_then(read_date)
            .map(|day| day.format("%Y-%m-%d").to_string()),
        FieldType::Datetime => value
            .as_str()
            .and_then(read_datetime)
            .map(|moment| integer_form(moment.timestamp_micros())),
        FieldType::Money => {
            let amount = value.get("amount_minor").and_then(Value::as_i64);
            let code = value.get("currency").and_then(Value::as_str);
            amount
                .zip(code)
                .map(|(amount, code)| format!("{code}{}", integer_form(amount)))
        }
    };
    one.into_iter()
        .filter(|form| form.len() <= MAX_INDEXED)
        .collect()
}

/// 16 hexadecimal digits, ordered as the numbers are: the sign bit turned round.
fn integer_form(number: i64) -> String {
    format!("{:016x}", number.cast_unsigned() ^ (1 << 63))
}

/// 16 hexadecimal digits, ordered as the numbers are (IEEE 754 §5.10): of a negative number all bits are turned round, of
/// another the sign bit.
fn decimal_form(number: f64) -> String {
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    let ordered = if bits >> 63 == 1 {
        !bits
    } else {
        bits ^ (1 << 63)
    };
    format!("{ordered:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pattern::Pattern;
    use crate::seed::random::Random;
    use std::cmp::Ordering;

    fn field(field_type: FieldType) -> FieldDefinition {
        let option = |value: &str, label: &str, archived| FieldOption {
            value: value.into(),
            label: label.into(),
            archived,
        };
        let options = if field_type.is_choice() {
            vec![
                option("basic", "Basic plan", false),
                option("pro", "Pro; with phone", false),
                option("old", "Former", true),
            ]
        } else {
            Vec::new()
        };
        FieldDefinition {
            options,
            ..FieldDefinition::new("f", 1, field_type)
        }
    }

    fn taken(field_type: FieldType, given: Value) -> Option<Value> {
        normalise(&field(field_type), &given).unwrap_or_else(|misfit| panic!("{given}: {misfit:?}"))
    }

    fn refused(field_type: FieldType, given: Value) -> &'static str {
        match normalise(&field(field_type), &given) {
            Ok(taken) => panic!("{given} became {taken:?}"),
            Err(misfit) => misfit.code,
        }
    }

    #[test]
    fn values_come_as_they_are_or_as_text() {
        use FieldType::*;
        for (field_type, given, normal) in [
            (Text, json!(" one\nline "), json!("one line")),
            (Text, json!(4711), json!("4711")),
            (LongText, json!("two\r\nlines"), json!("two\nlines")),
            (Integer, json!("-42"), json!(-42)),
            (Integer, json!(42.0), json!(42)),
            (Decimal, json!("12.50"), json!(12.5)),
            (Decimal, json!(-0.0), json!(0)),
            (Decimal, json!(3.0), json!(3)),
            (Boolean, json!("On"), json!(true)),
            (Boolean, json!(["0", "1"]), json!(true)),
            (Date, json!("2024-02-29"), json!("2024-02-29")),
            (
                Datetime,
                json!("2026-11-22T10:30:00.1234567+01:00"),
                json!("2026-11-22T09:30:00.123456Z"),
            ),
            (SingleChoice, json!("PRO"), json!("pro")),
            (SingleChoice, json!("basic plan"), json!("basic")),
            (SingleChoice, json!("old"), json!("old")),
            (SingleChoice, json!(["pro"]), json!("pro")),
            (
                MultiChoice,
                json!("pro; basic;pro"),
                json!(["basic", "pro"]),
            ),
            (MultiChoice, json!("Pro; with phone"), json!(["pro"])),
            (MultiChoice, json!(["pro", null, ""]), json!(["pro"])),
            (
                Url,
                json!("https://example.com/a"),
                json!("https://example.com/a"),
            ),
            (
                Money,
                json!({"currency": "eur", "amount_minor": "250"}),
                json!({"amount_minor": 250, "currency": "EUR"}),
            ),
        ] {
            assert_eq!(
                taken(field_type, given.clone()),
                Some(normal),
                "{field_type:?} {given}"
            );
        }
    }

    #[test]
    fn what_says_nothing_is_no_value() {
        for field_type in FieldType::ALL {
            for nothing in [json!(null), json!(""), json!(" \n "), json!([null])] {
                assert_eq!(taken(field_type, nothing), None, "{field_type:?}");
            }
        }
        assert_eq!(taken(FieldType::MultiChoice, json!([])), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        use FieldType::*;
        for (field_type, given, code) in [
            (Text, json!("x".repeat(501)), "too_long"),
            (Text, json!(true), "wrong_type"),
            (Text, json!(["a", "b"]), "wrong_type"),
            (LongText, json!("x".repeat(20_001)), "too_long"),
            (Integer, json!("1,000"), "wrong_type"),
            (Integer, json!("1.5"), "wrong_type"),
            (Integer, json!(1.5), "wrong_type"),
            (Integer, json!("9007199254740992"), "out_of_range"),
            (Integer, json!(u64::MAX), "out_of_range"),
            (Decimal, json!("1.234,5"), "wrong_type"),
            (Decimal, json!("1e3"), "wrong_type"),
            (Decimal, json!("."), "wrong_type"),
            (Boolean, json!(1), "wrong_type"),
            (Boolean, json!("perhaps"), "wrong_type"),
            (Date, json!("2026-02-29"), "invalid_date"),
            (Date, json!("22.11.2026"), "invalid_date"),
            (Datetime, json!("2026-11-22T10:30"), "invalid_datetime"),
            (
                Datetime,
                json!("+12026-11-22T10:30:00Z"),
                "invalid_datetime",
            ),
            (SingleChoice, json!("huge"), "not_an_option"),
            (SingleChoice, json!(["basic", "pro"]), "not_an_option"),
            (MultiChoice, json!("pro;huge"), "not_an_option"),
            (Url, json!("javascript:alert(1)"), "invalid_url"),
            (
                Url,
                json!(format!("https://example.com/{}", "ä".repeat(1100))),
                "invalid_url",
            ),
            (Money, json!(250), "wrong_type"),
            (
                Money,
                json!({"amount_minor": 1, "currency": "XXX"}),
                "wrong_type",
            ),
            (
                Money,
                json!({"amount_minor": 1, "currency": "EUR", "x": 1}),
                "wrong_type",
            ),
        ] {
            assert_eq!(refused(field_type, given.clone()), code, "{given}");
        }
        let coded = FieldDefinition {
            pattern: Some(Pattern::parse("[A-Z]{2}").unwrap()),
            ..field(Text)
        };
        assert_eq!(normalise(&coded, &json!("AB")), Ok(Some(json!("AB"))));
        assert_eq!(
            normalise(&coded, &json!("ABC")).unwrap_err().code,
            "pattern_mismatch"
        );
    }

    /// A value of the type, often near others and near the bounds.
    fn any(field_type: FieldType, random: &mut Random) -> Value {
        let whole = |random: &mut Random| match random.below(3) {
            0 => random.below(7) as i64 - 3,
            1 => (random.next() >> random.below(64)) as i64 % MAX_INTEGER,
            _ => [MAX_INTEGER, -MAX_INTEGER, 0][random.below(3) as usize],
        };
        let float = |random: &mut Random| match random.below(3) {
            0 => (random.below(9) as f64 - 4.0) / 2.0,
            _ => Some(f64::from_bits(random.next()))
                .filter(|float| float.is_finite())
                .unwrap_or(-0.0),
        };
        let text = |random: &mut Random| {
            const LETTERS: [char; 10] = ['a', 'b', 'A', 'é', 'e', '😀', '~', '\u{ffff}', '0', '-'];
            let length = 1 + random.below(4);
            (0..length)
                .map(|_| LETTERS[random.below(10) as usize])
                .collect::<String>()
        };
        match field_type {
            FieldType::Text | FieldType::LongText => text(random).into(),
            FieldType::Url => format!("https://example.com/{}", text(random)).into(),
            FieldType::Integer => whole(random).into(),
            FieldType::Decimal => json!(float(random)),
            FieldType::Boolean => (random.below(2) == 0).into(),
            FieldType::Date => {
                let day = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
                let day = day + chrono::Days::new(random.below(3_652_000));
                day.format("%Y-%m-%d").to_string().into()
            }
            FieldType::Datetime => {
                let micros = random.below(300_000_000_000_000_000) as i64 - 60_000_000_000_000_000;
                let offset = chrono::FixedOffset::east_opt(3600 * (random.below(9) as i32 - 4));
                let moment = DateTime::from_timestamp_micros(micros).unwrap();
                moment.with_timezone(&offset.unwrap()).to_rfc3339().into()
            }
            FieldType::SingleChoice => random.word("basic|pro|old").into(),
            FieldType::MultiChoice => {
                let count = random.below(4);
                (0..count)
                    .map(|_| Value::from(random.word("basic|pro|old")))
                    .collect()
            }
            FieldType::Money => {
                json!({"amount_minor": whole(random), "currency": random.word("EUR|USD")})
            }
        }
    }

    /// The order of two values; `None` where there is none.
    fn order(field_type: FieldType, a: &Value, b: &Value) -> Option<Ordering> {
        let moment = |value: &Value| DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
        match field_type {
            FieldType::Integer => a.as_i64().partial_cmp(&b.as_i64()),
            FieldType::Decimal => a.as_f64().partial_cmp(&b.as_f64()),
            FieldType::Boolean => a.as_bool().partial_cmp(&b.as_bool()),
            FieldType::Datetime => moment(a).partial_cmp(&moment(b)),
            FieldType::Money if a["currency"] == b["currency"] => a["amount_minor"]
                .as_i64()
                .partial_cmp(&b["amount_minor"].as_i64()),
            FieldType::Money => None,
            _ => a.as_str().partial_cmp(&b.as_str()),
        }
    }

    #[test]
    fn a_normal_form_is_its_own_normal_form_also_after_a_way_through_json() {
        let mut random = Random::of(1, 1);
        for field_type in FieldType::ALL {
            for _ in 0..3000 {
                let given = any(field_type, &mut random);
                let Some(normal) = taken(field_type, given.clone()) else {
                    continue;
                };
                let kept: Value = serde_json::from_str(&normal.to_string()).unwrap();
                assert_eq!(kept, normal, "{given}");
                assert_eq!(taken(field_type, kept), Some(normal), "{given}");
            }
        }
    }

    #[test]
    fn a_value_that_comes_as_text_is_the_same_value() {
        let mut random = Random::of(1, 2);
        for field_type in [FieldType::Integer, FieldType::Boolean] {
            for _ in 0..2000 {
                let given = any(field_type, &mut random);
                let as_text = Value::from(given.to_string());
                assert_eq!(
                    taken(field_type, as_text),
                    taken(field_type, given.clone()),
                    "{given}"
                );
            }
        }
    }

    #[test]
    fn the_index_form_keeps_order_and_equality() {
        let mut random = Random::of(1, 3);
        for field_type in FieldType::ALL {
            for _ in 0..20_000 {
                let [a, b] = [(); 2].map(|()| taken(field_type, any(field_type, &mut random)));
                let (Some(a), Some(b)) = (a, b) else { continue };
                let (of_a, of_b) = (index_form(field_type, &a), index_form(field_type, &b));
                match field_type {
                    FieldType::LongText => assert!(of_a.is_empty()),
                    FieldType::MultiChoice => assert_eq!(json!(of_a), a),
                    _ => {
                        assert_eq!((of_a.len(), of_b.len()), (1, 1), "{a} {b}");
                        assert_eq!(a == b, of_a == of_b, "{a} {b}");
                        if let Some(order) = order(field_type, &a, &b) {
                            assert_eq!(
                                of_a[0].as_bytes().cmp(of_b[0].as_bytes()),
                                order,
                                "{a} {b}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_of_the_type_has_no_index_form() {
        for field_type in FieldType::ALL {
            for foreign in [json!(null), json!({"a": 1}), json!([1])] {
                assert_eq!(
                    index_form(field_type, &foreign),
                    Vec::<String>::new(),
                    "{field_type:?} {foreign}"
                );
            }
        }
        assert!(index_form(FieldType::Text, &json!("x".repeat(2101))).is_empty());
        assert_eq!(
            index_form(FieldType::MultiChoice, &json!(["a", "a"])),
            ["a"]
        );
    }
}
