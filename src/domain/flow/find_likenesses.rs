//! Finds leads that are like somebody.

use crate::domain::capture::Capture;
use crate::domain::dedupe::MatchKey;
use crate::domain::likeness::{Duplicate, Sought, judge, ranked};
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::compared_leads;
use crate::store::pool::TenantConnection;

/// Leads that are looked at for each capture.
const OF_A_CAPTURE: i64 = 20;

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
    let settings = &rules.settings.matching;
    let near = compared_leads::list_near(conn, &keys, MatchKey::worth, OF_A_CAPTURE, settings)?;
    let comparer = rules.knowledge.comparer();
    Ok(sought
        .iter()
        .zip(near)
        .map(|((capture, sought), near)| {
            let comparable = near.iter().filter(|lead| lead.is_test == capture.is_test);
            let like = comparable
                .filter_map(|lead| judge(&comparer, settings, &sought.evidence, lead.candidate()));
            ranked(like.collect())
        })
        .collect())
}
