//! The history of a lead, and the lead as it was.

use crate::support::TestApp;
use crate::support::http::Client;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

/// Chance that repeats: xorshift64* (Vigna 2016).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }
}

fn as_of(client: &Client, id: &str, at: &str) -> Value {
    let reply = client.get(&format!("/v1/leads/{id}?as_of={at}"));
    assert_eq!(reply.status, 200, "{at}: {}", reply.text());
    assert_eq!(
        reply.header("ETag").unwrap(),
        format!("\"{}\"", reply.json()["version"])
    );
    reply.json()
}

/// The lead as it is, also a deleted one.
fn present(client: &Client, id: &str) -> Value {
    as_of(client, id, "2999-01-01T00:00:00Z")
}

/// Something that somebody says of the lead, by chance.
fn said(chance: &mut Chance) -> Value {
    let mut said = json!({"email": "ada@example.com"});
    for _ in 0..=chance.below(4) {
        let values = [
            ("city", json!(format!("c{}", chance.below(5)))),
            ("message", json!(format!("m{}", chance.below(5)))),
            (
                "phone",
                json!(format!(
                    "+1415555013{} ext. {}",
                    chance.below(3),
                    chance.below(3)
                )),
            ),
            (
                "website",
                json!(format!("https://www.w{}.example", chance.below(3))),
            ),
            ("employee_count", json!(chance.below(9))),
            ("tags", json!([format!("t{}", chance.below(4)), "all"])),
            (
                "custom",
                json!({"n": chance.below(3), "a.b": {"c": [1, null]}, "none": null}),
            ),
            ("source", json!(format!("s{}", chance.below(3)))),
        ];
        let (name, value) = chance.pick(&values);
        said[name] = value;
    }
    said
}

/// One more thing that happens to the lead, by chance.
fn one_more(client: &Client, id: &str, chance: &mut Chance) {
    let path = format!("/v1/leads/{id}");
    let patch = |body: Value| {
        client
            .send(
                "PATCH",
                &path,
                "application/merge-patch+json",
                body.to_string().as_bytes(),
            )
            .status
    };
    let put = |path: &str, body: Value| {
        client
            .send("PUT", path, "application/json", body.to_string().as_bytes())
            .status
    };
    let status = match chance.below(15) {
        0..3 => {
            let mut capture = said(chance);
            capture["page_url"] = json!(format!(
                "https://x.example/?utm_source=u{}",
                chance.below(3)
            ));
            capture["test"] = json!(chance.below(2) == 0);
            if chance.below(2) == 0 {
                capture["submitted_at"] =
                    json!(Utc::now() - Duration::days(chance.below(3) as i64));
            }
            capture["consents"] = json!([{"channel": "email", "granted": chance.below(2) == 0}]);
            client.post("/v1/capture", &capture).status
        }
        3 => {
            let items = json!({"items": [said(chance), said(chance)]});
            client.post("/v1/capture/batch", &items).status
        }
        4 | 5 => {
            let mut change = said(chance);
            if chance.below(2) == 0 {
                change =
                    json!({"phone": null, "website": null, "tags": null, "custom": {"n": null}});
            }
            if chance.below(4) == 0 {
                change = json!({"custom": null, "source": null, "message": null});
            }
            patch(change)
        }
        6 => client.send("DELETE", &path, "", b"").status,
        7 => client.post(&format!("{path}/restore"), &Value::Null).status,
        8 => {
            let at = Utc::now() - Duration::hours(chance.below(3) as i64);
            let attribution = [json!({}), json!({"gclid": chance.below(3).to_string()})];
            let activity = json!({"type": "call", "occurred_at": at, "attribution": chance.pick(&attribution)});
            client.post(&format!("{path}/activities"), &activity).status
        }
        9 => {
            let found = client.get(&format!("{path}/activities?types=call&limit=1"));
            match found.json()["data"][0]["id"].as_str() {
                Some(latest) => {
                    client
                        .send("DELETE", &format!("/v1/activities/{latest}"), "", b"")
                        .status
                }
                None => found.status,
            }
        }
        10 => {
            client
                .post(&format!("{path}/notes"), &json!({"body": "x"}))
                .status
        }
        11 | 12 => {
            let stages = [
                json!({"stage": "mql"}),
                json!({"stage": "new", "note": "back"}),
                json!({"stage": "disqualified", "disqualify_reason": "other", "revisit_at": Utc::now()}),
                json!({"stage": "disqualified", "disqualify_reason": "spam"}),
            ];
            client
                .post(&format!("{path}/stage"), &chance.pick(&stages))
                .status
        }
        13 => put("/v1/leads/by/crm/1", said(chance)),
        _ => {
            let users = client.get("/v1/users?role=rep&limit=1").json();
            let owner = chance.pick(&[Value::Null, users["data"][0]["id"].clone()]);
            client
                .post(
                    &format!("{path}/assignment"),
                    &json!({"owner_id": owner, "reason": "r"}),
                )
                .status
        }
    };
    assert!(matches!(status, 200 | 201 | 204 | 404 | 409), "{status}");
}

