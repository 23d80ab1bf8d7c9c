//! Where people live and companies are: street, postal code, city and country.

use super::sums::Sums;
use super::{Comparer, FieldWeight};
use crate::domain::dedupe::evidence::Evidence;
use crate::domain::dedupe::frequencies::Value;
use crate::domain::dedupe::likeness::Agreement;
use crate::domain::dedupe::places::{compare_places, compare_postcodes};
use crate::domain::dedupe::weights::Field;

/// What another street says of two companies of one name, in bits: they are branches.
const BRANCH: f32 = -6.0;

impl Comparer<'_> {
    pub(super) fn place(
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
}
