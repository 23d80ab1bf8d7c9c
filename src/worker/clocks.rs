//! Fires clocks of leads when they are due. Any number of processes may run one; each clock fires once.

use crate::domain::flow::{clocks, rules};
use crate::error::Result;
use crate::store::pool::Db;
use crate::store::sla_clocks;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Leads of one transaction.
const BATCH: usize = 200;
/// Leads that are looked for at once.
const LOOKED_FOR: i64 = 2_000;

/// Fires what is due; the answer is how many clocks did something. A workspace in which that fails keeps none of the others
/// waiting.
pub fn tick(db: &Db) -> Result<usize> {
    tick_at(db, Utc::now())
}

/// As [`tick`], of what is due at a moment.
pub fn tick_at(db: &Db, now: DateTime<Utc>) -> Result<usize> {
    let due = sla_clocks::list_due(db, now, LOOKED_FOR)?;
    let mut by_workspace: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (workspace_id, lead_id) in due {
        by_workspace.entry(workspace_id).or_default().push(lead_id);
    }
    let mut fired = 0;
    for (workspace_id, mut leads) in by_workspace {
        leads.sort_unstable();
        leads.dedup();
        for some in leads.chunks(BATCH) {
            fired += fire(db, workspace_id, some, now);
        }
    }
    Ok(fired)
}

/// Fires what is due of some leads. Where that fails each is tried by itself, so that one bad lead fails alone.
fn fire(db: &Db, workspace_id: Uuid, leads: &[Uuid], now: DateTime<Utc>) -> usize {
    let done = db.in_workspace(workspace_id, |conn| {
        let rules = rules::load(conn)?;
        clocks::fire_due_of_free(conn, leads, &rules, now)
    });
    match (done, leads) {
        (Ok(count), _) => count,
        (Err(error), [lead_id]) => {
            log::warn!(
                "A clock of lead {lead_id} of workspace {workspace_id} did not fire, it will be tried again: {error}"
            );
            0
        }
        (Err(_), _) => {
            let each = leads.chunks(1);
            each.map(|one| fire(db, workspace_id, one, now)).sum()
        }
    }
}
