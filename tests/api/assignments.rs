//! Leads that are offered, given back, hoarded and claimed; accounts that somebody owns already.

use crate::support::TestApp;
use crate::support::people::{PASSWORD, TestUser};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

fn activate(app: &TestApp, rule: Value) {
    let written = app.post("/v1/rules", rule);
    assert_eq!(written.status, 201, "{}", written.text());
    let path = format!("/v1/rules/{}/activate", id(&written.json()));
    let active = app.post(&path, json!({}));
    assert_eq!(active.status, 200, "{}", active.text());
}

fn offering(app: &TestApp) {
    activate(
        app,
        json!({"kind": "routing_policy", "document": {"rules": [], "accept_within_minutes": 5}}),
    );
    activate(
        app,
        json!({"kind": "sla_policy", "document": {"clocks": [
            {"key": "accept", "kind": "accept", "name": "Accept", "within_minutes": 5}]}}),
    );
}

fn ownership(app: &TestApp, lead: &str) -> Value {
    let reply = app.get(&format!("/v1/leads/{lead}/assignment"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Reads who has the lead until the worker has seen to it.
fn until(app: &TestApp, lead: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let found = ownership(app, lead);
        if holds(&found) || Instant::now() > until {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn states(app: &TestApp, lead: &str) -> Vec<Value> {
    let found = app.get(&format!("/v1/leads/{lead}/assignments")).json();
    let records = found["data"].as_array().unwrap();
    records.iter().map(|one| one["state"].clone()).collect()
}

fn given(app: &TestApp) -> Vec<i64> {
    let found = app.get("/v1/pools/everyone/fairness").json();
    let members = found["members"].as_array().unwrap();
    members
        .iter()
        .map(|member| member["given"].as_i64().unwrap())
        .collect()
}

fn owner<'a>(reps: &'a [TestUser], found: &Value) -> &'a TestUser {
    let owner = reps.iter().find(|rep| found["owner_id"] == json!(rep.id));
    owner.unwrap_or_else(|| panic!("{found}"))
}

#[test]
fn an_offer_is_accepted_by_its_owner_only_and_meets_the_clock() {
    let app = TestApp::start_deciding();
    let reps = [app.user("rep"), app.user("rep")];
    offering(&app);
    let captured = app.capture(json!({"email": "a@example.com"}));
    let lead = id(&captured["lead"]);
    assert_eq!(captured["clocks"][0]["kind"], json!("accept"));
    let found = ownership(&app, &lead);
    assert_eq!(found["assignment"]["state"], json!("offered"));
    assert!(found["assignment"]["accept_by"].is_string());
    let mine = owner(&reps, &found);
    let other = reps.iter().find(|rep| rep.id != mine.id).unwrap();
    let path = format!("/v1/leads/{lead}/assignment/accept");
    let refused = app.client_with(&other.access_token).post(&path, &json!({}));
    assert!([403, 404].contains(&refused.status), "{}", refused.text());
    let accepted = app.client_with(&mine.access_token).post(&path, &json!({}));
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    assert_eq!(accepted.json()["assignment"]["state"], json!("accepted"));
    let again = app.client_with(&mine.access_token).post(&path, &json!({}));
    assert_eq!(again.json()["assignment"], accepted.json()["assignment"]);
    let clocks = app.get(&format!("/v1/leads/{lead}/clocks")).json();
    assert_eq!(clocks["data"][0]["state"], json!("met"));
}

#[test]
fn who_calls_a_lead_that_is_offered_to_them_has_accepted_it() {
    let app = TestApp::start_deciding();
    let reps = [app.user("rep"), app.user("rep")];
    offering(&app);
    let lead = id(&app.capture(json!({"email": "a@example.com"}))["lead"]);
    let mine = owner(&reps, &ownership(&app, &lead));
    let path = format!("/v1/leads/{lead}/activities");
    let call = app
        .client_with(&mine.access_token)
        .post(&path, &json!({"type": "call", "direction": "outbound"}));
    assert_eq!(call.status, 201, "{}", call.text());
    assert_eq!(states(&app, &lead), [json!("accepted")]);
    let clocks = app.get(&format!("/v1/leads/{lead}/clocks")).json();
    assert_eq!(clocks["data"][0]["state"], json!("met"));
}

#[test]
fn who_gives_a_lead_back_gets_the_turn_back_and_never_the_lead() {
    let app = TestApp::start_deciding();
    let reps = [app.user("rep"), app.user("rep")];
    offering(&app);
    let lead = id(&app.capture(json!({"email": "a@example.com"}))["lead"]);
    let first = owner(&reps, &ownership(&app, &lead)).id.clone();
    let path = format!("/v1/leads/{lead}/assignment/reject");
    assert_eq!(
        app.post(&path, json!({"reason": " "})).status,
        422,
        "a reason is needed"
    );
    let given_back = app.post(&path, json!({"reason": "no time"}));
    assert_eq!(given_back.status, 200, "{}", given_back.text());
    let now = given_back.json();
    let second = owner(&reps, &now).id.clone();
    assert_ne!(first, second);
    assert_eq!(now["routed"]["owner_id"], json!(second));
    assert_eq!(given(&app).iter().sum::<i64>(), 1, "one lead, one turn");
    let given_back = app.post(&path, json!({"reason": "no time either"})).json();
    assert_eq!(
        (&given_back["owner_id"], &given_back["queue"]),
        (&Value::Null, &json!("unassigned"))
    );
    assert_eq!(given(&app), [0, 0]);
    assert_eq!(states(&app, &lead), [json!("rejected"), json!("rejected")]);
    let nobody = app.post(&path, json!({"reason": "once more"}));
    assert_eq!(
        (nobody.status, nobody.json()["code"].as_str()),
        (409, Some("in_other_hands"))
    );
    // Who said no gets the next ones all the same: both have as many in the end.
    for number in 0..4 {
        app.capture(json!({"email": format!("b{number}@example.com")}));
    }
    assert_eq!(given(&app), [2, 2]);
}

#[test]
fn an_offer_that_nobody_accepts_goes_to_the_next_in_time() {
    let app = TestApp::start_deciding();
    let reps = [app.user("rep"), app.user("rep")];
    offering(&app);
    let lead = id(&app.capture(json!({"email": "a@example.com"}))["lead"]);
    let first = owner(&reps, &ownership(&app, &lead)).id.clone();
    app.database().by_hand("UPDATE assignments SET accept_by = now() - interval '1 second', next_look_at = now() - interval '1 second'");
    let found = until(&app, &lead, |found| found["owner_id"] != json!(first));
    assert_ne!(owner(&reps, &found).id, first);
    assert_eq!(states(&app, &lead), [json!("offered"), json!("timed_out")]);
    let clocks = app.get(&format!("/v1/leads/{lead}/clocks")).json();
    let states: Vec<&Value> = clocks["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|clock| &clock["state"])
        .collect();
    assert_eq!(states, [&json!("running"), &json!("cancelled")]);
}

#[test]
fn a_lead_with_which_nothing_is_done_is_taken_back_and_one_that_is_called_is_not() {
    let app = TestApp::start_deciding();
    let reps = [app.user("rep"), app.user("rep")];
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "take_back_after_idle_hours": 48}}),
    );
    let idle = id(&app.capture(json!({"email": "a@example.com"}))["lead"]);
    let worked = id(&app.capture(json!({"email": "b@example.com"}))["lead"]);
    let (idler, worker) = (
        owner(&reps, &ownership(&app, &idle)).id.clone(),
        owner(&reps, &ownership(&app, &worked)),
    );
    let path = format!("/v1/leads/{worked}/activities");
    let call = app
        .client_with(&worker.access_token)
        .post(&path, &json!({"type": "call", "direction": "outbound"}));
    assert_eq!(call.status, 201, "{}", call.text());
    let noted = id(&app.capture(json!({"email": "c@example.com"}))["lead"]);
    let noter = owner(&reps, &ownership(&app, &noted));
    let note = app.client_with(&noter.access_token).post(
        &format!("/v1/leads/{noted}/notes"),
        &json!({"body": "Waits for their budget."}),
    );
    assert_eq!(note.status, 201, "{}", note.text());
    app.database().by_hand("UPDATE assignments SET accepted_at = now() - interval '49 hours', next_look_at = now() - interval '1 second'");
    let found = until(&app, &idle, |found| found["owner_id"] != json!(idler));
    assert_ne!(owner(&reps, &found).id, idler);
    assert_eq!(
        states(&app, &idle),
        [json!("accepted"), json!("taken_back")]
    );
    assert_eq!(states(&app, &worked), [json!("accepted")]);
    assert_eq!(states(&app, &noted), [json!("accepted")]);
}

