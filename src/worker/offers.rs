//! Looks at leads that are offered, and at leads with which nobody does anything. Any number of processes may run one.

use crate::domain::flow::let_go;
use crate::error::Result;
use crate::store::pool::Db;
use crate::store::timers::{self, Timer};
use crate::worker::due::Work;
use chrono::Utc;

/// Looks at what is due by the database's clock; the answer is how many leads were let go.
pub fn tick(db: &Db) -> Result<usize> {
    let skew = timers::skew(db)?;
    let work = Work {
        timer: Timer::Assignment,
        batch: 100,
        failure: "was not taken back",
        act: &|conn, leads, rules| let_go::look(conn, leads, rules, Utc::now() + skew),
    };
    work.tick(db, Utc::now() + skew)
}
