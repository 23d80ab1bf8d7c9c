//! A capture of somebody who is a lead already: another touch, and values where the lead had none.

use super::change::{begin_change, consent_changes, event};
use super::identify::is_anothers_email;
use super::known::hold_identities;
use super::{Capture, Captured, Known, Outcome, taken};
use crate::domain::custom_values;
use crate::domain::decision::Decided;
use crate::domain::event::{Change, EventType};
use crate::domain::identity::IdentityKind;
use crate::domain::ids::Ids;
use crate::domain::lead::Lead;
use crate::domain::lead_fields::Field;
use crate::domain::likeness::Sought;
use crate::domain::merge_in;
use crate::domain::normalise::attribution::Attribution;
use crate::domain::rules::Rules;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) fn touch(
    capture: &Capture,
    known: &mut Known,
    lead_id: Uuid,
    kind: Option<IdentityKind>,
    rules: &Rules,
    ids: &mut impl Ids,
) -> Captured {
    let mut lead = known.leads[&lead_id].clone();
    if capture.only_tries(&lead) {
        return Captured {
            receipt_id: capture.receipt_id,
            outcome: Outcome::Matched,
            matched_by: kind,
            lead,
            duplicates: Vec::new(),
            withheld: Vec::new(),
            events: Vec::new(),
            decided: Decided::default(),
        };
    }
    begin_change(&mut lead, capture.received_at);
    let mut events = Vec::new();
    if let Some(deleted_at) = lead.deleted_at.take() {
        let change = Change::new("deleted_at", json!(deleted_at), Value::Null);
        events.push(event(EventType::LeadRestored, &mut lead, vec![change], ids));
    }
    let withheld = if is_anothers_email(capture, known, lead_id) {
        &[Field::email][..]
    } else {
        &[]
    };
    let withheld_keys = taken::withheld(capture, known, Some(lead_id));
    let changes = merge_in::merge_in(&mut lead, capture, withheld, &withheld_keys, rules);
    for identity in custom_values::lost(&known.leads[&lead_id], &lead, rules) {
        known.identities.remove(&identity);
        known.given_up.push((identity, lead_id));
    }
    if !changes.is_empty() {
        events.push(event(EventType::LeadUpdated, &mut lead, changes, ids));
    }
    let mut changes = take_touch(&mut lead, capture.occurred_at, &capture.attribution);
    changes.extend(consent_changes(capture));
    events.push(event(EventType::LeadTouched, &mut lead, changes, ids));
    hold_identities(capture, known, &lead, rules);
    let sought = Sought::of_lead(&lead, &rules.matching, known.workspace_id);
    known.fresh.take(lead_id, sought);
    if let Some(before) = known.leads.insert(lead_id, lead.clone())
        && !known.created.contains(&lead_id)
    {
        known.changed.entry(lead_id).or_insert(before);
    }
    Captured {
        receipt_id: capture.receipt_id,
        outcome: Outcome::Matched,
        matched_by: kind,
        lead,
        duplicates: Vec::new(),
        withheld: withheld_keys,
        events,
        decided: Decided::default(),
    }
}

/// Takes in that something happened with the lead, perhaps through a campaign; the answer says what changed.
pub fn take_touch(
    lead: &mut Lead,
    occurred_at: DateTime<Utc>,
    attribution: &Attribution,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if occurred_at > lead.last_activity_at {
        changes.push(Change::new(
            "last_activity_at",
            json!(lead.last_activity_at),
            json!(occurred_at),
        ));
        lead.last_activity_at = occurred_at;
    }
    if attribution.is_empty() {
        return changes;
    }
    let mut note = |path: &str, held: &mut Attribution| {
        changes.push(Change::new(path, json!(held), json!(attribution)));
        held.clone_from(attribution);
    };
    if lead.first_attribution.is_empty() {
        note("attribution.first", &mut lead.first_attribution);
    }
    if lead.last_attribution != *attribution {
        note("attribution.last", &mut lead.last_attribution);
    }
    changes
}
