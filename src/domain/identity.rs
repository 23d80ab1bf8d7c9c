//! Identities: the addresses, numbers and ids by which a person is known again. Each belongs to one lead of a workspace
//! (promise P2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an identity is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// A mail address.
    Email,
    /// An id in another system, as `system:id`.
    ExternalId,
    /// A phone number, E.164.
    Phone,
    /// A visitor cookie. It links activities and never says who somebody is.
    VisitorId,
    /// The value of a unique field of the workspace, as `key:value`. It says who somebody is where the field identifies.
    CustomField,
}

impl IdentityKind {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            IdentityKind::Email => "email",
            IdentityKind::ExternalId => "external_id",
            IdentityKind::Phone => "phone",
            IdentityKind::VisitorId => "visitor_id",
            IdentityKind::CustomField => "custom_field",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<IdentityKind> {
        [
            IdentityKind::Email,
            IdentityKind::ExternalId,
            IdentityKind::Phone,
            IdentityKind::VisitorId,
            IdentityKind::CustomField,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == name)
    }
}

/// One address, number or id, normalised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// What it is.
    pub kind: IdentityKind,
    /// Its normal form.
    pub value: String,
}

impl Identity {
    /// An identity of a value that is in normal form already.
    pub fn new(kind: IdentityKind, value: impl Into<String>) -> Self {
        Identity {
            kind,
            value: value.into(),
        }
    }

    /// The id of somebody in another system.
    pub fn external(system: &str, id: &str) -> Self {
        Identity::new(IdentityKind::ExternalId, format!("{system}:{id}"))
    }
}
