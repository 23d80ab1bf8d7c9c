//! Fields of a workspace's own, and what the index of values has.

use super::TestApp;
use baton::domain::custom_values::index_rows;
use baton::domain::flow::rules;
use baton::domain::lead::Lead;
use baton::error::Result;
use baton::store::leads;
use serde_json::Value;
use std::collections::BTreeSet;

/// Defines a field; it as it was answered.
pub fn define(app: &TestApp, body: Value) -> Value {
    let made = app.post("/v1/field-definitions", body);
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

/// A field as it is.
pub fn field(app: &TestApp, key: &str) -> Value {
    let reply = app.get(&format!("/v1/field-definitions/{key}"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// The rows of a lead in the index of values, in order.
pub fn rows(app: &TestApp, lead_id: &str) -> Vec<String> {
    app.database().texts(&format!(
        "SELECT slot || ' ' || value FROM lead_values WHERE lead_id = '{lead_id}' ORDER BY slot, value"
    ))
}

/// Whether the index has what every lead has, by today's definitions, and nothing else.
pub fn in_step(app: &TestApp) {
    let of_workspace = format!("workspace_id = '{}'", app.workspace_id);
    let ids = app
        .database()
        .texts(&format!("SELECT id FROM leads WHERE {of_workspace}"));
    let (leads, rules) = app
        .db
        .in_workspace(app.workspace_id, |conn| {
            let leads: Result<Vec<Lead>> = ids
                .iter()
                .map(|id| leads::get(conn, id.parse().unwrap()))
                .collect();
            Ok((leads?, rules::load(conn)?))
        })
        .unwrap();
    let rows_of = |lead: &Lead| {
        let rows = index_rows(lead, &rules).into_iter();
        let id = lead.id;
        rows.map(move |(slot, value)| format!("{id} {slot} {value}"))
            .collect::<Vec<_>>()
    };
    let wanted: BTreeSet<String> = leads.iter().flat_map(rows_of).collect();
    let found = app.database().texts(&format!(
        "SELECT lead_id || ' ' || slot || ' ' || value FROM lead_values WHERE {of_workspace}"
    ));
    let found: BTreeSet<String> = found.into_iter().collect();
    let missing: Vec<&String> = wanted.difference(&found).take(5).collect();
    let stale: Vec<&String> = found.difference(&wanted).take(5).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "missing {missing:?}, stale {stale:?}"
    );
}
