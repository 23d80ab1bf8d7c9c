//! `/v1/rules`: what a workspace decides by, as versions.

use crate::api::auth::Caller;
use crate::api::extract::{ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::audit::Trail;
use crate::domain::calendar::CalendarDocument;
use crate::domain::capture_draft;
use crate::domain::event::Actor;
use crate::domain::flow::import_rules::Incoming;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::{change_rules, once};
use crate::domain::qualification::FrameworkDocument;
use crate::domain::routing::{PoolDocument, RoutingDocument, SkillDocument};
use crate::domain::rule_document::{RuleDocument, RuleKind, RuleState, RuleVersion};
use crate::domain::scoring::ScoringModelDocument;
use crate::domain::sla::SlaPolicyDocument;
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::rule_documents;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

/// A document, and what it is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(example = json!({"kind": "sla_policy", "note": "ten minutes at night", "document": {"clocks": [
    {"key": "first_response", "kind": "first_response", "name": "First response", "within_minutes": 10}]}}))]
pub enum RuleWrite {
    /// Who can do something.
    Skill {
        /// The skill, as pools ask for it.
        #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]*$")]
        key: String,
        /// Why it is written.
        #[schema(max_length = 500)]
        note: Option<String>,
        /// What it says.
        document: SkillDocument,
    },
    /// When people are there.
    Calendar {
        /// What policies name it by.
        #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]*$")]
        key: String,
        /// Why it is written.
        #[schema(max_length = 500)]
        note: Option<String>,
        /// What it says.
        document: CalendarDocument,
    },
    /// People who share leads.
    Pool {
        /// What policies name it by; `everyone` is the pool of all reps, unless you write another of that key.
        #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]*$")]
        key: String,
        /// Why it is written.
        #[schema(max_length = 500)]
        note: Option<String>,
        /// What it says.
        document: PoolDocument,
    },
    /// Which leads go where.
    RoutingPolicy {
        /// Why it is written.
        #[schema(max_length = 500)]
        note: Option<String>,
        /// What it says.
        document: RoutingDocument,
    },
    /// By when a lead has to be answered.
    SlaPolicy {
        /// Why it is written.
        #[schema(max_length = 500)]
        note: Option<String>,
        /// What it says.
        document: SlaPolicyDocument,
    },
    /// What is asked of leads, and what follows from the answers. Activating one, as retiring one, qualifies all leads anew, as a
    /// job of the kind `rescore`: stages follow as the framework sets it.
    Framework {
        /// Why it is written.
        #[schema(max_length = 500)]
        note: Option<String>,
        /// What it says.
        document: FrameworkDocument,
    },
    /// What leads are worth. Activating one, as retiring one, scores all leads anew, as a job that begins ten seconds later: by then
    /// every process scores by it.
    ScoringModel {
        /// `default` scores every lead that no other model counts for; the others are tried before it, in the order of their keys.
        #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]*$")]
        key: Option<String>,
        /// Why it is written.
        #[schema(max_length = 500)]
        note: Option<String>,
        /// What it says.
        document: ScoringModelDocument,
    },
}

impl Validate for RuleWrite {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        Ok(())
    }
}

impl RuleWrite {
    /// As documents come in together.
    pub fn into_incoming(self) -> Incoming {
        let (key, note, document) = self.into_parts();
        Incoming {
            key,
            document,
            note: capture_draft::line(note),
            version: None,
        }
    }

    pub(super) fn into_parts(self) -> (Option<String>, Option<String>, RuleDocument) {
        match self {
            RuleWrite::Skill {
                key,
                note,
                document,
            } => (Some(key), note, RuleDocument::Skill(document)),
            RuleWrite::Calendar {
                key,
                note,
                document,
            } => (Some(key), note, RuleDocument::Calendar(document)),
            RuleWrite::Pool {
                key,
                note,
                document,
            } => (Some(key), note, RuleDocument::Pool(document)),
            RuleWrite::RoutingPolicy { note, document } => {
                (None, note, RuleDocument::RoutingPolicy(document))
            }
            RuleWrite::SlaPolicy { note, document } => {
                (None, note, RuleDocument::SlaPolicy(document))
            }
            RuleWrite::Framework { note, document } => {
                (None, note, RuleDocument::Framework(document))
            }
            RuleWrite::ScoringModel {
                key,
                note,
                document,
            } => (key, note, RuleDocument::ScoringModel(document)),
        }
    }
}

