//! Clocks stand still and go on, follow their calendar, and escalate so that somebody notices.

use crate::decisions::{decide_by, events_with, list, pass, text};
use crate::support::http::Client;
use crate::support::{TestApp, wait_until};
use baton::worker::clocks;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

fn at(value: &Value) -> DateTime<Utc> {
    text(value).parse().unwrap()
}

fn of_type<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["type"] == kind)
        .collect()
}

#[test]
fn a_paused_clock_fires_nothing_and_goes_on_with_the_time_it_had_left() {
    let app = TestApp::start_deciding();
    let captured = app.capture(json!({"email": "a@example.com"}));
    let lead = &captured["lead"]["id"];
    let path = format!("/v1/clocks/{}", text(&captured["clocks"][0]["id"]));
    pass(&app, Duration::seconds(120));
    let empty = app.post(&format!("{path}/pause"), json!({"reason": "  "}));
    assert_eq!(
        (empty.status, empty.errors()[0].0.as_str()),
        (422, "/reason")
    );
    let pause = || app.post(&format!("{path}/pause"), json!({"reason": "on holiday"}));
    let paused = pause();
    assert_eq!(paused.status, 200, "{}", paused.text());
    let paused = paused.json();
    assert_eq!(
        (&paused["state"], &paused["pause_reason"]),
        (&json!("paused"), &json!("on holiday"))
    );
    let left = paused["remaining_seconds"].as_i64().unwrap();
    assert!((170..=180).contains(&left), "{left}");
    assert_eq!(
        pause().json()["paused_at"],
        paused["paused_at"],
        "paused once"
    );
    pass(&app, Duration::hours(3));
    assert_eq!(clocks::tick(&app.database().open()).unwrap(), 0);
    assert_eq!(list(&app, lead, "clocks")[0]["state"], "paused");
    let before = Utc::now();
    let resumed = app.post(
        &format!("/v1/leads/{}/clocks/resume", text(lead)),
        json!({}),
    );
    assert_eq!(resumed.status, 200, "{}", resumed.text());
    let clock = &resumed.json()["data"][0];
    assert_eq!(
        (
            &clock["state"],
            &clock["paused_at"],
            &clock["remaining_seconds"]
        ),
        (&json!("running"), &Value::Null, &Value::Null)
    );
    let due_in = (at(&clock["due_at"]) - before).num_seconds();
    assert!(
        (left - 1..=left + 10).contains(&due_in),
        "{due_in} of {left}"
    );
    let events = events_with(&app, "sla.resumed");
    let paused = of_type(&events, "sla.paused");
    assert_eq!(paused.len(), 1);
    assert_eq!(paused[0]["data"]["happened"]["reason"], "on holiday");
    let all = format!("/v1/leads/{}/clocks/pause", text(lead));
    let all = app.post(&all, json!({"reason": "waits for the other side"}));
    assert_eq!(all.json()["data"][0]["state"], "paused", "{}", all.text());
    let call = json!({"type": "call", "direction": "outbound"});
    app.post(&format!("/v1/leads/{}/activities", text(lead)), call);
    let ended = app.post(&format!("{path}/resume"), json!({}));
    assert_eq!(
        (ended.status, ended.json()["code"].clone()),
        (409, json!("clock_ended"))
    );
}

