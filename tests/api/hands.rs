//! Who has a lead and which clocks run for it, through merges, take-backs, returns and late news.

use crate::decisions::{decide_by, events_with, list, pass, text};
use crate::support::{TestApp, wait_until};
use baton::domain::event::{Cause, Provenance};
use baton::domain::flow;
use baton::store::leads;
use baton::worker::clocks;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

fn path(lead: &Value, what: &str) -> String {
    format!("/v1/leads/{}/{what}", text(lead))
}

fn done(reply: crate::support::http::Reply) -> Value {
    assert!((200..300).contains(&reply.status), "{}", reply.text());
    reply.json()
}

fn lead_of(app: &TestApp, body: Value) -> Value {
    app.capture(body)["lead"]["id"].clone()
}

fn policy(app: &TestApp, clocks: Value) {
    decide_by(
        app,
        json!({"kind": "sla_policy", "document": {"clocks": clocks}}),
    );
}

fn clock(key: &str, kind: &str, escalations: Value) -> Value {
    json!({"key": key, "kind": kind, "name": key, "within_minutes": 60, "escalations": escalations})
}

fn reassign_at(percent: u32) -> Value {
    json!([{"at_percent": percent, "actions": [{"do": "reassign"}]}])
}

/// Kinds and states of the clocks of a lead, in order.
fn clocks_of(app: &TestApp, lead: &Value) -> Vec<(String, String)> {
    let clocks = list(app, lead, "clocks");
    let mut found: Vec<(String, String)> = clocks
        .iter()
        .map(|clock| (text(&clock["kind"]), text(&clock["state"])))
        .collect();
    found.sort();
    found
}

fn open(app: &TestApp, lead: &Value) -> Vec<String> {
    let open = clocks_of(app, lead).into_iter();
    open.filter(|(_, state)| ["running", "breached", "paused"].contains(&state.as_str()))
        .map(|(kind, _)| kind)
        .collect()
}

fn lead(app: &TestApp, id: &Value) -> Value {
    done(app.get(&format!("/v1/leads/{}", text(id))))
}

fn assignments(app: &TestApp, lead: &Value) -> Vec<(Value, String)> {
    let found = done(app.get(&path(lead, "assignments")));
    let found = found["data"].as_array().unwrap().iter();
    found
        .map(|one| (one["user_id"].clone(), text(&one["state"])))
        .collect()
}

fn orphans(app: &TestApp) -> Value {
    done(app.get("/v1/monitor/orphans"))["lead_ids"].clone()
}

fn move_to(app: &TestApp, lead: &Value, stage: &str) {
    let mut body = json!({"stage": stage});
    if stage == "disqualified" {
        body["disqualify_reason"] = json!("spam");
    }
    done(app.post(&path(lead, "stage"), body));
}

fn merge(app: &TestApp, survivor: &Value, other: &Value) -> String {
    let merged = done(app.post(&path(survivor, "merge"), json!({"with": [other]})));
    text(&merged["merge"]["id"])
}

fn outbound(app: &TestApp, lead: &Value, at: Option<DateTime<Utc>>) {
    let mut call = json!({"type": "call", "direction": "outbound"});
    if let Some(at) = at {
        call["occurred_at"] = json!(at);
    }
    done(app.post(&path(lead, "activities"), call));
}

fn fire(app: &TestApp) {
    clocks::tick(&app.database().open()).unwrap();
}

#[test]
fn a_lead_that_is_won_by_a_merge_is_not_taken_from_its_owner() {
    let app = TestApp::start_deciding();
    app.user("rep");
    app.user("rep");
    policy(
        &app,
        json!([clock("answer", "first_response", reassign_at(100))]),
    );
    let (one, won) = (
        lead_of(&app, json!({"email": "a@example.com"})),
        lead_of(&app, json!({"email": "b@example.com"})),
    );
    move_to(&app, &won, "converted");
    merge(&app, &one, &won);
    assert_eq!(lead(&app, &one)["stage_kind"], "converted");
    assert_eq!(open(&app, &one), Vec::<String>::new());
    let owner = lead(&app, &one)["owner_id"].clone();
    pass(&app, Duration::hours(2));
    fire(&app);
    assert_eq!(lead(&app, &one)["owner_id"], owner);
}

