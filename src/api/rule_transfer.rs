//! Rules as code: what differs between two versions, all active documents as one, and back in.

use crate::api::auth::Caller;
use crate::api::extract::{ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::rules::{RuleBody, RuleWarning, RuleWrite, body};
use crate::api::state::{AppState, in_workspace};
use crate::domain::flow::import_rules::{Imported, Incoming, Manner};
use crate::domain::flow::{self, once, schedule_rules};
use crate::domain::json_difference::{Difference, differences};
use crate::domain::rule_document::{RuleDocument, RuleKind, RuleState};
use crate::error::{Error, FieldError, Result};
use crate::store::rule_documents;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

/// A place at which two documents differ.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RuleDifference {
    /// JSON pointer (RFC 6901) into the documents.
    #[schema(example = "/clocks/0/within_minutes")]
    pub pointer: String,
    /// What the other document has there; `null`: nothing.
    pub before: Value,
    /// What this one has there; `null`: nothing.
    pub after: Value,
}

impl From<Difference> for RuleDifference {
    fn from(one: Difference) -> Self {
        RuleDifference {
            pointer: one.pointer,
            before: one.first,
            after: one.second,
        }
    }
}

/// With which version to compare.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// A version of the same kind; the active one of its kind and key, if nothing is said, and what every workspace begins
    /// with where none is active.
    pub against: Option<Uuid>,
}

/// What differs between two versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleDiff {
    /// This version.
    pub id: Uuid,
    /// The version that it was compared with; `null`: what every workspace begins with, or nothing.
    #[schema(required = true)]
    pub against: Option<Uuid>,
    /// Nothing differs.
    pub same: bool,
    /// Where they differ.
    pub differences: Vec<RuleDifference>,
}

/// Compare a rule document with another version.
#[utoipa::path(tag = "rules", params(("id" = Uuid, Path, description = "The version"), DiffQuery), responses((status = 200, description = "Where they differ", body = RuleDiff), ReadProblems))]
#[get("/rules/{id}/diff")]
pub async fn diff_rule(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<DiffQuery>,
) -> Result<HttpResponse, ApiError> {
    let against = query.0.against;
    let (version, other) = in_workspace(&state, caller.workspace_id, move |conn| {
        let version = rule_documents::get(conn, *id)?;
        let kind = version.document.kind();
        let other = match against {
            Some(other) => Some(rule_documents::get(conn, other)?),
            None => {
                let (key, active) = (version.key.as_str(), Some(RuleState::Active));
                rule_documents::list(conn, Some(kind), Some(key), active, None, 1)?.pop()
            }
        };
        Ok((version, other))
    })
    .await?;
    let kind = version.document.kind();
    if other
        .as_ref()
        .is_some_and(|other| other.document.kind() != kind)
    {
        let detail = "a version of the same kind: see GET /v1/rules?kind=";
        let wrong = FieldError::new("?against", "another_kind", detail);
        return Err(Error::Invalid(vec![wrong]).into());
    }
    let usual = RuleDocument::usual(kind, &version.key);
    let before = other.as_ref().map(|other| &other.document);
    let before = json(before.or(usual.as_ref()))?;
    let found = differences(&before, &json(Some(&version.document))?);
    Ok(HttpResponse::Ok().json(RuleDiff {
        id: version.id,
        against: other.map(|other| other.id),
        same: found.is_empty(),
        differences: found.into_iter().map(RuleDifference::from).collect(),
    }))
}

fn json(document: Option<&RuleDocument>) -> Result<Value> {
    let json = document.map(RuleDocument::to_json).transpose();
    Ok(json.map_err(Error::internal)?.unwrap_or_default())
}

/// A document as it is kept in a repository.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedRule {
    /// What it is about.
    pub kind: RuleKind,
    /// What others name it by; absent for what a workspace has one of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What it says.
    #[schema(value_type = Object)]
    pub document: Value,
}

/// All documents that count, without ids.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleExport {
    /// By kind and key; what is named stands before what names it.
    pub documents: Vec<ExportedRule>,
}

fn exported((key, document): (String, RuleDocument)) -> Result<ExportedRule> {
    let kind = document.kind();
    Ok(ExportedRule {
        kind,
        key: (!kind.is_only()).then_some(key),
        document: document.to_json().map_err(Error::internal)?,
    })
}

/// Which documents.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Also what every workspace begins with and no document replaces, to begin from.
    #[serde(default)]
    #[schema(default = false)]
    #[param(default = false)]
    pub with_defaults: bool,
}

/// Export the rule documents that count, as one to keep in a repository.
///
/// The order stays the same, and `POST /v1/rules/import` takes it in as it is. What every workspace begins with is not in it, unless
/// you ask `with_defaults`: the pool `everyone`, the two policies, the framework and the scoring model `default`, as far as no
/// document stands in their place.
#[utoipa::path(tag = "rules", params(ExportQuery), responses((status = 200, description = "The documents", body = RuleExport), ReadProblems))]
#[get("/rules/export")]
pub async fn export_rules(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<ExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let with_defaults = query.0.with_defaults;
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        flow::import_rules::export(conn, with_defaults)
    })
    .await?;
    let documents = found.into_iter().map(exported);
    let documents = documents.collect::<Result<Vec<_>>>()?;
    Ok(HttpResponse::Ok().json(RuleExport { documents }))
}

