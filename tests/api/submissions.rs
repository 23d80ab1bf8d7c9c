//! No lead is lost (promise P1): quarantine, replay, discard.

use crate::support::TestApp;
use crate::support::http::Reply;
use baton::domain::form::Form;
use serde_json::{Value, json};

const BOOM: &str = "ALTER TABLE leads ADD CONSTRAINT boom CHECK (last_name <> 'Boom')";
const MENDED: &str = "ALTER TABLE leads DROP CONSTRAINT boom";

/// An app that cannot process anybody called Boom.
fn broken() -> TestApp {
    let app = TestApp::start();
    app.database().by_hand(BOOM);
    app
}

fn submission(app: &TestApp, receipt: &Value) -> Value {
    app.get(&format!("/v1/submissions/{}", receipt.as_str().unwrap()))
        .json()
}

fn act(app: &TestApp, receipt: &Value, verb: &str) -> Reply {
    app.post(
        &format!("/v1/submissions/{}/{verb}", receipt.as_str().unwrap()),
        Value::Null,
    )
}

/// The receipts of a list.
fn list(app: &TestApp, query: &str) -> Vec<Value> {
    let page = app.get(&format!("/v1/submissions?{query}")).json();
    let found = page["data"].as_array().unwrap();
    found.iter().map(|one| one["id"].clone()).collect()
}

#[test]
fn p1_what_cannot_be_processed_is_kept_and_answered_with_a_receipt() {
    let app = broken();
    let raw = "{ \"email\":\"boom@example.com\",\n\t\"last_name\": \"Boom\", \"custom\": {\"\\u00fc\": \"ü\"} }  ";
    let kept = app
        .client()
        .send("POST", "/v1/capture", "application/json", raw.as_bytes());
    assert_eq!(kept.status, 202, "{}", kept.text());
    assert_eq!(kept.json()["outcome"], "quarantined");
    let receipt = kept.json()["receipt_id"].clone();
    let stored = submission(&app, &receipt);
    assert_eq!(
        [
            &stored["state"],
            &stored["body"],
            &stored["content_type"],
            &stored["door"]
        ],
        ["quarantined", raw, "application/json", "capture"]
    );
    assert!(stored["reason"].as_str().unwrap().contains("boom"));
    assert_eq!(stored["lead_id"], Value::Null);
    assert_eq!(app.leads("").len(), 0);
    assert_eq!(
        app.database()
            .number("SELECT count(*) FROM lead_identities"),
        0
    );
}

#[test]
fn p1_its_neighbours_in_a_batch_succeed() {
    let app = broken();
    let answer = app.post(
        "/v1/capture/batch",
        json!({"items": [{"email": "a@example.com"}, {"ref": "b", "email": "b@example.com", "last_name": "Boom"}, {"email": "c@example.com"}, {"email": "b@example.com"}]}),
    );
    let json = answer.json();
    let statuses: Vec<i64> = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 202, 201, 201]);
    assert_eq!(
        json["counts"],
        json!({"created": 3, "matched": 0, "quarantined": 1, "refused": 0})
    );
    let receipt = &json["results"][1]["answer"]["receipt_id"];
    let stored = submission(&app, receipt);
    assert_eq!(
        stored["body"],
        r#"{"ref":"b","email":"b@example.com","last_name":"Boom"}"#.to_owned()
    );
    assert_eq!(
        list(&app, "state=quarantined"),
        std::slice::from_ref(receipt)
    );
    assert_eq!(list(&app, "state=processed").len(), 3);
}

#[test]
fn p1_captures_that_wait_together_fail_alone() {
    let app = broken();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..24)
            .map(|number| {
                let client = app.client();
                let name = if number % 4 == 0 { "Boom" } else { "Fine" };
                scope.spawn(move || {
                    let body =
                        json!({"email": format!("p{number}@example.com"), "last_name": name});
                    client.post("/v1/capture", &body).status
                })
            })
            .collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    for (number, status) in statuses.iter().enumerate() {
        assert_eq!(*status, if number % 4 == 0 { 202 } else { 201 }, "{number}");
    }
    assert_eq!(
        (app.leads("").len(), list(&app, "state=quarantined").len()),
        (18, 6)
    );
}

