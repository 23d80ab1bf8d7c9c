//! Who gets a lead and by when they have to answer: decided at capture, explained, and kept by clocks.

use crate::support::TestApp;
use baton::worker::clocks;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Writes a rule document and lets it count.
pub fn decide_by(app: &TestApp, rule: Value) -> Value {
    let draft = app.post("/v1/rules", rule);
    assert_eq!(draft.status, 201, "{}", draft.text());
    let path = format!("/v1/rules/{}/activate", text(&draft.json()["id"]));
    let active = app.post(&path, json!({}));
    assert_eq!(
        (active.status, active.json()["state"].as_str()),
        (200, Some("active")),
        "{}",
        active.text()
    );
    active.json()
}

/// The events of the feed, once one of this type is among them.
pub fn events_with(app: &TestApp, kind: &str) -> Vec<Value> {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let events = app.all_events();
        if events.iter().any(|event| event["type"] == kind) {
            return events;
        }
        assert!(std::time::Instant::now() < until, "no {kind}: {events:#?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

pub fn lead(app: &TestApp, id: &Value) -> Value {
    app.get(&format!("/v1/leads/{}", text(id))).json()
}

pub fn list(app: &TestApp, id: &Value, what: &str) -> Vec<Value> {
    let page = app.get(&format!("/v1/leads/{}/{what}", text(id)));
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()["data"].as_array().unwrap().clone()
}

/// Moves the clocks of all leads so much nearer to their end, as if the time had passed.
pub fn pass(app: &TestApp, time: Duration) {
    let seconds = time.num_seconds();
    let earlier = |path: &str| {
        format!(
            "jsonb_set(clock::jsonb, '{{{path}}}', to_jsonb((clock->>'{path}')::timestamptz - interval '{seconds} s'))"
        )
    };
    let steps = format!(
        "UPDATE sla_clocks SET clock = jsonb_set(clock::jsonb, '{{steps}}', (SELECT coalesce(jsonb_agg(jsonb_set(s, '{{at}}', \
         to_jsonb((s->>'at')::timestamptz - interval '{seconds} s')) ORDER BY n), '[]') FROM jsonb_array_elements(clock::jsonb->'steps') WITH ORDINALITY AS e (s, n)))"
    );
    let due = format!(
        "UPDATE sla_clocks SET due_at = due_at - interval '{seconds} s', next_fire_at = next_fire_at - interval '{seconds} s', clock = {}",
        earlier("due_at")
    );
    let began = ["started_at", "counted_from"]
        .map(|path| format!("UPDATE sla_clocks SET clock = {}", earlier(path)));
    // All at once: a worker may look at any moment.
    app.database()
        .by_hand(&format!("{steps}; {}; {}; {due}", began[0], began[1]));
}

#[test]
fn p3_a_lead_has_an_owner_and_a_clock_from_the_moment_it_is_captured() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let mut owned: HashMap<String, usize> = HashMap::new();
    for number in 0..9 {
        let captured = app.capture(json!({"email": format!("p{number}@example.com")}));
        let assignment = &captured["assignment"];
        assert_eq!(assignment["owner_id"], captured["lead"]["owner_id"]);
        assert_eq!(
            assignment["reason"],
            "it was their turn in the pool everyone"
        );
        *owned.entry(text(&assignment["owner_id"])).or_default() += 1;
        let clock = &captured["clocks"][0];
        let at = |name: &str| text(&clock[name]).parse::<DateTime<Utc>>().unwrap();
        assert_eq!(
            (&clock["kind"], &clock["state"]),
            (&json!("first_response"), &json!("running"))
        );
        assert_eq!(at("due_at") - at("started_at"), Duration::minutes(5));
        assert_eq!(captured["decision_ids"].as_array().unwrap().len(), 3);
    }
    let counts: Vec<usize> = owned.values().copied().collect();
    assert!(
        counts.iter().all(|count| (2..=5).contains(count)),
        "{owned:?}"
    );
    assert!(owned.contains_key(&ada.id) && owned.contains_key(&bob.id));
    assert_eq!(app.get("/v1/monitor/orphans").json()["lead_ids"], json!([]));
    let fair = app.get("/v1/pools/everyone/fairness").json();
    for member in fair["members"].as_array().unwrap() {
        assert!(member["credit"].as_f64().unwrap().abs() < 1.0, "{member}");
    }
}

#[test]
fn a_skill_is_a_document_that_counts_in_every_pool_and_in_replays() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let skill = |users: Value| json!({"kind": "skill", "key": "cloud", "document": {"name": "Cloud", "user_ids": users}});
    let wrong = app.post(
        "/v1/rules",
        skill(json!([
            ada.id,
            ada.id,
            "01890000-0000-7000-8000-000000000000"
        ])),
    );
    let places: Vec<Value> = wrong.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| json!([error["pointer"], error["code"]]))
        .collect();
    assert_eq!(
        json!(places),
        json!([
            ["/document/user_ids/1", "repeated"],
            ["/document/user_ids/2", "unknown_user"]
        ])
    );

    let first = decide_by(&app, skill(json!([bob.id])));
    decide_by(
        &app,
        json!({"kind": "pool", "key": "everyone", "document": {"name": "All", "members": "all_reps", "needs": {"skills": ["Cloud"]}}}),
    );
    let owner = |number: u32| {
        let captured = app.capture(json!({"email": format!("p{number}@example.com")}));
        let path = format!(
            "/v1/decisions/{}",
            text(&captured["assignment"]["decision_id"])
        );
        (captured["lead"]["owner_id"].clone(), path)
    };
    let (owner_id, path) = owner(1);
    assert_eq!(owner_id, json!(bob.id));
    let decision = app.get(&path).json();
    assert_eq!(decision["rules"]["skills"], json!({"cloud": 1}));
    let candidates = &decision["finding"]["result"]["tried"][0]["candidates"];
    let of_ada = candidates
        .as_array()
        .unwrap()
        .iter()
        .find(|candidate| candidate["user_id"] == ada.id.as_str())
        .unwrap();
    assert_eq!(
        of_ada["excluded_by"],
        json!([{"reason": "missing_skill", "skill": "cloud"}])
    );

    // Another version, then nobody, then none: earlier decisions stay what they were.
    decide_by(&app, skill(json!([ada.id])));
    assert_eq!(owner(2).0, json!(ada.id));
    let active = app.get("/v1/rules?kind=skill&state=active").json();
    assert_eq!(active["data"][0]["version"], json!(2));
    let retire = |rule: &Value| {
        app.post(
            &format!("/v1/rules/{}/retire", text(&rule["id"])),
            json!({}),
        )
    };
    let refused = retire(&active["data"][0]).json();
    assert_eq!(refused["code"], json!("rule_in_use"), "{refused}");
    assert!(
        text(&refused["detail"]).contains("/needs/skills/0"),
        "{refused}"
    );
    let nobodys = decide_by(&app, skill(json!([])));
    assert_eq!(owner(3).0, Value::Null);
    decide_by(
        &app,
        json!({"kind": "pool", "key": "everyone", "document": {"name": "All", "members": "all_reps"}}),
    );
    let retired = retire(&nobodys);
    assert_eq!(retired.status, 200, "{}", retired.text());
    decide_by(
        &app,
        json!({"kind": "pool", "key": "everyone", "document": {"name": "All", "members": "all_reps", "needs": {"skills": ["Cloud"]}}}),
    );
    assert_eq!(owner(4).0, Value::Null);
    let again = app.post(&format!("{path}/replay"), json!({})).json();
    assert_eq!(again["same"], json!(true), "{again}");
    let back = format!("/v1/rules/{}/activate", text(&first["id"]));
    assert_eq!(app.post(&back, json!({})).status, 200);
    assert_eq!(owner(5).0, json!(bob.id));
}

