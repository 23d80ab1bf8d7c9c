//! On whose behalf a flow runs, when, and by which rules.

use crate::domain::access::Visibility;
use crate::domain::event::Provenance;
use crate::domain::rules::Rules;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What a flow has to know of who asked for it.
#[derive(Debug, Clone)]
pub struct OnBehalf {
    /// Which leads they may know of.
    pub visible: Visibility,
    /// Who they are, and what led to it.
    pub provenance: Provenance,
    /// The workspace's rules.
    pub rules: Arc<Rules>,
    /// When.
    pub now: DateTime<Utc>,
}
