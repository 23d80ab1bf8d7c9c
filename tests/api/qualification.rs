//! What is known of a lead's budget, authority, need and timing, and when that is judged anew.

use crate::decisions::{decide_by, events_with, lead, list, text};
use crate::support::http::Reply;
use crate::support::{TestApp, jobs};
use serde_json::{Value, json};

/// A framework that asks for a need; verdicts move leads on and back.
fn framework(more: Value) -> Value {
    let mut document = json!({"name": "F", "when_stale": "unknown",
        "criteria": [{"key": "need", "name": "N", "question": "?", "max_age_days": 30, "answer": {"type": "text", "otherwise": "met"}}],
        "verdicts": [{"verdict": "mql", "when": {"met": ["need"]}}],
        "stages": {"mode": "follow", "moves": {"unqualified": "new", "mql": "mql"}}});
    let parts = more.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(parts);
    json!({"kind": "framework", "document": document})
}

fn path(id: &Value) -> String {
    format!("/v1/leads/{}/qualification", text(id))
}

/// Adds answers by hand.
fn answer(app: &TestApp, id: &Value, answers: Value) -> Value {
    let reply = app.post(&path(id), json!({ "answers": answers }));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn standing(lead: &Value) -> (&Value, &Value) {
    (&lead["verdict"], &lead["stage_kind"])
}

#[test]
fn a_verdict_falls_once_nothing_is_known_any_more() {
    let app = TestApp::start();
    decide_by(&app, framework(json!({})));
    let captured = app.capture(json!({"email": "a@example.com", "answers": {"need": "a CRM"}}));
    let id = &captured["lead"]["id"];
    assert_eq!(standing(&captured["lead"]), (&json!("mql"), &json!("mql")));
    // The answer has become stale.
    app.database().by_hand(
        "UPDATE qualification_answers SET answer = jsonb_set(answer, '{at}', to_jsonb(now() - interval '31 days'))",
    );
    answer(&app, id, json!({"need": "not sure"}));
    assert_eq!(
        standing(&lead(&app, id)),
        (&json!("unqualified"), &json!("new"))
    );
    // There are no answers at all any more, as after a merge that was undone.
    app.database().by_hand("DELETE FROM qualification_answers");
    answer(&app, id, json!({}));
    assert_eq!(lead(&app, id)["verdict"], Value::Null);
    let told = app.all_events();
    let last = told.iter().rfind(|event| event["type"] == "lead.qualified");
    assert_eq!(last.unwrap()["data"]["verdict"], Value::Null);
}

#[test]
fn a_rule_infers_answers_of_every_kind() {
    let app = TestApp::start();
    let criterion = |key: &str, answer: Value| json!({"key": key, "name": key, "question": "?", "answer": answer});
    let rule = |key: &str, value: Value| json!({"key": key, "criterion": key, "value": value, "confidence_permille": 600});
    decide_by(
        &app,
        framework(json!({
            "criteria": [
                criterion("role", json!({"type": "choice", "options": [{"value": "chief", "name": "Chief", "state": "met"}]})),
                criterion("has_team", json!({"type": "boolean"})),
                criterion("need", json!({"type": "text", "otherwise": "met"})),
                criterion("seats", json!({"type": "number", "met_from": 10.0})),
                criterion("budget", json!({"type": "money"})),
            ],
            "inference": [rule("role", json!("chief")), rule("has_team", json!(true)), rule("need", json!("a CRM")),
                rule("seats", json!(12)), rule("budget", json!({"amount_minor": 100, "currency": "EUR"}))],
        })),
    );
    let captured = app.capture(json!({"email": "a@example.com"}));
    assert_eq!(
        captured["qualification"]["met"],
        json!(["role", "has_team", "need", "seats", "budget"])
    );
}

/// Two leads: one with answers that lack authority, and one that is the same but for the title.
const ANSWERS: [(&str, &str); 3] = [
    ("budget", "25k EUR"),
    ("need", "a CRM"),
    ("timing", "next month"),
];

fn answers() -> Value {
    let each = ANSWERS.iter();
    Value::Object(
        each.map(|(key, said)| ((*key).to_owned(), json!(said)))
            .collect(),
    )
}

#[test]
fn a_title_that_is_learnt_later_qualifies_the_lead_as_one_that_was_known() {
    let app = TestApp::start();
    let patched = app.capture(json!({"email": "a@example.com", "answers": answers()}));
    assert_eq!(patched["lead"]["verdict"], "mql");
    let id = &patched["lead"]["id"];
    let reply = app.patch(&format!("/v1/leads/{}", text(id)), json!({"title": "CEO"}));
    assert_eq!(standing(&reply.json()), (&json!("sql"), &json!("sql")));
    assert_eq!(lead(&app, id), reply.json());

    app.capture(json!({"email": "b@example.com", "answers": answers()}));
    let touched = app.capture(json!({"email": "b@example.com", "title": "CEO"}));
    assert_eq!(standing(&touched["lead"]), (&json!("sql"), &json!("sql")));
    assert_eq!(touched["qualification"]["verdict"], "sql");

    let items = json!([
        {"email": "c@example.com", "title": "CEO"}, {"email": "c@example.com", "answers": answers()},
        {"email": "d@example.com", "answers": answers()}, {"email": "d@example.com", "title": "CEO"},
    ]);
    let reply = app
        .post("/v1/capture/batch", json!({ "items": items }))
        .json();
    for place in [1, 3] {
        let now = &reply["results"][place]["answer"]["lead"];
        assert_eq!(standing(now), (&json!("sql"), &json!("sql")), "{reply}");
    }
    let told = app.all_events();
    let moved = told
        .iter()
        .filter(|one| one["type"] == "lead.stage_changed" && one["data"]["verdict"] == "sql");
    assert_eq!(moved.count(), 4);
}

#[test]
fn what_happens_with_a_lead_qualifies_it_where_the_framework_asks_for_it() {
    let app = TestApp::start();
    let twice = json!({"activity": "submission", "count": {"gte": 3}});
    decide_by(
        &app,
        framework(json!({"verdicts": [
            {"verdict": "sql", "when": {"met": ["need"], "lead": {"any": [{"activity": "call"}, twice]}}},
            {"verdict": "mql", "when": {"met": ["need"]}},
        ]})),
    );
    let said = json!({"need": "a CRM"});
    let called = app.capture(json!({"email": "a@example.com", "answers": said}));
    let id = &called["lead"]["id"];
    let activities = format!("/v1/leads/{}/activities", text(id));
    let call = app.post(&activities, json!({"type": "call"})).json();
    assert_eq!(lead(&app, id)["verdict"], "sql");
    let path = format!("/v1/activities/{}", text(&call["id"]));
    assert_eq!(app.delete(&path).status, 204);
    assert_eq!(lead(&app, id)["verdict"], "mql");

    let one = || json!({"email": "b@example.com"});
    let items = json!([{"email": "b@example.com", "answers": said}, one(), one()]);
    let reply = app
        .post("/v1/capture/batch", json!({ "items": items }))
        .json();
    assert_eq!(reply["results"][2]["answer"]["lead"]["verdict"], "sql");
    for _ in 0..3 {
        app.capture(json!({"email": "c@example.com", "answers": said}));
    }
    assert_eq!(app.leads("email=c@example.com")[0]["verdict"], "sql");
}

#[test]
fn whoever_touches_a_lead_first_qualifies_it_by_the_answers_that_came_to_it() {
    let app = TestApp::start_deciding();
    let other = app.capture(json!({"email": "other@acme.example", "answers": answers()}));
    for (name, by_hand) in [("a", true), ("b", false)] {
        let email = format!("{name}@acme.example");
        let captured = app.capture(json!({ "email": email }));
        let id = &captured["lead"]["id"];
        assert_eq!(captured["lead"]["verdict"], Value::Null);
        // As a merge leaves it, for the worker to look at.
        app.database().by_hand(&format!(
            "UPDATE qualification_answers SET lead_id = '{to}' WHERE lead_id = '{from}'; \
             UPDATE lead_scores SET is_stale = true WHERE lead_id = '{to}'",
            to = text(id),
            from = text(&other["lead"]["id"]),
        ));
        if by_hand {
            app.patch(&format!("/v1/leads/{}", text(id)), json!({"city": "Ulm"}));
        } else {
            app.capture(json!({ "email": email }));
        }
        assert_eq!(lead(&app, id)["verdict"], "mql", "{name}");
        app.database().by_hand(&format!(
            "UPDATE qualification_answers SET lead_id = '{}' WHERE lead_id = '{}'",
            text(&other["lead"]["id"]),
            text(id)
        ));
    }
}

#[test]
fn another_framework_qualifies_all_leads_anew_and_so_does_the_one_before() {
    let app = TestApp::start();
    let captured = app.capture(json!({"email": "a@example.com", "answers": {"need": "a CRM"}}));
    let id = &captured["lead"]["id"];
    assert_eq!(
        standing(&captured["lead"]),
        (&json!("unqualified"), &json!("new"))
    );
    let active = decide_by(&app, framework(json!({})));
    let by_now = || {
        jobs::until(&app, id, |lead| {
            standing(lead) != (&json!("unqualified"), &json!("new"))
        })
    };
    assert_eq!(standing(&by_now()), (&json!("mql"), &json!("mql")));
    let retired = app.post(
        &format!("/v1/rules/{}/retire", text(&active["id"])),
        json!({}),
    );
    assert_eq!(retired.status, 200, "{}", retired.text());
    let back = jobs::until(&app, id, |lead| lead["verdict"] == "unqualified");
    // The usual framework moves nobody back.
    assert_eq!(standing(&back), (&json!("unqualified"), &json!("mql")));
}

#[test]
fn answers_are_told_and_change_the_version_whatever_they_amount_to() {
    let app = TestApp::start();
    let captured = app.capture(json!({"email": "a@example.com", "answers": {"need": "a CRM"}}));
    let id = &captured["lead"]["id"];
    let said = answer(&app, id, json!({"need": "a better CRM"}));
    let noted = lead(&app, id);
    assert_eq!(noted["version"], 2);
    app.capture(json!({"email": "a@example.com", "answers": {"budget": "5k EUR"}}));
    let told: Vec<Value> = app
        .all_events()
        .into_iter()
        .filter(|event| event["type"] == "lead.answered")
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0]["version"], 2);
    assert_eq!(
        told[0]["data"],
        json!({"answer_ids": [said["answers"][0]["id"]], "criteria": ["need"], "verdict": "unqualified", "met": ["need"],
            "missing": ["budget", "authority", "timing"], "decision_id": told[0]["data"]["decision_id"]})
    );
    assert!(told[0]["data"]["decision_id"].is_string());
    assert_eq!(told[1]["data"]["verdict"], "mql");
    let history: Vec<Value> = list(&app, id, "history")
        .iter()
        .map(|entry| entry["type"].clone())
        .collect();
    assert_eq!(
        history,
        [
            "lead.stage_changed",
            "lead.answered",
            "lead.touched",
            "lead.answered",
            "lead.created"
        ]
    );
    assert_eq!(answer(&app, id, json!({"need": null}))["stage"], "mql");
    assert_eq!(lead(&app, id)["version"], 3);
}

