//! `POST /v1/leads/search`: conditions, words, orders, pages and parts of leads.

use crate::support::TestApp;
use crate::support::draw::Draw;
use crate::support::leads::{lead, rules, write};
use crate::support::server::TestDatabase;
use baton::domain::access::Visibility;
use baton::domain::condition::{Condition, Facts};
use baton::domain::flow::{follow_likenesses, index_texts, setup};
use baton::domain::lead::Lead;
use baton::domain::lead_search::{KeyValue, LeadSearch, SortKey, exact};
use baton::domain::search_text::{SearchText, text_of};
use baton::metrics::Metrics;
use baton::store::lead_search;
use baton::store::pool::Db;
use baton::worker::courtesy::Courtesy;
use baton::worker::search_index::{self, Indexed};
use chrono::{SubsecRound, Utc};
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{PgConnection, QueryableByName, RunQueryDsl};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::time::{Duration, Instant};
use uuid::Uuid;

struct Crowd {
    _database: TestDatabase,
    db: Db,
    workspace_id: Uuid,
    leads: Vec<Lead>,
    owners: Vec<Uuid>,
    draw: Draw,
}

impl Crowd {
    fn of(count: usize, seed: u64) -> Crowd {
        let database = TestDatabase::create();
        let db = database.open();
        let now = Utc::now().trunc_subsecs(6);
        let (workspace_id, _) = setup::create_workspace(&db, "test", now).unwrap();
        let mut draw = Draw::new(seed);
        let owners: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
        let mut leads: Vec<_> = (0..count).map(|_| lead(&mut draw, &owners, now)).collect();
        write(&db, workspace_id, &mut leads, &[]);
        Crowd {
            _database: database,
            db,
            workspace_id,
            leads,
            owners,
            draw,
        }
    }

    fn list(&self, search: &LeadSearch) -> Vec<Uuid> {
        let found = self
            .db
            .in_workspace(self.workspace_id, |conn| lead_search::list(conn, search));
        found.unwrap().iter().map(|lead| lead.id).collect()
    }

    /// What the search has to give, page after page.
    fn expected(&self, search: &LeadSearch) -> Vec<Uuid> {
        let mut found: Vec<&Lead> = self
            .leads
            .iter()
            .filter(|lead| {
                search.condition.holds(
                    &Facts {
                        lead,
                        activities: &[],
                    },
                    search.now,
                )
            })
            .filter(|lead| {
                search.is_test.is_none_or(|is_test| lead.is_test == is_test)
                    && search.visible.shows(lead)
            })
            .filter(|lead| {
                let text = text_of(&lead.fields);
                search
                    .text
                    .iter()
                    .flat_map(|text| text.words())
                    .all(|word| text.contains(word.as_str()))
            })
            .collect();
        found.sort_by(|one, other| in_order(search, one, other));
        found.iter().map(|lead| lead.id).collect()
    }
}

/// The order that a search promises, told independently of SQL.
fn in_order(search: &LeadSearch, one: &Lead, other: &Lead) -> Ordering {
    for key in &search.sort {
        let order = match (
            key.is_id(),
            key.value(one, search.now),
            key.value(other, search.now),
        ) {
            (true, _, _) => one.id.cmp(&other.id),
            (_, KeyValue::Missing, KeyValue::Missing) => continue,
            (_, KeyValue::Missing, _) => return Ordering::Greater,
            (_, _, KeyValue::Missing) => return Ordering::Less,
            (_, KeyValue::Text(one), KeyValue::Text(other)) => one.cmp(&other),
            (_, KeyValue::Integer(one), KeyValue::Integer(other)) => one.cmp(&other),
            (_, KeyValue::Boolean(one), KeyValue::Boolean(other)) => one.cmp(&other),
            (_, KeyValue::Time(one), KeyValue::Time(other)) => one.cmp(&other),
            (_, KeyValue::Id(one), KeyValue::Id(other)) => one.cmp(&other),
            pair => panic!("{pair:?}"),
        };
        let order = if key.descending {
            order.reverse()
        } else {
            order
        };
        if order.is_ne() {
            return order;
        }
    }
    let order = one.id.cmp(&other.id);
    if search.sort.last().is_none_or(|key| key.descending) {
        order.reverse()
    } else {
        order
    }
}

