//! P1, no lead is lost, P4 and P8: whatever is killed, what was acknowledged is there once, with its event, and took one turn.
//!
//! As the checkers of Jepsen do: writers note every answer, and afterwards the database has to agree with the notes.

use crate::process::{Home, has_ended};
use crate::support::http::Client;
use crate::twin::wait_until;
use crate::wire::Wire;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

const WRITERS: usize = 8;
const KILLS: usize = 3;
const REPS: usize = 3;
/// Longest time without an answer after a kill; on an idle machine it is about two seconds.
const LONGEST_OUTAGE: Duration = Duration::from_secs(30);

/// A capture that was answered.
struct Acknowledged {
    email: String,
    lead_id: String,
    receipt_id: String,
    at: Instant,
}

#[derive(Default)]
struct Notes {
    acknowledged: Mutex<Vec<Acknowledged>>,
    stop: AtomicBool,
    retries: AtomicUsize,
    replayed: AtomicUsize,
}

impl Notes {
    /// Captures one person after the other, each until it is acknowledged.
    fn write(&self, home: &Home, key: &str, writer: usize) {
        let mut wire = None;
        for number in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let email = format!("w{writer}-{number}@example.com");
            let body = json!({"email": email, "message": "Please call me."});
            let answer = loop {
                if let Some(answer) = self.try_once(home, key, &mut wire, &email, &body) {
                    break answer;
                }
                self.retries.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(20));
            };
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let acknowledged = Acknowledged {
                lead_id: text(&answer["lead"]["id"]),
                receipt_id: text(&answer["receipt_id"]),
                email,
                at: Instant::now(),
            };
            self.acknowledged().push(acknowledged);
        }
    }

    /// The answer; `None` when it makes sense to try again.
    fn try_once(
        &self,
        home: &Home,
        key: &str,
        wire: &mut Option<Wire>,
        email: &str,
        body: &Value,
    ) -> Option<Value> {
        let mut open = match wire.take() {
            Some(open) => open,
            None => Wire::open(home.address, key).ok()?,
        };
        let headers = [("idempotency-key", email.as_bytes())];
        let reply = open.post("/v1/capture", &headers, body).ok()?;
        if reply.header("connection") != Some("close") {
            *wire = Some(open);
        }
        if reply.header("idempotent-replayed").is_some() {
            self.replayed.fetch_add(1, Ordering::Relaxed);
        }
        match reply.status {
            201 => Some(reply.json()),
            503 => None,
            other => panic!("{other} {}", reply.text()),
        }
    }

    fn acknowledged(&self) -> std::sync::MutexGuard<'_, Vec<Acknowledged>> {
        self.acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an answer from now on.
    fn await_answer(&self) {
        let now = Instant::now();
        wait_until("an answer again", LONGEST_OUTAGE, || {
            self.acknowledged().iter().any(|one| one.at > now)
        });
    }
}

/// Stops the writers also when a check fails.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn p1_p4_p8_kills_of_baton_and_of_postgresql_under_load_lose_nothing_and_double_nothing() {
    let home = Home::new("kills");
    let mut baton = home.start();
    let key = baton.key.clone().expect("the first start shows a key");
    (0..REPS).for_each(|number| hire(&home.client(&key), number));
    let notes = Notes::default();
    scope(|scope| {
        let (home, key, notes, baton) = (&home, key.as_str(), &notes, &mut baton);
        let _stop = StopAtEnd(&notes.stop);
        for writer in 0..WRITERS {
            scope.spawn(move || notes.write(home, key, writer));
        }
        for _ in 0..KILLS {
            sleep(Duration::from_millis(1500));
            let since = Instant::now();
            baton.kill();
            *baton = home.start();
            notes.await_answer();
            let outage = longest_silence(&notes.acknowledged(), since);
            println!("Baton killed: no answer for {outage:.2?}");
        }
        for _ in 0..KILLS {
            sleep(Duration::from_millis(1500));
            let pid = home.postgres_pid();
            let since = Instant::now();
            home.kill_postgres();
            wait_until("another server runs", LONGEST_OUTAGE, || {
                home.postgres_pid().is_some_and(|now| Some(now) != pid)
            });
            notes.await_answer();
            let outage = longest_silence(&notes.acknowledged(), since);
            println!("PostgreSQL killed: no answer for {outage:.2?}");
        }
        sleep(Duration::from_millis(500));
    });
    let acknowledged = notes.acknowledged.into_inner().unwrap();
    println!(
        "{} captures were acknowledged, after {} retries, {} of them replayed",
        acknowledged.len(),
        notes.retries.into_inner(),
        notes.replayed.into_inner()
    );
    check(&home.client(&key), &acknowledged);
    drop(baton);
}