#[test]
fn p4_a_decision_names_every_candidate_and_what_excluded_it() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let member =
        |id: &str, country: &str| json!({"user_id": id, "territories": [{"country": country}]});
    decide_by(
        &app,
        json!({"kind": "pool", "key": "field", "document": {"name": "Field", "needs": {"territory": true},
        "members": [member(&ada.id, "DE"), member(&bob.id, "FR")]}}),
    );
    let policy = json!({"rules": [{"key": "field", "name": "Field", "when": {"field": "country", "op": "is_set"}, "to": [{"pool": "field"}]}],
        "fallback": [{"queue": "unassigned"}]});
    decide_by(&app, json!({"kind": "routing_policy", "document": policy}));
    let captured = app.capture(json!({"email": "a@example.com", "country": "FR"}));
    assert_eq!(
        (
            &captured["assignment"]["owner_id"],
            &captured["assignment"]["rule"]
        ),
        (&json!(bob.id), &json!("field"))
    );
    let path = format!(
        "/v1/decisions/{}",
        text(&captured["assignment"]["decision_id"])
    );
    let decision = app.get(&path).json();
    assert_eq!(
        (
            &decision["finding"]["kind"],
            &decision["rules"]["routing_policy"]
        ),
        (&json!("routing"), &json!(1))
    );
    let candidates = &decision["finding"]["result"]["tried"][0]["candidates"];
    assert_eq!(
        (&candidates[0]["user_id"], &candidates[0]["excluded_by"]),
        (&json!(ada.id), &json!([{"reason": "outside_territory"}]))
    );
    assert_eq!(
        (&candidates[1]["eligible"], &candidates[1]["in_running"]),
        (&json!(true), &json!(true))
    );
    let took = decision["duration_microseconds"].as_i64().unwrap();
    assert!((1..60_000_000).contains(&took), "{took}");
    let nobodys = app.capture(json!({"email": "b@example.com", "country": "US"}));
    assert_eq!(
        (&nobodys["lead"]["owner_id"], &nobodys["lead"]["queue"]),
        (&Value::Null, &json!("unassigned"))
    );
    assert_eq!(list(&app, &nobodys["lead"]["id"], "decisions").len(), 3);
}

