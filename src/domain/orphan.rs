//! Leads that may be forgotten (promise P3).

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An open lead that may be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Orphan {
    /// The lead.
    pub lead_id: Uuid,
    /// What is amiss, at least one thing.
    pub reasons: Vec<Forgotten>,
}

/// Why a lead may be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrphanReason)]
pub enum Forgotten {
    /// Nobody owns it, and it waits in no queue.
    NoOwner,
    /// Who owns it was disabled.
    OwnerDisabled,
    /// No clock was started for it, or all were cancelled, and no decision says why.
    NoClock,
}