#[test]
fn an_answer_rests_on_an_activity_of_its_own_lead() {
    let app = TestApp::start();
    let (one, two) = (
        app.capture(json!({"email": "a@example.com"})),
        app.capture(json!({"email": "b@example.com"})),
    );
    let activities = format!("/v1/leads/{}/activities", text(&one["lead"]["id"]));
    let call = app.post(&activities, json!({"type": "call"})).json();
    let by = |activity: &Value| json!({"answers": {"need": "a CRM"}, "source": "call", "activity_id": activity});
    let right = app.post(&path(&one["lead"]["id"]), by(&call["id"]));
    assert_eq!(
        right.json()["answers"][0]["evidence"]["activity_id"],
        call["id"]
    );
    for activity in [&call["id"], &json!("0198c0de-7a11-7000-8000-000000000001")] {
        let wrong = app.post(&path(&two["lead"]["id"]), by(activity));
        assert_eq!(
            wrong.errors(),
            [("/activity_id".to_owned(), "unknown_activity".to_owned())]
        );
    }
}

fn score_mql_by_seven(app: &TestApp) {
    decide_by(
        app,
        json!({"kind": "scoring_model", "document": {"name": "M", "rules": [{"key": "mql", "name": "MQL", "ledger": "fit", "points": 7,
            "when": {"field": "verdict", "op": "eq", "value": "mql"}}]}}),
    );
}

