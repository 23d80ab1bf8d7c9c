//! What the answers of a lead amount to.

use super::answer::{Answer, AnswerSource, AnswerState};
use super::choose::{Candidate, choose};
use super::framework::{Framework, Inferred};
use super::judge::{StateReason, judge};
use super::outcome::{CriterionResult, NextQuestion, NotReached, Qualification};
use super::read::{ReadingHints, read};
use crate::domain::condition::Facts;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::cmp::Reverse;

/// What the answers of a lead, and what else is known of it, amount to at `now`.
///
/// Withdrawn answers, and those to criteria that the framework does not have, count for nothing.
pub fn qualify(
    framework: &Framework,
    answers: &[Answer],
    facts: &Facts,
    now: DateTime<Utc>,
) -> Qualification {
    let mut next_change_at: Option<DateTime<Utc>> = None;
    let mut candidates = Vec::with_capacity(answers.len());
    let mut criteria = Vec::with_capacity(framework.criteria.len());
    for place in 0..framework.criteria.len() {
        candidates.clear();
        collect_given(framework, place, answers, now, &mut candidates);
        collect_inferred(framework, place, facts, now, &mut candidates);
        let changes = candidates.iter().filter_map(|one| one.judged.changes_at);
        next_change_at = next_change_at.into_iter().chain(changes).min();
        criteria.push(criterion_result(
            &framework.criteria[place].key,
            &candidates,
        ));
    }
    conclude(framework, criteria, facts, now, next_change_at)
}

fn collect_given<'a>(
    framework: &Framework,
    place: usize,
    answers: &'a [Answer],
    now: DateTime<Utc>,
    candidates: &mut Vec<Candidate<'a>>,
) {
    let criterion = &framework.criteria[place];
    let counted = |answer: &&Answer| !answer.withdrawn && answer.criterion == criterion.key;
    for answer in answers.iter().filter(counted) {
        let trust = framework.trust.of(answer.source);
        candidates.push(Candidate {
            answer_id: Some(answer.id),
            inferred_by: None,
            source: answer.source,
            trust,
            score: u32::from(trust) * u32::from(answer.confidence_permille),
            at: Some(answer.at),
            place: Reverse(0),
            judged: judge(criterion, &answer.read, answer.stated, Some(answer.at), now),
        });
    }
}

fn collect_inferred<'a>(
    framework: &'a Framework,
    place: usize,
    facts: &Facts,
    now: DateTime<Utc>,
    candidates: &mut Vec<Candidate<'a>>,
) {
    let criterion = &framework.criteria[place];
    let trust = framework.trust.rule;
    for (index, rule) in framework.inference.iter().enumerate() {
        if rule.criterion != place || !rule.when.holds(facts, now) {
            continue;
        }
        let (judged, reading_permille) = match &rule.from {
            Inferred::Value(read) => (judge(criterion, read, None, None, now), 1000),
            Inferred::Field(field) => {
                let Some(said) = said(&facts.lead.fields.value(*field), framework, place, facts)
                else {
                    continue;
                };
                (
                    judge(criterion, &said.read, None, None, now),
                    said.confidence_permille,
                )
            }
            Inferred::Custom(key) => {
                let value = facts.lead.custom.get(key);
                let Some(said) = value.and_then(|value| said(value, framework, place, facts))
                else {
                    continue;
                };
                (
                    judge(criterion, &said.read, None, None, now),
                    said.confidence_permille,
                )
            }
        };
        if judged.state == AnswerState::Unknown && !judged.stale {
            continue;
        }
        candidates.push(Candidate {
            answer_id: None,
            inferred_by: Some(&rule.key),
            source: AnswerSource::Rule,
            trust,
            score: u32::from(trust)
                * u32::from(rule.confidence_permille)
                * u32::from(reading_permille)
                / 1000,
            at: None,
            place: Reverse(index),
            judged,
        });
    }
}

