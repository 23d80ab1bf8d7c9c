//! Captures leads of one workspace: identify, merge in, remember, publish.
//!
//! The batch is the primitive: one capture is a batch of one, an import a batch of hundreds, and captures that wait for
//! the same workspace share a transaction.

use crate::domain::access::Visibility;
use crate::domain::activity::{self, Activity};
use crate::domain::capture::{self, Capture, Captured, Holder, Known, Outcome, TakenValue};
use crate::domain::consent::ConsentRecord;
use crate::domain::decision::Decided;
use crate::domain::duplicate_pair::FoundBy;
use crate::domain::flow::decide_lead::Decider;
use crate::domain::flow::find_likenesses;
use crate::domain::idempotency::{Answer, IdempotencyKey};
use crate::domain::identity::Identity;
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::likeness::{Duplicate, Sought, attached};
use crate::domain::match_policy::MatchPolicy;
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::domain::submission::{Submission, SubmissionState};
use crate::error::{Conflict, Error, Result};
use crate::store::failure::LostRace;
use crate::store::pool::TenantConnection;
use crate::store::together::{self, NewRows};
use crate::store::turns_ahead::TurnsLeft;
use crate::store::{
    duplicate_pairs, idempotency_keys, lead_identities, leads, qualification_answers, submissions,
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A submission on its way in.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What it says, normalised.
    pub capture: Capture,
    /// How it came.
    pub submission: Submission,
    /// The key under which its answer is kept.
    pub idempotency_key: Option<IdempotencyKey>,
    /// How it is answered: captures that share a transaction came by different ways.
    pub answers: Answers,
    /// Which leads its sender may know of.
    pub visible: Visibility,
}

impl Incoming {
    /// As sent by a person: what becomes a new lead is theirs, if some leads are kept from them.
    pub fn sent_by(mut self, id: Uuid, visible: &Visibility) -> Incoming {
        if visible.is_restricted() {
            self.capture.owner_id = Some(id);
            self.visible = visible.clone();
        }
        self
    }
}

/// How answers look; the ways in know.
#[derive(Debug, Clone, Copy)]
pub struct Answers {
    /// Of a capture that was taken in.
    pub done: fn(&Captured) -> Answer,
    /// Of a submission that went into quarantine, by its receipt.
    pub quarantined: fn(Uuid) -> Answer,
}

/// What an incoming submission is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// It was taken in.
    Done {
        /// What became of it.
        captured: Box<Captured>,
        /// Its answer.
        answer: Answer,
    },
    /// Its key was known: the first answer again.
    Replayed(Answer),
    /// It could not be processed, and is kept in quarantine.
    Quarantined(Answer),
    /// Its key was used for another request.
    KeyReused,
    /// Another lead has a value that no two may have.
    Taken(TakenValue),
}

/// Whether idempotency keys are looked up before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUp {
    /// They are. What a key was answered before is found.
    First,
    /// They are taken for new, as nearly all are, which saves a round trip. One that is not fails the transaction when
    /// its answer is kept, which is a lost race: run again, with a look first.
    Later,
}

/// Takes in submissions of one workspace, all or none; the replies are in their order. The transaction has nothing else to do
/// than this: others decide by its turns already, and wait for its commit.
///
/// # Errors
/// A conflict when somebody submits a person who is a lead that they may not know of.
pub fn capture_many(
    conn: &mut TenantConnection,
    incoming: &[Incoming],
    rules: &Rules,
    look_up: LookUp,
    now: DateTime<Utc>,
) -> Result<Vec<Reply>> {
    capture_by(Decider::ahead(), conn, incoming, rules, look_up, now)
}