#[test]
fn a_mail_that_was_sent_for_somebody_does_not_accept_a_lead_and_their_call_does() {
    let app = TestApp::start_deciding();
    let rep = app.user("rep");
    offering(&app);
    let lead = id(&app.capture(json!({"email": "a@example.com"}))["lead"]);
    let does = |activity: Value| {
        let path = format!("/v1/leads/{lead}/activities");
        let reply = app.client_with(&rep.access_token).post(&path, &activity);
        assert_eq!(reply.status, 201, "{}", reply.text());
    };
    does(json!({"type": "email", "direction": "outbound", "properties": {"automatic": true}}));
    assert_eq!(states(&app, &lead), [json!("offered")]);
    does(json!({"type": "call", "direction": "outbound"}));
    assert_eq!(states(&app, &lead), [json!("accepted")]);
}

#[test]
fn who_had_a_lead_before_gets_it_again() {
    let app = TestApp::start_deciding();
    let reps = [app.user("rep"), app.user("rep"), app.user("rep")];
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [],
            "fallback": [{"earlier_owner": {"within_days": 30}}, {"pool": "everyone"}]}}),
    );
    let lead = id(&app.capture(json!({"email": "a@example.com"}))["lead"]);
    let first = owner(&reps, &ownership(&app, &lead)).id.clone();
    // Others have their turns in between.
    for number in 0..4 {
        app.capture(json!({"email": format!("b{number}@example.com")}));
    }
    let path = format!("/v1/leads/{lead}/assignment");
    let away = app.post(&path, json!({}));
    assert_eq!(away.status, 200, "{}", away.text());
    for stage in [
        json!({"stage": "disqualified", "disqualify_reason": "bad_timing"}),
        json!({"stage": "new", "reason": "they called"}),
    ] {
        let moved = app.post(&format!("/v1/leads/{lead}/stage"), stage);
        assert_eq!(moved.status, 200, "{}", moved.text());
    }
    assert_eq!(ownership(&app, &lead)["owner_id"], json!(first));
    // Who stands in for them and gives it back is not who had it before.
    let other = reps.iter().find(|rep| rep.id != first).unwrap();
    for (what, body) in [
        ("assignment", json!({"owner_id": other.id})),
        ("assignment/reject", json!({"reason": "they are back"})),
    ] {
        let given = app.post(&format!("/v1/leads/{lead}/{what}"), body);
        assert_eq!(given.status, 200, "{}", given.text());
    }
    assert_eq!(ownership(&app, &lead)["owner_id"], json!(first));
}

