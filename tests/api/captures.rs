//! `POST /v1/capture`, one and many.

use crate::support::{TestApp, jobs};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn lead_path(captured: &Value) -> String {
    format!("/v1/leads/{}", captured["lead"]["id"].as_str().unwrap())
}

fn event_types(captured: &Value) -> Vec<&str> {
    let events = captured["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

fn settings(app: &TestApp, settings: Value) {
    let reply = app.patch("/v1/workspace", json!({"settings": settings}));
    assert_eq!(reply.status, 200, "{}", reply.text());
}

fn matched_by(captured: &Value) -> &str {
    captured["matched_by"]["kind"].as_str().unwrap_or("nothing")
}

#[test]
fn p2_the_same_address_in_capitals_is_the_same_lead() {
    let app = TestApp::start();
    let first = app.post("/v1/capture", json!({"email": "buyer@example.com"}));
    let again = app.post(
        "/v1/capture",
        json!({"email": " Buyer@Example.COM ", "first_name": "Bea"}),
    );
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json()["lead"]["id"], again.json()["lead"]["id"]);
    assert_eq!(again.json()["matched_by"]["kind"], "email");
    assert_eq!(again.json()["lead"]["first_name"], "Bea");
}

#[test]
fn p2_a_hundred_posts_of_one_address_at_once_are_one_lead() {
    let app = TestApp::start();
    let spelling = |number: usize| -> String {
        let letters = "buyer@example.com".chars().enumerate();
        let address: String = letters
            .map(|(at, letter)| {
                if number >> (at % 5) & 1 == 1 {
                    letter.to_ascii_uppercase()
                } else {
                    letter
                }
            })
            .collect();
        format!(
            "{}{address}{}",
            " ".repeat(number % 3),
            "\t".repeat(number % 2)
        )
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..100)
            .map(|number| {
                let (client, email) = (app.client(), spelling(number % 20));
                scope.spawn(move || client.post("/v1/capture", &json!({"email": email})).status)
            })
            .collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    let count = |status: u16| statuses.iter().filter(|given| **given == status).count();
    assert_eq!((count(201), count(200)), (1, 99), "{statuses:?}");
    assert_eq!(app.leads("is_test=any").len(), 1);
    let kept = app.get("/v1/submissions?limit=500&state=processed").json();
    assert_eq!(kept["data"].as_array().unwrap().len(), 100);
    let events = app.events(100);
    let touches = events
        .iter()
        .filter(|event| event["type"] == "lead.touched");
    assert_eq!(
        (&events[0]["type"], touches.count()),
        (&json!("lead.created"), 99)
    );
}

#[test]
fn p2_the_first_identity_in_the_workspaces_order_decides() {
    let app = TestApp::start();
    let by_id = app.capture(json!({"external_ids": {"crm": "1"}}));
    let by_email = app.capture(json!({"email": "ada@example.com"}));
    let by_phone = app.capture(json!({"phone": "+14155550132"}));
    let all =
        json!({"external_ids": {"crm": "1"}, "email": "ada@example.com", "phone": "+14155550132"});
    let rehearse = |order: Value| {
        settings(&app, json!({"identity_order": order}));
        let mut body = all.clone();
        body["dry_run"] = true.into();
        let captured = app.capture(body);
        (
            captured["lead"]["id"].clone(),
            matched_by(&captured).to_owned(),
        )
    };
    assert_eq!(
        rehearse(Value::Null),
        (by_id["lead"]["id"].clone(), "external_id".to_owned())
    );
    assert_eq!(
        rehearse(json!(["email", "external_id", "phone"])),
        (by_email["lead"]["id"].clone(), "email".to_owned())
    );
    assert_eq!(
        rehearse(json!(["external_id"])),
        (by_id["lead"]["id"].clone(), "external_id".to_owned())
    );
    // The number's lead has no address: nothing contradicts.
    assert_eq!(
        rehearse(json!(["phone", "email"])),
        (by_phone["lead"]["id"].clone(), "phone".to_owned())
    );
    let refused = app.patch(
        "/v1/workspace",
        json!({"settings": {"identity_order": ["visitor_id"]}}),
    );
    assert_eq!(refused.errors()[0].0, "/settings/identity_order");
}

#[test]
fn p7_a_second_delivery_under_the_same_external_id_changes_nothing() {
    let app = TestApp::start();
    let body = json!({"email": "ada@example.com", "city": "Ulm", "external_ids": {"typeform": "r-1"}, "submitted_at": "2026-03-01T09:00:00Z",
        "consents": [{"channel": "email", "granted": true}]});
    let first = app.capture(body.clone());
    let mut late = body.clone();
    late["submitted_at"] = "2026-03-02T09:00:00Z".into();
    for again in [body, late] {
        let reply = app.post("/v1/capture", again);
        assert_eq!(reply.status, 200);
        let again = reply.json();
        assert_eq!(again["receipt_id"], first["receipt_id"]);
        assert_eq!(again["lead"], first["lead"]);
        assert_eq!(
            (matched_by(&again), event_types(&again).len()),
            ("external_id", 0)
        );
    }
    let activities = app.get(&format!("{}/activities", lead_path(&first))).json();
    let consents = app.get(&format!("{}/consents", lead_path(&first))).json();
    assert_eq!(activities["data"].as_array().unwrap().len(), 1);
    assert_eq!(consents["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        app.get("/v1/submissions").json()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.capture(json!({"email": "next@example.com"}));
    assert_eq!(app.events(2)[1]["changes"][0]["new"], "next@example.com");

    let more = app.capture(json!({"email": "ada@example.com", "city": "Ulm", "title": "Botanist", "external_ids": {"typeform": "r-1"}}));
    assert_eq!(event_types(&more), ["lead.updated", "lead.touched"]);
    assert_eq!(more["lead"]["title"], "Botanist");
    assert_ne!(more["receipt_id"], first["receipt_id"]);
}

#[test]
fn p7_a_test_that_is_delivered_twice_is_one_touch_and_takes_nothing_from_who_comes_in_earnest() {
    let app = TestApp::start();
    let said = json!({"email": "a@example.com", "external_ids": {"typeform": "r-1"}});
    let known = app.capture(said.clone());
    let tried = |email: &str, response: &str| json!({"email": email, "city": "Ulm", "external_ids": {"typeform": response}, "test": true});
    let touches = |captured: &Value| {
        let path = format!("{}/activities", lead_path(captured));
        app.get(&path).json()["data"].as_array().unwrap().len()
    };
    let test = tried("a@example.com", "r-1");
    let first = app.capture(test.clone());
    assert_ne!(first["receipt_id"], known["receipt_id"]);
    assert_eq!(app.capture(test.clone())["receipt_id"], first["receipt_id"]);
    assert_eq!(touches(&known), 2);
    let other = tried("a@example.com", "r-2");
    let batch = app.post(
        "/v1/capture/batch",
        json!({"items": [test, other, other, said]}),
    );
    assert_eq!(batch.status, 200, "{}", batch.text());
    assert_eq!(touches(&known), 3, "that of the other response");
    assert_eq!(app.leads("")[0]["city"], Value::Null);

    let test = tried("b@example.com", "s-1");
    let mut earnest = test.clone();
    earnest["test"] = false.into();
    let first = app.capture(test.clone());
    assert_eq!(app.capture(test.clone())["receipt_id"], first["receipt_id"]);
    let came = app.capture(earnest.clone());
    assert_eq!(
        (&came["lead"]["id"], &came["lead"]["is_test"]),
        (&first["lead"]["id"], &json!(false))
    );
    for again in [&test, &earnest] {
        app.capture(again.clone());
    }
    assert_eq!(touches(&came), 2);
}

#[test]
fn a_number_of_a_lead_with_another_address_makes_a_new_lead_that_carries_it() {
    let app = TestApp::start();
    let ada = app.capture(json!({"email": "ada@example.com", "phone": "+14155550132"}));
    let colleague = app.capture(json!({"email": "bob@example.com", "phone": "+14155550132"}));
    assert_eq!(colleague["outcome"], "created");
    assert_eq!(colleague["lead"]["phone"], "+14155550132");
    let caller = app.capture(json!({"phone": "+1 415 555 0132"}));
    assert_eq!(
        (&caller["lead"]["id"], matched_by(&caller)),
        (&ada["lead"]["id"], "phone")
    );
}

#[test]
fn who_shares_a_number_but_neither_given_name_nor_extension_is_somebody_else() {
    let app = TestApp::start();
    let number = "+14155550132";
    let who = |first: &str, last: &str, phone: &str| {
        app.capture(json!({"first_name": first, "last_name": last, "phone": phone}))
    };
    let robert = who("Robert", "Moore", number);
    let wife = who("Clara", "Moore", number);
    assert_eq!(wife["outcome"], "created");
    assert_eq!(wife["lead"]["phone"], number);
    for (first, last) in [
        ("Bob", "Moore"),
        ("R.", "Moore"),
        ("Moore", "Robert"),
        ("", ""),
    ] {
        let again = who(first, last, number);
        assert_eq!(
            (&again["lead"]["id"], matched_by(&again)),
            (&robert["lead"]["id"], "phone"),
            "{first}"
        );
    }

    let desk = who("", "Adams", "+1 415 555 0199 ext. 12");
    let colleague = who("", "Baker", "+1 415 555 0199 ext. 13");
    assert_eq!(colleague["outcome"], "created");
    let unsaid = who("", "", "+1 415 555 0199");
    assert_eq!(unsaid["lead"]["id"], desk["lead"]["id"]);
}

#[test]
fn a_number_of_a_lead_without_an_address_is_that_lead() {
    let app = TestApp::start();
    let caller = app.capture(json!({"phone": "+14155550132"}));
    let writer = app.capture(json!({"email": "ada@example.com", "phone": "+14155550132"}));
    assert_eq!(
        (&writer["lead"]["id"], matched_by(&writer)),
        (&caller["lead"]["id"], "phone")
    );
    assert_eq!(writer["lead"]["email"], "ada@example.com");
    let again = app.capture(json!({"email": "ada@example.com"}));
    assert_eq!(again["lead"]["id"], caller["lead"]["id"]);
}

#[test]
fn a_known_address_counts_more_than_a_number_of_somebody_else() {
    let app = TestApp::start();
    let ada = app.capture(json!({"email": "ada@example.com"}));
    let bob = app.capture(json!({"phone": "+14155550132"}));
    let both = app.capture(json!({"email": "ada@example.com", "phone": "+14155550132"}));
    assert_eq!(
        (&both["lead"]["id"], matched_by(&both)),
        (&ada["lead"]["id"], "email")
    );
    assert_eq!(
        app.capture(json!({"phone": "+14155550132"}))["lead"]["id"],
        bob["lead"]["id"]
    );
}

#[test]
fn a_visitor_cookie_never_says_who_somebody_is() {
    let app = TestApp::start();
    let ada = app.capture(json!({"email": "ada@example.com", "anonymous_id": "cookie"}));
    let bob = app.capture(json!({"email": "bob@example.com", "anonymous_id": "cookie"}));
    assert_ne!(ada["lead"]["id"], bob["lead"]["id"]);
    let nobody = app.post("/v1/capture", json!({"anonymous_id": "cookie"}));
    assert_eq!(
        (nobody.status, nobody.errors()),
        (422, vec![(String::new(), "no_identity".to_owned())])
    );
}

#[test]
fn without_an_identity_a_submission_is_refused() {
    let app = TestApp::start();
    for body in [
        json!({}),
        json!({"first_name": "Ada"}),
        json!({"email": "  "}),
        json!({"phone": "030 901820"}),
        json!({"external_ids": {}}),
    ] {
        let reply = app.post("/v1/capture", body.clone());
        assert_eq!(
            reply.errors(),
            [(String::new(), "no_identity".to_owned())],
            "{body}"
        );
    }
    assert!(
        app.get("/v1/submissions").json()["data"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_merge_policy_of_a_field_says_which_value_stays() {
    let app = TestApp::start();
    settings(
        &app,
        json!({"merge_policies": {"city": "overwrite", "title": "keep", "industry": "append", "custom.topics": "append", "custom.plan": "overwrite", "custom.note": "append", "custom.fixed": "keep", "message": null}}),
    );
    app.capture(json!({"email": "a@example.com", "first_name": "Ada", "city": "Ulm", "industry": "Law", "message": "one",
        "custom": {"topics": ["a"], "plan": "free", "note": "x", "other": 1}}));
    let after = app.capture(json!({"email": "a@example.com", "first_name": "Bea", "last_name": "B", "city": "Kiel", "title": "CTO", "industry": "Steel", "message": "two",
        "custom": {"topics": ["a", "b"], "plan": "pro", "note": "y", "other": 2, "fixed": 1, "new": true}}))["lead"].clone();
    let field = |name: &str| after[name].as_str().unwrap_or("null").to_owned();
    assert_eq!(
        [
            "first_name",
            "last_name",
            "city",
            "title",
            "industry",
            "message"
        ]
        .map(field),
        ["Ada", "B", "Kiel", "null", "Law\nSteel", "one"]
    );
    assert_eq!(
        after["custom"],
        json!({"topics": ["a", "b"], "plan": "pro", "note": "x\ny", "other": 1, "new": true})
    );
    settings(&app, json!({"default_merge_policy": "overwrite"}));
    let over = app.capture(json!({"email": "a@example.com", "first_name": "Cleo"}));
    assert_eq!(over["lead"]["first_name"], "Cleo");
    let unknown = app.patch(
        "/v1/workspace",
        json!({"settings": {"merge_policies": {"frist_name": "keep"}}}),
    );
    assert_eq!(
        unknown.errors(),
        [(
            "/settings/merge_policies/frist_name".to_owned(),
            "not_a_lead_field".to_owned()
        )]
    );
}

#[test]
fn an_extension_stays_with_its_own_number() {
    let app = TestApp::start();
    app.capture(json!({"email": "a@example.com", "phone": "+14155550132"}));
    let other = app.capture(json!({"email": "a@example.com", "phone": "+4930901820 ext. 12"}));
    assert_eq!(
        (&other["lead"]["phone"], &other["lead"]["phone_extension"]),
        (&json!("+14155550132"), &Value::Null)
    );
    let own = app.capture(json!({"email": "a@example.com", "phone": "+14155550132 ext. 7"}));
    assert_eq!(own["lead"]["phone_extension"], "7");
}

#[test]
fn a_number_without_a_country_is_one_of_the_workspaces() {
    let app = TestApp::start();
    settings(&app, json!({"default_country": "de"}));
    let german = app.capture(json!({"phone": "030 901820"}));
    assert_eq!(german["lead"]["phone"], "+4930901820");
    let own = app.capture(json!({"phone": "(415) 555-0132", "country": "US"}));
    assert_eq!(own["lead"]["phone"], "+14155550132");
    let refused = app.patch(
        "/v1/workspace",
        json!({"settings": {"default_country": "XX"}}),
    );
    assert_eq!(refused.errors()[0].0, "/settings/default_country");
}

#[test]
fn the_first_attribution_stays_and_the_last_follows() {
    let app = TestApp::start();
    let silent = app.capture(json!({"email": "a@example.com"}));
    assert_eq!(
        silent["lead"]["attribution"],
        json!({"first": {}, "last": {}})
    );
    let page = "https://www.example.com/p?utm_source=news&utm_medium=email&gclid=g1&x=1";
    let first = app.capture(json!({"email": "a@example.com", "page_url": page, "referrer": "https://www.example.org/", "attribution": {"utm_source": "given"}}));
    let expected = json!({"utm_source": "given", "utm_medium": "email", "gclid": "g1", "referrer": "https://www.example.org/", "landing_page": page});
    assert_eq!(
        first["lead"]["attribution"],
        json!({"first": expected, "last": expected})
    );
    let last = app.capture(
        json!({"email": "a@example.com", "attribution": {"utm_source": "ads", "msclkid": "m"}}),
    );
    assert_eq!(
        last["lead"]["attribution"],
        json!({"first": expected, "last": {"utm_source": "ads", "msclkid": "m"}})
    );
    let silent = app.capture(json!({"email": "a@example.com"}));
    assert_eq!(silent["lead"]["attribution"], last["lead"]["attribution"]);
    let touches = app.get(&format!("{}/activities", lead_path(&last))).json();
    let sources: Vec<Value> = touches["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|touch| touch["attribution"]["utm_source"].clone())
        .collect();
    assert_eq!(
        sources,
        [Value::Null, json!("ads"), json!("given"), Value::Null]
    );
}

#[test]
fn p11_a_refusal_stays_a_refusal_while_later_submissions_are_silent() {
    let app = TestApp::start();
    let refused = app.capture(json!({"email": "a@example.com", "source": "checkout", "consents": [
        {"channel": "Email", "granted": false, "text": "Write to me\r\nmonthly"}, {"channel": "phone", "purpose": "support", "granted": true}]}));
    for _ in 0..3 {
        app.capture(json!({"email": "a@example.com", "consents": []}));
        app.capture(json!({"email": "a@example.com"}));
    }
    let ledger = || {
        let page = app.get(&format!("{}/consents", lead_path(&refused))).json();
        let lines = page["data"].as_array().unwrap().clone();
        lines
            .iter()
            .map(|line| {
                format!(
                    "{} {} {}",
                    line["channel"].as_str().unwrap(),
                    line["purpose"].as_str().unwrap(),
                    line["granted"]
                )
            })
            .collect::<Vec<_>>()
    };
    let mut lines = ledger();
    lines.sort();
    assert_eq!(lines, ["email marketing false", "phone support true"]);
    let page = app.get(&format!("{}/consents", lead_path(&refused))).json();
    let line = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["channel"] == "email")
        .unwrap()
        .clone();
    assert_eq!(
        (&line["text"], &line["source"], &line["submission_id"]),
        (
            &json!("Write to me\nmonthly"),
            &json!("checkout"),
            &refused["receipt_id"]
        )
    );
    app.capture(
        json!({"email": "a@example.com", "consents": [{"channel": "email", "granted": true}]}),
    );
    assert_eq!(ledger()[0], "email marketing true");
    assert_eq!(ledger().len(), 3, "the refusal is no longer in the ledger");
}

#[test]
fn the_senders_time_is_kept_beside_ours_and_never_lies_ahead() {
    let app = TestApp::start();
    let past =
        app.capture(json!({"email": "a@example.com", "submitted_at": "2026-01-01T01:00:00+01:00"}));
    assert_eq!(past["lead"]["captured_at"], "2026-01-01T00:00:00Z");
    assert!(past["lead"]["created_at"].as_str().unwrap() > "2026-01-02");
    let ahead =
        app.capture(json!({"email": "b@example.com", "submitted_at": "2199-01-01T00:00:00Z"}));
    assert_eq!(ahead["lead"]["captured_at"], ahead["lead"]["created_at"]);
    let touch = app.get(&format!("{}/activities", lead_path(&ahead))).json();
    assert!(touch["data"][0]["occurred_at"].as_str().unwrap() < "2199");
}

#[test]
fn a_test_is_kept_out_of_lists_until_the_person_comes_in_earnest() {
    let app = TestApp::start();
    let reply = app.post(
        "/v1/capture",
        json!({"email": "a@example.com", "test": true}),
    );
    assert_eq!(
        (reply.status, &reply.json()["lead"]["is_test"]),
        (201, &json!(true))
    );
    assert_eq!(app.leads("").len(), 0);
    let receipt = reply.json()["receipt_id"].as_str().unwrap().to_owned();
    assert_eq!(
        app.get(&format!("/v1/submissions/{receipt}")).json()["state"],
        "test"
    );
    app.capture(json!({"email": "a@example.com", "test": true}));
    assert_eq!(app.leads("").len(), 0);
    app.capture(json!({"email": "a@example.com"}));
    assert_eq!(app.leads("").len(), 1);
    app.capture(json!({"email": "a@example.com", "test": true}));
    assert_eq!(app.leads("").len(), 1, "a test hides a real lead");
}

#[test]
fn a_test_changes_nothing_of_a_lead_in_earnest() {
    let app = TestApp::start_deciding();
    let known = app.capture(json!({"email": "a@example.com", "city": "Ulm"}));
    let path = lead_path(&known);
    let before = app.get(&path).json();
    let tried = json!({"email": "a@example.com", "city": "Bonn", "title": "CEO", "phone": "+14155550132", "test": true,
        "answers": {"need": "a CRM"}, "consents": [{"channel": "email", "granted": true}]});
    let answered = app.capture(tried.clone());
    assert_eq!(
        (&answered["outcome"], &answered["lead"], &answered["events"]),
        (&json!("matched"), &before, &json!([]))
    );
    let batch = app.post("/v1/capture/batch", json!({"items": [tried, tried]}));
    assert_eq!(batch.status, 200, "{}", batch.text());
    assert_eq!(app.get(&path).json(), before);
    let of_lead = |what: &str| app.get(&format!("{path}/{what}")).json()["data"].clone();
    assert_eq!(of_lead("consents"), json!([]));
    assert_eq!(of_lead("identities").as_array().unwrap().len(), 1);
    assert_eq!(of_lead("activities").as_array().unwrap().len(), 4);
    let others = app.capture(json!({"phone": "+14155550132"}));
    assert_eq!(others["outcome"], "created", "the number is nobody's");

    let submissions = |count: usize| json!({"all": [{"activity": "submission", "count": {"gte": count}}, {"field": "email", "op": "is_set"}]});
    let found = |count: usize| {
        let found = app.post("/v1/leads/search", json!({"condition": submissions(count)}));
        found.json()["data"].as_array().unwrap().len()
    };
    assert_eq!((found(1), found(2)), (1, 0));
    let engagement = |from: &Value| from["score"]["engagement"].as_f64().unwrap().round();
    app.patch(&path, json!({"city": "Kiel"}));
    app.post(&format!("{path}/activities"), json!({"type": "note"}));
    let recomputed = app.post("/v1/scores/recompute", json!({})).json();
    jobs::finished(&app, &recomputed);
    assert_eq!(engagement(&app.get(&path).json()), engagement(&before));

    app.delete(&path);
    let gone = app.capture(tried);
    assert!(gone["lead"]["deleted_at"].is_string(), "{gone}");
    assert_eq!(app.get(&path).status, 404);
}

#[test]
fn a_dry_run_answers_the_same_and_writes_nothing() {
    let app = TestApp::start();
    let known = app.capture(json!({"email": "known@example.com"}));
    let counts = || {
        [
            "leads",
            "lead_identities",
            "submissions",
            "activities",
            "consents",
            "idempotency_keys",
            "decisions",
        ]
        .map(|table| {
            app.database()
                .number(&format!("SELECT count(*) FROM {table}"))
        })
    };
    let before = counts();
    let strip = |mut captured: Value| {
        for pointer in [
            "/lead/updated_at",
            "/lead/created_at",
            "/lead/captured_at",
            "/lead/last_activity_at",
            "/lead/stage_changed_at",
            "/receipt_id",
        ] {
            *captured.pointer_mut(pointer).unwrap() = Value::Null;
        }
        if captured["outcome"] == "created" {
            captured["lead"]["id"] = Value::Null;
        }
        for event in captured["events"].as_array_mut().unwrap() {
            event["id"] = Value::Null;
        }
        for id in captured["decision_ids"].as_array_mut().unwrap() {
            *id = Value::Null;
        }
        if captured["assignment"].is_object() {
            captured["assignment"]["decision_id"] = Value::Null;
        }
        captured
    };
    for body in [
        json!({"email": "new@example.com", "phone": "+14155550132", "consents": [{"channel": "email", "granted": true}], "tags": ["a"]}),
        json!({"email": "known@example.com", "city": "Ulm", "custom": {"plan": "pro"}}),
    ] {
        let mut dry = body.clone();
        dry["dry_run"] = true.into();
        let rehearsed = app
            .client()
            .with("Idempotency-Key", "dry")
            .post("/v1/capture", &dry);
        assert_eq!(rehearsed.json()["receipt_id"], Value::Null);
        assert_eq!(counts(), before);
        assert_eq!(app.get(&lead_path(&known)).json(), known["lead"]);
        // Nothing was kept, so the next with this key is judged by itself.
        let real = app.post("/v1/capture", body);
        assert_eq!(rehearsed.status, real.status);
        assert_eq!(strip(rehearsed.json()), strip(real.json()));
        app.database().by_hand("DELETE FROM lead_identities WHERE value <> 'known@example.com'; DELETE FROM leads WHERE email <> 'known@example.com'; \
            DELETE FROM submissions WHERE id NOT IN (SELECT id FROM submissions ORDER BY id LIMIT 1); DELETE FROM activities WHERE id NOT IN (SELECT id FROM activities ORDER BY id LIMIT 1); DELETE FROM consents; DELETE FROM decisions WHERE id NOT IN (SELECT id FROM decisions ORDER BY id LIMIT 1)");
    }
    assert_eq!(app.events(4).len(), 4);
}

fn batch(app: &TestApp, body: Value) -> Value {
    let reply = app.post("/v1/capture/batch", body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn statuses(answer: &Value) -> Vec<i64> {
    let results = answer["results"].as_array().unwrap();
    results
        .iter()
        .map(|result| result["status"].as_i64().unwrap())
        .collect()
}

#[test]
fn in_a_batch_one_bad_item_is_one_bad_result() {
    let app = TestApp::start();
    let answer = batch(
        &app,
        json!({"items": [{"ref": "a", "email": "a@example.com"}, {"ref": "b", "emial": "x", "phone": 1}, {"ref": "c", "email": "nonsense"}, {"first_name": "D"},
            {"email": "e@example.com", "dry_run": true}, {"ref": "f", "email": "A@example.com"}, 7]}),
    );
    assert_eq!(statuses(&answer), [201, 422, 422, 422, 422, 200, 422]);
    assert_eq!(
        answer["counts"],
        json!({"created": 1, "matched": 1, "quarantined": 0, "refused": 5})
    );
    let refs: Vec<&str> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["ref"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(refs, ["a", "b", "c", "-", "-", "f", "-"]);
    let pointers: Vec<&str> = answer["results"][1]["problem"]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/emial", "/phone"]);
    assert_eq!(
        answer["results"][0]["answer"]["lead"]["id"],
        answer["results"][5]["answer"]["lead"]["id"]
    );
    assert_eq!(app.leads("").len(), 1);
}

#[test]
fn an_atomic_batch_is_taken_in_whole_or_not_at_all() {
    let app = TestApp::start();
    let refused = app.post(
        "/v1/capture/batch",
        json!({"mode": "atomic", "items": [{"email": "a@example.com"}, {"emial": "x"}, {"email": "b@example.com", "tags": ["x", 7]}]}),
    );
    assert_eq!(refused.status, 422);
    let pointers: Vec<String> = refused
        .errors()
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(pointers, ["/items/1/emial", "/items/2/tags/1"]);
    assert_eq!(app.get("/v1/submissions").json()["data"], json!([]));
    let taken = batch(
        &app,
        json!({"mode": "atomic", "items": [{"email": "a@example.com"}, {"email": "a@example.com"}]}),
    );
    assert_eq!(statuses(&taken), [201, 200]);
    app.database()
        .by_hand("ALTER TABLE leads ADD CONSTRAINT boom CHECK (last_name <> 'Boom')");
    let broken = app.post(
        "/v1/capture/batch",
        json!({"mode": "atomic", "items": [{"email": "c@example.com"}, {"email": "d@example.com", "last_name": "Boom"}]}),
    );
    assert_eq!((broken.status, app.leads("").len()), (500, 1));
}

#[test]
fn a_batch_has_one_to_a_thousand_items() {
    let app = TestApp::start();
    let items = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|number| json!({"email": format!("p{number}@example.com")}))
            .collect()
    };
    for (count, code) in [(1001, "too_many"), (0, "too_few")] {
        let refused = app.post("/v1/capture/batch", json!({"items": items(count)}));
        assert_eq!(refused.status, 422);
        assert_eq!(refused.errors(), [("/items".to_owned(), code.to_owned())]);
    }
    let answer = batch(&app, json!({"items": items(1000)}));
    assert_eq!(answer["counts"]["created"], 1000);
    let twice = app.client().send(
        "POST",
        "/v1/capture/batch",
        "application/json",
        br#"{"items":[{"email":"a@example.com"}],"items":[{"email":"b@example.com"}]}"#,
    );
    assert_eq!(
        (twice.status, &twice.json()["code"]),
        (400, &json!("malformed_json"))
    );
    assert_eq!(
        app.post(
            "/v1/capture/batch",
            json!({"mode": "all", "items": items(1)})
        )
        .errors()[0]
            .0,
        "/mode"
    );
}

#[test]
fn p7_a_batch_sent_again_is_answered_again_and_done_once() {
    let app = TestApp::start();
    let client = app.client().with("Idempotency-Key", "\"import-1\"");
    let body = json!({"items": [{"ref": "a", "email": "a@example.com"}, {"email": "nonsense"}, {"email": "b@example.com", "city": "Ulm"}]});
    let first = client.post("/v1/capture/batch", &body);
    assert_eq!(
        (first.status, first.header("Idempotent-Replayed")),
        (200, None)
    );
    let bare = app.client().with("Idempotency-Key", "import-1");
    let again = bare.post("/v1/capture/batch", &body);
    assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
    let results = |reply: &Value| {
        let mut results = reply["results"].clone();
        results[1]["problem"]["request_id"] = Value::Null;
        results
    };
    assert_eq!(results(&again.json()), results(&first.json()));
    let mut longer = body.clone();
    longer["items"]
        .as_array_mut()
        .unwrap()
        .push(json!({"email": "c@example.com"}));
    for other in [longer, json!({"items": [{"email": "z@example.com"}]})] {
        let refused = client.post("/v1/capture/batch", &other);
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (422, &json!("idempotency_key_reused")),
            "{}",
            refused.text()
        );
    }
    assert_eq!(app.leads("").len(), 2);
    assert_eq!(app.events(2).len(), 2);
}

#[test]
fn p7_one_atomic_batch_from_many_connections_is_done_once() {
    let app = TestApp::start();
    let body = json!({"mode": "atomic", "items": [{"email": "a@example.com"}, {"email": "b@example.com"}]});
    let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let twins: Vec<_> = (0..8)
            .map(|_| {
                let client = app.client().with("Idempotency-Key", "twin");
                let body = &body;
                scope.spawn(move || {
                    let reply = client.post("/v1/capture/batch", body);
                    (reply.status, reply.json())
                })
            })
            .collect();
        twins.into_iter().map(|twin| twin.join().unwrap()).collect()
    });
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
    assert_eq!(app.events(2).len(), 2);
}

/// Submissions of a few dozen people in all kinds of ways, some wrong, some twice.
fn submissions() -> Vec<Value> {
    (0..200_u32)
        .map(|number| {
            let person = number * 7 % 43;
            // Now and then somebody else uses the phone.
            let caller = if number % 7 == 0 { number } else { person % 31 };
            let first_name = ["Ada", "Bruno", "Clara", "Dario", "Elena"][caller as usize % 5];
            let mut body = json!({
                "first_name": first_name, "custom": {"n": number % 11}, "tags": [format!("t{}", number % 3)],
                "page_url": format!("https://www.example.com/?utm_source=s{}", number % 4), "submitted_at": format!("2026-02-01T00:{:02}:{:02}Z", number / 60, number % 60)
            });
            if number % 3 != 0 {
                body["email"] = format!("P{person}@Example.com").into();
            }
            if number % 4 != 1 {
                body["phone"] = format!("+1415555{:04}", 100 + person % 31).into();
            }
            if number % 5 == 0 {
                body["external_ids"] = json!({"crm": (person % 20).to_string()});
            }
            if number % 6 == 0 {
                body["consents"] = json!([{"channel": "email", "granted": number % 4 == 0}]);
            }
            if number % 9 == 0 {
                body["test"] = true.into();
            }
            body
        })
        .collect()
}

/// The leads and events of an app, with ids that count from one and without our times.
fn story(app: &TestApp, count: usize) -> (Vec<Value>, Vec<Value>) {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut leads = app.leads("is_test=any&sort=created_at");
    for lead in &mut leads {
        let next = names.len() + 1;
        names.insert(lead["id"].as_str().unwrap().to_owned(), next);
        for name in ["id", "created_at", "updated_at", "stage_changed_at"] {
            lead[name] = Value::Null;
        }
    }
    let mut events = app.events(count);
    for event in &mut events {
        event["lead_id"] = names[event["lead_id"].as_str().unwrap()].into();
        for name in ["id", "occurred_at", "cause", "actor"] {
            event[name] = Value::Null;
        }
        if let Some(decision_id) = event.pointer_mut("/data/decision_id") {
            *decision_id = Value::Null;
        }
        if let Some(like) = event.pointer_mut("/data/possible_duplicates") {
            for one in like.as_array_mut().unwrap() {
                one["lead_id"] = names[one["lead_id"].as_str().unwrap()].into();
            }
        }
    }
    // Between transactions the order of leads is free, within a lead it is not.
    events.sort_by_key(|event| (event["lead_id"].as_u64(), event["position"].as_u64()));
    for event in &mut events {
        event["position"] = Value::Null;
    }
    (leads, events)
}

#[test]
fn p10_a_batch_tells_the_same_story_as_one_by_one() {
    let (single, bulk) = (TestApp::start(), TestApp::start());
    let client = single.client();
    let mut expected = Vec::new();
    for body in submissions() {
        expected.push(i64::from(client.post("/v1/capture", &body).status));
    }
    let answer = batch(&bulk, json!({"items": submissions()}));
    assert_eq!(statuses(&answer), expected);
    assert!(expected.contains(&422) && expected.contains(&200) && expected.contains(&201));
    let events = |answer: &Value| -> usize {
        let results = answer["results"].as_array().unwrap();
        results
            .iter()
            .map(|result| result["answer"]["events"].as_array().map_or(0, Vec::len))
            .sum()
    };
    let count = events(&answer);
    let (one_by_one, together) = (story(&single, count), story(&bulk, count));
    assert_eq!(one_by_one.0, together.0);
    assert_eq!(one_by_one.1, together.1);
}

#[test]
fn p1_a_character_that_no_text_can_be_kept_with_loses_nobody() {
    let app = TestApp::start_deciding();
    let captured = app.post(
        "/v1/capture",
        json!({"email": "a@example.com", "answers": {"need": "replace\u{0}it"}}),
    );
    assert_eq!(captured.status, 201, "{}", captured.text());
    let path = format!(
        "/v1/leads/{}/qualification",
        captured.json()["lead"]["id"].as_str().unwrap()
    );
    let said = app.post(&path, json!({"answers": {"need": "a\u{0}b"}}));
    assert_eq!(said.status, 200, "{}", said.text());
    let condition = json!({"field": "city", "op": "eq", "value": "a\u{0}"});
    let view = app.post("/v1/views", json!({"name": "V", "condition": condition}));
    assert_eq!(
        view.errors(),
        [("/condition/value".to_owned(), "nul_character".to_owned())]
    );
}