#[test]
fn a_merged_lead_has_one_owner_and_one_clock_of_a_kind_and_is_two_again_when_it_is_undone() {
    let app = TestApp::start_deciding();
    let reps = [app.user("rep"), app.user("rep")];
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"pool": "everyone"}], "accept_within_minutes": 600}}),
    );
    policy(
        &app,
        json!([
            clock("answer", "first_response", json!([])),
            clock("take", "accept", json!([]))
        ]),
    );
    let one = lead_of(&app, json!({"email": "a@example.com"}));
    let other = lead_of(&app, json!({"email": "b@example.com"}));
    let owner = |id: &Value| lead(&app, id)["owner_id"].clone();
    let (ada, bob) = (owner(&one), owner(&other));
    assert_ne!(ada, bob);
    let of = |id: &Value| reps.iter().find(|rep| json!(rep.id) == *id).unwrap();
    let merge_id = merge(&app, &one, &other);
    assert_eq!(
        assignments(&app, &one),
        [
            (bob.clone(), "ended".to_owned()),
            (ada.clone(), "offered".to_owned())
        ]
    );
    assert_eq!(open(&app, &one), ["accept", "first_response"]);
    let of_one = done(app.get(&path(&one, "assignment")));
    assert_eq!(of_one["assignment"]["user_id"], ada);
    // Who does not own it can neither accept it nor give it back.
    let strange = of(&bob)
        .client(&app)
        .post(&path(&one, "assignment/reject"), &json!({"reason": "no"}));
    assert_eq!(strange.status, 403, "{}", strange.text());
    let undone = app.post(&format!("/v1/merges/{merge_id}/undo"), json!({}));
    assert_eq!(undone.status, 200, "{}", undone.text());
    assert_eq!(owner(&other), bob);
    for id in [&one, &other] {
        assert_eq!(open(&app, id), ["accept", "first_response"]);
    }
    assert_eq!(
        assignments(&app, &other)[0],
        (bob.clone(), "offered".to_owned())
    );
    let accepted = of(&bob)
        .client(&app)
        .post(&path(&other, "assignment/accept"), &json!({}));
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    assert_eq!(open(&app, &other), ["first_response"]);
}

#[test]
fn p3_undoing_a_merge_leaves_nobody_without_a_clock_and_starts_none_for_who_was_answered() {
    let app = TestApp::start_deciding();
    app.user("rep");
    let new = |email: &str| lead_of(&app, json!({"email": email}));
    let (one, other, answered) = (
        new("a@example.com"),
        new("b@example.com"),
        new("c@example.com"),
    );
    outbound(&app, &answered, None);
    let first = merge(&app, &one, &other);
    let second = merge(&app, &one, &answered);
    move_to(&app, &one, "disqualified");
    for id in [second, first] {
        done(app.post(&format!("/v1/merges/{id}/undo"), json!({})));
    }
    assert_eq!(lead(&app, &other)["stage"], "new");
    assert_eq!(open(&app, &other), ["first_response"]);
    assert_eq!(open(&app, &answered), Vec::<String>::new());
    assert_eq!(orphans(&app), json!([]));
}

