//! Deciding again from the record of a decision.

use crate::api::auth::Caller;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::decision::Finding;
use crate::domain::flow::{self, reach};
use crate::domain::json_difference::differences;
use crate::error::Error;
use crate::store::decisions;
use actix_web::{HttpResponse, post, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A place at which what was decided again differs from the record.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayDifference {
    /// JSON pointer (RFC 6901) into the findings.
    #[schema(example = "/result/to/owner")]
    pub path: String,
    /// What the record has there; `null`: nothing.
    pub recorded: Value,
    /// What was decided again; `null`: nothing.
    pub replayed: Value,
}

/// A decision, and the same decided again.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayAnswer {
    /// Nothing differs.
    pub same: bool,
    /// What was decided.
    pub recorded: Finding,
    /// What was decided again.
    pub replayed: Finding,
    /// Where they differ.
    pub differences: Vec<ReplayDifference>,
}

/// Decide again from the record of a decision, and compare.
///
/// By the versions of the rules that it names, also retired ones, and over the lead, its activities and its answers as
/// they were then. Nothing is written. A conflict says when what was known then is not known any more.
#[utoipa::path(tag = "leads", params(("id" = Uuid, Path, description = "The decision")), responses((status = 200, description = "Both, and where they differ", body = ReplayAnswer), WriteProblems))]
#[post("/decisions/{id}/replay")]
pub async fn replay_decision(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let (recorded, replayed) = in_workspace(&state, caller.workspace_id, move |conn| {
        let decision = decisions::get(conn, *id)?;
        let lead = reach::get_for(conn, decision.lead_id, &caller.visible, "decision", *id)?;
        let replayed = flow::replay_decision::replay(conn, &decision, &lead)?;
        Ok((decision.finding, replayed))
    })
    .await?;
    let json = |finding: &Finding| serde_json::to_value(finding).map_err(Error::internal);
    let found = differences(&json(&recorded)?, &json(&replayed)?);
    Ok(HttpResponse::Ok().json(ReplayAnswer {
        same: found.is_empty(),
        recorded,
        replayed,
        differences: found
            .into_iter()
            .map(|one| ReplayDifference {
                path: one.pointer,
                recorded: one.first,
                replayed: one.second,
            })
            .collect(),
    }))
}
