//! Flows: one use case each, in one transaction: load, decide, save.

pub mod assign_lead;
pub mod authenticate;
pub mod capture;
pub mod change_lead;
pub mod define_field;
pub mod delete_lead;
pub mod intake;
pub mod on_behalf;
pub mod once;
pub mod past;
pub mod reach;
pub mod rules;
pub mod setup;
pub mod walk_fields;
