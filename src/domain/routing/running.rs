//! Who is in the running for a lead: of those who can take it, the ones whom the pool's strategy does not put behind others.

use super::candidate::{Candidate, Exclusion};
use super::document::{Strategy, WhenAllOffShift};
use super::pool::Pool;
use super::turns::Runner;
use std::cmp::Ordering;

/// Marks who is in the running, and lists them; empty when nobody can take the lead.
pub(super) fn narrow(pool: &Pool, candidates: &mut [Candidate], score: Option<i32>) -> Vec<Runner> {
    if !candidates.iter().any(|candidate| candidate.eligible) {
        admit_off_shift(pool.when_all_off_shift, candidates);
    }
    let eligible = || candidates.iter().filter(|candidate| candidate.eligible);
    let hot = pool
        .hot_from_score
        .is_some_and(|least| score.is_some_and(|score| score >= least));
    let best: Option<Candidate> = match pool.strategy {
        Strategy::LeastLoaded => eligible().min_by(|one, other| by_load(one, other)).cloned(),
        Strategy::BestScore if hot => eligible().min_by_key(|candidate| candidate.rank).cloned(),
        Strategy::RoundRobin | Strategy::Weighted | Strategy::BestScore => None,
    };
    let is_behind = |candidate: &Candidate, best: &Candidate| match pool.strategy {
        Strategy::LeastLoaded => by_load(candidate, best) == Ordering::Greater,
        _ => candidate.rank > best.rank,
    };
    let mut runners = Vec::with_capacity(candidates.len());
    for (place, candidate) in candidates.iter_mut().enumerate() {
        let preferred = best.as_ref().is_none_or(|best| !is_behind(candidate, best));
        candidate.in_running = candidate.eligible && preferred;
        if candidate.in_running {
            let weight = candidate.weight;
            runners.push(Runner { place, weight });
        }
    }
    runners
}

/// Fewest open leads for their weight first.
fn by_load(one: &Candidate, other: &Candidate) -> Ordering {
    let load = |candidate: &Candidate| u64::from(candidate.load.unwrap_or(0));
    let weight = |candidate: &Candidate| u64::from(candidate.weight);
    (load(one) * weight(other)).cmp(&(load(other) * weight(one)))
}

/// Lets those in whom nothing but their shift excludes, as the pool has it.
fn admit_off_shift(when_all_off_shift: WhenAllOffShift, candidates: &mut [Candidate]) {
    let only_off_shift = |candidate: &Candidate| {
        matches!(
            candidate.excluded_by.as_slice(),
            [Exclusion::OffShift { .. }]
        )
    };
    let next_on = |candidate: &Candidate| candidate.off_shift.and_then(|shift| shift.next_on_at);
    let waiting = candidates
        .iter()
        .filter(|candidate| only_off_shift(candidate));
    let first = match when_all_off_shift {
        WhenAllOffShift::Fallback => return,
        WhenAllOffShift::IgnoreShift => None,
        WhenAllOffShift::NextOnShift => waiting.filter_map(next_on).min(),
    };
    for candidate in candidates.iter_mut() {
        let admitted = first.is_none() || next_on(candidate) == first;
        if only_off_shift(candidate) && admitted {
            candidate.excluded_by.clear();
            candidate.eligible = true;
        }
    }
}
