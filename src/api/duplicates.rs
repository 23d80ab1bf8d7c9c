//! `/v1/dedupe`: leads that may be one person.

use crate::api::auth::Caller;
use crate::api::bulk;
use crate::api::capture_json::{CaptureBody, PossibleDuplicate};
use crate::api::captures::prepare_draft;
use crate::api::extract::{ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::jobs::JobBody;
use crate::api::lead_json::LeadBody;
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::dedupe::FieldWeight;
use crate::domain::duplicate_pair::{FoundBy, PairState};
use crate::domain::event::Actor;
use crate::domain::flow::review_pairs::{self, ShownPair, Verdict};
use crate::domain::flow::{check_drafts, once, scan_duplicates};
use crate::error::{Error, FieldError, Result};
use crate::store::duplicate_pairs::PairFilter;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

/// The largest body: a thousand drafts.
const LIMIT: usize = 5 * 1024 * 1024;

/// Drafts of leads.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"items": [{"ref": "row-1", "first_name": "Bob", "last_name": "Meyer", "company": "Acme GmbH", "city": "Ulm"}]}))]
pub struct CheckRequest {
    /// The drafts, as captures have them; nothing of them is kept.
    #[schema(min_items = 1, max_items = 1000)]
    pub items: Vec<CaptureBody>,
}

/// What a draft would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckResult {
    /// The draft's own reference.
    #[serde(rename = "ref")]
    #[schema(required = true)]
    pub reference: Option<String>,
    /// The lead that it is, by an id, an address or a number.
    #[schema(required = true)]
    pub lead_id: Option<Uuid>,
    /// Leads that may be the same person, the likeliest first.
    pub possible_duplicates: Vec<PossibleDuplicate>,
}

/// What the drafts would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckAnswer {
    /// One for each draft, in their order.
    pub results: Vec<CheckResult>,
}

/// Check drafts for duplicates.
///
/// Says of up to a thousand drafts which lead each is, and which leads it may be, as a capture would find it. Nothing is
/// written.
#[utoipa::path(tag = "duplicates", request_body = CheckRequest, responses((status = 200, description = "What each would be", body = CheckAnswer), ReadProblems, WriteProblems))]
#[post("/dedupe/check")]
pub async fn check_duplicates(
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<CheckRequest, LIMIT>,
) -> Result<HttpResponse, ApiError> {
    let mut references = Vec::new();
    let mut captures = Vec::new();
    let mut errors = Vec::new();
    for (index, item) in body.value.items.into_iter().enumerate() {
        references.push(item.reference.clone());
        match prepare_draft(item.into_draft(), &caller) {
            Ok(capture) => captures.push(capture),
            Err(Error::Invalid(wrong)) => {
                errors.extend(wrong.into_iter().map(|error| FieldError {
                    pointer: format!("/items/{index}{}", error.pointer),
                    ..error
                }))
            }
            Err(other) => return Err(other.into()),
        }
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors).into());
    }
    let checked = in_workspace(&state, caller.workspace_id, move |conn| {
        check_drafts::check(conn, &captures, &caller.rules, &caller.visible)
    })
    .await?;
    let results = references
        .into_iter()
        .zip(checked)
        .map(|(reference, checked)| CheckResult {
            reference,
            lead_id: checked.lead_id,
            possible_duplicates: checked
                .duplicates
                .iter()
                .map(PossibleDuplicate::from)
                .collect(),
        })
        .collect();
    Ok(HttpResponse::Ok().json(CheckAnswer { results }))
}

/// Scan all leads for duplicates.
///
/// Starts a job; `GET /v1/jobs/{id}` says how far it is, and `GET /v1/dedupe/pairs` what it has found so far. Leads from before
/// duplicates were looked for are found by captures, too, once a scan has begun. What the scan counts, how often values
/// are found, makes captures more exact.
#[utoipa::path(
    tag = "duplicates",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 202, description = "The job", body = JobBody, headers(("Location" = String, description = "Where the job can be read"))), WriteProblems),
)]
#[post("/dedupe/scans")]
pub async fn start_duplicate_scan(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    bulk::start(&request, &state, caller, &[], scan_duplicates::start).await
}

