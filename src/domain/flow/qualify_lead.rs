//! Takes in answers of leads, and says what they amount to.

use crate::domain::activity::Activity;
use crate::domain::capture::{begin_change, event};
use crate::domain::capture_draft::clean_value;
use crate::domain::condition::Facts;
use crate::domain::decision::{Basis, Decided, Decision, Finding};
use crate::domain::entry;
use crate::domain::event::{Actor, Cause, Event, EventType, Provenance};
use crate::domain::flow::change_lead::check_version;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::own_lead;
use crate::domain::flow::score_lead::News;
use crate::domain::flow::{assess, clocks, decide_lead, reach};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::qualification::{
    Answer, AnswerEvidence, AnswerSource, AnswerState, Framework, Qualification, ReadingHints,
    Withdrawal, qualify, stage_move,
};
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::domain::stage::{Stage, StageKind};
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{
    activities, decisions, lead_history, lead_scores, leads, outbox, qualification_answers,
};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::time::Instant;
use uuid::Uuid;

/// What a verdict changes of a lead.
const QUALIFIED: [&str; 5] = [
    "verdict",
    "stage",
    "stage_kind",
    "stage_changed_at",
    "disqualify_reason",
];

/// Why a lead is disqualified that its answers disqualify.
const BY_VERDICT: &str = "verdict";

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
                given: clean_value(given.clone()),
                read: read.read,
                stated: None,
                source: said.source,
                evidence: said.evidence.clone(),
                confidence_permille: read.confidence_permille,
                at: said.at,
                actor: Some(by.clone()),
                withdrawn: false,
                withdrawal: None,
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

/// An event and what it says of the lead are no more than this apart.
const SAME_MOVE: TimeDelta = TimeDelta::seconds(1);

/// When a verdict moves a lead to the stage that follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// Also when it is the same as before: somebody has answered, or the lead waits where a verdict brought it.
    Always,
    /// When it is another: a person has chosen the stage in which the lead is.
    OfAnotherVerdict,
}

/// What answers of a lead amount to; the lead takes the verdict, and the stage that follows from it. A lead of which nothing
/// was ever known has none, and no decision is kept; nor has one whose answers are all gone.
pub fn decide(
    lead: &mut Lead,
    answers: &[Answer],
    activities: &[Activity],
    moves: Moves,
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
    let states = found.criteria.iter().map(|one| one.state);
    let is_known = states.into_iter().any(|one| one != AnswerState::Unknown);
    if !is_known && lead.verdict.is_none() {
        return Decided {
            qualification: Some(found),
            ..Decided::default()
        };
    }
    let is_answered = answers.iter().any(|answer| !answer.withdrawn);
    let before = lead.verdict;
    lead.verdict = (is_known || is_answered).then_some(found.verdict);
    let is_moved = moves == Moves::Always || lead.verdict != before;
    let kind = stage_move(framework, lead.stage_kind, found.verdict);
    if let Some(kind) = kind.filter(|_| is_moved) {
        let facts = Facts { lead, activities };
        let fits = |stage: &&Stage| {
            stage.kind == kind
                && !stage.archived
                && entry::admits(stage, rules, &facts, &found.criteria, now)
        };
        if let Some(stage) = rules.pipeline.stages.iter().find(fits) {
            lead.stage.clone_from(&stage.key);
            lead.stage_kind = kind;
            lead.stage_changed_at = now.trunc_subsecs(6);
            let is_lost = kind == StageKind::Disqualified;
            lead.disqualify_reason = is_lost.then(|| BY_VERDICT.to_owned());
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
        json!({"reason": "qualification", "verdict": lead.verdict, "met": found.met, "missing": found.missing, "decision_id": decision_id})
    });
    Some(happened)
}

/// The event of answers, in a change of the lead that was begun.
pub fn answered(lead: &mut Lead, new: &[(Uuid, Answer)], decided: &Decided) -> Event {
    let answers: Vec<&Answer> = new.iter().map(|(_, answer)| answer).collect();
    let mut happened = event(EventType::LeadAnswered, lead, Vec::new(), &mut ProcessIds);
    happened.data = Some(amount_to(lead, &answers, decided));
    happened
}

