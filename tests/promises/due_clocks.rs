//! P5: clocks of two processes of workers, of which one is killed in the middle, fire exactly once each.

use crate::support::TestApp;
use crate::support::server::server;
use crate::twin::{all_published, count, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const LEADS: i64 = 4000;
const LONGEST: Duration = Duration::from_secs(300);
const BREACHED: &str = "SELECT count(*) FROM sla_clocks WHERE state = 'breached'";

/// `baton worker` on the database of a test; killed when it is dropped.
struct Worker(Child);

impl Worker {
    fn start(app: &TestApp) -> Worker {
        let url = server().url("postgres", &app.database().name);
        let process = Command::new(env!("CARGO_BIN_EXE_baton"))
            .arg("worker")
            .env("DATABASE_URL", url)
            .env_remove("BATON_OWNER_DATABASE_URL")
            .env("BATON_LOG", "off")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Worker(process)
    }

    /// `kill -9`.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

fn activate(app: &TestApp, rule: Value) {
    let draft = app.post("/v1/rules", rule);
    assert_eq!(draft.status, 201, "{}", draft.text());
    let path = format!(
        "/v1/rules/{}/activate",
        draft.json()["id"].as_str().unwrap()
    );
    assert_eq!(app.post(&path, json!({})).status, 200);
}

/// How often each lead is told of in events of this type.
fn told(events: &[Value], kind: &str) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for event in events.iter().filter(|event| event["type"] == kind) {
        let lead = event["lead_id"].as_str().unwrap().to_owned();
        *told.entry(lead).or_default() += 1;
    }
    told
}

#[test]
fn p5_each_due_clock_fires_once_though_a_worker_is_killed_in_the_middle() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    app.database().by_hand("DELETE FROM rule_documents");
    for _ in 0..3 {
        app.user("rep");
    }
    activate(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [{"key": "answer", "kind": "first_response", "name": "Answer",
        "within_minutes": 600, "escalations": [
            {"at_percent": 50, "actions": [{"do": "notify", "to": "owner"}]},
            {"at_percent": 100, "actions": [{"do": "reassign"}, {"do": "task", "title": "Call"}]}]}]}}),
    );
    for from in (0..LEADS).step_by(1000) {
        let people =
            (from..from + 1000).map(|number| json!({"email": format!("p{number}@example.com")}));
        let body = json!({"items": people.collect::<Vec<_>>()});
        assert_eq!(app.post("/v1/capture/batch", body).status, 200);
    }
    assert_eq!(count(&app, "SELECT count(*) FROM sla_clocks"), LEADS);
    // As if ten hours had passed: all are due at once.
    let earlier =
        |path: &str| format!("to_jsonb((clock->>'{path}')::timestamptz - interval '11 hours')");
    app.database().by_hand(&format!(
        "UPDATE sla_clocks SET due_at = due_at - interval '11 hours', next_fire_at = next_fire_at - interval '11 hours', \
         clock = clock::jsonb || jsonb_build_object('due_at', {}, 'started_at', {}, 'counted_from', {}, 'steps', \
           (SELECT jsonb_agg(jsonb_set(s, '{{at}}', to_jsonb((s->>'at')::timestamptz - interval '11 hours')) ORDER BY n) \
            FROM jsonb_array_elements(clock::jsonb->'steps') WITH ORDINALITY AS e (s, n)))",
        earlier("due_at"), earlier("started_at"), earlier("counted_from")
    ));
    let (mut first, _second) = (Worker::start(&app), Worker::start(&app));
    wait_until("a quarter of the clocks has fired", LONGEST, || {
        count(&app, BREACHED) >= LEADS / 4
    });
    first.kill();
    let fired = count(&app, BREACHED);
    println!("killed after {fired} of {LEADS} clocks");
    assert!(fired < LEADS, "it was killed too late to tell");
    wait_until("every clock has fired", LONGEST, || {
        count(&app, BREACHED) == LEADS
    });
    all_published(&app);
    let due = "SELECT count(*) FROM sla_clocks WHERE next_fire_at IS NOT NULL";
    assert_eq!(count(&app, due), 0);
    let events = app.all_events();
    for (kind, times) in [
        ("sla.warned", 2),
        ("sla.breached", 1),
        ("lead.assigned", 1),
        ("activity.created", 1),
    ] {
        let told = told(&events, kind);
        assert_eq!(i64::try_from(told.len()).unwrap(), LEADS, "{kind}");
        assert!(told.values().all(|count| *count == times), "{kind}");
    }
    let taken_back = "SELECT count(*) FROM assignments WHERE state = 'taken_back'";
    let given = "SELECT count(*) FROM assignments WHERE ended_at IS NULL";
    assert_eq!(
        (count(&app, taken_back), count(&app, given)),
        (LEADS, LEADS)
    );
}
