//! `POST /v1/leads/search`: leads by a condition, in any order, with the fields that are asked for.

use crate::api::auth::Caller;
use crate::api::extract::PartJson;
use crate::api::lead_json::LeadBody;
use crate::api::lead_query::WithTests;
use crate::api::page::{DEFAULT_LIMIT, NOT_OURS, bad_cursor, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::shape::{Shape, did_you_mean, shown_name};
use crate::api::state::{AppState, in_workspace};
use crate::domain::condition::ConditionDocument;
use crate::domain::lead::Lead;
use crate::domain::lead_filter::LeadFilter;
use crate::domain::lead_search::{After, LeadSearch, MAX_SORT_KEYS, SortKey, exact};
use crate::domain::rules::Rules;
use crate::error::{Error, FieldError, Result};
use crate::store::lead_search;
use actix_web::{HttpResponse, post, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use validator::Validate;

/// What leads are sorted by: the name of a field; with `-` before it, the greatest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, max_length = 80, example = "-created_at")]
pub struct SortText(pub String);

/// The name of a field of leads.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, max_length = 80, example = "email")]
pub struct FieldName(pub String);

/// Which leads, in which order, from where on.
#[derive(Debug, Clone, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[schema(example = json!({
    "condition": {"all": [{"field": "country", "op": "in", "value": ["DE", "AT", "CH"]}, {"field": "created_at", "op": "gte", "value": {"ago": "14d"}}]},
    "sort": ["last_name", "-created_at"],
    "fields": ["email", "last_name", "company"],
}))]
pub struct SearchRequest {
    /// What has to hold, in the condition language: `{"field": …, "op": …, "value": …}`, `{"activity": …}`, and `all`, `any`
    /// and `not` of these. Every lead when it is left out.
    #[schema(value_type = Option<ConditionDocument>)]
    pub condition: Option<Value>,
    /// Words that are somewhere in name, company, mail address or phone number, whatever their case and accents: each at
    /// least in part, one of them with three characters or more. A new lead is found about a second after it came.
    #[schema(max_length = 200, example = "ada love")]
    pub q: Option<String>,
    /// By what, the first key first; leads without the value last; newest first when nothing is said.
    #[schema(max_items = 5)]
    pub sort: Vec<SortText>,
    /// Only these fields of each lead, and its id: `email`, `tags`, `custom.plan` …; whole leads when it is left out.
    #[schema(min_items = 1, max_items = 100)]
    pub fields: Option<Vec<FieldName>>,
    /// Leads on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before. The rest of the request has to be the same; `sort` may be left out.
    #[schema(max_length = 65_536)]
    pub cursor: Option<String>,
    /// Count all leads that match, too: slow for many.
    #[schema(default = false)]
    pub include_total: bool,
    /// Deleted leads, which can be restored.
    #[schema(default = false)]
    pub deleted: bool,
    /// Tests (`true`), everything but tests (`false`), or both (`any`).
    #[schema(default = "false")]
    pub is_test: WithTests,
}

/// A lead that was found: whole, or the fields that were asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum FoundLead {
    /// All of it.
    Whole(Box<LeadBody>),
    /// Its id and some fields.
    Part(Map<String, Value>),
}

impl PartialSchema for FoundLead {
    fn schema() -> RefOr<Schema> {
        let mut schema = LeadBody::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required = vec!["id".to_owned()];
            object.description = Some(
                "A lead that was found. With `fields` in the request, only those and `id` are there."
                    .to_owned(),
            );
        }
        schema
    }
}

impl ToSchema for FoundLead {
    fn name() -> std::borrow::Cow<'static, str> {
        "FoundLead".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        LeadBody::schemas(schemas);
    }
}

/// A page of leads that were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundPage {
    /// The leads, in order.
    pub data: Vec<FoundLead>,
    /// Pass it as `cursor` for the next page; `null` on the last one.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// How many leads match, on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: Vec<String>,
    /// What the rest of the request was.
    of: String,
    /// The moment that relative times count from, the same on all pages.
    at: DateTime<Utc>,
    after: After,
}

