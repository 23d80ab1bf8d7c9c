//! Does what is due, workspace by workspace.

use crate::domain::flow::rules;
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::pool::{Db, TenantConnection};
use crate::store::timers::{self, Timer};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Leads that are looked for at once.
const LOOKED_FOR: i64 = 2_000;

/// What is done about some leads of a workspace.
pub type Act<'a> = dyn Fn(&mut TenantConnection, &[Uuid], &Rules) -> Result<usize> + 'a;

/// Work on leads that are due.
pub struct Work<'a> {
    /// What says that they are.
    pub timer: Timer,
    /// Leads of one transaction.
    pub batch: usize,
    /// What did not happen where it fails, for the log: "was not scored".
    pub failure: &'static str,
    /// Does it, by the rules of the workspace; the answer is how much was done.
    pub act: &'a Act<'a>,
}

impl Work<'_> {
    /// Does what is due by `now`; the answer is how much was done. A workspace in which that fails keeps none of the others
    /// waiting.
    pub fn tick(&self, db: &Db, now: DateTime<Utc>) -> Result<usize> {
        let mut by_workspace: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for (workspace_id, lead_id) in timers::list_due(db, self.timer, now, LOOKED_FOR)? {
            by_workspace.entry(workspace_id).or_default().push(lead_id);
        }
        let mut done = 0;
        for (workspace_id, mut leads) in by_workspace {
            leads.sort_unstable();
            leads.dedup();
            for some in leads.chunks(self.batch) {
                done += self.try_on(db, workspace_id, some);
            }
        }
        Ok(done)
    }

    /// Tries it on some leads. Where that fails each is tried by itself, so that one bad lead fails alone.
    fn try_on(&self, db: &Db, workspace_id: Uuid, leads: &[Uuid]) -> usize {
        let done = db.in_workspace(workspace_id, |conn| {
            let rules = rules::load(conn)?;
            (self.act)(conn, leads, &rules)
        });
        match (done, leads) {
            (Ok(count), _) => count,
            (Err(error), [lead_id]) => {
                log::warn!(
                    "Lead {lead_id} of workspace {workspace_id} {}, it will be tried again: {error}",
                    self.failure
                );
                0
            }
            (Err(_), _) => {
                let each = leads.chunks(1);
                each.map(|one| self.try_on(db, workspace_id, one)).sum()
            }
        }
    }
}
