//! Leads for tests of decisions.

use crate::domain::lead::Lead;
use crate::domain::stage::StageKind;
use chrono::DateTime;
use uuid::Uuid;

/// A new lead of whom nothing is known.
pub fn lead() -> Lead {
    let at = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap_or_default();
    Lead {
        id: Uuid::from_u128(0x18bc_fe56_8000_7000_8000_0000_0000_000a),
        fields: Default::default(),
        website_domain: None,
        custom: Default::default(),
        tags: Vec::new(),
        source: None,
        channel: "api".to_owned(),
        stage: "new".to_owned(),
        stage_kind: StageKind::New,
        stage_changed_at: at,
        disqualify_reason: None,
        revisit_at: None,
        owner_id: None,
        team_id: None,
        first_attribution: Default::default(),
        last_attribution: Default::default(),
        is_test: false,
        version: 1,
        captured_at: at,
        created_at: at,
        updated_at: at,
        last_activity_at: at,
        deleted_at: None,
        merged_into: None,
        queue: None,
        verdict: None,
        score: None,
    }
}
