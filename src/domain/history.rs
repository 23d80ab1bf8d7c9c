//! The history of a lead: what changed, when, by whom and why.

use crate::domain::condition::Column;
use crate::domain::event::{Actor, Cause, Change, EventType};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that happened to a lead, as its history keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HistoryEntry {
    /// The event's id; of `lead.created` that of the lead.
    pub id: Uuid,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// The lead's version after it.
    #[schema(minimum = 1)]
    pub version: i64,
    /// Who did it; `null` when that is no longer kept.
    #[schema(required = true)]
    pub actor: Option<Actor>,
    /// What led to it; `null` when that is no longer kept.
    #[schema(required = true)]
    pub cause: Option<Cause>,
    /// The system it came through, by the `Baton-Origin` header of the request.
    #[schema(required = true)]
    pub origin: Option<String>,
    /// The record of the decision behind it.
    #[schema(required = true)]
    pub decision_id: Option<Uuid>,
    /// What changed.
    pub changes: Vec<Change>,
    /// What else belongs to it, by its type: the reason of a move, the activity that was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, required = false)]
    pub data: Option<Value>,
}

/// Which entries of a history. Everything given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// One of these values changed: `email`, `custom.plan`; `custom` stands for all custom values.
    pub paths: Vec<String>,
    /// One of these happened.
    pub kinds: Vec<EventType>,
    /// At or after.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// This user, key or form did it.
    pub actor: Option<Uuid>,
}

/// Values beside the fields of conditions that change, by their whole names; of the others the first word is enough.
const OTHER_PATHS: [&str; 6] = [
    "tags",
    "custom",
    "consents",
    "attribution",
    "deleted_at",
    "merged_into",
];

/// The names that changes can be asked for by, but for what comes after a dot.
pub fn known_paths() -> impl Iterator<Item = &'static str> {
    let columns = Column::ALL.iter().map(|column| column.name());
    columns.chain(OTHER_PATHS)
}

/// Whether a value of that name can change: `company`, `custom`, `custom.plan`.
pub fn is_path(name: &str) -> bool {
    match name.split_once('.') {
        Some((stem, _)) => ["custom", "consents", "attribution"].contains(&stem),
        None => known_paths().any(|known| known == name),
    }
}

impl HistoryFilter {
    /// Whether the entry is one of them.
    pub fn keeps(&self, entry: &HistoryEntry) -> bool {
        let is_named = |path: &str| {
            let stem = path.split('.').next().unwrap_or_default();
            self.paths
                .iter()
                .any(|named| named == path || named == stem)
        };
        (self.paths.is_empty() || entry.changes.iter().any(|change| is_named(&change.path)))
            && (self.kinds.is_empty() || self.kinds.contains(&entry.kind))
            && self.from.is_none_or(|from| entry.occurred_at >= from)
            && self.to.is_none_or(|to| entry.occurred_at < to)
            && self.actor.is_none_or(|id| {
                entry
                    .actor
                    .as_ref()
                    .is_some_and(|actor| actor.id == Some(id))
            })
    }
}
