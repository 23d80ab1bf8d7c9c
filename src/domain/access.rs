//! Who may do what: the scopes of API keys, the roles of people, and the leads they may know of.

use crate::domain::lead::Lead;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// Create and change leads.
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
    /// Delete and restore leads.
    #[serde(rename = "leads:delete")]
    #[value(name = "leads:delete")]
    LeadsDelete,
    /// Say who is accountable for a lead.
    #[serde(rename = "leads:assign")]
    #[value(name = "leads:assign")]
    LeadsAssign,
    /// Run jobs over many leads; each also needs the scope of what it does to one.
    #[serde(rename = "leads:bulk")]
    #[value(name = "leads:bulk")]
    LeadsBulk,
    /// Rename, merge and remove tags everywhere.
    #[serde(rename = "tags:write")]
    #[value(name = "tags:write")]
    TagsWrite,
    /// Share views with everybody in the workspace, and change those that are.
    #[serde(rename = "views:share")]
    #[value(name = "views:share")]
    ViewsShare,
    /// Define the workspace's own fields.
    #[serde(rename = "fields:write")]
    #[value(name = "fields:write")]
    FieldsWrite,
    /// Change the pipeline and other rules.
    #[serde(rename = "rules:write")]
    #[value(name = "rules:write")]
    RulesWrite,
    /// Read who the users and teams are.
    #[serde(rename = "users:read")]
    #[value(name = "users:read")]
    UsersRead,
    /// Invite, change and disable users; make and change teams.
    #[serde(rename = "users:write")]
    #[value(name = "users:write")]
    UsersWrite,
    /// List, make and revoke API keys.
    #[serde(rename = "keys:write")]
    #[value(name = "keys:write")]
    KeysWrite,
    /// Read the audit log.
    #[serde(rename = "audit:read")]
    #[value(name = "audit:read")]
    AuditRead,
    /// Change the workspace's settings.
    #[serde(rename = "workspace:write")]
    #[value(name = "workspace:write")]
    WorkspaceWrite,
    /// Make workspaces: for the operator of the service.
    #[serde(rename = "workspaces:write")]
    #[value(name = "workspaces:write")]
    WorkspacesWrite,
}

impl Scope {
    /// Every scope: what the operator's key has.
    pub const ALL: [Scope; 18] = [
        Scope::LeadsRead,
        Scope::LeadsWrite,
        Scope::LeadsDelete,
        Scope::LeadsAssign,
        Scope::LeadsBulk,
        Scope::Capture,
        Scope::SubmissionsRead,
        Scope::SubmissionsWrite,
        Scope::TagsWrite,
        Scope::ViewsShare,
        Scope::FieldsWrite,
        Scope::RulesWrite,
        Scope::UsersRead,
        Scope::UsersWrite,
        Scope::KeysWrite,
        Scope::AuditRead,
        Scope::WorkspaceWrite,
        Scope::WorkspacesWrite,
    ];

    /// Its name: `leads:read` …
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::LeadsRead => "leads:read",
            Scope::LeadsWrite => "leads:write",
            Scope::LeadsDelete => "leads:delete",
            Scope::LeadsAssign => "leads:assign",
            Scope::LeadsBulk => "leads:bulk",
            Scope::Capture => "capture",
            Scope::SubmissionsRead => "submissions:read",
            Scope::SubmissionsWrite => "submissions:write",
            Scope::TagsWrite => "tags:write",
            Scope::ViewsShare => "views:share",
            Scope::FieldsWrite => "fields:write",
            Scope::RulesWrite => "rules:write",
            Scope::UsersRead => "users:read",
            Scope::UsersWrite => "users:write",
            Scope::KeysWrite => "keys:write",
            Scope::AuditRead => "audit:read",
            Scope::WorkspaceWrite => "workspace:write",
            Scope::WorkspacesWrite => "workspaces:write",
        }
    }
}

/// What a person is in a workspace.
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
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sets the workspace up, and may do everything in it.
    Admin,
    /// Leads the sales team.
    Manager,
    /// Sells; sees own leads, the team's or all, as the workspace has it.
    Rep,
    /// Brings leads in and nurtures them.
    Marketer,
    /// Looks on.
    Readonly,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [
        Role::Admin,
        Role::Manager,
        Role::Rep,
        Role::Marketer,
        Role::Readonly,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Manager => "manager",
            Role::Rep => "rep",
            Role::Marketer => "marketer",
            Role::Readonly => "readonly",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// What a person in this role may do.
    pub fn scopes(self) -> &'static [Scope] {
        use Scope::*;
        match self {
            Role::Admin => &[
                LeadsRead,
                LeadsWrite,
                LeadsDelete,
                LeadsAssign,
                LeadsBulk,
                Capture,
                SubmissionsRead,
                SubmissionsWrite,
                TagsWrite,
                ViewsShare,
                FieldsWrite,
                RulesWrite,
                UsersRead,
                UsersWrite,
                KeysWrite,
                AuditRead,
                WorkspaceWrite,
            ],
            Role::Manager => &[
                LeadsRead,
                LeadsWrite,
                LeadsDelete,
                LeadsAssign,
                LeadsBulk,
                Capture,
                SubmissionsRead,
                SubmissionsWrite,
                TagsWrite,
                ViewsShare,
                UsersRead,
            ],
            Role::Rep => &[LeadsRead, LeadsWrite, UsersRead],
            Role::Marketer => &[
                LeadsRead,
                LeadsWrite,
                LeadsBulk,
                Capture,
                SubmissionsRead,
                TagsWrite,
                ViewsShare,
                UsersRead,
            ],
            Role::Readonly => &[LeadsRead, UsersRead],
        }
    }
}

/// Which leads somebody may know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Every lead of the workspace.
    All,
    /// Those of some users and teams.
    Of {
        /// Leads that one of these users owns.
        owners: Vec<Uuid>,
        /// Leads that belong to one of these teams.
        teams: Vec<Uuid>,
    },
}

impl Visibility {
    /// Whether some leads are kept from them.
    pub fn is_restricted(&self) -> bool {
        *self != Visibility::All
    }

    /// Whether the lead may be known of.
    pub fn shows(&self, lead: &Lead) -> bool {
        match self {
            Visibility::All => true,
            Visibility::Of { owners, teams } => {
                lead.owner_id.is_some_and(|owner| owners.contains(&owner))
                    || lead.team_id.is_some_and(|team| teams.contains(&team))
            }
        }
    }
}
