//! Clocks of leads.

use crate::domain::sla::Clock;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::{leads, sla_clocks};
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Json as SqlJson, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use serde_json::Value;
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        id: Vec<Uuid> => Array<SqlUuid>,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        kind: Vec<&'a str> => Array<Text>,
        state: Vec<&'a str> => Array<Text>,
        due_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        next_fire_at: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
        clock: Vec<Json> => Array<SqlJson>,
        calendar: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        calendar_version: Vec<Option<i64>> => Array<Nullable<BigInt>>,
    }
    "INSERT INTO sla_clocks (workspace_id, id, lead_id, kind, state, due_at, next_fire_at, clock, calendar, calendar_version) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, \
       unnest(?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::json[], \
         ?::text[], ?::bigint[]) c"
}

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    new: &'a [&'a Clock],
) -> Result<Insert<'a>> {
    Ok(Insert {
        workspace_id,
        id: new.iter().map(|clock| clock.id).collect(),
        lead_id: new.iter().map(|clock| clock.lead_id).collect(),
        kind: new.iter().map(|clock| clock.kind.as_str()).collect(),
        state: new.iter().map(|clock| clock.state.as_str()).collect(),
        due_at: new.iter().map(|clock| clock.due_at).collect(),
        next_fire_at: new.iter().map(|clock| clock.next_fire_at).collect(),
        clock: new
            .iter()
            .map(|clock| Json::lean(*clock))
            .collect::<Result<_>>()?,
        calendar: new
            .iter()
            .map(|clock| clock.calendar.key.as_deref())
            .collect(),
        calendar_version: new.iter().map(|clock| clock.calendar.version).collect(),
        rows: std::marker::PhantomData,
    })
}

/// Adds clocks.
pub fn insert_all(conn: &mut TenantConnection, new: &[&Clock]) -> Result<()> {
    if !new.is_empty() {
        insertion(conn.workspace_id(), new)?.execute(conn.pg())?;
    }
    Ok(())
}

/// Of the row the lead: a clock goes with its lead when leads are merged.
pub(in crate::store) fn read((lead_id, clock): (Uuid, Value)) -> Result<Clock> {
    let clock: Clock = serde_json::from_value(clock).map_err(Error::internal)?;
    Ok(Clock { lead_id, ..clock })
}

/// Clocks of a lead, the latest first; at most a thousand.
pub fn list_of_lead(conn: &mut TenantConnection, lead_id: Uuid) -> Result<Vec<Clock>> {
    let rows: Vec<(Uuid, Value)> = sla_clocks::table
        .filter(sla_clocks::workspace_id.eq(conn.workspace_id()))
        .filter(sla_clocks::lead_id.eq(lead_id))
        .order(sla_clocks::id.desc())
        .limit(1000)
        .select((sla_clocks::lead_id, sla_clocks::clock))
        .load(conn.pg())?;
    rows.into_iter().map(read).collect()
}

/// A clock.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<Clock> {
    let row: Option<(Uuid, Value)> = sla_clocks::table
        .filter(sla_clocks::workspace_id.eq(conn.workspace_id()))
        .filter(sla_clocks::id.eq(id))
        .select((sla_clocks::lead_id, sla_clocks::clock))
        .first(conn.pg())
        .optional()?;
    read(row.ok_or_else(|| Error::not_found("clock", id))?)
}

/// Named in the text, as by the indexes of such clocks.
fn is_open() -> SqlLiteral<Bool> {
    sql("sla_clocks.state IN ('running', 'paused', 'breached')")
}

