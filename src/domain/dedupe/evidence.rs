//! What is known of somebody, in the form in which it is compared: everything that costs is done once.

use super::companies;
use super::contacts::{Email, Phone};
use super::dates::Day;
use super::fold::{Word, hash_of, words};
use super::names;
use super::places::Street;

/// What a custom field says of a person.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A text that several may share.
    Text,
    /// A day, such as the date of birth, ISO 8601.
    Date,
    /// A text that only one person has, such as a customer number.
    Identifier,
}

/// A custom field that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other<'a> {
    /// Which field.
    pub key: &'a str,
    /// What it says.
    pub kind: EvidenceKind,
    /// Its value.
    pub value: &'a str,
}

/// The plain fields of a lead, in normal form or as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft<'a> {
    pub first_name: Option<&'a str>,
    pub last_name: Option<&'a str>,
    pub company: Option<&'a str>,
    pub email: Option<&'a str>,
    pub phone: Option<&'a str>,
    /// Digits to dial after the answer of `phone`, where they are not a part of it.
    pub phone_extension: Option<&'a str>,
    pub mobile_phone: Option<&'a str>,
    pub street: Option<&'a str>,
    pub city: Option<&'a str>,
    pub postal_code: Option<&'a str>,
    pub country: Option<&'a str>,
    /// Custom fields that the workspace names as evidence.
    pub others: Vec<Other<'a>>,
}

/// What is known of somebody, ready to be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    pub(super) given: Vec<Word>,
    pub(super) family: Vec<Word>,
    pub(super) company: Vec<Word>,
    pub(super) email: Option<Email>,
    pub(super) phones: Vec<Phone>,
    pub(super) street: Option<Street>,
    pub(super) postal_code: Option<Word>,
    pub(super) city: Vec<Word>,
    pub(super) country: Option<u64>,
    pub(super) days: Vec<(u64, Day)>,
    pub(super) texts: Vec<(u64, u64)>,
    pub(super) identifiers: Vec<(u64, u64)>,
}

impl Evidence {
    /// What a draft says.
    pub fn of(draft: &Draft) -> Evidence {
        let mut evidence = Evidence {
            given: names::parts(draft.first_name),
            family: names::parts(draft.last_name),
            company: companies::core(draft.company),
            email: draft.email.and_then(Email::parse),
            street: draft.street.and_then(Street::parse),
            postal_code: draft.postal_code.and_then(in_one),
            city: words(draft.city.unwrap_or_default()),
            country: draft.country.and_then(in_one).map(|word| word.hash),
            ..Evidence::default()
        };
        let phone = draft.phone.and_then(Phone::parse);
        let phone = phone.map(|phone| phone.with_extension(draft.phone_extension));
        let mobile_phone = draft.mobile_phone.and_then(Phone::parse);
        for number in [phone, mobile_phone].into_iter().flatten() {
            if !evidence.phones.contains(&number) {
                evidence.phones.push(number);
            }
        }
        for other in &draft.others {
            let key = hash_of(other.key);
            match other.kind {
                EvidenceKind::Date => evidence
                    .days
                    .extend(Day::parse(other.value).map(|day| (key, day))),
                EvidenceKind::Text => evidence
                    .texts
                    .extend(in_one(other.value).map(|word| (key, word.hash))),
                EvidenceKind::Identifier => {
                    evidence
                        .identifiers
                        .extend(in_one(other.value).map(|word| (key, word.hash)));
                }
            }
        }
        evidence
    }

    /// Whether it names a person.
    pub fn names_a_person(&self) -> bool {
        !self.given.is_empty() || !self.family.is_empty()
    }

    /// Whether there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        !self.names_a_person()
            && self.company.is_empty()
            && self.email.is_none()
            && self.phones.is_empty()
            && self.street.is_none()
            && self.identifiers.is_empty()
    }
}

/// A text as one word.
fn in_one(text: &str) -> Option<Word> {
    let all: String = words(text).iter().map(|word| &*word.text).collect();
    (!all.is_empty()).then(|| Word::new(&all))
}
