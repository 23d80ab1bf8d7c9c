//! P8, the change feed has no gaps: two thousand writers at the same moment, two readers, two sequencers.

use crate::crowd::at_once;
use crate::support::TestApp;
use crate::twin::{Twin, all_published, count};
use crate::wire::Wire;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

const WRITERS: usize = 2000;
/// Fewer than writers, so that some leads have several versions.
const PEOPLE: usize = 1500;
const LONGEST: Duration = Duration::from_secs(90);

#[test]
fn p8_two_readers_see_each_event_of_two_thousand_writers_once_and_in_order() {
    allow_open_files();
    let app = TestApp::start();
    let twin = Twin::beside(&app);
    // How many events there are, once it is known.
    let (total, retries) = (AtomicI64::new(i64::MAX), AtomicUsize::new(0));
    scope(|scope| {
        let (app, total, retries) = (&app, &total, &retries);
        let waiting = scope.spawn(|| follow(app.address, &app.key, "&wait=2", total));
        let polling = scope.spawn(|| follow(twin.address, &app.key, "", total));
        let mut waits = at_once(WRITERS, |number| {
            let since = Instant::now();
            write(app.address, &app.key, number, retries);
            since.elapsed()
        });
        let written = all_published(app);
        total.store(written as i64, Ordering::Relaxed);
        waits.sort();
        println!(
            "{WRITERS} writers: half answered after {:?}, all after {:?}, {} retries; {written} events",
            waits[WRITERS / 2],
            waits[WRITERS - 1],
            retries.load(Ordering::Relaxed)
        );
        let waiting = waiting.join().unwrap();
        let polling = polling.join().unwrap();
        check(&waiting);
        check(&polling);
        assert_eq!(waiting, polling);
        let ids = |events: &[Value]| -> String {
            let ids: Vec<&str> = events
                .iter()
                .map(|event| event["id"].as_str().unwrap())
                .collect();
            ids.join(" ")
        };
        assert_eq!(ids(&waiting), feed_table(app));
    });
    assert_eq!(count(&app, "SELECT count(*) FROM leads"), PEOPLE as i64);
    assert_eq!(
        count(&app, "SELECT count(*) FROM submissions"),
        WRITERS as i64
    );
    let lag = |share: f64| {
        count(
            &app,
            &format!(
                "SELECT (1000 * percentile_cont({share}) WITHIN GROUP (ORDER BY extract(epoch FROM published_at - occurred_at)))::bigint AS count FROM feed"
            ),
        )
    };
    println!(
        "from event to feed: p50 {} ms, p99 {} ms",
        lag(0.5),
        lag(0.99)
    );
}

/// Captures once, however often it takes.
fn write(address: SocketAddr, key: &str, number: usize, retries: &AtomicUsize) {
    let body = json!({"email": format!("person{}@example.com", number % PEOPLE), "message": number.to_string()});
    let idempotency_key = format!("writer-{number}");
    let until = Instant::now() + LONGEST;
    loop {
        let headers = [("idempotency-key", idempotency_key.as_bytes())];
        let reply =
            Wire::open(address, key).and_then(|mut wire| wire.post("/v1/capture", &headers, &body));
        match reply {
            Ok(reply) if matches!(reply.status, 200 | 201) => return,
            Ok(reply) if reply.status != 503 => panic!("{} {}", reply.status, reply.text()),
            _ => {}
        }
        assert!(Instant::now() < until, "writer {number} got no answer");
        retries.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(100 + number as u64 % 100));
    }
}

/// Reads from the beginning to the end, which is known later.
fn follow(address: SocketAddr, key: &str, wait: &str, total: &AtomicI64) -> Vec<Value> {
    let mut wire = Wire::open(address, key).unwrap();
    let (mut events, mut after) = (Vec::new(), 0);
    let until = Instant::now() + LONGEST;
    while after < total.load(Ordering::Relaxed) {
        assert!(Instant::now() < until, "stopped at {after}");
        let path = format!("/v1/changes?after={after}&limit=100{wait}");
        let reply = wire.send("GET", path.as_bytes(), &[], b"").unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        let page = reply.json();
        after = page["next_after"].as_i64().unwrap();
        let found = page["data"].as_array().unwrap();
        if found.is_empty() && wait.is_empty() {
            std::thread::sleep(Duration::from_millis(20));
        }
        events.extend_from_slice(found);
    }
    events
}

/// Positions count 1, 2, 3 …; each lead's versions are in order.
fn check(events: &[Value]) {
    let mut versions: HashMap<&str, i64> = HashMap::new();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["position"], index + 1);
        let version = event["version"].as_i64().unwrap();
        let last = versions
            .insert(event["lead_id"].as_str().unwrap(), version)
            .unwrap_or(0);
        assert!(version == last || version == last + 1, "{last} {event}");
    }
    let created = events
        .iter()
        .filter(|event| event["type"] == "lead.created");
    assert_eq!(created.count(), PEOPLE);
    let touched = events
        .iter()
        .filter(|event| event["type"] == "lead.touched");
    assert_eq!(touched.count(), WRITERS - PEOPLE);
}

/// The ids of the table, in the order of their positions.
fn feed_table(app: &TestApp) -> String {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        ids: String,
    }
    let row: Row =
        diesel::sql_query("SELECT string_agg(id::text, ' ' ORDER BY position) AS ids FROM feed")
            .get_result(&mut app.database().look())
            .unwrap();
    row.ids
}

/// Two ends of two thousand connections, and some more.
fn allow_open_files() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let wanted = 3 * WRITERS as u64;
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard).unwrap();
    }
}
