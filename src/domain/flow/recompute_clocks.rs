//! Recomputes open clocks whose calendar has changed, or the zone that they count by, some leads a step.

use crate::domain::calendar::Calendar;
use crate::domain::event::{Cause, Event, Provenance};
use crate::domain::flow::escalate::Teams;
use crate::domain::flow::rules::{self, FORMER_RULES};
use crate::domain::flow::{clocks, decide_lead, fire_clocks};
use crate::domain::lead::Lead;
use crate::domain::sla::{CalendarUsed, Clock, ClockEvent, calendar_of};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{calendar_walks, leads, outbox, sla_clocks};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use uuid::Uuid;

/// Leads of one step.
const BATCH: i64 = 200;

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It recomputed so many clocks; there may be more.
    Recomputed(usize),
    /// There is nothing to do for now.
    Nothing,
}

/// A user or a team is in another zone from now on: the clocks of their leads are looked at, and once more when no process
/// starts clocks by the zone of before any longer.
pub fn follow_zone(conn: &mut TenantConnection, whose: Uuid, now: DateTime<Utc>) -> Result<()> {
    for calendar in rules::load(conn)?.playbook.calendars.keys() {
        calendar_walks::begin(conn, calendar, &[whose], now + FORMER_RULES)?;
        sla_clocks::mark_for_zone(conn, calendar, whose)?;
    }
    Ok(())
}

/// Recomputes clocks that count by another version of a calendar than the one that counts now, or are [marked](follow_zone); of a
/// calendar that is gone, they go on around the clock. What was counted stays counted, and what was breached stays breached.
pub fn step(conn: &mut TenantConnection, calendar: &str, now: DateTime<Utc>) -> Result<Step> {
    let rules = rules::load(conn)?;
    let target = rules.playbook.calendars.get(calendar);
    let version = target.map(|known| known.version);
    let ids = sla_clocks::list_leads_of_other_version(conn, calendar, version, BATCH)?;
    if ids.is_empty() {
        let moved = calendar_walks::take_moved(conn, calendar, now)?;
        if moved.is_empty() {
            calendar_walks::end(conn, calendar, now)?;
            return Ok(Step::Nothing);
        }
        for whose in moved {
            sla_clocks::mark_for_zone(conn, calendar, whose)?;
        }
        return Ok(Step::Recomputed(0));
    }
    leads::lock_by_ids(conn, &ids)?;
    fire_clocks::fire_due(conn, &ids, &rules, now)?;
    let found = leads::list_by_ids(conn, &ids)?;
    let leads: HashMap<Uuid, Lead> = found.into_iter().map(|lead| (lead.id, lead)).collect();
    let mut calendars: HashMap<CalendarUsed, Calendar> = HashMap::new();
    let (mut recomputed, mut told, mut teams) = (Vec::new(), Vec::new(), Teams::default());
    let clocks = sla_clocks::lock_open_of(conn, &ids)?;
    // Who marks clocks from here on waits for the end of this: what is known of people is what they were marked for.
    let rules = rules::load(conn)?;
    let target = rules.playbook.calendars.get(calendar);
    for mut clock in clocks {
        let lead = leads.get(&clock.lead_id);
        let Some(lead) = lead.filter(|_| clock.calendar.key.as_deref() == Some(calendar)) else {
            continue;
        };
        let zone = clocks::zone_of(&clock, &rules);
        let zones = decide_lead::zones_of(lead, &rules.playbook.roster);
        let new = target.map(|known| calendar_of(calendar, known, zone, &zones));
        if new
            .as_ref()
            .is_some_and(|(_, used)| *used == clock.calendar)
        {
            // Marked, and in the same zone.
            recomputed.push(clock);
            continue;
        }
        let old = match calendars.entry(clock.calendar.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(clocks::counted_by(conn, &clock.calendar, &rules)?)
            }
        };
        let happened = recompute(&mut clock, old, new, now);
        let by = Provenance::by_itself(Cause::clock(clock.id));
        let events = clocks::events(conn, lead, &clock, &happened, &mut teams, &rules, now)?;
        told.extend(events.into_iter().map(|event| (event, by.clone())));
        recomputed.push(clock);
    }
    sla_clocks::settle_all(conn, &recomputed)?;
    let told: Vec<(&Event, &Provenance)> = told.iter().map(|(event, by)| (event, by)).collect();
    outbox::add_all(conn, &told)?;
    Ok(Step::Recomputed(recomputed.len()))
}

fn recompute(
    clock: &mut Clock,
    old: &Calendar,
    new: Option<(Calendar, CalendarUsed)>,
    now: DateTime<Utc>,
) -> Vec<ClockEvent> {
    if let Some((calendar, used)) = new
        && let Ok(events) = clock.recompute(old, &calendar, used, now)
    {
        return events;
    }
    // Around the clock there is always an opening.
    let (always, used) = (Calendar::default(), CalendarUsed::always());
    clock.recompute(old, &always, used, now).unwrap_or_default()
}
