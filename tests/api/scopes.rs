//! Who may do what: every operation with every scope and in every role; and which keys open nothing.

use crate::support::TestApp;
use crate::support::http::Reply;
use crate::support::operations::{Ids, Operation, operations};
use baton::api::permissions::{self, Needs, TABLE};
use baton::domain::access::{Role, Scope};
use baton::domain::flow::setup::{self, NewKey};
use baton::domain::key::ApiKey;
use baton::store::api_keys;
use chrono::{Duration, Utc};
use std::time::Instant;

#[test]
fn the_document_says_what_the_permission_table_says() {
    let operations = operations();
    for operation in &operations {
        let needs = permissions::needs(&operation.method, &operation.path)
            .unwrap_or_else(|| panic!("{operation:?} is not in the permission table"));
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        let scopes: Option<Vec<String>> = match needs {
            Needs::Nothing | Needs::Person => None,
            Needs::Caller | Needs::Scope(_) | Needs::Both(_) => Some(owned(needs.scope_names())),
        };
        assert_eq!(operation.scopes, scopes, "{operation:?}");
        let roles: Option<Vec<String>> = (needs != Needs::Nothing)
            .then(|| owned(needs.roles().into_iter().map(Role::as_str).collect()));
        assert_eq!(operation.roles, roles, "{operation:?}");
    }
    for (method, path, _) in TABLE {
        let is_documented = operations
            .iter()
            .any(|operation| operation.method == *method && operation.path == *path);
        assert!(is_documented, "{method} {path} is not documented");
    }
}

/// Refusals that have another reason than who is asking: what the request gives away is more than the caller has, or the
/// password it proves itself with is wrong.
const OTHER_REASONS: [&str; 2] = ["beyond_own_rights", "wrong_password"];

fn check_allowed(reply: &Reply, place: &str) {
    let is_other = reply
        .errors_if_any()
        .iter()
        .any(|(_, code)| OTHER_REASONS.contains(&code.as_str()));
    assert!(
        is_other || !matches!(reply.status, 401 | 403 | 405 | 422) && reply.status < 500,
        "{place}: {}",
        reply.text()
    );
}

fn check_refused(reply: &Reply, operation: &Operation, place: &str) {
    assert_eq!(reply.status, 403, "{place}: {}", reply.text());
    assert_eq!(reply.json()["code"], "forbidden");
    if let Some([needed]) = operation.scopes.as_deref() {
        let challenge = reply.header("WWW-Authenticate").unwrap();
        assert!(
            challenge.contains("insufficient_scope")
                && challenge.contains(&format!("scope=\"{needed}\"")),
            "{place}: {challenge}"
        );
    }
}

#[test]
fn a_key_may_do_what_its_scope_says_and_nothing_else() {
    let app = TestApp::start();
    for scope in Scope::ALL {
        let client = app.client_with(&app.key_with(&[scope]));
        for operation in operations() {
            if operation.roles.is_none() {
                continue;
            }
            let reply = operation.call(&client, &Ids::random());
            let place = format!("{} with {}", operation.id, scope.as_str());
            let needed = operation.scopes.as_deref();
            let allowed =
                needed.is_some_and(|needed| needed.iter().all(|needed| needed == scope.as_str()));
            if allowed && operation.id == "change_leads" {
                // It also needs the scope of what it does to each lead.
                assert_eq!(reply.status, 403, "{place}: {}", reply.text());
                let challenge = reply.header("WWW-Authenticate").unwrap();
                assert!(challenge.contains("scope=\"leads:write\""), "{place}");
            } else if allowed {
                check_allowed(&reply, &place);
            } else {
                check_refused(&reply, &operation, &place);
            }
        }
    }
}

#[test]
fn a_person_may_do_what_their_role_says_and_nothing_else() {
    let app = TestApp::start();
    for role in Role::ALL {
        let client = app.user(role.as_str()).client(&app);
        let told = client.get("/v1/me").json();
        let told = told["operations"].as_array().unwrap().clone();
        for operation in operations() {
            let Some(roles) = &operation.roles else {
                assert!(told.contains(&operation.id.clone().into()), "{operation:?}");
                continue;
            };
            let allowed = roles.iter().any(|named| named == role.as_str());
            let place = format!("{} as {}", operation.id, role.as_str());
            assert_eq!(
                told.contains(&operation.id.clone().into()),
                allowed,
                "{place}"
            );
            let reply = operation.call(&client, &Ids::random());
            if allowed {
                check_allowed(&reply, &place);
            } else {
                check_refused(&reply, &operation, &place);
            }
        }
    }
}

