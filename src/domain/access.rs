//! Who may do what: the scopes of API keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an API key may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    clap::ValueEnum,
)]
pub enum Scope {
    /// Read leads, their activities, identities and consents, and the change feed.
    #[serde(rename = "leads:read")]
    #[value(name = "leads:read")]
    LeadsRead,
    /// Create, change, delete and restore leads.
    #[serde(rename = "leads:write")]
    #[value(name = "leads:write")]
    LeadsWrite,
    /// Submit leads.
    #[serde(rename = "capture")]
    #[value(name = "capture")]
    Capture,
    /// Read raw submissions.
    #[serde(rename = "submissions:read")]
    #[value(name = "submissions:read")]
    SubmissionsRead,
    /// Replay and discard submissions in quarantine.
    #[serde(rename = "submissions:write")]
    #[value(name = "submissions:write")]
    SubmissionsWrite,
    /// Change the workspace's settings.
    #[serde(rename = "workspace:write")]
    #[value(name = "workspace:write")]
    WorkspaceWrite,
}

impl Scope {
    /// Every scope: what an admin key has.
    pub const ALL: [Scope; 6] = [
        Scope::LeadsRead,
        Scope::LeadsWrite,
        Scope::Capture,
        Scope::SubmissionsRead,
        Scope::SubmissionsWrite,
        Scope::WorkspaceWrite,
    ];

    /// Its name: `leads:read` …
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::LeadsRead => "leads:read",
            Scope::LeadsWrite => "leads:write",
            Scope::Capture => "capture",
            Scope::SubmissionsRead => "submissions:read",
            Scope::SubmissionsWrite => "submissions:write",
            Scope::WorkspaceWrite => "workspace:write",
        }
    }
}
