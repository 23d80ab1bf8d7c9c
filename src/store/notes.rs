//! Notes on leads, and every text they have had.

use crate::domain::event::Actor;
use crate::domain::ids::lower_bound;
use crate::domain::note::{Note, NoteVersion};
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::{note_versions, notes};
use chrono::{DateTime, Duration, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = notes, check_for_backend(diesel::pg::Pg))]
struct NoteRow {
    id: Uuid,
    lead_id: Uuid,
    author: Value,
    body: String,
    pinned: bool,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<NoteRow> for Note {
    type Error = Error;

    fn try_from(row: NoteRow) -> Result<Note> {
        Ok(Note {
            id: row.id,
            lead_id: row.lead_id,
            body: row.body,
            pinned: row.pinned,
            author: serde_json::from_value(row.author).map_err(Error::internal)?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Adds a note.
pub fn insert(conn: &mut TenantConnection, note: &Note) -> Result<()> {
    diesel::insert_into(notes::table)
        .values((
            notes::workspace_id.eq(conn.workspace_id()),
            notes::id.eq(note.id),
            notes::lead_id.eq(note.lead_id),
            notes::author.eq(Json::of(&note.author)?),
            notes::body.eq(&note.body),
            notes::pinned.eq(note.pinned),
            notes::version.eq(note.version),
            notes::created_at.eq(note.created_at),
            notes::updated_at.eq(note.updated_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Writes a note that changed.
pub fn update(conn: &mut TenantConnection, note: &Note) -> Result<()> {
    diesel::update(notes::table)
        .filter(notes::workspace_id.eq(conn.workspace_id()))
        .filter(notes::id.eq(note.id))
        .set((
            notes::body.eq(&note.body),
            notes::pinned.eq(note.pinned),
            notes::version.eq(note.version),
            notes::updated_at.eq(note.updated_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Lets a note be shown no longer; what it said stays in its versions only.
pub fn mark_deleted(conn: &mut TenantConnection, note: &Note) -> Result<()> {
    diesel::update(notes::table)
        .filter(notes::workspace_id.eq(conn.workspace_id()))
        .filter(notes::id.eq(note.id))
        .set((
            notes::body.eq(""),
            notes::version.eq(note.version),
            notes::updated_at.eq(note.updated_at),
            notes::deleted_at.eq(note.updated_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Keeps what a note says from now on; `None`: it is deleted.
pub fn add_version(
    conn: &mut TenantConnection,
    note: &Note,
    body: Option<&str>,
    actor: &Actor,
) -> Result<()> {
    diesel::insert_into(note_versions::table)
        .values((
            note_versions::workspace_id.eq(conn.workspace_id()),
            note_versions::note_id.eq(note.id),
            note_versions::version.eq(note.version),
            note_versions::body.eq(body),
            note_versions::pinned.eq(note.pinned),
            note_versions::actor.eq(Json::of(actor)?),
            note_versions::created_at.eq(note.updated_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// A note, and whether it is deleted.
pub fn find(conn: &mut TenantConnection, id: Uuid) -> Result<Option<(Note, bool)>> {
    let row: Option<(NoteRow, Option<DateTime<Utc>>)> = notes::table
        .filter(notes::workspace_id.eq(conn.workspace_id()))
        .filter(notes::id.eq(id))
        .select((NoteRow::as_select(), notes::deleted_at))
        .first(conn.pg())
        .optional()?;
    row.map(|(row, deleted_at)| Ok((row.try_into()?, deleted_at.is_some())))
        .transpose()
}

/// Notes on a lead, newest first, older than `before`; `pinned` keeps those that are, or are not.
pub fn list_of_lead(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    pinned: Option<bool>,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Note>> {
    let mut query = notes::table
        .filter(notes::workspace_id.eq(conn.workspace_id()))
        .filter(notes::lead_id.eq(lead_id))
        .filter(notes::deleted_at.is_null())
        // The id carries the time.
        .order(notes::id.desc())
        .limit(limit)
        .select(NoteRow::as_select())
        .into_boxed();
    if let Some((at, id)) = before {
        let earlier = sql::<Bool>("(notes.created_at, notes.id) < (")
            .bind::<Timestamptz, _>(at)
            .sql(", ")
            .bind::<SqlUuid, _>(id)
            .sql(")");
        query = query
            .filter(notes::id.lt(lower_bound(at + Duration::milliseconds(1))))
            .filter(earlier);
    }
    if let Some(pinned) = pinned {
        query = query.filter(notes::pinned.eq(pinned));
    }
    let rows: Vec<NoteRow> = query.load(conn.pg())?;
    rows.into_iter().map(Note::try_from).collect()
}

type VersionRow = (i64, Option<String>, bool, Value, DateTime<Utc>);

/// What a note has said, newest first, older than the version `before`.
pub fn list_versions(
    conn: &mut TenantConnection,
    id: Uuid,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<NoteVersion>> {
    let mut query = note_versions::table
        .filter(note_versions::workspace_id.eq(conn.workspace_id()))
        .filter(note_versions::note_id.eq(id))
        .order(note_versions::version.desc())
        .limit(limit)
        .select((
            note_versions::version,
            note_versions::body,
            note_versions::pinned,
            note_versions::actor,
            note_versions::created_at,
        ))
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(note_versions::version.lt(before));
    }
    let rows: Vec<VersionRow> = query.load(conn.pg())?;
    rows.into_iter()
        .map(|(version, body, pinned, actor, created_at)| {
            Ok(NoteVersion {
                version,
                body,
                pinned,
                actor: serde_json::from_value(actor).map_err(Error::internal)?,
                created_at,
            })
        })
        .collect()
}