#[test]
fn a_call_that_is_noted_after_a_pause_took_the_time_until_it_was_made() {
    let app = TestApp::start_deciding();
    let captured = app.capture(json!({"email": "a@example.com"}));
    let lead = format!("/v1/leads/{}", text(&captured["lead"]["id"]));
    pass(&app, Duration::seconds(200));
    let reason = json!({"reason": "on holiday"});
    for (step, body) in [("pause", reason), ("resume", json!({}))] {
        let reply = app.post(&format!("{lead}/clocks/{step}"), body);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let made_at = Utc::now() - Duration::seconds(120);
    let call = json!({"type": "call", "direction": "outbound", "occurred_at": made_at});
    app.post(&format!("{lead}/activities"), call);
    let events = events_with(&app, "sla.met");
    let met = of_type(&events, "sla.met")[0];
    let elapsed = met["data"]["happened"]["elapsed_seconds"].as_i64().unwrap();
    assert!((80..120).contains(&elapsed), "{met}");
}

#[test]
fn somebody_sees_the_clocks_of_their_own_leads_by_due_time() {
    let app = TestApp::start_deciding();
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [
            {"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": 60},
            {"key": "verdict", "kind": "qualify", "name": "Verdict", "within_minutes": 30}]}}),
    );
    let (ann, bob) = (app.user("rep"), app.user("rep"));
    let team = app.team("DACH", &[&ann.id]);
    for number in 0..6 {
        let lead = json!({"email": format!("p{number}@example.com"), "first_name": "Pia", "last_name": format!("P{number}"), "company": "Example Ltd"});
        let captured = app.capture(lead);
        let owner = if number < 4 { &ann } else { &bob };
        let body = json!({"owner_id": owner.id});
        let path = format!("/v1/leads/{}/assignment", text(&captured["lead"]["id"]));
        let reply = app.post(&path, body);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let rows = |client: &Client, query: &str| {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/clocks?limit=3&{query}{cursor}");
            let reply = client.get(&path);
            assert_eq!(reply.status, 200, "{path} {}", reply.text());
            let page = reply.json();
            rows.extend(page["data"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break rows,
            }
        }
    };
    let admin = app.client();
    let all = rows(&admin, "state=running");
    assert_eq!(all.len(), 12);
    assert!(all.is_sorted_by_key(|row| at(&row["due_at"])));
    let own = rows(&admin, &format!("state=running&owner_id={}", ann.id));
    let of_ann: Vec<&Value> = all
        .iter()
        .filter(|row| row["lead"]["owner_id"] == *ann.id)
        .collect();
    assert_eq!(own.iter().collect::<Vec<_>>(), of_ann);
    assert_eq!(own.len(), 8);
    assert_eq!(own[0]["kind"], "qualify");
    let lead = app
        .get(&format!("/v1/leads/{}", text(&own[0]["lead_id"])))
        .json();
    for field in [
        "owner_id",
        "team_id",
        "queue",
        "first_name",
        "last_name",
        "company",
        "email",
    ] {
        assert_eq!(own[0]["lead"][field], lead[field], "{field}");
    }
    assert_eq!(
        rows(&admin, &format!("state=running&team_id={team}")).len(),
        8
    );
    let kind = format!("state=running&kind=first_response&owner_id={}", bob.id);
    assert_eq!(rows(&admin, &kind).len(), 2);
    assert_eq!(rows(&admin, "state=running&kind=qualify").len(), 6);
    let soon = (Utc::now() + Duration::minutes(40))
        .to_rfc3339()
        .replace('+', "%2B");
    assert_eq!(rows(&admin, &format!("due_before={soon}")).len(), 6);
    assert_eq!(rows(&admin, "").len(), 0, "none is breached");
    let pause = format!("/v1/clocks/{}/pause", text(&own[0]["id"]));
    app.post(&pause, json!({"reason": "on holiday"}));
    assert_eq!(rows(&admin, "state=paused")[0]["id"], own[0]["id"]);
    let ended = app.get("/v1/clocks?state=met");
    assert_eq!(
        (ended.status, ended.errors()[0].0.as_str()),
        (422, "?state")
    );
    app.let_reps_see("own");
    let bobs = bob.client(&app);
    assert_eq!(rows(&bobs, "state=running").len(), 4);
    assert!(rows(&bobs, &format!("state=running&owner_id={}", ann.id)).is_empty());
}

fn office(app: &TestApp, document: Value) -> Value {
    let rule = json!({"kind": "calendar", "key": "office", "document": document});
    decide_by(app, rule)
}