#[test]
fn an_offer_that_ended_with_its_owner_stays_ended_and_one_is_taken_from_one_owner_only() {
    let app = TestApp::start_deciding();
    let boss = app.user("manager");
    app.user("rep");
    app.user("rep");
    app.user("rep");
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"pool": "everyone"}], "accept_within_minutes": 600}}),
    );
    let late = json!([{"at_percent": 50, "actions": [{"do": "reassign"}, {"do": "notify", "to": "owner"}]},
        {"at_percent": 90, "actions": [{"do": "notify", "to": "manager"}]}]);
    policy(
        &app,
        json!([
            clock("take", "accept", late),
            clock("answer", "first_response", reassign_at(50))
        ]),
    );
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    let first = lead(&app, &id)["owner_id"].clone();
    pass(&app, Duration::minutes(31));
    wait_until("it is somebody else's", || {
        lead(&app, &id)["owner_id"] != first
    });
    let second = lead(&app, &id)["owner_id"].clone();
    assert_eq!(
        assignments(&app, &id),
        [
            (second.clone(), "offered".to_owned()),
            (first.clone(), "taken_back".to_owned())
        ]
    );
    assert_eq!(open(&app, &id), ["accept", "first_response"]);
    let events = events_with(&app, "sla.cancelled");
    let warned: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "sla.warned" && event["data"]["key"] == "take")
        .collect();
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert_eq!(
        warned[0]["data"]["recipients"],
        json!([second]),
        "who has it now"
    );
    let given: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "lead.assigned")
        .collect();
    assert_eq!(given.len(), 1, "{given:?}");
    assert_eq!(given[0]["data"]["reason"], "the clock `take` was at 50 %");
    // The first offer is over: its later steps tell nobody.
    pass(&app, Duration::minutes(25));
    fire(&app);
    let told = app.all_events();
    let told = told
        .iter()
        .filter(|event| event["data"]["recipients"] == json!([boss.id]));
    assert_eq!(told.count(), 0);
}

#[test]
fn a_next_touch_runs_from_the_latest_touch_on_and_once() {
    let app = TestApp::start_deciding();
    app.user("rep");
    policy(&app, json!([clock("again", "next_touch", json!([]))]));
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    assert_eq!(
        orphans(&app),
        json!([]),
        "there is a policy, and it asks for no clock yet"
    );
    app.database()
        .by_hand("UPDATE leads SET created_at = created_at - interval '3 hours'");
    let ago = |minutes: i64| Some(Utc::now() - Duration::minutes(minutes));
    // Before the lead came.
    outbound(&app, &id, ago(300));
    assert_eq!(open(&app, &id), Vec::<String>::new());
    let at = ago(30).unwrap();
    outbound(&app, &id, Some(at));
    let started: DateTime<Utc> = text(&list(&app, &id, "clocks")[0]["started_at"])
        .parse()
        .unwrap();
    assert!(
        (started - at).abs() < Duration::milliseconds(1),
        "{started} for {at}"
    );
    for minutes in [90, 60, 45] {
        outbound(&app, &id, ago(minutes));
    }
    assert_eq!(
        clocks_of(&app, &id),
        [("next_touch".to_owned(), "running".to_owned())]
    );
    outbound(&app, &id, None);
    assert_eq!(open(&app, &id), ["next_touch"]);
    assert_eq!(clocks_of(&app, &id).len(), 2);
    let decisions = list(&app, &id, "decisions");
    for decision in &decisions {
        let again = done(app.post(
            &format!("/v1/decisions/{}/replay", text(&decision["id"])),
            json!({}),
        ));
        assert_eq!(again["same"], true, "{again}");
    }
}

#[test]
fn a_call_that_is_corrected_to_have_been_ours_meets_the_clock() {
    let app = TestApp::start_deciding();
    app.user("rep");
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    let call = done(app.post(&path(&id, "activities"), json!({"type": "call"})));
    assert_eq!(open(&app, &id), ["first_response"]);
    let corrected = app.patch(
        &format!("/v1/activities/{}", text(&call["id"])),
        json!({"direction": "outbound"}),
    );
    assert_eq!(corrected.status, 200, "{}", corrected.text());
    assert_eq!(open(&app, &id), Vec::<String>::new());
}

#[test]
fn what_is_over_is_neither_accepted_nor_given_back() {
    let app = TestApp::start_deciding();
    let reps = [app.user("rep"), app.user("rep")];
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    let owner = lead(&app, &id)["owner_id"].clone();
    let theirs = reps
        .iter()
        .find(|rep| json!(rep.id) == owner)
        .unwrap()
        .client(&app);
    for stage in ["converted", "disqualified"] {
        move_to(&app, &id, stage);
        for what in ["assignment/reject", "assignment/accept"] {
            let refused = theirs.post(&path(&id, what), &json!({"reason": "no"}));
            assert_eq!(
                (refused.status, &refused.json()["code"]),
                (409, &json!("in_other_hands")),
                "{}",
                refused.text()
            );
        }
    }
    assert_eq!(lead(&app, &id)["owner_id"], owner);
}

