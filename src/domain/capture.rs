//! Capture: a submission becomes a lead, or a touch of the lead that this person already is.
//!
//! Pure: what is known goes in, the decision and what it changes come out. The flow loads and saves.

use crate::domain::custom_values;
use crate::domain::decision::Decided;
use crate::domain::dedupe::PersonName;
use crate::domain::event::{Change, Event, EventType, Provenance};
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::ids::{Ids, time_of};
use crate::domain::lead::Lead;
use crate::domain::lead_fields::{Field, LeadFields};
use crate::domain::likeness::{Candidate, Duplicate, Fresh, Near, Sought, attached, judge, ranked};
use crate::domain::merge_in;
use crate::domain::normalise::attribution::Attribution;
use crate::domain::rules::Rules;
use crate::domain::stage::StageKind;
use crate::error::{Conflict, Error};
use chrono::{DateTime, Duration, SubsecRound, Utc};
use serde_json::{Map, Value, json};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
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

/// Whose an identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The lead it belongs to.
    pub lead_id: Uuid,
    /// What the sender last said under it.
    pub content_hash: Option<[u8; 32]>,
    /// The receipt of that.
    pub submission_id: Option<Uuid>,
}

/// What is known of the people in a batch, before it and, as decisions are taken, after each of its captures.
#[derive(Debug, Default)]
pub struct Known {
    /// Leads that the identities lead to, and those that the batch creates.
    pub leads: HashMap<Uuid, Lead>,
    /// Identities that belong to a lead.
    pub identities: HashMap<Identity, Holder>,
    /// Ids of leads that the batch creates.
    pub created: Vec<Uuid>,
    /// Leads that were there before and changed, as they were before.
    pub changed: BTreeMap<Uuid, Lead>,
    /// First receipts of what tests said, by the lead and what was said.
    pub tried: HashMap<(Uuid, [u8; 32]), Uuid>,
    /// Values that no other lead may have, and that a lead does not have any more.
    pub given_up: Vec<(Identity, Uuid)>,
    /// What is looked at of captures of somebody who is not known by an identity, and the leads that are near them, by
    /// the captures' receipts.
    pub likenesses: HashMap<Uuid, (Sought, Near)>,
    /// Leads that the batch creates or changes, to be like the captures that come behind them.
    pub fresh: Fresh,
    /// Whose leads they are.
    pub workspace_id: Uuid,
}

/// A value that no two leads may have, and that another lead has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenValue {
    /// The key of the field.
    pub key: String,
    /// The other lead.
    pub lead_id: Uuid,
}

impl From<TakenValue> for Error {
    fn from(taken: TakenValue) -> Error {
        let TakenValue { key, lead_id } = taken;
        Conflict::ValueTaken { key, lead_id }.into()
    }
}

/// The first value that refuses the capture, since another lead has it than the one this person is.
pub fn refused_for(capture: &Capture, known: &Known, rules: &Rules) -> Option<TakenValue> {
    if !capture.refuses_taken {
        return None;
    }
    let own = identify(capture, known, rules).map(|(lead_id, _)| lead_id);
    anothers_values(capture, known, own).next()
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

/// The lead that an identity says a capture is of.
pub fn identified(capture: &Capture, known: &Known, rules: &Rules) -> Option<Uuid> {
    identify(capture, known, rules).map(|(lead_id, _)| lead_id)
}

/// The lead this person already is, and what told so: the first identity, in the workspace's order, that belongs to a lead
/// and does not contradict.
///
/// A phone number contradicts when both sides have a mail address and they differ, or an extension, or given names that
/// differ altogether: colleagues share switchboards, families share phones.
fn identify(capture: &Capture, known: &Known, rules: &Rules) -> Option<(Uuid, IdentityKind)> {
    rules
        .identity_order
        .iter()
        .filter(|kind| **kind != IdentityKind::VisitorId)
        .find_map(|kind| {
            let of_kind = capture
                .identities
                .iter()
                .filter(|identity| identity.kind == *kind)
                .filter(|identity| {
                    *kind != IdentityKind::CustomField || custom_values::identifies(identity, rules)
                });
            of_kind
                .filter_map(|identity| known.identities.get(identity))
                .filter_map(|holder| known.leads.get(&holder.lead_id))
                .find(|lead| *kind != IdentityKind::Phone || !shares_a_phone(capture, known, lead))
                .map(|lead| (lead.id, *kind))
        })
}

/// Whether a lead that has the phone number of a capture is somebody else.
fn shares_a_phone(capture: &Capture, known: &Known, lead: &Lead) -> bool {
    let (one, other) = (&capture.fields, &lead.fields);
    let has_other_email =
        one.email.is_some() && other.email.is_some() && !shares_email(capture, known, lead);
    let has_other_extension = one.phone == other.phone
        && one.phone_extension.is_some()
        && other.phone_extension.is_some()
        && one.phone_extension != other.phone_extension;
    let name = |fields: &LeadFields| {
        PersonName::of(fields.first_name.as_deref(), fields.last_name.as_deref())
    };
    has_other_email || has_other_extension || name(one).is_anothers(&name(other))
}

fn shares_email(capture: &Capture, known: &Known, lead: &Lead) -> bool {
    capture
        .identities
        .iter()
        .filter(|identity| identity.kind == IdentityKind::Email)
        .any(|identity| {
            known
                .identities
                .get(identity)
                .is_some_and(|holder| holder.lead_id == lead.id)
        })
}

/// Whether the capture's mail address belongs to another lead than the one it was matched with, by an external id or a
/// number: two leads never have one address.
fn is_anothers_email(capture: &Capture, known: &Known, lead_id: Uuid) -> bool {
    capture
        .identities
        .iter()
        .filter(|identity| identity.kind == IdentityKind::Email)
        .filter_map(|identity| known.identities.get(identity))
        .any(|holder| holder.lead_id != lead_id)
}

/// The capture's values of unique fields that another lead has than this one.
fn anothers_values<'a>(
    capture: &'a Capture,
    known: &'a Known,
    own: Option<Uuid>,
) -> impl Iterator<Item = TakenValue> + 'a {
    let exclusive = capture
        .identities
        .iter()
        .filter(|identity| identity.kind == IdentityKind::CustomField);
    exclusive.filter_map(move |identity| {
        let lead_id = known.identities.get(identity)?.lead_id;
        let (key, _) = identity.value.split_once(':')?;
        (Some(lead_id) != own).then(|| TakenValue {
            key: key.to_owned(),
            lead_id,
        })
    })
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