#[test]
fn a_verdict_that_answers_give_counts_in_the_score_at_once() {
    let app = TestApp::start();
    score_mql_by_seven(&app);
    let captured = app.capture(json!({"email": "a@example.com", "answers": {"need": "a CRM"}}));
    let id = &captured["lead"]["id"];
    answer(&app, id, json!({"budget": "5k EUR"}));
    assert_eq!(lead(&app, id)["score"]["fit"], 7);
}

#[test]
fn a_framework_that_would_move_leads_to_and_fro_is_refused() {
    let app = TestApp::start();
    let new = json!({"field": "stage_kind", "op": "eq", "value": "new"});
    let wavering = framework(
        json!({"verdicts": [{"verdict": "mql", "when": {"met": ["need"], "lead": new}}]}),
    );
    let refused = app.post("/v1/rules", wavering);
    assert_eq!(
        refused.errors(),
        [(
            "/document/verdicts/0/when/lead".to_owned(),
            "asks_of_itself".to_owned()
        )],
        "{}",
        refused.text()
    );
}

/// Takes an answer of a lead back.
fn withdraw(app: &TestApp, id: &Value, answer_id: &Value, reason: &str) -> Reply {
    let path = format!("{}/answers/{}/withdraw", path(id), text(answer_id));
    app.post(&path, json!({ "reason": reason }))
}

