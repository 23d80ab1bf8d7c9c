//! What a login answers, and what every way to one has in common.

use crate::api::auth::{check_page, client_trail};
use crate::api::bearer::own::Bearer;
use crate::api::client_address::client_address;
use crate::api::problem::ApiError;
use crate::api::rate_limit::{AddressLimits, Quota};
use crate::api::state::{AppState, key_ring};
use crate::api::user_json::{UserBody, show};
use crate::domain::access_token::LIFE_SECONDS;
use crate::domain::audit::Trail;
use crate::domain::flow::sessions::Opened;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::workspaces;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionAnswer {
    /// Send it with each request: `Authorization: Bearer …`. A JWT, signed by a key of `/.well-known/jwks.json`.
    pub access_token: String,
    /// How to send it.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Seconds for which the access token is good.
    #[schema(example = 600)]
    pub expires_in_seconds: i64,
    /// Gets the next access token, once: `POST /v1/auth/refresh`. Keep it where no script of others reads it.
    #[schema(example = "bt_refresh_…")]
    pub refresh_token: String,
    /// Who logged in.
    pub user: UserBody,
}

/// A session that was opened, with its user as answers show them.
pub struct Shown {
    opened: Opened,
    user: UserBody,
}

/// Loads what the answer needs, in the transaction that opened the session.
pub fn shown(conn: &mut TenantConnection, opened: Opened) -> Result<Shown> {
    let user = show(conn, opened.user.clone())?;
    Ok(Shown { opened, user })
}

/// Answers with a session; nobody may keep the answer.
pub async fn respond(
    state: &web::Data<AppState>,
    workspace_id: Uuid,
    shown: Shown,
) -> Result<HttpResponse, ApiError> {
    let Shown { opened, user } = shown;
    let bearer = Bearer {
        workspace_id,
        user_id: opened.user.id,
        epoch: opened.user.token_epoch,
        session_id: opened.session_id,
    };
    let ring = key_ring(state).await?;
    let access_token = state.access_tokens.issue(&ring, bearer, Utc::now())?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(SessionAnswer {
            access_token,
            token_type: "Bearer".to_owned(),
            expires_in_seconds: LIFE_SECONDS,
            refresh_token: opened.refresh.reveal(),
            user,
        }))
}

/// Refuses an address that tries too often.
pub fn check_address(
    request: &HttpRequest,
    state: &AppState,
    limits: &AddressLimits,
    quota: Quota,
) -> Result<(), ApiError> {
    let decision = limits.check(client_address(request, state.trusted_proxies), quota);
    if decision.allowed {
        Ok(())
    } else {
        Err(ApiError::rate_limited(&decision))
    }
}

/// Somebody who has not shown who they are, as the audit log names them.
pub fn stranger(request: &HttpRequest, state: &AppState) -> Trail {
    client_trail(
        crate::domain::event::Actor::nobody(),
        client_address(request, state.trusted_proxies),
    )
}

/// Loads the origins that the workspace names, for [`check_page`]. A workspace that is not there names none.
pub fn origins(conn: &mut TenantConnection) -> Result<Option<Vec<String>>> {
    Ok(workspaces::find(conn)?.map(|workspace| workspace.settings.allowed_origins))
}

/// Refuses a page whose origin the workspace does not name.
pub fn check_origin(request: &HttpRequest, origins: Option<Vec<String>>) -> Result<(), ApiError> {
    check_page(request, origins.unwrap_or_default())
}
