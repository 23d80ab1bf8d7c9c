//! Reads the timeline of a lead.

use crate::domain::access::Visibility;
use crate::domain::activity::ActivityFilter;
use crate::domain::flow::reach;
use crate::domain::timeline::{TimelineEntry, Wanted};
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{activities, lead_history, leads, notes, submissions};
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
    let began = (lead.created_at, lead.id);
    if wanted.creation && before.is_none_or(|before| began < before) {
        let newer = entries.iter().filter(|entry| entry.place() > began).count();
        if i64::try_from(newer).map_err(Error::internal)? < limit {
            let submission = submissions::find_first_of_lead(conn, lead_id)?;
            entries.push(TimelineEntry::creation(&lead, submission));
        }
    }
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.place()));
    entries.truncate(usize::try_from(limit).map_err(Error::internal)?);
    Ok(entries)
}
