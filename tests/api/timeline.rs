//! What happened with a lead: activities, notes, and both with the milestones of its history in one list.

use crate::support::TestApp;
use crate::support::http::{Client, Reply};
use baton::domain::access::{Scope, Visibility};
use baton::domain::event::{Actor, Cause, Provenance};
use baton::domain::flow::activities::{self, Editing, NewActivity};
use baton::domain::flow::notes::{self, NotePatch};
use baton::domain::flow::on_behalf::OnBehalf;
use baton::domain::flow::{past, timeline};
use baton::domain::timeline::Wanted;
use baton::error::Error;
use chrono::{Duration, SecondsFormat, Utc};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

fn lead(app: &TestApp) -> String {
    let captured = app.capture(json!({"email": format!("{}@example.com", Uuid::now_v7())}));
    captured["lead"]["id"].as_str().unwrap().to_owned()
}

fn made(reply: Reply) -> Value {
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(
        reply.header("ETag").unwrap(),
        format!("\"{}\"", reply.json()["version"])
    );
    reply.json()
}

fn act(app: &TestApp, lead: &str, activity: Value) -> Value {
    made(app.post(&format!("/v1/leads/{lead}/activities"), activity))
}

fn note(client: &Client, lead: &str, body: &str) -> Value {
    made(client.post(&format!("/v1/leads/{lead}/notes"), &json!({"body": body})))
}

fn data(app: &TestApp, path: &str) -> Vec<Value> {
    let reply = app.get(path);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["data"].as_array().unwrap().clone()
}

fn named(entries: &[Value], name: &str) -> Vec<String> {
    entries
        .iter()
        .map(|entry| entry[name].as_str().unwrap_or("-").to_owned())
        .collect()
}

/// A client whose key may write, and may change only what it wrote itself.
fn writer(app: &TestApp) -> Client {
    app.client_with(&app.key_with(&[Scope::LeadsRead, Scope::LeadsWrite]))
}

fn send(client: &Client, method: &str, path: &str, body: Value) -> Reply {
    client.send(
        method,
        path,
        "application/json",
        body.to_string().as_bytes(),
    )
}

