//! Lets rules count when their time has come, and recomputes clocks whose calendar has changed.

use crate::domain::flow::recompute_clocks::{self, Step};
use crate::domain::flow::schedule_rules;
use crate::error::Result;
use crate::store::pool::Db;
use crate::store::{calendar_walks, rule_documents};
use chrono::{DateTime, Utc};

/// Documents of one tick.
const DOCUMENTS: i64 = 1_000;
/// Calendars of one tick.
const CALENDARS: i64 = 1_000;
/// Steps of one calendar in one tick, so that a stop does not wait long.
const STEPS: usize = 50;

/// Activates the documents whose moment has come, the earliest first; the answer is how many. One with which that fails
/// keeps none of the others waiting.
pub fn activate(db: &Db, now: DateTime<Utc>) -> Result<usize> {
    let mut activated = 0;
    for (workspace_id, id) in rule_documents::list_due(db, now, DOCUMENTS)? {
        let done = db.in_workspace(workspace_id, |conn| {
            schedule_rules::activate_due(conn, id, now)
        });
        match done {
            Ok(done) => activated += usize::from(done),
            Err(error) => log::warn!(
                "The rule document {id} of workspace {workspace_id} waits for the next tick: {error}"
            ),
        }
    }
    Ok(activated)
}

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
