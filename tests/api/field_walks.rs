//! Leads that were there before a definition changed: gone through in batches, resumed, and right in the end also where
//! others wrote meanwhile by the rules of before.

use crate::support::TestApp;
use crate::support::fields::{define, field, in_step};
use baton::api::captures::{Prepared, Received, Sender, prepare};
use baton::domain::capture_draft::{CaptureDraft, Manner};
use baton::domain::event::Actor;
use baton::domain::flow::intake;
use baton::domain::flow::walk_fields::{self, SETTLING_SECONDS, Step};
use baton::domain::lead_fields::LeadFields;
use baton::domain::rules::Rules;
use baton::domain::submission::{Door, SubmissionContext};
use baton::worker::field_walk::{Walked, tick};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use std::sync::Arc;

/// A service that goes through leads only when a test says so.
fn still() -> TestApp {
    TestApp::start_with(|config| config.no_workers = true)
}

/// Captures people, each with these custom values.
fn people(app: &TestApp, numbers: std::ops::Range<u32>, custom: impl Fn(u32) -> Value) {
    let numbers: Vec<u32> = numbers.collect();
    for chunk in numbers.chunks(1000) {
        let person = |n: &u32| json!({"email": format!("p{n}@example.com"), "custom": custom(*n)});
        let items: Vec<Value> = chunk.iter().map(person).collect();
        let batch = app.post("/v1/capture/batch", json!({"items": items}));
        assert_eq!(batch.json()["counts"]["refused"], 0, "{}", batch.text());
    }
}

/// Captures somebody as a process does that does not know of a change yet.
fn capture_by(app: &TestApp, rules: Rules, email: &str, custom: Value) {
    let rules = Arc::new(rules);
    let draft = CaptureDraft {
        fields: LeadFields {
            email: Some(email.to_owned()),
            ..LeadFields::default()
        },
        custom: custom.as_object().unwrap().clone(),
        ..CaptureDraft::default()
    };
    let received = Received {
        door: Door::Capture,
        content_type: "application/json".to_owned(),
        body: Vec::new(),
        context: SubmissionContext::default(),
        idempotency_key: None,
    };
    let sender = Sender {
        actor: Actor::system(),
        form_id: None,
        default_country: None,
        rules: rules.clone(),
    };
    let Prepared::Ready(incoming) = prepare(draft, received, sender, Manner::Program) else {
        panic!("not ready");
    };
    for reply in intake::take_in(&app.db, app.workspace_id, &[*incoming], &rules) {
        reply.unwrap();
    }
}

fn settled() -> DateTime<Utc> {
    Utc::now() + Duration::seconds(SETTLING_SECONDS + 1)
}

fn indexed(app: &TestApp) -> i64 {
    app.database()
        .number("SELECT count(*) FROM lead_values WHERE slot > 0")
}

#[test]
fn many_leads_are_gone_through_in_batches_with_progress() {
    let app = still();
    people(&app, 0..2500, |n| json!({"seats": n % 7, "plan": "x"}));
    let body = json!({"key": "seats", "type": "integer", "filterable": true});
    let made = define(&app, body);
    assert_eq!(
        made["index"],
        json!({"state": "building", "searchable": false, "leads_done": 1000, "leads_total": 2500, "misfits": 0, "unique_conflicts": []})
    );
    assert_eq!(indexed(&app), 1000);
    let step = || {
        app.db
            .in_workspace(app.workspace_id, |conn| {
                walk_fields::step(conn, "seats", Utc::now())
            })
            .unwrap()
    };
    assert_eq!(step(), Step::More);
    assert_eq!(field(&app, "seats")["index"]["leads_done"], 2000);
    // Whoever comes now is in the index at once.
    people(&app, 3000..3001, |_| json!({"seats": 3}));
    assert_eq!(indexed(&app), 2001);
    // The process that did it is gone; another one goes on from there.
    let walked = tick(&app.db, Utc::now()).unwrap();
    assert_eq!(
        walked,
        Walked {
            fields: 1,
            batches: 1
        }
    );
    let ready = field(&app, "seats");
    assert_eq!(
        (
            &ready["index"]["state"],
            &ready["index"]["searchable"],
            &ready["index"]["leads_done"]
        ),
        (&json!("ready"), &json!(true), &json!(2501))
    );
    assert_eq!(ready["version"], 1, "progress is no change");
    in_step(&app);
    assert_eq!(tick(&app.db, settled()).unwrap().fields, 1);
    assert_eq!(
        tick(&app.db, settled()).unwrap(),
        Walked::default(),
        "nothing is left"
    );
}

