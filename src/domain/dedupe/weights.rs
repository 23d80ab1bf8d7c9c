//! Match weights (Fellegi and Sunter 1969): how much more often two records of one person agree in a field, in one of four
//! grades, than records of two people do. In bits: a weight of 1 doubles the odds.

use super::likeness::Agreement;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is compared.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    FirstName,
    LastName,
    Company,
    Email,
    Phone,
    Street,
    PostalCode,
    City,
    Country,
    Date,
    Text,
    Identifier,
}

impl Field {
    /// Every field.
    pub const ALL: [Field; 12] = [
        Field::FirstName,
        Field::LastName,
        Field::Company,
        Field::Email,
        Field::Phone,
        Field::Street,
        Field::PostalCode,
        Field::City,
        Field::Country,
        Field::Date,
        Field::Text,
        Field::Identifier,
    ];
}

/// Shares of pairs in each grade, from [`Agreement::Differs`] to [`Agreement::Same`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Of pairs of records of one person.
    pub m: [f32; 4],
    /// Of pairs of records of two people. Of the last, the frequency of the value counts instead where it is known.
    pub u: [f32; 4],
}

impl Shares {
    fn new(m: [f32; 4], u: [f32; 4]) -> Shares {
        Shares { m, u }
    }

    /// The weight of a grade, in bits.
    pub(super) fn bits(&self, agreement: Agreement) -> f32 {
        let at = agreement as usize;
        (self.m[at] / self.u[at]).log2()
    }

    /// The weight of having the same value, which this share of leads has.
    pub(super) fn same(&self, share: f32) -> f32 {
        (self.m[Agreement::Same as usize] / share.max(1e-7)).log2()
    }
}

/// How much what says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// By field.
    pub fields: BTreeMap<Field, Shares>,
    /// Records that one person has on average, in a set of leads.
    pub records_per_person: f32,
}

impl Weights {
    /// The shares of a field.
    pub(super) fn of(&self, field: Field) -> Shares {
        self.fields
            .get(&field)
            .copied()
            .unwrap_or_else(|| standard(field))
    }
}

impl Default for Weights {
    fn default() -> Self {
        Weights {
            fields: Field::ALL
                .into_iter()
                .map(|field| (field, standard(field)))
                .collect(),
            records_per_person: 1.5,
        }
    }
}

/// Shares as they are in lists of people and companies that were typed in by many hands.
fn standard(field: Field) -> Shares {
    match field {
        //                                    differs, near, close, same
        Field::FirstName => Shares::new([0.05, 0.06, 0.17, 0.72], [0.985, 0.004, 0.005, 0.006]),
        Field::LastName => Shares::new([0.06, 0.05, 0.17, 0.72], [0.991, 0.003, 0.003, 0.003]),
        Field::Company => Shares::new([0.10, 0.15, 0.20, 0.55], [0.97, 0.02, 0.007, 0.003]),
        Field::Email => Shares::new([0.20, 0.08, 0.17, 0.55], [0.9988, 0.001, 0.0002, 0.000_001]),
        Field::Phone => Shares::new([0.22, 0.05, 0.05, 0.68], [0.999, 0.0008, 0.0002, 0.000_01]),
        Field::Street => Shares::new([0.12, 0.12, 0.21, 0.55], [0.995, 0.004, 0.0009, 0.0001]),
        Field::PostalCode => Shares::new([0.07, 0.03, 0.15, 0.75], [0.955, 0.03, 0.014, 0.001]),
        Field::City => Shares::new([0.10, 0.04, 0.19, 0.67], [0.97, 0.008, 0.012, 0.01]),
        Field::Country => Shares::new([0.06, 0.01, 0.01, 0.92], [0.48, 0.01, 0.01, 0.50]),
        Field::Date => Shares::new([0.06, 0.08, 0.16, 0.70], [0.983, 0.0158, 0.0011, 0.0001]),
        Field::Text => Shares::new([0.30, 0.05, 0.05, 0.60], [0.85, 0.03, 0.02, 0.10]),
        Field::Identifier => Shares::new(
            [0.05, 0.03, 0.04, 0.88],
            [0.9999, 0.00005, 0.00004, 0.000_01],
        ),
    }
}
