//! How often values are found among the leads of a workspace: agreeing on a rare one says more than on a common one.

use super::evidence::Evidence;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    GivenName,
    FamilyName,
    CompanyWord,
    Email,
    EmailLocal,
    EmailDomain,
    Phone,
    Street,
    PostalCode,
    City,
    Country,
    Day,
    Text,
}

impl Value {
    const COUNT: usize = 13;

    /// How often a value is expected before anything was counted: a share of all.
    fn expected(self) -> f32 {
        match self {
            Value::GivenName => 0.006,
            Value::FamilyName => 0.002,
            Value::CompanyWord => 0.002,
            Value::Email | Value::Phone => 1e-6,
            Value::EmailLocal => 0.0005,
            Value::EmailDomain => 0.003,
            Value::Street => 1e-5,
            Value::PostalCode => 0.001,
            Value::City => 0.01,
            Value::Country => 0.5,
            Value::Day => 5e-5,
            Value::Text => 0.1,
        }
    }
}

/// As much as so many leads what is expected weighs, against what was counted.
const EXPECTATION: f32 = 100.0;
/// Most values that are counted; then those that were found once are forgotten.
const MOST: usize = 2_000_000;

/// Counts of values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frequencies {
    counts: HashMap<(Value, u64), u32>,
    totals: [u32; Value::COUNT],
    leads: u32,
    /// Values that are not there may be as frequent.
    forgotten: u32,
}

/// Counts as they are kept: the most frequent values only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptFrequencies {
    leads: u32,
    totals: Vec<u32>,
    forgotten: u32,
    common: Vec<(Value, u64, u32)>,
}

impl Frequencies {
    /// Counts what one lead says.
    pub fn add(&mut self, evidence: &Evidence) {
        self.leads = self.leads.saturating_add(1);
        let mut seen = Vec::new();
        values_of(evidence, |value, hash| seen.push((value, hash)));
        let mut kinds = [false; Value::COUNT];
        for (value, hash) in seen {
            kinds[value as usize] = true;
            let count = self.counts.entry((value, hash)).or_default();
            *count = count.saturating_add(1);
        }
        for (total, is_there) in self.totals.iter_mut().zip(kinds) {
            *total = total.saturating_add(u32::from(is_there));
        }
        if self.counts.len() > MOST {
            self.counts.retain(|_, count| *count > 1);
        }
    }

    /// The most frequent values, at most so many, in a form that is kept.
    pub fn keep(&self, most: usize) -> KeptFrequencies {
        let mut common: Vec<(Value, u64, u32)> = self
            .counts
            .iter()
            .filter(|(_, count)| **count > 2)
            .map(|((value, hash), count)| (*value, *hash, *count))
            .collect();
        common.sort_unstable_by_key(|(value, hash, count)| {
            std::cmp::Reverse((*count, *value, *hash))
        });
        let cut = common.get(most).map_or(2, |(_, _, count)| *count);
        common.truncate(most);
        KeptFrequencies {
            leads: self.leads,
            totals: self.totals.to_vec(),
            forgotten: if self.counts.is_empty() {
                0
            } else {
                cut.min(2)
            },
            common,
        }
    }

    /// Leads that were counted.
    pub fn leads(&self) -> u32 {
        self.leads
    }

    /// The share of leads with a value, of those that have any; two leads that have it are no surprise to each other, so
    /// one of them does not count.
    #[allow(clippy::cast_precision_loss, reason = "counts of leads")]
    pub(super) fn share(&self, value: Value, hash: u64) -> f32 {
        let count = self
            .counts
            .get(&(value, hash))
            .copied()
            .unwrap_or(self.forgotten);
        let total = self.totals[value as usize];
        (count.saturating_sub(1) as f32 + EXPECTATION * value.expected())
            / (total as f32 + EXPECTATION)
    }
}

impl From<KeptFrequencies> for Frequencies {
    fn from(kept: KeptFrequencies) -> Self {
        let mut totals = [0; Value::COUNT];
        totals
            .iter_mut()
            .zip(kept.totals)
            .for_each(|(total, of)| *total = of);
        let counts = kept
            .common
            .into_iter()
            .map(|(value, hash, count)| ((value, hash), count));
        Frequencies {
            counts: counts.collect(),
            totals,
            leads: kept.leads,
            forgotten: kept.forgotten,
        }
    }
}

fn values_of(evidence: &Evidence, mut add: impl FnMut(Value, u64)) {
    for word in &evidence.given {
        add(Value::GivenName, word.hash);
    }
    for word in &evidence.family {
        add(Value::FamilyName, word.hash);
    }
    for word in &evidence.company {
        add(Value::CompanyWord, word.hash);
    }
    if let Some(email) = &evidence.email {
        add(Value::Email, email.hash);
        add(Value::EmailLocal, email.local_hash);
        add(Value::EmailDomain, email.domain_hash);
    }
    for phone in &evidence.phones {
        add(Value::Phone, phone.hash);
    }
    if let Some(street) = &evidence.street {
        add(Value::Street, street.hash);
    }
    if let Some(code) = &evidence.postal_code {
        add(Value::PostalCode, code.hash);
    }
    for word in &evidence.city {
        add(Value::City, word.hash);
    }
    if let Some(country) = evidence.country {
        add(Value::Country, country);
    }
    for (key, day) in &evidence.days {
        add(Value::Day, key ^ day.number());
    }
    for (key, text) in &evidence.texts {
        add(Value::Text, key ^ text);
    }
}
