//! Goes through the leads that were there before a field's definition changed, so that the index of values and what makes
//! values unique are right for them, too.
//!
//! It goes on in the order of ids, a batch in a transaction, from where the last one ended. Whoever changes a lead
//! meanwhile keeps both right for it, once they know of the change: after [`SETTLING_SECONDS`] those leads are gone through
//! once more that may have been written by somebody who did not.

use crate::domain::capture::Holder;
use crate::domain::custom_values;
use crate::domain::field_definition::Walk;
use crate::domain::field_value::{index_form, normalise};
use crate::domain::identity::Identity;
use crate::error::{Error, Result};
use crate::store::failure::LostRace;
use crate::store::field_definitions::{self, FieldRecord};
use crate::store::leads::KeyedValue;
use crate::store::pool::TenantConnection;
use crate::store::{lead_identities, lead_values, leads};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Leads of one transaction.
pub const BATCH: i64 = 1000;
/// Seconds after which every process knows of a change and has ended what it began before. Processes keep rules for 5.
pub const SETTLING_SECONDS: i64 = 15;
/// Leads that are counted to say how many there are to go through.
const COUNTED: i64 = 1_000_000;
/// Leads named that share values.
const NAMED: usize = 20;

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is more to go through.
    More,
    /// Nothing more for now.
    Enough,
}

/// Begins to go through the leads: the definition changed, and not only for those to come. `index` and `unique` say for
/// which of the two.
pub fn begin(record: &mut FieldRecord, index: bool, unique: bool, now: DateTime<Utc>) {
    let indexing = &mut record.definition.indexing;
    indexing.index_ready &= !index;
    indexing.unique_ready &= !unique;
    indexing.walk = Walk::Walking;
    indexing.walked = 0;
    indexing.total = None;
    record.walk_since = Some(now);
    record.walked_through = None;
    record.misfits = 0;
    record.unique_conflicts = Vec::new();
}

/// Goes through the next batch. The answer names leads that share values, if there are any: then the transaction must not
/// go on as if the field were unique.
pub fn go_on(conn: &mut TenantConnection, record: &mut FieldRecord) -> Result<(Step, Vec<Uuid>)> {
    if record.definition.indexing.total.is_none() && record.walked_through.is_none() {
        record.definition.indexing.total = leads::count_up_to(conn, COUNTED)?;
    }
    let batch = leads::list_values(conn, &record.definition.key, record.walked_through, BATCH)?;
    let (shared, misfits) = bring_in_step(conn, record, &batch)?;
    let count = i64::try_from(batch.len()).map_err(Error::internal)?;
    let indexing = &mut record.definition.indexing;
    indexing.walked += count;
    record.misfits += misfits;
    record.walked_through = batch
        .last()
        .map(|last| last.lead_id)
        .or(record.walked_through);
    if count == BATCH {
        return Ok((Step::More, shared));
    }
    if shared.is_empty() {
        indexing.index_ready = true;
        indexing.unique_ready = true;
    }
    indexing.walk = Walk::Settling;
    Ok((Step::Enough, shared))
}

/// Takes the next step for a field of the transaction's workspace, if there is one to take.
pub fn step(conn: &mut TenantConnection, key: &str, now: DateTime<Utc>) -> Result<Step> {
    let mut record = field_definitions::lock(conn, key)?;
    if record.definition.indexing.walk != Walk::Walking {
        return Ok(Step::Enough);
    }
    let (step, shared) = go_on(conn, &mut record)?;
    if !shared.is_empty() {
        refuse_unique(&mut record, shared, now);
    }
    field_definitions::update(conn, &record)?;
    Ok(if record.definition.indexing.walk == Walk::Walking {
        Step::More
    } else {
        step
    })
}

/// Where the second time through has come: the moment and the lead of the last change.
pub type Settled = (DateTime<Utc>, Uuid);

