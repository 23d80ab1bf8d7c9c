//! `/v1/me`: who the caller is, and what a user interface may show them.

use crate::api::auth::Caller;
use crate::api::extract::ValidJson;
use crate::api::openapi::Operations;
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::sessions::{SessionAnswer, respond, shown};
use crate::api::state::{AppState, in_workspace};
use crate::domain::access::{Role, Scope, Visibility};
use crate::domain::flow::{log_in, passwords};
use crate::domain::password::{Password, Verdict};
use crate::domain::user::TeamName;
use crate::error::{Error, FieldError};
use crate::store::{api_keys, users, workspaces};
use actix_web::{HttpResponse, get, post, web};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// What somebody is who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallerType {
    /// A person.
    User,
    /// A program.
    ApiKey,
}

/// A workspace by its name.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkspaceName {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    #[schema(example = "Acme")]
    pub name: String,
}

/// Which leads the caller may know of.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisibilityBody {
    /// Whether it is every lead; otherwise it is those of the owners and teams.
    pub all: bool,
    /// Leads that one of these users owns.
    pub owner_ids: Vec<Uuid>,
    /// Leads that belong to one of these teams.
    pub team_ids: Vec<Uuid>,
}

impl From<&Visibility> for VisibilityBody {
    fn from(visible: &Visibility) -> Self {
        let (owner_ids, team_ids) = match visible {
            Visibility::All => (Vec::new(), Vec::new()),
            Visibility::Of { owners, teams } => (owners.clone(), teams.clone()),
        };
        VisibilityBody {
            all: !visible.is_restricted(),
            owner_ids,
            team_ids,
        }
    }
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// A person or a program.
    #[serde(rename = "type")]
    pub kind: CallerType,
    /// The user, or the key.
    pub id: Uuid,
    /// The user's name, or what the key is used for.
    #[schema(example = "Grace Hopper")]
    pub name: String,
    /// The user's mail address.
    pub email: Option<String>,
    /// The user's role.
    pub role: Option<Role>,
    /// What the caller may do.
    pub scopes: Vec<Scope>,
    /// Which leads the caller may know of.
    pub visibility: VisibilityBody,
    /// The workspace.
    pub workspace: WorkspaceName,
    /// The teams the user is in.
    pub teams: Vec<TeamName>,
    /// The operations the caller may call, by their `operationId`: what a user interface can show.
    #[schema(example = json!(["list_leads", "get_lead"]))]
    pub operations: Vec<String>,
}

/// Who am I, and what may I do?
#[utoipa::path(tag = "people", responses((status = 200, description = "The caller", body = Me), ReadProblems))]
#[get("/me")]
pub async fn get_me(
    state: web::Data<AppState>,
    operations: web::Data<Operations>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let (id, person) = (caller.id, caller.person.clone());
    let (workspace, key) = in_workspace(&state, caller.workspace_id, move |conn| {
        let key = match person {
            Some(_) => None,
            None => api_keys::find(conn, id)?,
        };
        Ok((workspaces::get(conn)?, key))
    })
    .await?;
    let person = caller.person.as_ref();
    let user = person.map(|person| &person.user);
    let name = user
        .map(|user| user.name.clone())
        .or(key.map(|key| key.name));
    Ok(HttpResponse::Ok().json(Me {
        kind: if user.is_some() {
            CallerType::User
        } else {
            CallerType::ApiKey
        },
        id: caller.id,
        name: name.unwrap_or_default(),
        email: user.map(|user| user.email.clone()),
        role: user.map(|user| user.role),
        scopes: caller.scopes.clone(),
        visibility: VisibilityBody::from(&caller.visible),
        workspace: WorkspaceName {
            id: workspace.id,
            name: workspace.name,
        },
        teams: person
            .map(|person| person.teams.clone())
            .unwrap_or_default(),
        operations: operations.allowed(&caller.scopes, user.is_some()),
    }))
}

/// Another password for oneself.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"current_password": "correct horse battery", "new_password": "a better one, even"}))]
pub struct PasswordWrite {
    /// The password there is.
    #[schema(max_length = 1024, format = Password)]
    pub current_password: String,
    /// The new password: none that everybody tries first.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    pub new_password: String,
}

/// Change one's own password. All sessions end, this one included; the answer is a new one.
#[utoipa::path(tag = "people", request_body = PasswordWrite,
    responses((status = 200, description = "A new session", body = SessionAnswer), WriteProblems))]
#[post("/me/password")]
pub async fn change_password(
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<PasswordWrite>,
) -> Result<HttpResponse, ApiError> {
    let id = caller.id;
    // Who has somebody's access token must not be able to try passwords for long.
    let user = in_workspace(&state, caller.workspace_id, move |conn| {
        let user = users::get(conn, id)?;
        log_in::count_attempt(conn, &user.email, Utc::now())?;
        Ok(user)
    })
    .await?;
    let new = Password::choose(&body.value.new_password, &user.email, "/new_password")?;
    let current = Password::typed(&body.value.current_password);
    let hash = user.password_hash.clone();
    if state.passwords.verify(current, hash).await? == Verdict::Wrong {
        return Err(Error::Invalid(vec![FieldError::new(
            "/current_password",
            "wrong_password",
            "not the password there is",
        )])
        .into());
    }
    let hash = state.passwords.hash(new).await?;
    let workspace_id = caller.workspace_id;
    let opened = in_workspace(&state, workspace_id, move |conn| {
        let opened = passwords::change(conn, &user, &hash, &caller.trail(), Utc::now())?;
        shown(conn, opened)
    })
    .await?;
    state.people.invalidate_all();
    respond(&state, workspace_id, opened).await
}
