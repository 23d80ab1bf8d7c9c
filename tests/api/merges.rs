//! Leads become one, and two again: nothing is lost by either, and old ids lead on (promise P9).

use crate::support::TestApp;
use crate::support::draw::Draw;
use crate::support::http::Reply;
use crate::support::jobs::{self, finished};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

fn create(app: &TestApp, body: Value) -> String {
    let reply = app.post("/v1/leads", body);
    assert_eq!(reply.status, 201, "{}", reply.text());
    id(&reply.json())
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

fn lead(app: &TestApp, id: &str) -> Value {
    let reply = app.get(&format!("/v1/leads/{id}"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn merge(app: &TestApp, survivor: &str, with: &[&str]) -> Value {
    let reply = app.post(
        &format!("/v1/leads/{survivor}/merge"),
        json!({ "with": with }),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn undo(app: &TestApp, merge_id: &str) -> Reply {
    app.post(&format!("/v1/merges/{merge_id}/undo"), json!({}))
}

/// The lead but for what every change moves.
fn settled(mut lead: Value) -> Value {
    for name in ["version", "updated_at"] {
        lead.as_object_mut().unwrap().remove(name);
    }
    lead
}

fn values(app: &TestApp, path: &str, name: &str) -> BTreeSet<String> {
    let reply = app.get(path);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let page = reply.json();
    let texts = page["data"].as_array().unwrap().iter();
    texts
        .map(|one| one[name].as_str().unwrap().to_owned())
        .collect()
}

fn identities(app: &TestApp, id: &str) -> BTreeSet<String> {
    values(app, &format!("/v1/leads/{id}/identities"), "value")
}

fn activities(app: &TestApp, id: &str) -> BTreeSet<String> {
    values(app, &format!("/v1/leads/{id}/activities"), "id")
}

fn notes(app: &TestApp, id: &str) -> BTreeSet<String> {
    values(app, &format!("/v1/leads/{id}/notes"), "id")
}

#[test]
fn p9_a_merge_loses_nothing_and_is_undone_without_a_trace() {
    let app = TestApp::start();
    let one = create(
        &app,
        json!({"email": "bob@acme.example", "first_name": "Bob", "tags": ["fair"], "city": "Ulm", "country": "DE"}),
    );
    let two = create(
        &app,
        json!({"email": "robert@mail.example", "phone": "+49 731 555123", "title": "CTO", "tags": ["web"],
        "city": "Ulm", "country": "DE", "postal_code": "89073", "custom": {"plan": "pro"}}),
    );
    for (lead, text) in [(&one, "first"), (&two, "second")] {
        let activity = app.post(
            &format!("/v1/leads/{lead}/activities"),
            json!({"type": "call", "subject": text}),
        );
        assert_eq!(activity.status, 201, "{}", activity.text());
        assert_eq!(
            app.post(&format!("/v1/leads/{lead}/notes"), json!({"body": text}))
                .status,
            201
        );
    }
    assert_eq!(
        app.post(&format!("/v1/leads/{two}/stage"), json!({"stage": "mql"}))
            .status,
        200
    );
    let state = |of: &str| {
        (
            settled(lead(&app, of)),
            identities(&app, of),
            activities(&app, of),
            notes(&app, of),
        )
    };
    let before = (state(&one), state(&two));

    let merged = merge(&app, &one, &[&two]);
    let survivor = &merged["lead"];
    assert_eq!(
        (
            &survivor["title"],
            &survivor["postal_code"],
            &survivor["custom"],
            &survivor["stage"],
            &survivor["email"]
        ),
        (
            &json!("CTO"),
            &json!("89073"),
            &json!({"plan": "pro"}),
            &json!("mql"),
            &json!("bob@acme.example")
        )
    );
    assert_eq!(survivor["tags"], json!(["fair", "web"]));
    let both = |one: &BTreeSet<String>, two: &BTreeSet<String>| {
        one.union(two).cloned().collect::<BTreeSet<_>>()
    };
    assert_eq!(identities(&app, &one), both(&before.0.1, &before.1.1));
    assert_eq!(activities(&app, &one), both(&before.0.2, &before.1.2));
    assert_eq!(notes(&app, &one), both(&before.0.3, &before.1.3));
    let again = app.capture(json!({"email": "robert@mail.example"}));
    assert_eq!(
        (&again["outcome"], &again["lead"]["id"]),
        (&json!("matched"), &json!(one))
    );
    let events = app.all_events();
    let told: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "lead.merged")
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!(
        (
            &told[0]["data"]["survivor_id"],
            &told[0]["data"]["merged_ids"]
        ),
        (&json!(one), &json!([two]))
    );
    assert!(app.leads("").iter().all(|lead| lead["id"] != json!(two)));
    assert!(
        app.leads("deleted=true").is_empty(),
        "a lead that was merged is not to be restored"
    );

    let undone = undo(&app, &id(&merged["merge"]));
    assert_eq!(undone.status, 200, "{}", undone.text());
    assert_eq!(undone.json()["merge"]["state"], "undone");
    // What is known of them is said anew a moment later.
    let until = Instant::now() + Duration::from_secs(20);
    while lead(&app, &one)["verdict"] != before.0.0["verdict"] && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let after = (state(&one), state(&two));
    assert_eq!(
        (&after.1.0, &after.1.1, &after.1.3),
        (&before.1.0, &before.1.1, &before.1.3)
    );
    assert_eq!(after.1.2, before.1.2);
    assert_eq!((&after.0.1, &after.0.3), (&before.0.1, &before.0.3));
    assert_eq!(
        after.0.2.len(),
        before.0.2.len() + 1,
        "what came after the merge stays with the survivor"
    );
    let touched = |mut lead: Value| {
        for name in ["last_activity_at", "attribution"] {
            lead.as_object_mut().unwrap().remove(name);
        }
        lead
    };
    assert_eq!(touched(after.0.0), touched(before.0.0));
    assert_eq!(
        app.capture(json!({"email": "robert@mail.example"}))["lead"]["id"],
        json!(two)
    );
    let twice = undo(&app, &id(&merged["merge"]));
    assert_eq!(
        (twice.status, twice.json()["code"].as_str()),
        (409, Some("merge_undone"))
    );
}

#[test]
fn an_old_id_leads_on_whatever_is_asked_of_it() {
    let app = TestApp::start();
    let ids: Vec<String> = ["a", "b", "c"]
        .map(|name| create(&app, json!({"email": format!("{name}@example.com")})))
        .to_vec();
    let first = merge(&app, &ids[1], &[&ids[0]]);
    merge(&app, &ids[2], &[&ids[1]]);
    let client = app.client();
    let asked = [
        ("GET", "", ""),
        ("PATCH", "", r#"{"city": "Ulm"}"#),
        ("DELETE", "", ""),
        ("POST", "/restore", ""),
        ("POST", "/assignment", r#"{"owner_id": null}"#),
        ("POST", "/stage", r#"{"stage": "mql"}"#),
        ("GET", "/history", ""),
        ("GET", "/timeline?limit=3", ""),
        ("GET", "/activities", ""),
        ("POST", "/activities", r#"{"type": "call"}"#),
        ("GET", "/notes", ""),
        ("POST", "/notes", r#"{"body": "x"}"#),
        ("GET", "/identities", ""),
        ("GET", "/consents", ""),
        ("POST", "/merge", &format!(r#"{{"with": ["{}"]}}"#, ids[2])),
    ];
    for (method, rest, body) in asked {
        for old in &ids[..2] {
            let path = format!("/v1/leads/{old}{rest}");
            let media = match method {
                "PATCH" => "application/merge-patch+json",
                _ if body.is_empty() => "",
                _ => "application/json",
            };
            let reply = client.send(method, &path, media, body.as_bytes());
            assert_eq!(reply.status, 308, "{method} {path}: {}", reply.text());
            let location = reply.header("location").unwrap();
            assert_eq!(
                location,
                format!("/v1/leads/{}{rest}", ids[2]),
                "{method} {path}"
            );
            assert_eq!(reply.json()["lead_id"], json!(ids[2]));
        }
    }
    assert_eq!(
        app.capture(json!({"email": "a@example.com"}))["lead"]["id"],
        json!(ids[2])
    );
    let tagged = app.post(
        "/v1/leads/bulk",
        json!({"action": "tag", "tags": ["seen"], "select": {"ids": ids}}),
    );
    jobs::run(&app);
    let job = finished(&app, &tagged.json());
    assert_eq!((&job["total"], &job["changed"]), (&json!(1), &json!(1)));
    let again = merge(&app, &ids[2], &[&ids[0]]);
    assert_eq!(again["merge"], Value::Null, "who is one already stays so");
    let blocked = undo(&app, &id(&first["merge"]));
    assert_eq!(
        (blocked.status, blocked.json()["code"].as_str()),
        (409, Some("later_merge"))
    );
    let later = blocked.json()["merge_id"].as_str().unwrap().to_owned();
    assert_eq!(undo(&app, &later).status, 200);
    assert_eq!(undo(&app, &id(&first["merge"])).status, 200);
    for (old, name) in ids.iter().zip(["a", "b", "c"]) {
        assert_eq!(
            lead(&app, old)["email"],
            json!(format!("{name}@example.com"))
        );
    }
    let known = values(&app, &format!("/v1/merges?lead_id={}", ids[1]), "state");
    assert_eq!(known, BTreeSet::from(["undone".to_owned()]));
}

#[test]
fn a_caller_says_whose_value_counts_and_mistakes_are_told_by_their_place() {
    let app = TestApp::start();
    let one = create(
        &app,
        json!({"email": "a@example.com", "title": "CEO", "last_name": "Meyer"}),
    );
    let two = create(
        &app,
        json!({"email": "b@example.com", "title": "Chief executive officer", "city": "Bonn"}),
    );
    let ask = |fields: Value| {
        app.post(
            &format!("/v1/leads/{one}/merge"),
            json!({"with": [two], "fields": fields}),
        )
    };
    let wrong = ask(
        json!({"titel": {"rule": "newest"}, "title": {}, "city": {"from": "0198c0de-7a11-7000-8000-00000000000c"}}),
    );
    let wrong = wrong.errors();
    let codes: Vec<&str> = wrong.iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes, ["not_a_lead_field", "choose_one"]);
    let stranger = ask(json!({"city": {"from": "0198c0de-7a11-7000-8000-00000000000c"}}));
    assert_eq!(
        stranger.errors(),
        [(
            "/fields/city/from".to_owned(),
            "not_of_the_merge".to_owned()
        )]
    );
    let unknown = app.post(
        &format!("/v1/leads/{one}/merge"),
        json!({"with": ["0198c0de-7a11-7000-8000-00000000000c"]}),
    );
    assert_eq!(
        unknown.errors(),
        [("/with/0".to_owned(), "unknown_lead".to_owned())]
    );
    let merged =
        ask(json!({"title": {"rule": "longest"}, "email": {"from": two}, "city": {"from": one}}));
    assert_eq!(merged.status, 200, "{}", merged.text());
    let lead = &merged.json()["lead"];
    assert_eq!(
        (
            &lead["title"],
            &lead["email"],
            &lead["city"],
            &lead["last_name"]
        ),
        (
            &json!("Chief executive officer"),
            &json!("b@example.com"),
            &Value::Null,
            &json!("Meyer")
        )
    );
}

#[test]
fn p11_after_a_merge_the_strictest_consent_counts_and_after_undoing_it_each_has_its_own() {
    let app = TestApp::start();
    let consent =
        |granted: bool| json!([{"channel": "email", "purpose": "marketing", "granted": granted}]);
    let one =
        id(&app.capture(json!({"email": "a@example.com", "consents": consent(false)}))["lead"]);
    let two =
        id(&app.capture(json!({"email": "b@example.com", "consents": consent(true)}))["lead"]);
    let ledger = |of: &str| {
        let page = app.get(&format!("/v1/leads/{of}/consents")).json();
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["granted"].as_bool().unwrap())
            .collect::<Vec<_>>()
    };
    let merged = merge(&app, &one, &[&two]);
    assert_eq!(
        ledger(&one),
        [false, true, false],
        "the latest line is the refusal"
    );
    assert_eq!(undo(&app, &id(&merged["merge"])).status, 200);
    assert_eq!((ledger(&one), ledger(&two)), (vec![false], vec![true]));
}

#[test]
fn what_was_changed_since_stays_and_what_came_since_goes_where_the_caller_says() {
    let app = TestApp::start();
    let one = create(&app, json!({"email": "a@example.com"}));
    let two = create(
        &app,
        json!({"email": "b@example.com", "title": "CTO", "city": "Ulm"}),
    );
    let merged = merge(&app, &one, &[&two]);
    assert_eq!(
        app.patch(
            &format!("/v1/leads/{one}"),
            json!({"title": "CEO", "email": "b@example.com"})
        )
        .status,
        200
    );
    let call = |subject: &str| {
        let reply = app.post(
            &format!("/v1/leads/{one}/activities"),
            json!({"type": "call", "subject": subject}),
        );
        id(&reply.json())
    };
    let (mine, theirs) = (call("mine"), call("theirs"));
    let path = format!("/v1/merges/{}/undo", id(&merged["merge"]));
    let elsewhere = app.post(
        &path,
        json!({"give": [{"type": "note", "id": theirs, "to": two}]}),
    );
    assert_eq!(
        elsewhere.errors(),
        [("/give/0/id".to_owned(), "not_of_the_survivor".to_owned())]
    );
    let undone = app.post(
        &path,
        json!({"give": [{"type": "activity", "id": theirs, "to": two}]}),
    );
    assert_eq!(undone.status, 200, "{}", undone.text());
    let (first, second) = (lead(&app, &one), lead(&app, &two));
    assert_eq!(
        (&first["title"], &first["city"]),
        (&json!("CEO"), &Value::Null)
    );
    assert_eq!(
        first["email"],
        json!("a@example.com"),
        "no two leads have one address"
    );
    assert_eq!(second["title"], json!("CTO"));
    assert!(activities(&app, &one).contains(&mine) && activities(&app, &two).contains(&theirs));
}

#[test]
fn an_identity_that_somebody_else_has_by_now_stands_in_the_way() {
    let app = TestApp::start();
    let one = create(&app, json!({"email": "a@example.com"}));
    let two = create(&app, json!({"email": "b@example.com"}));
    let merged = merge(&app, &one, &[&two]);
    for email in [json!("b@example.com"), Value::Null] {
        assert_eq!(
            app.patch(&format!("/v1/leads/{one}"), json!({"email": email}))
                .status,
            200
        );
    }
    let third = create(&app, json!({"email": "b@example.com"}));
    let blocked = undo(&app, &id(&merged["merge"]));
    assert_eq!(
        (blocked.status, blocked.json()["code"].as_str()),
        (409, Some("taken_over"))
    );
    assert_eq!(blocked.json()["lead_id"], json!(third));
    assert_eq!(
        app.patch(&format!("/v1/leads/{third}"), json!({"email": null}))
            .status,
        200
    );
    assert_eq!(undo(&app, &id(&merged["merge"])).status, 200);
    assert_eq!(
        identities(&app, &two),
        BTreeSet::from(["b@example.com".to_owned()])
    );
}

fn person(email: &str, last_name: &str) -> Value {
    let (first_name, city, street) = match last_name {
        "Abendroth" => ("Johanna", "Kiel", "Hafenstraße 12"),
        "Quandt" => ("Wilhelm", "Passau", "Innbrücke 3"),
        _ => ("Robert", "Ulm", "Münsterplatz 5"),
    };
    json!({"email": email, "first_name": first_name, "last_name": last_name, "company": format!("{last_name} Works GmbH"), "city": city,
        "street": street, "country": "DE"})
}

#[test]
fn a_pair_that_is_confirmed_becomes_one_lead_and_a_merge_that_is_undone_is_a_rejection() {
    let app = TestApp::start();
    let one = id(&app.capture(person("bob@acme.example", "Sixtus"))["lead"]);
    let two = id(&app.capture(person("robert@mail.example", "Sixtuss"))["lead"]);
    let pair = id(&app.get("/v1/dedupe/pairs").json()["data"][0]);
    let confirm = |body: Value| app.post(&format!("/v1/dedupe/pairs/{pair}/confirm"), body);
    let wrong = confirm(json!({"survivor_id": "0198c0de-7a11-7000-8000-00000000000c"}));
    assert_eq!(
        wrong.errors(),
        [("/survivor_id".to_owned(), "not_of_the_pair".to_owned())]
    );
    let merged = confirm(json!({"survivor_id": two}));
    assert_eq!(merged.status, 200, "{}", merged.text());
    let merged = merged.json();
    assert_eq!(
        (&merged["lead"]["id"], &merged["merge"]["merged_ids"]),
        (&json!(two), &json!([one]))
    );
    assert_eq!(app.get("/v1/dedupe/pairs").json()["data"], json!([]));
    let kept = app.get("/v1/dedupe/pairs?state=merged").json();
    assert_eq!(kept["data"][0]["id"], json!(pair));
    assert_eq!(confirm(json!({})).json()["code"], "pair_merged");
    assert_eq!(
        app.post(&format!("/v1/dedupe/pairs/{pair}/reopen"), json!({}))
            .json()["code"],
        "pair_merged"
    );
    assert_eq!(undo(&app, &id(&merged["merge"])).status, 200);
    let kept = app.get("/v1/dedupe/pairs?state=rejected").json();
    assert_eq!(kept["data"][0]["id"], json!(pair));
}

#[test]
fn all_probable_pairs_are_merged_by_a_job_after_a_dry_run_and_rejected_ones_are_left_alone() {
    let app = TestApp::start();
    let names = ["Sixtus", "Abendroth", "Quandt"];
    let mut leads = Vec::new();
    for name in names {
        let one = id(&app.capture(person(&format!("{name}@acme.example"), name))["lead"]);
        let two = id(&app.capture(person(&format!("{name}@mail.example"), name))["lead"]);
        leads.push((one, two));
    }
    let pairs = app
        .get(&format!(
            "/v1/dedupe/pairs?lead_id={}&min_probability=0.9",
            leads[2].1
        ))
        .json();
    for pair in pairs["data"].as_array().unwrap() {
        let path = format!("/v1/dedupe/pairs/{}/reject", id(pair));
        assert_eq!(app.post(&path, json!({})).status, 200);
    }
    let ask = |dry: bool| {
        app.post(
            "/v1/dedupe/merge-all",
            json!({"min_probability": 0.95, "dry_run": dry}),
        )
    };
    let preview = ask(true);
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert_eq!(
        (&preview.json()["groups"], &preview.json()["leads"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(app.leads("").len(), 6, "a dry run changes nothing");
    let started = ask(false);
    assert_eq!(started.status, 202, "{}", started.text());
    jobs::run(&app);
    let job = finished(&app, &started.json());
    assert_eq!(
        (&job["state"], &job["changed"]),
        (&json!("done"), &json!(2)),
        "{job}"
    );
    let left: BTreeSet<String> = app.leads("").iter().map(id).collect();
    let (one, two) = &leads[2];
    assert_eq!(
        left,
        [&leads[0].0, &leads[1].0, one, two]
            .map(String::clone)
            .into()
    );
}

#[test]
fn p9_merges_of_the_same_leads_at_once_end_in_one_lead_also_while_its_person_keeps_coming() {
    let app = TestApp::start();
    let ids: Vec<String> = (0..6)
        .map(|number| create(&app, json!({"email": format!("p{number}@example.com")})))
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (client, ids) = (app.client(), &ids);
            scope.spawn(move || {
                for step in 0..6 {
                    let survivor = &ids[(thread + step) % 6];
                    let with = [&ids[(thread * 2 + step + 1) % 6], &ids[(step * 3 + 2) % 6]];
                    let reply = client.post(
                        &format!("/v1/leads/{survivor}/merge"),
                        &json!({ "with": with }),
                    );
                    assert!([200, 308].contains(&reply.status), "{}", reply.text());
                }
            });
        }
        for number in 0..6 {
            let client = app.client();
            scope.spawn(move || {
                for _ in 0..10 {
                    let reply = client.post(
                        "/v1/capture",
                        &json!({"email": format!("p{number}@example.com")}),
                    );
                    assert!([200, 201].contains(&reply.status), "{}", reply.text());
                    assert_eq!(reply.json()["outcome"], "matched");
                }
            });
        }
    });
    let there = app.leads("");
    let root = |id: &String| {
        let reply = app.get(&format!("/v1/leads/{id}"));
        match reply.status {
            200 => id.clone(),
            _ => reply.json()["lead_id"].as_str().unwrap().to_owned(),
        }
    };
    let roots: BTreeSet<String> = ids.iter().map(root).collect();
    assert_eq!(roots, there.iter().map(id).collect());
    let mut submissions = 0;
    for lead in &there {
        submissions += activities(&app, lead["id"].as_str().unwrap()).len();
        for identity in identities(&app, lead["id"].as_str().unwrap()) {
            let found = app.capture(json!({"email": identity, "dry_run": true}));
            assert_eq!(found["lead"]["id"], lead["id"]);
        }
    }
    let most = 50 * there.len();
    assert!(
        submissions >= most.min(66),
        "{submissions} activities of {} leads",
        there.len()
    );
}

/// What a lead is, as far as the model goes.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    title: Option<String>,
    tags: BTreeSet<String>,
    identities: BTreeSet<String>,
    notes: BTreeSet<String>,
}

/// Every merge that stands: the survivor, the other, what each was.
struct Done {
    id: String,
    survivor: usize,
    other: usize,
    gave_title: Option<String>,
    gave_tags: BTreeSet<String>,
    was: Model,
}

#[test]
fn p9_any_sequence_of_edits_merges_and_undos_ends_as_a_simple_model_says() {
    for seed in 1..=3 {
        let app = TestApp::start();
        let mut draw = Draw::new(seed);
        let ids: Vec<String> = (0..5)
            .map(|number| create(&app, json!({"email": format!("m{number}@example.com")})))
            .collect();
        let mut models: BTreeMap<usize, Model> = (0..5)
            .map(|number| {
                let identities = BTreeSet::from([format!("m{number}@example.com")]);
                (
                    number,
                    Model {
                        title: None,
                        tags: BTreeSet::new(),
                        identities,
                        notes: BTreeSet::new(),
                    },
                )
            })
            .collect();
        let mut done: Vec<Done> = Vec::new();
        for step in 0..40 {
            let live: Vec<usize> = models.keys().copied().collect();
            let number = draw.one(&live);
            match draw.below(6) {
                0 => {
                    let title = format!("title {step}");
                    assert_eq!(
                        app.patch(
                            &format!("/v1/leads/{}", ids[number]),
                            json!({"title": title})
                        )
                        .status,
                        200
                    );
                    models.get_mut(&number).unwrap().title = Some(title);
                }
                1 => {
                    let model = models.get_mut(&number).unwrap();
                    model.tags.insert(format!("tag{}", draw.below(4)));
                    let tags: Vec<&String> = model.tags.iter().collect();
                    assert_eq!(
                        app.patch(&format!("/v1/leads/{}", ids[number]), json!({"tags": tags}))
                            .status,
                        200
                    );
                }
                2 => {
                    let note = app.post(
                        &format!("/v1/leads/{}/notes", ids[number]),
                        json!({"body": format!("note {step}")}),
                    );
                    models
                        .get_mut(&number)
                        .unwrap()
                        .notes
                        .insert(id(&note.json()));
                }
                3 | 4 if live.len() > 1 => {
                    let other = draw.one(
                        &live
                            .iter()
                            .copied()
                            .filter(|one| *one != number)
                            .collect::<Vec<_>>(),
                    );
                    let merged = merge(&app, &ids[number], &[&ids[other]]);
                    let was = models.remove(&other).unwrap();
                    let model = models.get_mut(&number).unwrap();
                    let gave_title = was.title.clone().filter(|_| model.title.is_none());
                    let gave_tags: BTreeSet<String> =
                        was.tags.difference(&model.tags).cloned().collect();
                    model.title = model.title.clone().or(gave_title.clone());
                    model.tags.extend(was.tags.clone());
                    model.identities.extend(was.identities.clone());
                    model.notes.extend(was.notes.clone());
                    done.push(Done {
                        id: id(&merged["merge"]),
                        survivor: number,
                        other,
                        gave_title,
                        gave_tags,
                        was,
                    });
                }
                _ if !done.is_empty() => {
                    let place = draw.below(done.len());
                    let stands_on = done[place + 1..].iter().any(|later| {
                        later.survivor == done[place].survivor
                            || later.other == done[place].survivor
                    });
                    let reply = undo(&app, &done[place].id);
                    if stands_on {
                        assert_eq!(reply.json()["code"], "later_merge");
                        continue;
                    }
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    let undone = done.remove(place);
                    let model = models.get_mut(&undone.survivor).unwrap();
                    if undone.gave_title.is_some() && model.title == undone.gave_title {
                        model.title = None;
                    }
                    model.tags.retain(|tag| !undone.gave_tags.contains(tag));
                    model
                        .identities
                        .retain(|one| !undone.was.identities.contains(one));
                    model.notes.retain(|one| !undone.was.notes.contains(one));
                    models.insert(undone.other, undone.was);
                }
                _ => {}
            }
        }
        for (number, model) in &models {
            let of = &ids[*number];
            let lead = lead(&app, of);
            let tags = lead["tags"].as_array().unwrap().iter();
            let found = Model {
                title: lead["title"].as_str().map(str::to_owned),
                tags: tags.map(|tag| tag.as_str().unwrap().to_owned()).collect(),
                identities: identities(&app, of),
                notes: notes(&app, of),
            };
            assert_eq!(&found, model, "seed {seed}, lead {number}");
        }
        assert_eq!(app.leads("").len(), models.len());
    }
}
