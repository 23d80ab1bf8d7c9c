//! Decisions about leads, with everything they were decided by (promise P4).

use crate::domain::assignment::{Assignment, AssignmentState};
use crate::domain::condition::Facts;
use crate::domain::lead::Lead;
use crate::domain::playbook::Versions;
use crate::domain::qualification::{Answer, Qualification, Verdict};
use crate::domain::routing::Routed;
use crate::domain::rules::Rules;
use crate::domain::scoring::{Grade, LeadScore, ScoreFinding};
use crate::domain::sla::{Clock, ClockDecision};
use crate::domain::stage::StageKind;
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

/// What conditions ask of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BasisScore {
    /// Points for who the lead is.
    pub fit: i32,
    /// Letter and figure.
    #[schema(value_type = String, example = "B2")]
    pub grade: Grade,
}

/// What a decision was made on, beside the values that it names: enough to know the lead as it was. A transaction decides
/// several things of one version of a lead, each on what was decided before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DecisionBasis)]
pub struct Basis {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The workspace's time zone.
    pub timezone: String,
    /// The version of the lead.
    #[schema(minimum = 1)]
    pub lead_version: i64,
    /// When that version came about, as far as it was known then.
    pub lead_updated_at: DateTime<Utc>,
    /// Where it stood.
    pub stage: String,
    /// What that stage means.
    pub stage_kind: StageKind,
    /// Since when it stood there.
    pub stage_changed_at: DateTime<Utc>,
    /// The verdict there was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Its score, as far as conditions ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<BasisScore>,
    /// Who had the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<Uuid>,
    /// The team it belonged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<Uuid>,
    /// The queue it waited in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The latest of the activities that were looked at, by its id; absent: none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_id: Option<Uuid>,
    /// The answers that were looked at; what had been taken back was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer_ids: Vec<Uuid>,
}

impl Basis {
    /// What is known of a lead when something is decided about it.
    pub fn of(facts: &Facts, answers: &[Answer], rules: &Rules, at: DateTime<Utc>) -> Basis {
        let lead = facts.lead;
        let looked_at = answers.iter().filter(|answer| !answer.withdrawn);
        Basis {
            at,
            timezone: rules.settings.timezone.clone(),
            lead_version: lead.version,
            lead_updated_at: lead.updated_at,
            stage: lead.stage.clone(),
            stage_kind: lead.stage_kind,
            stage_changed_at: lead.stage_changed_at,
            verdict: lead.verdict,
            score: lead.score.map(|score| BasisScore {
                fit: score.fit,
                grade: score.grade,
            }),
            owner_id: lead.owner_id,
            team_id: lead.team_id,
            queue: lead.queue.clone(),
            last_activity_id: facts.activities.iter().map(|one| one.id).max(),
            answer_ids: looked_at.map(|answer| answer.id).collect(),
        }
    }

    /// Gives a lead of the same version back what was known of it.
    pub fn put_back(&self, lead: &mut Lead) {
        lead.updated_at = self.lead_updated_at;
        lead.stage.clone_from(&self.stage);
        lead.stage_kind = self.stage_kind;
        lead.stage_changed_at = self.stage_changed_at;
        lead.verdict = self.verdict;
        lead.score = self.score.map(|score| LeadScore {
            fit: score.fit,
            grade: score.grade,
            engagement: 0.0,
            as_of: self.at,
            half_life_days: None,
            engagement_order: 0,
        });
        lead.owner_id = self.owner_id;
        lead.team_id = self.team_id;
        lead.queue.clone_from(&self.queue);
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
    /// What it was made on; `None`: it was kept before that was.
    pub basis: Option<Basis>,
    /// How long it took, with the reading of what it needed; `None`: it was kept before that was.
    pub duration_microseconds: Option<i64>,
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

    /// Whether somebody has to accept the lead.
    pub fn is_offered(&self) -> bool {
        let given = self.assignment.as_ref();
        given.is_some_and(|record| record.assignment.state == AssignmentState::Offered)
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
