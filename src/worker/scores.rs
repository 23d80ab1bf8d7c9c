//! Looks at the scores of leads when decay takes something from them, or they have changed. Any number of processes may run one.

use crate::domain::flow::rules;
use crate::domain::flow::score_lead::{News, rescore_all};
use crate::error::Result;
use crate::store::pool::Db;
use crate::store::{lead_scores, leads};
use chrono::Utc;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Leads of one transaction.
const BATCH: usize = 100;
/// Leads that are looked for at once.
const LOOKED_FOR: i64 = 2_000;

/// Scores what is due; the answer is how many leads. A workspace in which that fails keeps none of the others waiting.
pub fn tick(db: &Db) -> Result<usize> {
    let due = lead_scores::list_due(db, Utc::now(), LOOKED_FOR)?;
    let mut by_workspace: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (workspace_id, lead_id) in due {
        by_workspace.entry(workspace_id).or_default().push(lead_id);
    }
    let mut scored = 0;
    for (workspace_id, mut leads) in by_workspace {
        leads.sort_unstable();
        for some in leads.chunks(BATCH) {
            scored += score(db, workspace_id, some);
        }
    }
    Ok(scored)
}

/// Scores some leads. Where that fails each is tried by itself, so that one bad lead fails alone.
fn score(db: &Db, workspace_id: Uuid, ids: &[Uuid]) -> usize {
    let done = db.in_workspace(workspace_id, |conn| {
        let rules = rules::load(conn)?;
        let leads = leads::lock_by_ids(conn, ids)?;
        rescore_all(conn, leads, News::Lead, &rules, Utc::now())
    });
    match (done, ids) {
        (Ok(()), _) => ids.len(),
        (Err(error), [lead_id]) => {
            log::warn!(
                "Lead {lead_id} of workspace {workspace_id} was not scored, it will be tried again: {error}"
            );
            0
        }
        (Err(_), _) => ids.chunks(1).map(|one| score(db, workspace_id, one)).sum(),
    }
}
