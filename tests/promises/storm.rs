//! P2 in a storm: people whose addresses, numbers and ids cross, captured, created, changed, upserted and deleted by many
//! at once through two services.

use crate::crowd::{Dice, at_once};
use crate::support::TestApp;
use crate::twin::{Twin, all_published, count, wait_until};

use crate::wire::{Wire, WireReply};
use diesel::connection::SimpleConnection;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::scope;
use std::time::Duration;

const THREADS: usize = 60;
const EACH: usize = 50;
const PEOPLE: usize = 40;

fn email(person: usize) -> String {
    format!("person{person}@example.com")
}

fn phone(person: usize) -> String {
    format!("+493090182{person:03}")
}

#[test]
fn p2_a_storm_of_crossing_people_leaves_each_address_with_one_lead() {
    let app = TestApp::start();
    let twin = Twin::beside(&app);
    let storm = Storm::default();
    at_once(THREADS, |thread| {
        let address = [app.address, twin.address][thread % 2];
        let mut wire = Wire::open(address, &app.key).unwrap();
        let mut dice = Dice::new(thread);
        for number in 0..EACH {
            storm.strike(&mut wire, &mut dice, thread * EACH + number);
        }
    });
    all_published(&app);
    println!(
        "{} deadlocks were met and survived; {} of {} requests were refused",
        count(
            &app,
            "SELECT deadlocks AS count FROM pg_stat_database WHERE datname = current_database()"
        ),
        storm.refused.load(Ordering::Relaxed),
        THREADS * EACH,
    );

    each_address_has_one_lead(&app);
    let receipts = storm.receipts.into_inner().unwrap();
    let found = count(
        &app,
        "SELECT count(*) FROM submissions WHERE door = 'capture'",
    );
    assert_eq!(found, receipts as i64, "captures answered, and kept");
    no_version_is_lost(&app);
}

