//! Taking leads on, and giving them back: offers, and queues from which leads are claimed.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::decisions::{AssignmentBody, RoutingBrief};
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::lead_json::LeadBody;
use crate::api::page::Page;
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::access::Scope;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::own_lead::{self, Hand, Taken};
use crate::domain::flow::{once, reach};
use crate::error::{Error, FieldError, Result};
use crate::store::lead_counts;
use crate::store::pool::TenantConnection;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// Who has a lead.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OwnershipAnswer {
    /// The lead.
    pub lead_id: Uuid,
    /// The user who is accountable.
    #[schema(required = true)]
    pub owner_id: Option<Uuid>,
    /// The team it belongs to.
    #[schema(required = true)]
    pub team_id: Option<Uuid>,
    /// The queue it waits in while nobody owns it.
    #[schema(required = true)]
    pub queue: Option<String>,
    /// Since when they have it, and until when they have to accept it; `null`: nobody has it, or it is older than the records.
    #[schema(required = true)]
    pub assignment: Option<AssignmentBody>,
    /// How it was routed just now; `null`: it was not.
    #[schema(required = true)]
    pub routed: Option<RoutingBrief>,
}

impl From<&Taken> for OwnershipAnswer {
    fn from(taken: &Taken) -> Self {
        OwnershipAnswer {
            lead_id: taken.lead.id,
            owner_id: taken.lead.owner_id,
            team_id: taken.lead.team_id,
            queue: taken.lead.queue.clone(),
            assignment: taken.assignment.clone().map(AssignmentBody::from),
            routed: RoutingBrief::of(&taken.decided),
        }
    }
}

/// Read who has a lead, and whether they have accepted it.
#[utoipa::path(tag = "leads", params(("id" = Uuid, Path, description = "The lead")), responses((status = 200, description = "Who has it", body = OwnershipAnswer), ReadProblems))]
#[get("/leads/{id}/assignment")]
pub async fn get_assignment(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let taken = in_workspace(&state, caller.workspace_id, move |conn| {
        let lead = reach::get(conn, *id, &caller.visible)?;
        Ok(Taken {
            assignment: own_lead::current(conn, &lead)?,
            lead,
            decided: Default::default(),
        })
    })
    .await?;
    Ok(HttpResponse::Ok().json(OwnershipAnswer::from(&taken)))
}

/// Accept a lead that is offered.
///
/// Its owner does, or who may assign leads on their behalf. The clock that waited for it is met. Owners who work on a lead have
/// accepted it, too: by a call, meeting or chat, a mail or SMS that they sent, a stage that they moved it to, or answers that they noted or took back;
/// and so has anybody's lead that is moved to a stage of the kind `accepted`.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the lead is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "Who has it", body = OwnershipAnswer, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/leads/{id}/assignment/accept")]
pub async fn accept_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let (hand, expected) = (hand_of(&caller), expected_version(&request)?);
    take(&request, &state, caller, &[], move |conn, by| {
        own_lead::accept(conn, *id, hand, expected, by)
    })
    .await
}

/// Why a lead is given back.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"reason": "no budget before next year"}))]
pub struct RejectRequest {
    /// In a few words; the assignment and its event show it.
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub reason: String,
}

