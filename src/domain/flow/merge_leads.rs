//! Makes several leads one. Nothing is lost by it, and it can be undone (promise P9).

use crate::domain::capture::{begin_change, event};
use crate::domain::consent;
use crate::domain::duplicate_pair::{DuplicatePair, PairState};
use crate::domain::event::{Change, Event, EventType, Provenance};
use crate::domain::flow::change_lead::check_version;
use crate::domain::flow::merge_work;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::reach;
use crate::domain::ids::{Ids, ProcessIds};
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::merge::{Before, Merge, MergeState};
use crate::domain::survivorship::{Choice, survive};
use crate::error::{Error, FieldError, Result};
use crate::store::failure::LostRace;
use crate::store::pool::TenantConnection;
use crate::store::{consents, duplicate_pairs, lead_scores, leads, merges, outbox};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most leads that become a part of another at once.
pub const MOST: usize = 100;

/// Under which names a merge remembers what it made or settled, beside what it moved.
pub mod noted {
    /// A line of the consent ledger that says again what a merged lead refused.
    pub const REFUSAL: &str = "refusal";
    /// A pair that was rejected with a merged lead, and is now with the survivor.
    pub const REJECTION: &str = "rejection";
    /// A pair of leads that are one now.
    pub const PAIR: &str = "pair";
}

/// What is to become one.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The lead that the others become a part of.
    pub survivor_id: Uuid,
    /// The others; those that are a part of a lead already stand for that lead.
    pub with: Vec<Uuid>,
    /// What the caller says of single fields.
    pub choices: BTreeMap<String, Choice>,
    /// The version of the survivor that the caller has seen.
    pub expected: Option<i64>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The survivor afterwards.
    pub lead: Lead,
    /// The merge; `None`: the leads were one already.
    pub merge: Option<Merge>,
}

/// Merges leads into one.
///
/// Values are chosen by the workspace's rules or by the caller; identities, activities, notes, submissions and consents go
/// to the survivor, where a refusal of any of the leads stands. Its owner has it and nobody else, and of each kind of clock the one
/// that is due first goes on. The others are deleted and lead to the survivor for ever.
///
/// # Errors
/// [`Error::Merged`] when the survivor is a part of another lead itself; a choice that names another lead, and leads that are
/// not there, by their pointers.
pub fn merge(conn: &mut TenantConnection, wanted: &Wanted, by: &OnBehalf) -> Result<Merged> {
    // Load
    let survivor_id = reach::get(conn, wanted.survivor_id, &by.visible)?.id;
    let others = others(conn, survivor_id, &wanted.with, by)?;
    let mut ids = others.clone();
    ids.push(survivor_id);
    ids.sort_unstable();
    let mut locked = leads::lock_by_ids(conn, &ids)?;
    if locked.len() < ids.len() || locked.iter().any(|lead| lead.deleted_at.is_some()) {
        // One of them was merged or deleted meanwhile: run again, that is seen.
        return Err(Error::internal(LostRace));
    }
    let place = locked.iter().position(|lead| lead.id == survivor_id);
    let survivor = locked.remove(place.ok_or_else(|| Error::internal(LostRace))?);
    check_version(&survivor, wanted.expected)?;
    if locked.is_empty() {
        return Ok(Merged {
            lead: survivor,
            merge: None,
        });
    }
    check_choices(wanted, &survivor, &locked)?;

    // Decide
    let (mut after, chosen) = survive(&survivor, &locked, &by.rules.survivorship, &wanted.choices);
    let changes = differences(&survivor, &after);
    begin_change(&mut after, by.now);
    let merge = Merge {
        id: ProcessIds.next(after.updated_at),
        survivor_id,
        merged_ids: locked.iter().map(|lead| lead.id).collect(),
        state: MergeState::Done,
        before: Before {
            email: survivor.fields.email.clone(),
            custom: survivor.custom.clone(),
        },
        changes: changes.clone(),
        chosen,
        merged_by: by.provenance.actor.clone(),
        created_at: after.updated_at,
        undone_by: None,
        undone_at: None,
    };
    let mut events = vec![merged_event(&merge, &mut after, changes)];

    // Save
    merges::insert(conn, &merge)?;
    for lead in &locked {
        let mut gone = lead.clone();
        begin_change(&mut gone, by.now);
        gone.deleted_at = Some(gone.updated_at);
        gone.merged_into = Some(survivor_id);
        let changes = differences(lead, &gone);
        events.push(merged_event(&merge, &mut gone, changes));
        leads::update(conn, lead, &gone, &by.rules)?;
    }
    leads::update(conn, &survivor, &after, &by.rules)?;
    merges::move_identities(conn, &merge)?;
    keep_refusals(conn, &merge)?;
    merges::move_all(conn, &merge)?;
    merge_work::join(conn, &mut after, by)?;
    lead_scores::make_stale(conn, &merge.lead_ids(), by.now)?;
    settle_pairs(conn, &merge, by)?;
    publish(conn, &events, &by.provenance)?;
    Ok(Merged {
        lead: after,
        merge: Some(merge),
    })
}

