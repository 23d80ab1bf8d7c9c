//! `POST /v1/leads/bulk`: one and the same change of many leads.

use crate::api::assignments::AssignmentWrite;
use crate::api::auth::Caller;
use crate::api::capture_json::TagText;
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::jobs::JobBody;
use crate::api::leads::LeadWrite;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::capture_draft;
use crate::domain::flow::bulk::{Bulk, BulkChange, Preview};
use crate::domain::flow::once;
use crate::error::{Error, FieldError, Result};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationErrors};

/// The largest body: ten thousand ids and what to change.
const MAX_BYTES: usize = 1024 * 1024;

/// Which leads, named one by one.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct BulkSelect {
    /// Their ids.
    #[schema(min_items = 1, max_items = 10_000)]
    pub ids: Vec<Uuid>,
}

/// What to do with which leads.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
#[schema(example = json!({"action": "tag", "tags": ["spring-fair"], "select": {"ids": ["0198c0de-7a11-7000-8000-00000000000a"]}, "dry_run": true}))]
pub enum BulkRequest {
    /// Change values, as `PATCH /v1/leads/{id}` does.
    Update {
        /// Which leads.
        select: BulkSelect,
        /// What to change: what is named is set, `null` clears, what is not named stays.
        changes: Box<LeadWrite>,
        /// Only say which leads it would touch.
        #[serde(default)]
        #[schema(default = false)]
        dry_run: bool,
    },
    /// Add labels; what else a lead has stays.
    Tag {
        /// Which leads.
        select: BulkSelect,
        /// The labels.
        #[schema(min_items = 1, max_items = 100)]
        tags: Vec<TagText>,
        /// Only say which leads it would touch.
        #[serde(default)]
        #[schema(default = false)]
        dry_run: bool,
    },
    /// Take labels away.
    Untag {
        /// Which leads.
        select: BulkSelect,
        /// The labels.
        #[schema(min_items = 1, max_items = 100)]
        tags: Vec<TagText>,
        /// Only say which leads it would touch.
        #[serde(default)]
        #[schema(default = false)]
        dry_run: bool,
    },
    /// Give them to somebody, as `POST /v1/leads/{id}/assignment` does.
    Assign {
        /// Which leads.
        select: BulkSelect,
        /// Who gets them.
        assignment: AssignmentWrite,
        /// Only say which leads it would touch.
        #[serde(default)]
        #[schema(default = false)]
        dry_run: bool,
    },
    /// Delete them, as `DELETE /v1/leads/{id}` does.
    Delete {
        /// Which leads.
        select: BulkSelect,
        /// Only say which leads it would touch.
        #[serde(default)]
        #[schema(default = false)]
        dry_run: bool,
    },
    /// Bring deleted ones back, as `POST /v1/leads/{id}/restore` does.
    Restore {
        /// Which leads.
        select: BulkSelect,
        /// Only say which leads it would touch.
        #[serde(default)]
        #[schema(default = false)]
        dry_run: bool,
    },
}

impl Validate for BulkRequest {
    fn validate(&self) -> Result<(), ValidationErrors> {
        match self {
            BulkRequest::Assign { assignment, .. } => assignment.validate(),
            _ => Ok(()),
        }
    }
}

/// What a job would touch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkPreview {
    /// How many leads.
    #[schema(minimum = 0)]
    pub total: usize,
    /// The first of them, at most ten.
    #[schema(max_items = 10)]
    pub sample: Vec<Uuid>,
}

