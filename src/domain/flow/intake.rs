//! Intake: nothing that came in is lost (promise P1).
//!
//! Submissions are taken in together. When that fails each is tried alone, so that one fails alone; and what fails alone
//! because of a rule or a bug of ours is kept raw, in quarantine.

use crate::domain::flow::capture::{self, Answers, Incoming, LookUp, Reply};
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::rules::Rules;
use crate::domain::submission::Submission;
use crate::error::{Error, Result};
use crate::store::pool::Db;
use chrono::Utc;
use std::panic::{AssertUnwindSafe, catch_unwind};
use uuid::Uuid;

/// Takes in submissions of one workspace; each has its own result.
pub fn take_in(
    db: &Db,
    workspace_id: Uuid,
    incoming: &[Incoming],
    rules: &Rules,
) -> Vec<Result<Reply>> {
    match attempt(db, workspace_id, incoming, rules, LookUp::Later) {
        Ok(replies) => replies.into_iter().map(Ok).collect(),
        Err(Error::Unavailable(source)) => {
            let reason = source.to_string();
            incoming
                .iter()
                .map(|_| Err(Error::Unavailable(reason.clone().into())))
                .collect()
        }
        Err(_) => incoming
            .iter()
            .map(|one| alone(db, workspace_id, one, rules))
            .collect(),
    }
}

/// Takes in submissions of one workspace, all or none.
pub fn together(
    db: &Db,
    workspace_id: Uuid,
    incoming: &[Incoming],
    rules: &Rules,
) -> Result<Vec<Reply>> {
    attempt(db, workspace_id, incoming, rules, LookUp::First)
}

/// As [`together`]; only the first run of the transaction may leave keys to be looked up later.
fn attempt(
    db: &Db,
    workspace_id: Uuid,
    incoming: &[Incoming],
    rules: &Rules,
    mut look_up: LookUp,
) -> Result<Vec<Reply>> {
    let now = Utc::now();
    let run = || {
        db.in_workspace(workspace_id, |conn| {
            let look_up = std::mem::replace(&mut look_up, LookUp::First);
            capture::capture_many(conn, incoming, rules, look_up, now)
        })
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Error::internal(
            "a panic; its message and place are in the log",
        ))
    })
}

fn alone(db: &Db, workspace_id: Uuid, one: &Incoming, rules: &Rules) -> Result<Reply> {
    let only = |replies: Vec<Reply>| {
        let reply = replies.into_iter().next();
        reply.ok_or_else(|| Error::internal("a capture without a reply"))
    };
    let again = || together(db, workspace_id, std::slice::from_ref(one), rules).and_then(only);
    match again() {
        Err(Error::TooSlow) => Err(Error::Overloaded),
        Err(error @ Error::Internal(_)) => {
            let key = one.idempotency_key.as_ref();
            let submission = one.submission.clone();
            let why = reason(&error);
            match quarantine(db, workspace_id, submission, key, &why, one.answers) {
                // A twin was kept meanwhile: tried again, this one finds its answer.
                Err(Error::Overloaded) => again(),
                done => done,
            }
        }
        done => done,
    }
}

/// Keeps a submission that could not be processed.
pub fn quarantine(
    db: &Db,
    workspace_id: Uuid,
    submission: Submission,
    key: Option<&IdempotencyKey>,
    reason: &str,
    answers: Answers,
) -> Result<Reply> {
    let receipt_id = submission.id;
    let answer = (answers.quarantined)(receipt_id);
    let kept = key.map(|key| (key, &answer));
    db.in_workspace(workspace_id, |conn| {
        capture::quarantine(conn, submission.clone(), reason, kept, Utc::now())
    })?;
    log::error!(
        "Submission {receipt_id} of workspace {workspace_id} went into quarantine; its reason is kept with it."
    );
    Ok(Reply::Quarantined(answer))
}

fn reason(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
