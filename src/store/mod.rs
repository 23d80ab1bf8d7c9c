//! The only place with SQL: one file per table, and what they share.

pub mod activities;
pub mod api_keys;
pub mod consents;
pub mod failure;
pub mod feed;
pub mod field_definitions;
pub mod forms;
pub mod health;
pub mod idempotency_keys;
pub mod isolation;
pub mod job_items;
pub mod jobs;
mod json;
pub mod lead_history;
pub mod lead_identities;
pub mod lead_lists;
pub mod leads;
pub mod migrations;
pub mod outbox;
pub mod partitions;
pub mod pool;
pub mod roles;
mod schema;
mod statement;
pub mod submissions;
pub mod together;
pub mod workspaces;