/// As [`capture_many`], of one submission, in a transaction that does more, or that is taken back.
pub fn capture_within(
    conn: &mut TenantConnection,
    incoming: &Incoming,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Reply> {
    let (incoming, look_up) = (std::slice::from_ref(incoming), LookUp::First);
    let replies = capture_by(Decider::default(), conn, incoming, rules, look_up, now)?;
    let reply = replies.into_iter().next();
    reply.ok_or_else(|| Error::internal("a capture without a reply"))
}

fn capture_by(
    mut decider: Decider,
    conn: &mut TenantConnection,
    incoming: &[Incoming],
    rules: &Rules,
    look_up: LookUp,
    now: DateTime<Utc>,
) -> Result<Vec<Reply>> {
    // Load
    let keys: Vec<&IdempotencyKey> = incoming
        .iter()
        .filter_map(|one| one.idempotency_key.as_ref())
        .collect();
    let kept = match look_up {
        LookUp::First => idempotency_keys::find_all(conn, &keys)?,
        LookUp::Later => HashMap::new(),
    };
    let is_new = |one: &&Incoming| {
        !one.idempotency_key
            .as_ref()
            .is_some_and(|key| kept.contains_key(&id_of(key)))
    };
    let new = incoming.iter().filter(is_new).map(|one| &one.capture);
    let (mut known, claims) = load(conn, new, rules, now)?;

    // Decide
    let mut answered: HashMap<(Uuid, String), ([u8; 32], Answer)> = HashMap::new();
    let mut replies = Vec::with_capacity(incoming.len());
    let mut touches = Vec::with_capacity(incoming.len());
    decider.know_scores(conn, known.leads.keys(), rules)?;
    for one in incoming {
        let key = one.idempotency_key.as_ref();
        if let Some(reply) = key.and_then(|key| remembered(key, &kept, &answered)) {
            replies.push(reply);
            continue;
        }
        if let Some(taken) = capture::refused_for(&one.capture, &known, rules) {
            replies.push(Reply::Taken(taken));
            continue;
        }
        let mut captured = capture::decide(&one.capture, &mut known, rules, &mut ProcessIds);
        let touched = touch(&one.capture, &captured);
        decider.take_in(
            conn,
            &one.capture,
            &touched,
            &mut captured,
            &mut known,
            rules,
        )?;
        if captured.outcome != Outcome::Created && !one.visible.shows(&captured.lead) {
            return Err(Conflict::LeadNotVisible.into());
        }
        touches.extend(Some(touched).filter(|_| captured.outcome != Outcome::Repeated));
        let told = told(conn, &captured, &one.visible)?;
        let answer = (one.answers.done)(told.as_ref());
        if let Some(key) = key {
            answered.insert(id_of(key), (key.request_hash, answer.clone()));
        }
        replies.push(Reply::Done {
            captured: Box::new(captured),
            answer,
        });
    }

    // Save
    let mut beside = Beside {
        turns: decider.leave(conn),
        scores: decider.scores(),
        touches,
        ..Beside::default()
    };
    let mut decided = Vec::with_capacity(incoming.len());
    for (one, reply) in incoming.iter().zip(&replies) {
        let Reply::Done { captured, answer } = reply else {
            continue;
        };
        decided.push((&one.capture, captured.as_ref()));
        beside.received.extend(received(one, captured));
        beside
            .answers
            .extend(one.idempotency_key.as_ref().map(|key| (key, answer)));
    }
    save(conn, &decided, &beside, &known, &claims, rules, now)?;
    Ok(replies)
}

/// Takes in one submission that was in quarantine; its receipt stays the same.
///
/// # Errors
/// A conflict when it is no longer in quarantine.
pub fn replay(
    conn: &mut TenantConnection,
    capture: &Capture,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Captured> {
    submissions::lock_quarantined(conn, capture.receipt_id)?;
    let (mut known, claims) = load(conn, [capture], rules, now)?;
    let mut captured = capture::decide(capture, &mut known, rules, &mut ProcessIds);
    let mut decider = Decider::default();
    decider.know_scores(conn, known.leads.keys(), rules)?;
    let touched = touch(capture, &captured);
    decider.take_in(conn, capture, &touched, &mut captured, &mut known, rules)?;
    let decided = [(capture, &captured)];
    let touches = Some(touched).filter(|_| captured.outcome != Outcome::Repeated);
    let beside = Beside {
        turns: decider.leave(conn),
        scores: decider.scores(),
        touches: touches.into_iter().collect(),
        ..Beside::default()
    };
    save(conn, &decided, &beside, &known, &claims, rules, now)?;
    submissions::set_state(
        conn,
        capture.receipt_id,
        SubmissionState::Replayed,
        None,
        Some(captured.lead.id),
    )?;
    Ok(captured)
}

/// Keeps a submission that could not be processed, with the reason; its answer is kept under its key.
pub fn quarantine(
    conn: &mut TenantConnection,
    mut submission: Submission,
    reason: &str,
    kept: Option<(&IdempotencyKey, &Answer)>,
    now: DateTime<Utc>,
) -> Result<()> {
    submission.state = SubmissionState::Quarantined;
    submission.reason = Some(reason.to_owned());
    submissions::insert_all(conn, &[&submission])?;
    idempotency_keys::insert_all(conn, kept.as_slice(), now)
}

fn id_of(key: &IdempotencyKey) -> (Uuid, String) {
    (key.actor_id, key.key.clone())
}

/// The reply to a key that was seen before, in an earlier transaction or in this batch.
fn remembered(
    key: &IdempotencyKey,
    kept: &HashMap<(Uuid, String), idempotency_keys::Kept>,
    answered: &HashMap<(Uuid, String), ([u8; 32], Answer)>,
) -> Option<Reply> {
    let id = id_of(key);
    let (request_hash, answer) = match (kept.get(&id), answered.get(&id)) {
        (Some(kept), _) => (kept.request_hash.as_slice(), &kept.answer),
        (None, Some((hash, answer))) => (hash.as_slice(), answer),
        (None, None) => return None,
    };
    Some(if request_hash == key.request_hash {
        Reply::Replayed(answer.clone())
    } else {
        Reply::KeyReused
    })
}

/// Claims the identities of all, and locks the leads that have them already; of the others, finds leads that are like
/// them, and locks those that they are taken for.
fn load<'a>(
    conn: &mut TenantConnection,
    captures: impl IntoIterator<Item = &'a Capture>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(Known, lead_identities::Claims)> {
    let captures: Vec<&Capture> = captures.into_iter().collect();
    let (mut claims, first) = claim(conn, &captures, rules, now)?;
    let mut ids: Vec<Uuid> = claims.taken.values().map(|holder| holder.lead_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let leads = leads::lock_by_ids(conn, &ids)?;
    lead_identities::confirm(conn, &mut claims, &leads)?;
    let leads = leads.into_iter().map(|lead| (lead.id, lead)).collect();
    let mut known = Known {
        leads,
        identities: claims.taken.clone(),
        workspace_id: conn.workspace_id(),
        ..Known::default()
    };
    let like = look_for_likenesses(conn, &captures, &known, first, rules)?;
    hold_attached(conn, &like, &mut known, rules)?;
    let by_receipt = |(capture, sought, like): Like| (capture.receipt_id, (sought, like));
    known.likenesses = like.into_iter().map(by_receipt).collect();
    Ok((known, claims))
}

/// A capture, what is looked at of it, and leads that may be the person.
type Like<'a> = (&'a Capture, Sought, Vec<Duplicate>);

/// Claims the identities of all. Of a capture that comes alone it is not known yet whether somebody has them, but waiting for
/// that before looking for leads that are like it would take longer than looking.
fn claim<'a>(
    conn: &mut TenantConnection,
    captures: &[&'a Capture],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(lead_identities::Claims, Option<Like<'a>>)> {
    let wanted = wanted(captures.iter().copied());
    if let [only] = captures
        && let Some(sought) = sought_of(only, rules, conn.workspace_id())
    {
        let (claims, like) =
            find_likenesses::claim_and_find(conn, only, &sought, wanted, rules, now)?;
        return Ok((claims, Some((*only, sought, like))));
    }
    Ok((lead_identities::claim(conn, wanted, now)?, None))
}

/// What is looked at of a capture; `None`: its workspace does not ask who is like it, or it says nothing.
fn sought_of(capture: &Capture, rules: &Rules, workspace_id: Uuid) -> Option<Sought> {
    let policy = rules.matching.policy_for(capture.source.as_deref());
    let sought = || Sought::of(capture, &rules.matching, workspace_id);
    let asked = (policy != MatchPolicy::Create).then(sought);
    asked.filter(|sought| !sought.evidence.is_empty())
}

/// Leads that may be who the captures are of, where no identity tells; `first`: what was found with the claims.
fn look_for_likenesses<'a>(
    conn: &mut TenantConnection,
    captures: &[&'a Capture],
    known: &Known,
    first: Option<Like<'a>>,
    rules: &Rules,
) -> Result<Vec<Like<'a>>> {
    let is_nobodys = |capture: &Capture| capture::identified(capture, known, rules).is_none();
    if let Some(first) = first {
        return Ok(Some(first)
            .filter(|one| is_nobodys(one.0))
            .into_iter()
            .collect());
    }
    let workspace_id = conn.workspace_id();
    let nobodys = captures.iter().filter(|capture| is_nobodys(capture));
    let sought: Vec<(&Capture, Sought)> = nobodys
        .filter_map(|capture| Some((*capture, sought_of(capture, rules, workspace_id)?)))
        .collect();
    let asked: Vec<(&Capture, &Sought)> = sought
        .iter()
        .map(|(capture, sought)| (*capture, sought))
        .collect();
    let found = find_likenesses::find(conn, &asked, rules)?;
    let each = sought.into_iter().zip(found);
    Ok(each
        .map(|((capture, sought), like)| (capture, sought, like))
        .collect())
}

