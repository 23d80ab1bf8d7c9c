//! Leads that may be one person: flagged, attached or let be at capture, checked beforehand, and looked at in pairs.

use crate::support::TestApp;
use crate::support::jobs::{self, finished};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn bob(email: &str) -> Value {
    json!({"email": email, "first_name": "Robert", "last_name": "Sixtus", "company": "Acme Steel GmbH", "city": "Ulm",
        "street": "Münsterplatz 5", "postal_code": "89073", "country": "DE"})
}

/// Bob again, with a slip of the pen, another address, and called by his short name.
fn bob_again(email: &str) -> Value {
    json!({"email": email, "first_name": "Bob", "last_name": "Sixtuss", "company": "ACME Steel", "city": "Ulm",
        "street": "Muensterplatz 5", "postal_code": "89073", "country": "DE"})
}

fn with(mut body: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn set(app: &TestApp, matching: Value) {
    let reply = app.patch("/v1/workspace", json!({"settings": {"matching": matching}}));
    assert_eq!(reply.status, 200, "{}", reply.text());
}

fn pairs(app: &TestApp, query: &str) -> Vec<Value> {
    let page = app.get(&format!("/v1/dedupe/pairs?{query}"));
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()["data"].as_array().unwrap().clone()
}

#[test]
fn among_many_leads_a_namesake_is_listed_and_not_told() {
    let app = TestApp::start();
    let namesake = |name: &str, id: u32| json!({"first_name": name, "last_name": "Farnsworth", "external_ids": {"list": id.to_string()}});
    app.capture(namesake("Wilhelmina", 1));
    let told = app.capture(namesake("Wilhelmina", 2));
    assert_eq!(told["outcome"], "flagged");

    app.capture(namesake("Leopoldine", 3));
    let items: Vec<Value> = (0..1_100)
        .map(|number| json!({"email": format!("p{number}@example.com")}))
        .collect();
    for some in items.chunks(500) {
        let batch = app.post("/v1/capture/batch", json!({"items": some}));
        assert_eq!(batch.status, 200, "{}", batch.text());
    }
    // How many leads there are is known a few seconds later.
    let until = Instant::now() + Duration::from_secs(30);
    let mut asked = namesake("Leopoldine", 4);
    asked["dry_run"] = json!(true);
    while app.capture(asked.clone())["outcome"] == "flagged" {
        assert!(Instant::now() < until, "still told among 1,100 leads");
        std::thread::sleep(Duration::from_millis(100));
    }
    let untold = app.capture(namesake("Leopoldine", 4));
    assert_eq!(
        (&untold["outcome"], &untold["possible_duplicates"]),
        (&json!("created"), &json!([]))
    );
    let id = untold["lead"]["id"].as_str().unwrap();
    assert_eq!(pairs(&app, &format!("lead_id={id}")).len(), 1);
    let flagged = app.all_events();
    let flagged = flagged
        .iter()
        .filter(|event| event["type"] == "lead.duplicate_flagged")
        .count();
    assert_eq!(flagged, 1);
}

#[test]
fn somebody_who_may_be_known_becomes_a_lead_and_is_flagged() {
    let app = TestApp::start();
    let first = app.capture(bob("bob@acme.example"));
    assert_eq!(
        (&first["outcome"], &first["possible_duplicates"]),
        (&json!("created"), &json!([]))
    );
    let again = app.capture(bob_again("robert.sixtus@mail.example"));
    assert_eq!(
        (&again["outcome"], &again["matched_by"]),
        (&json!("flagged"), &Value::Null)
    );
    assert_ne!(again["lead"]["id"], first["lead"]["id"]);
    let found = &again["possible_duplicates"][0];
    assert_eq!(
        (&found["lead_id"], &found["customer"]),
        (&first["lead"]["id"], &json!(false))
    );
    assert!(found["probability"].as_f64().unwrap() > 0.9, "{found}");
    let street = found["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field["field"] == "street")
        .unwrap();
    assert!(street["weight"].as_f64().unwrap() > 2.0, "{street}");
    let kinds: Vec<&Value> = again["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["type"])
        .collect();
    assert_eq!(kinds, ["lead.created", "lead.duplicate_flagged"]);
    let events = app.events(3);
    assert_eq!(
        events[2]["data"]["possible_duplicates"][0]["lead_id"],
        first["lead"]["id"]
    );
    let pairs = pairs(&app, "");
    assert_eq!(pairs.len(), 1);
    assert_eq!(
        (
            &pairs[0]["lead"]["id"],
            &pairs[0]["other_lead"]["id"],
            &pairs[0]["found_by"]
        ),
        (
            &first["lead"]["id"],
            &again["lead"]["id"],
            &json!("capture")
        )
    );
}

#[test]
fn of_many_leads_that_share_a_key_those_that_share_most_are_compared() {
    let app = TestApp::start();
    let known = app.capture(bob("bob@acme.example"))["lead"]["id"].clone();
    // More than the twenty that are compared, all later: of each of four keys as many as are looked at.
    let others = [
        "Wilhelmina",
        "Leopold",
        "Ottokar",
        "Philippa",
        "Dagmar",
        "Yusuf",
        "Chen",
        "Quentin",
    ];
    for (number, other) in others.into_iter().enumerate() {
        let each = [
            json!({"first_name": other, "last_name": "Sixtus", "city": "Ulm"}),
            json!({"first_name": other, "last_name": "Farnsworth", "city": "Ulm", "company": "Acme Steel GmbH"}),
            json!({"first_name": "Robert", "last_name": other, "postal_code": "89073"}),
            json!({"first_name": other, "last_name": "Sixtus", "postal_code": "89073"}),
        ];
        for (key, person) in each.into_iter().enumerate() {
            let email = json!({"email": format!("p{number}k{key}@mail.example")});
            app.capture(with(person, email));
        }
    }
    let names_bob = |answer: &Value| {
        let told = answer["possible_duplicates"].as_array().unwrap();
        told.iter().any(|one| one["lead_id"] == known)
    };
    let alone = app.capture(bob("b.sixtus@mail.example"));
    assert!(names_bob(&alone), "{alone}");
    let items = [
        bob("bob.sixtus@mail.example"),
        json!({"email": "somebody@else.example"}),
    ];
    let batch = app.post("/v1/capture/batch", json!({"items": items}));
    let of_batch = &batch.json()["results"][0]["answer"];
    assert!(names_bob(of_batch), "{of_batch}");
}

#[test]
fn colleagues_relatives_and_namesakes_are_other_people() {
    let app = TestApp::start();
    app.capture(bob("bob@acme.example"));
    let colleague = json!({"email": "eva@acme.example", "first_name": "Eva", "last_name": "Lindqvist", "company": "Acme Steel GmbH",
        "phone": "+49 731 123456", "city": "Ulm", "street": "Münsterplatz 5", "postal_code": "89073", "country": "DE"});
    assert_eq!(app.capture(colleague)["outcome"], "created");
    let wife = with(
        bob("anna@home.example"),
        json!({"first_name": "Anna", "company": null}),
    );
    assert_eq!(app.capture(wife)["outcome"], "created");
    let namesake = json!({"email": "rs@elsewhere.example", "first_name": "Robert", "last_name": "Sixtus", "company": "Blue Ltd",
        "city": "Leeds", "street": "1 High Street", "postal_code": "LS1 1AA", "country": "GB"});
    assert_eq!(app.capture(namesake)["outcome"], "created");
    assert!(pairs(&app, "").is_empty());
}

#[test]
fn a_workspace_says_for_each_source_what_becomes_of_likenesses() {
    let app = TestApp::start();
    let first = app.capture(bob("bob@acme.example"));
    set(
        &app,
        json!({"policy": "attach", "sources": {"import": "create"}}),
    );
    let attached = app.capture(bob_again("robert.sixtus@mail.example"));
    assert_eq!(
        (
            &attached["outcome"],
            &attached["matched_by"]["kind"],
            &attached["lead"]["id"]
        ),
        (&json!("matched"), &json!("likeness"), &first["lead"]["id"])
    );
    assert_eq!(
        attached["possible_duplicates"][0]["lead_id"],
        first["lead"]["id"]
    );
    let known_now = app.capture(json!({"email": "robert.sixtus@mail.example", "title": "CEO"}));
    assert_eq!(
        (&known_now["matched_by"]["kind"], &known_now["lead"]["id"]),
        (&json!("email"), &first["lead"]["id"])
    );
    let imported = app.capture(with(
        bob_again("third@mail.example"),
        json!({"source": "import"}),
    ));
    assert_eq!(
        (&imported["outcome"], &imported["possible_duplicates"]),
        (&json!("created"), &json!([]))
    );
    assert!(pairs(&app, "").is_empty());
    let wrong = app.patch(
        "/v1/workspace",
        json!({"settings": {"matching": {"probable_permille": 600, "possible_permille": 700}}}),
    );
    assert_eq!(
        wrong.errors(),
        [(
            "/settings/matching/possible_permille".into(),
            "above_probable".into()
        )]
    );
}

#[test]
fn p10_captures_of_one_batch_are_as_like_each_other_as_of_two() {
    let app = TestApp::start();
    let items =
        json!({"items": [bob("bob@acme.example"), bob_again("robert.sixtus@mail.example")]});
    let answer = app.post("/v1/capture/batch", items).json();
    let results: Vec<&Value> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["answer"])
        .collect();
    assert_eq!(results[1]["outcome"], "flagged", "{}", results[1]);
    assert_eq!(
        results[1]["possible_duplicates"][0]["lead_id"],
        results[0]["lead"]["id"]
    );
    assert_eq!(pairs(&app, "").len(), 1);
    set(&app, json!({"policy": "attach"}));
    let eva = |email: &str, name: &str| json!({"email": email, "first_name": "Eva", "last_name": name, "city": "Leeds", "street": "17 Birchwood Road", "postal_code": "LS7 3AB"});
    let items =
        json!({"items": [eva("eva@a.example", "Lindqvist"), eva("eva@b.example", "Lindquist")]});
    let answer = app.post("/v1/capture/batch", items).json();
    let results: Vec<&Value> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["answer"])
        .collect();
    assert_eq!(
        results[1]["matched_by"]["kind"], "likeness",
        "{}",
        results[1]
    );
    assert_eq!(results[0]["lead"]["id"], results[1]["lead"]["id"]);
}

#[test]
fn p10_of_many_that_are_alike_a_batch_compares_those_that_single_captures_compare() {
    let people: Vec<Value> = (0..48)
        .map(|number: usize| {
            let body = bob(&format!("b{number}@mail.example"));
            match number % 4 {
                0 => body,
                1 => with(body, json!({"company": null})),
                2 => with(body, json!({"first_name": "Bob", "postal_code": null})),
                _ => with(body, json!({"last_name": "Sixtuss", "street": null})),
            }
        })
        .collect();
    let found = |alone: usize| {
        let app = TestApp::start();
        let (first, rest) = people.split_at(alone);
        for person in first {
            app.capture(person.clone());
        }
        if !rest.is_empty() {
            let batch = app.post("/v1/capture/batch", json!({"items": rest}));
            assert_eq!(batch.status, 200, "{}", batch.text());
        }
        let pairs = "SELECT a.email || ' ' || b.email FROM duplicate_pairs p \
            JOIN leads a ON a.id = least(p.lead_id, p.other_lead_id) JOIN leads b ON b.id = greatest(p.lead_id, p.other_lead_id) \
            WHERE p.found_by = 'capture' ORDER BY a.id, b.id";
        app.database().texts(pairs)
    };
    let singly = found(people.len());
    assert!(singly.len() > 300, "{}", singly.len());
    assert_eq!(found(0), singly, "all in one batch");
    assert_eq!(found(21), singly, "some before");
}

#[test]
fn drafts_are_checked_without_a_trace() {
    let app = TestApp::start();
    let first = app.capture(bob("bob@acme.example"));
    let mut draft = bob_again("x@mail.example");
    draft.as_object_mut().unwrap().remove("email");
    let items = json!({"items": [
        with(draft, json!({"ref": "a"})), {"ref": "b", "email": "BOB@acme.example"}, {"ref": "c", "first_name": "Nobody", "last_name": "Known"},
    ]});
    let answer = app.post("/v1/dedupe/check", items).json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(
        (&results[0]["ref"], &results[0]["lead_id"]),
        (&json!("a"), &Value::Null)
    );
    assert_eq!(
        results[0]["possible_duplicates"][0]["lead_id"],
        first["lead"]["id"]
    );
    assert_eq!(
        (&results[1]["lead_id"], &results[1]["possible_duplicates"]),
        (&first["lead"]["id"], &json!([]))
    );
    assert_eq!(
        (&results[2]["lead_id"], &results[2]["possible_duplicates"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(
        app.get("/v1/leads").json()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(pairs(&app, "").is_empty());
    let wrong = app.post(
        "/v1/dedupe/check",
        json!({"items": [{"email": "no address"}]}),
    );
    assert_eq!(wrong.errors()[0].0, "/items/0/email");
}

#[test]
fn what_was_decided_about_a_pair_is_remembered() {
    let app = TestApp::start();
    app.capture(bob("bob@acme.example"));
    app.capture(bob_again("robert.sixtus@mail.example"));
    let pair = pairs(&app, "min_probability=0.9")[0].clone();
    let path = format!("/v1/dedupe/pairs/{}", pair["id"].as_str().unwrap());
    let later = json!({"until": "2999-01-01T00:00:00Z"});
    assert_eq!(
        app.post(&format!("{path}/snooze"), later.clone()).json()["state"],
        "snoozed"
    );
    assert!(pairs(&app, "").is_empty());
    assert_eq!(pairs(&app, "state=snoozed").len(), 1);
    let past = app.post(
        &format!("{path}/snooze"),
        json!({"until": "2020-01-01T00:00:00Z"}),
    );
    assert_eq!(past.errors(), [("/until".into(), "in_past".into())]);
    let rejected = app.post(&format!("{path}/reject"), Value::Null).json();
    assert_eq!(
        (&rejected["state"], &rejected["decided_by"]["type"]),
        (&json!("rejected"), &json!("api_key"))
    );
    let third = app.capture(bob_again("b.sixtus@other.example"));
    assert_eq!(third["possible_duplicates"].as_array().unwrap().len(), 2);
    assert_eq!(pairs(&app, "state=rejected").len(), 1);
    assert_eq!(
        pairs(&app, "").len(),
        2,
        "the new lead with each of the others"
    );
    assert_eq!(
        app.post(&format!("{path}/reopen"), Value::Null).json()["state"],
        "open"
    );
    let of_third = format!("lead_id={}", third["lead"]["id"].as_str().unwrap());
    assert_eq!(pairs(&app, &of_third).len(), 2);
    let first_page = app.get("/v1/dedupe/pairs?limit=2").json();
    let cursor = first_page["next_cursor"].as_str().unwrap();
    assert_eq!(pairs(&app, &format!("limit=2&cursor={cursor}")).len(), 1);
    app.delete(&format!(
        "/v1/leads/{}",
        third["lead"]["id"].as_str().unwrap()
    ));
    assert_eq!(
        pairs(&app, "").len(),
        1,
        "pairs of deleted leads are not shown"
    );
}

#[test]
fn a_lead_is_found_by_what_it_is_called_now() {
    let app = TestApp::start();
    let id = app.capture(json!({"email": "bob@acme.example"}))["lead"]["id"].clone();
    let path = format!("/v1/leads/{}", id.as_str().unwrap());
    let mut named = bob("");
    named.as_object_mut().unwrap().remove("email");
    assert_eq!(app.patch(&path, named).status, 200);
    assert_eq!(
        app.capture(bob_again("a@mail.example"))["outcome"],
        "flagged"
    );
    app.patch(&path, json!({"first_name": "Kunigunde", "last_name": "Wolkenstein", "street": null, "postal_code": null, "city": null, "company": null}));
    let again = app.post(
        "/v1/dedupe/check",
        json!({"items": [{"first_name": "Kunigunde", "last_name": "Wolkenstein"}]}),
    );
    let found = again.json()["results"][0]["possible_duplicates"].clone();
    assert_eq!(found[0]["lead_id"], id);
    app.delete(&path);
    let gone = app.post(
        "/v1/dedupe/check",
        json!({"items": [{"first_name": "Kunigunde", "last_name": "Wolkenstein"}]}),
    );
    assert_eq!(gone.json()["results"][0]["possible_duplicates"], json!([]));
}

#[test]
fn a_customer_is_told_to_be_one() {
    let app = TestApp::start();
    let id = app.capture(bob("bob@acme.example"))["lead"]["id"].clone();
    app.post(
        &format!("/v1/leads/{}/stage", id.as_str().unwrap()),
        json!({"stage": "converted"}),
    );
    let again = app.capture(json!({"email": "bob@acme.example"}));
    assert_eq!(
        (&again["outcome"], &again["customer"]),
        (&json!("matched"), &json!(true))
    );
    let like = app.capture(bob_again("robert.sixtus@mail.example"));
    assert_eq!(
        (
            &like["customer"],
            &like["possible_duplicates"][0]["customer"]
        ),
        (&json!(false), &json!(true))
    );
}

#[test]
fn dates_of_birth_tell_namesakes_apart_where_the_workspace_names_them() {
    let app = TestApp::start();
    set(&app, json!({"evidence": {"date_of_birth": "date"}}));
    let born = |email: &str, day: &str| json!({"email": email, "first_name": "Johannes", "last_name": "Schulz", "city": "Ulm", "custom": {"date_of_birth": day}});
    app.capture(born("a@a.example", "1974-01-17"));
    assert_eq!(
        app.capture(born("b@b.example", "1988-11-25"))["outcome"],
        "created"
    );
    assert_eq!(
        app.capture(born("c@c.example", "1974-01-18"))["outcome"],
        "flagged"
    );
}

#[test]
fn p12_a_website_learns_nothing_and_a_rep_only_of_leads_they_may_know_of() {
    let app = TestApp::start();
    app.capture(bob("bob@acme.example"));
    let form = format!("/f/{}", app.form(|_| {}));
    let known = app.stranger().send(
        "POST",
        &form,
        "application/json",
        bob_again("r@mail.example").to_string().as_bytes(),
    );
    let unknown = app.stranger().send(
        "POST",
        &form,
        "application/json",
        br#"{"email": "new@mail.example"}"#,
    );
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(pairs(&app, "").len(), 1, "but the workspace knows");
    app.let_reps_see("own");
    let rep = app.user("rep");
    let check = json!({"items": [with(bob_again("x@mail.example"), json!({"ref": "a"}))]});
    let told = rep.client(&app).post("/v1/dedupe/check", &check).json();
    assert_eq!(told["results"][0]["possible_duplicates"], json!([]));
    let page = rep.client(&app).get("/v1/dedupe/pairs").json();
    assert_eq!(page["data"], json!([]));
    let made = rep
        .client(&app)
        .post("/v1/leads", &bob_again("mine@mail.example"));
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(!made.text().contains("bob@acme.example"));
}

#[test]
fn a_scan_finds_leads_from_before_there_were_keys_and_makes_captures_more_exact() {
    // What looks for duplicates in the background would find them, too.
    let app = TestApp::start_with(|config| config.no_workers = true);
    set(&app, json!({"policy": "create"}));
    let first = app.capture(bob("bob@acme.example"))["lead"]["id"].clone();
    let second = app.capture(bob_again("robert.sixtus@mail.example"))["lead"]["id"].clone();
    let others = [
        "Abel", "Brandt", "Czerny", "Dvorak", "Engel", "Fuchs", "Gruber", "Hofer", "Ivanov",
        "Jansen",
    ];
    for (number, name) in others.iter().enumerate() {
        let email = format!("p{number}@mail.example");
        let first_name = ["Eva", "Otto", "Ines"][number % 3];
        app.capture(
            json!({"email": email, "first_name": first_name, "last_name": name, "city": "Ulm"}),
        );
    }
    app.database().by_hand("DELETE FROM match_keys");
    set(&app, json!({"policy": "flag"}));
    assert!(pairs(&app, "").is_empty());
    let started = app.post("/v1/dedupe/scans", Value::Null);
    assert_eq!(started.status, 202, "{}", started.text());
    jobs::run(&app);
    let job = finished(&app, &started.json());
    assert_eq!(
        (&job["state"], &job["total"], &job["done"]),
        (&json!("done"), &json!(12), &json!(12))
    );
    let found = pairs(&app, "");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (
            &found[0]["lead"]["id"],
            &found[0]["other_lead"]["id"],
            &found[0]["found_by"]
        ),
        (&first, &second, &json!("scan"))
    );
    let path = format!(
        "/v1/dedupe/pairs/{}/reject",
        found[0]["id"].as_str().unwrap()
    );
    app.post(&path, Value::Null);
    let again = app.post("/v1/dedupe/scans", Value::Null).json();
    jobs::run(&app);
    finished(&app, &again);
    assert!(
        pairs(&app, "").is_empty(),
        "what was rejected is not found again"
    );
    assert_eq!(
        app.capture(bob_again("third@mail.example"))["outcome"],
        "flagged",
        "by its keys"
    );
}