/// The leads that are to become a part of the survivor, as they are today, in the order of their ids.
fn others(
    conn: &mut TenantConnection,
    survivor_id: Uuid,
    with: &[Uuid],
    by: &OnBehalf,
) -> Result<Vec<Uuid>> {
    let today = merges::resolve(conn, with)?;
    let known: Vec<Uuid> = today.values().copied().collect();
    let there = leads::list_known(conn, &known, false, &by.visible)?;
    let mut errors = Vec::new();
    let mut others = Vec::new();
    for (index, id) in with.iter().enumerate() {
        match today.get(id).filter(|id| there.contains(id)) {
            Some(id) => others.push(*id),
            None => errors.push(FieldError::new(
                format!("/with/{index}"),
                "unknown_lead",
                "there is no such lead, or this caller may not see it",
            )),
        }
    }
    if !errors.is_empty() {
        if merges::resolve(conn, with)? != today {
            // One of them was merged between the two looks: run again, that is seen.
            return Err(Error::internal(LostRace));
        }
        return Err(Error::Invalid(errors));
    }
    others.sort_unstable();
    others.dedup();
    others.retain(|id| *id != survivor_id);
    Ok(others)
}

/// A value can only be of a lead that takes part.
fn check_choices(wanted: &Wanted, survivor: &Lead, others: &[Lead]) -> Result<()> {
    let takes_part = |id: &Uuid| survivor.id == *id || others.iter().any(|lead| lead.id == *id);
    let errors: Vec<FieldError> = wanted
        .choices
        .iter()
        .filter(|(_, choice)| matches!(choice, Choice::Of(id) if !takes_part(id)))
        .map(|(field, _)| {
            let detail = "one of the leads that become one: the survivor, or one of `with`";
            FieldError::new(format!("/fields/{field}/from"), "not_of_the_merge", detail)
        })
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

fn merged_event(merge: &Merge, lead: &mut Lead, changes: Vec<Change>) -> Event {
    let mut happened = event(EventType::LeadMerged, lead, changes, &mut ProcessIds);
    happened.data = Some(told(merge));
    happened
}

/// What events say of a merge.
pub fn told(merge: &Merge) -> Value {
    json!({
        "merge_id": merge.id,
        "survivor_id": merge.survivor_id,
        "merged_ids": merge.merged_ids,
    })
}

/// Writes events that were all done by the same.
pub fn publish(
    conn: &mut TenantConnection,
    events: &[Event],
    provenance: &Provenance,
) -> Result<()> {
    let events: Vec<(&Event, &Provenance)> =
        events.iter().map(|event| (event, provenance)).collect();
    outbox::add_all(conn, &events)
}

/// What any of the leads refused is refused by the survivor, whatever the others agreed to later (promise P11).
fn keep_refusals(conn: &mut TenantConnection, merge: &Merge) -> Result<()> {
    let standing = consents::list_standing(conn, &merge.lead_ids())?;
    let mut refusals = consent::refusals_to_repeat(&standing);
    for refusal in &mut refusals {
        refusal.id = ProcessIds.next(merge.created_at);
        refusal.lead_id = merge.survivor_id;
        refusal.created_at = merge.created_at;
    }
    consents::insert_all(conn, &refusals)?;
    let noted: Vec<(Uuid, Uuid)> = refusals
        .iter()
        .map(|line| (line.id, merge.survivor_id))
        .collect();
    merges::note(conn, merge.id, noted::REFUSAL, &noted)
}

/// Pairs of the leads are settled; who was said to be somebody else than a merged lead is somebody else than the survivor.
fn settle_pairs(conn: &mut TenantConnection, merge: &Merge, by: &OnBehalf) -> Result<()> {
    let ids = merge.lead_ids();
    let mut settled = Vec::new();
    let mut rejected = Vec::new();
    for mut pair in duplicate_pairs::lock_of_leads(conn, &ids)? {
        let takes_part = |id: &Uuid| ids.contains(id);
        if takes_part(&pair.lead_id) && takes_part(&pair.other_lead_id) {
            pair.decide(PairState::Merged, None, &by.provenance.actor, by.now);
            duplicate_pairs::update(conn, &pair)?;
            settled.push((pair.id, merge.survivor_id));
            continue;
        }
        let outsider = if takes_part(&pair.lead_id) {
            pair.other_lead_id
        } else {
            pair.lead_id
        };
        if pair.lead_id != merge.survivor_id && pair.other_lead_id != merge.survivor_id {
            rejected.push(DuplicatePair {
                id: ProcessIds.next(by.now),
                lead_id: outsider.min(merge.survivor_id),
                other_lead_id: outsider.max(merge.survivor_id),
                ..pair
            });
        }
    }
    let added = duplicate_pairs::add_decided(conn, &rejected)?;
    let added: Vec<(Uuid, Uuid)> = added.iter().map(|id| (*id, merge.survivor_id)).collect();
    merges::note(conn, merge.id, noted::PAIR, &settled)?;
    merges::note(conn, merge.id, noted::REJECTION, &added)
}
