//! A lead: one person with one interest, from the first sign of it.

use crate::domain::lead_fields::LeadFields;
use crate::domain::normalise::attribution::Attribution;
use crate::domain::qualification::Verdict;
use crate::domain::scoring::LeadScore;
use crate::domain::stage::StageKind;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Days for which a deleted lead can be restored.
pub const RESTORE_DAYS: i64 = 90;

/// A lead as it stands. The default is one of whom nothing is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lead {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// What is known of the person and the company.
    pub fields: LeadFields,
    /// Host of `fields.website`, without `www.`.
    pub website_domain: Option<String>,
    /// What the workspace keeps beside the plain fields.
    pub custom: Map<String, Value>,
    /// Labels, in the order they came.
    pub tags: Vec<String>,
    /// Where the first submission came from.
    pub source: Option<String>,
    /// The way the first submission took: `web_form`, `api` …
    pub channel: String,
    /// Where the lead stands in the pipeline: the key of a stage.
    pub stage: String,
    /// What that stage means.
    pub stage_kind: StageKind,
    /// Since when it stands there.
    pub stage_changed_at: DateTime<Utc>,
    /// Why it was disqualified.
    pub disqualify_reason: Option<String>,
    /// When a disqualified lead is worth another look.
    pub revisit_at: Option<DateTime<Utc>>,
    /// The user who is accountable for it.
    pub owner_id: Option<Uuid>,
    /// The team it belongs to.
    pub team_id: Option<Uuid>,
    /// What its answers amount to, once there are any.
    pub verdict: Option<Verdict>,
    /// How well it fits and how much it takes part, once it is scored.
    pub score: Option<LeadScore>,
    /// Where it waits while nobody owns it.
    pub queue: Option<String>,
    /// Attribution of the first touch that had one.
    pub first_attribution: Attribution,
    /// Attribution of the latest touch that had one.
    pub last_attribution: Attribution,
    /// Made by tests only: kept out of counts.
    pub is_test: bool,
    /// Counts every change, from 1.
    pub version: i64,
    /// The sender's time of the first submission.
    pub captured_at: DateTime<Utc>,
    /// Our time of the first submission.
    pub created_at: DateTime<Utc>,
    /// Our time of the last change.
    pub updated_at: DateTime<Utc>,
    /// The latest `occurred_at` of its activities.
    pub last_activity_at: DateTime<Utc>,
    /// When it was deleted; it can be restored for [`RESTORE_DAYS`].
    pub deleted_at: Option<DateTime<Utc>>,
    /// The lead that it became a part of; such a lead is deleted, and its id leads there for ever.
    pub merged_into: Option<Uuid>,
}

impl Lead {
    /// Whether somebody has to answer it: it is there, in earnest, and neither converted nor disqualified.
    pub fn is_open(&self) -> bool {
        self.deleted_at.is_none() && !self.is_test && !self.is_over()
    }

    /// Whether it is converted or disqualified.
    pub fn is_over(&self) -> bool {
        matches!(
            self.stage_kind,
            StageKind::Converted | StageKind::Disqualified
        )
    }

    /// The domain of its mail address.
    pub fn email_domain(&self) -> Option<&str> {
        self.fields
            .email
            .as_deref()
            .and_then(|email| email.rsplit_once('@'))
            .map(|(_, domain)| domain)
    }
}
