//! What people say, and what is understood.

use super::*;
use ReadValue::{NotKnown, NotUnderstood, Nothing, Some as There};

fn read(criterion: &str, value: &Value, hints: &ReadingHints) -> ReadAnswer {
    // A Wednesday in the third quarter.
    bant()
        .read_answer(criterion, value, utc("2026-08-12T15:00:00Z"), hints)
        .unwrap()
}

#[test]
fn amounts_are_read_in_the_words_of_several_languages() {
    let hints = ReadingHints {
        currency: Some("EUR"),
        country: Some("DE"),
    };
    for (said, major, currency) in [
        ("25.000 EUR", 25_000.0, "EUR"),
        ("25,000 €", 25_000.0, "EUR"),
        ("25 000 euros", 25_000.0, "EUR"),
        ("25'000 CHF", 25_000.0, "CHF"),
        ("25k", 25_000.0, "EUR"),
        ("€25k–50k", 25_000.0, "EUR"),
        ("10-20k", 10_000.0, "EUR"),
        ("500-1k €", 500.0, "EUR"),
        ("$10,000 - $50,000", 10_000.0, "USD"),
        ("about 10 thousand dollars", 10_000.0, "USD"),
        ("1.234.567,89 €", 1_234_567.89, "EUR"),
        ("£1,234.50", 1_234.5, "GBP"),
        ("1.5 million USD", 1_500_000.0, "USD"),
        ("2 Mio. Euro", 2_000_000.0, "EUR"),
        ("50 TEUR", 50_000.0, "EUR"),
        ("between 5k and 8k", 5_000.0, "EUR"),
        ("von 5000 bis 8000 Euro", 5_000.0, "EUR"),
        ("más de 3 mil euros", 3_000.0, "EUR"),
        ("50k+", 50_000.0, "EUR"),
        ("0,5 Mio", 500_000.0, "EUR"),
        ("1200.5", 1_200.5, "EUR"),
        ("we have 300 all in", 300.0, "EUR"),
        ("R$ 10.000", 10_000.0, "BRL"),
    ] {
        let minor = (major * 100.0f64).round() as i64;
        let expected = ReadValue::Money {
            amount_minor: minor,
            currency: Some(currency.into()),
        };
        assert_eq!(
            read("budget", &json!(said), &hints).read,
            expected,
            "{said}"
        );
    }
    for (said, minor) in [
        (json!(25_000), 2_500_000),
        (json!(1), 100),
        (json!(-5_000.5), -500_050),
        (json!("-5000"), -500_000),
        (json!("−1"), -100),
        (json!("-€5k"), -500_000),
        (json!("EUR -5k"), -500_000),
        (json!("mid-5000"), 500_000),
        (json!("- 5000"), 500_000),
    ] {
        let expected = ReadValue::Money {
            amount_minor: minor,
            currency: Some("EUR".into()),
        };
        assert_eq!(read("budget", &said, &hints).read, expected, "{said}");
    }
    let plain = |value| read("budget", &value, &ReadingHints::default());
    assert_eq!(plain(json!(1e21)).read, NotUnderstood);
    for (said, expected) in [
        ("no budget yet", Nothing),
        ("kein Budget", Nothing),
        ("pas encore de budget", Nothing),
        ("Nada", Nothing),
        ("approved", There),
        ("less than 5k", There),
        ("not sure", NotKnown),
        ("weiß nicht", NotKnown),
        ("", NotKnown),
        ("depends", NotUnderstood),
    ] {
        assert_eq!(plain(json!(said)).read, expected, "{said}");
    }
    assert_eq!(
        plain(json!(25_000)).read,
        ReadValue::Money {
            amount_minor: 2_500_000,
            currency: None
        }
    );
    assert_eq!(
        plain(json!("9000 JPY")).read,
        ReadValue::Money {
            amount_minor: 9_000,
            currency: Some("JPY".into())
        }
    );
    assert_eq!(plain(json!(false)).read, Nothing);
    assert_eq!(plain(json!(["5k €"])).state, AnswerState::Met);
}

