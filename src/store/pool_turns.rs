//! Turns of pools: one row a pool, locked by who takes turns.

use crate::domain::routing::Turns;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::pool_turns;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

statement! {
    Begin { workspace_id: Uuid => SqlUuid, pools: [&'a str] => Array<Text> }
    "INSERT INTO pool_turns (workspace_id, pool, turns) SELECT w.id, c.pool, 'null'::jsonb \
     FROM (SELECT ?::uuid AS id) w, unnest(?::text[]) AS c (pool) ON CONFLICT (workspace_id, pool) DO NOTHING"
}

/// The turns of these pools, locked until the end of the transaction; those of which none was taken yet are left out. The
/// keys are in their order, so that no two transactions wait for each other.
pub fn lock(conn: &mut TenantConnection, pools: &[&str]) -> Result<BTreeMap<String, Turns>> {
    let mut rows = select(conn, pools)?;
    if rows.len() < pools.len() {
        Begin {
            workspace_id: &conn.workspace_id(),
            pools,
        }
        .execute(conn.pg())?;
        rows = select(conn, pools)?;
    }
    rows.into_iter()
        .filter(|(_, turns)| !turns.is_null())
        .map(|(pool, turns)| {
            Ok((
                pool,
                serde_json::from_value(turns).map_err(Error::internal)?,
            ))
        })
        .collect()
}

fn select(conn: &mut TenantConnection, pools: &[&str]) -> Result<Vec<(String, Value)>> {
    Ok(pool_turns::table
        .filter(pool_turns::workspace_id.eq(conn.workspace_id()))
        .filter(pool_turns::pool.eq_any(pools))
        .order(pool_turns::pool)
        .for_update()
        .select((pool_turns::pool, pool_turns::turns))
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
    let found = found.filter(|turns| !turns.is_null());
    found
        .map(|turns| serde_json::from_value(turns).map_err(Error::internal))
        .transpose()
}

/// Writes the turns of a pool whose row is locked.
pub fn update(conn: &mut TenantConnection, pool: &str, turns: &Turns) -> Result<()> {
    diesel::update(pool_turns::table)
        .filter(pool_turns::workspace_id.eq(conn.workspace_id()))
        .filter(pool_turns::pool.eq(pool))
        .set(pool_turns::turns.eq(Json::of(turns)?))
        .execute(conn.pg())?;
    Ok(())
}
