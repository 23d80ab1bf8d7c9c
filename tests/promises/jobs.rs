//! Jobs: whatever is killed in the middle of one, each lead is done exactly once.

use crate::process::Home;
use crate::support::http::Client;
use crate::twin::wait_until;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const LEADS: usize = 3000;
const KILLS: usize = 2;
/// A killed holder's job is taken over after ten seconds; the rest is for a busy machine.
const LONGEST: Duration = Duration::from_secs(120);

fn capture_all(client: &Client) -> Vec<Value> {
    let mut ids = Vec::new();
    for from in (0..LEADS).step_by(1000) {
        let people =
            (from..from + 1000).map(|number| json!({"email": format!("p{number}@example.com")}));
        let body = json!({"items": people.collect::<Vec<_>>()});
        let reply = client.post("/v1/capture/batch", &body).json();
        for result in reply["results"].as_array().unwrap() {
            ids.push(result["answer"]["lead"]["id"].clone());
        }
    }
    ids
}

/// Every entry of a list, page by page.
fn list(client: &Client, path: &str) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}?limit=500{cursor}")).json();
        entries.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

/// How often each lead is told of in events of this type.
fn told(client: &Client, kind: &str, count: usize) -> BTreeMap<String, usize> {
    wait_until("every event is in the feed", LONGEST, || {
        client.get("/v1/changes?after=0&limit=1").json()["last_position"] == LEADS + count
    });
    let (mut after, mut told) = (0, BTreeMap::new());
    while after < LEADS + count {
        let path = format!("/v1/changes?after={after}&limit=1000");
        let page = client.get(&path).json();
        for event in page["data"].as_array().unwrap() {
            after += 1;
            if event["type"] == kind {
                let lead = event["lead_id"].as_str().unwrap().to_owned();
                *told.entry(lead).or_default() += 1;
            }
        }
    }
    told
}

#[test]
fn p10_a_job_whose_process_is_killed_does_each_lead_exactly_once() {
    let home = Home::new("jobs");
    let mut baton = home.start();
    let key = baton.key.clone().expect("the first start shows a key");
    let client = home.client(&key);
    let ids = capture_all(&client);
    let body = json!({"action": "tag", "tags": ["fair"], "select": {"ids": ids}});
    let started = client.post("/v1/leads/bulk", &body);
    assert_eq!(started.status, 202, "{}", started.text());
    let path = format!("/v1/jobs/{}", started.json()["id"].as_str().unwrap());
    let done = || {
        home.client(&key).get(&path).json()["done"]
            .as_u64()
            .unwrap()
    };
    let mut killed_at = Vec::new();
    for kill in 0..KILLS {
        let from = u64::try_from(kill * LEADS / (KILLS + 1)).unwrap();
        wait_until("the job goes on", LONGEST, || done() > from);
        baton.kill();
        baton = home.start();
        killed_at.push(done());
    }
    println!("killed after {killed_at:?} of {LEADS} leads");
    assert!(killed_at.iter().all(|done| *done < LEADS as u64));
    let client = home.client(&key);
    wait_until("the job has ended", LONGEST, || {
        client.get(&path).json()["finished_at"].is_string()
    });
    let job = client.get(&path).json();
    assert_eq!(
        (&job["state"], &job["changed"], &job["done"]),
        (&json!("done"), &json!(LEADS), &json!(LEADS))
    );
    let leads = list(&client, "/v1/leads");
    assert_eq!(leads.len(), LEADS);
    for lead in &leads {
        assert_eq!(
            (&lead["version"], &lead["tags"]),
            (&json!(2), &json!(["fair"]))
        );
    }
    let told = told(&client, "lead.updated", LEADS);
    assert_eq!(told.len(), LEADS);
    assert!(told.values().all(|times| *times == 1), "told twice");
    assert_eq!(list(&client, &format!("{path}/items")).len(), LEADS);
    drop(baton);
}
