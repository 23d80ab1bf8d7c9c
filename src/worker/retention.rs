//! Retention: makes partitions ahead of time, drops those nobody needs, forgets idempotency keys past their time.

use crate::error::Result;
use crate::store::pool::Db;
use crate::store::{idempotency_keys, partitions};
use chrono::{DateTime, Utc};

/// Keys forgotten in one statement.
const BATCH: usize = 5000;

/// What a tick did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    /// Partitions made.
    pub made: usize,
    /// Partitions dropped.
    pub dropped: Vec<String>,
    /// Idempotency keys forgotten.
    pub forgotten: usize,
}

/// Does what is due at `now`.
pub fn tick(db: &Db, now: DateTime<Utc>) -> Result<Retained> {
    let made = partitions::ensure(db, now)?;
    let dropped = partitions::drop_expired(db, now)?;
    let mut forgotten = 0;
    loop {
        let some = idempotency_keys::forget_expired(db, now, BATCH.try_into().unwrap_or(i64::MAX))?;
        forgotten += some;
        if some < BATCH {
            break;
        }
    }
    Ok(Retained {
        made,
        dropped,
        forgotten,
    })
}
