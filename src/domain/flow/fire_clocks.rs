//! Fires clocks that are due, with the effects of their escalations.

use crate::domain::assignment::Step;
use crate::domain::event::{Cause, Event, Provenance};
use crate::domain::flow::clocks::{self, counted_by, events};
use crate::domain::flow::decide_lead::Decider;
use crate::domain::flow::escalate::{self, Teams};
use crate::domain::flow::let_go;
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::domain::sla::{Action, Clock, ClockEvent};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{leads, outbox, sla_clocks};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::{HashMap, HashSet};
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

/// A clock that did something.
struct Fired {
    clock: Clock,
    by: Provenance,
    happened: Vec<ClockEvent>,
    told: Vec<Event>,
}

/// Clocks and what is told of them are written together: a worker has hundreds at a time. The clocks come first: giving a lead
/// to somebody else ends some of them and moves others.
fn fire(
    conn: &mut TenantConnection,
    leads: Vec<Lead>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<usize> {
    let ids: Vec<Uuid> = leads.iter().map(|lead| lead.id).collect();
    let mut leads: HashMap<Uuid, Lead> = leads.into_iter().map(|lead| (lead.id, lead)).collect();
    let mut teams = Teams::default();
    let mut fired = Vec::new();
    for mut clock in sla_clocks::lock_open_of(conn, &ids)? {
        let Some(lead) = leads.get(&clock.lead_id) else {
            continue;
        };
        let happened = match clocks::nobody_waits(lead) {
            Some(reason) => {
                let calendar = counted_by(conn, &clock.calendar, rules)?;
                clock.cancel(&reason, now, &calendar)
            }
            None => clock.fire(now),
        };
        if !happened.is_empty() {
            let told = events(conn, lead, &clock, &happened, &mut teams, rules, now)?;
            fired.push(Fired {
                by: Provenance::by_itself(Cause::clock(clock.id)),
                clock,
                happened,
                told,
            });
        }
    }
    let changed: Vec<Clock> = fired.iter().map(|one| one.clock.clone()).collect();
    sla_clocks::update_all(conn, &changed)?;
    let mut decider = Decider::default();
    // Who gets a lead let nothing wait yet: it is taken from one owner only, however many of its clocks say so.
    let mut taken = HashSet::new();
    for one in &mut fired {
        let clock = &one.clock;
        let Some(lead) = leads.get_mut(&clock.lead_id) else {
            continue;
        };
        if let Some(reason) = reason_to_take_back(clock, &one.happened)
            && taken.insert(lead.id)
        {
            let step = Step::TakeBack { reason };
            let_go::let_go(conn, &mut decider, lead, &step, rules, (&one.by, now))?;
        }
        tell_the_next(conn, lead, one, &mut teams, rules)?;
        escalate::make_tasks(conn, lead, &one.clock, &one.happened, rules, &one.by, now)?;
    }
    let told = fired
        .iter()
        .flat_map(|one| one.told.iter().map(|event| (event, &one.by)));
    let told: Vec<(&Event, &Provenance)> = told.collect();
    outbox::add_all(conn, &told)?;
    decider.save(conn)?;
    Ok(fired.len())
}

/// Why a lead is taken from its owner, where an escalation says that it is.
fn reason_to_take_back(clock: &Clock, happened: &[ClockEvent]) -> Option<String> {
    happened.iter().find_map(|event| match event {
        ClockEvent::Warned {
            at_percent,
            actions,
            ..
        } if actions.contains(&Action::Reassign {}) => Some(match at_percent {
            100.. => format!("the clock `{}` was breached", clock.key),
            _ => format!("the clock `{}` was at {at_percent} %", clock.key),
        }),
        _ => None,
    })
}

/// Actions behind a reassignment are for who has the lead now.
fn tell_the_next(
    conn: &mut TenantConnection,
    lead: &Lead,
    fired: &mut Fired,
    teams: &mut Teams,
    rules: &Rules,
) -> Result<()> {
    // Each of what happened is told by one event.
    for (what, event) in fired.happened.iter().zip(&mut fired.told) {
        let ClockEvent::Warned { actions, .. } = what else {
            continue;
        };
        let (_, behind) = escalate::around_reassignment(actions);
        let more = escalate::recipients(conn, lead, behind, teams, rules)?;
        let data = event
            .data
            .as_mut()
            .and_then(|data| data.get_mut("recipients"));
        let Some(known) = data.and_then(|known| known.as_array_mut()) else {
            continue;
        };
        for id in more.into_iter().map(|id| json!(id)) {
            if !known.contains(&id) {
                known.push(id);
            }
        }
    }
    Ok(())
}
