//! Defines a workspace's own fields, changes and archives them. Values that leads have are never changed by it, nor lost.

use crate::domain::field_definition::{FieldDefinition, FieldOption};
use crate::domain::field_rules::{check, check_beside, check_key, wider_types};
use crate::domain::field_value::index_form;
use crate::domain::flow::walk_fields::{self, BATCH};
use crate::domain::flow::{keep_rules, rules};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::field_definitions::{self, FieldRecord};
use crate::store::leads::KeyedValue;
use crate::store::pool::TenantConnection;
use crate::store::{lead_values, leads, workspaces};
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;

/// Defines a field. Its slot is the next one that was never given; where there are few leads, they are gone through at
/// once.
///
/// # Errors
/// Everything that is wrong with it; a conflict when the key is there already, or leads share values of a field that is to
/// be unique.
pub fn define(
    conn: &mut TenantConnection,
    mut new: FieldDefinition,
    mut errors: Vec<FieldError>,
    now: DateTime<Utc>,
) -> Result<FieldRecord> {
    // The database counts microseconds.
    let now = now.trunc_subsecs(6);
    errors.extend(check_key(&new.key));
    errors.extend(check(&mut new));
    // One at a time: so no slot is given twice, and no limit passed by two together.
    workspaces::lock(conn)?;
    let others = field_definitions::list(conn)?;
    if others.iter().any(|other| other.definition.key == new.key) {
        return Err(Conflict::FieldExists { key: new.key }.into());
    }
    errors.extend(check_beside(&new, &definitions(&others)));
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let last = others.iter().map(|other| other.definition.slot).max();
    new.slot = last.unwrap_or_default() + 1;
    let mut record = FieldRecord {
        definition: new,
        version: 1,
        created_at: now,
        updated_at: now,
        walk_since: None,
        walked_through: None,
        misfits: 0,
        unique_conflicts: Vec::new(),
    };
    field_definitions::insert(conn, &record)?;
    if record.definition.is_indexed() || record.definition.is_exclusive() {
        walk_fields::begin(&mut record, true, true, now);
        begin_walk(conn, &mut record)?;
        field_definitions::update(conn, &record)?;
    }
    Ok(record)
}