#[test]
fn an_answer_that_is_taken_back_stays_and_counts_for_nothing() {
    let app = TestApp::start();
    decide_by(&app, framework(json!({})));
    score_mql_by_seven(&app);
    let captured = app.capture(json!({"email": "a@example.com", "answers": {"need": "a CRM"}}));
    let id = &captured["lead"]["id"];
    assert_eq!(captured["lead"]["score"]["fit"], 7);
    let first = app.get(&path(id)).json()["answers"][0].clone();
    assert_eq!(
        (&first["withdrawn"], first.get("withdrawal")),
        (&json!(false), None)
    );

    let reply = withdraw(&app, id, &first["id"], " misheard ");
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("etag"), Some("\"2\""));
    let after = reply.json();
    let answer = &after["answers"][0];
    assert_eq!(after["stage"], "new");
    assert_eq!(after["qualification"]["met"], json!([]));
    assert_eq!(
        (&answer["id"], &answer["given"]),
        (&first["id"], &first["given"])
    );
    let withdrawal = &answer["withdrawal"];
    assert_eq!(
        (
            &answer["withdrawn"],
            &withdrawal["reason"],
            &withdrawal["actor"]
        ),
        (&json!(true), &json!("misheard"), &answer["actor"])
    );
    assert!(withdrawal["at"].is_string());
    assert_eq!(app.get(&path(id)).json(), after);
    let now = lead(&app, id);
    assert_eq!(standing(&now), (&Value::Null, &json!("new")));
    assert_eq!(
        (&now["version"], &now["score"]["fit"]),
        (&json!(2), &json!(0))
    );

    // It is told, decided, and in the history.
    let told = events_with(&app, "lead.answer_withdrawn");
    let event = told
        .iter()
        .find(|one| one["type"] == "lead.answer_withdrawn")
        .unwrap();
    let decision_id = &event["data"]["decision_id"];
    assert_eq!(
        event["data"],
        json!({"answer_ids": [first["id"]], "criteria": ["need"], "reason": "misheard", "verdict": null, "met": [], "missing": ["need"],
            "decision_id": decision_id})
    );
    let history = list(&app, id, "history?types=lead.answer_withdrawn");
    assert_eq!(history[0]["decision_id"], *decision_id);
    let moved = list(&app, id, "history?types=lead.stage_changed");
    assert_eq!(moved[0]["decision_id"], *decision_id);

    // Each decision is made again by what counted then.
    let decisions = list(&app, id, "decisions");
    let kinds = decisions
        .iter()
        .filter(|one| one["finding"]["kind"] == "qualification");
    assert_eq!(kinds.count(), 2);
    for decision in decisions {
        let replay = format!("/v1/decisions/{}/replay", text(&decision["id"]));
        let replayed = app.post(&replay, json!({})).json();
        assert_eq!(replayed["same"], true, "{replayed:#}");
    }
}

