//! Which operation needs what. One table: requests are checked against it, and the OpenAPI document says the same.
//!
//! An operation that is not in the table is refused to everybody.

use crate::domain::access::{Role, Scope};

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: anybody may call it, without a key.
    Nothing,
    /// A key with any scope, or a person in any role.
    Caller,
    /// A person in any role; no key.
    Person,
    /// A key with this scope, or a person whose role has it.
    Scope(Scope),
    /// A key with both scopes, or a person whose role has them.
    Both([Scope; 2]),
}

impl Needs {
    /// The scopes a key has to have.
    pub fn scopes(self) -> Vec<Scope> {
        match self {
            Needs::Scope(scope) => vec![scope],
            Needs::Both(scopes) => scopes.to_vec(),
            Needs::Nothing | Needs::Caller | Needs::Person => Vec::new(),
        }
    }

    /// Their names.
    pub fn scope_names(self) -> Vec<&'static str> {
        self.scopes().into_iter().map(Scope::as_str).collect()
    }

    /// The roles in which people may call.
    pub fn roles(self) -> Vec<Role> {
        let may = |role: &Role| {
            let scopes = self.scopes();
            scopes.iter().all(|scope| role.scopes().contains(scope))
        };
        Role::ALL.into_iter().filter(may).collect()
    }

    /// Whether a caller with these scopes may do it.
    pub fn allows(self, scopes: &[Scope], is_person: bool) -> bool {
        match self {
            Needs::Nothing | Needs::Caller => true,
            Needs::Person => is_person,
            Needs::Scope(_) | Needs::Both(_) => {
                self.scopes().iter().all(|scope| scopes.contains(scope))
            }
        }
    }
}

