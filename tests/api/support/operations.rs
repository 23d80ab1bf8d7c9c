//! Every operation of the OpenAPI document, and how to call it.

use super::http::{Client, Reply};
use serde_json::{Value, json};
use uuid::Uuid;

/// An operation of the OpenAPI document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub method: String,
    pub path: String,
    /// What the document says that a key needs; `None` where no key is asked for.
    pub scopes: Option<Vec<String>>,
}

/// What a request names in its path.
#[derive(Debug, Clone)]
pub struct Ids {
    pub lead: String,
    pub submission: String,
    pub external_id: String,
    pub field: String,
}

impl Ids {
    /// Ids of nothing.
    pub fn random() -> Ids {
        Ids {
            lead: Uuid::now_v7().to_string(),
            submission: Uuid::now_v7().to_string(),
            external_id: Uuid::now_v7().to_string(),
            field: field_key(),
        }
    }
}

/// A key that no field has.
fn field_key() -> String {
    format!("f{}", Uuid::now_v7().simple())
}

/// The operations under `/v1`; those that read come first.
pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(baton::app::openapi_document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                scopes: scopes(&operation["security"]),
            });
        }
    }
    found.retain(|operation| operation.path.starts_with("/v1/"));
    found.sort_by_key(|operation| operation.method != "GET");
    assert!(found.len() >= 20, "{found:?}");
    found
}

fn scopes(security: &Value) -> Option<Vec<String>> {
    let names = security[0]["api_key"].as_array()?;
    Some(
        names
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
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
                | "/v1/field-definitions"
                | "/v1/submissions"
                | "/v1/changes"
                | "/v1/schema"
                | "/v1/workspace",
            )
            | (
                "GET",
                "/v1/leads/{id}"
                | "/v1/leads/{id}/history"
                | "/v1/leads/{id}/activities"
                | "/v1/leads/{id}/identities"
                | "/v1/leads/{id}/consents"
                | "/v1/field-definitions/{key}"
                | "/v1/submissions/{id}",
            )
            | ("DELETE", "/v1/leads/{id}" | "/v1/field-definitions/{key}")
            | (
                "POST",
                "/v1/leads/{id}/restore"
                | "/v1/submissions/{id}/replay"
                | "/v1/submissions/{id}/discard",
            ) => None,
            ("POST", "/v1/leads/search") => {
                Some(json!({"condition": {"field": "city", "op": "is_set"}, "sort": ["city"]}))
            }
            ("POST", "/v1/capture" | "/v1/leads") => Some(json!({"email": person})),
            ("POST", "/v1/capture/batch") => Some(json!({"items": [{"email": person}]})),
            ("PATCH", "/v1/leads/{id}") => Some(json!({"city": "Ulm"})),
            ("PUT", "/v1/leads/by/{system}/{external_id}") => Some(json!({"city": "Ulm"})),
            ("POST", "/v1/leads/{id}/assignment") => Some(json!({"owner_id": null})),
            ("POST", "/v1/field-definitions") => Some(json!({"key": field_key(), "type": "text"})),
            ("PATCH", "/v1/field-definitions/{key}") => Some(json!({"label": "Renamed"})),
            ("PATCH", "/v1/workspace") => Some(json!({"name": "Renamed"})),
            (method, path) => panic!("no test knows how to call {method} {path}: say it here"),
        };
        let id = if self.path.starts_with("/v1/submissions") {
            &ids.submission
        } else {
            &ids.lead
        };
        let path = self
            .path
            .replace("{id}", id)
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
