//! Makes the keys that sign access tokens, and replaces them.

use crate::domain::access_token::{LEEWAY_SECONDS, LIFE_SECONDS};
use crate::domain::ids::{Ids, ProcessIds};
use crate::error::{Error, Result};
use crate::store::pool::Db;
use crate::store::signing_keys::{self, SigningKey};
use chrono::{DateTime, Duration, Utc};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use uuid::Uuid;

/// Seconds before a new key signs, so that every process and every reader of the key set knows it by then.
const KNOWN_AFTER_SECONDS: i64 = 15;

/// The keys whose tokens are accepted, the newest first. The first time there is none, one is made.
pub fn usable(db: &Db, now: DateTime<Utc>) -> Result<Vec<SigningKey>> {
    let keys = signing_keys::list(db, now)?;
    if !keys.is_empty() {
        return Ok(keys);
    }
    signing_keys::insert_first(db, &new_key(now, now)?, now)
}

/// Makes a new key; the answer is its id. Tokens signed with the old ones stay good for as long as they live.
pub fn rotate(db: &Db, now: DateTime<Utc>) -> Result<Uuid> {
    let active_from = now + Duration::seconds(KNOWN_AFTER_SECONDS);
    let new = new_key(now, active_from)?;
    // Processes may still sign with the old key for the moment that their caches last.
    let old_until =
        active_from + Duration::seconds(KNOWN_AFTER_SECONDS + LIFE_SECONDS + LEEWAY_SECONDS);
    signing_keys::rotate(db, &new, old_until)?;
    Ok(new.id)
}

fn new_key(now: DateTime<Utc>, active_from: DateTime<Utc>) -> Result<SigningKey> {
    let fault = |_| Error::internal("a signing key could not be made");
    let private_key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(fault)?;
    let pair = Ed25519KeyPair::from_pkcs8(private_key.as_ref())
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(SigningKey {
        id: ProcessIds.next(now),
        private_key: private_key.as_ref().to_vec(),
        public_key: pair.public_key().as_ref().to_vec(),
        created_at: now,
        active_from,
        expires_at: None,
    })
}
