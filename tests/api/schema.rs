//! What leads are made of, for front ends; and the OpenAPI document with the workspace's own fields.

use crate::support::TestApp;
use crate::support::fields::define;
use baton::domain::access::Scope;
use baton::domain::condition::Column;
use baton::domain::lead_list::SortField;
use serde_json::{Value, json};

fn named(schema: &Value, name: &str) -> Value {
    let fields = schema["fields"].as_array().unwrap();
    let found = fields.iter().find(|field| field["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}")).clone()
}

fn define_some(app: &TestApp) {
    define(
        app,
        json!({"key": "plan", "type": "single_choice", "filterable": true, "required": true, "description": "What they pay for.",
            "options": [{"value": "basic"}, {"value": "pro", "label": "Pro"}, {"value": "old", "archived": true}]}),
    );
    define(
        app,
        json!({"key": "vat_id", "type": "text", "unique": true, "pattern": "[A-Z]{2}[0-9]+"}),
    );
    define(
        app,
        json!({"key": "wants", "type": "multi_choice", "filterable": true, "options": [{"value": "a"}]}),
    );
    define(app, json!({"key": "gone", "type": "text"}));
    assert_eq!(app.delete("/v1/field-definitions/gone").status, 204);
}

#[test]
fn the_schema_has_the_workspaces_own_fields_and_the_callers_rights() {
    let app = TestApp::start();
    define_some(&app);
    let schema = app.get("/v1/schema").json();
    let plan = named(&schema, "custom.plan");
    assert_eq!(
        plan,
        json!({
            "name": "custom.plan", "type": "single_choice", "label": "Plan", "description": "What they pay for.", "max_length": null,
            "writable": true, "required": true, "unique": false, "filterable": true, "searchable": true, "sortable": true,
            "operators": ["eq", "ne", "in", "not_in", "is_set", "is_not_set"],
            "options": [{"value": "basic", "label": "basic", "archived": false}, {"value": "pro", "label": "Pro", "archived": false},
                {"value": "old", "label": "old", "archived": true}],
            "pattern": null, "default": null, "merge_policy": "fill_empty"
        })
    );
    let vat = named(&schema, "custom.vat_id");
    assert_eq!(
        (
            &vat["unique"],
            &vat["operators"],
            &vat["pattern"],
            &vat["max_length"]
        ),
        (
            &json!(true),
            &json!([]),
            &json!("[A-Z]{2}[0-9]+"),
            &json!(500)
        )
    );
    assert_eq!(
        named(&schema, "custom.wants")["operators"],
        json!(["has_any", "has_all", "is_set", "is_not_set"])
    );
    assert_eq!(
        named(&schema, "tags")["operators"],
        named(&schema, "custom.wants")["operators"]
    );
    assert!(!schema["fields"].to_string().contains("custom.gone"));
    let company = named(&schema, "company");
    assert_eq!(
        (
            &company["type"],
            &company["max_length"],
            &company["operators"]
        ),
        (
            &json!("text"),
            &json!(300),
            &json!([
                "eq",
                "ne",
                "in",
                "not_in",
                "starts_with",
                "contains",
                "is_set",
                "is_not_set"
            ])
        )
    );
    assert_eq!(named(&schema, "employee_count")["operators"][4], "gt");
    assert_eq!(named(&schema, "stage")["options"][0]["value"], "new");
    assert_eq!(schema["stages"][0]["kind"], "new");
    let sorts = schema["sorts"].as_array().unwrap();
    assert!(sorts.contains(&json!("custom.plan")) && !sorts.contains(&json!("custom.wants")));
    let reader = app.client_with(&app.key_with(&[Scope::LeadsRead]));
    assert_eq!(
        reader.get("/v1/schema").json()["scopes"],
        json!(["leads:read"])
    );
}

#[test]
fn a_schema_that_is_known_is_not_sent_again_until_it_changes() {
    let app = TestApp::start();
    for path in ["/v1/schema", "/v1/openapi.json"] {
        let first = app.get(path);
        let tag = first.header("ETag").unwrap().to_owned();
        let known = app.client().with("If-None-Match", &tag);
        let again = known.get(path);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("ETag"), Some(tag.as_str()));
        let key = format!("f{}", path.len());
        define(&app, json!({"key": key, "type": "text"}));
        let changed = known.get(path);
        assert_eq!(changed.status, 200, "{path}");
        assert_ne!(changed.header("ETag"), Some(tag.as_str()));
    }
}

