//! `/v1/leads/{id}/notes` and `/v1/notes/{id}`: what people write about a lead.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::{MergePatch, ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::page::{DEFAULT_LIMIT, Page, PageQuery, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::flow::notes::{self as flow, NotePatch};
use crate::domain::flow::{once, reach};
use crate::domain::idempotency::Answer;
use crate::domain::normalise::text;
use crate::domain::note::{Note, NoteVersion};
use crate::error::{Error, FieldError, Result};
use crate::store::notes;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

/// A new note.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[schema(as = NewNote, example = json!({"body": "Budget is approved, waits for the board in May."}))]
pub struct NoteWrite {
    /// What it says.
    #[schema(min_length = 1, max_length = 20_000, pattern = r"\S")]
    pub body: String,
    /// Kept in sight.
    #[serde(default)]
    #[schema(default = false)]
    pub pinned: bool,
}

/// What is changed of a note.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "the documented shape of a merge patch")]
#[schema(example = json!({"pinned": true}))]
pub struct NoteChange {
    /// What it says.
    #[schema(required = false, min_length = 1, max_length = 20_000, pattern = r"\S")]
    pub body: String,
    /// Kept in sight; `null` is not.
    pub pinned: Option<bool>,
}

/// Which notes.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoteQuery {
    /// Only those that are kept in sight, or only those that are not.
    pub pinned: Option<bool>,
    /// Notes on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// List the notes on a lead, newest first.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The lead"), NoteQuery),
    responses((status = 200, description = "A page of notes", body = Page<Note>), ReadProblems),
)]
#[get("/leads/{id}/notes")]
pub async fn list_notes(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<NoteQuery>,
) -> Result<HttpResponse, ApiError> {
    let NoteQuery {
        pinned,
        limit,
        cursor,
    } = query.0;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<(DateTime<Utc>, Uuid)> = cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let visible = caller.visible.clone();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        reach::get(conn, *id, &visible)?;
        notes::list_of_lead(conn, *id, pinned, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, (last.created_at, last.id)))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found,
        next_cursor: next,
    }))
}

/// Write a note on a lead.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The lead"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = NoteWrite,
    responses((status = 201, description = "The note", body = Note, headers(("ETag" = String, description = "Its version"))), WriteProblems),
)]
#[post("/leads/{id}/notes")]
pub async fn add_note(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<NoteWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let text = note_text(&body.value.body, "/body")?;
    let pinned = body.value.pinned;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let note = flow::add(conn, *id, &text, pinned, &caller.on_behalf(now))?;
            shown(StatusCode::CREATED, &note)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Read a note.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The note")),
    responses((status = 200, description = "The note", body = Note, headers(("ETag" = String, description = "Its version"))), ReadProblems),
)]
#[get("/notes/{id}")]
pub async fn get_note(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let note = in_workspace(&state, caller.workspace_id, move |conn| {
        flow::get(conn, *id, &caller.visible)
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(note.version)))
        .json(note))
}

/// Change a note: a JSON merge patch.
///
/// Its text can be changed by who wrote it and by who may delete leads; whoever may write can pin it. What it said before
/// stays in its versions.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The note"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the note is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body(content = NoteChange, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The note afterwards", body = Note, headers(("ETag" = String, description = "Its version"))), WriteProblems),
)]
#[patch("/notes/{id}")]
pub async fn update_note(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    patch: MergePatch<NoteChange>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &patch.raw)?;
    let expected = expected_version(&request)?;
    let change = read_patch(&patch.changes)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let by = caller.on_behalf(now);
            let note = flow::change(conn, *id, &change, caller.editing(), expected, &by)?;
            shown(StatusCode::OK, &note)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Delete a note.
///
/// Who wrote it may, and who may delete leads. Its text is shown no longer; its versions stay, for who may delete leads.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The note"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the note is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 204, description = "Deleted"), WriteProblems),
)]
#[delete("/notes/{id}")]
pub async fn delete_note(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &[])?;
    let expected = expected_version(&request)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            flow::delete(
                conn,
                *id,
                caller.editing(),
                expected,
                &caller.on_behalf(now),
            )?;
            Ok(idempotency::no_content())
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// List what a note has said, newest first.
///
/// Of a deleted note only who may delete leads learns it.
#[utoipa::path(
    tag = "timeline",
    params(("id" = Uuid, Path, description = "The note"), PageQuery),
    responses((status = 200, description = "A page of versions", body = Page<NoteVersion>), ReadProblems),
)]
#[get("/notes/{id}/versions")]
pub async fn list_note_versions(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<i64> = query
        .0
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let (visible, editing) = (caller.visible.clone(), caller.editing());
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        flow::list_versions(conn, *id, editing, before, limit + 1, &visible)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.version))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found,
        next_cursor: next,
    }))
}

fn read_patch(changes: &Map<String, Value>) -> Result<NotePatch> {
    let body = match changes.get("body") {
        None => None,
        Some(given) => Some(note_text(given.as_str().unwrap_or_default(), "/body")?),
    };
    Ok(NotePatch {
        body,
        pinned: changes
            .get("pinned")
            .map(|pinned| pinned.as_bool().unwrap_or(false)),
    })
}

/// The text of a note in normal form.
///
/// # Errors
/// 422 when nothing is left of it.
pub fn note_text(given: &str, pointer: &str) -> Result<String> {
    let text = text::clean(given);
    if text.is_empty() {
        return Err(Error::Invalid(vec![FieldError::new(
            pointer,
            "empty",
            "a note says something; delete it instead",
        )]));
    }
    Ok(text)
}

fn shown(status: StatusCode, note: &Note) -> Result<Answer> {
    idempotency::answer(status, Some(etag(note.version)), note)
}