#[test]
fn p10_leads_of_a_new_company_that_come_in_at_one_moment_get_one_owner() {
    let app = TestApp::start_deciding();
    for _ in 0..6 {
        app.user("rep");
    }
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"owner_of_account": true}, {"pool": "everyone"}]}}),
    );
    for company in 0..6 {
        std::thread::scope(|scope| {
            for person in 0..6 {
                let app = &app;
                scope.spawn(move || {
                    app.capture(json!({"email": format!("p{person}@company{company}.example")}))
                });
            }
        });
    }
    let mut owners = std::collections::BTreeMap::<String, BTreeSet<String>>::new();
    for lead in app.leads("") {
        let company = lead["email"].as_str().unwrap().split_once('@').unwrap().1;
        owners
            .entry(company.to_owned())
            .or_default()
            .insert(lead["owner_id"].to_string());
    }
    assert_eq!(owners.len(), 6);
    assert!(
        owners.values().all(|owners| owners.len() == 1),
        "{owners:?}"
    );
}

#[test]
fn what_nobody_has_to_answer_is_not_claimed() {
    let app = TestApp::start_deciding();
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"queue": "inbound"}]}}),
    );
    let rep = app.user("rep");
    let over = id(&app.capture(json!({"email": "a@example.com"}))["lead"]);
    let moved = app.post(
        &format!("/v1/leads/{over}/stage"),
        json!({"stage": "disqualified", "disqualify_reason": "no_budget"}),
    );
    assert_eq!(moved.status, 200, "{}", moved.text());
    let claim = |path: &str| {
        let client = app.client_with(&rep.access_token);
        client.post(path, &json!({}))
    };
    let refused = claim(&format!("/v1/leads/{over}/claim"));
    assert_eq!(refused.json()["code"], json!("in_other_hands"));
    assert!(
        refused.text().contains("disqualified"),
        "{}",
        refused.text()
    );
    let test = app.capture(json!({"email": "b@example.com"}));
    app.database().by_hand(&format!(
        "UPDATE leads SET is_test = true WHERE id = '{}'",
        id(&test["lead"])
    ));
    assert_eq!(claim("/v1/queues/inbound/claim").status, 404);
}

