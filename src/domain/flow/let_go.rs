//! Leads that somebody lets go: they said no, did not accept in time, did nothing, or let a clock run out. Each goes to
//! somebody else, and never to nobody (promise P3).

use crate::domain::activity::Activity;
use crate::domain::assignment::{Assignment, Step};
use crate::domain::capture::{begin_change, event};
use crate::domain::decision::{AssignmentRecord, Decided, Finding};
use crate::domain::event::{Cause, EventType, Provenance};
use crate::domain::flow::clocks;
use crate::domain::flow::decide_lead::{self, Decider};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::rules;
use crate::domain::ids::ProcessIds;
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{assignments, decisions, lead_history, leads, outbox};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// Leads of one transaction.
const BATCH: i64 = 100;

/// Takes a lead, which is locked, from who has it, and routes it again without those who let it go. The turn goes back to
/// them where the pool says so.
pub fn let_go(
    conn: &mut TenantConnection,
    decider: &mut Decider,
    lead: &mut Lead,
    step: &Step,
    rules: &Rules,
    (provenance, now): (&Provenance, DateTime<Utc>),
) -> Result<Decided> {
    // Also where no record says who had it: it may be older than the records.
    let mut gone: Vec<Uuid> = lead.owner_id.into_iter().collect();
    let mut reason = reason_of(step);
    for mut record in assignments::list_of_lead(conn, lead.id)? {
        // Nobody else lets it go.
        let is_theirs = lead.owner_id == Some(record.assignment.user_id);
        let step = match is_theirs {
            true => step.clone(),
            false => Step::End {
                reason: "somebody else has the lead".to_owned(),
            },
        };
        if let Ok(ended) = record.assignment.step(step, now) {
            record.assignment = ended;
            if is_theirs {
                reason = record.assignment.reason.clone().or(reason);
            }
            assignments::update(conn, &record)?;
            give_back_turn(conn, decider, &record, rules)?;
        }
        if record.assignment.state.let_go().is_some() {
            gone.push(record.assignment.user_id);
        }
    }
    clocks::end_offers(conn, lead, rules, provenance, now)?;
    let before = lead.clone();
    let activities = decide_lead::activities_of(conn, lead.id, rules)?;
    let decided = decider.route(conn, lead, &activities, &gone, rules, now)?;
    let changes = differences(&before, lead);
    if !changes.is_empty() {
        begin_change(lead, now);
        let mut happened = event(EventType::LeadAssigned, lead, changes, &mut ProcessIds);
        let decision_id = decided.routed().map(|(id, _)| id);
        happened.data = Some(json!({"reason": reason, "decision_id": decision_id}));
        leads::update(conn, &before, lead, rules)?;
        outbox::add_all(conn, &[(&happened, provenance)])?;
        clocks::follow_owner(conn, lead, rules, provenance, now)?;
    }
    decide_lead::keep(conn, &decided)?;
    Ok(decided)
}

/// Routes a lead, which is locked, again, to somebody else than who has it; also one that nobody has.
pub fn route_anew(
    conn: &mut TenantConnection,
    lead: &Lead,
    reason: Option<&str>,
    by: &OnBehalf,
) -> Result<Lead> {
    let mut lead = lead.clone();
    let mut decider = Decider::default();
    let step = Step::TakeBack {
        reason: reason.unwrap_or("given to somebody else").to_owned(),
    };
    let whose = (&by.provenance, by.now);
    let_go(conn, &mut decider, &mut lead, &step, &by.rules, whose)?;
    decider.save(conn)?;
    Ok(lead)
}

fn reason_of(step: &Step) -> Option<String> {
    match step {
        Step::Reject { reason } | Step::TakeBack { reason } | Step::End { reason } => {
            Some(reason.clone())
        }
        Step::Accept | Step::TimeOut => None,
    }
}

fn give_back_turn(
    conn: &mut TenantConnection,
    decider: &mut Decider,
    record: &AssignmentRecord,
    rules: &Rules,
) -> Result<()> {
    let (Some(how), Some(decision_id)) = (record.assignment.state.let_go(), record.decision_id)
    else {
        return Ok(());
    };
    let decision = decisions::get(conn, decision_id)?;
    match &decision.finding {
        Finding::Routing(routed) => decider.give_back_turn(conn, &rules.playbook, routed, how),
        _ => Ok(()),
    }
}

/// Looks at leads that are offered or taken for hoarded, which may be in order by now; the answer is how many were let go.
pub fn look(
    conn: &mut TenantConnection,
    lead_ids: &[Uuid],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<usize> {
    let mut decider = Decider::default();
    let mut let_go_of = 0;
    for mut lead in leads::lock_by_ids(conn, lead_ids)? {
        for record in assignments::list_of_lead(conn, lead.id)? {
            let assignment = &record.assignment;
            if !assignment.state.is_open() {
                continue;
            }
            let last = last_deed(conn, &lead, assignment)?;
            let is_waited_for = lead.is_open() && lead.owner_id == Some(assignment.user_id);
            match assignment.look_at(last).filter(|_| is_waited_for) {
                Some(at) if at <= now => {
                    let step = step_of(assignment);
                    let by = Provenance::by_itself(Cause::assignment(record.id));
                    let_go(conn, &mut decider, &mut lead, &step, rules, (&by, now))?;
                    let_go_of += 1;
                    break;
                }
                later => assignments::look_later(conn, record.id, later)?,
            }
        }
    }
    decider.save(conn)?;
    Ok(let_go_of)
}

/// Gives leads to others that came to a user who was just disabled: whoever decided did not know it yet. The answer is how many.
pub fn leave_the_gone(
    conn: &mut TenantConnection,
    user_id: Uuid,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<usize> {
    let found = assignments::list_leads_given_since(conn, user_id, since, BATCH)?;
    if found.is_empty() {
        return Ok(0);
    }
    // As the database has it: it is about who was there a moment ago.
    let rules = rules::load(conn)?;
    let mut decider = Decider::default();
    let mut given = 0;
    for mut lead in leads::lock_by_ids(conn, &found)? {
        if !lead.is_open() || lead.owner_id != Some(user_id) {
            continue;
        }
        let current = assignments::list_of_lead(conn, lead.id)?.into_iter().next();
        let Some(record) = current else {
            continue;
        };
        let step = Step::TakeBack {
            reason: "its owner was disabled".to_owned(),
        };
        let by = Provenance::by_itself(Cause::assignment(record.id));
        let_go(conn, &mut decider, &mut lead, &step, &rules, (&by, now))?;
        given += 1;
    }
    decider.save(conn)?;
    Ok(given)
}

fn step_of(assignment: &Assignment) -> Step {
    match assignment.take_back_after_idle_hours {
        Some(hours) if assignment.accepted_at.is_some() => Step::TakeBack {
            reason: format!("nothing was done with it for {hours} hours"),
        },
        _ => Step::TimeOut,
    }
}

/// When the owner last did something with the lead, whatever it was. What a program has noted as a person's turning to the lead
/// counts for them: it does not say whose it was.
fn last_deed(
    conn: &mut TenantConnection,
    lead: &Lead,
    assignment: &Assignment,
) -> Result<Option<DateTime<Utc>>> {
    if assignment.take_back_after_idle_hours.is_none() {
        return Ok(None);
    }
    let own = lead_history::find_latest_of_user(conn, lead.id, assignment.user_id)?;
    let by_program = |touch: &Activity| touch.actor.kind == "api_key";
    Ok(own.max(clocks::latest_touch(conn, lead.id, by_program)?))
}
