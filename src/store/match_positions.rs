//! How far what looks for duplicates in the background has come, in each workspace.

use crate::domain::ids::lower_bound;
use crate::error::Result;
use crate::store::lead_texts;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::match_positions;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use uuid::Uuid;

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchPosition {
    /// Leads were compared again as the feed says up to there.
    pub position: i64,
    /// Of the leads that were there before there were keys, those up to this one have theirs.
    pub walked_through: Option<Uuid>,
    /// All of them have.
    pub is_complete: bool,
    /// Leads behind this one came since and need no walk; `None`: all need one.
    pub walk_until: Option<Uuid>,
}

/// Workspaces in which there is something to do.
pub fn list_behind(db: &Db) -> Result<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        workspace_id: Uuid,
    }
    db.across_workspaces(|connection| {
        let rows: Vec<Row> = diesel::sql_query(
            "SELECT f.workspace_id FROM feed_positions f \
             LEFT JOIN LATERAL (SELECT position, is_complete FROM match_positions m WHERE m.workspace_id = f.workspace_id LIMIT 1) m ON true \
             WHERE m.position IS NULL OR m.position < f.position OR NOT m.is_complete \
             ORDER BY f.workspace_id",
        )
        .load(connection)?;
        Ok(rows.into_iter().map(|row| row.workspace_id).collect())
    })
}

/// How far it has come, locked; where it has not begun, it begins at `position` of the feed and walks through the leads
/// that are there. `None` while another process is at it.
pub fn lock(conn: &mut TenantConnection, position: i64) -> Result<Option<MatchPosition>> {
    let workspace_id = conn.workspace_id();
    let locked: Option<(i64, Option<Uuid>, bool, Option<Uuid>)> = match_positions::table
        .filter(match_positions::workspace_id.eq(workspace_id))
        .select((
            match_positions::position,
            match_positions::walked_through,
            match_positions::is_complete,
            match_positions::walk_until,
        ))
        .for_update()
        .skip_locked()
        .first(conn.pg())
        .optional()?;
    if let Some((position, walked_through, is_complete, walk_until)) = locked {
        return Ok(Some(MatchPosition {
            position,
            walked_through,
            is_complete,
            walk_until,
        }));
    }
    let begun = begin(conn, position)?;
    let is_new = diesel::insert_into(match_positions::table)
        .values((
            match_positions::workspace_id.eq(workspace_id),
            match_positions::position.eq(begun.position),
            match_positions::is_complete.eq(begun.is_complete),
            match_positions::walk_until.eq(begun.walk_until),
        ))
        .on_conflict_do_nothing()
        .execute(conn.pg())?;
    Ok((is_new == 1).then_some(begun))
}

/// From `position` of the feed on, with a walk through the leads that are there.
fn begin(conn: &mut TenantConnection, position: i64) -> Result<MatchPosition> {
    let latest = lead_texts::find_latest_lead_id(conn)?;
    Ok(MatchPosition {
        position,
        walked_through: None,
        is_complete: false,
        walk_until: Some(latest.unwrap_or(Uuid::nil())),
    })
}

/// Has the leads of before `until` gone through anew: what their keys are made of has changed.
pub fn begin_anew(conn: &mut TenantConnection, until: DateTime<Utc>) -> Result<()> {
    diesel::update(match_positions::table)
        .filter(match_positions::workspace_id.eq(conn.workspace_id()))
        .set((
            match_positions::walked_through.eq(None::<Uuid>),
            match_positions::is_complete.eq(false),
            match_positions::walk_until.eq(lower_bound(until)),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Remembers how far it has come.
pub fn update(conn: &mut TenantConnection, reached: &MatchPosition) -> Result<()> {
    diesel::update(match_positions::table)
        .filter(match_positions::workspace_id.eq(conn.workspace_id()))
        .set((
            match_positions::position.eq(reached.position),
            match_positions::walked_through.eq(reached.walked_through),
            match_positions::is_complete.eq(reached.is_complete),
            match_positions::walk_until.eq(reached.walk_until),
        ))
        .execute(conn.pg())?;
    Ok(())
}
