//! Companies by their names: of colleagues, and where nobody is named.

use super::sums::Sums;
use super::{Comparer, FieldWeight};
use crate::domain::dedupe::companies::{Shared, share};
use crate::domain::dedupe::evidence::Evidence;
use crate::domain::dedupe::frequencies::Value;
use crate::domain::dedupe::likeness::Agreement;
use crate::domain::dedupe::weights::Field;

/// What the same company may say for two people who are named: colleagues have it in common.
const COLLEAGUES: f32 = 4.0;
/// Most that a company's name says where nobody is named.
const COMPANY: f32 = 14.0;

impl Comparer<'_> {
    pub(super) fn company(
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
}