#[test]
fn a_batch_that_fails_leaves_no_trace_and_is_done_again() {
    let app = still();
    people(&app, 0..1200, |n| json!({"seats": n}));
    define(
        &app,
        json!({"key": "seats", "type": "integer", "filterable": true}),
    );
    app.database().by_hand(
        "ALTER TABLE field_definitions ADD CONSTRAINT boom CHECK (walked < 1100 OR walk_state = 'idle')",
    );
    assert_eq!(tick(&app.db, Utc::now()).unwrap().batches, 1);
    assert_eq!(indexed(&app), 1000);
    assert_eq!(field(&app, "seats")["index"]["leads_done"], 1000);
    app.database()
        .by_hand("ALTER TABLE field_definitions DROP CONSTRAINT boom");
    tick(&app.db, Utc::now()).unwrap();
    assert_eq!(indexed(&app), 1200);
    in_step(&app);
}

#[test]
fn who_wrote_by_the_rules_of_before_is_found_in_the_end() {
    let app = still();
    let before = Rules::default();
    people(&app, 0..3, |n| json!({"seats": n}));
    let made = define(
        &app,
        json!({"key": "seats", "type": "integer", "filterable": true, "unique": true}),
    );
    assert_eq!(
        made["index"]["searchable"], true,
        "few leads are gone through at once"
    );
    capture_by(&app, before, "late@example.com", json!({"seats": 77}));
    assert_eq!(indexed(&app), 3);
    let taken = app.post(
        "/v1/leads",
        json!({"email": "x@example.com", "custom": {"seats": 2}}),
    );
    assert_eq!(taken.json()["code"], "value_taken");
    assert_eq!(tick(&app.db, Utc::now()).unwrap().fields, 1);
    assert_eq!(
        indexed(&app),
        3,
        "it is too early to know that nobody else comes late"
    );
    tick(&app.db, settled()).unwrap();
    in_step(&app);
    assert_eq!(indexed(&app), 4);
    let taken = app.post(
        "/v1/leads",
        json!({"email": "y@example.com", "custom": {"seats": 77}}),
    );
    assert_eq!(taken.json()["code"], "value_taken");
}

#[test]
fn leads_that_share_values_keep_a_field_from_being_unique() {
    let app = still();
    people(&app, 0..4, |n| json!({"badge": n % 3}));
    let refused = app.post(
        "/v1/field-definitions",
        json!({"key": "badge", "type": "integer", "unique": true}),
    );
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (409, Some("values_shared"))
    );
    let mut shared: Vec<String> = app
        .leads("sort=created_at")
        .iter()
        .filter(|lead| lead["custom"]["badge"] == 0)
        .map(|lead| lead["id"].as_str().unwrap().to_owned())
        .collect();
    shared.sort();
    assert_eq!(refused.json()["lead_ids"], json!(shared));
    define(&app, json!({"key": "badge", "type": "integer"}));
    let unique = json!({"unique": true});
    assert_eq!(
        app.patch("/v1/field-definitions/badge", unique.clone())
            .status,
        409
    );
    assert_eq!(field(&app, "badge")["unique"], false);
    let patch = json!({"custom": {"badge": 9}});
    assert_eq!(
        app.patch(&format!("/v1/leads/{}", shared[0]), patch).status,
        200
    );
    assert_eq!(app.patch("/v1/field-definitions/badge", unique).status, 200);
}

#[test]
fn leads_that_share_values_far_apart_are_named_when_they_are_come_upon() {
    let app = still();
    // The first and the last share a value.
    people(&app, 0..1100, |n| json!({"badge": n % 1099}));
    let made = define(
        &app,
        json!({"key": "badge", "type": "integer", "unique": true, "filterable": true}),
    );
    assert_eq!(
        (&made["unique"], &made["index"]["state"]),
        (&json!(true), &json!("building"))
    );
    tick(&app.db, Utc::now()).unwrap();
    let after = field(&app, "badge");
    assert_eq!(
        (&after["unique"], &after["version"]),
        (&json!(false), &json!(2))
    );
    let conflicts = after["index"]["unique_conflicts"]
        .as_array()
        .unwrap()
        .clone();
    let of = |id: &Value| {
        let lead = app
            .get(&format!("/v1/leads/{}", id.as_str().unwrap()))
            .json();
        lead["custom"]["badge"].clone()
    };
    assert_eq!(
        conflicts.iter().map(of).collect::<Vec<_>>(),
        [json!(0), json!(0)]
    );
    tick(&app.db, Utc::now()).unwrap();
    let held = "SELECT count(*) FROM lead_identities WHERE kind = 'custom_field'";
    assert_eq!(
        app.database().number(held),
        0,
        "what was claimed is given up"
    );
    assert_eq!(field(&app, "badge")["index"]["searchable"], true);
    in_step(&app);
}

