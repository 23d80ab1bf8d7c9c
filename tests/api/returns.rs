//! Leads that come back are answered like new ones (P3).

use crate::decisions::{decide_by, lead, list, text};
use crate::support::TestApp;
use crate::support::jobs::{finished, start};
use serde_json::{Value, json};

fn path(id: &Value, what: &str) -> String {
    format!("/v1/leads/{}{what}", text(id))
}

fn done(reply: crate::support::http::Reply) -> crate::support::http::Reply {
    assert!(
        (200..300).contains(&reply.status),
        "{} {}",
        reply.status,
        reply.text()
    );
    reply
}

fn captured(app: &TestApp, email: &str) -> Value {
    app.capture(json!({"email": email}))["lead"]["id"].clone()
}

/// The states of its clocks, the latest first.
fn states(app: &TestApp, id: &Value) -> Vec<String> {
    let clocks = list(app, id, "clocks");
    clocks.iter().map(|clock| text(&clock["state"])).collect()
}

#[test]
fn p3_the_monitor_tells_which_leads_may_be_forgotten_and_why() {
    let app = TestApp::start_deciding();
    let (unowned, unclocked) = (
        captured(&app, "a@example.com"),
        captured(&app, "b@example.com"),
    );
    no_orphans(&app);
    app.database().by_hand(&format!(
        "UPDATE leads SET queue = NULL WHERE id = '{}'; DELETE FROM sla_clocks WHERE lead_id = '{}'",
        text(&unowned),
        text(&unclocked)
    ));
    let told = || app.get("/v1/monitor/orphans").json();
    // A decision says which clocks there were to be.
    assert_eq!(
        told(),
        json!({"lead_ids": [unowned], "orphans": [{"lead_id": unowned, "reasons": ["no_owner"]}]})
    );
    app.database().by_hand(&format!(
        "DELETE FROM decisions WHERE lead_id = '{}'",
        text(&unclocked)
    ));
    assert_eq!(
        told()["orphans"][1],
        json!({"lead_id": unclocked, "reasons": ["no_clock"]})
    );
    // The policy is taken away: then there is none to have a clock by.
    decide_by(
        &app,
        json!({"kind": "sla_policy", "document": {"clocks": []}}),
    );
    assert_eq!(told()["lead_ids"], json!([unowned]));
}

fn no_orphans(app: &TestApp) {
    let orphans = app.get("/v1/monitor/orphans").json();
    assert_eq!(orphans["lead_ids"], json!([]));
    let idle = "SELECT count(*) FROM leads l WHERE l.deleted_at IS NULL AND l.stage_kind NOT IN ('converted', 'disqualified') \
                AND NOT l.is_test AND NOT EXISTS (SELECT FROM sla_clocks c WHERE c.lead_id = l.id AND c.state = 'running')";
    assert_eq!(
        app.database().number(idle),
        0,
        "every open lead has a clock"
    );
}

