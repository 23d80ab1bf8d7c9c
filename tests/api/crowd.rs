//! Many hands on few people: nobody is doubled, nothing fails, and the feed tells what happened.

use crate::support::TestApp;
use serde_json::{Value, json};
use std::collections::HashMap;

#[test]
fn p2_one_external_id_put_from_many_connections_is_one_lead() {
    let app = TestApp::start();
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let puts: Vec<_> = (0..40)
            .map(|number| {
                let client = app.client();
                scope.spawn(move || {
                    let body =
                        json!({"email": "ada@example.com", "city": format!("c{}", number % 4)});
                    let body = body.to_string();
                    let reply = client.send(
                        "PUT",
                        "/v1/leads/by/crm/1",
                        "application/json",
                        body.as_bytes(),
                    );
                    (reply.status, reply.json()["lead"]["id"].to_string())
                })
            })
            .collect();
        puts.into_iter().map(|put| put.join().unwrap()).collect()
    });
    assert_eq!(
        answers.iter().filter(|answer| answer.0 == 201).count(),
        1,
        "{answers:?}"
    );
    assert!(
        answers
            .iter()
            .all(|answer| answer.0 < 300 && answer.1 == answers[0].1),
        "{answers:?}"
    );
    assert_eq!(app.leads("").len(), 1);
}

#[test]
fn of_many_patches_of_one_version_one_counts() {
    let app = TestApp::start();
    let captured = app.capture(json!({"email": "ada@example.com"}));
    let path = format!("/v1/leads/{}", captured["lead"]["id"].as_str().unwrap());
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let patches: Vec<_> = (0..20)
            .map(|number| {
                let (client, path) = (app.client().with("If-Match", "\"1\""), &path);
                scope.spawn(move || {
                    let body = json!({"city": format!("c{number}")}).to_string();
                    client
                        .send("PATCH", path, "application/json", body.as_bytes())
                        .status
                })
            })
            .collect();
        patches
            .into_iter()
            .map(|patch| patch.join().unwrap())
            .collect()
    });
    let count = |status: u16| statuses.iter().filter(|given| **given == status).count();
    assert_eq!((count(200), count(412)), (1, 19), "{statuses:?}");
    assert_eq!(app.get(&path).json()["version"], 2);
}

#[test]
fn p2_whatever_happens_at_once_nothing_fails_and_nobody_is_doubled() {
    let app = TestApp::start();
    let ids: Vec<String> = (0..6)
        .map(|person| {
            let captured = app.capture(json!({"email": format!("p{person}@example.com")}));
            captured["lead"]["id"].as_str().unwrap().to_owned()
        })
        .collect();
    std::thread::scope(|scope| {
        for hand in 0..10_usize {
            let (client, ids) = (app.client(), &ids);
            scope.spawn(move || {
                for round in 0..40_usize {
                    let person = (hand * 7 + round * 5) % 6;
                    let (path, other) = (format!("/v1/leads/{}", ids[person]), (person + 1) % 6);
                    let both = json!({"items": [
                        {"email": format!("p{other}@example.com"), "phone": format!("+141555501{person}0"), "external_ids": {"crm": format!("{other}")}},
                        {"email": format!("p{person}@example.com"), "phone": format!("+141555501{other}0"), "external_ids": {"crm": format!("{person}")}, "title": format!("t{round}")}
                    ]});
                    let (method, path, body) = match (hand + round) % 7 {
                        0 | 1 => ("POST", "/v1/capture/batch".to_owned(), both),
                        2 => ("PATCH", path, json!({"email": format!("p{other}@example.com"), "phone": format!("+141555501{other}0")})),
                        3 => ("PATCH", path, json!({"phone": if round % 2 == 0 { Value::Null } else { json!(format!("+141555501{person}0")) }})),
                        4 => ("PUT", format!("/v1/leads/by/crm/{other}"), json!({"email": format!("p{other}@example.com"), "title": format!("u{round}")})),
                        5 if round % 3 == 0 => ("DELETE", path, Value::Null),
                        _ => ("POST", "/v1/capture".to_owned(), json!({"email": format!("P{person}@example.com"), "phone": format!("+141555501{person}0"), "title": format!("v{round}")})),
                    };
                    let reply = client.send(method, &path, "application/json", body.to_string().as_bytes());
                    assert!(matches!(reply.status, 200 | 201 | 204 | 404 | 409), "{method} {path} {body}: {}", reply.text());
                    if path == "/v1/capture/batch" {
                        let results = reply.json()["results"].clone();
                        let fine = |result: &Value| matches!(result["status"].as_u64(), Some(200 | 201));
                        assert!(results.as_array().unwrap().iter().all(fine), "{results}");
                    }
                }
            });
        }
    });
    let database = app.database();
    let nobody = "SELECT count(*) FROM lead_identities i WHERE NOT EXISTS (SELECT FROM leads l WHERE l.workspace_id = i.workspace_id AND l.id = i.lead_id)";
    assert_eq!(database.number(nobody), 0, "an identity of no lead");
    let doubled = "SELECT count(*) FROM (SELECT email FROM leads WHERE email IS NOT NULL GROUP BY email HAVING count(*) > 1) d";
    assert_eq!(database.number(doubled), 0, "two leads with one address");
    while database.number("SELECT count(*) FROM outbox") > 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let mut versions: HashMap<String, i64> = HashMap::new();
    for event in app.all_events() {
        let version = event["version"].as_i64().unwrap();
        let before = versions
            .insert(event["lead_id"].to_string(), version)
            .unwrap_or(0);
        assert!(
            version == before || version == before + 1,
            "a version is missing or out of order: {before}, then {event}"
        );
    }
    for lead in app.leads("is_test=any") {
        assert_eq!(versions[&lead["id"].to_string()], lead["version"]);
    }
}