/// Documents that are to come in together.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"activate": true, "documents": [
    {"kind": "calendar", "key": "always", "document": {"always": true}},
    {"kind": "sla_policy", "document": {"clocks": [
        {"key": "first_response", "kind": "first_response", "name": "First response", "within_minutes": 10, "calendar": "always"}]}}]}))]
pub struct RuleImport {
    /// Each kind and key once. What is left out stays as it is.
    #[schema(max_items = 500)]
    pub documents: Vec<RuleWrite>,
    /// Nothing is written: only told what would be.
    #[serde(default)]
    pub dry_run: bool,
    /// Whatever comes in counts at once, also a version that was there and did not count.
    #[serde(default)]
    pub activate: bool,
}

impl Validate for RuleImport {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        Ok(())
    }
}

/// What became of a document.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// A version was made of it, or would be.
    Created,
    /// There is such a version already.
    Unchanged,
}

/// What became of one document of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedRule {
    /// What it is about.
    pub kind: RuleKind,
    /// Its key.
    pub key: String,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// The version; `null`: it would be made.
    #[schema(required = true)]
    pub id: Option<Uuid>,
    /// Its number.
    #[schema(minimum = 1)]
    pub version: i64,
    /// Where it stands.
    pub state: RuleState,
    /// Where it differs from the document that counted before; one at the root where none did.
    pub differences: Vec<RuleDifference>,
    /// What is worth a look; pointers are into the request.
    pub warnings: Vec<RuleWarning>,
}

impl From<Imported> for ImportedRule {
    fn from(one: Imported) -> Self {
        ImportedRule {
            kind: one.kind,
            key: one.key,
            outcome: match one.is_new {
                true => ImportOutcome::Created,
                false => ImportOutcome::Unchanged,
            },
            id: one.id,
            version: one.version,
            state: one.state,
            differences: one
                .differences
                .into_iter()
                .map(RuleDifference::from)
                .collect(),
            warnings: one.warnings.into_iter().map(RuleWarning::from).collect(),
        }
    }
}

/// What became of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportAnswer {
    /// Nothing was written.
    pub dry_run: bool,
    /// By document, in the order of the request.
    pub results: Vec<ImportedRule>,
}

/// Import rule documents, all or none.
///
/// They are checked together, as if all of them counted, since they name each other. A version is made only where something
/// differs, so that the same import twice changes nothing. What is wrong with a document that counts as it is, such as somebody in it
/// who was disabled since, is a warning: it goes on counting.
#[utoipa::path(
    tag = "rules",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = RuleImport,
    responses((status = 200, description = "What became of each", body = ImportAnswer), WriteProblems),
)]
#[post("/rules/import")]
pub async fn import_rules(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<RuleImport, { 4 * 1024 * 1024 }>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let RuleImport {
        documents,
        dry_run,
        activate,
    } = body.value;
    let incoming: Vec<Incoming> = documents
        .into_iter()
        .map(RuleWrite::into_incoming)
        .collect();
    let manner = Manner { dry_run, activate };
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let (by, trail) = (caller.on_behalf(Utc::now()), caller.trail());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let done = flow::import_rules::import(conn, &incoming, manner, &trail, &by)?;
            let results = done.into_iter().map(ImportedRule::from).collect();
            let shown = ImportAnswer { dry_run, results };
            idempotency::answer(StatusCode::OK, None, &shown)
        })
    })
    .await?;
    state.rules_changed();
    Ok(idempotency::respond(answered))
}

/// When a version is to count.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"at": "2027-01-01T00:00:00Z"}))]
pub struct ScheduleRequest {
    /// A moment that is still to come.
    pub at: DateTime<Utc>,
}

/// Let a rule document count from a moment on.
///
/// It is checked now, and again when the moment comes; one that cannot be used then is what it was before, and the audit log
/// says why. Of a version that is scheduled already it changes the moment. Where it begins to count it does so within half a second
/// of the moment; other processes follow within five seconds.
#[utoipa::path(
    tag = "rules",
    params(("id" = Uuid, Path, description = "The version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = ScheduleRequest,
    responses((status = 200, description = "The version, which is scheduled", body = RuleBody), WriteProblems),
)]
#[post("/rules/{id}/schedule")]
pub async fn schedule_rule(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<ScheduleRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let at = body.value.at;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let (by, trail) = (caller.on_behalf(Utc::now()), caller.trail());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let done = schedule_rules::schedule(conn, *id, at, &trail, &by)?;
            idempotency::answer(StatusCode::OK, None, &self::body(done, Vec::new())?)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Take back that a rule document is to count from a moment on.
#[utoipa::path(
    tag = "rules",
    params(("id" = Uuid, Path, description = "The version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The version, as it was before", body = RuleBody), WriteProblems),
)]
#[post("/rules/{id}/unschedule")]
pub async fn unschedule_rule(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let (by, trail) = (caller.on_behalf(Utc::now()), caller.trail());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let done = schedule_rules::unschedule(conn, *id, &trail, &by)?;
            idempotency::answer(StatusCode::OK, None, &body(done, Vec::new())?)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}