#[test]
fn p3_a_lead_that_is_restored_has_an_owner_who_is_there_and_a_clock() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let give = |id: &Value, owner: Value| {
        done(app.post(
            &path(id, "/assignment"),
            json!({"owner_id": owner, "team_id": null}),
        ));
    };
    let [kept, nobodys, leavers, bulk] =
        ["k", "n", "l", "b"].map(|name| captured(&app, &format!("{name}@example.com")));
    give(&kept, json!(ada.id));
    give(&nobodys, Value::Null);
    give(&leavers, json!(bob.id));
    give(&bulk, Value::Null);
    for id in [&kept, &nobodys, &leavers, &bulk] {
        done(app.delete(&path(id, "")));
        assert_eq!(states_of_deleted(&app, id), ["cancelled"]);
    }
    done(app.delete(&format!("/v1/users/{}", bob.id)));
    for id in [&kept, &nobodys, &leavers] {
        let back = done(app.post(&path(id, "/restore"), json!({})));
        assert_eq!(
            (
                &back.json()["owner_id"],
                back.header("etag").map(str::to_owned)
            ),
            (
                &json!(ada.id),
                Some(format!("\"{}\"", lead(&app, id)["version"]))
            ),
        );
        assert_eq!(states(&app, id), ["running", "cancelled"]);
    }
    let job = start(
        &app,
        json!({"action": "restore", "select": {"ids": [bulk]}}),
    );
    finished(&app, &job);
    assert_eq!(lead(&app, &bulk)["owner_id"], json!(ada.id));
    no_orphans(&app);
    let had = list(&app, &leavers, "assignments");
    let open = had.iter().filter(|one| one["ended_at"].is_null());
    assert_eq!(open.count(), 1, "{had:?}");
    let decided = list(&app, &nobodys, "decisions");
    let routed = decided
        .iter()
        .find(|one| one["finding"]["kind"] == "routing");
    let routed = text(&routed.unwrap()["id"]);
    let history = app.get(&path(&nobodys, "/history")).json();
    let given = &history["data"][0];
    assert_eq!(
        (
            &given["type"],
            &given["data"]["reason"],
            &given["data"]["decision_id"]
        ),
        (
            &json!("lead.assigned"),
            &json!("the lead came back"),
            &json!(routed)
        )
    );
    let replay = format!("/v1/decisions/{routed}/replay");
    assert_eq!(app.post(&replay, json!({})).json()["same"], true);
}

fn states_of_deleted(app: &TestApp, id: &Value) -> Vec<String> {
    app.database().texts(&format!(
        "SELECT state FROM sla_clocks WHERE lead_id = '{}'",
        text(id)
    ))
}

#[test]
fn p3_a_lead_that_is_reopened_or_comes_again_has_an_owner_and_a_clock() {
    let app = TestApp::start_deciding();
    app.user("rep");
    let move_to = |id: &Value, body: Value| done(app.post(&path(id, "/stage"), body));
    let [lost, won, gone] =
        ["lost", "won", "gone"].map(|name| captured(&app, &format!("{name}@example.com")));
    for id in [&lost, &won, &gone] {
        done(app.post(
            &path(id, "/assignment"),
            json!({"owner_id": null, "team_id": null}),
        ));
    }
    move_to(
        &lost,
        json!({"stage": "disqualified", "disqualify_reason": "spam"}),
    );
    move_to(&won, json!({"stage": "converted"}));
    assert_eq!(states(&app, &lost), ["cancelled"]);
    for id in [&lost, &won] {
        let moved = move_to(id, json!({"stage": "nurturing", "reason": "recycled"})).json();
        let shown = moved.get("lead").unwrap_or(&moved);
        assert!(shown["owner_id"].is_string(), "{moved}");
        assert_eq!(states(&app, id), ["running", "cancelled"]);
        let again = move_to(id, json!({"stage": "mql"})).json();
        assert!(again.is_object());
        assert_eq!(states(&app, id), ["running", "cancelled"], "once");
    }
    done(app.delete(&path(&gone, "")));
    let again = app.capture(json!({"email": "gone@example.com", "message": "Are you there?"}));
    assert_eq!(again["lead"]["id"], gone);
    assert!(again["assignment"]["owner_id"].is_string(), "{again}");
    assert_eq!(again["clocks"][0]["state"], "running");
    assert_eq!(
        lead(&app, &gone),
        again["lead"],
        "what is answered is what is kept"
    );
    assert_eq!(states(&app, &gone), ["running", "cancelled"]);
    let tried = app.capture(json!({"email": "tried@example.com", "test": true}));
    assert_eq!(tried["lead"]["owner_id"], Value::Null, "tests are nobody's");
    assert_eq!(tried["clocks"], json!([]));
    let earnest = app.capture(json!({"email": "tried@example.com"}));
    assert_eq!(earnest["lead"]["id"], tried["lead"]["id"]);
    assert!(earnest["lead"]["owner_id"].is_string(), "{earnest}");
    assert_eq!(earnest["clocks"][0]["state"], "running");
    no_orphans(&app);
}
