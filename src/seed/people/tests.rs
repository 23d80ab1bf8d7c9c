//! What holds of people who are made.

use super::*;
use crate::domain::normalise::email::EmailAddress;
use crate::domain::normalise::{currency, locale, phone};
use std::collections::HashSet;

const MANY: u64 = 20_000;

fn today() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn many() -> impl Iterator<Item = Person> {
    (0..MANY).map(|number| Person::make(1, number))
}

#[test]
fn the_same_seed_makes_the_same_people_and_another_seed_others() {
    let bodies =
        |seed| (0..200).map(move |number| Person::make(seed, number).first_submission(today()));
    assert!(bodies(7).eq(bodies(7)));
    assert!(
        bodies(7)
            .zip(bodies(8))
            .filter(|(one, other)| one == other)
            .count()
            == 0
    );
}

#[test]
fn every_number_is_one_that_can_be_dialled_and_in_its_country() {
    let mut wrong = Vec::new();
    for person in many() {
        let (code, Some(number)) = (person.country.code, &person.phone) else {
            continue;
        };
        let parsed = phone::parse(number, Some(code)).unwrap();
        let at_home = parsed.country.is_none_or(|country| country == code);
        if parsed.e164.is_none() || !at_home {
            wrong.push(format!("{number} of {code}: {parsed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
}

#[test]
fn every_address_is_one_of_its_own_that_nobody_receives() {
    let mut seen = HashSet::new();
    for email in many().filter_map(|person| person.email) {
        let address = EmailAddress::parse(&email).unwrap();
        let host = address.as_str().split('@').nth(1).unwrap().to_owned();
        let reserved = ["example.com", "example.org", "example.net"].contains(&host.as_str());
        assert!(reserved || host.ends_with(".example"), "{email}");
        assert!(seen.insert(address.as_str().to_owned()), "{email} twice");
    }
}

#[test]
fn people_are_of_many_countries_and_can_all_be_reached() {
    let countries: HashSet<_> = many().map(|person| person.country.code).collect();
    assert_eq!(countries.len(), countries::ALL.len());
    assert!(countries.len() >= 20);
    assert!(many().all(|person| person.email.is_some() || person.phone.is_some()));
}

#[test]
fn zones_languages_and_currencies_are_known_and_lists_complete() {
    for (country, _) in countries::ALL {
        let code = country.code;
        assert_eq!(
            country.trades.split('|').count(),
            countries::INDUSTRIES.len(),
            "{code}"
        );
        assert!(currency::currency(country.currency).is_some(), "{code}");
        for language in country.languages.split('|') {
            assert!(locale::language(language).is_some(), "{language}");
        }
        for (city, _, _, zone) in country.cities {
            assert_eq!(locale::timezone(zone).as_deref(), Some(*zone), "{city}");
        }
        for list in [country.given, country.family, country.firms, country.trades] {
            for (own, latin) in list.split('|').map(scripts) {
                assert!(
                    !own.is_empty() && !slug(latin).is_empty(),
                    "{own} of {code}"
                );
            }
        }
    }
}

#[test]
fn submissions_lie_in_the_ninety_days_before_and_a_return_after_the_first() {
    let at =
        |body: &Value| -> DateTime<Utc> { body["submitted_at"].as_str().unwrap().parse().unwrap() };
    for person in many().take(500) {
        let (first, later) = (
            person.first_submission(today()),
            person.later_submission(3, today()),
        );
        assert!(at(&first) <= at(&later) && at(&later) <= today());
        assert!(today() - at(&first) <= Duration::days(90));
        assert_eq!(
            (&first["email"], &first["phone"]),
            (&later["email"], &later["phone"])
        );
    }
}
