//! `/v1/leads/{id}/stage`: a lead moves through the pipeline.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::lead_json::LeadBody;
use crate::api::notes::note_text;
use crate::api::problem::{ApiError, WriteProblems, WrongField};
use crate::api::state::{AppState, in_workspace};
use crate::domain::access::Scope;
use crate::domain::capture_draft::line;
use crate::domain::flow::move_stage::{Move, move_lead};
use crate::domain::flow::once;
use crate::error::Result;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// Where a lead is to go.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"stage": "disqualified", "disqualify_reason": "bad_timing", "revisit_at": "2027-03-01T09:00:00Z", "reason": "New budget in spring"}))]
pub struct StageMove {
    /// The key of the stage.
    #[schema(min_length = 1, max_length = 50)]
    pub stage: String,
    /// Why, in a few words; the history shows it.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
    /// A note to write on the lead with it.
    #[schema(min_length = 1, max_length = 20_000, pattern = r"\S")]
    pub note: Option<String>,
    /// Why it is not worth pursuing: one of the workspace's `disqualify_reasons`. For stages of kind `disqualified`, and
    /// needed there.
    #[schema(max_length = 50)]
    pub disqualify_reason: Option<String>,
    /// When a disqualified lead is worth another look.
    pub revisit_at: Option<DateTime<Utc>>,
    /// Also where an enforced criterion is not met; for those who may assign leads.
    #[serde(default)]
    #[schema(default = false)]
    pub force: bool,
}

impl StageMove {
    /// The move.
    ///
    /// # Errors
    /// A note that is none, by its pointer.
    pub fn read(self) -> Result<Move> {
        let note = self.note.as_deref().map(|note| note_text(note, "/note"));
        Ok(Move {
            stage: self.stage,
            reason: line(self.reason),
            note: note.transpose()?,
            disqualify_reason: self.disqualify_reason,
            revisit_at: self.revisit_at,
            force: self.force,
        })
    }
}

/// A lead after a move.
#[derive(Debug, Serialize, ToSchema)]
pub struct MoveAnswer {
    /// The lead afterwards.
    pub lead: LeadBody,
    /// What the stage asks for and the lead does not meet; the pointers are into the stage's condition, or `/answers/0` and so on.
    pub warnings: Vec<WrongField>,
}

/// Move a lead to another stage.
///
/// Forward, back or aside: every move is free, unless the stage's criteria are enforced and not met; then 409 names the
/// parts that are not. Leaving a stage of kind `disqualified` clears the reason and the time to look again. A lead that is
/// in the stage already stays as it is.
#[utoipa::path(
    tag = "pipeline",
    params(("id" = Uuid, Path, description = "The lead"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the lead is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = StageMove,
    responses((status = 200, description = "The lead afterwards, and what it does not meet", body = MoveAnswer, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/leads/{id}/stage")]
pub async fn move_stage(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<StageMove>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let expected = expected_version(&request)?;
    let to = body.value.read()?;
    if to.force && !caller.scopes.contains(&Scope::LeadsAssign) {
        return Err(ApiError::forbidden(
            "Only who may assign leads can move one past enforced criteria; leave `force` out.",
        ));
    }
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let moved = move_lead(conn, *id, &to, expected, &caller.on_behalf(now))?;
            idempotency::answer(
                StatusCode::OK,
                Some(etag(moved.lead.version)),
                &MoveAnswer {
                    lead: LeadBody::from(&moved.lead),
                    warnings: moved.warnings.into_iter().map(WrongField::from).collect(),
                },
            )
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}