#[test]
fn p4_every_state_a_lead_was_in_can_be_read_again() {
    for seed in 1..=4 {
        let app = TestApp::start();
        let (client, mut chance) = (app.client(), Chance(seed));
        let first = app.capture(said(&mut chance));
        let id = first["lead"]["id"].as_str().unwrap().to_owned();
        let mut states = vec![present(&client, &id)];
        for _ in 0..60 {
            one_more(&client, &id, &mut chance);
            let state = present(&client, &id);
            if state["version"] != states.last().unwrap()["version"] {
                states.push(state);
            }
        }
        assert!(states.len() > 25, "only {} states", states.len());
        for mut state in states.clone() {
            let at = state["updated_at"].as_str().unwrap().to_owned();
            if state["version"] == 1 {
                state["updated_at"] = state["created_at"].clone();
            }
            let read = as_of(&client, &id, &at);
            assert_eq!(read, state, "seed {seed}, version {}", state["version"]);
        }
        // Just before a change, everything is as it was after the one before.
        for pair in states.windows(2) {
            let at: DateTime<Utc> = pair[1]["updated_at"].as_str().unwrap().parse().unwrap();
            let before = (at - Duration::milliseconds(20))
                .max(pair[0]["updated_at"].as_str().unwrap().parse().unwrap());
            let read = as_of(
                &client,
                &id,
                &before.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            );
            assert!(
                read["version"].as_i64() >= pair[0]["version"].as_i64()
                    && read["version"].as_i64() < pair[1]["version"].as_i64(),
                "{read}"
            );
        }
    }
}

