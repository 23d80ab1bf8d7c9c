//! Keeps the index of texts up to date, away from what changes leads. Any number of processes may run one.

use crate::domain::flow::index_texts;
use crate::error::Result;
use crate::metrics::Metrics;
use crate::store::pool::Db;
use crate::store::search_positions;
use crate::worker::courtesy::Courtesy;
use chrono::Utc;
use std::time::Instant;

/// Leads of one transaction.
const BATCH: i64 = 500;
/// Transactions of one workspace in one tick, so that no workspace keeps the others waiting, and a stop does not wait long.
const STEPS: usize = 20;

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Workspaces in which there was something to do.
    pub workspaces: usize,
    /// Texts that were new or had changed.
    pub written: usize,
}

/// Takes in what has changed. A workspace in which that fails keeps none of the others waiting.
pub fn tick(db: &Db, metrics: &Metrics, courtesy: &Courtesy) -> Result<Indexed> {
    let behind = search_positions::list_behind(db)?;
    let mut indexed = Indexed {
        workspaces: behind.len(),
        written: 0,
    };
    let mut oldest = None;
    for workspace_id in behind {
        for _ in 0..STEPS {
            let begun = Instant::now();
            match db.in_workspace(workspace_id, |conn| index_texts::step(conn, BATCH)) {
                Ok(step) => {
                    indexed.written += step.written;
                    if !step.more {
                        break;
                    }
                    oldest = oldest.into_iter().chain(step.waiting_since).min();
                }
                Err(error) => {
                    log::warn!(
                        "Leads of workspace {workspace_id} are not all found by text yet: {error}"
                    );
                    break;
                }
            }
            if !courtesy.rest(begun) {
                return Ok(indexed);
            }
        }
    }
    let lag = oldest.and_then(|oldest| (Utc::now() - oldest).to_std().ok());
    metrics.search_index(indexed.workspaces, lag.unwrap_or_default());
    Ok(indexed)
}
