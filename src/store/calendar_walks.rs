//! Calendars that have changed, or the zone of somebody for whom they count, while clocks count by them.

use crate::error::Result;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::calendar_walks;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

/// Has the clocks of a calendar looked at, at least until a moment, and then those of leads of users and teams that have
/// `moved` to another zone.
pub fn begin(
    conn: &mut TenantConnection,
    calendar: &str,
    moved: &[Uuid],
    until: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(calendar_walks::table)
        .values((
            calendar_walks::workspace_id.eq(conn.workspace_id()),
            calendar_walks::calendar.eq(calendar),
            calendar_walks::until.eq(until),
            calendar_walks::moved.eq(moved),
        ))
        .on_conflict((calendar_walks::workspace_id, calendar_walks::calendar))
        .do_update()
        .set((
            calendar_walks::until.eq(sql::<Timestamptz>(
                "greatest(calendar_walks.until, excluded.until)",
            )),
            calendar_walks::moved.eq(sql::<Array<SqlUuid>>(
                "calendar_walks.moved || excluded.moved",
            )),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Who has moved to another zone, if it is time to look at the clocks of their leads again; they are not told of once more.
pub fn take_moved(
    conn: &mut TenantConnection,
    calendar: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let walk = calendar_walks::table
        .filter(calendar_walks::workspace_id.eq(conn.workspace_id()))
        .filter(calendar_walks::calendar.eq(calendar))
        .filter(calendar_walks::until.le(now));
    let found: Option<Vec<Uuid>> = walk
        .select(calendar_walks::moved)
        .for_update()
        .first(conn.pg())
        .optional()?;
    let mut moved = found.unwrap_or_default();
    if !moved.is_empty() {
        diesel::update(walk)
            .set(calendar_walks::moved.eq(&[] as &[Uuid]))
            .execute(conn.pg())?;
    }
    moved.sort_unstable();
    moved.dedup();
    Ok(moved)
}

/// The clocks of a calendar need not be looked at any more, if it is time.
pub fn end(conn: &mut TenantConnection, calendar: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::delete(calendar_walks::table)
        .filter(calendar_walks::workspace_id.eq(conn.workspace_id()))
        .filter(calendar_walks::calendar.eq(calendar))
        .filter(calendar_walks::until.le(now))
        .execute(conn.pg())?;
    Ok(())
}

/// Calendars of all workspaces whose clocks are to be looked at.
pub fn list_all(db: &Db, limit: i64) -> Result<Vec<(Uuid, String)>> {
    db.across_workspaces(|connection| {
        Ok(calendar_walks::table
            .order((calendar_walks::workspace_id, calendar_walks::calendar))
            .limit(limit)
            .select((calendar_walks::workspace_id, calendar_walks::calendar))
            .load(connection)?)
    })
}
