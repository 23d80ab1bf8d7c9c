//! `/v1/users`: the people of the workspace.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::{MergePatch, ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::api::user_json::{UserBody, show, show_all};
use crate::domain::access::Role;
use crate::domain::capture_draft;
use crate::domain::flow::users::{self as flow, By, NewUser, UserPatch};
use crate::domain::flow::{once, sessions};
use crate::domain::normalise::email::EmailAddress;
use crate::domain::normalise::locale;
use crate::domain::user::UserStatus;
use crate::error::{Error, FieldError, Result};
use crate::store::users::{self, UserFilter};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

/// Which users.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// In this role.
    pub role: Option<Role>,
    /// In this status.
    pub status: Option<UserStatus>,
    /// In this team.
    pub team_id: Option<Uuid>,
    /// With this mail address.
    #[schema(max_length = 320)]
    #[param(max_length = 320)]
    pub email: Option<String>,
    /// Users on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// List users, newest first.
#[utoipa::path(tag = "people", params(UserQuery), responses((status = 200, description = "A page of users", body = Page<UserBody>), ReadProblems))]
#[get("/users")]
pub async fn list_users(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<UserQuery>,
) -> Result<HttpResponse, ApiError> {
    let UserQuery {
        role,
        status,
        team_id,
        email,
        limit,
        cursor,
    } = query.0;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<Uuid> = cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let email = email
        .map(|email| EmailAddress::parse(&email).map_or(email, EmailAddress::into_string))
        .map(|email| email.replace('\0', ""));
    let filter = UserFilter {
        role,
        status,
        team_id,
        email,
    };
    let (data, more) = in_workspace(&state, caller.workspace_id, move |conn| {
        let mut found = users::list(conn, &filter, before, limit + 1)?;
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

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"email": "grace@example.com", "name": "Grace Hopper", "role": "rep"}))]
pub struct Invitation {
    /// Mail address: what they will log in by.
    #[schema(max_length = 320)]
    pub email: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What they will be in the workspace.
    pub role: Role,
    /// The teams they will be in.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub team_ids: Vec<Uuid>,
    /// IANA name of the zone in which they work.
    #[schema(max_length = 60, example = "Europe/Berlin")]
    pub timezone: Option<String>,
}

/// A user with a link token.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitedUser {
    /// The user.
    pub user: UserBody,
    /// What the link to give them carries, shown only now; `null` when the answer is repeated for an `Idempotency-Key`. An
    /// invitation goes to `POST /v1/auth/accept-invitation`, a reset to `POST /v1/auth/reset-password`.
    #[schema(required = true, example = "bt_invite_…")]
    pub link_token: Option<String>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Invite a user.
