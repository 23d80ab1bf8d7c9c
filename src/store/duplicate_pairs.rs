//! Pairs of leads that may be one person.

use crate::domain::dedupe::FieldWeight;
use crate::domain::duplicate_pair::{DuplicatePair, FoundBy, PairState};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::likeness::Duplicate;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::duplicate_pairs;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use std::collections::HashSet;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = duplicate_pairs, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    lead_id: Uuid,
    other_lead_id: Uuid,
    state: String,
    probability: f64,
    fields: Value,
    found_by: String,
    snoozed_until: Option<DateTime<Utc>>,
    decided_by: Option<Value>,
    decided_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for DuplicatePair {
    type Error = Error;

    fn try_from(row: Row) -> Result<DuplicatePair> {
        let state = PairState::from_name(&row.state);
        let fields: Vec<FieldWeight> =
            serde_json::from_value(row.fields).map_err(Error::internal)?;
        Ok(DuplicatePair {
            id: row.id,
            lead_id: row.lead_id,
            other_lead_id: row.other_lead_id,
            state: state.ok_or_else(|| Error::internal("a pair in an unknown state"))?,
            probability: row.probability,
            fields,
            found_by: if row.found_by == "scan" {
                FoundBy::Scan
            } else {
                FoundBy::Capture
            },
            snoozed_until: row.snoozed_until,
            decided_by: row
                .decided_by
                .map(serde_json::from_value)
                .transpose()
                .map_err(Error::internal)?,
            decided_at: row.decided_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

statement! {
    Insert {
        workspace_id: Uuid => SqlUuid,
        found_by: str => Text,
        lead_ids: [Uuid] => Array<SqlUuid>,
        other_lead_ids: [Uuid] => Array<SqlUuid>,
        ids: [Uuid] => Array<SqlUuid>,
        probabilities: [f64] => Array<Double>,
        fields: [Json] => Array<Jsonb>,
        created_at: [DateTime<Utc>] => Array<Timestamptz>,
    }
    "INSERT INTO duplicate_pairs (workspace_id, lead_id, other_lead_id, id, state, probability, fields, found_by, version, created_at, updated_at) \
     SELECT w.id, c.lead_id, c.other_lead_id, c.id, 'open', c.probability, c.fields, w.found_by, 1, c.created_at, c.created_at \
     FROM (SELECT ?::uuid AS id, ?::text AS found_by) w, \
       unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::float8[], ?::jsonb[], ?::timestamptz[]) AS c (lead_id, other_lead_id, id, probability, fields, created_at) \
     ON CONFLICT (workspace_id, lead_id, other_lead_id) DO UPDATE SET probability = excluded.probability, fields = excluded.fields, \
       updated_at = excluded.updated_at, version = duplicate_pairs.version + 1 \
     WHERE duplicate_pairs.state IN ('open', 'snoozed') AND abs(duplicate_pairs.probability - excluded.probability) > 0.01"
}

/// Adds pairs, each a lead and one that it is like. One that is known takes the new probability, if it is another one by more than a hundredth; what was rejected stays so.
pub fn add_all<'a>(
    conn: &mut TenantConnection,
    pairs: impl IntoIterator<Item = (Uuid, &'a Duplicate)>,
    found_by: FoundBy,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut rows: Vec<(Uuid, Uuid, &Duplicate)> = pairs
        .into_iter()
        .filter(|(lead_id, duplicate)| *lead_id != duplicate.lead_id)
        .map(|(lead_id, duplicate)| {
            (
                lead_id.min(duplicate.lead_id),
                lead_id.max(duplicate.lead_id),
                duplicate,
            )
        })
        .collect();
    // In one order, so that no two transactions wait for each other.
    rows.sort_by_key(|(one, other, _)| (*one, *other));
    rows.dedup_by_key(|(one, other, _)| (*one, *other));
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|_| ProcessIds.next(now)).collect();
    let workspace_id = conn.workspace_id();
    let fields: Vec<Json> = rows
        .iter()
        .map(|(_, _, one)| Json::of(&one.fields))
        .collect::<Result<_>>()?;
    Insert {
        workspace_id: &workspace_id,
        found_by: found_by.as_str(),
        lead_ids: &rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        other_lead_ids: &rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        probabilities: &rows.iter().map(|row| row.2.probability).collect::<Vec<_>>(),
        created_at: &ids.iter().map(|id| time_of(*id)).collect::<Vec<_>>(),
        ids: &ids,
        fields: &fields,
    }
    .execute(conn.pg())?;
    Ok(())
}

/// Which pairs.
#[derive(Debug, Clone)]
pub struct PairFilter {
    /// Where they stand; snoozed ones whose time is over are open.
    pub state: PairState,
    /// Only those with this lead.
    pub lead_id: Option<Uuid>,
    /// At least so probable.
    pub least: f64,
    /// After this one: its probability and id.
    pub after: Option<(f64, Uuid)>,
    /// At most so many.
    pub limit: i64,
    /// When.
    pub now: DateTime<Utc>,
}

/// Pairs, the most probable first; also of leads that are deleted.
pub fn list(conn: &mut TenantConnection, filter: &PairFilter) -> Result<Vec<DuplicatePair>> {
    let workspace_id = conn.workspace_id();
    let mut query = duplicate_pairs::table
        .filter(duplicate_pairs::workspace_id.eq(workspace_id))
        .filter(duplicate_pairs::probability.ge(filter.least))
        .order((
            duplicate_pairs::probability.desc(),
            duplicate_pairs::id.desc(),
        ))
        .limit(filter.limit)
        .select(Row::as_select())
        .into_boxed();
    let state = duplicate_pairs::state.eq(filter.state.as_str());
    query = match filter.state {
        PairState::Open => {
            let is_over = duplicate_pairs::state.eq(PairState::Snoozed.as_str()).and(
                duplicate_pairs::snoozed_until
                    .le(filter.now)
                    .assume_not_null(),
            );
            query.filter(state.or(is_over))
        }
        PairState::Snoozed => query.filter(
            state.and(
                duplicate_pairs::snoozed_until
                    .gt(filter.now)
                    .assume_not_null(),
            ),
        ),
        PairState::Rejected | PairState::Merged => query.filter(state),
    };
    if let Some(lead_id) = filter.lead_id {
        query = query.filter(
            duplicate_pairs::lead_id
                .eq(lead_id)
                .or(duplicate_pairs::other_lead_id.eq(lead_id)),
        );
    }
    if let Some((probability, id)) = filter.after {
        query = query.filter(
            duplicate_pairs::probability
                .lt(probability)
                .or(duplicate_pairs::probability
                    .eq(probability)
                    .and(duplicate_pairs::id.lt(id))),
        );
    }
    let rows: Vec<Row> = query.load(conn.pg())?;
    rows.into_iter().map(DuplicatePair::try_from).collect()
}

/// A pair, locked until the end of the transaction.
pub fn lock(conn: &mut TenantConnection, id: Uuid) -> Result<DuplicatePair> {
    let row: Option<Row> = duplicate_pairs::table
        .filter(duplicate_pairs::workspace_id.eq(conn.workspace_id()))
        .filter(duplicate_pairs::id.eq(id))
        .for_update()
        .select(Row::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("pair", id))?.try_into()
}

/// A pair.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<DuplicatePair> {
    let row: Option<Row> = duplicate_pairs::table
        .filter(duplicate_pairs::workspace_id.eq(conn.workspace_id()))
        .filter(duplicate_pairs::id.eq(id))
        .select(Row::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("pair", id))?.try_into()
}

/// Writes what was decided about a pair.
pub fn update(conn: &mut TenantConnection, pair: &DuplicatePair) -> Result<()> {
    let decided_by = pair.decided_by.as_ref().map(Json::of).transpose()?;
    diesel::update(duplicate_pairs::table)
        .filter(duplicate_pairs::workspace_id.eq(conn.workspace_id()))
        .filter(duplicate_pairs::id.eq(pair.id))
        .set((
            duplicate_pairs::state.eq(pair.state.as_str()),
            duplicate_pairs::snoozed_until.eq(pair.snoozed_until),
            duplicate_pairs::decided_by.eq(decided_by),
            duplicate_pairs::decided_at.eq(pair.decided_at),
            duplicate_pairs::version.eq(pair.version),
            duplicate_pairs::updated_at.eq(pair.updated_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Pairs that somebody has decided about in one way, the most probable ones: those say most.
pub fn list_decided(
    conn: &mut TenantConnection,
    state: PairState,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid)>> {
    Ok(duplicate_pairs::table
        .filter(duplicate_pairs::workspace_id.eq(conn.workspace_id()))
        .filter(duplicate_pairs::state.eq(state.as_str()))
        .order((
            duplicate_pairs::probability.desc(),
            duplicate_pairs::id.desc(),
        ))
        .limit(limit)
        .select((duplicate_pairs::lead_id, duplicate_pairs::other_lead_id))
        .load(conn.pg())?)
}

/// Pairs of these leads with each other, or, of those that are rejected, with anybody; locked until the end of the
/// transaction.
pub fn lock_of_leads(conn: &mut TenantConnection, leads: &[Uuid]) -> Result<Vec<DuplicatePair>> {
    let among = || duplicate_pairs::lead_id.eq_any(leads);
    let others = || duplicate_pairs::other_lead_id.eq_any(leads);
    let rejected = duplicate_pairs::state.eq(PairState::Rejected.as_str());
    let rows: Vec<Row> = duplicate_pairs::table
        .filter(duplicate_pairs::workspace_id.eq(conn.workspace_id()))
        .filter(among().and(others()).or(rejected.and(among().or(others()))))
        .order((duplicate_pairs::lead_id, duplicate_pairs::other_lead_id))
        .for_update()
        .select(Row::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(DuplicatePair::try_from).collect()
}

/// Adds pairs that somebody has decided about; the answer is those that were not there before.
pub fn add_decided(conn: &mut TenantConnection, pairs: &[DuplicatePair]) -> Result<Vec<Uuid>> {
    let workspace_id = conn.workspace_id();
    let mut added = Vec::new();
    for pair in pairs {
        let decided_by = pair.decided_by.as_ref().map(Json::of).transpose()?;
        let is_new = diesel::insert_into(duplicate_pairs::table)
            .values((
                duplicate_pairs::workspace_id.eq(workspace_id),
                duplicate_pairs::id.eq(pair.id),
                duplicate_pairs::lead_id.eq(pair.lead_id),
                duplicate_pairs::other_lead_id.eq(pair.other_lead_id),
                duplicate_pairs::state.eq(pair.state.as_str()),
                duplicate_pairs::probability.eq(pair.probability),
                duplicate_pairs::fields.eq(Json::of(&pair.fields)?),
                duplicate_pairs::found_by.eq(pair.found_by.as_str()),
                duplicate_pairs::decided_by.eq(decided_by),
                duplicate_pairs::decided_at.eq(pair.decided_at),
                duplicate_pairs::version.eq(pair.version),
                duplicate_pairs::created_at.eq(pair.created_at),
                duplicate_pairs::updated_at.eq(pair.updated_at),
            ))
            .on_conflict_do_nothing()
            .execute(conn.pg())?;
        if is_new > 0 {
            added.push(pair.id);
        }
    }
    Ok(added)
}

/// Pairs by id, locked until the end of the transaction.
pub fn lock_by_ids(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<DuplicatePair>> {
    let rows: Vec<Row> = duplicate_pairs::table
        .filter(duplicate_pairs::workspace_id.eq(conn.workspace_id()))
        .filter(duplicate_pairs::id.eq_any(ids))
        .order((duplicate_pairs::lead_id, duplicate_pairs::other_lead_id))
        .for_update()
        .select(Row::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(DuplicatePair::try_from).collect()
}

/// Forgets pairs.
pub fn remove(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<()> {
    diesel::delete(duplicate_pairs::table)
        .filter(duplicate_pairs::workspace_id.eq(conn.workspace_id()))
        .filter(duplicate_pairs::id.eq_any(ids))
        .execute(conn.pg())?;
    Ok(())
}

statement! {
    OpenOf { workspace_id: Uuid => SqlUuid, least: f64 => Double, now: DateTime<Utc> => Timestamptz, leads: [Uuid] => Array<SqlUuid>, others: [Uuid] => Array<SqlUuid> }
    "SELECT lead_id, other_lead_id, probability FROM duplicate_pairs \
     WHERE workspace_id = ? AND probability >= ? AND (state = 'open' OR (state = 'snoozed' AND snoozed_until <= ?)) \
       AND (lead_id = ANY(?) OR other_lead_id = ANY(?)) LIMIT 1000",
    returns (SqlUuid, SqlUuid, Double)
}

/// Open pairs of any of these leads that are at least so probable, with their probability.
pub fn list_open_of(
    conn: &mut TenantConnection,
    leads: &[Uuid],
    least: f64,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Uuid, f64)>> {
    Ok(OpenOf {
        workspace_id: &conn.workspace_id(),
        least: &least,
        now: &now,
        leads,
        others: leads,
    }
    .load(conn.pg())?)
}

/// Pairs of these leads of which somebody has said that they are two people.
pub fn list_rejected_among(
    conn: &mut TenantConnection,
    leads: &[Uuid],
) -> Result<HashSet<(Uuid, Uuid)>> {
    let pairs: Vec<(Uuid, Uuid)> = duplicate_pairs::table
        .filter(duplicate_pairs::workspace_id.eq(conn.workspace_id()))
        .filter(duplicate_pairs::lead_id.eq_any(leads))
        .filter(duplicate_pairs::other_lead_id.eq_any(leads))
        .filter(duplicate_pairs::state.eq(PairState::Rejected.as_str()))
        .select((duplicate_pairs::lead_id, duplicate_pairs::other_lead_id))
        .load(conn.pg())?;
    Ok(pairs.into_iter().collect())
}

statement! {
    Older { workspace_id: Uuid => SqlUuid, after: Uuid => SqlUuid, least: f64 => Double, now: DateTime<Utc> => Timestamptz, limit: i64 => BigInt }
    "SELECT DISTINCT lead_id FROM duplicate_pairs \
     WHERE workspace_id = ? AND lead_id > ? AND probability >= ? AND (state = 'open' OR (state = 'snoozed' AND snoozed_until <= ?)) \
     ORDER BY lead_id LIMIT ?",
    returns SqlUuid
}

/// Leads that are the older one of an open pair that is at least so probable, in the order of their ids.
pub fn list_older(
    conn: &mut TenantConnection,
    least: f64,
    after: Option<Uuid>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    Ok(Older {
        workspace_id: &conn.workspace_id(),
        after: &after.unwrap_or_default(),
        least: &least,
        now: &now,
        limit: &limit,
    }
    .load(conn.pg())?)
}

statement! {
    CountOlder { workspace_id: Uuid => SqlUuid, least: f64 => Double, now: DateTime<Utc> => Timestamptz }
    "SELECT count(DISTINCT lead_id) FROM duplicate_pairs \
     WHERE workspace_id = ? AND probability >= ? AND (state = 'open' OR (state = 'snoozed' AND snoozed_until <= ?))",
    returns BigInt
}

/// How many leads are the older one of an open pair that is at least so probable.
pub fn count_older(conn: &mut TenantConnection, least: f64, now: DateTime<Utc>) -> Result<i64> {
    Ok(CountOlder {
        workspace_id: &conn.workspace_id(),
        least: &least,
        now: &now,
    }
    .get_result(conn.pg())?)
}
