//! Keeps the index of texts up to date: follows the change feed, and walks through the leads that were there before.
//!
//! It is not part of what changes a lead: splitting a text into threes costs more than all the rest of a capture.

use crate::domain::search_text::{self, SEARCHED};
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::search_positions;
use crate::store::{feed, lead_texts};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Texts that were new or had changed.
    pub written: usize,
    /// There is more to do.
    pub more: bool,
    /// When the oldest change was published that is not in yet.
    pub waiting_since: Option<DateTime<Utc>>,
}

/// Takes in up to `most` changes, and up to `most` leads that were there before.
pub fn step(conn: &mut TenantConnection, most: i64) -> Result<Step> {
    let (first, last) = feed::bounds(conn)?;
    let Some(before) = search_positions::lock(conn, last)? else {
        return Ok(Step::default());
    };
    let mut reached = if before.position + 1 < first {
        // The feed no longer has what came next: all leads are gone through anew.
        search_positions::begin(conn, last)?
    } else {
        before.clone()
    };
    let changes = feed::list_changed_leads(conn, reached.position, SEARCHED, most)?;
    let mut ids: Vec<Uuid> = changes
        .iter()
        .filter(|change| change.concerns)
        .map(|change| change.lead_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut written = index(conn, &ids)?;
    reached.position = changes
        .last()
        .map_or(reached.position, |change| change.position);
    if !reached.is_complete {
        let some =
            lead_texts::list_lead_ids(conn, reached.walked_through, reached.walk_until, most)?;
        written += index(conn, &some)?;
        reached.is_complete = i64::try_from(some.len()).map_err(Error::internal)? < most;
        reached.walked_through = some.last().copied().or(reached.walked_through);
    }
    if reached != before {
        search_positions::update(conn, &reached)?;
    }
    let waiting_since = feed::find_next_time(conn, reached.position)?;
    Ok(Step {
        written,
        more: waiting_since.is_some() || !reached.is_complete,
        waiting_since,
    })
}

fn index(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    let texts = lead_texts::read_fields(conn, ids)?
        .into_iter()
        .map(|(id, fields)| (id, search_text::text_of(&fields)))
        .collect();
    lead_texts::write(conn, texts)
}
