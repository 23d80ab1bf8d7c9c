//! `/v1/leads/{id}/timeline`: all that happened with a lead, in one list.

use crate::api::auth::Caller;
use crate::api::extract::ValidQuery;
use crate::api::history::listed;
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::flow::timeline as flow;
use crate::domain::timeline::{MILESTONES, TimelineEntry, Wanted};
use crate::error::{Error, FieldError};
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which entries.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// Only these types, separated by commas: types of activities (`activity` for all of them), `note`, `lead.created`,
    /// `lead.stage_changed`, `lead.assigned`, `lead.accepted`, `lead.rejected`, `lead.deleted`, `lead.restored`, `lead.merged`,
    /// `lead.unmerged`.
    #[schema(max_length = 1000, example = "call,note,lead.stage_changed")]
    #[param(max_length = 1000, example = "call,note,lead.stage_changed")]
    pub types: Option<String>,
    /// Entries on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// Read the timeline of a lead.
///
/// Activities, notes, stage changes, assignments, the first one and who accepted or gave back included, and when it was made, deleted and restored, newest first. A deleted lead
/// keeps its timeline. Changes of values are in its history.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The lead"), TimelineQuery),
    responses((status = 200, description = "A page of the timeline", body = Page<TimelineEntry>), ReadProblems),
)]
#[get("/leads/{id}/timeline")]
pub async fn list_timeline(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<TimelineQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<(DateTime<Utc>, Uuid)> = query
        .0
        .cursor
        .as_deref()
        .map(|cursor| read_cursor(caller.workspace_id, cursor))
        .transpose()?;
    let wanted = Wanted::of(&listed(query.0.types.as_deref())).map_err(|_| unknown_types())?;
    let visible = caller.visible.clone();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        flow::list(conn, *id, &wanted, before, limit + 1, &visible)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.place()))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found,
        next_cursor: next,
    }))
}

fn unknown_types() -> Error {
    let events: Vec<&str> = MILESTONES.iter().map(|kind| kind.as_str()).collect();
    let detail = format!(
        "types of activities, activity, note, lead.created, {}",
        events.join(", ")
    );
    Error::Invalid(vec![FieldError::new("?types", "unknown_type", detail)])
}
