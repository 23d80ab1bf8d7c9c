//! Whether two leads are one person: values are brought into a form in which they can be compared, compared field by field
//! in grades, and weighed by how much more often records of one person agree so than records of two (Fellegi and Sunter,
//! *A Theory for Record Linkage*, 1969), with rare values saying more than common ones (Winkler 1990).
//!
//! Pure: [`Evidence`] is made of a [`Draft`], [`keys`] find candidates, a [`Comparer`] compares two, [`cluster`] puts together
//! who is one person.

mod calibrate;
mod cluster;
mod companies;
mod compare;
mod contacts;
mod dates;
mod evidence;
mod fold;
mod frequencies;
mod keys;
mod likeness;
mod names;
mod nick_names;
mod places;
#[cfg(test)]
mod properties;
mod sound;
mod weights;

pub use calibrate::{Calibrated, FieldReport, Observation, Sample, calibrate};
pub use cluster::{Pair, cluster};
pub use compare::{Comparer, Comparison, FieldWeight, bits, probability};
pub use contacts::FREE as FREE_MAIL_DOMAINS;
pub use evidence::{Draft, Evidence, EvidenceKind, Other};
pub use frequencies::{Frequencies, KeptFrequencies};
pub use keys::{MAX_KEYS, MatchKey, keys};
pub use likeness::Agreement;
pub use names::PersonName;
pub use weights::{Field, Shares, Weights};
