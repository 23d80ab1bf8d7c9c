//! Values that no two leads may have, where another lead has one.

use super::identify::identify;
use super::{Capture, Known};
use crate::domain::identity::IdentityKind;
use crate::domain::rules::Rules;
use crate::error::{Conflict, Error};
use uuid::Uuid;

/// A value that no two leads may have, and that another lead has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenValue {
    /// The key of the field.
    pub key: String,
    /// The other lead.
    pub lead_id: Uuid,
}

impl From<TakenValue> for Error {
    fn from(taken: TakenValue) -> Error {
        let TakenValue { key, lead_id } = taken;
        Conflict::ValueTaken { key, lead_id }.into()
    }
}

/// The first value that refuses the capture, since another lead has it than the one this person is.
pub fn refused_for(capture: &Capture, known: &Known, rules: &Rules) -> Option<TakenValue> {
    if !capture.refuses_taken {
        return None;
    }
    let own = identify(capture, known, rules).map(|(lead_id, _)| lead_id);
    anothers_values(capture, known, own).next()
}

/// The capture's values of unique fields that another lead has than this one.
fn anothers_values<'a>(
    capture: &'a Capture,
    known: &'a Known,
    own: Option<Uuid>,
) -> impl Iterator<Item = TakenValue> + 'a {
    let exclusive = capture
        .identities
        .iter()
        .filter(|identity| identity.kind == IdentityKind::CustomField);
    exclusive.filter_map(move |identity| {
        let lead_id = known.identities.get(identity)?.lead_id;
        let (key, _) = identity.value.split_once(':')?;
        (Some(lead_id) != own).then(|| TakenValue {
            key: key.to_owned(),
            lead_id,
        })
    })
}

pub(super) fn withheld(capture: &Capture, known: &Known, own: Option<Uuid>) -> Vec<String> {
    anothers_values(capture, known, own)
        .map(|taken| taken.key)
        .collect()
}
