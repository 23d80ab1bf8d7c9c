//! Starts jobs and waits for them.

use super::TestApp;
use baton::worker::jobs::{JobRunner, Ticked};
use baton::worker::ticker::Wake;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The ids of so many new leads, in order.
pub fn capture_many(app: &TestApp, count: usize) -> Vec<Value> {
    let mut ids = Vec::new();
    for from in (0..count).step_by(1000) {
        let people = (from..count.min(from + 1000))
            .map(|number| json!({"email": format!("person{number}@example.com")}));
        let body = json!({"items": people.collect::<Vec<_>>()});
        let reply = app.post("/v1/capture/batch", body).json();
        for result in reply["results"].as_array().unwrap() {
            ids.push(result["answer"]["lead"]["id"].clone());
        }
    }
    assert!(ids.len() == count && ids.iter().all(Value::is_string));
    ids.sort_by_key(|id| id.as_str().unwrap().to_owned());
    ids
}

/// Starts a bulk job; the job as it was answered.
pub fn start(app: &TestApp, body: Value) -> Value {
    let reply = app.post("/v1/leads/bulk", body);
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.json()
}

/// The job once it has ended.
pub fn finished(app: &TestApp, started: &Value) -> Value {
    let path = format!("/v1/jobs/{}", started["id"].as_str().unwrap());
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let job = app.get(&path).json();
        if job["finished_at"].is_string() {
            return job;
        }
        assert!(Instant::now() < until, "{job}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs jobs until none can be claimed, where the service runs none.
pub fn run(app: &TestApp) {
    let runner = JobRunner::new(app.db.clone(), Arc::new(Wake::default()));
    while runner.tick().unwrap() != Ticked::Idle {}
}

/// Reads a lead until a job or a worker has seen to it.
pub fn until(app: &TestApp, lead: &Value, holds: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/v1/leads/{}", lead.as_str().unwrap());
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let found = app.get(&path).json();
        if holds(&found) || Instant::now() > until {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
