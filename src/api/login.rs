//! `/v1/auth`: people log in, stay logged in and log out.

use crate::api::auth::Caller;
use crate::api::extract::ValidJson;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::sessions::{
    SessionAnswer, check_address, check_origin, origins, respond, shown, stranger,
};
use crate::api::state::{AppState, blocking, in_workspace};
use crate::domain::capture_draft;
use crate::domain::flow::{log_in, passwords, sessions};
use crate::domain::normalise::email::EmailAddress;
use crate::domain::password::{Password, Verdict};
use crate::domain::secret::{Secret, SecretKind};
use crate::error::{Error, FieldError};
use crate::store::workspaces;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::Utc;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// Who wants to log in.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"email": "grace@example.com", "password": "correct horse battery"}))]
pub struct LoginRequest {
    /// The workspace; may be left out where the service has only one.
    pub workspace_id: Option<Uuid>,
    /// Mail address.
    #[schema(max_length = 320)]
    pub email: String,
    /// Password.
    #[schema(max_length = 1024, format = Password)]
    pub password: String,
}

/// Log in.
///
/// By mail address and password. A wrong password, an address that nobody has and a user who may not come in are answered
/// alike (401, `login_failed`), after the same work. After ten attempts in 15 minutes without one that succeeds the address
/// is refused until they are over (429).
#[utoipa::path(tag = "auth", request_body = LoginRequest,
    responses((status = 200, description = "A session", body = SessionAnswer), WriteProblems))]
#[post("/auth/login")]
pub async fn login(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: ValidJson<LoginRequest>,
) -> Result<HttpResponse, ApiError> {
    check_address(&request, &state, &state.login_limits, state.login_quota)?;
    let trail = stranger(&request, &state);
    let LoginRequest {
        workspace_id,
        email,
        password,
    } = body.value;
    let workspace_id = match workspace_id {
        Some(id) => id,
        None => only_workspace(&state).await?,
    };
    let email = EmailAddress::parse(&email).map_or(email, EmailAddress::into_string);
    let (allowed, user) = in_workspace(&state, workspace_id, move |conn| {
        let allowed = origins(conn)?;
        // There is nothing to count attempts for where there is no workspace.
        let user = match allowed {
            Some(_) => log_in::load(conn, &email, Utc::now())?,
            None => None,
        };
        Ok((allowed, user))
    })
    .await?;
    let is_workspace = allowed.is_some();
    check_origin(&request, allowed)?;
    let password = Password::typed(&password);
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let verdict = state.passwords.verify(password.clone(), hash).await?;
    let (verdict, user) = match (verdict, user) {
        (Verdict::Wrong, user) => {
            if is_workspace {
                let id = user.map(|user| user.id);
                in_workspace(&state, workspace_id, move |conn| {
                    log_in::fail(conn, id, &trail, Utc::now())
                })
                .await?;
            }
            return Err(Error::LoginFailed.into());
        }
        (_, None) => return Err(Error::LoginFailed.into()),
        (verdict, Some(user)) => (verdict, user),
    };
    let stronger = match verdict {
        Verdict::RightButWeak => Some(state.passwords.hash(password).await?),
        Verdict::Right | Verdict::Wrong => None,
    };
    let opened = in_workspace(&state, workspace_id, move |conn| {
        let now = Utc::now();
        let opened = log_in::succeed(conn, &user, stronger.as_ref(), &trail, now)?;
        shown(conn, opened)
    })
    .await?;
    respond(&state, workspace_id, opened).await
}

async fn only_workspace(state: &web::Data<AppState>) -> Result<Uuid, ApiError> {
    let known = match state.only_workspace.get(&()) {
        Some(known) => known,
        None => {
            let db = state.db.clone();
            let found = blocking(move || workspaces::only(&db)).await?;
            state.only_workspace.insert((), found);
            found
        }
    };
    known.ok_or_else(|| {
        Error::Invalid(vec![FieldError::new(
            "/workspace_id",
            "workspace_required",
            "there are several workspaces: say which",
        )])
        .into()
    })
}

/// A refresh token.
#[derive(Deserialize, ToSchema, Validate)]
pub struct RefreshRequest {
    /// The refresh token.
    #[schema(max_length = 200, example = "bt_refresh_…")]
    pub refresh_token: String,
}

fn read_refresh(text: &str) -> Result<Secret, Error> {
    Secret::parse(SecretKind::Refresh, text.trim()).ok_or(Error::SessionOver)
}

/// Get the next access token.
///
/// The refresh token is spent, and the answer has its successor. For 20 seconds a spent one gets the same successor again,
/// so two tabs of a browser do not log each other out. Used later it ends the session: somebody else has it (401,
/// `session_over`). A session lasts 30 days, and 14 days without a refresh.
#[utoipa::path(tag = "auth", request_body = RefreshRequest,
    responses((status = 200, description = "The session goes on", body = SessionAnswer), WriteProblems))]