#[test]
fn a_rule_that_is_wrong_is_told_by_its_place_and_an_older_one_comes_back() {
    let app = TestApp::start_deciding();
    let wrong = app.post("/v1/rules", json!({"kind": "routing_policy", "document": {"rules": [
        {"key": "a", "name": "A", "to": [{"pool": "nobody"}]},
        {"key": "b", "name": "B", "when": {"field": "countri", "op": "is_set"}, "to": [{"user": "0198c0de-7a11-7000-8000-00000000000c"}]}]}}));
    let errors = wrong.errors();
    let places: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert!(
        places.contains(&"/document/rules/0/to/0/pool")
            || places.contains(&"/document/rules/0/to/0"),
        "{errors:?}"
    );
    assert!(
        places
            .iter()
            .any(|place| place.starts_with("/document/rules/1/when")),
        "{errors:?}"
    );
    let minutes = |minutes: u32| {
        json!({"kind": "sla_policy", "document": {"clocks": [
        {"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": minutes}]}})
    };
    let first = decide_by(&app, minutes(10));
    let second = decide_by(&app, minutes(20));
    assert_eq!(
        (&first["version"], &second["version"]),
        (&json!(1), &json!(2))
    );
    let within =
        |email: &str| app.capture(json!({"email": email}))["clocks"][0]["within_seconds"].clone();
    assert_eq!(within("a@example.com"), json!(1200));
    assert_eq!(
        app.post(
            &format!("/v1/rules/{}/activate", text(&first["id"])),
            json!({})
        )
        .status,
        200
    );
    assert_eq!(within("b@example.com"), json!(600));
    let retire = |id: &Value| app.post(&format!("/v1/rules/{}/retire", text(id)), json!({}));
    assert_eq!(retire(&second["id"]).json()["code"], "rule_not_active");
    assert_eq!(retire(&first["id"]).status, 200);
    assert_eq!(within("c@example.com"), json!(300));
    let kept = app.get("/v1/rules?kind=sla_policy").json();
    assert_eq!(kept["data"].as_array().unwrap().len(), 2);
}

