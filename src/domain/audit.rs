//! The audit log: what people and programs did to the workspace itself, its people and its keys.
//!
//! Leads have their own history. Details are ids and names of settings, never secrets, and of people only their ids.

use crate::domain::event::Actor;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:tt;)+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub enum Action {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Action] = &[$(Action::$name,)+];

            /// Its name: `user.invited` …
            pub fn as_str(self) -> &'static str {
                match self { $(Action::$name => $text,)+ }
            }
        }
    };
}

actions! {
    /// Somebody logged in.
    LoginSucceeded = "login.succeeded";
    /// Somebody tried to log in with a wrong password, or as nobody.
    LoginFailed = "login.failed";
    /// Somebody logged out.
    SessionEnded = "session.ended";
    /// All sessions of a user were ended.
    SessionsEnded = "sessions.ended";
    /// A spent refresh token was used again: its session was ended.
    RefreshReused = "session.reuse_detected";
    /// A user was invited.
    UserInvited = "user.invited";
    /// An invited user chose a password.
    InvitationAccepted = "user.invitation_accepted";
    /// A user came from the identity provider for the first time.
    UserProvisioned = "user.provisioned";
    /// A user's name, address, role or teams changed.
    UserChanged = "user.changed";
    /// A user may not come in any more.
    UserDisabled = "user.disabled";
    /// A user may come in again.
    UserEnabled = "user.enabled";
    /// A user changed their own password.
    PasswordChanged = "password.changed";
    /// A link was made by which a user can choose a new password.
    PasswordResetRequested = "password.reset_requested";
    /// A user chose a new password by such a link.
    PasswordReset = "password.reset";
    /// A team was made.
    TeamCreated = "team.created";
    /// A team's name or members changed.
    TeamChanged = "team.changed";
    /// A team was deleted.
    TeamDeleted = "team.deleted";
    /// An API key was made.
    ApiKeyCreated = "api_key.created";
    /// An API key was revoked.
    ApiKeyRevoked = "api_key.revoked";
    /// A form was made.
    FormCreated = "form.created";
    /// A publishable key was revoked.
    PublishableKeyRevoked = "publishable_key.revoked";
    /// A rule document counts from then on.
    RuleActivated = "rule.activated";
    /// A rule document counts no longer.
    RuleRetired = "rule.retired";
    /// A rule document is to count from a moment on.
    RuleScheduled = "rule.scheduled";
    /// A rule document is not to count from that moment on after all.
    RuleUnscheduled = "rule.unscheduled";
    /// The moment of a rule document came, and it could not be used any more.
    RuleActivationFailed = "rule.activation_failed";
    /// The workspace was made.
    WorkspaceCreated = "workspace.created";
    /// The workspace's name or settings changed.
    WorkspaceChanged = "workspace.changed";
}

/// Who acts, and through which request: the same for everything a request does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// Who.
    pub actor: Actor,
    /// The request.
    pub request_id: Option<String>,
    /// Where it came from.
    pub client_address: Option<String>,
}

impl Trail {
    /// A command of the operator, on the machine itself.
    pub fn operator() -> Trail {
        Trail {
            actor: Actor::system(),
            request_id: None,
            client_address: None,
        }
    }
}

/// What something was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// `user`, `team`, `api_key`, `session`, `workspace` …
    pub kind: &'static str,
    /// Which one.
    pub id: Uuid,
}

impl Target {
    /// One of a kind.
    pub fn new(kind: &'static str, id: Uuid) -> Target {
        Target { kind, id }
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// A UUIDv7 of `occurred_at`.
    pub id: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// What: the name of an [`Action`].
    pub action: String,
    /// Who.
    pub actor: Actor,
    /// To what: `user`, `team` …
    pub target_type: Option<String>,
    /// To which one.
    pub target_id: Option<Uuid>,
    /// What else there is to know.
    pub details: Value,
    /// The request.
    pub request_id: Option<String>,
    /// Where it came from.
    pub client_address: Option<String>,
}

/// Which lines a list keeps. Everything given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// What.
    pub action: Option<String>,
    /// Who.
    pub actor_id: Option<Uuid>,
    /// To which one.
    pub target_id: Option<Uuid>,
    /// At or after.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}
