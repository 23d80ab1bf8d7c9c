//! Flows: one use case each, in one transaction: load, decide, save.

pub mod assign_lead;
pub mod authenticate;
pub mod bulk;
pub mod capture;
pub mod change_lead;
pub mod delete_lead;
pub mod intake;
pub mod lead_patch;
pub mod on_behalf;
pub mod once;
pub mod past;
pub mod reach;
pub mod rules;
pub mod run_job;
pub mod save_view;
pub mod setup;
pub mod standing;
