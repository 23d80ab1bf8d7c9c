//! `GET /v1/changes`: the feed (promise P8), and what retention leaves of it.

use crate::support::TestApp;
use baton::worker::retention;
use chrono::{DateTime, Days, Months, Utc};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn types(events: &Value) -> Vec<&str> {
    let events = events["data"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

fn positions(events: &[Value]) -> Vec<i64> {
    events
        .iter()
        .map(|event| event["position"].as_i64().unwrap())
        .collect()
}

/// A lead that was created, touched, changed, deleted and restored: seven events.
fn a_life(app: &TestApp) -> String {
    let client = app.client().with("Baton-Origin", "hubspot");
    let first = client
        .post(
            "/v1/capture",
            &json!({"email": "a@example.com", "city": "Ulm", "custom": {"n": 1}}),
        )
        .json();
    client.post("/v1/capture", &json!({"email": "a@example.com", "title": "Botanist", "consents": [{"channel": "email", "granted": true}]}));
    let id = first["lead"]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/leads/{id}");
    app.patch(&path, json!({"city": "Bonn", "custom": {"n": 2}}));
    app.delete(&path);
    app.post(&format!("{path}/restore"), Value::Null);
    app.capture(json!({"email": "b@example.com"}));
    id
}

#[test]
fn an_event_has_the_shape_that_readers_rely_on() {
    let app = TestApp::start();
    let id = a_life(&app);
    let events = app.events(7);
    assert_eq!(positions(&events), [1, 2, 3, 4, 5, 6, 7]);
    for event in &events {
        let names: Vec<&str> = event
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            names,
            [
                "position",
                "id",
                "type",
                "lead_id",
                "occurred_at",
                "actor",
                "cause",
                "origin",
                "version",
                "changes"
            ]
        );
        assert_eq!(event["actor"]["type"], "api_key");
        assert!(
            event["occurred_at"]
                .as_str()
                .unwrap()
                .parse::<DateTime<Utc>>()
                .is_ok()
        );
    }
    let found: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        found,
        [
            "lead.created",
            "lead.updated",
            "lead.touched",
            "lead.updated",
            "lead.deleted",
            "lead.restored",
            "lead.created"
        ]
    );
    assert!(events[..6].iter().all(|event| event["lead_id"] == id));
    let versions: Vec<i64> = events[..6]
        .iter()
        .map(|event| event["version"].as_i64().unwrap())
        .collect();
    assert_eq!(versions, [1, 2, 2, 3, 4, 5]);
    let ids: Vec<&str> = events[..6]
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(
        events[0]["changes"],
        json!([{"path": "email", "old": null, "new": "a@example.com"}, {"path": "city", "old": null, "new": "Ulm"},
            {"path": "custom.n", "old": null, "new": 1}, {"path": "stage", "old": null, "new": "new"},
            {"path": "queue", "old": null, "new": "unassigned"}])
    );
    assert_eq!(
        events[1]["changes"],
        json!([{"path": "title", "old": null, "new": "Botanist"}])
    );
    let touched = events[2]["changes"].as_array().unwrap();
    assert_eq!(
        (touched.len(), &touched[0]["path"]),
        (2, &json!("last_activity_at"))
    );
    assert_eq!(
        touched[1],
        json!({"path": "consents.email.marketing", "old": null, "new": true})
    );
    assert_eq!(
        events[3]["changes"],
        json!([{"path": "city", "old": "Ulm", "new": "Bonn"}, {"path": "custom.n", "old": 1, "new": 2}])
    );
    assert_eq!(
        (&events[0]["origin"], &events[3]["origin"]),
        (&json!("hubspot"), &Value::Null)
    );
    assert_eq!(
        (&events[0]["cause"]["type"], &events[3]["cause"]["type"]),
        (&json!("submission"), &json!("request"))
    );
}

