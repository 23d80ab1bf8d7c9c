//! Which operation needs which scope. One table: requests are checked against it, and the OpenAPI document says the same.
//!
//! An operation that is not in the table is refused to everybody.

use crate::domain::access::Scope;

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A key of the workspace, with any scope.
    Key,
    /// A key with this scope.
    Scope(Scope),
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
        "/v1/leads/{id}/history",
        Needs::Scope(Scope::LeadsRead),
    ),
    (
        "GET",
        "/v1/leads/{id}/activities",
        Needs::Scope(Scope::LeadsRead),
    ),
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
    ("GET", "/v1/changes", Needs::Scope(Scope::LeadsRead)),
    ("GET", "/v1/field-definitions", Needs::Key),
    (
        "POST",
        "/v1/field-definitions",
        Needs::Scope(Scope::FieldsWrite),
    ),
    ("GET", "/v1/field-definitions/{key}", Needs::Key),
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
    ("GET", "/v1/schema", Needs::Key),
    ("GET", "/v1/workspace", Needs::Key),
    (
        "PATCH",
        "/v1/workspace",
        Needs::Scope(Scope::WorkspaceWrite),
    ),
];

/// What the operation needs; `None` when it is not in the table.
pub fn needs(method: &str, path: &str) -> Option<Needs> {
    TABLE
        .iter()
        .find(|(of, at, _)| *of == method && *at == path)
        .map(|(_, _, needs)| *needs)
}
