//! Identities of leads. Their primary key is promise P2: who claims an address second waits for the first, and then
//! finds whose it is.

use crate::domain::capture::Holder;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::lead::Lead;
use crate::error::{Error, Result};
use crate::store::failure::LostRace;
use crate::store::pool::TenantConnection;
use crate::store::schema::lead_identities;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bytea, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// What a claim found: who held an identity already, and which nobody held.
#[derive(Debug, Default)]
pub struct Claims {
    /// Identities of leads that were there before.
    pub taken: HashMap<Identity, Holder>,
    /// Identities that nobody held: claimed as was asked for.
    pub fresh: HashMap<Identity, Holder>,
    /// The versions of the leads in `taken`, as they were then.
    versions: HashMap<Uuid, i64>,
}

/// Claims identities, one row each; the answer is those that nobody held.
macro_rules! claim_sql {
    () => {
        "INSERT INTO lead_identities (workspace_id, created_at, kind, value, lead_id, content_hash, submission_id) \
         SELECT w.id, w.at, c.kind, c.value, c.lead_id, c.hash, c.submission_id \
         FROM (SELECT ?::uuid AS id, ?::timestamptz AS at) w, \
           unnest(?::text[], ?::text[], ?::uuid[], ?::bytea[], ?::uuid[]) WITH ORDINALITY AS c (kind, value, lead_id, hash, submission_id, n) \
         ORDER BY c.n \
         ON CONFLICT (workspace_id, kind, value) DO NOTHING \
         RETURNING kind, value"
    };
}
pub(in crate::store) use claim_sql;

statement! {
    /// See [`claim_sql`].
    Claim {
        workspace_id: Uuid => SqlUuid, created_at: DateTime<Utc> => Timestamptz,
        kinds: [&'a str] => Array<Text>, values: [&'a str] => Array<Text>, leads: [Uuid] => Array<SqlUuid>,
        hashes: [Option<&'a [u8]>] => Array<Nullable<Bytea>>, submissions: [Option<Uuid>] => Array<Nullable<SqlUuid>>
    }
    claim_sql!(),
    returns (Text, Text)
}

statement! {
    /// The limit keeps the look-up one by the whole key, for each identity, whatever the table's size when it is planned.
    Held { workspace_id: Uuid => SqlUuid, kinds: [&'a str] => Array<Text>, values: [&'a str] => Array<Text> }
    "SELECT c.kind, c.value, h.lead_id, h.content_hash, h.submission_id, h.version \
     FROM (SELECT ?::uuid AS id) w, unnest(?::text[], ?::text[]) AS c (kind, value), \
       LATERAL (SELECT i.lead_id, i.content_hash, i.submission_id, l.version FROM lead_identities i, leads l \
         WHERE i.workspace_id = w.id AND i.kind = c.kind AND i.value = c.value AND l.workspace_id = w.id AND l.id = i.lead_id LIMIT 1) h",
    returns (Text, Text, SqlUuid, Nullable<Bytea>, Nullable<SqlUuid>, BigInt)
}

type HeldRow = (String, String, Uuid, Option<Vec<u8>>, Option<Uuid>, i64);

/// Claims identities for the leads named; an identity that somebody holds stays theirs.
///
/// Always the first thing a transaction does with identities, and in sorted order: so no two of them can wait for each
/// other.
pub fn claim(
    conn: &mut TenantConnection,
    wanted: BTreeMap<Identity, Holder>,
    now: DateTime<Utc>,
) -> Result<Claims> {
    if wanted.is_empty() {
        return Ok(Claims::default());
    }
    let workspace_id = conn.workspace_id();
    let columns = Columns::of(wanted.iter());
    let claimed: Vec<(String, String)> = Claim {
        workspace_id: &workspace_id,
        created_at: &now,
        kinds: &columns.kinds,
        values: &columns.values,
        leads: &columns.leads,
        hashes: &columns.hashes,
        submissions: &columns.submissions,
    }
    .load(conn.pg())?;
    settle_claims(conn, wanted, claimed)
}

/// What became of claims, of which some were of identities that nobody held: whose the others are.
pub(in crate::store) fn settle_claims(
    conn: &mut TenantConnection,
    wanted: BTreeMap<Identity, Holder>,
    claimed: Vec<(String, String)>,
) -> Result<Claims> {
    let claimed: HashSet<Identity> = claimed
        .into_iter()
        .filter_map(|(kind, value)| identity(&kind, value))
        .collect();
    let (fresh, taken): (HashMap<_, _>, HashMap<_, _>) = wanted
        .into_iter()
        .partition(|(identity, _)| claimed.contains(identity));
    let asked: Vec<Identity> = taken.into_keys().collect();
    let (taken, versions) = held(conn, &asked)?;
    if taken.len() < asked.len() {
        // Given up between the two statements.
        return Err(Error::internal(LostRace));
    }
    Ok(Claims {
        taken,
        fresh,
        versions,
    })
}

/// Looks again at what a claim found, now that the leads are locked: a lead that has changed since may have given up
/// an identity, or hold it for another submission.
///
/// # Errors
/// A lost race when an identity is not with a locked lead any more: run again, the transaction claims it.
pub fn confirm<'a>(
    conn: &mut TenantConnection,
    claims: &mut Claims,
    locked: impl IntoIterator<Item = &'a Lead>,
) -> Result<()> {
    let locked: HashMap<Uuid, i64> = locked
        .into_iter()
        .map(|lead| (lead.id, lead.version))
        .collect();
    let doubtful: Vec<Identity> = claims
        .taken
        .iter()
        .filter(|(_, holder)| {
            let is_locked = locked.get(&holder.lead_id);
            is_locked.is_some() && is_locked != claims.versions.get(&holder.lead_id)
        })
        .map(|(identity, _)| identity.clone())
        .collect();
    let (now, _) = held(conn, &doubtful)?;
    let is_settled = |identity| {
        let holder: Option<&Holder> = now.get(identity);
        holder.is_some_and(|holder| locked.contains_key(&holder.lead_id))
    };
    if !doubtful.iter().all(is_settled) {
        return Err(Error::internal(LostRace));
    }
    claims.taken.extend(now);
    Ok(())
}

