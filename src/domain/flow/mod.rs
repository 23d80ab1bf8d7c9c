//! Flows: one use case each, in one transaction: load, decide, save.

pub mod activities;
pub mod assign_lead;
pub mod authenticate;
pub mod capture;
pub mod change_lead;
pub mod change_pipeline;
pub mod define_field;
pub mod delete_lead;
pub mod intake;
pub mod move_stage;
pub mod notes;
pub mod on_behalf;
pub mod once;
pub mod past;
pub mod reach;
pub mod rules;
pub mod setup;
pub mod timeline;
pub mod walk_fields;
