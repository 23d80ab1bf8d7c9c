//! Says who is accountable for a lead.

use crate::domain::capture::{begin_change, event};
use crate::domain::event::{Change, EventType};
use crate::domain::flow::change_lead::check_version;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::reach;
use crate::domain::ids::ProcessIds;
use crate::domain::lead::Lead;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{leads, outbox};
use serde_json::json;
use uuid::Uuid;

/// Who gets a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The user who is accountable; `None`: nobody.
    pub owner_id: Option<Uuid>,
    /// The team it belongs to; `None`: none.
    pub team_id: Option<Uuid>,
    /// Why, in a few words.
    pub reason: Option<String>,
}

/// Gives a lead to a user, to a team, to both, or to nobody. One who has it already keeps it, without an event.
///
/// # Errors
/// [`Error::VersionMismatch`](crate::error::Error::VersionMismatch) when `expected` does not hold.
pub fn assign(
    conn: &mut TenantConnection,
    id: Uuid,
    to: &Assignment,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Lead> {
    let mut lead = reach::lock(conn, id, &by.visible)?;
    check_version(&lead, expected)?;
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
    if changes.is_empty() {
        return Ok(lead);
    }
    let before = lead.clone();
    begin_change(&mut lead, by.now);
    (lead.owner_id, lead.team_id) = (to.owner_id, to.team_id);
    let mut happened = event(EventType::LeadAssigned, &mut lead, changes, &mut ProcessIds);
    happened.data = to.reason.as_ref().map(|reason| json!({ "reason": reason }));
    leads::update(conn, &before, &lead, &by.rules)?;
    outbox::add_all(conn, &[(&happened, &by.provenance)])?;
    Ok(lead)
}
