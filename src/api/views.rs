//! `/v1/views`: lists of leads that somebody wants to see again.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::{MergePatch, ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, PageQuery, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems, WrongField};
use crate::api::state::{AppState, in_workspace};
use crate::domain::capture_draft::line;
use crate::domain::condition::ConditionDocument;
use crate::domain::event::Actor;
use crate::domain::flow::once;
use crate::domain::flow::save_view::{self, Saver};
use crate::domain::idempotency::Answer;
use crate::domain::rules::Rules;
use crate::domain::saved_view::{SavedView, ViewContent};
use crate::store::saved_views;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// A field of leads, by its name: `company`, `custom.plan`, `attribution.first.utm_source`.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 120, example = "company")]
pub struct ColumnName(pub String);

/// A field of leads to sort by; with `-` before it, the greatest first.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 120, example = "-created_at")]
pub struct SortName(pub String);

/// What a view shows.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"name": "Big in Germany", "condition": {"all": [{"field": "country", "op": "eq", "value": "DE"}, {"field": "employee_count", "op": "gte", "value": 200}]},
    "columns": ["company", "last_name", "employee_count"], "sort": ["-employee_count", "company"]}))]
pub struct ViewWrite {
    /// For people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Which leads, as `POST /v1/leads/search` takes it; `null`: all. A change replaces it whole.
    #[schema(value_type = Option<Object>)]
    pub condition: Option<Map<String, Value>>,
    /// What has to be in name, company, mail address or phone number.
    #[schema(max_length = 200)]
    pub q: Option<String>,
    /// The fields to show, in order.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub columns: Vec<ColumnName>,
    /// In which order; newest first when empty.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub sort: Vec<SortName>,
    /// Everybody in the workspace sees it. Needs the scope `views:share`, as does every change of a shared view.
    #[serde(default)]
    #[schema(default = false)]
    pub shared: bool,
}

impl From<ViewWrite> for ViewContent {
    fn from(write: ViewWrite) -> Self {
        ViewContent {
            name: line(Some(write.name)).unwrap_or_default(),
            condition: write.condition.map(Value::Object),
            q: line(write.q),
            columns: write.columns.into_iter().map(|name| name.0).collect(),
            sort: write.sort.into_iter().map(|name| name.0).collect(),
            is_shared: write.shared,
        }
    }
}

/// A saved view.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = View)]
pub struct ViewBody {
    /// Its id.
    pub id: Uuid,
    /// For people.
    #[schema(example = "Big in Germany")]
    pub name: String,
    /// Whose it is: a user, or an API key.
    pub owner: Actor,
    /// Everybody in the workspace sees it.
    pub shared: bool,
    /// Which leads; `null`: all.
    #[schema(value_type = Option<ConditionDocument>)]
    pub condition: Option<Value>,
    /// What has to be in name, company, mail address or phone number.
    pub q: Option<String>,
    /// The fields to show, in order.
    #[schema(value_type = Vec<ColumnName>)]
    pub columns: Vec<String>,
    /// In which order; newest first when empty.
    #[schema(value_type = Vec<SortName>)]
    pub sort: Vec<String>,
    /// What has become wrong since it was saved: it names a field that is gone, for example. Until that is put right the
    /// view lists no leads.
    pub problems: Vec<WrongField>,
    /// Counts every change, from 1; the `ETag`.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl ViewBody {
    fn of(view: SavedView, rules: &Rules) -> ViewBody {
        let problems = view.content.problems(rules);
        ViewBody {
            id: view.id,
            owner: view.owner,
            problems: problems.into_iter().map(WrongField::from).collect(),
            name: view.content.name,
            shared: view.content.is_shared,
            condition: view.content.condition,
            q: view.content.q,
            columns: view.content.columns,
            sort: view.content.sort,
            version: view.version,
            created_at: view.created_at,
            updated_at: view.updated_at,
        }
    }
}

