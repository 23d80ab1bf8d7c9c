//! A draft of a capture: what a request says, before it is put into normal form. Every way in makes one.

use crate::domain::capture::{Capture, Consent};
use crate::domain::custom_values;
use crate::domain::event::Provenance;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::ids::Ids;
use crate::domain::lead_draft;
use crate::domain::lead_fields::LeadFields;
use crate::domain::normalise::attribution::Attribution;
use crate::domain::normalise::text;
use crate::domain::qualification::ReadingHints;
use crate::domain::rules::Rules;
use crate::error::FieldError;
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// Most custom values a lead may bring.
pub const MAX_CUSTOM: usize = 200;
/// Longest name of a custom value, in characters.
pub const MAX_CUSTOM_NAME: usize = 100;

/// What a request says.
#[derive(Debug, Clone, Default)]
pub struct CaptureDraft {
    /// The plain fields as they came.
    pub fields: LeadFields,
    /// A name in one piece.
    pub full_name: Option<String>,
    /// Values beside the plain fields.
    pub custom: Map<String, Value>,
    /// What was said of budget, authority, need and timing.
    pub answers: Map<String, Value>,
    /// Labels.
    pub tags: Vec<String>,
    /// Ids in other systems, by system.
    pub external_ids: BTreeMap<String, String>,
    /// A visitor cookie.
    pub anonymous_id: Option<String>,
    /// Which page, list or campaign it came from.
    pub source: Option<String>,
    /// The way it took.
    pub channel: String,
    /// What the request says of campaigns.
    pub attribution: Attribution,
    /// The page the person was on.
    pub page_url: Option<String>,
    /// The page before that.
    pub referrer: Option<String>,
    /// The person's address, as the sender saw it.
    pub ip: Option<String>,
    /// The person's browser.
    pub user_agent: Option<String>,
    /// What the person agreed to or refused.
    pub consents: Vec<Consent>,
    /// The sender's time.
    pub submitted_at: Option<DateTime<Utc>>,
    /// Made by a test.
    pub is_test: bool,
}

/// How strictly the workspace's own fields are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A lead made by hand: it has what is required, and no value that another lead has.
    ByHand,
    /// A lead made or changed by hand: the same, except that a known one need not be given what is required.
    Upsert,
    /// A program's submission: what does not fit is refused, a value that another lead has is left out.
    Program,
    /// A program's question: as a submission, and nothing need say who it is.
    Question,
    /// What people sent who cannot mend it, or what was kept: what does not fit is kept beside the lead.
    Forgiving,
}

/// What surrounds a request.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The receipt: a UUIDv7 of `received_at`.
    pub receipt_id: Uuid,
    /// Our time.
    pub received_at: DateTime<Utc>,
    /// Region of phone numbers that do not say theirs.
    pub default_country: Option<String>,
    /// The workspace's rules.
    pub rules: Arc<Rules>,
    /// How strictly its own fields are asked for.
    pub manner: Manner,
    /// Who sent it and why.
    pub provenance: Provenance,
}

