//! Labels: which there are, and renaming them.

use crate::decisions::decide_by;
use crate::support::TestApp;
use crate::support::jobs::finished;
use serde_json::{Value, json};

fn tagged(app: &TestApp, name: &str, tags: &[&str]) -> Value {
    let email = format!("{name}@example.com");
    app.capture(json!({"email": email, "tags": tags}))["lead"]["id"].clone()
}

fn tags(app: &TestApp, query: &str) -> Vec<(String, i64)> {
    let page = app.get(&format!("/v1/tags?{query}")).json();
    let entry = |tag: &Value| {
        (
            tag["tag"].as_str().unwrap().to_owned(),
            tag["leads"].as_i64().unwrap(),
        )
    };
    page["data"].as_array().unwrap().iter().map(entry).collect()
}

fn pair(tag: &str, leads: i64) -> (String, i64) {
    (tag.to_owned(), leads)
}

#[test]
fn the_labels_in_use_are_listed_with_how_many_leads_have_each() {
    let app = TestApp::start();
    tagged(&app, "a", &["fair", "vip"]);
    tagged(&app, "b", &["fair", "Ärzte", "fax"]);
    tagged(&app, "c", &["fair"]);
    let all = [
        pair("fair", 3),
        pair("fax", 1),
        pair("vip", 1),
        pair("Ärzte", 1),
    ];
    assert_eq!(tags(&app, ""), all);
    assert_eq!(tags(&app, "prefix=fa"), all[..2]);
    assert_eq!(tags(&app, "prefix=%C3%84"), all[3..]);
    let first = app.get("/v1/tags?limit=3").json();
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(tags(&app, &format!("limit=3&cursor={cursor}")), all[3..]);
    assert_eq!(app.get("/v1/tags?prefix=zz").json()["data"], json!([]));
}

#[test]
fn a_rep_who_may_not_know_of_all_leads_is_told_no_counts() {
    let app = TestApp::start();
    app.let_reps_see("own");
    tagged(&app, "a", &["fair"]);
    let rep = app.user("rep");
    let page = rep.client(&app).get("/v1/tags").json();
    assert_eq!(
        page["data"],
        json!([{"tag": "fair", "leads": null, "is_minimum": false}])
    );
}

#[test]
fn labels_become_one_on_every_lead_and_in_the_views_that_ask_for_them() {
    let app = TestApp::start();
    let both = tagged(&app, "a", &["tradeshow", "vip", "trade show"]);
    let one = tagged(&app, "b", &["trade show"]);
    let other = tagged(&app, "c", &["vip"]);
    let view = app.post(
        "/v1/views",
        json!({"name": "Fair", "condition": {"field": "tags", "op": "has_any", "value": ["tradeshow", "vip"]}}),
    );
    let started = app.post(
        "/v1/tags/rename",
        json!({"tags": ["tradeshow", " trade show "], "to": "trade-show"}),
    );
    assert_eq!(started.status, 202, "{}", started.text());
    assert!(started.header("Location").unwrap().starts_with("/v1/jobs/"));
    assert_eq!(finished(&app, &started.json())["changed"], 2);
    let lead = |id: &Value| {
        app.get(&format!("/v1/leads/{}", id.as_str().unwrap()))
            .json()
    };
    assert_eq!(lead(&both)["tags"], json!(["vip", "trade-show"]));
    assert_eq!(
        (&lead(&both)["version"], &lead(&one)["tags"]),
        (&json!(2), &json!(["trade-show"]))
    );
    assert_eq!(lead(&other)["version"], 1);
    assert_eq!(tags(&app, ""), [pair("trade-show", 2), pair("vip", 2)]);
    let view = app
        .get(&format!(
            "/v1/views/{}",
            view.json()["id"].as_str().unwrap()
        ))
        .json();
    assert_eq!(
        (&view["condition"]["value"], &view["version"]),
        (&json!(["vip", "trade-show"]), &json!(2))
    );
}

#[test]
fn renaming_to_nothing_or_to_the_same_is_refused() {
    let app = TestApp::start();
    let refused = |body: Value| app.post("/v1/tags/rename", body).errors();
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        refused(json!({"tags": [" "], "to": ""})),
        [pair("/tags", "no_tags"), pair("/to", "no_tags")]
    );
    assert_eq!(
        refused(json!({"tags": ["a"], "to": "a"})),
        [pair("/to", "no_changes")]
    );
}

#[test]
fn a_label_that_an_active_rule_document_asks_for_keeps_its_name() {
    let app = TestApp::start_deciding();
    let when = json!({"field": "tags", "op": "has_any", "value": [" fair "]});
    let active = decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [
            {"key": "fair", "name": "Fair", "when": when, "to": [{"pool": "everyone"}]}]}}),
    );
    let rename =
        |tags: Value, to: &str| app.post("/v1/tags/rename", json!({"tags": tags, "to": to}));
    let refused = rename(json!(["expo", "fair"]), "show");
    assert_eq!(
        (refused.status, refused.json()["code"].clone()),
        (409, json!("rule_in_use")),
        "{}",
        refused.text()
    );
    let detail = refused.json()["detail"].to_string();
    assert!(detail.contains("/rules/0/when/value/0"), "{detail}");
    let others = rename(json!(["expo", "fair"]), "fair");
    assert_eq!(others.status, 202, "{}", others.text());
    let retire = format!("/v1/rules/{}/retire", active["id"].as_str().unwrap());
    assert_eq!(app.post(&retire, json!({})).status, 200);
    assert_eq!(rename(json!(["fair"]), "show").status, 202);
}
