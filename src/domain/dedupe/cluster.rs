//! Who is one person, of many pairs: without two people being chained together by a record that is a little like both.

use std::collections::HashMap;
use std::hash::Hash;

/// Two records and what speaks for their being one person, in bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair<T> {
    /// One.
    pub one: T,
    /// The other.
    pub other: T,
    /// What speaks for it.
    pub weight: f32,
}

/// Pairs across two clusters that are looked at, at most.
const LOOKS: usize = 64;

/// Puts records together: the strongest pair first, two clusters only where on average their records speak for one
/// person. `weigh` weighs two records that no pair names. The answer has no record alone.
pub fn cluster<T: Copy + Eq + Hash + Ord>(
    mut pairs: Vec<Pair<T>>,
    mut weigh: impl FnMut(T, T) -> f32,
) -> Vec<Vec<T>> {
    pairs.sort_by(|a, b| {
        b.weight
            .total_cmp(&a.weight)
            .then_with(|| (a.one, a.other).cmp(&(b.one, b.other)))
    });
    let mut of: HashMap<T, usize> = HashMap::new();
    let mut clusters: Vec<Vec<T>> = Vec::new();
    for pair in pairs {
        let mut home = |record: T| {
            *of.entry(record).or_insert_with(|| {
                clusters.push(vec![record]);
                clusters.len() - 1
            })
        };
        let (a, b) = (home(pair.one), home(pair.other));
        if a == b {
            continue;
        }
        let (small, large) = if clusters[a].len() <= clusters[b].len() {
            (a, b)
        } else {
            (b, a)
        };
        if clusters[large].len() > 1
            && average(&clusters[small], &clusters[large], &mut weigh) < 0.0
        {
            continue;
        }
        let moved = std::mem::take(&mut clusters[small]);
        for record in &moved {
            of.insert(*record, large);
        }
        clusters[large].extend(moved);
    }
    clusters.retain(|cluster| cluster.len() > 1);
    clusters
}

/// What speaks for two clusters being one, of pairs across them; much for one does not outweigh much against another.
#[allow(clippy::cast_precision_loss, reason = "at most LOOKS")]
fn average<T: Copy>(one: &[T], other: &[T], weigh: &mut impl FnMut(T, T) -> f32) -> f32 {
    let all = one.iter().flat_map(|a| other.iter().map(move |b| (*a, *b)));
    let step = (one.len() * other.len()).div_ceil(LOOKS);
    let (mut sum, mut count) = (0.0, 0);
    for (a, b) in all.step_by(step) {
        sum += weigh(a, b).clamp(-8.0, 8.0);
        count += 1;
    }
    sum / count.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_between_two_people_does_not_make_them_one() {
        let pair = |one, other, weight| Pair { one, other, weight };
        let pairs = vec![pair(1, 2, 9.0), pair(3, 4, 9.0), pair(2, 3, 1.0)];
        let apart = |_, _| -6.0;
        let mut found = cluster(pairs.clone(), apart);
        found.sort();
        assert_eq!(found, [vec![2, 1], vec![4, 3]]);
        let together = cluster(pairs, |_, _| 2.0);
        assert_eq!(together.len(), 1);
    }
}