#[test]
fn open_clocks_follow_their_calendar_and_what_was_breached_stays_breached() {
    const LEADS: usize = 450;
    let app = TestApp::start_deciding();
    office(&app, json!({"always": true}));
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [
        {"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": 30, "calendar": "office"}]}}),
    );
    let late = app.capture(json!({"email": "late@example.com"}))["lead"]["id"].clone();
    pass(&app, Duration::minutes(31));
    wait_until("the clock is breached", || {
        list(&app, &late, "clocks")[0]["state"] == "breached"
    });
    let breached = list(&app, &late, "clocks")[0].clone();
    let held = app.capture(json!({"email": "held@example.com"}))["lead"]["id"].clone();
    let pause = format!("/v1/leads/{}/clocks/pause", text(&held));
    app.post(&pause, json!({"reason": "on holiday"}));
    let items: Vec<Value> = (0..LEADS)
        .map(|number| json!({"email": format!("p{number}@example.com")}))
        .collect();
    let batch = app.post("/v1/capture/batch", json!({"items": items}));
    assert_eq!(batch.status, 200, "{}", batch.text());
    // A day that is not today, whenever the test runs.
    let day = Utc::now() + Duration::days(3);
    let mut hours = json!({});
    hours[day.format("%A").to_string().to_lowercase()] = json!([{"from": "09:00", "to": "10:00"}]);
    office(&app, json!({"zone": "Europe/Berlin", "hours": hours}));
    let stale = "SELECT count(*) FROM sla_clocks WHERE calendar_version = 1";
    wait_until("every clock counts by the new calendar", || {
        app.database().number(stale) == 0
    });
    wait_until("it is told", || {
        let sent = "SELECT count(*) FROM outbox";
        app.database().number(sent) == 0
    });
    let events = app.all_events();
    let told = of_type(&events, "sla.recomputed");
    assert_eq!(told.len(), LEADS + 2, "each once");
    for event in told {
        let happened = &event["data"]["happened"];
        let clock = &event["data"]["clock_id"];
        assert_eq!(
            (
                &happened["old_calendar"]["version"],
                &happened["new_calendar"]["version"],
                &happened["new_calendar"]["zone"]
            ),
            (&json!(1), &json!(2), &json!("Europe/Berlin"))
        );
        let (old, new) = (at(&happened["old_due_at"]), at(&happened["new_due_at"]));
        if event["lead_id"] == late || event["lead_id"] == held {
            assert_eq!(old, new, "{clock}");
        } else {
            assert!(new > old + Duration::minutes(1), "{clock} {old} {new}");
        }
    }
    let now = &list(&app, &late, "clocks")[0];
    assert_eq!(
        (
            &now["state"],
            &now["breached_at"],
            &now["calendar"]["version"]
        ),
        (&json!("breached"), &breached["breached_at"], &json!(2))
    );
    let of_held = &list(&app, &held, "clocks")[0];
    let left = of_held["remaining_seconds"].as_i64().unwrap();
    assert!((1790..=1800).contains(&left), "{left}");
    let resumed = app.post(&pause.replace("pause", "resume"), json!({}));
    let due = at(&resumed.json()["data"][0]["due_at"]);
    let berlin = due.with_timezone(&chrono_tz::Europe::Berlin);
    let (on, when) = (berlin.format("%A"), berlin.format("%H:%M").to_string());
    assert_eq!(on.to_string(), day.format("%A").to_string());
    // A second or so was counted before it was paused.
    assert!(["09:29", "09:30"].contains(&when.as_str()), "{when}");
}

