//! Finds leads that are like somebody.

use crate::domain::capture::Capture;
use crate::domain::dedupe::MatchKey;
use crate::domain::likeness::{Compared, Duplicate, Sought, judge, ranked};
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::compared_leads;
use crate::store::match_keys::{self, Sharing};
use crate::store::pool::TenantConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// Leads that are looked at for each capture.
const OF_A_CAPTURE: usize = 20;

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
    let mut sharing: Vec<Vec<Sharing>> = vec![Vec::new(); sought.len()];
    for found in match_keys::list_candidates(conn, &keys, MatchKey::worth)? {
        if let Some(of_one) = sharing.get_mut(found.seeker) {
            of_one.push(found);
        }
    }
    let candidates: Vec<Vec<Uuid>> = sharing.into_iter().map(nearest).collect();
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

/// Where there are too many, those that share most keys, and of these the latest.
fn nearest(mut found: Vec<Sharing>) -> Vec<Uuid> {
    found.sort_unstable_by(|one, other| {
        let place = |lead: &Sharing| (lead.keys, lead.lead_id);
        place(other).cmp(&place(one))
    });
    found.truncate(OF_A_CAPTURE);
    found.into_iter().map(|lead| lead.lead_id).collect()
}