#[test]
fn turning_a_flag_off_and_on_is_right_for_those_who_changed_between() {
    let app = still();
    people(&app, 0..5, |n| json!({"badge": n}));
    define(
        &app,
        json!({"key": "badge", "type": "integer", "unique": true, "filterable": true}),
    );
    let set = |body: Value| {
        let reply = app.patch("/v1/field-definitions/badge", body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    set(json!({"unique": false, "filterable": false}));
    assert_eq!(indexed(&app), 0);
    let lead = app.leads("email=p1@example.com").remove(0);
    let path = format!("/v1/leads/{}", lead["id"].as_str().unwrap());
    // By the rules of before: the row it leaves is stale.
    let now_known = set(json!({"filterable": true}));
    assert_eq!(now_known["index"]["searchable"], true);
    app.database().by_hand(
        "INSERT INTO lead_values SELECT workspace_id, 1, 'stale', id FROM leads WHERE email = 'p2@example.com'; \
         INSERT INTO lead_identities (workspace_id, kind, value, lead_id, created_at) \
         SELECT workspace_id, 'custom_field', 'badge:800000000000002a', id, created_at FROM leads WHERE email = 'p2@example.com'",
    );
    assert_eq!(
        app.patch(&path, json!({"custom": {"badge": 42}})).status,
        200
    );
    set(json!({"unique": true, "filterable": false}));
    set(json!({"filterable": true}));
    in_step(&app);
    let holder = app.database().texts(
        "SELECT l.email FROM lead_identities i JOIN leads l ON l.id = i.lead_id WHERE i.value = 'badge:800000000000002a'",
    );
    assert_eq!(holder, ["p1@example.com"]);
}

#[test]
fn the_index_is_right_while_leads_change_and_come_during_the_walk() {
    let app = still();
    people(&app, 0..1200, |n| json!({"seats": n}));
    define(
        &app,
        json!({"key": "seats", "type": "integer", "filterable": true, "unique": true}),
    );
    let leads = app.database().texts("SELECT id FROM leads ORDER BY id");
    std::thread::scope(|scope| {
        for worker in 0..3_usize {
            let (client, leads) = (app.client(), &leads);
            scope.spawn(move || {
                for turn in 0..30 {
                    let at = (turn * 37 + worker * 731) % leads.len();
                    let value = 10_000 + turn * 10 + worker;
                    let body = json!({"custom": {"seats": value}}).to_string();
                    let path = format!("/v1/leads/{}", leads[at]);
                    let reply = client.send("PATCH", &path, "application/merge-patch+json", body.as_bytes());
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    let person = json!({"email": format!("new{worker}-{turn}@example.com"), "custom": {"seats": value + 50_000}});
                    assert_eq!(client.post("/v1/capture", &person).status, 201);
                }
            });
        }
        scope.spawn(|| {
            while field(&app, "seats")["index"]["searchable"] != true {
                tick(&app.db, Utc::now()).unwrap();
            }
        });
    });
    tick(&app.db, settled()).unwrap();
    in_step(&app);
    let leads = app.database().number("SELECT count(*) FROM leads");
    let held = "SELECT count(*) FROM lead_identities i JOIN leads l ON l.id = i.lead_id \
        WHERE i.kind = 'custom_field' AND i.value = 'seats:8' || lpad(to_hex((l.custom ->> 'seats')::int), 15, '0')";
    assert_eq!(app.database().number(held), leads);
    assert_eq!(
        app.database()
            .number("SELECT count(*) FROM lead_identities WHERE kind = 'custom_field'"),
        leads
    );
}

#[test]
fn a_service_goes_through_leads_by_itself() {
    let app = TestApp::start();
    people(&app, 0..1200, |n| json!({"seats": n}));
    define(
        &app,
        json!({"key": "seats", "type": "integer", "filterable": true}),
    );
    let since = std::time::Instant::now();
    while field(&app, "seats")["index"]["searchable"] != true {
        assert!(since.elapsed().as_secs() < 20);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    in_step(&app);
}

#[test]
fn values_from_before_a_definition_stay_and_are_counted_where_they_do_not_fit() {
    let app = still();
    people(&app, 0..6, |n| {
        if n % 2 == 0 {
            json!({"seats": n})
        } else {
            json!({"seats": format!("about {n}")})
        }
    });
    let made = define(
        &app,
        json!({"key": "seats", "type": "integer", "filterable": true}),
    );
    assert_eq!(made["index"]["misfits"], 3);
    assert_eq!(indexed(&app), 3);
    let kept = app.leads("email=p3@example.com").remove(0);
    assert_eq!(kept["custom"]["seats"], "about 3");
    in_step(&app);
}
