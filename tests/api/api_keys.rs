//! `/v1/api-keys`.

use crate::support::TestApp;
use baton::domain::access::Scope;
use serde_json::{Value, json};

#[test]
fn a_key_is_shown_once_listed_and_revoked() {
    let app = TestApp::start();
    let client = app.client().with("Idempotency-Key", "once");
    let body = json!({"name": "CRM sync", "scopes": ["leads:read"], "requests_per_minute": 600});
    let (made, again) = (
        client.post("/v1/api-keys", &body),
        client.post("/v1/api-keys", &body),
    );
    assert_eq!((made.status, again.status), (201, 201), "{}", made.text());
    assert_eq!(again.json()["key"], Value::Null);
    let made = made.json();
    let key = app.client_with(made["key"].as_str().unwrap());
    assert_eq!(key.get("/v1/leads").status, 200);
    assert_eq!(key.get("/v1/users").status, 403);
    let me = key.get("/v1/me").json();
    assert_eq!([&me["type"], &me["name"]], ["api_key", "CRM sync"]);
    assert_eq!(me["visibility"]["all"], true);
    let listed = app.get("/v1/api-keys");
    assert_eq!(listed.json()["data"][0]["name"], "CRM sync");
    assert!(!listed.text().contains("bk_live_") && !listed.text().contains("secret"));
    let path = format!("/v1/api-keys/{}", made["api_key"]["id"].as_str().unwrap());
    assert_eq!(app.delete(&path).status, 204);
    assert_eq!(key.get("/v1/leads").status, 401);
    assert_eq!(app.delete(&path).status, 204, "revoked is revoked");
    assert_eq!(
        app.audited(&format!(
            "target_id={}",
            made["api_key"]["id"].as_str().unwrap()
        )),
        ["api_key.revoked", "api_key.created"]
    );
}

#[test]
fn a_key_cannot_make_one_that_may_do_more() {
    let app = TestApp::start();
    let client = app.client_with(&app.key_with(&[Scope::KeysWrite, Scope::LeadsRead]));
    let make = |scopes: Value| client.post("/v1/api-keys", &json!({"name": "x", "scopes": scopes}));
    assert_eq!(make(json!(["leads:read"])).status, 201);
    assert_eq!(
        make(json!(["leads:read", "users:write"])).errors(),
        [("/scopes/1".into(), "beyond_own_rights".into())]
    );
    let admin = app.user("admin").client(&app);
    let operators = admin.post(
        "/v1/api-keys",
        &json!({"name": "x", "scopes": ["workspaces:write"]}),
    );
    assert_eq!(operators.status, 422, "an admin is not the operator");
}
