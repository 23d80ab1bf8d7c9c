//! Retention: makes partitions ahead of time, drops those nobody needs, forgets idempotency keys and jobs past their time.

use crate::domain::job::KEPT_DAYS;
use crate::error::Result;
use crate::store::pool::Db;
use crate::store::{idempotency_keys, jobs, partitions};
use chrono::{DateTime, Duration, Utc};

/// Rows forgotten in one statement.
const BATCH: i64 = 5000;

/// What a tick did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    /// Partitions made.
    pub made: usize,
    /// Partitions dropped.
    pub dropped: Vec<String>,
    /// Idempotency keys, jobs and results of jobs forgotten.
    pub forgotten: usize,
}

/// Does what is due at `now`.
pub fn tick(db: &Db, now: DateTime<Utc>) -> Result<Retained> {
    let made = partitions::ensure(db, now)?;
    let dropped = partitions::drop_expired(db, now)?;
    let keys = until_done(|limit| idempotency_keys::forget_expired(db, now, limit))?;
    let ended = now - Duration::days(KEPT_DAYS);
    let jobs = until_done(|limit| jobs::forget_ended(db, ended, limit))?;
    Ok(Retained {
        made,
        dropped,
        forgotten: keys + jobs,
    })
}

/// Forgets some and some more until nothing is left to forget; the answer is how many rows.
fn until_done(forget: impl Fn(i64) -> Result<usize>) -> Result<usize> {
    let mut forgotten = 0;
    loop {
        let some = forget(BATCH)?;
        forgotten += some;
        if some == 0 {
            return Ok(forgotten);
        }
    }
}
