//! `/v1/leads/{id}/history`: what changed on a lead, when, by whom and why.

use crate::api::auth::Caller;
use crate::api::extract::ValidQuery;
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::event::EventType;
use crate::domain::flow::past;
use crate::domain::history::{HistoryEntry, HistoryFilter, is_path, known_paths};
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::error::{Error, FieldError};
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which entries.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Only changes of these fields, separated by commas; `custom` stands for all custom values.
    #[schema(max_length = 500, example = "company,custom.plan")]
    #[param(max_length = 500, example = "company,custom.plan")]
    pub fields: Option<String>,
    /// Only these types, separated by commas.
    #[schema(max_length = 500, example = "lead.updated,lead.stage_changed")]
    #[param(max_length = 500, example = "lead.updated,lead.stage_changed")]
    pub types: Option<String>,
    /// At or after this moment.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Only what this user, key or form did.
    pub actor: Option<Uuid>,
    /// Entries on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// Read the history of a lead.
///
/// Every change, newest first, with the values before and after, who made it and what led to it. The last entry is how
/// the lead began. A deleted lead keeps its history.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"), HistoryQuery),
    responses((status = 200, description = "A page of the history", body = Page<HistoryEntry>), ReadProblems),
)]
#[get("/leads/{id}/history")]
pub async fn list_history(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<HistoryQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<Uuid> = query
        .0
        .cursor
        .as_deref()
        .map(|cursor| read_cursor(caller.workspace_id, cursor))
        .transpose()?;
    let filter = HistoryFilter {
        paths: read_fields(query.0.fields.as_deref())?,
        kinds: read_types(query.0.types.as_deref())?,
        from: query.0.from,
        to: query.0.to,
        actor: query.0.actor,
    };
    let visible = caller.visible.clone();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        past::list_history(conn, *id, &filter, before, limit + 1, &visible)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found,
        next_cursor: next,
    }))
}

/// Names of values that change, separated by commas.
fn read_fields(given: Option<&str>) -> Result<Vec<String>, Error> {
    let names = listed(given);
    let unknown = names.iter().filter(|name| !is_path(name)).map(|name| {
        let hint = did_you_mean(name, known_paths());
        let detail = format!(
            "leads have no field `{}`{hint} Those of the workspace itself are `custom.<key>`.",
            shown_name(name)
        );
        FieldError::new("?fields", "unknown_field", detail)
    });
    let unknown: Vec<FieldError> = unknown.collect();
    match unknown.is_empty() {
        true => Ok(names),
        false => Err(Error::Invalid(unknown)),
    }
}

/// The names of a list with commas between them.
pub fn listed(given: Option<&str>) -> Vec<String> {
    given
        .unwrap_or_default()
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Types of events, separated by commas.
///
/// # Errors
/// 422 when one of them is none.
pub fn read_types(given: Option<&str>) -> Result<Vec<EventType>, Error> {
    let names = listed(given);
    let kinds: Vec<EventType> = names
        .iter()
        .filter_map(|name| EventType::from_name(name))
        .collect();
    if kinds.len() == names.len() {
        return Ok(kinds);
    }
    let known: Vec<&str> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
    Err(Error::Invalid(vec![FieldError::new(
        "?types",
        "unknown_type",
        format!("the types are {}", known.join(", ")),
    )]))
}
