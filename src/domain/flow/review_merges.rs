//! Looks at merges.

use crate::domain::access::Visibility;
use crate::domain::merge::{Merge, MergeState};
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{leads, merges};
use uuid::Uuid;

/// Pages that are read for one, where leads are kept from the caller.
const ROUNDS: usize = 20;

/// Which merges.
#[derive(Debug, Clone, Copy)]
pub struct MergeFilter {
    /// Only those that this lead took part in.
    pub lead_id: Option<Uuid>,
    /// Where they stand.
    pub state: Option<MergeState>,
    /// Older than this one.
    pub before: Option<Uuid>,
    /// At most so many.
    pub limit: i64,
}

/// Merges whose survivor the caller may know of, the newest first.
pub fn list(
    conn: &mut TenantConnection,
    filter: MergeFilter,
    visible: &Visibility,
) -> Result<Vec<Merge>> {
    let wanted = usize::try_from(filter.limit).map_err(Error::internal)?;
    let mut before = filter.before;
    let mut shown = Vec::new();
    for _ in 0..ROUNDS {
        let page = merges::list(conn, filter.lead_id, filter.state, before, filter.limit)?;
        let is_last = page.len() < wanted;
        before = page.last().map(|last| last.id).or(before);
        let survivors: Vec<Uuid> = page.iter().map(|merge| merge.survivor_id).collect();
        let known = leads::visible_among(conn, &survivors, visible)?;
        let may_be_shown = |merge: &Merge| known.contains(&merge.survivor_id);
        shown.extend(page.into_iter().filter(may_be_shown));
        if is_last || shown.len() >= wanted {
            break;
        }
    }
    shown.truncate(wanted);
    Ok(shown)
}

/// A merge whose survivor the caller may know of.
pub fn get(conn: &mut TenantConnection, id: Uuid, visible: &Visibility) -> Result<Merge> {
    let merge = merges::get(conn, id)?;
    if leads::visible_among(conn, &[merge.survivor_id], visible)?.is_empty() {
        return Err(Error::not_found("merge", id));
    }
    Ok(merge)
}
