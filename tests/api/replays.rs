//! Deciding again from the record gives what was decided, whatever has changed since.

use crate::support::TestApp;
use crate::support::fields::define;
use serde_json::{Value, json};

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn activate(app: &TestApp, rule: Value) -> String {
    let draft = app.post("/v1/rules", rule);
    assert_eq!(draft.status, 201, "{}", draft.text());
    let id = text(&draft.json()["id"]).to_owned();
    let active = app.post(&format!("/v1/rules/{id}/activate"), json!({}));
    assert_eq!(active.status, 200, "{}", active.text());
    id
}

fn done(reply: &crate::support::http::Reply) {
    assert!(
        (200..300).contains(&reply.status),
        "{} {}",
        reply.status,
        reply.text()
    );
}

/// The documents of one phase: what every phase has, and what is of this one.
fn decide_by(app: &TestApp, phase: usize, reps: &[String]) {
    let hours = json!([{"from": "09:00", "to": "17:00"}]);
    let zone = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"][phase];
    activate(
        app,
        json!({"kind": "calendar", "key": "office", "document": {"zone": zone, "hours": {
        "monday": hours, "tuesday": hours, "wednesday": hours, "thursday": hours, "friday": hours}}}),
    );
    let member = |index: usize| {
        let skills = [["crm"], ["erp"], ["crm"], ["erp"], ["crm"]][index];
        let countries = [["DE", "FR"], ["US", "DE"], ["FR", "US"]][(index + phase) % 3];
        json!({"user_id": reps[index], "weight": index + 1, "skills": skills, "calendar": "office", "daily_cap": 30 + phase,
            "territories": countries.map(|country| json!({"country": country}))})
    };
    let members: Vec<Value> = (0..reps.len()).map(member).collect();
    activate(
        app,
        json!({"kind": "pool", "key": "field", "document": {"name": "Field", "strategy": (["weighted", "least_loaded", "round_robin", "weighted"][phase]),
        "needs": {"territory": true}, "when_all_off_shift": (["next_on_shift", "ignore_shift", "fallback", "ignore_shift"][phase]), "members": members}}),
    );
    let when = json!({"all": [{"field": "country", "op": "is_set"}, {"field": "custom.tier", "op": "gte", "value": phase}]});
    let visited = json!({"activity": "page_view", "count": {"gte": 1}, "within": "14d"});
    activate(
        app,
        json!({"kind": "routing_policy", "document": {"rules": [
        {"key": "hot", "name": "Hot", "when": {"field": "verdict", "op": "in", "value": ["mql", "sql"]}, "to": [{"user": reps[phase]}]},
        {"key": "seen", "name": "Seen", "when": visited, "to": [{"pool": "field"}]},
        {"key": "field", "name": "Field", "when": when, "to": [{"pool": "field"}]}],
        "fallback": [{"pool": "everyone"}, {"queue": "unassigned"}]}}),
    );
    activate(
        app,
        json!({"kind": "sla_policy", "document": {"clocks": [
        {"key": "owned", "kind": "first_response", "name": "Owned", "within_minutes": 10 + phase, "calendar": "office", "zone": "lead",
         "when": {"field": "owner_id", "op": "is_set"}, "escalations": [{"at_percent": 50, "actions": [{"do": "notify", "to": "owner"}]}]},
        {"key": "any", "kind": "first_response", "name": "Any", "within_minutes": 60},
        {"key": "bant", "kind": "qualify", "name": "BANT", "within_minutes": 120, "when": {"field": "city", "op": "is_set"}},
        {"key": "again", "kind": "next_touch", "name": "Again", "within_minutes": 1440,
         "when": {"activity": "call", "where": {"field": "outcome", "op": "eq", "value": "voicemail"}, "count": {"gte": 1}, "within": "30d"}}]}}),
    );
}