#[test]
fn the_own_document_types_the_workspaces_fields() {
    let app = TestApp::start();
    let general: Value = app.stranger().get("/openapi.json").json();
    assert_eq!(
        app.get("/v1/openapi.json").json(),
        general,
        "without fields it is the same"
    );
    define_some(&app);
    let own = app.get("/v1/openapi.json").json();
    let schemas = &own["components"]["schemas"];
    let custom = |name: &str| schemas[name]["properties"]["custom"].clone();
    assert_eq!(
        custom("Lead")["properties"]["plan"],
        json!({"type": "string", "enum": ["basic", "pro", "old"], "title": "Plan", "description": "What they pay for."})
    );
    assert_eq!(
        custom("CaptureBody")["properties"]["plan"],
        json!({"type": ["string", "null"], "enum": ["basic", "pro", null], "title": "Plan", "description": "What they pay for."})
    );
    assert_eq!(custom("NewLead")["required"], json!(["plan"]));
    assert!(
        schemas["NewLead"]["required"]
            .as_array()
            .unwrap()
            .contains(&json!("custom"))
    );
    for name in ["LeadWrite", "CaptureBody", "Lead"] {
        assert_eq!(custom(name)["required"], Value::Null, "{name}");
    }
    let vat = custom("LeadWrite")["properties"]["vat_id"].clone();
    assert_eq!(
        (&vat["pattern"], &vat["maxLength"]),
        (&json!("^(?:[A-Z]{2}[0-9]+)$"), &json!(500))
    );
    for name in ["Lead", "NewLead", "LeadWrite", "CaptureBody"] {
        assert_eq!(custom(name)["additionalProperties"], true, "{name}");
        assert_eq!(custom(name)["properties"]["gone"], Value::Null);
    }
    // Nothing else differs.
    let mut bare = own.clone();
    for name in ["Lead", "NewLead", "LeadWrite", "CaptureBody"] {
        bare["components"]["schemas"][name] = general["components"]["schemas"][name].clone();
    }
    assert_eq!(bare, general);
    assert_eq!(app.stranger().get("/v1/openapi.json").status, 401);
}

#[test]
fn whatever_conditions_and_lists_accept_is_in_the_schema() {
    let app = TestApp::start();
    define_some(&app);
    let schema = app.get("/v1/schema").json();
    for column in Column::ALL {
        let field = named(&schema, column.name());
        let known = column.kind().operators().len();
        assert_eq!(field["operators"].as_array().unwrap().len(), known);
        assert_eq!(field["filterable"], true, "{field}");
    }
    let search = |body: Value| {
        let reply = app.post("/v1/leads/search", body.clone());
        assert_eq!(reply.status, 200, "{body} {}", reply.text());
    };
    for field in schema["fields"].as_array().unwrap() {
        if field["searchable"] == true && field["filterable"] == true {
            search(json!({"condition": {"field": field["name"], "op": "is_set"}}));
        }
    }
    let sorts = schema["sorts"].as_array().unwrap();
    for sort in sorts {
        search(json!({"sort": [sort]}));
    }
    let document: Value = app.stranger().get("/openapi.json").json();
    let parameters = document["paths"]["/v1/leads"]["get"]["parameters"].as_array();
    let sort = parameters.unwrap().iter().find(|one| one["name"] == "sort");
    for field in SortField::ALL {
        let name = field.as_str();
        assert!(sorts.contains(&json!(name)), "{name}");
        assert_eq!(app.get(&format!("/v1/leads?sort=-{name}")).status, 200);
        let described = sort.unwrap()["description"].as_str().unwrap();
        assert!(described.contains(&format!("`{name}`")), "{name}");
    }
    assert_eq!(named(&schema, "fit")["type"], "integer");
    assert_eq!(named(&schema, "grade")["options"][15]["value"], "D4");
    assert_eq!(named(&schema, "verdict")["options"][3]["value"], "sql");
}
