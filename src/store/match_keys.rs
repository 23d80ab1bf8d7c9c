//! Keys by which leads that may be one person are found.

use crate::domain::dedupe::MatchKey;
use crate::domain::lead::Lead;
use crate::domain::likeness::keys_of_lead;
use crate::domain::match_policy::MatchSettings;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, SmallInt, Uuid as SqlUuid};
use uuid::Uuid;

statement! {
    /// Of leads that had none: looking for those that are there costs as much again.
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        family: Vec<i16> => Array<SmallInt>,
        hash: Vec<i64> => Array<BigInt>,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
    }
    "INSERT INTO match_keys (workspace_id, family, hash, lead_id) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::smallint[], ?::bigint[], ?::uuid[]) c"
}

statement! {
    Add { workspace_id: Uuid => SqlUuid, families: [i16] => Array<SmallInt>, hashes: [i64] => Array<BigInt>, leads: [Uuid] => Array<SqlUuid> }
    "INSERT INTO match_keys (workspace_id, family, hash, lead_id) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::smallint[], ?::bigint[], ?::uuid[]) c \
     ON CONFLICT (workspace_id, family, hash, lead_id) DO NOTHING"
}

statement! {
    Delete { families: [i16] => Array<SmallInt>, hashes: [i64] => Array<BigInt>, workspace_id: Uuid => SqlUuid, lead_id: Uuid => SqlUuid }
    "DELETE FROM match_keys m USING unnest(?::smallint[], ?::bigint[]) AS c (family, hash) \
     WHERE m.workspace_id = ? AND m.lead_id = ? AND m.family = c.family AND m.hash = c.hash"
}

statement! {
    /// The limit keeps the look-up one by the whole key, and hubs from costing more than other keys. The latest leads come
    /// first: who comes twice mostly does so soon.
    Find { workspace_id: Uuid => SqlUuid, seekers: [i32] => Array<Integer>, families: [i16] => Array<SmallInt>, hashes: [i64] => Array<BigInt>, most: [i64] => Array<BigInt> }
    "SELECT c.seeker, m.lead_id, count(*) \
     FROM (SELECT ?::uuid AS id) w, unnest(?::integer[], ?::smallint[], ?::bigint[], ?::bigint[]) AS c (seeker, family, hash, most), \
       LATERAL (SELECT k.lead_id FROM match_keys k \
         WHERE k.workspace_id = w.id AND k.family = c.family AND k.hash = c.hash ORDER BY k.lead_id DESC LIMIT c.most) m \
     GROUP BY c.seeker, m.lead_id",
    returns (Integer, SqlUuid, BigInt)
}

/// The rows of new leads, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    new: &[(Uuid, &[MatchKey])],
) -> Insert<'a> {
    rows(workspace_id, new.iter().copied())
}

fn rows<'a, 'b>(
    workspace_id: Uuid,
    leads: impl IntoIterator<Item = (Uuid, &'b [MatchKey])>,
) -> Insert<'a> {
    let mut insert = Insert {
        workspace_id,
        family: Vec::new(),
        hash: Vec::new(),
        lead_id: Vec::new(),
        rows: std::marker::PhantomData,
    };
    for (lead_id, keys) in leads {
        for key in keys {
            insert.family.push(key.family);
            insert.hash.push(key.hash);
            insert.lead_id.push(lead_id);
        }
    }
    insert
}

/// Adds keys that are missing.
pub fn add_all(conn: &mut TenantConnection, leads: &[(Uuid, Vec<MatchKey>)]) -> Result<()> {
    let keyed = leads.iter().map(|(id, keys)| (*id, keys.as_slice()));
    let new = rows(conn.workspace_id(), keyed);
    Add {
        workspace_id: &new.workspace_id,
        families: &new.family,
        hashes: &new.hash,
        leads: &new.lead_id,
    }
    .execute(conn.pg())?;
    Ok(())
}

/// Keeps the keys of a lead in step with a change of it.
pub(in crate::store) fn follow(
    conn: &mut TenantConnection,
    before: &Lead,
    after: &Lead,
    settings: &MatchSettings,
) -> Result<()> {
    let is_same = before.fields == after.fields
        && before.custom == after.custom
        && before.deleted_at.is_some() == after.deleted_at.is_some();
    if is_same {
        return Ok(());
    }
    let workspace_id = conn.workspace_id();
    let old = keys_of_lead(before, settings, workspace_id);
    let new = keys_of_lead(after, settings, workspace_id);
    let gone: Vec<&MatchKey> = old.iter().filter(|key| !new.contains(key)).collect();
    if !gone.is_empty() {
        let (families, hashes): (Vec<i16>, Vec<i64>) =
            gone.iter().map(|key| (key.family, key.hash)).unzip();
        Delete {
            families: &families,
            hashes: &hashes,
            workspace_id: &workspace_id,
            lead_id: &after.id,
        }
        .execute(conn.pg())?;
    }
    let come: Vec<MatchKey> = new.into_iter().filter(|key| !old.contains(key)).collect();
    if !come.is_empty() {
        add_all(conn, &[(after.id, come)])?;
    }
    Ok(())
}

/// Keys that are looked for, as columns: whose each is, and how many leads are taken of it.
#[derive(Default)]
pub(in crate::store) struct KeyColumns {
    pub seekers: Vec<i32>,
    pub families: Vec<i16>,
    pub hashes: Vec<i64>,
    pub most: Vec<i64>,
}

impl KeyColumns {
    pub fn of(sought: &[&[MatchKey]], most_of: impl Fn(&MatchKey) -> i64) -> KeyColumns {
        let mut columns = KeyColumns::default();
        for (number, keys) in (0i32..).zip(sought) {
            for key in *keys {
                columns.seekers.push(number);
                columns.families.push(key.family);
                columns.hashes.push(key.hash);
                columns.most.push(most_of(key));
            }
        }
        columns
    }