#[test]
fn an_offer_begins_anew_when_the_lead_comes_back() {
    let app = TestApp::start_deciding();
    app.user("rep");
    app.user("rep");
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"pool": "everyone"}], "accept_within_minutes": 10}}),
    );
    policy(&app, json!([clock("take", "accept", json!([]))]));
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    let owner = lead(&app, &id)["owner_id"].clone();
    move_to(&app, &id, "disqualified");
    app.database().by_hand(
        "UPDATE assignments SET given_at = given_at - interval '11 minutes', accept_by = accept_by - interval '11 minutes', next_look_at = NULL",
    );
    move_to(&app, &id, "nurturing");
    let found = done(app.get(&path(&id, "assignment")));
    assert_eq!(found["owner_id"], owner);
    let accept_by: DateTime<Utc> = text(&found["assignment"]["accept_by"]).parse().unwrap();
    assert!(accept_by > Utc::now(), "{accept_by}");
    assert_eq!(open(&app, &id), ["accept"]);
    app.database().by_hand(
        "UPDATE assignments SET accept_by = now(), next_look_at = now() WHERE state = 'offered'",
    );
    wait_until("it goes to the other one", || {
        lead(&app, &id)["owner_id"] != owner
    });
}

#[test]
fn who_gave_a_lead_back_does_not_get_it_when_it_comes_back() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    let first = lead(&app, &id)["owner_id"].clone();
    done(app.post(
        &path(&id, "assignment/reject"),
        json!({"reason": "not mine"}),
    ));
    let second = lead(&app, &id)["owner_id"].clone();
    assert_ne!(first, second);
    move_to(&app, &id, "disqualified");
    let gone = if json!(ada.id) == second { &ada } else { &bob };
    assert_eq!(app.delete(&format!("/v1/users/{}", gone.id)).status, 200);
    move_to(&app, &id, "nurturing");
    let back = lead(&app, &id);
    assert_eq!(
        (&back["owner_id"], &back["queue"]),
        (&Value::Null, &json!("unassigned"))
    );
}

#[test]
fn what_is_claimed_or_given_by_hand_is_taken_back_like_what_was_routed() {
    let app = TestApp::start_deciding();
    let rep = app.user("rep");
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"queue": "inbound"}], "take_back_after_idle_hours": 2}}),
    );
    let (claimed, given, called) = (
        lead_of(&app, json!({"email": "a@example.com"})),
        lead_of(&app, json!({"email": "b@example.com"})),
        lead_of(&app, json!({"email": "c@example.com"})),
    );
    done(rep.client(&app).post(&path(&claimed, "claim"), &json!({})));
    for id in [&given, &called] {
        done(app.post(&path(id, "assignment"), json!({"owner_id": rep.id})));
    }
    app.database().by_hand("UPDATE assignments SET accepted_at = accepted_at - interval '3 hours', given_at = given_at - interval '3 hours'");
    app.database()
        .by_hand("UPDATE lead_history SET occurred_at = occurred_at - interval '3 hours'");
    // The telephone system noted it, with a key of its own.
    outbound(&app, &called, None);
    app.database()
        .by_hand("UPDATE assignments SET next_look_at = now()");
    for id in [&claimed, &given] {
        wait_until("it waits again", || lead(&app, id)["queue"] == "inbound");
        assert_eq!(
            assignments(&app, id),
            [(json!(rep.id), "taken_back".to_owned())]
        );
    }
    assert_eq!(lead(&app, &called)["owner_id"], json!(rep.id));
}

