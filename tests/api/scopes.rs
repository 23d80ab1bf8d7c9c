//! Keys: which scope each operation needs, and which keys open nothing.

use crate::support::TestApp;
use crate::support::operations::{Ids, operations};
use baton::api::permissions::{self, Needs, TABLE};
use baton::domain::access::Scope;
use baton::domain::flow::setup::{self, NewKey};
use baton::domain::key::ApiKey;
use baton::store::api_keys;
use chrono::{Duration, Utc};
use std::time::Instant;

#[test]
fn the_document_says_what_the_permission_table_says() {
    let operations = operations();
    for operation in &operations {
        let needs = permissions::needs(&operation.method, &operation.path);
        let scopes = match needs {
            Some(Needs::Key) => Vec::new(),
            Some(Needs::Scope(scope)) => vec![scope.as_str().to_owned()],
            None => panic!("{operation:?} is not in the permission table"),
        };
        assert_eq!(operation.scopes.as_ref(), Some(&scopes), "{operation:?}");
    }
    for (method, path, _) in TABLE {
        let is_documented = operations
            .iter()
            .any(|operation| operation.method == *method && operation.path == *path);
        assert!(is_documented, "{method} {path} is not documented");
    }
}

#[test]
fn a_key_may_do_what_its_scope_says_and_nothing_else() {
    let app = TestApp::start();
    for scope in Scope::ALL {
        let client = app.client_with(&app.key_with(&[scope]));
        for operation in operations() {
            let reply = operation.call(&client, &Ids::random());
            let allowed = match permissions::needs(&operation.method, &operation.path) {
                Some(Needs::Scope(needed)) => needed == scope,
                Some(Needs::Key) => true,
                None => false,
            };
            let place = format!("{} with {}", operation.path, scope.as_str());
            if allowed && operation.path == "/v1/leads/bulk" {
                // It also needs the scope of what it does to each lead.
                assert_eq!(reply.status, 403, "{place}");
                let challenge = reply.header("WWW-Authenticate").unwrap();
                assert!(
                    challenge.contains("scope=\"leads:write\""),
                    "{place}: {challenge}"
                );
            } else if allowed {
                assert!(
                    !matches!(reply.status, 401 | 403 | 405 | 422) && reply.status < 500,
                    "{place}: {}",
                    reply.text()
                );
            } else {
                assert_eq!(reply.status, 403, "{place}");
                assert_eq!(reply.json()["code"], "forbidden");
                let challenge = reply.header("WWW-Authenticate").unwrap();
                let needed = &operation.scopes.as_ref().unwrap()[0];
                assert!(
                    challenge.contains("insufficient_scope")
                        && challenge.contains(&format!("scope=\"{needed}\"")),
                    "{place}: {challenge}"
                );
            }
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