/// Changes a field: `change` says what it is to be, given what it is, with what is wrong in the saying.
///
/// # Errors
/// Everything that is wrong with it; [`Error::VersionMismatch`] when `expected` does not hold; a conflict when values that
/// leads have would not mean the same any more, or an active rule document could not be read any more.
pub fn change(
    conn: &mut TenantConnection,
    key: &str,
    expected: Option<i64>,
    now: DateTime<Utc>,
    change: impl Fn(&FieldDefinition) -> (FieldDefinition, Vec<FieldError>),
) -> Result<FieldRecord> {
    let now = now.trunc_subsecs(6);
    workspaces::lock(conn)?;
    let before = field_definitions::lock(conn, key)?;
    if let Some(expected) = expected.filter(|expected| *expected != before.version) {
        return Err(Error::VersionMismatch {
            what: "field",
            expected: expected.to_string(),
            current: before.version,
        });
    }
    let (mut definition, mut errors) = change(&before.definition);
    errors.extend(check(&mut definition));
    let mut others = field_definitions::list(conn)?;
    others.retain(|other| other.definition.key != key);
    if !definition.archived {
        errors.extend(check_beside(&definition, &definitions(&others)));
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    if definition == before.definition {
        return Ok(before);
    }
    keep_meaning(conn, &before.definition, &definition)?;
    keep_rules(conn, &definition)?;
    let mut record = FieldRecord {
        definition,
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    let (old, new) = (&before.definition, &record.definition);
    let retyped = old.field_type != new.field_type;
    let index = old.is_indexed() != new.is_indexed() || (retyped && new.is_indexed());
    let unique = old.is_exclusive() != new.is_exclusive() || (retyped && new.is_exclusive());
    if index || unique {
        walk_fields::begin(&mut record, index, unique, now);
        begin_walk(conn, &mut record)?;
    }
    field_definitions::update(conn, &record)?;
    Ok(record)
}

/// Archives a field: its values stay, and are no longer checked or found by. One that is archived stays so.
pub fn archive(
    conn: &mut TenantConnection,
    key: &str,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<FieldRecord> {
    change(conn, key, expected, now, |before| {
        let archived = FieldDefinition {
            archived: true,
            ..before.clone()
        };
        (archived, Vec::new())
    })
}

fn definitions(records: &[FieldRecord]) -> Vec<&FieldDefinition> {
    records.iter().map(|record| &record.definition).collect()
}

/// The first batch at once: in a workspace of few leads that is all of them.
fn begin_walk(conn: &mut TenantConnection, record: &mut FieldRecord) -> Result<()> {
    let (_, shared) = walk_fields::go_on(conn, record)?;
    if shared.is_empty() {
        return Ok(());
    }
    Err(Conflict::ValuesShared {
        key: record.definition.key.clone(),
        lead_ids: shared,
    }
    .into())
}

/// The rules of the workspace with the field as it is to be have to go with its active documents.
fn keep_rules(conn: &mut TenantConnection, changed: &FieldDefinition) -> Result<()> {
    let today = rules::load(conn)?;
    let mut then = today.clone();
    for field in then
        .fields
        .iter_mut()
        .filter(|field| field.key == changed.key)
    {
        field.clone_from(changed);
    }
    keep_rules::keep_readable(conn, &today, &then)
}

/// Refuses a change after which a value that a lead has could mean something else, or nothing.
fn keep_meaning(
    conn: &mut TenantConnection,
    before: &FieldDefinition,
    after: &FieldDefinition,
) -> Result<()> {
    let widens = before.field_type.widens_to(after.field_type);
    let retyped = before.field_type != after.field_type && !widens;
    let gone: Vec<&FieldOption> = before
        .options
        .iter()
        .filter(|option| !after.options.iter().any(|kept| kept.value == option.value))
        .collect();
    let loses_options = after.field_type.is_choice() && !gone.is_empty();
    if !retyped && !loses_options {
        return Ok(());
    }
    let known = known_values(conn, before)?;
    if retyped && known.as_ref().is_none_or(|known| !known.is_empty()) {
        let wider = wider_types(before.field_type).join(" or ");
        let way = if wider.is_empty() {
            String::new()
        } else {
            format!(" It can become {wider}.")
        };
        return Err(Conflict::FieldInUse(format!(
            "Leads may have values of the type {}, which {} does not take as they are.{way} Make a new field of the type you want, and archive this one: its values stay.",
            before.field_type.as_str(),
            after.field_type.as_str(),
        ))
        .into());
    }
    for option in gone {
        if is_chosen(conn, before, option, known.as_deref())? {
            return Err(Conflict::FieldInUse(format!(
                "Leads may have the option `{}`. Keep it, with `archived: true`: then it is no longer offered, and they keep it.",
                option.value
            ))
            .into());
        }
    }
    Ok(())
}

/// Every value that leads have under the key; `None` where there are too many leads to look through at once.
fn known_values(
    conn: &mut TenantConnection,
    field: &FieldDefinition,
) -> Result<Option<Vec<Value>>> {
    let some: Vec<KeyedValue> = leads::list_values(conn, &field.key, None, BATCH)?;
    let is_all = i64::try_from(some.len()).map_err(Error::internal)? < BATCH;
    let values = some.into_iter().filter_map(|lead| lead.value);
    let values = values.filter(|value| !value.is_null());
    Ok(is_all.then(|| values.collect()))
}

/// Whether a lead may have chosen the option: by the values that were looked through, else by the index, else perhaps.
fn is_chosen(
    conn: &mut TenantConnection,
    field: &FieldDefinition,
    option: &FieldOption,
    known: Option<&[Value]>,
) -> Result<bool> {
    match known {
        Some(values) => Ok(values
            .iter()
            .any(|value| index_form(field.field_type, value).contains(&option.value))),
        None if field.is_searchable() => lead_values::is_in_use(conn, field.slot, &option.value),
        None => Ok(true),
    }
}
