//! Compares what is known of two leads, field by field.
//!
//! Missing says nothing. Fields that a household or an office shares do not add up for two people whose given names are
//! different altogether: then only what is a person's own speaks for one person.

use super::companies::{Shared, share};
use super::dates::Day;
use super::evidence::Evidence;
use super::frequencies::{Frequencies, Value};
use super::likeness::Agreement;
use super::names::{compare_parts, has_initial};
use super::places::{compare_places, compare_postcodes};
use super::weights::{Field, Weights};
use serde::{Deserialize, Serialize};

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

/// What a shared household or office may speak for one person at most, in bits, where given names differ.
const HOUSEHOLD: f32 = 2.0;
/// What a family name and a place may speak for one person at most where dates of birth differ: they are namesakes.
const NAMESAKES: f32 = 4.0;
/// What the same company may say for two people who are named: colleagues have it in common.
const COLLEAGUES: f32 = 4.0;
/// Most that a company's name says where nobody is named.
const COMPANY: f32 = 14.0;
/// What another street says of two companies of one name, in bits: they are branches.
const BRANCH: f32 = -6.0;
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

    fn names(
        &self,
        one: &Evidence,
        other: &Evidence,
        sums: &mut Sums,
        told: &mut impl FnMut(FieldWeight),
    ) {
        let straight = (
            given(&one.given, &other.given),
            family(&one.family, &other.family),
        );
        let (mut first, mut last) = straight;
        let mut is_swapped = false;
        let rank = |pair: (Option<Agreement>, Option<Agreement>)| {
            pair.0.map_or(0, |one| one as u8) + pair.1.map_or(0, |one| one as u8)
        };
        if rank(straight) < 3 {
            let crossed = (
                given(&one.given, &other.family),
                family(&one.family, &other.given),
            );
            let is_whole = crossed.0.is_some() && crossed.1.is_some();
            let has_one_name = |of: &Evidence| of.given.is_empty() != of.family.is_empty();
            let is_half = has_one_name(one) || has_one_name(other);
            if (is_whole || is_half) && rank(crossed) > rank(straight).max(1) {
                (first, last) = crossed;
                is_swapped = true;
            }
        }
        if let Some(agreement) = first {
            let others = if is_swapped {
                &other.family
            } else {
                &other.given
            };
            let is_initial = has_initial(&one.given, others);
            let bits = match agreement {
                Agreement::Near if is_initial => 2.0,
                Agreement::Differs if is_initial => -3.0,
                _ => self.name_bits(
                    Field::FirstName,
                    Value::GivenName,
                    agreement,
                    &one.given,
                    others,
                ),
            };
            sums.first_differs |= agreement == Agreement::Differs;
            sums.personal += bits;
            told(FieldWeight {
                field: Field::FirstName,
                agreement,
                weight: bits,
            });
        }
        if let Some(agreement) = last {
            let others = if is_swapped {
                &other.given
            } else {
                &other.family
            };
            let bits = match agreement {
                Agreement::Near if has_initial(&one.family, others) => 1.5,
                _ => self.name_bits(
                    Field::LastName,
                    Value::FamilyName,
                    agreement,
                    &one.family,
                    others,
                ),
            };
            sums.shared += bits;
            told(FieldWeight {
                field: Field::LastName,
                agreement,
                weight: bits,
            });
        }
        if is_swapped {
            sums.personal -= 1.5;
        }
    }

    fn name_bits(
        &self,
        field: Field,
        value: Value,
        agreement: Agreement,
        one: &[super::fold::Word],
        other: &[super::fold::Word],
    ) -> f32 {
        let shares = self.weights.of(field);
        let rarest = |words: &[super::fold::Word]| {
            let shares = words
                .iter()
                .map(|word| self.frequencies.share(value, word.hash));
            shares.fold(1.0, f32::min)
        };
        match agreement {
            Agreement::Same => {
                // The part that both have counts, not one that only one has.
                let both = one
                    .iter()
                    .filter(|word| other.iter().any(|another| another.hash == word.hash));
                let share = both
                    .map(|word| self.frequencies.share(value, word.hash))
                    .fold(1.0, f32::min);
                if share >= 1.0 {
                    shares.bits(Agreement::Close)
                } else {
                    shares.same(share)
                }
            }
            Agreement::Close => shares
                .bits(agreement)
                .min(shares.same(rarest(one).max(rarest(other)))),
            _ => shares.bits(agreement),
        }
    }

    fn company(
        &self,
        one: &Evidence,
        other: &Evidence,
        sums: &mut Sums,
        told: &mut impl FnMut(FieldWeight),
    ) {
        if one.company.is_empty() || other.company.is_empty() {
            return;
        }
        let Shared { both, less, more } = share(&one.company, &other.company, |word| {
            (-self.frequencies.share(Value::CompanyWord, word.hash).log2()).min(13.0)
        });
        let all = both + less.max(more);
        let agreement = match both / all.max(0.1) {
            part if part > 0.97 => Agreement::Same,
            part if part > 0.7 => Agreement::Close,
            part if part > 0.35 => Agreement::Near,
            _ => Agreement::Differs,
        };
        let raw = (1.1 * both).min(COMPANY) - 0.9 * less.min(12.0) - 0.2 * more.min(12.0);
        let is_of_people = one.names_a_person() && other.names_a_person();
        let bits = if is_of_people {
            match agreement {
                Agreement::Same | Agreement::Close => raw.clamp(0.5, COLLEAGUES),
                Agreement::Near => 0.5,
                Agreement::Differs => -1.0,
            }
        } else {
            raw.max(-5.0)
        };
        sums.shared += bits;
        told(FieldWeight {
            field: Field::Company,
            agreement,
            weight: bits,
        });
    }

    fn contacts(
        &self,
        one: &Evidence,
        other: &Evidence,
        sums: &mut Sums,
        told: &mut impl FnMut(FieldWeight),
    ) {
        if let (Some(a), Some(b)) = (&one.email, &other.email) {
            let shares = self.weights.of(Field::Email);
            let agreement = a.compare(b);
            let bits = match agreement {
                Agreement::Same => shares
                    .same(self.frequencies.share(Value::Email, a.hash))
                    .min(16.0),
                Agreement::Close => shares.bits(agreement),
                Agreement::Near => {
                    let share = self.frequencies.share(Value::EmailLocal, a.local_hash);
                    (shares.m[Agreement::Near as usize] / share)
                        .log2()
                        .clamp(0.0, shares.bits(agreement))
                }
                Agreement::Differs if a.domain_hash == b.domain_hash && !a.is_free => {
                    let share = self.frequencies.share(Value::EmailDomain, a.domain_hash);
                    shares.bits(agreement) + if share < 0.01 { 1.0 } else { 0.0 }
                }
                Agreement::Differs => shares.bits(agreement),
            };
            // Relatives and colleagues have addresses that are a slip apart.
            let is_anothers = agreement == Agreement::Close && sums.first_differs;
            if a.is_role || is_anothers || agreement == Agreement::Differs {
                sums.shared += bits;
            } else {
                sums.personal += bits;
                sums.has_own |= bits > 4.0;
            }
            told(FieldWeight {
                field: Field::Email,
                agreement,
                weight: bits,
            });
        }
        let phones = one
            .phones
            .iter()
            .flat_map(|a| other.phones.iter().map(move |b| (a.compare(b), a)));
        if let Some((agreement, phone)) = phones.max_by_key(|(agreement, _)| *agreement) {
            let shares = self.weights.of(Field::Phone);
            let bits = match agreement {
                Agreement::Same => shares
                    .same(self.frequencies.share(Value::Phone, phone.hash))
                    .min(14.0),
                Agreement::Near => 2.0,
                _ => shares.bits(agreement),
            };
            sums.shared += bits;
            told(FieldWeight {
                field: Field::Phone,
                agreement,
                weight: bits,
            });
        }
    }

    fn place(
        &self,
        one: &Evidence,
        other: &Evidence,
        sums: &mut Sums,
        told: &mut impl FnMut(FieldWeight),
    ) {
        let mut bits_of_place = 0.0;
        if let (Some(a), Some(b)) = (&one.street, &other.street) {
            let shares = self.weights.of(Field::Street);
            let agreement = a.compare(b);
            let bits = match agreement {
                Agreement::Same => shares
                    .same(self.frequencies.share(Value::Street, a.hash))
                    .min(13.0),
                Agreement::Differs if !one.names_a_person() && !other.names_a_person() => BRANCH,
                _ => shares.bits(agreement),
            };
            bits_of_place += bits;
            sums.same_house = agreement >= Agreement::Near;
            told(FieldWeight {
                field: Field::Street,
                agreement,
                weight: bits,
            });
        }
        // Whoever lives in one street lives in one place: the three do not say three times as much.
        let follows = bits_of_place > 5.0;
        if let (Some(a), Some(b)) = (&one.postal_code, &other.postal_code) {
            let shares = self.weights.of(Field::PostalCode);
            let agreement = compare_postcodes(a, b);
            let mut bits = match agreement {
                Agreement::Same => shares
                    .same(self.frequencies.share(Value::PostalCode, a.hash))
                    .min(11.0),
                _ => shares.bits(agreement),
            };
            if follows && bits > 0.0 {
                bits *= 0.4;
            }
            bits_of_place += bits;
            sums.same_house |= agreement == Agreement::Same;
            told(FieldWeight {
                field: Field::PostalCode,
                agreement,
                weight: bits,
            });
        }
        if !one.city.is_empty() && !other.city.is_empty() {
            let shares = self.weights.of(Field::City);
            let agreement = compare_places(&one.city, &other.city);
            let rarest = one
                .city
                .iter()
                .map(|word| self.frequencies.share(Value::City, word.hash))
                .fold(1.0, f32::min);
            let mut bits = match agreement {
                Agreement::Same => shares.same(rarest).min(9.0),
                Agreement::Close => shares.bits(agreement).min(shares.same(rarest)),
                _ => shares.bits(agreement),
            };
            if bits_of_place > 5.0 && bits > 0.0 {
                bits *= 0.4;
            }
            bits_of_place += bits;
            told(FieldWeight {
                field: Field::City,
                agreement,
                weight: bits,
            });
        }
        if let (Some(a), Some(b)) = (one.country, other.country) {
            let shares = self.weights.of(Field::Country);
            let agreement = if a == b {
                Agreement::Same
            } else {
                Agreement::Differs
            };
            let bits = match agreement {
                Agreement::Same => shares
                    .same(self.frequencies.share(Value::Country, a))
                    .clamp(0.0, 2.0),
                _ => shares.bits(agreement),
            };
            bits_of_place += bits;
            told(FieldWeight {
                field: Field::Country,
                agreement,
                weight: bits,
            });
        }
        sums.shared += bits_of_place;
    }

    fn others(
        &self,
        one: &Evidence,
        other: &Evidence,
        sums: &mut Sums,
        told: &mut impl FnMut(FieldWeight),
    ) {
        for (key, a) in &one.days {
            if let Some((_, b)) = other.days.iter().find(|(other, _)| other == key) {
                let shares = self.weights.of(Field::Date);
                let agreement = Day::compare(*a, *b);
                let bits = match agreement {
                    Agreement::Same => shares
                        .same(self.frequencies.share(Value::Day, key ^ a.number()))
                        .min(15.0),
                    _ => shares.bits(agreement),
                };
                sums.personal += bits;
                sums.has_own |= bits > 4.0;
                sums.date_differs |= agreement == Agreement::Differs;
                told(FieldWeight {
                    field: Field::Date,
                    agreement,
                    weight: bits,
                });
            }
        }
        for (key, a) in &one.texts {
            if let Some((_, b)) = other.texts.iter().find(|(other, _)| other == key) {
                let shares = self.weights.of(Field::Text);
                let agreement = if a == b {
                    Agreement::Same
                } else {
                    Agreement::Differs
                };
                let bits = match agreement {
                    Agreement::Same => shares
                        .same(self.frequencies.share(Value::Text, key ^ a))
                        .min(6.0),
                    _ => shares.bits(agreement),
                };
                sums.shared += bits;
                told(FieldWeight {
                    field: Field::Text,
                    agreement,
                    weight: bits,
                });
            }
        }
        for (key, a) in &one.identifiers {
            if let Some((_, b)) = other.identifiers.iter().find(|(other, _)| other == key) {
                let agreement = if a == b {
                    Agreement::Same
                } else {
                    Agreement::Differs
                };
                let bits = self.weights.of(Field::Identifier).bits(agreement);
                sums.personal += bits;
                sums.has_own |= a == b;
                told(FieldWeight {
                    field: Field::Identifier,
                    agreement,
                    weight: bits,
                });
            }
        }
    }
}

/// Weights so far, in bits.
#[derive(Debug, Default)]
struct Sums {
    /// Of what is a person's own.
    personal: f32,
    /// Of what a household or an office has in common.
    shared: f32,
    /// The given names are others altogether.
    first_differs: bool,
    /// A date, such as that of birth, is another altogether.
    date_differs: bool,
    /// They live or work in the same house.
    same_house: bool,
    /// Something that is a person's own speaks for one person.
    has_own: bool,
}

impl Sums {
    fn total(&self) -> f32 {
        if self.first_differs && !self.has_own {
            self.personal + self.shared.min(HOUSEHOLD)
        } else if self.date_differs && !self.same_house && !self.has_own {
            self.personal + self.shared.min(NAMESAKES)
        } else {
            self.personal + self.shared
        }
    }
}

fn given(one: &[super::fold::Word], other: &[super::fold::Word]) -> Option<Agreement> {
    (!one.is_empty() && !other.is_empty()).then(|| compare_parts(one, other, true))
}

fn family(one: &[super::fold::Word], other: &[super::fold::Word]) -> Option<Agreement> {
    (!one.is_empty() && !other.is_empty()).then(|| compare_parts(one, other, false))
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
