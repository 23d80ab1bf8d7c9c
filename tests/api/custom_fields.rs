//! The workspace's own fields: what a definition may say, and what becomes of values on every way in.

use crate::support::TestApp;
use crate::support::fields::{define, field, in_step, rows};
use crate::support::http::Reply;
use baton::domain::access::Scope;
use serde_json::{Value, json};

fn lead_of(reply: &Reply) -> Value {
    assert!(matches!(reply.status, 200 | 201), "{}", reply.text());
    let body = reply.json();
    body.get("lead").cloned().unwrap_or(body)
}

fn path(lead: &Value) -> String {
    format!("/v1/leads/{}", lead["id"].as_str().unwrap())
}

fn pairs(errors: Vec<(String, String)>) -> Vec<String> {
    let mut pairs: Vec<String> = errors
        .into_iter()
        .map(|(pointer, code)| format!("{pointer} {code}"))
        .collect();
    pairs.sort();
    pairs
}

/// The properties of a lead's last activity.
fn last_activity(app: &TestApp, lead: &Value) -> Value {
    let list = app.get(&format!("{}/activities", path(lead))).json();
    list["data"][0]["properties"].clone()
}

#[test]
fn a_definition_is_made_read_changed_and_archived() {
    let app = TestApp::start();
    let made = app.post(
        "/v1/field-definitions",
        json!({"key": "contract_end", "type": "date", "description": " When it ends. "}),
    );
    assert_eq!((made.status, made.header("ETag")), (201, Some("\"1\"")));
    let body = made.json();
    assert_eq!(body["label"], "Contract end");
    assert_eq!(body["description"], "When it ends.");
    assert_eq!(
        (&body["required"], &body["filterable"], &body["archived"]),
        (&json!(false), &json!(false), &json!(false))
    );
    let path = "/v1/field-definitions/contract_end";
    assert_eq!(app.get(path).json(), body);
    let changed = app.patch(path, json!({"label": "Ends on", "filterable": true}));
    assert_eq!(
        (changed.status, changed.header("ETag")),
        (200, Some("\"2\""))
    );
    assert_eq!(changed.json()["index"]["searchable"], true);
    let same = app.patch(path, json!({"label": "Ends on"}));
    assert_eq!(same.header("ETag"), Some("\"2\""), "nothing changed");
    let stale = app.client().with("If-Match", "\"1\"").send(
        "PATCH",
        path,
        "application/merge-patch+json",
        br#"{"label": "Late"}"#,
    );
    assert_eq!(stale.status, 412);
    assert_eq!(
        app.client()
            .with("If-Match", "\"1\"")
            .send("DELETE", path, "", b"")
            .status,
        412
    );
    assert_eq!(app.delete(path).status, 204);
    assert_eq!(app.delete(path).status, 204);
    let archived = app.get(path).json();
    assert_eq!(
        (&archived["archived"], &archived["version"]),
        (&json!(true), &json!(3))
    );
    let again = app.post(
        "/v1/field-definitions",
        json!({"key": "contract_end", "type": "date"}),
    );
    assert_eq!(
        (again.status, again.json()["code"].as_str()),
        (409, Some("field_exists"))
    );
    assert!(again.text().contains("archived: false"));
    let back = app.patch(path, json!({"archived": false}));
    assert_eq!(
        (back.status, &back.json()["index"]["searchable"]),
        (200, &json!(true))
    );
    assert_eq!(app.get("/v1/field-definitions/nothing").status, 404);
    assert_eq!(app.get("/v1/field-definitions/%00").status, 404);
}