/// Search leads.
///
/// By a condition and by words, sorted by any fields with a single value. Pages by `created_at`, `updated_at`, `email`,
/// `last_name`, `company`, `source`, `stage`, `score`, `fit`, `engagement`, `grade` and the workspace's own filterable fields are fast
/// at any size; another order is for searches that leave a few thousand leads. Scores are of the moment of the first page.
#[utoipa::path(tag = "leads", request_body = SearchRequest, responses((status = 200, description = "A page of leads", body = FoundPage), ReadProblems, WriteProblems))]
#[post("/leads/search")]
pub async fn search_leads(
    state: web::Data<AppState>,
    caller: Caller,
    body: PartJson<SearchRequest>,
) -> Result<HttpResponse, ApiError> {
    let request = body.value;
    let of = fingerprint(&request);
    let limit = request.limit.unwrap_or(DEFAULT_LIMIT);
    let cursor = request
        .cursor
        .as_deref()
        .map(|cursor| read_cursor::<Cursor>(caller.workspace_id, cursor))
        .transpose()?;
    let now = cursor.as_ref().map_or_else(Utc::now, |cursor| cursor.at);
    let asked_sort = match &cursor {
        Some(cursor) => cursor.sort.clone(),
        None => request.sort.iter().map(|key| key.0.clone()).collect(),
    };
    let mut search = LeadSearch {
        limit: limit + 1,
        ..read(
            &request,
            cursor.as_ref(),
            &caller.rules,
            LeadSearch::new(caller.visible.clone(), now),
            body.errors,
        )?
    };
    if let Some(cursor) = cursor {
        if cursor.of != of {
            return Err(bad_cursor(
                "the cursor belongs to another search: repeat the request of the first page, or leave the cursor out",
            ));
        }
        if !search.fits(&cursor.after) {
            return Err(bad_cursor(NOT_OURS));
        }
        search.after = Some(cursor.after);
    }
    let (asked, with_total) = (search.clone(), request.include_total);
    let (mut found, total) = in_workspace(&state, caller.workspace_id, move |conn| {
        let total = if with_total {
            Some(lead_search::count(conn, &asked)?)
        } else {
            None
        };
        Ok((lead_search::list(conn, &asked)?, total))
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = match found.last().filter(|_| more) {
        Some(last) => {
            let cursor = Cursor {
                sort: asked_sort,
                of,
                at: search.now,
                after: search.after(last),
            };
            Some(write_cursor(caller.workspace_id, cursor)?)
        }
        None => None,
    };
    let data = found
        .iter()
        .map(|lead| shown(lead, request.fields.as_deref()))
        .collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().json(FoundPage {
        data,
        next_cursor,
        total,
    }))
}

/// Everything that has to be the same on all pages but the sort, which the cursor carries, in short.
fn fingerprint(request: &SearchRequest) -> String {
    let mut condition = request.condition.clone().unwrap_or_default();
    condition.sort_all_objects();
    let all = serde_json::json!([condition, request.q, request.deleted, request.is_test]);
    URL_SAFE_NO_PAD.encode(Sha256::digest(all.to_string()))
}

/// The search that a request asks for, without where its page begins; or all that is wrong with it, beside the errors that
/// are known.
fn read(
    request: &SearchRequest,
    cursor: Option<&Cursor>,
    rules: &Rules,
    all: LeadSearch,
    mut errors: Vec<FieldError>,
) -> Result<LeadSearch> {
    let filter = LeadFilter {
        condition: request.condition.clone(),
        q: request.q.clone(),
        is_test: request.is_test.wanted(),
    };
    let narrowed = filter
        .narrow(all.clone(), rules, "")
        .unwrap_or_else(|wrong| {
            errors.extend(wrong);
            all
        });
    let given: Vec<String> = request.sort.iter().map(|key| key.0.clone()).collect();
    let sort = match cursor {
        Some(cursor) if given.is_empty() || given == cursor.sort => &cursor.sort,
        Some(_) => {
            errors.push(FieldError::new(
                "/cursor",
                "invalid_cursor",
                "the cursor belongs to another sort: repeat that of the first page, or leave it out",
            ));
            &given
        }
        None => &given,
    };
    let mut keys = Vec::new();
    for (index, text) in sort.iter().take(MAX_SORT_KEYS).enumerate() {
        match SortKey::parse(text, rules) {
            Ok(key) if keys.iter().any(|other: &SortKey| other.by == key.by) => {
                errors.push(FieldError::new(
                    format!("/sort/{index}"),
                    "repeated",
                    "each field at most once",
                ))
            }
            Ok(key) => keys.push(key),
            Err((code, detail)) => {
                errors.push(FieldError::new(format!("/sort/{index}"), code, detail))
            }
        }
    }
    errors.extend(unknown_fields(
        request.fields.as_deref().unwrap_or_default(),
    ));
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    Ok(LeadSearch {
        deleted: request.deleted,
        sort: exact(keys),
        ..narrowed
    })
}

/// Names that no lead has. Custom values need no definition to be shown.
fn unknown_fields(fields: &[FieldName]) -> Vec<FieldError> {
    let known: Vec<&str> = Shape::of::<LeadBody>().field_names().collect();
    fields
        .iter()
        .enumerate()
        .filter(|(_, name)| !known.contains(&name.0.as_str()) && !name.0.starts_with("custom."))
        .map(|(index, name)| {
            let hint = did_you_mean(&name.0, known.iter().copied());
            FieldError::new(
                format!("/fields/{index}"),
                "unknown_field",
                format!(
                    "leads have no field `{}`{hint} Those of the workspace itself are `custom.<key>`.",
                    shown_name(&name.0)
                ),
            )
        })
        .collect()
}

fn shown(lead: &Lead, fields: Option<&[FieldName]>) -> Result<FoundLead> {
    let whole = LeadBody::from(lead);
    let Some(fields) = fields else {
        return Ok(FoundLead::Whole(Box::new(whole)));
    };
    let Value::Object(mut whole) = serde_json::to_value(whole).map_err(Error::internal)? else {
        return Err(Error::internal("a lead that is no object"));
    };
    let asked = |name: &str| name == "id" || fields.iter().any(|field| field.0 == name);
    if !asked("custom")
        && let Some(Value::Object(custom)) = whole.get_mut("custom")
    {
        custom.retain(|key, _| {
            fields
                .iter()
                .any(|field| field.0.strip_prefix("custom.") == Some(key))
        });
    }
    let asks_custom = fields.iter().any(|field| field.0.starts_with("custom."));
    whole.retain(|name, _| asked(name) || name == "custom" && asks_custom);
    Ok(FoundLead::Part(whole))
}
