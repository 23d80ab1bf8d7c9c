//! Lets rules count when their time has come, and recomputes clocks whose calendar has changed.

use crate::domain::flow::recompute_clocks::{self, Step};
use crate::error::Result;
use crate::store::calendar_walks;
use crate::store::pool::Db;
use chrono::{DateTime, Utc};

/// Calendars of one tick.
const CALENDARS: i64 = 1_000;
/// Steps of one calendar in one tick, so that a stop does not wait long.
const STEPS: usize = 50;

/// Recomputes clocks by calendars that have changed; the answer is how many. A workspace in which that fails keeps none of
/// the others waiting.
pub fn recompute(db: &Db, now: DateTime<Utc>) -> Result<usize> {
    let mut recomputed = 0;
    for (workspace_id, calendar) in calendar_walks::list_all(db, CALENDARS)? {
        for _ in 0..STEPS {
            let step = db.in_workspace(workspace_id, |conn| {
                recompute_clocks::step(conn, &calendar, now)
            });
            match step {
                Ok(Step::Recomputed(some)) => recomputed += some,
                Ok(Step::Nothing) => break,
                Err(error) => {
                    log::warn!(
                        "Clocks by the calendar {calendar} of workspace {workspace_id} wait for the next tick: {error}"
                    );
                    break;
                }
            }
        }
    }
    Ok(recomputed)
}
