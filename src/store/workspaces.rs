//! Workspaces.

use crate::domain::workspace::WorkspaceSettings;
use crate::error::{Error, Result};
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::workspaces;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

/// A workspace: everything else belongs to one.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// A UUIDv7.
    pub id: Uuid,
    /// For people.
    pub name: String,
    /// How it wants its leads handled.
    pub settings: WorkspaceSettings,
    /// Counts every change, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Adds the workspace of the transaction.
pub fn insert(
    conn: &mut TenantConnection,
    name: &str,
    settings: &WorkspaceSettings,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(workspaces::table)
        .values((
            workspaces::workspace_id.eq(conn.workspace_id()),
            workspaces::name.eq(name),
            workspaces::settings.eq(serde_json::to_value(settings).map_err(Error::internal)?),
            workspaces::version.eq(1),
            workspaces::created_at.eq(now),
            workspaces::updated_at.eq(now),
        ))
        .execute(conn.pg())?;
    Ok(())
}

type Row = (Uuid, String, Value, i64, DateTime<Utc>, DateTime<Utc>);

fn workspace((id, name, settings, version, created_at, updated_at): Row) -> Result<Workspace> {
    Ok(Workspace {
        id,
        name,
        settings: serde_json::from_value(settings).map_err(Error::internal)?,
        version,
        created_at,
        updated_at,
    })
}

/// The workspace of the transaction, if there is one of that id.
pub fn find(conn: &mut TenantConnection) -> Result<Option<Workspace>> {
    let row: Option<Row> = workspaces::table
        .filter(workspaces::workspace_id.eq(conn.workspace_id()))
        .first(conn.pg())
        .optional()?;
    row.map(workspace).transpose()
}

/// The workspace of the transaction.
pub fn get(conn: &mut TenantConnection) -> Result<Workspace> {
    find(conn)?.ok_or_else(|| Error::not_found("workspace", conn.workspace_id()))
}

/// The workspace of the transaction, locked until its end.
pub fn lock(conn: &mut TenantConnection) -> Result<Workspace> {
    let row: Option<Row> = workspaces::table
        .filter(workspaces::workspace_id.eq(conn.workspace_id()))
        .for_update()
        .first(conn.pg())
        .optional()?;
    workspace(row.ok_or_else(|| Error::not_found("workspace", conn.workspace_id()))?)
}

/// Writes a workspace that changed.
pub fn update(conn: &mut TenantConnection, changed: &Workspace) -> Result<()> {
    diesel::update(workspaces::table)
        .filter(workspaces::workspace_id.eq(conn.workspace_id()))
        .set((
            workspaces::name.eq(&changed.name),
            workspaces::settings
                .eq(serde_json::to_value(&changed.settings).map_err(Error::internal)?),
            workspaces::version.eq(changed.version),
            workspaces::updated_at.eq(changed.updated_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// The workspace, where there is exactly one.
pub fn only(db: &Db) -> Result<Option<Uuid>> {
    let found: Vec<Uuid> = db.across_workspaces(|connection| {
        Ok(workspaces::table
            .order(workspaces::workspace_id)
            .limit(2)
            .select(workspaces::workspace_id)
            .load(connection)?)
    })?;
    Ok(match found.as_slice() {
        [only] => Some(*only),
        _ => None,
    })
}

/// The ids and names of all workspaces, oldest first. For the operator's commands: it asks as the owner of the tables.
pub fn list_all(db: &Db) -> Result<Vec<(Uuid, String)>> {
    let found = workspaces::table
        .order(workspaces::workspace_id)
        .limit(100_000)
        .select((workspaces::workspace_id, workspaces::name));
    Ok(found.load(&mut db.owner()?)?)
}
