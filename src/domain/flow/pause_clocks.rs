//! Lets clocks stand still, and go on: a person is on leave, a contract waits for the other side.

use crate::domain::calendar::Calendar;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::{clocks, fire_clocks, reach};
use crate::domain::lead::Lead;
use crate::domain::sla::{CalendarUsed, Clock, ClockEvent, ClockState};
use crate::error::{Conflict, Result};
use crate::store::pool::TenantConnection;
use crate::store::{leads, sla_clocks};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Which clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// This one.
    Clock(Uuid),
    /// All of a lead that have not ended.
    OfLead(Uuid),
}

/// Pauses clocks; the answer is how they are then. What is due fires first. One that stands still already keeps its reason.
///
/// # Errors
/// A conflict when a single clock has ended.
pub fn pause(
    conn: &mut TenantConnection,
    which: Which,
    reason: &str,
    by: &OnBehalf,
) -> Result<Vec<Clock>> {
    let lead = lock(conn, which, by)?;
    fire_clocks::fire_due(conn, &[lead.id], &by.rules, by.now)?;
    each(conn, lead.id, which, by, |clock, calendar| {
        clock.pause(reason, by.now, calendar)
    })
}

/// Lets paused clocks go on with the time they have left; the answer is how they are then.
///
/// # Errors
/// A conflict when a single clock has ended.
pub fn resume(conn: &mut TenantConnection, which: Which, by: &OnBehalf) -> Result<Vec<Clock>> {
    let lead = lock(conn, which, by)?;
    each(conn, lead.id, which, by, |clock, calendar| {
        go_on(clock, calendar, by.now)
    })
}

fn lock(conn: &mut TenantConnection, which: Which, by: &OnBehalf) -> Result<Lead> {
    match which {
        Which::OfLead(id) => reach::lock(conn, id, &by.visible),
        Which::Clock(id) => {
            let lead_id = sla_clocks::get(conn, id)?.lead_id;
            reach::lock_for(conn, lead_id, &by.visible, "clock", id)
        }
    }
}

fn each(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    which: Which,
    by: &OnBehalf,
    step: impl Fn(&mut Clock, &Calendar) -> Vec<ClockEvent>,
) -> Result<Vec<Clock>> {
    // What fired may have changed the lead.
    let lead = leads::get(conn, lead_id)?;
    let mut found = sla_clocks::lock_open_of(conn, &[lead_id])?;
    if let Which::Clock(id) = which {
        found.retain(|clock| clock.id == id);
        if found.is_empty() {
            let state = sla_clocks::get(conn, id)?.state;
            return Err(Conflict::ClockEnded {
                state: state.as_str(),
            }
            .into());
        }
    }
    for clock in &mut found {
        let calendar = clocks::counted_by(conn, &clock.calendar, &by.rules)?;
        let happened = step(clock, &calendar);
        if happened.is_empty() {
            continue;
        }
        sla_clocks::update(conn, clock)?;
        clocks::tell(
            conn,
            &lead,
            clock,
            &happened,
            &by.rules,
            &by.provenance,
            by.now,
        )?;
    }
    Ok(found)
}

/// Where its calendar does not open any more, it goes on around the clock: nobody waits forgotten.
fn go_on(clock: &mut Clock, calendar: &Calendar, now: DateTime<Utc>) -> Vec<ClockEvent> {
    if clock.state != ClockState::Paused {
        return Vec::new();
    }
    if let Ok(events) = clock.resume(now, calendar) {
        return events;
    }
    let (always, used) = (Calendar::default(), CalendarUsed::always());
    let mut events = Vec::new();
    // Around the clock there is always an opening.
    events.extend(
        clock
            .recompute(calendar, &always, used, now)
            .unwrap_or_default(),
    );
    events.extend(clock.resume(now, &always).unwrap_or_default());
    events
}
