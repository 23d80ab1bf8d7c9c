//! Looks for duplicates in the background, away from what changes leads. Any number of processes may run one.

use crate::domain::flow::follow_likenesses;
use crate::error::Result;
use crate::store::match_positions;
use crate::store::pool::Db;
use chrono::Utc;
use std::time::{Duration, Instant};

/// Leads of one transaction.
const BATCH: i64 = 500;
/// Transactions of one workspace in one tick, so that no workspace keeps the others waiting, and a stop does not wait long.
const STEPS: usize = 20;
/// A step is followed by a rest of so many times its own length: whoever changes leads comes first.
const REST: u32 = 4;
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_millis(500);

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
pub fn tick(db: &Db) -> Result<Followed> {
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
            std::thread::sleep((begun.elapsed() * REST).min(LONGEST_REST));
        }
    }
    Ok(followed)
}