#[test]
fn who_takes_a_lead_on_is_told_what_is_read_later_and_may_name_a_version() {
    let app = TestApp::start_deciding();
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"queue": "inbound"}]}}),
    );
    let rep = app.user("rep");
    let lead = id(&app.capture(json!({"email": "a@example.com"}))["lead"]);
    let post = |what: &str, version: &str, body: Value| {
        let client = app.client().with("If-Match", version);
        client.post(&format!("/v1/leads/{lead}/{what}"), &body)
    };
    let own = json!({"user_id": rep.id});
    assert_eq!(post("claim", "\"99\"", own.clone()).status, 412);
    let claimed = post("claim", "\"1\"", own);
    assert_eq!(claimed.status, 200, "{}", claimed.text());
    assert_eq!(
        claimed.json()["assignment"],
        ownership(&app, &lead)["assignment"]
    );
    let reason = json!({"reason": "no time"});
    for (what, body) in [("accept", json!({})), ("reject", reason.clone())] {
        let refused = post(&format!("assignment/{what}"), "\"1\"", body);
        assert_eq!(refused.status, 412, "{what} {}", refused.text());
    }
    let version = claimed.header("ETag").unwrap();
    let rejected = post("assignment/reject", version, reason);
    assert_eq!(rejected.status, 200, "{}", rejected.text());
}

#[test]
fn a_claim_that_cannot_be_is_told_why() {
    let app = TestApp::start_deciding();
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"queue": "inbound"}]}}),
    );
    let claim = |lead: &str, user: &Value| {
        let path = format!("/v1/leads/{lead}/claim");
        app.post(&path, json!({"user_id": user}))
    };
    let lead = |email: &str| id(&app.capture(json!({"email": email}))["lead"]);
    let (one, other) = (lead("a@example.com"), lead("b@example.org"));
    let invited = claim(&one, &app.invited_rep());
    assert_eq!(invited.errors()[0].1, "invited_user", "{}", invited.text());
    let nobody = claim(&one, &json!(uuid::Uuid::now_v7()));
    assert_eq!(nobody.errors()[0].1, "unknown_user", "{}", nobody.text());
    let merged = app.post(&format!("/v1/leads/{one}/merge"), json!({"with": [other]}));
    assert_eq!(merged.status, 200, "{}", merged.text());
    let rep = app.user("rep");
    assert_eq!(claim(&other, &json!(rep.id)).status, 308);
}

#[test]
fn tests_are_no_load() {
    let app = TestApp::start_deciding();
    let (ann, bob) = (app.user("rep"), app.user("rep"));
    activate(
        &app,
        json!({"kind": "pool", "key": "everyone", "document": {"name": "Everyone", "strategy": "least_loaded",
            "members": [{"user_id": ann.id}, {"user_id": bob.id}]}}),
    );
    let give = |email: &str, to: &TestUser| {
        let lead = id(&app.capture(json!({"email": email}))["lead"]);
        let path = format!("/v1/leads/{lead}/assignment");
        let reply = app.post(&path, json!({"owner_id": to.id}));
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    for number in 0..3 {
        give(&format!("t{number}@example{number}.com"), &ann);
    }
    app.database().by_hand("UPDATE leads SET is_test = true");
    give("real@example.org", &bob);
    let next = app.capture(json!({"email": "next@example.net"}));
    assert_eq!(next["assignment"]["owner_id"], json!(ann.id), "{next}");
}

#[test]
fn of_several_who_claim_at_once_each_gets_another_lead_the_oldest_first() {
    let app = TestApp::start_deciding();
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"queue": "inbound"}]}}),
    );
    let leads: Vec<String> = (0..8)
        .map(|number| id(&app.capture(json!({"email": format!("q{number}@example.com")}))["lead"]))
        .collect();
    let queues = app.get("/v1/queues").json();
    assert_eq!(
        (&queues["data"][0]["key"], &queues["data"][0]["leads"]),
        (&json!("inbound"), &json!(8))
    );
    let rep = app.user("rep");
    let claim = |body: Value| {
        app.client_with(&rep.access_token)
            .post("/v1/queues/inbound/claim", &body)
    };
    let first = claim(json!({}));
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(
        (id(&first.json()), &first.json()["owner_id"]),
        (leads[0].clone(), &json!(rep.id))
    );
    let this = app
        .client_with(&rep.access_token)
        .post(&format!("/v1/leads/{}/claim", leads[7]), &json!({}));
    assert_eq!(this.status, 200, "{}", this.text());
    let twice = app.post(
        &format!("/v1/leads/{}/claim", leads[7]),
        json!({"user_id": rep.id}),
    );
    assert_eq!(twice.json()["code"], json!("in_other_hands"));
    let claimed: Vec<String> = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..8).map(|_| scope.spawn(|| claim(json!({})))).collect();
        let replies = claims.into_iter().map(|claim| claim.join().unwrap());
        replies
            .filter(|reply| reply.status == 200)
            .map(|reply| id(&reply.json()))
            .collect()
    });
    assert_eq!(claimed.len(), 6);
    assert_eq!(
        claimed.into_iter().collect::<BTreeSet<_>>(),
        leads[1..7].iter().cloned().collect()
    );
    assert_eq!(claim(json!({})).status, 404);
    assert_eq!(app.get("/v1/queues").json()["data"], json!([]));
}

