//! Looks for duplicates in the background, away from what changes leads. Any number of processes may run one.

use crate::domain::flow::follow_likenesses;
use crate::error::Result;
use crate::store::match_positions;
use crate::store::pool::Db;
use crate::worker::courtesy::Courtesy;
use chrono::Utc;
use std::time::Instant;

/// Leads of one transaction.
const BATCH: i64 = 500;
/// Transactions of one workspace in one tick, so that no workspace keeps the others waiting, and a stop does not wait long.
const STEPS: usize = 20;

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    /// Workspaces in which there was something to do.
    pub workspaces: usize,
    /// Leads that were compared again.
    pub compared: usize,
    /// Leads that got their keys.
    pub keyed: usize,
}

/// Takes in what has changed. A workspace in which that fails keeps none of the others waiting.
pub fn tick(db: &Db, courtesy: &Courtesy) -> Result<Followed> {
    let behind = match_positions::list_behind(db)?;
    let mut followed = Followed {
        workspaces: behind.len(),
        ..Followed::default()
    };
    for workspace_id in behind {
        for _ in 0..STEPS {
            let begun = Instant::now();
            let step = db.in_workspace(workspace_id, |conn| {
                follow_likenesses::step(conn, BATCH, Utc::now())
            });
            match step {
                Ok(step) => {
                    followed.compared += step.compared;
                    followed.keyed += step.keyed;
                    if !step.more {
                        break;
                    }
                }
                Err(error) => {
                    log::warn!(
                        "Leads of workspace {workspace_id} that have changed are not compared yet: {error}"
                    );
                    break;
                }
            }
            if !courtesy.rest(begun) {
                return Ok(followed);
            }
        }
    }
    Ok(followed)
}
