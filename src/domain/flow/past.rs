//! Reads the past of a lead: its history, and the lead as it was.

use crate::domain::access::Visibility;
use crate::domain::as_of::{Moment, initial_changes, rewind};
use crate::domain::event::{Cause, EventType};
use crate::domain::flow::reach;
use crate::domain::history::{HistoryEntry, HistoryFilter};
use crate::domain::ids::lower_bound;
use crate::domain::lead::Lead;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{lead_history, leads, submissions};
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// The lead as it was at a moment, to the millisecond; one that was deleted then, as deleted. Of a moment that is still
/// to come, it is the lead as it is.
///
/// Who may know of the lead today may know what it was.
///
/// # Errors
/// [`Error::NotFound`] when there is none, when it was made later, and when the caller may not know of it.
pub fn read_as_of(
    conn: &mut TenantConnection,
    id: Uuid,
    at: DateTime<Utc>,
    visible: &Visibility,
) -> Result<Lead> {
    let lead = leads::get(conn, id)?;
    let lead = reach::seen(conn, lead, visible)?;
    if at < lead.created_at {
        return Err(Error::not_found("lead", id));
    }
    let bound = lower_bound(at + Duration::milliseconds(1));
    let (after, moment) =
        lead_history::find_newest_below(conn, id, bound)?.unwrap_or_else(|| beginning(&lead));
    if moment.version == lead.version {
        return Ok(lead);
    }
    let later = lead_history::list_oldest_changes(conn, id, after, moment.version)?;
    Ok(rewind(&lead, &later, moment))
}

fn beginning(lead: &Lead) -> (Uuid, Moment) {
    let moment = Moment {
        version: 1,
        at: lead.created_at,
    };
    (lead.id, moment)
}

/// Entries of a lead's history, newest first, older than the one with the id `before`; also of a deleted lead.
pub fn list_history(
    conn: &mut TenantConnection,
    id: Uuid,
    filter: &HistoryFilter,
    before: Option<Uuid>,
    limit: i64,
    visible: &Visibility,
) -> Result<Vec<HistoryEntry>> {
    let lead = leads::get(conn, id)?;
    let lead = reach::seen(conn, lead, visible)?;
    let mut entries = lead_history::list(conn, id, filter, before, limit)?;
    let has_room = i64::try_from(entries.len()).is_ok_and(|found| found < limit);
    if has_room && before.is_none_or(|before| id < before) {
        entries.extend(Some(creation(conn, &lead)?).filter(|entry| filter.keeps(entry)));
    }
    Ok(entries)
}

/// How a lead began: what remains of it when everything since is taken back.
pub fn creation(conn: &mut TenantConnection, lead: &Lead) -> Result<HistoryEntry> {
    let (after, moment) = beginning(lead);
    let later = lead_history::list_oldest_changes(conn, lead.id, after, moment.version)?;
    let first = rewind(lead, &later, moment);
    let submission = submissions::find_first_of_lead(conn, lead.id)?;
    Ok(HistoryEntry {
        id: lead.id,
        kind: EventType::LeadCreated,
        occurred_at: lead.created_at,
        version: moment.version,
        cause: submission.as_ref().map(|one| Cause::submission(one.id)),
        origin: submission
            .as_ref()
            .and_then(|one| one.context.origin.clone()),
        actor: submission.map(|one| one.actor),
        decision_id: None,
        changes: initial_changes(&first),
        data: None,
    })
}