/// Locks the leads that captures are taken for by likeness.
fn hold_attached(
    conn: &mut TenantConnection,
    like: &[Like],
    known: &mut Known,
    rules: &Rules,
) -> Result<()> {
    let policy = |capture: &Capture| rules.matching.policy_for(capture.source.as_deref());
    let mut held: Vec<Uuid> = like
        .iter()
        .filter_map(|(capture, _, like)| attached(like, policy(capture)))
        .filter(|id| !known.leads.contains_key(id))
        .collect();
    held.sort_unstable();
    held.dedup();
    for lead in leads::lock_by_ids(conn, &held)? {
        if lead.merged_into.is_some() {
            // It became a part of another since it was found: run again, that one is.
            return Err(Error::internal(LostRace));
        }
        known.leads.insert(lead.id, lead);
    }
    Ok(())
}

/// What became of a capture, as its sender may know it: without leads that are kept from them.
fn told<'a>(
    conn: &mut TenantConnection,
    captured: &'a Captured,
    visible: &Visibility,
) -> Result<Cow<'a, Captured>> {
    if !visible.is_restricted() || captured.duplicates.is_empty() {
        return Ok(Cow::Borrowed(captured));
    }
    let mut told = captured.clone();
    let ids: Vec<Uuid> = told.duplicates.iter().map(|one| one.lead_id).collect();
    let known = leads::visible_among(conn, &ids, visible)?;
    told.duplicates.retain(|one| known.contains(&one.lead_id));
    Ok(Cow::Owned(told))
}

