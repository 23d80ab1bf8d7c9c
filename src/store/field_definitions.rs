//! Definitions of the workspaces' own fields.

use crate::domain::field_definition::{FieldDefinition, FieldType, Indexing, Walk};
use crate::domain::pattern::Pattern;
use crate::error::{Error, Result};
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::field_definitions;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde_json::Value;
use uuid::Uuid;

/// A definition as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldRecord {
    /// What it says.
    pub definition: FieldDefinition,
    /// Counts every change, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it last changed in a way that concerns values which were there before.
    pub walk_since: Option<DateTime<Utc>>,
    /// The last lead gone through since.
    pub walked_through: Option<Uuid>,
    /// Leads gone through whose value does not fit.
    pub misfits: i64,
    /// Leads that share a value, where that kept the field from being unique.
    pub unique_conflicts: Vec<Uuid>,
}

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = field_definitions, primary_key(workspace_id, key), check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
struct Row {
    workspace_id: Uuid,
    key: String,
    slot: i16,
    field_type: String,
    label: String,
    description: Option<String>,
    options: Value,
    required: bool,
    is_unique: bool,
    identifies: bool,
    default_value: Option<Value>,
    pattern: Option<String>,
    filterable: bool,
    archived: bool,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    index_ready: bool,
    unique_ready: bool,
    walk_state: String,
    walk_since: Option<DateTime<Utc>>,
    walked_through: Option<Uuid>,
    walked: i64,
    walk_total: Option<i64>,
    misfits: i64,
    unique_conflicts: Value,
}

const WALKS: [(Walk, &str); 3] = [
    (Walk::Idle, "idle"),
    (Walk::Walking, "walking"),
    (Walk::Settling, "settling"),
];

impl TryFrom<Row> for FieldRecord {
    type Error = Error;

    fn try_from(row: Row) -> Result<FieldRecord> {
        let walk = WALKS.iter().find(|(_, name)| *name == row.walk_state);
        Ok(FieldRecord {
            definition: FieldDefinition {
                key: row.key,
                slot: row.slot,
                label: row.label,
                description: row.description,
                field_type: FieldType::from_name(&row.field_type)
                    .ok_or_else(|| Error::internal("a field of an unknown type"))?,
                options: serde_json::from_value(row.options).map_err(Error::internal)?,
                required: row.required,
                unique: row.is_unique,
                identifies: row.identifies,
                default: row.default_value,
                pattern: row.pattern.map(Pattern::known),
                filterable: row.filterable,
                archived: row.archived,
                indexing: Indexing {
                    index_ready: row.index_ready,
                    unique_ready: row.unique_ready,
                    walk: walk
                        .map(|(walk, _)| *walk)
                        .ok_or_else(|| Error::internal("a walk in an unknown state"))?,
                    walked: row.walked,
                    total: row.walk_total,
                },
            },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            walk_since: row.walk_since,
            walked_through: row.walked_through,
            misfits: row.misfits,
            unique_conflicts: serde_json::from_value(row.unique_conflicts)
                .map_err(Error::internal)?,
        })
    }
}

fn row(workspace_id: Uuid, record: &FieldRecord) -> Result<Row> {
    let definition = &record.definition;
    let indexing = definition.indexing;
    let walk = WALKS.iter().find(|(walk, _)| *walk == indexing.walk);
    Ok(Row {
        workspace_id,
        key: definition.key.clone(),
        slot: definition.slot,
        field_type: definition.field_type.as_str().to_owned(),
        label: definition.label.clone(),
        description: definition.description.clone(),
        options: serde_json::to_value(&definition.options).map_err(Error::internal)?,
        required: definition.required,
        is_unique: definition.unique,
        identifies: definition.identifies,
        default_value: definition.default.clone(),
        pattern: definition
            .pattern
            .as_ref()
            .map(|pattern| pattern.as_str().to_owned()),
        filterable: definition.filterable,
        archived: definition.archived,
        version: record.version,
        created_at: record.created_at,
        updated_at: record.updated_at,
        index_ready: indexing.index_ready,
        unique_ready: indexing.unique_ready,
        walk_state: walk.map_or("idle", |(_, name)| name).to_owned(),
        walk_since: record.walk_since,
        walked_through: record.walked_through,
        walked: indexing.walked,
        walk_total: indexing.total,
        misfits: record.misfits,
        unique_conflicts: serde_json::to_value(&record.unique_conflicts)
            .map_err(Error::internal)?,
    })
}

/// Every definition of the workspace, archived ones too, in the order they were made.
pub fn list(conn: &mut TenantConnection) -> Result<Vec<FieldRecord>> {
    let rows: Vec<Row> = field_definitions::table
        .filter(field_definitions::workspace_id.eq(conn.workspace_id()))
        .order(field_definitions::slot)
        .limit(i64::from(i16::MAX))
        .select(Row::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(FieldRecord::try_from).collect()
}

/// The definition of that key.
pub fn find(conn: &mut TenantConnection, key: &str) -> Result<Option<FieldRecord>> {
    let row: Option<Row> = field_definitions::table
        .filter(field_definitions::workspace_id.eq(conn.workspace_id()))
        .filter(field_definitions::key.eq(key))
        .select(Row::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(FieldRecord::try_from).transpose()
}

/// The definition of that key, locked until the end of the transaction.
pub fn lock(conn: &mut TenantConnection, key: &str) -> Result<FieldRecord> {
    let row: Option<Row> = field_definitions::table
        .filter(field_definitions::workspace_id.eq(conn.workspace_id()))
        .filter(field_definitions::key.eq(key))
        .for_update()
        .select(Row::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("field", key))?
        .try_into()
}

/// Adds a definition.
pub fn insert(conn: &mut TenantConnection, new: &FieldRecord) -> Result<()> {
    diesel::insert_into(field_definitions::table)
        .values(row(conn.workspace_id(), new)?)
        .execute(conn.pg())?;
    Ok(())
}

/// Writes a definition that changed.
pub fn update(conn: &mut TenantConnection, changed: &FieldRecord) -> Result<()> {
    diesel::update(field_definitions::table)
        .filter(field_definitions::workspace_id.eq(conn.workspace_id()))
        .filter(field_definitions::key.eq(&changed.definition.key))
        .set(row(conn.workspace_id(), changed)?)
        .execute(conn.pg())?;
    Ok(())
}

/// Definitions for which leads still have to be gone through, by workspace and key, at most `limit`.
pub fn list_to_walk(db: &Db, limit: i64) -> Result<Vec<(Uuid, String)>> {
    db.across_workspaces(|connection| {
        Ok(field_definitions::table
            .filter(sql::<Bool>("walk_state <> 'idle'"))
            .order((field_definitions::workspace_id, field_definitions::key))
            .limit(limit)
            .select((field_definitions::workspace_id, field_definitions::key))
            .load(connection)?)
    })
}
