//! Duplicates that a capture cannot see: of people who came at the same moment, of leads that have changed, of leads that
//! were there before there were keys.

use crate::support::{TestApp, jobs};
use baton::worker::courtesy::Courtesy;
use baton::worker::match_follower;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(30);

fn pairs(app: &TestApp) -> Vec<(String, String)> {
    let page = app.get("/v1/dedupe/pairs?limit=500").json();
    let id = |pair: &Value, which: &str| pair[which]["id"].as_str().unwrap().to_owned();
    let data = page["data"].as_array().unwrap();
    data.iter()
        .map(|pair| (id(pair, "lead"), id(pair, "other_lead")))
        .collect()
}

/// Waits until something holds.
fn wait(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + LONGEST;
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// How many groups the pairs leave of these.
fn groups(ids: &[String], pairs: &[(String, String)]) -> usize {
    let mut of: HashMap<&str, usize> = ids.iter().map(String::as_str).zip(0..).collect();
    for (one, other) in pairs {
        let (Some(a), Some(b)) = (
            of.get(one.as_str()).copied(),
            of.get(other.as_str()).copied(),
        ) else {
            continue;
        };
        of.values_mut()
            .filter(|group| **group == b)
            .for_each(|group| *group = a);
    }
    let mut left: Vec<usize> = of.into_values().collect();
    left.sort_unstable();
    left.dedup();
    left.len()
}

fn vera(number: usize) -> Value {
    json!({
        "email": format!("vera{number}@mail{number}.example"), "first_name": "Vera", "last_name": "Quastenhorn",
        "street": "Lindenallee 17", "postal_code": "50667", "city": "Köln", "country": "DE",
    })
}

#[test]
fn p2_of_one_person_who_comes_many_times_at_once_no_pair_is_missed() {
    let app = TestApp::start();
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let app = &app;
        let captures: Vec<_> = (0..16)
            .map(|number| scope.spawn(move || app.capture(vera(number))))
            .collect();
        let answers = captures.into_iter().map(|capture| capture.join().unwrap());
        answers.collect()
    });
    let ids: Vec<String> = answers
        .iter()
        .map(|answer| answer["lead"]["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(app.leads("").len(), 16, "each is a lead of its own");
    wait("some leads were not found to be like any other", || {
        groups(&ids, &pairs(&app)) == 1
    });
}

#[test]
fn p10_a_batch_finds_the_same_pairs_as_one_by_one() {
    let single = TestApp::start();
    for number in 0..12 {
        single.capture(vera(number));
    }
    let batch = TestApp::start();
    let items: Vec<Value> = (0..12).map(vera).collect();
    let reply = batch.post("/v1/capture/batch", json!({"items": items}));
    let answers = reply.json()["results"].as_array().unwrap().clone();
    let outcomes = answers
        .iter()
        .map(|result| result["answer"]["outcome"].as_str().unwrap());
    assert_eq!(outcomes.filter(|outcome| *outcome == "flagged").count(), 11);
    assert_eq!(pairs(&single).len(), pairs(&batch).len());
}

#[test]
fn a_lead_that_becomes_like_another_is_found() {
    let app = TestApp::start();
    app.capture(vera(1));
    let other = app.capture(json!({"email": "q@other.example", "last_name": "Somebody"}));
    assert_eq!(pairs(&app), []);
    let path = format!("/v1/leads/{}", other["lead"]["id"].as_str().unwrap());
    let mut changes = vera(2);
    changes.as_object_mut().unwrap().remove("email");
    assert_eq!(app.patch(&path, changes).status, 200);
    wait("the lead that changed is like another", || {
        pairs(&app).len() == 1
    });
}

#[test]
fn leads_from_before_there_were_keys_get_theirs() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    for number in 0..3 {
        app.capture(vera(number));
    }
    let keys = "SELECT family || ' ' || hash || ' ' || lead_id FROM match_keys ORDER BY 1";
    let before = app.database().texts(keys);
    assert!(before.len() > 9, "{before:?}");
    app.database()
        .by_hand("DELETE FROM match_keys; DELETE FROM match_positions");
    let publish = || {
        let metrics = baton::metrics::Metrics::new().unwrap();
        baton::worker::sequencer::tick(&app.db, &Default::default(), &metrics).unwrap();
    };
    publish();
    let first = match_follower::tick(&app.db, &Courtesy::default()).unwrap();
    assert_eq!((first.workspaces, first.keyed), (1, 3));
    assert_eq!(app.database().texts(keys), before);
    let again = match_follower::tick(&app.db, &Courtesy::default()).unwrap();
    assert_eq!(again.workspaces, 0);
}

#[test]
fn leads_get_the_keys_of_evidence_that_is_named_later() {
    let app = TestApp::start();
    let born = |email: &str, first_name: &str| json!({"email": email, "first_name": first_name, "last_name": "Schulz", "custom": {"date_of_birth": "1974-01-17"}});
    let early = app.capture(born("a@a.example", "Johannes"));
    let lead = early["lead"]["id"].as_str().unwrap();
    let keys = format!("SELECT count(*) FROM match_keys WHERE lead_id = '{lead}'");
    let before = app.database().number(&keys);
    wait("the lead is compared", || {
        app.database()
            .number("SELECT count(*) FROM match_positions WHERE is_complete")
            == 1
    });
    let settings = json!({"settings": {"matching": {"evidence": {"date_of_birth": "date"}}}});
    assert_eq!(app.patch("/v1/workspace", settings).status, 200);
    wait("the lead has keys of its date of birth", || {
        app.database().number(&keys) > before
    });
}

#[test]
fn a_scan_ends_with_clusters() {
    let app = TestApp::start();
    let ids: Vec<Value> = (0..4)
        .map(|number| app.capture(vera(number))["lead"]["id"].clone())
        .collect();
    app.capture(json!({"email": "else@other.example", "first_name": "Otto", "last_name": "Brenner", "city": "Bonn"}));
    assert_eq!(app.get("/v1/dedupe/clusters").json()["data"], json!([]));
    let started = app.post("/v1/dedupe/scans", json!(null));
    assert_eq!(started.status, 202, "{}", started.text());
    let job = jobs::finished(&app, &started.json());
    assert_eq!(job["state"], "done", "{job}");
    let clusters = app.get("/v1/dedupe/clusters").json();
    let clusters = clusters["data"].as_array().unwrap();
    assert_eq!(clusters.len(), 1, "{clusters:?}");
    assert_eq!(
        (&clusters[0]["id"], &clusters[0]["size"]),
        (&ids[0], &json!(4))
    );
    let leads = clusters[0]["leads"].as_array().unwrap().iter();
    assert_eq!(
        leads.map(|lead| lead["id"].clone()).collect::<Vec<_>>(),
        ids
    );
    let gone = format!("/v1/leads/{}", ids[1].as_str().unwrap());
    assert!(app.delete(&gone).status < 300);
    let after = app.get("/v1/dedupe/clusters").json();
    assert_eq!(after["data"][0]["size"], 3);
}