#[test]
fn an_answer_is_taken_back_once_and_by_who_knows_of_it() {
    let app = TestApp::start();
    let captured = app.capture(json!({"email": "a@example.com", "answers": answers()}));
    let id = &captured["lead"]["id"];
    let known = app.get(&path(id)).json();
    let of = |key: &str| {
        let answers = known["answers"].as_array().unwrap().iter();
        answers.clone().find(|one| one["criterion"] == key).unwrap()["id"].clone()
    };
    let budget = of("budget");
    let route = format!("{}/answers/{}/withdraw", path(id), text(&budget));
    let body = json!({"reason": "misheard"});
    let stale = app.client().with("If-Match", "\"7\"").post(&route, &body);
    assert_eq!(stale.status, 412, "{}", stale.text());
    let wordless = withdraw(&app, id, &budget, " \0 ");
    assert_eq!(wordless.status, 422, "{}", wordless.text());
    let other = app.capture(json!({"email": "b@example.com"}));
    assert_eq!(
        withdraw(&app, &other["lead"]["id"], &budget, "misheard").status,
        404
    );
    assert_eq!(lead(&app, id)["version"], 1);

    let keyed = app
        .client()
        .with("If-Match", "\"1\"")
        .with("Idempotency-Key", "once");
    let first = keyed.post(&route, &body);
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(
        first.json()["qualification"]["met"],
        json!(["need", "timing"])
    );
    // The same request gets the same answer; another one changes nothing.
    assert_eq!(keyed.post(&route, &body).json(), first.json());
    assert_eq!(withdraw(&app, id, &budget, "again").json(), first.json());
    assert_eq!(lead(&app, id)["version"], 2);
    let reply = withdraw(&app, id, &of("need"), "misheard");
    assert_eq!(reply.json()["qualification"]["met"], json!(["timing"]));

    app.let_reps_see("own");
    let rep = app.user("rep");
    let hidden = rep.client(&app).post(&route, &body);
    assert_eq!(hidden.status, 404, "{}", hidden.text());
}

/// Lets the stage `mql` ask something of those who enter.
fn ask_of_mql(app: &TestApp, entry: Value) {
    let mut stages = app.get("/v1/pipeline").json()["stages"].clone();
    let stages_of = stages.as_array_mut().unwrap().iter_mut();
    for stage in stages_of.filter(|stage| stage["key"] == "mql") {
        stage["entry"] = entry.clone();
    }
    let written = app.client().send(
        "PUT",
        "/v1/pipeline",
        "application/json",
        json!({ "stages": stages }).to_string().as_bytes(),
    );
    assert_eq!(written.status, 200, "{}", written.text());
}

