//! `/v1/users`: people are invited, changed and disabled.

use crate::support::{PASSWORD, TestApp};
use baton::domain::access::Scope;
use serde_json::{Value, json};

fn path(id: &str) -> String {
    format!("/v1/users/{id}")
}

fn admins(app: &TestApp) -> usize {
    let page = app.get("/v1/users?role=admin&status=active").json();
    page["data"].as_array().unwrap().len()
}

#[test]
fn an_invited_person_chooses_a_password_and_is_in() {
    let app = TestApp::start();
    let team = app.team("DACH", &[]);
    let invited = app.post(
        "/v1/users",
        json!({"email": " Grace@Example.com ", "name": " Grace  Hopper", "role": "rep", "team_ids": [team]}),
    );
    assert_eq!(invited.status, 201, "{}", invited.text());
    let invited = invited.json();
    let user = &invited["user"];
    assert_eq!(
        [
            &user["email"],
            &user["role"],
            &user["status"],
            &user["teams"][0]["name"]
        ],
        ["grace@example.com", "rep", "invited", "DACH"]
    );
    assert_eq!(app.log_in("grace@example.com", PASSWORD).status, 401);
    let accept = json!({"token": invited["link_token"], "password": PASSWORD, "name": "Grace"});
    let accepted = app.stranger().post("/v1/auth/accept-invitation", &accept);
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    let session = accepted.json();
    assert_eq!(session["user"]["status"], "active");
    assert_eq!(accepted.header("Cache-Control"), Some("no-store"));
    let me = app
        .client_with(session["access_token"].as_str().unwrap())
        .get("/v1/me")
        .json();
    assert_eq!(
        [&me["type"], &me["name"], &me["role"], &me["teams"][0]["id"]],
        [&json!("user"), &json!("Grace"), &json!("rep"), &json!(team)]
    );
    assert_eq!(me["workspace"]["id"], app.workspace_id.to_string());

    let again = app.stranger().post("/v1/auth/accept-invitation", &accept);
    assert_eq!(again.errors(), [("/token".into(), "invalid_token".into())]);
}

#[test]
fn a_weak_password_does_not_use_the_invitation_up() {
    let app = TestApp::start();
    let invited = app.invite("rep");
    for weak in ["password123", "short"] {
        let reply = app.stranger().post(
            "/v1/auth/accept-invitation",
            &json!({"token": invited["link_token"], "password": weak}),
        );
        assert_eq!(reply.status, 422, "{weak}");
        assert_eq!(reply.errors()[0].0, "/password");
    }
    let reply = app.stranger().post(
        "/v1/auth/accept-invitation",
        &json!({"token": invited["link_token"], "password": PASSWORD}),
    );
    assert_eq!(reply.status, 200);
}

#[test]
fn a_link_is_good_once_also_for_two_at_the_same_moment() {
    let app = TestApp::start();
    let invited = app.invite("rep");
    let body = json!({"token": invited["link_token"], "password": PASSWORD});
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|_| {
                let client = app.stranger();
                let body = &body;
                scope.spawn(move || client.post("/v1/auth/accept-invitation", body).status)
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 3);
}

#[test]
fn a_link_is_good_for_its_time() {
    let app = TestApp::start();
    let user = app.user("rep");
    let reset = app.post(&format!("{}/password-reset", path(&user.id)), Value::Null);
    assert_eq!(reset.status, 200, "{}", reset.text());
    app.database()
        .by_hand("UPDATE one_time_tokens SET expires_at = created_at - interval '1 second'");
    let reply = app.stranger().post(
        "/v1/auth/reset-password",
        &json!({"token": reset.json()["link_token"], "password": PASSWORD}),
    );
    assert_eq!(reply.errors(), [("/token".into(), "invalid_token".into())]);
}

