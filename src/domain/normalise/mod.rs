//! Normalise: one spelling for everything a lead says about itself.
//!
//! Values in, values out: no clock, no database, no network. What cannot be
//! brought into a normal form is left to the caller as it came, never guessed.

pub mod attribution;
pub mod country;
pub mod currency;
pub mod email;
pub mod form_key;
pub mod locale;
pub mod name;
mod numbering;
pub mod phone;
pub mod text;
pub mod web;

pub use attribution::Attribution;
pub use email::{EmailAddress, EmailError};
pub use phone::PhoneNumber;
