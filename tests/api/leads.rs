//! `/v1/leads`: leads one by one.

use crate::support::TestApp;
use serde_json::{Value, json};

fn id_of(lead: &Value) -> String {
    lead["id"].as_str().unwrap().to_owned()
}

fn path_of(lead: &Value) -> String {
    format!("/v1/leads/{}", id_of(lead))
}

/// A new lead.
fn create(app: &TestApp, body: Value) -> Value {
    let reply = app.post("/v1/leads", body);
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()
}

fn kinds(app: &TestApp, lead: &Value) -> Vec<String> {
    let found = app.get(&format!("{}/identities", path_of(lead))).json();
    let entries = found["data"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| {
            format!(
                "{} {}",
                entry["kind"].as_str().unwrap(),
                entry["value"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn a_new_lead_reads_back_as_it_was_answered() {
    let app = TestApp::start();
    let reply = app.post(
        "/v1/leads",
        json!({"email": " Ada@Example.COM", "first_name": "Ada", "country": "Germany", "phone": "030 901820", "employee_count": 12,
            "custom": {"plan": "pro", "seats": 3, "tree": {"a": [1, null]}}, "tags": ["demo", " demo", "vip"], "source": "fair", "external_ids": {"hubspot": "101"}}),
    );
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(reply.header("ETag"), Some("\"1\""));
    let lead = reply.json();
    assert_eq!(
        [
            &lead["email"],
            &lead["country"],
            &lead["phone"],
            &lead["stage"],
            &lead["source"],
            &lead["channel"]
        ],
        ["ada@example.com", "DE", "+4930901820", "new", "fair", "api"]
    );
    assert_eq!(
        lead["custom"],
        json!({"plan": "pro", "seats": 3, "tree": {"a": [1, null]}})
    );
    assert_eq!(lead["tags"], json!(["demo", "vip"]));
    let read = app.get(&path_of(&lead));
    assert_eq!((read.status, read.json()), (200, lead.clone()));
    assert_eq!(
        kinds(&app, &lead),
        [
            "email ada@example.com",
            "external_id 101",
            "phone +4930901820"
        ]
    );
}

#[test]
fn p2_a_known_person_is_not_created_twice() {
    let app = TestApp::start();
    let first = create(&app, json!({"email": "ada@example.com"}));
    let again = app.post(
        "/v1/leads",
        json!({"email": "ADA@example.com", "city": "London"}),
    );
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["id"], first["id"]);
    assert_eq!(again.json()["city"], "London");
    assert_eq!(again.header("ETag"), Some("\"2\""));
    assert_eq!(app.leads("").len(), 1);
}

#[test]
fn nobody_in_particular_is_refused() {
    let app = TestApp::start();
    let reply = app.post("/v1/leads", json!({"first_name": "Ada"}));
    assert_eq!(
        (reply.status, reply.errors()),
        (422, vec![("".into(), "no_identity".into())])
    );
}

#[test]
fn a_patch_is_brought_into_normal_form_and_stored() {
    let app = TestApp::start();
    let lead = create(
        &app,
        json!({"email": "ada@example.com", "source": "fair", "custom": {"plan": "pro", "tree": {"a": 1, "b": 2}}, "tags": ["a"], "city": "Ulm"}),
    );
    let patched = app.patch(
        &path_of(&lead),
        json!({"email": "Countess@Example.com ", "phone": "(415) 555-0132", "country": "usa", "first_name": "  Ada\u{0} ", "source": "list",
            "city": null, "custom": {"tree": {"a": null, "c": 3}, "new": {"x": null, "y": 1}}, "tags": ["b", "b"]}),
    );
    assert_eq!(patched.status, 200, "{}", patched.text());
    let after = patched.json();
    assert_eq!(
        [
            &after["email"],
            &after["phone"],
            &after["country"],
            &after["first_name"],
            &after["source"]
        ],
        ["countess@example.com", "+14155550132", "US", "Ada", "list"]
    );
    assert_eq!(after["city"], Value::Null);
    assert_eq!(
        after["custom"],
        json!({"plan": "pro", "tree": {"b": 2, "c": 3}, "new": {"y": 1}})
    );
    assert_eq!(after["tags"], json!(["b"]));
    assert_eq!(patched.header("ETag"), Some("\"2\""));
    assert_eq!(
        app.get(&path_of(&lead)).json(),
        after,
        "what was answered is not what was stored"
    );
    // The person is still known by the old address.
    assert_eq!(
        kinds(&app, &lead),
        [
            "email ada@example.com",
            "email countess@example.com",
            "phone +14155550132"
        ]
    );
    let events = app.events(2);
    let paths: Vec<&str> = events[1]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "email",
            "phone",
            "first_name",
            "city",
            "country",
            "custom.tree",
            "custom.new",
            "tags",
            "source"
        ]
    );
}

#[test]
fn null_clears_all_custom_values_and_all_tags() {
    let app = TestApp::start();
    let lead = create(
        &app,
        json!({"email": "ada@example.com", "custom": {"plan": "pro"}, "tags": ["a"], "source": "fair"}),
    );
    let after = app.patch(
        &path_of(&lead),
        json!({"custom": null, "tags": null, "source": null}),
    );
    assert_eq!(after.status, 200);
    assert_eq!(
        (
            &after.json()["custom"],
            &after.json()["tags"],
            &after.json()["source"]
        ),
        (&json!({}), &json!([]), &Value::Null)
    );
    assert_eq!(app.get(&path_of(&lead)).json(), after.json());
}

#[test]
fn a_patch_that_changes_nothing_leaves_the_version_and_makes_no_event() {
    let app = TestApp::start();
    let lead = create(&app, json!({"email": "ada@example.com", "city": "Ulm"}));
    let same = app.patch(
        &path_of(&lead),
        json!({"email": "ADA@example.com", "city": " Ulm "}),
    );
    assert_eq!((same.status, same.json()), (200, lead));
    app.capture(json!({"email": "next@example.com"}));
    assert_eq!(app.events(2)[1]["type"], "lead.created");
}

#[test]
fn a_mail_address_of_another_lead_is_refused_and_a_phone_number_is_not() {
    let app = TestApp::start();
    let ada = create(
        &app,
        json!({"email": "ada@example.com", "phone": "+14155550132"}),
    );
    let bob = create(&app, json!({"email": "bob@example.com"}));
    let taken = app.patch(
        &path_of(&bob),
        json!({"email": "Ada@example.com", "city": "Ulm"}),
    );
    assert_eq!(taken.status, 409);
    assert_eq!(taken.json()["code"], "identity_taken");
    assert_eq!(taken.json()["lead_id"], ada["id"]);
    assert_eq!(app.get(&path_of(&bob)).json(), bob);
    let shared = app.patch(&path_of(&bob), json!({"phone": "+14155550132"}));
    assert_eq!(
        (shared.status, &shared.json()["phone"]),
        (200, &json!("+14155550132"))
    );
    assert_eq!(kinds(&app, &bob), ["email bob@example.com"]);
    // Clearing the shared number takes it from nobody else.
    assert_eq!(
        app.patch(&path_of(&bob), json!({"phone": null})).status,
        200
    );
    assert_eq!(
        kinds(&app, &ada),
        ["email ada@example.com", "phone +14155550132"]
    );
    assert_eq!(
        app.capture(json!({"phone": "+14155550132"}))["lead"]["id"],
        ada["id"]
    );
}

#[test]
fn an_address_that_was_cleared_is_free_for_another_lead() {
    let app = TestApp::start();
    let ada = create(
        &app,
        json!({"email": "ada@example.com", "external_ids": {"crm": "1"}}),
    );
    assert_eq!(
        app.patch(&path_of(&ada), json!({"email": null})).status,
        200
    );
    assert_eq!(kinds(&app, &ada), ["external_id 1"]);
    assert_ne!(
        app.capture(json!({"email": "ada@example.com"}))["lead"]["id"],
        ada["id"]
    );
}

#[test]
fn a_deleted_lead_is_gone_until_it_is_restored() {
    let app = TestApp::start();
    let ada = create(&app, json!({"email": "ada@example.com"}));
    create(&app, json!({"email": "bob@example.com"}));
    let gone = app.delete(&path_of(&ada));
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    for path in ["", "/activities", "/identities", "/consents"] {
        assert_eq!(
            app.get(&format!("{}{path}", path_of(&ada))).status,
            404,
            "{path}"
        );
    }
    assert_eq!(
        app.patch(&path_of(&ada), json!({"city": "Ulm"})).status,
        404
    );
    assert_eq!(app.delete(&path_of(&ada)).status, 404);
    assert_eq!(app.leads("").len(), 1);
    let deleted = app.leads("deleted=true");
    assert_eq!((deleted.len(), &deleted[0]["id"]), (1, &ada["id"]));
    assert!(deleted[0]["deleted_at"].is_string());
    let back = app.post(&format!("{}/restore", path_of(&ada)), Value::Null);
    assert_eq!(
        (back.status, &back.json()["deleted_at"]),
        (200, &Value::Null)
    );
    assert_eq!(back.header("ETag"), Some("\"3\""));
    assert_eq!(
        (app.leads("").len(), app.leads("deleted=true").len()),
        (2, 0)
    );
    let twice = app.post(&format!("{}/restore", path_of(&ada)), Value::Null);
    assert_eq!(
        (twice.status, &twice.json()["code"]),
        (409, &json!("not_deleted"))
    );
    let types: Vec<Value> = app
        .events(4)
        .iter()
        .map(|event| event["type"].clone())
        .collect();
    assert_eq!(
        types,
        [
            "lead.created",
            "lead.created",
            "lead.deleted",
            "lead.restored"
        ]
    );
}

#[test]
fn after_ninety_days_a_deleted_lead_cannot_be_restored() {
    let app = TestApp::start();
    let ada = create(&app, json!({"email": "ada@example.com"}));
    app.delete(&path_of(&ada));
    let move_to = |days: f32| {
        app.database().by_hand(&format!(
            "UPDATE leads SET deleted_at = now() - interval '1 day' * {days}"
        ));
    };
    move_to(90.01);
    let late = app.post(&format!("{}/restore", path_of(&ada)), Value::Null);
    assert_eq!(
        (late.status, &late.json()["code"]),
        (409, &json!("restore_window_passed"))
    );
    move_to(89.99);
    assert_eq!(
        app.post(&format!("{}/restore", path_of(&ada)), Value::Null)
            .status,
        200
    );
}

#[test]
fn p2_a_deleted_lead_comes_back_when_the_person_does() {
    let app = TestApp::start();
    let ada = create(&app, json!({"email": "ada@example.com", "city": "Ulm"}));
    app.delete(&path_of(&ada));
    let captured = app.capture(json!({"email": "ada@example.com"}));
    assert_eq!(
        (
            &captured["outcome"],
            &captured["lead"]["id"],
            &captured["lead"]["city"]
        ),
        (&json!("matched"), &ada["id"], &json!("Ulm"))
    );
    assert_eq!(app.get(&path_of(&ada)).status, 200);
    let types: Vec<&str> = captured["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["lead.restored", "lead.touched"]);
}

#[test]
fn an_upsert_says_whether_it_created_matched_updated_or_changed_nothing() {
    let app = TestApp::start();
    let known = create(&app, json!({"email": "bob@example.com", "city": "Ulm"}));
    let put = |id: &str, body: Value| {
        let reply = app.put(&format!("/v1/leads/by/hubspot/{id}"), body);
        let outcome = reply.json()["outcome"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (reply.status, outcome, reply.json()["lead"].clone())
    };
    let (status, outcome, lead) = put(
        "1",
        json!({"email": "ada@example.com", "city": "Rom", "tags": ["a"]}),
    );
    assert_eq!((status, outcome.as_str()), (201, "created"));
    assert_eq!(app.get(&path_of(&lead)).json(), lead);
    let (status, outcome, same) = put("1", json!({"city": "Rom", "email": "ADA@example.com"}));
    assert_eq!((status, outcome.as_str(), &same), (200, "unchanged", &lead));
    let (status, outcome, changed) = put("1", json!({"city": "Bonn", "tags": null}));
    assert_eq!((status, outcome.as_str()), (200, "updated"));
    assert_eq!(
        (&changed["id"], &changed["city"], &changed["tags"]),
        (&lead["id"], &json!("Bonn"), &json!([]))
    );
    let (status, outcome, matched) = put("2", json!({"email": "bob@example.com", "city": "Kiel"}));
    assert_eq!((status, outcome.as_str()), (200, "matched"));
    assert_eq!(
        (&matched["id"], &matched["city"]),
        (&known["id"], &json!("Kiel"))
    );
    assert_eq!(
        kinds(&app, &known),
        ["email bob@example.com", "external_id 2"]
    );
    let (status, _, _) = put("1", json!({"email": "bob@example.com"}));
    assert_eq!(status, 409);
    // A deleted lead comes back.
    app.delete(&path_of(&lead));
    let (status, outcome, back) = put("1", json!({"city": "Bonn"}));
    assert_eq!(
        (status, outcome.as_str(), &back["id"]),
        (200, "updated", &lead["id"])
    );
    assert_eq!(app.get(&path_of(&lead)).status, 200);
}

#[test]
fn an_external_id_may_have_odd_characters() {
    let app = TestApp::start();
    for (path, value) in [
        ("a%2Fb", "a/b"),
        ("%C3%BC%E2%82%AC", "ü€"),
        ("a%20b%25", "a b%"),
        ("x:y", "x:y"),
        ("%2E%2E", ".."),
        ("a%2525", "a%25"),
    ] {
        let url = format!("/v1/leads/by/crm/{path}");
        let first = app.put(&url, json!({"city": "Ulm"}));
        assert_eq!(first.status, 201, "{path}: {}", first.text());
        let lead = first.json()["lead"].clone();
        assert_eq!(
            kinds(&app, &lead),
            [format!("external_id {value}")],
            "{path}"
        );
        assert_eq!(
            app.put(&url, json!({"city": "Ulm"})).json()["outcome"],
            "unchanged"
        );
        let same = app.capture(json!({"external_ids": {"crm": value}}));
        assert_eq!(same["lead"]["id"], lead["id"], "{path}");
    }
    // What is no text is not taken for another one.
    for (path, status) in [
        ("%00", 422),
        ("%20", 422),
        ("%FF", 400),
        ("a%FE", 400),
        ("", 404),
    ] {
        let reply = app.put(&format!("/v1/leads/by/crm/{path}"), json!({"city": "Ulm"}));
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
    }
    assert_eq!(app.put("/v1/leads/by/C%20R%20M/1", json!({})).status, 422);
}

#[test]
fn what_belongs_to_a_lead_is_listed_page_by_page() {
    let app = TestApp::start();
    let lead = create(&app, json!({"email": "ada@example.com"}));
    for number in 0..7 {
        app.capture(json!({
            "email": "ada@example.com", "message": format!("m{number}"), "anonymous_id": format!("cookie-{number}"),
            "submitted_at": format!("2026-03-0{}T09:00:00Z", number + 1),
            "consents": [{"channel": "email", "granted": number % 2 == 0, "text": format!("t{number}")}]
        }));
    }
    for (list, field, expected) in [
        (
            "activities",
            "/properties/message",
            vec!["m6", "m5", "m4", "m3", "m2", "m1", "m0"],
        ),
        (
            "consents",
            "/text",
            vec!["t6", "t5", "t4", "t3", "t2", "t1", "t0"],
        ),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app
                .get(&format!("{}/{list}?limit=3{cursor}", path_of(&lead)))
                .json();
            let data = page["data"].as_array().unwrap();
            assert!(data.len() <= 3 && !data.is_empty());
            seen.extend(data.iter().filter_map(|entry| {
                entry
                    .pointer(field)
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            }));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, expected, "{list}");
    }
    let consent = app
        .get(&format!("{}/consents?limit=1", path_of(&lead)))
        .json()["data"][0]
        .clone();
    assert_eq!(
        (
            &consent["purpose"],
            &consent["granted"],
            &consent["occurred_at"]
        ),
        (
            &json!("marketing"),
            &json!(true),
            &json!("2026-03-07T09:00:00Z")
        )
    );
    assert_eq!(kinds(&app, &lead).len(), 8);
}
