//! Who is one person by all pairs together, as the last scan left it.

use crate::domain::access::Visibility;
use crate::domain::flow::cluster_pairs::cluster_pairs;
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{duplicate_clusters, leads};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// Pairs that are put together, the most probable ones.
const PAIRS: usize = 2_000_000;
/// Leads of a cluster that are shown.
pub const SHOWN: usize = 100;

/// Puts the workspace's open pairs together anew; the answer is how many clusters there are.
pub fn put_together(
    conn: &mut TenantConnection,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<usize> {
    let clusters = cluster_pairs(conn, rules, rules.matching.possible(), PAIRS, now)?;
    duplicate_clusters::replace_all(conn, &clusters)?;
    Ok(clusters.len())
}

/// Leads that are one person, as far as is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The oldest of them.
    pub id: Uuid,
    /// Those that the caller may know of, the oldest first; at most [`SHOWN`].
    pub leads: Vec<Lead>,
    /// All that the caller may know of, about.
    pub size: usize,
}

/// Clusters as the last scan left them, the latest first, and whether there are more; without leads that are gone since or
/// kept from the caller.
pub fn list(
    conn: &mut TenantConnection,
    before: Option<Uuid>,
    limit: i64,
    visible: &Visibility,
) -> Result<Vec<Cluster>> {
    let found = duplicate_clusters::list(conn, before, limit)?;
    let shown: Vec<Uuid> = found
        .iter()
        .flat_map(|(_, leads)| leads.iter().take(SHOWN).copied())
        .collect();
    let mut leads: HashMap<Uuid, Lead> = leads::list_by_ids(conn, &shown)?
        .into_iter()
        .filter(|lead| lead.deleted_at.is_none() && visible.shows(lead))
        .map(|lead| (lead.id, lead))
        .collect();
    Ok(found
        .into_iter()
        .map(|(id, ids)| {
            let more = ids.len().saturating_sub(SHOWN);
            let leads: Vec<Lead> = ids
                .iter()
                .take(SHOWN)
                .filter_map(|id| leads.remove(id))
                .collect();
            let size = leads.len() + if visible.is_restricted() { 0 } else { more };
            Cluster { id, leads, size }
        })
        .collect())
}
