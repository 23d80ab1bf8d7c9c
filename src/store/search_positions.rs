//! How far the index of texts has come, in each workspace.

use crate::error::Result;
use crate::store::lead_texts;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::search_positions;
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use uuid::Uuid;

/// How far the index of texts has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPosition {
    /// It has what the feed says up to there.
    pub position: i64,
    /// Of the leads that were there before that, those up to this one are in it, too.
    pub walked_through: Option<Uuid>,
    /// All of them are.
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
             LEFT JOIN LATERAL (SELECT position, is_complete FROM search_positions s WHERE s.workspace_id = f.workspace_id LIMIT 1) s ON true \
             WHERE s.position IS NULL OR s.position < f.position OR NOT s.is_complete \
             ORDER BY f.workspace_id",
        )
        .load(connection)?;
        Ok(rows.into_iter().map(|row| row.workspace_id).collect())
    })
}

/// How far it has come, locked; where it has not begun, it begins at `position` of the feed and walks through the leads
/// that are there. `None` while another process is at it.
pub fn lock(conn: &mut TenantConnection, position: i64) -> Result<Option<SearchPosition>> {
    let workspace_id = conn.workspace_id();
    let locked: Option<(i64, Option<Uuid>, bool, Option<Uuid>)> = search_positions::table
        .filter(search_positions::workspace_id.eq(workspace_id))
        .select((
            search_positions::position,
            search_positions::walked_through,
            search_positions::is_complete,
            search_positions::walk_until,
        ))
        .for_update()
        .skip_locked()
        .first(conn.pg())
        .optional()?;
    if let Some((position, walked_through, is_complete, walk_until)) = locked {
        return Ok(Some(SearchPosition {
            position,
            walked_through,
            is_complete,
            walk_until,
        }));
    }
    let begun = begin(conn, position)?;
    let is_new = diesel::insert_into(search_positions::table)
        .values((
            search_positions::workspace_id.eq(workspace_id),
            search_positions::position.eq(begun.position),
            search_positions::is_complete.eq(begun.is_complete),
            search_positions::walk_until.eq(begun.walk_until),
        ))
        .on_conflict_do_nothing()
        .execute(conn.pg())?;
    Ok((is_new == 1).then_some(begun))
}

/// From `position` of the feed on, with a walk through the leads that are there.
pub fn begin(conn: &mut TenantConnection, position: i64) -> Result<SearchPosition> {
    let latest = lead_texts::find_latest_lead_id(conn)?;
    Ok(SearchPosition {
        position,
        walked_through: None,
        is_complete: false,
        walk_until: Some(latest.unwrap_or(Uuid::nil())),
    })
}

/// Remembers how far it has come.
pub fn update(conn: &mut TenantConnection, reached: &SearchPosition) -> Result<()> {
    diesel::update(search_positions::table)
        .filter(search_positions::workspace_id.eq(conn.workspace_id()))
        .set((
            search_positions::position.eq(reached.position),
            search_positions::walked_through.eq(reached.walked_through),
            search_positions::is_complete.eq(reached.is_complete),
            search_positions::walk_until.eq(reached.walk_until),
        ))
        .execute(conn.pg())?;
    Ok(())
}
