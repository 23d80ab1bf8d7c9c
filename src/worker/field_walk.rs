//! Goes through leads after definitions of fields have changed.

use crate::domain::flow::walk_fields::{self, Step};
use crate::error::Result;
use crate::store::field_definitions;
use crate::store::pool::Db;
use chrono::{DateTime, Utc};

/// Fields of one tick.
const FIELDS: i64 = 10_000;
/// Batches of one field in one tick, so that a stop does not wait long.
const BATCHES: usize = 50;

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Walked {
    /// Fields that were due.
    pub fields: usize,
    /// Batches of leads gone through.
    pub batches: usize,
}

/// Takes the next steps for the fields that need some. One that fails keeps none of the others waiting: it is tried
/// again with the next tick.
pub fn tick(db: &Db, now: DateTime<Utc>) -> Result<Walked> {
    let due = field_definitions::list_to_walk(db, FIELDS)?;
    let mut walked = Walked {
        fields: due.len(),
        batches: 0,
    };
    for (workspace_id, key) in due {
        for _ in 0..BATCHES {
            let step = db.in_workspace(workspace_id, |conn| walk_fields::step(conn, &key, now));
            walked.batches += 1;
            match step {
                Ok(Step::More) => {}
                Ok(Step::Enough) => break,
                Err(error) => {
                    log::warn!(
                        "Field {key} of workspace {workspace_id} waits for the next tick: {error}"
                    );
                    break;
                }
            }
        }
        let mut after = None;
        loop {
            let settled = db.in_workspace(workspace_id, |conn| {
                walk_fields::settle(conn, &key, after, now)
            });
            match settled {
                Ok(None) => break,
                Ok(more) => after = more,
                Err(error) => {
                    log::warn!(
                        "Field {key} of workspace {workspace_id} is not settled yet: {error}"
                    );
                    break;
                }
            }
        }
    }
    Ok(walked)
}
