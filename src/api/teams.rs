//! `/v1/teams`: teams, and who is in them.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::{MergePatch, ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, PageQuery, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::capture_draft;
use crate::domain::flow::once;
use crate::domain::flow::teams::{self as flow, TeamPatch};
use crate::domain::idempotency::Answer;
use crate::domain::normalise::locale;
use crate::domain::user::Team;
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::teams;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// A team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Team)]
pub struct TeamBody {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    #[schema(example = "DACH")]
    pub name: String,
    /// Who is in it.
    pub member_ids: Vec<Uuid>,
    /// IANA name of the zone in which it works: what clocks by the team's zone count by; `null`: they count by the calendar's.
    #[schema(required = true, example = "Europe/Berlin")]
    pub timezone: Option<String>,
    /// Counts every change, from 1; the `ETag`.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed, its members included.
    pub updated_at: DateTime<Utc>,
}

fn show_all(conn: &mut TenantConnection, found: Vec<Team>) -> Result<Vec<TeamBody>> {
    let ids: Vec<Uuid> = found.iter().map(|team| team.id).collect();
    let mut members = teams::members(conn, &ids)?;
    let body = |team: Team| TeamBody {
        member_ids: members.remove(&team.id).unwrap_or_default(),
        id: team.id,
        name: team.name,
        timezone: team.timezone,
        version: team.version,
        created_at: team.created_at,
        updated_at: team.updated_at,
    };
    Ok(found.into_iter().map(body).collect())
}

fn answer(conn: &mut TenantConnection, status: StatusCode, team: Team) -> Result<Answer> {
    let tag = etag(team.version);
    idempotency::answer(status, Some(tag), &show_all(conn, vec![team])?.pop())
}

/// List teams, newest first.
#[utoipa::path(tag = "people", params(PageQuery), responses((status = 200, description = "A page of teams", body = Page<TeamBody>), ReadProblems))]
#[get("/teams")]
pub async fn list_teams(
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
    let (data, more) = in_workspace(&state, caller.workspace_id, move |conn| {
        let mut found = teams::list(conn, before, limit + 1)?;
        let more = cut(&mut found, limit);
        Ok((show_all(conn, found)?, more))
    })
    .await?;
    let next_cursor = data
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}

/// A new team.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"name": "DACH"}))]
pub struct NewTeam {
    /// Its name, which no other team has.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Who is in it.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub member_ids: Vec<Uuid>,
    /// IANA name of the zone in which it works.
    #[schema(max_length = 60, example = "Europe/Berlin")]
    pub timezone: Option<String>,
}

fn read_name(given: &str) -> Result<String> {
    capture_draft::line(Some(given.to_owned())).ok_or_else(|| {
        Error::Invalid(vec![FieldError::new(
            "/name",
            "empty_name",
            "a team has a name",
        )])
    })
}

/// Make a team. A name that another team has is a conflict (409, `name_taken`).
#[utoipa::path(
    tag = "people",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = NewTeam,
    responses((status = 201, description = "The team", body = TeamBody, headers(("ETag" = String, description = "The team's version"))), WriteProblems),
)]
#[post("/teams")]
pub async fn create_team(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<NewTeam>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let new = flow::NewTeam {
        name: read_name(&body.value.name)?,
        timezone: read_timezone(body.value.timezone.as_deref())?,
        member_ids: body.value.member_ids,
    };
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let team = flow::create(conn, &new, &caller.trail(), now)?;
            answer(conn, StatusCode::CREATED, team)
        })
    })
    .await?;
    state.forget_callers();
    Ok(idempotency::respond(answered))
}

/// Read a team.
#[utoipa::path(tag = "people", params(("id" = Uuid, Path, description = "The team")),
    responses((status = 200, description = "The team", body = TeamBody, headers(("ETag" = String, description = "The team's version"))), ReadProblems))]
#[get("/teams/{id}")]
pub async fn get_team(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let (tag, team) = in_workspace(&state, caller.workspace_id, move |conn| {
        let team = teams::get(conn, *id)?;
        Ok((etag(team.version), show_all(conn, vec![team])?.pop()))
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .json(team))
}

/// What a request says of a team.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "the documented shape of a merge patch")]
pub struct TeamWrite {
    /// Its name.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// All who are in it.
    #[schema(max_items = 1000)]
    pub member_ids: Option<Vec<Uuid>>,
    /// IANA name of the zone in which it works; `null`: it is not known. Clocks that start from then on count by it.
    #[schema(max_length = 60)]
    pub timezone: Option<String>,
}

fn read_timezone(given: Option<&str>) -> Result<Option<String>> {
    let read = given.map(|name| locale::read_timezone("/timezone", name));
    read.transpose()
        .map_err(|wrong| Error::Invalid(vec![wrong]))
}

fn read_patch(changes: &Map<String, Value>) -> Result<TeamPatch> {
    let ids = |value: &Value| {
        if value.is_null() {
            return Ok(Vec::new());
        }
        serde_json::from_value(value.clone()).map_err(Error::internal)
    };
    Ok(TeamPatch {
        name: changes
            .get("name")
            .map(|name| read_name(name.as_str().unwrap_or_default()))
            .transpose()?,
        member_ids: changes.get("member_ids").map(ids).transpose()?,
        timezone: changes
            .get("timezone")
            .map(|timezone| read_timezone(timezone.as_str()))
            .transpose()?,
    })
}

/// Change a team: a JSON merge patch. `member_ids` are all members; `null` is nobody.
#[utoipa::path(
    tag = "people",
    params(("id" = Uuid, Path, description = "The team"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the team is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body(content = TeamWrite, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The team afterwards", body = TeamBody, headers(("ETag" = String, description = "The team's version"))), WriteProblems),
)]
#[patch("/teams/{id}")]
pub async fn update_team(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    patch: MergePatch<TeamWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &patch.raw)?;
    let expected = expected_version(&request)?;
    let changes = read_patch(&patch.changes)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let team = flow::change(conn, *id, &changes, expected, &caller.trail(), now)?;
            answer(conn, StatusCode::OK, team)
        })
    })
    .await?;
    state.forget_callers();
    Ok(idempotency::respond(answered))
}

/// Delete a team. One to which leads belong cannot be deleted (409, `team_in_use`), nor one that the condition of an active rule
/// document names (409, `rule_in_use`).
#[utoipa::path(
    tag = "people",
    params(("id" = Uuid, Path, description = "The team"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 204, description = "Deleted"), WriteProblems),
)]
#[delete("/teams/{id}")]
pub async fn delete_team(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            flow::delete(conn, *id, &caller.trail(), now)?;
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