/// Puts a draft into normal form.
///
/// # Errors
/// Every field that is wrong, by its pointer; and `/` when nothing says who the person is.
pub fn normalise(
    draft: CaptureDraft,
    around: Surroundings,
    ids: &mut impl Ids,
) -> Result<Capture, Vec<FieldError>> {
    let mut errors = Vec::new();
    let person = lead_draft::normalise(
        draft.fields,
        draft.full_name.as_deref(),
        around.default_country.as_deref(),
    )
    .unwrap_or_else(|wrong| {
        errors.extend(wrong);
        Default::default()
    });
    let mut identities = external_identities(&draft.external_ids, &mut errors);
    identities.extend(person.identities);
    let mut given = clean_custom(draft.custom, &mut errors);
    // Nothing said is nothing known.
    given.retain(|_, value| !value.is_null());
    let taken = custom_values::take(given, &around.rules);
    errors.extend(wrong_answers(&draft.answers, &around));
    let mut misfits = Map::new();
    for (key, value, misfit) in taken.misfits {
        if around.manner == Manner::Forgiving {
            misfits.insert(key, value);
        } else {
            errors.push(custom_values::wrong(&key, &misfit));
        }
    }
    let custom = taken.custom;
    if around.manner == Manner::ByHand {
        let is_wrong = |missing: &FieldError, errors: &[FieldError]| {
            errors.iter().any(|wrong| wrong.pointer == missing.pointer)
        };
        let missing = custom_values::missing(&custom, &around.rules);
        let missing: Vec<FieldError> = missing.filter(|one| !is_wrong(one, &errors)).collect();
        errors.extend(missing);
    }
    let exclusive = custom_values::identities(&custom, &around.rules);
    let is_known = |identity| custom_values::identifies(identity, &around.rules);
    let says_who = exclusive.iter().any(is_known);
    let is_asked = around.manner == Manner::Question;
    if identities.is_empty() && !says_who && errors.is_empty() && !is_asked {
        let detail = "nothing says who this is: give an email, a phone number with its country, or an external id";
        errors.push(FieldError::new("", "no_identity", detail));
    }
    if let Some(visitor) = line(draft.anonymous_id) {
        identities.push(Identity::new(IdentityKind::VisitorId, visitor));
    }
    identities.extend(exclusive);
    if !errors.is_empty() {
        return Err(errors);
    }
    let (page_url, referrer) = (line(draft.page_url), line(draft.referrer));
    let attribution = draft
        .attribution
        .complete(page_url.as_deref(), referrer.as_deref());
    let mut properties = Map::new();
    let described = [
        ("message", person.fields.message.clone()),
        ("page_url", page_url),
        ("ip", line(draft.ip)),
        ("user_agent", line(draft.user_agent)),
    ];
    properties.extend(
        described
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.into()))),
    );
    if !misfits.is_empty() {
        properties.insert("invalid_values".to_owned(), misfits.into());
    }
    let source = line(draft.source);
    let tags = clean_tags(draft.tags);
    let consents: Vec<Consent> = draft
        .consents
        .into_iter()
        .filter_map(clean_consent)
        .collect();
    let of_external = |identity: &&Identity| identity.kind == IdentityKind::ExternalId;
    let external: Vec<&str> = identities
        .iter()
        .filter(of_external)
        .map(|identity| identity.value.as_str())
        .collect();
    let content_hash = if external.is_empty() {
        [0; 32]
    } else {
        let said = [&custom, &draft.answers];
        let tried_by = draft.is_test.then_some(external.as_slice());
        content_hash(
            &person.fields,
            said,
            &tags,
            &consents,
            source.as_deref(),
            tried_by,
        )
    };
    Ok(Capture {
        receipt_id: around.receipt_id,
        new_lead_id: ids.next(around.received_at),
        received_at: around.received_at,
        occurred_at: draft
            .submitted_at
            .unwrap_or(around.received_at)
            .min(around.received_at)
            .trunc_subsecs(6),
        fields: person.fields,
        website_domain: person.website_domain,
        custom,
        answers: draft
            .answers
            .into_iter()
            .map(|(criterion, value)| (criterion, clean_value(value)))
            .collect(),
        tags,
        identities,
        refuses_taken: matches!(around.manner, Manner::ByHand | Manner::Upsert),
        attribution,
        consents,
        source,
        channel: line(Some(draft.channel)).unwrap_or_else(|| "api".to_owned()),
        is_test: draft.is_test,
        properties,
        content_hash,
        owner_id: None,
        provenance: around.provenance,
    })
}

/// Answers that the workspace's framework cannot take. Where nobody can mend them, they are kept with the submission alone.
fn wrong_answers(answers: &Map<String, Value>, around: &Surroundings) -> Vec<FieldError> {
    let framework = around.rules.playbook.framework.as_deref();
    let Some(framework) = framework.filter(|_| around.manner != Manner::Forgiving) else {
        return Vec::new();
    };
    let hints = ReadingHints::default();
    let read = |(criterion, given): (&String, &Value)| {
        framework
            .read_answer(criterion, given, around.received_at, &hints)
            .err()
    };
    answers.iter().filter_map(read).collect()
}

/// A text in one line; an empty one is none.
pub fn line(given: Option<String>) -> Option<String> {
    given
        .as_deref()
        .map(text::clean_line)
        .filter(|text| !text.is_empty())
}