#[test]
fn p1_a_quarantined_submission_is_replayed_once_the_fault_is_mended() {
    let app = broken();
    let kept = app.post("/v1/capture", json!({"email": "b@example.com", "last_name": "Boom", "submitted_at": "2026-03-01T09:00:00Z",
        "consents": [{"channel": "email", "granted": false}]}));
    let receipt = kept.json()["receipt_id"].clone();
    assert_eq!(act(&app, &receipt, "replay").status, 500);
    assert_eq!(submission(&app, &receipt)["state"], "quarantined");
    app.database().by_hand(MENDED);
    let replayed = act(&app, &receipt, "replay");
    assert_eq!(replayed.status, 200, "{}", replayed.text());
    let captured = replayed.json();
    assert_eq!(
        (
            &captured["outcome"],
            &captured["receipt_id"],
            &captured["lead"]["captured_at"]
        ),
        (&json!("created"), &receipt, &json!("2026-03-01T09:00:00Z"))
    );
    let stored = submission(&app, &receipt);
    assert_eq!(
        (&stored["state"], &stored["lead_id"], &stored["reason"]),
        (&json!("replayed"), &captured["lead"]["id"], &Value::Null)
    );
    assert_eq!(app.leads("").len(), 1);
    let events = app.events(1);
    assert_eq!(
        (&events[0]["type"], &events[0]["cause"]),
        (
            &json!("lead.created"),
            &json!({"type": "submission", "id": receipt})
        )
    );
    let twice = act(&app, &receipt, "replay");
    assert_eq!(
        (twice.status, &twice.json()["code"]),
        (409, &json!("submission_state"))
    );
    assert_eq!(act(&app, &receipt, "discard").status, 409);
    assert_eq!(app.events(1).len(), 1);
    assert_eq!(
        list(
            &app,
            &format!("lead_id={}", captured["lead"]["id"].as_str().unwrap())
        ),
        [receipt]
    );
}

#[test]
fn a_replay_meets_a_person_who_came_meanwhile() {
    let app = broken();
    let kept = app.post(
        "/v1/capture",
        json!({"email": "b@example.com", "last_name": "Boom", "city": "Ulm"}),
    );
    let lead = app.capture(json!({"email": "b@example.com"}));
    app.database().by_hand(MENDED);
    let replayed = act(&app, &kept.json()["receipt_id"], "replay").json();
    assert_eq!(
        (
            &replayed["outcome"],
            &replayed["lead"]["id"],
            &replayed["lead"]["city"]
        ),
        (&json!("matched"), &lead["lead"]["id"], &json!("Ulm"))
    );
}

#[test]
fn every_door_is_kept_and_replayed() {
    let app = broken();
    let key = app.form(|form: &mut Form| form.default_country = Some("DE".into()));
    let lead = app.post(
        "/v1/leads",
        json!({"email": "l@example.com", "last_name": "Boom"}),
    );
    assert_eq!(lead.status, 202);
    let form = app.stranger().send(
        "POST",
        &format!("/f/{key}"),
        "application/x-www-form-urlencoded",
        b"nachname=Boom&telefon=030+901820",
    );
    assert_eq!(
        (form.status, form.json()),
        (200, json!({"status": "received"}))
    );
    let waiting = list(&app, "state=quarantined");
    assert_eq!(waiting.len(), 2);
    app.database().by_hand(MENDED);
    let mut phones = Vec::new();
    for receipt in waiting {
        let replayed = act(&app, &receipt, "replay");
        assert_eq!(replayed.status, 200, "{}", replayed.text());
        phones.push(replayed.json()["lead"]["phone"].clone());
    }
    assert_eq!(phones, [json!("+4930901820"), Value::Null]);
}

