//! Reads what a workspace has decided about its leads.

use crate::domain::dedupe::{Frequencies, Weights};
use crate::domain::likeness::Knowledge;
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::match_statistics::{self, Statistics};
use crate::store::pool::TenantConnection;
use crate::store::{field_definitions, lead_search, pipelines, workspaces};
use chrono::{DateTime, Utc};
use moka::sync::Cache;
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

/// The rules of the transaction's workspace.
pub fn load(conn: &mut TenantConnection) -> Result<Rules> {
    Ok(Rules {
        settings: workspaces::get(conn)?.settings,
        fields: field_definitions::list(conn)?
            .into_iter()
            .map(|record| record.definition)
            .collect(),
        pipeline: pipelines::get(conn)?.pipeline,
        knowledge: knowledge(conn)?,
    })
}

/// What the workspace's leads have taught, read once for each time it was counted, and with as many leads as there are
/// about.
fn knowledge(conn: &mut TenantConnection) -> Result<Arc<Knowledge>> {
    let leads = lead_search::estimate_leads(conn)?;
    let Some(counted_at) = match_statistics::find_time(conn)? else {
        return Ok(Arc::new(Knowledge {
            leads,
            ..Knowledge::default()
        }));
    };
    let id = (conn.workspace_id(), counted_at);
    let known = match COUNTED.get(&id) {
        Some(known) => known,
        None => {
            let found = match_statistics::find(conn)?
                .map(counted)
                .unwrap_or_default();
            let found = Arc::new(found);
            COUNTED.insert(id, found.clone());
            found
        }
    };
    // Only a number that has changed much is worth a copy.
    let is_near = leads <= known.leads + known.leads / 4;
    Ok(if is_near {
        known
    } else {
        Arc::new(Knowledge {
            leads,
            ..Knowledge::clone(&known)
        })
    })
}

fn counted(statistics: Statistics) -> Knowledge {
    let frequencies = Frequencies::from(statistics.frequencies);
    Knowledge {
        leads: frequencies.leads(),
        frequencies,
        weights: Weights {
            records_per_person: statistics.records_per_person,
            ..Weights::default()
        },
    }
}

/// What was counted of workspaces, by when.
static COUNTED: LazyLock<Cache<(Uuid, DateTime<Utc>), Arc<Knowledge>>> =
    LazyLock::new(|| Cache::builder().max_capacity(200).build());