/// Something that is worth a look.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleWarning {
    /// JSON pointer (RFC 6901) into the document.
    #[schema(example = "/fallback/0")]
    pub pointer: String,
    /// What it is, machine readable.
    #[schema(example = "can_be_empty")]
    pub code: String,
    /// What it is, and what helps.
    pub detail: String,
}

impl From<FieldError> for RuleWarning {
    fn from(error: FieldError) -> Self {
        RuleWarning {
            pointer: error.pointer,
            code: error.code.to_owned(),
            detail: error.detail,
        }
    }
}

/// A version of a document. It never changes but for where it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
pub struct RuleBody {
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub kind: RuleKind,
    /// What others name it by; `default` for policies, of which a workspace has one.
    #[schema(example = "default")]
    pub key: String,
    /// 1, 2, 3 … of the kind and key.
    #[schema(minimum = 1)]
    pub version: i64,
    /// Where it stands.
    pub state: RuleState,
    /// What it says, as it is written for its kind.
    #[schema(value_type = Object)]
    pub document: Value,
    /// Why it was written.
    #[schema(required = true)]
    pub note: Option<String>,
    /// Who wrote it.
    pub created_by: Actor,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it last became active.
    #[schema(required = true)]
    pub activated_at: Option<DateTime<Utc>>,
    /// When it was last retired.
    #[schema(required = true)]
    pub retired_at: Option<DateTime<Utc>>,
    /// When it is to count, while it is scheduled.
    #[schema(required = true)]
    pub activate_at: Option<DateTime<Utc>>,
    /// What is worth a look, though the document can be used; only told when it is written.
    pub warnings: Vec<RuleWarning>,
}

pub(super) fn body(version: RuleVersion, warnings: Vec<FieldError>) -> Result<RuleBody> {
    Ok(RuleBody {
        id: version.id,
        kind: version.document.kind(),
        key: version.key,
        version: version.version,
        state: version.state,
        document: version.document.to_json().map_err(Error::internal)?,
        note: version.note,
        created_by: version.created_by,
        created_at: version.created_at,
        activated_at: version.activated_at,
        retired_at: version.retired_at,
        activate_at: version.activate_at,
        warnings: warnings.into_iter().map(RuleWarning::from).collect(),
    })
}

