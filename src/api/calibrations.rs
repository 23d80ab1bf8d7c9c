//! `/v1/dedupe/calibrations`: how much each field says of who is one person, estimated from the workspace's own leads.

use crate::api::auth::Caller;
use crate::api::extract::ValidQuery;
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, PageQuery, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::calibration::{Calibration, CalibrationReport, CalibrationState};
use crate::domain::event::Actor;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::{calibrate_matching, once};
use crate::error::Result;
use crate::store::dedupe_calibrations;
use crate::store::pool::TenantConnection;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Weights estimated from the workspace's own leads.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Calibration)]
pub struct CalibrationBody {
    /// Its id.
    pub id: Uuid,
    /// 1, 2, 3 … in the workspace.
    #[schema(minimum = 1)]
    pub number: i32,
    /// Where it stands: leads are compared by the active one, and by weights that suit most workspaces where there is none.
    pub state: CalibrationState,
    /// What was looked at, and what came out.
    pub report: CalibrationReport,
    /// Who asked for it.
    pub created_by: Actor,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last became active.
    #[schema(required = true)]
    pub activated_at: Option<DateTime<Utc>>,
    /// When it was last retired.
    #[schema(required = true)]
    pub retired_at: Option<DateTime<Utc>>,
}

impl From<Calibration> for CalibrationBody {
    fn from(calibration: Calibration) -> Self {
        CalibrationBody {
            id: calibration.id,
            number: calibration.number,
            state: calibration.state,
            report: calibration.report,
            created_by: calibration.created_by,
            created_at: calibration.created_at,
            activated_at: calibration.activated_at,
            retired_at: calibration.retired_at,
        }
    }
}

/// Estimate weights from the workspace's own leads.
///
/// Looks at about three thousand leads and those they share keys with, and estimates how much each field says, without
/// anybody having said which leads are one person; pairs that were rejected count as two. What comes out is a draft with a
/// report, which changes nothing before it is activated. It takes some seconds.
#[utoipa::path(
    tag = "duplicates",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 201, description = "The draft", body = CalibrationBody), WriteProblems),
)]
#[post("/dedupe/calibrations")]
pub async fn create_calibration(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    run(
        &request,
        &state,
        caller,
        StatusCode::CREATED,
        calibrate_matching::create,
    )
    .await
}

/// List calibrations, the latest first.
#[utoipa::path(tag = "duplicates", params(PageQuery), responses((status = 200, description = "A page of calibrations", body = Page<CalibrationBody>), ReadProblems))]
#[get("/dedupe/calibrations")]
pub async fn list_calibrations(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<i32> = query
        .0
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        dedupe_calibrations::list(conn, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.number))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(CalibrationBody::from).collect(),
        next_cursor,
    }))
}

/// Read a calibration.
#[utoipa::path(tag = "duplicates", params(("id" = Uuid, Path, description = "The calibration")), responses((status = 200, description = "The calibration", body = CalibrationBody), ReadProblems))]
#[get("/dedupe/calibrations/{id}")]
pub async fn get_calibration(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        dedupe_calibrations::get(conn, *id)
    })
    .await?;
    Ok(HttpResponse::Ok().json(CalibrationBody::from(found)))
}

/// Compare leads by a calibration from now on.
///
/// The one that was active is retired; it can be activated again. Other processes follow within five seconds. Pairs that
/// were found before keep their probability until a scan finds them again.
#[utoipa::path(
    tag = "duplicates",
    params(("id" = Uuid, Path, description = "The calibration"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The calibration, which is active", body = CalibrationBody), WriteProblems),
)]
#[post("/dedupe/calibrations/{id}/activate")]
pub async fn activate_calibration(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let activate = move |conn: &mut TenantConnection, by: &OnBehalf| {
        calibrate_matching::activate(conn, *id, by)
    };
    run(&request, &state, caller, StatusCode::OK, activate).await
}

/// Retire the active calibration: leads are compared by the weights again that every workspace begins with.
#[utoipa::path(
    tag = "duplicates",
    params(("id" = Uuid, Path, description = "The calibration"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The calibration, which is retired", body = CalibrationBody), WriteProblems),
)]
#[post("/dedupe/calibrations/{id}/retire")]
pub async fn retire_calibration(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let retire =
        move |conn: &mut TenantConnection, by: &OnBehalf| calibrate_matching::retire(conn, *id, by);
    run(&request, &state, caller, StatusCode::OK, retire).await
}

async fn run(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    caller: Caller,
    status: StatusCode,
    work: impl Fn(&mut TenantConnection, &OnBehalf) -> Result<Calibration> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(request, &caller, &[])?;
    let answered = in_workspace(state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let done = work(conn, &by)?;
            idempotency::answer(status, None, &CalibrationBody::from(done))
        })
    })
    .await?;
    state.rules_changed();
    Ok(idempotency::respond(answered))
}
