//! Keeps what captures came to: leads, what was said and decided, and the receipt of each.

use crate::domain::activity::{self, Activity};
use crate::domain::capture::{self, Capture, Captured, Holder, Known, Outcome};
use crate::domain::consent::ConsentRecord;
use crate::domain::decision::Decided;
use crate::domain::duplicate_pair::FoundBy;
use crate::domain::flow::capture::Incoming;
use crate::domain::idempotency::{Answer, IdempotencyKey};
use crate::domain::identity::Identity;
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::domain::submission::{Submission, SubmissionState};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::together::{self, NewRows};
use crate::store::turns_ahead::TurnsLeft;
use crate::store::{duplicate_pairs, lead_identities, leads, qualification_answers};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::HashMap;
use uuid::Uuid;

/// What comes to the leads' own tables from outside the decisions.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// What came in.
    pub(super) received: Vec<Submission>,
    /// What is answered, under its key.
    pub(super) answers: Vec<(&'a IdempotencyKey, &'a Answer)>,
    /// What leads are worth.
    pub(super) scores: Vec<&'a ScoreRecord>,
    /// Touches, as they were decided by.
    pub(super) touches: Vec<Activity>,
    /// Turns that were taken.
    pub(super) turns: TurnsLeft,
}

/// Writes what captures have changed and made.
pub(super) fn keep(
    conn: &mut TenantConnection,
    decided: &[(&Capture, &Captured)],
    beside: &Beside,
    known: &Known,
    claims: &lead_identities::Claims,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<()> {
    for (id, before) in &known.changed {
        if let Some(lead) = known.leads.get(id) {
            leads::update(conn, before, lead, rules)?;
        }
    }
    settle_identities(conn, known, claims)?;
    let created = known.created.iter().filter_map(|id| known.leads.get(id));
    let keys_of = |id: &Uuid| (*id, known.fresh.keys_of(*id));
    let keys: Vec<_> = known.created.iter().map(keys_of).collect();
    let is_new = |(_, captured): &&(&Capture, &Captured)| captured.outcome != Outcome::Repeated;
    let taken_in: Vec<&(&Capture, &Captured)> = decided.iter().filter(is_new).collect();
    let consents = taken_in
        .iter()
        .filter(|(capture, captured)| !capture.only_tries(&captured.lead))
        .flat_map(|(capture, captured)| consent_records(capture, captured));
    let events = taken_in.iter().flat_map(|(capture, captured)| {
        let provenance = &capture.provenance;
        captured.events.iter().map(move |event| (event, provenance))
    });
    let new = NewRows {
        leads: &created.collect::<Vec<_>>(),
        keys: &keys,
        submissions: &beside.received.iter().collect::<Vec<_>>(),
        activities: &beside.touches,
        consents: &consents.collect::<Vec<_>>(),
        events: &events.collect::<Vec<_>>(),
        answers: &beside.answers,
        decisions: &decided_of(decided, |one| one.decisions.iter().collect()),
        assignments: &decided_of(decided, |one| one.assignment.iter().collect()),
        clocks: &decided_of(decided, |one| one.clocks.iter().collect()),
        scores: &beside.scores,
        turns: &beside.turns,
    };
    together::write_all(conn, &new, rules, now)?;
    let said = decided
        .iter()
        .flat_map(|(_, captured)| captured.decided.answers.iter().cloned());
    qualification_answers::insert_all(conn, &said.collect::<Vec<_>>())?;
    let flagged = taken_in
        .iter()
        .filter(|(_, captured)| captured.outcome == Outcome::Created)
        .flat_map(|(_, captured)| {
            captured
                .duplicates
                .iter()
                .map(|one| (captured.lead.id, one))
        });
    duplicate_pairs::add_all(conn, flagged, FoundBy::Capture, now)
}

/// Something of what was decided about all of them.
fn decided_of<'a, T>(
    decided: &[(&Capture, &'a Captured)],
    some: impl Fn(&'a Decided) -> Vec<&'a T>,
) -> Vec<&'a T> {
    let each = decided
        .iter()
        .flat_map(|(_, captured)| some(&captured.decided));
    each.collect()
}

/// Identities that ended up elsewhere than they were claimed for, or under which something new was said.
fn settle_identities(
    conn: &mut TenantConnection,
    known: &Known,
    claims: &lead_identities::Claims,
) -> Result<()> {
    let before: HashMap<&Identity, &Holder> = claims.taken.iter().chain(&claims.fresh).collect();
    let moved = known
        .identities
        .iter()
        .filter(|(identity, holder)| before.get(identity) != Some(holder));
    lead_identities::settle(conn, moved)?;
    let nobodys = claims
        .fresh
        .iter()
        .filter(|(identity, _)| !known.identities.contains_key(*identity))
        .map(|(identity, holder)| (identity, holder.lead_id));
    lead_identities::release(conn, nobodys)?;
    let regained = |identity: &Identity, lead_id: Uuid| {
        let holder = known.identities.get(identity);
        holder.is_some_and(|holder| holder.lead_id == lead_id)
    };
    let given_up = known
        .given_up
        .iter()
        .filter(|(identity, lead_id)| !regained(identity, *lead_id))
        .map(|(identity, lead_id)| (identity, *lead_id));
    lead_identities::release(conn, given_up)
}

/// The submission as it is kept; `None` for a second delivery, which leaves no trace.
pub(super) fn received(one: &Incoming, captured: &Captured) -> Option<Submission> {
    let state = if one.capture.is_test {
        SubmissionState::Test
    } else {
        SubmissionState::Processed
    };
    (captured.outcome != Outcome::Repeated).then(|| Submission {
        state,
        lead_id: Some(captured.lead.id),
        said: one.capture.tried(),
        ..one.submission.clone()
    })
}

/// The touch that a capture is.
pub(super) fn touch(capture: &Capture, captured: &Captured) -> Activity {
    let id = ProcessIds.next(capture.received_at);
    Activity {
        id,
        lead_id: captured.lead.id,
        kind: activity::SUBMISSION.to_owned(),
        occurred_at: capture.occurred_at,
        created_at: time_of(id),
        source: capture.source.clone(),
        channel: Some(capture.channel.clone()),
        submission_id: Some(capture.receipt_id),
        actor: capture.provenance.actor.clone(),
        attribution: capture.attribution.clone(),
        properties: properties(capture, captured),
        is_test: capture.is_test,
        direction: None,
        outcome: None,
        duration_seconds: None,
        subject: None,
        body: None,
        version: 1,
    }
}

/// What the timeline shows, with the values that the lead did not get.
fn properties(capture: &Capture, captured: &Captured) -> Map<String, Value> {
    let mut properties = capture.properties.clone();
    let withheld = captured
        .withheld
        .iter()
        .filter_map(|key| Some((key.clone(), capture.custom.get(key)?.clone())));
    let withheld: Map<String, Value> = withheld.collect();
    if !withheld.is_empty() {
        properties.insert("withheld_values".to_owned(), withheld.into());
    }
    properties
}

fn consent_records(capture: &Capture, captured: &Captured) -> Vec<ConsentRecord> {
    let record = |consent: &capture::Consent| {
        let id = ProcessIds.next(capture.received_at);
        ConsentRecord {
            id,
            lead_id: captured.lead.id,
            consent: consent.clone(),
            source: capture.source.clone(),
            submission_id: Some(capture.receipt_id),
            occurred_at: capture.occurred_at,
            created_at: time_of(id),
        }
    };
    capture.consents.iter().map(record).collect()
}