#[test]
fn p3_what_is_given_to_a_team_or_to_nobody_waits_in_a_queue() {
    let app = TestApp::start_deciding();
    let rep = app.user("rep");
    let team = app.team("North", &[&rep.id]);
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    for to in [json!({"team_id": team}), json!({})] {
        let given = done(app.post(&path(&id, "assignment"), to.clone()));
        assert_eq!(
            (&given["owner_id"], &given["queue"]),
            (&Value::Null, &json!("unassigned")),
            "{given}"
        );
        assert_eq!(
            lead(&app, &id)["team_id"],
            to.get("team_id").cloned().unwrap_or_default()
        );
        let taken = rep.client(&app).post(&path(&id, "claim"), &json!({}));
        assert_eq!(taken.status, 200, "{}", taken.text());
    }
    app.database().by_hand("UPDATE leads SET owner_id = NULL");
    assert_eq!(orphans(&app), json!([id]), "a team alone is nobody");
}

#[test]
fn p3_the_monitor_names_an_open_lead_whose_clocks_were_all_given_up() {
    let app = TestApp::start_deciding();
    app.user("rep");
    let (forgotten, answered) = (
        lead_of(&app, json!({"email": "a@example.com"})),
        lead_of(&app, json!({"email": "b@example.com"})),
    );
    outbound(&app, &answered, None);
    move_to(&app, &forgotten, "disqualified");
    assert_eq!(orphans(&app), json!([]));
    app.database().by_hand(
        "UPDATE leads SET stage = 'new', stage_kind = 'new' WHERE stage_kind = 'disqualified'",
    );
    assert_eq!(orphans(&app), json!([forgotten]));
    app.database().by_hand("UPDATE leads SET stage = 'disqualified', stage_kind = 'disqualified' WHERE email = 'a@example.com'");
    move_to(&app, &forgotten, "new");
    assert_eq!(open(&app, &forgotten), ["first_response"]);
    assert_eq!(orphans(&app), json!([]));
}

#[test]
fn p10_what_is_said_in_the_same_batch_ends_the_clocks_of_the_lead() {
    let app = TestApp::start_deciding();
    app.user("rep");
    policy(
        &app,
        json!([
            clock("judge", "qualify", json!([])),
            clock("answer", "first_response", json!([]))
        ]),
    );
    let all = json!({"budget": "25k EUR", "authority": "decision_maker", "need": "x", "timing": "this_quarter"});
    let batch =
        json!({"items": [{"email": "a@example.com"}, {"email": "a@example.com", "answers": all}]});
    let taken = done(app.post("/v1/capture/batch", batch));
    let id = app.leads("")[0]["id"].clone();
    assert_eq!(open(&app, &id), ["first_response"], "{taken}");
    assert_eq!(
        events_with(&app, "sla.met")
            .iter()
            .filter(|event| event["type"] == "sla.met")
            .count(),
        1
    );
}

fn settle_in(app: &TestApp, user_id: &str, zone: &str) {
    done(app.patch(&format!("/v1/users/{user_id}"), json!({"timezone": zone})));
}

/// Leads are to be answered within a hundred hours of three days of the week, by the clocks of who has them.
fn count_by_the_owners_zone(app: &TestApp) {
    decide_by(
        app,
        json!({"kind": "calendar", "key": "office", "document": {"zone": "UTC", "hours": {"monday": [{"from": "00:00", "to": "24:00"}],
        "wednesday": [{"from": "00:00", "to": "24:00"}], "friday": [{"from": "00:00", "to": "24:00"}]}}}),
    );
    policy(
        app,
        json!([{"key": "answer", "kind": "first_response", "name": "A", "within_minutes": 6000, "calendar": "office", "zone": "owner"}]),
    );
}

#[test]
fn clocks_follow_an_owner_who_moves_to_another_zone() {
    let app = TestApp::start_deciding();
    let rep = app.user("rep");
    settle_in(&app, &rep.id, "Asia/Tokyo");
    count_by_the_owners_zone(&app);
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    let counts_by = || list(&app, &id, "clocks")[0]["calendar"]["zone"].clone();
    assert_eq!(counts_by(), "Asia/Tokyo");
    settle_in(&app, &rep.id, "America/Lima");
    wait_until("it counts by the new zone", || {
        counts_by() == "America/Lima"
    });
    let events = events_with(&app, "sla.recomputed");
    assert_eq!(
        events
            .iter()
            .filter(|event| event["type"] == "sla.recomputed")
            .count(),
        1
    );
}

