//! `/v1/field-definitions`: the workspace's own fields.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::{MergePatch, ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, PageQuery, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::field_definition::{FieldDefinition, FieldOption, FieldType, Walk};
use crate::domain::field_rules::MAX_OPTIONS;
use crate::domain::flow::define_field::{archive, change, define};
use crate::domain::flow::once;
use crate::domain::idempotency::Answer;
use crate::domain::normalise::text;
use crate::domain::pattern::{self, Pattern};
use crate::error::{Error, FieldError, Result};
use crate::store::field_definitions::{self, FieldRecord};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// A field of the workspace: its values stand in a lead's `custom` under its key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldDefinition)]
pub struct FieldDefinitionBody {
    /// The name in `custom`; it never changes.
    #[schema(example = "plan")]
    pub key: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// What people read.
    #[schema(example = "Plan")]
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// What can be chosen.
    pub options: Vec<FieldOption>,
    /// A lead made by hand has to have it, and it cannot be cleared. Captures are never refused for it.
    pub required: bool,
    /// No two leads have the same value.
    pub unique: bool,
    /// A person is known again by it, where the workspace's `identity_order` has `custom_field`.
    pub identifies: bool,
    /// What a new lead has where nothing was said.
    pub default: Option<Value>,
    /// A regular expression that the whole of a text has to match.
    pub pattern: Option<String>,
    /// Lists and searches can filter and sort by it.
    pub filterable: bool,
    /// No longer in use: values stay, are no longer checked, and not found by.
    pub archived: bool,
    /// How far leads that were there before have been gone through.
    pub index: FieldIndex,
    /// Counts every change, from 1; the `ETag`.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Whether leads are still being gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldIndexState {
    /// They are.
    Building,
    /// They are not.
    Ready,
}

/// How far leads that were there before a definition last changed have been gone through, to make them found by it and to
/// prove it unique.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldIndex {
    /// Whether it is going on.
    pub state: FieldIndexState,
    /// Lists and searches can ask for the field now.
    pub searchable: bool,
    /// Leads gone through.
    #[schema(minimum = 0)]
    pub leads_done: i64,
    /// Leads to go through; `null` for more than a million.
    pub leads_total: Option<i64>,
    /// Leads gone through whose value does not fit, from before the definition: it stays, and is not found by.
    #[schema(minimum = 0)]
    pub misfits: i64,
    /// Some of the leads that share a value: that has kept the field from being unique.
    pub unique_conflicts: Vec<Uuid>,
}

impl From<&FieldRecord> for FieldDefinitionBody {
    fn from(record: &FieldRecord) -> Self {
        let definition = record.definition.clone();
        let (searchable, indexing) = (definition.is_searchable(), definition.indexing);
        FieldDefinitionBody {
            key: definition.key,
            field_type: definition.field_type,
            label: definition.label,
            description: definition.description,
            options: definition.options,
            required: definition.required,
            unique: definition.unique,
            identifies: definition.identifies,
            default: definition.default,
            pattern: definition
                .pattern
                .map(|pattern| pattern.as_str().to_owned()),
            filterable: definition.filterable,
            archived: definition.archived,
            index: FieldIndex {
                state: match indexing.walk {
                    Walk::Walking => FieldIndexState::Building,
                    Walk::Settling | Walk::Idle => FieldIndexState::Ready,
                },
                searchable,
                leads_done: indexing.walked,
                leads_total: indexing.total,
                misfits: record.misfits,
                unique_conflicts: record.unique_conflicts.clone(),
            },
            version: record.version,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

/// An option, as a request says it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct FieldOptionWrite {
    /// What leads hold.
    #[schema(min_length = 1, max_length = 100, example = "pro")]
    pub value: String,
    /// What people read; the value, when it is left out. Values may also be given by it.
    #[schema(max_length = 200, example = "Pro")]
    pub label: Option<String>,
    /// No longer offered; leads that have it keep it.
    #[serde(default)]
    #[schema(default = false)]
    pub archived: bool,
}

/// A new field.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"key": "plan", "type": "single_choice", "label": "Plan", "filterable": true,
    "options": [{"value": "basic", "label": "Basic"}, {"value": "pro", "label": "Pro"}]}))]
pub struct NewFieldDefinition {
    /// The name in `custom`: a–z first, then a–z, 0–9 and `_`. It never changes.
    #[schema(min_length = 1, max_length = 63, pattern = "^[a-z][a-z0-9_]*$")]
    pub key: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// What people read; made of the key, when it is left out.
    #[schema(min_length = 1, max_length = 200)]
    pub label: Option<String>,
    /// What it is for.
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// What can be chosen.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub options: Vec<FieldOptionWrite>,
    /// A lead made by hand has to have it, and it cannot be cleared.
    #[serde(default)]
    #[schema(default = false)]
    pub required: bool,
    /// No two leads have the same value.
    #[serde(default)]
    #[schema(default = false)]
    pub unique: bool,
    /// A person is known again by it, where the workspace's `identity_order` has `custom_field`.
    #[serde(default)]
    #[schema(default = false)]
    pub identifies: bool,
    /// What a new lead has where nothing was said.
    pub default: Option<Value>,
    /// A regular expression that the whole of a text has to match.
    #[schema(max_length = 500, example = "[A-Z]{2}-[0-9]+")]
    pub pattern: Option<String>,
    /// Lists and searches can filter and sort by it.
    #[serde(default)]
    #[schema(default = false)]
    pub filterable: bool,
}