fn history(app: &TestApp, id: &str, query: &str) -> Vec<Value> {
    let reply = app.get(&format!("/v1/leads/{id}/history?limit=500&{query}"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["data"].as_array().unwrap().clone()
}

fn types(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .collect()
}

/// A lead that came, came again, was changed by a sync, given to somebody and deleted.
fn a_life(app: &TestApp) -> String {
    let first = app.client().with("Baton-Origin", "shop").post(
        "/v1/capture",
        &json!({"email": "ada@example.com", "city": "Ulm", "custom": {"plan": "free"}, "tags": ["a"]}),
    );
    let id = first.json()["lead"]["id"].as_str().unwrap().to_owned();
    app.capture(json!({"email": "ada@example.com", "title": "Botanist", "page_url": "https://x.example/?gclid=7"}));
    let patch = json!({"city": "Bonn", "custom": {"plan": "pro"}}).to_string();
    app.client().with("Baton-Origin", "hubspot").send(
        "PATCH",
        &format!("/v1/leads/{id}"),
        "application/json",
        patch.as_bytes(),
    );
    app.post(
        &format!("/v1/leads/{id}/assignment"),
        json!({"owner_id": app.invited_rep(), "reason": "speaks Dutch"}),
    );
    app.delete(&format!("/v1/leads/{id}"));
    id
}

#[test]
fn the_history_tells_what_changed_who_did_it_and_why() {
    let app = TestApp::start();
    let id = a_life(&app);
    let entries = history(&app, &id, "");
    assert_eq!(
        types(&entries),
        [
            "lead.deleted",
            "lead.assigned",
            "lead.updated",
            "lead.touched",
            "lead.updated",
            "lead.created"
        ]
    );
    let published = app.events(6);
    for (entry, event) in entries.iter().rev().zip(&published) {
        let names = ["type", "version", "actor", "cause", "origin"];
        for name in names {
            assert_eq!(entry[name], event[name], "{name} of {entry}");
        }
        if entry["type"] != "lead.created" {
            for name in ["id", "occurred_at", "changes"] {
                assert_eq!(entry[name], event[name], "{name}");
            }
        }
        assert_eq!(entry["decision_id"], Value::Null);
    }
    assert_eq!(entries[1]["data"], json!({"reason": "speaks Dutch"}));
    assert_eq!(entries[2]["origin"], "hubspot");
    let created = &entries[5];
    assert_eq!(
        (created["id"].as_str(), created["origin"].as_str()),
        (Some(id.as_str()), Some("shop"))
    );
    assert_eq!(
        created["changes"],
        json!([{"path": "email", "old": null, "new": "ada@example.com"}, {"path": "city", "old": null, "new": "Ulm"},
            {"path": "custom.plan", "old": null, "new": "free"}, {"path": "tags", "old": null, "new": ["a"]},
            {"path": "channel", "old": null, "new": "api"}, {"path": "stage", "old": null, "new": "new"},
            {"path": "queue", "old": null, "new": "unassigned"}])
    );
    let touched: Vec<&Value> = entries[3]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["path"])
        .collect();
    assert_eq!(
        touched,
        ["last_activity_at", "attribution.first", "attribution.last"]
    );
}

#[test]
fn what_was_decided_names_its_decision() {
    let app = TestApp::start_deciding();
    for _ in 0..2 {
        app.user("rep");
    }
    let body = json!({"email": "ada@example.com", "answers": {"need": "replace a spreadsheet", "budget": "25k EUR"}});
    let id = app.capture(body)["lead"]["id"].as_str().unwrap().to_owned();
    let post = |path: &str, body: Value| {
        let reply = app.post(&format!("/v1/leads/{id}/{path}"), body);
        assert!(reply.status < 300, "{path} {}", reply.text());
    };
    app.capture(json!({"email": "ada@example.com", "answers": {"authority": "decision maker"}}));
    post(
        "qualification",
        json!({"answers": {"timing": "this month"}, "source": "call"}),
    );
    post("assignment/reject", json!({"reason": "no time"}));
    let mut told = Vec::new();
    for entry in history(&app, &id, "") {
        let kind = match entry["type"].as_str().unwrap() {
            "lead.assigned" => "routing",
            "lead.answered" | "lead.qualified" | "lead.stage_changed" => "qualification",
            "lead.threshold_reached" | "lead.threshold_lost" | "lead.grade_changed" => "score",
            _ => {
                assert_eq!(entry["decision_id"], Value::Null, "{entry}");
                continue;
            }
        };
        let id = entry["decision_id"].as_str();
        let id = id.unwrap_or_else(|| panic!("{entry}"));
        let decision = app.get(&format!("/v1/decisions/{id}")).json();
        assert_eq!(decision["finding"]["kind"], kind, "{entry}");
        told.push(kind);
    }
    assert!(told.contains(&"routing") && told.contains(&"qualification"));
}

#[test]
fn the_history_is_read_in_parts() {
    let app = TestApp::start();
    let id = a_life(&app);
    let all = history(&app, &id, "");
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app
            .get(&format!("/v1/leads/{id}/history?limit=2{cursor}"))
            .json();
        paged.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    let narrowed = |query: &str| types(&history(&app, &id, query)).join(" ");
    assert_eq!(narrowed("fields=city"), "lead.updated lead.created");
    assert_eq!(
        narrowed("fields=title,owner_id"),
        "lead.assigned lead.updated"
    );
    assert_eq!(narrowed("fields=custom"), "lead.updated lead.created");
    assert_eq!(narrowed("fields=custom.plan"), "lead.updated lead.created");
    assert_eq!(narrowed("fields=custom.other"), "");
    for known in [
        "tags",
        "consents.email",
        "attribution.last",
        "deleted_at",
        "verdict",
        "queue",
    ] {
        narrowed(&format!("fields={known}"));
    }
    let unknown = app.get(&format!("/v1/leads/{id}/history?fields=nope,compny"));
    let field = |code: &str| ("?fields".to_owned(), code.to_owned());
    assert_eq!(unknown.status, 422);
    assert_eq!(
        unknown.errors(),
        [field("unknown_field"), field("unknown_field")]
    );
    assert!(unknown.text().contains("did you mean `company`?"));
    assert_eq!(
        narrowed("types=lead.deleted,lead.created"),
        "lead.deleted lead.created"
    );
    let admin = all[0]["actor"]["id"].as_str().unwrap();
    assert_eq!(history(&app, &id, &format!("actor={admin}")).len(), 6);
    assert_eq!(narrowed(&format!("actor={}", uuid::Uuid::nil())), "");
    let moment = all[2]["occurred_at"].as_str().unwrap();
    assert_eq!(history(&app, &id, &format!("from={moment}")).len(), 3);
    assert_eq!(history(&app, &id, &format!("to={moment}")).len(), 3);
    let wrong = app.get(&format!("/v1/leads/{id}/history?types=lead.sold"));
    assert_eq!(wrong.errors(), [("?types".into(), "unknown_type".into())]);
}

#[test]
fn a_lead_is_not_there_before_it_was_made_and_deleted_while_it_was() {
    let app = TestApp::start();
    let id = a_life(&app);
    assert_eq!(app.get(&format!("/v1/leads/{id}")).status, 404);
    let early = app.get(&format!("/v1/leads/{id}?as_of=2020-01-01T00:00:00Z"));
    assert_eq!(early.status, 404);
    let now = app.get(&format!("/v1/leads/{id}?as_of=2999-01-01T00:00:00%2B01:00"));
    assert!(now.json()["deleted_at"].is_string(), "{}", now.text());
    let deleted = &history(&app, &id, "types=lead.deleted")[0];
    let at: DateTime<Utc> = deleted["occurred_at"].as_str().unwrap().parse().unwrap();
    let before =
        (at - Duration::milliseconds(1)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let before = app.get(&format!("/v1/leads/{id}?as_of={before}")).json();
    assert_eq!(
        (&before["deleted_at"], &before["city"]),
        (&Value::Null, &json!("Bonn"))
    );
    let wrong = app.get(&format!("/v1/leads/{id}?as_of=yesterday"));
    assert_eq!(wrong.status, 422);
    let nobody = app.get(&format!("/v1/leads/{}/history", uuid::Uuid::now_v7()));
    assert_eq!(nobody.status, 404);
}