/// Whose these identities are; of those that nobody has, nothing.
pub fn find(
    conn: &mut TenantConnection,
    identities: &[Identity],
) -> Result<HashMap<Identity, Holder>> {
    Ok(held(conn, identities)?.0)
}

/// Who holds each of these identities, and the versions of those leads.
fn held(
    conn: &mut TenantConnection,
    identities: &[Identity],
) -> Result<(HashMap<Identity, Holder>, HashMap<Uuid, i64>)> {
    if identities.is_empty() {
        return Ok(Default::default());
    }
    let workspace_id = conn.workspace_id();
    let (kinds, values): (Vec<&str>, Vec<&str>) = identities
        .iter()
        .map(|identity| (identity.kind.as_str(), identity.value.as_str()))
        .unzip();
    let rows: Vec<HeldRow> = Held {
        workspace_id: &workspace_id,
        kinds: &kinds,
        values: &values,
    }
    .load(conn.pg())?;
    let versions = rows.iter().map(|row| (row.2, row.5)).collect();
    let holders = rows
        .into_iter()
        .filter_map(|(kind, value, lead_id, content_hash, submission_id, _)| {
            let content_hash = content_hash.and_then(|hash| hash.try_into().ok());
            Some((
                identity(&kind, value)?,
                Holder {
                    lead_id,
                    content_hash,
                    submission_id,
                },
            ))
        })
        .collect();
    Ok((holders, versions))
}

/// Says whose the identities are now.
pub fn settle<'a>(
    conn: &mut TenantConnection,
    held: impl IntoIterator<Item = (&'a Identity, &'a Holder)>,
) -> Result<()> {
    for (identity, holder) in held {
        diesel::update(lead_identities::table)
            .filter(lead_identities::workspace_id.eq(conn.workspace_id()))
            .filter(lead_identities::kind.eq(identity.kind.as_str()))
            .filter(lead_identities::value.eq(&identity.value))
            .set((
                lead_identities::lead_id.eq(holder.lead_id),
                lead_identities::content_hash
                    .eq(holder.content_hash.as_ref().map(|hash| hash.as_slice())),
                lead_identities::submission_id.eq(holder.submission_id),
            ))
            .execute(conn.pg())?;
    }
    Ok(())
}

