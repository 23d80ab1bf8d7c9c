//! Events: what happened, in the words of the trade, with what changed. They are written beside the data and published
//! in the change feed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// `user`, `api_key`, `form`, `system`, or, in the audit log, `anonymous`.
    #[serde(rename = "type")]
    #[schema(example = "api_key")]
    pub kind: String,
    /// Which one.
    pub id: Option<Uuid>,
}

impl Actor {
    /// A person who is logged in.
    pub fn user(id: Uuid) -> Self {
        Actor {
            kind: "user".into(),
            id: Some(id),
        }
    }

    /// A program with an API key.
    pub fn api_key(id: Uuid) -> Self {
        Actor {
            kind: "api_key".into(),
            id: Some(id),
        }
    }

    /// A website's form.
    pub fn form(id: Uuid) -> Self {
        Actor {
            kind: "form".into(),
            id: Some(id),
        }
    }

    /// Somebody who has not shown who they are.
    pub fn nobody() -> Self {
        Actor {
            kind: "anonymous".into(),
            id: None,
        }
    }

    /// Baton itself.
    pub fn system() -> Self {
        Actor {
            kind: "system".into(),
            id: None,
        }
    }
}

/// What led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cause {
    /// `submission`, `request`, `job`, `clock`, `assignment`, `decision` or `rule`.
    #[serde(rename = "type")]
    #[schema(example = "submission")]
    pub kind: String,
    /// The receipt of the submission, or the id of the request.
    pub id: String,
}

impl Cause {
    /// A submission, by its receipt.
    pub fn submission(receipt_id: Uuid) -> Self {
        Cause {
            kind: "submission".into(),
            id: receipt_id.to_string(),
        }
    }

    /// A clock of a lead, by its id.
    pub fn clock(id: Uuid) -> Self {
        Cause {
            kind: "clock".into(),
            id: id.to_string(),
        }
    }

    /// An assignment of a lead, by its id.
    pub fn assignment(id: Uuid) -> Self {
        Cause {
            kind: "assignment".into(),
            id: id.to_string(),
        }
    }

    /// A decision about a lead that nobody asked for, by its id.
    pub fn decision(id: Uuid) -> Self {
        Cause {
            kind: "decision".into(),
            id: id.to_string(),
        }
    }

    /// A rule document whose moment came, by its id.
    pub fn rule(id: Uuid) -> Self {
        Cause {
            kind: "rule".into(),
            id: id.to_string(),
        }
    }

    /// A job over many leads, by its id.
    pub fn job(id: Uuid) -> Self {
        Cause {
            kind: "job".into(),
            id: id.to_string(),
        }
    }

    /// A request to the API.
    pub fn request(id: impl Into<String>) -> Self {
        Cause {
            kind: "request".into(),
            id: id.into(),
        }
    }
}

/// Who did something, why, and through which system: the same for every event of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Who did it.
    pub actor: Actor,
    /// What led to it.
    pub cause: Cause,
    /// The system it came through, so that a sync does not echo its own writes.
    pub origin: Option<String>,
}

impl Provenance {
    /// What nobody asked for: Baton does it by itself, for a cause.
    pub fn by_itself(cause: Cause) -> Self {
        Provenance {
            actor: Actor::system(),
            cause,
            origin: None,
        }
    }
}

/// One value that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// The field, dotted: `email`, `custom.plan`, `consents.email.marketing`.
    #[schema(example = "company")]
    pub path: String,
    /// What it was; `null` when it was not known.
    pub old: Value,
    /// What it is; `null` when it was cleared.
    pub new: Value,
}