const SORTS: [&str; 22] = [
    "score",
    "fit",
    "engagement",
    "grade",
    "created_at",
    "updated_at",
    "email",
    "last_name",
    "company",
    "source",
    "stage",
    "city",
    "employee_count",
    "owner_id",
    "is_test",
    "stage_changed_at",
    "revisit_at",
    "custom.text",
    "custom.integer",
    "custom.single_choice",
    "custom.datetime",
    "id",
];

fn sort(draw: &mut Draw) -> Vec<SortKey> {
    let mut keys: Vec<SortKey> = Vec::new();
    for _ in 0..draw.below(4) {
        let name = format!("{}{}", draw.pick(&["", "-"]), draw.pick(&SORTS));
        let key = SortKey::parse(&name, &rules()).unwrap();
        if keys.iter().all(|other| other.by != key.by) {
            keys.push(key);
        }
    }
    exact(keys)
}

fn condition(value: Value) -> Condition {
    Condition::parse_for_search(&value, &rules(), "").unwrap()
}

/// Conditions that take every kind of way through the indexes.
fn conditions() -> Vec<Condition> {
    [
        json!({"all": []}),
        json!({"field": "custom.single_choice", "op": "eq", "value": "pro"}),
        json!({"all": [{"field": "custom.single_choice", "op": "in", "value": ["pro", "basic"]}, {"field": "custom.boolean", "op": "eq", "value": true}]}),
        json!({"all": [{"field": "tags", "op": "has_all", "value": ["vip", "Vip"]}, {"field": "custom.integer", "op": "gte", "value": 0}]}),
        json!({"all": [{"field": "custom.multi_choice", "op": "has_any", "value": ["pro", "basic"]}, {"field": "city", "op": "ne", "value": "Ulm"}]}),
        json!({"all": [{"field": "custom.text", "op": "is_set"}, {"not": {"field": "custom.boolean", "op": "eq", "value": false}}]}),
    ]
    .map(condition)
    .into()
}

#[test]
fn every_way_to_a_page_gives_the_same_page_and_every_lead_stands_on_one() {
    let mut crowd = Crowd::of(150, 42);
    let (conditions, owners) = (conditions(), crowd.owners.clone());
    for round in 0..150 {
        let draw = &mut crowd.draw;
        let visible = match draw.below(3) {
            0 => Visibility::Of {
                owners: owners[..draw.below(2)].to_vec(),
                teams: owners[1..1 + draw.below(2)].to_vec(),
            },
            _ => Visibility::All,
        };
        let mut search = LeadSearch {
            condition: draw.one(&conditions),
            text: match draw.below(3) {
                0 => Some(
                    SearchText::parse(draw.pick(&[
                        "ulm",
                        "example",
                        "a_b%c",
                        "ULM donau",
                        "0132",
                        "'; drop table leads; --",
                    ]))
                    .unwrap(),
                ),
                _ => None,
            },
            is_test: draw.one(&[None, Some(false)]),
            sort: sort(draw),
            limit: 1 + draw.below(40) as i64,
            ..LeadSearch::new(visible, Utc::now())
        };
        let expected = crowd.expected(&search);
        let mut pages = Vec::new();
        loop {
            let page = crowd.list(&search);
            let each_way = crowd
                .db
                .in_workspace(crowd.workspace_id, |conn| {
                    lead_search::list_each_way(conn, &search)
                })
                .unwrap();
            assert!(each_way.len() >= 2);
            for (number, way) in each_way.iter().enumerate() {
                let way: Vec<Uuid> = way.iter().map(|lead| lead.id).collect();
                assert_eq!(way, page, "{round}: way {number} of {search:?}");
            }
            pages.extend(page.iter().copied());
            let Some(last) = page.last().filter(|_| page.len() as i64 == search.limit) else {
                break;
            };
            let last = crowd.leads.iter().find(|lead| lead.id == *last).unwrap();
            search.after = Some(search.after(last));
            assert!(search.fits(search.after.as_ref().unwrap()));
        }
        assert_eq!(pages, expected, "{round}: {search:?}");
        let count = crowd
            .db
            .in_workspace(crowd.workspace_id, |conn| lead_search::count(conn, &search))
            .unwrap();
        assert_eq!(count, expected.len() as i64, "{round}: {search:?}");
    }
}

