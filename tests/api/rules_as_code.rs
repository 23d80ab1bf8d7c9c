//! Rules as code: they are compared, exported, imported, and count from a moment on.

use crate::decisions::{decide_by, list, text};
use crate::support::fields::define;
use crate::support::{TestApp, wait_until};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn clocks(minutes: u32, calendar: Option<&str>) -> Value {
    let mut clock = json!({"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": minutes});
    if let Some(calendar) = calendar {
        clock["calendar"] = json!(calendar);
    }
    json!({"kind": "sla_policy", "document": {"clocks": [clock]}})
}

fn draft(app: &TestApp, rule: Value) -> Value {
    let reply = app.post("/v1/rules", rule);
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()
}

fn path(rule: &Value, what: &str) -> String {
    format!("/v1/rules/{}{what}", text(&rule["id"]))
}

/// Documents that name each other.
fn house_rules(app: &TestApp) {
    decide_by(
        app,
        json!({"kind": "calendar", "key": "office", "document": {"always": true}}),
    );
    let pool = |key: &str, name: &str| json!({"kind": "pool", "key": key, "document": {"name": name, "members": "all_reps"}});
    decide_by(app, pool("north", "North"));
    decide_by(app, pool("all", "All"));
    let when = json!({"field": "country", "op": "eq", "value": "DE"});
    decide_by(
        app,
        json!({"kind": "routing_policy", "document": {"rules": [{"key": "north", "name": "North", "when": when, "to": [{"pool": "north"}]}],
        "fallback": [{"pool": "all"}]}}),
    );
    decide_by(app, clocks(10, Some("office")));
    decide_by(
        app,
        json!({"kind": "scoring_model", "key": "default", "document": {"name": "Nothing", "rules": []}}),
    );
}