/// Every identity of the batch, for the lead that the first capture with it would become.
fn wanted<'a>(captures: impl IntoIterator<Item = &'a Capture>) -> BTreeMap<Identity, Holder> {
    let mut wanted = BTreeMap::new();
    for capture in captures {
        for identity in &capture.identities {
            wanted
                .entry(identity.clone())
                .or_insert_with(|| capture.holder(identity, capture.new_lead_id));
        }
    }
    wanted
}

/// What comes to the leads' own tables from outside the decisions.
#[derive(Default)]
struct Beside<'a> {
    /// What came in.
    received: Vec<Submission>,
    /// What is answered, under its key.
    answers: Vec<(&'a IdempotencyKey, &'a Answer)>,
    /// What leads are worth.
    scores: Vec<&'a ScoreRecord>,
    /// Touches, as they were decided by.
    touches: Vec<Activity>,
    /// Turns that were taken.
    turns: TurnsLeft,
}

fn save(
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
fn received(one: &Incoming, captured: &Captured) -> Option<Submission> {
    let state = if one.capture.is_test {
        SubmissionState::Test
    } else {
        SubmissionState::Processed
    };
    (captured.outcome != Outcome::Repeated).then(|| Submission {
        state,
        lead_id: Some(captured.lead.id),
        ..one.submission.clone()
    })
}

fn touch(capture: &Capture, captured: &Captured) -> Activity {
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
