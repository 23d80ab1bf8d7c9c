//! Stages: where a lead stands in its workspace's pipeline.
//!
//! A pipeline is an ordered list of stages, each of one fixed kind. Rules and reports speak of kinds; keys and names are
//! the workspace's own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a stage means, the same in every workspace.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
pub enum StageKind {
    /// Nobody has looked at it yet.
    #[default]
    #[serde(rename = "new")]
    New,
    /// Not ready to buy; kept in touch with.
    #[serde(rename = "nurturing")]
    Nurturing,
    /// Qualified by marketing.
    #[serde(rename = "mql")]
    MarketingQualified,
    /// Accepted by sales.
    #[serde(rename = "accepted")]
    Accepted,
    /// Qualified by sales.
    #[serde(rename = "sql")]
    SalesQualified,
    /// Became a customer.
    #[serde(rename = "converted")]
    Converted,
    /// Not worth pursuing, for a reason.
    #[serde(rename = "disqualified")]
    Disqualified,
}

impl StageKind {
    /// Every kind, in the order of the funnel.
    pub const ALL: [StageKind; 7] = [
        StageKind::New,
        StageKind::Nurturing,
        StageKind::MarketingQualified,
        StageKind::Accepted,
        StageKind::SalesQualified,
        StageKind::Converted,
        StageKind::Disqualified,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            StageKind::New => "new",
            StageKind::Nurturing => "nurturing",
            StageKind::MarketingQualified => "mql",
            StageKind::Accepted => "accepted",
            StageKind::SalesQualified => "sql",
            StageKind::Converted => "converted",
            StageKind::Disqualified => "disqualified",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<StageKind> {
        StageKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// What leads and filters name it by; it never changes.
    #[schema(min_length = 1, max_length = 50, example = "demo_booked")]
    pub key: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 100, example = "Demo booked")]
    pub name: String,
    /// What it means.
    pub kind: StageKind,
}

/// The stages of a workspace, in order. The first of kind `new` is where leads begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// In order; keys are unique, and at least one stage is of kind `new`.
    pub stages: Vec<Stage>,
}

impl Default for Pipeline {
    /// One stage of each kind, with the kind's name as its key.
    fn default() -> Self {
        let name = |kind: StageKind| match kind {
            StageKind::New => "New",
            StageKind::Nurturing => "Nurturing",
            StageKind::MarketingQualified => "Marketing qualified",
            StageKind::Accepted => "Accepted by sales",
            StageKind::SalesQualified => "Sales qualified",
            StageKind::Converted => "Converted",
            StageKind::Disqualified => "Disqualified",
        };
        let stage = |kind: StageKind| Stage {
            key: kind.as_str().to_owned(),
            name: name(kind).to_owned(),
            kind,
        };
        Pipeline {
            stages: StageKind::ALL.map(stage).to_vec(),
        }
    }
}

impl Pipeline {
    /// Where leads begin: the first stage of kind `new`.
    pub fn first(&self) -> &str {
        self.stages
            .iter()
            .find(|stage| stage.kind == StageKind::New)
            .map_or("new", |stage| &stage.key)
    }

    /// The stage of that key.
    pub fn find(&self, key: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.key == key)
    }
}
