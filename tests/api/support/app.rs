//! A service on a port of its own.

use super::http::{Client, Reply};
use super::server::{TestDatabase, pool_settings};
use baton::app::Service;
use baton::config::ServeConfig;
use baton::domain::access::Scope;
use baton::domain::flow::setup::{self, NewKey};
use baton::domain::form::Form;
use baton::store::pool::Db;
use chrono::Utc;
use clap::Parser;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A running service with a workspace and its admin key. Requests made on it carry that key.
pub struct TestApp {
    pub database: Option<TestDatabase>,
    pub db: Db,
    pub address: SocketAddr,
    pub workspace_id: Uuid,
    pub key: String,
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
}

#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    serve: ServeConfig,
}

/// The configuration of a service that is told nothing.
pub fn default_config() -> ServeConfig {
    Defaults::parse_from(["test"]).serve
}

impl TestApp {
    /// Starts one with a database of its own, in which nothing is decided: leads wait in a queue, and no clocks run.
    pub fn start() -> TestApp {
        TestApp::start_with(|_| {})
    }

    /// Starts one that decides as a new workspace does: who gets leads, and by when they have to answer.
    pub fn start_deciding() -> TestApp {
        let app = TestApp::start();
        app.database().by_hand("DELETE FROM rule_documents");
        app
    }

    /// Starts one with a changed configuration.
    pub fn start_with(change: impl FnOnce(&mut ServeConfig)) -> TestApp {
        let mut config = default_config();
        config.form_posts_per_minute = 100_000;
        config.logins_per_minute = 100_000;
        change(&mut config);
        let database = TestDatabase::create();
        let db = Db::open(database.urls.clone(), pool_settings());
        let (workspace_id, key) = setup::create_workspace(&db, "test", Utc::now()).unwrap();
        decide_nothing(&database, workspace_id);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = mpsc::channel();
        let own = db.clone();
        let thread = std::thread::spawn(move || {
            let service = Service::start(own, &config).unwrap();
            actix_web::rt::System::new().block_on(async {
                let server = service.server(listener, 1).unwrap();
                tell.send(server.handle()).unwrap();
                server.await.unwrap();
            });
            service.stop();
        });
        let handle = told.recv().unwrap();
        TestApp {
            database: Some(database),
            db,
            address,
            workspace_id,
            key: key.reveal(),
            handle,
            thread: Some(thread),
        }
    }

    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().unwrap()
    }

    /// A client that carries the admin key.
    pub fn client(&self) -> Client {
        self.client_with(&self.key)
    }

    /// A client that carries another key.
    pub fn client_with(&self, key: &str) -> Client {
        Client::new(self.address).with("Authorization", &format!("Bearer {key}"))
    }

    /// A client without a key.
    pub fn stranger(&self) -> Client {
        Client::new(self.address)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.client().get(path)
    }

    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.client().post(path, &body)
    }

    pub fn patch(&self, path: &str, body: Value) -> Reply {
        self.client().send(
            "PATCH",
            path,
            "application/merge-patch+json",
            body.to_string().as_bytes(),
        )
    }

    pub fn put(&self, path: &str, body: Value) -> Reply {
        self.client()
            .send("PUT", path, "application/json", body.to_string().as_bytes())
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.client().send("DELETE", path, "", b"")
    }

    /// Captures somebody; the answer's body.
    pub fn capture(&self, body: Value) -> Value {
        let reply = self.post("/v1/capture", body);
        assert!(
            matches!(reply.status, 200 | 201),
            "{} {}",
            reply.status,
            reply.text()
        );
        reply.json()
    }

    /// Another workspace in the same service; its id and admin key.
    pub fn another_workspace(&self) -> (Uuid, String) {
        let (id, key) = setup::create_workspace(&self.db, "other", Utc::now()).unwrap();
        (id, key.reveal())
    }

    /// A key of the workspace with these scopes only.
    pub fn key_with(&self, scopes: &[Scope]) -> String {
        let new = NewKey {
            name: "test".into(),
            scopes: scopes.to_vec(),
            ..NewKey::default()
        };
        self.db
            .in_workspace(self.workspace_id, |conn| {
                setup::create_key(conn, &new, Utc::now())
            })
            .unwrap()
            .reveal()
    }

    /// A form of the workspace; its publishable key.
    pub fn form(&self, change: impl FnOnce(&mut Form)) -> String {
        let mut form = Form {
            id: Uuid::now_v7(),
            name: "Contact".into(),
            source: "contact-page".into(),
            allowed_origins: Vec::new(),
            allowed_redirects: Vec::new(),
            default_country: None,
            created_at: Utc::now(),
        };
        change(&mut form);
        self.db
            .in_workspace(self.workspace_id, |conn| {
                setup::create_form(conn, &form, Utc::now())
            })
            .unwrap()
            .to_string()
    }

    /// A list of leads.
    pub fn leads(&self, query: &str) -> Vec<Value> {
        let reply = self.get(&format!("/v1/leads?limit=500&{query}"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["data"].as_array().unwrap().clone()
    }

    /// The events of the feed once there are so many, in order.
    pub fn events(&self, count: usize) -> Vec<Value> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let events = self.all_events();
            if events.len() >= count || Instant::now() > until {
                assert_eq!(events.len(), count, "{events:#?}");
                return events;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Every event of the feed, in order, once those that wait are published, if anybody publishes them.
    pub fn all_events(&self) -> Vec<Value> {
        let until = Instant::now() + Duration::from_secs(5);
        while self.database().number("SELECT count(*) FROM outbox") > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        let (client, mut events, mut after) = (self.client(), Vec::new(), 0);
        loop {
            let page = client
                .get(&format!("/v1/changes?after={after}&limit=1000"))
                .json();
            let found = page["data"].as_array().unwrap().clone();
            if found.is_empty() {
                return events;
            }
            events.extend(found);
            after = page["next_after"].as_i64().unwrap();
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let handle = self.handle.clone();
        actix_web::rt::System::new().block_on(handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
        self.database.take();
    }
}

/// Rules by which leads wait in a queue and no clocks run, for tests of other things.
fn decide_nothing(database: &TestDatabase, workspace_id: Uuid) {
    let rules = [
        (
            "routing_policy",
            json!({"rules": [], "fallback": [{"queue": "unassigned"}]}),
        ),
        ("sla_policy", json!({"clocks": []})),
        (
            "scoring_model",
            json!({"name": "Nothing", "when": {"field": "source", "op": "eq", "value": "nowhere"}, "rules": []}),
        ),
    ];
    for (kind, document) in rules {
        database.by_hand(&format!(
            "INSERT INTO rule_documents (workspace_id, id, kind, key, version, state, document, created_by, created_at, activated_at) \
             VALUES ('{workspace_id}', '{}', '{kind}', 'default', 1, 'active', '{document}', '{{\"type\": \"system\", \"id\": null}}', now(), now())",
            Uuid::now_v7()
        ));
    }
}
