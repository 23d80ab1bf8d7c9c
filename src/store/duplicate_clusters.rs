//! Leads that the last scan took for one person.

use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::schema::duplicate_clusters;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use uuid::Uuid;

/// Rows written in one statement.
const ROWS: usize = 5000;

statement! {
    Insert { workspace_id: Uuid => SqlUuid, cluster_ids: [Uuid] => Array<SqlUuid>, lead_ids: [Uuid] => Array<SqlUuid> }
    "INSERT INTO duplicate_clusters (workspace_id, cluster_id, lead_id) \
     SELECT w.id, c.cluster_id, c.lead_id FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::uuid[]) AS c (cluster_id, lead_id)"
}

/// Puts these in place of those there are, each named by its oldest lead.
pub fn replace_all(conn: &mut TenantConnection, clusters: &[Vec<Uuid>]) -> Result<()> {
    let workspace_id = conn.workspace_id();
    diesel::delete(duplicate_clusters::table)
        .filter(duplicate_clusters::workspace_id.eq(workspace_id))
        .execute(conn.pg())?;
    let rows: Vec<(Uuid, Uuid)> = clusters
        .iter()
        .filter_map(|leads| Some((*leads.iter().min()?, leads)))
        .flat_map(|(id, leads)| leads.iter().map(move |lead| (id, *lead)))
        .collect();
    for rows in rows.chunks(ROWS) {
        let (cluster_ids, lead_ids): (Vec<Uuid>, Vec<Uuid>) = rows.iter().copied().unzip();
        Insert {
            workspace_id: &workspace_id,
            cluster_ids: &cluster_ids,
            lead_ids: &lead_ids,
        }
        .execute(conn.pg())?;
    }
    Ok(())
}

statement! {
    /// Steps from one cluster to the next along the primary key, the latest first.
    ListIds { workspace_id: Uuid => SqlUuid, before: Uuid => SqlUuid, limit: i64 => diesel::sql_types::BigInt }
    "WITH RECURSIVE w AS (SELECT ?::uuid AS id, ?::uuid AS before, ?::bigint AS most), \
       step AS ( \
         SELECT (SELECT c.cluster_id FROM duplicate_clusters c, w WHERE c.workspace_id = w.id AND c.cluster_id < w.before \
           ORDER BY c.cluster_id DESC LIMIT 1) AS cluster_id, 1 AS number \
         UNION ALL \
         SELECT (SELECT c.cluster_id FROM duplicate_clusters c, w WHERE c.workspace_id = w.id AND c.cluster_id < step.cluster_id \
           ORDER BY c.cluster_id DESC LIMIT 1), step.number + 1 \
         FROM step, w WHERE step.cluster_id IS NOT NULL AND step.number < w.most \
       ) SELECT cluster_id FROM step WHERE cluster_id IS NOT NULL ORDER BY cluster_id DESC",
    returns SqlUuid
}

/// Clusters, the latest first, from before one on: each by its id and its leads, the oldest first.
pub fn list(
    conn: &mut TenantConnection,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(Uuid, Vec<Uuid>)>> {
    let ids: Vec<Uuid> = ListIds {
        workspace_id: &conn.workspace_id(),
        before: &before.unwrap_or(Uuid::max()),
        limit: &limit,
    }
    .load(conn.pg())?;
    let rows: Vec<(Uuid, Uuid)> = duplicate_clusters::table
        .filter(duplicate_clusters::workspace_id.eq(conn.workspace_id()))
        .filter(duplicate_clusters::cluster_id.eq_any(&ids))
        .order((
            duplicate_clusters::cluster_id.desc(),
            duplicate_clusters::lead_id,
        ))
        .select((duplicate_clusters::cluster_id, duplicate_clusters::lead_id))
        .load(conn.pg())?;
    let mut clusters: Vec<(Uuid, Vec<Uuid>)> = Vec::with_capacity(ids.len());
    for (cluster_id, lead_id) in rows {
        match clusters.last_mut() {
            Some((last, leads)) if *last == cluster_id => leads.push(lead_id),
            _ => clusters.push((cluster_id, vec![lead_id])),
        }
    }
    Ok(clusters)
}
