//! `/v1/tags`: the labels that leads have.

use crate::api::auth::Caller;
use crate::api::bulk;
use crate::api::capture_json::TagText;
use crate::api::extract::{ValidJson, ValidQuery};
use crate::api::jobs::JobBody;
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::capture_draft;
use crate::domain::flow::rename_tags::rename;
use crate::error::{Error, FieldError, Result};
use crate::store::lead_values::{self, COUNTED, TagUse};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Which labels.
#[derive(Debug, Deserialize, ToSchema, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TagQuery {
    /// Those that begin like this; small and capital letters are not the same.
    #[schema(max_length = 100)]
    #[param(max_length = 100)]
    pub prefix: Option<String>,
    /// Labels on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// A label that leads have.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tag, example = json!({"tag": "trade-show", "leads": 230, "is_minimum": false}))]
pub struct TagBody {
    /// The label.
    pub tag: String,
    /// How many leads have it, deleted ones that can be restored included; `null` for callers from whom leads are kept.
    #[schema(minimum = 1, required = true)]
    pub leads: Option<i64>,
    /// There may be more: counting ends at 10,000.
    pub is_minimum: bool,
}

/// List labels.
///
/// Those that leads have, in the order of their letters, each with how many leads have it: for the choices of an editor or
/// a filter.
#[utoipa::path(tag = "leads", params(TagQuery), responses((status = 200, description = "A page of labels", body = Page<TagBody>), ReadProblems))]
#[get("/tags")]
pub async fn list_tags(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<TagQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let after: Option<String> = query
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let prefix = query.prefix.unwrap_or_default();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        lead_values::list_tags(conn, &prefix, after.as_deref(), limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, &last.tag))
        .transpose()?;
    let may_count = !caller.visible.is_restricted();
    let shown = |TagUse { tag, leads }| TagBody {
        tag,
        leads: may_count.then_some(leads.min(COUNTED)),
        is_minimum: may_count && leads > COUNTED,
    };
    let data = found.into_iter().map(shown).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}

/// Labels that become another one.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"tags": ["tradeshow", "trade show"], "to": "trade-show"}))]
pub struct TagRename {
    /// The labels that go; several become one.
    #[schema(min_items = 1, max_items = 100)]
    pub tags: Vec<TagText>,
    /// The label that takes their place.
    pub to: TagText,
}

/// Rename or merge labels.
///
/// Starts a job that gives every lead with one of the labels the other one in their place, as one change of the lead;
/// `GET /v1/jobs/{id}` says how far it is. Saved views that ask for the labels ask for the new one from then on; stage
/// criteria are not changed. A label that the condition of an active rule document asks for is not renamed under it (409,
/// `rule_in_use`): first activate a version that asks for another. To take labels away from all leads, use `POST /v1/leads/bulk` with `action: untag` and the
/// condition `{"field": "tags", "op": "has_any", "value": [...]}`.
#[utoipa::path(
    tag = "leads",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = TagRename,
    responses((status = 202, description = "The job", body = JobBody, headers(("Location" = String, description = "Where the job can be read"))), WriteProblems),
)]
#[post("/tags/rename")]
pub async fn rename_tags(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<TagRename>,
) -> Result<HttpResponse, ApiError> {
    let (from, to) = read(body.value.tags, body.value.to)?;
    bulk::start(&request, &state, caller, &body.raw, move |conn, by| {
        rename(conn, &from, &to, by)
    })
    .await
}

/// The labels in normal form.
fn read(tags: Vec<TagText>, to: TagText) -> Result<(Vec<String>, String)> {
    let wrong = |pointer, code, detail| FieldError::new(pointer, code, detail);
    let blank = "a label has at least one character";
    let from = capture_draft::clean_tags(tags.into_iter().map(|tag| tag.0).collect());
    let to = capture_draft::clean_tags(vec![to.0]).pop();
    let mut errors = Vec::new();
    if from.is_empty() {
        errors.push(wrong("/tags", "no_tags", blank));
    }
    let Some(to) = to else {
        errors.push(wrong("/to", "no_tags", blank));
        return Err(Error::Invalid(errors));
    };
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    if from == [to.clone()] {
        let detail = "the label has this name already: name another one";
        return Err(Error::Invalid(vec![wrong("/to", "no_changes", detail)]));
    }
    Ok((from, to))
}
