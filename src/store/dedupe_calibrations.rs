//! Calibrations of how leads are compared.

use crate::domain::calibration::{Calibration, CalibrationReport, CalibrationState};
use crate::domain::dedupe::{KeptFrequencies, Weights};
use crate::domain::event::Actor;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::dedupe_calibrations;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = dedupe_calibrations, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    number: i32,
    state: String,
    weights: Value,
    frequencies: Value,
    report: Value,
    created_by: Value,
    created_at: DateTime<Utc>,
    activated_at: Option<DateTime<Utc>>,
    retired_at: Option<DateTime<Utc>>,
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(Error::internal)
}

impl TryFrom<Row> for Calibration {
    type Error = Error;

    fn try_from(row: Row) -> Result<Calibration> {
        let state = CalibrationState::from_name(&row.state);
        Ok(Calibration {
            id: row.id,
            number: row.number,
            state: state.ok_or_else(|| Error::internal("a calibration in an unknown state"))?,
            weights: read::<Weights>(row.weights)?,
            frequencies: read::<KeptFrequencies>(row.frequencies)?,
            report: read::<CalibrationReport>(row.report)?,
            created_by: read::<Actor>(row.created_by)?,
            created_at: row.created_at,
            activated_at: row.activated_at,
            retired_at: row.retired_at,
        })
    }
}

/// Adds a calibration.
pub fn insert(conn: &mut TenantConnection, new: &Calibration) -> Result<()> {
    diesel::insert_into(dedupe_calibrations::table)
        .values((
            dedupe_calibrations::workspace_id.eq(conn.workspace_id()),
            dedupe_calibrations::id.eq(new.id),
            dedupe_calibrations::number.eq(new.number),
            dedupe_calibrations::state.eq(new.state.as_str()),
            dedupe_calibrations::weights.eq(Json::of(&new.weights)?),
            dedupe_calibrations::frequencies.eq(Json::of(&new.frequencies)?),
            dedupe_calibrations::report.eq(Json::of(&new.report)?),
            dedupe_calibrations::created_by.eq(Json::of(&new.created_by)?),
            dedupe_calibrations::created_at.eq(new.created_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// The number of the latest calibration; 0 when there is none.
pub fn last_number(conn: &mut TenantConnection) -> Result<i32> {
    let last: Option<i32> = dedupe_calibrations::table
        .filter(dedupe_calibrations::workspace_id.eq(conn.workspace_id()))
        .order(dedupe_calibrations::number.desc())
        .select(dedupe_calibrations::number)
        .first(conn.pg())
        .optional()?;
    Ok(last.unwrap_or_default())
}

/// A calibration.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<Calibration> {
    let row: Option<Row> = dedupe_calibrations::table
        .filter(dedupe_calibrations::workspace_id.eq(conn.workspace_id()))
        .filter(dedupe_calibrations::id.eq(id))
        .select(Row::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("calibration", id))?
        .try_into()
}

/// Which calibration is active, if one is.
pub fn find_active_id(conn: &mut TenantConnection) -> Result<Option<Uuid>> {
    Ok(dedupe_calibrations::table
        .filter(dedupe_calibrations::workspace_id.eq(conn.workspace_id()))
        .filter(dedupe_calibrations::state.eq(CalibrationState::Active.as_str()))
        .select(dedupe_calibrations::id)
        .first(conn.pg())
        .optional()?)
}

/// Calibrations, the latest first, from before one on.
pub fn list(
    conn: &mut TenantConnection,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Calibration>> {
    let rows: Vec<Row> = dedupe_calibrations::table
        .filter(dedupe_calibrations::workspace_id.eq(conn.workspace_id()))
        .filter(dedupe_calibrations::number.lt(before.unwrap_or(i32::MAX)))
        .order(dedupe_calibrations::number.desc())
        .limit(limit)
        .select(Row::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(Calibration::try_from).collect()
}

/// Makes one the active calibration; who was, is retired.
pub fn activate(conn: &mut TenantConnection, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    retire(conn, now)?;
    diesel::update(dedupe_calibrations::table)
        .filter(dedupe_calibrations::workspace_id.eq(conn.workspace_id()))
        .filter(dedupe_calibrations::id.eq(id))
        .set((
            dedupe_calibrations::state.eq(CalibrationState::Active.as_str()),
            dedupe_calibrations::activated_at.eq(now),
            dedupe_calibrations::retired_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Retires the active calibration, if there is one.
pub fn retire(conn: &mut TenantConnection, now: DateTime<Utc>) -> Result<()> {
    diesel::update(dedupe_calibrations::table)
        .filter(dedupe_calibrations::workspace_id.eq(conn.workspace_id()))
        .filter(dedupe_calibrations::state.eq(CalibrationState::Active.as_str()))
        .set((
            dedupe_calibrations::state.eq(CalibrationState::Retired.as_str()),
            dedupe_calibrations::retired_at.eq(now),
        ))
        .execute(conn.pg())?;
    Ok(())
}