/// The event of an answer that is taken back, in a change of the lead that was begun.
fn taken_back(lead: &mut Lead, answer: &Answer, reason: &str, decided: &Decided) -> Event {
    let kind = EventType::LeadAnswerWithdrawn;
    let mut happened = event(kind, lead, Vec::new(), &mut ProcessIds);
    let mut data = amount_to(lead, &[answer], decided);
    data["reason"] = json!(reason);
    happened.data = Some(data);
    happened
}

/// Which answers an event is about, and what all of the lead's amount to after it.
fn amount_to(lead: &Lead, answers: &[&Answer], decided: &Decided) -> Value {
    let ids: Vec<Uuid> = answers.iter().map(|answer| answer.id).collect();
    let criteria: Vec<&str> = answers.iter().map(|one| one.criterion.as_str()).collect();
    let found = decided.qualification.as_ref();
    json!({
        "answer_ids": ids, "criteria": criteria, "verdict": lead.verdict,
        "met": found.map(|found| &found.met), "missing": found.map(|found| &found.missing),
        "decision_id": decided.decisions.first().map(|decision| decision.id),
    })
}

/// Adds answers to a lead: they are kept as said, told, and the lead is qualified and scored anew.
///
/// # Errors
/// As [`read`]; an activity that is none of the lead's, by its pointer.
pub fn answer(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    said: &Said,
    by: &OnBehalf,
) -> Result<Qualified> {
    let before = reach::lock(conn, lead_id, &by.visible)?;
    check_evidence(conn, lead_id, &said.evidence)?;
    let read = read(framework(&by.rules)?, said, &before, &by.provenance.actor);
    let new = read.map_err(Error::Invalid)?;
    let mut lead = before.clone();
    if new.is_empty() {
        again(conn, &mut lead, &by.rules, by.now)?;
        return show(conn, lead, by);
    }
    let new: Vec<(Uuid, Answer)> = new.into_iter().map(|answer| (lead_id, answer)).collect();
    qualification_answers::insert_all(conn, &new)?;
    let said = |lead: &mut Lead, decided: &Decided| answered(lead, &new, decided);
    settle(conn, &before, said, by)
}

/// Takes an answer of a lead back: it stays, is told, counts for nothing any more, and the lead is qualified and scored anew. Doing
/// it twice changes nothing.
///
/// # Errors
/// [`Error::NotFound`] when the lead has no such answer; [`Error::VersionMismatch`] when `expected` does not hold.
pub fn withdraw(
    conn: &mut TenantConnection,
    (lead_id, answer_id): (Uuid, Uuid),
    reason: &str,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Qualified> {
    let lead = reach::lock(conn, lead_id, &by.visible)?;
    check_version(&lead, expected)?;
    let answer = qualification_answers::get(conn, lead_id, answer_id)?;
    if answer.withdrawn {
        return show(conn, lead, by);
    }
    let withdrawal = Withdrawal {
        at: by.now,
        actor: by.provenance.actor.clone(),
        reason: reason.to_owned(),
    };
    qualification_answers::withdraw(conn, answer_id, &withdrawal)?;
    let said = |lead: &mut Lead, decided: &Decided| taken_back(lead, &answer, reason, decided);
    settle(conn, &lead, said, by)
}

/// Qualifies and scores a lead anew whose answers have just changed, and which is locked; `said` is the event of that.
fn settle(
    conn: &mut TenantConnection,
    before: &Lead,
    said: impl FnOnce(&mut Lead, &Decided) -> Event,
    by: &OnBehalf,
) -> Result<Qualified> {
    let mut lead = before.clone();
    begin_change(&mut lead, by.now);
    let answers = qualification_answers::list_of_lead(conn, lead.id)?;
    let activities = decide_lead::activities_of(conn, lead.id, &by.rules)?;
    let moves = Moves::Always;
    let decided = decide(&mut lead, &answers, &activities, moves, &by.rules, by.now);
    decisions::insert_all(conn, &decided.decisions.iter().collect::<Vec<_>>())?;
    let said = said(&mut lead, &decided);
    let told = told(before, &mut lead, &decided);
    let found = decided.qualification;
    let found = found.ok_or_else(|| Error::internal("no qualification"))?;
    let events: Vec<&Event> = std::iter::once(&said).chain(&told).collect();
    let known = lead_scores::list_of_leads(conn, &[lead.id])?.pop();
    let mut record = known.clone().unwrap_or_else(|| ScoreRecord::begin(lead.id));
    record.follow_verdict(found.next_change_at);
    let whose = (&by.provenance, by.now);
    assess::save(
        conn,
        (before, &mut lead),
        &events,
        (known, record),
        News::Lead,
        by,
    )?;
    end_clocks(conn, before, &lead, &by.rules, whose)?;
    own_lead::accept_by_work(conn, &mut lead, by)?;
    Ok(Qualified {
        lead,
        answers,
        qualification: found,
    })
}

/// Refuses evidence that is none.
fn check_evidence(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    evidence: &AnswerEvidence,
) -> Result<()> {
    let Some(activity_id) = evidence.activity_id else {
        return Ok(());
    };
    match activities::find(conn, activity_id)? {
        Some(activity) if activity.lead_id == lead_id => Ok(()),
        _ => Err(Error::Invalid(vec![FieldError::new(
            "/activity_id",
            "unknown_activity",
            "an answer rests on an activity of this lead",
        )])),
    }
}

/// Writes and tells what a verdict changed of a lead, which is locked, and ends its clocks.
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
    end_clocks(conn, before, lead, rules, (provenance, now))
}