/// Somebody comes in who gets leads.
fn hire(client: &Client, number: usize) {
    let email = format!("rep{number}@acme.example");
    let rep = json!({"email": email, "name": "Rep", "role": "rep"});
    let invited = client.post("/v1/users", &rep).json();
    let accepted = json!({"token": invited["link_token"], "password": "correct horse battery"});
    let came = client.post("/v1/auth/accept-invitation", &accepted);
    assert_eq!(came.status, 200, "{}", came.text());
}

/// The longest time between two answers after a moment.
fn longest_silence(acknowledged: &[Acknowledged], since: Instant) -> Duration {
    let mut moments: Vec<Instant> = vec![since];
    moments.extend(
        acknowledged
            .iter()
            .map(|one| one.at)
            .filter(|at| *at > since),
    );
    moments.sort();
    let gaps = moments.windows(2).map(|pair| pair[1] - pair[0]);
    gaps.max().unwrap_or_default()
}

/// Compares the notes with what is there: nothing lost, nothing twice, nothing besides.
fn check(client: &Client, acknowledged: &[Acknowledged]) {
    let expected = acknowledged.len();
    let field = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();

    let leads = list(client, "/v1/leads");
    let by_email: BTreeMap<String, String> = leads
        .iter()
        .map(|lead| (field(lead, "email"), field(lead, "id")))
        .collect();
    for one in acknowledged {
        assert_eq!(
            by_email.get(&one.email),
            Some(&one.lead_id),
            "{}",
            one.email
        );
    }
    assert_eq!((leads.len(), by_email.len()), (expected, expected), "leads");

    let submissions = list(client, "/v1/submissions");
    let receipts: BTreeMap<String, String> = submissions
        .iter()
        .map(|submission| (field(submission, "id"), field(submission, "lead_id")))
        .collect();
    for one in acknowledged {
        assert_eq!(
            receipts.get(&one.receipt_id),
            Some(&one.lead_id),
            "{}",
            one.email
        );
    }
    assert_eq!(
        (submissions.len(), receipts.len()),
        (expected, expected),
        "submissions"
    );
    assert!(
        submissions
            .iter()
            .all(|submission| submission["state"] == "processed")
    );

    wait_until(
        "every event is in the feed",
        Duration::from_secs(10),
        || client.get("/v1/changes?after=0&limit=1").json()["last_position"] == expected,
    );
    let (mut after, mut told) = (0, BTreeSet::new());
    while after < expected {
        let page = client
            .get(&format!("/v1/changes?after={after}&limit=1000"))
            .json();
        for event in page["data"].as_array().unwrap() {
            after += 1;
            assert_eq!(event["position"], after);
            assert_eq!(event["type"], "lead.created");
            assert!(told.insert(field(event, "lead_id")), "told twice: {event}");
        }
    }
    assert!(acknowledged.iter().all(|one| told.contains(&one.lead_id)));

    let fair = client.get("/v1/pools/everyone/fairness").json();
    let members = fair["members"].as_array().unwrap();
    let given: Vec<usize> = members
        .iter()
        .map(|member| member["given"].as_u64().unwrap() as usize)
        .collect();
    assert_eq!(
        (given.len(), given.iter().sum()),
        (REPS, expected),
        "{fair}"
    );
    let share = expected / REPS;
    let is_fair = |given: &usize| (share..=share + 1).contains(given);
    assert!(given.iter().all(is_fair), "{fair}");
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

/// What became of a request on a connection that is kept.
struct Sent {
    email: String,
    at: Instant,
    status: Option<u16>,
}

#[test]
fn p1_sigterm_under_load_answers_every_request_it_accepted() {
    let home = Home::new("sigterm");
    let baton = home.start();
    let key = baton.key.clone().expect("the first start shows a key");
    let postgres = home.postgres_pid().unwrap();
    let stopped = AtomicBool::new(false);
    let (mut sent, mut signalled, mut ended_after) = (Vec::new(), None, Duration::ZERO);
    scope(|scope| {
        let (home, key, stopped) = (&home, key.as_str(), &stopped);
        let writers: Vec<_> = (0..16)
            .map(|writer| scope.spawn(move || write_until_closed(home, key, writer, stopped)))
            .collect();
        let waiting = scope.spawn(|| {
            let mut wire = Wire::open(home.address, key).unwrap();
            let path = b"/v1/changes?after=1000000000&wait=50";
            wire.send("GET", path, &[], b"").map(|reply| reply.status)
        });
        // Connections that have been used and now say nothing.
        let idle: Vec<Wire> = (0..8)
            .map(|_| {
                let mut wire = Wire::open(home.address, key).unwrap();
                assert_eq!(wire.send("GET", b"/healthz", &[], b"").unwrap().status, 200);
                wire
            })
            .collect();
        sleep(Duration::from_secs(1));
        let since = Instant::now();
        baton.terminate();
        let status = baton.end(Duration::from_secs(40));
        ended_after = since.elapsed();
        stopped.store(true, Ordering::Relaxed);
        assert_eq!(status.code(), Some(0));
        signalled = Some(since);
        drop(idle);
        for writer in writers {
            sent.extend(writer.join().unwrap());
        }
        assert_eq!(
            waiting.join().unwrap().ok(),
            Some(200),
            "the reader who waits"
        );
    });
    println!(
        "ended {ended_after:.2?} after SIGTERM; {} requests",
        sent.len()
    );
    has_ended(postgres);
    assert!(
        home.postgres_pid().is_none(),
        "PostgreSQL left its pid file"
    );
    assert!(ended_after < Duration::from_secs(10), "{ended_after:?}");
    for one in &sent {
        match (one.status, signalled) {
            (Some(201), _) => {}
            // It lay in the kernel when the connection was closed between two requests.
            (None, Some(signalled)) => assert!(
                one.at + Duration::from_millis(500) > signalled,
                "{} was not answered",
                one.email
            ),
            other => panic!("{other:?} for {}", one.email),
        }
    }
    let _again = home.start();
    let there: BTreeSet<String> = list(&home.client(&key), "/v1/leads")
        .iter()
        .map(|lead| lead["email"].as_str().unwrap().to_owned())
        .collect();
    // What was not answered was not accepted either.
    for one in sent {
        let answered = one.status.is_some();
        assert_eq!(there.contains(&one.email), answered, "{}", one.email);
    }
}

/// Captures on one connection after the other, until Baton has stopped.
fn write_until_closed(home: &Home, key: &str, writer: usize, stopped: &AtomicBool) -> Vec<Sent> {
    let (mut sent, mut wire) = (Vec::new(), None);
    for number in 0.. {
        let Ok(mut open) = wire
            .take()
            .map_or_else(|| Wire::open(home.address, key), Ok)
        else {
            // Nobody listens: not accepted.
            if stopped.load(Ordering::Relaxed) {
                break;
            }
            sleep(Duration::from_millis(20));
            continue;
        };
        let email = format!("t{writer}-{number}@example.com");
        let at = Instant::now();
        let reply = open.post("/v1/capture", &[], &json!({"email": email}));
        let status = reply.as_ref().ok().map(|reply| reply.status);
        if reply.is_ok_and(|reply| reply.header("connection") != Some("close")) {
            wire = Some(open);
        }
        sent.push(Sent { email, at, status });
    }
    sent
}
