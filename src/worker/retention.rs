//! Retention: makes partitions ahead of time, drops those nobody needs, forgets idempotency keys, sessions, links and
//! counts of logins past their time.

use crate::domain::flow::log_in::WINDOW_MINUTES;
use crate::error::Result;
use crate::store::pool::Db;
use crate::store::{idempotency_keys, login_attempts, one_time_tokens, partitions, sessions};
use chrono::{DateTime, Duration, Utc};

/// Rows forgotten in one statement.
const BATCH: usize = 5000;

/// What a tick did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    /// Partitions made.
    pub made: usize,
    /// Partitions dropped.
    pub dropped: Vec<String>,
    /// Idempotency keys, sessions, links and counts forgotten.
    pub forgotten: usize,
}

/// Does what is due at `now`.
pub fn tick(db: &Db, now: DateTime<Utc>) -> Result<Retained> {
    let made = partitions::ensure(db, now)?;
    let dropped = partitions::drop_expired(db, now)?;
    let limit = BATCH.try_into().unwrap_or(i64::MAX);
    let counted_until = now - Duration::minutes(WINDOW_MINUTES);
    let mut forgotten = 0;
    forgotten += repeat(|| idempotency_keys::forget_expired(db, now, limit))?;
    forgotten += repeat(|| sessions::forget_expired(db, now, limit))?;
    forgotten += repeat(|| one_time_tokens::forget_expired(db, now, limit))?;
    forgotten += repeat(|| login_attempts::forget_expired(db, counted_until, limit))?;
    Ok(Retained {
        made,
        dropped,
        forgotten,
    })
}

/// Forgets until there is nothing left to forget.
fn repeat(forget: impl Fn() -> Result<usize>) -> Result<usize> {
    let mut forgotten = 0;
    loop {
        let some = forget()?;
        forgotten += some;
        if some < BATCH {
            return Ok(forgotten);
        }
    }
}
