//! What a lead asks of the member of a pool who gets it.

use super::candidate::Exclusion;
use super::pool::{Member, Place};
use super::skills::Skills;
use crate::domain::condition::{Column, Datum};
use crate::domain::lead::Lead;
use serde_json::Value;

/// What a member has to have for a lead.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Needs {
    /// Every one of these skills, in lower case.
    pub skills: Vec<String>,
    /// And every one that this field names.
    pub skills_from: Option<Source>,
    /// The language that this field names.
    pub language_from: Option<Source>,
    /// That the lead is in their territory.
    pub territory: bool,
}

/// A field of a lead that says what is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One that every lead has.
    Column(Column),
    /// The labels.
    Tags,
    /// The workspace's own field of that key.
    Custom(String),
}

impl Source {
    /// What it says, in lower case; empty where nothing is known.
    fn texts(&self, lead: &Lead) -> Vec<String> {
        let text = |value: &Value| value.as_str().map(str::to_lowercase);
        match self {
            Source::Column(column) => match column.value(lead) {
                Some(Datum::Text(text)) => vec![text.to_lowercase()],
                _ => Vec::new(),
            },
            Source::Tags => lead.tags.iter().map(|tag| tag.to_lowercase()).collect(),
            Source::Custom(key) => match lead.custom.get(key) {
                Some(Value::Array(values)) => values.iter().filter_map(text).collect(),
                Some(value) => text(value).into_iter().collect(),
                None => Vec::new(),
            },
        }
    }
}

/// What one lead asks of a member.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Wanted {
    skills: Vec<String>,
    language: Option<String>,
    /// Where it is; without a country it is nowhere. `None`: it does not matter.
    place: Option<Place>,
}

impl Needs {
    /// What that lead asks of a member.
    pub(super) fn of(&self, lead: &Lead) -> Wanted {
        let mut skills = self.skills.clone();
        skills.extend(
            self.skills_from
                .iter()
                .flat_map(|source| source.texts(lead)),
        );
        let language = self
            .language_from
            .iter()
            .flat_map(|source| source.texts(lead))
            .next();
        let fields = &lead.fields;
        let place = || Place {
            country: fields.country.clone().unwrap_or_default(),
            region: fields.region.as_deref().map(str::to_lowercase),
            postal_codes: fields
                .postal_code
                .as_deref()
                .map(postal_form)
                .into_iter()
                .collect(),
        };
        Wanted {
            skills,
            language,
            place: self.territory.then(place),
        }
    }
}

impl Wanted {
    /// What of it a member has not.
    pub(super) fn missing(
        &self,
        member: &Member,
        held: &Skills,
    ) -> impl Iterator<Item = Exclusion> {
        let skills = self
            .skills
            .iter()
            .filter(|skill| !member.skills.contains(skill) && !held.has(member.user_id, skill));
        let speaks =
            |language: &&String| member.languages.iter().any(|own| is_spoken(own, language));
        let language = self
            .language
            .iter()
            .filter(move |language| !speaks(language));
        let outside = self.place.as_ref().filter(|place| {
            let mut own = member.territories.iter();
            !member.territories.is_empty() && !own.any(|territory| territory.holds(place))
        });
        skills
            .map(|skill| Exclusion::MissingSkill {
                skill: skill.clone(),
            })
            .chain(language.map(|language| Exclusion::MissingLanguage {
                language: language.clone(),
            }))
            .chain(outside.map(|_| Exclusion::OutsideTerritory))
    }
}

/// Whether one language tag is the beginning of the other (basic filtering, RFC 4647 §3.3.1, both ways).
fn is_spoken(own: &str, wanted: &str) -> bool {
    let (short, long) = if own.len() <= wanted.len() {
        (own, wanted)
    } else {
        (wanted, own)
    };
    long.strip_prefix(short)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

impl Place {
    fn holds(&self, lead: &Place) -> bool {
        let mut prefixes = self.postal_codes.iter();
        let within = |prefix: &String| {
            lead.postal_codes
                .iter()
                .any(|code| code.starts_with(prefix.as_str()))
        };
        self.country == lead.country
            && (self.region.is_none() || self.region == lead.region)
            && (self.postal_codes.is_empty() || prefixes.any(within))
    }
}

/// A postal code as it is compared: in capitals, without spaces.
pub(super) fn postal_form(code: &str) -> String {
    code.split_whitespace().collect::<String>().to_uppercase()
}
