//! P7, retrying is safe: one idempotency key from many connections.

use crate::crowd::at_once;
use crate::support::TestApp;
use crate::twin::{Twin, all_published, count};
use crate::wire::{Wire, WireReply};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;

const CONNECTIONS: usize = 50;
const MERGE_PATCH: &[u8] = b"application/merge-patch+json";

/// The same request from every connection, through all services in turn.
fn from_everywhere(
    addresses: &[SocketAddr],
    key: &str,
    (method, path, kind): (&str, &str, &[u8]),
    idempotency_key: &str,
    body: impl Fn(usize) -> Value + Sync,
) -> Vec<WireReply> {
    at_once(CONNECTIONS, |number| {
        let mut wire = Wire::open(addresses[number % addresses.len()], key).unwrap();
        let headers = [
            ("content-type", kind),
            ("idempotency-key", idempotency_key.as_bytes()),
        ];
        let body = body(number).to_string();
        wire.send(method, path.as_bytes(), &headers, body.as_bytes())
            .unwrap()
    })
}

fn replayed(replies: &[WireReply]) -> usize {
    replies
        .iter()
        .filter(|reply| reply.header("idempotent-replayed") == Some("true"))
        .count()
}

fn all_equal(replies: &[WireReply], status: u16) {
    let answers: BTreeSet<(u16, &[u8])> = replies
        .iter()
        .map(|reply| (reply.status, reply.body.as_slice()))
        .collect();
    assert_eq!(answers.len(), 1, "{replies:#?}");
    assert!(
        answers.iter().all(|(given, _)| *given == status),
        "{}",
        replies[0].text()
    );
}

#[test]
fn p7_a_capture_with_one_key_from_fifty_connections_is_one_capture() {
    let app = TestApp::start();
    let twin = Twin::beside(&app);
    for (round, addresses) in [vec![app.address], vec![app.address, twin.address]]
        .iter()
        .enumerate()
    {
        let body = json!({"email": format!("round{round}@example.com"), "message": "Hello"});
        let key = format!("capture-{round}");
        let capture = ("POST", "/v1/capture", &b"application/json"[..]);
        let replies = from_everywhere(addresses, &app.key, capture, &key, |_| body.clone());
        all_equal(&replies, 201);
        assert_eq!(replayed(&replies), CONNECTIONS - 1);
        let other = from_everywhere(
            addresses,
            &app.key,
            capture,
            &key,
            |number| json!({"email": format!("other{number}@example.com")}),
        );
        assert!(other.iter().all(|reply| reply.status == 422), "{other:#?}");
        let effects = round as i64 + 1;
        assert_eq!(all_published(&app) as i64, effects);
        assert_eq!(count(&app, "SELECT count(*) FROM leads"), effects);
        assert_eq!(count(&app, "SELECT count(*) FROM lead_identities"), effects);
        assert_eq!(count(&app, "SELECT count(*) FROM submissions"), effects);
    }
}

#[test]
fn p7_a_patch_with_one_key_from_fifty_connections_is_one_change() {
    let app = TestApp::start();
    let twin = Twin::beside(&app);
    let id = app.capture(json!({"email": "a@example.com"}))["lead"]["id"].clone();
    let path = format!("/v1/leads/{}", id.as_str().unwrap());
    let patch = ("PATCH", path.as_str(), MERGE_PATCH);
    let both = [app.address, twin.address];
    let replies = from_everywhere(
        &both,
        &app.key,
        patch,
        "patch",
        |_| json!({"company": "Analytical Engines"}),
    );
    all_equal(&replies, 200);
    assert_eq!(replayed(&replies), CONNECTIONS - 1);
    assert_eq!(replies[0].json()["version"], 2);
    assert!(
        replies
            .iter()
            .all(|reply| reply.header("etag") == Some("\"2\""))
    );
    let other = from_everywhere(
        &both,
        &app.key,
        patch,
        "patch",
        |_| json!({"company": "Other"}),
    );
    assert!(other.iter().all(|reply| reply.status == 422), "{other:#?}");
    assert_eq!(all_published(&app), 2);
}

#[test]
fn p7_of_two_bodies_that_race_for_a_key_one_wins_and_the_other_is_refused() {
    let app = TestApp::start();
    let twin = Twin::beside(&app);
    let both = [app.address, twin.address];
    for round in 0..4 {
        let capture = ("POST", "/v1/capture", &b"application/json"[..]);
        let key = format!("race-{round}");
        // Pairs of connections, so that both services get both bodies.
        let side = |number: usize| number / 2 % 2;
        let replies = from_everywhere(
            &both,
            &app.key,
            capture,
            &key,
            |number| json!({"email": format!("side{}-{round}@example.com", side(number))}),
        );
        let won = replies
            .iter()
            .position(|reply| reply.status == 201)
            .unwrap();
        for (number, reply) in replies.iter().enumerate() {
            if side(number) == side(won) {
                assert_eq!((reply.status, &reply.body), (201, &replies[won].body));
            } else {
                assert_eq!(reply.status, 422, "{}", reply.text());
            }
        }
        assert_eq!(count(&app, "SELECT count(*) FROM leads"), round + 1);
        assert_eq!(
            count(&app, "SELECT count(*) FROM lead_identities"),
            round + 1
        );
        assert_eq!(count(&app, "SELECT count(*) FROM submissions"), round + 1);
    }
}
