//! Every operation of the OpenAPI document, and how to call it.

use super::http::{Client, Reply};
use serde_json::{Value, json};
use uuid::Uuid;

/// An operation of the OpenAPI document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub method: String,
    pub path: String,
    /// Its `operationId`.
    pub id: String,
    /// What the document says that a key needs; `None` where keys are of no use.
    pub scopes: Option<Vec<String>>,
    /// The roles of people who may call it, as the document says; `None` where nothing is asked for.
    pub roles: Option<Vec<String>>,
}

/// What a request names in its path.
#[derive(Debug, Clone)]
pub struct Ids {
    pub lead: String,
    pub submission: String,
    pub activity: String,
    pub note: String,
    pub job: String,
    pub view: String,
    pub external_id: String,
    pub field: String,
    pub user: String,
    pub team: String,
    pub api_key: String,
    pub pair: String,
}

impl Ids {
    /// Ids of nothing.
    pub fn random() -> Ids {
        Ids {
            lead: Uuid::now_v7().to_string(),
            submission: Uuid::now_v7().to_string(),
            activity: Uuid::now_v7().to_string(),
            note: Uuid::now_v7().to_string(),
            job: Uuid::now_v7().to_string(),
            view: Uuid::now_v7().to_string(),
            external_id: Uuid::now_v7().to_string(),
            field: field_key(),
            user: Uuid::now_v7().to_string(),
            team: Uuid::now_v7().to_string(),
            api_key: Uuid::now_v7().to_string(),
            pair: Uuid::now_v7().to_string(),
        }
    }
}

/// A key that no field has.
fn field_key() -> String {
    format!("f{}", Uuid::now_v7().simple())
}

/// The operations under `/v1`; those that read come first, and the one that ends the caller's sessions comes last.
pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(baton::app::openapi_document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                id: operation["operationId"].as_str().unwrap().to_owned(),
                scopes: scopes(&operation["security"]),
                roles: texts(&operation["x-roles"]),
            });
        }
    }
    found.retain(|operation| operation.path.starts_with("/v1/"));
    let is_last = |operation: &Operation| operation.path == "/v1/auth/logout-everywhere";
    found.sort_by_key(|operation| (is_last(operation), operation.method != "GET"));
    assert!(found.len() >= 20, "{found:?}");
    found
}

fn scopes(security: &Value) -> Option<Vec<String>> {
    let ways = security.as_array()?;
    texts(ways.iter().find_map(|way| way.get("api_key"))?)
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let texts = value.as_array()?.iter();
    Some(
        texts
            .map(|text| text.as_str().unwrap().to_owned())
            .collect(),
    )
}

impl Operation {
    pub fn has_ids(&self) -> bool {
        self.path.contains('{')
    }