impl Change {
    /// A value that changed.
    pub fn new(path: impl Into<String>, old: Value, new: Value) -> Self {
        Change {
            path: path.into(),
            old,
            new,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum EventType {
    /// A lead was captured for the first time.
    #[serde(rename = "lead.created")]
    LeadCreated,
    /// Values of a lead changed.
    #[serde(rename = "lead.updated")]
    LeadUpdated,
    /// A known person came again.
    #[serde(rename = "lead.touched")]
    LeadTouched,
    /// A new lead may be somebody who is known. `data` says who.
    #[serde(rename = "lead.duplicate_flagged")]
    LeadDuplicateFlagged,
    /// A lead was deleted.
    #[serde(rename = "lead.deleted")]
    LeadDeleted,
    /// A deleted lead came back.
    #[serde(rename = "lead.restored")]
    LeadRestored,
    /// A lead moved to another stage. `data` has the reason.
    #[serde(rename = "lead.stage_changed")]
    LeadStageChanged,
    /// Somebody else became accountable for a lead, or nobody. `data` has the reason.
    #[serde(rename = "lead.assigned")]
    LeadAssigned,
    /// The owner accepted a lead that was offered to them. `data` says who.
    #[serde(rename = "lead.accepted")]
    LeadAccepted,
    /// The owner gave a lead back. `data` has the reason; `lead.assigned` says who has it then.
    #[serde(rename = "lead.rejected")]
    LeadRejected,
    /// Leads became one. Each of them gets the event; `data` has the merge, the survivor and all of their ids.
    #[serde(rename = "lead.merged")]
    LeadMerged,
    /// A merge was undone. Each of the leads gets the event; `data` has the merge, the survivor and all of their ids.
    #[serde(rename = "lead.unmerged")]
    LeadUnmerged,
    /// Something was said of a lead's budget, authority, need and timing, or of what else the framework asks. `data` has the
    /// answers, their criteria, and what all that is known amounts to.
    #[serde(rename = "lead.answered")]
    LeadAnswered,
    /// An answer was taken back. `data` says which and why, and what all that still counts amounts to.
    #[serde(rename = "lead.answer_withdrawn")]
    LeadAnswerWithdrawn,
    /// What is known of a lead's budget, authority, need and timing amounts to something else. `data` has the verdict.
    #[serde(rename = "lead.qualified")]
    LeadQualified,
    /// A lead has at least as many points as a threshold asks for. `data` has the threshold, why, and where the lead stands.
    #[serde(rename = "lead.threshold_reached")]
    LeadThresholdReached,
    /// A lead has fewer points than a threshold asks for, and had as many before, or no model counts for it any more. `data` as
    /// of `lead.threshold_reached`.
    #[serde(rename = "lead.threshold_lost")]
    LeadThresholdLost,
    /// The grade of a lead is another, or it has none any more. `data` has both, why, and where the lead stands.
    #[serde(rename = "lead.grade_changed")]
    LeadGradeChanged,
    /// A part of the time of a clock has passed. `data` has the clock, what is to be done, and the users who are told, as
    /// `recipients`.
    #[serde(rename = "sla.warned")]
    SlaWarned,
    /// A lead was not answered in time. `data` has the clock.
    #[serde(rename = "sla.breached")]
    SlaBreached,
    /// What a clock waited for has happened. `data` has the clock.
    #[serde(rename = "sla.met")]
    SlaMet,
    /// A clock stands still. `data` has the clock, and the reason.
    #[serde(rename = "sla.paused")]
    SlaPaused,
    /// A clock goes on. `data` has the clock, and when it is due now.
    #[serde(rename = "sla.resumed")]
    SlaResumed,
    /// A clock counts by another calendar. `data` has the clock, and when it was and is due.
    #[serde(rename = "sla.recomputed")]
    SlaRecomputed,
    /// Nobody waits for a clock any more. `data` has the clock.
    #[serde(rename = "sla.cancelled")]
    SlaCancelled,
    /// Something happened with a lead. `data` is the activity.
    #[serde(rename = "activity.created")]
    ActivityCreated,
    /// What was noted of an activity was corrected. `data` says of which, and how.
    #[serde(rename = "activity.updated")]
    ActivityUpdated,
    /// An activity was taken out of the timeline. `data` is what it was.
    #[serde(rename = "activity.deleted")]
    ActivityDeleted,
    /// Somebody wrote a note on a lead. `data` says which; its text is read by its id.
    #[serde(rename = "note.created")]
    NoteCreated,
    /// A note was changed. `data` says which.
    #[serde(rename = "note.updated")]
    NoteUpdated,
    /// A note was deleted. `data` says which.
    #[serde(rename = "note.deleted")]
    NoteDeleted,
}

impl EventType {
    /// Every type.
    pub const ALL: &[EventType] = &[
        EventType::LeadCreated,
        EventType::LeadUpdated,
        EventType::LeadTouched,
        EventType::LeadDuplicateFlagged,
        EventType::LeadDeleted,
        EventType::LeadRestored,
        EventType::LeadStageChanged,
        EventType::LeadAssigned,
        EventType::LeadAccepted,
        EventType::LeadRejected,
        EventType::LeadMerged,
        EventType::LeadUnmerged,
        EventType::LeadAnswered,
        EventType::LeadAnswerWithdrawn,
        EventType::LeadQualified,
        EventType::LeadThresholdReached,
        EventType::LeadThresholdLost,
        EventType::LeadGradeChanged,
        EventType::SlaWarned,
        EventType::SlaBreached,
        EventType::SlaMet,
        EventType::SlaPaused,
        EventType::SlaResumed,
        EventType::SlaRecomputed,
        EventType::SlaCancelled,
        EventType::ActivityCreated,
        EventType::ActivityUpdated,
        EventType::ActivityDeleted,
        EventType::NoteCreated,
        EventType::NoteUpdated,
        EventType::NoteDeleted,
    ];

    /// Its name: `lead.created` …
    pub fn as_str(self) -> &'static str {
        match self {
            EventType::LeadCreated => "lead.created",
            EventType::LeadUpdated => "lead.updated",
            EventType::LeadTouched => "lead.touched",
            EventType::LeadDuplicateFlagged => "lead.duplicate_flagged",
            EventType::LeadDeleted => "lead.deleted",
            EventType::LeadRestored => "lead.restored",
            EventType::LeadStageChanged => "lead.stage_changed",
            EventType::LeadAssigned => "lead.assigned",
            EventType::LeadAccepted => "lead.accepted",
            EventType::LeadRejected => "lead.rejected",
            EventType::LeadMerged => "lead.merged",
            EventType::LeadUnmerged => "lead.unmerged",
            EventType::LeadAnswered => "lead.answered",
            EventType::LeadAnswerWithdrawn => "lead.answer_withdrawn",
            EventType::LeadQualified => "lead.qualified",
            EventType::LeadThresholdReached => "lead.threshold_reached",
            EventType::LeadThresholdLost => "lead.threshold_lost",
            EventType::LeadGradeChanged => "lead.grade_changed",
            EventType::SlaWarned => "sla.warned",
            EventType::SlaBreached => "sla.breached",
            EventType::SlaMet => "sla.met",
            EventType::SlaPaused => "sla.paused",
            EventType::SlaResumed => "sla.resumed",
            EventType::SlaRecomputed => "sla.recomputed",
            EventType::SlaCancelled => "sla.cancelled",
            EventType::ActivityCreated => "activity.created",
            EventType::ActivityUpdated => "activity.updated",
            EventType::ActivityDeleted => "activity.deleted",
            EventType::NoteCreated => "note.created",
            EventType::NoteUpdated => "note.updated",
            EventType::NoteDeleted => "note.deleted",
        }
    }
}

impl EventType {
    /// The type of that name.
    pub fn from_name(name: &str) -> Option<EventType> {
        EventType::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == name)
    }
}

/// Something that happened to a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// A UUIDv7 that grows with each change of one lead.
    pub id: Uuid,
    /// What happened.
    pub kind: EventType,
    /// To which lead.
    pub lead_id: Uuid,
    /// The lead's version after it.
    pub version: i64,
    /// When, by our clock.
    pub occurred_at: DateTime<Utc>,
    /// What changed.
    pub changes: Vec<Change>,
    /// What else belongs to it, by its type: the reason of a move, the activity that was added.
    pub data: Option<Value>,
}

impl Event {
    /// The decision behind it: the one that its data names.
    pub fn decision_id(&self) -> Option<Uuid> {
        let id = self.data.as_ref()?.get("decision_id")?;
        id.as_str()?.parse().ok()
    }
}