#[test]
fn p5_a_clock_that_nobody_answers_is_breached_once_and_the_lead_goes_to_somebody_else() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [{"key": "answer", "kind": "first_response", "name": "Answer",
        "within_minutes": 5, "escalations": [{"at_percent": 100, "actions": [{"do": "reassign"}]}]}]}}),
    );
    let members = json!([{"user_id": ada.id}, {"user_id": bob.id}]);
    decide_by(
        &app,
        json!({"kind": "pool", "key": "everyone", "document": {"name": "Both", "members": members}}),
    );
    let captured = app.capture(json!({"email": "a@example.com"}));
    let id = &captured["lead"]["id"];
    let first = text(&captured["lead"]["owner_id"]);
    let db = app.database().open();
    pass(&app, Duration::seconds(299));
    assert_eq!(clocks::tick(&db).unwrap(), 0, "it is not due yet");
    pass(&app, Duration::seconds(2));
    let fired: usize = std::thread::scope(|scope| {
        let ticks: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| clocks::tick(&db).unwrap()))
            .collect();
        ticks.into_iter().map(|tick| tick.join().unwrap()).sum()
    });
    assert!(fired <= 1, "{fired}");
    // The service's own worker may be at it still.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while list(&app, id, "clocks")[0]["state"] != "breached" {
        assert!(std::time::Instant::now() < until, "not breached");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let clock = &list(&app, id, "clocks")[0];
    assert_eq!(clock["state"], "breached");
    let now = lead(&app, id);
    assert_ne!(text(&now["owner_id"]), first);
    let had = list(&app, id, "assignments");
    assert_eq!(
        (&had[1]["user_id"], &had[1]["state"]),
        (&json!(first), &json!("taken_back"))
    );
    assert_eq!(
        (&had[0]["user_id"], &had[0]["state"]),
        (&now["owner_id"], &json!("accepted"))
    );
    let events = events_with(&app, "lead.assigned");
    let breaches = events
        .iter()
        .filter(|event| event["type"] == "sla.breached")
        .count();
    assert_eq!(breaches, 1);
    let given = events
        .iter()
        .find(|event| event["type"] == "lead.assigned")
        .unwrap();
    assert_eq!(given["data"]["reason"], "the clock `answer` was breached");
    assert_eq!(app.get("/v1/clocks").json()["data"][0]["id"], clock["id"]);
}

#[test]
fn a_call_meets_the_clock_and_a_mail_that_went_out_by_itself_does_not() {
    let app = TestApp::start_deciding();
    let captured = app.capture(json!({"email": "a@example.com"}));
    let id = &captured["lead"]["id"];
    let add = |body: Value| {
        let reply = app.post(&format!("/v1/leads/{}/activities", text(id)), body);
        assert_eq!(reply.status, 201, "{}", reply.text());
    };
    add(json!({"type": "email", "direction": "outbound", "properties": {"automatic": true}}));
    add(json!({"type": "call", "direction": "inbound"}));
    assert_eq!(list(&app, id, "clocks")[0]["state"], "running");
    add(json!({"type": "call", "direction": "outbound"}));
    let clock = &list(&app, id, "clocks")[0];
    assert_eq!(
        (&clock["state"], &clock["met_late_by_seconds"]),
        (&json!("met"), &Value::Null)
    );
    events_with(&app, "sla.met");
}

#[test]
fn nobody_waits_for_a_lead_that_is_gone() {
    let app = TestApp::start_deciding();
    let ids: Vec<Value> = ["a", "b"]
        .map(|name| {
            app.capture(json!({"email": format!("{name}@example.com")}))["lead"]["id"].clone()
        })
        .to_vec();
    assert_eq!(
        app.delete(&format!("/v1/leads/{}", text(&ids[0]))).status,
        204
    );
    let lost = json!({"stage": "disqualified", "disqualify_reason": "spam"});
    assert_eq!(
        app.post(&format!("/v1/leads/{}/stage", text(&ids[1])), lost)
            .status,
        200
    );
    assert_eq!(list(&app, &ids[1], "clocks")[0]["state"], "cancelled");
    assert_eq!(
        app.database()
            .number("SELECT count(*) FROM sla_clocks WHERE next_fire_at IS NOT NULL"),
        0
    );
}

