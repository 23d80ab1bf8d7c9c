//! `GET /v1/changes`: the change feed.

use crate::api::auth::Caller;
use crate::api::extract::ValidQuery;
use crate::api::history::read_types;
use crate::api::page::cut;
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::access::Visibility;
use crate::domain::event::{Actor, Cause, Change, EventType};
use crate::error::{Conflict, Error};
use crate::store::feed::{self, Published};
use crate::store::leads;
use crate::store::pool::TenantConnection;
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
/// Events that are looked at together for a reader from whom some leads are kept.
const LOOKED_AT: i64 = 1000;
/// How often such a request looks on where nothing was for its reader; then it answers how far it came.
const MOST_LOOKS: usize = 20;

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
/// position you have as `after`; with `wait` the answer comes when there is an event, or after so many seconds. A rep who is
/// not shown all leads gets the events of those they may know of now; the positions of others are skipped.
///
/// What `data` is of each type; what is not named here has none:
///
/// | type | `data` |
/// | --- | --- |
/// | `lead.duplicate_flagged` | `possible_duplicates`: of each `lead_id`, `probability` and `customer` |
/// | `lead.stage_changed` | `reason`; of a move that was forced `warnings` and `forced`; of a verdict as of `lead.qualified` |
/// | `lead.answered` | `answer_ids`, `criteria` (their keys), `verdict`, `met`, `missing`, `decision_id` |
/// | `lead.answer_withdrawn` | `reason`, else as of `lead.answered` |
/// | `lead.qualified` | `reason` (`qualification`), `verdict`, `met`, `missing` (keys of criteria), `decision_id` |
/// | `lead.assigned` | `reason`; where it was decided, `decision_id` |
/// | `lead.accepted` | `owner_id`, `assignment_id` |
/// | `lead.rejected` | `reason`, `owner_id`, `assignment_id` |
/// | `lead.merged`, `lead.unmerged` | `merge_id`, `survivor_id`, `merged_ids` |
/// | `lead.threshold_reached`, `lead.threshold_lost` | `model`, `decision_id`, `at`, `by`, `threshold`, `standing` (`fit`, `engagement`, `total`, `grade`, `thresholds`; `null`: no model counts for the lead any more, and `model` is the one before) |
/// | `lead.grade_changed` | `from` and `to` (`null` likewise), else as of thresholds |
/// | `sla.warned`, `sla.breached`, `sla.met`, `sla.paused`, `sla.resumed`, `sla.recomputed`, `sla.cancelled` | `clock_id`, `clock` (its kind), `key`, `due_at`, `happened`: its `type` and what belongs to that; of `sla.warned` `happened` has `actions`, and `recipients` are the ids of the users who are told |
/// | `activity.created`, `activity.deleted` | the activity |
/// | `activity.updated` | `id`, `type`, `changes` |
/// | `note.created`, `note.updated`, `note.deleted` | `id`, `version`, `pinned` |
#[utoipa::path(tag = "changes", params(ChangesQuery), responses((status = 200, description = "Events after the position", body = ChangesPage),
    (status = 410, description = "The feed no longer reaches back that far: read the leads anew and go on from `last_position`", body = crate::api::problem::Problem, content_type = "application/problem+json"), ReadProblems))]
#[get("/changes")]
pub async fn list_changes(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<ChangesQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut after = query.0.after.unwrap_or(0);
    let limit = query.0.limit.unwrap_or(100);
    let kinds: Vec<String> = read_types(query.0.types.as_deref())?
        .into_iter()
        .map(|kind| kind.as_str().to_owned())
        .collect();
    let until = Instant::now() + Duration::from_secs(query.0.wait.unwrap_or(0));
    let mut published = state.feed.listen();
    let mut looks = 0;
    loop {
        let (wanted, visible) = (kinds.clone(), caller.visible.clone());
        let look = in_workspace(&state, caller.workspace_id, move |conn| {
            look(conn, after, &wanted, limit, &visible)
        })
        .await?;
        if after.saturating_add(1) < look.oldest {
            let oldest = look.oldest;
            return Err(Error::from(Conflict::FeedExpired { oldest }).into());
        }
        looks += 1;
        if look.events.is_empty() && look.more && looks < MOST_LOOKS {
            after = look.next_after;
            continue;
        }
        let now = Instant::now();
        let is_over = now >= until || state.draining.load(Ordering::Relaxed);
        if !look.events.is_empty() || look.more || is_over {
            return Ok(HttpResponse::Ok().json(ChangesPage::from(look)));
        }
        // Heard or not, the feed itself says whether there is something.
        let _heard = tokio::time::timeout(LOOK.min(until - now), published.changed()).await;
    }
}

/// What a look into the feed found.
struct Look {
    events: Vec<Published>,
    /// Where to go on.
    next_after: i64,
    /// Whether there may be more right now.
    more: bool,
    oldest: i64,
    last: i64,
}

/// Events after a position. Those of leads that the reader may not know of now are left out, and their positions skipped.
fn look(
    conn: &mut TenantConnection,
    after: i64,
    kinds: &[String],
    limit: i64,
    visible: &Visibility,
) -> Result<Look, Error> {
    let (oldest, last) = feed::bounds(conn)?;
    let asked = if visible.is_restricted() {
        limit.max(LOOKED_AT)
    } else {
        limit
    };
    let mut events = feed::list(conn, after, kinds, asked)?;
    let end = events.last().map_or(after, |event| event.position);
    let mut more = i64::try_from(events.len()).is_ok_and(|count| count >= asked);
    // Without all of the types, a reader may go on from the last position there is, unless there is more.
    let mut next_after = if more { end } else { end.max(last) };
    if visible.is_restricted() {
        let leads: Vec<Uuid> = events.iter().map(|event| event.lead_id).collect();
        let seen = leads::visible_among(conn, &leads, visible)?;
        events.retain(|event| seen.contains(&event.lead_id));
        if cut(&mut events, limit) {
            more = true;
            next_after = events.last().map_or(next_after, |event| event.position);
        }
    }
    Ok(Look {
        events,
        next_after,
        more,
        oldest,
        last,
    })
}

impl From<Look> for ChangesPage {
    fn from(look: Look) -> Self {
        ChangesPage {
            data: look.events.into_iter().map(EventBody::from).collect(),
            next_cursor: look.more.then(|| look.next_after.to_string()),
            next_after: look.next_after,
            last_position: look.last,
        }
    }
}
