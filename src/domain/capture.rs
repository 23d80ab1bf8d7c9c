//! Capture: a submission becomes a lead, or a touch of the lead that this person already is.
//!
//! Pure: what is known goes in, the decision and what it changes come out. The flow loads and saves.

mod change;
mod create;
mod identify;
mod known;
mod taken;
mod touch;

pub use change::{begin_change, event};
pub use identify::identified;
pub use known::{Holder, Known};
pub use taken::{TakenValue, refused_for};
pub use touch::take_touch;

use crate::domain::decision::Decided;
use crate::domain::event::{Event, EventType, Provenance};
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::ids::Ids;
use crate::domain::lead::Lead;
use crate::domain::lead_fields::LeadFields;
use crate::domain::likeness::{Candidate, Duplicate, attached, judge, ranked};
use crate::domain::normalise::attribution::Attribution;
use crate::domain::rules::Rules;
use crate::domain::stage::StageKind;
use chrono::{DateTime, Utc};
use create::create;
use identify::identify;
use serde_json::{Map, Value, json};
use touch::touch;
use uuid::Uuid;

/// One submission, normalised.
#[derive(Debug, Clone)]
pub struct Capture {
    /// A UUIDv7 of `received_at`.
    pub receipt_id: Uuid,
    /// The id of the lead, if this becomes a new one: a UUIDv7 of `received_at`.
    pub new_lead_id: Uuid,
    /// Our time.
    pub received_at: DateTime<Utc>,
    /// The sender's time to the microsecond, never later than ours.
    pub occurred_at: DateTime<Utc>,
    /// What the person said of themselves.
    pub fields: LeadFields,
    /// Host of the web address, without `www.`.
    pub website_domain: Option<String>,
    /// Values beside the plain fields.
    pub custom: Map<String, Value>,
    /// What was said of budget, authority, need and timing, by criterion.
    pub answers: Map<String, Value>,
    /// Labels.
    pub tags: Vec<String>,
    /// By what the person can be known again, at least one that is not a visitor id; and values that no other lead may
    /// have.
    pub identities: Vec<Identity>,
    /// A value that another lead has refuses it; else that value is left out.
    pub refuses_taken: bool,
    /// Campaign, click ids, referrer, landing page.
    pub attribution: Attribution,
    /// What the person agreed to or refused.
    pub consents: Vec<Consent>,
    /// Which page, list or campaign it came from.
    pub source: Option<String>,
    /// The way it took: `web_form`, `api` …
    pub channel: String,
    /// Made by a test: kept out of counts, and of leads in earnest.
    pub is_test: bool,
    /// What the timeline shows of this touch.
    pub properties: Map<String, Value>,
    /// SHA-256 of what was said under external ids, without times and addresses: equal for a second delivery. What a test said
    /// nobody says in earnest.
    pub content_hash: [u8; 32],
    /// Who becomes accountable, if this becomes a new lead; `None`: nobody yet.
    pub owner_id: Option<Uuid>,
    /// Who sent it and why.
    pub provenance: Provenance,
}

impl Capture {
    /// Whether it is a test that met a lead in earnest, of which it changes nothing.
    pub fn only_tries(&self, lead: &Lead) -> bool {
        self.is_test && !lead.is_test
    }

    /// What a test says under external ids: a lead in earnest remembers nothing of it.
    pub fn tried(&self) -> Option<[u8; 32]> {
        let mut kinds = self.identities.iter().map(|identity| identity.kind);
        let is_told = self.is_test && kinds.any(|kind| kind == IdentityKind::ExternalId);
        is_told.then_some(self.content_hash)
    }

    /// The holder of an identity that this capture brings to a lead: what is said under an external id is remembered.
    pub fn holder(&self, identity: &Identity, lead_id: Uuid) -> Holder {
        let said = identity.kind == IdentityKind::ExternalId;
        Holder {
            lead_id,
            content_hash: said.then_some(self.content_hash),
            submission_id: said.then_some(self.receipt_id),
        }
    }
}

/// A person's answer to being asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// `email`, `phone`, `sms` …
    pub channel: String,
    /// `marketing` …
    pub purpose: String,
    /// Agreed, or refused.
    pub granted: bool,
    /// The exact words that were shown.
    pub text: Option<String>,
}

/// What became of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new lead.
    Created,
    /// A touch of a lead that was known.
    Matched,
    /// The sender's second delivery of the same thing: nothing changed.
    Repeated,
}

