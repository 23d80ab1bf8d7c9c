//! Whether a verdict rule applies, and what it lacks.

use super::answer::AnswerState;
use super::framework::{Criterion, Demands};
use super::outcome::Lacking;
use crate::domain::condition::Facts;
use chrono::{DateTime, Utc};

/// How many criteria have the state.
fn count(states: &[AnswerState], state: AnswerState) -> u16 {
    states.iter().map(|one| u16::from(*one == state)).sum()
}

impl Demands {
    /// Whether all demands are fulfilled.
    pub(super) fn holds(&self, states: &[AnswerState], facts: &Facts, now: DateTime<Utc>) -> bool {
        self.met.iter().all(|at| states[*at] == AnswerState::Met)
            && self
                .partly
                .iter()
                .all(|at| states[*at] >= AnswerState::Partly)
            && self
                .unmet
                .iter()
                .all(|at| states[*at] == AnswerState::Unmet)
            && count(states, AnswerState::Met) >= self.met_at_least
            && count(states, AnswerState::Unmet) >= self.unmet_at_least
            && self.lead.as_ref().is_none_or(|lead| lead.holds(facts, now))
    }

    /// What is lacking; empty exactly where it [holds](Self::holds).
    pub(super) fn lacking(
        &self,
        criteria: &[Criterion],
        states: &[AnswerState],
        facts: &Facts,
        now: DateTime<Utc>,
    ) -> Vec<Lacking> {
        let mut lacking = Vec::new();
        let mut needs = |places: &[usize], needs, fits: fn(AnswerState) -> bool| {
            for at in places.iter().filter(|at| !fits(states[**at])) {
                lacking.push(Lacking::Criterion {
                    criterion: criteria[*at].key.clone(),
                    needs,
                    is: states[*at],
                });
            }
        };
        needs(&self.met, AnswerState::Met, |is| is == AnswerState::Met);
        needs(&self.partly, AnswerState::Partly, |is| {
            is >= AnswerState::Partly
        });
        needs(&self.unmet, AnswerState::Unmet, |is| {
            is == AnswerState::Unmet
        });
        let (met, unmet) = (
            count(states, AnswerState::Met),
            count(states, AnswerState::Unmet),
        );
        if met < self.met_at_least {
            lacking.push(Lacking::Met {
                at_least: self.met_at_least,
                are: met,
            });
        }
        if unmet < self.unmet_at_least {
            lacking.push(Lacking::Unmet {
                at_least: self.unmet_at_least,
                are: unmet,
            });
        }
        if self
            .lead
            .as_ref()
            .is_some_and(|lead| !lead.holds(facts, now))
        {
            lacking.push(Lacking::Lead);
        }
        lacking
    }
}