/// Method, path template, and what it needs.
pub const TABLE: &[(&str, &str, Needs)] = &[
    ("POST", "/v1/capture", Needs::Scope(Scope::Capture)),
    ("POST", "/v1/capture/batch", Needs::Scope(Scope::Capture)),
    ("GET", "/v1/leads", Needs::Scope(Scope::LeadsRead)),
    ("POST", "/v1/leads", Needs::Scope(Scope::LeadsWrite)),
    ("POST", "/v1/leads/search", Needs::Scope(Scope::LeadsRead)),
    ("GET", "/v1/leads/{id}", Needs::Scope(Scope::LeadsRead)),
    ("PATCH", "/v1/leads/{id}", Needs::Scope(Scope::LeadsWrite)),
    ("DELETE", "/v1/leads/{id}", Needs::Scope(Scope::LeadsDelete)),
    (
        "POST",
        "/v1/leads/{id}/restore",
        Needs::Scope(Scope::LeadsDelete),
    ),
    (
        "POST",
        "/v1/leads/{id}/assignment",
        Needs::Scope(Scope::LeadsAssign),
    ),
    (
        "GET",
        "/v1/leads/{id}/assignment",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "POST",
        "/v1/leads/{id}/assignment/accept",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/leads/{id}/assignment/reject",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/leads/{id}/claim",
        Needs::Scope(Scope::LeadsWrite),
    ),
    ("GET", "/v1/queues", Needs::Scope(Scope::LeadsRead)),
    (
        "POST",
        "/v1/queues/{key}/claim",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "GET",
        "/v1/leads/{id}/history",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "GET",
        "/v1/leads/{id}/activities",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "POST",
        "/v1/leads/{id}/activities",
        Needs::Scope(Scope::LeadsWrite),
    ),
    ("GET", "/v1/activities/{id}", Needs::Scope(Scope::LeadsRead)),
    (
        "PATCH",
        "/v1/activities/{id}",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "DELETE",
        "/v1/activities/{id}",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "GET",
        "/v1/leads/{id}/notes",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "POST",
        "/v1/leads/{id}/notes",
        Needs::Scope(Scope::LeadsWrite),
    ),
    ("GET", "/v1/notes/{id}", Needs::Scope(Scope::LeadsRead)),
    ("PATCH", "/v1/notes/{id}", Needs::Scope(Scope::LeadsWrite)),
    ("DELETE", "/v1/notes/{id}", Needs::Scope(Scope::LeadsWrite)),
    (
        "GET",
        "/v1/notes/{id}/versions",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "GET",
        "/v1/leads/{id}/timeline",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "POST",
        "/v1/leads/{id}/stage",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/leads/{id}/merge",
        Needs::Scope(Scope::LeadsWrite),
    ),
    ("POST", "/v1/rules", Needs::Scope(Scope::RulesWrite)),
    ("GET", "/v1/rules", Needs::Caller),
    ("GET", "/v1/rules/export", Needs::Caller),
    ("POST", "/v1/rules/import", Needs::Scope(Scope::RulesWrite)),
    ("GET", "/v1/rules/{id}", Needs::Caller),
    ("GET", "/v1/rules/{id}/diff", Needs::Caller),
    (
        "POST",
        "/v1/rules/{id}/schedule",
        Needs::Scope(Scope::RulesWrite),
    ),
    (
        "POST",
        "/v1/rules/{id}/unschedule",
        Needs::Scope(Scope::RulesWrite),
    ),
    (
        "POST",
        "/v1/rules/{id}/activate",
        Needs::Scope(Scope::RulesWrite),
    ),
    (
        "POST",
        "/v1/rules/{id}/retire",
        Needs::Scope(Scope::RulesWrite),
    ),
    (
        "GET",
        "/v1/leads/{id}/score",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "GET",
        "/v1/leads/{id}/handoff",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "POST",
        "/v1/simulate",
        // What it shows is of leads.
        Needs::Both([Scope::RulesWrite, Scope::LeadsRead]),
    ),
    (
        "POST",
        "/v1/scores/recompute",
        Needs::Scope(Scope::RulesWrite),
    ),
    (
        "GET",
        "/v1/leads/{id}/qualification",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "POST",
        "/v1/leads/{id}/qualification",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/leads/{id}/qualification/answers/{answer_id}/withdraw",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "GET",
        "/v1/leads/{id}/clocks",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "GET",
        "/v1/leads/{id}/assignments",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "GET",
        "/v1/leads/{id}/decisions",
        Needs::Scope(Scope::LeadsRead),
    ),
    ("GET", "/v1/decisions/{id}", Needs::Scope(Scope::LeadsRead)),
    (
        "POST",
        "/v1/decisions/{id}/replay",
        Needs::Scope(Scope::LeadsRead),
    ),
    ("GET", "/v1/clocks", Needs::Scope(Scope::LeadsRead)),
    (
        "POST",
        "/v1/clocks/{id}/pause",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/clocks/{id}/resume",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/leads/{id}/clocks/pause",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/leads/{id}/clocks/resume",
        Needs::Scope(Scope::LeadsWrite),
    ),
    ("GET", "/v1/pools/{key}/fairness", Needs::Caller),
    ("GET", "/v1/monitor/orphans", Needs::Scope(Scope::LeadsRead)),
    ("GET", "/v1/merges", Needs::Scope(Scope::LeadsRead)),
    ("GET", "/v1/merges/{id}", Needs::Scope(Scope::LeadsRead)),
    (
        "POST",
        "/v1/merges/{id}/undo",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/dedupe/pairs/{id}/confirm",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/dedupe/merge-all",
        Needs::Scope(Scope::LeadsBulk),
    ),
    ("POST", "/v1/dedupe/check", Needs::Scope(Scope::LeadsRead)),
    ("POST", "/v1/dedupe/scans", Needs::Scope(Scope::LeadsBulk)),
    ("GET", "/v1/dedupe/pairs", Needs::Scope(Scope::LeadsRead)),
    (
        "GET",
        "/v1/dedupe/pairs/{id}",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "POST",
        "/v1/dedupe/pairs/{id}/reject",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/dedupe/pairs/{id}/reopen",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "POST",
        "/v1/dedupe/pairs/{id}/snooze",
        Needs::Scope(Scope::LeadsWrite),
    ),
    ("GET", "/v1/tags", Needs::Scope(Scope::LeadsRead)),
    ("POST", "/v1/tags/rename", Needs::Scope(Scope::TagsWrite)),
    ("GET", "/v1/pipeline", Needs::Caller),
    ("PUT", "/v1/pipeline", Needs::Scope(Scope::RulesWrite)),
    (
        "GET",
        "/v1/leads/{id}/identities",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "GET",
        "/v1/leads/{id}/consents",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "PUT",
        "/v1/leads/by/{system}/{external_id}",
        Needs::Scope(Scope::LeadsWrite),
    ),
    (
        "GET",
        "/v1/submissions",
        Needs::Scope(Scope::SubmissionsRead),
    ),
    (
        "GET",
        "/v1/submissions/{id}",
        Needs::Scope(Scope::SubmissionsRead),
    ),
    (
        "POST",
        "/v1/submissions/{id}/replay",
        Needs::Scope(Scope::SubmissionsWrite),
    ),
    (
        "POST",
        "/v1/submissions/{id}/discard",
        Needs::Scope(Scope::SubmissionsWrite),
    ),
    ("GET", "/v1/dedupe/clusters", Needs::Scope(Scope::LeadsRead)),
    ("GET", "/v1/dedupe/calibrations", Needs::Caller),
    (
        "POST",
        "/v1/dedupe/calibrations",
        Needs::Scope(Scope::RulesWrite),
    ),
    ("GET", "/v1/dedupe/calibrations/{id}", Needs::Caller),
    (
        "POST",
        "/v1/dedupe/calibrations/{id}/activate",
        Needs::Scope(Scope::RulesWrite),
    ),
    (
        "POST",
        "/v1/dedupe/calibrations/{id}/retire",
        Needs::Scope(Scope::RulesWrite),
    ),
    ("POST", "/v1/leads/bulk", Needs::Scope(Scope::LeadsBulk)),
    ("GET", "/v1/views", Needs::Scope(Scope::LeadsRead)),
    ("POST", "/v1/views", Needs::Scope(Scope::LeadsRead)),
    ("GET", "/v1/views/{id}", Needs::Scope(Scope::LeadsRead)),
    ("PATCH", "/v1/views/{id}", Needs::Scope(Scope::LeadsRead)),
    ("DELETE", "/v1/views/{id}", Needs::Scope(Scope::LeadsRead)),
    ("GET", "/v1/jobs", Needs::Caller),
    ("GET", "/v1/jobs/{id}", Needs::Caller),
    ("GET", "/v1/jobs/{id}/items", Needs::Caller),
    ("POST", "/v1/jobs/{id}/cancel", Needs::Caller),
    ("GET", "/v1/changes", Needs::Scope(Scope::LeadsRead)),
    ("GET", "/v1/field-definitions", Needs::Caller),
    (
        "POST",
        "/v1/field-definitions",
        Needs::Scope(Scope::FieldsWrite),
    ),
    ("GET", "/v1/field-definitions/{key}", Needs::Caller),
    (
        "PATCH",
        "/v1/field-definitions/{key}",
        Needs::Scope(Scope::FieldsWrite),
    ),
    (
        "DELETE",
        "/v1/field-definitions/{key}",
        Needs::Scope(Scope::FieldsWrite),
    ),
    ("GET", "/v1/schema", Needs::Caller),
    ("GET", "/v1/openapi.json", Needs::Caller),
    ("GET", "/v1/workspace", Needs::Caller),
    (
        "PATCH",
        "/v1/workspace",
        Needs::Scope(Scope::WorkspaceWrite),
    ),
    (
        "POST",
        "/v1/workspaces",
        Needs::Scope(Scope::WorkspacesWrite),
    ),
    ("POST", "/v1/auth/login", Needs::Nothing),
    ("POST", "/v1/auth/refresh", Needs::Nothing),
    ("POST", "/v1/auth/logout", Needs::Nothing),
    ("POST", "/v1/auth/logout-everywhere", Needs::Person),
    ("POST", "/v1/auth/accept-invitation", Needs::Nothing),
    ("POST", "/v1/auth/reset-password", Needs::Nothing),
    ("GET", "/v1/me", Needs::Caller),
    ("POST", "/v1/me/password", Needs::Person),
    ("GET", "/v1/users", Needs::Scope(Scope::UsersRead)),
    ("POST", "/v1/users", Needs::Scope(Scope::UsersWrite)),
    ("GET", "/v1/users/{id}", Needs::Scope(Scope::UsersRead)),
    ("PATCH", "/v1/users/{id}", Needs::Scope(Scope::UsersWrite)),
    ("DELETE", "/v1/users/{id}", Needs::Scope(Scope::UsersWrite)),
    (
        "POST",
        "/v1/users/{id}/password-reset",
        Needs::Scope(Scope::UsersWrite),
    ),
    (
        "POST",
        "/v1/users/{id}/logout",
        Needs::Scope(Scope::UsersWrite),
    ),
    ("GET", "/v1/teams", Needs::Scope(Scope::UsersRead)),
    ("POST", "/v1/teams", Needs::Scope(Scope::UsersWrite)),
    ("GET", "/v1/teams/{id}", Needs::Scope(Scope::UsersRead)),
    ("PATCH", "/v1/teams/{id}", Needs::Scope(Scope::UsersWrite)),
    ("DELETE", "/v1/teams/{id}", Needs::Scope(Scope::UsersWrite)),
    ("GET", "/v1/api-keys", Needs::Scope(Scope::KeysWrite)),
    ("POST", "/v1/api-keys", Needs::Scope(Scope::KeysWrite)),
    (
        "DELETE",
        "/v1/api-keys/{id}",
        Needs::Scope(Scope::KeysWrite),
    ),
    ("GET", "/v1/audit-log", Needs::Scope(Scope::AuditRead)),
];

/// What the operation needs; `None` when it is not in the table.
pub fn needs(method: &str, path: &str) -> Option<Needs> {
    TABLE
        .iter()
        .find(|(of, at, _)| *of == method && *at == path)
        .map(|(_, _, needs)| *needs)
}