/// A workspace with two fields of its own and three people.
fn small() -> TestApp {
    let app = TestApp::start();
    for field in [
        json!({"key": "plan", "label": "Plan", "type": "single_choice", "filterable": true, "options": [{"value": "free", "label": "Free"}, {"value": "pro", "label": "Pro"}]}),
        json!({"key": "seats", "label": "Seats", "type": "integer", "filterable": true}),
        json!({"key": "story", "label": "Story", "type": "long_text"}),
    ] {
        let reply = app.post("/v1/field-definitions", field);
        assert_eq!(reply.status, 201, "{}", reply.text());
    }
    for (email, plan, seats, city) in [
        ("ada@example.com", "pro", 5, "Ulm"),
        ("bob@example.com", "pro", 50, "Bonn"),
        ("eve@example.com", "free", 7, "Ulm"),
    ] {
        app.capture(
            json!({"email": email, "city": city, "custom": {"plan": plan, "seats": seats}}),
        );
    }
    app
}

fn search(app: &TestApp, body: Value) -> Value {
    let reply = app.post("/v1/leads/search", body.clone());
    assert_eq!(reply.status, 200, "{body}: {}", reply.text());
    reply.json()
}

fn emails(page: &Value) -> Vec<&str> {
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lead| lead["email"].as_str().unwrap())
        .collect()
}

#[test]
fn a_search_answers_with_the_fields_that_are_asked_for() {
    let app = small();
    let pro = json!({"field": "custom.plan", "op": "eq", "value": "pro"});
    let page = search(
        &app,
        json!({"condition": pro, "sort": ["-custom.seats"], "fields": ["email", "custom.seats"], "include_total": true}),
    );
    assert_eq!(emails(&page), ["bob@example.com", "ada@example.com"]);
    assert_eq!(
        (page["total"].clone(), page["next_cursor"].clone()),
        (json!(2), Value::Null)
    );
    let bob = page["data"][0].as_object().unwrap();
    assert_eq!(
        bob.keys()
            .map(String::as_str)
            .collect::<std::collections::BTreeSet<_>>(),
        ["custom", "email", "id"].into()
    );
    assert_eq!(bob["custom"], json!({"seats": 50}));
    let whole = search(&app, json!({"condition": pro}));
    let id = whole["data"][0]["id"].as_str().unwrap();
    assert_eq!(whole["data"][0], app.get(&format!("/v1/leads/{id}")).json());
    assert_eq!(
        emails(&search(&app, json!({}))),
        ["eve@example.com", "bob@example.com", "ada@example.com"]
    );
    assert_eq!(
        emails(&search(&app, json!({"sort": ["city", "-custom.seats"]}))),
        ["bob@example.com", "eve@example.com", "ada@example.com"]
    );
}

