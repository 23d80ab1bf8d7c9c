//! What leads are worth: at captures, by activities, by changes of them, by models, and by time alone.

use crate::support::{TestApp, jobs};
use baton::domain::flow::rules;
use baton::domain::flow::score_lead::{News, rescore_all};
use baton::domain::rules::Rules;
use chrono::Utc;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

fn score(app: &TestApp, lead: &str) -> Value {
    let reply = app.get(&format!("/v1/leads/{lead}/score"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// A model with its rules; engagement halves in a fortnight.
fn activate(app: &TestApp, key: Option<&str>, document: Value) -> Value {
    let written = app.post(
        "/v1/rules",
        json!({"kind": "scoring_model", "key": key, "document": document}),
    );
    assert_eq!(written.status, 201, "{}", written.text());
    let rule = written.json();
    let active = app.post(&format!("/v1/rules/{}/activate", id(&rule)), json!({}));
    assert_eq!(active.status, 200, "{}", active.text());
    rule
}

/// Scores all leads anew, as if ten seconds had passed since a model was activated.
fn run_rescore(app: &TestApp) {
    app.database()
        .by_hand("UPDATE jobs SET claimed_until = now() WHERE kind = 'rescore'");
    jobs::run(app);
}

fn model() -> Value {
    json!({"name": "M", "engagement_grades": {"1": 40, "2": 20, "3": 5}, "rules": [
        {"key": "dach", "name": "DACH", "ledger": "fit", "points": 30, "when": {"field": "country", "op": "in", "value": ["DE", "AT", "CH"]}},
        {"key": "form", "name": "Form", "ledger": "engagement", "points": 10, "activity": {"types": ["submission"]}},
        {"key": "call", "name": "Call", "ledger": "engagement", "points": 20, "activity": {"types": ["call"]}},
    ], "thresholds": [{"key": "hot", "on": "total", "points": 55}]})
}

fn types(app: &TestApp, lead: &str) -> Vec<(String, Value)> {
    app.all_events()
        .iter()
        .filter(|event| event["lead_id"] == json!(lead))
        .map(|event| {
            (
                event["type"].as_str().unwrap().to_owned(),
                event["data"].clone(),
            )
        })
        .collect()
}

fn wait_for(app: &TestApp, lead: &str, kind: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some((_, data)) = types(app, lead).into_iter().find(|(name, _)| name == kind) {
            return data;
        }
        assert!(Instant::now() < until, "no {kind}: {:?}", types(app, lead));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_new_workspace_says_what_a_lead_is_worth_in_the_answer_of_its_capture() {
    let app = TestApp::start_deciding();
    let answer = app.capture(
        json!({"email": "ada@acme.example", "company": "Acme", "title": "Head of Sales", "country": "DE"}),
    );
    let standing = &answer["score"]["standing"];
    assert_eq!(
        (
            &standing["fit"],
            &standing["engagement"],
            &standing["grade"]
        ),
        (&json!(40), &json!(10.0), &json!("A3")),
        "{answer}"
    );
    let rules: Vec<&str> = answer["score"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["rule"].as_str().unwrap())
        .collect();
    assert_eq!(
        rules,
        [
            "business_email",
            "senior_title",
            "company",
            "country",
            "submission"
        ]
    );
    for part in ["fit", "engagement", "total", "grade"] {
        assert_eq!(answer["lead"]["score"][part], standing[part], "{answer}");
    }
    let lead = id(&answer["lead"]);
    let shown = score(&app, &lead);
    assert_eq!(
        (&shown["model"], &shown["model_version"]),
        (&json!("default"), &Value::Null)
    );
    assert_eq!(shown["statement"]["lines"].as_array().unwrap().len(), 5);
    assert_eq!(shown["why_not"]["threshold"], json!("hot"));
    let decision = app
        .get(&format!(
            "/v1/decisions/{}",
            answer["score"]["decision_id"].as_str().unwrap()
        ))
        .json();
    assert_eq!(decision["finding"]["kind"], json!("score"));
    let wrong = app.get(&format!("/v1/leads/{lead}/score?threshold=none"));
    assert_eq!(
        wrong.errors(),
        [("?threshold".to_owned(), "unknown_threshold".to_owned())]
    );
}

#[test]
fn what_a_lead_does_and_becomes_is_added_corrected_and_told() {
    let app = TestApp::start();
    activate(&app, None, model());
    let answer = app.capture(json!({"email": "ada@acme.example", "country": "FR"}));
    let lead = id(&answer["lead"]);
    assert_eq!(answer["score"]["standing"]["grade"], json!("D3"));
    let call = app.post(
        &format!("/v1/leads/{lead}/activities"),
        json!({"type": "call"}),
    );
    assert_eq!(call.status, 201, "{}", call.text());
    let shown = app.get(&format!("/v1/leads/{lead}")).json();
    assert_eq!(shown["score"]["grade"], json!("D2"));
    let grade = wait_for(&app, &lead, "lead.grade_changed");
    assert_eq!((&grade["from"], &grade["to"]), (&json!("D3"), &json!("D2")));
    assert_eq!(grade["by"], json!("scoring"));

    let patched = app.patch(&format!("/v1/leads/{lead}"), json!({"country": "AT"}));
    assert_eq!(patched.json()["score"]["fit"], json!(30));
    let reached = wait_for(&app, &lead, "lead.threshold_reached");
    assert_eq!(reached["threshold"], json!("hot"));

    let gone = app.delete(&format!("/v1/activities/{}", id(&call.json())));
    assert_eq!(gone.status, 204, "{}", gone.text());
    let shown = app.get(&format!("/v1/leads/{lead}")).json();
    assert_eq!(shown["score"]["grade"], json!("B3"));
    assert_eq!(
        wait_for(&app, &lead, "lead.threshold_lost")["threshold"],
        json!("hot")
    );
    let again = app.capture(json!({"email": "ada@acme.example"}));
    assert_eq!(again["outcome"], json!("matched"));
    assert_eq!(again["score"]["entries"][0]["rule"], json!("form"));
    let total = score(&app, &lead)["statement"]["standing"]["total"].clone();
    assert!((49.8..=50.0).contains(&total.as_f64().unwrap()), "{total}");
}

#[test]
fn what_changes_a_lead_by_any_way_is_scored() {
    let app = TestApp::start();
    let mut document = model();
    document["rules"][0]["when"] = json!({"any": [{"field": "tags", "op": "has_any", "value": ["vip"]}, {"field": "stage", "op": "eq", "value": "mql"}]});
    activate(&app, None, document);
    let lead = id(&app.capture(json!({"email": "ada@acme.example"}))["lead"]);
    let bulk = app.post(
        "/v1/leads/bulk",
        json!({"action": "tag", "tags": ["vip"], "select": {"ids": [lead]}}),
    );
    assert_eq!(bulk.status, 202, "{}", bulk.text());
    jobs::run(&app);
    let shown = jobs::until(&app, &json!(lead), |found| {
        found["score"]["fit"] == json!(30)
    });
    assert_eq!(shown["score"]["fit"], json!(30));
    assert_eq!(
        app.patch(&format!("/v1/leads/{lead}"), json!({"tags": []}))
            .json()["score"]["fit"],
        json!(0)
    );
    let moved = app.post(&format!("/v1/leads/{lead}/stage"), json!({"stage": "mql"}));
    assert_eq!(moved.status, 200, "{}", moved.text());
    let shown = jobs::until(&app, &json!(lead), |found| {
        found["score"]["fit"] == json!(30)
    });
    assert_eq!(shown["score"]["fit"], json!(30));
}

#[test]
fn time_alone_takes_a_grade_at_its_moment_and_says_so_once() {
    let app = TestApp::start();
    activate(&app, None, model());
    let lead = id(&app.capture(json!({"email": "ada@acme.example", "country": "DE"}))["lead"]);
    assert_eq!(
        app.get(&format!("/v1/leads/{lead}")).json()["score"]["grade"],
        json!("B3")
    );
    // Ten points are below five after a fortnight: everything the lead did becomes so old.
    app.database().by_hand(
        "UPDATE activities SET occurred_at = occurred_at - interval '14 days 1 minute', created_at = created_at",
    );
    app.database().by_hand(
        "UPDATE lead_scores SET next_change_at = now(), ledger = jsonb_set(jsonb_set(ledger::jsonb, '{as_of}', to_jsonb(now() - interval '14 days 1 minute')), '{told_until}', to_jsonb(now() - interval '14 days 1 minute'))",
    );
    let shown = jobs::until(&app, &json!(lead), |found| {
        found["score"]["grade"] == json!("B4")
    });
    assert_eq!(shown["score"]["grade"], json!("B4"));
    assert!(shown["score"]["engagement"].as_f64().unwrap() < 5.0);
    let grade = wait_for(&app, &lead, "lead.grade_changed");
    assert_eq!(grade["by"], json!("decay"));
    std::thread::sleep(Duration::from_millis(600));
    let told = types(&app, &lead);
    let changes = told
        .iter()
        .filter(|(kind, _)| kind == "lead.grade_changed")
        .count();
    assert_eq!(changes, 1, "{told:?}");
}

#[test]
fn another_model_scores_all_leads_anew_and_each_by_the_first_that_counts_for_it() {
    let app = TestApp::start();
    activate(&app, None, model());
    let german = id(&app.capture(json!({"email": "ada@acme.example", "country": "DE"}))["lead"]);
    let french = id(&app.capture(json!({"email": "bob@acme.example", "country": "FR"}))["lead"]);
    let mut other = model();
    other["when"] = json!({"field": "country", "op": "eq", "value": "FR"});
    other["rules"][0] = json!({"key": "french", "name": "French", "ledger": "fit", "points": 44, "when": {"field": "country", "op": "eq", "value": "FR"}});
    let slow = {
        let mut slow = other.clone();
        slow["engagement_half_life_days"] = json!(30);
        slow
    };
    let refused = app.post(
        "/v1/rules",
        json!({"kind": "scoring_model", "key": "france", "document": slow}),
    );
    assert_eq!(
        refused.errors(),
        [(
            "/document/engagement_half_life_days".to_owned(),
            "half_life_differs".to_owned()
        )]
    );
    activate(&app, Some("france"), other);
    run_rescore(&app);
    let fit = |lead: &str| app.get(&format!("/v1/leads/{lead}")).json()["score"]["fit"].clone();
    assert_eq!((fit(&french), fit(&german)), (json!(44), json!(30)));
    assert_eq!(score(&app, &french)["model"], json!("france"));
    assert_eq!(score(&app, &german)["model"], json!("default"));
}

#[test]
fn a_model_stays_while_the_one_that_would_stand_in_has_another_half_life() {
    let app = TestApp::start();
    let weekly = || {
        let mut weekly = model();
        weekly["engagement_half_life_days"] = json!(7);
        weekly
    };
    let retire = |rule: &Value| app.post(&format!("/v1/rules/{}/retire", id(rule)), json!({}));
    let default = activate(&app, None, weekly());
    let mut other = weekly();
    other["when"] = json!({"field": "country", "op": "eq", "value": "FR"});
    let other = activate(&app, Some("france"), other);
    let refused = retire(&default);
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &json!("rule_needed")),
        "{}",
        refused.text()
    );
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.contains("`france` is 7") && detail.contains("retire"),
        "{detail}"
    );
    for rule in [other, default] {
        assert_eq!(retire(&rule).status, 200);
    }
}

#[test]
fn what_another_process_scores_by_the_former_model_is_scored_anew() {
    let app = TestApp::start();
    activate(&app, None, model());
    let lead = |name: &str| {
        let person = json!({"email": format!("{name}@acme.example"), "country": "DE"});
        id(&app.capture(person)["lead"])
    };
    let known = lead("ada");
    let former = rules_now(&app);
    let mut other = model();
    other["rules"][0]["points"] = json!(44);
    activate(&app, None, other);
    let leads = [known, lead("bob")];
    jobs::run(&app);
    let ids: Vec<Uuid> = leads.iter().map(|lead| lead.parse().unwrap()).collect();
    let by_former = app.db.in_workspace(app.workspace_id, |conn| {
        let leads = baton::store::leads::lock_by_ids(conn, &ids)?;
        rescore_all(conn, leads, News::Everything, &former, Utc::now())
    });
    by_former.unwrap();
    let fit = || {
        let shown = leads.iter();
        let shown = shown.map(|lead| app.get(&format!("/v1/leads/{lead}")).json());
        shown
            .map(|lead| lead["score"]["fit"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(fit(), [json!(30), json!(30)]);
    run_rescore(&app);
    assert_eq!(fit(), [json!(44), json!(44)]);
}

fn rules_now(app: &TestApp) -> Rules {
    let loaded = app.db.in_workspace(app.workspace_id, rules::load);
    loaded.unwrap()
}

#[test]
fn of_leads_that_become_one_everything_counts_and_after_undoing_that_to_each_its_own() {
    let app = TestApp::start();
    activate(&app, None, model());
    let one = id(&app.capture(json!({"email": "ada@acme.example", "country": "DE"}))["lead"]);
    let two = id(&app.capture(json!({"email": "ada@mail.example"}))["lead"]);
    let merged = app.post(&format!("/v1/leads/{one}/merge"), json!({"with": [two]}));
    assert_eq!(merged.status, 200, "{}", merged.text());
    let engagement = |found: &Value| found["score"]["engagement"].as_f64().unwrap_or_default();
    let shown = jobs::until(&app, &json!(one), |found| engagement(found) > 15.0);
    assert!(engagement(&shown) > 19.0, "{shown}");
    let merge = id(&merged.json()["merge"]);
    let undone = app.post(&format!("/v1/merges/{merge}/undo"), json!({}));
    assert_eq!(undone.status, 200, "{}", undone.text());
    for lead in [&one, &two] {
        let shown = jobs::until(&app, &json!(lead), |found| {
            (9.0..=10.0).contains(&engagement(found))
        });
        assert!((9.0..=10.0).contains(&engagement(&shown)), "{shown}");
    }
}

#[test]
fn p10_a_batch_is_worth_what_single_captures_are() {
    let person = |number: usize| {
        let country = if number.is_multiple_of(2) { "DE" } else { "FR" };
        json!({"email": format!("p{number}@acme.example"), "country": country, "company": "Acme"})
    };
    let twice: Vec<Value> = (0..6).map(|number| person(number % 4)).collect();
    let standing = |app: &TestApp| -> Vec<(String, i64, i64)> {
        let mut found: Vec<_> = app
            .leads("")
            .iter()
            .map(|lead| {
                let shown = &lead["score"];
                (
                    lead["email"].as_str().unwrap().to_owned(),
                    shown["fit"].as_i64().unwrap(),
                    shown["engagement"].as_f64().unwrap().round() as i64,
                )
            })
            .collect();
        found.sort();
        found
    };
    let single = TestApp::start();
    activate(&single, None, model());
    for one in &twice {
        single.capture(one.clone());
    }
    let batch = TestApp::start();
    activate(&batch, None, model());
    let reply = batch.post("/v1/capture/batch", json!({"items": twice}));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(standing(&single), standing(&batch));
    assert_eq!(standing(&batch)[0], ("p0@acme.example".to_owned(), 30, 20));
}

#[test]
fn who_takes_a_lead_over_reads_everything_in_one_answer() {
    let app = TestApp::start_deciding();
    let lead = id(&app.capture(json!({
        "email": "ada@acme.example", "title": "Head of Sales", "answers": {"need": "replace a spreadsheet"},
        "consents": [{"channel": "email", "purpose": "marketing", "granted": false}],
    }))["lead"]);
    let reply = app.get(&format!("/v1/leads/{lead}/handoff"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let packet = reply.json();
    let steps: Vec<(&str, bool)> = packet["next_steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["step"].as_str().unwrap(), step["due_at"].is_string()))
        .collect();
    assert_eq!(
        steps,
        [("assign", false), ("respond", true), ("ask", false)]
    );
    assert_eq!(packet["owner"], Value::Null);
    assert_eq!(packet["consents"][0]["granted"], json!(false));
    assert_eq!(
        packet["qualification"]["answers"][0]["criterion"],
        json!("need")
    );
    assert_eq!(packet["score"]["model"], json!("default"));
    assert_eq!(packet["clocks"][0]["kind"], json!("first_response"));
    // The assignment, the submission, and that it was created.
    assert_eq!(packet["timeline"].as_array().unwrap().len(), 3);
    let call = app.post(
        &format!("/v1/leads/{lead}/activities"),
        json!({"type": "call", "direction": "outbound", "outcome": "connected"}),
    );
    assert_eq!(call.status, 201, "{}", call.text());
    let packet = app.get(&format!("/v1/leads/{lead}/handoff")).json();
    let steps = packet["next_steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["step"] != json!("respond")));
}

#[test]
fn lists_are_in_the_order_of_scores() {
    let app = TestApp::start();
    activate(&app, None, model());
    for (name, country, calls) in [
        ("a", "FR", 3),
        ("b", "DE", 0),
        ("c", "DE", 1),
        ("d", "FR", 0),
    ] {
        let person = json!({"email": format!("{name}@acme.example"), "country": country});
        let lead = id(&app.capture(person)["lead"]);
        for _ in 0..calls {
            let path = format!("/v1/leads/{lead}/activities");
            let call = app.post(&path, json!({"type": "call"}));
            assert_eq!(call.status, 201, "{}", call.text());
        }
    }
    let names = |query: &str| -> String {
        let mut found = String::new();
        let mut cursor = String::new();
        loop {
            let page = app.get(&format!("/v1/leads?limit=1&sort={query}{cursor}"));
            assert_eq!(page.status, 200, "{}", page.text());
            let page = page.json();
            let email = page["data"][0]["email"].as_str().unwrap();
            found.extend(email.chars().next());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    };
    assert_eq!(names("-score"), "acbd");
    assert_eq!(names("score"), "dbca");
    assert_eq!(names("-engagement"), "acdb");
    assert_eq!(names("-fit"), "cbad");
    assert_eq!(names("grade"), "cbad");
    let found = app.post(
        "/v1/leads/search",
        json!({"condition": {"field": "grade", "op": "in", "value": ["B2", "B3"]}, "sort": ["-score"], "fields": ["email", "score"]}),
    );
    assert_eq!(found.status, 200, "{}", found.text());
    let emails: Vec<Value> = found.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lead| lead["email"].clone())
        .collect();
    assert_eq!(emails, ["c@acme.example", "b@acme.example"]);
}

#[test]
fn a_verdict_does_not_outlive_the_answers_it_rests_on_and_goes_with_them_when_leads_are_merged() {
    let app = TestApp::start_deciding();
    let all = json!({"budget": "25k EUR", "authority": "decision_maker", "need": "replace a spreadsheet", "timing": "this quarter"});
    let one = id(&app.capture(json!({"email": "ada@acme.example", "answers": all}))["lead"]);
    let two = id(&app.capture(json!({"email": "bob@mail.example"}))["lead"]);
    let verdict = |lead: &str| app.get(&format!("/v1/leads/{lead}")).json()["verdict"].clone();
    assert_eq!((verdict(&one), verdict(&two)), (json!("sql"), Value::Null));
    let merged = app.post(&format!("/v1/leads/{two}/merge"), json!({"with": [one]}));
    assert_eq!(merged.status, 200, "{}", merged.text());
    let shown = jobs::until(&app, &json!(two), |found| found["verdict"] == json!("sql"));
    assert_eq!(shown["verdict"], json!("sql"));
    // Everything was said five years ago.
    app.database().by_hand(
        "UPDATE qualification_answers SET answer = jsonb_set(answer, '{at}', to_jsonb(now() - interval '5 years'))",
    );
    app.database()
        .by_hand("UPDATE lead_scores SET next_change_at = now(), verdict_changes_at = now()");
    let shown = jobs::until(&app, &json!(two), |found| found["verdict"] != json!("sql"));
    assert_ne!(shown["verdict"], json!("sql"));
    let told = || {
        let told = types(&app, &two).into_iter().rev();
        let mut verdicts = told.filter_map(|(_, data)| data.get("verdict").cloned());
        verdicts.next() == Some(shown["verdict"].clone())
    };
    let until = Instant::now() + Duration::from_secs(20);
    while !told() {
        assert!(Instant::now() < until, "{:?}", types(&app, &two));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_model_asks_nothing_that_changes_by_time_alone_or_is_decided_after_it() {
    let app = TestApp::start();
    let visited = json!({"activity": "page_view", "within": "14d"});
    let fresh = json!({"field": "created_at", "op": "gte", "value": {"ago": "14d"}});
    let mine = json!({"any": [{"field": "owner_id", "op": "is_set"}, {"field": "country", "op": "is_set"}]});
    let rule = |key: &str, when: &Value| json!({"key": key, "name": key, "ledger": "fit", "points": 5, "when": when});
    let document = json!({"name": "M", "when": fresh, "rules": [rule("a", &visited), rule("b", &fresh), rule("c", &mine)]});
    let refused = app.post(
        "/v1/rules",
        json!({"kind": "scoring_model", "key": "m", "document": document}),
    );
    let wrong = |at: &str, code: &str| (format!("/document{at}"), code.to_owned());
    assert_eq!(
        refused.errors(),
        [
            wrong("/when", "depends_on_time"),
            wrong("/rules/0/when", "depends_on_time"),
            wrong("/rules/1/when", "depends_on_time"),
            wrong("/rules/2/when", "decided_later")
        ]
    );
}

#[test]
fn another_model_tells_only_what_it_changes_and_nothing_of_the_time_before_it() {
    let app = TestApp::start();
    let with = |points: u32, thresholds: Value| {
        let mut document = model();
        document["rules"][0]["points"] = json!(points);
        document["thresholds"] = thresholds;
        document
    };
    let threshold = |key: &str, points: u32| json!({"key": key, "on": "total", "points": points});
    activate(
        &app,
        None,
        with(30, json!([threshold("hot", 35), threshold("old", 5)])),
    );
    let lead = id(&app.capture(json!({"email": "ada@acme.example", "country": "DE"}))["lead"]);
    // Of a month ago: by points that are worth more now, decay would have taken much meanwhile.
    app.database().by_hand(
        "UPDATE lead_scores SET ledger = jsonb_set(jsonb_set(ledger::jsonb, '{told_until}', to_jsonb(now() - interval '30 days')), \
         '{as_of}', to_jsonb(now() - interval '30 days')), next_change_at = NULL",
    );
    activate(
        &app,
        None,
        with(60, json!([threshold("hot", 62), threshold("warm", 60)])),
    );
    let shown = jobs::until(&app, &json!(lead), |found| {
        found["score"]["fit"] == json!(60)
    });
    assert_eq!(shown["score"]["fit"], json!(60));
    let crossed: Vec<(String, String)> = types(&app, &lead)
        .into_iter()
        .filter(|(kind, _)| kind.starts_with("lead.threshold"))
        .map(|(kind, data)| (kind, data["threshold"].as_str().unwrap().to_owned()))
        .collect();
    let told = |kind: &str, key: &str| (format!("lead.threshold_{kind}"), key.to_owned());
    assert_eq!(
        crossed,
        [
            told("reached", "hot"),
            told("reached", "old"),
            told("lost", "old"),
            told("reached", "warm")
        ]
    );
}

#[test]
fn what_a_lead_had_by_a_model_is_lost_once_none_counts_for_it() {
    let app = TestApp::start();
    let of = |country: &str| {
        let mut document = model();
        document["when"] = json!({"all": [{"field": "country", "op": "eq", "value": country}, {"field": "title", "op": "is_not_set"}]});
        document["thresholds"] = json!([{"key": "hot", "on": "total", "points": 35}]);
        document
    };
    activate(&app, None, of("DE"));
    let person = |email: &str| json!({"email": email, "country": "DE"});
    let [moves, comes_again, stays] = ["a", "b", "c"]
        .map(|name| id(&app.capture(person(&format!("{name}@acme.example")))["lead"]));
    let lost = |lead: &str, grade: &Value| {
        let told = types(&app, lead).into_iter().rev();
        let told = told.take_while(|(kind, _)| kind != "lead.threshold_reached");
        let is_of_score =
            |kind: &str| kind.starts_with("lead.threshold") || kind == "lead.grade_changed";
        let mut told: Vec<_> = told.filter(|(kind, _)| is_of_score(kind)).collect();
        told.reverse();
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(
            kinds,
            ["lead.threshold_lost", "lead.grade_changed"],
            "{told:?}"
        );
        for (_, data) in &told {
            assert_eq!(
                (&data["model"], &data["standing"]),
                (&json!("default"), &Value::Null)
            );
        }
        assert_eq!(told[0].1["threshold"], "hot");
        assert_eq!(
            (&told[1].1["from"], &told[1].1["to"]),
            (grade, &Value::Null)
        );
        let replay = format!(
            "/v1/decisions/{}/replay",
            told[0].1["decision_id"].as_str().unwrap()
        );
        let replayed = app.post(&replay, json!({})).json();
        assert_eq!(replayed["same"], true, "{replayed:#}");
    };
    let grade = app.get(&format!("/v1/leads/{stays}")).json()["score"]["grade"].clone();
    assert!(grade.is_string());
    // The condition of the model holds no longer, by hand or by a capture.
    let left = app.patch(&format!("/v1/leads/{moves}"), json!({"country": "FR"}));
    assert_eq!(left.json()["score"], Value::Null);
    lost(&moves, &grade);
    let mut again = person("b@acme.example");
    again["title"] = json!("Intern");
    let captured = app.capture(again);
    assert_eq!(captured["score"]["standing"], Value::Null, "{captured}");
    lost(&comes_again, &grade);
    // Another model stands in, for others only.
    activate(&app, None, of("IT"));
    jobs::until(&app, &json!(stays), |found| found["score"] == Value::Null);
    lost(&stays, &grade);
    // Nothing was there to be lost twice.
    let count = |lead: &str| types(&app, lead).len();
    let before = count(&moves);
    app.patch(&format!("/v1/leads/{moves}"), json!({"country": "ES"}));
    assert_eq!(count(&moves), before + 1);
}
