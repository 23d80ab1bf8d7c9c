//! The OpenAPI document: what is committed, served and enforced is the same.

use crate::support::TestApp;
use baton::api::permissions::{Needs, TABLE};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const COMMITTED: &str = include_str!("../../openapi/baton.json");

fn document() -> Value {
    serde_json::from_str(&text()).unwrap()
}

fn text() -> String {
    baton::api::openapi::text(&baton::app::openapi_document()).unwrap()
}

/// Method, path and operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if METHODS.contains(&method.as_str()) {
                found.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

#[test]
fn the_committed_document_is_that_of_the_handlers() {
    assert!(
        COMMITTED == text(),
        "openapi/baton.json is not what the handlers say; write it anew: cargo run -- openapi > openapi/baton.json"
    );
}

#[test]
fn the_service_serves_it() {
    let app = TestApp::start();
    let served = app.stranger().get("/openapi.json");
    assert_eq!(served.status, 200);
    assert_eq!(served.json(), document());
}

#[test]
fn every_operation_says_what_a_client_generator_needs() {
    let document = document();
    let (mut ids, operations) = (BTreeSet::new(), operations(&document));
    for (method, path, operation) in &operations {
        let what = format!("{method} {path}");
        let id = operation["operationId"].as_str();
        assert!(
            ids.insert(id.unwrap_or_else(|| panic!("{what} has no operationId"))),
            "{what}"
        );
        for text in ["summary", "description"] {
            let given = operation.get(text).and_then(Value::as_str);
            assert!(
                text == "description" || given.is_some_and(|text| !text.is_empty()),
                "{what}: {text}"
            );
        }
        let tag = &operation["tags"][0];
        let tags = document["tags"].as_array().unwrap();
        assert!(
            tags.iter().any(|known| known["name"] == *tag),
            "{what}: {tag}"
        );
        if !path.starts_with("/v1") {
            continue;
        }
        for status in ["401", "403", "422", "429", "500", "503"] {
            let answer = operation["responses"][status]["$ref"].as_str();
            let name = answer.and_then(|path| path.strip_prefix("#/components/responses/"));
            let name = name.unwrap_or_else(|| panic!("{what} does not answer {status}"));
            let content = &document["components"]["responses"][name]["content"];
            assert!(
                content["application/problem+json"]["examples"].is_object(),
                "{name}"
            );
        }
    }
}

#[test]
fn what_an_operation_needs_is_what_requests_are_checked_against() {
    let document = document();
    let documented: BTreeSet<(String, String, String)> = operations(&document)
        .into_iter()
        .filter(|(_, path, _)| path.starts_with("/v1"))
        .map(|(method, path, operation)| (method, path, operation["security"].to_string()))
        .collect();
    let checked: BTreeSet<(String, String, String)> = TABLE
        .iter()
        .map(|(method, path, needs)| {
            let security = match needs {
                Needs::Nothing => json!([]),
                Needs::Person => json!([{"access_token": []}]),
                Needs::Caller => json!([{"api_key": []}, {"access_token": []}]),
                Needs::Scope(scope) => json!([{"api_key": [scope.as_str()]}, {"access_token": []}]),
            };
            let security = security.to_string();
            ((*method).to_owned(), (*path).to_owned(), security)
        })
        .collect();
    assert_eq!(documented, checked);
}

#[test]
fn a_default_that_says_nothing_is_left_out() {
    fn walk(value: &Value, at: &str) {
        match value {
            Value::Object(entries) => {
                assert!(entries.get("default") != Some(&Value::Null), "{at}");
                entries
                    .iter()
                    .for_each(|(name, value)| walk(value, &format!("{at}/{name}")));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, at)),
            _ => {}
        }
    }
    walk(&document()["components"]["schemas"], "");
}
