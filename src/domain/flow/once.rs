//! Runs a write once for each idempotency key.

use crate::domain::idempotency::{Answer, IdempotencyKey};
use crate::error::{Conflict, Error, Result};
use crate::store::idempotency_keys;
use crate::store::pool::TenantConnection;
use chrono::{DateTime, Utc};

/// An answer, and whether it was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// It is the first answer again.
    pub replayed: bool,
}

/// Takes a key for one request whose parts keep their answers under keys of their own, made of this one; `true` when the
/// same request was there before.
///
/// # Errors
/// A conflict when the key was used for another request.
pub fn begin(
    conn: &mut TenantConnection,
    key: &IdempotencyKey,
    now: DateTime<Utc>,
) -> Result<bool> {
    let parts = once(conn, Some(key), now, |_| {
        Ok(Answer {
            status: 200,
            etag: None,
            body: Vec::new(),
        })
    })?;
    Ok(parts.replayed)
}

/// Runs `work` and keeps its answer under the key, in the transaction of the work: a twin waits, and gets the same answer.
/// Without a key `work` just runs.
///
/// # Errors
/// A conflict when the key was used for another request. An error of `work` is not kept: trying again runs it again.
pub fn once(
    conn: &mut TenantConnection,
    key: Option<&IdempotencyKey>,
    now: DateTime<Utc>,
    work: impl FnOnce(&mut TenantConnection) -> Result<Answer>,
) -> Result<Answered> {
    let Some(key) = key else {
        return Ok(Answered {
            answer: work(conn)?,
            replayed: false,
        });
    };
    let taken = idempotency_keys::take(conn, key, now).map_err(|error| match error {
        Error::TooSlow => Conflict::IdempotencyKeyInUse.into(),
        other => other,
    })?;
    if taken {
        let answer = work(conn)?;
        idempotency_keys::keep(conn, key, &answer)?;
        return Ok(Answered {
            answer,
            replayed: false,
        });
    }
    let kept = idempotency_keys::find_all(conn, &[key])?.remove(&(key.actor_id, key.key.clone()));
    match kept {
        Some(kept) if kept.request_hash == key.request_hash => Ok(Answered {
            answer: kept.answer,
            replayed: true,
        }),
        Some(_) => Err(Conflict::IdempotencyKeyReused.into()),
        None => Err(Conflict::IdempotencyKeyInUse.into()),
    }
}

/// As [`once`], for an answer with a secret in it, which is shown this once: `work` gives the answer as it is shown, and as
/// it is kept, without the secret.
pub fn once_with_secret(
    conn: &mut TenantConnection,
    key: Option<&IdempotencyKey>,
    now: DateTime<Utc>,
    work: impl FnOnce(&mut TenantConnection) -> Result<(Answer, Answer)>,
) -> Result<Answered> {
    let mut shown = None;
    let mut answered = once(conn, key, now, |conn| {
        let (with_secret, kept) = work(conn)?;
        shown = Some(with_secret);
        Ok(kept)
    })?;
    if let Some(shown) = shown {
        answered.answer = shown;
    }
    Ok(answered)
}