/// List saved views: the caller's own and those that are shared, oldest first.
#[utoipa::path(tag = "views", params(PageQuery), responses((status = 200, description = "A page of views", body = Page<ViewBody>), ReadProblems))]
#[get("/views")]
pub async fn list_views(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let after: Option<Uuid> = query
        .0
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let (owner, rules) = (caller.id, caller.rules.clone());
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        saved_views::list(conn, owner, after, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found
            .into_iter()
            .map(|view| ViewBody::of(view, &rules))
            .collect(),
        next_cursor,
    }))
}

/// Save a view, for oneself or, with `shared`, for everybody.
#[utoipa::path(
    tag = "views",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = ViewWrite,
    responses((status = 201, description = "The view", body = ViewBody, headers(("ETag" = String, description = "The view's version"))), WriteProblems),
)]
#[post("/views")]
pub async fn create_view(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<ViewWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let content = ViewContent::from(body.value);
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let view = save_view::create(conn, content.clone(), &saver(&caller, now))?;
            answer(StatusCode::CREATED, view, &caller)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Read a saved view.
#[utoipa::path(
    tag = "views",
    params(("id" = Uuid, Path, description = "The view")),
    responses((status = 200, description = "The view", body = ViewBody, headers(("ETag" = String, description = "The view's version"))), ReadProblems),
)]
#[get("/views/{id}")]
pub async fn get_view(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let (actor, rules) = (caller.actor(), caller.rules.clone());
    let view = in_workspace(&state, caller.workspace_id, move |conn| {
        save_view::get(conn, *id, &actor)
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(view.version)))
        .json(ViewBody::of(view, &rules)))
}

/// Change a saved view: a JSON merge patch, but for `condition`, which is replaced whole.
#[utoipa::path(
    tag = "views",
    params(("id" = Uuid, Path, description = "The view"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the view is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body(content = ViewWrite, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The view afterwards", body = ViewBody, headers(("ETag" = String, description = "The view's version"))), WriteProblems),
)]
#[patch("/views/{id}")]
pub async fn update_view(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    patch: MergePatch<ViewWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &patch.raw)?;
    let expected = expected_version(&request)?;
    let changes = patch.changes;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let change = |content: &mut ViewContent| apply(&changes, content);
            let view = save_view::change(conn, *id, expected, change, &saver(&caller, now))?;
            answer(StatusCode::OK, view, &caller)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Remove a saved view.
#[utoipa::path(
    tag = "views",
    params(("id" = Uuid, Path, description = "The view"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the view is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 204, description = "Removed"), WriteProblems),
)]
#[delete("/views/{id}")]
pub async fn delete_view(
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
            save_view::remove(conn, *id, expected, &saver(&caller, now))?;
            Ok(Answer {
                status: StatusCode::NO_CONTENT.as_u16(),
                etag: None,
                body: Vec::new(),
            })
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

fn saver(caller: &Caller, now: DateTime<Utc>) -> Saver<'_> {
    Saver {
        actor: &caller.actor,
        id: caller.id,
        scopes: &caller.scopes,
        rules: &caller.rules,
        now,
    }
}

fn answer(status: StatusCode, view: SavedView, caller: &Caller) -> crate::error::Result<Answer> {
    let tag = etag(view.version);
    idempotency::answer(status, Some(tag), &ViewBody::of(view, &caller.rules))
}

/// Applies a patch whose shape was checked; the answer is what it names.
fn apply(changes: &Map<String, Value>, content: &mut ViewContent) -> Vec<&'static str> {
    let text = |value: &Value| line(value.as_str().map(str::to_owned));
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    let mut touched = Vec::new();
    for (name, value) in changes {
        touched.push(match name.as_str() {
            "name" => {
                content.name = text(value).unwrap_or_default();
                "name"
            }
            "condition" => {
                content.condition = Some(value.clone()).filter(|value| !value.is_null());
                "condition"
            }
            "q" => {
                content.q = text(value);
                "q"
            }
            "columns" => {
                content.columns = texts(value);
                "columns"
            }
            "sort" => {
                content.sort = texts(value);
                "sort"
            }
            "shared" => {
                content.is_shared = value.as_bool().unwrap_or(false);
                "shared"
            }
            _ => continue,
        });
    }
    touched
}
