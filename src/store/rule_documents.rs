//! Rule documents and their versions.

use crate::domain::event::Actor;
use crate::domain::rule_document::{RuleDocument, RuleKind, RuleState, RuleVersion};
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::rule_documents;
use chrono::{DateTime, Utc};
use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde_json::Value;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = rule_documents, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    kind: String,
    key: String,
    version: i64,
    state: String,
    document: Value,
    note: Option<String>,
    created_by: Value,
    created_at: DateTime<Utc>,
    activated_at: Option<DateTime<Utc>>,
    retired_at: Option<DateTime<Utc>>,
    activate_at: Option<DateTime<Utc>>,
    scheduled_by: Option<Value>,
}

impl TryFrom<Row> for RuleVersion {
    type Error = Error;

    fn try_from(row: Row) -> Result<RuleVersion> {
        let kind = RuleKind::from_name(&row.kind);
        let kind = kind.ok_or_else(|| Error::internal("a rule document of an unknown kind"))?;
        let state = RuleState::from_name(&row.state);
        Ok(RuleVersion {
            id: row.id,
            key: row.key,
            version: row.version,
            state: state.ok_or_else(|| Error::internal("a rule document in an unknown state"))?,
            document: RuleDocument::read(kind, row.document).map_err(Error::internal)?,
            note: row.note,
            created_by: serde_json::from_value(row.created_by).map_err(Error::internal)?,
            created_at: row.created_at,
            activated_at: row.activated_at,
            retired_at: row.retired_at,
            activate_at: row.activate_at,
            scheduled_by: row
                .scheduled_by
                .map(serde_json::from_value)
                .transpose()
                .map_err(Error::internal)?,
        })
    }
}

