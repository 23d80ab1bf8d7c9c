//! `POST /v1/workspaces`.

use crate::support::{PASSWORD, TestApp};
use serde_json::{Value, json};

#[test]
fn the_operator_makes_a_workspace_whose_admin_and_key_are_at_home_there_only() {
    let app = TestApp::start();
    let client = app.client().with("Idempotency-Key", "once");
    let body = json!({"name": "Acme", "admin": {"email": "Grace@Example.com", "name": "Grace"}});
    let (made, again) = (
        client.post("/v1/workspaces", &body),
        client.post("/v1/workspaces", &body),
    );
    assert_eq!((made.status, again.status), (201, 201), "{}", made.text());
    assert_eq!(
        (&again.json()["key"], &again.json()["link_token"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(app.database().number("SELECT count(*) FROM workspaces"), 2);
    let made = made.json();
    assert_eq!(again.json()["workspace"], made["workspace"]);
    let key = app.client_with(made["key"].as_str().unwrap());
    let me = key.get("/v1/me").json();
    assert_eq!(me["workspace"]["name"], "Acme");
    assert_eq!(key.post("/v1/workspaces", &body).status, 403);
    let accepted = app.stranger().post(
        "/v1/auth/accept-invitation",
        &json!({"token": made["link_token"], "password": PASSWORD}),
    );
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    let admin = app.client_with(accepted.json()["access_token"].as_str().unwrap());
    assert_eq!(admin.get("/v1/me").json()["role"], "admin");
    assert_eq!(
        admin.get("/v1/workspace").json()["id"],
        made["workspace"]["id"]
    );
    app.capture(json!({"email": "a@example.com"}));
    assert_eq!(admin.get("/v1/leads").json()["data"], json!([]));
    assert_eq!(app.audited("action=workspace.created").len(), 2);
    let log = admin.get("/v1/audit-log?action=workspace.created").json();
    assert_eq!(log["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_wrong_admin_is_named_and_nothing_is_made() {
    let app = TestApp::start();
    let reply = app.post(
        "/v1/workspaces",
        json!({"name": "Acme", "admin": {"email": "nobody", "name": " "}}),
    );
    assert_eq!(
        reply.errors(),
        [
            ("/admin/email".into(), "email_incomplete".into()),
            ("/admin/name".into(), "empty_name".into())
        ]
    );
    assert_eq!(app.database().number("SELECT count(*) FROM workspaces"), 1);
}
