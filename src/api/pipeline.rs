//! `/v1/pipeline`: the stages of the workspace.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::flow::change_pipeline;
use crate::domain::flow::once;
use crate::domain::stage::Stage;
use crate::store::pipelines::{self, PipelineRecord};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, get, put, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The stages of a workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pipeline)]
pub struct PipelineBody {
    /// In order. The first of kind `new` that is not archived is where leads begin.
    pub stages: Vec<Stage>,
    /// Counts every change, from 1; the `ETag`.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it last changed; `null` for the one that every workspace begins with.
    #[schema(required = true)]
    pub updated_at: Option<DateTime<Utc>>,
}

impl From<PipelineRecord> for PipelineBody {
    fn from(record: PipelineRecord) -> Self {
        PipelineBody {
            stages: record.pipeline.stages,
            version: record.version,
            updated_at: record.updated_at,
        }
    }
}

/// The stages that a workspace is to have.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"stages": [
    {"key": "new", "name": "New", "kind": "new"},
    {"key": "demo_booked", "name": "Demo booked", "kind": "sql", "entry": {"mode": "enforced", "condition": {"field": "phone", "op": "is_set"}}},
    {"key": "won", "name": "Won", "kind": "converted"},
    {"key": "lost", "name": "Lost", "kind": "disqualified"}
]}))]
pub struct PipelineWrite {
    /// In order.
    #[schema(min_items = 1, max_items = 50)]
    pub stages: Vec<Stage>,
}

/// Read the pipeline.
#[utoipa::path(tag = "pipeline", responses((status = 200, description = "The stages", body = PipelineBody, headers(("ETag" = String, description = "Their version"))), ReadProblems))]
#[get("/pipeline")]
pub async fn get_pipeline(
    state: web::Data<AppState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let record = in_workspace(&state, caller.workspace_id, pipelines::get).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(record.version)))
        .json(PipelineBody::from(record)))
}

/// Replace the pipeline.
///
/// Send all stages, in order. Keys and kinds never change; names, order, criteria and `archived` may. A stage that leads are
/// in, also deleted ones, cannot be left out, only archived; one of kind `new` has to be archived for ten seconds first. Nor can
/// one that the condition of an active rule document names: the conflict says which document, and where. Other processes follow
/// within five seconds.
#[utoipa::path(
    tag = "pipeline",
    params(("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the pipeline is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = PipelineWrite,
    responses((status = 200, description = "The stages afterwards", body = PipelineBody, headers(("ETag" = String, description = "Their version"))), WriteProblems),
)]
#[put("/pipeline")]
pub async fn replace_pipeline(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<PipelineWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let expected = expected_version(&request)?;
    let stages = body.value.stages;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let record = change_pipeline::replace(conn, stages.clone(), expected, now)?;
            idempotency::answer(
                StatusCode::OK,
                Some(etag(record.version)),
                &PipelineBody::from(record),
            )
        })
    })
    .await?;
    state.rules_changed();
    Ok(idempotency::respond(answered))
}
