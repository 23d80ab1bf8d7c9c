//! What is kept of a lead's score beside the lead, and of each scoring.

use super::account::Scored;
use super::active::{ActiveModel, Models};
use super::crossing::{Crossing, WrittenCrossing};
use super::lead_score::LeadScore;
use super::ledger::{Entry, Ledger};
use super::model::ScoringModel;
use super::statement::Standing;
use crate::domain::activity::Activity;
use crate::domain::condition::Facts;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The ledger of a lead, and by which model it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRecord {
    /// The lead.
    pub lead_id: Uuid,
    /// The key of the model; `None`: none counts for the lead.
    pub model: Option<String>,
    /// The version of the model; `None`: the usual one.
    pub model_version: Option<i64>,
    /// What is added to.
    pub ledger: Ledger,
    /// When something changes by itself: by decay, or since an answer becomes stale.
    pub next_change_at: Option<DateTime<Utc>>,
    /// When what the answers amount to may change by itself.
    pub verdict_changes_at: Option<DateTime<Utc>>,
    /// It is to be qualified and scored from nothing.
    pub is_stale: bool,
}

/// What scoring a lead came to: the decision record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ScoreResult)]
pub struct ScoreFinding {
    /// The key of the model; of the one before, where none counts any more.
    pub model: String,
    /// Where the lead stands; `null`: no model counts for it any more.
    pub standing: Option<Standing>,
    /// Entries that are new.
    pub entries: Vec<Entry>,
    /// Entries of fit that no longer count.
    pub ended: Vec<Entry>,
    /// Thresholds and grades that were crossed.
    #[schema(value_type = Vec<WrittenCrossing>)]
    pub crossings: Vec<Crossing>,
}

impl ScoreFinding {
    /// Scores again from nothing what was scored then. What was new then is what of that counts again.
    pub fn again(&self, models: &Models, facts: &Facts, now: DateTime<Utc>) -> ScoreFinding {
        let Some(active) = models.of_lead(facts, now) else {
            return ScoreFinding {
                standing: None,
                entries: Vec::new(),
                ..self.clone()
            };
        };
        let scored = active.model.rescore(facts, &Ledger::default(), now);
        let counts = |entry: &&Entry| {
            let same = |other: &Entry| {
                other.rule == entry.rule
                    && other.activity_id == entry.activity_id
                    && other.points == entry.points
            };
            scored.entries.iter().any(same)
        };
        let ended = |entry: &&Entry| !counts(entry);
        ScoreFinding {
            model: active.key.clone(),
            entries: self.entries.iter().filter(counts).cloned().collect(),
            ended: self.ended.iter().filter(ended).cloned().collect(),
            standing: Some(scored.standing),
            crossings: self.crossings.clone(),
        }
    }
}

/// A lead, scored anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Rescored {
    /// What is to be kept.
    pub record: ScoreRecord,
    /// What the lead shows; `None`: no model counts for it.
    pub score: Option<LeadScore>,
    /// What is new; `None` where nothing is.
    pub finding: Option<ScoreFinding>,
}

impl ScoreRecord {
    /// Of a lead that was never scored.
    pub fn begin(lead_id: Uuid) -> ScoreRecord {
        ScoreRecord {
            lead_id,
            model: None,
            model_version: None,
            ledger: Ledger::default(),
            next_change_at: None,
            verdict_changes_at: None,
            is_stale: true,
        }
    }

    /// Whether it is time to say anew what the answers amount to.
    pub fn awaits_verdict(&self, now: DateTime<Utc>) -> bool {
        self.is_stale || self.verdict_changes_at.is_some_and(|at| at <= now)
    }

    /// Takes in when what the answers amount to may change by itself.
    pub fn follow_verdict(&mut self, changes_at: Option<DateTime<Utc>>) {
        self.verdict_changes_at = changes_at;
        self.next_change_at = self.next_change_at.into_iter().chain(changes_at).min();
    }

    /// Scores the lead with what is new. `None`: all activities of the lead are needed, see [`rescore`](Self::rescore).
    pub fn score(
        &self,
        models: &Models,
        facts: &Facts,
        new: &[Activity],
        now: DateTime<Utc>,
    ) -> Option<Rescored> {
        let Some(active) = models.of_lead(facts, now) else {
            return Some(self.unscored(now));
        };
        if self.is_stale || !self.is_by(active) {
            return None;
        }
        let scored = active.model.score(facts, &self.ledger, new, now).ok()?;
        Some(self.take(active, scored, now))
    }

    /// Scores the lead from nothing; `facts` has all of its activities.
    pub fn rescore(&self, models: &Models, facts: &Facts, now: DateTime<Utc>) -> Rescored {
        let Some(active) = models.of_lead(facts, now) else {
            return self.unscored(now);
        };
        let mut scored = match self.is_by(active) || self.ledger.told_until.is_none() {
            true => active.model.rescore(facts, &self.ledger, now),
            false => active.model.take_over(facts, &self.ledger, now),
        };
        if self.ledger.told_until.is_some() && self.model.is_some() {
            // Of engagement only what changed is new.
            scored
                .entries
                .retain(|entry| entry.activity_id.is_none() || entry.at > self.ledger.as_of);
        }
        self.take(active, scored, now)
    }

    /// Whether this version of the model kept it.
    fn is_by(&self, active: &ActiveModel) -> bool {
        self.model.as_deref() == Some(active.key.as_str()) && self.model_version == active.version
    }

    /// No model counts for the lead: it has none of the thresholds any more that it had by the one before, and no grade.
    fn unscored(&self, now: DateTime<Utc>) -> Rescored {
        let crossings = ScoringModel::differences(&self.ledger, &Ledger::default(), now);
        let before = self.model.clone().filter(|_| !crossings.is_empty());
        Rescored {
            finding: before.map(|model| ScoreFinding {
                model,
                standing: None,
                entries: Vec::new(),
                ended: self.ledger.fit_entries.clone(),
                crossings,
            }),
            record: ScoreRecord {
                next_change_at: self.verdict_changes_at,
                verdict_changes_at: self.verdict_changes_at,
                is_stale: false,
                ..ScoreRecord::begin(self.lead_id)
            },
            score: None,
        }
    }

    fn take(&self, active: &ActiveModel, scored: Scored, now: DateTime<Utc>) -> Rescored {
        let next = active.model.next_change(&scored.ledger, now);
        let is_news = self.ledger.told_until.is_none()
            || scored.ledger.engagement != self.ledger.engagement
            || !(scored.entries.is_empty()
                && scored.ended.is_empty()
                && scored.crossings.is_empty());
        Rescored {
            score: Some(LeadScore::of(&active.model, &scored.ledger, now)),
            finding: is_news.then(|| ScoreFinding {
                model: active.key.clone(),
                standing: Some(scored.standing),
                entries: scored.entries,
                ended: scored.ended,
                crossings: scored.crossings,
            }),
            record: ScoreRecord {
                lead_id: self.lead_id,
                model: Some(active.key.clone()),
                model_version: active.version,
                ledger: scored.ledger,
                next_change_at: next
                    .map(|next| next.at)
                    .into_iter()
                    .chain(self.verdict_changes_at)
                    .min(),
                verdict_changes_at: self.verdict_changes_at,
                is_stale: false,
            },
        }
    }
}
