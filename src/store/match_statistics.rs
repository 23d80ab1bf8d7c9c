//! What the leads of a workspace have taught about how to compare them.

use crate::domain::dedupe::KeptFrequencies;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::match_statistics;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Statistics as they are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// How often values are found.
    pub frequencies: KeptFrequencies,
    /// Records that one person has, on average.
    pub records_per_person: f32,
}

/// When the workspace's statistics were made, if they were.
pub fn find_time(conn: &mut TenantConnection) -> Result<Option<DateTime<Utc>>> {
    Ok(match_statistics::table
        .filter(match_statistics::workspace_id.eq(conn.workspace_id()))
        .select(match_statistics::counted_at)
        .first(conn.pg())
        .optional()?)
}

/// The workspace's statistics, if there are any.
pub fn find(conn: &mut TenantConnection) -> Result<Option<Statistics>> {
    let found: Option<Value> = match_statistics::table
        .filter(match_statistics::workspace_id.eq(conn.workspace_id()))
        .select(match_statistics::statistics)
        .first(conn.pg())
        .optional()?;
    found
        .map(serde_json::from_value)
        .transpose()
        .map_err(Error::internal)
}

/// Keeps statistics in place of those there are.
pub fn replace(
    conn: &mut TenantConnection,
    statistics: &Statistics,
    now: DateTime<Utc>,
) -> Result<()> {
    let kept = Json::of(statistics)?;
    diesel::insert_into(match_statistics::table)
        .values((
            match_statistics::workspace_id.eq(conn.workspace_id()),
            match_statistics::statistics.eq(kept.clone()),
            match_statistics::counted_at.eq(now),
        ))
        .on_conflict(match_statistics::workspace_id)
        .do_update()
        .set((
            match_statistics::statistics.eq(kept),
            match_statistics::counted_at.eq(now),
        ))
        .execute(conn.pg())?;
    Ok(())
}
