//! `POST /v1/capture`: a submission comes in.

use crate::api::auth::Caller;
use crate::api::capture_json::{CaptureAnswer, CaptureBody, QuarantineAnswer};
use crate::api::client_address::client_address;
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::state::{AppState, blocking, in_workspace_until};
use crate::domain::access::Visibility;
use crate::domain::capture::{Capture, Captured, Outcome};
use crate::domain::capture_draft::{self, CaptureDraft, Manner, Surroundings};
use crate::domain::event::{Actor, Cause, Provenance};
use crate::domain::flow::capture::{self, Answers, Incoming, Reply};
use crate::domain::flow::intake;
use crate::domain::flow::once::Answered;
use crate::domain::idempotency::{Answer, IdempotencyKey};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::rules::Rules;
use crate::domain::submission::{Door, Submission, SubmissionContext, SubmissionState};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::{Db, End, TenantConnection};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use uuid::Uuid;

/// How captures are answered.
pub const ANSWERS: Answers = Answers {
    done: captured_answer,
    quarantined: quarantined_answer,
};

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

/// A request that brings a submission.
pub struct Received {
    /// The way it came in.
    pub door: Door,
    /// Media type of the body.
    pub content_type: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// What stood beside it.
    pub context: SubmissionContext,
    /// The key under which its answer is kept.
    pub idempotency_key: Option<IdempotencyKey>,
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

/// A draft in normal form, of which nothing is kept.
///
/// # Errors
/// Every field that is wrong, by its pointer.
pub fn prepare_draft(draft: CaptureDraft, caller: &Caller) -> Result<Capture> {
    let received = Received {
        door: Door::Capture,
        content_type: String::new(),
        body: Vec::new(),
        context: SubmissionContext::default(),
        idempotency_key: None,
    };
    Ok(incoming(draft, received, caller, Manner::Question)?.capture)
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
    submission: Submission,
    idempotency_key: Option<IdempotencyKey>,
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

fn prepare_at(
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

/// Does all of it, and takes it back.
async fn rehearse(
    state: &web::Data<AppState>,
    caller: &Caller,
    incoming: Incoming,
) -> Result<Reply> {
    let rules = caller.rules.clone();
    let incoming = Incoming {
        idempotency_key: None,
        answers: Answers {
            done: rehearsed_answer,
            ..ANSWERS
        },
        ..incoming
    };
    take_back(state, caller.workspace_id, incoming, rules, Utc::now()).await
}

/// Captures in a transaction that is taken back.
async fn take_back(
    state: &web::Data<AppState>,
    workspace_id: Uuid,
    incoming: Incoming,
    rules: Arc<Rules>,
    now: DateTime<Utc>,
) -> Result<Reply> {
    in_workspace_until(state, workspace_id, move |conn| {
        let reply = capture::capture_within(conn, &incoming, &rules, now)?;
        Ok((reply, End::Rollback))
    })
    .await
}

/// What would become of a submission that came in at a moment, by other rules; nothing of it is kept.
///
/// # Errors
/// Every field that is wrong, by its pointer.
pub async fn rehearse_by(
    state: &web::Data<AppState>,
    caller: &Caller,
    draft: CaptureDraft,
    rules: Arc<Rules>,
    now: DateTime<Utc>,
) -> Result<Captured> {
    let received = Received {
        door: Door::Capture,
        content_type: String::new(),
        body: Vec::new(),
        context: SubmissionContext::default(),
        idempotency_key: None,
    };
    let sender = Sender {
        actor: caller.actor(),
        form_id: None,
        default_country: rules.default_country.clone(),
        rules: rules.clone(),
    };
    let receipt = (ProcessIds.next(now), now);
    let incoming = match prepare_at(receipt, draft, received, sender, Manner::Program) {
        Prepared::Ready(incoming) => *incoming,
        Prepared::Refused(errors) => return Err(Error::Invalid(errors)),
        Prepared::Broken(_) => return Err(Error::internal("a panic in a rehearsal")),
    };
    match take_back(state, caller.workspace_id, incoming, rules, now).await? {
        Reply::Done { captured, .. } => Ok(*captured),
        Reply::Taken(taken) => Err(taken.into()),
        _ => Err(Error::internal("a rehearsal without a reply")),
    }
}

/// Sends the reply to a submission.
pub fn respond(reply: Reply) -> Result<HttpResponse, ApiError> {
    Ok(idempotency::respond(match reply {
        Reply::Done { answer, .. } | Reply::Quarantined(answer) => Answered {
            answer,
            replayed: false,
        },
        Reply::Replayed(answer) => Answered {
            answer,
            replayed: true,
        },
        Reply::KeyReused => return Err(Error::from(Conflict::IdempotencyKeyReused).into()),
        Reply::Taken(taken) => return Err(Error::from(taken).into()),
    }))
}

fn captured_answer(captured: &Captured) -> Answer {
    answer(status(captured), &CaptureAnswer::from(captured))
}

fn rehearsed_answer(captured: &Captured) -> Answer {
    answer(
        status(captured),
        &CaptureAnswer {
            receipt_id: None,
            ..CaptureAnswer::from(captured)
        },
    )
}

fn quarantined_answer(receipt_id: Uuid) -> Answer {
    answer(
        StatusCode::ACCEPTED,
        &QuarantineAnswer {
            receipt_id,
            outcome: "quarantined".to_owned(),
        },
    )
}

/// 201 for a new lead, 200 for a known one.
pub fn status(captured: &Captured) -> StatusCode {
    if captured.outcome == Outcome::Created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    }
}

/// An answer without an entity tag. Types of answers have text keys only, so they can always be written as JSON.
pub fn answer(status: StatusCode, body: &impl Serialize) -> Answer {
    Answer {
        status: status.as_u16(),
        etag: None,
        body: serde_json::to_vec(body).unwrap_or_default(),
    }
}

/// Media type of the request's body.
pub fn content_type(request: &HttpRequest) -> String {
    let given = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    given.unwrap_or_default().chars().take(255).collect()
}

/// What stands beside the body of a request.
pub fn context(
    request: &HttpRequest,
    state: &AppState,
    origin: Option<String>,
) -> SubmissionContext {
    let text = |name: header::HeaderName| {
        let value = request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok());
        value.map(|value| value.chars().take(2048).collect())
    };
    SubmissionContext {
        ip: Some(client_address(request, state.trusted_proxies).to_string()),
        user_agent: text(header::USER_AGENT),
        referrer: text(header::REFERER),
        origin,
    }
}