///
/// The answer has the token of a link, good for 72 hours and once, by which they choose a password. Nobody can give a role
/// that may do more than they may themselves. An address that another user has is a conflict (409, `email_taken`).
#[utoipa::path(
    tag = "people",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again, without the link token")),
    request_body = Invitation,
    responses((status = 201, description = "The user, and the link token", body = InvitedUser), WriteProblems),
)]
#[post("/users")]
pub async fn invite_user(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<Invitation>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let mut errors = Vec::new();
    let new = NewUser {
        email: read_email("/email", &body.value.email, &mut errors),
        name: read_name("/name", &body.value.name, &mut errors),
        role: body.value.role,
        team_ids: body.value.team_ids,
        timezone: read_timezone(body.value.timezone.as_deref(), &mut errors),
    };
    refuse(errors)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = by(&caller);
        once::once_with_secret(conn, key.as_ref(), by.now, |conn| {
            let (user, token, expires_at) = flow::invite(conn, &new, &by)?;
            let shown = InvitedUser {
                user: show(conn, user)?,
                link_token: Some(token.reveal()),
                expires_at,
            };
            with_and_without(StatusCode::CREATED, shown)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

fn with_and_without(
    status: StatusCode,
    shown: InvitedUser,
) -> Result<(
    crate::domain::idempotency::Answer,
    crate::domain::idempotency::Answer,
)> {
    let kept = InvitedUser {
        link_token: None,
        ..shown.clone()
    };
    Ok((
        idempotency::answer(status, None, &shown)?,
        idempotency::answer(status, None, &kept)?,
    ))
}

fn by(caller: &Caller) -> By {
    By {
        scopes: caller.scopes.clone(),
        trail: caller.trail(),
        now: Utc::now(),
    }
}

/// A mail address in normal form; a wrong one is noted under the pointer.
pub fn read_email(pointer: &str, given: &str, errors: &mut Vec<FieldError>) -> String {
    match EmailAddress::parse(given) {
        Ok(email) => email.into_string(),
        Err(error) => {
            errors.push(FieldError::new(pointer, error.code(), error.to_string()));
            String::new()
        }
    }
}

/// A name in normal form; an empty one is noted under the pointer.
pub fn read_name(pointer: &str, given: &str, errors: &mut Vec<FieldError>) -> String {
    capture_draft::line(Some(given.to_owned())).unwrap_or_else(|| {
        errors.push(FieldError::new(pointer, "empty_name", "a name has letters"));
        String::new()
    })
}

/// Refuses a request in which something is wrong.
pub fn refuse(errors: Vec<FieldError>) -> Result<()> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

/// Read a user.
#[utoipa::path(tag = "people", params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserBody, headers(("ETag" = String, description = "The user's version"))), ReadProblems))]
#[get("/users/{id}")]
pub async fn get_user(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let user = in_workspace(&state, caller.workspace_id, move |conn| {
        let user = users::get(conn, *id)?;
        show(conn, user)
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(user.version)))
        .json(user))
}

/// What a request says of a user.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "the documented shape of a merge patch")]
pub struct UserWrite {
    /// Mail address.
    #[schema(required = false, max_length = 320)]
    pub email: String,
    /// Name.
    #[schema(required = false, min_length = 1, max_length = 200)]
    pub name: String,
    /// What they are in the workspace.
    #[schema(required = false)]
    pub role: Role,
    /// `disabled`: they may not come in any more; `active`: they may again.
    #[schema(required = false)]
    pub status: WritableStatus,
    /// All their teams.
    #[schema(required = false, max_items = 100)]
    pub team_ids: Vec<Uuid>,
    /// IANA name of the zone in which they work; `null`: it is not known. Clocks that start from then on count by it.
    #[schema(max_length = 60)]
    pub timezone: Option<String>,
}

/// Whether a person may come in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "the documented shape of a merge patch")]
pub enum WritableStatus {
    /// May come in.
    Active,
    /// May not come in any more.
    Disabled,
}

fn read_timezone(given: Option<&str>, errors: &mut Vec<FieldError>) -> Option<String> {
    let read = locale::read_timezone("/timezone", given?);
    read.map_err(|wrong| errors.push(wrong)).ok()
}

fn read_patch(changes: &Map<String, Value>) -> Result<UserPatch> {
    let mut errors = Vec::new();
    let may_be_null = |name: &str| name == "timezone";
    let nulls = changes.iter().filter(|(_, value)| value.is_null());
    for (name, _) in nulls.filter(|(name, _)| !may_be_null(name)) {
        errors.push(FieldError::new(
            format!("/{name}"),
            "required",
            "a user has one; leave it out, and it stays",
        ));
    }
    refuse(errors)?;
    let mut errors = Vec::new();
    let text = |name: &str| changes.get(name).and_then(Value::as_str);
    let ids = |value: &Value| serde_json::from_value(value.clone()).map_err(Error::internal);
    let patch = UserPatch {
        email: text("email").map(|email| read_email("/email", email, &mut errors)),
        name: text("name").map(|name| read_name("/name", name, &mut errors)),
        role: text("role").and_then(Role::from_name),
        enabled: text("status").map(|status| status == "active"),
        team_ids: changes.get("team_ids").map(ids).transpose()?,
        timezone: changes
            .get("timezone")
            .map(|timezone| read_timezone(timezone.as_str(), &mut errors)),
    };
    refuse(errors)?;
    Ok(patch)
}

/// Change a user: a JSON merge patch.
///
/// Another role and being disabled end their sessions. The last admin stays one (409, `last_admin`).
#[utoipa::path(
    tag = "people",
    params(("id" = Uuid, Path, description = "The user"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the user is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body(content = UserWrite, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The user afterwards", body = UserBody, headers(("ETag" = String, description = "The user's version"))), WriteProblems),
)]
#[patch("/users/{id}")]
pub async fn update_user(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    patch: MergePatch<UserWrite>,
) -> Result<HttpResponse, ApiError> {
    let changes = read_patch(&patch.changes)?;
    change(&request, &state, caller, *id, changes, &patch.raw).await
}

/// Disable a user.
///
/// They may not come in any more, their sessions end, and no lead is routed to them; one that came to them in the seconds before every
/// process knew goes to somebody else by itself. What they had before stays theirs: `owns_leads` says
/// whether there is something to give to others, which `POST /v1/leads/bulk` does with the action `route`. The last admin stays one (409, `last_admin`).
#[utoipa::path(
    tag = "people",
    params(("id" = Uuid, Path, description = "The user"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the user is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 200, description = "The user afterwards", body = UserBody, headers(("ETag" = String, description = "The user's version"))), WriteProblems),
)]
#[delete("/users/{id}")]
pub async fn disable_user(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let changes = UserPatch {
        enabled: Some(false),
        ..UserPatch::default()
    };
    change(&request, &state, caller, *id, changes, &[]).await
}

async fn change(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    caller: Caller,
    id: Uuid,
    changes: UserPatch,
    raw: &[u8],
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(request, &caller, raw)?;
    let expected = expected_version(request)?;
    let answered = in_workspace(state, caller.workspace_id, move |conn| {
        let by = by(&caller);
        once::once(conn, key.as_ref(), by.now, |conn| {
            let user = flow::change(conn, id, &changes, expected, &by)?;
            let tag = etag(user.version);
            idempotency::answer(StatusCode::OK, Some(tag), &show(conn, user)?)
        })
    })
    .await?;
    state.forget_callers();
    Ok(idempotency::respond(answered))
}

/// Make a link by which a user can choose a new password.
///
/// Good for an hour, and once; an earlier one is void. For somebody who was invited and has not come yet it is a new
/// invitation, good for 72 hours.
#[utoipa::path(
    tag = "people",
    params(("id" = Uuid, Path, description = "The user"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again, without the link token")),
    responses((status = 200, description = "The user, and the link token", body = InvitedUser), WriteProblems),
)]
#[post("/users/{id}/password-reset")]
pub async fn make_password_link(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = by(&caller);
        once::once_with_secret(conn, key.as_ref(), by.now, |conn| {
            let (user, token, expires_at) = flow::make_password_link(conn, *id, &by)?;
            let shown = InvitedUser {
                user: show(conn, user)?,
                link_token: Some(token.reveal()),
                expires_at,
            };
            with_and_without(StatusCode::OK, shown)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Log a user out everywhere: end all their sessions and make their access tokens void.
#[utoipa::path(
    tag = "people",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 204, description = "All their sessions are over"), WriteProblems),
)]
#[post("/users/{id}/logout")]
pub async fn logout_user(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    in_workspace(&state, caller.workspace_id, move |conn| {
        let by = by(&caller);
        flow::check_may_change(conn, *id, &by)?;
        sessions::end_all(conn, *id, &by.trail, by.now)
    })
    .await?;
    state.people.invalidate_all();
    Ok(HttpResponse::NoContent().finish())
}
