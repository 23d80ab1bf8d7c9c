//! What is known of the people in a batch: leads, and whose the identities are.

use super::Capture;
use crate::domain::custom_values;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::lead::Lead;
use crate::domain::likeness::{Fresh, Near, Sought};
use crate::domain::rules::Rules;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Whose an identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The lead it belongs to.
    pub lead_id: Uuid,
    /// What the sender last said under it.
    pub content_hash: Option<[u8; 32]>,
    /// The receipt of that.
    pub submission_id: Option<Uuid>,
}

/// What is known of the people in a batch, before it and, as decisions are taken, after each of its captures.
#[derive(Debug, Default)]
pub struct Known {
    /// Leads that the identities lead to, and those that the batch creates.
    pub leads: HashMap<Uuid, Lead>,
    /// Identities that belong to a lead.
    pub identities: HashMap<Identity, Holder>,
    /// Ids of leads that the batch creates.
    pub created: Vec<Uuid>,
    /// Leads that were there before and changed, as they were before.
    pub changed: BTreeMap<Uuid, Lead>,
    /// First receipts of what tests said, by the lead and what was said.
    pub tried: HashMap<(Uuid, [u8; 32]), Uuid>,
    /// Values that no other lead may have, and that a lead does not have any more.
    pub given_up: Vec<(Identity, Uuid)>,
    /// What is looked at of captures of somebody who is not known by an identity, and the leads that are near them, by
    /// the captures' receipts.
    pub likenesses: HashMap<Uuid, (Sought, Near)>,
    /// Leads that the batch creates or changes, to be like the captures that come behind them.
    pub fresh: Fresh,
    /// Whose leads they are.
    pub workspace_id: Uuid,
}

/// The identities that nobody holds become this lead's; of the values that no other lead may have those it has now.
pub(super) fn hold_identities(capture: &Capture, known: &mut Known, lead: &Lead, rules: &Rules) {
    let lead_id = lead.id;
    for identity in &capture.identities {
        if identity.kind == IdentityKind::CustomField
            && !custom_values::holds(lead, identity, rules)
        {
            continue;
        }
        let own = capture.holder(identity, lead_id);
        match known.identities.entry(identity.clone()) {
            Entry::Occupied(mut held)
                if held.get().lead_id == lead_id && identity.kind == IdentityKind::ExternalId =>
            {
                held.insert(own);
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => {
                free.insert(own);
            }
        }
    }
}
