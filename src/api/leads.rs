//! `/v1/leads`: leads one by one, and lists of them.

use crate::api::auth::Caller;
use crate::api::captures::{self, Received};
use crate::api::conditional::{etag, expected_version, is_unchanged};
use crate::api::extract::{MergePatch, ValidJson, ValidQuery};
use crate::api::lead_json::LeadBody;
use crate::api::lead_query::{LeadQuery, LeadsPage};
use crate::api::lead_write::{LeadWrite, NewLead};
use crate::api::page::{NOT_OURS, bad_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::api::{idempotency, lead_query};
use crate::domain::capture::Captured;
use crate::domain::flow::capture::Answers;
use crate::domain::flow::change_lead::{self, LeadPatch};
use crate::domain::flow::delete_lead as deletion;
use crate::domain::flow::once;
use crate::domain::flow::past;
use crate::domain::flow::reach;
use crate::domain::idempotency::Answer;
use crate::domain::lead::Lead;
use crate::domain::lead_search::LeadSearch;
use crate::domain::submission::Door;
use crate::error::Result;
use crate::store::lead_search;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// List leads.
///
/// Newest first unless `sort` says otherwise; equal values in the order of ids (leads of the same `fit` in the order of their
/// engagement), leads without the value last. Pass
/// `next_cursor` as `cursor` for the next page: it carries the sort and the filter.
#[utoipa::path(tag = "leads", params(LeadQuery), responses((status = 200, description = "A page of leads", body = LeadsPage), ReadProblems))]
#[get("/leads")]
pub async fn list_leads(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<LeadQuery>,
) -> Result<HttpResponse, ApiError> {
    let with_total = query.0.include_total.unwrap_or(false);
    let wanted = lead_query::read(
        caller.workspace_id,
        caller.rules.default_country.as_deref(),
        query.0,
        Utc::now(),
    )?;
    let search = wanted
        .search(caller.visible.clone())
        .ok_or_else(|| bad_cursor(NOT_OURS))?;
    let asked = LeadSearch {
        limit: wanted.limit + 1,
        ..search.clone()
    };
    let (found, total) = in_workspace(&state, caller.workspace_id, move |conn| {
        let total = if with_total {
            Some(lead_search::count(conn, &asked)?)
        } else {
            None
        };
        Ok((lead_search::list(conn, &asked)?, total))
    })
    .await?;
    Ok(HttpResponse::Ok().json(lead_query::page(
        caller.workspace_id,
        found,
        &wanted,
        &search,
        total,
    )?))
}

/// Create a lead.
///
/// A person who is already known is not doubled: the lead that there is gets the new values where it had none, and is
/// answered with 200. What a rep creates who is not shown all leads is theirs; a person who is a lead of somebody else is a
/// conflict (409, `lead_not_visible`), and nothing is written.
#[utoipa::path(
    tag = "leads",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = NewLead,
    responses((status = 201, description = "A new lead", body = LeadBody), (status = 200, description = "A known lead", body = LeadBody),
        (status = 202, description = "Kept in quarantine: it could not be processed yet", body = crate::api::capture_json::QuarantineAnswer), WriteProblems),
)]
#[post("/leads")]
pub async fn create_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<NewLead>,
) -> Result<HttpResponse, ApiError> {
    let received = Received {
        door: Door::Leads,
        content_type: captures::content_type(&request),
        body: body.raw.to_vec(),
        context: captures::context(&request, &state, caller.origin()),
        idempotency_key: idempotency::key(&request, &caller, &body.raw)?,
    };
    captures::respond(
        captures::submit_as(
            &state,
            &caller,
            body.value.into_draft(),
            received,
            LEAD_ANSWERS,
        )
        .await?,
    )
}

/// How new leads are answered: with the lead itself.
const LEAD_ANSWERS: Answers = Answers {
    done: lead_answer,
    quarantined: captures::ANSWERS.quarantined,
};

fn lead_answer(captured: &Captured) -> Answer {
    Answer {
        etag: Some(etag(captured.lead.version)),
        ..captures::answer(captures::status(captured), &LeadBody::from(&captured.lead))
    }
}

/// How to read a lead.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LeadReadQuery {
    /// As it was at this moment: 404 before it was made; as deleted while it was.
    #[param(example = "2026-11-22T09:00:00Z")]
    pub as_of: Option<DateTime<Utc>>,
}

/// Read a lead.
///
/// With `as_of`, as it was at that moment, to the millisecond; also a lead that has been deleted since.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"), LeadReadQuery, ("If-None-Match" = Option<String>, Header, description = "An ETag: 304 when the lead is still the same")),
    responses((status = 200, description = "The lead", body = LeadBody, headers(("ETag" = String, description = "The lead's version"))),
        (status = 304, description = "Unchanged"), ReadProblems),
)]
#[get("/leads/{id}")]
pub async fn get_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<LeadReadQuery>,
) -> Result<HttpResponse, ApiError> {
    let lead = in_workspace(&state, caller.workspace_id, move |conn| {
        match query.0.as_of {
            Some(at) => past::read_as_of(conn, *id, at, &caller.visible),
            None => reach::get(conn, *id, &caller.visible),
        }
    })
    .await?;
    let tag = etag(lead.version);
    if is_unchanged(&request, &tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .finish());
    }
    Ok(lead_response(StatusCode::OK, &lead))
}

/// Change a lead.
///
/// A JSON merge patch (RFC 7396): what is named is set, `null` clears, what is not named stays. A patch that changes
/// nothing leaves the version as it is.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the lead is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body(content = LeadWrite, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The lead afterwards", body = LeadBody, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[patch("/leads/{id}")]
pub async fn update_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    patch: MergePatch<LeadWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &patch.raw)?;
    let expected = expected_version(&request)?;
    let changes = LeadPatch::read(patch.changes)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let lead =
                change_lead::change_lead(conn, *id, &changes, expected, &caller.on_behalf(now))?;
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

/// Delete a lead.
///
/// It is in no list any more, and can be restored for 90 days. When the person comes again, it comes back by itself.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the lead is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 204, description = "Deleted"), WriteProblems),
)]
#[delete("/leads/{id}")]
pub async fn delete_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let expected = expected_version(&request)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            deletion::delete_lead(conn, *id, expected, &caller.on_behalf(now))?;
            Ok(idempotency::no_content())
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Restore a deleted lead.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The lead, back again", body = LeadBody, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/leads/{id}/restore")]
pub async fn restore_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let lead = deletion::restore_lead(conn, *id, &caller.on_behalf(now))?;
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

fn lead_response(status: StatusCode, lead: &Lead) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::ETAG, etag(lead.version)))
        .json(LeadBody::from(lead))
}