#[test]
fn p4_a_thousand_decisions_are_made_again_and_are_the_same() {
    let app = TestApp::start_deciding();
    let mut reps: Vec<String> = (0..5).map(|_| app.user("rep").id).collect();
    reps.sort();
    define(&app, json!({"key": "tier", "type": "integer"}));
    let mut leads: Vec<String> = Vec::new();
    for phase in 0..4 {
        if phase > 0 {
            decide_by(&app, phase, &reps);
        }
        for number in 0..60 {
            let country = [json!("DE"), json!("US"), json!("FR"), Value::Null][number % 4].clone();
            let mut person = json!({"email": format!("p{phase}n{number}@example.com"), "country": country, "custom": {"tier": number % 5},
                "timezone": (["Asia/Tokyo", "Europe/Paris"][number % 2]), "title": (["CEO", "Intern"][number % 2])});
            if number % 3 == 0 {
                person["answers"] = json!({"need": "a CRM", "budget": format!("{number}k EUR")});
            }
            if number % 5 == 0 {
                person["city"] = json!("Ulm");
            }
            let captured = app.capture(person.clone());
            leads.push(text(&captured["lead"]["id"]).to_owned());
            if number % 4 == 1 {
                app.capture(json!({"email": person["email"], "answers": {"timing": "this month", "authority": "decision maker"}}));
            }
        }
        // What comes in together decides together.
        let twins: Vec<Value> = (0..20)
            .map(|number| json!({"email": format!("b{phase}n{}@example.com", number / 2), "country": "DE", "custom": {"tier": 4},
                "answers": {"need": format!("need {number}")}}))
            .collect();
        let batch = app.post("/v1/capture/batch", json!({"items": twins}));
        for result in batch.json()["results"].as_array().unwrap() {
            leads.push(text(&result["answer"]["lead"]["id"]).to_owned());
        }
        for (number, id) in leads.iter().enumerate().skip(phase * 80).take(60) {
            let path = format!("/v1/leads/{id}/activities");
            if number % 3 == 0 {
                done(&app.post(&path, json!({"type": "page_view"})));
            }
            if number % 2 == 0 {
                let call = json!({"type": "call", "direction": "outbound", "outcome": "voicemail"});
                let call = app.post(&path, call);
                done(&call);
                let of_call = format!("/v1/activities/{}", text(&call.json()["id"]));
                match number % 8 {
                    0 => done(&app.patch(&of_call, json!({"outcome": "connected"}))),
                    2 => done(&app.delete(&of_call)),
                    _ => {}
                }
            }
            if number % 6 == 1 {
                let said = json!({"answers": {"budget": "90k EUR"}, "source": "call"});
                done(&app.post(&format!("/v1/leads/{id}/qualification"), said));
            }
        }
    }
    // Everything that was decided by is different by now.
    for (number, id) in leads.iter().enumerate() {
        let path = format!("/v1/leads/{id}");
        let change = json!({"country": "US", "city": "Bonn", "timezone": "UTC", "custom": {"tier": 0}, "title": "Buyer"});
        done(&app.patch(&path, change));
        if number % 3 == 0 {
            let to = json!({"owner_id": reps[number % 5], "team_id": null});
            done(&app.post(&format!("{path}/assignment"), to));
        }
        if number % 4 == 0 {
            let lost = json!({"stage": "disqualified", "disqualify_reason": "spam"});
            done(&app.post(&format!("{path}/stage"), lost));
        }
    }
    done(&app.patch(
        "/v1/workspace",
        json!({"settings": {"timezone": "Pacific/Auckland"}}),
    ));
    done(&app.delete(&format!("/v1/users/{}", reps[0])));

    let ids = app.database().texts("SELECT id FROM decisions ORDER BY id");
    assert!(ids.len() >= 600, "{}", ids.len());
    let client = app.client();
    let mut kinds = [0; 4];
    for id in &ids {
        let reply = client.send("POST", &format!("/v1/decisions/{id}/replay"), "", b"");
        assert_eq!(reply.status, 200, "{}", reply.text());
        let replayed = reply.json();
        assert_eq!(
            (&replayed["same"], &replayed["differences"]),
            (&json!(true), &json!([])),
            "{replayed:#}"
        );
        assert_eq!(replayed["recorded"], replayed["replayed"]);
        let all = ["routing", "clocks", "qualification", "score"];
        let kind = all
            .iter()
            .position(|kind| replayed["recorded"]["kind"] == *kind);
        kinds[kind.unwrap()] += 1;
    }
    println!("replayed {} decisions: {kinds:?}", ids.len());
    assert!(kinds.iter().all(|count| *count >= 100), "{kinds:?}");
}

#[test]
fn a_record_that_was_changed_is_told_by_its_places() {
    let app = TestApp::start_deciding();
    app.user("rep");
    let captured = app.capture(json!({"email": "a@example.com"}));
    let id = text(&captured["assignment"]["decision_id"]);
    let path = format!("/v1/decisions/{id}/replay");
    let replay = || app.client().send("POST", &path, "", b"");
    assert_eq!(replay().json()["same"], true);
    app.database().by_hand(&format!(
        "UPDATE decisions SET result = jsonb_set(result::jsonb, '{{to}}', '{{\"queue\": \"elsewhere\"}}') WHERE id = '{id}'"
    ));
    let replayed = replay().json();
    assert_eq!(replayed["same"], false);
    let differences = replayed["differences"].as_array().unwrap();
    assert_eq!(differences[0]["path"], "/result/to/queue", "{replayed:#}");
    assert_eq!(
        (&differences[0]["recorded"], &differences[0]["replayed"]),
        (&json!("elsewhere"), &Value::Null)
    );
    app.database().by_hand(&format!(
        "UPDATE decisions SET basis = NULL WHERE id = '{id}'"
    ));
    let refused = replay();
    assert_eq!(
        (refused.status, refused.json()["code"].clone()),
        (409, json!("decision_not_replayable"))
    );
}

#[test]
fn a_decision_about_a_lead_that_was_merged_since_is_made_again_once_it_is_two_again() {
    let app = TestApp::start_deciding();
    app.user("rep");
    let [one, other] = ["a@example.com", "b@example.com"].map(|email| {
        let captured = app.capture(json!({"email": email, "answers": {"need": "a CRM"}}));
        captured["lead"]["id"].clone()
    });
    let decisions = app.database().texts("SELECT id FROM decisions ORDER BY id");
    let replays = |wanted: &Value| {
        for id in &decisions {
            let path = format!("/v1/decisions/{id}/replay");
            let reply = app.client().send("POST", &path, "", b"");
            let told = reply.json();
            let found = match reply.status {
                200 => &told["same"],
                _ => &told["code"],
            };
            assert_eq!(found, wanted, "{told:#}");
        }
    };
    replays(&json!(true));
    let merge = format!("/v1/leads/{}/merge", text(&one));
    let merged = app.post(&merge, json!({"with": [other]}));
    assert_eq!(merged.status, 200, "{}", merged.text());
    replays(&json!("decision_not_replayable"));
    let merge_id = app.database().texts("SELECT id FROM merges").remove(0);
    let undone = app.post(&format!("/v1/merges/{merge_id}/undo"), json!({}));
    assert_eq!(undone.status, 200, "{}", undone.text());
    replays(&json!(true));
}
