//! `/v1/jobs`: work over many leads, its progress and its results.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, is_unchanged};
use crate::api::extract::ValidQuery;
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, Problem, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::access::{Scope, Visibility};
use crate::domain::event::Actor;
use crate::domain::flow::once;
use crate::domain::job::{Item, Job, JobKind, JobState, Outcome};
use crate::domain::simulation::Report as SimulationReport;
use crate::error::Conflict;
use crate::store::{job_items, jobs};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A job and how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobBody {
    /// Its id.
    pub id: Uuid,
    /// What kind of work.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// What is done, as the request said; leads that were named one by one are left out.
    #[schema(value_type = Object, example = json!({"action": "tag", "tags": ["spring-fair"]}))]
    pub params: Value,
    /// Who asked for it.
    pub actor: Actor,
    /// Leads to be done; `null` until they are counted, and where counting takes too long.
    #[schema(minimum = 0)]
    pub total: Option<i64>,
    /// Leads that are done, whichever way.
    #[schema(minimum = 0)]
    pub done: i64,
    /// Of these: changed.
    #[schema(minimum = 0)]
    pub changed: i64,
    /// Of these: as they were before.
    #[schema(minimum = 0)]
    pub unchanged: i64,
    /// Of these: not changed, for a reason that the results name.
    #[schema(minimum = 0)]
    pub failed: i64,
    /// Of these: not there, or not for who asked.
    #[schema(minimum = 0)]
    pub skipped: i64,
    /// How far it is, in whole percent; `null` where the total is not known.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: Option<i64>,
    /// Leads a second so far; `null` before the first ones.
    #[schema(minimum = 0)]
    pub rate: Option<f64>,
    /// When it will have ended if it goes on like this; `null` unless it runs.
    pub estimated_end_at: Option<DateTime<Utc>>,
    /// Why it failed as a whole.
    #[schema(value_type = Option<Problem>)]
    pub problem: Option<Value>,
    /// What a simulation has found so far; `null` for other kinds, before the first leads, and in lists.
    #[schema(value_type = Option<SimulationReport>, required = true)]
    pub report: Option<Value>,
    /// Counts every step, from 1; the `ETag`.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last went on.
    pub updated_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended. It and its results are kept for 30 days from then.
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<Job> for JobBody {
    fn from(job: Job) -> Self {
        JobBody {
            done: job.counts.done(),
            percent: job.percent(),
            rate: job.rate(),
            estimated_end_at: job.estimated_end_at(),
            id: job.id,
            kind: job.kind,
            state: job.state,
            params: job.params,
            actor: job.actor,
            total: job.total,
            changed: job.counts.changed,
            unchanged: job.counts.unchanged,
            failed: job.counts.failed,
            skipped: job.counts.skipped,
            problem: job.problem,
            report: job.report,
            version: job.version,
            created_at: job.created_at,
            updated_at: job.updated_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

/// What became of a lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobItem)]
pub struct ItemBody {
    /// Which lead.
    pub lead_id: Uuid,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it failed: what the same change of the lead alone would have been answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Problem, required = false)]
    pub problem: Option<Value>,
}

impl From<Item> for ItemBody {
    fn from(item: Item) -> Self {
        ItemBody {
            lead_id: item.lead_id,
            outcome: item.outcome,
            problem: item.problem,
        }
    }
}

/// Which jobs.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// In this state.
    pub state: Option<JobState>,
    /// Jobs on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// Which results.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ItemQuery {
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Results on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// Whose jobs the caller may know of: `None`: everybody's, for who may run bulk jobs and sees every lead; else their own.
fn whose(caller: &Caller) -> Option<Uuid> {
    let sees_all = caller.scopes.contains(&Scope::LeadsBulk) && caller.visible == Visibility::All;
    (!sees_all).then_some(caller.id)
}

/// List jobs, newest first.
///
/// Who has the scope `leads:bulk` and sees every lead gets all jobs of the workspace; others get those they asked for.
#[utoipa::path(tag = "jobs", params(JobQuery), responses((status = 200, description = "A page of jobs", body = Page<JobBody>), ReadProblems))]
#[get("/jobs")]
pub async fn list_jobs(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<JobQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<Uuid> = query
        .0
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let (of, wanted) = (whose(&caller), query.0.state);
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        jobs::list(conn, of, wanted, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(brief).collect(),
        next_cursor,
    }))
}

/// A job without what it has found, which may be long.
fn brief(job: Job) -> JobBody {
    JobBody {
        report: None,
        ..JobBody::from(job)
    }
}

/// Read a job and how far it is.
#[utoipa::path(
    tag = "jobs",
    params(("id" = Uuid, Path, description = "The job"), ("If-None-Match" = Option<String>, Header, description = "An ETag: 304 when the job has not gone on since")),
    responses((status = 200, description = "The job", body = JobBody, headers(("ETag" = String, description = "The job's version"))),
        (status = 304, description = "Unchanged"), ReadProblems),
)]
#[get("/jobs/{id}")]
pub async fn get_job(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let of = whose(&caller);
    let job = in_workspace(&state, caller.workspace_id, move |conn| {
        jobs::get(conn, *id, of)
    })
    .await?;
    let tag = etag(job.version);
    if is_unchanged(&request, &tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .json(JobBody::from(job)))
}

/// List what became of the leads of a job, in the order of their ids.
#[utoipa::path(
    tag = "jobs",
    params(("id" = Uuid, Path, description = "The job"), ItemQuery),
    responses((status = 200, description = "A page of results", body = Page<ItemBody>), ReadProblems),
)]
#[get("/jobs/{id}/items")]
pub async fn list_job_items(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<ItemQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let after: Option<Uuid> = query
        .0
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let (of, outcome) = (whose(&caller), query.0.outcome);
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        jobs::get(conn, *id, of)?;
        job_items::list(conn, *id, outcome, after, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.lead_id))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(ItemBody::from).collect(),
        next_cursor,
    }))
}

/// Cancel a job.
///
/// It stops after the batch that is running, within a second. What was done stays done. One that was cancelled already
/// is answered as it is.
#[utoipa::path(
    tag = "jobs",
    params(("id" = Uuid, Path, description = "The job"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The job, which does not go on", body = JobBody, headers(("ETag" = String, description = "The job's version"))), WriteProblems),
)]
#[post("/jobs/{id}/cancel")]
pub async fn cancel_job(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let of = whose(&caller);
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let before = jobs::lock(conn, *id, of)?;
            if !before.state.is_final() {
                jobs::finish(conn, *id, JobState::Cancelled, None, now)?;
            } else if before.state != JobState::Cancelled {
                let state = before.state.as_str();
                return Err(Conflict::JobEnded { state }.into());
            }
            let after = jobs::get(conn, *id, None)?;
            idempotency::answer(
                StatusCode::OK,
                Some(etag(after.version)),
                &JobBody::from(after),
            )
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}
