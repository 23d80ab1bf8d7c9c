//! What the tests share, and the cases of normal forms.

use super::*;
use crate::domain::field_definition::FieldOption;
use crate::domain::pattern::Pattern;
use crate::seed::random::Random;
use chrono::{DateTime, NaiveDate};
use serde_json::json;

mod index;

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
