//! Pure decisions about leads: values in, decisions out. Knows no SQL, no HTTP, no clock and no randomness; only
//! [`flow`] calls the store.

pub mod access;
pub mod access_token;
pub mod activity;
pub mod as_of;
pub mod audit;
pub mod capture;
pub mod capture_draft;
pub mod condition;
pub mod custom_values;
pub mod entry;
pub mod event;
pub mod field_definition;
pub mod field_rules;
pub mod field_value;
pub mod flow;
pub mod form;
pub mod history;
pub mod idempotency;
pub mod identity;
pub mod identity_provider;
pub mod ids;
pub mod key;
pub mod lead;
pub mod lead_changes;
pub mod lead_draft;
pub mod lead_fields;
pub mod lead_list;
pub mod lead_search;
pub mod merge_in;
pub mod nearest;
pub mod normalise;
pub mod note;
pub mod password;
pub mod pattern;
pub mod rules;
pub mod search_text;
pub mod secret;
pub mod session;
pub mod stage;
pub mod submission;
#[cfg(test)]
pub mod test_leads;
pub mod timeline;
pub mod user;
pub mod workspace;