/// What the words of a field say.
fn said(
    value: &Value,
    framework: &Framework,
    place: usize,
    facts: &Facts,
) -> Option<super::read::Reading> {
    if value.is_null() {
        return None;
    }
    let fields = &facts.lead.fields;
    let hints = ReadingHints {
        currency: fields.currency.as_deref(),
        country: fields.country.as_deref(),
    };
    read(
        &framework.criteria[place].measure,
        value,
        facts.lead.captured_at,
        framework.zone,
        &hints,
    )
}

fn criterion_result(key: &str, candidates: &[Candidate]) -> CriterionResult {
    let Some((counts, why)) = choose(candidates) else {
        return CriterionResult {
            criterion: key.to_owned(),
            state: AnswerState::Unknown,
            reason: StateReason::NoAnswer,
            counts: None,
            why: None,
            conflicts: Vec::new(),
        };
    };
    let state = counts.judged.state;
    let differs = |one: &&Candidate| {
        let other = one.judged.state;
        !one.judged.stale && other != AnswerState::Unknown && other != state
    };
    let mut conflicts: Vec<&Candidate> = candidates.iter().filter(differs).collect();
    conflicts.sort_by_key(|one| Reverse(one.rank()));
    CriterionResult {
        criterion: key.to_owned(),
        state,
        reason: counts.judged.reason,
        counts: Some(counts.heard()),
        why: Some(why),
        conflicts: conflicts.into_iter().map(Candidate::heard).collect(),
    }
}

fn conclude(
    framework: &Framework,
    criteria: Vec<CriterionResult>,
    facts: &Facts,
    now: DateTime<Utc>,
    next_change_at: Option<DateTime<Utc>>,
) -> Qualification {
    let states: Vec<AnswerState> = criteria.iter().map(|one| one.state).collect();
    let rules = &framework.verdicts;
    let rule = rules
        .iter()
        .position(|rule| rule.holds(&states, facts, now));
    let verdict = rule.map_or(framework.otherwise, |rule| rules[rule].verdict);
    let higher = rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.verdict > verdict);
    let not_reached = higher
        .map(|(index, rule)| NotReached {
            rule: index,
            verdict: rule.verdict,
            lacking: rule.lacking(&framework.criteria, &states, facts, now),
        })
        .filter(|one| !one.lacking.is_empty())
        .collect();
    let keys = |wanted: &dyn Fn(usize) -> bool| -> Vec<String> {
        let places = (0..criteria.len()).filter(|at| wanted(*at));
        places.map(|at| criteria[at].criterion.clone()).collect()
    };
    let is_met = |at: usize| states[at] == AnswerState::Met;
    let total: u32 = framework.criteria.iter().map(|one| one.weight).sum();
    let known: u32 = (framework.criteria.iter().zip(&states))
        .filter(|(_, state)| **state != AnswerState::Unknown)
        .map(|(one, _)| one.weight)
        .sum();
    Qualification {
        framework: framework.name.clone(),
        verdict,
        rule,
        not_reached,
        met: keys(&is_met),
        missing: keys(&|at| framework.criteria[at].required && !is_met(at)),
        next_question: next_question(framework, &criteria),
        completeness_permille: (known * 1000).checked_div(total).unwrap_or(0) as u16,
        next_change_at,
        criteria,
    }
}

fn next_question(framework: &Framework, criteria: &[CriterionResult]) -> Option<NextQuestion> {
    let again = |one: &CriterionResult| {
        one.state == AnswerState::Unknown
            || matches!(one.reason, StateReason::Stale | StateReason::Passed)
    };
    let partly = |one: &CriterionResult| one.state == AnswerState::Partly;
    let first = |wanted: &dyn Fn(&CriterionResult) -> bool| {
        let mut asked = framework.criteria.iter().zip(criteria);
        asked.find(|(asked, one)| asked.required && wanted(one))
    };
    let (asked, _) = first(&again).or_else(|| first(&partly))?;
    Some(NextQuestion {
        criterion: asked.key.clone(),
        question: asked.question.clone(),
    })
}
