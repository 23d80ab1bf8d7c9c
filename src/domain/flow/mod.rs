//! Flows: one use case each, in one transaction: load, decide, save.

pub mod authenticate;
pub mod capture;
pub mod change_lead;
pub mod delete_lead;
pub mod intake;
pub mod once;
pub mod setup;