/// A new lead. What was looked at of the capture is that of the lead, too, unless a value that is compared stayed behind.
fn create(
    capture: &Capture,
    sought: Option<Sought>,
    known: &mut Known,
    rules: &Rules,
    ids: &mut impl Ids,
) -> Captured {
    let id = capture.new_lead_id;
    let created_at = time_of(id);
    let withheld = withheld(capture, known, None);
    let mut custom = capture.custom.clone();
    withheld.iter().for_each(|key| {
        custom.shift_remove(key);
    });
    custom_values::fill_up(&mut custom, rules);
    let mut lead = Lead {
        id,
        fields: capture.fields.clone(),
        website_domain: capture.website_domain.clone(),
        custom,
        tags: capture.tags.clone(),
        source: capture.source.clone(),
        channel: capture.channel.clone(),
        stage: rules.pipeline.first().to_owned(),
        stage_kind: StageKind::New,
        stage_changed_at: created_at,
        disqualify_reason: None,
        revisit_at: None,
        owner_id: capture.owner_id,
        team_id: None,
        first_attribution: capture.attribution.clone(),
        last_attribution: capture.attribution.clone(),
        is_test: capture.is_test,
        version: 1,
        captured_at: capture.occurred_at.min(created_at),
        created_at,
        updated_at: created_at,
        last_activity_at: capture.occurred_at,
        deleted_at: None,
        merged_into: None,
        queue: None,
        verdict: None,
        score: None,
    };
    let changes = initial_changes(capture, &lead.custom, rules.pipeline.first());
    let event = event(EventType::LeadCreated, &mut lead, changes, ids);
    hold_identities(capture, known, &lead, rules);
    known.created.push(id);
    known.leads.insert(id, lead.clone());
    let compared = |key: &String| lead.custom.get(key) == capture.custom.get(key);
    let is_the_same = rules.matching.evidence.iter().all(|(key, _)| compared(key));
    let of_lead = || Sought::of_lead(&lead, &rules.matching, known.workspace_id);
    let sought = sought.filter(|_| is_the_same).unwrap_or_else(of_lead);
    known.fresh.make(id, sought);
    Captured {
        receipt_id: capture.receipt_id,
        outcome: Outcome::Created,
        matched_by: None,
        lead,
        duplicates: Vec::new(),
        withheld,
        events: vec![event],
        decided: Decided::default(),
    }
}

fn touch(
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
    let withheld_keys = self::withheld(capture, known, Some(lead_id));
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

fn withheld(capture: &Capture, known: &Known, own: Option<Uuid>) -> Vec<String> {
    anothers_values(capture, known, own)
        .map(|taken| taken.key)
        .collect()
}

/// The identities that nobody holds become this lead's; of the values that no other lead may have those it has now.
fn hold_identities(capture: &Capture, known: &mut Known, lead: &Lead, rules: &Rules) {
    let lead_id = lead.id;
    for identity in &capture.identities {
        if identity.kind == IdentityKind::CustomField
            && !custom_values::holds(lead, identity, rules)
        {
            continue;
        }
        let own = capture.holder(identity, lead_id);
        match known.identities.entry(identity.clone()) {
            Entry::Occupied(mut held)
                if held.get().lead_id == lead_id && identity.kind == IdentityKind::ExternalId =>
            {
                held.insert(own);
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => {
                free.insert(own);
            }
        }
    }
}

fn initial_changes(capture: &Capture, custom: &Map<String, Value>, stage: &str) -> Vec<Change> {
    let fields = Field::ALL
        .iter()
        .filter(|field| capture.fields.has(**field));
    let mut changes: Vec<Change> = fields
        .map(|field| Change::new(field.name(), Value::Null, capture.fields.value(*field)))
        .collect();
    changes.extend(
        custom
            .iter()
            .map(|(key, value)| Change::new(format!("custom.{key}"), Value::Null, value.clone())),
    );
    if !capture.tags.is_empty() {
        changes.push(Change::new(
            "tags",
            Value::Array(Vec::new()),
            capture.tags.clone().into(),
        ));
    }
    if let Some(source) = &capture.source {
        changes.push(Change::new("source", Value::Null, source.clone().into()));
    }
    changes.push(Change::new("stage", Value::Null, stage.into()));
    if let Some(owner_id) = capture.owner_id {
        let owner_id = serde_json::json!(owner_id);
        changes.push(Change::new("owner_id", Value::Null, owner_id));
    }
    changes.extend(consent_changes(capture));
    changes
}

fn consent_changes(capture: &Capture) -> Vec<Change> {
    let path = |consent: &Consent| format!("consents.{}.{}", consent.channel, consent.purpose);
    capture
        .consents
        .iter()
        .map(|consent| Change::new(path(consent), Value::Null, consent.granted.into()))
        .collect()
}
