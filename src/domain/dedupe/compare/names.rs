//! Given and family names, also where one lead has them the other way round.

use super::sums::Sums;
use super::{Comparer, FieldWeight};
use crate::domain::dedupe::evidence::Evidence;
use crate::domain::dedupe::fold::Word;
use crate::domain::dedupe::frequencies::Value;
use crate::domain::dedupe::likeness::Agreement;
use crate::domain::dedupe::names::{compare_parts, has_initial};
use crate::domain::dedupe::weights::Field;

impl Comparer<'_> {
    pub(super) fn names(
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
        one: &[Word],
        other: &[Word],
    ) -> f32 {
        let shares = self.weights.of(field);
        let rarest = |words: &[Word]| {
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
}

fn given(one: &[Word], other: &[Word]) -> Option<Agreement> {
    (!one.is_empty() && !other.is_empty()).then(|| compare_parts(one, other, true))
}

fn family(one: &[Word], other: &[Word]) -> Option<Agreement> {
    (!one.is_empty() && !other.is_empty()).then(|| compare_parts(one, other, false))
}
