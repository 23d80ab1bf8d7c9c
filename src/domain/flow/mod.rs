//! Flows: one use case each, in one transaction: load, decide, save.

pub mod api_keys;
pub mod assign_lead;
pub mod authenticate;
pub mod capture;
pub mod chance;
pub mod change_lead;
pub mod delete_lead;
pub mod intake;
pub mod log_in;
pub mod on_behalf;
pub mod once;
pub mod passwords;
pub mod past;
pub mod reach;
pub mod rules;
pub mod sessions;
pub mod setup;
pub mod signing_keys;
pub mod teams;
pub mod users;
pub mod workspaces;
