//! Idempotency keys and the answers they got.

use crate::domain::idempotency::{Answer, IdempotencyKey, KEPT_HOURS};
use crate::error::{Error, Result};
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::idempotency_keys;
use crate::store::statement::statement;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bytea, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use std::collections::HashMap;
use uuid::Uuid;

/// What is kept under a key.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Of the request that had it first.
    pub request_hash: Vec<u8>,
    /// What that was answered.
    pub answer: Answer,
}

statement! {
    /// The limit keeps the look-up one by the whole key, for each key: as a plain join it was planned on an empty table, and
    /// then read all keys of the workspace each time.
    Find { workspace_id: Uuid => SqlUuid, actors: [Uuid] => Array<SqlUuid>, keys: [&'a str] => Array<Text> }
    "SELECT c.actor_id, c.key, i.request_hash, i.status, i.etag, i.body \
     FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::text[]) AS c (actor_id, key), \
       LATERAL (SELECT k.request_hash, k.status, k.etag, k.body FROM idempotency_keys k \
         WHERE k.workspace_id = w.id AND k.actor_id = c.actor_id AND k.key = c.key AND k.status IS NOT NULL LIMIT 1) i",
    returns (SqlUuid, Text, Bytea, SmallInt, Nullable<Text>, Nullable<Bytea>)
}

type FoundRow = (Uuid, String, Vec<u8>, i16, Option<String>, Option<Vec<u8>>);

/// What is kept under these keys, by actor and key.
pub fn find_all(
    conn: &mut TenantConnection,
    keys: &[&IdempotencyKey],
) -> Result<HashMap<(Uuid, String), Kept>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let workspace_id = conn.workspace_id();
    let actors: Vec<Uuid> = keys.iter().map(|key| key.actor_id).collect();
    let texts: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
    let rows: Vec<FoundRow> = Find {
        workspace_id: &workspace_id,
        actors: &actors,
        keys: &texts,
    }
    .load(conn.pg())?;
    rows.into_iter()
        .map(|(actor_id, key, request_hash, status, etag, body)| {
            let answer = Answer {
                status: status.try_into().map_err(Error::internal)?,
                etag,
                body: body.unwrap_or_default(),
            };
            Ok((
                (actor_id, key),
                Kept {
                    request_hash,
                    answer,
                },
            ))
        })
        .collect()
}

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid, created_at: DateTime<Utc> => Timestamptz,
        actors: Vec<Uuid> => Array<SqlUuid>, keys: Vec<&'a str> => Array<Text>, hashes: Vec<&'a [u8]> => Array<Bytea>,
        statuses: Vec<i16> => Array<SmallInt>, etags: Vec<Option<&'a str>> => Array<Nullable<Text>>, bodies: Vec<&'a [u8]> => Array<Bytea>
    }
    "INSERT INTO idempotency_keys (workspace_id, created_at, actor_id, key, request_hash, status, etag, body) \
     SELECT w.id, w.at, c.actor_id, c.key, c.hash, c.status, c.etag, c.body \
     FROM (SELECT ?::uuid AS id, ?::timestamptz AS at) w, \
       unnest(?::uuid[], ?::text[], ?::bytea[], ?::smallint[], ?::text[], ?::bytea[]) AS c (actor_id, key, hash, status, etag, body) \
     ORDER BY c.actor_id, c.key"
}

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    kept: &'a [(&'a IdempotencyKey, &'a Answer)],
    now: DateTime<Utc>,
) -> Result<Insert<'a>> {
    Ok(Insert {
        workspace_id,
        created_at: now,
        actors: kept.iter().map(|(key, _)| key.actor_id).collect(),
        keys: kept.iter().map(|(key, _)| key.key.as_str()).collect(),
        hashes: kept
            .iter()
            .map(|(key, _)| key.request_hash.as_slice())
            .collect(),
        statuses: kept
            .iter()
            .map(|(_, answer)| i16::try_from(answer.status))
            .collect::<Result<_, _>>()
            .map_err(Error::internal)?,
        etags: kept
            .iter()
            .map(|(_, answer)| answer.etag.as_deref())
            .collect(),
        bodies: kept
            .iter()
            .map(|(_, answer)| answer.body.as_slice())
            .collect(),
        rows: std::marker::PhantomData,
    })
}

/// Keeps answers. A key that a twin has kept meanwhile fails the transaction: run again, it finds the twin's answer.
pub fn insert_all(
    conn: &mut TenantConnection,
    kept: &[(&IdempotencyKey, &Answer)],
    now: DateTime<Utc>,
) -> Result<()> {
    if kept.is_empty() {
        return Ok(());
    }
    insertion(conn.workspace_id(), kept, now)?.execute(conn.pg())?;
    Ok(())
}

/// Takes a key for this transaction, waiting for a twin that holds it; `false` when an answer is kept already.
pub fn take(conn: &mut TenantConnection, key: &IdempotencyKey, now: DateTime<Utc>) -> Result<bool> {
    let taken = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::workspace_id.eq(conn.workspace_id()),
            idempotency_keys::actor_id.eq(key.actor_id),
            idempotency_keys::key.eq(&key.key),
            idempotency_keys::request_hash.eq(key.request_hash.as_slice()),
            idempotency_keys::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn.pg())?;
    Ok(taken == 1)
}

/// Keeps the answer of a key that was taken.
pub fn keep(conn: &mut TenantConnection, key: &IdempotencyKey, answer: &Answer) -> Result<()> {
    diesel::update(idempotency_keys::table)
        .filter(idempotency_keys::workspace_id.eq(conn.workspace_id()))
        .filter(idempotency_keys::actor_id.eq(key.actor_id))
        .filter(idempotency_keys::key.eq(&key.key))
        .set((
            idempotency_keys::status.eq(i16::try_from(answer.status).map_err(Error::internal)?),
            idempotency_keys::etag.eq(&answer.etag),
            idempotency_keys::body.eq(&answer.body),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Forgets up to `limit` keys that are older than [`KEPT_HOURS`]; the answer is how many. Asks as the owner of the
/// tables, for all workspaces.
pub fn forget_expired(db: &Db, now: DateTime<Utc>, limit: i64) -> Result<usize> {
    let before = now - Duration::hours(KEPT_HOURS);
    Ok(diesel::sql_query(
        "DELETE FROM idempotency_keys i USING (SELECT workspace_id, actor_id, key FROM idempotency_keys WHERE created_at < $1 LIMIT $2) old \
         WHERE i.workspace_id = old.workspace_id AND i.actor_id = old.actor_id AND i.key = old.key",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(limit)
    .execute(&mut db.owner()?)?)
}
