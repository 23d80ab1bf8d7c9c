//! `/v1/leads/{id}/assignment`: who is accountable for a lead.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::lead_json::LeadBody;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::capture_draft;
use crate::domain::flow::assign_lead::{Assignment, assign};
use crate::domain::flow::once;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::Utc;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// Who gets a lead: a user who is not disabled, a team, or both. With neither it is nobody's.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"owner_id": "0198c0de-7a11-7000-8000-00000000000b", "reason": "speaks Dutch"}))]
pub struct AssignmentWrite {
    /// The user who is accountable.
    pub owner_id: Option<Uuid>,
    /// The team it belongs to. Left out, it is the owner's, if they are in exactly one.
    pub team_id: Option<Uuid>,
    /// Why, in a few words; the history shows it.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

impl From<AssignmentWrite> for Assignment {
    fn from(write: AssignmentWrite) -> Self {
        Assignment {
            owner_id: write.owner_id,
            team_id: write.team_id,
            reason: capture_draft::line(write.reason),
        }
    }
}

/// Assign a lead.
///
/// Gives it to a user, to a team, to both, or, with neither, to nobody. What nobody owns waits in the queue `unassigned`, or in the
/// queue in which it is, and can be claimed there: no open lead is without an owner or a queue. Who has it already keeps it: that is
/// no change.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the lead is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = AssignmentWrite,
    responses((status = 200, description = "The lead afterwards", body = LeadBody, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/leads/{id}/assignment")]
pub async fn assign_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<AssignmentWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let expected = expected_version(&request)?;
    let to = Assignment::from(body.value);
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let lead = assign(conn, *id, &to, expected, &caller.on_behalf(now))?;
            idempotency::answer(
                StatusCode::OK,
                Some(etag(lead.version)),
                &LeadBody::from(&lead),
            )
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}
