//! `/v1/leads/{id}/activities` and `/v1/activities/{id}`: what happened with a lead.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::{MergePatch, ValidJson, ValidQuery};
use crate::api::history::listed;
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::activity::{Activity, ActivityFilter, Details, Direction};
use crate::domain::capture_draft::{clean_value, line};
use crate::domain::flow::activities::{self as flow, NewActivity};
use crate::domain::flow::change_lead::merged;
use crate::domain::flow::{once, reach};
use crate::domain::idempotency::Answer;
use crate::domain::normalise::attribution::Attribution;
use crate::domain::normalise::text;
use crate::error::{Error, Result};
use crate::store::activities;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

/// Something that happened with a lead.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(as = NewActivity, example = json!({"type": "call", "direction": "outbound", "outcome": "connected", "duration_seconds": 240, "subject": "Intro call"}))]
pub struct ActivityWrite {
    /// `call`, `email`, `meeting`, `sms`, `chat`, `download`, `page_view`, or a type of your own: a–z, 0–9 and `_`.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]*$")]
    pub kind: String,
    /// When; now, if it is left out. It may be long ago, and at most five minutes ahead of our clock.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Who began it.
    pub direction: Option<Direction>,
    /// What came of it: `connected`, `no_answer`, `voicemail` …
    #[schema(max_length = 100)]
    pub outcome: Option<String>,
    /// How long it took.
    #[schema(minimum = 0, maximum = 31_536_000)]
    pub duration_seconds: Option<i64>,
    /// What it was about, in one line.
    #[schema(max_length = 500)]
    pub subject: Option<String>,
    /// What was said or written.
    #[schema(max_length = 20_000)]
    pub body: Option<String>,
    /// Which page, list or campaign.
    #[schema(max_length = 200)]
    pub source: Option<String>,
    /// The way it took.
    #[schema(max_length = 50)]
    pub channel: Option<String>,
    /// Campaign and click ids: with them it is a touch, and the lead's latest attribution.
    pub attribution: Option<Attribution>,
    /// What else is known of it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub properties: Map<String, Value>,
}

impl From<ActivityWrite> for NewActivity {
    fn from(write: ActivityWrite) -> Self {
        NewActivity {
            kind: write.kind,
            occurred_at: write.occurred_at,
            details: clean(Details {
                direction: write.direction,
                outcome: write.outcome,
                duration_seconds: write.duration_seconds,
                subject: write.subject,
                body: write.body,
                properties: write.properties,
            }),
            source: line(write.source),
            channel: line(write.channel),
            attribution: write.attribution.unwrap_or_default().complete(None, None),
        }
    }
}

/// Details with every text in normal form.
fn clean(details: Details) -> Details {
    let properties = match clean_value(Value::Object(details.properties)) {
        Value::Object(properties) => properties,
        _ => Map::new(),
    };
    Details {
        outcome: line(details.outcome),
        subject: line(details.subject),
        body: details
            .body
            .as_deref()
            .map(text::clean)
            .filter(|text| !text.is_empty()),
        properties,
        ..details
    }
}

/// What is corrected of an activity.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "the documented shape of a merge patch")]
#[schema(example = json!({"outcome": "voicemail", "duration_seconds": null}))]
pub struct ActivityPatch {
    /// Who began it.
    pub direction: Option<Direction>,
    /// What came of it.
    #[schema(max_length = 100)]
    pub outcome: Option<String>,
    /// How long it took.
    #[schema(minimum = 0, maximum = 31_536_000)]
    pub duration_seconds: Option<i64>,
    /// What it was about, in one line.
    #[schema(max_length = 500)]
    pub subject: Option<String>,
    /// What was said or written.
    #[schema(max_length = 20_000)]
    pub body: Option<String>,
    /// What else is known of it; each is taken by itself, `null` removes it.
    #[schema(value_type = Option<Object>)]
    pub properties: Option<Map<String, Value>>,
}