#[test]
fn what_needs_nothing_asks_for_no_key() {
    let app = TestApp::start();
    let open: Vec<Operation> = operations()
        .into_iter()
        .filter(|operation| operation.roles.is_none())
        .collect();
    let ids: Vec<&str> = open.iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "accept_invitation",
            "login",
            "logout",
            "refresh_session",
            "reset_password"
        ]
    );
    for operation in &open {
        let reply = operation.call(&app.stranger(), &Ids::random());
        if reply.status != 204 {
            let code = reply.json()["code"].as_str().unwrap().to_owned();
            assert!(
                ["login_failed", "session_over", "validation_failed"].contains(&code.as_str()),
                "{operation:?}: {code}"
            );
        }
    }
}

fn key_of(app: &TestApp, change: impl FnOnce(&mut NewKey)) -> String {
    let mut new = NewKey {
        name: "test".into(),
        scopes: Scope::ALL.to_vec(),
        ..NewKey::default()
    };
    change(&mut new);
    app.db
        .in_workspace(app.workspace_id, |conn| {
            setup::create_key(conn, &new, Utc::now())
        })
        .unwrap()
        .reveal()
}

fn revoke(app: &TestApp, key: &str) {
    let id = ApiKey::parse(key).unwrap().id;
    let revoked = app.db.in_workspace(app.workspace_id, |conn| {
        api_keys::revoke(conn, id, Utc::now())
    });
    assert!(revoked.unwrap());
}

#[test]
fn a_key_that_is_missing_broken_revoked_or_expired_opens_nothing() {
    let app = TestApp::start();
    let revoked = key_of(&app, |_| {});
    revoke(&app, &revoked);
    let expired = key_of(&app, |new| {
        new.expires_at = Some(Utc::now() - Duration::seconds(1))
    });
    let bearer = |text: &str| app.stranger().with("Authorization", text);
    let unknown = ApiKey::new(app.workspace_id, uuid::Uuid::now_v7(), 1).reveal();
    let known = ApiKey::parse(&app.key).unwrap();
    let another_secret = ApiKey::new(known.workspace_id, known.id, 1).reveal();
    let callers = [
        ("none", app.stranger()),
        ("revoked", app.client_with(&revoked)),
        ("expired", app.client_with(&expired)),
        ("unknown", app.client_with(&unknown)),
        ("another secret", app.client_with(&another_secret)),
        ("cut short", app.client_with(&app.key[..app.key.len() - 1])),
        ("no scheme", bearer(&app.key)),
        ("another scheme", bearer(&format!("Basic {}", app.key))),
        ("empty", bearer("")),
        ("publishable", app.client_with(&app.form(|_| {}))),
    ];
    for (what, client) in callers {
        for operation in operations() {
            if operation.roles.is_none() {
                continue;
            }
            let reply = operation.call(&client, &Ids::random());
            assert_eq!(reply.status, 401, "{what}: {operation:?}");
            assert_eq!(reply.json()["code"], "unauthorized");
            assert!(
                reply
                    .header("WWW-Authenticate")
                    .unwrap()
                    .starts_with("Bearer "),
                "{what}: {operation:?}"
            );
        }
    }
}

#[test]
fn a_revoked_key_opens_nothing_after_five_seconds() {
    let app = TestApp::start();
    let key = key_of(&app, |_| {});
    let client = app.client_with(&key);
    assert_eq!(client.get("/v1/workspace").status, 200);
    revoke(&app, &key);
    let since = Instant::now();
    while client.get("/v1/workspace").status != 401 {
        assert!(
            since.elapsed().as_millis() < 5500,
            "the key is still good after 5.5 s"
        );
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(app.get("/v1/workspace").status, 200);
}

#[test]
fn the_scheme_is_read_in_any_case() {
    let app = TestApp::start();
    let client = app
        .stranger()
        .with("Authorization", &format!("bearer {}", app.key));
    assert_eq!(client.get("/v1/workspace").status, 200);
}
