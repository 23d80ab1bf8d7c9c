//! Changes of leads: how one begins, and the events that tell of it.

use super::{Capture, Consent};
use crate::domain::event::{Change, Event, EventType};
use crate::domain::ids::{Ids, time_of};
use crate::domain::lead::Lead;
use chrono::{DateTime, Duration, SubsecRound, Utc};
use serde_json::Value;

/// Starts a change of a lead: the next version, at a moment later than the last change, so that the ids of a lead's events
/// grow even where the clocks of two servers differ.
pub fn begin_change(lead: &mut Lead, now: DateTime<Utc>) {
    lead.version += 1;
    lead.updated_at = now
        .max(lead.updated_at + Duration::milliseconds(1))
        .trunc_subsecs(3);
}

/// An event of the change that was begun; the lead's `updated_at` becomes the moment of the event's id.
pub fn event(kind: EventType, lead: &mut Lead, changes: Vec<Change>, ids: &mut impl Ids) -> Event {
    let id = ids.next(lead.updated_at);
    lead.updated_at = time_of(id);
    Event {
        id,
        kind,
        lead_id: lead.id,
        version: lead.version,
        occurred_at: lead.updated_at,
        changes,
        data: None,
    }
}

pub(super) fn consent_changes(capture: &Capture) -> Vec<Change> {
    let path = |consent: &Consent| format!("consents.{}.{}", consent.channel, consent.purpose);
    capture
        .consents
        .iter()
        .map(|consent| Change::new(path(consent), Value::Null, consent.granted.into()))
        .collect()
}
