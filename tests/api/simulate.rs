//! Rule documents are tried before they count.

use crate::decisions::decide_by;
use crate::support::TestApp;
use crate::support::jobs::{capture_many, finished};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How many rows each table has that a capture writes, once all events are published.
fn rows(app: &TestApp) -> Vec<String> {
    let tables = [
        "leads",
        "submissions",
        "activities",
        "feed",
        "decisions",
        "assignments",
        "sla_clocks",
        "lead_scores",
        "lead_identities",
        "match_keys",
        "rule_documents",
    ];
    let until = Instant::now() + Duration::from_secs(20);
    while app.database().texts("SELECT count(*)::text FROM outbox") != ["0"] {
        assert!(Instant::now() < until, "events wait to be published");
        std::thread::sleep(Duration::from_millis(10));
    }
    let count = |table: &str| format!("SELECT '{table} ' || count(*) FROM {table}");
    app.database().texts(&tables.map(count).join(" UNION ALL "))
}

fn policy(owner: &str) -> Value {
    let german = json!({"field": "country", "op": "eq", "value": "DE"});
    json!({"kind": "routing_policy", "document": {"rules": [
        {"key": "german", "name": "German", "when": german, "to": [{"user": owner}]}]}})
}

#[test]
fn a_draft_shows_what_it_would_change_writes_nothing_and_keeps_its_word() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let ask = |documents: Value, country: &str| {
        let lead = json!({"email": format!("{country}@example.com"), "country": country});
        let reply = app.post(
            "/v1/simulate",
            json!({"documents": documents, "lead": lead}),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    app.capture(json!({"email": "first@example.com"}));
    let before = rows(&app);
    assert_eq!(ask(json!([]), "DE")["differences"], json!([]));
    let turn = ask(json!([]), "DE")["now"]["lead"]["owner_id"].clone();
    let other = if turn == json!(ada.id) { &bob } else { &ada };
    let german = ask(json!([policy(&other.id)]), "DE");
    assert_eq!(
        (
            &german["now"]["lead"]["owner_id"],
            &german["then"]["lead"]["owner_id"]
        ),
        (&turn, &json!(other.id))
    );
    let places: Vec<&str> = german["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["pointer"].as_str().unwrap())
        .collect();
    assert!(places.contains(&"/lead/owner_id"), "{places:?}");
    assert!(places.contains(&"/assignment/rule"), "{places:?}");
    let routed = |side: &str| -> Value {
        let made = german["decisions"][side].as_array().unwrap();
        let is_routing = |one: &&Value| one["finding"]["kind"] == json!("routing");
        made.iter().find(is_routing).unwrap()["finding"]["result"].clone()
    };
    assert_eq!(routed("now")["rule"], json!(null));
    assert_eq!(routed("then")["rule"], json!("german"));
    assert_eq!(
        routed("now")["tried"][0]["candidates"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let french = ask(json!([policy(&other.id)]), "FR");
    assert_eq!(french["differences"], json!([]));
    assert_eq!(rows(&app), before);

    let written = app.post("/v1/rules", policy(&other.id)).json();
    let stored = app.post(
        "/v1/simulate",
        json!({"rule_ids": [written["id"]], "lead": {"email": "DE@example.com", "country": "DE"}}),
    );
    assert_eq!(
        stored.json()["then"]["assignment"]["rule"],
        json!("german"),
        "{}",
        stored.text()
    );
    let path = format!("/v1/rules/{}/activate", written["id"].as_str().unwrap());
    assert_eq!(app.post(&path, json!({})).status, 200);
    let captured = app.capture(json!({"email": "DE@example.com", "country": "DE"}));
    assert_eq!(
        captured["lead"]["owner_id"],
        german["then"]["lead"]["owner_id"]
    );
}

#[test]
fn a_lead_that_is_there_is_decided_about_as_if_it_came_in_now() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let captured = app.capture(json!({"email": "lea@example.com", "country": "FR",
        "answers": {"budget": {"amount_minor": 9_000_000, "currency": "EUR"}, "authority": "decision_maker",
            "need": "replace a spreadsheet", "timing": "this_quarter"}}));
    let id = captured["lead"]["id"].as_str().unwrap();
    let path = format!("/v1/leads/{id}");
    assert_eq!(app.patch(&path, json!({"country": "DE"})).status, 200);
    let owner = captured["lead"]["owner_id"].as_str().unwrap();
    let other = [&ada, &bob].into_iter().find(|one| one.id != owner);
    let other = other.unwrap().id.clone();
    let before = (rows(&app), app.get(&path).json());
    let slow = json!({"kind": "sla_policy", "document": {"clocks": [
        {"key": "first_response", "kind": "first_response", "name": "First response", "within_minutes": 60}]}});
    let ask = |rule: Value| {
        let reply = app.post(
            "/v1/simulate",
            json!({"documents": [rule, slow], "lead_id": id}),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    let found = ask(policy(&other));
    let then = &found["then"];
    assert_eq!(then["lead"]["owner_id"], json!(other), "{found}");
    assert_eq!(then["assignment"]["rule"], json!("german"));
    assert_eq!(
        then["qualification"]["verdict"], before.1["verdict"],
        "by what was answered when it came"
    );
    assert_eq!(then["score"]["standing"]["fit"], before.1["score"]["fit"]);
    assert_eq!(
        (&then["outcome"], &then["matched_by"], &then["events"]),
        (&json!("matched"), &json!(null), &json!([]))
    );
    let due = |side: &str| {
        let clock = found[side]["clocks"][0]["due_at"].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(clock).unwrap()
    };
    assert_eq!((due("then") - due("now")).num_minutes(), 55);
    let places = found["differences"].to_string();
    assert!(places.contains("/clocks/0/due_at"), "{places}");
    assert_eq!((rows(&app), app.get(&path).json()), before);

    // Who gave it back does not get it, whatever the rules say.
    let again = app.post(
        &format!("{path}/assignment/reject"),
        json!({"reason": "not mine"}),
    );
    assert_eq!(again.status, 200, "{}", again.text());
    let found = ask(policy(owner));
    assert_ne!(found["then"]["lead"]["owner_id"], json!(owner), "{found}");
}

#[test]
fn on_whom_documents_are_tried_is_one_and_is_there() {
    let app = TestApp::start_deciding();
    let rep = app.user("rep");
    let id = app.capture(json!({"email": "lea@example.com"}))["lead"]["id"].clone();
    let both = json!({"lead_id": id, "lead": {"email": "lea@example.com"}});
    let merged = app.capture(json!({"email": "lee@example.com"}))["lead"]["id"].clone();
    let merge = format!("/v1/leads/{}/merge", id.as_str().unwrap());
    assert_eq!(app.post(&merge, json!({"with": [merged]})).status, 200);
    for (asked, told) in [
        (both, ("", "lead_or_history")),
        (json!({"lead_id": merged}), ("/lead_id", "merged_lead")),
        (json!({"lead_id": rep.id}), ("/lead_id", "unknown_lead")),
    ] {
        let reply = app.post("/v1/simulate", asked);
        assert_eq!(reply.status, 422, "{}", reply.text());
        let errors = reply.errors();
        assert_eq!((errors[0].0.as_str(), errors[0].1.as_str()), told);
    }
}

#[test]
fn another_model_scores_a_lead_that_is_known_from_nothing() {
    let app = TestApp::start_deciding();
    let model = |points: i64| {
        json!({"kind": "scoring_model", "key": "default", "document": {"name": "Forms", "engagement_half_life_days": null, "rules": [
            {"key": "form", "name": "Form", "ledger": "engagement", "points": points, "activity": {"types": ["submission"]}}]}})
    };
    decide_by(&app, model(10));
    let lead = json!({"email": "ada@example.com"});
    app.capture(lead.clone());
    let engagement = |asked: Value| {
        let reply = app.post("/v1/simulate", asked).json();
        ["now", "then"].map(|side| reply[side]["lead"]["score"]["engagement"].clone())
    };
    let drafted = json!({"documents": [model(90)], "lead": lead});
    assert_eq!(engagement(drafted), [json!(20.0), json!(180.0)]);
    let written = app.post("/v1/rules", model(90)).json();
    let stored = json!({"rule_ids": [written["id"]], "lead": lead});
    assert_eq!(engagement(stored), [json!(20.0), json!(180.0)]);
}

#[test]
fn an_answer_counts_by_the_framework_that_asks_for_it() {
    let app = TestApp::start_deciding();
    let framework = |asked: &str| {
        json!({"kind": "framework", "document": {"name": "Own", "criteria": [
            {"key": asked, "name": "Asked", "question": "Well?", "answer": {"type": "text"}}]}})
    };
    decide_by(&app, framework("need"));
    let ask = |answers: Value| {
        let lead = json!({"email": "ada@example.com", "answers": answers});
        app.post(
            "/v1/simulate",
            json!({"documents": [framework("size")], "lead": lead}),
        )
    };
    let reply = ask(json!({"need": "a CRM", "size": "many"}));
    assert_eq!(reply.status, 200, "{}", reply.text());
    for (side, met) in [("now", "need"), ("then", "size")] {
        let found = &reply.json()[side]["qualification"];
        assert_eq!(found["met"], json!([met]), "{found}");
    }
    assert_eq!(
        ask(json!({"nede": "a CRM"})).errors(),
        [(
            "/lead/answers/nede".to_owned(),
            "unknown_criterion".to_owned()
        )]
    );
}

#[test]
fn what_is_wrong_is_told_by_its_place() {
    let app = TestApp::start_deciding();
    let wrong = app.post(
        "/v1/simulate",
        json!({"documents": [{"kind": "routing_policy", "document": {"fallback": [{"pool": "nobody"}]}}], "lead": {"email": "a@example.com"}}),
    );
    assert_eq!(
        wrong.errors(),
        [(
            "/documents/0/document/fallback/0/pool".to_owned(),
            "unknown_pool".to_owned()
        )]
    );
    let nobody = app.post("/v1/simulate", json!({"lead": {"city": "Ulm"}}));
    assert_eq!(
        nobody.errors(),
        [("/lead".to_owned(), "no_identity".to_owned())]
    );
    let unknown = app.post(
        "/v1/simulate",
        json!({"rule_ids": ["0198c0de-7a11-7000-8000-00000000000c"], "lead": {"email": "a@example.com"}}),
    );
    assert_eq!(
        unknown.errors(),
        [("/rule_ids/0".to_owned(), "unknown_rule".to_owned())]
    );
}

#[test]
fn other_hours_show_as_other_times_and_what_counts_already_shows_nothing() {
    let app = TestApp::start_deciding();
    app.user("rep");
    let policy = |minutes: i64| {
        json!({"kind": "sla_policy", "document": {"clocks": [
            {"key": "first_response", "kind": "first_response", "name": "First response", "within_minutes": minutes, "calendar": "office"}]}})
    };
    let calendar = |from: &str| {
        let hours: serde_json::Map<String, Value> = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ]
        .iter()
        .map(|day| ((*day).to_owned(), json!([{"from": from, "to": "24:00"}])))
        .collect();
        json!({"kind": "calendar", "key": "office", "document": {"zone": "UTC", "hours": hours}})
    };
    let activate = |rule: Value| {
        let written = app.post("/v1/rules", rule);
        assert_eq!(written.status, 201, "{}", written.text());
        let path = format!(
            "/v1/rules/{}/activate",
            written.json()["id"].as_str().unwrap()
        );
        assert_eq!(app.post(&path, json!({})).status, 200);
        written.json()
    };
    activate(calendar("00:00"));
    activate(policy(1));
    activate(policy(5));
    let ask = |body: Value| {
        let reply = app.post("/v1/simulate", body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    let lead = json!({"email": "ada@example.com"});
    let same = ask(json!({"documents": [policy(5)], "lead": lead}));
    assert_eq!(same["differences"], json!([]));
    let later = ask(json!({"documents": [policy(6)], "lead": lead}));
    let due = |side: &str| {
        let clock = later[side]["clocks"][0]["due_at"].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(clock).unwrap()
    };
    assert_eq!((due("then") - due("now")).num_seconds(), 60);
    let places = later["differences"].to_string();
    assert!(places.contains("/clocks/0/due_at"), "{places}");

    let unusable = app
        .post(
            "/v1/rules",
            json!({"kind": "routing_policy", "document": {"fallback": [{"user": app.user("rep").id}]}}),
        )
        .json();
    app.database()
        .by_hand("UPDATE users SET status = 'disabled'");
    let wrong = app.post(
        "/v1/simulate",
        json!({"documents": [policy(7)], "rule_ids": [unusable["id"]], "lead": lead}),
    );
    assert_eq!(wrong.errors()[0].0, "/rule_ids/0", "{}", wrong.text());
}

/// Starts a simulation of all leads so far; the job once it has ended.
fn over_history(app: &TestApp, documents: Value) -> Value {
    let reply = app.post(
        "/v1/simulate",
        json!({"documents": documents,
            "history": {"since": "2020-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z"}}),
    );
    assert_eq!(reply.status, 202, "{}", reply.text());
    let job = finished(app, &reply.json());
    assert_eq!(job["state"], json!("done"), "{job}");
    job
}

#[test]
fn rules_are_tried_on_the_leads_that_came() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let mut people: Vec<Value> = (0..10)
        .map(|number| {
            let country = if number < 4 { "DE" } else { "FR" };
            json!({"email": format!("p{number}@example.com"), "country": country})
        })
        .collect();
    people[0]["answers"] = json!({"budget": {"amount_minor": 9_000_000, "currency": "EUR"}, "authority": "decision_maker",
        "need": "replace a spreadsheet", "timing": "this_quarter"});
    let leads: Vec<Value> = people
        .into_iter()
        .map(|person| app.capture(person)["lead"].clone())
        .collect();
    let before = rows(&app);

    let same = over_history(&app, json!([]));
    let report = &same["report"];
    assert_eq!(
        (&report["leads"], &report["left_out"]),
        (&json!(10), &json!(0)),
        "{same}"
    );
    assert_eq!(report["differing"]["leads"], json!(0), "{report}");
    assert_eq!(report["now"], report["then"]);
    assert_eq!(
        report["then"]["owners"],
        json!({&ada.id: 5, &bob.id: 5}),
        "{report}"
    );
    let verdict = leads[0]["verdict"].as_str().unwrap();
    assert_eq!(report["then"]["verdicts"], json!({verdict: 1}));
    let clocks = report["then"]["clocks"]["first_response"].as_i64();
    assert_eq!(clocks, Some(10), "{report}");

    assert_eq!(rows(&app), before, "nothing is written but the job");

    // What has happened since changes nothing of what they came with.
    let first = leads[0]["id"].as_str().unwrap();
    let changed = app.patch(
        &format!("/v1/leads/{first}"),
        json!({"country": "US", "city": "Reno"}),
    );
    assert_eq!(changed.status, 200, "{}", changed.text());
    let answers = format!("/v1/leads/{first}/qualification");
    for answer in app.get(&answers).json()["answers"].as_array().unwrap() {
        let path = format!(
            "{answers}/answers/{}/withdraw",
            answer["id"].as_str().unwrap()
        );
        let withdrawn = app.post(&path, json!({"reason": "misheard"}));
        assert_eq!(withdrawn.status, 200, "{}", withdrawn.text());
    }
    let after = rows(&app);
    let slow = json!({"kind": "sla_policy", "document": {"clocks": [
        {"key": "first_response", "kind": "first_response", "name": "First response", "within_minutes": 60}]}});
    let other = over_history(&app, json!([policy(&bob.id), slow]));
    let report = &other["report"];
    let german = leads[..4].iter();
    let of_bob = |lead: &&Value| lead["owner_id"] == json!(bob.id);
    let moved = 4 - german.filter(of_bob).count();
    assert_eq!(report["differing"]["due_at"], json!(10), "{report}");
    assert_eq!(report["then"]["verdicts"], json!({verdict: 1}), "{report}");
    assert!(report["differing"]["owner"].as_u64().unwrap() >= moved as u64);
    let owners = &report["then"]["owners"];
    assert_eq!(
        (&owners[&ada.id], &owners[&bob.id]),
        (&json!(3), &json!(7)),
        "four by the rule, of six each the half by turns: {report}"
    );
    let pool = &report["pools"][0];
    assert_eq!(pool["pool"], json!("everyone"));
    let shares: Vec<(i64, f64)> = pool["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["leads"].as_i64().unwrap(),
                one["expected"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(shares, [(3, 3.0), (3, 3.0)]);
    let sample = report["sample"].as_array().unwrap();
    assert_eq!(sample.len(), 10);
    let now = &sample[0]["now"]["due_at"]["first_response"];
    let then = &sample[0]["then"]["due_at"]["first_response"];
    let at = |value: &Value| chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
    assert_eq!((at(then) - at(now)).num_minutes(), 55);

    assert_eq!(rows(&app), after, "nothing is written but the job");
}

#[test]
fn a_lead_that_is_offered_has_all_its_clocks_on_both_sides() {
    let app = TestApp::start_deciding();
    app.user("rep");
    let offers = json!({"kind": "routing_policy", "document": {"accept_within_minutes": 5}});
    let clock = |key: &str| json!({"key": key, "kind": key, "name": key, "within_minutes": 5});
    let clocks = json!({"kind": "sla_policy", "document": {"clocks": [clock("accept"), clock("first_response")]}});
    for rule in [offers, clocks] {
        decide_by(&app, rule);
    }
    app.capture(json!({"email": "ada@example.com"}));
    let report = over_history(&app, json!([]))["report"].clone();
    assert_eq!(
        report["now"]["clocks"],
        json!({"accept": 1, "first_response": 1}),
        "{report}"
    );
    assert_eq!(report["now"], report["then"]);
    assert_eq!(report["differing"]["leads"], json!(0), "{report}");
}

#[test]
fn a_simulation_goes_on_from_batch_to_batch_and_leaves_out_what_it_does_not_know() {
    const LEADS: usize = 1_100;
    let app = TestApp::start_deciding();
    let reps = [app.user("rep"), app.user("rep"), app.user("rep")];
    let ids = capture_many(&app, LEADS);
    // Of one nothing was decided when it came, of another that is not known any more.
    app.database().by_hand(&format!(
        "UPDATE decisions SET id = ('fffe' || substr(id::text, 5))::uuid WHERE lead_id = '{}'",
        ids[0].as_str().unwrap()
    ));
    app.database().by_hand(&format!(
        "UPDATE decisions SET basis = NULL WHERE lead_id = '{}'",
        ids[1].as_str().unwrap()
    ));
    let queue = json!({"kind": "routing_policy", "document": {"rules": [
        {"key": "some", "name": "Some", "when": {"field": "email", "op": "eq", "value": "person2@example.com"}, "to": [{"queue": "later"}]}]}});
    let model = json!({"kind": "scoring_model", "key": "default", "document": {"name": "All alike", "rules": [
        {"key": "mail", "name": "Has a mail address", "ledger": "fit", "when": {"field": "email", "op": "is_set"}, "points": 20}]}});
    let job = over_history(&app, json!([queue, model]));
    let report = &job["report"];
    assert_eq!(
        (&job["total"], &report["leads"], &report["left_out"]),
        (&json!(LEADS), &json!(LEADS - 2), &json!(2)),
        "{job}"
    );
    assert_eq!(report["then"]["queues"], json!({"later": 1}));
    assert_eq!(report["then"]["points"], json!({"20": LEADS - 2}), "{job}");
    let owned = |rep: &crate::support::people::TestUser| {
        report["then"]["owners"][&rep.id].as_u64().unwrap()
    };
    let counts: Vec<u64> = reps.iter().map(owned).collect();
    assert_eq!(counts.iter().sum::<u64>(), LEADS as u64 - 3);
    let spread = counts.iter().max().unwrap() - counts.iter().min().unwrap();
    assert!(spread <= 1, "turns go on from batch to batch: {counts:?}");
    assert_eq!(report["sample"].as_array().unwrap().len(), 100);
    let listed = app.get("/v1/jobs").json();
    assert_eq!(listed["data"][0]["report"], Value::Null);
}

#[test]
fn who_may_not_read_leads_sees_none_of_them() {
    let app = TestApp::start_deciding();
    let key = app.post(
        "/v1/api-keys",
        json!({"name": "Rules", "scopes": ["rules:write"]}),
    );
    assert_eq!(key.status, 201, "{}", key.text());
    let token = key.json()["key"].as_str().unwrap().to_owned();
    for on in [
        json!({"history": {"since": "2026-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z"}}),
        json!({"lead": {"email": "ada@example.com"}}),
    ] {
        let reply = app.client_with(&token).post("/v1/simulate", &on);
        assert_eq!(reply.status, 403, "{}", reply.text());
        assert!(reply.text().contains("leads:read"), "{}", reply.text());
    }
}

#[test]
fn a_simulation_says_on_whom_and_of_which_time() {
    let app = TestApp::start_deciding();
    let code = |body: Value| app.post("/v1/simulate", body).errors()[0].clone();
    let time = json!({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"});
    assert_eq!(code(json!({})).1, "lead_or_history");
    assert_eq!(
        code(json!({"lead": {"email": "a@example.com"}, "history": time})).1,
        "lead_or_history"
    );
    assert_eq!(
        code(json!({ "history": time })),
        ("/history/until".to_owned(), "empty_time".to_owned())
    );
    let wrong = json!({"documents": [{"kind": "routing_policy", "document": {"fallback": [{"pool": "nobody"}]}}],
        "history": {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}});
    assert_eq!(code(wrong).0, "/documents/0/document/fallback/0/pool");
}