/// Two leads that may be one person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DuplicatePair)]
pub struct PairBody {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub state: PairState,
    /// That they are one person: 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub probability: f64,
    /// What each field says: weights in bits, above zero for one person, below for two.
    pub fields: Vec<FieldWeight>,
    /// What found it.
    pub found_by: FoundBy,
    /// The older lead.
    pub lead: LeadBody,
    /// The newer one.
    pub other_lead: LeadBody,
    /// Until when it is not looked at.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Who decided.
    pub decided_by: Option<Actor>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Counts every change, from 1.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was found.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<&ShownPair> for PairBody {
    fn from(shown: &ShownPair) -> Self {
        let pair = &shown.pair;
        PairBody {
            id: pair.id,
            state: pair.state,
            probability: pair.probability,
            fields: pair.fields.clone(),
            found_by: pair.found_by,
            lead: LeadBody::from(&shown.lead),
            other_lead: LeadBody::from(&shown.other),
            snoozed_until: pair.snoozed_until,
            decided_by: pair.decided_by.clone(),
            decided_at: pair.decided_at,
            version: pair.version,
            created_at: pair.created_at,
            updated_at: pair.updated_at,
        }
    }
}

/// Which pairs.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PairQuery {
    /// Where they stand; those that are open, if nothing is said.
    pub state: Option<PairState>,
    /// Only pairs with this lead.
    pub lead_id: Option<Uuid>,
    /// Only pairs that are at least so probable.
    #[schema(minimum = 0, maximum = 1)]
    #[param(minimum = 0, maximum = 1)]
    pub min_probability: Option<f64>,
    /// Pairs on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// List pairs of leads that may be one person, the most probable first.
#[utoipa::path(tag = "duplicates", params(PairQuery), responses((status = 200, description = "A page of pairs", body = Page<PairBody>), ReadProblems))]
#[get("/dedupe/pairs")]
pub async fn list_pairs(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<PairQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let after: Option<(f64, Uuid)> = query
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let filter = PairFilter {
        state: query.state.unwrap_or(PairState::Open),
        lead_id: query.lead_id,
        least: query.min_probability.unwrap_or_default(),
        after,
        limit: limit + 1,
        now: Utc::now(),
    };
    let visible = caller.visible.clone();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        review_pairs::list(conn, &filter, &visible)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, (last.pair.probability, last.pair.id)))
        .transpose()?;
    let data = found.iter().map(PairBody::from).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}

/// Read a pair.
#[utoipa::path(tag = "duplicates", params(("id" = Uuid, Path, description = "The pair")), responses((status = 200, description = "The pair", body = PairBody), ReadProblems))]
#[get("/dedupe/pairs/{id}")]
pub async fn get_pair(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        review_pairs::get(conn, *id, &caller.visible)
    })
    .await?;
    Ok(HttpResponse::Ok().json(PairBody::from(&found)))
}

/// Say that they are two people.
///
/// The pair is not shown again, and not found again by captures and scans.
#[utoipa::path(
    tag = "duplicates",
    params(("id" = Uuid, Path, description = "The pair"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The pair afterwards", body = PairBody), WriteProblems),
)]
#[post("/dedupe/pairs/{id}/reject")]
pub async fn reject_pair(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    decide(&request, &state, caller, *id, Verdict::Rejected, &[]).await
}

/// Look at a pair again: one that was rejected or snoozed is open.
#[utoipa::path(
    tag = "duplicates",
    params(("id" = Uuid, Path, description = "The pair"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The pair afterwards", body = PairBody), WriteProblems),
)]
#[post("/dedupe/pairs/{id}/reopen")]
pub async fn reopen_pair(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    decide(&request, &state, caller, *id, Verdict::Reopened, &[]).await
}

/// Until when a pair is left alone.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"until": "2027-01-10T08:00:00Z"}))]
pub struct Snooze {
    /// When it is shown again: a time in the future.
    pub until: DateTime<Utc>,
}

/// Leave a pair alone for a while.
#[utoipa::path(
    tag = "duplicates",
    params(("id" = Uuid, Path, description = "The pair"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = Snooze,
    responses((status = 200, description = "The pair afterwards", body = PairBody), WriteProblems),
)]
#[post("/dedupe/pairs/{id}/snooze")]
pub async fn snooze_pair(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<Snooze>,
) -> Result<HttpResponse, ApiError> {
    let until = body.value.until;
    if until <= Utc::now() {
        let detail = "a time in the future; to look at it now, reopen the pair";
        return Err(Error::Invalid(vec![FieldError::new("/until", "in_past", detail)]).into());
    }
    decide(
        &request,
        &state,
        caller,
        *id,
        Verdict::SnoozedUntil(until),
        &body.raw,
    )
    .await
}

async fn decide(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    caller: Caller,
    id: Uuid,
    verdict: Verdict,
    raw: &[u8],
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(request, &caller, raw)?;
    let answered = in_workspace(state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let decided = review_pairs::decide(conn, id, verdict, &by)?;
            idempotency::answer(StatusCode::OK, None, &PairBody::from(&decided))
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}
