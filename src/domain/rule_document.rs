//! Rule documents: what a workspace decides by, as versions that never change. A draft is checked when it is written; an
//! active one counts until it is retired, or another of its kind and key is activated.

use crate::domain::calendar::CalendarDocument;
use crate::domain::event::Actor;
use crate::domain::playbook::EVERYONE;
use crate::domain::qualification::FrameworkDocument;
use crate::domain::routing::{PoolDocument, RoutingDocument, SkillDocument};
use crate::domain::scoring::{self, ScoringModelDocument};
use crate::domain::sla::SlaPolicyDocument;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The key of what a workspace has one of: its routing policy, its SLA policy.
pub const ONLY: &str = "default";

/// What a document is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Who can do something.
    Skill,
    /// When people are there.
    Calendar,
    /// People who share leads.
    Pool,
    /// Which leads go where.
    RoutingPolicy,
    /// By when a lead has to be answered.
    SlaPolicy,
    /// What is asked of leads, and what follows from the answers.
    Framework,
    /// What leads are worth.
    ScoringModel,
}

impl RuleKind {
    /// Every kind; what may be named stands before what names it.
    pub const ALL: [RuleKind; 7] = [
        RuleKind::Skill,
        RuleKind::Calendar,
        RuleKind::Pool,
        RuleKind::RoutingPolicy,
        RuleKind::SlaPolicy,
        RuleKind::Framework,
        RuleKind::ScoringModel,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            RuleKind::Skill => "skill",
            RuleKind::Calendar => "calendar",
            RuleKind::Pool => "pool",
            RuleKind::RoutingPolicy => "routing_policy",
            RuleKind::SlaPolicy => "sla_policy",
            RuleKind::Framework => "framework",
            RuleKind::ScoringModel => "scoring_model",
        }
    }

    /// Whether a workspace has one of the kind, whose key is [`ONLY`].
    pub fn is_only(self) -> bool {
        matches!(
            self,
            RuleKind::RoutingPolicy | RuleKind::SlaPolicy | RuleKind::Framework
        )
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<RuleKind> {
        RuleKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleState {
    /// Written and checked; it does not count yet.
    Draft,
    /// It is to count from a moment on.
    Scheduled,
    /// It counts.
    Active,
    /// It counted once; it can be activated again.
    Retired,
}

impl RuleState {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            RuleState::Draft => "draft",
            RuleState::Scheduled => "scheduled",
            RuleState::Active => "active",
            RuleState::Retired => "retired",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<RuleState> {
        let all = [
            RuleState::Draft,
            RuleState::Scheduled,
            RuleState::Active,
            RuleState::Retired,
        ];
        all.into_iter().find(|state| state.as_str() == name)
    }
}

/// A document of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleDocument {
    /// Who can do something.
    Skill(SkillDocument),
    /// When people are there.
    Calendar(CalendarDocument),
    /// People who share leads.
    Pool(PoolDocument),
    /// Which leads go where.
    RoutingPolicy(RoutingDocument),
    /// By when a lead has to be answered.
    SlaPolicy(SlaPolicyDocument),
    /// What is asked of leads, and what follows from the answers.
    Framework(FrameworkDocument),
    /// What leads are worth.
    ScoringModel(ScoringModelDocument),
}

impl RuleDocument {
    /// What it is about.
    pub fn kind(&self) -> RuleKind {
        match self {
            RuleDocument::Skill(_) => RuleKind::Skill,
            RuleDocument::Calendar(_) => RuleKind::Calendar,
            RuleDocument::Pool(_) => RuleKind::Pool,
            RuleDocument::RoutingPolicy(_) => RuleKind::RoutingPolicy,
            RuleDocument::SlaPolicy(_) => RuleKind::SlaPolicy,
            RuleDocument::Framework(_) => RuleKind::Framework,
            RuleDocument::ScoringModel(_) => RuleKind::ScoringModel,
        }
    }

    /// Every document that stands in where none of its kind and key is active, by key.
    pub fn all_usual() -> impl Iterator<Item = (&'static str, RuleDocument)> {
        let keys = |kind| match kind {
            RuleKind::Pool => EVERYONE,
            RuleKind::ScoringModel => scoring::DEFAULT,
            _ => ONLY,
        };
        let kinds = RuleKind::ALL.into_iter();
        kinds.filter_map(move |kind| Some((keys(kind), RuleDocument::usual(kind, keys(kind))?)))
    }

    /// What stands in where no document of the kind and key is active, if there is such a thing.
    pub fn usual(kind: RuleKind, key: &str) -> Option<RuleDocument> {
        match kind {
            RuleKind::RoutingPolicy => {
                Some(RuleDocument::RoutingPolicy(RoutingDocument::default()))
            }
            RuleKind::SlaPolicy => Some(RuleDocument::SlaPolicy(SlaPolicyDocument::default())),
            RuleKind::Framework => Some(RuleDocument::Framework(FrameworkDocument::default())),
            RuleKind::Pool if key == EVERYONE => Some(RuleDocument::Pool(PoolDocument::default())),
            RuleKind::ScoringModel if key == scoring::DEFAULT => {
                Some(RuleDocument::ScoringModel(ScoringModelDocument::default()))
            }
            RuleKind::Skill | RuleKind::Pool | RuleKind::Calendar | RuleKind::ScoringModel => None,
        }
    }

    /// Reads what was written of a kind.
    ///
    /// # Errors
    /// When it does not fit: an older version of Baton may have written it.
    pub fn read(kind: RuleKind, json: serde_json::Value) -> serde_json::Result<RuleDocument> {
        Ok(match kind {
            RuleKind::Skill => RuleDocument::Skill(serde_json::from_value(json)?),
            RuleKind::Calendar => RuleDocument::Calendar(serde_json::from_value(json)?),
            RuleKind::Pool => RuleDocument::Pool(serde_json::from_value(json)?),
            RuleKind::RoutingPolicy => RuleDocument::RoutingPolicy(serde_json::from_value(json)?),
            RuleKind::SlaPolicy => RuleDocument::SlaPolicy(serde_json::from_value(json)?),
            RuleKind::Framework => RuleDocument::Framework(serde_json::from_value(json)?),
            RuleKind::ScoringModel => RuleDocument::ScoringModel(serde_json::from_value(json)?),
        })
    }

    /// As it is written.
    ///
    /// # Errors
    /// Never in practice: documents are plain values.
    pub fn to_json(&self) -> serde_json::Result<serde_json::Value> {
        match self {
            RuleDocument::Skill(document) => serde_json::to_value(document),
            RuleDocument::Calendar(document) => serde_json::to_value(document),
            RuleDocument::Pool(document) => serde_json::to_value(document),
            RuleDocument::RoutingPolicy(document) => serde_json::to_value(document),
            RuleDocument::SlaPolicy(document) => serde_json::to_value(document),
            RuleDocument::Framework(document) => serde_json::to_value(document),
            RuleDocument::ScoringModel(document) => serde_json::to_value(document),
        }
    }
}

/// A version of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleVersion {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// What others name it by.
    pub key: String,
    /// 1, 2, 3 … of the kind and key.
    pub version: i64,
    /// Where it stands.
    pub state: RuleState,
    /// What it says.
    pub document: RuleDocument,
    /// Why it was written.
    pub note: Option<String>,
    /// Who wrote it.
    pub created_by: Actor,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it last became active.
    pub activated_at: Option<DateTime<Utc>>,
    /// When it was last retired.
    pub retired_at: Option<DateTime<Utc>>,
    /// When it is to count, while it is scheduled.
    pub activate_at: Option<DateTime<Utc>>,
    /// Who said so.
    pub scheduled_by: Option<Actor>,
}