/// Some leads with a clock that has not ended and counts by another version of a calendar than this one, in the order of
/// their ids; `None`: by any version.
pub fn list_leads_of_other_version(
    conn: &mut TenantConnection,
    calendar: &str,
    version: Option<i64>,
    limit: i64,
) -> Result<Vec<Uuid>> {
    // Two ranges of the index; a comparison by `<>` would read all of it.
    let version = version.unwrap_or_default();
    let mut found: Vec<Uuid> = Vec::new();
    for is_newer in [false, true] {
        let of_calendar = sla_clocks::table
            .filter(sla_clocks::workspace_id.eq(conn.workspace_id()))
            .filter(sla_clocks::calendar.eq(calendar))
            .filter(is_open())
            .order((sla_clocks::calendar_version, sla_clocks::id))
            .limit(limit)
            .select(sla_clocks::lead_id)
            .into_boxed();
        let other = match is_newer {
            false => of_calendar.filter(sla_clocks::calendar_version.lt(version)),
            true => of_calendar.filter(sla_clocks::calendar_version.gt(version)),
        };
        found.extend(other.load::<Uuid>(conn.pg())?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Marks the open clocks by a calendar of a user's leads, or of a team's, as counting by none of its versions, so that they are
/// [found](list_leads_of_other_version).
pub fn mark_for_zone(conn: &mut TenantConnection, calendar: &str, whose: Uuid) -> Result<()> {
    let is_theirs = leads::owner_id.eq(whose).or(leads::team_id.eq(whose));
    let theirs = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(is_theirs)
        .select(leads::id)
        .into_boxed();
    diesel::update(sla_clocks::table)
        .filter(sla_clocks::workspace_id.eq(conn.workspace_id()))
        .filter(sla_clocks::lead_id.eq_any(theirs))
        .filter(sla_clocks::calendar.eq(calendar))
        .filter(is_open())
        .set(sla_clocks::calendar_version.eq(MARK))
        .execute(conn.pg())?;
    Ok(())
}

/// Clocks of leads that have not ended, locked until the end of the transaction. The leads are to be locked before.
pub fn lock_open_of(conn: &mut TenantConnection, leads: &[Uuid]) -> Result<Vec<Clock>> {
    let rows: Vec<(Uuid, Value)> = sla_clocks::table
        .filter(sla_clocks::workspace_id.eq(conn.workspace_id()))
        .filter(sla_clocks::lead_id.eq_any(leads))
        .filter(is_open())
        .order(sla_clocks::id)
        .for_update()
        .select((sla_clocks::lead_id, sla_clocks::clock))
        .load(conn.pg())?;
    rows.into_iter().map(read).collect()
}

statement! {
    owned Update {
        kept: i64 => BigInt,
        id: Vec<Uuid> => Array<SqlUuid>,
        state: Vec<&'a str> => Array<Text>,
        due_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        next_fire_at: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
        clock: Vec<Json> => Array<SqlJson>,
        calendar: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        calendar_version: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        workspace_id: Uuid => SqlUuid,
    }
    "UPDATE sla_clocks s SET state = c.state, due_at = c.due_at, next_fire_at = c.next_fire_at, clock = c.clock, \
       calendar = c.calendar, calendar_version = CASE WHEN s.calendar_version = ? THEN s.calendar_version ELSE c.calendar_version END \
     FROM unnest(?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::json[], ?::text[], ?::bigint[]) \
       AS c (id, state, due_at, next_fire_at, clock, calendar, calendar_version) \
     WHERE s.workspace_id = ? AND s.id = c.id"
}

/// Stands for the version of a calendar in clocks that are [marked](mark_for_zone).
const MARK: i64 = 0;
/// No clock has it.
const NO_MARK: i64 = -1;

/// Writes clocks whose rows are locked, each once; those that are marked stay so.
pub fn update_all(conn: &mut TenantConnection, changed: &[Clock]) -> Result<()> {
    write_all(conn, changed, MARK)
}

/// Writes clocks whose rows are locked, each once, which are marked no longer.
pub fn settle_all(conn: &mut TenantConnection, changed: &[Clock]) -> Result<()> {
    write_all(conn, changed, NO_MARK)
}

fn write_all(conn: &mut TenantConnection, changed: &[Clock], kept: i64) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    // Citus takes a join of an update in parts only.
    if conn.is_distributed() {
        return changed
            .iter()
            .try_for_each(|clock| write(conn, clock, kept));
    }
    let each = || changed.iter();
    Update {
        kept,
        id: each().map(|clock| clock.id).collect(),
        state: each().map(|clock| clock.state.as_str()).collect(),
        due_at: each().map(|clock| clock.due_at).collect(),
        next_fire_at: each().map(|clock| clock.next_fire_at).collect(),
        clock: each().map(Json::lean).collect::<Result<_>>()?,
        calendar: each().map(|clock| clock.calendar.key.as_deref()).collect(),
        calendar_version: each().map(|clock| clock.calendar.version).collect(),
        workspace_id: conn.workspace_id(),
        rows: std::marker::PhantomData,
    }
    .execute(conn.pg())?;
    Ok(())
}

/// Writes a clock whose row is locked; one that is marked stays so.
pub fn update(conn: &mut TenantConnection, clock: &Clock) -> Result<()> {
    write(conn, clock, MARK)
}

fn write(conn: &mut TenantConnection, clock: &Clock, kept: i64) -> Result<()> {
    let version = sql::<Nullable<BigInt>>("CASE WHEN calendar_version = ")
        .bind::<BigInt, _>(kept)
        .sql(" THEN calendar_version ELSE ")
        .bind::<Nullable<BigInt>, _>(clock.calendar.version)
        .sql(" END");
    diesel::update(sla_clocks::table)
        .filter(sla_clocks::workspace_id.eq(conn.workspace_id()))
        .filter(sla_clocks::id.eq(clock.id))
        .set((
            sla_clocks::state.eq(clock.state.as_str()),
            sla_clocks::due_at.eq(clock.due_at),
            sla_clocks::next_fire_at.eq(clock.next_fire_at),
            sla_clocks::clock.eq(Json::lean(clock)?),
            sla_clocks::calendar.eq(&clock.calendar.key),
            sla_clocks::calendar_version.eq(version),
        ))
        .execute(conn.pg())?;
    Ok(())
}
