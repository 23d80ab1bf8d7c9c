//! Says who is accountable for a lead.

use crate::domain::access::Role;
use crate::domain::capture::{begin_change, event};
use crate::domain::event::{Change, EventType};
use crate::domain::flow::change_lead::check_version;
use crate::domain::flow::clocks;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::reach;
use crate::domain::ids::ProcessIds;
use crate::domain::lead::Lead;
use crate::domain::routing::LAST_QUEUE;
use crate::domain::user::UserStatus;
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{leads, outbox, teams, users};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// Who gets a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The user who is accountable; `None`: nobody.
    pub owner_id: Option<Uuid>,
    /// The team it belongs to; `None`: the owner's, if they are in exactly one, else none.
    pub team_id: Option<Uuid>,
    /// Why, in a few words.
    pub reason: Option<String>,
}

/// The assignment with the team that follows from it; refuses one to somebody who can answer no lead.
///
/// # Errors
/// An owner who is not a user of the workspace or is disabled, and a team that is not there, by their pointers.
pub fn check(conn: &mut TenantConnection, to: &Assignment) -> Result<Assignment> {
    let mut errors = Vec::new();
    if let Some(owner_id) = to.owner_id {
        match users::find(conn, owner_id)?.map(|user| (user.status, user.role)) {
            Some((UserStatus::Active | UserStatus::Invited, Role::Readonly)) => {
                errors.push(FieldError::new(
                    "/owner_id",
                    "readonly_user",
                    "this user may only read and answers no leads: name another, or give them a role that does",
                ));
            }
            Some((UserStatus::Active | UserStatus::Invited, _)) => {}
            Some((UserStatus::Disabled, _)) => errors.push(FieldError::new(
                "/owner_id",
                "disabled_user",
                "this user is disabled and answers no leads: name another, or enable them",
            )),
            None => errors.push(FieldError::new(
                "/owner_id",
                "unknown_user",
                "the workspace has no such user; GET /v1/users lists those it has",
            )),
        }
    }
    if let Some(team_id) = to.team_id
        && teams::known(conn, &[team_id])?.is_empty()
    {
        let detail = "the workspace has no such team; GET /v1/teams lists those it has";
        errors.push(FieldError::new("/team_id", "unknown_team", detail));
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let mut checked = to.clone();
    if let (Some(owner_id), None) = (to.owner_id, to.team_id) {
        let mut teams = teams::of_users(conn, &[owner_id])?;
        if let Some([only]) = teams.remove(&owner_id).as_deref() {
            checked.team_id = Some(only.id);
        }
    }
    Ok(checked)
}

/// Gives a lead to a user, to a team, to both, or to nobody. What nobody owns waits in a queue (promise P3). One who has it already
/// keeps it, without an event.
///
/// # Errors
/// [`Error::VersionMismatch`] when `expected` does not hold; an assignment that [`check`] refuses.
pub fn assign(
    conn: &mut TenantConnection,
    id: Uuid,
    to: &Assignment,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Lead> {
    let mut lead = reach::lock(conn, id, &by.visible)?;
    check_version(&lead, expected)?;
    let to = &check(conn, to)?;
    let queue = match (to.owner_id, &lead.queue) {
        (Some(_), _) => None,
        (None, None) if lead.is_open() => Some(LAST_QUEUE.to_owned()),
        (None, waits_in) => waits_in.clone(),
    };
    let mut changes = Vec::new();
    if lead.owner_id != to.owner_id {
        changes.push(Change::new(
            "owner_id",
            json!(lead.owner_id),
            json!(to.owner_id),
        ));
    }
    if lead.team_id != to.team_id {
        changes.push(Change::new(
            "team_id",
            json!(lead.team_id),
            json!(to.team_id),
        ));
    }
    if lead.queue != queue {
        changes.push(Change::new("queue", json!(lead.queue), json!(queue)));
    }
    if changes.is_empty() {
        return Ok(lead);
    }
    let before = lead.clone();
    begin_change(&mut lead, by.now);
    (lead.owner_id, lead.team_id, lead.queue) = (to.owner_id, to.team_id, queue);
    let mut happened = event(EventType::LeadAssigned, &mut lead, changes, &mut ProcessIds);
    happened.data = to.reason.as_ref().map(|reason| json!({ "reason": reason }));
    leads::update(conn, &before, &lead, &by.rules)?;
    outbox::add_all(conn, &[(&happened, &by.provenance)])?;
    if lead.owner_id != before.owner_id {
        clocks::end_offers(conn, &lead, &by.rules, &by.provenance, by.now)?;
        clocks::hand_over(conn, &lead, to.reason.as_deref(), &by.rules, by.now)?;
    }
    clocks::follow_owner(conn, &lead, &by.rules, &by.provenance, by.now)?;
    Ok(lead)
}