#[test]
fn a_repeated_invitation_does_not_show_the_link_again_and_stores_no_secret() {
    let app = TestApp::start();
    let client = app.client().with("Idempotency-Key", "once");
    let body = json!({"email": "grace@example.com", "name": "Grace", "role": "rep"});
    let (first, again) = (
        client.post("/v1/users", &body),
        client.post("/v1/users", &body),
    );
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
    assert_eq!(again.json()["link_token"], Value::Null);
    assert_eq!(again.json()["user"], first.json()["user"]);
    let token = first.json()["link_token"].as_str().unwrap().to_owned();
    let kept = app
        .database()
        .texts("SELECT convert_from(body, 'UTF8') FROM idempotency_keys");
    assert!(kept.iter().all(|body| !body.contains(&token)), "{kept:?}");
}

#[test]
fn an_address_belongs_to_one_user() {
    let app = TestApp::start();
    let body = json!({"email": "grace@example.com", "name": "Grace", "role": "rep"});
    assert_eq!(app.post("/v1/users", body.clone()).status, 201);
    let second = app.post("/v1/users", body);
    assert_eq!(
        (second.status, second.json()["code"].clone()),
        (409, json!("email_taken"))
    );
    let other = app.invite("rep");
    let renamed = app.patch(
        &path(other["user"]["id"].as_str().unwrap()),
        json!({"email": "Grace@example.com"}),
    );
    assert_eq!(renamed.json()["code"], "email_taken");
}

#[test]
fn the_last_admin_stays_one() {
    let app = TestApp::start();
    let (one, two) = (app.user("admin"), app.user("admin"));
    assert_eq!(app.delete(&path(&one.id)).status, 200);
    for change in [json!({"role": "manager"}), json!({"status": "disabled"})] {
        let refused = app.patch(&path(&two.id), change);
        assert_eq!(
            (refused.status, refused.json()["code"].clone()),
            (409, json!("last_admin"))
        );
    }
    assert_eq!(app.delete(&path(&two.id)).json()["code"], "last_admin");
    let back = app.patch(&path(&one.id), json!({"status": "active"}));
    assert_eq!(back.json()["status"], "active");
    assert_eq!(app.delete(&path(&two.id)).status, 200);
}

#[test]
fn admins_who_disable_each_other_at_once_leave_one() {
    let app = TestApp::start();
    for _ in 0..5 {
        let users = [app.user("admin"), app.user("admin"), app.user("admin")];
        std::thread::scope(|scope| {
            for user in &users {
                let app = &app;
                scope.spawn(move || {
                    let done = app.delete(&path(&user.id));
                    assert!(matches!(done.status, 200 | 409), "{}", done.text());
                });
            }
        });
        assert_eq!(admins(&app), 1);
    }
}

#[test]
fn a_disabled_user_is_out_at_once_and_keeps_what_they_own() {
    let app = TestApp::start();
    let rep = app.user("rep");
    let lead = app.capture(json!({"email": "a@example.com"}))["lead"]["id"].clone();
    let lead = lead.as_str().unwrap();
    let assigned = app.post(
        &format!("/v1/leads/{lead}/assignment"),
        json!({"owner_id": rep.id}),
    );
    assert_eq!(assigned.status, 200, "{}", assigned.text());
    assert_eq!(rep.client(&app).get("/v1/me").status, 200);
    let disabled = app.delete(&path(&rep.id)).json();
    assert_eq!(
        (&disabled["status"], &disabled["owns_leads"]),
        (&json!("disabled"), &json!(true))
    );
    assert_eq!(rep.client(&app).get("/v1/me").status, 401);
    assert_eq!(app.refresh(&rep.refresh_token).status, 401);
    assert_eq!(app.log_in(&rep.email, PASSWORD).status, 401);
    assert_eq!(
        app.get(&format!("/v1/leads/{lead}")).json()["owner_id"],
        rep.id
    );
    let back = app.patch(&path(&rep.id), json!({"status": "active"}));
    assert_eq!(back.json()["status"], "active");
    assert_eq!(
        rep.client(&app).get("/v1/me").status,
        401,
        "the session is over"
    );
    assert_eq!(app.log_in(&rep.email, PASSWORD).status, 200);
}