#[test]
fn p10_many_leads_at_once_are_shared_as_fairly_as_one_by_one() {
    let app = TestApp::start_deciding();
    let reps: Vec<_> = (0..4).map(|_| app.user("rep")).collect();
    let members: Vec<Value> = reps
        .iter()
        .zip([1, 2, 3, 4])
        .map(|(rep, weight)| json!({"user_id": rep.id, "weight": weight}))
        .collect();
    decide_by(
        &app,
        json!({"kind": "pool", "key": "everyone", "document": {"name": "Weighted", "strategy": "weighted", "members": members}}),
    );
    std::thread::scope(|scope| {
        for thread in 0..64 {
            let client = app.client();
            scope.spawn(move || {
                for number in 0..5 {
                    let body = json!({"email": format!("t{thread}n{number}@example.com")});
                    assert_eq!(client.post("/v1/capture", &body).status, 201);
                }
            });
        }
    });
    let items: Vec<Value> = (0..180)
        .map(|number| json!({"email": format!("b{number}@example.com")}))
        .collect();
    let batch = app.post("/v1/capture/batch", json!({"items": items}));
    assert_eq!(batch.status, 200, "{}", batch.text());
    // Who decides by the turns of another commits after them, so ids of decisions grow in the order of commits.
    let owners = app
        .database()
        .texts("SELECT result->'to'->>'owner' FROM decisions WHERE kind = 'routing' ORDER BY id");
    assert_eq!(owners.len(), 500);
    for (rep, weight) in reps.iter().zip([1.0, 2.0, 3.0, 4.0]) {
        let mut given = 0.0;
        for (number, owner) in (1..).zip(&owners) {
            given += f64::from(u8::from(*owner == rep.id));
            let expected = f64::from(number) * weight / 10.0;
            assert!((given - expected).abs() < 1.0, "{number}: {given}");
        }
    }
    let fair = app.get("/v1/pools/everyone/fairness").json();
    for (member, expected) in fair["members"]
        .as_array()
        .unwrap()
        .iter()
        .zip([50.0, 100.0, 150.0, 200.0])
    {
        let given = member["given"].as_f64().unwrap();
        assert!((given - expected).abs() < 1.0, "{fair}");
    }
    let owned = app
        .database()
        .number("SELECT count(DISTINCT owner_id) FROM leads");
    assert_eq!(owned, 4);
}

#[test]
fn answers_qualify_a_lead_and_say_what_to_ask_next() {
    let app = TestApp::start();
    let captured = app.capture(json!({"email": "a@example.com", "answers": {"need": "replace a spreadsheet", "budget": "25k EUR"}}));
    let brief = &captured["qualification"];
    assert_eq!(
        (&brief["verdict"], &brief["met"]),
        (&json!("mql"), &json!(["budget", "need"])),
        "{brief}"
    );
    assert_eq!(brief["missing"], json!(["authority", "timing"]));
    assert_eq!(brief["next_question"]["criterion"], "authority");
    let id = &captured["lead"]["id"];
    let path = format!("/v1/leads/{}/qualification", text(id));
    let first = lead(&app, id);
    assert_eq!(
        (&first["verdict"], &first["stage"], &first["stage_kind"]),
        (&json!("mql"), &json!("mql"), &json!("mql"))
    );
    assert_eq!(first, captured["lead"], "what is answered is what is kept");
    let again =
        app.capture(json!({"email": "a@example.com", "answers": {"authority": "decision maker"}}));
    assert_eq!(again["qualification"]["missing"], json!(["timing"]));
    let both = json!({"items": [{"email": "both@example.com", "answers": {"need": "a CRM"}}, {"email": "both@example.com", "answers": {"budget": "9k EUR"}}]});
    let both = app.post("/v1/capture/batch", both).json();
    assert_eq!(
        both["results"][1]["answer"]["qualification"]["met"],
        json!(["budget", "need"]),
        "{both}"
    );
    let called = app.post(
        &path,
        json!({"answers": {"timing": "this month"}, "source": "call", "note": "said so"}),
    );
    assert_eq!(called.status, 200, "{}", called.text());
    assert_eq!(called.json()["qualification"]["verdict"], "sql");
    assert_eq!(called.json()["answers"].as_array().unwrap().len(), 4);
    let now = lead(&app, id);
    assert_eq!(
        (&now["verdict"], &now["stage_kind"]),
        (&json!("sql"), &json!("sql"))
    );
    let wrong = app.post(
        &path,
        json!({"answers": {"budgett": "1 EUR", "authority": {"a": 1}}}),
    );
    let errors = wrong.errors();
    assert_eq!(
        errors
            .iter()
            .map(|(pointer, _)| pointer.as_str())
            .collect::<Vec<_>>(),
        ["/answers/budgett", "/answers/authority"]
    );
    let refused = app.post(
        "/v1/capture",
        json!({"email": "b@example.com", "answers": {"budgett": "1 EUR"}}),
    );
    assert_eq!(
        refused.errors(),
        [(
            "/answers/budgett".to_owned(),
            "unknown_criterion".to_owned()
        )]
    );
    let kinds: Vec<Value> = list(&app, id, "decisions")
        .iter()
        .map(|one| one["finding"]["kind"].clone())
        .collect();
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| **kind == "qualification")
            .count(),
        3
    );
    let found = app.post(
        "/v1/leads/search",
        json!({"condition": {"field": "verdict", "op": "eq", "value": "sql"}}),
    );
    assert_eq!(
        found.json()["data"].as_array().unwrap().len(),
        1,
        "{}",
        found.text()
    );
}