#[test]
fn a_verdict_moves_a_lead_into_a_stage_whose_criteria_it_meets_and_only_then() {
    let app = TestApp::start();
    let has_phone = json!({"field": "phone", "op": "is_set"});
    let called = json!({"activity": "call"});
    ask_of_mql(
        &app,
        json!({"mode": "enforced", "condition": {"all": [has_phone, called]}}),
    );
    let said = json!({"need": "a CRM", "budget": "5k EUR"});
    let captured = app.capture(json!({"email": "a@example.com", "answers": said}));
    let id = &captured["lead"]["id"];
    assert_eq!(standing(&captured["lead"]), (&json!("mql"), &json!("new")));
    app.post(
        &format!("/v1/leads/{}/activities", text(id)),
        json!({"type": "call"}),
    );
    assert_eq!(lead(&app, id)["stage"], "new");
    app.patch(
        &format!("/v1/leads/{}", text(id)),
        json!({"phone": "+14155550132"}),
    );
    assert_eq!(lead(&app, id)["stage"], "mql");

    ask_of_mql(&app, json!({"mode": "warned", "condition": has_phone}));
    let warned = app.capture(json!({"email": "b@example.com", "answers": said}));
    assert_eq!(warned["lead"]["stage"], "mql");
}

#[test]
fn a_stage_may_ask_for_answers() {
    let app = TestApp::start();
    ask_of_mql(
        &app,
        json!({"mode": "enforced", "answers": ["timing", "authority"]}),
    );
    let said = json!({"need": "a CRM", "budget": "5k EUR", "timing": "next month"});
    let captured = app.capture(json!({"email": "a@example.com", "answers": said}));
    let id = &captured["lead"]["id"];
    assert_eq!(standing(&captured["lead"]), (&json!("mql"), &json!("new")));
    let step = || {
        app.post(
            &format!("/v1/leads/{}/stage", text(id)),
            json!({"stage": "mql"}),
        )
    };
    let refused = step();
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert_eq!(
        refused.errors(),
        [("/answers/1".to_owned(), "unanswered".to_owned())]
    );
    // "Not sure" is no answer, and "the intern" is one, though authority is not met.
    answer(&app, id, json!({"authority": "not sure"}));
    assert_eq!(step().status, 409);
    answer(&app, id, json!({"authority": "intern"}));
    assert_eq!(lead(&app, id)["stage"], "mql");

    let mut stages = app.get("/v1/pipeline").json()["stages"].clone();
    stages[1]["entry"] = json!({"mode": "warned", "answers": ["budgett"]});
    let wrong = app.client().send(
        "PUT",
        "/v1/pipeline",
        "application/json",
        json!({ "stages": stages }).to_string().as_bytes(),
    );
    assert_eq!(
        wrong.errors(),
        [(
            "/stages/1/entry/answers/0".to_owned(),
            "unknown_criterion".to_owned()
        )]
    );
}

#[test]
fn a_verdict_that_disqualifies_says_so_as_the_reason() {
    let app = TestApp::start();
    decide_by(
        &app,
        framework(
            json!({"verdicts": [{"verdict": "disqualified", "when": {"unmet": ["need"]}}],
            "stages": {"mode": "follow", "moves": {"disqualified": "disqualified"}}}),
        ),
    );
    let captured = app.capture(json!({"email": "a@example.com"}));
    let id = &captured["lead"]["id"];
    answer(&app, id, json!({"need": "none"}));
    let lost = lead(&app, id);
    assert_eq!(
        (standing(&lost), &lost["disqualify_reason"]),
        (
            (&json!("disqualified"), &json!("disqualified")),
            &json!("verdict")
        )
    );
    let moved = list(&app, id, "history").remove(0);
    let changes = moved["changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .any(|change| change["path"] == "disqualify_reason"),
        "{moved}"
    );
}
