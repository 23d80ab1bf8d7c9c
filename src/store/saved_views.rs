//! Saved views.

use crate::domain::event::Actor;
use crate::domain::saved_view::{SavedView, ViewContent};
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::schema::saved_views;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = saved_views, check_for_backend(diesel::pg::Pg))]
struct ViewRow {
    id: Uuid,
    name: String,
    owner_type: String,
    owner_id: Uuid,
    is_shared: bool,
    condition: Option<Value>,
    search: Option<String>,
    shown: Value,
    sort: Value,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<ViewRow> for SavedView {
    type Error = Error;

    fn try_from(row: ViewRow) -> Result<SavedView> {
        Ok(SavedView {
            id: row.id,
            owner: Actor {
                kind: row.owner_type,
                id: Some(row.owner_id),
            },
            content: ViewContent {
                name: row.name,
                condition: row.condition,
                q: row.search,
                columns: serde_json::from_value(row.shown).map_err(Error::internal)?,
                sort: serde_json::from_value(row.sort).map_err(Error::internal)?,
                is_shared: row.is_shared,
            },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Adds a view; its owner has an id.
pub fn insert(conn: &mut TenantConnection, view: &SavedView) -> Result<()> {
    let content = &view.content;
    diesel::insert_into(saved_views::table)
        .values((
            saved_views::workspace_id.eq(conn.workspace_id()),
            saved_views::id.eq(view.id),
            saved_views::name.eq(&content.name),
            saved_views::owner_type.eq(&view.owner.kind),
            saved_views::owner_id.eq(view.owner.id.unwrap_or_default()),
            saved_views::is_shared.eq(content.is_shared),
            saved_views::condition.eq(&content.condition),
            saved_views::search.eq(&content.q),
            saved_views::shown.eq(Value::from(content.columns.clone())),
            saved_views::sort.eq(Value::from(content.sort.clone())),
            saved_views::version.eq(view.version),
            saved_views::created_at.eq(view.created_at),
            saved_views::updated_at.eq(view.updated_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// How many views an owner has.
pub fn count_of(conn: &mut TenantConnection, owner_id: Uuid) -> Result<i64> {
    Ok(saved_views::table
        .filter(saved_views::workspace_id.eq(conn.workspace_id()))
        .filter(saved_views::owner_id.eq(owner_id))
        .count()
        .get_result(conn.pg())?)
}

/// Somebody's own views and those that are shared, oldest first, after one.
pub fn list(
    conn: &mut TenantConnection,
    owner_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SavedView>> {
    let mut query = saved_views::table
        .filter(saved_views::workspace_id.eq(conn.workspace_id()))
        .filter(
            saved_views::owner_id
                .eq(owner_id)
                .or(saved_views::is_shared.eq(true)),
        )
        .order(saved_views::id)
        .limit(limit)
        .select(ViewRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(saved_views::id.gt(after));
    }
    let rows: Vec<ViewRow> = query.load(conn.pg())?;
    rows.into_iter().map(SavedView::try_from).collect()
}

/// A view.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<SavedView> {
    let row: Option<ViewRow> = saved_views::table
        .filter(saved_views::workspace_id.eq(conn.workspace_id()))
        .filter(saved_views::id.eq(id))
        .select(ViewRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("view", id))?.try_into()
}

/// A view, locked until the end of the transaction.
pub fn lock(conn: &mut TenantConnection, id: Uuid) -> Result<SavedView> {
    let row: Option<ViewRow> = saved_views::table
        .filter(saved_views::workspace_id.eq(conn.workspace_id()))
        .filter(saved_views::id.eq(id))
        .for_update()
        .select(ViewRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("view", id))?.try_into()
}

/// Every view of the workspace, locked until the end of the transaction, in the order of their ids.
pub fn lock_all(conn: &mut TenantConnection) -> Result<Vec<SavedView>> {
    let rows: Vec<ViewRow> = saved_views::table
        .filter(saved_views::workspace_id.eq(conn.workspace_id()))
        .order(saved_views::id)
        .for_update()
        .select(ViewRow::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(SavedView::try_from).collect()
}

/// Writes a view that changed.
pub fn update(conn: &mut TenantConnection, view: &SavedView) -> Result<()> {
    let content = &view.content;
    diesel::update(saved_views::table)
        .filter(saved_views::workspace_id.eq(conn.workspace_id()))
        .filter(saved_views::id.eq(view.id))
        .set((
            saved_views::name.eq(&content.name),
            saved_views::is_shared.eq(content.is_shared),
            saved_views::condition.eq(&content.condition),
            saved_views::search.eq(&content.q),
            saved_views::shown.eq(Value::from(content.columns.clone())),
            saved_views::sort.eq(Value::from(content.sort.clone())),
            saved_views::version.eq(view.version),
            saved_views::updated_at.eq(view.updated_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Removes a view.
pub fn delete(conn: &mut TenantConnection, id: Uuid) -> Result<()> {
    diesel::delete(saved_views::table)
        .filter(saved_views::workspace_id.eq(conn.workspace_id()))
        .filter(saved_views::id.eq(id))
        .execute(conn.pg())?;
    Ok(())
}
