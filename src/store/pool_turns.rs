//! Turns of pools: one row a pool, which changes hands from one transaction to the next.

use crate::domain::routing::Turns;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::pool_turns;
use crate::store::statement::statement;
use crate::store::turns_ahead::TurnsLeft;
use diesel::prelude::*;
use diesel::sql_types::{Array, Json as SqlJson, Text, Uuid as SqlUuid};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The turns of a pool, as they are in the table or will be.
#[derive(Debug, Clone)]
pub struct Stored {
    /// `None`: none was taken yet.
    pub turns: Option<Arc<Turns>>,
    /// Another with every change.
    pub stamp: Uuid,
}

/// Turns of a pool, to be written.
#[derive(Debug, Clone)]
pub struct NewTurns {
    /// The key of the pool.
    pub pool: String,
    /// What the turns are now.
    pub turns: Arc<Turns>,
    /// The stamp of those they were decided by.
    pub expected: Uuid,
    /// Their own stamp.
    pub stamp: Uuid,
}

statement! {
    Begin { workspace_id: Uuid => SqlUuid, pools: [&'a str] => Array<Text> }
    "INSERT INTO pool_turns (workspace_id, pool, turns) SELECT w.id, c.pool, 'null'::json \
     FROM (SELECT ?::uuid AS id) w, unnest(?::text[]) AS c (pool) ON CONFLICT (workspace_id, pool) DO NOTHING"
}

statement! {
    /// A row that has another stamp than is expected would lose its stamp, which the table does not allow: the statement fails.
    owned Update {
        pools: Vec<String> => Array<Text>,
        turns: Vec<Json> => Array<SqlJson>,
        expected: Vec<Uuid> => Array<SqlUuid>,
        stamp: Vec<Uuid> => Array<SqlUuid>,
        workspace_id: Uuid => SqlUuid,
    }
    "UPDATE pool_turns AS t SET turns = c.turns, stamp = CASE WHEN t.stamp = c.expected THEN c.stamp END \
     FROM unnest(?::text[], ?::json[], ?::uuid[], ?::uuid[]) AS c (pool, turns, expected, stamp) \
     WHERE t.workspace_id = ? AND t.pool = c.pool"
}

/// The turns of these pools, locked until the end of the transaction. The keys are in their order, so that no two
/// transactions wait for each other.
pub fn lock(conn: &mut TenantConnection, pools: &[&str]) -> Result<BTreeMap<String, Stored>> {
    let mut rows = select(conn, pools)?;
    if rows.len() < pools.len() {
        Begin {
            workspace_id: &conn.workspace_id(),
            pools,
        }
        .execute(conn.pg())?;
        rows = select(conn, pools)?;
    }
    let stored = |(pool, turns, stamp): (String, Value, Uuid)| {
        let turns = read(turns)?.map(Arc::new);
        Ok((pool, Stored { turns, stamp }))
    };
    rows.into_iter().map(stored).collect()
}

fn select(conn: &mut TenantConnection, pools: &[&str]) -> Result<Vec<(String, Value, Uuid)>> {
    Ok(pool_turns::table
        .filter(pool_turns::workspace_id.eq(conn.workspace_id()))
        .filter(pool_turns::pool.eq_any(pools))
        .order(pool_turns::pool)
        .for_update()
        .select((pool_turns::pool, pool_turns::turns, pool_turns::stamp))
        .load(conn.pg())?)
}

/// The turns of a pool; `None` when none was taken yet.
pub fn find(conn: &mut TenantConnection, pool: &str) -> Result<Option<Turns>> {
    let found: Option<Value> = pool_turns::table
        .filter(pool_turns::workspace_id.eq(conn.workspace_id()))
        .filter(pool_turns::pool.eq(pool))
        .select(pool_turns::turns)
        .first(conn.pg())
        .optional()?;
    Ok(found.map(read).transpose()?.flatten())
}

fn read(turns: Value) -> Result<Option<Turns>> {
    serde_json::from_value(turns).map_err(Error::internal)
}

/// The rows, ready to be written.
pub(in crate::store) fn replacement<'a>(
    workspace_id: Uuid,
    new: &'a [NewTurns],
) -> Result<Update<'a>> {
    Ok(Update {
        pools: new.iter().map(|one| one.pool.clone()).collect(),
        turns: Json::column(new, |one| one.turns.as_ref())?,
        expected: new.iter().map(|one| one.expected).collect(),
        stamp: new.iter().map(|one| one.stamp).collect(),
        workspace_id,
        rows: std::marker::PhantomData,
    })
}

/// Writes turns, once those that they were decided by are committed.
///
/// # Errors
/// A lost race when those in the table are not those they were decided by.
pub fn replace_all(conn: &mut TenantConnection, left: &TurnsLeft) -> Result<()> {
    left.wait()?;
    if !left.new.is_empty() {
        replacement(conn.workspace_id(), &left.new)?.execute(conn.pg())?;
    }
    Ok(())
}
