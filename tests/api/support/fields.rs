//! Fields of a workspace's own, and what the index of values has.

use super::TestApp;
use baton::domain::custom_values::index_rows;
use baton::domain::flow::rules;
use baton::store::leads;
use serde_json::Value;

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
    let ids = app.database().texts(&format!(
        "SELECT id FROM leads WHERE workspace_id = '{}'",
        app.workspace_id
    ));
    for id in ids {
        let (lead, rules) = app
            .db
            .in_workspace(app.workspace_id, |conn| {
                Ok((leads::get(conn, id.parse().unwrap())?, rules::load(conn)?))
            })
            .unwrap();
        let mut wanted = index_rows(&lead, &rules);
        wanted.sort();
        let wanted: Vec<String> = wanted
            .into_iter()
            .map(|(slot, value)| format!("{slot} {value}"))
            .collect();
        assert_eq!(rows(app, &id), wanted, "{:?} {:?}", lead.custom, lead.tags);
    }
}
