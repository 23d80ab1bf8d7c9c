//! Captures leads of one workspace: identify, merge in, remember, publish.
//!
//! The batch is the primitive: one capture is a batch of one, an import a batch of hundreds, and captures that wait for
//! the same workspace share a transaction.

use crate::domain::access::Visibility;
use crate::domain::capture::{self, Capture, Captured, Outcome, TakenValue};
use crate::domain::flow::decide_lead::Decider;
use crate::domain::flow::keep_captures::{Beside, keep, received, touch};
use crate::domain::flow::recognise::recognise;
use crate::domain::idempotency::{Answer, IdempotencyKey};
use crate::domain::ids::ProcessIds;
use crate::domain::rules::Rules;
use crate::domain::submission::{Submission, SubmissionState};
use crate::error::{Conflict, Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{idempotency_keys, leads, submissions};
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::collections::HashMap;
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
    let (mut known, claims) = recognise(conn, new, rules, now)?;

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
    keep(conn, &decided, &beside, &known, &claims, rules, now)?;
    decider.end_clocks(conn, &known, rules)?;
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
    let (mut known, claims) = recognise(conn, [capture], rules, now)?;
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
    keep(conn, &decided, &beside, &known, &claims, rules, now)?;
    decider.end_clocks(conn, &known, rules)?;
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