#[test]
fn clocks_that_another_process_takes_to_the_former_zone_follow_the_owner_too() {
    let app = TestApp::start_deciding();
    let rep = app.user("rep");
    settle_in(&app, &rep.id, "Asia/Tokyo");
    count_by_the_owners_zone(&app);
    let former = app
        .db
        .in_workspace(app.workspace_id, flow::rules::load)
        .unwrap();
    settle_in(&app, &rep.id, "America/Lima");
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    let counts_by = || list(&app, &id, "clocks")[0]["calendar"]["zone"].clone();
    assert_eq!(counts_by(), "America/Lima");
    let by_former = app.db.in_workspace(app.workspace_id, |conn| {
        let lead = leads::lock(conn, text(&id).parse().unwrap())?;
        let provenance = Provenance::by_itself(Cause::decision(lead.id));
        flow::clocks::follow_owner(conn, &lead, &former, &provenance, Utc::now())
    });
    by_former.unwrap();
    assert_eq!(counts_by(), "Asia/Tokyo");
    // Ten seconds later.
    app.database()
        .by_hand("UPDATE calendar_walks SET until = until - interval '11 seconds'");
    wait_until("it counts by the new zone", || {
        counts_by() == "America/Lima"
    });
    wait_until("the calendar is looked at no longer", || {
        app.database()
            .number("SELECT count(*) FROM calendar_walks WHERE calendar = 'office'")
            == 0
    });
}

#[test]
fn owners_who_work_on_a_lead_that_is_offered_to_them_have_accepted_it() {
    let app = TestApp::start_deciding();
    let rep = app.user("rep");
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"user": rep.id}], "accept_within_minutes": 600}}),
    );
    let state = |id: &Value| assignments(&app, id)[0].1.clone();
    let theirs = rep.client(&app);
    let works = [
        ("stage", json!({"stage": "nurturing"})),
        (
            "qualification",
            json!({"answers": {"need": "a spreadsheet"}, "source": "call"}),
        ),
        (
            "activities",
            json!({"type": "call", "direction": "inbound"}),
        ),
    ];
    for (number, (what, body)) in works.into_iter().enumerate() {
        let id = lead_of(&app, json!({"email": format!("p{number}@example.com")}));
        let packet = done(app.get(&path(&id, "handoff")));
        assert_eq!(packet["next_steps"][1]["step"], "accept", "{packet}");
        done(app.post(&path(&id, what), body.clone()));
        assert_eq!(state(&id), "offered", "a program did it: {what}");
        let again = match what {
            "stage" => json!({"stage": "mql"}),
            _ => body,
        };
        done(theirs.post(&path(&id, what), &again));
        assert_eq!(state(&id), "accepted", "{what}");
    }
    let id = lead_of(&app, json!({"email": "d@example.com"}));
    move_to(&app, &id, "accepted");
    assert_eq!(state(&id), "accepted", "the stage says so");
    move_to(&app, &id, "converted");
    assert_eq!(
        done(app.get(&path(&id, "handoff")))["next_steps"],
        json!([])
    );
}

#[test]
fn who_may_only_read_gets_no_leads() {
    let app = TestApp::start_deciding();
    let (rep, reader) = (app.user("rep"), app.user("readonly"));
    let pool = json!({"kind": "pool", "key": "everyone", "document": {"name": "Two", "members": [{"user_id": reader.id}, {"user_id": rep.id}]}});
    let written = done(app.post("/v1/rules", pool));
    assert_eq!(
        (
            &written["warnings"][0]["pointer"],
            &written["warnings"][0]["code"]
        ),
        (&json!("/members/0/user_id"), &json!("readonly_user"))
    );
    done(app.post(
        &format!("/v1/rules/{}/activate", text(&written["id"])),
        json!({}),
    ));
    for number in 0..3 {
        let captured = app.capture(json!({"email": format!("p{number}@example.com")}));
        assert_eq!(captured["lead"]["owner_id"], json!(rep.id));
        let decision = text(&captured["assignment"]["decision_id"]);
        let shown = done(app.get(&format!("/v1/decisions/{decision}")));
        let candidates = &shown["finding"]["result"]["tried"][0]["candidates"];
        assert_eq!(
            candidates[0]["excluded_by"],
            json!([{"reason": "read_only"}])
        );
        let again = done(app.post(&format!("/v1/decisions/{decision}/replay"), json!({})));
        assert_eq!(again["same"], true, "{again}");
    }
    let id = lead_of(&app, json!({"email": "x@example.com"}));
    let refused = app.post(&path(&id, "assignment"), json!({"owner_id": reader.id}));
    assert_eq!(
        refused.errors(),
        [("/owner_id".to_owned(), "readonly_user".to_owned())]
    );
}

