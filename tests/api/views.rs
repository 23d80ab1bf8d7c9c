//! Saved views: one's own and shared ones, checked when they are saved and honest about what has become wrong since.

use crate::support::TestApp;
use crate::support::http::{Client, Reply};
use baton::domain::access::Scope;
use serde_json::{Value, json};

fn view() -> Value {
    json!({
        "name": " Big in Germany ",
        "condition": {"all": [{"field": "country", "op": "eq", "value": "DE"}, {"field": "employee_count", "op": "gte", "value": 200}]},
        "q": "engines",
        "columns": ["company", "tags", "attribution.first.utm_source"],
        "sort": ["-employee_count", "company"]
    })
}

fn create(client: &Client, body: &Value) -> Value {
    let reply = client.post("/v1/views", body);
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(reply.header("ETag"), Some("\"1\""));
    reply.json()
}

fn path(view: &Value) -> String {
    format!("/v1/views/{}", view["id"].as_str().unwrap())
}

fn merge(client: &Client, view: &Value, changes: &Value) -> Reply {
    client.send(
        "PATCH",
        &path(view),
        "application/merge-patch+json",
        changes.to_string().as_bytes(),
    )
}

fn places(errors: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(pointer, code): &(&str, &str)| ((*pointer).to_owned(), (*code).to_owned());
    errors.iter().map(owned).collect()
}

#[test]
fn a_view_is_kept_as_it_was_saved() {
    let app = TestApp::start();
    let saved = create(&app.client(), &view());
    assert_eq!(saved["name"], "Big in Germany");
    for name in ["condition", "q", "columns", "sort"] {
        assert_eq!(saved[name], view()[name], "{name}");
    }
    assert_eq!(
        (&saved["shared"], &saved["problems"], &saved["version"]),
        (&json!(false), &json!([]), &json!(1))
    );
    let read = app.get(&path(&saved));
    assert_eq!((read.json(), read.header("ETag")), (saved, Some("\"1\"")));
    let least = create(&app.client(), &json!({"name": "All"}));
    assert_eq!(
        (
            &least["condition"],
            &least["q"],
            &least["columns"],
            &least["sort"]
        ),
        (&Value::Null, &Value::Null, &json!([]), &json!([]))
    );
}

#[test]
fn what_is_wrong_with_a_view_is_told_with_its_place_in_the_body() {
    let app = TestApp::start();
    let wrong = |change: Value| {
        let mut body = view();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let reply = app.post("/v1/views", body);
        assert_eq!(reply.status, 422, "{}", reply.text());
        reply.errors()
    };
    assert_eq!(
        wrong(json!({"name": "  "})),
        places(&[("/name", "empty_name")])
    );
    assert_eq!(
        wrong(
            json!({"condition": {"all": [{"field": "city", "op": "is_set"}, {"field": "citty", "op": "is_set"}]}})
        ),
        places(&[("/condition/all/1/field", "unknown_field")])
    );
    assert_eq!(
        wrong(json!({"columns": ["company", "compny", "custom.none"], "sort": ["shoe_size"]})),
        places(&[
            ("/columns/1", "unknown_field"),
            ("/columns/2", "unknown_field"),
            ("/sort/0", "unknown_sort")
        ])
    );
    assert_eq!(
        wrong(json!({"q": "ab"})),
        places(&[("/q", "word_too_short")])
    );
    assert_eq!(
        wrong(json!({"colums": []})),
        places(&[("/colums", "unknown_field")])
    );
    assert_eq!(app.get("/v1/views").json()["data"], json!([]));
}

#[test]
fn a_view_changes_by_a_patch_and_by_version() {
    let app = TestApp::start();
    let client = app.client();
    let saved = create(&client, &view());
    let any = json!({"any": [{"field": "city", "op": "eq", "value": "Ulm"}]});
    let changed = merge(
        &client.with("If-Match", "\"1\""),
        &saved,
        &json!({"name": "Ulm", "condition": any, "q": null, "sort": null}),
    );
    assert_eq!(
        (changed.status, changed.header("ETag")),
        (200, Some("\"2\"")),
        "{}",
        changed.text()
    );
    let changed = changed.json();
    assert_eq!(
        (
            &changed["name"],
            &changed["condition"],
            &changed["q"],
            &changed["sort"],
            &changed["columns"]
        ),
        (
            &json!("Ulm"),
            &any,
            &Value::Null,
            &json!([]),
            &view()["columns"]
        )
    );
    let late = merge(
        &client.with("If-Match", "\"1\""),
        &saved,
        &json!({"name": "Late"}),
    );
    assert_eq!(late.status, 412, "{}", late.text());
    let same = merge(&client, &saved, &json!({"name": "Ulm"}));
    assert_eq!((same.status, same.json()), (200, changed));
    let wrong = merge(
        &client,
        &saved,
        &json!({"name": null, "condition": {"field": "x"}}),
    );
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.errors()[0], places(&[("/name", "empty_name")])[0]);
    let late = client
        .with("If-Match", "\"1\"")
        .send("DELETE", &path(&saved), "", b"");
    assert_eq!(late.status, 412);
    let gone = client
        .with("If-Match", "\"2\"")
        .send("DELETE", &path(&saved), "", b"");
    assert_eq!(gone.status, 204);
    assert_eq!(client.get(&path(&saved)).status, 404);
}

