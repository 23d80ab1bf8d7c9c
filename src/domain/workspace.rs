//! A workspace's own rules: the order in which people are recognised, what wins when a known person submits again, the
//! region of numbers without one.

use crate::domain::identity::IdentityKind;
use crate::domain::identity_provider::IdentityProvider;
use crate::domain::match_policy::MatchSettings;
use crate::domain::survivorship::SurvivorshipSettings;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What happens to a field of a known lead when a submission brings a value for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MergePolicy {
    /// Take it only where nothing is known.
    FillEmpty,
    /// The newest wins.
    Overwrite,
    /// What is known stays, even nothing.
    Keep,
    /// Put it behind what is known.
    Append,
}

/// Which leads reps may know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RepVisibility {
    /// Those they own.
    Own,
    /// Those that members of their teams own, and those of their teams.
    Team,
    /// Every lead.
    #[default]
    All,
}

/// How one workspace wants its leads handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct WorkspaceSettings {
    /// The order in which identities are tried; a kind left out does not identify.
    /// `custom_field` stands for the workspace's unique fields that identify.
    #[schema(max_items = 4)]
    pub identity_order: Vec<IdentityKind>,
    /// Region of phone numbers that do not say theirs, ISO 3166-1 alpha-2.
    #[schema(max_length = 2, example = "US")]
    pub default_country: Option<String>,
    /// Whose calendar and clock days, weeks and months are told by, an IANA time zone.
    #[schema(max_length = 64, example = "Europe/Berlin")]
    pub timezone: String,
    /// For fields that `merge_policies` does not name.
    pub default_merge_policy: MergePolicy,
    /// By field name; `custom.<key>` names a custom value.
    pub merge_policies: BTreeMap<String, MergePolicy>,
    /// Origins whose pages may call the API from a browser; `*` allows all.
    #[schema(max_items = 100)]
    pub allowed_origins: Vec<String>,
    /// Which leads reps may know of. Other roles know of all.
    pub rep_visibility: RepVisibility,
    /// Whose access tokens are accepted beside Baton's own.
    pub identity_provider: Option<IdentityProvider>,
    /// What becomes of who may be a lead that is known, though no address and no number says so.
    pub matching: MatchSettings,
    /// Whose values count where leads are merged.
    pub survivorship: SurvivorshipSettings,
    /// Why a lead may be disqualified: a–z, 0–9 and `_`, at most 50 characters each.
    #[schema(max_items = 100)]
    pub disqualify_reasons: Vec<String>,
}

/// Why a lead may be disqualified, unless the workspace has reasons of its own.
const DISQUALIFY_REASONS: [&str; 11] = [
    "not_a_fit",
    "no_budget",
    "no_authority",
    "no_need",
    "bad_timing",
    "chose_competitor",
    "unresponsive",
    "wrong_contact",
    "duplicate",
    "spam",
    "other",
];

impl Default for WorkspaceSettings {
    fn default() -> Self {
        WorkspaceSettings {
            identity_order: vec![
                IdentityKind::ExternalId,
                IdentityKind::Email,
                IdentityKind::Phone,
            ],
            default_country: None,
            timezone: "UTC".to_owned(),
            default_merge_policy: MergePolicy::FillEmpty,
            merge_policies: BTreeMap::from([("message".to_owned(), MergePolicy::Overwrite)]),
            allowed_origins: Vec::new(),
            rep_visibility: RepVisibility::All,
            identity_provider: None,
            matching: MatchSettings::default(),
            survivorship: SurvivorshipSettings::default(),
            disqualify_reasons: DISQUALIFY_REASONS.map(str::to_owned).to_vec(),
        }
    }
}

impl WorkspaceSettings {
    /// The zone of `timezone`; UTC where this version does not know it.
    pub fn zone(&self) -> Tz {
        self.timezone.parse().unwrap_or(Tz::UTC)
    }

    /// The policy for a field, by its dotted name.
    pub fn merge_policy(&self, path: &str) -> MergePolicy {
        self.merge_policies
            .get(path)
            .copied()
            .unwrap_or(self.default_merge_policy)
    }
}