#[test]
fn another_role_ends_the_sessions() {
    let app = TestApp::start();
    let user = app.user("manager");
    assert_eq!(user.client(&app).get("/v1/submissions").status, 200);
    let changed = app.patch(&path(&user.id), json!({"role": "readonly"}));
    assert_eq!(changed.json()["role"], "readonly");
    assert_eq!(user.client(&app).get("/v1/me").status, 401);
    assert_eq!(app.refresh(&user.refresh_token).status, 401);
    let again = app.log_in_again(&user);
    assert_eq!(again.client(&app).get("/v1/submissions").status, 403);
    let name = app.patch(&path(&user.id), json!({"name": "Grace"}));
    assert_eq!(name.json()["name"], "Grace");
    assert_eq!(again.client(&app).get("/v1/me").json()["name"], "Grace");
}

#[test]
fn nobody_hands_out_or_touches_more_than_they_have() {
    let app = TestApp::start();
    let admin = app.user("admin");
    let some: Vec<Scope> = [Scope::UsersWrite, Scope::UsersRead, Scope::LeadsRead].into();
    let client = app.client_with(&app.key_with(&some));
    let invite = |role: &str| {
        let email = format!("{role}@example.com");
        client.post(
            "/v1/users",
            &json!({"email": email, "name": "Grace", "role": role}),
        )
    };
    assert_eq!(invite("readonly").status, 201);
    assert_eq!(
        invite("admin").errors(),
        [("/role".into(), "beyond_own_rights".into())]
    );
    for (method, at) in [
        ("DELETE", ""),
        ("POST", "/logout"),
        ("POST", "/password-reset"),
    ] {
        let reply = client.send(method, &format!("{}{at}", path(&admin.id)), "", b"");
        assert_eq!(reply.status, 403, "{method} {at}: {}", reply.text());
    }
    assert_eq!(admin.client(&app).get("/v1/me").status, 200);
}

#[test]
fn users_are_listed_and_changed_by_version() {
    let app = TestApp::start();
    let ids: Vec<String> = (0..3)
        .map(|_| app.invite("rep")["user"]["id"].as_str().unwrap().to_owned())
        .collect();
    let first = app.get("/v1/users?limit=2").json();
    let rest = app
        .get(&format!(
            "/v1/users?limit=2&cursor={}",
            first["next_cursor"].as_str().unwrap()
        ))
        .json();
    let listed: Vec<&str> = [&first, &rest]
        .iter()
        .flat_map(|page| page["data"].as_array().unwrap())
        .map(|user| user["id"].as_str().unwrap())
        .collect();
    assert_eq!(listed, [&ids[2], &ids[1], &ids[0]]);
    assert_eq!(rest["next_cursor"], Value::Null);
    let invited = app.get("/v1/users?status=invited&role=rep").json();
    assert_eq!(invited["data"].as_array().unwrap().len(), 3);
    let read = app.get(&path(&ids[0]));
    assert_eq!(read.header("ETag"), Some("\"1\""));
    let stale = app.client().with("If-Match", "\"7\"").send(
        "PATCH",
        &path(&ids[0]),
        "application/json",
        b"{\"name\":\"G\"}",
    );
    assert_eq!(stale.status, 412);
    let same = app.patch(&path(&ids[0]), json!({"role": "rep"}));
    assert_eq!(same.header("ETag"), Some("\"1\""));
    let wrong = app.patch(
        &path(&ids[0]),
        json!({"role": null, "team_ids": [uuid::Uuid::now_v7()]}),
    );
    assert_eq!(wrong.errors(), [("/role".into(), "required".into())]);
    let wrong = app.patch(&path(&ids[0]), json!({"team_ids": [uuid::Uuid::now_v7()]}));
    assert_eq!(
        wrong.errors(),
        [("/team_ids/0".into(), "unknown_team".into())]
    );
}
