//! Pausing clocks, and letting them go on.

use crate::api::auth::Caller;
use crate::api::decisions::ClockBody;
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::page::Page;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::once;
use crate::domain::flow::pause_clocks::{self, Which};
use crate::domain::sla::Clock;
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::Utc;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// Why a clock is to stand still.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"reason": "on holiday until Monday"}))]
pub struct PauseRequest {
    /// In a few words; the clock and its event show it.
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub reason: String,
}

impl PauseRequest {
    fn reason(&self) -> Result<String> {
        let reason = self.reason.trim();
        if reason.is_empty() {
            let detail = "say in a few words why the clock stands still";
            let wrong = FieldError::new("/reason", "empty_reason", detail);
            return Err(Error::Invalid(vec![wrong]));
        }
        Ok(reason.to_owned())
    }
}

/// Pause a clock.
///
/// It keeps the opening time it has left, fires nothing, and can be met meanwhile. What is due fires first. One that stands
/// still already keeps its reason.
#[utoipa::path(
    tag = "clocks",
    params(("id" = Uuid, Path, description = "The clock"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = PauseRequest,
    responses((status = 200, description = "The clock, which is paused", body = ClockBody), WriteProblems),
)]
#[post("/clocks/{id}/pause")]
pub async fn pause_clock(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<PauseRequest>,
) -> Result<HttpResponse, ApiError> {
    let reason = body.value.reason()?;
    let which = Which::Clock(*id);
    one(&request, &state, caller, &body.raw, move |conn, by| {
        pause_clocks::pause(conn, which, &reason, by)
    })
    .await
}

/// Let a paused clock go on, with the time it has left. One that does not stand still stays as it is.
#[utoipa::path(
    tag = "clocks",
    params(("id" = Uuid, Path, description = "The clock"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The clock, which counts", body = ClockBody), WriteProblems),
)]
#[post("/clocks/{id}/resume")]
pub async fn resume_clock(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let which = Which::Clock(*id);
    one(&request, &state, caller, &[], move |conn, by| {
        pause_clocks::resume(conn, which, by)
    })
    .await
}

/// Pause all clocks of a lead that have not ended, as `POST /v1/clocks/{id}/pause` does with one.
#[utoipa::path(
    tag = "clocks",
    params(("id" = Uuid, Path, description = "The lead"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = PauseRequest,
    responses((status = 200, description = "Its clocks that have not ended", body = Page<ClockBody>), WriteProblems),
)]
#[post("/leads/{id}/clocks/pause")]
pub async fn pause_clocks_of_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<PauseRequest>,
) -> Result<HttpResponse, ApiError> {
    let reason = body.value.reason()?;
    let which = Which::OfLead(*id);
    all(&request, &state, caller, &body.raw, move |conn, by| {
        pause_clocks::pause(conn, which, &reason, by)
    })
    .await
}

/// Let all paused clocks of a lead go on, with the time they have left.
#[utoipa::path(
    tag = "clocks",
    params(("id" = Uuid, Path, description = "The lead"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "Its clocks that have not ended", body = Page<ClockBody>), WriteProblems),
)]
#[post("/leads/{id}/clocks/resume")]
pub async fn resume_clocks_of_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let which = Which::OfLead(*id);
    all(&request, &state, caller, &[], move |conn, by| {
        pause_clocks::resume(conn, which, by)
    })
    .await
}

async fn one(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    caller: Caller,
    raw: &[u8],
    work: impl Fn(&mut TenantConnection, &OnBehalf) -> Result<Vec<Clock>> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let shown = |clocks: Vec<Clock>| {
        let clock = clocks.first().map(ClockBody::from);
        let clock = clock.ok_or_else(|| Error::internal("a clock that is gone"))?;
        idempotency::answer(StatusCode::OK, None, &clock)
    };
    run(request, state, caller, raw, work, shown).await
}

async fn all(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    caller: Caller,
    raw: &[u8],
    work: impl Fn(&mut TenantConnection, &OnBehalf) -> Result<Vec<Clock>> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let shown = |clocks: Vec<Clock>| {
        let page = Page {
            data: clocks.iter().map(ClockBody::from).collect(),
            next_cursor: None,
        };
        idempotency::answer(StatusCode::OK, None, &page)
    };
    run(request, state, caller, raw, work, shown).await
}

async fn run(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    caller: Caller,
    raw: &[u8],
    work: impl Fn(&mut TenantConnection, &OnBehalf) -> Result<Vec<Clock>> + Send + 'static,
    shown: impl Fn(Vec<Clock>) -> Result<crate::domain::idempotency::Answer> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(request, &caller, raw)?;
    let answered = in_workspace(state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| shown(work(conn, &by)?))
    })
    .await?;
    Ok(idempotency::respond(answered))
}
