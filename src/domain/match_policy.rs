//! What a workspace wants done with somebody who may be a lead it has.

use crate::domain::dedupe::EvidenceKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What becomes of a capture that may be somebody who is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchPolicy {
    /// Who is probably a lead is that lead; who is possibly one is flagged.
    Attach,
    /// A new lead, and the pair is there to be looked at.
    #[default]
    Flag,
    /// A new lead, and nothing more.
    Create,
}

/// How likenesses are treated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct MatchSettings {
    /// What becomes of a capture that may be somebody who is known.
    pub policy: MatchPolicy,
    /// Another policy for a lead source, by its name.
    pub sources: BTreeMap<String, MatchPolicy>,
    /// From which probability on two leads are probably one person, in thousandths.
    #[schema(minimum = 500, maximum = 1000)]
    pub probable_permille: u16,
    /// From which probability on two leads are possibly one person, in thousandths: the pair is listed. A capture is flagged
    /// from here on in a small workspace, and from nearer to certainty on the more leads there are.
    #[schema(minimum = 100, maximum = 1000)]
    pub possible_permille: u16,
    /// Custom fields that say who somebody is, by their keys: a date of birth is a `date`, a customer number an
    /// `identifier`, a profession a `text`.
    pub evidence: BTreeMap<String, EvidenceKind>,
}

impl Default for MatchSettings {
    fn default() -> Self {
        MatchSettings {
            policy: MatchPolicy::default(),
            sources: BTreeMap::new(),
            probable_permille: 999,
            possible_permille: 500,
            evidence: BTreeMap::new(),
        }
    }
}

impl MatchSettings {
    /// The policy for captures of a source.
    pub fn policy_for(&self, source: Option<&str>) -> MatchPolicy {
        let own = source.and_then(|source| self.sources.get(source));
        own.copied().unwrap_or(self.policy)
    }

    /// From which probability on two leads are probably one person.
    pub fn probable(&self) -> f64 {
        f64::from(self.probable_permille) / 1000.0
    }

    /// From which probability on two leads are possibly one person.
    pub fn possible(&self) -> f64 {
        f64::from(self.possible_permille) / 1000.0
    }
}
