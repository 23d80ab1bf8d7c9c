//! What leads have under one key of `custom`, read in batches.

use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

/// What a lead has under one key of `custom`.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyedValue {
    /// The lead; also a deleted one.
    pub lead_id: Uuid,
    /// What it has.
    pub value: Option<Value>,
    /// When the lead last changed.
    pub updated_at: DateTime<Utc>,
}

statement! {
    ValuesById { key: str => Text, workspace_id: Uuid => SqlUuid, after: Uuid => SqlUuid, limit: i64 => BigInt }
    "SELECT id, custom -> ?, updated_at FROM leads WHERE workspace_id = ? AND id > ? ORDER BY id LIMIT ?",
    returns (SqlUuid, Nullable<Jsonb>, Timestamptz)
}

statement! {
    ValuesByChange {
        key: str => Text, workspace_id: Uuid => SqlUuid, from: DateTime<Utc> => Timestamptz, after: Uuid => SqlUuid,
        until: DateTime<Utc> => Timestamptz, limit: i64 => BigInt
    }
    "SELECT id, custom -> ?, updated_at FROM leads WHERE workspace_id = ? AND (updated_at, id) > (?, ?) AND updated_at <= ? \
     ORDER BY updated_at, id LIMIT ?",
    returns (SqlUuid, Nullable<Jsonb>, Timestamptz)
}

statement! {
    LockedValues { key: str => Text, workspace_id: Uuid => SqlUuid, ids: [Uuid] => Array<SqlUuid> }
    "SELECT id, custom -> ?, updated_at FROM leads WHERE workspace_id = ? AND id = ANY(?) ORDER BY id FOR UPDATE",
    returns (SqlUuid, Nullable<Jsonb>, Timestamptz)
}

type KeyedRow = (Uuid, Option<Value>, DateTime<Utc>);

fn keyed_values(rows: Vec<KeyedRow>) -> Vec<KeyedValue> {
    rows.into_iter()
        .map(|(lead_id, value, updated_at)| KeyedValue {
            lead_id,
            value,
            updated_at,
        })
        .collect()
}

/// What leads have under a key, in the order of their ids, from behind `after`.
pub fn list_values(
    conn: &mut TenantConnection,
    key: &str,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<KeyedValue>> {
    let rows: Vec<KeyedRow> = ValuesById {
        key,
        workspace_id: &conn.workspace_id(),
        after: &after.unwrap_or_default(),
        limit: &limit,
    }
    .load(conn.pg())?;
    Ok(keyed_values(rows))
}

/// What leads have under a key that changed until `until`, in the order of their changes, from behind a change and a lead.
pub fn list_changed_values(
    conn: &mut TenantConnection,
    key: &str,
    after: (DateTime<Utc>, Uuid),
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<KeyedValue>> {
    let rows: Vec<KeyedRow> = ValuesByChange {
        key,
        workspace_id: &conn.workspace_id(),
        from: &after.0,
        after: &after.1,
        until: &until,
        limit: &limit,
    }
    .load(conn.pg())?;
    Ok(keyed_values(rows))
}

/// What these leads have under a key, in the order of their ids, locked until the end of the transaction.
pub fn lock_values(
    conn: &mut TenantConnection,
    key: &str,
    ids: &[Uuid],
) -> Result<Vec<KeyedValue>> {
    let rows: Vec<KeyedRow> = LockedValues {
        key,
        workspace_id: &conn.workspace_id(),
        ids,
    }
    .load(conn.pg())?;
    Ok(keyed_values(rows))
}