#[test]
fn a_submission_that_somebody_has_seen_can_be_discarded() {
    let app = broken();
    let kept = app.post(
        "/v1/capture",
        json!({"email": "b@example.com", "last_name": "Boom"}),
    );
    let receipt = kept.json()["receipt_id"].clone();
    let discarded = act(&app, &receipt, "discard");
    assert_eq!(
        (discarded.status, &discarded.json()["state"]),
        (200, &json!("discarded"))
    );
    assert!(discarded.json()["body"].as_str().unwrap().contains("Boom"));
    for verb in ["discard", "replay"] {
        assert_eq!(act(&app, &receipt, verb).status, 409, "{verb}");
    }
    assert_eq!(list(&app, "state=quarantined").len(), 0);
    assert_eq!(list(&app, "state=discarded"), [receipt]);
}

#[test]
fn what_was_processed_can_neither_be_replayed_nor_discarded() {
    let app = TestApp::start();
    let receipt = app.capture(json!({"email": "a@example.com"}))["receipt_id"].clone();
    for verb in ["replay", "discard"] {
        assert_eq!(act(&app, &receipt, verb).status, 409);
    }
    assert_eq!(
        app.get("/v1/submissions?state=lost").errors()[0].0,
        "?state"
    );
}

#[test]
fn p7_a_quarantined_capture_sent_again_is_answered_again() {
    let app = broken();
    let client = app.client().with("Idempotency-Key", "k");
    let body = json!({"email": "b@example.com", "last_name": "Boom"});
    let first = client.post("/v1/capture", &body);
    let again = client.post("/v1/capture", &body);
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
    let other = client.post("/v1/capture", &json!({"email": "c@example.com"}));
    assert_eq!(
        (other.status, &other.json()["code"]),
        (422, &json!("idempotency_key_reused"))
    );
    assert_eq!(list(&app, "").len(), 1);
}

#[test]
fn p7_twins_that_cannot_be_processed_are_kept_once() {
    let app = broken();
    for round in 0..5 {
        let answers: Vec<(u16, Vec<u8>)> = std::thread::scope(|scope| {
            let twins: Vec<_> = (0..12)
                .map(|_| {
                    let client = app
                        .client()
                        .with("Idempotency-Key", &format!("twin-{round}"));
                    scope.spawn(move || {
                        let body = json!({"email": "b@example.com", "last_name": "Boom"});
                        let reply = client.post("/v1/capture", &body);
                        (reply.status, reply.body)
                    })
                })
                .collect();
            twins.into_iter().map(|twin| twin.join().unwrap()).collect()
        });
        assert!(
            answers
                .iter()
                .all(|answer| *answer == answers[0] && answer.0 == 202),
            "{answers:?}"
        );
        assert_eq!(list(&app, "state=quarantined").len(), round + 1);
    }
}

#[test]
fn p1_a_body_is_kept_byte_for_byte() {
    let app = TestApp::start();
    let raw = "\u{feff}{\"email\": \"A@example.com\",   \"message\":\"a\\r\\nb\\u0000\",\"custom\":{\"big\":12345678901234567890123}}\n".as_bytes();
    let captured = app
        .client()
        .send("POST", "/v1/capture", "application/json", raw);
    assert_eq!(captured.status, 201, "{}", captured.text());
    assert_eq!(captured.json()["lead"]["message"], "a\nb");
    let stored = submission(&app, &captured.json()["receipt_id"]);
    let bytes = stored["body"].as_str().unwrap().as_bytes();
    assert!(
        raw.ends_with(bytes) && raw.len() - bytes.len() <= 3,
        "{stored}"
    );
    let key = app.form(|_| {});
    let latin = b"email=b%40example.com&message=\xfc";
    app.stranger().send(
        "POST",
        &format!("/f/{key}"),
        "application/x-www-form-urlencoded",
        latin,
    );
    let newest = app.get("/v1/submissions?limit=1").json()["data"][0].clone();
    let first = app.database().texts(&format!(
        "SELECT encode(body, 'hex') FROM submissions WHERE id = '{}'",
        newest["id"].as_str().unwrap()
    ));
    let hex: String = latin.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(first, [hex]);
    assert!(newest["body"].is_null() && newest["body_base64"].is_string());
}
