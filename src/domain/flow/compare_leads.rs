//! Compares leads with those they share keys with, many at a time.

use crate::domain::dedupe::keys;
use crate::domain::likeness::{Compared, Duplicate, judge_compared, ranked};
use crate::domain::match_policy::MatchSettings;
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::compared_leads;
use crate::store::match_keys::{self, Seeker};
use crate::store::pool::TenantConnection;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Leads that are remembered; then all are forgotten. One takes about a kilobyte.
const REMEMBERED: usize = 65_536;

/// Leads that were read lately, as they were then: whoever compares many leads meets the same ones again.
#[derive(Debug, Default)]
pub struct Memory {
    leads: Mutex<HashMap<Uuid, Arc<Compared>>>,
}

impl Memory {
    /// These leads, read where they are not remembered; those that are not there are left out.
    pub fn recall(
        &self,
        conn: &mut TenantConnection,
        ids: &[Uuid],
        settings: &MatchSettings,
    ) -> Result<HashMap<Uuid, Arc<Compared>>> {
        let (mut found, mut missing) = (HashMap::with_capacity(ids.len()), Vec::new());
        {
            let leads = self.leads.lock().unwrap_or_else(PoisonError::into_inner);
            for id in ids {
                match leads.get(id) {
                    Some(lead) => {
                        found.insert(*id, lead.clone());
                    }
                    None => missing.push(*id),
                }
            }
        }
        missing.sort_unstable();
        missing.dedup();
        let read = compared_leads::list(conn, &missing, settings)?;
        let mut leads = self.leads.lock().unwrap_or_else(PoisonError::into_inner);
        if leads.len() + read.len() > REMEMBERED {
            leads.clear();
        }
        for lead in read {
            let lead = Arc::new(lead);
            leads.insert(lead.lead_id, lead.clone());
            found.insert(lead.lead_id, lead);
        }
        Ok(found)
    }
}

/// Among which leads those like one are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// From this one on.
    pub from: Uuid,
    /// Before this one.
    pub until: Uuid,
}

/// Leads that may be the person of each of these, the likeliest first; of each key at most `of_a_key` are looked at, the
/// latest.
pub fn compare(
    conn: &mut TenantConnection,
    sought: &[(Arc<Compared>, Window)],
    of_a_key: i64,
    rules: &Rules,
    memory: &Memory,
) -> Result<Vec<(Uuid, Vec<Duplicate>)>> {
    let secret = conn.workspace_id();
    let seekers: Vec<Seeker> = sought
        .iter()
        .map(|(lead, window)| Seeker {
            keys: keys(&lead.evidence, secret.as_bytes()),
            from: window.from,
            until: window.until,
        })
        .collect();
    let candidates = match_keys::list_candidates_between(conn, &seekers, of_a_key)?;
    let mut ids: Vec<Uuid> = candidates.iter().map(|(_, id)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    let others = memory.recall(conn, &ids, &rules.matching)?;
    let comparer = rules.knowledge.comparer();
    let mut like: Vec<Vec<Duplicate>> = vec![Vec::new(); sought.len()];
    for (number, id) in candidates {
        let lead = &sought[number].0;
        let other = others.get(&id).filter(|_| id != lead.lead_id);
        like[number].extend(
            other.and_then(|other| judge_compared(&comparer, &rules.matching, lead, other)),
        );
    }
    let ranked = like.into_iter().map(ranked);
    Ok(sought
        .iter()
        .map(|(lead, _)| lead.lead_id)
        .zip(ranked)
        .collect())
}