#[test]
fn an_escalation_names_whom_it_tells_makes_a_task_and_raises_the_priority() {
    let app = TestApp::start_deciding();
    let (rep, boss, other) = (app.user("rep"), app.user("manager"), app.user("readonly"));
    app.user("manager");
    app.team("North", &[&rep.id, &boss.id]);
    let members = json!([{"user_id": rep.id}]);
    decide_by(
        &app,
        json!({"kind": "pool", "key": "everyone", "document": {"name": "One", "members": members}}),
    );
    let notify = |to: &str| json!({"do": "notify", "to": to});
    let at_50 = json!([notify("team"), {"do": "raise_priority", "to": "high"}]);
    let at_100 = json!([notify("owner"), notify("manager"), {"do": "notify", "to": "user", "user_id": other.id},
        {"do": "raise_priority", "to": "urgent"}, {"do": "task", "title": "Call them now"}]);
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [{"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": 10,
        "escalations": [{"at_percent": 50, "actions": at_50}, {"at_percent": 100, "actions": at_100}]}]}}),
    );
    let captured = app.capture(json!({"email": "a@example.com"}));
    let lead = &captured["lead"]["id"];
    assert_eq!(captured["clocks"][0]["priority"], Value::Null);
    let priority = |wanted: &str| {
        wait_until(wanted, || {
            list(&app, lead, "clocks")[0]["priority"] == wanted
        });
    };
    pass(&app, Duration::minutes(5));
    priority("high");
    pass(&app, Duration::minutes(5));
    priority("urgent");
    assert_eq!(
        app.get("/v1/clocks").json()["data"][0]["priority"],
        "urgent"
    );
    let tasks = app.get(&format!("/v1/leads/{}/activities?types=task", text(lead)));
    let tasks = tasks.json()["data"].clone();
    assert_eq!(tasks.as_array().unwrap().len(), 1, "{tasks}");
    assert_eq!(
        (&tasks[0]["subject"], &tasks[0]["properties"]["user_id"]),
        (&json!("Call them now"), &json!(rep.id))
    );
    let events = events_with(&app, "activity.created");
    let warned = of_type(&events, "sla.warned");
    let mut team = [rep.id.clone(), boss.id.clone()];
    team.sort();
    assert_eq!(warned[0]["data"]["recipients"], json!(team));
    assert_eq!(
        warned[1]["data"]["recipients"],
        json!([rep.id, boss.id, other.id])
    );
}

#[test]
fn what_would_tell_nobody_tells_the_managers() {
    let app = TestApp::start_deciding();
    let (boss, gone) = (app.user("manager"), app.user("rep"));
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"queue": "later"}]}}),
    );
    let at_50 = json!([{"do": "notify", "to": "owner"}]);
    let at_100 =
        json!([{"do": "notify", "to": "user", "user_id": gone.id}, {"do": "notify", "to": "team"}]);
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [{"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": 10,
        "escalations": [{"at_percent": 50, "actions": at_50}, {"at_percent": 100, "actions": at_100}]}]}}),
    );
    assert_eq!(app.delete(&format!("/v1/users/{}", gone.id)).status, 200);
    app.capture(json!({"email": "a@example.com"}));
    pass(&app, Duration::minutes(10));
    let events = events_with(&app, "sla.breached");
    let told: Vec<&Value> = of_type(&events, "sla.warned")
        .iter()
        .map(|event| &event["data"]["recipients"])
        .collect();
    assert_eq!(told, [&json!([boss.id]), &json!([boss.id])]);
}

#[test]
fn a_clock_in_the_leads_own_zone_stays_in_it_when_its_calendar_changes() {
    let app = TestApp::start_deciding();
    let every_day = |from: &str, to: &str| {
        let hours = json!([{"from": from, "to": to}]);
        json!({"zone": "Europe/Berlin", "hours": {"monday": hours, "tuesday": hours, "wednesday": hours, "thursday": hours,
            "friday": hours, "saturday": hours, "sunday": hours}})
    };
    office(&app, every_day("01:00", "02:00"));
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [
        {"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": 180, "calendar": "office", "zone": "lead"}]}}),
    );
    let captured = app.capture(json!({"email": "a@example.com", "timezone": "Asia/Tokyo"}));
    let lead = &captured["lead"]["id"];
    assert_eq!(captured["clocks"][0]["calendar"]["zone"], "Asia/Tokyo");
    office(&app, every_day("03:00", "04:00"));
    wait_until("it counts by the new calendar", || {
        list(&app, lead, "clocks")[0]["calendar"]["version"] == 2
    });
    let clock = &list(&app, lead, "clocks")[0];
    assert_eq!(
        (&clock["calendar"]["zone"], &clock["calendar"]["zone_of"]),
        (&json!("Asia/Tokyo"), &json!("lead"))
    );
    let due = at(&clock["due_at"]).with_timezone(&chrono_tz::Asia::Tokyo);
    let (hour, minute) = (due.format("%H").to_string(), due.format("%M").to_string());
    assert!(
        (hour == "04" && minute == "00") || hour == "03",
        "{due}: within the hours of the calendar, by the lead's clock"
    );
}

