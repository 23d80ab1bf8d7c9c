//! Compares leads again after they have changed, and leads that came at the same moment; gives leads their keys that were
//! there before there were any.
//!
//! Two captures at one moment do not see each other, so each finds nothing. What is published of them comes one behind the
//! other, and when the later one's turn comes both are there: so one of them is found here, whichever way they came.

use crate::domain::duplicate_pair::FoundBy;
use crate::domain::flow::compare_leads::{self, Memory, Window};
use crate::domain::flow::rules;
use crate::domain::ids::{lower_bound, time_of};
use crate::domain::likeness::{Compared, Duplicate, keys_of_lead};
use crate::domain::match_policy::MatchPolicy;
use crate::domain::rules::Rules;
use crate::error::{Error, Result};
use crate::store::match_positions::{self, MatchPosition};
use crate::store::pool::TenantConnection;
use crate::store::{duplicate_pairs, feed, lead_texts, leads, match_keys};
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// Fields that are compared, beside the workspace's own.
const COMPARED: [&str; 12] = [
    "first_name",
    "last_name",
    "company",
    "email",
    "phone",
    "phone_extension",
    "mobile_phone",
    "street",
    "city",
    "postal_code",
    "country",
    "deleted_at",
];
/// A lead may have come at the same moment as another whose id is so much older or newer: transactions are over by then.
const MOMENT: Duration = Duration::seconds(60);
/// Events that are caught up with where nothing was followed yet; what was before is found by a scan.
const CAUGHT_UP: i64 = 10_000;
/// Leads that are looked at for each key: as in a capture.
const OF_A_KEY: i64 = 20;

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Leads that were compared again.
    pub compared: usize,
    /// Leads that got their keys.
    pub keyed: usize,
    /// There is more to do.
    pub more: bool,
}

/// Takes in up to `most` changes, and up to `most` leads that have no keys yet.
pub fn step(conn: &mut TenantConnection, most: i64, now: DateTime<Utc>) -> Result<Step> {
    let (first, last) = feed::bounds(conn)?;
    let begin = (last - CAUGHT_UP).max(first - 1);
    let Some(before) = match_positions::lock(conn, begin)? else {
        return Ok(Step::default());
    };
    let rules = rules::load(conn)?;
    let mut reached = before.clone();
    // What the feed no longer has is found by a scan.
    reached.position = reached.position.max(first - 1);
    let compared = follow(conn, &mut reached, &rules, most, now)?;
    let keyed = if reached.is_complete {
        0
    } else {
        walk(conn, &mut reached, &rules, most, now)?
    };
    if reached != before {
        match_positions::update(conn, &reached)?;
    }
    Ok(Step {
        compared,
        keyed,
        more: reached.position < last || reached.walked_through != before.walked_through,
    })
}

/// Compares the leads again that the next events are about.
fn follow(
    conn: &mut TenantConnection,
    reached: &mut MatchPosition,
    rules: &Rules,
    most: i64,
    now: DateTime<Utc>,
) -> Result<usize> {
    let own: Vec<String> = rules
        .matching
        .evidence
        .keys()
        .map(|key| format!("custom.{key}"))
        .collect();
    let fields: Vec<&str> = COMPARED
        .into_iter()
        .chain(own.iter().map(String::as_str))
        .collect();
    let changes = feed::list_changed_leads(conn, reached.position, &fields, most)?;
    reached.position = changes
        .last()
        .map_or(reached.position, |change| change.position);
    let mut ids: Vec<Uuid> = changes
        .iter()
        .filter(|change| change.concerns)
        .map(|change| change.lead_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let memory = Memory::default();
    let leads = memory.recall(conn, &ids, &rules.matching)?;
    let sought: Vec<(Arc<Compared>, Window)> = leads
        .into_values()
        .filter(|lead| rules.matching.policy_for(lead.source.as_deref()) != MatchPolicy::Create)
        .map(|lead| {
            let window = window_of(&lead);
            (lead, window)
        })
        .collect();
    let found = compare_leads::compare(conn, &sought, OF_A_KEY, rules, &memory)?;
    let pairs: Vec<(Uuid, &Duplicate)> = found
        .iter()
        .flat_map(|(lead_id, like)| like.iter().map(|one| (*lead_id, one)))
        .collect();
    duplicate_pairs::add_all(conn, pairs, FoundBy::Scan, now)?;
    Ok(sought.len())
}

/// Of a lead that is as it came, those that came before are known from its capture: only those are looked at that came at
/// the same moment. One that has changed is compared with all.
fn window_of(lead: &Compared) -> Window {
    let came = time_of(lead.lead_id);
    if lead.version > UNCHANGED {
        return Window {
            from: Uuid::nil(),
            until: Uuid::max(),
        };
    }
    Window {
        from: lower_bound(came - MOMENT),
        until: lower_bound(came + MOMENT),
    }
}

/// Versions that a capture gives to a new lead at most.
const UNCHANGED: i64 = 1;

/// Gives the next leads their keys. They are held meanwhile, so that nobody changes them.
fn walk(
    conn: &mut TenantConnection,
    reached: &mut MatchPosition,
    rules: &Rules,
    most: i64,
    now: DateTime<Utc>,
) -> Result<usize> {
    let ids = lead_texts::list_lead_ids(conn, reached.walked_through, reached.walk_until, most)?;
    let workspace_id = conn.workspace_id();
    let keyed: Vec<_> = leads::lock_by_ids(conn, &ids)?
        .iter()
        .map(|lead| (lead.id, keys_of_lead(lead, &rules.matching, workspace_id)))
        .collect();
    let count = keyed.len();
    match_keys::add_all(conn, &keyed)?;
    let none_will_come = reached
        .walk_until
        .is_none_or(|until| until < lower_bound(now));
    reached.is_complete =
        none_will_come && i64::try_from(ids.len()).map_err(Error::internal)? < most;
    reached.walked_through = ids.last().copied().or(reached.walked_through);
    Ok(count)
}
