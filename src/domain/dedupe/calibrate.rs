//! Estimates how much each field says from a workspace's own leads, without anybody having said which are one person:
//! expectation–maximisation (Dempster, Laird and Rubin 1977; Winkler 1988 for record linkage).
//!
//! What leads of two people have in common is told by pairs drawn at random; what those of one person have, by pairs that
//! share a key, each counted for as much as it is probably one person. What people have decided counts as they decided.

use super::compare::{Comparer, FieldWeight, probability};
use super::evidence::Evidence;
use super::likeness::Agreement;
use super::weights::{Field, Shares, Weights};
use serde::{Deserialize, Serialize};

/// As much as so many pairs of one person what was known before weighs against what is seen.
const BELIEF_OF_SAME: f64 = 20.0;
/// As much as so many pairs of two people.
const BELIEF_OF_OTHERS: f64 = 200.0;
/// As much as so many leads what was known of records a person has.
const BELIEF_OF_RECORDS: f64 = 20.0;
/// Most rounds.
const ROUNDS: u32 = 50;
/// Shares that move less than this have settled.
const SETTLED: f64 = 1e-4;
/// Bounds of the records that one person has beside one.
const RECORDS: (f64, f64) = (0.001, 50.0);

/// What two leads have in common, kept small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    weight: f32,
    grades: [Option<Agreement>; Field::ALL.len()],
    verdict: Option<bool>,
}

impl Observation {
    /// What two leads have in common; `verdict` is what somebody has decided: whether they are one person.
    pub fn of(
        comparer: &Comparer,
        (one, other): (&Evidence, &Evidence),
        verdict: Option<bool>,
    ) -> Observation {
        let mut grades = [None; Field::ALL.len()];
        let told = |said: FieldWeight| {
            let grade: &mut Option<Agreement> = &mut grades[said.field as usize];
            *grade = grade.or(Some(said.agreement));
        };
        let weight = comparer.weigh(one, other, told);
        Observation {
            weight,
            grades,
            verdict,
        }
    }

    /// What speaks for one person, in bits.
    pub fn weight(&self) -> f32 {
        self.weight
    }
}

/// What is learned from.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// Leads that were looked at.
    pub leads: u32,
    /// Pairs of each of these and a lead that shares a key with it.
    pub pairs: Vec<Observation>,
    /// Pairs drawn at random.
    pub strangers: Vec<Observation>,
}

/// What came out for a field.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldReport {
    /// Which field.
    pub field: Field,
    /// Pairs of one person, as far as is known, in which both have it.
    pub pairs: f32,
    /// Of pairs of one person, the share in each grade: differs, near, close, same.
    pub m: [f32; 4],
    /// Of pairs of two people, the share in each grade.
    pub u: [f32; 4],
    /// What each grade says, in bits; that of the same value is one of average frequency.
    pub bits: [f32; 4],
    /// What each grade said before.
    pub bits_before: [f32; 4],
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// The weights.
    pub weights: Weights,
    /// The fields of which enough was seen, and what came out for them.
    pub fields: Vec<FieldReport>,
    /// Pairs that are probably one person, each for as much as it is.
    pub same: f32,
    /// Rounds until the shares had settled.
    pub rounds: u32,
    /// For each pair, what speaks for one person, before and after, in bits.
    pub moved: Vec<(f32, f32)>,
}

/// Estimates weights, beginning with those by which the sample was compared.
#[allow(
    clippy::cast_possible_truncation,
    reason = "shares and weights need no more digits"
)]
pub fn calibrate(start: &Weights, sample: &Sample) -> Calibrated {
    let mut estimate = Estimate::of(start);
    let mut rounds = 0;
    let mut same = 0.0;
    while rounds < ROUNDS {
        rounds += 1;
        let before = estimate.clone();
        let mut counted = [[0.0; 4]; Field::ALL.len()];
        same = 0.0;
        for pair in &sample.pairs {
            let likely = before.likely(start, pair);
            same += likely;
            count(&mut counted, pair, likely);
        }
        let mut strange = [[0.0; 4]; Field::ALL.len()];
        for pair in &sample.strangers {
            count(&mut strange, pair, 1.0 - before.likely(start, pair));
        }
        for field in Field::ALL {
            let (at, known) = (field as usize, start.of(field));
            estimate.m[at] = share(&counted[at], &known.m, BELIEF_OF_SAME);
            estimate.u[at] = share(&strange[at], &known.u, BELIEF_OF_OTHERS);
            let unordered = estimate.m[at];
            estimate.m[at] = in_order(unordered, estimate.u[at]);
        }
        estimate.seen = counted.map(|grades| grades.iter().sum());
        let leads = f64::from(sample.leads);
        let known = f64::from(start.records_per_person) * BELIEF_OF_RECORDS;
        let records = (same + known) / (leads + BELIEF_OF_RECORDS);
        estimate.records = records.clamp(RECORDS.0, RECORDS.1);
        if estimate.is_near(&before) {
            break;
        }
    }
    let weights = estimate.weights(start);
    let bits = |of: &Weights, field| {
        let shares = of.of(field);
        [
            Agreement::Differs,
            Agreement::Near,
            Agreement::Close,
            Agreement::Same,
        ]
        .map(|grade| shares.bits(grade))
    };
    let fields = Field::ALL
        .into_iter()
        .filter(|field| estimate.seen[*field as usize] >= 1.0);
    let fields = fields.map(|field| {
        let shares = weights.of(field);
        FieldReport {
            field,
            pairs: estimate.seen[field as usize] as f32,
            m: shares.m,
            u: shares.u,
            bits: bits(&weights, field),
            bits_before: bits(start, field),
        }
    });
    let fields = fields.collect();
    let moved = sample.pairs.iter();
    let moved = moved.map(|pair| (pair.weight, estimate.weight(start, pair) as f32));
    Calibrated {
        fields,
        same: same as f32,
        rounds,
        moved: moved.collect(),
        weights,
    }
}

