//! Who is one person, of all pairs that are open: without two people being chained together by a lead that is a little
//! like both.

use crate::domain::dedupe::{Pair, cluster};
use crate::domain::duplicate_pair::PairState;
use crate::domain::likeness::evidence_of_lead;
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::duplicate_pairs::{self, PairFilter};
use crate::store::leads;
use crate::store::pool::TenantConnection;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// Pairs that are read at once.
const PAGE: i64 = 5_000;
/// Leads that are read at once.
const LEADS: usize = 2_000;
/// Two clusters are one where their leads speak for it on average, in bits; not quite as much as a pair has to, since
/// what is between them has been found already.
pub const ON_AVERAGE: f32 = -2.0;

/// Leads that are one person each, of the most probable open pairs that are at least so probable, at most so many. The
/// answer has no lead alone.
pub fn cluster_pairs(
    conn: &mut TenantConnection,
    rules: &Rules,
    least: f64,
    most: usize,
    now: DateTime<Utc>,
) -> Result<Vec<Vec<Uuid>>> {
    let mut filter = PairFilter {
        state: PairState::Open,
        lead_id: None,
        least,
        after: None,
        limit: PAGE,
        now,
    };
    let mut pairs = Vec::new();
    loop {
        let page = duplicate_pairs::list(conn, &filter)?;
        let is_last = i64::try_from(page.len()).is_ok_and(|count| count < PAGE);
        filter.after = page.last().map(|last| (last.probability, last.id));
        pairs.extend(
            page.into_iter()
                .map(|pair| (pair.lead_id, pair.other_lead_id)),
        );
        if is_last || pairs.len() >= most {
            break;
        }
    }
    pairs.truncate(most);
    let mut ids: Vec<Uuid> = pairs
        .iter()
        .flat_map(|(one, other)| [*one, *other])
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known = HashMap::with_capacity(ids.len());
    for some in ids.chunks(LEADS) {
        for lead in leads::list_by_ids(conn, some)? {
            if lead.deleted_at.is_none() {
                known.insert(lead.id, evidence_of_lead(&lead, &rules.matching));
            }
        }
    }
    let apart = duplicate_pairs::list_rejected_among(conn, &ids)?;
    let comparer = rules.knowledge.comparer();
    let weigh = |one: Uuid, other: Uuid| {
        if apart.contains(&(one.min(other), one.max(other))) {
            return f32::MIN;
        }
        match (known.get(&one), known.get(&other)) {
            (Some(one), Some(other)) => comparer.weigh(one, other, |_| ()),
            _ => f32::MIN,
        }
    };
    let weighed = pairs
        .into_iter()
        .filter(|(one, other)| known.contains_key(one) && known.contains_key(other))
        .map(|(one, other)| Pair {
            one,
            other,
            weight: weigh(one, other),
        });
    Ok(cluster(weighed.collect(), |one, other| {
        weigh(one, other) - ON_AVERAGE
    }))
}