/// Which activities.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// Only these types, separated by commas.
    #[schema(max_length = 500, example = "call,meeting")]
    #[param(max_length = 500, example = "call,meeting")]
    pub types: Option<String>,
    /// Only those begun from this side.
    pub direction: Option<Direction>,
    /// At or after this moment.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Activities on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// List the activities of a lead, newest first.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The lead"), ActivityQuery),
    responses((status = 200, description = "A page of activities", body = Page<Activity>), ReadProblems),
)]
#[get("/leads/{id}/activities")]
pub async fn list_activities(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<ActivityQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<(DateTime<Utc>, Uuid)> = query
        .0
        .cursor
        .as_deref()
        .map(|cursor| read_cursor(caller.workspace_id, cursor))
        .transpose()?;
    let filter = ActivityFilter {
        kinds: listed(query.0.types.as_deref()),
        direction: query.0.direction,
        from: query.0.from,
        to: query.0.to,
    };
    let visible = caller.visible.clone();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        reach::get(conn, *id, &visible)?;
        activities::list_of_lead(conn, *id, &filter, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, (last.occurred_at, last.id)))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found,
        next_cursor: next,
    }))
}

/// Add an activity to a lead.
///
/// What is noted is shown in the timeline, counts as the lead's last activity, and can be corrected later.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The lead"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = ActivityWrite,
    responses((status = 201, description = "The activity", body = Activity, headers(("ETag" = String, description = "Its version"))), WriteProblems),
)]
#[post("/leads/{id}/activities")]
pub async fn add_activity(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<ActivityWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let new = NewActivity::from(body.value);
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let added = flow::add(conn, *id, &new, &caller.on_behalf(now))?;
            shown(StatusCode::CREATED, &added)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Read an activity.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The activity")),
    responses((status = 200, description = "The activity", body = Activity, headers(("ETag" = String, description = "Its version"))), ReadProblems),
)]
#[get("/activities/{id}")]
pub async fn get_activity(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        flow::get(conn, *id, &caller.visible)
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(found.version)))
        .json(found))
}

/// Correct an activity: a JSON merge patch.
///
/// Who noted it may, and who may delete leads. What it was before stays in the history of the lead. Its type, its time and
/// its attribution stay as they are: delete it and add it anew. A submission stays as it came.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The activity"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the activity is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body(content = ActivityPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The activity afterwards", body = Activity, headers(("ETag" = String, description = "Its version"))), WriteProblems),
)]
#[patch("/activities/{id}")]
pub async fn correct_activity(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    patch: MergePatch<ActivityPatch>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &patch.raw)?;
    let expected = expected_version(&request)?;
    let changes = Value::Object(patch.changes);
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let change = |details: Details| patched(details, &changes);
            let by = caller.on_behalf(now);
            let corrected = flow::correct(conn, *id, change, caller.editing(), expected, &by)?;
            shown(StatusCode::OK, &corrected)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

fn patched(details: Details, changes: &Value) -> Result<Details> {
    let before = serde_json::to_value(&details).map_err(Error::internal)?;
    let after = merged(Some(&before), changes);
    Ok(clean(
        serde_json::from_value(after).map_err(Error::internal)?,
    ))
}

/// Delete an activity.
///
/// Who noted it may, and who may delete leads. It is no longer in the timeline; what it was stays in the history of the
/// lead. A submission stays. A clock that it met stays met: others have been told.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The activity"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the activity is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 204, description = "Deleted"), WriteProblems),
)]
#[delete("/activities/{id}")]
pub async fn delete_activity(
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
            flow::delete(
                conn,
                *id,
                caller.editing(),
                expected,
                &caller.on_behalf(now),
            )?;
            Ok(idempotency::no_content())
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

fn shown(status: StatusCode, activity: &Activity) -> Result<Answer> {
    idempotency::answer(status, Some(etag(activity.version)), activity)
}
