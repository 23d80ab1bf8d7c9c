//! Looks at leads that are offered, at leads with which nobody does anything, and at leads of who has just left. Any number of
//! processes may run one.

use crate::domain::flow::let_go;
use crate::error::Result;
use crate::store::pool::Db;
use crate::store::timers::{self, Timer};
use crate::store::users;
use crate::worker::due::Work;
use chrono::{TimeDelta, Utc};

/// For so long it is looked for leads of somebody who was disabled.
const LOOKED_AT: TimeDelta = TimeDelta::seconds(60);

/// Looks at what is due by the database's clock; the answer is how many leads were let go.
pub fn tick(db: &Db) -> Result<usize> {
    let skew = timers::skew(db, Utc::now)?;
    let work = Work {
        timer: Timer::Assignment,
        batch: 100,
        failure: "was not taken back",
        act: &|conn, leads, rules| let_go::look(conn, leads, rules, Utc::now() + skew),
    };
    work.tick(db, Utc::now() + skew)
}

/// Gives leads to others that came to somebody after they were disabled; the answer is how many. What they had before is for who
/// manages them to give. A workspace in which that fails keeps none of the others waiting.
pub fn leave_the_gone(db: &Db) -> Result<usize> {
    let now = Utc::now() + timers::skew(db, Utc::now)?;
    let mut given = 0;
    for (workspace_id, user_id, disabled_at) in users::list_disabled_since(db, now - LOOKED_AT)? {
        let done = db.in_workspace(workspace_id, |conn| {
            let_go::leave_the_gone(conn, user_id, disabled_at, now)
        });
        match done {
            Ok(some) => given += some,
            Err(error) => log::warn!(
                "Leads of the disabled user {user_id} of workspace {workspace_id} wait for the next tick: {error}"
            ),
        }
    }
    Ok(given)
}