/// Labels in normal form, each once.
pub fn clean_tags(given: Vec<String>) -> Vec<String> {
    let mut tags: Vec<String> = Vec::with_capacity(given.len());
    for tag in given.into_iter().filter_map(|tag| line(Some(tag))) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// Custom values with every text in them in normal form, as deep as they go.
pub fn clean_custom(given: Map<String, Value>, errors: &mut Vec<FieldError>) -> Map<String, Value> {
    if given.len() > MAX_CUSTOM {
        errors.push(FieldError::new(
            "/custom",
            "too_many",
            format!("at most {MAX_CUSTOM} custom values"),
        ));
        return Map::new();
    }
    let mut clean = Map::new();
    for (name, value) in given {
        let normal = text::clean_line(&name);
        if normal.is_empty() || normal.chars().count() > MAX_CUSTOM_NAME {
            let pointer = "/custom";
            errors.push(FieldError::new(
                pointer,
                "invalid_name",
                format!("the name of a custom value has 1 to {MAX_CUSTOM_NAME} characters"),
            ));
            continue;
        }
        clean.insert(normal, clean_value(value));
    }
    clean
}

/// A value with every text in it in normal form, as deep as they go.
pub fn clean_value(value: Value) -> Value {
    match value {
        Value::String(given) => text::clean(&given).into(),
        Value::Array(items) => items.into_iter().map(clean_value).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(name, value)| (text::clean_line(&name), clean_value(value)))
            .collect(),
        plain => plain,
    }
}

fn clean_consent(given: Consent) -> Option<Consent> {
    Some(Consent {
        channel: line(Some(given.channel))?.to_lowercase(),
        purpose: line(Some(given.purpose))?.to_lowercase(),
        granted: given.granted,
        text: given
            .text
            .as_deref()
            .map(text::clean)
            .filter(|text| !text.is_empty()),
    })
}

fn external_identities(
    given: &BTreeMap<String, String>,
    errors: &mut Vec<FieldError>,
) -> Vec<Identity> {
    let mut identities = Vec::new();
    for (system, id) in given {
        match external_identity(system, id) {
            Ok(identity) => identities.push(identity),
            Err(error) => errors.push(error),
        }
    }
    identities
}

/// The identity of somebody in another system, from its name and the id there.
///
/// # Errors
/// When the name is none, or the id is empty or longer than 255 characters.
pub fn external_identity(system: &str, id: &str) -> Result<Identity, FieldError> {
    let (system, id) = (
        text::clean_line(system).to_lowercase(),
        text::clean_line(id),
    );
    let is_name = !system.is_empty()
        && system.len() <= 50
        && system
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter));
    if !is_name {
        return Err(FieldError::new(
            "/external_ids",
            "invalid_system",
            "the name of a system has 1 to 50 of a–z, 0–9, `_`, `-` and `.`",
        ));
    }
    if id.is_empty() || id.chars().count() > 255 {
        return Err(FieldError::new(
            format!("/external_ids/{system}"),
            "invalid_id",
            "an id has 1 to 255 characters",
        ));
    }
    Ok(Identity::external(&system, &id))
}

/// What was said; `tried_by`: by a test, under these external ids.
fn content_hash(
    fields: &LeadFields,
    [custom, answers]: [&Map<String, Value>; 2],
    tags: &[String],
    consents: &[Consent],
    source: Option<&str>,
    tried_by: Option<&[&str]>,
) -> [u8; 32] {
    use crate::domain::lead_fields::Field;
    let fields: Vec<Value> = Field::ALL
        .iter()
        .map(|field| fields.value(*field))
        .collect();
    let consents: Vec<Value> = consents
        .iter()
        .map(|consent| {
            json!([
                consent.channel,
                consent.purpose,
                consent.granted,
                consent.text
            ])
        })
        .collect();
    let mut said = json!([fields, custom, tags, consents, source]);
    if let (Some(said), false) = (said.as_array_mut(), answers.is_empty()) {
        said.push(json!(answers));
    }
    if let (Some(said), Some(external)) = (said.as_array_mut(), tried_by) {
        said.push(json!({ "test": external }));
    }
    Sha256::digest(said.to_string()).into()
}
