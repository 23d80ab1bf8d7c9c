//! Changes values of a lead.

use crate::domain::access::Visibility;
use crate::domain::capture::{Holder, begin_change, event};
use crate::domain::custom_values;
use crate::domain::event::EventType;
use crate::domain::field_value;
use crate::domain::flow::assess;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::reach;
use crate::domain::flow::score_lead::News;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::ids::ProcessIds;
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::lead_draft;
use crate::domain::lead_fields::Field;
use crate::domain::rules::Rules;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{lead_identities, leads};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most labels of a lead; what a request may name at once.
pub const MAX_TAGS: usize = 100;

/// What is to change: a JSON merge patch (RFC 7396), taken apart. What is not named stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LeadPatch {
    /// Plain fields; `null` clears.
    pub fields: Vec<(Field, Value)>,
    /// Custom values; `null` removes.
    pub custom: Map<String, Value>,
    /// All custom values there are go.
    pub clears_custom: bool,
    /// All labels, in place of those there are.
    pub tags: Option<Vec<String>>,
    /// Labels to add to those there are.
    pub adds_tags: Vec<String>,
    /// Labels to take from those there are.
    pub removes_tags: Vec<String>,
    /// The lead source; an empty one clears.
    pub source: Option<Option<String>>,
}

/// Changes a lead, which is qualified and scored anew. A patch that changes nothing leaves the version as it is and makes no event.
///
/// A new mail address or number becomes an identity of the lead; one that was replaced stays an identity, so that the
/// person is still known by it; one that was cleared is given up. A value of a unique field is given up with the next.
///
/// # Errors
/// [`Error::VersionMismatch`] when `expected` does not hold; a conflict when another lead has the mail address, or the value of
/// a unique field.
pub fn change_lead(
    conn: &mut TenantConnection,
    id: Uuid,
    patch: &LeadPatch,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Lead> {
    // Identities are claimed before any lead is locked, here as in a capture: so the two never wait for each other.
    let before = reach::get(conn, id, &by.visible)?;
    let (_, identities) = patched(&before, patch, &by.rules)?;
    let wanted: BTreeMap<Identity, Holder> = identities
        .into_iter()
        .map(|identity| (identity, own(id)))
        .collect();
    let mut claims = lead_identities::claim(conn, wanted, by.now)?;
    for (identity, holder) in &claims.taken {
        if holder.lead_id == id {
            continue;
        }
        if identity.kind == IdentityKind::Email {
            let conflict = Conflict::IdentityTaken {
                kind: "mail address",
                lead_id: holder.lead_id,
            };
            return Err(told(conn, conflict, holder.lead_id, &by.visible)?.into());
        }
        if let Some(field) = custom_values::field_of(identity, &by.rules) {
            let conflict = Conflict::ValueTaken {
                key: field.key.clone(),
                lead_id: holder.lead_id,
            };
            return Err(told(conn, conflict, holder.lead_id, &by.visible)?.into());
        }
    }
    let locked = reach::lock(conn, id, &by.visible)?;
    lead_identities::confirm(conn, &mut claims, [&locked])?;
    check_version(&locked, expected)?;
    let (mut lead, _) = patched(&locked, patch, &by.rules)?;
    let changes = differences(&locked, &lead);
    if changes.is_empty() {
        return Ok(locked);
    }
    let mut given_up = cleared_identities(&locked, &lead);
    given_up.extend(custom_values::lost(&locked, &lead, &by.rules));
    lead_identities::release(conn, given_up.iter().map(|identity| (identity, id)))?;
    begin_change(&mut lead, by.now);
    let happened = event(EventType::LeadUpdated, &mut lead, changes, &mut ProcessIds);
    assess::follow(conn, &locked, &mut lead, &happened, News::Lead, by)?;
    Ok(lead)
}

/// Refuses a patch that no lead can take, before there is a lead.
///
/// # Errors
/// Every wrong field, by its pointer.
pub fn check(patch: &LeadPatch, rules: &Rules) -> Result<()> {
    patched(&Lead::default(), patch, rules).map(|_| ())
}

/// The conflict as the caller may be told: which lead it is, only those learn who may know of that lead.
fn told(
    conn: &mut TenantConnection,
    conflict: Conflict,
    lead_id: Uuid,
    visible: &Visibility,
) -> Result<Conflict> {
    if visible.is_restricted() && !visible.shows(&leads::get(conn, lead_id)?) {
        return Ok(Conflict::LeadNotVisible);
    }
    Ok(conflict)
}

/// Refuses a lead of another version than the caller has seen.
pub fn check_version(lead: &Lead, expected: Option<i64>) -> Result<()> {
    match expected {
        Some(version) if version != lead.version => Err(Error::VersionMismatch {
            what: "lead",
            expected: version.to_string(),
            current: lead.version,
        }),
        _ => Ok(()),
    }
}

fn own(lead_id: Uuid) -> Holder {
    Holder {
        lead_id,
        content_hash: None,
        submission_id: None,
    }
}

/// The lead with the patch applied, in normal form, and the identities it brings.
fn patched(lead: &Lead, patch: &LeadPatch, rules: &Rules) -> Result<(Lead, Vec<Identity>)> {
    let mut draft = lead.fields.clone();
    let mut errors = Vec::new();
    for (field, value) in &patch.fields {
        if !draft.set(*field, value) {
            errors.push(FieldError::new(
                format!("/{}", field.name()),
                "wrong_type",
                "the value does not fit the field",
            ));
        }
    }
    let is_named = |field: Field| patch.fields.iter().any(|(named, _)| *named == field);
    // What is not named keeps its form, also where a rule of today would refuse it.
    let mut named = crate::domain::lead_fields::LeadFields::default();
    for field in Field::ALL.iter().copied().filter(|field| is_named(*field)) {
        named.copy(field, &draft);
    }
    let region = draft
        .country
        .as_deref()
        .or(rules.default_country.as_deref())
        .map(str::to_owned);
    let mut changed = lead.clone();
    let own = patch_custom(&mut changed.custom, patch, rules, &mut errors);
    let mut normal =
        lead_draft::normalise(named, None, region.as_deref()).unwrap_or_else(|wrong| {
            errors.extend(wrong);
            Default::default()
        });
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    normal.identities.extend(own);
    for field in Field::ALL.iter().copied().filter(|field| is_named(*field)) {
        changed.fields.copy(field, &normal.fields);
    }
    if is_named(Field::phone)
        && !is_named(Field::phone_extension)
        && normal.fields.phone_extension.is_some()
    {
        changed.fields.phone_extension = normal.fields.phone_extension;
    }
    if is_named(Field::website) {
        changed.website_domain = normal.website_domain;
    }
    if let Some(tags) = &patch.tags {
        changed.tags.clone_from(tags);
    }
    retag(&mut changed.tags, patch)?;
    if let Some(source) = &patch.source {
        changed.source.clone_from(source);
    }
    Ok((changed, normal.identities))
}

/// Takes labels away and adds others, in the order they come.
fn retag(tags: &mut Vec<String>, patch: &LeadPatch) -> Result<()> {
    tags.retain(|tag| !patch.removes_tags.contains(tag));
    let known = tags.len();
    for tag in &patch.adds_tags {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    if tags.len() > known && tags.len() > MAX_TAGS {
        let detail = format!("a lead has at most {MAX_TAGS} labels");
        return Err(Error::Invalid(vec![FieldError::new(
            "/tags", "too_many", detail,
        )]));
    }
    Ok(())
}

/// Applies what the patch says of custom values; the answer is the new values that no other lead may have.
fn patch_custom(
    custom: &mut Map<String, Value>,
    patch: &LeadPatch,
    rules: &Rules,
    errors: &mut Vec<FieldError>,
) -> Vec<Identity> {
    let mut new = Vec::new();
    let mut cleared: Vec<String> = Vec::new();
    if patch.clears_custom {
        cleared.extend(custom.keys().cloned());
        custom.clear();
    }
    for (key, value) in &patch.custom {
        let merged = if value.is_null() {
            Value::Null
        } else {
            merged(custom.get(key), value)
        };
        let field = rules.field(key).filter(|field| !field.archived);
        let normal = match field.map(|field| field_value::normalise(field, &merged)) {
            None => Some(merged).filter(|value| !value.is_null()),
            Some(Ok(normal)) => normal,
            Some(Err(misfit)) => {
                errors.push(custom_values::wrong(key, &misfit));
                continue;
            }
        };
        let Some(normal) = normal else {
            cleared.extend(custom.shift_remove(key).map(|_| key.clone()));
            continue;
        };
        if custom.get(key) != Some(&normal) {
            new.extend(field.and_then(|field| custom_values::identity(field, &normal)));
        }
        custom.insert(key.clone(), normal);
    }
    let is_required = |key: &String| {
        let field = rules.field(key);
        field.is_some_and(|field| field.required && !field.archived)
    };
    errors.extend(cleared.iter().filter(|key| is_required(key)).map(|key| {
        let detail = "this workspace requires a value: it can be changed, but not cleared";
        FieldError::new(format!("/custom/{key}"), "required", detail)
    }));
    new
}

/// A value with a JSON merge patch (RFC 7396) applied.
pub fn merged(old: Option<&Value>, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut target = old.and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            target.shift_remove(key);
        } else {
            let new = merged(target.get(key), value);
            target.insert(key.clone(), new);
        }
    }
    Value::Object(target)
}

/// Identities of values that the patch cleared.
fn cleared_identities(old: &Lead, new: &Lead) -> Vec<Identity> {
    let mut given_up = Vec::new();
    if let (Some(email), None) = (&old.fields.email, &new.fields.email) {
        given_up.push(Identity::new(IdentityKind::Email, email));
    }
    let numbers = |lead: &Lead| [lead.fields.phone.clone(), lead.fields.mobile_phone.clone()];
    let still = numbers(new);
    for (before, after) in numbers(old).into_iter().zip(numbers(new)) {
        if let (Some(number), None) = (before, after)
            && !still.contains(&Some(number.clone()))
        {
            given_up.push(Identity::new(IdentityKind::Phone, number));
        }
    }
    given_up
}
