//! Recognises who comes in: by what names one person only, and by likeness.

use crate::domain::capture::{self, Capture, Holder, Known};
use crate::domain::flow::find_likenesses;
use crate::domain::identity::Identity;
use crate::domain::likeness::{Near, Sought, attached};
use crate::domain::match_policy::MatchPolicy;
use crate::domain::rules::Rules;
use crate::error::{Error, Result};
use crate::store::failure::LostRace;
use crate::store::pool::TenantConnection;
use crate::store::{lead_identities, leads, submissions};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Claims the identities of all, and locks the leads that have them already; of the others, finds leads that are like
/// them, and locks those that they are taken for.
pub(super) fn recognise<'a>(
    conn: &mut TenantConnection,
    captures: impl IntoIterator<Item = &'a Capture>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(Known, lead_identities::Claims)> {
    let captures: Vec<&Capture> = captures.into_iter().collect();
    let (mut claims, first) = claim(conn, &captures, rules, now)?;
    let mut ids: Vec<Uuid> = claims.taken.values().map(|holder| holder.lead_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let leads = leads::lock_by_ids(conn, &ids)?;
    lead_identities::confirm(conn, &mut claims, &leads)?;
    let leads = leads.into_iter().map(|lead| (lead.id, lead)).collect();
    let mut known = Known {
        leads,
        identities: claims.taken.clone(),
        workspace_id: conn.workspace_id(),
        ..Known::default()
    };
    known.tried = tried(conn, &captures, &known, rules)?;
    let like = look_for_likenesses(conn, &captures, &known, first, rules)?;
    hold_attached(conn, &like, &mut known, rules)?;
    let by_receipt = |(capture, sought, near): Like| (capture.receipt_id, (sought, near));
    known.likenesses = like.into_iter().map(by_receipt).collect();
    Ok((known, claims))
}

/// What tests among the captures say, as far as they said it before.
fn tried(
    conn: &mut TenantConnection,
    captures: &[&Capture],
    known: &Known,
    rules: &Rules,
) -> Result<HashMap<(Uuid, [u8; 32]), Uuid>> {
    let tests = captures.iter().filter(|capture| capture.is_test);
    let said: Vec<(Uuid, [u8; 32])> = tests
        .filter_map(|test| {
            let lead_id = capture::identified(test, known, rules)?;
            Some((lead_id, test.tried()?))
        })
        .collect();
    submissions::find_said(conn, &said)
}

/// A capture, what is looked at of it, and leads that are near it.
type Like<'a> = (&'a Capture, Sought, Near);

/// Claims the identities of all. Of a capture that comes alone it is not known yet whether somebody has them, but waiting for
/// that before looking for leads that are like it would take longer than looking.
fn claim<'a>(
    conn: &mut TenantConnection,
    captures: &[&'a Capture],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(lead_identities::Claims, Option<Like<'a>>)> {
    let wanted = wanted(captures.iter().copied());
    if let [only] = captures
        && let Some(sought) = sought_of(only, rules, conn.workspace_id())
    {
        let (claims, near) =
            find_likenesses::claim_and_find(conn, only, &sought, wanted, rules, now)?;
        return Ok((claims, Some((*only, sought, near))));
    }
    Ok((lead_identities::claim(conn, wanted, now)?, None))
}

/// What is looked at of a capture; `None`: its workspace does not ask who is like it, or it says nothing.
fn sought_of(capture: &Capture, rules: &Rules, workspace_id: Uuid) -> Option<Sought> {
    let policy = rules.matching.policy_for(capture.source.as_deref());
    let sought = || Sought::of(capture, &rules.matching, workspace_id);
    let asked = (policy != MatchPolicy::Create).then(sought);
    asked.filter(|sought| !sought.evidence.is_empty())
}

/// Leads that may be who the captures are of, where no identity tells; `first`: what was found with the claims.
fn look_for_likenesses<'a>(
    conn: &mut TenantConnection,
    captures: &[&'a Capture],
    known: &Known,
    first: Option<Like<'a>>,
    rules: &Rules,
) -> Result<Vec<Like<'a>>> {
    let is_nobodys = |capture: &Capture| capture::identified(capture, known, rules).is_none();
    if let Some(first) = first {
        return Ok(Some(first)
            .filter(|one| is_nobodys(one.0))
            .into_iter()
            .collect());
    }
    let workspace_id = conn.workspace_id();
    let nobodys = captures.iter().filter(|capture| is_nobodys(capture));
    let sought: Vec<(&Capture, Sought)> = nobodys
        .filter_map(|capture| Some((*capture, sought_of(capture, rules, workspace_id)?)))
        .collect();
    let asked: Vec<(&Capture, &Sought)> = sought
        .iter()
        .map(|(capture, sought)| (*capture, sought))
        .collect();
    let found = find_likenesses::find(conn, &asked, rules)?;
    let each = sought.into_iter().zip(found);
    Ok(each
        .map(|((capture, sought), near)| (capture, sought, near))
        .collect())
}

/// Locks the leads that captures are taken for by likeness.
fn hold_attached(
    conn: &mut TenantConnection,
    like: &[Like],
    known: &mut Known,
    rules: &Rules,
) -> Result<()> {
    let policy = |capture: &Capture| rules.matching.policy_for(capture.source.as_deref());
    let mut held: Vec<Uuid> = like
        .iter()
        .filter_map(|(capture, _, near)| attached(&near.like, policy(capture)))
        .filter(|id| !known.leads.contains_key(id))
        .collect();
    held.sort_unstable();
    held.dedup();
    for lead in leads::lock_by_ids(conn, &held)? {
        if lead.merged_into.is_some() {
            // It became a part of another since it was found: run again, that one is.
            return Err(Error::internal(LostRace));
        }
        known.leads.insert(lead.id, lead);
    }
    Ok(())
}

/// Every identity of the batch, for the lead that the first capture with it would become.
fn wanted<'a>(captures: impl IntoIterator<Item = &'a Capture>) -> BTreeMap<Identity, Holder> {
    let mut wanted = BTreeMap::new();
    for capture in captures {
        for identity in &capture.identities {
            wanted
                .entry(identity.clone())
                .or_insert_with(|| capture.holder(identity, capture.new_lead_id));
        }
    }
    wanted
}