    /// The key of a row, by its number from 1.
    pub fn key(&self, number: i64) -> Option<MatchKey> {
        let row = usize::try_from(number).ok()?.checked_sub(1)?;
        Some(MatchKey {
            family: *self.families.get(row)?,
            hash: *self.hashes.get(row)?,
        })
    }
}

/// A lead that shares keys with somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sharing {
    /// The number of who seeks.
    pub seeker: usize,
    /// The lead.
    pub lead_id: Uuid,
    /// How many keys they share, as far as was looked.
    pub keys: i64,
}

/// Leads that share a key with each of these; of each key at most so many as `most_of` says, the latest.
pub fn list_candidates(
    conn: &mut TenantConnection,
    sought: &[&[MatchKey]],
    most_of: impl Fn(&MatchKey) -> i64,
) -> Result<Vec<Sharing>> {
    let columns = KeyColumns::of(sought, most_of);
    if columns.seekers.is_empty() {
        return Ok(Vec::new());
    }
    let workspace_id = conn.workspace_id();
    let found: Vec<(i32, Uuid, i64)> = Find {
        workspace_id: &workspace_id,
        seekers: &columns.seekers,
        families: &columns.families,
        hashes: &columns.hashes,
        most: &columns.most,
    }
    .load(conn.pg())?;
    let sharing = |(number, lead_id, keys): (i32, Uuid, i64)| {
        Some(Sharing {
            seeker: usize::try_from(number).ok()?,
            lead_id,
            keys,
        })
    };
    Ok(found.into_iter().filter_map(sharing).collect())
}

statement! {
    /// As [`Find`], within bounds: each seeker has its own.
    FindBetween {
        workspace_id: Uuid => SqlUuid, seekers: [i32] => Array<Integer>, families: [i16] => Array<SmallInt>, hashes: [i64] => Array<BigInt>,
        from: [Uuid] => Array<SqlUuid>, until: [Uuid] => Array<SqlUuid>, most: i64 => BigInt
    }
    "SELECT DISTINCT c.seeker, m.lead_id \
     FROM (SELECT ?::uuid AS id) w, \
       unnest(?::integer[], ?::smallint[], ?::bigint[], ?::uuid[], ?::uuid[]) AS c (seeker, family, hash, least, bound), \
       LATERAL (SELECT k.lead_id FROM match_keys k \
         WHERE k.workspace_id = w.id AND k.family = c.family AND k.hash = c.hash AND k.lead_id >= c.least AND k.lead_id < c.bound \
         ORDER BY k.lead_id DESC LIMIT ?) m",
    returns (Integer, SqlUuid)
}

/// Who looks for leads like it, and among which.
#[derive(Debug, Clone)]
pub struct Seeker {
    /// Its keys.
    pub keys: Vec<MatchKey>,
    /// Leads from this one on.
    pub from: Uuid,
    /// Leads before this one.
    pub until: Uuid,
}

/// As [`list_candidates`], for each seeker within its own bounds.
pub fn list_candidates_between(
    conn: &mut TenantConnection,
    seekers: &[Seeker],
    most: i64,
) -> Result<Vec<(usize, Uuid)>> {
    let (mut numbers, mut families, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut from, mut until) = (Vec::new(), Vec::new());
    for (number, seeker) in (0i32..).zip(seekers) {
        for key in &seeker.keys {
            numbers.push(number);
            families.push(key.family);
            hashes.push(key.hash);
            from.push(seeker.from);
            until.push(seeker.until);
        }
    }
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let workspace_id = conn.workspace_id();
    let found: Vec<(i32, Uuid)> = FindBetween {
        workspace_id: &workspace_id,
        seekers: &numbers,
        families: &families,
        hashes: &hashes,
        from: &from,
        until: &until,
        most: &most,
    }
    .load(conn.pg())?;
    Ok(found
        .into_iter()
        .filter_map(|(number, id)| Some((usize::try_from(number).ok()?, id)))
        .collect())
}

statement! {
    /// Steps from one family to the next along the primary key, and takes some of each: hashes are in no order, so these
    /// are leads as good as drawn at random.
    Draw { workspace_id: Uuid => SqlUuid, of_each: i64 => BigInt }
    "WITH RECURSIVE w AS (SELECT ?::uuid AS id, ?::bigint AS of_each), \
       step AS ( \
         SELECT (SELECT k.family FROM match_keys k, w WHERE k.workspace_id = w.id ORDER BY k.family LIMIT 1) AS family \
         UNION ALL \
         SELECT (SELECT k.family FROM match_keys k, w WHERE k.workspace_id = w.id AND k.family > step.family ORDER BY k.family LIMIT 1) \
         FROM step WHERE step.family IS NOT NULL \
       ) \
     SELECT DISTINCT d.lead_id FROM step, w, LATERAL ( \
       SELECT k.lead_id FROM match_keys k WHERE k.workspace_id = w.id AND k.family = step.family ORDER BY k.hash LIMIT w.of_each) d \
     WHERE step.family IS NOT NULL ORDER BY d.lead_id",
    returns SqlUuid
}

/// About so many leads, as good as drawn at random, and the same ones again when nothing has changed.
pub fn draw_leads(conn: &mut TenantConnection, about: i64) -> Result<Vec<Uuid>> {
    let of_each = (about / DRAWN_FAMILIES).max(1);
    Ok(Draw {
        workspace_id: &conn.workspace_id(),
        of_each: &of_each,
    }
    .load(conn.pg())?)
}

/// Families of keys that most workspaces' leads have between them.
const DRAWN_FAMILIES: i64 = 10;