fn ago(minutes: i64) -> String {
    (Utc::now() - Duration::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[test]
fn an_activity_is_kept_as_it_was_told_and_counts_as_the_last() {
    let app = TestApp::start();
    let id = lead(&app);
    let before = app.get(&format!("/v1/leads/{id}")).json();
    let told = json!({
        "type": "call", "direction": "outbound", "outcome": " connected ", "duration_seconds": 240, "subject": "Intro",
        "body": "Talked about\nprices", "source": "dialer", "channel": "phone", "properties": {"recording": {"url": "https://x.example"}},
        "attribution": {"utm_source": "event"}
    });
    let call = act(&app, &id, told);
    assert_eq!(
        (
            &call["outcome"],
            &call["direction"],
            &call["duration_seconds"],
            &call["version"]
        ),
        (
            &json!("connected"),
            &json!("outbound"),
            &json!(240),
            &json!(1)
        )
    );
    assert_eq!(
        call["properties"],
        json!({"recording": {"url": "https://x.example"}})
    );
    assert_eq!(
        app.get(&format!("/v1/activities/{}", call["id"].as_str().unwrap()))
            .json(),
        call
    );
    assert_eq!(data(&app, &format!("/v1/leads/{id}/activities"))[0], call);

    let after = app.get(&format!("/v1/leads/{id}")).json();
    assert_eq!(after["last_activity_at"], call["occurred_at"]);
    assert_eq!(after["version"], json!(2));
    assert_eq!(after["attribution"]["last"]["utm_source"], "event");

    let event = app.events(2)[1].clone();
    assert_eq!(event["type"], "activity.created");
    assert_eq!(event["data"], call);
    assert_eq!(
        event["changes"][0],
        json!({"path": "last_activity_at", "old": before["last_activity_at"], "new": call["occurred_at"]})
    );
}

#[test]
fn an_activity_may_be_old_and_is_never_in_the_future() {
    let app = TestApp::start();
    let id = lead(&app);
    let before = app.get(&format!("/v1/leads/{id}")).json();
    let old = act(
        &app,
        &id,
        json!({"type": "trial_day_14", "occurred_at": "2019-05-01T10:00:00+02:00"}),
    );
    assert_eq!(old["occurred_at"], "2019-05-01T08:00:00Z");
    let after = app.get(&format!("/v1/leads/{id}")).json();
    assert_eq!(after["last_activity_at"], before["last_activity_at"]);
    // A clock that is a little ahead is put right.
    let ahead = act(&app, &id, json!({"type": "call", "occurred_at": ago(-3)}));
    assert!(ahead["occurred_at"].as_str().unwrap() < ago(-1).as_str());
    let path = format!("/v1/leads/{id}/activities");
    let refused = |body: Value| app.post(&path, body).errors()[0].clone();
    assert_eq!(
        refused(json!({"type": "call", "occurred_at": ago(-7)})),
        ("/occurred_at".into(), "in_future".into())
    );
    assert_eq!(
        refused(json!({"type": "Call"})),
        ("/type".into(), "invalid_type".into())
    );
    for kept in ["submission", "note"] {
        assert_eq!(
            refused(json!({"type": kept})),
            ("/type".into(), "reserved_type".into())
        );
    }
    assert_eq!(
        refused(json!({"type": "call", "duration_seconds": -1})),
        ("/duration_seconds".into(), "out_of_range".into())
    );
}

#[test]
fn a_request_sent_again_adds_no_second_activity_or_note() {
    let app = TestApp::start();
    let id = lead(&app);
    let client = app.client().with("Idempotency-Key", "one");
    let twice = |path: &str, body: Value| {
        let (first, again) = (client.post(path, &body), client.post(path, &body));
        assert_eq!((first.status, again.status), (201, 201));
        assert_eq!(first.json(), again.json());
        assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
    };
    twice(
        &format!("/v1/leads/{id}/activities"),
        json!({"type": "call"}),
    );
    let client = app.client().with("Idempotency-Key", "two");
    let path = format!("/v1/leads/{id}/notes");
    let (first, again) = (
        client.post(&path, &json!({"body": "x"})),
        client.post(&path, &json!({"body": "x"})),
    );
    assert_eq!(first.json(), again.json());
    assert_eq!(data(&app, &format!("/v1/leads/{id}/activities")).len(), 2);
    assert_eq!(data(&app, &path).len(), 1);
}

#[test]
fn activities_are_narrowed_and_paged() {
    let app = TestApp::start();
    let id = lead(&app);
    for minutes in 1..=6 {
        let kind = if minutes % 2 == 0 { "call" } else { "email" };
        let direction = if minutes % 3 == 0 {
            "inbound"
        } else {
            "outbound"
        };
        act(
            &app,
            &id,
            json!({"type": kind, "direction": direction, "occurred_at": ago(minutes), "subject": minutes.to_string()}),
        );
    }
    let subjects = |query: &str| {
        named(
            &data(&app, &format!("/v1/leads/{id}/activities?{query}")),
            "subject",
        )
        .join("")
    };
    assert_eq!(subjects(""), "-123456");
    assert_eq!(subjects("types=call"), "246");
    assert_eq!(subjects("types=call,email"), "123456");
    assert_eq!(subjects("direction=inbound"), "36");
    assert_eq!(
        subjects(&format!("from={}", ago(4).replace('+', "%2B"))),
        "-123"
    );
    assert_eq!(subjects(&format!("types=email&to={}", ago(2))), "35");
    let mut read = String::new();
    let mut cursor = String::new();
    loop {
        let page = app
            .get(&format!(
                "/v1/leads/{id}/activities?types=call,email&limit=2{cursor}"
            ))
            .json();
        read += &named(page["data"].as_array().unwrap(), "subject").join("");
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(read, "123456");
}

#[test]
fn an_activity_is_corrected_by_who_noted_it_and_nothing_is_lost() {
    let app = TestApp::start();
    let (id, mine) = (lead(&app), writer(&app));
    let path = format!("/v1/leads/{id}/activities");
    let call = made(mine.post(
        &path,
        &json!({"type": "call", "outcome": "connected", "properties": {"a": 1, "b": 2}}),
    ));
    let one = format!("/v1/activities/{}", call["id"].as_str().unwrap());
    let corrected = send(
        &mine,
        "PATCH",
        &one,
        json!({"outcome": "voicemail", "properties": {"a": null, "c": 3}}),
    );
    assert_eq!(corrected.status, 200, "{}", corrected.text());
    let corrected = corrected.json();
    assert_eq!(
        (
            &corrected["outcome"],
            &corrected["properties"],
            &corrected["version"]
        ),
        (&json!("voicemail"), &json!({"b": 2, "c": 3}), &json!(2))
    );
    let same = send(&mine, "PATCH", &one, json!({"outcome": "voicemail"})).json();
    assert_eq!(same, corrected);
    let stale = send(
        &mine.with("If-Match", "\"1\""),
        "PATCH",
        &one,
        json!({"outcome": "x"}),
    );
    assert_eq!(stale.status, 412);

    let another = writer(&app);
    for refused in [
        send(&another, "PATCH", &one, json!({"outcome": "x"})),
        another.send("DELETE", &one, "", b""),
    ] {
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (403, Some("forbidden"))
        );
    }
    assert_eq!(app.delete(&one).status, 204, "who may delete leads may");
    assert_eq!(app.get(&one).status, 404);
    assert_eq!(app.delete(&one).status, 404);
    assert_eq!(data(&app, &path).len(), 1);

    let events = data(&app, &format!("/v1/leads/{id}/history"));
    assert_eq!(
        named(&events, "type"),
        [
            "activity.deleted",
            "activity.updated",
            "activity.created",
            "lead.created"
        ]
    );
    assert_eq!(events[0]["data"], corrected);
    assert_eq!(
        events[1]["data"]["changes"],
        json!([{"path": "outcome", "old": "connected", "new": "voicemail"},
            {"path": "properties", "old": {"a": 1, "b": 2}, "new": {"b": 2, "c": 3}}])
    );
    let lead = app.get(&format!("/v1/leads/{id}")).json();
    assert_eq!(
        lead["last_activity_at"],
        data(&app, &path)[0]["occurred_at"]
    );
}

#[test]
fn a_submission_stays_as_it_came() {
    let app = TestApp::start();
    let id = lead(&app);
    let came = &data(&app, &format!("/v1/leads/{id}/activities"))[0];
    let one = format!("/v1/activities/{}", came["id"].as_str().unwrap());
    let refused = app.patch(&one, json!({"subject": "x"}));
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (409, Some("submission_activity"))
    );
    assert_eq!(app.delete(&one).status, 409);
    assert_eq!(app.get(&one).json(), *came);
}

#[test]
fn what_two_say_of_one_activity_at_once_counts_once() {
    let app = TestApp::start();
    let id = lead(&app);
    let call = act(&app, &id, json!({"type": "call"}));
    let one = format!("/v1/activities/{}", call["id"].as_str().unwrap());
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (client, one) = (app.client().with("If-Match", "\"1\""), &one);
                scope.spawn(move || {
                    send(
                        &client,
                        "PATCH",
                        one,
                        json!({"outcome": format!("o{number}")}),
                    )
                    .status
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let count = |status: u16| statuses.iter().filter(|given| **given == status).count();
    assert_eq!((count(200), count(412)), (1, 7), "{statuses:?}");
}

#[test]
fn a_note_keeps_every_text_it_has_had() {
    let app = TestApp::start();
    let (id, mine) = (lead(&app), writer(&app));
    let first = note(&mine, &id, " First thought \r\nand more ");
    assert_eq!(first["body"], "First thought \nand more");
    let one = format!("/v1/notes/{}", first["id"].as_str().unwrap());
    assert_eq!(mine.get(&one).json(), first);
    assert_eq!(
        app.patch(&one, json!({"pinned": true})).json()["pinned"],
        true
    );
    let changed = send(
        &mine.with("If-Match", "\"2\""),
        "PATCH",
        &one,
        json!({"body": "Second thought"}),
    );
    assert_eq!(
        (changed.status, changed.header("ETag")),
        (200, Some("\"3\""))
    );
    assert_eq!(changed.json()["created_at"], first["created_at"]);
    assert_eq!(
        send(
            &mine.with("If-Match", "\"2\""),
            "PATCH",
            &one,
            json!({"body": "x"})
        )
        .status,
        412
    );
    for empty in [json!({"body": " \n "}), json!({"body": null})] {
        assert_eq!(app.patch(&one, empty).status, 422);
    }
    let versions = data(&app, &format!("{one}/versions"));
    let said: Vec<(i64, &str, bool)> = versions
        .iter()
        .map(|version| {
            (
                version["version"].as_i64().unwrap(),
                version["body"].as_str().unwrap(),
                version["pinned"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (3, "Second thought", true),
            (2, "First thought \nand more", true),
            (1, "First thought \nand more", false)
        ]
    );
    assert_ne!(versions[0]["actor"], versions[1]["actor"]);
    assert_eq!(data(&app, &format!("{one}/versions?limit=2")).len(), 2);
}

#[test]
fn a_note_is_changed_by_its_author_and_its_text_goes_with_it() {
    let app = TestApp::start();
    let (id, mine, another) = (lead(&app), writer(&app), writer(&app));
    let one = note(&mine, &id, "Geheimnis")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let one = format!("/v1/notes/{one}");
    assert_eq!(
        send(&another, "PATCH", &one, json!({"body": "x"})).status,
        403
    );
    assert_eq!(another.send("DELETE", &one, "", b"").status, 403);
    assert_eq!(
        send(&another, "PATCH", &one, json!({"pinned": true})).status,
        200
    );
    assert_eq!(
        data(&app, &format!("/v1/leads/{id}/notes?pinned=true")).len(),
        1
    );
    assert_eq!(
        data(&app, &format!("/v1/leads/{id}/notes?pinned=false")).len(),
        0
    );
    assert_eq!(mine.send("DELETE", &one, "", b"").status, 204);
    assert_eq!(mine.get(&one).status, 404);
    assert_eq!(mine.get(&format!("{one}/versions")).status, 404);
    let versions = data(&app, &format!("{one}/versions"));
    assert_eq!(versions[0]["body"], Value::Null);
    assert_eq!(versions[2]["body"], "Geheimnis");
    for path in ["notes", "timeline", "history", "activities"] {
        let shown = app.get(&format!("/v1/leads/{id}/{path}"));
        assert!(
            shown.status == 200 && !shown.text().contains("Geheimnis"),
            "{path}: {}",
            shown.text()
        );
    }
    let types: Vec<String> = named(&app.events(4), "type");
    assert_eq!(
        types,
        [
            "lead.created",
            "note.created",
            "note.updated",
            "note.deleted"
        ]
    );
    assert!(!json!(app.events(4)).to_string().contains("Geheimnis"));
}

/// A lead with something of everything; the entries of its timeline, oldest first.
fn a_life(app: &TestApp) -> (String, Vec<&'static str>) {
    let id = lead(app);
    act(
        app,
        &id,
        json!({"type": "meeting", "subject": "Fair", "outcome": "met", "occurred_at": "2020-01-01T00:00:00Z"}),
    );
    note(&app.client(), &id, "Remember this\nand that");
    act(app, &id, json!({"type": "call"}));
    app.patch(&format!("/v1/leads/{id}"), json!({"city": "Ulm"}));
    app.post(
        &format!("/v1/leads/{id}/assignment"),
        json!({"owner_id": app.invited_rep(), "reason": "near"}),
    );
    app.delete(&format!("/v1/leads/{id}"));
    app.post(&format!("/v1/leads/{id}/restore"), Value::Null);
    note(&app.client(), &id, "Back again");
    let order = vec![
        "meeting",
        "lead.created",
        "submission",
        "note",
        "call",
        "lead.assigned",
        "lead.deleted",
        "lead.restored",
        "note",
    ];
    (id, order)
}

#[test]
fn the_timeline_has_everything_in_one_order() {
    let app = TestApp::start();
    let (id, mut order) = a_life(&app);
    order.reverse();
    let path = format!("/v1/leads/{id}/timeline");
    let all = data(&app, &path);
    let (routed, others): (Vec<Value>, Vec<Value>) = all
        .iter()
        .cloned()
        .partition(|entry| entry["summary"] == "it waits in the queue unassigned");
    assert_eq!(named(&routed, "type"), ["lead.assigned"], "when it came");
    // The submission came before the lead was made of it, or in the same moment.
    let mut types = named(&others, "type");
    let made = types
        .iter()
        .position(|name| name == "lead.created")
        .unwrap();
    if types[made - 1] != "submission" {
        types.swap(made, made + 1);
    }
    assert_eq!(types, order);
    let kinds = named(&all, "kind");
    assert_eq!(
        kinds[0..4],
        ["note", "lifecycle", "lifecycle", "assignment"]
    );
    assert_eq!(all[0]["summary"], "Back again");
    assert_eq!(all[3]["data"]["reason"], "near");
    let got = all[3]["summary"].as_str().unwrap();
    assert!(got.ends_with(" got it: near"), "{got}");
    assert_eq!(all[3]["data"]["changes"][0]["path"], "owner_id");
    let meeting = all.last().unwrap();
    assert_eq!(
        (&meeting["summary"], &meeting["data"]["subject"]),
        (&json!("Fair: met"), &json!("Fair"))
    );
    assert!(
        others
            .iter()
            .all(|entry| entry["actor"]["type"] == "api_key")
    );
    for limit in [1, 2, 3, 4, 8] {
        let (mut read, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("{path}?limit={limit}{cursor}")).json();
            read.extend(page["data"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(read, all, "pages of {limit}");
    }
}

#[test]
fn the_timeline_tells_who_got_a_lead_and_who_gave_it_back() {
    let app = TestApp::start_deciding();
    let (_ann, _bob) = (app.user("rep"), app.user("rep"));
    let policy = json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"pool": "everyone"}], "accept_within_minutes": 60}});
    crate::decisions::decide_by(&app, policy);
    let id = lead(&app);
    let post = |what: &str, body: Value| {
        let reply = app.post(&format!("/v1/leads/{id}/assignment/{what}"), body);
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    post("reject", json!({"reason": "no time"}));
    post("accept", json!({}));
    let path = format!("/v1/leads/{id}/timeline?types=lead.assigned,lead.accepted,lead.rejected");
    let told = data(&app, &path);
    let summaries = named(&told, "summary");
    let ends = [
        " accepted it",
        " got it: it was their turn in the pool everyone",
        " gave it back: no time",
        " got it: it was their turn in the pool everyone",
    ];
    assert_eq!(summaries.len(), ends.len(), "{summaries:?}");
    for (summary, end) in summaries.iter().zip(ends) {
        assert!(
            summary.ends_with(end) && !summary.starts_with("Somebody"),
            "{summary}"
        );
    }
    assert!(told.iter().all(|entry| entry["kind"] == "assignment"));
    let pages: Vec<Value> = (0..2)
        .scan(String::new(), |cursor, _| {
            let page = app.get(&format!("{path}&limit=2{cursor}")).json();
            *cursor = format!(
                "&cursor={}",
                page["next_cursor"].as_str().unwrap_or_default()
            );
            Some(page["data"].as_array().unwrap().clone())
        })
        .flatten()
        .collect();
    assert_eq!(pages, told);
}

#[test]
fn the_timeline_is_narrowed_by_type() {
    let app = TestApp::start();
    let (id, _) = a_life(&app);
    let types = |wanted: &str| {
        named(
            &data(&app, &format!("/v1/leads/{id}/timeline?types={wanted}")),
            "type",
        )
        .join(" ")
    };
    assert_eq!(types("note"), "note note");
    assert_eq!(types("call,lead.deleted"), "lead.deleted call");
    assert_eq!(types("lead.created"), "lead.created");
    assert_eq!(types("activity"), "call submission meeting");
    assert_eq!(types("webinar"), "");
    let wrong = app.get(&format!("/v1/leads/{id}/timeline?types=lead.updated"));
    assert_eq!(wrong.errors(), [("?types".into(), "unknown_type".into())]);
}

/// Somebody who may know only of their own leads.
fn rep() -> OnBehalf {
    let id = Uuid::now_v7();
    OnBehalf {
        visible: Visibility::Of {
            owners: vec![id],
            teams: Vec::new(),
        },
        provenance: Provenance {
            actor: Actor::user(id),
            cause: Cause::request("r"),
            origin: None,
        },
        rules: Arc::default(),
        now: Utc::now(),
    }
}

#[test]
fn what_belongs_to_anothers_lead_is_out_of_reach() {
    let app = TestApp::start();
    let id = lead(&app);
    let call = act(&app, &id, json!({"type": "call"}))["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let written = note(&app.client(), &id, "x")["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let lead: Uuid = id.parse().unwrap();
    let by = rep();
    let everybodys = Editing::Everybodys;
    let new = || NewActivity {
        kind: "call".into(),
        occurred_at: None,
        details: Default::default(),
        source: None,
        channel: None,
        attribution: Default::default(),
    };
    let pinned = NotePatch {
        body: None,
        pinned: Some(true),
    };
    let reaches = |by: &OnBehalf| {
        let visible = &by.visible;
        app.db
            .in_workspace(app.workspace_id, |conn| {
                Ok([
                    (
                        "add activity",
                        activities::add(conn, lead, &new(), by).map(drop),
                    ),
                    (
                        "get activity",
                        activities::get(conn, call, visible).map(drop),
                    ),
                    (
                        "correct",
                        activities::correct(conn, call, Ok, everybodys, None, by).map(drop),
                    ),
                    ("add note", notes::add(conn, lead, "y", false, by).map(drop)),
                    ("get note", notes::get(conn, written, visible).map(drop)),
                    (
                        "change note",
                        notes::change(conn, written, &pinned, everybodys, None, by).map(drop),
                    ),
                    (
                        "versions",
                        notes::list_versions(conn, written, everybodys, None, 9, visible).map(drop),
                    ),
                    (
                        "timeline",
                        timeline::list(conn, lead, &Wanted::all(), None, 9, visible).map(drop),
                    ),
                    (
                        "history",
                        past::list_history(conn, lead, &Default::default(), None, 9, visible)
                            .map(drop),
                    ),
                    (
                        "as of",
                        past::read_as_of(conn, lead, Utc::now(), visible).map(drop),
                    ),
                    (
                        "delete activity",
                        activities::delete(conn, call, everybodys, None, by),
                    ),
                    (
                        "delete note",
                        notes::delete(conn, written, everybodys, None, by),
                    ),
                ])
            })
            .unwrap()
    };
    for (what, done) in reaches(&by) {
        assert!(
            matches!(done, Err(Error::NotFound { .. })),
            "{what}: {done:?}"
        );
    }
    let everybody = OnBehalf {
        visible: Visibility::All,
        ..by
    };
    for (what, done) in reaches(&everybody) {
        assert!(done.is_ok(), "{what}: {done:?}");
    }
}
