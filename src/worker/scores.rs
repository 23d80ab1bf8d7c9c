//! Looks at the scores of leads when decay takes something from them, or they have changed. Any number of processes may run one.

use crate::domain::flow::score_lead::{News, rescore_all};
use crate::error::Result;
use crate::store::leads;
use crate::store::pool::Db;
use crate::store::timers::{self, Timer};
use crate::worker::due::Work;
use chrono::Utc;

/// Scores what is due by the database's clock; the answer is how many leads.
pub fn tick(db: &Db) -> Result<usize> {
    let skew = timers::skew(db, Utc::now)?;
    let work = Work {
        timer: Timer::Score,
        batch: 100,
        failure: "was not scored",
        act: &|conn, ids, rules| {
            let leads = leads::lock_by_ids(conn, ids)?;
            rescore_all(conn, leads, News::Lead, rules, Utc::now() + skew)?;
            Ok(ids.len())
        },
    };
    work.tick(db, Utc::now() + skew)
}
