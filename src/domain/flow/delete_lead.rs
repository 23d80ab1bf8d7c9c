//! Deletes a lead, and brings it back.

use crate::domain::capture::{begin_change, event};
use crate::domain::event::{Change, EventType};
use crate::domain::flow::bring_back;
use crate::domain::flow::change_lead::check_version;
use crate::domain::flow::clocks;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::reach;
use crate::domain::ids::ProcessIds;
use crate::domain::lead::{Lead, RESTORE_DAYS};
use crate::error::{Conflict, Result};
use crate::store::pool::TenantConnection;
use crate::store::{leads, outbox};
use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

/// Deletes a lead: it is in no list any more, and can be restored for [`RESTORE_DAYS`].
///
/// It keeps its identities: when the person comes again, the lead comes back with them.
pub fn delete_lead(
    conn: &mut TenantConnection,
    id: Uuid,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Lead> {
    let mut lead = reach::lock(conn, id, &by.visible)?;
    check_version(&lead, expected)?;
    let before = lead.clone();
    begin_change(&mut lead, by.now);
    lead.deleted_at = Some(lead.updated_at);
    let change = Change::new("deleted_at", Value::Null, json!(lead.deleted_at));
    let happened = event(
        EventType::LeadDeleted,
        &mut lead,
        vec![change],
        &mut ProcessIds,
    );
    leads::update(conn, &before, &lead, &by.rules)?;
    outbox::add_all(conn, &[(&happened, &by.provenance)])?;
    let reason = "the lead is deleted";
    clocks::cancel(conn, &lead, reason, &by.rules, &by.provenance, by.now)?;
    Ok(lead)
}

/// Brings a deleted lead back, to be answered like a new one.
///
/// # Errors
/// A conflict when it is not deleted, or was deleted more than [`RESTORE_DAYS`] ago.
pub fn restore_lead(conn: &mut TenantConnection, id: Uuid, by: &OnBehalf) -> Result<Lead> {
    let lead = leads::lock(conn, id)?;
    let mut lead = reach::seen(conn, lead, &by.visible)?;
    let Some(deleted_at) = lead.deleted_at else {
        return Err(Conflict::NotDeleted.into());
    };
    if by.now - deleted_at > Duration::days(RESTORE_DAYS) {
        return Err(Conflict::RestoreWindowPassed { days: RESTORE_DAYS }.into());
    }
    let before = lead.clone();
    begin_change(&mut lead, by.now);
    lead.deleted_at = None;
    let change = Change::new("deleted_at", json!(deleted_at), Value::Null);
    let happened = event(
        EventType::LeadRestored,
        &mut lead,
        vec![change],
        &mut ProcessIds,
    );
    leads::update(conn, &before, &lead, &by.rules)?;
    outbox::add_all(conn, &[(&happened, &by.provenance)])?;
    bring_back::bring_back(conn, &before, &mut lead, &by.rules, &by.provenance, by.now)?;
    Ok(lead)
}
