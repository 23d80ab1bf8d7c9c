//! Takes in answers of leads, and says what they amount to.

use crate::domain::activity::Activity;
use crate::domain::capture::{begin_change, event};
use crate::domain::condition::Facts;
use crate::domain::decision::{Basis, Decided, Decision, Finding};
use crate::domain::event::{Actor, Cause, Event, EventType, Provenance};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::own_lead;
use crate::domain::flow::{clocks, decide_lead, reach};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::qualification::{
    Answer, AnswerEvidence, AnswerSource, AnswerState, Framework, Qualification, ReadingHints,
    qualify, stage_move,
};
use crate::domain::rules::Rules;
use crate::domain::stage::Stage;
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{decisions, lead_scores, leads, outbox, qualification_answers};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::time::Instant;
use uuid::Uuid;

/// What a verdict changes of a lead.
const QUALIFIED: [&str; 4] = ["verdict", "stage", "stage_kind", "stage_changed_at"];

/// What was said, and how it came.
#[derive(Debug, Clone)]
pub struct Said {
    /// By criterion.
    pub answers: Map<String, Value>,
    /// Where it comes from.
    pub source: AnswerSource,
    /// What it rests on.
    pub evidence: AnswerEvidence,
    /// When it was said.
    pub at: DateTime<Utc>,
}

/// What a lead's answers are, and what they amount to.
#[derive(Debug, Clone)]
pub struct Qualified {
    /// The lead afterwards.
    pub lead: Lead,
    /// All answers, the latest first.
    pub answers: Vec<Answer>,
    /// What they amount to.
    pub qualification: Qualification,
}

/// Reads answers; what they are about is the lead's, which helps to read them.
///
/// # Errors
/// Criteria that there are not, and values that cannot be, by pointers under `/answers`.
pub fn read(
    framework: &Framework,
    said: &Said,
    lead: &Lead,
    by: &Actor,
) -> Result<Vec<Answer>, Vec<FieldError>> {
    let hints = ReadingHints {
        currency: lead.fields.currency.as_deref(),
        country: lead.fields.country.as_deref(),
    };
    let mut errors = Vec::new();
    let mut answers = Vec::new();
    for (criterion, given) in said.answers.iter().filter(|(_, given)| !is_empty(given)) {
        match framework.read_answer(criterion, given, said.at, &hints) {
            Ok(read) => answers.push(Answer {
                id: ProcessIds.next(said.at),
                criterion: criterion.clone(),
                given: given.clone(),
                read: read.read,
                stated: None,
                source: said.source,
                evidence: said.evidence.clone(),
                confidence_permille: read.confidence_permille,
                at: said.at,
                actor: Some(by.clone()),
                withdrawn: false,
            }),
            Err(wrong) => errors.push(wrong),
        }
    }
    if errors.is_empty() {
        Ok(answers)
    } else {
        Err(errors)
    }
}