/// Rows turned into columns, as `unnest` takes them.
#[derive(Default)]
pub(in crate::store) struct Columns<'a> {
    pub kinds: Vec<&'a str>,
    pub values: Vec<&'a str>,
    pub leads: Vec<Uuid>,
    pub hashes: Vec<Option<&'a [u8]>>,
    pub submissions: Vec<Option<Uuid>>,
}

impl<'a> Columns<'a> {
    pub fn of(held: impl IntoIterator<Item = (&'a Identity, &'a Holder)>) -> Self {
        let mut columns = Columns::default();
        for (identity, holder) in held {
            columns.kinds.push(identity.kind.as_str());
            columns.values.push(&identity.value);
            columns.leads.push(holder.lead_id);
            columns
                .hashes
                .push(holder.content_hash.as_ref().map(|hash| hash.as_slice()));
            columns.submissions.push(holder.submission_id);
        }
        columns
    }
}

statement! {
    Release { kinds: [&'a str] => Array<Text>, values: [&'a str] => Array<Text>, leads: [Uuid] => Array<SqlUuid>, workspace_id: Uuid => SqlUuid }
    "DELETE FROM lead_identities i USING unnest(?::text[], ?::text[], ?::uuid[]) AS c (kind, value, lead_id) \
     WHERE i.workspace_id = ? AND i.kind = c.kind AND i.value = c.value AND i.lead_id = c.lead_id"
}

/// Gives up identities of leads; what another lead holds stays.
pub fn release<'a>(
    conn: &mut TenantConnection,
    identities: impl IntoIterator<Item = (&'a Identity, Uuid)>,
) -> Result<()> {
    let (mut kinds, mut values, mut leads) = (Vec::new(), Vec::new(), Vec::new());
    for (identity, lead_id) in identities {
        kinds.push(identity.kind.as_str());
        values.push(identity.value.as_str());
        leads.push(lead_id);
    }
    if leads.is_empty() {
        return Ok(());
    }
    Release {
        workspace_id: &conn.workspace_id(),
        kinds: &kinds,
        values: &values,
        leads: &leads,
    }
    .execute(conn.pg())?;
    Ok(())
}

statement! {
    ValuesHeld { workspace_id: Uuid => SqlUuid, leads: [Uuid] => Array<SqlUuid>, from: str => Text, to: str => Text }
    "SELECT h.value, h.lead_id FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[]) AS c (lead_id), \
       LATERAL (SELECT i.value, i.lead_id FROM lead_identities i \
         WHERE i.workspace_id = w.id AND i.lead_id = c.lead_id AND i.kind = 'custom_field' AND i.value >= ? AND i.value < ? LIMIT 1000) h",
    returns (Text, SqlUuid)
}

/// What these leads hold of one of the workspace's own fields.
pub fn list_values(
    conn: &mut TenantConnection,
    key: &str,
    leads: &[Uuid],
) -> Result<Vec<(Identity, Uuid)>> {
    let rows: Vec<(String, Uuid)> = ValuesHeld {
        workspace_id: &conn.workspace_id(),
        leads,
        from: &format!("{key}:"),
        // The sign after the colon.
        to: &format!("{key};"),
    }
    .load(conn.pg())?;
    let identity = |(value, lead_id)| (Identity::new(IdentityKind::CustomField, value), lead_id);
    Ok(rows.into_iter().map(identity).collect())
}

/// The identities of a lead, with the time each became known.
pub fn list_of_lead(
    conn: &mut TenantConnection,
    lead_id: Uuid,
) -> Result<Vec<(Identity, DateTime<Utc>)>> {
    let rows: Vec<(String, String, DateTime<Utc>)> = lead_identities::table
        .filter(lead_identities::workspace_id.eq(conn.workspace_id()))
        .filter(lead_identities::lead_id.eq(lead_id))
        .order((lead_identities::kind, lead_identities::value))
        .limit(10_000)
        .select((
            lead_identities::kind,
            lead_identities::value,
            lead_identities::created_at,
        ))
        .load(conn.pg())?;
    Ok(rows
        .into_iter()
        .filter_map(|(kind, value, at)| Some((identity(&kind, value)?, at)))
        .collect())
}

fn identity(kind: &str, value: String) -> Option<Identity> {
    Some(Identity {
        kind: IdentityKind::from_name(kind)?,
        value,
    })
}
