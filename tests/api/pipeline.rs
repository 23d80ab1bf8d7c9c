//! The pipeline of a workspace, and how leads move through it.

use crate::support::TestApp;
use crate::support::http::Reply;
use baton::domain::access::{Scope, Visibility};
use baton::domain::event::{Actor, Cause, Provenance};
use baton::domain::flow::move_stage::{Move, move_lead};
use baton::domain::flow::on_behalf::OnBehalf;
use baton::error::Error;
use chrono::Utc;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

fn lead(app: &TestApp, more: Value) -> String {
    let mut body = json!({"email": format!("{}@example.com", Uuid::now_v7())});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    app.capture(body)["lead"]["id"].as_str().unwrap().to_owned()
}

fn step(app: &TestApp, lead: &str, body: Value) -> Reply {
    app.post(&format!("/v1/leads/{lead}/stage"), body)
}

fn moved(app: &TestApp, lead: &str, body: Value) -> Value {
    let reply = step(app, lead, body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        reply.header("ETag").unwrap(),
        format!("\"{}\"", reply.json()["lead"]["version"])
    );
    reply.json()
}

fn stage(key: &str, kind: &str) -> Value {
    json!({"key": key, "name": key, "kind": kind})
}

fn put(app: &TestApp, stages: Value) -> Reply {
    app.put("/v1/pipeline", json!({"stages": stages}))
}