/// Goes once more through leads that changed around the moment of the change, a batch at a time: `after` is where the last
/// one ended. The answer is where this one did, `None` when there is no more.
pub fn settle(
    conn: &mut TenantConnection,
    key: &str,
    after: Option<Settled>,
    now: DateTime<Utc>,
) -> Result<Option<Settled>> {
    let mut record = field_definitions::lock(conn, key)?;
    let since = record.walk_since.unwrap_or(record.updated_at);
    let settling = Duration::seconds(SETTLING_SECONDS);
    if record.definition.indexing.walk != Walk::Settling || now < since + settling {
        return Ok(None);
    }
    // Clocks of servers differ.
    let after = after.unwrap_or((since - settling, Uuid::nil()));
    let batch = leads::list_changed_values(conn, key, after, now, BATCH)?;
    let (shared, _) = bring_in_step(conn, &record, &batch)?;
    if !shared.is_empty() {
        refuse_unique(&mut record, shared, now);
        field_definitions::update(conn, &record)?;
        return Ok(None);
    }
    if i64::try_from(batch.len()).map_err(Error::internal)? == BATCH {
        return Ok(batch.last().map(|last| (last.updated_at, last.lead_id)));
    }
    record.definition.indexing.walk = Walk::Idle;
    field_definitions::update(conn, &record)?;
    Ok(None)
}

/// The field is not unique, after all; what was claimed for it is given up again.
fn refuse_unique(record: &mut FieldRecord, shared: Vec<Uuid>, now: DateTime<Utc>) {
    record.definition.unique = false;
    record.definition.identifies = false;
    record.version += 1;
    record.updated_at = now;
    begin(record, false, true, now);
    record.unique_conflicts = shared;
}

/// Brings both in step with what these leads have. The answer is the leads that share a value, and how many have one that
/// does not fit.
fn bring_in_step(
    conn: &mut TenantConnection,
    record: &FieldRecord,
    batch: &[KeyedValue],
) -> Result<(Vec<Uuid>, i64)> {
    let field = &record.definition;
    let mut shared = Vec::new();
    let mut wanted: BTreeMap<Identity, Holder> = BTreeMap::new();
    for lead in batch {
        let value = lead.value.as_ref();
        let Some(identity) = value.and_then(|value| custom_values::identity(field, value)) else {
            continue;
        };
        let own = Holder {
            lead_id: lead.lead_id,
            content_hash: None,
            submission_id: None,
        };
        if let Some(first) = wanted.get(&identity) {
            shared.extend([first.lead_id, lead.lead_id]);
        } else {
            wanted.insert(identity, own);
        }
    }
    let ids: Vec<Uuid> = batch.iter().map(|lead| lead.lead_id).collect();
    let mut held = lead_identities::list_values(conn, &field.key, &ids)?;
    held.retain(|(identity, lead_id)| {
        let own = wanted.get(identity).map(|holder| holder.lead_id);
        own != Some(*lead_id)
    });
    let stale = held.iter().map(|(identity, lead_id)| (identity, *lead_id));
    lead_identities::release(conn, stale)?;
    // Claimed before any lead is locked, here as in a capture: so the two never wait for each other.
    let claims = lead_identities::claim(conn, wanted.clone(), record.updated_at)?;
    for (identity, holder) in &claims.taken {
        let own = wanted[identity].lead_id;
        if holder.lead_id != own {
            shared.extend([holder.lead_id, own]);
        }
    }
    let locked = leads::lock_values(conn, &field.key, &ids)?;
    if field.is_exclusive() && has_changed(batch, &locked) {
        return Err(Error::internal(LostRace));
    }
    let misfits = locked
        .iter()
        .filter(|lead| match &lead.value {
            Some(value) => normalise(field, value).is_err(),
            None => false,
        })
        .count();
    lead_values::replace(
        conn,
        field.slot,
        locked.into_iter().map(|lead| {
            let value = lead.value.filter(|_| field.is_indexed());
            let forms = value.map(|value| index_form(field.field_type, &value));
            (lead.lead_id, forms.unwrap_or_default())
        }),
    )?;
    shared.sort_unstable();
    shared.dedup();
    shared.truncate(NAMED);
    Ok((shared, i64::try_from(misfits).map_err(Error::internal)?))
}

/// Whether a value is another one, now that the leads are locked.
fn has_changed(read: &[KeyedValue], locked: &[KeyedValue]) -> bool {
    let before: BTreeMap<Uuid, _> = read.iter().map(|one| (one.lead_id, &one.value)).collect();
    locked
        .iter()
        .any(|one| before.get(&one.lead_id) != Some(&&one.value))
}
