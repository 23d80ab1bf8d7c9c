//! Teams, and who is in them.

use crate::domain::user::{Team, TeamName};
use crate::error::{Conflict, Error, Result};
use crate::store::failure;
use crate::store::pool::TenantConnection;
use crate::store::schema::{leads, team_members, teams};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = teams, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
struct TeamRow {
    id: Uuid,
    name: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    timezone: Option<String>,
}

impl From<&Team> for TeamRow {
    fn from(team: &Team) -> Self {
        TeamRow {
            id: team.id,
            name: team.name.clone(),
            version: team.version,
            created_at: team.created_at,
            updated_at: team.updated_at,
            timezone: team.timezone.clone(),
        }
    }
}

impl From<TeamRow> for Team {
    fn from(row: TeamRow) -> Self {
        Team {
            id: row.id,
            name: row.name,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            timezone: row.timezone,
        }
    }
}

/// A second team of one name is a conflict.
fn taken(error: diesel::result::Error) -> Error {
    if failure::violates(&error, "teams_by_name") {
        Conflict::NameTaken { what: "team" }.into()
    } else {
        error.into()
    }
}

/// Adds a team.
///
/// # Errors
/// A conflict when another team has the name.
pub fn insert(conn: &mut TenantConnection, team: &Team) -> Result<()> {
    diesel::insert_into(teams::table)
        .values((
            teams::workspace_id.eq(conn.workspace_id()),
            TeamRow::from(team),
        ))
        .execute(conn.pg())
        .map_err(taken)?;
    Ok(())
}

/// Writes a team that changed.
///
/// # Errors
/// A conflict when another team has the name.
pub fn update(conn: &mut TenantConnection, team: &Team) -> Result<()> {
    diesel::update(teams::table)
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .filter(teams::id.eq(team.id))
        .set(TeamRow::from(team))
        .execute(conn.pg())
        .map_err(taken)?;
    Ok(())
}

/// A team.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<Team> {
    let row: Option<TeamRow> = teams::table
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .filter(teams::id.eq(id))
        .select(TeamRow::as_select())
        .first(conn.pg())
        .optional()?;
    Ok(row.ok_or_else(|| Error::not_found("team", id))?.into())
}

/// As [`get`], locked until the end of the transaction.
pub fn lock(conn: &mut TenantConnection, id: Uuid) -> Result<Team> {
    let row: Option<TeamRow> = teams::table
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .filter(teams::id.eq(id))
        .select(TeamRow::as_select())
        .for_update()
        .first(conn.pg())
        .optional()?;
    Ok(row.ok_or_else(|| Error::not_found("team", id))?.into())
}

/// Whether there is the team; it stays there until the end of the transaction.
pub fn hold(conn: &mut TenantConnection, id: Uuid) -> Result<bool> {
    let held: Option<Uuid> = teams::table
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .filter(teams::id.eq(id))
        .select(teams::id)
        .for_key_share()
        .first(conn.pg())
        .optional()?;
    Ok(held.is_some())
}

/// A page of teams, newest first, from before a team on.
pub fn list(conn: &mut TenantConnection, before: Option<Uuid>, limit: i64) -> Result<Vec<Team>> {
    let mut query = teams::table
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .order(teams::id.desc())
        .limit(limit)
        .select(TeamRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(teams::id.lt(before));
    }
    let rows = query.load::<TeamRow>(conn.pg())?;
    Ok(rows.into_iter().map(Team::from).collect())
}

/// Those of the ids that are teams.
pub fn known(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(teams::table
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .filter(teams::id.eq_any(ids))
        .select(teams::id)
        .load(conn.pg())?)
}

/// The teams of these names.
pub fn list_by_names(conn: &mut TenantConnection, names: &[String]) -> Result<Vec<Uuid>> {
    Ok(teams::table
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .filter(teams::name.eq_any(names))
        .order(teams::id)
        .select(teams::id)
        .load(conn.pg())?)
}

/// Deletes a team.
pub fn delete(conn: &mut TenantConnection, id: Uuid) -> Result<()> {
    set_members(conn, id, &[])?;
    diesel::delete(teams::table)
        .filter(teams::workspace_id.eq(conn.workspace_id()))
        .filter(teams::id.eq(id))
        .execute(conn.pg())?;
    Ok(())
}

/// Whether a lead belongs to the team, a deleted one included.
pub fn has_leads(conn: &mut TenantConnection, id: Uuid) -> Result<bool> {
    let lead: Option<Uuid> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::team_id.eq(id))
        .select(leads::id)
        .first(conn.pg())
        .optional()?;
    Ok(lead.is_some())
}

/// The members of teams, by team, in the order of their ids.
pub fn members(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>> {
    let rows: Vec<(Uuid, Uuid)> = team_members::table
        .filter(team_members::workspace_id.eq(conn.workspace_id()))
        .filter(team_members::team_id.eq_any(ids))
        .order((team_members::team_id, team_members::user_id))
        .select((team_members::team_id, team_members::user_id))
        .load(conn.pg())?;
    let mut members: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (team_id, user_id) in rows {
        members.entry(team_id).or_default().push(user_id);
    }
    Ok(members)
}

/// The teams of users, by user, in the order of their ids.
pub fn of_users(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<TeamName>>> {
    let rows: Vec<(Uuid, Uuid, String)> = team_members::table
        .inner_join(
            teams::table.on(teams::workspace_id
                .eq(team_members::workspace_id)
                .and(teams::id.eq(team_members::team_id))),
        )
        .filter(team_members::workspace_id.eq(conn.workspace_id()))
        .filter(team_members::user_id.eq_any(ids))
        .order((team_members::user_id, team_members::team_id))
        .select((team_members::user_id, teams::id, teams::name))
        .load(conn.pg())?;
    let mut of_users: HashMap<Uuid, Vec<TeamName>> = HashMap::new();
    for (user_id, id, name) in rows {
        of_users
            .entry(user_id)
            .or_default()
            .push(TeamName { id, name });
    }
    Ok(of_users)
}

/// Makes these users the members of a team, and nobody else.
pub fn set_members(conn: &mut TenantConnection, team_id: Uuid, users: &[Uuid]) -> Result<()> {
    let workspace_id = conn.workspace_id();
    diesel::delete(team_members::table)
        .filter(team_members::workspace_id.eq(workspace_id))
        .filter(team_members::team_id.eq(team_id))
        .execute(conn.pg())?;
    let pairs = users.iter().map(|user_id| (team_id, *user_id));
    add(conn, pairs.collect())
}

/// Puts a user into these teams, and no others.
pub fn set_teams(conn: &mut TenantConnection, user_id: Uuid, teams: &[Uuid]) -> Result<()> {
    let workspace_id = conn.workspace_id();
    diesel::delete(team_members::table)
        .filter(team_members::workspace_id.eq(workspace_id))
        .filter(team_members::user_id.eq(user_id))
        .execute(conn.pg())?;
    let pairs = teams.iter().map(|team_id| (*team_id, user_id));
    add(conn, pairs.collect())
}

fn add(conn: &mut TenantConnection, pairs: Vec<(Uuid, Uuid)>) -> Result<()> {
    let workspace_id = conn.workspace_id();
    let rows: Vec<_> = pairs
        .into_iter()
        .map(|(team_id, user_id)| {
            (
                team_members::workspace_id.eq(workspace_id),
                team_members::team_id.eq(team_id),
                team_members::user_id.eq(user_id),
            )
        })
        .collect();
    diesel::insert_into(team_members::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(conn.pg())?;
    Ok(())
}
