//! The models that a workspace scores by.

use super::model::ScoringModel;
use crate::domain::condition::Facts;
use chrono::{DateTime, Utc};

/// The key of the model that every workspace has: the usual one, unless it writes another of that key.
pub const DEFAULT: &str = "default";

/// A model that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveModel {
    /// What rule documents name it by.
    pub key: String,
    /// Its version; `None`: the usual one.
    pub version: Option<i64>,
    /// What it says.
    pub model: ScoringModel,
}

/// The models of a workspace, in the order in which they are tried: by key, [`DEFAULT`] last. The first whose `when` holds
/// scores a lead.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Models {
    models: Vec<ActiveModel>,
    asks_of_activities: bool,
}

impl Models {
    /// Those that count, in any order.
    pub fn new(mut models: Vec<ActiveModel>) -> Models {
        models.sort_by(|one, other| {
            let place = |model: &ActiveModel| (model.key == DEFAULT, model.key.clone());
            place(one).cmp(&place(other))
        });
        Models {
            asks_of_activities: models.iter().any(|one| one.model.asks_of_activities()),
            models,
        }
    }

    /// The model of a lead; `None`: no model counts for it.
    pub fn of_lead(&self, facts: &Facts, now: DateTime<Utc>) -> Option<&ActiveModel> {
        self.models.iter().find(|one| one.model.applies(facts, now))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ActiveModel> {
        self.models.iter()
    }

    /// Whether nothing is scored.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// Whether choosing a model, or a rule of fit, needs to know the activities.
    pub fn asks_of_activities(&self) -> bool {
        self.asks_of_activities
    }
}
