//! How many points a model can bring.

use super::document::{Counts, LedgerKind, ScoringModelDocument};
use std::collections::HashMap;

/// The most points that a lead can have in a ledger; `None`: no limit.
pub fn most_points(document: &ScoringModelDocument, ledger: LedgerKind) -> Option<i64> {
    let rules = document.rules.iter();
    let mut groups: HashMap<Option<&str>, Option<i64>> = HashMap::new();
    for rule in rules.filter(|rule| rule.ledger == ledger && rule.points > 0) {
        let sum = groups.entry(rule.group.as_deref()).or_insert(Some(0));
        let is_limited = ledger == LedgerKind::Fit || rule.counts == Some(Counts::Once);
        *sum = sum
            .filter(|_| is_limited)
            .map(|sum| sum + i64::from(rule.points));
    }
    let cap_of = |key: &Option<&str>| {
        let mut groups = document.groups.iter();
        let group = groups.find(|group| Some(group.key.as_str()) == *key);
        group.and_then(|group| group.cap).map(i64::from)
    };
    let capped = |(key, sum): (&Option<&str>, &Option<i64>)| match cap_of(key) {
        Some(cap) => Some(sum.map_or(cap, |sum| sum.min(cap))),
        None => *sum,
    };
    groups.iter().map(capped).sum()
}
