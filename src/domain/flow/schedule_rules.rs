//! Rule documents that begin to count at a time.

use crate::domain::access::Visibility;
use crate::domain::audit::{Action, Target, Trail};
use crate::domain::event::{Cause, Provenance};
use crate::domain::flow::change_rules;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::rules;
use crate::domain::rule_document::{RuleState, RuleVersion};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{audit_log, rule_documents, workspaces};
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// Lets a version count from a moment on. It is checked now, and again when the moment comes. One that is scheduled already
/// gets the other moment.
///
/// # Errors
/// A moment that has passed, by its pointer; a conflict when it is active, or cannot be used any more.
pub fn schedule(
    conn: &mut TenantConnection,
    id: Uuid,
    at: DateTime<Utc>,
    trail: &Trail,
    by: &OnBehalf,
) -> Result<RuleVersion> {
    workspaces::lock(conn)?;
    let version = rule_documents::get(conn, id)?;
    if at <= by.now {
        let detail = "a moment that is still to come; to let it count now, activate it";
        let wrong = FieldError::new("/at", "in_past", detail);
        return Err(Error::Invalid(vec![wrong]));
    }
    if version.state == RuleState::Active {
        return refuse(version.state);
    }
    let today = rules::load(conn)?;
    change_rules::check_usable(&version, &today)?;
    let at = at.trunc_subsecs(6);
    rule_documents::schedule(conn, id, at, &trail.actor)?;
    let details = json!({"kind": version.document.kind(), "key": version.key, "version": version.version, "activate_at": at});
    let target = Some(Target::new("rule", id));
    audit_log::add(conn, trail, Action::RuleScheduled, target, details, by.now)?;
    rule_documents::get(conn, id)
}

/// Takes back that a version is to count from a moment on.
///
/// # Errors
/// A conflict when it is not scheduled.
pub fn unschedule(
    conn: &mut TenantConnection,
    id: Uuid,
    trail: &Trail,
    by: &OnBehalf,
) -> Result<RuleVersion> {
    workspaces::lock(conn)?;
    let version = rule_documents::get(conn, id)?;
    if version.state != RuleState::Scheduled {
        return refuse(version.state);
    }
    rule_documents::unschedule(conn, id, former_state(&version))?;
    change_rules::note(conn, &version, Action::RuleUnscheduled, trail, by.now)?;
    rule_documents::get(conn, id)
}

fn refuse<T>(state: RuleState) -> Result<T> {
    Err(Conflict::RuleSchedule {
        state: state.as_str(),
    }
    .into())
}

fn former_state(version: &RuleVersion) -> RuleState {
    match version.activated_at {
        Some(_) => RuleState::Retired,
        None => RuleState::Draft,
    }
}

/// Activates a version whose moment has come, on behalf of who scheduled it; the answer is whether it counts now. One that
/// cannot be used any more is what it was before, and the audit log says why.
pub fn activate_due(conn: &mut TenantConnection, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    workspaces::lock(conn)?;
    let version = rule_documents::get(conn, id)?;
    let is_due = version.activate_at.is_some_and(|at| at <= now);
    let Some(actor) = version.scheduled_by.clone().filter(|_| is_due) else {
        return Ok(false);
    };
    let trail = Trail {
        actor: actor.clone(),
        request_id: None,
        client_address: None,
    };
    let by = OnBehalf {
        visible: Visibility::All,
        provenance: Provenance {
            actor,
            cause: Cause::rule(id),
            origin: None,
        },
        rules: Arc::new(rules::load(conn)?),
        now,
    };
    if let Err(error) = change_rules::check_usable(&version, &by.rules) {
        rule_documents::unschedule(conn, id, former_state(&version))?;
        log::warn!("The rule document {id} was to count from now on, and does not: {error}");
        let details = json!({"kind": version.document.kind(), "key": version.key, "version": version.version, "reason": error.to_string()});
        let (action, target) = (Action::RuleActivationFailed, Target::new("rule", id));
        audit_log::add(conn, &trail, action, Some(target), details, now)?;
        return Ok(false);
    }
    change_rules::activate(conn, id, &trail, &by)?;
    Ok(true)
}
