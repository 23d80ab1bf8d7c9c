//! Who somebody is, told by identities: mail addresses, numbers and ids that belong to a lead.

use super::{Capture, Known};
use crate::domain::custom_values;
use crate::domain::dedupe::PersonName;
use crate::domain::identity::IdentityKind;
use crate::domain::lead::Lead;
use crate::domain::lead_fields::LeadFields;
use crate::domain::rules::Rules;
use uuid::Uuid;

/// The lead that an identity says a capture is of.
pub fn identified(capture: &Capture, known: &Known, rules: &Rules) -> Option<Uuid> {
    identify(capture, known, rules).map(|(lead_id, _)| lead_id)
}

/// The lead this person already is, and what told so: the first identity, in the workspace's order, that belongs to a lead
/// and does not contradict.
///
/// A phone number contradicts when both sides have a mail address and they differ, or an extension, or given names that
/// differ altogether: colleagues share switchboards, families share phones.
pub(super) fn identify(
    capture: &Capture,
    known: &Known,
    rules: &Rules,
) -> Option<(Uuid, IdentityKind)> {
    rules
        .identity_order
        .iter()
        .filter(|kind| **kind != IdentityKind::VisitorId)
        .find_map(|kind| {
            let of_kind = capture
                .identities
                .iter()
                .filter(|identity| identity.kind == *kind)
                .filter(|identity| {
                    *kind != IdentityKind::CustomField || custom_values::identifies(identity, rules)
                });
            of_kind
                .filter_map(|identity| known.identities.get(identity))
                .filter_map(|holder| known.leads.get(&holder.lead_id))
                .find(|lead| *kind != IdentityKind::Phone || !shares_a_phone(capture, known, lead))
                .map(|lead| (lead.id, *kind))
        })
}

/// Whether a lead that has the phone number of a capture is somebody else.
fn shares_a_phone(capture: &Capture, known: &Known, lead: &Lead) -> bool {
    let (one, other) = (&capture.fields, &lead.fields);
    let has_other_email =
        one.email.is_some() && other.email.is_some() && !shares_email(capture, known, lead);
    let has_other_extension = one.phone == other.phone
        && one.phone_extension.is_some()
        && other.phone_extension.is_some()
        && one.phone_extension != other.phone_extension;
    let name = |fields: &LeadFields| {
        PersonName::of(fields.first_name.as_deref(), fields.last_name.as_deref())
    };
    has_other_email || has_other_extension || name(one).is_anothers(&name(other))
}

fn shares_email(capture: &Capture, known: &Known, lead: &Lead) -> bool {
    capture
        .identities
        .iter()
        .filter(|identity| identity.kind == IdentityKind::Email)
        .any(|identity| {
            known
                .identities
                .get(identity)
                .is_some_and(|holder| holder.lead_id == lead.id)
        })
}

/// Whether the capture's mail address belongs to another lead than the one it was matched with, by an external id or a
/// number: two leads never have one address.
pub(super) fn is_anothers_email(capture: &Capture, known: &Known, lead_id: Uuid) -> bool {
    capture
        .identities
        .iter()
        .filter(|identity| identity.kind == IdentityKind::Email)
        .filter_map(|identity| known.identities.get(identity))
        .any(|holder| holder.lead_id != lead_id)
}
