//! Notes: what people write about a lead, for each other.

use crate::domain::event::Actor;
use crate::domain::normalise::text;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest beginning of a note that stands for it in one line, in characters.
const SUMMARY_LENGTH: usize = 120;

/// A note on a lead.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Note {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// The lead it is about.
    pub lead_id: Uuid,
    /// What it says.
    #[schema(example = "Budget is approved, waits for the board in May.")]
    pub body: String,
    /// Kept in sight.
    pub pinned: bool,
    /// Who wrote it.
    pub author: Actor,
    /// Counts every change, from 1; the `ETag`.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Note {
    /// The beginning of its first line.
    pub fn summary(&self) -> String {
        let first = self.body.lines().next().unwrap_or_default();
        text::truncate(first, SUMMARY_LENGTH).to_owned()
    }
}

/// What a note said from one change to the next.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NoteVersion {
    /// Which version of the note.
    #[schema(minimum = 1)]
    pub version: i64,
    /// What it said; `null` in the version that deleted it.
    #[schema(required = true)]
    pub body: Option<String>,
    /// Whether it was kept in sight.
    pub pinned: bool,
    /// Who made it this.
    pub actor: Actor,
    /// When.
    pub created_at: DateTime<Utc>,
}
