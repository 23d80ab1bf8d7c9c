//! `/v1/leads/by`: leads by their ids in other systems.

use crate::api::auth::Caller;
use crate::api::captures::{self, Received};
use crate::api::conditional::{etag, expected_version, insists_on_existing};
use crate::api::extract::MergePatch;
use crate::api::idempotency;
use crate::api::lead_json::LeadBody;
use crate::api::lead_write::LeadWrite;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::capture::{Captured, Outcome};
use crate::domain::capture_draft::{self, CaptureDraft, Manner};
use crate::domain::custom_values;
use crate::domain::flow::capture::Incoming;
use crate::domain::flow::change_lead::{self, LeadPatch};
use crate::domain::flow::delete_lead as deletion;
use crate::domain::flow::once;
use crate::domain::rules::Rules;
use crate::domain::submission::Door;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{lead_identities, leads};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, put, web};
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What became of an upsert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpsertOutcome {
    /// A new lead.
    Created,
    /// The person was known by another identity, and has the external id now.
    Matched,
    /// The lead with the external id changed.
    Updated,
    /// It had these values already.
    Unchanged,
}

/// What became of an upsert.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UpsertAnswer {
    /// What became of it.
    pub outcome: UpsertOutcome,
    /// The lead afterwards.
    pub lead: LeadBody,
}

/// Create or change a lead by its id in another system.
///
/// The values given are set; what is not named stays. When no lead has the external id, the person may still be known
/// by mail address or phone number: then that lead gets the external id and the values. A deleted lead comes back.
#[utoipa::path(
    tag = "leads",
    params(("system" = String, Path, description = "The other system, such as `hubspot`"), ("external_id" = String, Path, description = "The id there"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless a lead has this external id and is still that version; `*` is any version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = LeadWrite,
    responses((status = 201, description = "A new lead", body = UpsertAnswer), (status = 200, description = "A known lead", body = UpsertAnswer), WriteProblems),
)]
#[put("/leads/by/{system}/{external_id}")]
pub async fn upsert_lead(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: MergePatch<LeadWrite>,
) -> Result<HttpResponse, ApiError> {
    // The path's own decoding would make one and the same id of all that is no text.
    if percent_decode_str(request.uri().path())
        .decode_utf8()
        .is_err()
    {
        return Err(ApiError::bad_request(
            "The path is not percent-encoded UTF-8.",
        ));
    }
    let (system, external_id) = path.into_inner();
    let identity = capture_draft::external_identity(&system, &external_id)
        .map_err(|error| Error::Invalid(vec![error]))?;
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let expected = expected_version(&request)?;
    let wants_known = insists_on_existing(&request);
    let changes = LeadPatch::read(body.changes.clone())?;
    let draft = CaptureDraft {
        external_ids: BTreeMap::from([(system, external_id)]),
        channel: "api".to_owned(),
        ..draft_of(&changes)
    };
    let received = Received {
        door: Door::Leads,
        content_type: captures::content_type(&request),
        body: body.raw.to_vec(),
        context: captures::context(&request, &state, caller.origin()),
        idempotency_key: None,
    };
    let incoming = captures::incoming(draft, received, &caller, Manner::Upsert)?;
    let rules = caller.rules.clone();
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let holder =
                lead_identities::find(conn, std::slice::from_ref(&identity))?.remove(&identity);
            let captured = match holder {
                Some(_) => None,
                None if wants_known => return Err(Error::NothingToMatch("lead")),
                None => Some(capture_whole(conn, &incoming, &rules, now)?),
            };
            let (lead_id, known) = match (&holder, &captured) {
                (Some(holder), _) => (holder.lead_id, true),
                (None, Some(captured)) => (captured.lead.id, captured.outcome != Outcome::Created),
                (None, None) => return Err(Error::internal("an upsert without a lead")),
            };
            let before = leads::get(conn, lead_id)?;
            if !caller.visible.shows(&before) {
                return Err(Conflict::LeadNotVisible.into());
            }
            if before.deleted_at.is_some() {
                deletion::restore_lead(conn, lead_id, &caller.on_behalf(now))?;
            }
            let lead = change_lead::change_lead(
                conn,
                lead_id,
                &changes,
                expected,
                &caller.on_behalf(now),
            )?;
            let outcome = match captured {
                Some(_) if known => UpsertOutcome::Matched,
                Some(_) => UpsertOutcome::Created,
                None if lead.version == before.version => UpsertOutcome::Unchanged,
                None => UpsertOutcome::Updated,
            };
            let status = if outcome == UpsertOutcome::Created {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            idempotency::answer(
                status,
                Some(etag(lead.version)),
                &UpsertAnswer {
                    outcome,
                    lead: LeadBody::from(&lead),
                },
            )
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Captures; a lead that is new has what the workspace requires.
fn capture_whole(
    conn: &mut TenantConnection,
    incoming: &Incoming,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Captured> {
    let captured = captures::capture_now(conn, incoming, rules, now)?;
    let missing: Vec<FieldError> = match captured.outcome {
        Outcome::Created => custom_values::missing(&captured.lead.custom, rules).collect(),
        Outcome::Matched | Outcome::Repeated => Vec::new(),
    };
    if missing.is_empty() {
        Ok(captured)
    } else {
        Err(Error::Invalid(missing))
    }
}

/// What the patch says of somebody who may be new.
fn draft_of(patch: &LeadPatch) -> CaptureDraft {
    let mut draft = CaptureDraft {
        custom: patch.custom.clone(),
        tags: patch.tags.clone().unwrap_or_default(),
        ..CaptureDraft::default()
    };
    draft.custom.retain(|_, value| !value.is_null());
    draft.source = patch.source.clone().flatten();
    for (field, value) in &patch.fields {
        draft.fields.set(*field, value);
    }
    draft
}