#[test]
fn a_dollar_is_that_of_the_country_and_less_sure() {
    let read = |hints| read("budget", &json!("$500"), &hints);
    let currency = |answer: &ReadAnswer| match &answer.read {
        ReadValue::Money { currency, .. } => currency.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    let canada = read(ReadingHints {
        currency: None,
        country: Some("CA"),
    });
    assert_eq!(
        (currency(&canada).as_str(), canada.confidence_permille),
        ("CAD", 800)
    );
    assert_eq!(canada.notes, [ReadingNote::CurrencyAssumed]);
    assert_eq!(
        currency(&read(ReadingHints {
            currency: Some("AUD"),
            country: Some("CA")
        })),
        "AUD"
    );
    assert_eq!(currency(&read(ReadingHints::default())), "USD");
}

#[test]
fn roles_are_read_from_titles_and_words() {
    for (said, role) in [
        ("decision_maker", Some("decision_maker")),
        ("CEO", Some("decision_maker")),
        ("I decide", Some("decision_maker")),
        ("Entscheider", Some("decision_maker")),
        ("Geschaeftsfuehrer", Some("decision_maker")),
        ("Head of Marketing", Some("decision_maker")),
        ("General Manager EMEA", Some("decision_maker")),
        ("VP, Sales", Some("decision_maker")),
        ("Directrice générale", Some("decision_maker")),
        ("dueño", Some("decision_maker")),
        ("Marketing manager", Some("influencer")),
        ("Product Owner", Some("influencer")),
        ("Je recommande", Some("influencer")),
        ("Mein Chef entscheidet", Some("influencer")),
        ("Assistant to the CEO", Some("user")),
        ("I don't decide", Some("user")),
        ("Werkstudentin", Some("user")),
        ("Kein Entscheider", Some("user")),
        ("not CEO", None),
        ("Astronaut", None),
    ] {
        let expected = role.map_or(NotUnderstood, |role| ReadValue::Option {
            option: role.into(),
        });
        assert_eq!(
            read("authority", &json!(said), &ReadingHints::default()).read,
            expected,
            "{said}"
        );
    }
}

#[test]
fn times_become_the_end_of_their_last_day() {
    for (said, day) in [
        ("ASAP", "2026-09-11"),
        ("sofort", "2026-09-11"),
        ("cuanto antes", "2026-09-11"),
        ("this week", "2026-08-16"),
        ("this month", "2026-08-31"),
        ("next month", "2026-09-30"),
        ("mois prochain", "2026-09-30"),
        ("this_quarter", "2026-09-30"),
        ("nächstes Quartal", "2026-12-31"),
        ("next quarter", "2026-12-31"),
        ("this year", "2026-12-31"),
        ("Ende des Jahres", "2026-12-31"),
        ("el próximo año", "2027-12-31"),
        ("in 3 months", "2026-11-12"),
        ("in drei Monaten", "2026-11-12"),
        ("dans 2 semaines", "2026-08-26"),
        ("en 6 meses", "2027-02-12"),
        ("3-6 months", "2027-02-12"),
        ("3 to 6 months", "2027-02-12"),
        ("within 30 days", "2026-09-11"),
        ("6+ months", "2027-03-12"),
        ("more than a year", "2028-08-12"),
        ("half a year", "2027-02-12"),
        ("Q1 2027", "2027-03-31"),
        ("Q4", "2026-12-31"),
        ("q1", "2027-03-31"),
        ("Q2 next year", "2027-06-30"),
        ("1. Quartal 2027", "2027-03-31"),
        ("H1 2027", "2027-06-30"),
        ("2027", "2027-12-31"),
        ("March 2027", "2027-03-31"),
        ("im März", "2027-03-31"),
        ("septiembre", "2026-09-30"),
        ("in may", "2027-05-31"),
        ("no later than March 2027", "2027-03-31"),
        ("2027-03-01", "2027-03-01"),
        ("2027-03-01T10:00:00Z", "2027-03-01"),
        ("2027-02", "2027-02-28"),
        ("01.03.2027", "2027-03-01"),
        ("13/03/2027", "2027-03-13"),
    ] {
        let answer = read("timing", &json!(said), &ReadingHints::default());
        let until = day
            .parse::<chrono::NaiveDate>()
            .unwrap()
            .succ_opt()
            .unwrap();
        let until = until.and_hms_opt(0, 0, 0).unwrap().and_utc();
        assert_eq!(answer.read, ReadValue::Until { until }, "{said}");
    }
    for (said, expected) in [
        ("not sure", NotKnown),
        ("noch offen", NotKnown),
        ("je ne sais pas", NotKnown),
        ("no plans", Nothing),
        ("just browsing", Nothing),
        ("pas prévu", Nothing),
        ("not this year", NotUnderstood),
        ("we may buy", NotUnderstood),
        ("soonish", NotUnderstood),
    ] {
        assert_eq!(
            read("timing", &json!(said), &ReadingHints::default()).read,
            expected,
            "{said}"
        );
    }
}

#[test]
fn a_date_with_slashes_follows_the_country_and_is_less_sure_without() {
    let until = |country| {
        let answer = read(
            "timing",
            &json!("03/04/2027"),
            &ReadingHints {
                currency: None,
                country,
            },
        );
        (answer.read, answer.confidence_permille)
    };
    let by = |at| ReadValue::Until { until: utc(at) };
    assert_eq!(until(Some("US")), (by("2027-03-05T00:00:00Z"), 1000));
    assert_eq!(until(Some("GB")), (by("2027-04-04T00:00:00Z"), 1000));
    assert_eq!(until(None), (by("2027-04-04T00:00:00Z"), 800));
}

#[test]
fn a_day_ends_in_the_zone_of_the_workspace() {
    let mut rules = Rules::default();
    rules.settings.timezone = "America/New_York".into();
    let framework = Framework::compile(&FrameworkDocument::default(), &rules).unwrap();
    let answer = framework.read_answer(
        "timing",
        &json!("this year"),
        utc("2027-01-01T03:00:00Z"),
        &ReadingHints::default(),
    );
    assert_eq!(
        answer.unwrap().read,
        ReadValue::Until {
            until: utc("2027-01-01T05:00:00Z")
        }
    );
}

#[test]
fn needs_yes_or_no_and_numbers_are_read() {
    let text = |state| ReadValue::Text { state };
    for (said, expected) in [
        ("replace a spreadsheet", text(AnswerState::Met)),
        ("none", Nothing),
        ("kein Bedarf", Nothing),
        ("n/a", Nothing),
        ("?!", NotKnown),
        ("tbd", NotKnown),
        ("no more spreadsheets", text(AnswerState::Met)),
    ] {
        assert_eq!(
            read("need", &json!(said), &ReadingHints::default()).read,
            expected,
            "{said}"
        );
    }
    let mut document = FrameworkDocument::default();
    document.criteria[0].answer = AnswerType::Boolean { met: true };
    document.criteria[2].answer = AnswerType::Number {
        met_from: 100.0,
        partly_from: Some(10.0),
    };
    let framework = framework(&document);
    let state = |key, value: Value| {
        framework
            .read_answer(key, &value, utc(SOON), &ReadingHints::default())
            .unwrap()
            .state
    };
    for (said, expected) in [
        (json!(true), AnswerState::Met),
        (json!("Ja"), AnswerState::Met),
        (json!("non"), AnswerState::Unmet),
        (json!("well"), AnswerState::Unknown),
    ] {
        assert_eq!(state("budget", said.clone()), expected, "{said}");
    }
    for (said, expected) in [
        (json!(100), AnswerState::Met),
        (json!("about 50"), AnswerState::Partly),
        (json!("5-200"), AnswerState::Unmet),
        (json!("many"), AnswerState::Unknown),
    ] {
        assert_eq!(state("need", said.clone()), expected, "{said}");
    }
}

#[test]
fn only_an_impossible_type_or_an_unknown_criterion_is_an_error() {
    let code = |key: &str, value: Value| {
        let read = bant().read_answer(key, &value, utc(SOON), &ReadingHints::default());
        read.err().map(|error| (error.pointer, error.code))
    };
    assert_eq!(
        code("budgett", json!("1")),
        Some(("/answers/budgett".into(), "unknown_criterion"))
    );
    assert_eq!(
        code("need", json!({"a": 1})),
        Some(("/answers/need".into(), "impossible_value"))
    );
    assert_eq!(
        code("budget", json!({"amount_minor": 1, "currency": "XXX"})),
        Some(("/answers/budget".into(), "impossible_value"))
    );
    for key in ["budget", "authority", "need", "timing"] {
        for value in [
            json!(null),
            json!(7),
            json!(true),
            json!("🦀 $ . , - q9 99999999999999999999999k"),
            json!("١٢٣"),
            json!("1€2€3"),
            json!([]),
        ] {
            assert_eq!(code(key, value.clone()), None, "{key} {value}");
        }
    }
}

#[test]
fn a_number_in_json_is_that_number() {
    let mut document = FrameworkDocument::default();
    document.criteria[0].answer = AnswerType::Number {
        met_from: 0.0,
        partly_from: None,
    };
    let framework = Framework::compile(&document, &Rules::default()).unwrap();
    let at = utc("2026-08-12T15:00:00Z");
    for number in [-5.0, 1e21, 0.5] {
        let read = framework.read_answer("budget", &json!(number), at, &ReadingHints::default());
        assert_eq!(read.unwrap().read, ReadValue::Number { number });
    }
}