#[test]
fn p10_who_owns_the_account_gets_its_leads_single_and_in_a_batch_and_nobody_owns_a_free_provider() {
    let policy = json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"owner_of_account": true}, {"pool": "everyone"}]}});
    let people: Vec<Value> = [
        "a@acme.example",
        "b@other.example",
        "c@acme.example",
        "d@gmail.com",
        "e@acme.example",
        "f@gmail.com",
        "g@other.example",
    ]
    .map(|email| json!({ "email": email }))
    .into();
    let owners = |app: &TestApp| -> Vec<(String, Value)> {
        let mut found: Vec<(String, Value)> = app
            .leads("")
            .iter()
            .map(|lead| {
                (
                    lead["email"].as_str().unwrap().to_owned(),
                    lead["owner_id"].clone(),
                )
            })
            .collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        found
    };
    let mut shapes = Vec::new();
    for batch in [false, true] {
        let app = TestApp::start_deciding();
        app.user("rep");
        app.user("rep");
        activate(&app, policy.clone());
        if batch {
            let reply = app.post("/v1/capture/batch", json!({ "items": people }));
            assert_eq!(reply.status, 200, "{}", reply.text());
        } else {
            people.iter().for_each(|one| {
                app.capture(one.clone());
            });
        }
        let found = owners(&app);
        let of = |index: usize| &found[index].1;
        assert!(of(0) == of(2) && of(2) == of(4), "{found:?}");
        assert_eq!(of(1), of(6));
        assert_ne!(of(0), of(1));
        assert_ne!(of(3), of(5), "in turn: {found:?}");
        // Who is who differs between the two services; who has the same is what counts.
        let shape: Vec<usize> = found
            .iter()
            .map(|(_, owner)| found.iter().position(|(_, other)| other == owner).unwrap())
            .collect();
        shapes.push(shape);
    }
    assert_eq!(shapes[0], shapes[1]);
}

#[test]
fn a_page_at_a_shared_host_makes_no_account_and_who_is_disabled_owns_none() {
    let app = TestApp::start_deciding();
    let (ann, bob) = (app.user("rep"), app.user("rep"));
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"owner_of_account": true}, {"queue": "inbound"}]}}),
    );
    let come = |email: &str, website: Option<&str>| {
        let captured = app.capture(json!({"email": email, "website": website}));
        (
            id(&captured["lead"]),
            captured["assignment"]["owner_id"].clone(),
        )
    };
    let give = |lead: &str, to: &TestUser| {
        let path = format!("/v1/leads/{lead}/assignment");
        let reply = app.post(&path, json!({"owner_id": to.id}));
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    let (first, _) = come("a@acme.example", Some("https://www.facebook.com/acme"));
    give(&first, &ann);
    let elsewhere = come("a@other.example", Some("https://www.facebook.com/other"));
    assert_eq!(elsewhere.1, Value::Null, "of another company");
    let (second, owner) = come("b@acme.example", Some("https://linktr.ee/acme"));
    assert_eq!(owner, json!(ann.id), "by the mail address");
    give(&second, &bob);
    assert_eq!(come("c@acme.example", None).1, json!(bob.id));
    let disabled = app.delete(&format!("/v1/users/{}", bob.id));
    assert!(disabled.status < 300, "{}", disabled.text());
    assert_eq!(come("d@acme.example", None).1, json!(ann.id));
}