/// The shares as they are estimated so far.
#[derive(Debug, Clone)]
struct Estimate {
    m: [[f64; 4]; Field::ALL.len()],
    u: [[f64; 4]; Field::ALL.len()],
    seen: [f64; Field::ALL.len()],
    records: f64,
}

impl Estimate {
    fn of(weights: &Weights) -> Estimate {
        Estimate {
            m: Field::ALL.map(|field| weights.of(field).m.map(f64::from)),
            u: Field::ALL.map(|field| weights.of(field).u.map(f64::from)),
            seen: [0.0; Field::ALL.len()],
            records: f64::from(weights.records_per_person),
        }
    }

    /// What speaks for one person now, of a pair that was weighed by `start`.
    fn weight(&self, start: &Weights, pair: &Observation) -> f64 {
        let records = (self.records / f64::from(start.records_per_person)).log2();
        let moved = Field::ALL.into_iter().filter_map(|field| {
            let grade = pair.grades[field as usize]? as usize;
            let known = start.of(field);
            let m = self.m[field as usize][grade] / f64::from(known.m[grade]);
            // What the same value says follows from how frequent it is.
            let u = if grade == Agreement::Same as usize {
                1.0
            } else {
                self.u[field as usize][grade] / f64::from(known.u[grade])
            };
            Some((m / u).log2())
        });
        f64::from(pair.weight) + records + moved.sum::<f64>()
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "weights need no more digits"
    )]
    fn likely(&self, start: &Weights, pair: &Observation) -> f64 {
        match pair.verdict {
            Some(verdict) => f64::from(u8::from(verdict)),
            None => probability(self.weight(start, pair) as f32),
        }
    }

    fn is_near(&self, other: &Estimate) -> bool {
        let shares = |of: &Estimate| [of.m, of.u].concat().concat();
        let moved = shares(self)
            .into_iter()
            .zip(shares(other))
            .map(|(a, b)| (a - b).abs());
        moved.fold(0.0, f64::max) < SETTLED
            && (self.records - other.records).abs() < SETTLED * self.records.max(1.0)
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "shares need no more digits"
    )]
    fn weights(&self, start: &Weights) -> Weights {
        let shares = |field: Field| {
            let known = start.of(field);
            if self.seen[field as usize] < 1.0 {
                return known;
            }
            Shares {
                m: self.m[field as usize].map(|share| share as f32),
                u: self.u[field as usize].map(|share| share as f32),
            }
        };
        Weights {
            fields: Field::ALL
                .into_iter()
                .map(|field| (field, shares(field)))
                .collect(),
            records_per_person: self.records as f32,
        }
    }
}

fn count(counts: &mut [[f64; 4]; Field::ALL.len()], pair: &Observation, much: f64) {
    for (counts, grade) in counts.iter_mut().zip(pair.grades) {
        if let Some(grade) = grade {
            counts[grade as usize] += much;
        }
    }
}

/// Shares of what was counted, held by what was known before.
fn share(counted: &[f64; 4], known: &[f32; 4], belief: f64) -> [f64; 4] {
    let all: f64 = counted.iter().sum();
    std::array::from_fn(|grade| {
        (counted[grade] + belief * f64::from(known[grade])) / (all + belief)
    })
}

