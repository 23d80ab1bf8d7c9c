//! The keys that sign access tokens. They are the service's, not a workspace's: the role of requests only reads them, and
//! the owner of the tables makes them, one process at a time.

use crate::error::{Error, Result};
use crate::store::migrations::one_at_a_time;
use crate::store::pool::Db;
use crate::store::schema::signing_keys;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// A key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The `kid` of tokens: a UUIDv7 of `created_at`.
    pub id: Uuid,
    /// Ed25519, PKCS #8.
    pub private_key: Vec<u8>,
    /// Ed25519, 32 bytes.
    pub public_key: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The newest key that is active signs.
    pub active_from: DateTime<Utc>,
    /// Until when tokens signed with it are accepted; `None`: it has no successor yet.
    pub expires_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    private_key: Vec<u8>,
    public_key: Vec<u8>,
    created_at: DateTime<Utc>,
    active_from: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

impl From<Row> for SigningKey {
    fn from(row: Row) -> Self {
        SigningKey {
            id: row.id,
            private_key: row.private_key,
            public_key: row.public_key,
            created_at: row.created_at,
            active_from: row.active_from,
            expires_at: row.expires_at,
        }
    }
}

fn usable(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<SigningKey>> {
    let rows: Vec<Row> = signing_keys::table
        .filter(
            signing_keys::expires_at
                .is_null()
                .or(signing_keys::expires_at.gt(now)),
        )
        .order(signing_keys::active_from.desc())
        .limit(100)
        .select(Row::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(SigningKey::from).collect())
}

/// The keys whose tokens are accepted at `now`, the newest first.
pub fn list(db: &Db, now: DateTime<Utc>) -> Result<Vec<SigningKey>> {
    db.outside_workspaces(|connection| usable(connection, now))
}

/// Adds `new`, if there is no usable key yet; the answer is the usable keys.
pub fn insert_first(db: &Db, new: &SigningKey, now: DateTime<Utc>) -> Result<Vec<SigningKey>> {
    db.owner()?.transaction::<_, Error, _>(|connection| {
        one_at_a_time(connection)?;
        if usable(connection, now)?.is_empty() {
            insert(connection, new)?;
        }
        usable(connection, now)
    })
}

/// Adds `new` as the successor of the keys there are: tokens signed with them are accepted until `old_until`.
pub fn rotate(db: &Db, new: &SigningKey, old_until: DateTime<Utc>) -> Result<()> {
    db.owner()?.transaction::<_, Error, _>(|connection| {
        one_at_a_time(connection)?;
        diesel::update(signing_keys::table)
            .filter(signing_keys::expires_at.is_null())
            .set(signing_keys::expires_at.eq(old_until))
            .execute(connection)?;
        insert(connection, new)
    })
}

fn insert(connection: &mut PgConnection, new: &SigningKey) -> Result<()> {
    let row = Row {
        id: new.id,
        private_key: new.private_key.clone(),
        public_key: new.public_key.clone(),
        created_at: new.created_at,
        active_from: new.active_from,
        expires_at: new.expires_at,
    };
    diesel::insert_into(signing_keys::table)
        .values(row)
        .execute(connection)?;
    Ok(())
}