/// The moment between finding whose an address is and locking that lead, held open by hand.
#[test]
fn p2_an_address_that_is_given_up_while_it_is_captured_is_claimed_anew() {
    // Without workers, which would wait for the lead, too.
    let app = TestApp::start_with(|config| config.no_workers = true);
    let first = app.capture(json!({"email": email(0)}));
    let mut by_hand = app.database().look();
    by_hand
        .batch_execute("BEGIN; SELECT id FROM leads FOR UPDATE")
        .unwrap();
    scope(|scope| {
        let capture = scope.spawn(|| app.capture(json!({"email": email(0)})));
        wait_until("the capture waits", Duration::from_secs(10), || {
            count(&app, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 1
        });
        // What a PATCH does that clears the address.
        by_hand
            .batch_execute(
                "DELETE FROM lead_identities; UPDATE leads SET email = NULL, version = version + 1; COMMIT",
            )
            .unwrap();
        let second = capture.join().unwrap();
        assert_eq!(second["outcome"], "created");
        assert_ne!(second["lead"]["id"], first["lead"]["id"]);
    });
    each_address_has_one_lead(&app);
    assert_eq!(
        app.capture(json!({"email": email(0)}))["outcome"],
        "matched"
    );
}

#[test]
fn p2_clearing_a_number_that_is_anothers_leaves_it_there() {
    let app = TestApp::start();
    let id = |answer: &Value| answer["lead"]["id"].as_str().unwrap().to_owned();
    let owner = id(&app.capture(json!({"email": "a@example.com", "phone": phone(1)})));
    let colleague = id(&app.capture(json!({"email": "b@example.com", "phone": phone(1)})));
    assert_ne!(owner, colleague);
    let patched = app.patch(&format!("/v1/leads/{colleague}"), json!({"phone": null}));
    assert_eq!(patched.status, 200);
    assert_eq!(id(&app.capture(json!({"phone": phone(1)}))), owner);
}

#[test]
fn p2_an_address_of_somebody_else_is_not_filled_in() {
    let app = TestApp::start();
    app.capture(json!({"external_ids": {"crm": "1"}}));
    app.capture(json!({"email": "a@example.com"}));
    let both = app.capture(json!({"external_ids": {"crm": "1"}, "email": "a@example.com"}));
    assert_eq!(both["matched_by"]["kind"], "external_id");
    assert_eq!(both["lead"]["email"], Value::Null);
    each_address_has_one_lead(&app);
}

fn each_address_has_one_lead(app: &TestApp) {
    let none = [
        (
            "an identity without a lead",
            "lead_identities i LEFT JOIN leads l ON l.id = i.lead_id WHERE l.id IS NULL",
        ),
        (
            "two leads with one mail address",
            "(SELECT 1 FROM leads WHERE email IS NOT NULL GROUP BY email HAVING count(*) > 1) AS doubled",
        ),
        (
            "a lead whose mail address is not its identity",
            "leads l LEFT JOIN lead_identities i ON i.kind = 'email' AND i.value = l.email \
             WHERE l.email IS NOT NULL AND i.lead_id IS DISTINCT FROM l.id",
        ),
        (
            "a submission of a lead that does not exist",
            "submissions s LEFT JOIN leads l ON l.id = s.lead_id WHERE l.id IS NULL",
        ),
        (
            "a submission in quarantine",
            "submissions WHERE state = 'quarantined'",
        ),
    ];
    for (what, rows) in none {
        assert_eq!(
            count(app, &format!("SELECT count(*) FROM {rows}")),
            0,
            "{what}"
        );
    }
}

/// Each version of each lead is told in the feed, in order.
fn no_version_is_lost(app: &TestApp) {
    let mut told: HashMap<String, i64> = HashMap::new();
    for (index, event) in app.all_events().iter().enumerate() {
        assert_eq!(event["position"], index + 1);
        let last = told
            .entry(event["lead_id"].as_str().unwrap().to_owned())
            .or_default();
        let version = event["version"].as_i64().unwrap();
        assert!(
            version == *last || version == *last + 1,
            "version {version} after {last}"
        );
        *last = version;
    }
    let versions: i64 = told.values().sum();
    assert_eq!(
        count(app, "SELECT sum(version)::bigint AS count FROM leads"),
        versions
    );
}

#[derive(Default)]
struct Storm {
    leads: Mutex<Vec<String>>,
    receipts: Mutex<usize>,
    refused: AtomicUsize,
}

impl Storm {
    fn strike(&self, wire: &mut Wire, dice: &mut Dice, number: usize) {
        match dice.roll(20) {
            0..11 => {
                let answer = self.ask(
                    wire,
                    "POST",
                    "/v1/capture",
                    &person(dice, number),
                    &[200, 201],
                );
                // The answer of another operation would have no receipt.
                assert!(answer["receipt_id"].is_string(), "{answer}");
                *self.receipts.lock().unwrap() += 1;
                self.remember(&answer["lead"]);
            }
            11..13 => {
                let answer = self.ask(
                    wire,
                    "POST",
                    "/v1/leads",
                    &person(dice, number),
                    &[200, 201],
                );
                assert!(answer["id"].is_string(), "{answer}");
                self.remember(&answer);
            }
            13 => {
                let path = format!("/v1/leads/by/crm/{}", dice.roll(PEOPLE));
                let body = json!({"email": email(dice.roll(PEOPLE)), "title": number.to_string()});
                self.ask(wire, "PUT", &path, &body, &[200, 201, 404, 409]);
            }
            14..19 => {
                let Some(path) = self.some_lead(dice) else {
                    return;
                };
                let body = match dice.roll(4) {
                    0 => json!({"email": null}),
                    1 => json!({"phone": null}),
                    2 => json!({"phone": phone(dice.roll(PEOPLE))}),
                    _ => json!({"email": email(dice.roll(PEOPLE))}),
                };
                self.ask(wire, "PATCH", &path, &body, &[200, 404, 409]);
            }
            _ => {
                let Some(path) = self.some_lead(dice) else {
                    return;
                };
                self.ask(wire, "DELETE", &path, &Value::Null, &[204, 404]);
            }
        }
    }

    fn ask(
        &self,
        wire: &mut Wire,
        method: &str,
        path: &str,
        body: &Value,
        expected: &[u16],
    ) -> Value {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let kind: &[u8] = if method == "PATCH" {
            b"application/merge-patch+json"
        } else {
            b"application/json"
        };
        let reply: WireReply = wire
            .send(method, path.as_bytes(), &[("content-type", kind)], &bytes)
            .unwrap();
        assert!(
            expected.contains(&reply.status),
            "{method} {path} {body}: {} {}",
            reply.status,
            reply.text()
        );
        if reply.status >= 400 {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        reply.json()
    }

    fn remember(&self, lead: &Value) {
        let id = lead["id"].as_str().unwrap().to_owned();
        let mut leads = self.leads.lock().unwrap();
        if !leads.contains(&id) {
            leads.push(id);
        }
    }

    fn some_lead(&self, dice: &mut Dice) -> Option<String> {
        let leads = self.leads.lock().unwrap();
        let id = leads.get(dice.roll(leads.len().max(1)))?;
        Some(format!("/v1/leads/{id}"))
    }
}

/// One person's address, another's number, a third one's id.
fn person(dice: &mut Dice, number: usize) -> Value {
    let mut body = Map::new();
    let given = 1 + dice.roll(7);
    if given & 1 > 0 {
        body.insert("email".into(), email(dice.roll(PEOPLE)).into());
    }
    if given & 2 > 0 {
        body.insert("phone".into(), phone(dice.roll(PEOPLE)).into());
    }
    if given & 4 > 0 {
        let id = dice.roll(PEOPLE).to_string();
        body.insert("external_ids".into(), json!({"crm": id}));
    }
    body.insert("message".into(), format!("message {number}").into());
    body.into()
}
