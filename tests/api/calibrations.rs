//! Weights estimated from a workspace's own leads.

use crate::support::TestApp;
use serde_json::{Value, json};

/// Made-up words, each another one.
fn word(number: usize) -> String {
    const PARTS: [&str; 12] = [
        "ba", "ke", "li", "mo", "nu", "ra", "si", "to", "vu", "wa", "ze", "fo",
    ];
    let digits = [
        number % 12,
        number / 12 % 12,
        number / 144 % 12,
        (number * 7 + 3) % 12,
    ];
    digits.into_iter().map(|digit| PARTS[digit]).collect()
}

fn record(person: usize, visit: usize, city: String) -> Value {
    json!({
        "first_name": word(person * 5 + 11), "last_name": word(person * 17 + 301), "city": city,
        "email": format!("{}@example.com", word(person * 31 + visit * 977 + 40)),
    })
}

/// A workspace in which people come twice, mostly from another city than before.
fn moving_people() -> TestApp {
    let app = TestApp::start();
    let of_person = |person| {
        let home = word(person % 12);
        let next = if person % 5 == 0 {
            home.clone()
        } else {
            word(person % 12 + 700)
        };
        [record(person, 0, home), record(person, 1, next)]
    };
    let items: Vec<Value> = (0..120).flat_map(of_person).collect();
    let reply = app.post("/v1/capture/batch", json!({"items": items}));
    assert_eq!(reply.json()["counts"]["created"], 240, "{}", reply.text());
    app
}

/// How probable it is that somebody who is known but for the city is who they are.
fn probability_after_a_move(app: &TestApp) -> f64 {
    let mut body = record(7, 5, word(1234));
    body["dry_run"] = json!(true);
    let answer = app.capture(body);
    let first = &answer["possible_duplicates"][0];
    first["probability"].as_f64().unwrap_or_default()
}

#[test]
fn a_calibration_is_a_draft_until_it_is_activated_and_can_be_taken_back() {
    let app = moving_people();
    let before = probability_after_a_move(&app);
    let made = app.post("/v1/dedupe/calibrations", json!(null));
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    assert_eq!(
        (&made["number"], &made["state"]),
        (&json!(1), &json!("draft"))
    );
    let report = &made["report"];
    assert_eq!(report["leads"], 240);
    assert!(
        (190.0..=260.0).contains(&report["same"].as_f64().unwrap()),
        "{report}"
    );
    assert!(report["possible"]["after"].as_u64() >= report["possible"]["before"].as_u64());
    let city = report["fields"].as_array().unwrap().iter();
    let city = city.clone().find(|one| one["field"] == "city").unwrap();
    let moved = city["m"][0].as_f64().unwrap();
    assert!((0.6..0.85).contains(&moved), "{city}");
    assert!(city["bits"][0].as_f64() > city["bits_before"][0].as_f64());
    assert_eq!(probability_after_a_move(&app), before);

    let path = format!("/v1/dedupe/calibrations/{}", made["id"].as_str().unwrap());
    let active = app.post(&format!("{path}/activate"), json!(null));
    assert_eq!(active.status, 200, "{}", active.text());
    assert_eq!(active.json()["state"], "active");
    let after = probability_after_a_move(&app);
    assert!(after > before, "{before} {after}");
    let again = app.post(&format!("{path}/activate"), json!(null));
    assert_eq!(again.json(), active.json());

    let second = app.post("/v1/dedupe/calibrations", json!(null)).json();
    assert_eq!(second["number"], 2);
    let second_path = format!("/v1/dedupe/calibrations/{}", second["id"].as_str().unwrap());
    let refused = app.post(&format!("{second_path}/retire"), json!(null));
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &json!("calibration_not_active"))
    );
    assert_eq!(
        app.post(&format!("{second_path}/activate"), json!(null))
            .status,
        200
    );
    let listed = app.get("/v1/dedupe/calibrations?limit=1").json();
    assert_eq!(
        (&listed["data"][0]["number"], &listed["data"][0]["state"]),
        (&json!(2), &json!("active"))
    );
    let cursor = listed["next_cursor"].as_str().unwrap();
    let listed = app
        .get(&format!("/v1/dedupe/calibrations?limit=1&cursor={cursor}"))
        .json();
    assert_eq!(
        (&listed["data"][0]["number"], &listed["data"][0]["state"]),
        (&json!(1), &json!("retired"))
    );
    assert!(listed["next_cursor"].is_null());

    assert_eq!(
        app.post(&format!("{second_path}/retire"), json!(null))
            .json()["state"],
        "retired"
    );
    assert_eq!(probability_after_a_move(&app), before);
    assert_eq!(app.get(&path).json()["state"], "retired");
}

#[test]
fn too_few_leads_teach_nothing() {
    let app = TestApp::start();
    app.capture(record(1, 1, word(1)));
    let refused = app.post("/v1/dedupe/calibrations", json!(null));
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &json!("too_few_leads"))
    );
    assert_eq!(app.get("/v1/dedupe/calibrations").json()["data"], json!([]));
}
