//! Pipelines: the stages of each workspace.

use crate::domain::stage::{Pipeline, Stage};
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::pipelines;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;

/// A pipeline as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PipelineRecord {
    /// The stages.
    pub pipeline: Pipeline,
    /// Counts every change, from 1.
    pub version: i64,
    /// When it last changed; `None` for the one that every workspace begins with.
    pub updated_at: Option<DateTime<Utc>>,
}

type Row = (Value, i64, DateTime<Utc>);

fn record((stages, version, updated_at): Row) -> Result<PipelineRecord> {
    let stages: Vec<Stage> = serde_json::from_value(stages).map_err(Error::internal)?;
    Ok(PipelineRecord {
        pipeline: Pipeline { stages },
        version,
        updated_at: Some(updated_at).filter(|_| version > 1),
    })
}

/// The pipeline of the transaction's workspace.
pub fn get(conn: &mut TenantConnection) -> Result<PipelineRecord> {
    let row: Option<Row> = pipelines::table
        .filter(pipelines::workspace_id.eq(conn.workspace_id()))
        .select((pipelines::stages, pipelines::version, pipelines::updated_at))
        .first(conn.pg())
        .optional()?;
    let first = PipelineRecord {
        version: 1,
        ..PipelineRecord::default()
    };
    row.map_or(Ok(first), record)
}

/// The pipeline, which nobody changes until the end of the transaction; others may hold it as well.
pub fn hold(conn: &mut TenantConnection, now: DateTime<Utc>) -> Result<PipelineRecord> {
    let workspace_id = conn.workspace_id();
    let held = |conn: &mut TenantConnection| -> Result<Option<Row>> {
        Ok(pipelines::table
            .filter(pipelines::workspace_id.eq(workspace_id))
            .for_share()
            .select((pipelines::stages, pipelines::version, pipelines::updated_at))
            .first(conn.pg())
            .optional()?)
    };
    if let Some(row) = held(conn)? {
        return record(row);
    }
    begin(conn, now)?;
    record(held(conn)?.ok_or_else(|| Error::internal("a pipeline that is not there"))?)
}

/// The pipeline, to be changed.
pub fn lock(conn: &mut TenantConnection, now: DateTime<Utc>) -> Result<PipelineRecord> {
    begin(conn, now)?;
    let row: Row = pipelines::table
        .filter(pipelines::workspace_id.eq(conn.workspace_id()))
        .for_update()
        .select((pipelines::stages, pipelines::version, pipelines::updated_at))
        .first(conn.pg())?;
    record(row)
}

/// Writes down the pipeline that every workspace begins with: only what is there can be locked.
fn begin(conn: &mut TenantConnection, now: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(pipelines::table)
        .values((
            pipelines::workspace_id.eq(conn.workspace_id()),
            pipelines::stages.eq(Json::of(&Pipeline::default().stages)?),
            pipelines::version.eq(1),
            pipelines::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn.pg())?;
    Ok(())
}

/// Writes a pipeline that changed.
pub fn update(
    conn: &mut TenantConnection,
    changed: &Pipeline,
    version: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(pipelines::table)
        .filter(pipelines::workspace_id.eq(conn.workspace_id()))
        .set((
            pipelines::stages.eq(Json::of(&changed.stages)?),
            pipelines::version.eq(version),
            pipelines::updated_at.eq(now),
        ))
        .execute(conn.pg())?;
    Ok(())
}
