//! People who use the service.

use super::TestApp;
use super::http::{Client, Reply};
use serde_json::{Value, json};
use uuid::Uuid;

/// The password of every user of a test.
pub const PASSWORD: &str = "correct horse battery";

/// A user of the workspace who is logged in.
#[derive(Debug, Clone)]
pub struct TestUser {
    pub id: String,
    pub email: String,
    pub access_token: String,
    pub refresh_token: String,
}

impl TestUser {
    fn of(session: &Value) -> TestUser {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        TestUser {
            id: text(&session["user"]["id"]),
            email: text(&session["user"]["email"]),
            access_token: text(&session["access_token"]),
            refresh_token: text(&session["refresh_token"]),
        }
    }

    /// A client that carries their access token.
    pub fn client(&self, app: &TestApp) -> Client {
        app.client_with(&self.access_token)
    }
}

impl TestApp {
    /// Invites somebody; the answer's body.
    pub fn invite(&self, role: &str) -> Value {
        let email = format!("{}@example.com", Uuid::now_v7());
        let reply = self.post(
            "/v1/users",
            json!({"email": email, "name": format!("The {role}"), "role": role}),
        );
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()
    }

    /// The id of somebody who was invited as a rep.
    pub fn invited_rep(&self) -> Value {
        self.invite("rep")["user"]["id"].clone()
    }

    /// A new user in this role, logged in.
    pub fn user(&self, role: &str) -> TestUser {
        let invited = self.invite(role);
        let reply = self.stranger().post(
            "/v1/auth/accept-invitation",
            &json!({"token": invited["link_token"], "password": PASSWORD}),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        TestUser::of(&reply.json())
    }

    /// Tries to log in.
    pub fn log_in(&self, email: &str, password: &str) -> Reply {
        self.stranger().post(
            "/v1/auth/login",
            &json!({"workspace_id": self.workspace_id, "email": email, "password": password}),
        )
    }

    /// Another session of a user.
    pub fn log_in_again(&self, user: &TestUser) -> TestUser {
        let reply = self.log_in(&user.email, PASSWORD);
        assert_eq!(reply.status, 200, "{}", reply.text());
        TestUser::of(&reply.json())
    }

    /// A team of these users; its id.
    pub fn team(&self, name: &str, members: &[&str]) -> String {
        let reply = self.post("/v1/teams", json!({"name": name, "member_ids": members}));
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Uses a refresh token.
    pub fn refresh(&self, token: &str) -> Reply {
        self.stranger()
            .post("/v1/auth/refresh", &json!({"refresh_token": token}))
    }

    /// Which leads reps may know of, from now on: `own`, `team` or `all`.
    pub fn let_reps_see(&self, which: &str) {
        let reply = self.patch(
            "/v1/workspace",
            json!({"settings": {"rep_visibility": which}}),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    /// The audit log's actions, newest first.
    pub fn audited(&self, query: &str) -> Vec<String> {
        let page = self.get(&format!("/v1/audit-log?limit=500&{query}"));
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        let actions = page["data"].as_array().unwrap().iter();
        actions
            .map(|entry| entry["action"].as_str().unwrap().to_owned())
            .collect()
    }
}
