//! Makes, changes and deletes teams.

use crate::domain::audit::{Action, Target, Trail};
use crate::domain::flow::{keep_rules, recompute_clocks};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::user::Team;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{audit_log, teams, users, workspaces};
use chrono::{DateTime, Utc};
use serde_json::{Map, json};
use uuid::Uuid;

/// What is to change. What is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamPatch {
    /// Name.
    pub name: Option<String>,
    /// All members.
    pub member_ids: Option<Vec<Uuid>>,
    /// IANA name of the zone in which it works; `Some(None)`: it is not known.
    pub timezone: Option<Option<String>>,
}

/// A team that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTeam {
    /// Name.
    pub name: String,
    /// All members.
    pub member_ids: Vec<Uuid>,
    /// IANA name of the zone in which it works.
    pub timezone: Option<String>,
}

/// Makes a team.
///
/// # Errors
/// A conflict when another team has the name.
pub fn create(
    conn: &mut TenantConnection,
    new: &NewTeam,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<Team> {
    check_members(conn, &new.member_ids)?;
    let id = ProcessIds.next(now);
    let team = Team {
        id,
        name: new.name.clone(),
        version: 1,
        created_at: time_of(id),
        updated_at: time_of(id),
        timezone: new.timezone.clone(),
    };
    teams::insert(conn, &team)?;
    teams::set_members(conn, id, &new.member_ids)?;
    let target = Target::new("team", id);
    let details = json!({ "member_ids": new.member_ids });
    audit_log::add(conn, trail, Action::TeamCreated, Some(target), details, now)?;
    Ok(team)
}

/// Changes a team. Its members see and lose leads with it.
///
/// # Errors
/// [`Error::VersionMismatch`] when `expected` does not hold; a conflict when another team has the name.
pub fn change(
    conn: &mut TenantConnection,
    id: Uuid,
    patch: &TeamPatch,
    expected: Option<i64>,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<Team> {
    let mut team = teams::lock(conn, id)?;
    if let Some(expected) = expected.filter(|expected| *expected != team.version) {
        return Err(Error::VersionMismatch {
            what: "team",
            expected: expected.to_string(),
            current: team.version,
        });
    }
    let mut details = Map::new();
    if let Some(name) = patch.name.as_ref().filter(|name| **name != team.name) {
        team.name.clone_from(name);
        details.insert("name".into(), json!("changed"));
    }
    let timezone = patch.timezone.as_ref();
    if let Some(timezone) = timezone.filter(|timezone| **timezone != team.timezone) {
        team.timezone.clone_from(timezone);
        recompute_clocks::follow_zone(conn, id, now)?;
        details.insert("timezone".into(), json!("changed"));
    }
    if let Some(wanted) = &patch.member_ids {
        let mut wanted = wanted.clone();
        wanted.sort_unstable();
        wanted.dedup();
        let members = teams::members(conn, &[id])?.remove(&id).unwrap_or_default();
        if wanted != members {
            check_members(conn, &wanted)?;
            teams::set_members(conn, id, &wanted)?;
            details.insert("member_ids".into(), json!(wanted));
        }
    }
    if details.is_empty() {
        return Ok(team);
    }
    team.version += 1;
    team.updated_at = now;
    teams::update(conn, &team)?;
    let target = Target::new("team", id);
    audit_log::add(
        conn,
        trail,
        Action::TeamChanged,
        Some(target),
        details.into(),
        now,
    )?;
    Ok(team)
}

/// Deletes a team.
///
/// # Errors
/// A conflict when leads belong to it, or the condition of an active rule document names it.
pub fn delete(
    conn: &mut TenantConnection,
    id: Uuid,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<()> {
    // No rule document begins to count meanwhile.
    workspaces::lock(conn)?;
    teams::lock(conn, id)?;
    if teams::has_leads(conn, id)? {
        return Err(Conflict::TeamInUse.into());
    }
    keep_rules::keep_compared(conn, "team_id", |named| {
        Uuid::try_parse(named).is_ok_and(|named| named == id)
    })?;
    teams::delete(conn, id)?;
    let target = Target::new("team", id);
    audit_log::add(
        conn,
        trail,
        Action::TeamDeleted,
        Some(target),
        json!({}),
        now,
    )
}

fn check_members(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<()> {
    let known = users::known(conn, ids)?;
    let unknown = |(at, id): (usize, &Uuid)| {
        (!known.contains(id)).then(|| {
            FieldError::new(
                format!("/member_ids/{at}"),
                "unknown_user",
                "the workspace has no such user",
            )
        })
    };
    let errors: Vec<FieldError> = ids.iter().enumerate().filter_map(unknown).collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}