#[test]
fn clocks_by_the_owners_zone_go_with_the_owner() {
    let app = TestApp::start_deciding();
    let (tokyo, lima) = (app.user("rep"), app.user("rep"));
    let zone =
        |who: &str, zone: Value| app.patch(&format!("/v1/users/{who}"), json!({"timezone": zone}));
    let set = zone(&tokyo.id, json!("asia/tokyo"));
    assert_eq!(set.json()["timezone"], json!("Asia/Tokyo"));
    let wrong = zone(&lima.id, json!("America/Lim"));
    assert_eq!(
        wrong.errors(),
        [("/timezone".to_owned(), "unknown_zone".to_owned())]
    );
    assert_eq!(zone(&lima.id, json!("America/Lima")).status, 200);
    office(
        &app,
        json!({"zone": "UTC", "hours": {
            "monday": [{"from": "00:00", "to": "24:00"}], "tuesday": [{"from": "00:00", "to": "24:00"}],
            "wednesday": [{"from": "00:00", "to": "24:00"}], "thursday": [{"from": "00:00", "to": "24:00"}],
            "friday": [{"from": "00:00", "to": "24:00"}], "saturday": [{"from": "00:00", "to": "24:00"}]}}),
    );
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [
            {"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": 2880, "calendar": "office", "zone": "owner"}]}}),
    );
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"user": tokyo.id}]}}),
    );
    let lead = app.capture(json!({"email": "ada@example.com"}))["lead"]["id"].clone();
    let clock = || list(&app, &lead, "clocks")[0].clone();
    let by = |clock: &Value| {
        (
            clock["calendar"]["zone"].clone(),
            clock["calendar"]["zone_of"].clone(),
        )
    };
    assert_eq!(by(&clock()), (json!("Asia/Tokyo"), json!("owner")));
    for decision in list(&app, &lead, "decisions") {
        let path = format!("/v1/decisions/{}/replay", text(&decision["id"]));
        let again = app.post(&path, json!({}));
        assert_eq!(again.json()["same"], json!(true), "{}", again.text());
    }
    let path = format!("/v1/leads/{}/assignment", text(&lead));
    let moved = app.post(&path, json!({"owner_id": lima.id}));
    assert_eq!(moved.status, 200, "{}", moved.text());
    assert_eq!(by(&clock()), (json!("America/Lima"), json!("owner")));
    let told = events_with(&app, "sla.recomputed");
    let told: Vec<&Value> = told
        .iter()
        .filter(|one| one["type"] == "sla.recomputed")
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");

    assert_eq!(zone(&lima.id, Value::Null).json()["timezone"], Value::Null);
    let made = app.post("/v1/teams", json!({"name": "East", "timezone": "Nowhere"}));
    assert_eq!(
        made.errors(),
        [("/timezone".to_owned(), "unknown_zone".to_owned())]
    );
    let team = app
        .post(
            "/v1/teams",
            json!({"name": "East", "timezone": "Asia/Seoul"}),
        )
        .json();
    assert_eq!(team["timezone"], json!("Asia/Seoul"));
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [
            {"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": 60, "calendar": "office", "zone": "team"}]}}),
    );
    let moved = app.post(&path, json!({"owner_id": lima.id, "team_id": team["id"]}));
    assert_eq!(moved.status, 200, "{}", moved.text());
    assert_eq!(by(&clock()), (json!("Asia/Seoul"), json!("team")));
}