fn is_empty(given: &Value) -> bool {
    match given {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// What answers of a lead amount to; the lead takes the verdict, and the stage that follows from it. A decision is kept
/// where anything is known.
pub fn decide(
    lead: &mut Lead,
    answers: &[Answer],
    activities: &[Activity],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Decided {
    let Some(framework) = &rules.playbook.framework else {
        return Decided::default();
    };
    let began = Instant::now();
    let (found, basis) = {
        let facts = Facts { lead, activities };
        let found = qualify(framework, answers, &facts, now);
        (found, Basis::of(&facts, answers, rules, now))
    };
    let is_known = |state: AnswerState| state != AnswerState::Unknown;
    if !found.criteria.iter().any(|one| is_known(one.state)) {
        return Decided {
            qualification: Some(found),
            ..Decided::default()
        };
    }
    lead.verdict = Some(found.verdict);
    if let Some(kind) = stage_move(framework, lead.stage_kind, found.verdict) {
        let fits = |stage: &&Stage| stage.kind == kind && !stage.archived && stage.entry.is_none();
        if let Some(stage) = rules.pipeline.stages.iter().find(fits) {
            lead.stage.clone_from(&stage.key);
            lead.stage_kind = kind;
            lead.stage_changed_at = now;
        }
    }
    let id = ProcessIds.next(now);
    let decision = Decision {
        id,
        lead_id: lead.id,
        rules: rules.playbook.versions.clone(),
        finding: Finding::Qualification(Box::new(found.clone())),
        created_at: time_of(id),
        basis: Some(basis),
        duration_microseconds: decide_lead::microseconds_since(began),
    };
    Decided {
        decisions: vec![decision],
        qualification: Some(found),
        ..Decided::default()
    }
}

/// The answers of a lead, and what they amount to now.
pub fn show(conn: &mut TenantConnection, lead: Lead, by: &OnBehalf) -> Result<Qualified> {
    let answers = qualification_answers::list_of_lead(conn, lead.id)?;
    let activities = decide_lead::activities_of(conn, lead.id, &by.rules)?;
    let framework = framework(&by.rules)?;
    let facts = Facts {
        lead: &lead,
        activities: &activities,
    };
    let qualification = qualify(framework, &answers, &facts, by.now);
    Ok(Qualified {
        lead,
        answers,
        qualification,
    })
}

fn framework(rules: &Rules) -> Result<&Framework> {
    let framework = rules.playbook.framework.as_deref();
    framework.ok_or_else(|| Error::internal("a workspace without a framework"))
}

/// The event of a verdict that changed and was decided, in a change of the lead that was begun; `None` where nothing did.
pub fn told(before: &Lead, lead: &mut Lead, decided: &Decided) -> Option<Event> {
    let mut changes = differences(before, lead);
    // What the change began with is told by the event itself.
    changes.retain(|change| QUALIFIED.contains(&change.path.as_str()));
    if changes.is_empty() {
        return None;
    }
    let kind = match lead.stage == before.stage {
        true => EventType::LeadQualified,
        false => EventType::LeadStageChanged,
    };
    let mut happened = event(kind, lead, changes, &mut ProcessIds);
    let decision_id = decided.decisions.first().map(|decision| decision.id);
    happened.data = decided.qualification.as_ref().map(|found| {
        json!({"reason": "qualification", "verdict": found.verdict, "met": found.met, "missing": found.missing, "decision_id": decision_id})
    });
    Some(happened)
}

/// Adds answers to a lead: they are kept as said, and the lead is qualified anew.
///
/// # Errors
/// As [`read`].
pub fn answer(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    said: &Said,
    by: &OnBehalf,
) -> Result<Qualified> {
    let before = reach::lock(conn, lead_id, &by.visible)?;
    let read = read(framework(&by.rules)?, said, &before, &by.provenance.actor);
    let new = read.map_err(Error::Invalid)?;
    let new: Vec<(Uuid, Answer)> = new.into_iter().map(|answer| (lead_id, answer)).collect();
    qualification_answers::insert_all(conn, &new)?;
    let answers = qualification_answers::list_of_lead(conn, lead_id)?;
    let activities = decide_lead::activities_of(conn, lead_id, &by.rules)?;
    let mut lead = before.clone();
    let decided = decide(&mut lead, &answers, &activities, &by.rules, by.now);
    decisions::insert_all(conn, &decided.decisions.iter().collect::<Vec<_>>())?;
    let whose = (&by.provenance, by.now);
    write(conn, &before, &mut lead, &decided, &by.rules, whose)?;
    let found = decided.qualification;
    let found = found.ok_or_else(|| Error::internal("no qualification"))?;
    lead_scores::set_verdict_change(conn, lead_id, found.next_change_at)?;
    own_lead::accept_by_work(conn, &mut lead, by)?;
    Ok(Qualified {
        lead,
        answers,
        qualification: found,
    })
}

/// Writes and tells what a verdict changed of a lead, which is locked: clocks that waited for one are met, and all end where
/// the lead is over by it.
fn write(
    conn: &mut TenantConnection,
    before: &Lead,
    lead: &mut Lead,
    decided: &Decided,
    rules: &Rules,
    (provenance, now): (&Provenance, DateTime<Utc>),
) -> Result<()> {
    if lead != before {
        begin_change(lead, now);
        let happened = told(before, lead, decided);
        leads::update(conn, before, lead, rules)?;
        let told: Vec<_> = happened.iter().map(|event| (event, provenance)).collect();
        outbox::add_all(conn, &told)?;
    }
    clocks::qualified(conn, lead, rules, provenance, now)?;
    if lead.is_over() && !before.is_over() {
        let reason = format!("the lead is {}", lead.stage_kind.as_str());
        clocks::cancel(conn, lead, &reason, rules, provenance, now)?;
    }
    Ok(())
}

/// Says anew what the answers of a lead amount to, which is locked: time has passed, or other answers belong to it. The answer is
/// when that may change by itself next.
pub fn again(
    conn: &mut TenantConnection,
    lead: &mut Lead,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let answers = qualification_answers::list_of_lead(conn, lead.id)?;
    if answers.is_empty() && lead.verdict.is_none() {
        return Ok(None);
    }
    let activities = decide_lead::activities_of(conn, lead.id, rules)?;
    let before = lead.clone();
    let decided = decide(lead, &answers, &activities, rules, now);
    if *lead != before {
        decisions::insert_all(conn, &decided.decisions.iter().collect::<Vec<_>>())?;
        let decision_id = decided.decisions.first().map(|one| one.id);
        let cause = Cause::decision(decision_id.unwrap_or_default());
        let whose = (&Provenance::by_itself(cause), now);
        write(conn, &before, lead, &decided, rules, whose)?;
    }
    Ok(decided.qualification.and_then(|found| found.next_change_at))
}
