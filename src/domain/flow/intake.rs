//! Intake: nothing that came in is lost (promise P1).
//!
//! Submissions are taken in together. When that fails each is tried alone, so that one fails alone; and what fails alone
//! because of a rule or a bug of ours is kept raw, in quarantine.

use crate::domain::capture::Captured;
use crate::domain::flow::capture::{self, Incoming, Reply};
use crate::domain::idempotency::{Answer, IdempotencyKey};
use crate::domain::submission::Submission;
use crate::domain::workspace::WorkspaceSettings;
use crate::error::{Error, Result};
use crate::store::failure;
use crate::store::pool::Db;
use chrono::Utc;
use std::panic::{AssertUnwindSafe, catch_unwind};
use uuid::Uuid;

/// How answers look; the ways in know.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Of a capture that was taken in.
    pub done: fn(&Captured) -> Answer,
    /// Of a submission that went into quarantine, by its receipt.
    pub quarantined: fn(Uuid) -> Answer,
}

/// How often one submission is tried when it loses against another.
const TRIES: usize = 4;

/// Takes in submissions of one workspace; each has its own result.
pub fn take_in(
    db: &Db,
    workspace_id: Uuid,
    incoming: &[Incoming],
    settings: &WorkspaceSettings,
    answers: Answers,
) -> Vec<Result<Reply>> {
    match together(db, workspace_id, incoming, settings, answers) {
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
            .map(|one| alone(db, workspace_id, one, settings, answers))
            .collect(),
    }
}

/// Takes in submissions of one workspace, all or none.
pub fn together(
    db: &Db,
    workspace_id: Uuid,
    incoming: &[Incoming],
    settings: &WorkspaceSettings,
    answers: Answers,
) -> Result<Vec<Reply>> {
    let now = Utc::now();
    let run = || {
        db.in_workspace(workspace_id, |conn| {
            capture::capture_many(conn, incoming, settings, now, &answers.done)
        })
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Error::internal(
            "a panic; its message and place are in the log",
        ))
    })
}

/// Takes in submissions of one workspace, all or none; tried again when they lose against others.
pub fn all_or_none(
    db: &Db,
    workspace_id: Uuid,
    incoming: &[Incoming],
    settings: &WorkspaceSettings,
    answers: Answers,
) -> Result<Vec<Reply>> {
    for _ in 1..TRIES {
        match together(db, workspace_id, incoming, settings, answers) {
            Err(error) if failure::lost_a_race(&error) => {}
            done => return done,
        }
    }
    together(db, workspace_id, incoming, settings, answers)
}

fn alone(
    db: &Db,
    workspace_id: Uuid,
    one: &Incoming,
    settings: &WorkspaceSettings,
    answers: Answers,
) -> Result<Reply> {
    for _ in 0..TRIES {
        match together(
            db,
            workspace_id,
            std::slice::from_ref(one),
            settings,
            answers,
        ) {
            Ok(mut replies) => {
                return replies
                    .pop()
                    .ok_or_else(|| Error::internal("a capture without a reply"));
            }
            Err(Error::TooSlow) => return Err(Error::Overloaded),
            Err(error @ Error::Unavailable(_)) => return Err(error),
            Err(error) if failure::lost_a_race(&error) => {}
            Err(error) => {
                let key = one.idempotency_key.as_ref();
                let kept = quarantine(
                    db,
                    workspace_id,
                    one.submission.clone(),
                    key,
                    &reason(&error),
                    answers,
                );
                match kept {
                    // A twin was kept meanwhile: tried again, this one finds its answer.
                    Err(error) if failure::lost_a_race(&error) => {}
                    done => return done,
                }
            }
        }
    }
    Err(Error::Overloaded)
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
        capture::quarantine(conn, submission, reason, kept, Utc::now())
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