#[test]
fn what_one_workspace_exports_another_imports_and_again_nothing_changes() {
    let app = TestApp::start_deciding();
    house_rules(&app);
    let exported = app.get("/v1/rules/export").json();
    let named: Vec<String> = exported["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{}:{}",
                text(&one["kind"]),
                one["key"].as_str().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        named,
        [
            "calendar:office",
            "pool:all",
            "pool:north",
            "routing_policy:-",
            "sla_policy:-",
            "scoring_model:default"
        ]
    );
    assert!(!exported.to_string().contains("\"id\""), "{exported}");
    let (_, key) = app.another_workspace();
    let other = app.client_with(&key);
    let import = |dry_run: bool, documents: &Value| {
        let body = json!({"documents": documents, "dry_run": dry_run, "activate": true});
        other.post("/v1/rules/import", &body)
    };
    let outcomes = |reply: &Value| -> Vec<String> {
        let results = reply["results"].as_array().unwrap().iter();
        results
            .map(|one| text(&one["outcome"]).to_owned())
            .collect()
    };
    // In any order: what is named need not stand first.
    let mut documents = exported["documents"].as_array().unwrap().clone();
    documents.reverse();
    let documents = json!(documents);
    let tried = import(true, &documents);
    assert_eq!(tried.status, 200, "{}", tried.text());
    assert_eq!(outcomes(&tried.json()), ["created"; 6]);
    assert_eq!(tried.json()["results"][0]["id"], Value::Null);
    let kept = || {
        other.get("/v1/rules").json()["data"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(kept(), 0);
    let done = import(false, &documents);
    assert_eq!(done.status, 200, "{}", done.text());
    for result in done.json()["results"].as_array().unwrap() {
        assert_eq!(
            (&result["outcome"], &result["state"], &result["version"]),
            (&json!("created"), &json!("active"), &json!(1))
        );
        assert_eq!(result["differences"][0]["pointer"], "", "{result}");
    }
    assert_eq!(other.get("/v1/rules/export").json(), exported);
    assert_eq!(
        outcomes(&import(false, &documents).json()),
        ["unchanged"; 6]
    );
    assert_eq!(kept(), 6);
    let mut changed = documents.clone();
    changed[1]["document"]["clocks"][0]["within_minutes"] = json!(20);
    let again = import(false, &changed).json();
    assert_eq!(
        (
            &again["results"][1]["version"],
            &again["results"][1]["differences"]
        ),
        (
            &json!(2),
            &json!([{"pointer": "/clocks/0/within_minutes", "before": 10, "after": 20}])
        )
    );
    assert_eq!(kept(), 7);
    assert!(
        app.audited("")
            .iter()
            .any(|action| action == "rule.activated")
    );
}

#[test]
fn an_import_with_something_wrong_in_it_changes_nothing() {
    let app = TestApp::start_deciding();
    let documents = json!([
        {"kind": "calendar", "key": "office", "document": {"always": true}},
        {"kind": "routing_policy", "document": {"fallback": [{"pool": "nobody"}]}},
        clocks(10, Some("office")),
        {"kind": "calendar", "key": "office", "document": {"always": true}},
    ]);
    let refused = app.post(
        "/v1/rules/import",
        json!({"documents": documents, "activate": true}),
    );
    let errors = refused.errors();
    let told: Vec<(&str, &str)> = errors
        .iter()
        .map(|(pointer, code)| (pointer.as_str(), code.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("/documents/1/document/fallback/0/pool", "unknown_pool"),
            ("/documents/3", "repeated")
        ]
    );
    assert_eq!(app.get("/v1/rules").json()["data"], json!([]));
    let drafts = json!({"documents": [clocks(15, None)]});
    let first = app.post("/v1/rules/import", drafts.clone()).json();
    assert_eq!(first["results"][0]["state"], "draft");
    let twice = app.post("/v1/rules/import", drafts.clone()).json();
    assert_eq!(
        (&twice["results"][0]["outcome"], &twice["results"][0]["id"]),
        (&json!("unchanged"), &first["results"][0]["id"])
    );
    let mut now = drafts;
    now["activate"] = json!(true);
    let now = app.post("/v1/rules/import", now).json();
    assert_eq!(
        (&now["results"][0]["outcome"], &now["results"][0]["state"]),
        (&json!("unchanged"), &json!("active"))
    );
}

#[test]
fn a_version_is_compared_with_the_one_that_counts() {
    let app = TestApp::start_deciding();
    let first = draft(&app, clocks(5, None));
    let usual = app.get(&path(&first, "/diff")).json();
    assert_eq!(usual["against"], Value::Null);
    let places: Vec<&str> = usual["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text_of(&one["pointer"]))
        .collect();
    assert!(places.contains(&"/clocks/0/key"), "{places:?}");
    assert!(!places.contains(&"/clocks/0/within_minutes"), "{places:?}");
    assert_eq!(app.post(&path(&first, "/activate"), json!({})).status, 200);
    let second = draft(&app, clocks(7, None));
    let diff = app.get(&path(&second, "/diff")).json();
    assert_eq!(
        (&diff["against"], &diff["differences"]),
        (
            &first["id"],
            &json!([{"pointer": "/clocks/0/within_minutes", "before": 5, "after": 7}])
        )
    );
    let back = format!("{}?against={}", path(&first, "/diff"), text(&second["id"]));
    assert_eq!(app.get(&back).json()["differences"][0]["after"], 5);
    let itself = format!("{}?against={}", path(&first, "/diff"), text(&first["id"]));
    assert_eq!(app.get(&itself).json()["same"], true);
    let calendar = draft(
        &app,
        json!({"kind": "calendar", "key": "office", "document": {"always": true}}),
    );
    let wrong = format!(
        "{}?against={}",
        path(&first, "/diff"),
        text(&calendar["id"])
    );
    assert_eq!(
        app.get(&wrong).errors(),
        [("?against".to_owned(), "another_kind".to_owned())]
    );
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_version_counts_from_the_moment_for_which_it_is_scheduled() {
    let app = TestApp::start_deciding();
    let first = decide_by(&app, clocks(5, None));
    let second = draft(&app, clocks(9, None));
    let late = app.post(
        &path(&second, "/schedule"),
        json!({"at": "2020-01-01T00:00:00Z"}),
    );
    assert_eq!(late.errors(), [("/at".to_owned(), "in_past".to_owned())]);
    let schedule = |rule: &Value| {
        let reply = app.post(
            &path(rule, "/schedule"),
            json!({"at": "2999-01-01T00:00:00Z"}),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    let scheduled = schedule(&second);
    assert_eq!(
        (&scheduled["state"], &scheduled["activate_at"]),
        (&json!("scheduled"), &json!("2999-01-01T00:00:00Z"))
    );
    let undone = app.post(&path(&second, "/unschedule"), json!({})).json();
    assert_eq!(
        (&undone["state"], &undone["activate_at"]),
        (&json!("draft"), &Value::Null)
    );
    let not = app.post(&path(&second, "/unschedule"), json!({}));
    assert_eq!(
        (not.status, not.json()["code"].clone()),
        (409, json!("rule_schedule"))
    );
    let active = app.post(
        &path(&first, "/schedule"),
        json!({"at": "2999-01-01T00:00:00Z"}),
    );
    assert_eq!(active.json()["code"], "rule_schedule");
    schedule(&second);
    let within =
        |email: &str| app.capture(json!({"email": email}))["clocks"][0]["within_seconds"].clone();
    // What the process knows it has read just now.
    assert_eq!(app.post(&path(&first, "/activate"), json!({})).status, 200);
    assert_eq!(within("before@example.com"), json!(300));
    let read_at = Instant::now();
    let state = |rule: &Value| app.get(&path(rule, "")).json()["state"].clone();
    assert_eq!(state(&second), "scheduled", "its moment has not come");
    let come =
        "UPDATE rule_documents SET activate_at = now() - interval '1 s' WHERE state = 'scheduled'";
    app.database().by_hand(come);
    wait_until("it counts", || state(&second) == "active");
    assert_eq!(state(&first), "retired");
    wait_until("this process knows", || {
        within(&format!("{}@example.com", uuid::Uuid::now_v7())) == json!(540)
    });
    let took = read_at.elapsed();
    assert!(
        took < Duration::from_secs(4),
        "what it knew is kept no longer: {took:?}"
    );
    assert_eq!(
        app.audited(&format!("target_id={}", text(&second["id"]))),
        [
            "rule.activated",
            "rule.scheduled",
            "rule.unscheduled",
            "rule.scheduled"
        ]
    );
    // What it names is gone when its moment comes.
    let pool = json!({"kind": "pool", "key": "north", "document": {"name": "North"}});
    let pool = decide_by(&app, pool);
    let policy = json!({"kind": "routing_policy", "document": {"fallback": [{"pool": "north"}]}});
    let policy = draft(&app, policy);
    schedule(&policy);
    assert_eq!(app.post(&path(&pool, "/retire"), json!({})).status, 200);
    app.database().by_hand(come);
    wait_until("it is what it was", || state(&policy) == "draft");
    assert_eq!(
        app.audited(&format!("target_id={}", text(&policy["id"]))),
        ["rule.activation_failed", "rule.scheduled"]
    );
}

#[test]
fn what_an_active_document_names_is_not_retired() {
    let app = TestApp::start_deciding();
    house_rules(&app);
    let active = |kind: &str, key: &str| {
        let page = app.get(&format!("/v1/rules?state=active&kind={kind}&key={key}"));
        page.json()["data"][0].clone()
    };
    let retire = |rule: &Value| app.post(&path(rule, "/retire"), json!({}));
    for (kind, key, by, place) in [
        ("calendar", "office", "sla_policy", "/clocks/0/calendar"),
        ("pool", "north", "routing_policy", "/rules/0/to/0/pool"),
        ("pool", "all", "routing_policy", "/fallback/0/pool"),
    ] {
        let refused = retire(&active(kind, key));
        assert_eq!(refused.status, 409, "{}", refused.text());
        let problem = refused.json();
        assert_eq!(problem["code"], "rule_in_use");
        let detail = text(&problem["detail"]);
        let naming = text(&active(by, "default")["id"]);
        assert!(
            detail.contains(by) && detail.contains(place) && detail.contains(&naming),
            "{detail}"
        );
    }
    let lead = app.capture(json!({"email": "a@example.com"}))["lead"]["id"].clone();
    assert_eq!(list(&app, &lead, "clocks")[0]["calendar"]["key"], "office");
    decide_by(&app, clocks(10, None));
    assert_eq!(retire(&active("calendar", "office")).status, 200);
    wait_until("the clock goes on around the clock", || {
        list(&app, &lead, "clocks")[0]["calendar"]["key"] == Value::Null
    });
}

#[test]
fn a_pool_stays_in_use_when_a_member_is_disabled() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep"), app.user("rep"));
    let members = json!([{"user_id": ada.id}, {"user_id": bob.id}]);
    decide_by(
        &app,
        json!({"kind": "pool", "key": "field", "document": {"name": "Field", "members": members}}),
    );
    decide_by(
        &app,
        json!({"kind": "routing_policy", "document": {"rules": [{"key": "field", "name": "Field", "to": [{"pool": "field"}]}]}}),
    );
    assert_eq!(app.delete(&format!("/v1/users/{}", ada.id)).status, 200);
    for number in 0..4 {
        let captured = app.capture(json!({"email": format!("p{number}@example.com")}));
        assert_eq!(
            (
                &captured["assignment"]["rule"],
                &captured["assignment"]["owner_id"]
            ),
            (&json!("field"), &json!(bob.id))
        );
    }
}

#[test]
fn a_field_that_an_active_document_names_is_not_archived() {
    let app = TestApp::start_deciding();
    define(&app, json!({"key": "tier", "type": "integer"}));
    let policy = |when: Value| json!({"kind": "routing_policy", "document": {"rules": [{"key": "big", "name": "Big", "when": when, "to": [{"pool": "everyone"}]}]}});
    let active = decide_by(
        &app,
        policy(json!({"field": "custom.tier", "op": "gte", "value": 3})),
    );
    let archive = || app.delete("/v1/field-definitions/tier");
    let refused = archive();
    assert_eq!(
        (refused.status, refused.json()["code"].clone()),
        (409, json!("rule_in_use")),
        "{}",
        refused.text()
    );
    let detail = text(&refused.json()["detail"]);
    assert!(
        detail.contains(&text(&active["id"])) && detail.contains("/rules/0/when"),
        "{detail}"
    );
    let label = app.patch("/v1/field-definitions/tier", json!({"label": "Tier"}));
    assert_eq!(label.status, 200, "{}", label.text());
    decide_by(&app, policy(json!({"field": "city", "op": "is_set"})));
    let archived = archive();
    assert!((200..300).contains(&archived.status), "{}", archived.text());
}

#[test]
fn a_stage_that_an_active_document_names_is_not_left_out() {
    let app = TestApp::start_deciding();
    let without = |gone: &str| {
        let mut stages = app.get("/v1/pipeline").json()["stages"].clone();
        let stages = stages.as_array_mut().unwrap();
        stages.retain(|stage| stage["key"] != gone);
        app.put("/v1/pipeline", json!({"stages": stages}))
    };
    let when = json!({"field": "stage", "op": "in", "value": ["nurturing", "mql"]});
    let rule = |rule: Value| json!([rule]);
    let documents = [
        (
            "/rules/0/when/value/0",
            json!({"kind": "routing_policy", "document": {"rules":
                rule(json!({"key": "big", "name": "Big", "when": when, "to": [{"pool": "everyone"}]}))}}),
        ),
        (
            "/clocks/0/when/value/0",
            json!({"kind": "sla_policy", "document": {"clocks":
                rule(json!({"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": 9, "when": when}))}}),
        ),
        (
            "/inference/0/when/value/0",
            json!({"kind": "framework", "document": {"name": "Own",
                "criteria": rule(json!({"key": "size", "name": "Size", "question": "How many?", "answer": {"type": "text"}})),
                "inference": rule(json!({"key": "known", "criterion": "size", "field": "title", "confidence_permille": 5, "when": when}))}}),
        ),
        (
            "/when/value/0",
            json!({"kind": "scoring_model", "key": "warm", "document": {"name": "Warm", "rules": [], "when": when}}),
        ),
    ];
    for (place, document) in documents {
        let active = decide_by(&app, document);
        let refused = without("nurturing");
        assert_eq!(
            (refused.status, refused.json()["code"].clone()),
            (409, json!("rule_in_use")),
            "{}",
            refused.text()
        );
        let detail = text(&refused.json()["detail"]);
        assert!(
            detail.contains(&text(&active["id"])) && detail.contains(place),
            "{detail}"
        );
        let retired = app.post(&path(&active, "/retire"), json!({}));
        assert_eq!(retired.status, 200, "{}", retired.text());
    }
    let gone = without("nurturing");
    assert_eq!(gone.status, 200, "{}", gone.text());
}

#[test]
fn a_text_that_cannot_be_kept_is_told_by_its_place() {
    let app = TestApp::start_deciding();
    let rule = json!({"kind": "routing_policy", "document": {"rules": [{"key": "ulm", "name": "Ulm\0",
        "when": {"field": "city", "op": "eq", "value": "Ul\0m"}, "to": [{"pool": "everyone"}]}]}});
    let places = |at: &str| {
        ["name", "when/value"]
            .map(|place| (format!("{at}/rules/0/{place}"), "nul_character".to_owned()))
    };
    let written = app.post("/v1/rules", rule.clone());
    assert_eq!(written.errors(), places("/document"));
    let imported = app.post("/v1/rules/import", json!({"documents": [rule]}));
    assert_eq!(imported.errors(), places("/documents/0/document"));
    let lead = json!({"email": "ada@example.com"});
    let tried = app.post("/v1/simulate", json!({"documents": [rule], "lead": lead}));
    assert_eq!(tried.errors(), places("/documents/0/document"));
    let note = json!({"kind": "sla_policy", "note": "a\0b", "document": {"clocks": []}});
    assert_eq!(draft(&app, note)["note"], "ab");
}

#[test]
fn people_that_a_condition_names_are_there_and_a_team_that_an_active_one_names_stays() {
    let app = TestApp::start_deciding();
    let (ada, team) = (app.user("rep").id, app.team("North", &[]));
    let nobody = uuid::Uuid::now_v7().to_string();
    let policy = |owner: &str, team: &str| {
        let when = json!({"any": [{"field": "owner_id", "op": "in", "value": [ada, owner]}, {"field": "team_id", "op": "eq", "value": team}]});
        json!({"kind": "sla_policy", "document": {"clocks": [
            {"key": "answer", "kind": "first_response", "name": "Answer", "within_minutes": 9, "when": when}]}})
    };
    let when = "/document/clocks/0/when/any";
    assert_eq!(
        app.post("/v1/rules", policy(&nobody, &nobody)).errors(),
        [
            (format!("{when}/0/value/1"), "unknown_user".to_owned()),
            (format!("{when}/1/value"), "unknown_team".to_owned())
        ]
    );
    let active = decide_by(&app, policy(&ada, &team));
    let delete = || app.delete(&format!("/v1/teams/{team}"));
    let refused = delete();
    assert_eq!(
        (refused.status, refused.json()["code"].clone()),
        (409, json!("rule_in_use")),
        "{}",
        refused.text()
    );
    let detail = text(&refused.json()["detail"]);
    assert!(
        detail.contains(&text(&active["id"])) && detail.contains("/clocks/0/when/any/1/value"),
        "{detail}"
    );
    assert_eq!(app.post(&path(&active, "/retire"), json!({})).status, 200);
    assert_eq!(delete().status, 204);
}

#[test]
fn a_rule_that_no_lead_comes_to_is_not_written_and_a_model_that_takes_all_is_worth_a_look() {
    let app = TestApp::start_deciding();
    let clock = |key: &str| json!({"key": key, "kind": "first_response", "name": "Answer", "within_minutes": 9, "when": {"field": "city", "op": "is_set"}});
    let policy =
        json!({"kind": "sla_policy", "document": {"clocks": [clock("one"), clock("two")]}});
    assert_eq!(
        app.post("/v1/rules", policy).errors(),
        [("/document/clocks/1".to_owned(), "never_reached".to_owned())]
    );
    let rule =
        json!({"key": "none", "name": "None", "when": {"any": []}, "to": [{"pool": "everyone"}]});
    let policy = json!({"kind": "routing_policy", "document": {"rules": [rule]}});
    assert_eq!(
        app.post("/v1/rules", policy).errors(),
        [(
            "/document/rules/0/when".to_owned(),
            "never_holds".to_owned()
        )]
    );
    let model = |key: &str| json!({"kind": "scoring_model", "key": key, "document": {"name": "All", "rules": []}});
    assert_eq!(draft(&app, model("default"))["warnings"], json!([]));
    let warnings = draft(&app, model("other"))["warnings"].clone();
    assert_eq!(
        (&warnings[0]["pointer"], &warnings[0]["code"]),
        (&json!("/when"), &json!("takes_every_lead"))
    );
    let imported = app.post("/v1/rules/import", json!({"documents": [model("other")]}));
    assert_eq!(
        imported.json()["results"][0]["warnings"][0]["pointer"],
        "/documents/0/document/when"
    );
}

#[test]
fn everything_of_which_a_version_cannot_count_any_more_is_told() {
    let app = TestApp::start_deciding();
    let (ada, bob) = (app.user("rep").id, app.user("rep").id);
    let policy = json!({"kind": "routing_policy", "document": {"rules": [
        {"key": "ulm", "name": "Ulm", "when": {"field": "city", "op": "eq", "value": "Ulm"}, "to": [{"user": ada}]}], "fallback": [{"user": bob}]}});
    let written = draft(&app, policy);
    for user in [&ada, &bob] {
        assert_eq!(app.delete(&format!("/v1/users/{user}")).status, 200);
    }
    let later = json!({"at": "2999-01-01T00:00:00Z"});
    for (what, body) in [("/activate", json!({})), ("/schedule", later)] {
        let refused = app.post(&path(&written, what), body);
        assert_eq!(
            (refused.status, refused.json()["code"].clone()),
            (409, json!("rule_unusable"))
        );
        assert_eq!(
            refused.errors(),
            [
                ("/rules/0/to/0/user".to_owned(), "disabled_user".to_owned()),
                ("/fallback/0/user".to_owned(), "disabled_user".to_owned())
            ]
        );
    }
}

#[test]
fn what_counts_is_imported_as_it_is_also_when_somebody_in_it_is_disabled() {
    let app = TestApp::start_deciding();
    let ada = app.user("rep").id;
    let pool = json!({"kind": "pool", "key": "field", "document": {"name": "Field", "members": [{"user_id": ada}]}});
    decide_by(&app, pool.clone());
    assert_eq!(app.delete(&format!("/v1/users/{ada}")).status, 200);
    let import = |documents: Value| {
        app.post(
            "/v1/rules/import",
            json!({"documents": documents, "activate": true}),
        )
    };
    let same = import(app.get("/v1/rules/export").json()["documents"].clone());
    assert_eq!(same.status, 200, "{}", same.text());
    let result = &same.json()["results"][0];
    let place = "/documents/0/document/members/0/user_id";
    assert_eq!(
        (
            &result["outcome"],
            &result["warnings"][0]["pointer"],
            &result["warnings"][0]["code"]
        ),
        (&json!("unchanged"), &json!(place), &json!("disabled_user"))
    );
    let mut other = pool;
    other["document"]["name"] = json!("Other");
    assert_eq!(
        import(json!([other])).errors(),
        [(place.to_owned(), "disabled_user".to_owned())]
    );
}

#[test]
fn what_every_workspace_begins_with_is_exported_where_nothing_replaces_it() {
    let app = TestApp::start_deciding();
    let policy = clocks(10, None);
    decide_by(&app, policy.clone());
    let own = app.get("/v1/rules/export").json()["documents"].clone();
    assert_eq!(own.as_array().unwrap().len(), 1);
    let all = app.get("/v1/rules/export?with_defaults=true").json()["documents"].clone();
    let kinds: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text_of(&one["kind"]))
        .collect();
    assert_eq!(
        kinds,
        [
            "pool",
            "routing_policy",
            "sla_policy",
            "framework",
            "scoring_model"
        ]
    );
    assert_eq!(all[2], own[0]);
    assert_eq!(all[0]["key"], "everyone");
    let imported = app.post(
        "/v1/rules/import",
        json!({"documents": all, "activate": true}),
    );
    assert_eq!(imported.status, 200, "{}", imported.text());
    let again = app.get("/v1/rules/export").json()["documents"].clone();
    assert_eq!(again, all);
}

#[test]
fn an_answer_that_follows_from_what_is_known_is_a_text_a_boolean_or_an_amount() {
    let app = TestApp::start_deciding();
    let criterion = |key: &str, answer: Value| json!({"key": key, "name": key, "question": "Well?", "answer": answer});
    let infer = |criterion: &str, value: Value| json!({"key": criterion, "criterion": criterion, "value": value, "confidence_permille": 500});
    draft(
        &app,
        json!({"kind": "framework", "document": {"name": "Own",
            "criteria": [criterion("need", json!({"type": "text"})), criterion("fits", json!({"type": "boolean", "met": true})), criterion("budget", json!({"type": "money"}))],
            "inference": [infer("need", json!("speed")), infer("fits", json!(true)), infer("budget", json!({"amount_minor": 100, "currency": "EUR"}))]}}),
    );
}