fn code(reply: &Reply) -> (u16, String) {
    (
        reply.status,
        reply.json()["code"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn a_workspace_begins_with_a_stage_of_each_kind_and_may_have_its_own() {
    let app = TestApp::start();
    let first = app.get("/v1/pipeline");
    assert_eq!(first.header("ETag"), Some("\"1\""));
    let kinds: Vec<Value> = first.json()["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["kind"].clone())
        .collect();
    assert_eq!(
        json!(kinds),
        json!([
            "new",
            "nurturing",
            "mql",
            "accepted",
            "sql",
            "converted",
            "disqualified"
        ])
    );
    let own = json!([
        stage("inbox", "new"),
        {"key": "demo", "name": " Demo ", "kind": "sql", "archived": true},
        {"key": "won", "name": "Won", "kind": "converted", "entry": {"mode": "warned", "condition": {"field": "stage", "op": "eq", "value": "demo"}}},
    ]);
    // Leads may still begin in the stage that is left out.
    assert_eq!(code(&put(&app, own.clone())), (409, "stage_in_use".into()));
    let mut stages = own.as_array().unwrap().clone();
    stages.push(json!({"key": "new", "name": "New", "kind": "new", "archived": true}));
    let written = put(&app, json!(stages));
    assert_eq!(written.status, 200, "{}", written.text());
    assert_eq!(written.header("ETag"), Some("\"2\""));
    assert_eq!(written.json(), app.get("/v1/pipeline").json());
    assert_eq!(
        written.json()["stages"][1],
        json!({"key": "demo", "name": "Demo", "kind": "sql", "archived": true})
    );
    assert_eq!(
        put(&app, json!(stages)).header("ETag"),
        Some("\"2\""),
        "the same again is no change"
    );
    let id = lead(&app, json!({}));
    assert_eq!(app.get(&format!("/v1/leads/{id}")).json()["stage"], "inbox");
}

#[test]
fn a_pipeline_that_cannot_be_is_refused_with_everything_that_is_wrong() {
    let app = TestApp::start();
    let wrong = put(
        &app,
        json!([
            {"key": "new", "name": "New", "kind": "new", "archived": true},
            stage("mql", "sql"),
            stage("mql", "mql"),
            stage("Won", "converted"),
        ]),
    );
    assert_eq!(
        wrong.errors(),
        [
            ("/stages/1/kind".into(), "immutable".into()),
            ("/stages/2/key".into(), "not_unique".into()),
            ("/stages/3/key".into(), "invalid_key".into()),
            ("/stages".into(), "no_beginning".into())
        ]
    );
    let entry =
        json!({"mode": "enforced", "condition": {"all": [{"field": "phnoe", "op": "is_set"}]}});
    let wrong = put(
        &app,
        json!([stage("new", "new"), {"key": "x", "name": "X", "kind": "sql", "entry": entry}]),
    );
    assert_eq!(wrong.errors()[0].0, "/stages/1/entry/condition/all/0/field");
    assert_eq!(put(&app, json!([])).status, 422);
    let stale = app.client().with("If-Match", "\"7\"").send(
        "PUT",
        "/v1/pipeline",
        "application/json",
        json!({"stages": [stage("new", "new")]})
            .to_string()
            .as_bytes(),
    );
    assert_eq!(stale.status, 412);
    assert_eq!(app.get("/v1/pipeline").json()["version"], 1);
}

#[test]
fn a_stage_with_leads_is_archived_and_not_left_out() {
    let app = TestApp::start();
    let id = lead(&app, json!({}));
    moved(&app, &id, json!({"stage": "nurturing"}));
    app.delete(&format!("/v1/leads/{id}"));
    let all = app.get("/v1/pipeline").json()["stages"].clone();
    let mut without: Vec<Value> = all.as_array().unwrap().clone();
    without.retain(|stage| stage["key"] != "nurturing");
    let refused = put(&app, json!(without));
    assert_eq!(code(&refused), (409, "stage_in_use".into()));
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("Archive")
    );

    let mut archived = all.clone();
    archived[1]["archived"] = json!(true);
    assert_eq!(put(&app, archived).status, 200);
    app.post(&format!("/v1/leads/{id}/restore"), Value::Null);
    let other = lead(&app, json!({}));
    assert_eq!(
        code(&step(&app, &other, json!({"stage": "nurturing"}))),
        (409, "stage_archived".into())
    );
    assert_eq!(
        moved(&app, &id, json!({"stage": "nurturing"}))["lead"]["stage"],
        "nurturing",
        "it may stay"
    );
    moved(&app, &id, json!({"stage": "mql"}));
    assert_eq!(
        put(&app, json!(without)).status,
        200,
        "nobody is left in it"
    );
    let gone = step(&app, &id, json!({"stage": "nurturing"}));
    assert_eq!(gone.errors(), [("/stage".into(), "unknown_stage".into())]);
}

#[test]
fn a_move_is_recorded_with_its_reason_and_may_go_back() {
    let app = TestApp::start();
    let id = lead(&app, json!({}));
    let before = app.get(&format!("/v1/leads/{id}")).json();
    let after = moved(
        &app,
        &id,
        json!({"stage": "converted", "reason": " Signed at the fair ", "note": "Contract is in the mail"}),
    );
    assert_eq!(after["warnings"], json!([]));
    let after = &after["lead"];
    assert_eq!(
        (&after["stage"], &after["stage_kind"], &after["version"]),
        (&json!("converted"), &json!("converted"), &json!(2))
    );
    assert!(after["stage_changed_at"].as_str() > before["stage_changed_at"].as_str());
    let events = app.events(3);
    assert_eq!(events[1]["type"], "lead.stage_changed");
    assert_eq!(events[1]["data"], json!({"reason": "Signed at the fair"}));
    assert_eq!(
        events[1]["changes"],
        json!([{"path": "stage", "old": "new", "new": "converted"}, {"path": "stage_kind", "old": "new", "new": "converted"},
            {"path": "stage_changed_at", "old": before["stage_changed_at"], "new": after["stage_changed_at"]}])
    );
    assert_eq!(
        (&events[2]["type"], &events[2]["version"]),
        (&json!("note.created"), &json!(2))
    );
    let again = moved(&app, &id, json!({"stage": "converted", "reason": "twice"}));
    assert_eq!(again["lead"], *after, "where it is, it stays");
    moved(&app, &id, json!({"stage": "new"}));
    let timeline = app
        .get(&format!("/v1/leads/{id}/timeline?types=lead.stage_changed"))
        .json();
    let told: Vec<&Value> = timeline["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["summary"])
        .collect();
    assert_eq!(told, ["converted → new", "new → converted"]);
}

#[test]
fn a_lead_is_disqualified_for_a_reason_and_recycled() {
    let app = TestApp::start();
    let id = lead(&app, json!({}));
    let refused = |body: Value| step(&app, &id, body).errors();
    assert_eq!(
        refused(json!({"stage": "disqualified"})),
        [("/disqualify_reason".into(), "reason_required".into())]
    );
    assert_eq!(
        refused(json!({"stage": "disqualified", "disqualify_reason": "bored"})),
        [("/disqualify_reason".into(), "unknown_reason".into())]
    );
    assert_eq!(
        refused(json!({"stage": "mql", "disqualify_reason": "other"})),
        [("/disqualify_reason".into(), "not_disqualified".into())]
    );
    assert_eq!(
        refused(json!({"stage": "mql", "revisit_at": "2030-01-01T00:00:00Z"})),
        [("/revisit_at".into(), "not_disqualified".into())]
    );
    let to = json!({"stage": "disqualified", "disqualify_reason": "bad_timing", "revisit_at": "2030-01-01T00:00:00Z"});
    let lost = moved(&app, &id, to)["lead"].clone();
    assert_eq!(
        (&lost["disqualify_reason"], &lost["revisit_at"]),
        (&json!("bad_timing"), &json!("2030-01-01T00:00:00Z"))
    );
    let later = moved(
        &app,
        &id,
        json!({"stage": "disqualified", "revisit_at": "2031-01-01T00:00:00Z"}),
    )["lead"]
        .clone();
    assert_eq!(
        (&later["disqualify_reason"], &later["revisit_at"]),
        (&json!("bad_timing"), &json!("2031-01-01T00:00:00Z"))
    );
    assert_eq!(later["stage_changed_at"], lost["stage_changed_at"]);
    let back = moved(&app, &id, json!({"stage": "nurturing"}))["lead"].clone();
    assert_eq!(
        (&back["disqualify_reason"], &back["revisit_at"]),
        (&Value::Null, &Value::Null)
    );
    let at = later["updated_at"].as_str().unwrap();
    assert_eq!(app.get(&format!("/v1/leads/{id}?as_of={at}")).json(), later);

    let own = app.patch(
        "/v1/workspace",
        json!({"settings": {"disqualify_reasons": ["bored", "other"]}}),
    );
    assert_eq!(own.status, 200, "{}", own.text());
    moved(
        &app,
        &id,
        json!({"stage": "disqualified", "disqualify_reason": "bored"}),
    );
    for wrong in [json!([]), json!(["Bored"]), json!(["a", "a"])] {
        assert_eq!(
            app.patch(
                "/v1/workspace",
                json!({"settings": {"disqualify_reasons": wrong}})
            )
            .status,
            422
        );
    }
}

/// A pipeline whose stage `sql` asks for a phone number, and for a call of a minute or more.
fn with_criteria(app: &TestApp, mode: &str) {
    let mut stages = app.get("/v1/pipeline").json()["stages"].clone();
    stages[4]["entry"] = json!({"mode": mode, "condition": {"all": [
        {"field": "phone", "op": "is_set"},
        {"activity": "call", "where": {"field": "properties.seconds", "op": "gte", "value": 60}}
    ]}});
    let written = put(app, stages);
    assert_eq!(written.status, 200, "{}", written.text());
}

#[test]
fn criteria_that_are_enforced_keep_a_lead_out_until_it_meets_them() {
    let app = TestApp::start();
    with_criteria(&app, "enforced");
    let id = lead(&app, json!({}));
    let refused = step(&app, &id, json!({"stage": "sql"}));
    assert_eq!(code(&refused), (409, "entry_criteria".into()));
    assert_eq!(
        refused.errors(),
        [
            ("/all/0".into(), "unmet".into()),
            ("/all/1".into(), "unmet".into())
        ]
    );
    app.patch(&format!("/v1/leads/{id}"), json!({"phone": "+14155550132"}));
    let call = |seconds: u32| {
        app.post(
            &format!("/v1/leads/{id}/activities"),
            json!({"type": "call", "properties": {"seconds": seconds}}),
        )
    };
    call(30);
    assert_eq!(
        step(&app, &id, json!({"stage": "sql"})).errors(),
        [("/all/1".into(), "unmet".into())]
    );
    let long = call(90).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        moved(&app, &id, json!({"stage": "sql"}))["warnings"],
        json!([])
    );

    moved(&app, &id, json!({"stage": "mql"}));
    app.delete(&format!("/v1/activities/{long}"));
    assert_eq!(
        step(&app, &id, json!({"stage": "sql"})).status,
        409,
        "what was deleted does not count"
    );
    let writer = app.client_with(&app.key_with(&[Scope::LeadsRead, Scope::LeadsWrite]));
    let path = format!("/v1/leads/{id}/stage");
    let by_force = json!({"stage": "sql", "force": true});
    assert_eq!(writer.post(&path, &by_force).status, 403);
    let forced = moved(&app, &id, by_force);
    assert_eq!(forced["warnings"][0]["pointer"], "/all/1");
    let told = app
        .get(&format!(
            "/v1/leads/{id}/history?types=lead.stage_changed&limit=1"
        ))
        .json();
    assert_eq!(told["data"][0]["data"]["forced"], true);
}

#[test]
fn criteria_that_only_warn_let_a_lead_in() {
    let app = TestApp::start();
    with_criteria(&app, "warned");
    let id = lead(&app, json!({"phone": "+14155550132"}));
    let answer = moved(&app, &id, json!({"stage": "sql"}));
    assert_eq!(answer["lead"]["stage"], "sql");
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 1);
    assert_eq!(answer["warnings"][0]["pointer"], "/all/1");
}

#[test]
fn of_two_moves_of_one_version_one_counts() {
    let app = TestApp::start();
    let id = lead(&app, json!({}));
    let path = format!("/v1/leads/{id}/stage");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = ["mql", "sql", "accepted", "converted", "nurturing", "mql"]
            .map(|stage| {
                let (client, path) = (app.client().with("If-Match", "\"1\""), &path);
                scope.spawn(move || client.post(path, &json!({"stage": stage})).status)
            })
            .into_iter()
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let count = |status: u16| statuses.iter().filter(|given| **given == status).count();
    assert_eq!((count(200), count(412)), (1, 5), "{statuses:?}");
    let client = app.client().with("Idempotency-Key", "k");
    let twice = [0, 1].map(|_| client.post(&path, &json!({"stage": "new"})).json());
    assert_eq!(twice[0], twice[1]);
}

#[test]
fn a_stage_is_never_left_out_under_a_lead_that_enters() {
    let app = TestApp::start();
    let all: Vec<Value> = app.get("/v1/pipeline").json()["stages"]
        .as_array()
        .unwrap()
        .clone();
    let without: Vec<Value> = all
        .iter()
        .filter(|stage| stage["key"] != "mql")
        .cloned()
        .collect();
    let ids: Vec<String> = (0..6).map(|_| lead(&app, json!({}))).collect();
    for _ in 0..6 {
        assert_eq!(put(&app, json!(all)).status, 200);
        std::thread::scope(|scope| {
            for id in &ids {
                let app = &app;
                scope.spawn(move || {
                    let entered = step(app, id, json!({"stage": "mql"}));
                    assert!(matches!(entered.status, 200 | 422), "{}", entered.text());
                });
            }
            scope.spawn(|| {
                let left_out = put(&app, json!(without));
                assert!(matches!(left_out.status, 200 | 409), "{}", left_out.text());
            });
        });
        let stages: Vec<Value> = app.get("/v1/pipeline").json()["stages"]
            .as_array()
            .unwrap()
            .clone();
        let is_there = stages.iter().any(|stage| stage["key"] == "mql");
        let standing = app.leads("stage=mql").len();
        assert!(
            is_there || standing == 0,
            "{standing} leads stand in a stage that is not there"
        );
        for id in &ids {
            moved(&app, id, json!({"stage": "sql"}));
        }
    }
}

#[test]
fn anothers_lead_is_not_moved() {
    let app = TestApp::start();
    let id: Uuid = lead(&app, json!({})).parse().unwrap();
    let rep: Uuid = serde_json::from_value(app.invited_rep()).unwrap();
    let by = |visible: Visibility| OnBehalf {
        visible,
        provenance: Provenance {
            actor: Actor::user(rep),
            cause: Cause::request("r"),
            origin: None,
        },
        rules: Arc::default(),
        now: Utc::now(),
    };
    let to = Move {
        stage: "mql".into(),
        ..Move::default()
    };
    let try_as = |visible: Visibility| {
        let by = by(visible);
        app.db
            .in_workspace(app.workspace_id, |conn| move_lead(conn, id, &to, None, &by))
    };
    let own = Visibility::Of {
        owners: vec![rep],
        teams: Vec::new(),
    };
    assert!(matches!(try_as(own.clone()), Err(Error::NotFound { .. })));
    app.post(
        &format!("/v1/leads/{id}/assignment"),
        json!({"owner_id": rep}),
    );
    assert_eq!(try_as(own).unwrap().lead.stage, "mql");
}

#[test]
fn a_framework_keeps_the_criteria_that_stages_ask_for() {
    let app = TestApp::start_deciding();
    let mut pipeline = app.get("/v1/pipeline").json();
    for stage in pipeline["stages"].as_array_mut().unwrap() {
        if stage["kind"] == "sql" {
            stage["entry"] = json!({"mode": "enforced", "answers": ["need"]});
        }
    }
    let stages = json!({"stages": pipeline["stages"]});
    let put = app.put("/v1/pipeline", stages);
    assert_eq!(put.status, 200, "{}", put.text());
    let framework = |key: &str| {
        json!({"kind": "framework", "document": {"name": "F", "criteria": [
            {"key": key, "name": "K", "question": "?", "answer": {"type": "text"}}], "else": "unqualified"}})
    };
    let refused = app.post("/v1/rules", framework("pain"));
    assert_eq!(
        refused.errors(),
        [("/document/criteria".to_owned(), "asked_by_stage".to_owned())]
    );
    let kept = app.post("/v1/rules", framework("need"));
    assert_eq!(kept.status, 201, "{}", kept.text());
    // Nor does the usual one stand in for one with a criterion of its own.
    let mine = json!({"kind": "framework", "document": {"name": "F", "criteria": [
        {"key": "need", "name": "K", "question": "?", "answer": {"type": "text"}},
        {"key": "pain", "name": "K", "question": "?", "answer": {"type": "text"}}], "else": "unqualified"}});
    let mine = app.post("/v1/rules", mine).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let of_mine = |what: &str| app.post(&format!("/v1/rules/{mine}/{what}"), json!({}));
    assert_eq!(of_mine("activate").status, 200);
    let stages = app.get("/v1/pipeline").json()["stages"].clone();
    let stages = stages.to_string().replace("[\"need\"]", "[\"pain\"]");
    let stages: Value = serde_json::from_str(&stages).unwrap();
    let put = app.put("/v1/pipeline", json!({"stages": stages}));
    assert_eq!(put.status, 200, "{}", put.text());
    let needed = of_mine("retire");
    assert_eq!(
        (needed.status, &needed.json()["code"]),
        (409, &json!("rule_needed")),
        "{}",
        needed.text()
    );
}
