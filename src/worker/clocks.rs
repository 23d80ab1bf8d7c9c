//! Fires clocks of leads when they are due. Any number of processes may run one; each clock fires once.

use crate::domain::flow::fire_clocks;
use crate::error::Result;
use crate::store::pool::Db;
use crate::store::timers::{self, Timer};
use crate::worker::due::Work;
use chrono::{DateTime, Utc};

/// Fires what is due by the database's clock; the answer is how many clocks did something.
pub fn tick(db: &Db) -> Result<usize> {
    tick_by(db, Utc::now)
}

/// As [`tick`], on a machine with such a clock.
pub fn tick_by(db: &Db, machine: impl Fn() -> DateTime<Utc>) -> Result<usize> {
    let skew = timers::skew(db, &machine)?;
    tick_at(db, machine() + skew)
}

/// As [`tick`], of what is due at a moment.
pub fn tick_at(db: &Db, now: DateTime<Utc>) -> Result<usize> {
    let work = Work {
        timer: Timer::Clock,
        batch: 200,
        failure: "has a clock that did not fire",
        act: &|conn, leads, rules| fire_clocks::fire_due_of_free(conn, leads, rules, now),
    };
    work.tick(db, now)
}
