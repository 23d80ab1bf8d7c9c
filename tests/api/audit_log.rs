//! `/v1/audit-log`.

use crate::support::{PASSWORD, TestApp};
use serde_json::json;

#[test]
fn what_people_did_is_written_down_without_secrets_and_without_names() {
    let app = TestApp::start();
    let rep = app.user("rep");
    app.log_in(&rep.email, "not the password");
    app.log_in("nobody@example.com", PASSWORD);
    app.log_in_again(&rep);
    app.patch(
        &format!("/v1/users/{}", rep.id),
        json!({"name": "Geheim", "role": "manager"}),
    );
    app.team("Geheim", &[&rep.id]);
    app.patch("/v1/workspace", json!({"name": "Geheim"}));
    app.delete(&format!("/v1/users/{}", rep.id));
    assert_eq!(
        app.audited(""),
        [
            "user.disabled",
            "workspace.changed",
            "team.created",
            "user.changed",
            "login.succeeded",
            "login.failed",
            "login.failed",
            "user.invitation_accepted",
            "user.invited",
            "api_key.created",
            "workspace.created",
        ]
    );
    let log = app.get("/v1/audit-log").text();
    for secret in ["Geheim", "@example.com", PASSWORD, "bt_", "argon2"] {
        assert!(!log.contains(secret), "{secret}");
    }
    let changed = app.get("/v1/audit-log?action=user.changed").json();
    let entry = &changed["data"][0];
    assert_eq!(entry["actor"]["type"], "api_key");
    assert_eq!(entry["target_id"], rep.id);
    assert_eq!(entry["client_address"], "127.0.0.1");
    assert!(entry["request_id"].is_string());
    assert_eq!(
        entry["details"],
        json!({"name": "changed", "role": {"old": "rep", "new": "manager"}})
    );
}

#[test]
fn it_is_filtered_and_paged() {
    let app = TestApp::start();
    for _ in 0..5 {
        app.invite("rep");
    }
    let first = app.get("/v1/audit-log?action=user.invited&limit=3").json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = app
        .get(&format!("/v1/audit-log?limit=3&cursor={cursor}"))
        .json();
    assert_eq!(
        (
            first["data"].as_array().unwrap().len(),
            rest["data"].as_array().unwrap().len()
        ),
        (3, 2)
    );
    let other = app.get(&format!(
        "/v1/audit-log?action=login.failed&cursor={cursor}"
    ));
    assert_eq!(
        other.errors(),
        [("?cursor".into(), "invalid_cursor".into())]
    );
    let middle = first["data"][2]["occurred_at"].as_str().unwrap();
    assert_eq!(app.audited(&format!("from={middle}")).len(), 3);
    assert_eq!(app.audited(&format!("to={middle}")).len(), 4);
    assert_eq!(
        app.audited(&format!("actor_id={}", uuid::Uuid::now_v7()))
            .len(),
        0
    );
}

#[test]
fn nothing_in_it_can_be_changed_by_the_service() {
    use diesel::RunQueryDsl;
    let app = TestApp::start();
    app.invite("rep");
    let mut connection = app.database().look_as_app();
    for change in [
        "UPDATE audit_log SET action = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
    ] {
        let refused = diesel::sql_query(change)
            .execute(&mut connection)
            .unwrap_err();
        assert!(
            refused.to_string().contains("permission denied"),
            "{change}: {refused}"
        );
    }
}
