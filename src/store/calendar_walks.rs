//! Calendars that have changed, while clocks count by them.

use crate::error::Result;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::calendar_walks;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use uuid::Uuid;

/// Has the clocks of a calendar looked at, at least until a moment.
pub fn begin(conn: &mut TenantConnection, calendar: &str, until: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(calendar_walks::table)
        .values((
            calendar_walks::workspace_id.eq(conn.workspace_id()),
            calendar_walks::calendar.eq(calendar),
            calendar_walks::until.eq(until),
        ))
        .on_conflict((calendar_walks::workspace_id, calendar_walks::calendar))
        .do_update()
        .set(calendar_walks::until.eq(sql::<Timestamptz>(
            "greatest(calendar_walks.until, excluded.until)",
        )))
        .execute(conn.pg())?;
    Ok(())
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
