//! `POST /v1/leads/bulk`: one and the same change of many leads.

use crate::api::assignments::AssignmentWrite;
use crate::api::auth::Caller;
use crate::api::capture_json::TagText;
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::jobs::JobBody;
use crate::api::lead_query::WithTests;
use crate::api::lead_write::LeadWrite;
use crate::api::moves::StageMove;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::capture_draft;
use crate::domain::condition::ConditionDocument;
use crate::domain::flow::bulk::{Bulk, BulkChange, Preview, Selection};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::once;
use crate::domain::job::Job;
use crate::domain::lead_filter::LeadFilter;
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
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

/// Which leads: those that are named one by one, or, by `condition`, `q` or both, those for which something holds.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"condition": {"field": "country", "op": "in", "value": ["DE", "AT", "CH"]}}))]
pub struct BulkSelect {
    /// Their ids.
    #[schema(min_items = 1, max_items = 10_000)]
    pub ids: Option<Vec<Uuid>>,
    /// What has to hold, as in a search: of the leads there are when the job is asked for, each for which it holds when
    /// its turn comes is done, once. Relative times count from when the job is asked for. `{"all": []}` is every lead.
    #[schema(value_type = Option<ConditionDocument>)]
    pub condition: Option<Value>,
    /// Words that are somewhere in name, company, mail address or phone number, as in a search.
    #[schema(max_length = 200, example = "ada love")]
    pub q: Option<String>,
    /// With `condition` or `q`: tests (`true`), everything but tests (`false`), or both (`any`).
    #[schema(default = "false")]
    pub is_test: WithTests,
}

impl BulkSelect {
    fn read(self) -> Result<Selection> {
        let wrong = |detail| {
            let error = FieldError::new("/select", "invalid_selection", detail);
            Err(Error::Invalid(vec![error]))
        };
        match (self.ids, self.condition.is_some() || self.q.is_some()) {
            (Some(_), true) => wrong("either `ids`, or `condition` and `q`: not both"),
            (None, false) => wrong("say which leads: `ids`, `condition` or `q`"),
            (Some(ids), false) => Ok(Selection::Named(ids)),
            (None, true) => Ok(Selection::Matching(LeadFilter {
                condition: self.condition,
                q: self.q,
                is_test: self.is_test.wanted(),
            })),
        }
    }
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
    /// Give open ones out again by the routing policy, each to somebody else than who has it: when somebody leaves, to the
    /// others, by `"condition": {"field": "owner_id", "op": "eq", "value": "…"}`. Those that are converted, disqualified or
    /// tests are skipped.
    Route {
        /// Which leads.
        select: BulkSelect,
        /// Why, in a few words; the history shows it.
        #[schema(max_length = 500)]
        reason: Option<String>,
        /// Only say which leads it would touch.
        #[serde(default)]
        #[schema(default = false)]
        dry_run: bool,
    },
    /// Move them to another stage, as `POST /v1/leads/{id}/stage` does.
    Stage {
        /// Which leads.
        select: BulkSelect,
        /// Where they go.
        to: StageMove,
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
            BulkRequest::Stage { to, .. } => to.validate(),
            _ => Ok(()),
        }
    }
}

/// What a job would touch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkPreview {
    /// How many leads.
    #[schema(minimum = 0)]
    pub total: i64,
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
    let raw = body.raw.clone();
    let (bulk, dry_run) = read(body)?;
    if !caller.scopes.contains(&bulk.scope()) {
        return Err(Error::MissingScope(bulk.scope()).into());
    }
    bulk.check(&caller.rules)
        .map_err(|error| within("/changes", error))?;
    bulk.check_selection(&caller.on_behalf(Utc::now()))?;
    if dry_run {
        let key = idempotency::key(&request, &caller, &raw)?;
        let answered = in_workspace(&state, caller.workspace_id, move |conn| {
            let by = caller.on_behalf(Utc::now());
            once::once(conn, key.as_ref(), by.now, |conn| {
                check_assignment(&bulk, conn)?;
                let Preview { total, sample } = bulk.preview(conn, &by)?;
                idempotency::answer(StatusCode::OK, None, &BulkPreview { total, sample })
            })
        });
        return Ok(idempotency::respond(answered.await?));
    }
    start(&request, &state, caller, &raw, move |conn, by| {
        check_assignment(&bulk, conn)?;
        bulk.start(conn, by)
    })
    .await
}

fn check_assignment(bulk: &Bulk, conn: &mut TenantConnection) -> Result<()> {
    bulk.check_assignment(conn)
        .map_err(|error| within("/assignment", error))
}

/// Starts a job; the answer says where it can be read.
pub async fn start(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    caller: Caller,
    raw: &[u8],
    begin: impl Fn(&mut TenantConnection, &OnBehalf) -> Result<Job> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(request, &caller, raw)?;
    let jobs = state.jobs.clone();
    let answered = in_workspace(state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let job = begin(conn, &by)?;
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
        BulkRequest::Route {
            select,
            reason,
            dry_run,
        } => (
            BulkChange::Route {
                reason: capture_draft::line(reason),
            },
            select,
            dry_run,
        ),
        BulkRequest::Stage {
            select,
            to,
            dry_run,
        } => {
            let to = to.read().map_err(|error| within("/to", error))?;
            (BulkChange::Stage { to }, select, dry_run)
        }
        BulkRequest::Delete { select, dry_run } => (BulkChange::Delete, select, dry_run),
        BulkRequest::Restore { select, dry_run } => (BulkChange::Restore, select, dry_run),
    };
    let bulk = Bulk::new(change, select.read()?).map_err(|error| within("/changes", error))?;
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
