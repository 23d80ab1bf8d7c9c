//! Goes on with the clocks of leads: fires what is due, and ends what nobody waits for any more.

use crate::domain::activity::Activity;
use crate::domain::assignment::Step;
use crate::domain::calendar::Calendar;
use crate::domain::event::{Cause, Event, EventType, Provenance};
use crate::domain::flow::decide_lead::{self, Decider};
use crate::domain::flow::escalate::{self, Teams};
use crate::domain::flow::let_go;
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::rule_document::{RuleDocument, RuleKind};
use crate::domain::rules::Rules;
use crate::domain::sla::{
    Action, CalendarUsed, Clock, ClockEvent, ClockKind, Trigger, ZoneOf, calendar_of, meets,
};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{assignments, leads, outbox, rule_documents, sla_clocks};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// Fires what is due of the clocks of leads, with its effects; the answer is how many clocks did something.
///
/// The leads are locked before their clocks, here as wherever clocks change: so what is fired is fired once, whoever else
/// looks at the same moment.
pub fn fire_due(
    conn: &mut TenantConnection,
    lead_ids: &[Uuid],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<usize> {
    let leads = leads::lock_by_ids(conn, lead_ids)?;
    fire(conn, leads, rules, now)
}

/// As [`fire_due`], of those of the leads that nobody else is at: workers do not wait for each other.
pub fn fire_due_of_free(
    conn: &mut TenantConnection,
    lead_ids: &[Uuid],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<usize> {
    let leads = leads::lock_free_by_ids(conn, lead_ids)?;
    fire(conn, leads, rules, now)
}

/// Clocks and what is told of them are written together at the end: a worker has hundreds at a time.
fn fire(
    conn: &mut TenantConnection,
    leads: Vec<Lead>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<usize> {
    let ids: Vec<Uuid> = leads.iter().map(|lead| lead.id).collect();
    let mut leads: HashMap<Uuid, Lead> = leads.into_iter().map(|lead| (lead.id, lead)).collect();
    let mut decider = Decider::default();
    let (mut changed, mut told, mut teams) = (Vec::new(), Vec::new(), Teams::default());
    for mut clock in sla_clocks::lock_open_of(conn, &ids)? {
        let Some(lead) = leads.get_mut(&clock.lead_id) else {
            continue;
        };
        let happened = if lead.deleted_at.is_some() {
            let calendar = counted_by(conn, &clock.calendar, rules)?;
            clock.cancel("the lead is deleted", now, &calendar)
        } else {
            clock.fire(now)
        };
        if happened.is_empty() {
            continue;
        }
        let by = Provenance::by_itself(Cause::clock(clock.id));
        let events = events(conn, lead, &clock, &happened, &mut teams, rules, now)?;
        told.extend(events.into_iter().map(|event| (event, by.clone())));
        if happened.iter().any(reassigns) {
            take_back(conn, &mut decider, lead, &clock, rules, now)?;
        }
        escalate::make_tasks(conn, lead, &clock, &happened, rules, &by, now)?;
        changed.push(clock);
    }
    sla_clocks::update_all(conn, &changed)?;
    let told: Vec<(&Event, &Provenance)> = told.iter().map(|(event, by)| (event, by)).collect();
    outbox::add_all(conn, &told)?;
    decider.save(conn)?;
    Ok(changed.len())
}

fn reassigns(event: &ClockEvent) -> bool {
    matches!(event, ClockEvent::Warned { actions, .. } if actions.contains(&Action::Reassign {}))
}

/// The calendar that a clock counts by, in the version that it counts by; around the clock where that cannot be read any
/// more.
pub fn counted_by(
    conn: &mut TenantConnection,
    used: &CalendarUsed,
    rules: &Rules,
) -> Result<Calendar> {
    let Some(key) = &used.key else {
        return Ok(Calendar::default());
    };
    let known = rules.playbook.calendars.get(key);
    let known = known.filter(|known| Some(known.version) == used.version);
    let calendar = match (known, used.version) {
        (Some(known), _) => Some(known.calendar.clone()),
        (None, Some(version)) => {
            let named = [(RuleKind::Calendar, key.as_str(), version)];
            let found = rule_documents::list_versions(conn, &named)?;
            let document = found.first().map(|version| &version.document);
            document.and_then(|document| match document {
                RuleDocument::Calendar(document) => Calendar::compile(document).ok(),
                _ => None,
            })
        }
        (None, None) => None,
    };
    Ok(match (calendar, used.zone.parse()) {
        (Some(calendar), Ok(zone)) => calendar.in_zone(zone),
        (calendar, _) => calendar.unwrap_or_default(),
    })
}

/// Tells what happened to a clock; the lead itself stays as it is.
pub(super) fn tell(
    conn: &mut TenantConnection,
    lead: &Lead,
    clock: &Clock,
    happened: &[ClockEvent],
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut teams = Teams::default();
    let events = events(conn, lead, clock, happened, &mut teams, rules, now)?;
    let events: Vec<(&Event, &Provenance)> =
        events.iter().map(|event| (event, provenance)).collect();
    outbox::add_all(conn, &events)
}

/// The events of what happened to a clock.
pub(super) fn events(
    conn: &mut TenantConnection,
    lead: &Lead,
    clock: &Clock,
    happened: &[ClockEvent],
    teams: &mut Teams,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<Event>> {
    let mut events = Vec::with_capacity(happened.len());
    for what in happened {
        let Some(kind) = EventType::from_name(what.name()) else {
            continue;
        };
        let mut data = told(clock, what);
        if let ClockEvent::Warned { actions, .. } = what {
            let recipients = escalate::recipients(conn, lead, actions, teams, rules)?;
            data["recipients"] = json!(recipients);
        }
        let id = ProcessIds.next(now.max(lead.updated_at));
        events.push(Event {
            id,
            kind,
            lead_id: lead.id,
            version: lead.version,
            occurred_at: time_of(id),
            changes: Vec::new(),
            data: Some(data),
        });
    }
    Ok(events)
}

fn told(clock: &Clock, what: &ClockEvent) -> Value {
    json!({"clock_id": clock.id, "clock": clock.kind, "key": clock.key, "due_at": clock.due_at, "happened": what})
}

/// Takes a lead from its owner, who let it wait, and gives it to somebody else.
fn take_back(
    conn: &mut TenantConnection,
    decider: &mut Decider,
    lead: &mut Lead,
    clock: &Clock,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<()> {
    let step = Step::TakeBack {
        reason: format!("the clock `{}` was breached", clock.key),
    };
    let by = Provenance::by_itself(Cause::clock(clock.id));
    let_go::let_go(conn, decider, lead, &step, rules, (&by, now))?;
    Ok(())
}

/// A person turned to a lead, which is locked: clocks that waited for that are met, and `next_touch` starts anew.
pub fn meet(
    conn: &mut TenantConnection,
    lead: &Lead,
    activity: &Activity,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let by_person = is_by_person(activity);
    let mut is_touch = false;
    for mut clock in sla_clocks::lock_open_of(conn, &[lead.id])? {
        is_touch |= meets(clock.kind, activity, by_person);
        if !clock.is_met_by(activity, by_person) {
            continue;
        }
        let calendar = counted_by(conn, &clock.calendar, rules)?;
        let happened = clock.meet(activity.occurred_at, &calendar);
        sla_clocks::update(conn, &clock)?;
        tell(conn, lead, &clock, &happened, rules, provenance, now)?;
    }
    if is_touch {
        let activities = decide_lead::activities_of(conn, lead.id, rules)?;
        let started = decide_lead::start_clocks(lead, &activities, Trigger::Touched, rules, now);
        decide_lead::keep(conn, &started)?;
    }
    Ok(())
}

/// How clocks end.
#[derive(Clone, Copy)]
enum Ending<'a> {
    /// What they waited for has happened.
    Met,
    /// Nobody waits any more, for a reason.
    Cancelled(&'a str),
}

/// Ends the open clocks of a lead, which is locked: those of a kind, or all.
fn end(
    conn: &mut TenantConnection,
    lead: &Lead,
    kind: Option<ClockKind>,
    ending: Ending,
    rules: &Rules,
    (provenance, now): (&Provenance, DateTime<Utc>),
) -> Result<()> {
    for mut clock in sla_clocks::lock_open_of(conn, &[lead.id])? {
        if kind.is_some_and(|kind| clock.kind != kind) {
            continue;
        }
        let calendar = counted_by(conn, &clock.calendar, rules)?;
        let happened = match ending {
            Ending::Met => clock.meet(now, &calendar),
            Ending::Cancelled(reason) => clock.cancel(reason, now, &calendar),
        };
        sla_clocks::update(conn, &clock)?;
        tell(conn, lead, &clock, &happened, rules, provenance, now)?;
    }
    Ok(())
}

/// There is a verdict about a lead, which is locked: clocks that waited for one are met.
pub fn qualified(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    if !decide_lead::is_judged(lead) {
        return Ok(());
    }
    let by = (provenance, now);
    end(conn, lead, Some(ClockKind::Qualify), Ending::Met, rules, by)
}

/// A lead, which is locked, was accepted: clocks that waited for that are met.
pub fn accepted(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let by = (provenance, now);
    end(conn, lead, Some(ClockKind::Accept), Ending::Met, rules, by)
}

/// Nobody waits any more for a lead, which is locked, to be accepted by whom it was offered to.
pub fn end_offers(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let ending = Ending::Cancelled("it goes to somebody else");
    let by = (provenance, now);
    end(conn, lead, Some(ClockKind::Accept), ending, rules, by)
}

/// Nobody waits for a lead any more, which is locked: its clocks end.
pub fn cancel(
    conn: &mut TenantConnection,
    lead: &Lead,
    reason: &str,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let (ending, by) = (Ending::Cancelled(reason), (provenance, now));
    end(conn, lead, None, ending, rules, by)
}

/// Whether a person did it: what a program notes down is taken for a person's, unless it says `"automatic": true`.
pub fn is_by_person(activity: &Activity) -> bool {
    let is_automatic = activity.properties.get("automatic") == Some(&Value::Bool(true));
    matches!(activity.actor.kind.as_str(), "user" | "api_key") && !is_automatic
}

/// Somebody said by hand who has a lead: who had it has it no longer.
pub fn hand_over(
    conn: &mut TenantConnection,
    lead: &Lead,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    let reason = reason.unwrap_or("given to somebody else by hand");
    end_assignments(conn, lead, reason, now)?;
    match lead.owner_id {
        Some(user_id) => {
            let record = decide_lead::given(lead.id, user_id, None, now);
            assignments::insert_all(conn, &[&record])
        }
        None => Ok(()),
    }
}

/// A lead, which is locked, has another owner or team: clocks that count by their zone go on in it. One that has something to
/// do at this moment does that first, where it is.
pub fn follow_owner(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let playbook = &rules.playbook;
    let zones = decide_lead::zones_of(lead, &playbook.roster);
    for mut clock in sla_clocks::lock_open_of(conn, &[lead.id])? {
        let (Some(key), Some(zone)) = (&clock.calendar.key, playbook.policy.zone_of(&clock.key))
        else {
            continue;
        };
        let is_theirs = matches!(zone, ZoneOf::Owner | ZoneOf::Team);
        let is_due = clock.next_fire_at.is_some_and(|at| at <= now);
        let Some(known) = playbook.calendars.get(key).filter(|_| is_theirs && !is_due) else {
            continue;
        };
        let (calendar, used) = calendar_of(key, known, zone, &zones);
        if used.zone == clock.calendar.zone {
            continue;
        }
        let old = counted_by(conn, &clock.calendar, rules)?;
        if let Ok(happened) = clock.recompute(&old, &calendar, used, now) {
            sla_clocks::update(conn, &clock)?;
            tell(conn, lead, &clock, &happened, rules, provenance, now)?;
        }
    }
    Ok(())
}

/// Whoever has a lead has it no longer.
pub fn end_assignments(
    conn: &mut TenantConnection,
    lead: &Lead,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    for mut record in assignments::list_of_lead(conn, lead.id)? {
        let step = Step::End {
            reason: reason.to_owned(),
        };
        if let Ok(ended) = record.assignment.step(step, now) {
            record.assignment = ended;
            assignments::update(conn, &record)?;
        }
    }
    Ok(())
}
