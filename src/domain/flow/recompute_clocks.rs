//! Recomputes open clocks whose calendar has changed, some leads a step.

use crate::domain::calendar::Calendar;
use crate::domain::event::{Cause, Event, Provenance};
use crate::domain::flow::escalate::Teams;
use crate::domain::flow::{clocks, rules};
use crate::domain::lead::Lead;
use crate::domain::sla::{CalendarUsed, Clock, ClockEvent, VersionedCalendar, ZoneOf};
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

/// Recomputes clocks that count by another version of a calendar than the one that counts now; of one that is gone, they
/// go on around the clock. What was counted stays counted, and what was breached stays breached.
pub fn step(conn: &mut TenantConnection, calendar: &str, now: DateTime<Utc>) -> Result<Step> {
    let rules = rules::load(conn)?;
    let target = rules.playbook.calendars.get(calendar);
    let version = target.map(|known| known.version);
    let ids = sla_clocks::list_leads_of_other_version(conn, calendar, version, BATCH)?;
    if ids.is_empty() {
        calendar_walks::end(conn, calendar, now)?;
        return Ok(Step::Nothing);
    }
    leads::lock_by_ids(conn, &ids)?;
    clocks::fire_due(conn, &ids, &rules, now)?;
    let found = leads::list_by_ids(conn, &ids)?;
    let leads: HashMap<Uuid, Lead> = found.into_iter().map(|lead| (lead.id, lead)).collect();
    let mut calendars: HashMap<CalendarUsed, Calendar> = HashMap::new();
    let (mut recomputed, mut told, mut teams) = (Vec::new(), Vec::new(), Teams::default());
    for mut clock in sla_clocks::lock_open_of(conn, &ids)? {
        if clock.calendar.key.as_deref() != Some(calendar) || clock.calendar.version == version {
            continue;
        }
        let old = match calendars.entry(clock.calendar.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(clocks::counted_by(conn, &clock.calendar, &rules)?)
            }
        };
        let happened = recompute(&mut clock, old, calendar, target, now);
        if let Some(lead) = leads.get(&clock.lead_id) {
            let by = Provenance::by_itself(Cause::clock(clock.id));
            let events = clocks::events(conn, lead, &clock, &happened, &mut teams, &rules, now)?;
            told.extend(events.into_iter().map(|event| (event, by.clone())));
        }
        recomputed.push(clock);
    }
    sla_clocks::update_all(conn, &recomputed)?;
    let told: Vec<(&Event, &Provenance)> = told.iter().map(|(event, by)| (event, by)).collect();
    outbox::add_all(conn, &told)?;
    Ok(Step::Recomputed(recomputed.len()))
}

fn recompute(
    clock: &mut Clock,
    old: &Calendar,
    key: &str,
    target: Option<&VersionedCalendar>,
    now: DateTime<Utc>,
) -> Vec<ClockEvent> {
    if let Some(known) = target {
        let zone = match clock.calendar.zone_of {
            ZoneOf::Calendar => None,
            _ => clock.calendar.zone.parse().ok(),
        };
        let new = known
            .calendar
            .in_zone(zone.unwrap_or(known.calendar.zone()));
        let used = CalendarUsed {
            key: Some(key.to_owned()),
            version: Some(known.version),
            zone: new.zone().name().to_owned(),
            zone_of: clock.calendar.zone_of,
        };
        if let Ok(events) = clock.recompute(old, &new, used, now) {
            return events;
        }
    }
    // Around the clock there is always an opening.
    let (always, used) = (Calendar::default(), CalendarUsed::always());
    clock.recompute(old, &always, used, now).unwrap_or_default()
}
