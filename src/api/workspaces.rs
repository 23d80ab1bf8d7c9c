//! `/v1/workspaces`: the service's operator makes workspaces.

use crate::api::auth::Caller;
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::api::users::{read_email, read_name, refuse};
use crate::api::workspace::WorkspaceBody;
use crate::domain::flow::once;
use crate::domain::flow::workspaces::{self as flow, NewWorkspace};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// The first admin of a workspace.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct FirstAdmin {
    /// Mail address: what they will log in by.
    #[schema(max_length = 320)]
    pub email: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
}

/// A new workspace.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(as = NewWorkspace, example = json!({"name": "Acme", "admin": {"email": "grace@example.com", "name": "Grace Hopper"}}))]
pub struct WorkspaceRequest {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Who will administer it.
    pub admin: FirstAdmin,
}

/// A workspace that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedWorkspace {
    /// The workspace.
    pub workspace: WorkspaceBody,
    /// The id of its first admin, who was invited.
    pub admin_id: Uuid,
    /// What the link to give the admin carries, for `POST /v1/auth/accept-invitation`, shown only now; `null` when the answer
    /// is repeated for an `Idempotency-Key`.
    #[schema(required = true, example = "bt_invite_…")]
    pub link_token: Option<String>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// A key that may do everything in the workspace, shown only now; `null` when the answer is repeated.
    #[schema(required = true, example = "bk_live_…")]
    pub key: Option<String>,
}

/// Make a workspace, with an invitation for its first admin and an API key. For the service's operator.
#[utoipa::path(
    tag = "workspace",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again, without the secrets")),
    request_body = WorkspaceRequest,
    responses((status = 201, description = "The workspace", body = CreatedWorkspace), WriteProblems),
)]
#[post("/workspaces")]
pub async fn create_workspace(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<WorkspaceRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let mut errors = Vec::new();
    let new = NewWorkspace {
        name: read_name("/name", &body.value.name, &mut errors),
        admin_email: read_email("/admin/email", &body.value.admin.email, &mut errors),
        admin_name: read_name("/admin/name", &body.value.admin.name, &mut errors),
    };
    refuse(errors)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once_with_secret(conn, key.as_ref(), now, |conn| {
            let founded = flow::found(conn, &new, &caller.trail(), now)?;
            let mut body = CreatedWorkspace {
                workspace: WorkspaceBody::from(founded.workspace),
                admin_id: founded.admin.id,
                link_token: Some(founded.link.reveal()),
                expires_at: founded.expires_at,
                key: Some(founded.key.reveal()),
            };
            let shown = idempotency::answer(StatusCode::CREATED, None, &body)?;
            (body.link_token, body.key) = (None, None);
            Ok((
                shown,
                idempotency::answer(StatusCode::CREATED, None, &body)?,
            ))
        })
    })
    .await?;
    state.only_workspace.invalidate_all();
    Ok(idempotency::respond(answered))
}
