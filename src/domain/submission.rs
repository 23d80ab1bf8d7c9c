//! A submission: one inbound request, kept as it came.

use crate::domain::event::Actor;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubmissionState {
    /// It made or touched a lead.
    Processed,
    /// A rule or a bug of ours could not process it: it waits to be replayed or discarded.
    Quarantined,
    /// A program sent it, as its filled honeypot shows.
    Spam,
    /// It made or touched a lead as a test.
    Test,
    /// It was in quarantine and has been processed since.
    Replayed,
    /// Somebody decided that nothing is lost with it.
    Discarded,
}

impl SubmissionState {
    /// Every state.
    pub const ALL: [SubmissionState; 6] = [
        SubmissionState::Processed,
        SubmissionState::Quarantined,
        SubmissionState::Spam,
        SubmissionState::Test,
        SubmissionState::Replayed,
        SubmissionState::Discarded,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            SubmissionState::Processed => "processed",
            SubmissionState::Quarantined => "quarantined",
            SubmissionState::Spam => "spam",
            SubmissionState::Test => "test",
            SubmissionState::Replayed => "replayed",
            SubmissionState::Discarded => "discarded",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<SubmissionState> {
        SubmissionState::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// The way a submission came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// `POST /v1/capture`, one or a batch.
    Capture,
    /// `POST /v1/leads` and `PUT /v1/leads/by/…`.
    Leads,
    /// `POST /f/…`.
    Form,
}

impl Door {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Door::Capture => "capture",
            Door::Leads => "leads",
            Door::Form => "form",
        }
    }

    /// The door of that name.
    pub fn from_name(name: &str) -> Option<Door> {
        [Door::Capture, Door::Leads, Door::Form]
            .into_iter()
            .find(|door| door.as_str() == name)
    }
}

/// What stood beside the body of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmissionContext {
    /// Address of the sender, as the service saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The sender's program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The page a browser came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    /// The system it came through, by the `Baton-Origin` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// One inbound request, as it came.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The receipt: a UUIDv7 of `received_at`.
    pub id: Uuid,
    /// Our time.
    pub received_at: DateTime<Utc>,
    /// What became of it.
    pub state: SubmissionState,
    /// Why it is in quarantine.
    pub reason: Option<String>,
    /// The way it came in.
    pub door: Door,
    /// The form, for a form's post.
    pub form_id: Option<Uuid>,
    /// Which page, list or campaign it names.
    pub source: Option<String>,
    /// The way it took: `web_form`, `api` …
    pub channel: String,
    /// Who sent it.
    pub actor: Actor,
    /// Media type of `body`.
    pub content_type: String,
    /// The request, byte for byte.
    pub body: Vec<u8>,
    /// What stood beside it.
    pub context: SubmissionContext,
    /// The lead it made or touched.
    pub lead_id: Option<Uuid>,
    /// What a test said under external ids: see [`Capture::tried`](crate::domain::capture::Capture::tried).
    pub said: Option<[u8; 32]>,
}