/// A better agreement never speaks less for one person: grades that would are taken as one (pool adjacent violators, Ayer
/// and others 1955).
fn in_order(m: [f64; 4], u: [f64; 4]) -> [f64; 4] {
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(4);
    for (m, u) in m.into_iter().zip(u) {
        let mut pool = (m, u, 1);
        while let Some(last) = pools.last().copied() {
            if last.0 / last.1 <= pool.0 / pool.1 {
                break;
            }
            pools.pop();
            pool = (last.0 + pool.0, last.1 + pool.1, last.2 + pool.2);
        }
        pools.push(pool);
    }
    let ratios = pools
        .into_iter()
        .flat_map(|(m, u, grades)| std::iter::repeat_n(m / u, grades));
    let mut ordered = [0.0; 4];
    for ((place, ratio), u) in ordered.iter_mut().zip(ratios).zip(u) {
        *place = ratio * u;
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::super::{Draft, Frequencies};
    use super::*;

    fn person(first_name: &str, last_name: &str, city: &str) -> Evidence {
        Evidence::of(&Draft {
            first_name: Some(first_name),
            last_name: Some(last_name),
            city: Some(city),
            ..Draft::default()
        })
    }

    /// People of whom each has two records; `moves` says how many have another city in the second.
    fn sample(moves: usize) -> (Weights, Sample) {
        let (weights, frequencies) = (Weights::default(), Frequencies::default());
        let comparer = Comparer::new(&weights, &frequencies, 400);
        let letters = |number: usize| {
            let letter = |digit: usize| char::from(b'a' + u8::try_from(digit % 23).unwrap());
            let parts = [number / 23, number, number * 7, number * 11 + 5, number * 3];
            parts.into_iter().map(letter).collect::<String>()
        };
        let people: Vec<[Evidence; 2]> = (0..200)
            .map(|number| {
                let (first, last) = (letters(number * 17 + 3), letters(number * 29 + 1));
                let home = letters(number % 40);
                let second = if number < moves {
                    letters(number % 40 + 400)
                } else {
                    home.clone()
                };
                [person(&first, &last, &home), person(&first, &last, &second)]
            })
            .collect();
        let observe =
            |one: &Evidence, other: &Evidence| Observation::of(&comparer, (one, other), None);
        let pairs = people
            .iter()
            .flat_map(|[one, other]| [observe(one, other), observe(other, one)]);
        let strangers = (0..199)
            .flat_map(|at| (at + 1..200).map(move |other| (at, other)))
            .map(|(one, other)| observe(&people[one][0], &people[other][1]));
        let sample = Sample {
            leads: 400,
            pairs: pairs.collect(),
            strangers: strangers.collect(),
        };
        (weights, sample)
    }

    fn bits_of_another_city(moves: usize) -> f32 {
        let (start, sample) = sample(moves);
        let calibrated = calibrate(&start, &sample);
        calibrated.weights.of(Field::City).bits(Agreement::Differs)
    }

    #[test]
    fn where_people_move_another_city_says_less() {
        let (few, many) = (bits_of_another_city(4), bits_of_another_city(80));
        assert!(few < many - 2.0 && many < 0.0, "{few} {many}");
    }

    #[test]
    fn records_a_person_has_are_told() {
        let (start, sample) = sample(10);
        let calibrated = calibrate(&start, &sample);
        let records = calibrated.weights.records_per_person;
        assert!((0.95..1.1).contains(&records), "{records}");
        assert!(calibrated.same > 390.0 && calibrated.rounds < ROUNDS);
        assert_eq!(calibrated.moved.len(), 400);
    }

    #[test]
    fn without_pairs_everything_stays() {
        let start = Weights::default();
        let calibrated = calibrate(&start, &Sample::default());
        assert_eq!(calibrated.weights.fields, start.fields);
        assert!(calibrated.fields.is_empty());
    }

    #[test]
    fn what_people_rejected_is_not_one_person() {
        let (start, mut sample) = sample(0);
        for pair in &mut sample.pairs {
            pair.verdict = Some(false);
        }
        let calibrated = calibrate(&start, &sample);
        assert!(calibrated.same.abs() < 1e-6 && calibrated.weights.records_per_person < 0.2);
    }

    #[test]
    fn better_agreement_never_says_less() {
        let m = [0.3, 0.05, 0.25, 0.4];
        let u = [0.9, 0.04, 0.05, 0.01];
        let twisted = in_order([0.05, 0.5, 0.05, 0.4], u);
        let ratios: Vec<f64> = twisted.iter().zip(u).map(|(m, u)| m / u).collect();
        assert!(
            ratios.windows(2).all(|two| two[0] <= two[1] + 1e-9),
            "{ratios:?}"
        );
        assert!((twisted.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let same = in_order(m, u);
        assert!(same.iter().zip(m).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