#[test]
fn who_may_have_three_leads_a_day_gets_three_and_the_rest_goes_on() {
    let app = TestApp::start_deciding();
    let (small, large) = (app.user("rep"), app.user("rep"));
    activate(
        &app,
        json!({"kind": "pool", "key": "both", "document": {"name": "Both", "members": [{"user_id": small.id, "daily_cap": 3}, {"user_id": large.id}]}}),
    );
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"pool": "both"}]}}),
    );
    let owned: Vec<Value> = (0..10)
        .map(|number| {
            app.capture(json!({"email": format!("c{number}@example.com")}))["lead"]["owner_id"]
                .clone()
        })
        .collect();
    let of = |rep: &TestUser| {
        owned
            .iter()
            .filter(|owner| **owner == json!(rep.id))
            .count()
    };
    assert_eq!((of(&small), of(&large)), (3, 7));
}

#[test]
fn who_is_taken_out_of_a_pool_and_put_back_that_day_gets_no_more_than_their_daily_cap() {
    let app = TestApp::start_deciding();
    let (small, large) = (app.user("rep"), app.user("rep"));
    let pool = |members: Value| {
        activate(
            &app,
            json!({"kind": "pool", "key": "both", "document": {"name": "Both", "members": members}}),
        );
    };
    let both = json!([{"user_id": small.id, "daily_cap": 1}, {"user_id": large.id}]);
    pool(both.clone());
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"pool": "both"}]}}),
    );
    let come = |number: u32| {
        app.capture(json!({"email": format!("c{number}@example.com")}))["lead"]["owner_id"].clone()
    };
    assert_eq!((come(1), come(2)), (json!(small.id), json!(large.id)));
    pool(json!([{"user_id": large.id}]));
    assert_eq!(come(3), json!(large.id));
    pool(both);
    assert_eq!((come(4), come(5)), (json!(large.id), json!(large.id)));
}

#[test]
fn p4_who_may_have_five_open_leads_gets_five_of_many_that_come_at_once() {
    let app = TestApp::start_deciding();
    let (small, large) = (app.user("rep"), app.user("rep"));
    activate(
        &app,
        json!({"kind": "pool", "key": "both", "document": {"name": "Both", "members": [
            {"user_id": small.id, "open_cap": 5, "weight": 100}, {"user_id": large.id}]}}),
    );
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"pool": "both"}]}}),
    );
    std::thread::scope(|scope| {
        for hand in 0..16 {
            let client = app.client();
            scope.spawn(move || {
                for round in 0..10 {
                    let body = json!({"email": format!("c{hand}-{round}@example.com")}).to_string();
                    let reply =
                        client.send("POST", "/v1/capture", "application/json", body.as_bytes());
                    assert_eq!(reply.status, 201, "{}", reply.text());
                }
            });
        }
    });
    let open = app.database().number(&format!(
        "SELECT count(*) FROM leads WHERE owner_id = '{}'",
        small.id
    ));
    assert_eq!(open, 5);
}

#[test]
fn a_pool_may_name_who_is_invited_and_they_get_leads_once_they_have_come_in() {
    let app = TestApp::start_deciding();
    let invited = app.invite("rep");
    let pool = json!({"kind": "pool", "key": "new", "document": {"name": "New", "members": [{"user_id": invited["user"]["id"]}]}});
    let written = app.post("/v1/rules", pool);
    assert_eq!(written.status, 201, "{}", written.text());
    let written = written.json();
    let warned: Vec<&Value> = written["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| &warning["code"])
        .collect();
    assert_eq!(warned, ["can_be_empty", "invited_user"], "{written}");
    let path = format!("/v1/rules/{}/activate", id(&written));
    assert_eq!(app.post(&path, json!({})).status, 200);
    activate(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [], "fallback": [{"pool": "new"}]}}),
    );
    let before = app.capture(json!({"email": "before@example.com"}));
    assert_eq!(before["assignment"]["owner_id"], json!(null), "{before}");
    let came = app.stranger().post(
        "/v1/auth/accept-invitation",
        &json!({"token": invited["link_token"], "password": PASSWORD}),
    );
    assert_eq!(came.status, 200, "{}", came.text());
    let after = app.capture(json!({"email": "after@example.com"}));
    assert_eq!(
        after["assignment"]["owner_id"], invited["user"]["id"],
        "{after}"
    );
}
