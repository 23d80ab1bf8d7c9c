//! The timeline of a lead: activities, notes and the milestones of its history in one list.

use crate::domain::activity::{Activity, is_type};
use crate::domain::decision::Decision;
use crate::domain::event::{Actor, Change, EventType};
use crate::domain::history::HistoryEntry;
use crate::domain::lead::Lead;
use crate::domain::note::Note;
use crate::domain::routing::{Destination, Routed};
use crate::domain::submission::Submission;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// The events of a history that the timeline shows.
pub const MILESTONES: [EventType; 8] = [
    EventType::LeadStageChanged,
    EventType::LeadAssigned,
    EventType::LeadAccepted,
    EventType::LeadRejected,
    EventType::LeadDeleted,
    EventType::LeadRestored,
    EventType::LeadMerged,
    EventType::LeadUnmerged,
];

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Something that happened with the lead; `data` is the activity.
    Activity,
    /// What somebody wrote; `data` is the note.
    Note,
    /// The lead moved; `data` has what changed, and why.
    StageChange,
    /// Somebody else became accountable, accepted the lead or gave it back; `data` has what changed, and why.
    Assignment,
    /// Leads became one, or two again; `data` has the merge, and what changed.
    Merge,
    /// The lead was made, deleted or restored.
    Lifecycle,
}

/// Something in the life of a lead.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TimelineEntry {
    /// The id of the activity, the note or the event; where the lead was made, that of the lead.
    pub id: Uuid,
    /// What it is.
    pub kind: EntryKind,
    /// The type of the activity, `note`, or the type of the event.
    #[serde(rename = "type")]
    #[schema(example = "call")]
    pub type_name: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Who did it; `null` when that is no longer kept.
    #[schema(required = true)]
    pub actor: Option<Actor>,
    /// What it was, in one line.
    #[schema(required = true, example = "Intro call: connected")]
    pub summary: Option<String>,
    /// The whole of it.
    #[schema(value_type = Object)]
    pub data: Value,
}

impl TimelineEntry {
    /// Its place: newer entries have greater ones.
    pub fn place(&self) -> (DateTime<Utc>, Uuid) {
        (self.occurred_at, self.id)
    }

    /// The entry that tells how the lead was made.
    pub fn creation(lead: &Lead, submission: Option<Submission>) -> TimelineEntry {
        TimelineEntry {
            id: lead.id,
            kind: EntryKind::Lifecycle,
            type_name: EventType::LeadCreated.as_str().to_owned(),
            occurred_at: lead.created_at,
            actor: submission.map(|one| one.actor),
            summary: None,
            data: json!({"channel": lead.channel, "captured_at": lead.captured_at}),
        }
    }
}

/// What the entries about assignments are told by.
#[derive(Debug, Default)]
pub struct Told {
    /// What users are called.
    pub names: HashMap<Uuid, String>,
    /// Why leads went where they did, by decision.
    pub reasons: HashMap<Uuid, String>,
}

impl TimelineEntry {
    /// The entry of how a lead was first routed, which its creation is no event of.
    pub fn first_assignment(decision: &Decision, routed: &Routed) -> TimelineEntry {
        let change = match &routed.to {
            Destination::Owner(user) => Change::new("owner_id", Value::Null, json!(user)),
            Destination::Queue(queue) => Change::new("queue", Value::Null, json!(queue)),
        };
        TimelineEntry {
            id: decision.id,
            kind: EntryKind::Assignment,
            type_name: EventType::LeadAssigned.as_str().to_owned(),
            occurred_at: decision.created_at,
            actor: Some(Actor::system()),
            summary: None,
            data: json!({"decision_id": decision.id, "changes": [change]}),
        }
    }

    /// Who has the lead after it, or had it before, and the decision behind it; where it is about an assignment.
    pub fn mentions(&self) -> (Option<Uuid>, Option<Uuid>) {
        if self.kind != EntryKind::Assignment {
            return (None, None);
        }
        let id = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let owner = self.changed("owner_id").and_then(id);
        (
            owner.or_else(|| id(&self.data["owner_id"])),
            id(&self.data["decision_id"]),
        )
    }

    fn changed(&self, path: &str) -> Option<&Value> {
        let mut changes = self.data["changes"].as_array()?.iter();
        let change = changes.find(|change| change["path"] == path)?;
        Some(&change["new"])
    }