/// A capture, decided.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The receipt of the submission; for a second delivery that of the first.
    pub receipt_id: Uuid,
    /// What became of it.
    pub outcome: Outcome,
    /// What the person was known by.
    pub matched_by: Option<IdentityKind>,
    /// The lead afterwards.
    pub lead: Lead,
    /// Leads that may be the same person, the likeliest first, told or not; with a match, those that made it one.
    pub duplicates: Vec<Duplicate>,
    /// Keys of unique fields whose values were left out, since another lead has them.
    pub withheld: Vec<String>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Who got the lead and which clocks run, for a new one.
    pub decided: Decided,
}

impl Captured {
    /// Leads that may be the same person, as far as that is told.
    pub fn told_duplicates(&self) -> impl Iterator<Item = &Duplicate> {
        self.duplicates.iter().filter(|one| one.is_told)
    }
}

/// Decides one capture and takes what it changes into `known`.
pub fn decide(capture: &Capture, known: &mut Known, rules: &Rules, ids: &mut impl Ids) -> Captured {
    let captured = match identify(capture, known, rules) {
        Some((lead_id, kind)) => match repeated(capture, known, lead_id) {
            Some(first) => Captured {
                receipt_id: first,
                outcome: Outcome::Repeated,
                matched_by: Some(kind),
                lead: known.leads[&lead_id].clone(),
                withheld: Vec::new(),
                duplicates: Vec::new(),
                events: Vec::new(),
                decided: Decided::default(),
            },
            None => touch(capture, known, lead_id, Some(kind), rules, ids),
        },
        None => likely(capture, known, rules, ids),
    };
    if let Some(said) = capture.tried() {
        let first = known.tried.entry((captured.lead.id, said));
        first.or_insert(captured.receipt_id);
    }
    captured
}

/// Decides the capture of somebody whom no identity tells: by the leads that are like them, as the workspace wants it.
fn likely(capture: &Capture, known: &mut Known, rules: &Rules, ids: &mut impl Ids) -> Captured {
    let policy = rules.matching.policy_for(capture.source.as_deref());
    let Some((sought, mut near)) = known.likenesses.remove(&capture.receipt_id) else {
        return create(capture, None, known, rules, ids);
    };
    let comparer = rules.knowledge.comparer();
    let of_batch = known.fresh.nearest(&sought, &mut near);
    let judged = of_batch.into_iter().filter_map(|(id, evidence)| {
        let lead = known
            .leads
            .get(&id)
            .filter(|lead| lead.is_test == capture.is_test)?;
        let candidate = Candidate {
            lead_id: id,
            is_customer: lead.stage_kind == StageKind::Converted,
            evidence,
        };
        judge(&comparer, &rules.matching, &sought.evidence, candidate)
    });
    near.like.extend(judged);
    let mut duplicates = ranked(near.like);
    // A lead that could not be held is looked at by people.
    let held = |id: &Uuid| {
        known
            .leads
            .get(id)
            .is_some_and(|lead| lead.deleted_at.is_none())
    };
    if let Some(lead_id) = attached(&duplicates, policy).filter(held) {
        let captured = touch(capture, known, lead_id, None, rules, ids);
        duplicates.truncate(1);
        return Captured {
            duplicates,
            ..captured
        };
    }
    let mut captured = create(capture, Some(sought), known, rules, ids);
    captured.duplicates = duplicates;
    let told: Vec<&Duplicate> = captured.told_duplicates().collect();
    if !told.is_empty() {
        let named = |one: &Duplicate| json!({"lead_id": one.lead_id, "probability": one.probability, "customer": one.is_customer});
        let data = json!({"possible_duplicates": told.into_iter().map(named).collect::<Vec<_>>()});
        let kind = EventType::LeadDuplicateFlagged;
        let mut flagged = event(kind, &mut captured.lead, Vec::new(), ids);
        flagged.data = Some(data);
        captured.events.push(flagged);
        known.leads.insert(captured.lead.id, captured.lead.clone());
    }
    captured
}

/// The first receipt, when the sender delivers for a second time what it said under the same external id.
fn repeated(capture: &Capture, known: &Known, lead_id: Uuid) -> Option<Uuid> {
    let external = capture
        .identities
        .iter()
        .filter(|identity| identity.kind == IdentityKind::ExternalId);
    let held = external
        .filter_map(|identity| known.identities.get(identity))
        .find_map(|holder| {
            let same =
                holder.lead_id == lead_id && holder.content_hash == Some(capture.content_hash);
            if same { holder.submission_id } else { None }
        });
    held.or_else(|| {
        let said = capture.tried()?;
        known.tried.get(&(lead_id, said)).copied()
    })
}
