//! Looks at pairs of leads that may be one person, and decides about them.

use crate::domain::access::Visibility;
use crate::domain::duplicate_pair::{DuplicatePair, PairState};
use crate::domain::flow::merge_leads::{self, Merged, Wanted};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::lead::Lead;
use crate::domain::survivorship::Choice;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::duplicate_pairs::{self, PairFilter};
use crate::store::pool::TenantConnection;
use crate::store::{leads, merges};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Pages that are read for one, where leads are deleted or kept from the caller.
const ROUNDS: usize = 20;

/// A pair with its two leads.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownPair {
    /// The pair.
    pub pair: DuplicatePair,
    /// The older lead.
    pub lead: Lead,
    /// The newer one.
    pub other: Lead,
}

/// Pairs of leads that are there, or are one by now, and that the caller may know of, the most probable first.
pub fn list(
    conn: &mut TenantConnection,
    filter: &PairFilter,
    visible: &Visibility,
) -> Result<Vec<ShownPair>> {
    let wanted = usize::try_from(filter.limit).map_err(Error::internal)?;
    let mut filter = filter.clone();
    if let Some(lead_id) = filter.lead_id
        && filter.state != PairState::Merged
    {
        let today = merges::resolve(conn, &[lead_id])?;
        filter.lead_id = today.get(&lead_id).copied().or(Some(lead_id));
    }
    let mut shown = Vec::new();
    for _ in 0..ROUNDS {
        let page = duplicate_pairs::list(conn, &filter)?;
        let is_last = page.len() < wanted;
        if let Some(last) = page.last() {
            filter.after = Some((last.probability, last.id));
        }
        shown.extend(with_leads(conn, page, visible)?);
        if is_last || shown.len() >= wanted {
            break;
        }
    }
    shown.truncate(wanted);
    Ok(shown)
}

fn with_leads(
    conn: &mut TenantConnection,
    pairs: Vec<DuplicatePair>,
    visible: &Visibility,
) -> Result<Vec<ShownPair>> {
    let mut ids: Vec<Uuid> = pairs
        .iter()
        .flat_map(|pair| [pair.lead_id, pair.other_lead_id])
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let found: HashMap<Uuid, Lead> = leads::list_by_ids(conn, &ids)?
        .into_iter()
        .filter(|lead| visible.shows(lead))
        .map(|lead| (lead.id, lead))
        .collect();
    let shown = pairs.into_iter().filter_map(|pair| {
        // Of leads that were merged one is there at most; the pair says what became of them.
        let is_shown = |lead: &&Lead| lead.deleted_at.is_none() || pair.state == PairState::Merged;
        Some(ShownPair {
            lead: found.get(&pair.lead_id).filter(is_shown)?.clone(),
            other: found.get(&pair.other_lead_id).filter(is_shown)?.clone(),
            pair,
        })
    });
    Ok(shown.collect())
}

/// A pair that the caller may know of.
pub fn get(conn: &mut TenantConnection, id: Uuid, visible: &Visibility) -> Result<ShownPair> {
    let pair = duplicate_pairs::get(conn, id)?;
    let mut shown = with_leads(conn, vec![pair], visible)?;
    shown.pop().ok_or_else(|| Error::not_found("pair", id))
}

/// What is decided about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are two people.
    Rejected,
    /// Somebody looks at it again later.
    SnoozedUntil(DateTime<Utc>),
    /// It is to be looked at again.
    Reopened,
}

/// Decides about a pair, and remembers who did. The same again changes nothing.
pub fn decide(
    conn: &mut TenantConnection,
    id: Uuid,
    verdict: Verdict,
    by: &OnBehalf,
) -> Result<ShownPair> {
    get(conn, id, &by.visible)?;
    let mut pair = duplicate_pairs::lock(conn, id)?;
    if pair.state == PairState::Merged {
        return Err(Conflict::PairMerged.into());
    }
    let (state, until) = match verdict {
        Verdict::Rejected => (PairState::Rejected, None),
        Verdict::SnoozedUntil(until) => (PairState::Snoozed, Some(until)),
        Verdict::Reopened => (PairState::Open, None),
    };
    if (pair.state, pair.snoozed_until) != (state, until) {
        pair.decide(state, until, &by.provenance.actor, by.now);
        duplicate_pairs::update(conn, &pair)?;
    }
    get(conn, id, &by.visible)
}

/// Says that they are one person: the leads are merged. Unless the caller names the survivor, it is the older lead.
///
/// # Errors
/// As [`merge_leads::merge`]; a survivor that is none of the two, by its pointer.
pub fn confirm(
    conn: &mut TenantConnection,
    id: Uuid,
    survivor_id: Option<Uuid>,
    choices: BTreeMap<String, Choice>,
    by: &OnBehalf,
) -> Result<Merged> {
    let ShownPair { pair, .. } = get(conn, id, &by.visible)?;
    if pair.state == PairState::Merged {
        return Err(Conflict::PairMerged.into());
    }
    let survivor_id = survivor_id.unwrap_or(pair.lead_id);
    let both = [pair.lead_id, pair.other_lead_id];
    if !both.contains(&survivor_id) {
        let detail = "one of the two leads of the pair";
        let wrong = FieldError::new("/survivor_id", "not_of_the_pair", detail);
        return Err(Error::Invalid(vec![wrong]));
    }
    let wanted = Wanted {
        survivor_id,
        with: both.into_iter().filter(|id| *id != survivor_id).collect(),
        choices,
        expected: None,
    };
    merge_leads::merge(conn, &wanted, by)
}
