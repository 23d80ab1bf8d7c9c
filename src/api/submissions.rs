//! `/v1/submissions`: what came in, raw; and what waits in quarantine.

use crate::api::auth::Caller;
use crate::api::capture_json::{CaptureAnswer, CaptureBody};
use crate::api::captures;
use crate::api::extract::{ValidQuery, read_json};
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::api::{form_door, idempotency, lead_write};
use crate::domain::capture::Capture;
use crate::domain::capture_draft::{CaptureDraft, Manner};
use crate::domain::event::Actor;
use crate::domain::flow::{capture, once};
use crate::domain::form::Form;
use crate::domain::rules::Rules;
use crate::domain::submission::{Door, Submission, SubmissionContext, SubmissionState};
use crate::error::{Error, FieldError};
use crate::store::{forms, submissions};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// An inbound request, as it came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Submission)]
pub struct SubmissionBody {
    /// The receipt.
    pub id: Uuid,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// What became of it.
    pub state: SubmissionState,
    /// Why it is in quarantine.
    pub reason: Option<String>,
    /// The way it came in.
    pub door: Door,
    /// The form, for a form's post.
    pub form_id: Option<Uuid>,
    /// Which page, list or campaign it names.
    pub source: Option<String>,
    /// The way it took.
    pub channel: String,
    /// Who sent it.
    pub actor: Actor,
    /// What stood beside the body.
    pub context: SubmissionContext,
    /// The lead it made or touched.
    pub lead_id: Option<Uuid>,
    /// Media type of the body.
    pub content_type: String,
    /// The body as text, when it is UTF-8.
    pub body: Option<String>,
    /// The body in base 64, when it is not.
    pub body_base64: Option<String>,
}

impl From<Submission> for SubmissionBody {
    fn from(submission: Submission) -> Self {
        let (body, body_base64) = match String::from_utf8(submission.body) {
            Ok(text) => (Some(text), None),
            Err(other) => (None, Some(STANDARD.encode(other.as_bytes()))),
        };
        SubmissionBody {
            id: submission.id,
            received_at: submission.received_at,
            state: submission.state,
            reason: submission.reason,
            door: submission.door,
            form_id: submission.form_id,
            source: submission.source,
            channel: submission.channel,
            actor: submission.actor,
            context: submission.context,
            lead_id: submission.lead_id,
            content_type: submission.content_type,
            body,
            body_base64,
        }
    }
}

/// Which submissions.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SubmissionQuery {
    /// In this state.
    pub state: Option<SubmissionState>,
    /// Of this lead.
    pub lead_id: Option<Uuid>,
    /// Submissions on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// List submissions, newest first.
#[utoipa::path(tag = "submissions", params(SubmissionQuery), responses((status = 200, description = "A page of submissions", body = Page<SubmissionBody>), ReadProblems))]
#[get("/submissions")]
pub async fn list_submissions(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<SubmissionQuery>,
) -> Result<HttpResponse, ApiError> {
    let SubmissionQuery {
        state: wanted,
        lead_id,
        limit,
        cursor,
    } = query.0;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<Uuid> = cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        submissions::list(conn, wanted, lead_id, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(SubmissionBody::from).collect(),
        next_cursor: next,
    }))
}

/// Read a submission by its receipt.
#[utoipa::path(
    tag = "submissions",
    params(("id" = Uuid, Path, description = "The receipt")),
    responses((status = 200, description = "The submission", body = SubmissionBody), ReadProblems),
)]
#[get("/submissions/{id}")]
pub async fn get_submission(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        submissions::get(conn, *id)
    })
    .await?;
    Ok(HttpResponse::Ok().json(SubmissionBody::from(found)))
}

/// Replay a submission from quarantine.
///
/// It is read anew and captured as if it had come now, with its own time and receipt.
#[utoipa::path(
    tag = "submissions",
    params(("id" = Uuid, Path, description = "The receipt"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "What became of it", body = CaptureAnswer), WriteProblems),
)]
#[post("/submissions/{id}/replay")]
pub async fn replay_submission(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let rules = caller.rules.clone();
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let quarantined = submissions::lock_quarantined(conn, *id)?;
            let form = quarantined
                .form_id
                .map(|form| forms::find(conn, form))
                .transpose()?
                .flatten();
            let capture = read_again(&quarantined, form.as_ref(), rules.clone())?;
            let captured = capture::replay(conn, &capture, &rules, now)?;
            idempotency::answer(StatusCode::OK, None, &CaptureAnswer::from(&captured))
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Discard a submission from quarantine: somebody has seen that nothing is lost with it. It stays readable.
#[utoipa::path(
    tag = "submissions",
    params(("id" = Uuid, Path, description = "The receipt"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The submission afterwards", body = SubmissionBody), WriteProblems),
)]
#[post("/submissions/{id}/discard")]
pub async fn discard_submission(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        once::once(conn, key.as_ref(), Utc::now(), |conn| {
            let quarantined = submissions::lock_quarantined(conn, *id)?;
            submissions::set_state(
                conn,
                *id,
                SubmissionState::Discarded,
                quarantined.reason.as_deref(),
                None,
            )?;
            idempotency::answer(
                StatusCode::OK,
                None,
                &SubmissionBody::from(submissions::get(conn, *id)?),
            )
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Reads a kept submission as its door would today.
fn read_again(
    submission: &Submission,
    form: Option<&Form>,
    rules: Arc<Rules>,
) -> Result<Capture, Error> {
    let default_country = rules.default_country.clone();
    let refused = |error: ApiError| {
        let errors = error
            .problem()
            .errors
            .iter()
            .map(|error| FieldError::new(error.pointer.clone(), "unreadable", error.detail.clone()))
            .collect::<Vec<_>>();
        Error::Invalid(if errors.is_empty() {
            vec![FieldError::new(
                "",
                "unreadable",
                "the submission cannot be read",
            )]
        } else {
            errors
        })
    };
    let (draft, country): (CaptureDraft, Option<String>) = match submission.door {
        Door::Capture => (
            read_json::<CaptureBody>(&submission.body)
                .map_err(refused)?
                .into_draft(),
            default_country,
        ),
        Door::Leads => (
            read_json::<lead_write::NewLead>(&submission.body)
                .map_err(refused)?
                .into_draft(),
            default_country,
        ),
        Door::Form => {
            let form = form
                .ok_or_else(|| Error::not_found("form", submission.form_id.unwrap_or_default()))?;
            let draft = form_door::read_again(
                form,
                &submission.content_type,
                &submission.body,
                &submission.context,
                &rules,
            )?;
            (draft, form.default_country.clone().or(default_country))
        }
    };
    match captures::normalise(draft, submission, country, rules, Manner::Forgiving) {
        Ok(Ok(capture)) => Ok(capture),
        Ok(Err(errors)) => Err(Error::Invalid(errors)),
        Err(_panic) => Err(Error::internal(
            "a panic while a submission was put into normal form",
        )),
    }
}
