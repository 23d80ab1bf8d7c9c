//! What holds of every comparison, tried on people made up at random.

use super::{Comparer, Draft, Evidence, Field, FieldWeight, Frequencies, Weights};
use crate::seed::random::Random;

const GIVEN: [&str; 12] = [
    "Ada",
    "Robert",
    "Bob",
    "Łukasz",
    "Jean-Pierre",
    "Мария",
    "Li",
    "A.",
    "Katherine",
    "Kate",
    "José",
    "Bjørn",
];
const FAMILY: [&str; 10] = [
    "Lovelace",
    "Smith",
    "von der Heide",
    "O'Neil",
    "Müller",
    "Mueller",
    "Garcia Lopez",
    "Иванов",
    "Ng",
    "Smyth",
];
const COMPANY: [&str; 8] = [
    "Acme GmbH",
    "ACME",
    "Initech Ltd",
    "Müller & Söhne KG",
    "International Business Machines",
    "IBM",
    "Acme Logistics",
    "S.A. Dupont",
];
const EMAIL: [&str; 8] = [
    "ada@example.com",
    "ada.lovelace@gmail.com",
    "adalovelace@gmail.com",
    "info@acme.example",
    "bob@acme.example",
    "b.smith+crm@initech.example",
    "kate@gmial.com",
    "sales@initech.example",
];
const PHONE: [&str; 6] = [
    "+4930901820",
    "+493090182017",
    "+14155550123",
    "+14155550124",
    "030 901820",
    "+33142685300",
];
const STREET: [&str; 6] = [
    "Main Street 12",
    "12 Main St.",
    "Hauptstr. 5",
    "Hauptstraße 5a",
    "Rue de Rivoli 99",
    "P.O. Box 7",
];
const CITY: [&str; 5] = ["Berlin", "New York", "Köln", "Cologne", "Paris"];
const POSTAL: [&str; 5] = ["10115", "10117", "50667", "NY 10001", "75001"];
const COUNTRY: [&str; 3] = ["DE", "US", "FR"];

/// A person, each of whose fields is left out once in three times.
fn person(random: &mut Random) -> Draft<'static> {
    fn any(random: &mut Random, of: &[&'static str]) -> Option<&'static str> {
        let index = random.below(of.len() as u64 * 3 / 2);
        of.get(usize::try_from(index).unwrap()).copied()
    }
    Draft {
        first_name: any(random, &GIVEN),
        last_name: any(random, &FAMILY),
        company: any(random, &COMPANY),
        email: any(random, &EMAIL),
        phone: any(random, &PHONE),
        phone_extension: any(random, &["1", "22"]),
        mobile_phone: any(random, &PHONE),
        street: any(random, &STREET),
        city: any(random, &CITY),
        postal_code: any(random, &POSTAL),
        country: any(random, &COUNTRY),
        others: Vec::new(),
    }
}

/// Calls with so many random pairs.
fn pairs(count: usize, mut with: impl FnMut(&Comparer, &Draft, &Draft)) {
    let (weights, frequencies) = (Weights::default(), Frequencies::default());
    let comparer = Comparer::new(&weights, &frequencies, 10_000);
    let mut random = Random::of(7, 1);
    for _ in 0..count {
        let (one, other) = (person(&mut random), person(&mut random));
        with(&comparer, &one, &other);
    }
}

#[test]
fn both_ways_round_a_comparison_says_the_same() {
    pairs(10_000, |comparer, one, other| {
        let (a, b) = (Evidence::of(one), Evidence::of(other));
        let (there, back) = (comparer.compare(&a, &b), comparer.compare(&b, &a));
        assert!(
            (there.weight - back.weight).abs() < 1e-3,
            "{one:?} {other:?}: {there:?} {back:?}"
        );
        assert!((0.0..=1.0).contains(&there.probability));
        assert!(there.weight.is_finite());
        assert_eq!(there.fields.len(), back.fields.len());
    });
}

#[test]
fn nobody_is_more_like_somebody_than_they_are_themselves() {
    pairs(10_000, |comparer, one, other| {
        let (a, b) = (Evidence::of(one), Evidence::of(other));
        let same = comparer.compare(&a, &a);
        for field in &same.fields {
            assert!(field.weight >= 0.0, "{one:?}: {field:?}");
        }
        let like = comparer.compare(&a, &b);
        assert!(
            like.weight <= same.weight + 1e-3,
            "{one:?} {other:?}: {like:?} {same:?}"
        );
    });
}

#[test]
fn what_is_missing_says_nothing() {
    pairs(10_000, |comparer, one, other| {
        let (a, b) = (Evidence::of(one), Evidence::of(other));
        let told = comparer.compare(&a, &b).fields;
        let without = Draft {
            email: None,
            phone: None,
            mobile_phone: None,
            ..other.clone()
        };
        let fewer = comparer.compare(&a, &Evidence::of(&without)).fields;
        let is_left_out = |field: Field| matches!(field, Field::Email | Field::Phone);
        let rest: Vec<&FieldWeight> = told
            .iter()
            .filter(|told| !is_left_out(told.field))
            .collect();
        assert_eq!(rest, fewer.iter().collect::<Vec<_>>(), "{one:?} {other:?}");
    });
    let (weights, frequencies) = (Weights::default(), Frequencies::default());
    let comparer = Comparer::new(&weights, &frequencies, 10_000);
    let nothing = comparer.compare(&Evidence::default(), &Evidence::default());
    assert!(nothing.fields.is_empty() && nothing.probability < 0.01);
}

#[test]
fn another_value_speaks_for_one_person_no_more_than_the_same() {
    pairs(10_000, |comparer, one, other| {
        let a = Evidence::of(one);
        let same = comparer.compare(&a, &a).weight;
        type Replace<'a> = fn(&mut Draft<'a>, &Draft<'a>);
        let changes: [Replace; 6] = [
            |draft, other| draft.first_name = other.first_name.or(draft.first_name),
            |draft, other| draft.last_name = other.last_name.or(draft.last_name),
            |draft, other| draft.company = other.company.or(draft.company),
            |draft, other| draft.email = other.email.or(draft.email),
            |draft, other| draft.street = other.street.or(draft.street),
            |draft, other| draft.postal_code = other.postal_code.or(draft.postal_code),
        ];
        for change in changes {
            let mut changed = one.clone();
            change(&mut changed, other);
            let weight = comparer.compare(&a, &Evidence::of(&changed)).weight;
            assert!(weight <= same + 1e-3, "{one:?} {changed:?}");
        }
    });
}