/// Clocks of a lead that waited for a verdict are met, and all end where the lead is over by it.
pub fn end_clocks(
    conn: &mut TenantConnection,
    before: &Lead,
    lead: &Lead,
    rules: &Rules,
    (provenance, now): (&Provenance, DateTime<Utc>),
) -> Result<()> {
    clocks::qualified(conn, lead, rules, provenance, now)?;
    if !before.is_over() {
        clocks::cancel_if_over(conn, lead, rules, provenance, now)?;
    }
    Ok(())
}

/// Says anew what the answers of a lead amount to, which is locked and takes the verdict; whoever calls writes the lead. A
/// decision is kept where that changes the lead. There is no qualification where nothing can be known of it.
pub fn reconsider(
    conn: &mut TenantConnection,
    lead: &mut Lead,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Decided> {
    let answers = qualification_answers::list_of_lead(conn, lead.id)?;
    if !can_be_known(lead, &answers, rules) {
        return Ok(Decided::default());
    }
    let activities = decide_lead::activities_of(conn, lead.id, rules)?;
    let before = lead.clone();
    let moves = moves_of(conn, lead, rules)?;
    let decided = decide(lead, &answers, &activities, moves, rules, now);
    if *lead != before {
        decisions::insert_all(conn, &decided.decisions.iter().collect::<Vec<_>>())?;
    }
    Ok(decided)
}

/// Whether the verdict that a lead has may move it: where a stage waits for something, as long as nobody else has moved it.
pub fn moves_of(conn: &mut TenantConnection, lead: &Lead, rules: &Rules) -> Result<Moves> {
    if !rules.pipeline.has_criteria() {
        return Ok(Moves::OfAnotherVerdict);
    }
    if lead.stage_changed_at <= lead.created_at {
        // It is where it came in.
        return Ok(Moves::Always);
    }
    // What is not in the history yet may be anybody's.
    let latest = lead_history::find_latest_move(conn, lead.id)?;
    let is_by_verdict = latest.is_some_and(|latest| {
        latest.decision_id.is_some() && latest.occurred_at + SAME_MOVE >= lead.stage_changed_at
    });
    Ok(match is_by_verdict {
        true => Moves::Always,
        false => Moves::OfAnotherVerdict,
    })
}

/// Whether there is anything from which to say what a lead amounts to, or anything that was said.
pub fn can_be_known(lead: &Lead, answers: &[Answer], rules: &Rules) -> bool {
    let framework = rules.playbook.framework.as_deref();
    !answers.is_empty() || lead.verdict.is_some() || framework.is_some_and(Framework::infers)
}

/// Says anew what the answers of a lead amount to, which is locked: time has passed, or other answers belong to it. The answer is
/// when that may change by itself next.
pub fn again(
    conn: &mut TenantConnection,
    lead: &mut Lead,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let before = lead.clone();
    let decided = reconsider(conn, lead, rules, now)?;
    let found = decided.qualification.as_ref();
    if *lead != before {
        let decision_id = decided.decisions.first().map(|one| one.id);
        let cause = Cause::decision(decision_id.unwrap_or_default());
        let whose = (&Provenance::by_itself(cause), now);
        write(conn, &before, lead, &decided, rules, whose)?;
    }
    Ok(found.and_then(|found| found.next_change_at))
}