#[test]
fn definitions_are_listed_in_the_order_they_were_made_page_by_page() {
    let app = TestApp::start();
    for key in ["zeta", "alpha", "middle"] {
        define(&app, json!({"key": key, "type": "text"}));
    }
    let keys = |body: &Value| {
        let data = body["data"].as_array().unwrap();
        data.iter()
            .map(|field| field["key"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let first = app.get("/v1/field-definitions?limit=2").json();
    assert_eq!(keys(&first), ["zeta", "alpha"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app
        .get(&format!("/v1/field-definitions?limit=2&cursor={cursor}"))
        .json();
    assert_eq!(keys(&second), ["middle"]);
    assert_eq!(second["next_cursor"], Value::Null);
    let reader = app.client_with(&app.key_with(&[Scope::LeadsRead]));
    assert_eq!(keys(&reader.get("/v1/field-definitions").json()).len(), 3);
    let refused = reader.post(
        "/v1/field-definitions",
        &json!({"key": "x", "type": "text"}),
    );
    assert_eq!(refused.status, 403);
}

#[test]
fn everything_wrong_with_a_definition_is_said_at_once() {
    let app = TestApp::start();
    let wrong = app.post(
        "/v1/field-definitions",
        json!({"key": "Email!", "type": "long_text", "filterable": true, "unique": true, "pattern": "(", "default": 7.5}),
    );
    assert_eq!(wrong.status, 422);
    assert_eq!(
        pairs(wrong.errors()),
        [
            "/default misfit",
            "/default no_default_for_unique",
            "/filterable not_for_this_type",
            "/key invalid_key",
            "/pattern invalid_pattern",
            "/unique not_for_this_type",
        ]
    );
    for taken in ["email", "tags", "stage", "owner_id"] {
        let reply = app.post(
            "/v1/field-definitions",
            json!({"key": taken, "type": "text"}),
        );
        assert_eq!(pairs(reply.errors()), ["/key reserved_key"], "{taken}");
    }
    let unknown = app.post(
        "/v1/field-definitions",
        json!({"key": "x", "type": "text", "requird": true}),
    );
    assert_eq!(pairs(unknown.errors()), ["/requird unknown_field"]);
    let untyped = app.post(
        "/v1/field-definitions",
        json!({"key": "x", "type": "texts"}),
    );
    assert_eq!(untyped.status, 422);
    assert_eq!(app.get("/v1/field-definitions").json()["data"], json!([]));
}

#[test]
fn fields_defined_at_the_same_moment_have_slots_of_their_own() {
    let app = TestApp::start();
    let replies: Vec<(String, u16)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..24)
            .map(|n| {
                let client = app.client();
                scope.spawn(move || {
                    // Each key is asked for twice.
                    let key = format!("field_{}", n / 2);
                    let body = json!({"key": key, "type": "integer", "filterable": true});
                    (key, client.post("/v1/field-definitions", &body).status)
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    });
    let count = |status| replies.iter().filter(|(_, given)| *given == status).count();
    assert_eq!((count(201), count(409)), (12, 12), "{replies:?}");
    let slots = app
        .database()
        .texts("SELECT slot FROM field_definitions ORDER BY slot");
    assert_eq!(
        slots,
        (1..=12).map(|slot| slot.to_string()).collect::<Vec<_>>()
    );
}

#[test]
fn only_fifty_fields_are_filterable() {
    let app = TestApp::start();
    for n in 0..50 {
        define(
            &app,
            json!({"key": format!("f{n}"), "type": "text", "filterable": true}),
        );
    }
    let more = json!({"key": "one_more", "type": "text", "filterable": true});
    let refused = app.post("/v1/field-definitions", more);
    assert_eq!(pairs(refused.errors()), ["/filterable too_many_filterable"]);
    assert_eq!(app.delete("/v1/field-definitions/f7").status, 204);
    define(
        &app,
        json!({"key": "one_more", "type": "text", "filterable": true}),
    );
    let back = app.patch("/v1/field-definitions/f7", json!({"archived": false}));
    assert_eq!(pairs(back.errors()), ["/filterable too_many_filterable"]);
    let plain = json!({"archived": false, "filterable": false});
    assert_eq!(app.patch("/v1/field-definitions/f7", plain).status, 200);
}

/// One field of each type.
fn define_all(app: &TestApp) {
    let options = json!([
        {"value": "basic", "label": "Basic plan"}, {"value": "pro"}, {"value": "old", "archived": true}
    ]);
    for (key, field_type) in [
        ("nickname", "text"),
        ("story", "long_text"),
        ("seats", "integer"),
        ("ratio", "decimal"),
        ("vip", "boolean"),
        ("ends", "date"),
        ("called", "datetime"),
        ("plan", "single_choice"),
        ("wants", "multi_choice"),
        ("shop", "url"),
        ("budget", "money"),
    ] {
        let mut body =
            json!({"key": key, "type": field_type, "filterable": field_type != "long_text"});
        if field_type.ends_with("choice") {
            body["options"] = options.clone();
        }
        define(app, body);
    }
}

fn given() -> Value {
    json!({
        "nickname": " Countess\n", "story": "one\r\ntwo", "seats": "12", "ratio": 2.50, "vip": "yes", "ends": "2027-01-31",
        "called": "2026-11-22T10:00:00+01:00", "plan": "basic PLAN", "wants": "pro;basic", "shop": "https://example.com/shop",
        "budget": {"amount_minor": 2_500_000, "currency": "eur"}, "free": {"anything": [1]}
    })
}

fn normal() -> Value {
    json!({
        "nickname": "Countess", "story": "one\ntwo", "seats": 12, "ratio": 2.5, "vip": true, "ends": "2027-01-31",
        "called": "2026-11-22T09:00:00Z", "plan": "basic", "wants": ["basic", "pro"], "shop": "https://example.com/shop",
        "budget": {"amount_minor": 2_500_000, "currency": "EUR"}, "free": {"anything": [1]}
    })
}

#[test]
fn values_have_one_normal_form_on_every_way_in_and_are_indexed() {
    let app = TestApp::start();
    define_all(&app);
    let form = app.form(|_| {});
    let person = |n: u8| json!({"email": format!("p{n}@example.com"), "custom": given()});
    let captured = lead_of(&app.post("/v1/capture", person(1)));
    let batch = app
        .post("/v1/capture/batch", json!({"items": [person(2)]}))
        .json();
    let batched = batch["results"][0]["answer"]["lead"].clone();
    let created = lead_of(&app.post("/v1/leads", person(3)));
    let put = lead_of(&app.put("/v1/leads/by/crm/4", json!({"custom": given()})));
    let bare = lead_of(&app.post("/v1/leads", json!({"email": "p5@example.com"})));
    let patched = lead_of(&app.patch(&path(&bare), json!({"custom": given()})));
    let mut posted = given();
    posted["email"] = json!("p6@example.com");
    let answer = app.stranger().post(&format!("/f/{form}"), &posted);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let by_form = app.leads("email=p6@example.com").remove(0);
    for (way, lead) in [
        ("capture", &captured),
        ("batch", &batched),
        ("create", &created),
        ("upsert", &put),
        ("patch", &patched),
        ("form", &by_form),
    ] {
        assert_eq!(lead["custom"], normal(), "{way}");
        let found = rows(&app, lead["id"].as_str().unwrap());
        // Ten filterable fields, one of them with two values.
        assert_eq!(found.len(), 11, "{way}: {found:?}");
    }
    in_step(&app);
}

#[test]
fn a_wrong_value_is_refused_by_its_pointer_with_all_others() {
    let app = TestApp::start();
    define_all(&app);
    let wrong = json!({
        "email": "not an address", "custom": {"seats": "many", "plan": "huge", "ends": "31.1.2027", "free": "text"}
    });
    let expected = [
        "/custom/ends invalid_date",
        "/custom/plan not_an_option",
        "/custom/seats wrong_type",
        "/email invalid_email",
    ];
    for path in ["/v1/capture", "/v1/leads"] {
        let refused = app.post(path, wrong.clone());
        assert_eq!(
            (refused.status, pairs(refused.errors())),
            (422, expected.map(str::to_owned).to_vec())
        );
    }
    let put = app.put("/v1/leads/by/crm/1", wrong.clone());
    assert_eq!(pairs(put.errors()), expected);
    let batch = app
        .post(
            "/v1/capture/batch",
            json!({"items": [wrong, {"email": "good@example.com"}]}),
        )
        .json();
    assert_eq!(batch["results"][0]["status"], 422);
    assert_eq!(batch["results"][1]["status"], 201);
    let lead = batch["results"][1]["answer"]["lead"].clone();
    let patched = app.patch(
        &path(&lead),
        json!({"phone": "none", "custom": {"vip": "perhaps", "budget": 12}}),
    );
    assert_eq!(
        pairs(patched.errors()),
        [
            "/custom/budget wrong_type",
            "/custom/vip wrong_type",
            "/phone invalid_phone"
        ]
    );
    let detail = patched.json()["errors"].to_string();
    assert!(
        detail.contains("amount_minor") && !detail.contains("perhaps"),
        "{detail}"
    );
    assert_eq!(app.leads("").len(), 1);
}

#[test]
fn a_form_never_loses_a_person_for_a_wrong_value() {
    let app = TestApp::start();
    define_all(&app);
    define(&app, json!({"key": "role", "type": "text"}));
    let form = app.form(|_| {});
    let body = "email=f@example.com&seats=a+dozen&plan=Basic+plan&wants[]=pro&wants[]=basic&vip=0&vip=1&role=Buyer&free=x";
    let answer = app.stranger().send(
        "POST",
        &format!("/f/{form}"),
        "application/x-www-form-urlencoded",
        body.as_bytes(),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    let lead = app.leads("").remove(0);
    assert_eq!(
        lead["custom"],
        json!({"plan": "basic", "wants": ["basic", "pro"], "vip": true, "role": "Buyer", "free": "x"})
    );
    assert_eq!(
        lead["title"],
        Value::Null,
        "the workspace's own field comes first"
    );
    assert_eq!(
        last_activity(&app, &lead)["invalid_values"],
        json!({"seats": "a dozen"})
    );
    in_step(&app);
}

#[test]
fn a_replay_keeps_what_does_not_fit_the_definitions_of_today() {
    let app = TestApp::start();
    app.database()
        .by_hand("ALTER TABLE leads ADD CONSTRAINT boom CHECK (last_name <> 'Boom')");
    let kept = app.post(
        "/v1/capture",
        json!({"email": "b@example.com", "last_name": "Boom", "custom": {"seats": "many", "plan": "pro"}}),
    );
    assert_eq!(kept.status, 202);
    define_all(&app);
    app.database()
        .by_hand("ALTER TABLE leads DROP CONSTRAINT boom");
    let receipt = kept.json()["receipt_id"].as_str().unwrap().to_owned();
    let replayed = app.post(&format!("/v1/submissions/{receipt}/replay"), json!({}));
    let lead = lead_of(&replayed);
    assert_eq!(lead["custom"], json!({"plan": "pro"}));
    assert_eq!(
        last_activity(&app, &lead)["invalid_values"],
        json!({"seats": "many"})
    );
}

#[test]
fn what_is_required_is_asked_of_leads_made_by_hand_and_cannot_be_cleared() {
    let app = TestApp::start();
    define(
        &app,
        json!({"key": "area", "type": "text", "required": true}),
    );
    define(
        &app,
        json!({"key": "lang", "type": "text", "required": true, "default": "en"}),
    );
    for missing in [
        app.post("/v1/leads", json!({"email": "a@example.com"})),
        app.post(
            "/v1/leads",
            json!({"email": "a@example.com", "custom": {"area": " "}}),
        ),
        app.put("/v1/leads/by/crm/1", json!({"email": "a@example.com"})),
    ] {
        assert_eq!(pairs(missing.errors()), ["/custom/area required"]);
    }
    assert!(app.leads("").is_empty());
    let captured = app.capture(json!({"email": "c@example.com"}))["lead"].clone();
    assert_eq!(
        captured["custom"],
        json!({"lang": "en"}),
        "a capture is never refused for it"
    );
    let lead = lead_of(&app.put(
        "/v1/leads/by/crm/1",
        json!({"email": "a@example.com", "custom": {"area": "dach"}}),
    ));
    let known = app.put("/v1/leads/by/crm/1", json!({"city": "Ulm"}));
    assert_eq!(known.status, 200, "a known lead need not be given it again");
    for clearing in [
        json!({"custom": {"area": null}}),
        json!({"custom": {"area": ""}}),
        json!({"custom": null}),
    ] {
        let refused = app.patch(&path(&lead), clearing.clone());
        let errors = pairs(refused.errors());
        assert!(
            errors.contains(&"/custom/area required".to_owned()),
            "{clearing}: {errors:?}"
        );
    }
    let other = app.patch(&path(&lead), json!({"custom": {"area": "nordics"}}));
    assert_eq!(other.json()["custom"]["area"], "nordics");
    // Who came without it can be worked on without it.
    assert_eq!(
        app.patch(&path(&captured), json!({"city": "Ulm"})).status,
        200
    );
}

#[test]
fn a_default_is_what_a_new_lead_has_from_its_first_event_on() {
    let app = TestApp::start();
    define(
        &app,
        json!({"key": "tier", "type": "single_choice", "options": [{"value": "a"}, {"value": "b"}], "default": "B", "filterable": true}),
    );
    let lead = app.capture(json!({"email": "a@example.com"}))["lead"].clone();
    assert_eq!(lead["custom"], json!({"tier": "b"}));
    let chosen = app.capture(json!({"email": "b@example.com", "custom": {"tier": "a"}}));
    assert_eq!(chosen["lead"]["custom"], json!({"tier": "a"}));
    let event = app.events(2).remove(0);
    let changes = event["changes"].as_array().unwrap();
    assert!(
        changes.contains(&json!({"path": "custom.tier", "old": null, "new": "b"})),
        "{changes:?}"
    );
    let touched = app.capture(json!({"email": "a@example.com", "custom": {"tier": "a"}}));
    assert_eq!(
        touched["lead"]["custom"]["tier"], "b",
        "known values are not overwritten"
    );
    in_step(&app);
}

#[test]
fn a_unique_value_is_one_leads_until_it_gives_it_up() {
    let app = TestApp::start();
    define(
        &app,
        json!({"key": "vat_id", "type": "text", "unique": true}),
    );
    let first = lead_of(&app.post(
        "/v1/leads",
        json!({"email": "a@example.com", "custom": {"vat_id": "DE1"}}),
    ));
    let taken = app.post(
        "/v1/leads",
        json!({"email": "b@example.com", "custom": {"vat_id": " DE1 "}}),
    );
    assert_eq!(
        (taken.status, taken.json()["code"].as_str()),
        (409, Some("value_taken"))
    );
    assert_eq!(taken.json()["lead_id"], first["id"]);
    assert_eq!(pairs(taken.errors()), ["/custom/vat_id value_taken"]);
    assert_eq!(app.leads("").len(), 1);
    assert_eq!(
        app.put("/v1/leads/by/crm/1", json!({"custom": {"vat_id": "DE1"}}))
            .status,
        409
    );
    // Nothing of the refused ones is left: somebody else may be known by their address.
    let second = lead_of(&app.post("/v1/leads", json!({"email": "b@example.com"})));
    let conflict = app.patch(&path(&second), json!({"custom": {"vat_id": "DE1"}}));
    assert_eq!(conflict.json()["code"], "value_taken");
    let own = app.patch(&path(&second), json!({"custom": {"vat_id": "DE2"}}));
    assert_eq!(own.status, 200);
    let moved = app.patch(&path(&first), json!({"custom": {"vat_id": "DE3"}}));
    assert_eq!(moved.status, 200);
    assert_eq!(
        app.patch(&path(&second), json!({"custom": {"vat_id": "DE1"}}))
            .status,
        200,
        "the first lead has another value now"
    );
    assert_eq!(
        app.patch(&path(&first), json!({"custom": {"vat_id": null}}))
            .status,
        200
    );
    assert_eq!(
        app.patch(&path(&second), json!({"custom": {"vat_id": "DE3"}}))
            .status,
        200
    );
    let identities = app
        .database()
        .texts("SELECT value FROM lead_identities WHERE kind = 'custom_field'");
    assert_eq!(identities, ["vat_id:DE3"]);
}

#[test]
fn a_capture_keeps_the_person_without_a_value_that_is_anothers() {
    let app = TestApp::start();
    define(
        &app,
        json!({"key": "vat_id", "type": "text", "unique": true, "filterable": true}),
    );
    let first = app.capture(json!({"email": "a@example.com", "custom": {"vat_id": "DE1"}}));
    let second =
        app.capture(json!({"email": "b@example.com", "custom": {"vat_id": "DE1", "free": 1}}));
    assert_eq!(
        second["outcome"], "created",
        "a unique value says nobody's name"
    );
    assert_eq!(second["lead"]["custom"], json!({"free": 1}));
    assert_eq!(
        last_activity(&app, &second["lead"])["withheld_values"],
        json!({"vat_id": "DE1"})
    );
    // A known person, too.
    let touched = app.capture(json!({"email": "b@example.com", "custom": {"vat_id": "DE1"}}));
    assert_eq!(touched["lead"]["custom"], json!({"free": 1}));
    // What a policy keeps out stays free for others.
    let kept = app.capture(json!({"email": "a@example.com", "custom": {"vat_id": "DE7"}}));
    assert_eq!(kept["lead"]["custom"]["vat_id"], "DE1");
    assert_eq!(kept["lead"]["id"], first["lead"]["id"]);
    let free = app.capture(json!({"email": "c@example.com", "custom": {"vat_id": "DE7"}}));
    assert_eq!(free["lead"]["custom"]["vat_id"], "DE7");
    // And what one overwrites is free again.
    let policy = json!({"settings": {"merge_policies": {"custom.vat_id": "overwrite"}}});
    assert_eq!(app.patch("/v1/workspace", policy).status, 200);
    let batch = json!({"items": [
        {"email": "a@example.com", "custom": {"vat_id": "DE8"}}, {"email": "b@example.com", "custom": {"vat_id": "DE1"}},
        {"email": "b@example.com", "custom": {"vat_id": "DE9"}}, {"email": "a@example.com", "custom": {"vat_id": "DE1"}}
    ]});
    let results = app.post("/v1/capture/batch", batch).json();
    let value = |n: usize| results["results"][n]["answer"]["lead"]["custom"]["vat_id"].clone();
    assert_eq!(
        [value(0), value(1), value(2), value(3)],
        ["DE8", "DE1", "DE9", "DE1"]
    );
    let identities = app.database().texts(
        "SELECT i.value || ' ' || l.email FROM lead_identities i JOIN leads l ON l.id = i.lead_id WHERE i.kind = 'custom_field' ORDER BY 1",
    );
    assert_eq!(
        identities,
        [
            "vat_id:DE1 a@example.com",
            "vat_id:DE7 c@example.com",
            "vat_id:DE9 b@example.com"
        ]
    );
    in_step(&app);
}

#[test]
fn one_unique_value_from_many_connections_is_one_leads() {
    let app = TestApp::start();
    define(
        &app,
        json!({"key": "badge", "type": "integer", "unique": true}),
    );
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..24)
            .map(|n| {
                let client = app.client();
                scope.spawn(move || {
                    let body =
                        json!({"email": format!("p{n}@example.com"), "custom": {"badge": 7}});
                    let path = if n % 2 == 0 {
                        "/v1/leads"
                    } else {
                        "/v1/capture"
                    };
                    client.post(path, &body).status
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    });
    let by_hand: Vec<&u16> = statuses.iter().step_by(2).collect();
    assert!(
        by_hand.iter().all(|status| matches!(status, 201 | 409)),
        "{statuses:?}"
    );
    assert!(
        statuses
            .iter()
            .skip(1)
            .step_by(2)
            .all(|status| *status == 201),
        "no capture is refused: {statuses:?}"
    );
    let with_badge = app
        .leads("")
        .into_iter()
        .filter(|lead| lead["custom"]["badge"] == 7)
        .count();
    assert_eq!(with_badge, 1);
    assert!(by_hand.iter().filter(|status| ***status == 201).count() <= 1);
    // Changes race for a value as well.
    let leads = app.leads("");
    let changed: Vec<u16> = std::thread::scope(|scope| {
        let workers: Vec<_> = leads
            .iter()
            .map(|lead| {
                let (client, path) = (app.client(), path(lead));
                scope.spawn(move || {
                    let patch = br#"{"custom": {"badge": 8}}"#;
                    client
                        .send("PATCH", &path, "application/merge-patch+json", patch)
                        .status
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    });
    assert_eq!(
        changed.iter().filter(|status| **status == 200).count(),
        1,
        "{changed:?}"
    );
    assert!(
        changed.iter().all(|status| matches!(status, 200 | 409)),
        "{changed:?}"
    );
}

#[test]
fn a_field_that_identifies_tells_who_somebody_is_where_the_workspace_says_so() {
    let app = TestApp::start();
    let body = json!({"key": "member", "type": "integer", "unique": true, "identifies": true});
    define(&app, body);
    let nobody = app.post("/v1/capture", json!({"custom": {"member": 17}}));
    assert_eq!(
        pairs(nobody.errors()),
        [" no_identity"],
        "the order does not name custom_field"
    );
    let order =
        json!({"settings": {"identity_order": ["custom_field", "external_id", "email", "phone"]}});
    assert_eq!(app.patch("/v1/workspace", order).status, 200);
    let first = app.capture(json!({"custom": {"member": 17}}));
    assert_eq!(first["outcome"], "created");
    let again = app.capture(json!({"email": "m@example.com", "custom": {"member": "17"}}));
    assert_eq!(
        (
            &again["outcome"],
            &again["matched_by"]["kind"],
            &again["lead"]["id"]
        ),
        (
            &json!("matched"),
            &json!("custom_field"),
            &first["lead"]["id"]
        )
    );
    assert_eq!(again["lead"]["email"], "m@example.com");
    let not_unique = app.patch("/v1/field-definitions/member", json!({"unique": false}));
    assert_eq!(pairs(not_unique.errors()), ["/identifies needs_unique"]);
    let off = app.patch(
        "/v1/field-definitions/member",
        json!({"unique": false, "identifies": false}),
    );
    assert_eq!(off.status, 200);
    let other = app.capture(json!({"email": "n@example.com", "custom": {"member": 17}}));
    assert_eq!(other["outcome"], "created");
    assert_eq!(
        other["lead"]["custom"]["member"], 17,
        "it need not be unique any more"
    );
}

#[test]
fn appending_makes_no_value_that_does_not_fit() {
    let app = TestApp::start();
    define_all(&app);
    let policies = json!({"settings": {"default_merge_policy": "append"}});
    assert_eq!(app.patch("/v1/workspace", policies).status, 200);
    app.capture(json!({"email": "a@example.com", "custom": {"nickname": "A", "story": "one", "plan": "basic", "wants": ["pro"]}}));
    let touched = app.capture(json!({"email": "a@example.com", "custom": {"nickname": "B", "story": "two", "plan": "pro", "wants": ["basic"]}}));
    assert_eq!(
        touched["lead"]["custom"],
        json!({"nickname": "B", "story": "one\ntwo", "plan": "pro", "wants": ["basic", "pro"]})
    );
    in_step(&app);
}

#[test]
fn the_index_follows_every_change_of_a_lead() {
    let app = TestApp::start();
    define_all(&app);
    let lead = app.capture(json!({"email": "a@example.com", "tags": ["x", "y"], "custom": {"seats": 1, "wants": ["pro"]}}))["lead"].clone();
    let id = lead["id"].as_str().unwrap();
    assert_eq!(rows(&app, id).len(), 4);
    for change in [
        json!({"tags": ["y", "z"], "custom": {"seats": 2}}),
        json!({"custom": {"wants": ["basic", "pro"], "seats": null}}),
        json!({"city": "Ulm"}),
        json!({"custom": {"budget": {"amount_minor": 5, "currency": "USD"}}}),
        json!({"custom": {"budget": {"amount_minor": 6}}}),
        json!({"custom": null, "tags": null}),
    ] {
        assert_eq!(
            app.patch(&path(&lead), change.clone()).status,
            200,
            "{change}"
        );
        in_step(&app);
    }
    assert!(rows(&app, id).is_empty());
    app.capture(json!({"email": "a@example.com", "tags": ["again"], "custom": {"plan": "pro"}}));
    in_step(&app);
    assert_eq!(app.delete(&path(&lead)).status, 204);
    app.capture(json!({"email": "a@example.com", "tags": ["back"], "custom": {"vip": true}}));
    in_step(&app);
    assert_eq!(rows(&app, id).len(), 4);
    app.put(
        "/v1/leads/by/crm/1",
        json!({"email": "a@example.com", "custom": {"vip": false}}),
    );
    in_step(&app);
}

#[test]
fn an_archived_field_keeps_its_values_and_asks_nothing() {
    let app = TestApp::start();
    let body = json!({"key": "seats", "type": "integer", "filterable": true, "unique": true, "required": true});
    define(&app, body);
    let lead =
        app.capture(json!({"email": "a@example.com", "custom": {"seats": 4}}))["lead"].clone();
    assert_eq!(app.delete("/v1/field-definitions/seats").status, 204);
    assert_eq!(app.get(&path(&lead)).json()["custom"], json!({"seats": 4}));
    assert!(rows(&app, lead["id"].as_str().unwrap()).is_empty());
    let loose = lead_of(&app.post(
        "/v1/leads",
        json!({"email": "b@example.com", "custom": {"seats": "a few"}}),
    ));
    lead_of(&app.post("/v1/leads", json!({"email": "c@example.com"})));
    let back = app.patch("/v1/field-definitions/seats", json!({"archived": false}));
    assert_eq!(back.status, 200, "{}", back.text());
    assert_eq!(back.json()["index"]["misfits"], 1);
    assert_eq!(
        app.get(&path(&loose)).json()["custom"],
        json!({"seats": "a few"})
    );
    assert_eq!(rows(&app, lead["id"].as_str().unwrap()).len(), 1);
    let taken = app.post(
        "/v1/leads",
        json!({"email": "d@example.com", "custom": {"seats": 4}}),
    );
    assert_eq!(taken.json()["code"], "value_taken");
    in_step(&app);
}

#[test]
fn a_type_changes_only_where_every_value_keeps_its_meaning() {
    let app = TestApp::start();
    define(
        &app,
        json!({"key": "seats", "type": "integer", "filterable": true}),
    );
    define(
        &app,
        json!({"key": "note", "type": "text", "filterable": true}),
    );
    define(&app, json!({"key": "empty", "type": "text"}));
    let person = json!({"email": "a@example.com", "custom": {"seats": 4, "note": "x"}});
    let lead = app.capture(person)["lead"].clone();
    let wider = app.patch("/v1/field-definitions/seats", json!({"type": "decimal"}));
    assert_eq!(
        (wider.status, &wider.json()["index"]["searchable"]),
        (200, &json!(true))
    );
    in_step(&app);
    let back = app.patch("/v1/field-definitions/seats", json!({"type": "integer"}));
    assert_eq!(
        (back.status, back.json()["code"].as_str()),
        (409, Some("field_in_use"))
    );
    let date = app.patch("/v1/field-definitions/note", json!({"type": "date"}));
    assert!(
        date.text().contains("It can become long_text"),
        "{}",
        date.text()
    );
    let long = app.patch("/v1/field-definitions/note", json!({"type": "long_text"}));
    assert_eq!(pairs(long.errors()), ["/filterable not_for_this_type"]);
    let long = json!({"type": "long_text", "filterable": false});
    assert_eq!(app.patch("/v1/field-definitions/note", long).status, 200);
    assert_eq!(
        app.patch("/v1/field-definitions/empty", json!({"type": "date"}))
            .status,
        200,
        "no lead has a value that could lose its meaning"
    );
    assert_eq!(
        app.get(&path(&lead)).json()["custom"],
        json!({"seats": 4, "note": "x"})
    );
    in_step(&app);
}

#[test]
fn an_option_that_leads_have_is_archived_and_not_left_out() {
    let app = TestApp::start();
    let options = json!([{"value": "a"}, {"value": "b"}, {"value": "c"}]);
    define(
        &app,
        json!({"key": "plan", "type": "single_choice", "options": options, "filterable": true}),
    );
    let lead =
        app.capture(json!({"email": "a@example.com", "custom": {"plan": "b"}}))["lead"].clone();
    let field = "/v1/field-definitions/plan";
    let refused = app.patch(field, json!({"options": [{"value": "a"}]}));
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (409, Some("field_in_use"))
    );
    assert!(
        refused.text().contains("archived: true"),
        "{}",
        refused.text()
    );
    let kept =
        json!({"options": [{"value": "a", "label": "Alpha"}, {"value": "b", "archived": true}]});
    let kept = app.patch(field, kept);
    assert_eq!(kept.status, 200, "{}", kept.text());
    assert_eq!(app.get(&path(&lead)).json()["custom"]["plan"], "b");
    let gone = app.patch(&path(&lead), json!({"custom": {"plan": "c"}}));
    assert_eq!(pairs(gone.errors()), ["/custom/plan not_an_option"]);
    assert!(
        gone.text().contains("one of the options: a\""),
        "{}",
        gone.text()
    );
    let text = app.patch(field, json!({"type": "text"}));
    assert_eq!((text.status, &text.json()["options"]), (200, &json!([])));
    in_step(&app);
}

#[test]
fn a_field_of_another_workspace_asks_nothing_here() {
    let app = TestApp::start();
    define(
        &app,
        json!({"key": "seats", "type": "integer", "required": true, "unique": true}),
    );
    app.capture(json!({"email": "a@example.com", "custom": {"seats": 4}}));
    let (_, key) = app.another_workspace();
    let other = app.client_with(&key);
    let free = other.post(
        "/v1/leads",
        &json!({"email": "a@example.com", "custom": {"seats": "many"}}),
    );
    assert_eq!(free.status, 201, "{}", free.text());
    assert_eq!(other.get("/v1/field-definitions").json()["data"], json!([]));
    assert_eq!(field(&app, "seats")["key"], "seats");
}
