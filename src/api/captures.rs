//! `POST /v1/capture`: a submission comes in.

mod answers;
mod prepare;
mod received;
mod rehearse;

pub use answers::{ANSWERS, answer, respond, status};
pub use prepare::{
    Broken, Prepared, Sender, incoming, normalise, prepare, prepare_as, prepare_draft,
};
pub use received::{Received, content_type, context};
pub use rehearse::rehearse_by;

use crate::api::auth::Caller;
use crate::api::capture_json::{CaptureAnswer, CaptureBody, QuarantineAnswer};
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::state::{AppState, blocking};
use crate::domain::capture::Captured;
use crate::domain::capture_draft::{CaptureDraft, Manner};
use crate::domain::flow::capture::{self, Answers, Incoming, Reply};
use crate::domain::flow::intake;
use crate::domain::rules::Rules;
use crate::domain::submission::Door;
use crate::error::{Error, Result};
use crate::store::pool::{Db, TenantConnection};
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, Utc};
use rehearse::rehearse;
use std::sync::Arc;
use uuid::Uuid;

/// Capture a submission.
///
/// A person who is not known becomes a new lead (201). A person who is known gets another touch, and values where the
/// lead had none (200); a submission is never refused for being a duplicate. What cannot be processed because of a fault
/// of ours is kept and answered 202. The answer is sent when everything is durable.
#[utoipa::path(
    tag = "capture",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = CaptureBody,
    responses(
        (status = 201, description = "A new lead", body = CaptureAnswer),
        (status = 200, description = "A known lead", body = CaptureAnswer),
        (status = 202, description = "Kept in quarantine: it could not be processed yet", body = QuarantineAnswer),
        WriteProblems,
    ),
)]
#[post("/capture")]
pub async fn capture_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<CaptureBody>,
) -> Result<HttpResponse, ApiError> {
    let ValidJson { value, raw } = body;
    let idempotency_key = idempotency::key(&request, &caller, &raw)?;
    let dry_run = value.dry_run;
    let received = Received {
        door: Door::Capture,
        content_type: content_type(&request),
        body: raw.to_vec(),
        context: context(&request, &state, caller.origin()),
        idempotency_key,
    };
    respond(submit(&state, &caller, value.into_draft(), received, dry_run).await?)
}

/// Takes in one submission of a program; a dry run is taken back.
pub async fn submit(
    state: &web::Data<AppState>,
    caller: &Caller,
    draft: CaptureDraft,
    received: Received,
    dry_run: bool,
) -> Result<Reply> {
    if dry_run {
        let incoming = incoming(draft, received, caller, Manner::Program)?;
        return rehearse(state, caller, incoming).await;
    }
    submit_as(state, caller, draft, received, ANSWERS).await
}

/// Takes in one submission of a program, answered in a way of its own.
pub async fn submit_as(
    state: &web::Data<AppState>,
    caller: &Caller,
    draft: CaptureDraft,
    received: Received,
    answers: Answers,
) -> Result<Reply> {
    let manner = match received.door {
        Door::Leads => Manner::ByHand,
        Door::Capture | Door::Form => Manner::Program,
    };
    match prepare_as(draft, received, caller, manner) {
        Prepared::Ready(incoming) => {
            let rules = caller.rules.clone();
            let incoming = Incoming {
                answers,
                ..*incoming
            };
            if caller.visible.is_restricted() {
                let incoming = incoming.sent_by(caller.id, &caller.visible);
                return submit_alone(state, caller.workspace_id, incoming, rules).await;
            }
            state
                .captures
                .submit(caller.workspace_id, incoming, rules)
                .await
        }
        Prepared::Refused(errors) => Err(Error::Invalid(errors)),
        Prepared::Broken(broken) => set_aside(state, caller.workspace_id, *broken).await,
    }
}

/// Takes in one submission in a transaction of its own, which may have to be taken back without others.
async fn submit_alone(
    state: &web::Data<AppState>,
    workspace_id: Uuid,
    incoming: Incoming,
    rules: Arc<Rules>,
) -> Result<Reply> {
    let db = state.db.clone();
    blocking(move || {
        let mut replies = intake::take_in(&db, workspace_id, &[incoming], &rules);
        replies
            .pop()
            .unwrap_or_else(|| Err(Error::internal("a capture without a reply")))
    })
    .await
}

/// Captures inside a transaction that does more.
pub fn capture_now(
    conn: &mut TenantConnection,
    incoming: &Incoming,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Captured> {
    match capture::capture_within(conn, incoming, rules, now)? {
        Reply::Done { captured, .. } => Ok(*captured),
        Reply::Taken(taken) => Err(taken.into()),
        _ => Err(Error::internal("a capture without an outcome")),
    }
}

/// Keeps a broken submission in quarantine.
pub async fn set_aside(
    state: &web::Data<AppState>,
    workspace_id: Uuid,
    broken: Broken,
) -> Result<Reply> {
    let db = state.db.clone();
    blocking(move || keep_broken(&db, workspace_id, &broken)).await
}

/// As [`set_aside`], on a thread that may wait.
pub fn keep_broken(db: &Db, workspace_id: Uuid, broken: &Broken) -> Result<Reply> {
    let reason = "a panic while it was put into normal form; its message and place are in the log";
    let submission = broken.submission.clone();
    let key = broken.idempotency_key.as_ref();
    intake::quarantine(db, workspace_id, submission, key, reason, ANSWERS)
}
