//! Decisions about leads, with everything they were decided by (promise P4).

use crate::domain::assignment::Assignment;
use crate::domain::playbook::Versions;
use crate::domain::qualification::{Answer, Qualification};
use crate::domain::routing::Routed;
use crate::domain::scoring::ScoreFinding;
use crate::domain::sla::{Clock, ClockDecision};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What was decided, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", content = "result", rename_all = "snake_case")]
pub enum Finding {
    /// Who gets the lead.
    Routing(Box<Routed>),
    /// Which clocks run.
    Clocks(Vec<ClockDecision>),
    /// What the answers amount to.
    Qualification(Box<Qualification>),
    /// What the lead is worth.
    Score(Box<ScoreFinding>),
}

impl Finding {
    /// Its name in JSON and SQL.
    pub fn kind(&self) -> &'static str {
        match self {
            Finding::Routing(_) => "routing",
            Finding::Clocks(_) => "clocks",
            Finding::Qualification(_) => "qualification",
            Finding::Score(_) => "score",
        }
    }
}

/// A decision about a lead, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// About which lead.
    pub lead_id: Uuid,
    /// By which versions of the rule documents.
    pub rules: Versions,
    /// What was decided.
    pub finding: Finding,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Somebody's time with a lead, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct AssignmentRecord {
    /// A UUIDv7.
    pub id: Uuid,
    /// The lead.
    pub lead_id: Uuid,
    /// Who had it, from when to when.
    pub assignment: Assignment,
    /// The decision that gave it; `None`: somebody did by hand.
    pub decision_id: Option<Uuid>,
}

/// What was decided about a lead at one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decided {
    /// The records.
    pub decisions: Vec<Decision>,
    /// Who has it from now on.
    pub assignment: Option<AssignmentRecord>,
    /// Clocks that started.
    pub clocks: Vec<Clock>,
    /// Answers that came in, each of its lead.
    pub answers: Vec<(Uuid, Answer)>,
    /// What all answers of the lead amount to.
    pub qualification: Option<Qualification>,
}

impl Decided {
    /// Adds what was decided besides.
    pub fn extend(&mut self, other: Decided) {
        self.decisions.extend(other.decisions);
        self.clocks.extend(other.clocks);
        self.answers.extend(other.answers);
        self.qualification = other.qualification.or(self.qualification.take());
        self.assignment = other.assignment.or(self.assignment.take());
    }

    /// How the lead was routed, and the decision's id.
    pub fn routed(&self) -> Option<(Uuid, &Routed)> {
        self.decisions
            .iter()
            .find_map(|decision| match &decision.finding {
                Finding::Routing(routed) => Some((decision.id, routed.as_ref())),
                _ => None,
            })
    }

    /// How the lead was scored, and the decision's id.
    pub fn scored(&self) -> Option<(Uuid, &ScoreFinding)> {
        self.decisions
            .iter()
            .find_map(|decision| match &decision.finding {
                Finding::Score(found) => Some((decision.id, found.as_ref())),
                _ => None,
            })
    }
}
