//! Finds leads that are like somebody.

use crate::domain::capture::Capture;
use crate::domain::dedupe::MatchKey;
use crate::domain::likeness::{Compared, Duplicate, Sought, judge, ranked};
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{compared_leads, match_keys};
use std::collections::HashMap;
use uuid::Uuid;

/// Leads that are looked at for each key of a capture: a key that more share says little.
const OF_A_KEY: i64 = 20;
/// Leads that are looked at for each capture.
const OF_A_CAPTURE: usize = 60;

/// Leads that may be the person of each capture, the likeliest first. Tests are only like tests.
pub fn find(
    conn: &mut TenantConnection,
    sought: &[(&Capture, &Sought)],
    rules: &Rules,
) -> Result<Vec<Vec<Duplicate>>> {
    let keys: Vec<&[MatchKey]> = sought
        .iter()
        .map(|(_, sought)| sought.keys.as_slice())
        .collect();
    let mut candidates: Vec<Vec<Uuid>> = vec![Vec::new(); sought.len()];
    for (number, id) in match_keys::list_candidates(conn, &keys, OF_A_KEY)? {
        if let Some(of_one) = candidates.get_mut(number) {
            of_one.push(id);
        }
    }
    for of_one in &mut candidates {
        // The latest, where there are too many.
        of_one.sort_unstable_by(|a, b| b.cmp(a));
        of_one.truncate(OF_A_CAPTURE);
    }
    let mut ids: Vec<Uuid> = candidates.iter().flatten().copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let settings = &rules.settings.matching;
    let found: HashMap<Uuid, Compared> = compared_leads::list(conn, &ids, settings)?
        .into_iter()
        .map(|lead| (lead.lead_id, lead))
        .collect();
    let comparer = rules.knowledge.comparer();
    Ok(sought
        .iter()
        .zip(candidates)
        .map(|((capture, sought), candidates)| {
            let like = candidates.iter().filter_map(|id| {
                let lead = found
                    .get(id)
                    .filter(|lead| lead.is_test == capture.is_test)?;
                judge(&comparer, settings, &sought.evidence, lead.candidate())
            });
            ranked(like.collect())
        })
        .collect())
}