#[post("/auth/refresh")]
pub async fn refresh_session(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: ValidJson<RefreshRequest>,
) -> Result<HttpResponse, ApiError> {
    check_address(&request, &state, &state.refresh_limits, state.refresh_quota)?;
    let trail = stranger(&request, &state);
    let token = read_refresh(&body.value.refresh_token)?;
    let workspace_id = token.workspace_id;
    let (allowed, opened) = in_workspace(&state, workspace_id, move |conn| {
        let allowed = origins(conn)?;
        let opened = sessions::refresh(conn, &token, &trail, Utc::now())?;
        Ok((
            allowed,
            opened.map(|opened| shown(conn, opened)).transpose()?,
        ))
    })
    .await?;
    check_origin(&request, allowed)?;
    let Some(opened) = opened else {
        // Its access tokens end with it.
        state.people.invalidate_all();
        return Err(Error::SessionOver.into());
    };
    respond(&state, workspace_id, opened).await
}

/// Log out: end the session of a refresh token. One that is over already is no mistake.
#[utoipa::path(tag = "auth", request_body = RefreshRequest,
    responses((status = 204, description = "The session is over"), WriteProblems))]
#[post("/auth/logout")]
pub async fn logout(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: ValidJson<RefreshRequest>,
) -> Result<HttpResponse, ApiError> {
    check_address(&request, &state, &state.refresh_limits, state.refresh_quota)?;
    let trail = stranger(&request, &state);
    if let Ok(token) = read_refresh(&body.value.refresh_token) {
        in_workspace(&state, token.workspace_id, move |conn| {
            sessions::end_by_token(conn, &token, &trail, Utc::now())
        })
        .await?;
        state.people.invalidate_all();
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Log out everywhere: end all sessions of the caller, this one included, and make every access token void.
#[utoipa::path(tag = "auth", responses((status = 204, description = "All sessions are over"), WriteProblems))]
#[post("/auth/logout-everywhere")]
pub async fn logout_everywhere(
    state: web::Data<AppState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    in_workspace(&state, caller.workspace_id, move |conn| {
        sessions::end_all(conn, caller.id, &caller.trail(), Utc::now())
    })
    .await?;
    state.people.invalidate_all();
    Ok(HttpResponse::NoContent().finish())
}

/// An invitation that is accepted.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"token": "bt_invite_…", "password": "correct horse battery"}))]
pub struct AcceptRequest {
    /// The token of the link.
    #[schema(max_length = 200)]
    pub token: String,
    /// The new password: none that everybody tries first.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    pub password: String,
    /// The name, if it is another than in the invitation.
    #[schema(max_length = 200)]
    pub name: Option<String>,
}

/// Accept an invitation: choose a password, and be logged in. The link is good for 72 hours, and once.
#[utoipa::path(tag = "auth", request_body = AcceptRequest,
    responses((status = 200, description = "A session", body = SessionAnswer), WriteProblems))]
#[post("/auth/accept-invitation")]
pub async fn accept_invitation(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: ValidJson<AcceptRequest>,
) -> Result<HttpResponse, ApiError> {
    let AcceptRequest {
        token,
        password,
        name,
    } = body.value;
    let name = capture_draft::line(name);
    let answer = choose_password(
        &request,
        state.clone(),
        SecretKind::Invitation,
        &token,
        &password,
        name,
    )
    .await;
    // Who has come in may get leads.
    state.forget_callers();
    answer
}

/// A new password.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"token": "bt_reset_…", "password": "correct horse battery"}))]
pub struct ResetRequest {
    /// The token of the link.
    #[schema(max_length = 200)]
    pub token: String,
    /// The new password: none that everybody tries first.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    pub password: String,
}

/// Choose a new password by a link of an admin. It is good for an hour, and once; all sessions end, and a new one begins.
#[utoipa::path(tag = "auth", request_body = ResetRequest,
    responses((status = 200, description = "A session", body = SessionAnswer), WriteProblems))]
#[post("/auth/reset-password")]
pub async fn reset_password(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: ValidJson<ResetRequest>,
) -> Result<HttpResponse, ApiError> {
    let ResetRequest { token, password } = body.value;
    choose_password(
        &request,
        state,
        SecretKind::PasswordReset,
        &token,
        &password,
        None,
    )
    .await
}

/// The token is looked at before the password is hashed: who has none cannot make us work.
async fn choose_password(
    request: &HttpRequest,
    state: web::Data<AppState>,
    kind: SecretKind,
    token: &str,
    password: &str,
    name: Option<String>,
) -> Result<HttpResponse, ApiError> {
    check_address(request, &state, &state.login_limits, state.login_quota)?;
    let trail = stranger(request, &state);
    let token = Secret::parse(kind, token.trim()).ok_or_else(passwords::bad_link)?;
    let workspace_id = token.workspace_id;
    let asked = token.clone();
    let (allowed, user) = in_workspace(&state, workspace_id, move |conn| {
        let user = passwords::user_of_link(conn, kind, &asked, Utc::now())?;
        Ok((origins(conn)?, user))
    })
    .await?;
    check_origin(request, allowed)?;
    let password = Password::choose(password, &user.email, "/password")?;
    let hash = state.passwords.hash(password).await?;
    let opened = in_workspace(&state, workspace_id, move |conn| {
        let now = Utc::now();
        let name = name.as_deref();
        let opened = passwords::set_by_link(conn, kind, &token, &hash, name, &trail, now)?;
        shown(conn, opened)
    })
    .await?;
    state.people.invalidate_all();
    respond(&state, workspace_id, opened).await
}
