//! Compares what is known of two leads, field by field.
//!
//! Missing says nothing. Fields that a household or an office shares do not add up for two people whose given names are
//! different altogether: then only what is a person's own speaks for one person.

mod company;
mod contacts;
mod names;
mod others;
mod place;
mod sums;

use super::evidence::Evidence;
use super::frequencies::Frequencies;
use super::likeness::Agreement;
use super::weights::{Field, Weights};
use serde::{Deserialize, Serialize};
use sums::Sums;

/// What a field says of two leads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldWeight {
    /// Which field.
    pub field: Field,
    /// How its two values go together.
    pub agreement: Agreement,
    /// What that says, in bits: above zero for one person, below for two.
    pub weight: f32,
}

/// What two leads have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// That they are one person, or one company where they name no person: 0 to 1.
    pub probability: f64,
    /// All weights and the odds before any were known, in bits.
    pub weight: f32,
    /// Each field that both have.
    pub fields: Vec<FieldWeight>,
}

/// Compares leads of one workspace.
#[derive(Debug, Clone, Copy)]
pub struct Comparer<'a> {
    weights: &'a Weights,
    frequencies: &'a Frequencies,
    prior: f32,
    leads: f32,
}

/// Fewest leads that the odds are reckoned with.
const FEWEST: f32 = 300.0;
/// Leads up to which nobody is alike by chance, as good as.
const FEW: f32 = 128.0;
/// Bits that every doubling of the leads beyond that takes away from what is told at once.
const CAUTION: f32 = 3.0;
/// And at most.
const MOST_CAUTION: f32 = 9.0;

impl<'a> Comparer<'a> {
    /// One for a workspace with so many leads.
    #[allow(clippy::cast_precision_loss, reason = "counts of leads")]
    pub fn new(weights: &'a Weights, frequencies: &'a Frequencies, leads: u32) -> Comparer<'a> {
        let leads = leads as f32;
        Comparer {
            weights,
            frequencies,
            prior: (weights.records_per_person / leads.max(FEWEST)).log2(),
            leads,
        }
    }

    /// How many bits more have to speak for one person before anybody is told of it at once. Fields are not independent:
    /// relatives and neighbours have several in common, and among many leads somebody finds one of them.
    pub fn caution(&self) -> f32 {
        (CAUTION * (self.leads / FEW).log2()).clamp(0.0, MOST_CAUTION)
    }

    /// Compares two leads.
    pub fn compare(&self, one: &Evidence, other: &Evidence) -> Comparison {
        let mut fields = Vec::with_capacity(8);
        let weight = self.weigh(one, other, |field| fields.push(field));
        Comparison {
            probability: probability(weight),
            weight,
            fields,
        }
    }

    /// The weight of all, in bits; `told` hears of each field.
    pub fn weigh(
        &self,
        one: &Evidence,
        other: &Evidence,
        mut told: impl FnMut(FieldWeight),
    ) -> f32 {
        let mut sums = Sums::default();
        self.names(one, other, &mut sums, &mut told);
        self.company(one, other, &mut sums, &mut told);
        self.contacts(one, other, &mut sums, &mut told);
        self.place(one, other, &mut sums, &mut told);
        self.others(one, other, &mut sums, &mut told);
        self.prior + sums.total()
    }
}

/// The odds of a probability, in bits.
#[allow(clippy::cast_possible_truncation, reason = "a few dozen bits")]
pub fn bits(probability: f64) -> f32 {
    (probability / (1.0 - probability)).log2() as f32
}

/// The probability of odds in bits.
pub fn probability(weight: f32) -> f64 {
    1.0 / (1.0 + f64::from(-weight).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_leads_the_more_has_to_speak_for_one_person_before_it_is_told() {
        let (weights, frequencies) = (Weights::default(), Frequencies::default());
        let caution = |leads| Comparer::new(&weights, &frequencies, leads).caution();
        let of = [0, 1, 128, 256, 1_024, 10_000_000].map(caution);
        assert_eq!(of, [0.0, 0.0, 0.0, 3.0, 9.0, 9.0]);
    }

    #[test]
    fn bits_and_probabilities_are_two_ways_to_say_one_thing() {
        for weight in [-9.0, 0.0, 6.6, 20.0_f32] {
            assert!(
                (bits(probability(weight)) - weight).abs() < 1e-3,
                "{weight}"
            );
        }
    }
}
