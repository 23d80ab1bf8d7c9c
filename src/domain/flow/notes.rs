//! Writes notes on leads, changes and deletes them. Every text that a note has had is kept.

use crate::domain::access::Visibility;
use crate::domain::capture::{begin_change, event};
use crate::domain::event::{Event, EventType};
use crate::domain::flow::activities::Editing;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::reach;
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::note::{Note, NoteVersion};
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{leads, notes, outbox};
use chrono::Duration;
use serde_json::json;
use uuid::Uuid;

/// Writes a note on a lead.
pub fn add(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    body: &str,
    pinned: bool,
    by: &OnBehalf,
) -> Result<Note> {
    let before = reach::lock(conn, lead_id, &by.visible)?;
    let mut lead = before.clone();
    begin_change(&mut lead, by.now);
    let (note, happened) = write(conn, &mut lead, body, pinned, by)?;
    leads::update(conn, &before, &lead, &by.rules)?;
    outbox::add_all(conn, &[(&happened, &by.provenance)])?;
    Ok(note)
}

/// Writes a note as part of a change of the lead that was begun.
pub fn write(
    conn: &mut TenantConnection,
    lead: &mut Lead,
    body: &str,
    pinned: bool,
    by: &OnBehalf,
) -> Result<(Note, Event)> {
    let id = ProcessIds.next(by.now);
    let note = Note {
        id,
        lead_id: lead.id,
        body: body.to_owned(),
        pinned,
        author: by.provenance.actor.clone(),
        version: 1,
        created_at: time_of(id),
        updated_at: time_of(id),
    };
    notes::insert(conn, &note)?;
    notes::add_version(conn, &note, Some(&note.body), &note.author)?;
    Ok((note.clone(), told(EventType::NoteCreated, lead, &note)))
}

/// A note that the caller may know of.
pub fn get(conn: &mut TenantConnection, id: Uuid, visible: &Visibility) -> Result<Note> {
    let note = present(conn, id)?;
    reach::get_for(conn, note.lead_id, visible, "note", id)?;
    Ok(note)
}

/// What is to change of a note.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotePatch {
    /// What it says.
    pub body: Option<String>,
    /// Kept in sight.
    pub pinned: Option<bool>,
}

/// Changes a note. A change to what it is already is none. Whoever may write may pin.
///
/// # Errors
/// [`Error::Forbidden`] for the text of somebody else's note, unless the caller may change that;
/// [`Error::VersionMismatch`] when `expected` does not hold.
pub fn change(
    conn: &mut TenantConnection,
    id: Uuid,
    patch: &NotePatch,
    editing: Editing,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Note> {
    let (lead, before) = lock(conn, id, expected, by)?;
    let mut note = before.clone();
    if let Some(body) = &patch.body {
        note.body.clone_from(body);
    }
    note.pinned = patch.pinned.unwrap_or(note.pinned);
    if note.body != before.body {
        check_author(&note, editing, by)?;
    }
    if note == before {
        return Ok(note);
    }
    next_version(&mut note, by);
    notes::update(conn, &note)?;
    notes::add_version(conn, &note, Some(&note.body), &by.provenance.actor)?;
    publish(conn, &lead, EventType::NoteUpdated, &note, by)?;
    Ok(note)
}

/// Deletes a note: its text is shown no longer. Its versions are kept, for those who may delete leads.
///
/// # Errors
/// As [`change`].
pub fn delete(
    conn: &mut TenantConnection,
    id: Uuid,
    editing: Editing,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<()> {
    let (lead, mut note) = lock(conn, id, expected, by)?;
    check_author(&note, editing, by)?;
    next_version(&mut note, by);
    notes::mark_deleted(conn, &note)?;
    notes::add_version(conn, &note, None, &by.provenance.actor)?;
    publish(conn, &lead, EventType::NoteDeleted, &note, by)
}

/// What a note has said, newest first, older than the version `before`. Of a deleted note only who may change everybody's
/// learns it.
pub fn list_versions(
    conn: &mut TenantConnection,
    id: Uuid,
    editing: Editing,
    before: Option<i64>,
    limit: i64,
    visible: &Visibility,
) -> Result<Vec<NoteVersion>> {
    let missing = || Error::not_found("note", id);
    let (note, is_deleted) = notes::find(conn, id)?.ok_or_else(missing)?;
    if is_deleted && editing == Editing::Own {
        return Err(missing());
    }
    reach::get_for(conn, note.lead_id, visible, "note", id)?;
    notes::list_versions(conn, id, before, limit)
}

fn present(conn: &mut TenantConnection, id: Uuid) -> Result<Note> {
    match notes::find(conn, id)? {
        Some((note, false)) => Ok(note),
        _ => Err(Error::not_found("note", id)),
    }
}

fn lock(
    conn: &mut TenantConnection,
    id: Uuid,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<(Lead, Note)> {
    let lead_id = present(conn, id)?.lead_id;
    let lead = reach::lock_for(conn, lead_id, &by.visible, "note", id)?;
    // Only what is read under the lock of the lead stays as it is.
    let note = present(conn, id)?;
    match expected {
        Some(expected) if expected != note.version => Err(Error::VersionMismatch {
            what: "note",
            expected: expected.to_string(),
            current: note.version,
        }),
        _ => Ok((lead, note)),
    }
}

fn check_author(note: &Note, editing: Editing, by: &OnBehalf) -> Result<()> {
    if editing == Editing::Own && note.author != by.provenance.actor {
        return Err(Error::Forbidden(
            "Somebody else wrote this note: only they, and who may delete leads, can change or delete it.",
        ));
    }
    Ok(())
}

fn next_version(note: &mut Note, by: &OnBehalf) {
    note.version += 1;
    note.updated_at =
        time_of(ProcessIds.next(by.now)).max(note.updated_at + Duration::milliseconds(1));
}

fn publish(
    conn: &mut TenantConnection,
    before: &Lead,
    kind: EventType,
    note: &Note,
    by: &OnBehalf,
) -> Result<()> {
    let mut lead = before.clone();
    begin_change(&mut lead, by.now);
    let happened = told(kind, &mut lead, note);
    leads::update(conn, before, &lead, &by.rules)?;
    outbox::add_all(conn, &[(&happened, &by.provenance)])
}

/// The event names the note and leaves its text where it can be deleted.
fn told(kind: EventType, lead: &mut Lead, note: &Note) -> Event {
    let mut happened = event(kind, lead, Vec::new(), &mut ProcessIds);
    happened.data = Some(json!({"id": note.id, "version": note.version, "pinned": note.pinned}));
    happened
}
