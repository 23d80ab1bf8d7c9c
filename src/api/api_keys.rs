//! `/v1/api-keys`: the keys of programs.

use crate::api::auth::Caller;
use crate::api::extract::{ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, PageQuery, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::access::Scope;
use crate::domain::capture_draft;
use crate::domain::flow::setup::NewKey;
use crate::domain::flow::{api_keys as flow, once};
use crate::domain::idempotency::Answer;
use crate::error::{Error, FieldError};
use crate::store::api_keys::{self, ApiKeyRecord};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// An API key; the key itself is shown once, when it is made.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyBody {
    /// Its id.
    pub id: Uuid,
    /// What it is used for.
    #[schema(example = "CRM sync")]
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Its own rate limit; `null`: that of the service.
    pub requests_per_minute: Option<i32>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiKeyRecord> for ApiKeyBody {
    fn from(record: ApiKeyRecord) -> Self {
        ApiKeyBody {
            id: record.id,
            name: record.name,
            scopes: record.scopes,
            requests_per_minute: record.requests_per_minute,
            created_at: record.created_at,
            expires_at: record.expires_at,
            last_used_at: record.last_used_at,
            revoked_at: record.revoked_at,
        }
    }
}

/// List API keys, newest first, revoked ones too.
#[utoipa::path(tag = "people", params(PageQuery), responses((status = 200, description = "A page of keys", body = Page<ApiKeyBody>), ReadProblems))]
#[get("/api-keys")]
pub async fn list_api_keys(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<Uuid> = query
        .0
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        api_keys::list(conn, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(ApiKeyBody::from).collect(),
        next_cursor,
    }))
}

/// A new key.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"name": "CRM sync", "scopes": ["leads:read"]}))]
pub struct NewApiKey {
    /// What it is used for.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it may do: nothing that you may not.
    #[schema(min_items = 1, max_items = 50)]
    pub scopes: Vec<Scope>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Its own rate limit.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub requests_per_minute: Option<u32>,
}

/// A key that was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CreatedApiKey {
    /// What is known of it.
    pub api_key: ApiKeyBody,
    /// The key, shown only now; `null` when the answer is repeated for an `Idempotency-Key`.
    #[schema(required = true, example = "bk_live_…")]
    pub key: Option<String>,
}

/// Make an API key. It is shown this once, and may do nothing that the caller may not.
#[utoipa::path(
    tag = "people",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again, without the key")),
    request_body = NewApiKey,
    responses((status = 201, description = "The key", body = CreatedApiKey), WriteProblems),
)]
#[post("/api-keys")]
pub async fn create_api_key(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<NewApiKey>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let NewApiKey {
        name,
        mut scopes,
        expires_at,
        requests_per_minute,
    } = body.value;
    let name = capture_draft::line(Some(name)).ok_or_else(|| {
        Error::Invalid(vec![FieldError::new(
            "/name",
            "empty_name",
            "say what it is used for",
        )])
    })?;
    scopes.sort_unstable();
    scopes.dedup();
    let new = NewKey {
        name,
        scopes,
        expires_at,
        requests_per_minute,
    };
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once_with_secret(conn, key.as_ref(), now, |conn| {
            let made = flow::create(conn, &new, &caller.scopes, &caller.trail(), now)?;
            let record = api_keys::find(conn, made.id)?
                .ok_or_else(|| Error::internal("a key that was made is not there"))?;
            let kept = CreatedApiKey {
                api_key: record.into(),
                key: None,
            };
            let shown = CreatedApiKey {
                key: Some(made.reveal()),
                ..kept.clone()
            };
            Ok((
                idempotency::answer(StatusCode::CREATED, None, &shown)?,
                idempotency::answer(StatusCode::CREATED, None, &kept)?,
            ))
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Revoke an API key. Other processes follow within five seconds.
#[utoipa::path(
    tag = "people",
    params(("id" = Uuid, Path, description = "The key's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 204, description = "Revoked"), WriteProblems),
)]
#[delete("/api-keys/{id}")]
pub async fn revoke_api_key(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            flow::revoke(conn, *id, &caller.trail(), now)?;
            Ok(Answer {
                status: StatusCode::NO_CONTENT.as_u16(),
                etag: None,
                body: Vec::new(),
            })
        })
    })
    .await?;
    state.forget_callers();
    Ok(idempotency::respond(answered))
}