/// Give a lead back.
///
/// Its owner does, with the reason, or who may assign leads on their behalf. The lead is routed again, without those who let it
/// go; the turn goes back to them where the pool says so.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the lead is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = RejectRequest,
    responses((status = 200, description = "Who has it now, and why", body = OwnershipAnswer, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/leads/{id}/assignment/reject")]
pub async fn reject_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<RejectRequest>,
) -> Result<HttpResponse, ApiError> {
    let (hand, expected) = (hand_of(&caller), expected_version(&request)?);
    let reason = body.value.reason.trim().to_owned();
    if reason.is_empty() {
        let detail = "say in a few words why the lead is given back";
        return Err(
            Error::Invalid(vec![FieldError::new("/reason", "empty_reason", detail)]).into(),
        );
    }
    take(&request, &state, caller, &body.raw, move |conn, by| {
        own_lead::reject(conn, *id, &reason, hand, expected, by)
    })
    .await
}

/// For whom a lead is claimed.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"user_id": "0198c0de-7a11-7000-8000-00000000000b"}))]
pub struct ClaimRequest {
    /// The user who gets it; who is logged in, if nothing is said. People need the scope `leads:assign` to claim for somebody else;
    /// programs always say for whom.
    pub user_id: Option<Uuid>,
}

/// Claim a lead that waits in a queue.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the lead is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = ClaimRequest,
    responses((status = 200, description = "Who has it", body = OwnershipAnswer, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/leads/{id}/claim")]
pub async fn claim_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<ClaimRequest>,
) -> Result<HttpResponse, ApiError> {
    let user_id = claimer(&caller, body.value.user_id)?;
    let expected = expected_version(&request)?;
    take(&request, &state, caller, &body.raw, move |conn, by| {
        own_lead::claim(conn, *id, user_id, expected, by)
    })
    .await
}

/// Leads that wait until somebody claims them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QueueBody {
    /// What routing names it by.
    #[schema(example = "unassigned")]
    pub key: String,
    /// How many leads wait in it.
    #[schema(minimum = 1)]
    pub leads: i64,
    /// When the first of them came.
    pub oldest_at: DateTime<Utc>,
}

/// List the queues in which leads wait.
#[utoipa::path(tag = "leads", responses((status = 200, description = "All of them, by their keys", body = Page<QueueBody>), ReadProblems))]
#[get("/queues")]
pub async fn list_queues(
    state: web::Data<AppState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, lead_counts::list_queues).await?;
    let body = |one: lead_counts::Waiting| QueueBody {
        key: one.queue,
        leads: one.leads,
        oldest_at: one.oldest_at,
    };
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(body).collect(),
        next_cursor: None,
    }))
}

/// Claim the oldest lead that waits in a queue.
///
/// Of several who claim at once each gets another lead; 404 says that none waits.
#[utoipa::path(
    tag = "leads",
    params(("key" = String, Path, max_length = 50, description = "The key of the queue"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = ClaimRequest,
    responses((status = 200, description = "The lead", body = LeadBody, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/queues/{key}/claim")]
pub async fn claim_next(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    key: web::Path<String>,
    body: ValidJson<ClaimRequest>,
) -> Result<HttpResponse, ApiError> {
    let user_id = claimer(&caller, body.value.user_id)?;
    let idempotency_key = idempotency::key(&request, &caller, &body.raw)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, idempotency_key.as_ref(), by.now, |conn| {
            let lead = own_lead::claim_next(conn, &key, user_id, &by)?.lead;
            let version = etag(lead.version);
            idempotency::answer(StatusCode::OK, Some(version), &LeadBody::from(&lead))
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// For whom the caller may take leads on and give them back: people for themselves, who may assign leads and programs for
/// everybody.
fn hand_of(caller: &Caller) -> Hand {
    match own_id(caller) {
        Some(user_id) if !caller.scopes.contains(&Scope::LeadsAssign) => Hand::Own(user_id),
        _ => Hand::Any,
    }
}

/// Who gets what the caller claims.
fn claimer(caller: &Caller, named: Option<Uuid>) -> Result<Uuid> {
    match (own_id(caller), named) {
        (Some(own), None) => Ok(own),
        (Some(own), Some(user_id))
            if own != user_id && !caller.scopes.contains(&Scope::LeadsAssign) =>
        {
            let detail = "leads are claimed for somebody else with the scope `leads:assign` only: leave this out";
            let wrong = FieldError::new("/user_id", "beyond_own_rights", detail);
            Err(Error::Invalid(vec![wrong]))
        }
        (_, Some(user_id)) => Ok(user_id),
        (None, None) => {
            let detail = "a program has no leads of its own: name the user who gets it";
            let wrong = FieldError::new("/user_id", "user_needed", detail);
            Err(Error::Invalid(vec![wrong]))
        }
    }
}

fn own_id(caller: &Caller) -> Option<Uuid> {
    let actor = caller.actor();
    actor.id.filter(|_| actor.kind == "user")
}

async fn take(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    caller: Caller,
    body: &[u8],
    work: impl Fn(&mut TenantConnection, &OnBehalf) -> Result<Taken> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(request, &caller, body)?;
    let answered = in_workspace(state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let taken = work(conn, &by)?;
            let version = etag(taken.lead.version);
            idempotency::answer(
                StatusCode::OK,
                Some(version),
                &OwnershipAnswer::from(&taken),
            )
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}
