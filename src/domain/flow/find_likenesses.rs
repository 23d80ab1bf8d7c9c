//! Finds leads that are like somebody.

use crate::domain::capture::{Capture, Holder};
use crate::domain::dedupe::MatchKey;
use crate::domain::identity::Identity;
use crate::domain::likeness::{
    COMPARED, Compared, Duplicate, Near, Sought, judge, likeliest_first,
};
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::lead_identities::Claims;
use crate::store::pool::TenantConnection;
use crate::store::{compared_leads, first_look};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Claims the identities of a capture that comes alone, and looks in the same round trip for leads that may be the person,
/// the likeliest first.
pub fn claim_and_find(
    conn: &mut TenantConnection,
    capture: &Capture,
    sought: &Sought,
    wanted: BTreeMap<Identity, Holder>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(Claims, Near)> {
    let settings = &rules.settings.matching;
    let (claims, near) = first_look::claim_and_list_near(
        conn,
        wanted,
        &sought.keys,
        MatchKey::worth,
        COMPARED as i64,
        settings,
        now,
    )?;
    let near = Near {
        compared: Vec::new(),
        like: alike(capture, sought, near.iter(), rules),
    };
    Ok((claims, near))
}

/// Leads that are near each capture.
pub fn find(
    conn: &mut TenantConnection,
    sought: &[(&Capture, &Sought)],
    rules: &Rules,
) -> Result<Vec<Near>> {
    let keys: Vec<&[MatchKey]> = sought
        .iter()
        .map(|(_, sought)| sought.keys.as_slice())
        .collect();
    let settings = &rules.settings.matching;
    let near = compared_leads::list_near(conn, &keys, MatchKey::worth, COMPARED as i64, settings)?;
    Ok(sought
        .iter()
        .zip(near)
        .map(|((capture, sought), near)| Near {
            like: alike(capture, sought, near.iter().map(|(lead, _)| lead), rules),
            compared: near
                .into_iter()
                .map(|(lead, found)| (lead.lead_id, found))
                .collect(),
        })
        .collect())
}

/// Those that may be the person of a capture. Tests are only like tests.
fn alike<'a>(
    capture: &Capture,
    sought: &Sought,
    near: impl Iterator<Item = &'a Rc<Compared>>,
    rules: &Rules,
) -> Vec<Duplicate> {
    let settings = &rules.settings.matching;
    let comparer = rules.knowledge.comparer();
    let comparable = near.filter(|lead| lead.is_test == capture.is_test);
    let like = comparable
        .filter_map(|lead| judge(&comparer, settings, &sought.evidence, lead.candidate()));
    likeliest_first(like.collect())
}
