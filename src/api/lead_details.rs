//! What belongs to a lead: identities, consents.

use crate::api::auth::Caller;
use crate::api::extract::ValidQuery;
use crate::api::page::{DEFAULT_LIMIT, Page, PageQuery, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::consent::ConsentRecord;
use crate::domain::flow::reach;
use crate::domain::identity::IdentityKind;
use crate::store::{consents, lead_identities};
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An address, number or id by which a lead is known again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub struct IdentityBody {
    /// What it is.
    pub kind: IdentityKind,
    /// The system, for an external id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "hubspot")]
    pub system: Option<String>,
    /// Its normal form.
    #[schema(example = "ada@example.com")]
    pub value: String,
    /// Since when it belongs to the lead.
    pub created_at: DateTime<Utc>,
}

/// List what a lead is known by.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead")),
    responses((status = 200, description = "All of its identities", body = Page<IdentityBody>), ReadProblems),
)]
#[get("/leads/{id}/identities")]
pub async fn list_identities(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let visible = caller.visible.clone();
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        reach::get(conn, *id, &visible)?;
        lead_identities::list_of_lead(conn, *id)
    })
    .await?;
    let body = |(identity, created_at): (crate::domain::identity::Identity, DateTime<Utc>)| {
        let external = identity
            .value
            .split_once(':')
            .filter(|_| identity.kind == IdentityKind::ExternalId);
        let system = external.map(|(system, _)| system.to_owned());
        let value = external.map_or_else(|| identity.value.clone(), |(_, id)| id.to_owned());
        IdentityBody {
            kind: identity.kind,
            system,
            value,
            created_at,
        }
    };
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(body).collect(),
        next_cursor: None,
    }))
}

/// A line of the consent ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentLine {
    /// Its id.
    pub id: Uuid,
    /// By what to reach the person.
    #[schema(example = "email")]
    pub channel: String,
    /// What for.
    #[schema(example = "marketing")]
    pub purpose: String,
    /// Agreed, or refused.
    pub granted: bool,
    /// The exact words that were shown.
    pub text: Option<String>,
    /// Which page, list or campaign asked.
    pub source: Option<String>,
    /// The receipt of the submission it came with.
    pub submission_id: Option<Uuid>,
    /// When, by the sender's clock.
    pub occurred_at: DateTime<Utc>,
    /// When we learnt of it.
    pub created_at: DateTime<Utc>,
}

impl From<ConsentRecord> for ConsentLine {
    fn from(record: ConsentRecord) -> Self {
        ConsentLine {
            id: record.id,
            channel: record.consent.channel,
            purpose: record.consent.purpose,
            granted: record.consent.granted,
            text: record.consent.text,
            source: record.source,
            submission_id: record.submission_id,
            occurred_at: record.occurred_at,
            created_at: record.created_at,
        }
    }
}

/// List what a lead agreed to and refused, newest first.
#[utoipa::path(
    tag = "leads",
    params(("id" = Uuid, Path, description = "The lead"), PageQuery),
    responses((status = 200, description = "A page of the ledger", body = Page<ConsentLine>), ReadProblems),
)]
#[get("/leads/{id}/consents")]
pub async fn list_consents(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<Uuid> = query
        .0
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let visible = caller.visible.clone();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        reach::get(conn, *id, &visible)?;
        consents::list_of_lead(conn, *id, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(ConsentLine::from).collect(),
        next_cursor: next,
    }))
}
