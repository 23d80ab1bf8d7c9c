//! Undoes a merge: its leads are as many as before, each with what it had (promise P9).

use crate::domain::capture::{Holder, begin_change, event};
use crate::domain::custom_values;
use crate::domain::duplicate_pair::PairState;
use crate::domain::event::EventType;
use crate::domain::flow::merge_leads::{noted, publish, told};
use crate::domain::flow::merge_work;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::ids::ProcessIds;
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::merge::{Belonging, Gift, Merge, MergeState, without};
use crate::domain::rules::Rules;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{
    activities, consents, duplicate_pairs, lead_identities, lead_scores, leads, merges,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What came of it.
#[derive(Debug, Clone)]
pub struct Unmerged {
    /// The merge, which is undone.
    pub merge: Merge,
    /// All of its leads, the survivor first.
    pub leads: Vec<Lead>,
}

/// Undoes a merge.
///
/// The merged leads come back as they were, with their identities, activities, notes, submissions and consents. The survivor
/// loses what the merge gave it, and keeps what was changed since. Clocks that ended with the merge start anew, those that were met
/// do not. What came after the merge stays with the survivor, but for
/// the `gifts`. Pairs of the leads are rejected: somebody has said that they are two people.
///
/// # Errors
/// A conflict when the merge is undone already, when a later merge stands on it, and when another lead has come to an identity
/// that a merged lead would get back; a gift that is not the survivor's or goes to a lead of another merge, by its pointer.
pub fn undo(
    conn: &mut TenantConnection,
    id: Uuid,
    gifts: &[Gift],
    by: &OnBehalf,
) -> Result<Unmerged> {
    // Load
    let merge = merges::get(conn, id)?;
    check(conn, &merge, gifts)?;
    let moved = merges::list_identities(conn, id)?;
    // Identities are claimed before any lead is locked, here as in a capture.
    let wanted: BTreeMap<Identity, Holder> = moved.iter().cloned().collect();
    let mut claims = lead_identities::claim(conn, wanted, by.now)?;
    let mut ids = merge.lead_ids();
    ids.sort_unstable();
    let mut locked = leads::lock_by_ids(conn, &ids)?;
    lead_identities::confirm(conn, &mut claims, &locked)?;
    // Again, now that nobody else can come between.
    let merge = merges::get(conn, id)?;
    check(conn, &merge, gifts)?;
    let stranger = claims
        .taken
        .iter()
        .find(|(_, holder)| !ids.contains(&holder.lead_id));
    if let Some((identity, holder)) = stranger {
        return Err(Conflict::TakenOver {
            kind: described(identity.kind),
            lead_id: holder.lead_id,
        }
        .into());
    }
    let place = locked.iter().position(|lead| lead.id == merge.survivor_id);
    let place = place.ok_or_else(|| Error::internal("a merge without its survivor"))?;
    let survivor = locked.remove(place);
    if !by.visible.shows(&survivor) {
        return Err(Error::not_found("merge", id));
    }

    // Decide
    let mut after = without(&survivor, &merge.changes);
    keep_apart(&mut after, &merge, &moved, &by.rules);
    let changes = differences(&survivor, &after);
    begin_change(&mut after, by.now);
    let undone = Merge {
        state: MergeState::Undone,
        undone_by: Some(by.provenance.actor.clone()),
        undone_at: Some(after.updated_at),
        ..merge
    };
    let mut happened = event(
        EventType::LeadUnmerged,
        &mut after,
        changes,
        &mut ProcessIds,
    );
    happened.data = Some(told(&undone));
    let mut events = vec![happened];

    // Save
    merges::mark_undone(conn, &undone)?;
    merges::move_back(conn, &undone)?;
    lead_scores::make_stale(conn, &undone.lead_ids(), by.now)?;
    give(conn, &undone, gifts)?;
    let back: Vec<(Identity, Holder)> = moved
        .into_iter()
        .map(|(identity, holder)| {
            // What a sender said last under an id is known of the survivor.
            let said = claims.taken.get(&identity).cloned();
            let lead_id = holder.lead_id;
            let holder = said.map_or(holder, |said| Holder { lead_id, ..said });
            (identity, holder)
        })
        .collect();
    lead_identities::settle(conn, back.iter().map(|(one, holder)| (one, holder)))?;
    let refusals = merges::list_noted(conn, id, noted::REFUSAL)?;
    consents::remove(conn, &refusals)?;
    unsettle_pairs(conn, id, by)?;
    leads::update(conn, &survivor, &after, &by.rules)?;
    let mut all = vec![after];
    for lead in locked {
        let mut back = lead.clone();
        begin_change(&mut back, by.now);
        back.deleted_at = None;
        back.merged_into = None;
        if gifts
            .iter()
            .any(|gift| gift.kind == Belonging::Activity && gift.to == lead.id)
        {
            let latest = activities::find_latest_of_lead(conn, &lead)?;
            back.last_activity_at = latest.unwrap_or(back.last_activity_at);
        }
        let changes = differences(&lead, &back);
        let mut happened = event(EventType::LeadUnmerged, &mut back, changes, &mut ProcessIds);
        happened.data = Some(told(&undone));
        events.push(happened);
        leads::update(conn, &lead, &back, &by.rules)?;
        all.push(back);
    }
    publish(conn, &events, &by.provenance)?;
    for lead in &mut all {
        merge_work::part(conn, lead, by)?;
    }
    Ok(Unmerged {
        merge: undone,
        leads: all,
    })
}

fn check(conn: &mut TenantConnection, merge: &Merge, gifts: &[Gift]) -> Result<()> {
    if merge.state == MergeState::Undone {
        return Err(Conflict::MergeUndone.into());
    }
    if let Some(merge_id) = merges::find_later(conn, merge)? {
        return Err(Conflict::LaterMerge { merge_id }.into());
    }
    let errors: Vec<FieldError> = gifts
        .iter()
        .enumerate()
        .filter(|(_, gift)| !merge.merged_ids.contains(&gift.to))
        .map(|(index, _)| {
            let detail = "one of the leads that come back: see `merged_ids` of the merge";
            FieldError::new(format!("/give/{index}/to"), "not_of_the_merge", detail)
        })
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

/// What no two leads may have goes with the identity: where the survivor has taken over what a merged lead gets back, it has
/// again what it had before the merge.
fn keep_apart(after: &mut Lead, merge: &Merge, moved: &[(Identity, Holder)], rules: &Rules) {
    let goes = |identity: &Identity| moved.iter().any(|(one, _)| one == identity);
    let email = after.fields.email.as_deref();
    if email.is_some_and(|email| goes(&Identity::new(IdentityKind::Email, email))) {
        after.fields.email.clone_from(&merge.before.email);
    }
    let lost: Vec<String> = after
        .custom
        .iter()
        .filter(|(key, value)| {
            let identity = rules
                .field(key)
                .and_then(|field| custom_values::identity(field, value));
            identity.is_some_and(|identity| goes(&identity))
        })
        .map(|(key, _)| key.clone())
        .collect();
    for key in lost {
        match merge.before.custom.get(&key) {
            Some(value) => after.custom.insert(key, value.clone()),
            None => after.custom.shift_remove(&key),
        };
    }
}

fn give(conn: &mut TenantConnection, merge: &Merge, gifts: &[Gift]) -> Result<()> {
    let mut errors = Vec::new();
    for (index, gift) in gifts.iter().enumerate() {
        if !merges::give(conn, gift.kind, gift.id, merge.survivor_id, gift.to)? {
            let detail =
                "this is not the survivor's: it may have come back with another lead already";
            errors.push(FieldError::new(
                format!("/give/{index}/id"),
                "not_of_the_survivor",
                detail,
            ));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

fn unsettle_pairs(conn: &mut TenantConnection, merge_id: Uuid, by: &OnBehalf) -> Result<()> {
    let settled = merges::list_noted(conn, merge_id, noted::PAIR)?;
    for mut pair in duplicate_pairs::lock_by_ids(conn, &settled)? {
        pair.decide(PairState::Rejected, None, &by.provenance.actor, by.now);
        duplicate_pairs::update(conn, &pair)?;
    }
    let made = merges::list_noted(conn, merge_id, noted::REJECTION)?;
    duplicate_pairs::remove(conn, &made)
}

fn described(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Email => "mail address",
        IdentityKind::ExternalId => "external id",
        IdentityKind::Phone => "phone number",
        IdentityKind::VisitorId => "visitor id",
        IdentityKind::CustomField => "value of a unique field",
    }
}