/// Adds a version.
pub fn insert(conn: &mut TenantConnection, new: &RuleVersion) -> Result<()> {
    diesel::insert_into(rule_documents::table)
        .values((
            rule_documents::workspace_id.eq(conn.workspace_id()),
            rule_documents::id.eq(new.id),
            rule_documents::kind.eq(new.document.kind().as_str()),
            rule_documents::key.eq(&new.key),
            rule_documents::version.eq(new.version),
            rule_documents::state.eq(new.state.as_str()),
            rule_documents::document.eq(new.document.to_json().map_err(Error::internal)?),
            rule_documents::note.eq(&new.note),
            rule_documents::created_by.eq(Json::of(&new.created_by)?),
            rule_documents::created_at.eq(new.created_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// The number of the last version of a kind and key; 0 when there is none.
pub fn last_version(conn: &mut TenantConnection, kind: RuleKind, key: &str) -> Result<i64> {
    let last: Option<i64> = rule_documents::table
        .filter(rule_documents::workspace_id.eq(conn.workspace_id()))
        .filter(rule_documents::kind.eq(kind.as_str()))
        .filter(rule_documents::key.eq(key))
        .select(max(rule_documents::version))
        .first(conn.pg())?;
    Ok(last.unwrap_or_default())
}

/// The active documents, by kind and key. One that this version of Baton cannot read any more is left out, and logged.
pub fn list_active(conn: &mut TenantConnection) -> Result<Vec<RuleVersion>> {
    let rows: Vec<Row> = rule_documents::table
        .filter(rule_documents::workspace_id.eq(conn.workspace_id()))
        .filter(sql::<Bool>("rule_documents.state = 'active'"))
        .order((rule_documents::kind, rule_documents::key))
        .select(Row::as_select())
        .load(conn.pg())?;
    let read = |row: Row| {
        let id = row.id;
        RuleVersion::try_from(row)
            .inspect_err(|error| log::warn!("The rule document {id} does not count: {error}"))
            .ok()
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// These versions, each by kind, key and number, as far as they are there; in the order of kinds in which what may be named
/// stands first.
pub fn list_versions(
    conn: &mut TenantConnection,
    named: &[(RuleKind, &str, i64)],
) -> Result<Vec<RuleVersion>> {
    let mut found = Vec::with_capacity(named.len());
    for kind in RuleKind::ALL {
        let wanted = || named.iter().filter(|(of, _, _)| *of == kind);
        if wanted().next().is_none() {
            continue;
        }
        let (keys, versions): (Vec<&str>, Vec<i64>) =
            wanted().map(|(_, key, version)| (*key, *version)).unzip();
        let rows: Vec<Row> = rule_documents::table
            .filter(rule_documents::workspace_id.eq(conn.workspace_id()))
            .filter(rule_documents::kind.eq(kind.as_str()))
            .filter(rule_documents::key.eq_any(keys))
            .filter(rule_documents::version.eq_any(versions))
            .select(Row::as_select())
            .load(conn.pg())?;
        for row in rows {
            let version = RuleVersion::try_from(row)?;
            let is_named = |(_, key, number): &&(RuleKind, &str, i64)| {
                *key == version.key && *number == version.version
            };
            if wanted().any(|one| is_named(&one)) {
                found.push(version);
            }
        }
    }
    Ok(found)
}

/// Versions, newest first, older than `before`.
pub fn list(
    conn: &mut TenantConnection,
    kind: Option<RuleKind>,
    key: Option<&str>,
    state: Option<RuleState>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<RuleVersion>> {
    let mut query = rule_documents::table
        .filter(rule_documents::workspace_id.eq(conn.workspace_id()))
        .order(rule_documents::id.desc())
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some(kind) = kind {
        query = query.filter(rule_documents::kind.eq(kind.as_str()));
    }
    if let Some(key) = key {
        query = query.filter(rule_documents::key.eq(key.to_owned()));
    }
    if let Some(state) = state {
        query = query.filter(rule_documents::state.eq(state.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(rule_documents::id.lt(before));
    }
    let rows: Vec<Row> = query.load(conn.pg())?;
    rows.into_iter().map(RuleVersion::try_from).collect()
}

/// A version.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<RuleVersion> {
    let row: Option<Row> = rule_documents::table
        .filter(rule_documents::workspace_id.eq(conn.workspace_id()))
        .filter(rule_documents::id.eq(id))
        .select(Row::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("rule", id))?.try_into()
}

/// Retires the active version of a kind and key, if there is one.
pub fn retire_active(
    conn: &mut TenantConnection,
    kind: RuleKind,
    key: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(rule_documents::table)
        .filter(rule_documents::workspace_id.eq(conn.workspace_id()))
        .filter(rule_documents::kind.eq(kind.as_str()))
        .filter(rule_documents::key.eq(key))
        .filter(rule_documents::state.eq(RuleState::Active.as_str()))
        .set((
            rule_documents::state.eq(RuleState::Retired.as_str()),
            rule_documents::retired_at.eq(now),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Writes that a version counts from now on.
pub fn activate(conn: &mut TenantConnection, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    diesel::update(rule_documents::table)
        .filter(rule_documents::workspace_id.eq(conn.workspace_id()))
        .filter(rule_documents::id.eq(id))
        .set((
            rule_documents::state.eq(RuleState::Active.as_str()),
            rule_documents::activated_at.eq(now),
            rule_documents::activate_at.eq(None::<DateTime<Utc>>),
            rule_documents::scheduled_by.eq(None::<Value>),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Writes that a version is to count from a moment on.
pub fn schedule(
    conn: &mut TenantConnection,
    id: Uuid,
    at: DateTime<Utc>,
    by: &Actor,
) -> Result<()> {
    diesel::update(rule_documents::table)
        .filter(rule_documents::workspace_id.eq(conn.workspace_id()))
        .filter(rule_documents::id.eq(id))
        .set((
            rule_documents::state.eq(RuleState::Scheduled.as_str()),
            rule_documents::activate_at.eq(at),
            rule_documents::scheduled_by.eq(Json::of(by)?),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Writes that a version is not to count from a moment on; it is what it was before.
pub fn unschedule(conn: &mut TenantConnection, id: Uuid, state: RuleState) -> Result<()> {
    diesel::update(rule_documents::table)
        .filter(rule_documents::workspace_id.eq(conn.workspace_id()))
        .filter(rule_documents::id.eq(id))
        .set((
            rule_documents::state.eq(state.as_str()),
            rule_documents::activate_at.eq(None::<DateTime<Utc>>),
            rule_documents::scheduled_by.eq(None::<Value>),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Versions of any workspace whose moment has come, the earliest first. The state is named in the text, as by the index of
/// those that are scheduled.
pub fn list_due(db: &Db, now: DateTime<Utc>, limit: i64) -> Result<Vec<(Uuid, Uuid)>> {
    db.across_workspaces(|connection| {
        Ok(rule_documents::table
            .filter(sql::<Bool>("rule_documents.state = 'scheduled'"))
            .filter(rule_documents::activate_at.le(now))
            .order(rule_documents::activate_at)
            .limit(limit)
            .select((rule_documents::workspace_id, rule_documents::id))
            .load(connection)?)
    })
}
