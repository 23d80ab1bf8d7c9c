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
