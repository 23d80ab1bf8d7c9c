//! Submissions put into normal form, before anything is looked up; a fault of ours on the way is caught.

use super::{ANSWERS, Received};
use crate::api::auth::Caller;
use crate::domain::access::Visibility;
use crate::domain::capture::Capture;
use crate::domain::capture_draft::{self, CaptureDraft, Manner, Surroundings};
use crate::domain::event::{Actor, Cause, Provenance};
use crate::domain::flow::capture::Incoming;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::rules::Rules;
use crate::domain::submission::{Submission, SubmissionState};
use crate::error::{Error, FieldError, Result};
use chrono::{DateTime, Utc};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use uuid::Uuid;

/// What became of preparing a submission.
pub enum Prepared {
    /// It can be captured.
    Ready(Box<Incoming>),
    /// Its fields are wrong.
    Refused(Vec<FieldError>),
    /// A fault of ours kept it from being put into normal form.
    Broken(Box<Broken>),
}

/// A submission that a fault of ours kept from being put into normal form.
pub struct Broken {
    pub(super) submission: Submission,
    pub(super) idempotency_key: Option<IdempotencyKey>,
}

/// Who sends a submission, and by which rules it is taken in.
pub struct Sender {
    /// Who it is.
    pub actor: Actor,
    /// The form, for a form's post.
    pub form_id: Option<Uuid>,
    /// Region of phone numbers that do not say theirs.
    pub default_country: Option<String>,
    /// The workspace's rules.
    pub rules: Arc<Rules>,
}

/// Puts a submission into normal form, with a receipt of now.
pub fn prepare(
    draft: CaptureDraft,
    received: Received,
    sender: Sender,
    manner: Manner,
) -> Prepared {
    let receipt_id = ProcessIds.next(Utc::now());
    prepare_at(
        (receipt_id, time_of(receipt_id)),
        draft,
        received,
        sender,
        manner,
    )
}

/// As [`prepare`], on behalf of who calls.
pub fn prepare_as(
    draft: CaptureDraft,
    received: Received,
    caller: &Caller,
    manner: Manner,
) -> Prepared {
    let sender = Sender {
        actor: caller.actor(),
        form_id: None,
        default_country: caller.rules.default_country.clone(),
        rules: caller.rules.clone(),
    };
    prepare(draft, received, sender, manner)
}

/// A submission in normal form, for a transaction of the caller's own.
pub fn incoming(
    draft: CaptureDraft,
    received: Received,
    caller: &Caller,
    manner: Manner,
) -> Result<Incoming> {
    match prepare_as(draft, received, caller, manner) {
        Prepared::Ready(incoming) => Ok(incoming.sent_by(caller.id, &caller.visible)),
        Prepared::Refused(errors) => Err(Error::Invalid(errors)),
        Prepared::Broken(_) => Err(Error::internal(
            "a panic while a submission was put into normal form",
        )),
    }
}

/// A draft in normal form, of which nothing is kept.
///
/// # Errors
/// Every field that is wrong, by its pointer.
pub fn prepare_draft(draft: CaptureDraft, caller: &Caller) -> Result<Capture> {
    Ok(incoming(draft, Received::nothing(), caller, Manner::Question)?.capture)
}

pub(super) fn prepare_at(
    (receipt_id, received_at): (Uuid, DateTime<Utc>),
    draft: CaptureDraft,
    received: Received,
    sender: Sender,
    manner: Manner,
) -> Prepared {
    let idempotency_key = received.idempotency_key;
    let submission = Submission {
        id: receipt_id,
        received_at,
        state: SubmissionState::Processed,
        reason: None,
        door: received.door,
        form_id: sender.form_id,
        source: capture_draft::line(draft.source.clone()),
        channel: capture_draft::line(Some(draft.channel.clone())).unwrap_or_default(),
        actor: sender.actor,
        content_type: received.content_type,
        body: received.body,
        context: received.context,
        lead_id: None,
        said: None,
    };
    match normalise(
        draft,
        &submission,
        sender.default_country,
        sender.rules,
        manner,
    ) {
        Ok(Ok(capture)) => Prepared::Ready(Box::new(Incoming {
            capture,
            submission,
            idempotency_key,
            answers: ANSWERS,
            visible: Visibility::All,
        })),
        Ok(Err(errors)) => Prepared::Refused(errors),
        Err(_panic) => Prepared::Broken(Box::new(Broken {
            submission,
            idempotency_key,
        })),
    }
}

/// Puts the draft of a submission into normal form; a panic on the way is caught.
pub fn normalise(
    draft: CaptureDraft,
    submission: &Submission,
    default_country: Option<String>,
    rules: Arc<Rules>,
    manner: Manner,
) -> std::thread::Result<Result<Capture, Vec<FieldError>>> {
    let provenance = Provenance {
        actor: submission.actor.clone(),
        cause: Cause::submission(submission.id),
        origin: submission.context.origin.clone(),
    };
    let around = Surroundings {
        receipt_id: submission.id,
        received_at: submission.received_at,
        default_country,
        rules,
        manner,
        provenance,
    };
    catch_unwind(AssertUnwindSafe(|| {
        capture_draft::normalise(draft, around, &mut ProcessIds)
    }))
}
