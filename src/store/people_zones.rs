//! The time zones of users and teams.

use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::schema::{teams, users};
use diesel::prelude::*;
use uuid::Uuid;

/// IANA names of the zones that are known, by the id of the user or the team.
pub fn list(conn: &mut TenantConnection) -> Result<Vec<(Uuid, String)>> {
    let mut found: Vec<(Uuid, String)> = users::table
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::timezone.is_not_null())
        .select((users::id, users::timezone.assume_not_null()))
        .load(conn.pg())?;
    let of_teams: Vec<(Uuid, String)> = teams::table
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .filter(teams::timezone.is_not_null())
        .select((teams::id, teams::timezone.assume_not_null()))
        .load(conn.pg())?;
    found.extend(of_teams);
    Ok(found)
}