#[test]
fn ones_own_views_are_ones_own_and_shared_ones_everybodys() {
    let app = TestApp::start();
    let mine = app.client_with(&app.key_with(&[Scope::LeadsRead, Scope::ViewsShare]));
    let other = app.client_with(&app.key_with(&[Scope::LeadsRead]));
    let own = create(&mine, &json!({"name": "Mine"}));
    let shared = create(&mine, &json!({"name": "Ours", "shared": true}));
    let theirs = create(&other, &json!({"name": "Theirs"}));
    let names = |client: &Client| -> Vec<Value> {
        let page = client.get("/v1/views").json();
        let data = page["data"].as_array().unwrap().iter();
        data.map(|view| view["name"].clone()).collect()
    };
    assert_eq!(names(&mine), ["Mine", "Ours"]);
    assert_eq!(names(&other), ["Ours", "Theirs"]);
    assert_eq!(other.get(&path(&shared)).status, 200);
    for reply in [
        other.get(&path(&own)),
        merge(&other, &own, &json!({"name": "x"})),
        other.send("DELETE", &path(&own), "", b""),
        mine.get(&path(&theirs)),
    ] {
        assert_eq!(reply.status, 404, "{}", reply.text());
    }
}

#[test]
fn only_who_may_share_views_touches_shared_ones() {
    let app = TestApp::start();
    let sharer = app.client_with(&app.key_with(&[Scope::LeadsRead, Scope::ViewsShare]));
    let other = app.client_with(&app.key_with(&[Scope::LeadsRead]));
    let shared = create(&app.client(), &json!({"name": "Ours", "shared": true}));
    let own = create(&other, &json!({"name": "Mine"}));
    for refused in [
        other.post("/v1/views", &json!({"name": "x", "shared": true})),
        merge(&other, &own, &json!({"shared": true})),
        merge(&other, &shared, &json!({"name": "x"})),
        merge(&other, &shared, &json!({"shared": false})),
        other.send("DELETE", &path(&shared), "", b""),
    ] {
        assert_eq!(refused.status, 403, "{}", refused.text());
        let challenge = refused.header("WWW-Authenticate").unwrap();
        assert!(challenge.contains("views:share"), "{challenge}");
    }
    assert_eq!(
        merge(&sharer, &shared, &json!({"name": "All of us"})).status,
        200
    );
    let unshared = merge(&sharer, &shared, &json!({"shared": false}));
    assert_eq!(unshared.json()["owner"], shared["owner"]);
    assert_eq!(
        sharer.get(&path(&shared)).status,
        404,
        "it is its owner's again"
    );
    assert_eq!(app.get(&path(&shared)).status, 200);
}

#[test]
fn a_view_of_which_a_field_is_gone_says_so() {
    let app = TestApp::start();
    app.database().by_hand(&format!(
        "INSERT INTO field_definitions SELECT (jsonb_populate_record(NULL::field_definitions, '{}')).*",
        json!({
            "workspace_id": app.workspace_id, "key": "plan", "slot": 1, "field_type": "text", "label": "Plan", "options": [],
            "required": false, "is_unique": false, "identifies": false, "filterable": true, "archived": false, "version": 1,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "index_ready": true, "unique_ready": true,
            "walk_state": "idle", "walked": 0, "misfits": 0, "unique_conflicts": []
        })
    ));
    // What a key is known to see is kept for a moment; a change of the workspace ends that.
    let forget = |name: &str| {
        assert_eq!(
            app.patch("/v1/workspace", json!({"name": name})).status,
            200
        )
    };
    forget("With the field");
    let client = app.client();
    let body = json!({
        "name": "Pro", "columns": ["email", "custom.plan"], "sort": ["custom.plan"],
        "condition": {"all": [{"field": "custom.plan", "op": "eq", "value": "pro"}]}
    });
    let saved = create(&client, &body);
    assert_eq!(saved["problems"], json!([]));
    app.database().by_hand("DELETE FROM field_definitions");
    forget("Without the field");
    let found = app.get(&path(&saved)).json();
    let problems: Vec<Value> = found["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["pointer"].clone())
        .collect();
    assert_eq!(
        problems,
        ["/condition/all/0/field", "/columns/1", "/sort/0"]
    );
    assert_eq!(
        app.get("/v1/views").json()["data"][0]["problems"],
        found["problems"]
    );
    let renamed = merge(&client, &saved, &json!({"name": "Was pro"}));
    assert_eq!(
        (renamed.status, &renamed.json()["problems"]),
        (200, &found["problems"]),
        "{}",
        renamed.text()
    );
    let still = merge(&client, &saved, &json!({"columns": ["custom.plan"]}));
    assert_eq!(
        (still.status, still.errors()),
        (422, places(&[("/columns/0", "unknown_field")]))
    );
    let right = merge(
        &client,
        &saved,
        &json!({"columns": [], "sort": [], "condition": null}),
    );
    assert_eq!((right.status, &right.json()["problems"]), (200, &json!([])));
}
