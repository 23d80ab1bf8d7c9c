//! Mail addresses and phone numbers.

use super::sums::Sums;
use super::{Comparer, FieldWeight};
use crate::domain::dedupe::evidence::Evidence;
use crate::domain::dedupe::frequencies::Value;
use crate::domain::dedupe::likeness::Agreement;
use crate::domain::dedupe::weights::Field;

impl Comparer<'_> {
    pub(super) fn contacts(
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
}