    /// Says in one line what happened, where it is about an assignment: `Ann Lee got it: it was their turn in the pool dach`.
    pub fn tell(&mut self, told: &Told) {
        let (owner, decision) = self.mentions();
        let name = owner.and_then(|owner| told.names.get(&owner));
        let name = name.map_or("Somebody", String::as_str);
        let why = decision.and_then(|id| told.reasons.get(&id));
        let why = why.map(String::as_str).or(self.data["reason"].as_str());
        let because = why.map_or_else(String::new, |why| format!(": {why}"));
        let queue = self.changed("queue").and_then(Value::as_str);
        let given = || match (owner, queue) {
            (Some(_), _) => format!("{name} got it{because}"),
            (None, Some(queue)) => format!("it waits in the queue {queue}"),
            (None, None) if self.changed("owner_id").is_some() => format!("nobody has it{because}"),
            (None, None) => format!("another team has it{because}"),
        };
        let summary = match EventType::from_name(&self.type_name) {
            Some(EventType::LeadAssigned) => given(),
            Some(EventType::LeadAccepted) => format!("{name} accepted it"),
            Some(EventType::LeadRejected) => format!("{name} gave it back{because}"),
            _ => return,
        };
        self.summary = Some(summary);
    }
}

impl From<Activity> for TimelineEntry {
    fn from(activity: Activity) -> Self {
        TimelineEntry {
            id: activity.id,
            kind: EntryKind::Activity,
            type_name: activity.kind.clone(),
            occurred_at: activity.occurred_at,
            actor: Some(activity.actor.clone()),
            summary: activity.summary(),
            data: json!(activity),
        }
    }
}

impl From<Note> for TimelineEntry {
    fn from(note: Note) -> Self {
        TimelineEntry {
            id: note.id,
            kind: EntryKind::Note,
            type_name: "note".to_owned(),
            occurred_at: note.created_at,
            actor: Some(note.author.clone()),
            summary: Some(note.summary()),
            data: json!(note),
        }
    }
}

impl From<HistoryEntry> for TimelineEntry {
    fn from(entry: HistoryEntry) -> Self {
        let kind = match entry.kind {
            EventType::LeadStageChanged => EntryKind::StageChange,
            EventType::LeadAssigned | EventType::LeadAccepted | EventType::LeadRejected => {
                EntryKind::Assignment
            }
            EventType::LeadMerged | EventType::LeadUnmerged => EntryKind::Merge,
            _ => EntryKind::Lifecycle,
        };
        let stage = entry.changes.iter().find(|change| change.path == "stage");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let summary = stage.map(|change| format!("{} → {}", text(&change.old), text(&change.new)));
        let mut data = match entry.data {
            Some(Value::Object(data)) => data,
            _ => Map::new(),
        };
        data.insert("changes".to_owned(), json!(entry.changes));
        TimelineEntry {
            id: entry.id,
            kind,
            type_name: entry.kind.as_str().to_owned(),
            occurred_at: entry.occurred_at,
            actor: entry.actor,
            summary,
            data: Value::Object(data),
        }
    }
}

/// Which entries of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Activities of these types; none: of all types. `None`: no activities.
    pub activities: Option<Vec<String>>,
    /// Notes.
    pub notes: bool,
    /// These events.
    pub milestones: Vec<EventType>,
    /// How the lead was made.
    pub creation: bool,
}

impl Wanted {
    /// Everything.
    pub fn all() -> Wanted {
        Wanted {
            activities: Some(Vec::new()),
            notes: true,
            milestones: MILESTONES.to_vec(),
            creation: true,
        }
    }

    /// Entries of these types: types of activities, `activity` for all of those, `note`, and types of events; none: all.
    ///
    /// # Errors
    /// The names that are none of these.
    pub fn of(names: &[String]) -> Result<Wanted, Vec<String>> {
        if names.is_empty() {
            return Ok(Wanted::all());
        }
        let mut wanted = Wanted {
            activities: None,
            notes: false,
            milestones: Vec::new(),
            creation: false,
        };
        let mut unknown = Vec::new();
        for name in names {
            match EventType::from_name(name) {
                Some(EventType::LeadCreated) => wanted.creation = true,
                Some(kind) if MILESTONES.contains(&kind) => wanted.milestones.push(kind),
                None if name == "note" => wanted.notes = true,
                None if name == "activity" => {}
                None if is_type(name) => {
                    wanted.activities.get_or_insert_default().push(name.clone());
                }
                _ => unknown.push(name.clone()),
            }
        }
        if names.iter().any(|name| name == "activity") {
            wanted.activities = Some(Vec::new());
        }
        if unknown.is_empty() {
            Ok(wanted)
        } else {
            Err(unknown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Result<Wanted, Vec<String>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Wanted::of(&names)
    }

    #[test]
    fn types_say_which_entries_are_wanted() {
        assert_eq!(of(&[]), Ok(Wanted::all()));
        let calls = of(&["call", "note", "lead.stage_changed"]).unwrap();
        assert_eq!(calls.activities, Some(vec!["call".to_owned()]));
        assert_eq!(
            (calls.notes, calls.creation, calls.milestones),
            (true, false, vec![EventType::LeadStageChanged])
        );
        assert_eq!(of(&["lead.created"]).unwrap().activities, None);
        assert_eq!(
            of(&["call", "activity"]).unwrap().activities,
            Some(Vec::new()),
            "all types are more than one"
        );
        assert_eq!(
            of(&["lead.updated", "Call"]),
            Err(vec!["lead.updated".to_owned(), "Call".to_owned()])
        );
    }
}