#[test]
fn a_cursor_is_good_for_the_search_it_came_from() {
    let app = small();
    let body = json!({"condition": {"all": [{"field": "city", "op": "is_set"}, {"field": "created_at", "op": "gt", "value": {"ago": "1h"}}]}, "sort": ["email"], "limit": 2});
    let first = search(&app, body.clone());
    assert_eq!(emails(&first), ["ada@example.com", "bob@example.com"]);
    let cursor = first["next_cursor"].clone();
    let with = |changes: Value| {
        let mut body = body.clone();
        body["cursor"] = cursor.clone();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for same in [
        json!({}),
        json!({"sort": []}),
        json!({"limit": 5, "fields": ["email"]}),
        // The same condition, its names in another order.
        json!({"condition": {"all": [{"op": "is_set", "field": "city"}, {"value": {"ago": "1h"}, "field": "created_at", "op": "gt"}]}}),
    ] {
        assert_eq!(emails(&search(&app, with(same))), ["eve@example.com"]);
    }
    for (other, pointer) in [
        (json!({"sort": ["-email"]}), "/cursor"),
        (
            json!({"condition": {"field": "city", "op": "is_set"}}),
            "?cursor",
        ),
        (json!({"q": "example"}), "?cursor"),
        (json!({"deleted": true}), "?cursor"),
        (json!({"cursor": "x"}), "?cursor"),
    ] {
        let reply = app.post("/v1/leads/search", with(other.clone()));
        assert_eq!(
            (reply.status, reply.errors()),
            (422, vec![(pointer.to_owned(), "invalid_cursor".to_owned())]),
            "{other}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_search_is_said_at_once() {
    let app = small();
    let reply = app.post(
        "/v1/leads/search",
        json!({
            "condition": {"all": [{"field": "custom.plan", "op": "eq", "value": "gold"}, {"field": "custom.story", "op": "contains", "value": "x"}]},
            "q": "ab",
            "sort": ["seats", "email", "-email", "message", "custom.story"],
            "fields": ["emial", "custom.anything"],
        }),
    );
    let wrong = [
        ("/condition/all/0/value", "unknown_option"),
        ("/condition/all/1/field", "not_filterable"),
        ("/q", "word_too_short"),
        ("/sort/0", "unknown_sort"),
        ("/sort/2", "repeated"),
        ("/sort/3", "unknown_sort"),
        ("/sort/4", "not_filterable"),
        ("/fields/0", "unknown_field"),
    ];
    assert_eq!(
        (reply.status, reply.errors()),
        (
            422,
            wrong
                .map(|(pointer, code)| (pointer.to_owned(), code.to_owned()))
                .into()
        )
    );
}

#[test]
fn a_wrong_form_and_a_wrong_name_are_said_together() {
    let app = small();
    let reply = app.post(
        "/v1/leads/search",
        json!({"condition": {"field": "x", "op": "eq"}, "sort": ["zz"], "fields": ["nope"], "limit": 9999, "foo": 1}),
    );
    assert_eq!(reply.status, 422);
    let mut wrong: Vec<String> = reply.errors().into_iter().map(|(place, _)| place).collect();
    wrong.dedup();
    for place in ["/limit", "/foo", "/condition/field", "/sort/0", "/fields/0"] {
        assert!(wrong.iter().any(|one| one == place), "{place}: {wrong:?}");
    }
    let list = app.post("/v1/leads/search", json!([1]));
    assert_eq!(list.status, 422, "{}", list.text());
}

#[test]
fn short_filters_say_the_same_as_conditions() {
    let app = small();
    let (owner, team) = (Uuid::now_v7(), Uuid::now_v7());
    let ada = search(
        &app,
        json!({"condition": {"field": "email", "op": "eq", "value": "ada@example.com"}}),
    )["data"][0]["id"]
        .clone();
    let ada = ada.as_str().unwrap();
    app.database().by_hand(&format!(
        "UPDATE leads SET owner_id = '{owner}', team_id = '{team}', stage = 'mql', stage_kind = 'mql' WHERE id = '{ada}'"
    ));
    assert_eq!(
        app.patch(
            &format!("/v1/leads/{ada}"),
            json!({"tags": ["vip", "50% off"]})
        )
        .status,
        200
    );
    for filter in [
        format!("owner_id={owner}"),
        format!("team_id={team}"),
        "stage_kind=mql".to_owned(),
        "tag=vip".to_owned(),
        "tag=50%25%20off".to_owned(),
        format!("tag=vip&owner_id={owner}&city=Ulm"),
    ] {
        let found = app.leads(&filter);
        assert!(
            found.len() == 1 && found[0]["id"] == ada,
            "{filter}: {found:?}"
        );
    }
    for filter in [
        "tag=Vip",
        "stage_kind=new&tag=vip",
        &format!("owner_id={team}"),
    ] {
        assert_eq!(app.leads(filter).len(), 0, "{filter}");
    }
    let reply = app.get("/v1/leads?q=ab");
    assert_eq!(
        (reply.status, reply.errors()),
        (422, vec![("?q".to_owned(), "word_too_short".to_owned())])
    );
}

/// Waits until the index of texts has come to the end of the feed.
fn caught_up(app: &TestApp) {
    let behind = "SELECT count(*) FROM feed_positions f LEFT JOIN search_positions s USING (workspace_id) \
                  WHERE s.position IS DISTINCT FROM f.position OR NOT s.is_complete";
    let until = Instant::now() + Duration::from_secs(20);
    while app.database().number("SELECT count(*) FROM outbox") + app.database().number(behind) > 0 {
        assert!(
            Instant::now() < until,
            "the index of texts does not catch up"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_part_of_a_name_company_address_or_number_finds_the_lead() {
    let app = TestApp::start();
    for person in [
        json!({"email": "ada.lovelace@example.com", "first_name": "Ada", "last_name": "Lovelace", "company": "Analytical Engines", "phone": "+1 415 555 0132"}),
        json!({"email": "zoe@example.org", "first_name": "Zoë", "last_name": "Müller-Strauß", "company": "50% AG", "phone": "+49 30 901820"}),
        json!({"email": "lukasz@example.org", "first_name": "Łukasz", "last_name": "Öström", "mobile_phone": "+46 70 123 45 67"}),
    ] {
        app.capture(person);
    }
    caught_up(&app);
    for (q, found) in [
        ("lovel", vec!["ada.lovelace@example.com"]),
        ("LOVE ada", vec!["ada.lovelace@example.com"]),
        ("ada engine", vec!["ada.lovelace@example.com"]),
        ("ada muller", vec![]),
        ("muller-strauss", vec!["zoe@example.org"]),
        ("STRAUẞ", vec!["zoe@example.org"]),
        ("ostrom", vec!["lukasz@example.org"]),
        ("lukasz", vec!["lukasz@example.org"]),
        ("0132", vec!["ada.lovelace@example.com"]),
        ("(415) 555-0132", vec!["ada.lovelace@example.com"]),
        ("030 / 90 18 20", vec!["zoe@example.org"]),
        ("070 123 45", vec!["lukasz@example.org"]),
        ("50% ag", vec!["zoe@example.org"]),
        ("5_% ag", vec![]),
        ("%%%", vec![]),
        ("example.org", vec!["lukasz@example.org", "zoe@example.org"]),
        ("example.org zoë", vec!["zoe@example.org"]),
    ] {
        assert_eq!(emails(&search(&app, json!({"q": q}))), found, "{q}");
        let listed = app.get(&format!(
            "/v1/leads?q={}",
            percent_encoding::utf8_percent_encode(q, percent_encoding::NON_ALPHANUMERIC)
        ));
        assert_eq!(emails(&listed.json()), found, "{q}");
    }
    let both = json!({"q": "example.org", "condition": {"field": "first_name", "op": "eq", "value": "Zoë"}, "include_total": true});
    assert_eq!(search(&app, both)["total"], 1);
}

#[test]
fn a_search_follows_what_changes_and_stays_in_its_workspace() {
    let app = TestApp::start();
    let lead = app.capture(json!({"email": "ada@example.com", "last_name": "Byron"}))["lead"]["id"]
        .clone();
    let path = format!("/v1/leads/{}", lead.as_str().unwrap());
    caught_up(&app);
    assert_eq!(
        emails(&search(&app, json!({"q": "byron"}))),
        ["ada@example.com"]
    );
    assert_eq!(
        app.patch(&path, json!({"last_name": "Lovelace"})).status,
        200
    );
    caught_up(&app);
    assert_eq!(emails(&search(&app, json!({"q": "byron"}))).len(), 0);
    assert_eq!(
        emails(&search(&app, json!({"q": "lovelace"}))),
        ["ada@example.com"]
    );
    let (_, key) = app.another_workspace();
    let stranger = app
        .client_with(&key)
        .post("/v1/leads/search", &json!({"q": "lovelace"}));
    assert_eq!(stranger.json()["data"], json!([]));
    assert_eq!(app.delete(&path).status, 204);
    assert_eq!(emails(&search(&app, json!({"q": "lovelace"}))).len(), 0);
    assert_eq!(
        emails(&search(&app, json!({"q": "lovelace", "deleted": true}))),
        ["ada@example.com"]
    );
}

#[test]
fn leads_from_before_the_index_are_taken_in_and_so_is_what_a_cut_feed_no_longer_says() {
    let crowd = Crowd::of(60, 7);
    let database = &crowd._database;
    let metrics = Metrics::new().unwrap();
    let texts = || database.number("SELECT count(*) FROM lead_texts");
    let take_in = || {
        while search_index::tick(&crowd.db, &metrics, &Courtesy::default())
            .unwrap()
            .workspaces
            > 0
        {}
    };
    database.by_hand("DELETE FROM lead_texts");
    database.by_hand(&format!(
        "INSERT INTO feed_positions VALUES ('{}', 5)",
        crowd.workspace_id
    ));
    take_in();
    assert_eq!(texts(), 60);
    assert_eq!(
        search_index::tick(&crowd.db, &metrics, &Courtesy::default()).unwrap(),
        Indexed::default()
    );
    // Events up to 9 were dropped before they were read.
    database.by_hand("DELETE FROM lead_texts; UPDATE feed_positions SET position = 9");
    take_in();
    assert_eq!(texts(), 60);
}

#[test]
fn walks_through_leads_end_with_those_that_were_there_when_they_began() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let come = |from: usize| {
        for number in from..from + 3 {
            app.capture(json!({"email": format!("p{number}@example.com"), "last_name": format!("Walker{number}")}));
        }
    };
    // One lead a step, and three more come after the first: nothing is published, so only a walk could reach them.
    let walked = |step: &dyn Fn() -> (usize, bool)| {
        let (mut leads, mut more) = step();
        come(app.leads("").len());
        for _ in 0..20 {
            let (some, again) = step();
            (leads, more) = (leads + some, again);
        }
        assert!(!more, "the walk goes on");
        leads
    };
    come(0);
    let index = || {
        let step = app
            .db
            .in_workspace(app.workspace_id, |conn| index_texts::step(conn, 1));
        let step = step.unwrap();
        (step.written, step.more)
    };
    assert_eq!(walked(&index), 3);
    let follow = || {
        let step = app.db.in_workspace(app.workspace_id, |conn| {
            follow_likenesses::step(conn, 1, Utc::now())
        });
        let step = step.unwrap();
        (step.keyed, step.more)
    };
    assert_eq!(walked(&follow), 6);
}

#[test]
fn the_search_function_tells_nothing_to_whom_it_does_not_concern() {
    let crowd = Crowd::of(20, 8);
    let mut app = crowd._database.look_as_app();
    app.batch_execute("SET ROLE baton_app").unwrap();
    let found = |app: &mut PgConnection, words: &str| {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let question = format!(
            "SELECT count(*) FROM find_leads({words}, 1000, 1000) f WHERE f.lead_id IS NOT NULL"
        );
        diesel::sql_query(question)
            .get_result::<Count>(app)
            .map(|row| row.count)
    };
    assert_eq!(
        found(&mut app, "ARRAY['example']").unwrap(),
        0,
        "without a workspace"
    );
    let (own, other) = (crowd.workspace_id, Uuid::now_v7());
    for (workspace_id, sees) in [(own, true), (other, false)] {
        app.batch_execute(&format!(
            "BEGIN; SET LOCAL baton.workspace_id = '{workspace_id}'"
        ))
        .unwrap();
        assert_eq!(found(&mut app, "ARRAY['example']").unwrap() > 0, sees);
        for nothing in [
            "ARRAY['%']",
            "ARRAY['example', 'x'' OR true --']",
            "ARRAY[]::text[]",
            "NULL",
            "ARRAY['\\']",
        ] {
            let count = found(&mut app, nothing).unwrap();
            // Signs of patterns are signs: one of the leads has them in its address.
            assert!(count < 20, "{nothing}: {count}");
        }
        app.batch_execute("ROLLBACK").unwrap();
    }
    app.batch_execute("SET ROLE NONE; SET ROLE baton_worker")
        .unwrap_err();
}