#[test]
fn a_lead_that_was_given_to_somebody_who_had_just_left_goes_to_somebody_else() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let (own, other) = (
        lead_of(&app, json!({"email": "a@example.com"})),
        lead_of(&app, json!({"email": "b@example.com"})),
    );
    app.database()
        .by_hand("UPDATE assignments SET given_at = given_at - interval '1 hour'");
    let gone = lead(&app, &own)["owner_id"].clone();
    let stays = if gone == json!(ada.id) { &bob } else { &ada };
    assert_eq!(
        app.delete(&format!("/v1/users/{}", text(&gone))).status,
        200
    );
    // As another process does for some seconds, which does not know it yet.
    let late = lead_of(&app, json!({"email": "c@example.com"}));
    app.database().by_hand(&format!(
        "UPDATE leads SET owner_id = '{0}' WHERE email = 'c@example.com'; \
         UPDATE assignments SET user_id = '{0}' WHERE lead_id = '{1}'",
        text(&gone),
        text(&late)
    ));
    wait_until("somebody who is there has it", || {
        lead(&app, &late)["owner_id"] == json!(stays.id)
    });
    assert_eq!(
        assignments(&app, &late)[1],
        (gone.clone(), "taken_back".to_owned())
    );
    assert_eq!(
        lead(&app, &own)["owner_id"],
        gone,
        "what they had is for who manages them to give"
    );
    assert_eq!(lead(&app, &other)["owner_id"], json!(stays.id));
}

#[test]
fn p9_undoing_a_merge_leaves_everybody_with_what_they_had() {
    let app = TestApp::start_deciding();
    let rep = app.user("rep");
    let team = app.team("North", &[&rep.id]);
    let new = |email: &str| lead_of(&app, json!({"email": email}));
    // What a manager gave to a team waits for it, also afterwards.
    let (one, other) = (new("a@example.com"), new("b@example.com"));
    for id in [&one, &other] {
        done(app.post(&path(id, "assignment"), json!({"team_id": team})));
    }
    let id = merge(&app, &one, &other);
    done(app.post(&format!("/v1/merges/{id}/undo"), json!({})));
    for id in [&one, &other] {
        let back = lead(&app, id);
        assert_eq!(
            (&back["owner_id"], &back["queue"], &back["team_id"]),
            (&Value::Null, &json!("unassigned"), &json!(team))
        );
    }
    // Who was called afterwards was answered, and nobody else.
    let (called, waits) = (new("c@example.com"), new("d@example.com"));
    let id = merge(&app, &called, &waits);
    outbound(&app, &called, None);
    done(app.post(&format!("/v1/merges/{id}/undo"), json!({})));
    assert_eq!(open(&app, &called), Vec::<String>::new());
    assert_eq!(open(&app, &waits), ["first_response"]);
    for id in [&called, &waits] {
        done(app.patch(&format!("/v1/leads/{}", text(id)), json!({"country": "FR"})));
        for decision in &list(&app, id, "decisions") {
            let again = app.post(
                &format!("/v1/decisions/{}/replay", text(&decision["id"])),
                json!({}),
            );
            assert!(
                again.status == 409 || again.json()["same"] == true,
                "{}",
                again.text()
            );
        }
    }
}

