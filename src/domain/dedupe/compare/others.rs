//! The custom fields that a workspace names as evidence: days, texts and identifiers.

use super::sums::Sums;
use super::{Comparer, FieldWeight};
use crate::domain::dedupe::dates::Day;
use crate::domain::dedupe::evidence::Evidence;
use crate::domain::dedupe::frequencies::Value;
use crate::domain::dedupe::likeness::Agreement;
use crate::domain::dedupe::weights::Field;

impl Comparer<'_> {
    pub(super) fn others(
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
