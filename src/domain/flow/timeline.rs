//! Reads the timeline of a lead.

use crate::domain::access::Visibility;
use crate::domain::activity::ActivityFilter;
use crate::domain::decision::{Decision, Finding};
use crate::domain::event::EventType;
use crate::domain::flow::reach;
use crate::domain::timeline::{TimelineEntry, Told, Wanted};
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{activities, decisions, lead_history, leads, notes, submissions, users};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Entries of a lead's timeline, newest first, older than the place `before`; also of a deleted lead.
///
/// From each source come as many as the page has, so the cost does not grow with the lead's age.
pub fn list(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    wanted: &Wanted,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
    visible: &Visibility,
) -> Result<Vec<TimelineEntry>> {
    let lead = leads::get(conn, lead_id)?;
    let lead = reach::seen(conn, lead, visible)?;
    let mut entries: Vec<TimelineEntry> = Vec::new();
    if let Some(kinds) = &wanted.activities {
        let filter = ActivityFilter {
            kinds: kinds.clone(),
            ..ActivityFilter::default()
        };
        let found = activities::list_of_lead(conn, lead_id, &filter, before, limit)?;
        entries.extend(found.into_iter().map(TimelineEntry::from));
    }
    if wanted.notes {
        let found = notes::list_of_lead(conn, lead_id, None, before, limit)?;
        entries.extend(found.into_iter().map(TimelineEntry::from));
    }
    if !wanted.milestones.is_empty() {
        let found =
            lead_history::list_milestones(conn, lead_id, &wanted.milestones, before, limit)?;
        entries.extend(found.into_iter().map(TimelineEntry::from));
    }
    if wanted.milestones.contains(&EventType::LeadAssigned)
        && !is_full(&entries, (lead.created_at, lead.id), limit)
    {
        let first = first_assignment(conn, lead_id)?;
        entries.extend(first.filter(|first| before.is_none_or(|before| first.place() < before)));
    }
    let began = (lead.created_at, lead.id);
    let is_here = before.is_none_or(|before| began < before);
    if wanted.creation && is_here && !is_full(&entries, began, limit) {
        let submission = submissions::find_first_of_lead(conn, lead_id)?;
        entries.push(TimelineEntry::creation(&lead, submission));
    }
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.place()));
    entries.truncate(usize::try_from(limit).map_err(Error::internal)?);
    tell(conn, &mut entries)?;
    Ok(entries)
}

/// Whether the page has as many entries as it may that are newer than the place.
fn is_full(entries: &[TimelineEntry], place: (DateTime<Utc>, Uuid), limit: i64) -> bool {
    let newer = entries.iter().filter(|entry| entry.place() > place).count();
    i64::try_from(newer).is_ok_and(|newer| newer >= limit)
}

/// How a lead was routed when it came, unless an event tells of it.
fn first_assignment(conn: &mut TenantConnection, lead_id: Uuid) -> Result<Option<TimelineEntry>> {
    for decision in decisions::list_first_of_leads(conn, &[lead_id])? {
        if let Finding::Routing(routed) = &decision.finding {
            let is_told = lead_history::tells_of_decision(conn, lead_id, decision.id)?;
            return Ok((!is_told).then(|| TimelineEntry::first_assignment(&decision, routed)));
        }
    }
    Ok(None)
}

/// Says in a line what the entries about assignments are.
fn tell(conn: &mut TenantConnection, entries: &mut [TimelineEntry]) -> Result<()> {
    let (owners, made): (Vec<_>, Vec<_>) = entries.iter().map(TimelineEntry::mentions).unzip();
    let owners: Vec<Uuid> = owners.into_iter().flatten().collect();
    let made: Vec<Uuid> = made.into_iter().flatten().collect();
    let mut told = Told::default();
    if !owners.is_empty() {
        told.names = users::names(conn, &owners)?;
    }
    if !made.is_empty() {
        let found = decisions::list_by_ids(conn, &made)?.into_iter();
        let reason = |decision: Decision| match decision.finding {
            Finding::Routing(routed) => Some((decision.id, routed.reason())),
            _ => None,
        };
        told.reasons = found.filter_map(reason).collect();
    }
    entries.iter_mut().for_each(|entry| entry.tell(&told));
    Ok(())
}