/// Write a rule document.
///
/// It becomes a draft: checked, with everything that is wrong told at once by its place, but not counting before
/// `POST /v1/rules/{id}/activate`.
#[utoipa::path(
    tag = "rules",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body(content = RuleWrite, examples(
        ("calendar" = (value = json!({"kind": "calendar", "key": "office", "document": {"zone": "Europe/Berlin", "hours": {"monday": [{"from": "09:00", "to": "17:00"}]}}}))),
        ("pool" = (value = json!({"kind": "pool", "key": "dach", "document": {"name": "DACH", "strategy": "weighted", "members": "all_reps"}}))),
        ("routing_policy" = (value = json!({"kind": "routing_policy", "document": {"rules": [{"key": "dach", "name": "DACH", "when": {"field": "country", "op": "in", "value": ["DE", "AT", "CH"]},
            "to": [{"owner_of_account": true}, {"pool": "everyone"}]}], "fallback": [{"pool": "everyone"}, {"queue": "unassigned"}], "accept_within_minutes": 15}}))),
        ("sla_policy" = (value = json!({"kind": "sla_policy", "document": {"clocks": [{"key": "first_response", "kind": "first_response", "name": "First response", "within_minutes": 30,
            "escalations": [{"at_percent": 80, "actions": [{"do": "notify", "to": "owner"}]}, {"at_percent": 100, "actions": [{"do": "reassign"}]}]}]}}))),
        ("framework" = (value = json!({"kind": "framework", "document": FrameworkDocument::default()}))),
        ("scoring_model" = (value = json!({"kind": "scoring_model", "document": ScoringModelDocument::default()}))),
    )),
    responses((status = 201, description = "The draft", body = RuleBody), WriteProblems),
)]
#[post("/rules")]
pub async fn write_rule(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<RuleWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let (name, note, document) = body.value.into_parts();
    let note = capture_draft::line(note);
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let written =
                change_rules::write(conn, name.clone(), document.clone(), note.clone(), &by)?;
            let shown = self::body(written.version, written.warnings)?;
            idempotency::answer(StatusCode::CREATED, None, &shown)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Which versions.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RuleQuery {
    /// What they are about.
    pub kind: Option<RuleKind>,
    /// What others name them by.
    #[schema(max_length = 50)]
    #[param(max_length = 50)]
    pub key: Option<String>,
    /// Where they stand.
    pub state: Option<RuleState>,
    /// Versions on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// List rule documents, the newest version first.
#[utoipa::path(tag = "rules", params(RuleQuery), responses((status = 200, description = "A page of versions", body = Page<RuleBody>), ReadProblems))]
#[get("/rules")]
pub async fn list_rules(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<RuleQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<Uuid> = query
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        let key = query.key.as_deref();
        rule_documents::list(conn, query.kind, key, query.state, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    let data = found.into_iter().map(|version| body(version, Vec::new()));
    let data = data.collect::<Result<Vec<_>>>()?;
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}

/// Read a rule document.
#[utoipa::path(tag = "rules", params(("id" = Uuid, Path, description = "The version")), responses((status = 200, description = "The version", body = RuleBody), ReadProblems))]
#[get("/rules/{id}")]
pub async fn get_rule(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        rule_documents::get(conn, *id)
    })
    .await?;
    Ok(HttpResponse::Ok().json(body(found, Vec::new())?))
}

/// Let a rule document count from now on.
///
/// The version that counted is retired; to roll back, activate it again. Other processes follow within five seconds. After another
/// scoring model all leads are scored anew by a job, which begins ten seconds later: what was scored by the former one
/// meanwhile is among them. A version that cannot be used any more is refused with everything of which it cannot (409,
/// `rule_unusable`, with `errors`).
#[utoipa::path(
    tag = "rules",
    params(("id" = Uuid, Path, description = "The version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The version, which is active", body = RuleBody), WriteProblems),
)]
#[post("/rules/{id}/activate")]
pub async fn activate_rule(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    run(&request, &state, caller, move |conn, trail, by| {
        change_rules::activate(conn, *id, trail, by)
    })
    .await
}

/// Let a rule document count no longer: what every workspace begins with stands in, if there is such a thing.
///
/// A pool or calendar that an active document names is in use, and so is a skill that a pool asks for and says of none of its members: the
/// conflict says which document, and where. The scoring model `default` is needed while other models have another half-life than the
/// one that would stand in: all models have one.
#[utoipa::path(
    tag = "rules",
    params(("id" = Uuid, Path, description = "The version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The version, which is retired", body = RuleBody), WriteProblems),
)]
#[post("/rules/{id}/retire")]
pub async fn retire_rule(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    run(&request, &state, caller, move |conn, trail, by| {
        change_rules::retire(conn, *id, trail, by)
    })
    .await
}

async fn run(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    caller: Caller,
    work: impl Fn(&mut TenantConnection, &Trail, &OnBehalf) -> Result<RuleVersion> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(request, &caller, &[])?;
    let answered = in_workspace(state, caller.workspace_id, move |conn| {
        let (by, trail) = (caller.on_behalf(Utc::now()), caller.trail());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let done = work(conn, &trail, &by)?;
            idempotency::answer(StatusCode::OK, None, &body(done, Vec::new())?)
        })
    })
    .await?;
    state.rules_changed();
    Ok(idempotency::respond(answered))
}
