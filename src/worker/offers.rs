//! Looks at leads that are offered, and at leads with which nobody does anything. Any number of processes may run one.

use crate::domain::flow::{let_go, rules};
use crate::error::Result;
use crate::store::assignments;
use crate::store::pool::Db;
use chrono::Utc;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Leads of one transaction.
const BATCH: usize = 100;
/// Leads that are looked for at once.
const LOOKED_FOR: i64 = 2_000;

/// Looks at what is due; the answer is how many leads were let go. A workspace in which that fails keeps none of the others
/// waiting.
pub fn tick(db: &Db) -> Result<usize> {
    let due = assignments::list_due(db, Utc::now(), LOOKED_FOR)?;
    let mut by_workspace: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (workspace_id, lead_id) in due {
        by_workspace.entry(workspace_id).or_default().push(lead_id);
    }
    let mut gone = 0;
    for (workspace_id, mut leads) in by_workspace {
        leads.sort_unstable();
        leads.dedup();
        for some in leads.chunks(BATCH) {
            gone += look(db, workspace_id, some);
        }
    }
    Ok(gone)
}

/// Looks at some leads. Where that fails each is tried by itself, so that one bad lead fails alone.
fn look(db: &Db, workspace_id: Uuid, ids: &[Uuid]) -> usize {
    let done = db.in_workspace(workspace_id, |conn| {
        let rules = rules::load(conn)?;
        let_go::look(conn, ids, &rules, Utc::now())
    });
    match (done, ids) {
        (Ok(count), _) => count,
        (Err(error), [lead_id]) => {
            log::warn!(
                "Lead {lead_id} of workspace {workspace_id} was not taken back, it will be tried again: {error}"
            );
            0
        }
        (Err(_), _) => ids.chunks(1).map(|one| look(db, workspace_id, one)).sum(),
    }
}
