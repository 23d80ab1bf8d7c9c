//! Rule documents are tried before they count.

use crate::support::TestApp;
use serde_json::{Value, json};

/// How many rows each table has that a capture writes.
fn rows(app: &TestApp) -> Vec<String> {
    let tables = [
        "leads",
        "submissions",
        "activities",
        "outbox",
        "decisions",
        "assignments",
        "sla_clocks",
        "lead_scores",
        "lead_identities",
        "match_keys",
        "rule_documents",
    ];
    let count = |table: &str| format!("SELECT '{table} ' || count(*) FROM {table}");
    app.database().texts(&tables.map(count).join(" UNION ALL "))
}

fn policy(owner: &str) -> Value {
    let german = json!({"field": "country", "op": "eq", "value": "DE"});
    json!({"kind": "routing_policy", "document": {"rules": [
        {"key": "german", "name": "German", "when": german, "to": [{"user": owner}]}]}})
}

#[test]
fn a_draft_shows_what_it_would_change_writes_nothing_and_keeps_its_word() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let ask = |documents: Value, country: &str| {
        let lead = json!({"email": format!("{country}@example.com"), "country": country});
        let reply = app.post(
            "/v1/simulate",
            json!({"documents": documents, "lead": lead}),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    app.capture(json!({"email": "first@example.com"}));
    let before = rows(&app);
    assert_eq!(ask(json!([]), "DE")["differences"], json!([]));
    let turn = ask(json!([]), "DE")["now"]["lead"]["owner_id"].clone();
    let other = if turn == json!(ada.id) { &bob } else { &ada };
    let german = ask(json!([policy(&other.id)]), "DE");
    assert_eq!(
        (
            &german["now"]["lead"]["owner_id"],
            &german["then"]["lead"]["owner_id"]
        ),
        (&turn, &json!(other.id))
    );
    let places: Vec<&str> = german["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["pointer"].as_str().unwrap())
        .collect();
    assert!(places.contains(&"/lead/owner_id"), "{places:?}");
    assert!(places.contains(&"/assignment/rule"), "{places:?}");
    let french = ask(json!([policy(&other.id)]), "FR");
    assert_eq!(french["differences"], json!([]));
    assert_eq!(rows(&app), before);

    let written = app.post("/v1/rules", policy(&other.id)).json();
    let stored = app.post(
        "/v1/simulate",
        json!({"rule_ids": [written["id"]], "lead": {"email": "DE@example.com", "country": "DE"}}),
    );
    assert_eq!(
        stored.json()["then"]["assignment"]["rule"],
        json!("german"),
        "{}",
        stored.text()
    );
    let path = format!("/v1/rules/{}/activate", written["id"].as_str().unwrap());
    assert_eq!(app.post(&path, json!({})).status, 200);
    let captured = app.capture(json!({"email": "DE@example.com", "country": "DE"}));
    assert_eq!(
        captured["lead"]["owner_id"],
        german["then"]["lead"]["owner_id"]
    );
}

#[test]
fn what_is_wrong_is_told_by_its_place() {
    let app = TestApp::start_deciding();
    let wrong = app.post(
        "/v1/simulate",
        json!({"documents": [{"kind": "routing_policy", "document": {"fallback": [{"pool": "nobody"}]}}], "lead": {"email": "a@example.com"}}),
    );
    assert_eq!(
        wrong.errors(),
        [(
            "/documents/0/document/fallback/0/pool".to_owned(),
            "unknown_pool".to_owned()
        )]
    );
    let nobody = app.post("/v1/simulate", json!({"lead": {"city": "Ulm"}}));
    assert_eq!(
        nobody.errors(),
        [("/lead".to_owned(), "no_identity".to_owned())]
    );
    let unknown = app.post(
        "/v1/simulate",
        json!({"rule_ids": ["0198c0de-7a11-7000-8000-00000000000c"], "lead": {"email": "a@example.com"}}),
    );
    assert_eq!(
        unknown.errors(),
        [("/rule_ids/0".to_owned(), "unknown_rule".to_owned())]
    );
}
