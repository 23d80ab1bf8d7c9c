//! The time zones of users and teams, and which teams there are: both are read together.

use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::schema::{teams, users};
use diesel::prelude::*;
use uuid::Uuid;

/// What is known of users and teams.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// IANA names of the zones that are known, by the id of the user or the team.
    pub zones: Vec<(Uuid, String)>,
    /// All teams.
    pub teams: Vec<Uuid>,
}

/// The zones, and the teams.
pub fn list(conn: &mut TenantConnection) -> Result<Known> {
    let mut zones: Vec<(Uuid, String)> = users::table
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::timezone.is_not_null())
        .select((users::id, users::timezone.assume_not_null()))
        .load(conn.pg())?;
    let teams: Vec<(Uuid, Option<String>)> = teams::table
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .select((teams::id, teams::timezone))
        .load(conn.pg())?;
    let ids = teams.iter().map(|(id, _)| *id).collect();
    let of_teams = teams.into_iter();
    zones.extend(of_teams.filter_map(|(id, zone)| Some((id, zone?))));
    Ok(Known { zones, teams: ids })
}