#[test]
fn p8_a_reader_that_follows_sees_each_event_once_and_in_order() {
    let app = TestApp::start();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let seen = std::thread::scope(|scope| {
        for writer in 0..6 {
            let (client, done) = (app.client(), &done);
            scope.spawn(move || {
                for number in 0..40 {
                    let body = json!({"email": format!("p{writer}-{}@example.com", number % 9)});
                    client.post("/v1/capture", &body);
                }
                done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        let (client, mut seen, mut after) = (app.client(), Vec::new(), 0);
        loop {
            let over = done.load(std::sync::atomic::Ordering::SeqCst) == 6;
            let waiting = app.database().number("SELECT count(*) FROM outbox");
            let page = client
                .get(&format!("/v1/changes?after={after}&limit=17"))
                .json();
            let events = page["data"].as_array().unwrap().clone();
            after = page["next_after"].as_i64().unwrap();
            let is_empty = events.is_empty();
            seen.extend(events);
            if over && waiting == 0 && is_empty {
                return seen;
            }
        }
    });
    assert_eq!(seen.len(), 240);
    assert_eq!(positions(&seen), (1..=240).collect::<Vec<i64>>());
    let mut versions = std::collections::HashMap::new();
    for event in &seen {
        let before = versions.insert(
            event["lead_id"].to_string(),
            event["version"].as_i64().unwrap(),
        );
        assert_eq!(
            before.unwrap_or(0) + 1,
            event["version"].as_i64().unwrap(),
            "events of one lead are out of order"
        );
    }
}

#[test]
fn a_reader_may_ask_for_some_types_and_so_many() {
    let app = TestApp::start();
    a_life(&app);
    app.events(7);
    let page = |query: &str| app.get(&format!("/v1/changes?{query}")).json();
    let some = page("types=lead.created,lead.deleted");
    assert_eq!(
        types(&some),
        ["lead.created", "lead.deleted", "lead.created"]
    );
    assert_eq!(
        (
            &some["next_after"],
            &some["next_cursor"],
            &some["last_position"]
        ),
        (&json!(7), &Value::Null, &json!(7))
    );
    let none = page("types=lead.deleted&after=5");
    assert_eq!((types(&none).len(), &none["next_after"]), (0, &json!(7)));
    let first = page("types=lead.created&limit=1");
    assert_eq!(
        (
            types(&first).len(),
            &first["next_after"],
            &first["next_cursor"]
        ),
        (1, &json!(1), &json!("1"))
    );
    let rest = page("types=lead.created&limit=1&after=1");
    assert_eq!(rest["data"][0]["position"], 7);
    assert_eq!(types(&page("limit=3&after=2")).len(), 3);
    for (query, pointer) in [
        ("types=lead.lost", "?types"),
        ("limit=0", "?limit"),
        ("limit=1001", "?limit"),
        ("after=-1", "?after"),
        ("wait=61", "?wait"),
        ("afer=1", "?afer"),
    ] {
        let refused = app.get(&format!("/v1/changes?{query}"));
        assert_eq!(
            (refused.status, refused.errors()[0].0.as_str()),
            (422, pointer),
            "{query}"
        );
    }
}

#[test]
fn beyond_the_end_there_is_nothing_yet() {
    let app = TestApp::start();
    let empty = app.get("/v1/changes").json();
    assert_eq!(
        empty,
        json!({"data": [], "next_cursor": null, "next_after": 0, "last_position": 0})
    );
    app.capture(json!({"email": "a@example.com"}));
    app.events(1);
    let beyond = app.get("/v1/changes?after=99").json();
    assert_eq!(
        (
            &beyond["data"],
            &beyond["next_after"],
            &beyond["last_position"]
        ),
        (&json!([]), &json!(99), &json!(1))
    );
}

#[test]
fn who_waits_hears_of_an_event_at_once_and_of_none_in_time() {
    let app = TestApp::start();
    app.capture(json!({"email": "a@example.com"}));
    app.events(1);
    let since = Instant::now();
    assert_eq!(
        types(&app.get("/v1/changes?after=1&wait=1").json()).len(),
        0
    );
    assert!(
        (950..2500).contains(&since.elapsed().as_millis()),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(
        types(&app.get("/v1/changes?after=0&wait=30").json()).len(),
        1
    );
    std::thread::scope(|scope| {
        let (client, since) = (app.client(), Instant::now());
        let waiting = scope.spawn(move || {
            (
                client.get("/v1/changes?after=1&wait=30").json(),
                since.elapsed(),
            )
        });
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished());
        app.capture(json!({"email": "b@example.com"}));
        let (page, waited) = waiting.join().unwrap();
        assert_eq!(types(&page), ["lead.created"]);
        assert!(waited < Duration::from_secs(5), "{waited:?}");
    });
}

#[test]
fn a_feed_that_no_longer_reaches_back_says_so() {
    let app = TestApp::start();
    a_life(&app);
    app.events(7);
    app.database()
        .by_hand("DELETE FROM feed WHERE position <= 3");
    let expired = app.get("/v1/changes?after=2");
    assert_eq!(
        (expired.status, &expired.json()["code"]),
        (410, &json!("feed_expired"))
    );
    assert!(expired.json()["detail"].as_str().unwrap().contains('4'));
    assert_eq!(types(&app.get("/v1/changes?after=3").json()).len(), 4);
    app.database().by_hand("DELETE FROM feed");
    assert_eq!(app.get("/v1/changes?after=6").status, 410);
    assert_eq!(app.get("/v1/changes?after=7").status, 200);
}

#[test]
fn retention_drops_what_need_not_be_kept_and_nothing_else() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let client = app.client().with("Idempotency-Key", "k");
    client.post("/v1/capture", &json!({"email": "a@example.com"}));
    let now = Utc::now();
    let still = retention::tick(&app.db, now).unwrap();
    assert_eq!(
        (still.made, still.dropped.len(), still.forgotten),
        (0, 0, 0)
    );
    let hours = |count: i64| now + chrono::Duration::hours(count);
    let days_later = [71, 73].map(|count| retention::tick(&app.db, hours(count)).unwrap());
    assert_eq!(days_later.each_ref().map(|done| done.forgotten), [0, 1]);
    // The same key is a new request now.
    assert_eq!(
        client
            .post("/v1/capture", &json!({"email": "b@example.com"}))
            .status,
        201
    );

    let later = now.checked_add_months(Months::new(2)).unwrap();
    let done = retention::tick(&app.db, later).unwrap();
    let oldest_kept = later
        .checked_sub_days(Days::new(30))
        .unwrap()
        .format("feed_%Y_%m")
        .to_string();
    assert!(
        !done.dropped.is_empty()
            && done
                .dropped
                .iter()
                .all(|name| name.starts_with("feed_") && *name < oldest_kept),
        "{done:?}"
    );
    // At the end of a month some were made three days later already.
    let made_before: usize = days_later.iter().map(|done| done.made).sum();
    assert_eq!(made_before + done.made, 6);
    let partitions = |table: &str| {
        app.database().texts(&format!("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = '{table}'::regclass ORDER BY 1"))
    };
    assert_eq!(partitions("feed").first(), Some(&oldest_kept));
    assert_eq!(
        (
            partitions("activities").len(),
            partitions("submissions").len()
        ),
        (7, 7)
    );
    assert_eq!(
        app.get("/v1/submissions").json()["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let again = retention::tick(&app.db, later).unwrap();
    assert_eq!((again.made, again.dropped.len()), (0, 0));
    assert!(
        baton::app::check_isolation(&app.db).is_ok(),
        "a new partition is open"
    );
    let analyzed = "SELECT i.inhrelid::regclass || '.' || a.attname FROM pg_inherits i \
         JOIN pg_attribute a ON a.attrelid = i.inhrelid AND a.attnum > 0 \
         JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname AND p.attstattarget = 0 \
         WHERE a.attstattarget IS DISTINCT FROM 0";
    assert_eq!(app.database().texts(analyzed), Vec::<String>::new());
    let never = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'feed'::regclass AND attnum > 0 AND attstattarget = 0";
    assert_eq!(app.database().number(never), 9);
}
