//! `GET /v1/changes`: the change feed.

use crate::api::auth::Caller;
use crate::api::extract::ValidQuery;
use crate::api::history::read_types;
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::event::{Actor, Cause, Change, EventType};
use crate::error::{Conflict, Error};
use crate::store::feed::{self, Published};
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How often a waiting reader looks by itself, for events that another process published.
const LOOK: Duration = Duration::from_millis(500);

/// Which events, from where on.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// The last position you have; 0 for the beginning. `next_after` of an answer is the next one to pass.
    #[schema(minimum = 0, default = 0)]
    #[param(minimum = 0, default = 0)]
    pub after: Option<i64>,
    /// Only these types, separated by commas.
    #[schema(max_length = 500, example = "lead.created,lead.updated")]
    #[param(max_length = 500, example = "lead.created,lead.updated")]
    pub types: Option<String>,
    /// Events in the answer.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<i64>,
    /// Seconds to wait for an event when there is none.
    #[schema(minimum = 0, maximum = 60, default = 0)]
    #[param(minimum = 0, maximum = 60, default = 0)]
    pub wait: Option<u64>,
}

/// An event of the change feed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    /// 1, 2, 3 … in the workspace, without a gap.
    #[schema(minimum = 1)]
    pub position: i64,
    /// The event's id.
    pub id: Uuid,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(value_type = EventType)]
    pub kind: String,
    /// The lead it happened to.
    pub lead_id: Uuid,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Who did it.
    #[schema(value_type = Actor)]
    pub actor: Value,
    /// What led to it.
    #[schema(value_type = Cause)]
    pub cause: Value,
    /// The system it came through, by the `Baton-Origin` header of the request.
    #[schema(value_type = Option<String>, required = true)]
    pub origin: Value,
    /// The lead's version after it.
    pub version: i64,
    /// What changed.
    #[schema(value_type = Vec<Change>)]
    pub changes: Value,
    /// What else belongs to it, by its type: the reason of a move, the activity that was added.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Option<Object>, required = false)]
    pub data: Value,
}

impl From<Published> for EventBody {
    fn from(mut published: Published) -> Self {
        let mut take = |name: &str| {
            published
                .payload
                .get_mut(name)
                .map(Value::take)
                .unwrap_or_default()
        };
        EventBody {
            actor: take("actor"),
            cause: take("cause"),
            origin: take("origin"),
            changes: take("changes"),
            data: take("data"),
            position: published.position,
            id: published.id,
            kind: published.kind,
            lead_id: published.lead_id,
            occurred_at: published.occurred_at,
            version: published.version,
        }
    }
}

/// Events of the change feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesPage {
    /// The events, in order.
    pub data: Vec<EventBody>,
    /// Pass it as `after` of the next request; also when there was no event.
    #[schema(example = "42")]
    pub next_cursor: Option<String>,
    /// The same as a number.
    pub next_after: i64,
    /// The last position there is.
    pub last_position: i64,
}

/// Read the change feed.
///
/// Each change of each lead, in one order for the whole workspace, numbered 1, 2, 3 …; kept for 30 days. Pass the last
/// position you have as `after`; with `wait` the answer comes when there is an event, or after so many seconds.
#[utoipa::path(tag = "changes", params(ChangesQuery), responses((status = 200, description = "Events after the position", body = ChangesPage),
    (status = 410, description = "The feed no longer reaches back that far: read the leads anew and go on from `last_position`", body = crate::api::problem::Problem, content_type = "application/problem+json"), ReadProblems))]
#[get("/changes")]
pub async fn list_changes(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<ChangesQuery>,
) -> Result<HttpResponse, ApiError> {
    let after = query.0.after.unwrap_or(0);
    let limit = query.0.limit.unwrap_or(100);
    let kinds: Vec<String> = read_types(query.0.types.as_deref())?
        .into_iter()
        .map(|kind| kind.as_str().to_owned())
        .collect();
    let until = Instant::now() + Duration::from_secs(query.0.wait.unwrap_or(0));
    let mut published = state.feed.listen();
    loop {
        let wanted = kinds.clone();
        let (events, (oldest, last)) = in_workspace(&state, caller.workspace_id, move |conn| {
            let bounds = feed::bounds(conn)?;
            Ok((feed::list(conn, after, &wanted, limit)?, bounds))
        })
        .await?;
        if after.saturating_add(1) < oldest {
            return Err(Error::from(Conflict::FeedExpired { oldest }).into());
        }
        let now = Instant::now();
        if !events.is_empty() || now >= until || state.draining.load(Ordering::Relaxed) {
            return Ok(HttpResponse::Ok().json(page(events, after, limit, last)));
        }
        // Heard or not, the feed itself says whether there is something.
        let _heard = tokio::time::timeout(LOOK.min(until - now), published.changed()).await;
    }
}

/// Without all of the types, a reader may go on from the last position there is, unless the page is full.
fn page(events: Vec<Published>, after: i64, limit: i64, last: i64) -> ChangesPage {
    let is_full = i64::try_from(events.len()).is_ok_and(|count| count >= limit);
    let end = events.last().map(|event| event.position);
    let next_after = match end {
        Some(position) if is_full => position,
        Some(position) => position.max(last),
        None => after.max(last),
    };
    ChangesPage {
        data: events.into_iter().map(EventBody::from).collect(),
        next_cursor: is_full.then(|| next_after.to_string()),
        next_after,
        last_position: last,
    }
}
