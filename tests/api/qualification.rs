//! What is known of a lead's budget, authority, need and timing, and when that is judged anew.

use crate::decisions::{decide_by, lead, text};
use crate::support::TestApp;
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