    /// Calls it with a request that it understands. An operation that is new has to be made known here.
    pub fn call(&self, client: &Client, ids: &Ids) -> Reply {
        let person = format!("{}@example.com", Uuid::now_v7());
        let body = match (self.method.as_str(), self.path.as_str()) {
            (
                "GET",
                "/v1/leads"
                | "/v1/pipeline"
                | "/v1/dedupe/calibrations"
                | "/v1/dedupe/clusters"
                | "/v1/tags"
                | "/v1/dedupe/pairs"
                | "/v1/merges"
                | "/v1/rules"
                | "/v1/rules/export"
                | "/v1/clocks"
                | "/v1/monitor/orphans"
                | "/v1/field-definitions"
                | "/v1/openapi.json"
                | "/v1/submissions"
                | "/v1/changes"
                | "/v1/schema"
                | "/v1/workspace"
                | "/v1/jobs"
                | "/v1/views"
                | "/v1/me"
                | "/v1/queues"
                | "/v1/users"
                | "/v1/teams"
                | "/v1/api-keys"
                | "/v1/audit-log",
            )
            | (
                "GET",
                "/v1/leads/{id}"
                | "/v1/dedupe/calibrations/{id}"
                | "/v1/leads/{id}/history"
                | "/v1/dedupe/pairs/{id}"
                | "/v1/merges/{id}"
                | "/v1/rules/{id}"
                | "/v1/rules/{id}/diff"
                | "/v1/decisions/{id}"
                | "/v1/leads/{id}/clocks"
                | "/v1/leads/{id}/qualification"
                | "/v1/leads/{id}/score"
                | "/v1/leads/{id}/assignment"
                | "/v1/leads/{id}/handoff"
                | "/v1/leads/{id}/assignments"
                | "/v1/leads/{id}/decisions"
                | "/v1/pools/{key}/fairness"
                | "/v1/leads/{id}/activities"
                | "/v1/leads/{id}/notes"
                | "/v1/leads/{id}/timeline"
                | "/v1/activities/{id}"
                | "/v1/notes/{id}"
                | "/v1/notes/{id}/versions"
                | "/v1/leads/{id}/identities"
                | "/v1/leads/{id}/consents"
                | "/v1/field-definitions/{key}"
                | "/v1/submissions/{id}"
                | "/v1/jobs/{id}"
                | "/v1/jobs/{id}/items"
                | "/v1/views/{id}"
                | "/v1/users/{id}"
                | "/v1/teams/{id}",
            )
            | (
                "DELETE",
                "/v1/leads/{id}"
                | "/v1/activities/{id}"
                | "/v1/notes/{id}"
                | "/v1/views/{id}"
                | "/v1/field-definitions/{key}"
                | "/v1/users/{id}"
                | "/v1/teams/{id}"
                | "/v1/api-keys/{id}",
            )
            | (
                "POST",
                "/v1/leads/{id}/restore"
                | "/v1/dedupe/calibrations"
                | "/v1/dedupe/calibrations/{id}/activate"
                | "/v1/dedupe/calibrations/{id}/retire"
                | "/v1/dedupe/scans"
                | "/v1/scores/recompute"
                | "/v1/leads/{id}/assignment/accept"
                | "/v1/decisions/{id}/replay"
                | "/v1/clocks/{id}/resume"
                | "/v1/leads/{id}/clocks/resume"
                | "/v1/rules/{id}/activate"
                | "/v1/rules/{id}/retire"
                | "/v1/rules/{id}/unschedule"
                | "/v1/dedupe/pairs/{id}/reject"
                | "/v1/dedupe/pairs/{id}/reopen"
                | "/v1/users/{id}/password-reset"
                | "/v1/users/{id}/logout"
                | "/v1/auth/logout-everywhere"
                | "/v1/submissions/{id}/replay"
                | "/v1/submissions/{id}/discard"
                | "/v1/jobs/{id}/cancel",
            ) => None,
            ("POST", "/v1/leads/search") => {
                Some(json!({"condition": {"field": "city", "op": "is_set"}, "sort": ["city"]}))
            }
            ("POST", "/v1/clocks/{id}/pause" | "/v1/leads/{id}/clocks/pause") => {
                Some(json!({"reason": "on holiday"}))
            }
            ("POST", "/v1/leads/{id}/stage") => Some(json!({"stage": "mql"})),
            ("PUT", "/v1/pipeline") => {
                Some(json!({"stages": [{"key": "new", "name": "New", "kind": "new"}]}))
            }
            ("POST", "/v1/leads/{id}/activities") => Some(json!({"type": "call"})),
            ("PATCH", "/v1/activities/{id}") => Some(json!({"outcome": "voicemail"})),
            ("POST", "/v1/leads/{id}/notes") | ("PATCH", "/v1/notes/{id}") => {
                Some(json!({"body": "Called back"}))
            }
            ("POST", "/v1/views") => Some(json!({"name": "All"})),
            ("PATCH", "/v1/views/{id}") => Some(json!({"name": "Renamed"})),
            ("POST", "/v1/leads/bulk") => {
                Some(json!({"action": "tag", "tags": ["seen"], "select": {"ids": [ids.lead]}}))
            }
            ("POST", "/v1/rules/import") => Some(json!({"documents": [], "dry_run": true})),
            ("POST", "/v1/rules/{id}/schedule") => Some(json!({"at": "2999-01-01T00:00:00Z"})),
            ("POST", "/v1/rules") => {
                Some(json!({"kind": "calendar", "key": "always", "document": {"always": true}}))
            }
            ("POST", "/v1/leads/{id}/qualification") => Some(json!({"answers": {"need": "a CRM"}})),
            ("POST", "/v1/leads/{id}/qualification/answers/{answer_id}/withdraw") => {
                Some(json!({"reason": "misheard"}))
            }
            ("POST", "/v1/leads/{id}/merge") => Some(json!({"with": [ids.lead]})),
            ("POST", "/v1/merges/{id}/undo") | ("POST", "/v1/dedupe/pairs/{id}/confirm") => {
                Some(json!({}))
            }
            ("POST", "/v1/dedupe/merge-all") => {
                Some(json!({"min_probability": 1.0, "dry_run": true}))
            }
            ("POST", "/v1/dedupe/check") => Some(json!({"items": [{"email": person}]})),
            ("POST", "/v1/dedupe/pairs/{id}/snooze") => {
                Some(json!({"until": "2999-01-01T00:00:00Z"}))
            }
            ("POST", "/v1/tags/rename") => Some(json!({"tags": ["seen"], "to": "met"})),
            ("POST", "/v1/capture" | "/v1/leads") => Some(json!({"email": person})),
            ("POST", "/v1/capture/batch") => Some(json!({"items": [{"email": person}]})),
            ("PATCH", "/v1/leads/{id}") => Some(json!({"city": "Ulm"})),
            ("PUT", "/v1/leads/by/{system}/{external_id}") => Some(json!({"city": "Ulm"})),
            ("POST", "/v1/simulate") => Some(json!({"lead": {"email": person}})),
            ("POST", "/v1/leads/{id}/assignment/reject") => Some(json!({"reason": "no time"})),
            ("POST", "/v1/leads/{id}/claim" | "/v1/queues/{key}/claim") => {
                Some(json!({"user_id": Uuid::now_v7()}))
            }
            ("POST", "/v1/leads/{id}/assignment") => Some(json!({"owner_id": null})),
            ("POST", "/v1/field-definitions") => Some(json!({"key": field_key(), "type": "text"})),
            ("PATCH", "/v1/field-definitions/{key}") => Some(json!({"label": "Renamed"})),
            ("PATCH", "/v1/workspace") => Some(json!({"name": "Renamed"})),
            ("POST", "/v1/auth/login") => Some(
                json!({"workspace_id": Uuid::now_v7(), "email": person, "password": "not the password"}),
            ),
            ("POST", "/v1/auth/refresh" | "/v1/auth/logout") => {
                Some(json!({"refresh_token": "bt_refresh_unknown"}))
            }
            ("POST", "/v1/auth/accept-invitation" | "/v1/auth/reset-password") => {
                Some(json!({"token": "bt_unknown", "password": "correct horse battery"}))
            }
            ("POST", "/v1/me/password") => Some(
                json!({"current_password": "not the password", "new_password": "correct horse battery"}),
            ),
            ("POST", "/v1/users") => {
                Some(json!({"email": person, "name": "Grace", "role": "readonly"}))
            }
            ("PATCH", "/v1/users/{id}") => Some(json!({"name": "Grace"})),
            ("POST", "/v1/workspaces") => {
                Some(json!({"name": "Acme", "admin": {"email": person, "name": "Grace"}}))
            }
            ("POST", "/v1/teams") => Some(json!({"name": person})),
            ("PATCH", "/v1/teams/{id}") => Some(json!({"name": person})),
            ("POST", "/v1/api-keys") => Some(json!({"name": "sync", "scopes": ["keys:write"]})),
            (method, path) => panic!("no test knows how to call {method} {path}: say it here"),
        };
        let id = match self.path.split('/').nth(2) {
            Some("submissions") => &ids.submission,
            Some("jobs") => &ids.job,
            Some("views") => &ids.view,
            Some("users") => &ids.user,
            Some("teams") => &ids.team,
            Some("api-keys") => &ids.api_key,
            Some("activities") => &ids.activity,
            Some("dedupe") => &ids.pair,
            Some("notes") => &ids.note,
            _ => &ids.lead,
        };
        let path = self
            .path
            .replace("{id}", id)
            .replace("{answer_id}", &Uuid::now_v7().to_string())
            .replace("{key}", &ids.field)
            .replace("{system}", "crm")
            .replace("{external_id}", &ids.external_id);
        assert!(!path.contains('{'), "{path} names something unknown");
        match body {
            Some(body) => client.send(
                &self.method,
                &path,
                "application/json",
                body.to_string().as_bytes(),
            ),
            None => client.send(&self.method, &path, "", b""),
        }
    }
}
