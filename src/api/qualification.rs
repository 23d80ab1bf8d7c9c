//! `/v1/leads/{id}/qualification`: budget, authority, need and timing, or what else the workspace asks.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::capture_draft;
use crate::domain::flow::qualify_lead::{self, Qualified, Said};
use crate::domain::flow::{once, reach};
use crate::domain::qualification::{
    Answer, AnswerEvidence, AnswerSource, NextQuestion, Qualification, Verdict,
};
use crate::error::{Error, FieldError};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// What the answers of a lead amount to, in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QualificationBrief {
    /// The verdict.
    pub verdict: Verdict,
    /// Criteria that are met.
    #[schema(example = json!(["need"]))]
    pub met: Vec<String>,
    /// Required criteria that are not met.
    #[schema(example = json!(["budget", "authority", "timing"]))]
    pub missing: Vec<String>,
    /// What to ask next; `null`: nothing is missing.
    #[schema(required = true)]
    pub next_question: Option<NextQuestion>,
}

impl From<&Qualification> for QualificationBrief {
    fn from(found: &Qualification) -> Self {
        QualificationBrief {
            verdict: found.verdict,
            met: found.met.clone(),
            missing: found.missing.clone(),
            next_question: found.next_question.clone(),
        }
    }
}

/// The answers of a lead, and what they amount to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QualificationAnswer {
    /// What they amount to now, and why.
    pub qualification: Qualification,
    /// All answers, the latest first; also those that do not count.
    pub answers: Vec<Answer>,
    /// The stage of the lead afterwards.
    pub stage: String,
}

impl From<Qualified> for QualificationAnswer {
    fn from(qualified: Qualified) -> Self {
        QualificationAnswer {
            qualification: qualified.qualification,
            answers: qualified.answers,
            stage: qualified.lead.stage,
        }
    }
}

/// Read how far a lead is qualified: each criterion, the answer that counts and why, what is missing, and what to ask next.
#[utoipa::path(tag = "leads", params(("id" = Uuid, Path, description = "The lead")), responses((status = 200, description = "The answers, and what they amount to", body = QualificationAnswer), ReadProblems))]
#[get("/leads/{id}/qualification")]
pub async fn get_qualification(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        let lead = reach::get(conn, *id, &caller.visible)?;
        qualify_lead::show(conn, lead, &caller.on_behalf(Utc::now()))
    })
    .await?;
    Ok(HttpResponse::Ok().json(QualificationAnswer::from(found)))
}

/// What somebody learnt of a lead.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"answers": {"budget": "25k EUR", "authority": "decision_maker"}, "source": "call"}))]
pub struct AnswerWrite {
    /// By criterion: plain words, numbers, or `{"amount_minor": 2500000, "currency": "EUR"}`.
    #[schema(value_type = Object)]
    pub answers: Map<String, Value>,
    /// Where it comes from; a rep says so, if nothing is said.
    pub source: Option<AnswerSource>,
    /// The activity of this lead in which it was said.
    pub activity_id: Option<Uuid>,
    /// What else there is to say.
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// When it was said; now, if nothing is said.
    pub at: Option<DateTime<Utc>>,
}

/// Note down answers of a lead.
///
/// Each is kept as said. Of several for one criterion the most trusted recent one counts; the others stay visible. Words that
/// are not understood are kept, too.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = AnswerWrite,
    responses((status = 200, description = "The answers, and what they amount to", body = QualificationAnswer, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/leads/{id}/qualification")]
pub async fn add_answers(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<AnswerWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let write = body.value;
    let now = Utc::now();
    if write.at.is_some_and(|at| at > now) {
        let detail = "what was answered was said already: a time that is not in the future";
        return Err(Error::Invalid(vec![FieldError::new("/at", "in_future", detail)]).into());
    }
    let said = Said {
        answers: write.answers,
        source: write.source.unwrap_or(AnswerSource::Rep),
        evidence: AnswerEvidence {
            activity_id: write.activity_id,
            submission_id: None,
            note: capture_draft::line(write.note),
        },
        at: write.at.unwrap_or(now),
    };
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(now);
        once::once(conn, key.as_ref(), by.now, |conn| {
            let qualified = qualify_lead::answer(conn, *id, &said, &by)?;
            let version = etag(qualified.lead.version);
            let shown = QualificationAnswer::from(qualified);
            idempotency::answer(StatusCode::OK, Some(version), &shown)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Why an answer is taken back.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"reason": "they meant last year's budget"}))]
pub struct WithdrawRequest {
    /// In a few words; the answer and its event show it.
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub reason: String,
}

/// Take an answer of a lead back.
///
/// It stays among the answers, with who took it back, when and why, and counts for nothing any more; what is left says anew how far the
/// lead is qualified. One that was taken back already keeps its reason.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"), ("answer_id" = Uuid, Path, description = "The answer"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the lead is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = WithdrawRequest,
    responses((status = 200, description = "The answers, and what they amount to", body = QualificationAnswer, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/leads/{id}/qualification/answers/{answer_id}/withdraw")]
pub async fn withdraw_answer(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    path: web::Path<(Uuid, Uuid)>,
    body: ValidJson<WithdrawRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let expected = expected_version(&request)?;
    let Some(reason) = capture_draft::line(Some(body.value.reason)) else {
        let detail = "say in a few words why the answer is taken back";
        let wrong = FieldError::new("/reason", "empty_reason", detail);
        return Err(Error::Invalid(vec![wrong]).into());
    };
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let qualified = qualify_lead::withdraw(conn, *path, &reason, expected, &by)?;
            let version = etag(qualified.lead.version);
            let shown = QualificationAnswer::from(qualified);
            idempotency::answer(StatusCode::OK, Some(version), &shown)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}
