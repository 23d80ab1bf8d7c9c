//! `/v1/audit-log`: administrative and security events.

use crate::api::auth::Caller;
use crate::api::extract::ValidQuery;
use crate::api::page::{DEFAULT_LIMIT, NOT_OURS, Page, bad_cursor, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::audit::{Action, AuditEntry, AuditFilter};
use crate::domain::event::Actor;
use crate::store::audit_log;
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which lines.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// What was done.
    pub action: Option<Action>,
    /// Who did it.
    pub actor_id: Option<Uuid>,
    /// To which one it was done.
    pub target_id: Option<Uuid>,
    /// At or after this moment.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Lines on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before. It carries the filter; what is given beside it has to agree.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// A line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryBody {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// What was done.
    #[schema(value_type = Action)]
    pub action: String,
    /// Who did it.
    pub actor: Actor,
    /// To what: `user`, `team`, `api_key`, `session`, `workspace` …
    #[schema(example = "user")]
    pub target_type: Option<String>,
    /// To which one.
    pub target_id: Option<Uuid>,
    /// What else there is to know; never a secret.
    #[schema(value_type = Object)]
    pub details: Value,
    /// The request.
    pub request_id: Option<String>,
    /// Where it came from.
    #[schema(example = "192.0.2.1")]
    pub client_address: Option<String>,
}

impl From<AuditEntry> for AuditEntryBody {
    fn from(entry: AuditEntry) -> Self {
        AuditEntryBody {
            id: entry.id,
            occurred_at: entry.occurred_at,
            action: entry.action,
            actor: entry.actor,
            target_type: entry.target_type,
            target_id: entry.target_id,
            details: entry.details,
            request_id: entry.request_id,
            client_address: entry.client_address,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    filter: AuditFilter,
    before: Uuid,
}

/// Read the audit log, newest first: logins, and changes of people, keys and the workspace. Nothing in it can be changed.
#[utoipa::path(tag = "people", params(AuditQuery), responses((status = 200, description = "A page of the log", body = Page<AuditEntryBody>), ReadProblems))]
#[get("/audit-log")]
pub async fn list_audit_log(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<AuditQuery>,
) -> Result<HttpResponse, ApiError> {
    let AuditQuery {
        action,
        actor_id,
        target_id,
        from,
        to,
        limit,
        cursor,
    } = query.0;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let given = AuditFilter {
        action: action.map(|action| action.as_str().to_owned()),
        actor_id,
        target_id,
        from,
        to,
    };
    let cursor: Option<Cursor> = cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let (filter, before) = match cursor {
        None => (given, None),
        Some(cursor) if given == AuditFilter::default() || given == cursor.filter => {
            (cursor.filter, Some(cursor.before))
        }
        Some(_) => return Err(bad_cursor(NOT_OURS)),
    };
    let asked = filter.clone();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        audit_log::list(conn, &asked, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = match found.last().filter(|_| more) {
        Some(last) => Some(write_cursor(
            caller.workspace_id,
            Cursor {
                filter,
                before: last.id,
            },
        )?),
        None => None,
    };
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(AuditEntryBody::from).collect(),
        next_cursor,
    }))
}