/// What a request changes of a field.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"label": "Subscription", "filterable": true}))]
#[allow(dead_code, reason = "the documented shape of a merge patch")]
pub struct FieldDefinitionWrite {
    /// What it holds: only a type that takes every value as it is.
    #[serde(rename = "type")]
    pub field_type: Option<FieldType>,
    /// What people read.
    #[schema(min_length = 1, max_length = 200)]
    pub label: Option<String>,
    /// What it is for.
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// All options, in their order. One that leads have is not left out, but archived.
    #[schema(max_items = 500)]
    pub options: Option<Vec<FieldOptionWrite>>,
    /// A lead made by hand has to have it, and it cannot be cleared.
    pub required: Option<bool>,
    /// No two leads have the same value.
    pub unique: Option<bool>,
    /// A person is known again by it, where the workspace's `identity_order` has `custom_field`.
    pub identifies: Option<bool>,
    /// What a new lead has where nothing was said.
    pub default: Option<Value>,
    /// A regular expression that the whole of a text has to match.
    #[schema(max_length = 500)]
    pub pattern: Option<String>,
    /// Lists and searches can filter and sort by it.
    pub filterable: Option<bool>,
    /// No longer in use; `false` brings it back.
    pub archived: Option<bool>,
}

/// List the workspace's own fields, archived ones too, in the order they were made.
#[utoipa::path(tag = "fields", params(PageQuery), responses((status = 200, description = "A page of fields", body = Page<FieldDefinitionBody>), ReadProblems))]
#[get("/field-definitions")]
pub async fn list_field_definitions(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let after: i16 = match &query.0.cursor {
        Some(cursor) => read_cursor(caller.workspace_id, cursor)?,
        None => 0,
    };
    let mut found = in_workspace(&state, caller.workspace_id, field_definitions::list).await?;
    found.retain(|record| record.definition.slot > after);
    found.truncate(usize::try_from(limit + 1).map_err(Error::internal)?);
    let more = cut(&mut found, limit);
    let next_cursor = match found.last().filter(|_| more) {
        Some(last) => Some(write_cursor(caller.workspace_id, last.definition.slot)?),
        None => None,
    };
    Ok(HttpResponse::Ok().json(Page {
        data: found.iter().map(FieldDefinitionBody::from).collect(),
        next_cursor,
    }))
}

/// Define a field of the workspace.
///
/// From then on its values are checked on every way in. In a workspace of few leads it can be searched by at once; of
/// many, when those that are there have been gone through: see `index`.
#[utoipa::path(
    tag = "fields",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = NewFieldDefinition,
    responses((status = 201, description = "The new field", body = FieldDefinitionBody, headers(("ETag" = String, description = "Its version"))), WriteProblems),
)]
#[post("/field-definitions")]
pub async fn create_field_definition(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<NewFieldDefinition>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let (definition, errors) = read_new(body.value);
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let record = define(conn, definition.clone(), errors.clone(), now)?;
            answer(StatusCode::CREATED, &record)
        })
    })
    .await?;
    state.rules_changed();
    Ok(idempotency::respond(answered))
}

/// Read a field of the workspace.
#[utoipa::path(
    tag = "fields",
    params(("key" = String, Path, description = "The field")),
    responses((status = 200, description = "The field", body = FieldDefinitionBody, headers(("ETag" = String, description = "Its version"))), ReadProblems),
)]
#[get("/field-definitions/{key}")]
pub async fn get_field_definition(
    state: web::Data<AppState>,
    caller: Caller,
    key: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let record = in_workspace(&state, caller.workspace_id, move |conn| {
        field_definitions::find(conn, &searchable(&key))?
            .ok_or_else(|| Error::not_found("field", &key))
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(record.version)))
        .json(FieldDefinitionBody::from(&record)))
}

/// Change a field of the workspace: a JSON merge patch.
///
/// No value of a lead is changed by it, nor lost. A change after which a value could mean something else is refused with
/// 409, and what to do instead. `archived: false` brings an archived field back.
#[utoipa::path(
    tag = "fields",
    params(("key" = String, Path, description = "The field"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the field is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body(content = FieldDefinitionWrite, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The field afterwards", body = FieldDefinitionBody, headers(("ETag" = String, description = "Its version"))), WriteProblems),
)]
#[patch("/field-definitions/{key}")]
pub async fn update_field_definition(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    key: web::Path<String>,
    body: MergePatch<FieldDefinitionWrite>,
) -> Result<HttpResponse, ApiError> {
    let idempotency_key = idempotency::key(&request, &caller, &body.raw)?;
    let expected = expected_version(&request)?;
    let changes = body.changes;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, idempotency_key.as_ref(), now, |conn| {
            let patch = |before: &FieldDefinition| patched(before, &changes);
            let record = change(conn, &searchable(&key), expected, now, patch)?;
            answer(StatusCode::OK, &record)
        })
    })
    .await?;
    state.rules_changed();
    Ok(idempotency::respond(answered))
}