#[test]
fn a_lead_that_takes_no_turn_leaves_the_turns_of_the_others_as_they_are() {
    let app = TestApp::start_deciding();
    let reps: Vec<_> = (0..3).map(|_| app.user("rep")).collect();
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {
        "rules": [{"key": "us", "name": "US", "when": {"field": "country", "op": "eq", "value": "US"}, "to": [{"queue": "unassigned"}]}],
        "fallback": [{"pool": "everyone"}]}}),
    );
    for number in 0..4 {
        app.capture(json!({"email": format!("p{number}@example.com")}));
    }
    let countries = ["US", "DE", "DE", "US", "DE"].iter().enumerate();
    let items: Vec<Value> = countries
        .map(|(number, country)| json!({"email": format!("b{number}@example.com"), "country": country}))
        .collect();
    assert_eq!(
        app.post("/v1/capture/batch", json!({"items": items}))
            .status,
        200
    );
    let fair = app.get("/v1/pools/everyone/fairness").json();
    let members = fair["members"].as_array().unwrap();
    let given: Vec<i64> = members
        .iter()
        .map(|member| member["given"].as_i64().unwrap())
        .collect();
    assert_eq!(
        (given.len(), given.iter().sum::<i64>()),
        (reps.len(), 7),
        "{fair}"
    );
    assert!(given.iter().all(|given| (2..=3).contains(given)), "{fair}");
}

#[test]
fn a_verdict_meets_the_clock_that_waits_for_one_and_is_told() {
    let app = TestApp::start_deciding();
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": [{"key": "bant", "kind": "qualify", "name": "BANT", "within_minutes": 60}]}}),
    );
    let known = app.capture(
        json!({"email": "k@example.com", "answers": {"need": "a CRM", "budget": "9k EUR"}}),
    );
    assert_eq!(
        known["clocks"],
        json!([]),
        "who has a verdict need not wait for one"
    );
    let captured = app.capture(json!({"email": "a@example.com"}));
    let id = &captured["lead"]["id"];
    assert_eq!(captured["clocks"][0]["kind"], "qualify");
    let again = app.capture(
        json!({"email": "a@example.com", "answers": {"need": "a CRM", "budget": "9k EUR"}}),
    );
    let kinds: Vec<&Value> = again["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["type"])
        .collect();
    assert!(kinds.contains(&&json!("lead.stage_changed")), "{kinds:?}");
    assert_eq!(list(&app, id, "clocks")[0]["state"], "met");
}