/// Change many leads.
///
/// Starts a job, which does to each lead what the single operation does, with the same rules, events and history;
/// `GET /v1/jobs/{id}` says how far it is. The key needs `leads:bulk` and the scope of the single operation, also while
/// the job runs. Leads that are not there, or not for the caller, are skipped. With `dry_run` nothing is written, and the
/// answer says what would be touched.
#[utoipa::path(
    tag = "leads",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = BulkRequest,
    responses((status = 200, description = "What it would touch, for a dry run", body = BulkPreview),
        (status = 202, description = "The job", body = JobBody, headers(("Location" = String, description = "Where the job can be read"))), WriteProblems),
)]
#[post("/leads/bulk")]
pub async fn change_leads(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<BulkRequest, MAX_BYTES>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let (bulk, dry_run) = read(body)?;
    if !caller.scopes.contains(&bulk.scope()) {
        return Err(Error::MissingScope(bulk.scope()).into());
    }
    bulk.check(&caller.rules)
        .map_err(|error| within("/changes", error))?;
    let jobs = state.jobs.clone();
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        let by = caller.on_behalf(now);
        once::once(conn, key.as_ref(), now, |conn| {
            if dry_run {
                let Preview { total, sample } = bulk.preview(conn, &by)?;
                return idempotency::answer(StatusCode::OK, None, &BulkPreview { total, sample });
            }
            let job = bulk.start(conn, &by)?;
            idempotency::answer(StatusCode::ACCEPTED, None, &JobBody::from(job))
        })
    })
    .await?;
    jobs.wake();
    let location = location(&answered.answer.body);
    let mut response = idempotency::respond(answered);
    if response.status() == StatusCode::ACCEPTED
        && let Some(location) = location
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Where the job of an answer can be read.
fn location(answer: &[u8]) -> Option<header::HeaderValue> {
    #[derive(Deserialize)]
    struct Started {
        id: Uuid,
    }
    let started: Started = serde_json::from_slice(answer).ok()?;
    header::HeaderValue::try_from(format!("/v1/jobs/{}", started.id)).ok()
}

/// What is to be done, and whether it is only asked what that would touch.
fn read(body: ValidJson<BulkRequest, MAX_BYTES>) -> Result<(Bulk, bool)> {
    let (change, select, dry_run) = match body.value {
        BulkRequest::Update {
            select, dry_run, ..
        } => (
            BulkChange::Update {
                changes: changes(&body.raw)?,
            },
            select,
            dry_run,
        ),
        BulkRequest::Tag {
            select,
            tags,
            dry_run,
        } => (BulkChange::Tag { tags: clean(tags)? }, select, dry_run),
        BulkRequest::Untag {
            select,
            tags,
            dry_run,
        } => (BulkChange::Untag { tags: clean(tags)? }, select, dry_run),
        BulkRequest::Assign {
            select,
            assignment,
            dry_run,
        } => (
            BulkChange::Assign {
                assignment: assignment.into(),
            },
            select,
            dry_run,
        ),
        BulkRequest::Delete { select, dry_run } => (BulkChange::Delete, select, dry_run),
        BulkRequest::Restore { select, dry_run } => (BulkChange::Restore, select, dry_run),
    };
    let bulk = Bulk::new(change, select.ids).map_err(|error| within("/changes", error))?;
    Ok((bulk, dry_run))
}

/// The patch as it came: `null` and nothing are not the same in it.
fn changes(raw: &[u8]) -> Result<Map<String, Value>> {
    #[derive(Deserialize)]
    struct Sent {
        changes: Map<String, Value>,
    }
    let sent: Sent = serde_json::from_slice(raw).map_err(Error::internal)?;
    if sent.changes.is_empty() {
        let detail = "name at least one field to change";
        return Err(Error::Invalid(vec![FieldError::new(
            "/changes",
            "no_changes",
            detail,
        )]));
    }
    Ok(sent.changes)
}

fn clean(tags: Vec<TagText>) -> Result<Vec<String>> {
    let tags = capture_draft::clean_tags(tags.into_iter().map(|tag| tag.0).collect());
    if tags.is_empty() {
        let detail = "a label has at least one character";
        return Err(Error::Invalid(vec![FieldError::new(
            "/tags", "no_tags", detail,
        )]));
    }
    Ok(tags)
}

/// The wrong fields of a part of the body, by their pointers into the body.
fn within(part: &str, error: Error) -> Error {
    match error {
        Error::Invalid(errors) => Error::Invalid(
            errors
                .into_iter()
                .map(|error| FieldError {
                    pointer: format!("{part}{}", error.pointer),
                    ..error
                })
                .collect(),
        ),
        other => other,
    }
}