/// Archive a field of the workspace.
///
/// Nothing is lost: leads keep their values in `custom`, where they can be read. They are no longer checked, and not
/// found by. A PATCH with `archived: false` brings the field back.
#[utoipa::path(
    tag = "fields",
    params(("key" = String, Path, description = "The field"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the field is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 204, description = "Archived"), WriteProblems),
)]
#[delete("/field-definitions/{key}")]
pub async fn delete_field_definition(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    key: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let idempotency_key = idempotency::key(&request, &caller, &[])?;
    let expected = expected_version(&request)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, idempotency_key.as_ref(), now, |conn| {
            archive(conn, &searchable(&key), expected, now)?;
            Ok(Answer {
                status: StatusCode::NO_CONTENT.as_u16(),
                etag: None,
                body: Vec::new(),
            })
        })
    })
    .await?;
    state.rules_changed();
    Ok(idempotency::respond(answered))
}

fn answer(status: StatusCode, record: &FieldRecord) -> Result<Answer> {
    idempotency::answer(
        status,
        Some(etag(record.version)),
        &FieldDefinitionBody::from(record),
    )
}

/// A key that the database takes: no key has a NUL.
fn searchable(key: &str) -> String {
    key.replace('\0', "\u{fffd}")
}

/// The definition that a request makes, and what is wrong with its pattern.
fn read_new(new: NewFieldDefinition) -> (FieldDefinition, Vec<FieldError>) {
    let mut errors = Vec::new();
    let label = new.label.as_deref().map(text::clean_line);
    let definition = FieldDefinition {
        label: label.unwrap_or_else(|| label_of(&new.key)),
        description: description(new.description.as_deref()),
        options: new.options.into_iter().map(option).collect(),
        required: new.required,
        unique: new.unique,
        identifies: new.identifies,
        default: new.default,
        pattern: read_pattern(new.pattern.as_deref(), &mut errors),
        filterable: new.filterable,
        ..FieldDefinition::new(new.key, 0, new.field_type)
    };
    (definition, errors)
}

/// `contract_end` is read as `Contract end`.
fn label_of(key: &str) -> String {
    let words = key.replace('_', " ");
    let mut letters = words.trim().chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => key.to_owned(),
    }
}

fn description(given: Option<&str>) -> Option<String> {
    given.map(text::clean).filter(|text| !text.is_empty())
}

fn option(given: FieldOptionWrite) -> FieldOption {
    let value = text::clean_line(&given.value);
    let label = given.label.as_deref().map(text::clean_line);
    FieldOption {
        label: label
            .filter(|label| !label.is_empty())
            .unwrap_or_else(|| value.clone()),
        value,
        archived: given.archived,
    }
}

fn read_pattern(given: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Pattern> {
    match Pattern::parse(given.filter(|text| !text.is_empty())?) {
        Ok(pattern) => Some(pattern),
        Err(reason) => {
            let detail = format!(
                "not a regular expression that is taken (the syntax of Rust's regex: no look-around, no back references; at most {} characters): {reason}",
                pattern::MAX_LENGTH
            );
            errors.push(FieldError::new("/pattern", "invalid_pattern", detail));
            None
        }
    }
}

/// The definition with a patch applied whose shape was checked, and what is wrong in it. `null` is the default again.
fn patched(
    before: &FieldDefinition,
    changes: &Map<String, Value>,
) -> (FieldDefinition, Vec<FieldError>) {
    let mut errors = Vec::new();
    let mut after = before.clone();
    for (name, value) in changes {
        let flag = value.as_bool().unwrap_or(false);
        match name.as_str() {
            "type" => match FieldType::deserialize(value) {
                Ok(field_type) => after.field_type = field_type,
                Err(_) => errors.push(FieldError::new(
                    "/type",
                    "type_missing",
                    "a field has a type",
                )),
            },
            "label" => {
                let label = value.as_str().map(text::clean_line);
                after.label = label.unwrap_or_else(|| label_of(&before.key));
            }
            "description" => after.description = description(value.as_str()),
            "options" => {
                let given: Vec<FieldOptionWrite> = Vec::deserialize(value).unwrap_or_default();
                after.options = given.into_iter().map(option).collect();
            }
            "required" => after.required = flag,
            "unique" => after.unique = flag,
            "identifies" => after.identifies = flag,
            "default" => after.default = Some(value.clone()).filter(|value| !value.is_null()),
            "pattern" => after.pattern = read_pattern(value.as_str(), &mut errors),
            "filterable" => after.filterable = flag,
            "archived" => after.archived = flag,
            _ => {}
        }
    }
    // What only the former type had goes with it.
    if !after.field_type.is_choice() && !changes.contains_key("options") {
        after.options.clear();
    }
    (after, errors)
}

const _: () = assert!(MAX_OPTIONS == 500 && pattern::MAX_LENGTH == 500);
