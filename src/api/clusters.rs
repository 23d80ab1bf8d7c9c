//! `/v1/dedupe/clusters`: leads that are one person, by all pairs together.

use crate::api::auth::Caller;
use crate::api::extract::ValidQuery;
use crate::api::lead_json::LeadBody;
use crate::api::page::{DEFAULT_LIMIT, Page, PageQuery, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::flow::cluster_duplicates::{self, Cluster};
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Leads that are one person, as far as the last scan could tell.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DuplicateCluster)]
pub struct ClusterBody {
    /// The oldest of them.
    pub id: Uuid,
    /// How many they are.
    #[schema(minimum = 2)]
    pub size: usize,
    /// The leads, the oldest first; of more than a hundred, the first hundred.
    #[schema(min_items = 2, max_items = 100)]
    pub leads: Vec<LeadBody>,
}

impl From<Cluster> for ClusterBody {
    fn from(cluster: Cluster) -> Self {
        ClusterBody {
            id: cluster.id,
            size: cluster.size,
            leads: cluster.leads.iter().map(LeadBody::from).collect(),
        }
    }
}

/// List clusters of leads that are one person, the latest first.
///
/// A scan puts the pairs together: two clusters become one where on average their leads speak for one person, so a lead
/// that is a little like two people does not make them one. Pairs that are found or decided later count with the next
/// scan. A page may be shorter than asked for, where leads are gone or not the caller's to know of.
#[utoipa::path(tag = "duplicates", params(PageQuery), responses((status = 200, description = "A page of clusters", body = Page<ClusterBody>), ReadProblems))]
#[get("/dedupe/clusters")]
pub async fn list_clusters(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let workspace_id = caller.workspace_id;
    let before: Option<Uuid> = query
        .0
        .cursor
        .map(|cursor| read_cursor(workspace_id, &cursor))
        .transpose()?;
    let mut found = in_workspace(&state, workspace_id, move |conn| {
        cluster_duplicates::list(conn, before, limit + 1, &caller.visible)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(workspace_id, last.id))
        .transpose()?;
    let shown = found.into_iter().filter(|cluster| cluster.leads.len() > 1);
    let data = shown.map(ClusterBody::from).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}