#[test]
fn who_accepted_one_of_two_leads_has_accepted_them_when_they_are_one() {
    let app = TestApp::start_deciding();
    let rep = app.user("rep");
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"user": rep.id}], "accept_within_minutes": 60}}),
    );
    let one = lead_of(&app, json!({"email": "a@example.com"}));
    done(
        rep.client(&app)
            .post(&path(&one, "assignment/accept"), &json!({})),
    );
    let other = lead_of(&app, json!({"email": "b@example.com"}));
    merge(&app, &one, &other);
    assert_eq!(
        assignments(&app, &one),
        [
            (json!(rep.id), "ended".to_owned()),
            (json!(rep.id), "accepted".to_owned())
        ]
    );
}

#[test]
fn p3_a_merge_gives_no_lead_to_somebody_who_has_left() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let (one, other) = (
        lead_of(&app, json!({"email": "a@example.com"})),
        lead_of(&app, json!({"email": "b@example.com"})),
    );
    app.database()
        .by_hand("UPDATE assignments SET given_at = given_at - interval '1 hour'");
    done(app.post(&path(&one, "assignment"), json!({"owner_id": ada.id})));
    done(app.post(&path(&other, "assignment"), json!({"owner_id": bob.id})));
    app.database()
        .by_hand("UPDATE assignments SET given_at = given_at - interval '1 hour'");
    assert_eq!(app.delete(&format!("/v1/users/{}", ada.id)).status, 200);
    merge(&app, &one, &other);
    assert_eq!(lead(&app, &one)["owner_id"], json!(bob.id));
    assert_eq!(orphans(&app), json!([]));
}

#[test]
fn a_next_touch_that_ended_with_a_merge_starts_again_when_it_is_undone() {
    let app = TestApp::start_deciding();
    app.user("rep");
    policy(
        &app,
        json!([
            clock("answer", "first_response", json!([])),
            clock("again", "next_touch", json!([]))
        ]),
    );
    let (one, other) = (
        lead_of(&app, json!({"email": "a@example.com"})),
        lead_of(&app, json!({"email": "b@example.com"})),
    );
    outbound(&app, &one, None);
    outbound(&app, &other, None);
    let id = merge(&app, &one, &other);
    assert_eq!(open(&app, &one), ["next_touch"]);
    done(app.post(&format!("/v1/merges/{id}/undo"), json!({})));
    for id in [&one, &other] {
        assert_eq!(open(&app, id), ["next_touch"]);
    }
}

#[test]
fn a_stage_that_a_person_chose_stays_until_there_is_another_verdict_or_answer() {
    let app = TestApp::start_deciding();
    app.user("rep");
    let sure = json!({"budget": "50k EUR", "authority": "decision maker", "need": "replace", "timing": "this month"});
    let id = lead_of(
        &app,
        json!({"email": "a@example.com", "title": "CEO", "answers": sure}),
    );
    let stage = || lead(&app, &id)["stage"].clone();
    assert_eq!(stage(), "sql");
    move_to(&app, &id, "nurturing");
    done(app.patch(
        &format!("/v1/leads/{}", text(&id)),
        json!({"country": "AT"}),
    ));
    outbound(&app, &id, None);
    app.capture(json!({"email": "a@example.com", "message": "Please call me", "currency": "CHF"}));
    assert_eq!(stage(), "nurturing");
    // An answer is news.
    done(app.post(
        &path(&id, "qualification"),
        json!({"answers": {"need": "still"}, "source": "call"}),
    ));
    assert_eq!(stage(), "sql");
}

#[test]
fn p5_a_machine_whose_clock_is_ahead_fires_nothing_early() {
    let app = TestApp::start_deciding();
    app.user("rep");
    policy(
        &app,
        json!([clock("answer", "first_response", reassign_at(100))]),
    );
    let id = lead_of(&app, json!({"email": "a@example.com"}));
    let db = app.database().open();
    let ahead = || Utc::now() + Duration::days(1);
    assert_eq!(clocks::tick_by(&db, ahead).unwrap(), 0);
    assert_eq!(open(&app, &id), ["first_response"]);
    assert_eq!(list(&app, &id, "clocks")[0]["state"], "running");
    let due_at: DateTime<Utc> = text(&list(&app, &id, "clocks")[0]["due_at"])
        .parse()
        .unwrap();
    assert!(due_at < ahead(), "it would have been due by that clock");
}
