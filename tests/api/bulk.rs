//! Bulk changes: the same as single ones (promise P10), for nobody who may not, and exactly once.

use crate::support::TestApp;
use crate::support::http::Client;
use crate::support::jobs::{capture_many, finished, run, start};
use baton::domain::access::{Scope, Visibility};
use baton::domain::event::{Actor, Cause, Provenance};
use baton::domain::flow::bulk::{Bulk, BulkChange, Selection};
use baton::domain::flow::on_behalf::OnBehalf;
use baton::domain::flow::run_job::{LEASE, Step, Turn, Work};
use baton::domain::job::Outcome;
use baton::domain::lead::Lead;
use baton::domain::lead_filter::LeadFilter;
use baton::error::{Error, Result};
use baton::store::jobs;
use baton::store::pool::{Db, TenantConnection};
use baton::worker::jobs::JobRunner;
use baton::worker::ticker::Wake;
use chrono::Utc;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

fn tag(leads: &[Value]) -> Value {
    json!({"action": "tag", "tags": ["fair"], "select": {"ids": leads}})
}

fn lead(app: &TestApp, id: &Value) -> Value {
    app.get(&format!("/v1/leads/{}", id.as_str().unwrap()))
        .json()
}

fn items(app: &TestApp, job: &Value, query: &str) -> Vec<Value> {
    let path = format!(
        "/v1/jobs/{}/items?limit=500&{query}",
        job["id"].as_str().unwrap()
    );
    app.get(&path).json()["data"].as_array().unwrap().clone()
}

/// An event without what differs from one change to the next.
fn faceless(event: &Value) -> Value {
    let mut event = event.clone();
    for name in ["position", "id", "lead_id", "occurred_at", "cause"] {
        event.as_object_mut().unwrap().remove(name);
    }
    for change in event["changes"].as_array_mut().unwrap() {
        if change["path"] == "deleted_at" || change["path"] == "stage_changed_at" {
            for moment in ["old", "new"] {
                change[moment] = json!(change[moment].is_string());
            }
        }
    }
    event
}

#[test]
fn p10_a_bulk_change_makes_the_events_that_single_ones_make() {
    let app = TestApp::start();
    let leads = capture_many(&app, 10);
    let (single, bulk) = leads.split_at(5);
    let client = app.client().with("Baton-Origin", "crm");
    let team = app.team("DACH", &[]);
    let changes = json!({"company": " Acme ", "country": "Germany", "website": "www.acme.example", "custom": {"plan": "pro"}, "source": null});
    let merge = |path: &str, body: &Value| {
        client.send(
            "PATCH",
            path,
            "application/merge-patch+json",
            body.to_string().as_bytes(),
        )
    };
    for id in single {
        let path = format!("/v1/leads/{}", id.as_str().unwrap());
        assert_eq!(merge(&path, &changes).status, 200);
        assert_eq!(merge(&path, &json!({"tags": ["a", "b"]})).status, 200);
        assert_eq!(merge(&path, &json!({"tags": ["b"]})).status, 200);
        let owner = json!({"owner_id": null, "team_id": team, "reason": "closer"});
        assert_eq!(
            client.post(&format!("{path}/assignment"), &owner).status,
            200
        );
        let lost =
            json!({"stage": "disqualified", "disqualify_reason": "other", "reason": "Too small"});
        assert_eq!(client.post(&format!("{path}/stage"), &lost).status, 200);
        assert_eq!(client.send("DELETE", &path, "", b"").status, 204);
        assert_eq!(
            client
                .send("POST", &format!("{path}/restore"), "", b"")
                .status,
            200
        );
    }
    let mut told = 10 + 35;
    for mut body in [
        json!({"action": "update", "changes": changes}),
        json!({"action": "tag", "tags": ["a", " b ", "a"]}),
        json!({"action": "untag", "tags": ["a", "c"]}),
        json!({"action": "assign", "assignment": {"team_id": team, "reason": "closer"}}),
        json!({"action": "stage", "to": {"stage": "disqualified", "disqualify_reason": "other", "reason": "Too small"}}),
        json!({"action": "delete"}),
        json!({"action": "restore"}),
    ] {
        body["select"] = json!({"ids": bulk});
        let started = client.post("/v1/leads/bulk", &body);
        assert_eq!(started.status, 202, "{}", started.text());
        let started = started.json();
        assert_eq!(finished(&app, &started)["changed"], 5, "{body}");
        told += 5;
        let events = app.events(told);
        let caused = json!({"type": "job", "id": started["id"]});
        let of_job = &events[told - 5..];
        assert!(of_job.iter().all(|event| event["cause"] == caused));
    }
    let events = app.events(told);
    let of = |ids: &[Value]| -> Vec<Vec<Value>> {
        ids.iter()
            .map(|id| {
                let of_lead = events.iter().filter(|event| event["lead_id"] == *id);
                of_lead
                    .filter(|event| event["type"] != "lead.created")
                    .map(faceless)
                    .collect()
            })
            .collect()
    };
    let (singly, in_bulk) = (of(single), of(bulk));
    assert_eq!(singly[0].len(), 7);
    assert_eq!(singly, in_bulk);
    let plain = |id: &Value| {
        let mut lead = lead(&app, id);
        for name in [
            "id",
            "email",
            "created_at",
            "updated_at",
            "captured_at",
            "last_activity_at",
            "stage_changed_at",
        ] {
            lead.as_object_mut().unwrap().remove(name);
        }
        lead
    };
    assert_eq!(plain(&single[0]), plain(&bulk[0]));
}

#[test]
fn a_wrong_change_is_refused_at_once_with_its_place() {
    let app = TestApp::start();
    let leads = capture_many(&app, 1);
    let wrong = |mut body: Value| {
        body["select"] = json!({"ids": leads});
        let reply = app.post("/v1/leads/bulk", body);
        assert_eq!(reply.status, 422, "{}", reply.text());
        reply.errors()
    };
    let expected = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    let update = |changes: Value| wrong(json!({"action": "update", "changes": changes}));
    assert_eq!(
        update(json!({"email": "nobody"})),
        expected("/changes/email", "invalid_email")
    );
    assert_eq!(
        update(json!({"employee_count": "many"})),
        expected("/changes/employee_count", "wrong_type")
    );
    assert_eq!(
        update(json!({"emial": "a@b.example"})),
        expected("/changes/emial", "unknown_field")
    );
    assert_eq!(
        update(json!({"custom": {"": 1}})),
        expected("/changes/custom", "invalid_name")
    );
    assert_eq!(update(json!({})), expected("/changes", "no_changes"));
    assert_eq!(
        wrong(json!({"action": "tag"})),
        expected("/tags", "required")
    );
    assert_eq!(
        wrong(json!({"action": "tag", "tags": [" "]})),
        expected("/tags", "no_tags")
    );
    assert_eq!(
        wrong(json!({"action": "tag", "tags": []})),
        expected("/tags", "too_few")
    );
    assert_eq!(
        wrong(json!({"action": "explode"})),
        expected("/action", "not_allowed")
    );
    assert_eq!(
        wrong(json!({"action": "delete", "changes": {"city": "Ulm"}})),
        expected("/changes", "unknown_field")
    );
    assert_eq!(
        wrong(json!({"action": "assign", "assignment": {"owner_id": "me"}})),
        expected("/assignment/owner_id", "invalid_format")
    );
    let none = app.post(
        "/v1/leads/bulk",
        json!({"action": "delete", "select": {"ids": []}}),
    );
    assert_eq!(none.errors(), expected("/select/ids", "too_few"));
    let many: Vec<Uuid> = (0..10_001).map(|_| Uuid::now_v7()).collect();
    let many = app.post(
        "/v1/leads/bulk",
        json!({"action": "delete", "select": {"ids": many}}),
    );
    assert_eq!(many.errors(), expected("/select/ids", "too_many"));
    assert_eq!(app.get("/v1/jobs").json()["data"], json!([]));
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let app = TestApp::start();
    let leads = capture_many(&app, 12);
    assert_eq!(
        app.delete(&format!("/v1/leads/{}", leads[0].as_str().unwrap()))
            .status,
        204
    );
    app.events(13);
    let mut ids = leads.clone();
    ids.push(json!(Uuid::now_v7()));
    ids.push(leads[5].clone());
    let versions = || {
        app.database()
            .texts("SELECT id || ' ' || version FROM leads ORDER BY 1")
    };
    let before = versions();
    for (action, total, first) in [("delete", 11, 1), ("restore", 1, 0)] {
        let body = json!({"action": action, "select": {"ids": ids}, "dry_run": true});
        let reply = app
            .client()
            .with("Idempotency-Key", action)
            .post("/v1/leads/bulk", &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let sample: Vec<Value> = leads[first..].iter().take(total.min(10)).cloned().collect();
        assert_eq!(reply.json(), json!({"total": total, "sample": sample}));
        assert_eq!(reply.header("Location"), None);
    }
    assert_eq!(versions(), before);
    assert_eq!(app.database().number("SELECT count(*) FROM jobs"), 0);
    assert_eq!(app.all_events().len(), 13);
}

#[test]
fn one_bad_lead_fails_alone_and_says_why() {
    let app = TestApp::start();
    let leads = capture_many(&app, 150);
    app.database().by_hand(&format!(
        "ALTER TABLE leads ADD CONSTRAINT boom CHECK (id <> '{}' OR city IS NULL)",
        leads[120].as_str().unwrap()
    ));
    let body = json!({"action": "update", "changes": {"city": "Ulm"}, "select": {"ids": leads}});
    let job = finished(&app, &start(&app, body));
    assert_eq!(
        (
            &job["state"],
            &job["changed"],
            &job["failed"],
            &job["percent"]
        ),
        (&json!("done"), &json!(149), &json!(1), &json!(100))
    );
    let failed = items(&app, &job, "outcome=failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["lead_id"], &failed[0]["problem"]["code"]),
        (&leads[120], &json!("internal_error"))
    );
    assert_eq!(lead(&app, &leads[120])["version"], 1);
    let others = leads.iter().enumerate().filter(|(index, _)| *index != 120);
    for (_, id) in others {
        let lead = lead(&app, id);
        assert_eq!(
            (&lead["city"], &lead["version"]),
            (&json!("Ulm"), &json!(2))
        );
    }
}

#[test]
fn an_address_can_go_to_one_lead_only() {
    let app = TestApp::start();
    let leads = capture_many(&app, 3);
    let body = json!({"action": "update", "changes": {"email": "one@example.com"}, "select": {"ids": leads}});
    let job = finished(&app, &start(&app, body));
    assert_eq!((&job["changed"], &job["failed"]), (&json!(1), &json!(2)));
    for item in items(&app, &job, "outcome=failed") {
        assert_eq!(item["problem"]["code"], "identity_taken");
        assert_eq!(item["problem"]["lead_id"], leads[0]);
    }
    assert_eq!(lead(&app, &leads[1])["email"], "person1@example.com");
}

#[test]
fn leads_that_are_not_there_are_skipped() {
    let app = TestApp::start();
    let leads = capture_many(&app, 3);
    assert_eq!(
        app.delete(&format!("/v1/leads/{}", leads[1].as_str().unwrap()))
            .status,
        204
    );
    let nobody = json!(Uuid::now_v7());
    let body = tag(&[leads.clone(), vec![nobody.clone()]].concat());
    let job = finished(&app, &start(&app, body));
    assert_eq!(
        (
            &job["total"],
            &job["done"],
            &job["changed"],
            &job["skipped"]
        ),
        (&json!(4), &json!(4), &json!(2), &json!(2))
    );
    let skipped = items(&app, &job, "outcome=skipped");
    let ids: Vec<&Value> = skipped.iter().map(|item| &item["lead_id"]).collect();
    assert_eq!(ids, [&leads[1], &nobody]);
}

#[test]
fn bulk_needs_the_scope_of_the_single_operation_too() {
    let app = TestApp::start();
    let leads = capture_many(&app, 1);
    let client = |scopes: &[Scope]| app.client_with(&app.key_with(scopes));
    let ask = |client: &Client, mut body: Value, dry_run: bool| {
        body["select"] = json!({"ids": leads});
        body["dry_run"] = json!(dry_run);
        client.post("/v1/leads/bulk", &body)
    };
    for (body, scope) in [
        (
            json!({"action": "update", "changes": {"city": "Ulm"}}),
            Scope::LeadsWrite,
        ),
        (json!({"action": "tag", "tags": ["a"]}), Scope::LeadsWrite),
        (json!({"action": "untag", "tags": ["a"]}), Scope::LeadsWrite),
        (
            json!({"action": "assign", "assignment": {}}),
            Scope::LeadsAssign,
        ),
        (json!({"action": "delete"}), Scope::LeadsDelete),
        (json!({"action": "restore"}), Scope::LeadsDelete),
    ] {
        let others: Vec<Scope> = Scope::ALL
            .into_iter()
            .filter(|other| *other != scope)
            .collect();
        for dry_run in [true, false] {
            let refused = ask(&client(&others), body.clone(), dry_run);
            let challenge = refused.header("WWW-Authenticate").unwrap_or_default();
            assert!(
                refused.status == 403 && challenge.contains(scope.as_str()),
                "{body}: {}",
                refused.text()
            );
        }
        assert_eq!(
            ask(&client(&[scope]), body.clone(), false).status,
            403,
            "{body}"
        );
        let allowed = ask(&client(&[Scope::LeadsBulk, scope]), body.clone(), false);
        assert_eq!(allowed.status, 202, "{body}: {}", allowed.text());
    }
}

#[test]
fn p7_a_retry_with_the_same_key_starts_no_second_job() {
    let app = TestApp::start();
    let leads = capture_many(&app, 3);
    let client = app.client().with("Idempotency-Key", "once");
    let (first, second) = (
        client.post("/v1/leads/bulk", &tag(&leads)),
        client.post("/v1/leads/bulk", &tag(&leads)),
    );
    assert_eq!((first.status, first.json()), (second.status, second.json()));
    assert_eq!(second.header("Idempotent-Replayed"), Some("true"));
    let location = format!("/v1/jobs/{}", first.json()["id"].as_str().unwrap());
    for reply in [&first, &second] {
        assert_eq!(reply.header("Location"), Some(location.as_str()));
    }
    finished(&app, &first.json());
    assert_eq!(
        app.get("/v1/jobs").json()["data"].as_array().unwrap().len(),
        1
    );
}

/// A turn over a job of the app's workspace, on behalf of somebody who sees only some leads.
fn turn<'a>(app: &'a TestApp, job: &Value, work: &'a dyn Work, visible: Visibility) -> Turn<'a> {
    let (job_id, holder) = (job["id"].as_str().unwrap().parse().unwrap(), Uuid::now_v7());
    let claimed = app.db.in_workspace(app.workspace_id, |conn| {
        jobs::claim(conn, job_id, holder, LEASE, Utc::now())
    });
    claimed.unwrap().expect("nobody else has it");
    Turn {
        db: &app.db,
        workspace_id: app.workspace_id,
        job_id,
        holder,
        work,
        visible,
        provenance: Provenance {
            actor: Actor::system(),
            cause: Cause::job(job_id),
            origin: None,
        },
        rules: Arc::default(),
        describe: |error| json!(error.to_string()),
    }
}

fn ids(leads: &[Value]) -> Vec<Uuid> {
    leads
        .iter()
        .map(|id| id.as_str().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn somebody_who_sees_own_leads_never_touches_anothers() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 6);
    let (me, other, team) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let mine = format!(
        "UPDATE leads SET owner_id = '{me}' WHERE id IN ('{}', '{}')",
        leads[0].as_str().unwrap(),
        leads[1].as_str().unwrap()
    );
    app.database().by_hand(&mine);
    app.database().by_hand(&format!(
        "UPDATE leads SET owner_id = '{other}' WHERE id = '{}'",
        leads[2].as_str().unwrap()
    ));
    app.database().by_hand(&format!(
        "UPDATE leads SET team_id = '{team}' WHERE id = '{}'",
        leads[3].as_str().unwrap()
    ));
    let visible = Visibility::Of {
        owners: vec![me],
        teams: vec![team],
    };
    let changes = [
        BulkChange::Tag {
            tags: vec!["mine".into()],
        },
        BulkChange::Delete,
        BulkChange::Restore,
    ];
    for change in changes {
        let started = start(&app, tag(&leads));
        let bulk = Bulk::new(change, Selection::Named(ids(&leads))).unwrap();
        let by = OnBehalf {
            visible: visible.clone(),
            provenance: turn(&app, &started, &bulk, visible.clone()).provenance,
            rules: Arc::default(),
            now: Utc::now(),
        };
        let preview = app
            .db
            .in_workspace(app.workspace_id, |conn| bulk.preview(conn, &by))
            .unwrap();
        let touched = ids(&[leads[0].clone(), leads[1].clone(), leads[3].clone()]);
        assert_eq!((preview.total, preview.sample), (3, touched));
        let job_id = started["id"].as_str().unwrap();
        app.database()
            .by_hand("UPDATE jobs SET claimed_by = NULL, claimed_until = NULL");
        assert_eq!(
            turn(&app, &started, &bulk, visible.clone()).step().unwrap(),
            Step::Finished
        );
        let outcomes: Vec<Value> = items(&app, &json!({"id": job_id}), "")
            .iter()
            .map(|item| item["outcome"].clone())
            .collect();
        assert_eq!(
            outcomes,
            [
                "changed", "changed", "skipped", "changed", "skipped", "skipped"
            ]
        );
    }
    let touched = app
        .database()
        .texts("SELECT version FROM leads ORDER BY id");
    assert_eq!(touched, ["4", "4", "1", "4", "1", "1"]);
}

/// Tags leads, and panics at one of them.
struct Trap {
    bulk: Bulk,
    at: Uuid,
}

impl Work for Trap {
    fn needs(&self) -> Vec<Scope> {
        self.bulk.needs()
    }

    fn count(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<i64> {
        self.bulk.count(conn, by)
    }

    fn next(
        &self,
        conn: &mut TenantConnection,
        after: Option<Uuid>,
        limit: i64,
        by: &OnBehalf,
    ) -> Result<Vec<Uuid>> {
        self.bulk.next(conn, after, limit, by)
    }

    fn apply(&self, conn: &mut TenantConnection, lead: &Lead, by: &OnBehalf) -> Result<Outcome> {
        let outcome = self.bulk.apply(conn, lead, by)?;
        assert_ne!(lead.id, self.at, "a bug of ours");
        Ok(outcome)
    }
}

#[test]
fn a_bug_that_one_lead_meets_takes_back_what_it_did_to_that_lead_only() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 5);
    let started = start(&app, tag(&leads));
    let change = BulkChange::Tag {
        tags: vec!["fair".into()],
    };
    let trap = Trap {
        bulk: Bulk::new(change, Selection::Named(ids(&leads))).unwrap(),
        at: ids(&leads)[2],
    };
    assert_eq!(
        turn(&app, &started, &trap, Visibility::All).step().unwrap(),
        Step::Finished
    );
    let failed = items(&app, &started, "outcome=failed");
    assert_eq!((failed.len(), &failed[0]["lead_id"]), (1, &leads[2]));
    assert_eq!(
        app.database()
            .texts("SELECT version FROM leads ORDER BY id"),
        ["2", "2", "1", "2", "2"]
    );
    let told = app
        .database()
        .number("SELECT count(*) FROM outbox WHERE type = 'lead.updated'");
    assert_eq!(told, 4);
}

#[test]
fn a_holder_whose_time_is_over_does_nothing_more() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 150);
    let started = start(&app, tag(&leads));
    let change = BulkChange::Tag {
        tags: vec!["late".into()],
    };
    let bulk = Bulk::new(change, Selection::Named(ids(&leads))).unwrap();
    let late = turn(&app, &started, &bulk, Visibility::All);
    assert_eq!(late.step().unwrap(), Step::Went(100));
    app.database()
        .by_hand("UPDATE jobs SET claimed_until = now() - interval '1 second'");
    run(&app);
    assert_eq!(late.step().unwrap(), Step::Lost);
    let job = finished(&app, &started);
    assert_eq!((&job["changed"], &job["done"]), (&json!(150), &json!(150)));
    assert_eq!(
        app.database()
            .number("SELECT count(*) FROM leads WHERE version = 2"),
        150
    );
}

#[test]
fn a_job_that_cannot_go_on_is_given_up_after_five_attempts() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 3);
    let started = start(&app, tag(&leads));
    app.database()
        .by_hand("ALTER TABLE job_items ADD CONSTRAINT boom CHECK (outcome <> 'changed')");
    let runner = JobRunner::new(app.db.clone(), Arc::new(Wake::default()));
    let path = format!("/v1/jobs/{}", started["id"].as_str().unwrap());
    for attempt in 1..=5 {
        assert!(runner.tick().is_err(), "attempt {attempt}");
        let waits = app.database().number(
            "SELECT count(*) FROM jobs WHERE finished_at IS NULL AND claimed_until > now()",
        );
        assert_eq!(
            waits,
            i64::from(attempt < 5),
            "it is left alone for a while"
        );
        app.database()
            .by_hand("UPDATE jobs SET claimed_until = now()");
    }
    let job = app.get(&path).json();
    assert_eq!(
        (&job["state"], &job["problem"]["code"], &job["done"]),
        (&json!("failed"), &json!("internal_error"), &json!(0))
    );
    assert_eq!(
        app.database()
            .number("SELECT count(*) FROM leads WHERE version > 1"),
        0
    );
}

#[test]
fn two_processes_share_the_jobs_and_do_each_lead_once() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 1500);
    let jobs: Vec<Value> = leads
        .chunks(500)
        .map(|part| start(&app, tag(part)))
        .collect();
    let worked = |db: Db| {
        let runner = JobRunner::new(db, Arc::new(Wake::default()));
        let (mut worked, mut idle) = (0, 0);
        while idle < 20 {
            match runner.tick() {
                Ok(baton::worker::jobs::Ticked::Worked(batches)) => worked += batches,
                Ok(_) => {
                    idle += 1;
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
                Err(error) => panic!("{error}"),
            }
        }
        worked
    };
    let batches: Vec<usize> = std::thread::scope(|scope| {
        let runners: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| worked(app.database().open())))
            .collect();
        runners.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(batches.iter().all(|done| *done > 0), "{batches:?}");
    for job in &jobs {
        let job = finished(&app, job);
        assert_eq!(
            (&job["state"], &job["changed"]),
            (&json!("done"), &json!(500))
        );
    }
    assert_eq!(
        app.database()
            .number("SELECT count(*) FROM leads WHERE version = 2"),
        1500
    );
    assert_eq!(
        app.database().number("SELECT count(*) FROM lead_history"),
        1500
    );
}

#[test]
fn an_error_of_the_database_is_no_fault_of_a_lead() {
    struct Away;
    impl Work for Away {
        fn needs(&self) -> Vec<Scope> {
            Vec::new()
        }
        fn count(&self, _: &mut TenantConnection, _: &OnBehalf) -> Result<i64> {
            Err(Error::TooSlow)
        }
        fn next(
            &self,
            _: &mut TenantConnection,
            _: Option<Uuid>,
            _: i64,
            _: &OnBehalf,
        ) -> Result<Vec<Uuid>> {
            Err(Error::Unavailable("gone".into()))
        }
        fn apply(&self, _: &mut TenantConnection, _: &Lead, _: &OnBehalf) -> Result<Outcome> {
            Ok(Outcome::Changed)
        }
    }
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 1);
    let started = start(&app, tag(&leads));
    let turn = turn(&app, &started, &Away, Visibility::All);
    turn.count()
        .expect("a job does without a count that takes too long");
    assert!(matches!(turn.step(), Err(Error::Unavailable(_))));
    assert_eq!(items(&app, &started, ""), Vec::<Value>::new());
}

fn people(app: &TestApp, city: &str, count: usize) -> Vec<Value> {
    (0..count)
        .map(|_| {
            let email = format!("{}@example.com", Uuid::now_v7());
            app.capture(json!({"email": email, "city": city, "last_name": "Huber"}))["lead"]["id"]
                .clone()
        })
        .collect()
}

fn having(app: &TestApp, condition: &Value) -> Vec<Value> {
    let body =
        json!({"condition": condition, "fields": ["id"], "limit": 500, "sort": ["created_at"]});
    let found = app.post("/v1/leads/search", body).json();
    let found = found["data"].as_array().unwrap();
    found.iter().map(|lead| lead["id"].clone()).collect()
}

#[test]
fn leads_for_which_a_condition_holds_are_each_done_once_also_when_the_change_ends_that() {
    let app = TestApp::start();
    let (ulm, bonn) = (people(&app, "Ulm", 230), people(&app, "Bonn", 5));
    let in_ulm = json!({"field": "city", "op": "eq", "value": "Ulm"});
    let asked = |dry_run: bool| json!({"action": "update", "changes": {"city": "Bonn"}, "select": {"condition": in_ulm}, "dry_run": dry_run});
    let preview = app.post("/v1/leads/bulk", asked(true)).json();
    assert_eq!(preview["total"], 230);
    assert_eq!(preview["sample"], json!(&ulm[..10]));
    assert_eq!(having(&app, &in_ulm), ulm, "a dry run changes nothing");
    let job = finished(&app, &start(&app, asked(false)));
    assert_eq!(
        (&job["total"], &job["done"], &job["changed"]),
        (&json!(230), &json!(230), &json!(230))
    );
    let done: Vec<Value> = items(&app, &job, "")
        .iter()
        .map(|item| item["lead_id"].clone())
        .collect();
    assert_eq!(done, ulm);
    assert_eq!(lead(&app, &ulm[229])["version"], 2);
    assert_eq!(lead(&app, &bonn[0])["version"], 1);
    let again = finished(&app, &start(&app, asked(false)));
    assert_eq!((&again["total"], &again["done"]), (&json!(0), &json!(0)));
}

#[test]
fn deleted_leads_are_brought_back_by_a_condition_and_moved_to_a_stage_by_words() {
    let app = TestApp::start();
    let ulm = people(&app, "Ulm", 3);
    let in_ulm = json!({"condition": {"field": "city", "op": "eq", "value": "Ulm"}});
    finished(
        &app,
        &start(&app, json!({"action": "delete", "select": in_ulm})),
    );
    let restored = finished(
        &app,
        &start(&app, json!({"action": "restore", "select": in_ulm})),
    );
    assert_eq!(restored["changed"], 3);
    let words = json!({"q": "huber", "condition": {"field": "stage", "op": "eq", "value": "new"}});
    let is_found = || {
        app.post("/v1/leads/search", json!({"q": "huber"})).json()["data"]
            .as_array()
            .unwrap()
            .len()
            == 3
    };
    let until = Instant::now() + Duration::from_secs(30);
    while !is_found() {
        assert!(Instant::now() < until, "new leads are not found by words");
        std::thread::sleep(Duration::from_millis(50));
    }
    let moved =
        json!({"action": "stage", "to": {"stage": "mql", "reason": "Fair"}, "select": words});
    assert_eq!(finished(&app, &start(&app, moved))["changed"], 3);
    assert_eq!(lead(&app, &ulm[0])["stage"], "mql");
}

#[test]
fn a_lead_that_came_after_the_job_was_asked_for_is_not_of_it() {
    let app = TestApp::start();
    let before = people(&app, "Ulm", 2);
    let change = BulkChange::Tag {
        tags: vec!["fair".to_owned()],
    };
    let filter = LeadFilter {
        condition: Some(json!({"field": "city", "op": "eq", "value": "Ulm"})),
        ..LeadFilter::default()
    };
    let by = OnBehalf {
        visible: Visibility::All,
        provenance: Provenance {
            actor: Actor::system(),
            cause: Cause::request("test"),
            origin: None,
        },
        rules: Arc::default(),
        now: Utc::now(),
    };
    let found = app.db.in_workspace(app.workspace_id, |conn| {
        let bulk = Bulk::new(change.clone(), Selection::Matching(filter.clone()))?;
        let job = bulk.start(conn, &by)?;
        Ok(job)
    });
    let job = found.unwrap();
    people(&app, "Ulm", 2);
    let next = app.db.in_workspace(app.workspace_id, |conn| {
        Bulk::of_job(&job, None)?.next(conn, None, 100, &by)
    });
    let next: Vec<Value> = next.unwrap().iter().map(|id| json!(id)).collect();
    assert_eq!(next, before);
}

#[test]
fn a_rep_changes_by_condition_only_what_they_may_know_of() {
    let app = TestApp::start();
    app.let_reps_see("own");
    let manager = app.user("manager");
    let theirs = people(&app, "Ulm", 4);
    for id in &theirs[..2] {
        let path = format!("/v1/leads/{}/assignment", id.as_str().unwrap());
        assert_eq!(app.post(&path, json!({"owner_id": manager.id})).status, 200);
    }
    let filter = LeadFilter::default();
    let by = OnBehalf {
        visible: Visibility::Of {
            owners: vec![manager.id.parse().unwrap()],
            teams: vec![],
        },
        provenance: Provenance {
            actor: Actor::system(),
            cause: Cause::request("test"),
            origin: None,
        },
        rules: Arc::default(),
        now: Utc::now(),
    };
    let preview = app.db.in_workspace(app.workspace_id, |conn| {
        Bulk::new(BulkChange::Delete, Selection::Matching(filter.clone()))?.preview(conn, &by)
    });
    assert_eq!(preview.unwrap().total, 2);
}

#[test]
fn a_selection_that_says_nothing_or_too_much_or_something_wrong_is_refused() {
    let app = TestApp::start();
    let refused = |select: Value| {
        let reply = app.post(
            "/v1/leads/bulk",
            json!({"action": "delete", "select": select}),
        );
        assert_eq!(reply.status, 422, "{}", reply.text());
        reply.errors()
    };
    let expected = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    assert_eq!(refused(json!({})), expected("/select", "invalid_selection"));
    let both = json!({"ids": [Uuid::now_v7()], "q": "huber"});
    assert_eq!(refused(both), expected("/select", "invalid_selection"));
    let unknown = json!({"condition": {"all": [{"field": "citty", "op": "is_set"}]}});
    assert_eq!(
        refused(unknown),
        expected("/select/condition/all/0/field", "unknown_field")
    );
    assert_eq!(
        refused(json!({"q": "ab"})),
        expected("/select/q", "word_too_short")
    );
}

#[test]
fn leads_are_given_only_to_who_can_answer_them() {
    let app = TestApp::start();
    let id = people(&app, "Ulm", 1)[0].clone();
    let path = format!("/v1/leads/{}/assignment", id.as_str().unwrap());
    let nobody = Uuid::now_v7();
    let reply = app.post(&path, json!({"owner_id": nobody, "team_id": nobody}));
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        reply.errors(),
        [
            pair("/owner_id", "unknown_user"),
            pair("/team_id", "unknown_team")
        ]
    );
    let bulk =
        json!({"action": "assign", "assignment": {"owner_id": nobody}, "select": {"ids": [id]}});
    let reply = app.post("/v1/leads/bulk", bulk);
    assert_eq!(
        reply.errors(),
        [pair("/assignment/owner_id", "unknown_user")]
    );
    let user = app.user("rep");
    let team = app.team("DACH", &[&user.id]);
    let given = app.post(&path, json!({"owner_id": user.id})).json();
    assert_eq!(
        (&given["owner_id"], &given["team_id"]),
        (&json!(user.id), &json!(team))
    );
    app.patch(
        &format!("/v1/users/{}", user.id),
        json!({"status": "disabled"}),
    );
    app.post(&path, json!({}));
    let reply = app.post(&path, json!({"owner_id": user.id}));
    assert_eq!(reply.errors(), [pair("/owner_id", "disabled_user")]);
}

/// Leads with their owners.
fn owners(app: &TestApp) -> Vec<(String, Value)> {
    let leads = app.leads("");
    let each = leads.iter();
    each.map(|lead| (lead["id"].to_string(), lead["owner_id"].clone()))
        .collect()
}

#[test]
fn p3_who_leaves_leaves_no_lead_behind() {
    let app = TestApp::start_deciding();
    let people = [app.user("rep"), app.user("rep"), app.user("rep")];
    for number in 0..30 {
        app.capture(json!({"email": format!("p{number}@example.com")}));
    }
    let leaver = &people[0].id;
    let has = |who: &str| {
        let owners = owners(&app);
        owners.iter().filter(|(_, owner)| owner == who).count()
    };
    assert_eq!(has(leaver), 10);
    let theirs = app.leads(&format!("owner_id={leaver}"));
    let over = theirs[0]["id"].as_str().unwrap();
    let moved = app.post(
        &format!("/v1/leads/{over}/stage"),
        json!({"stage": "disqualified", "disqualify_reason": "no_need"}),
    );
    assert_eq!(moved.status, 200, "{}", moved.text());
    let gone = app.delete(&format!("/v1/users/{leaver}"));
    assert_eq!(gone.json()["owns_leads"], json!(true));
    let forgotten = || app.get("/v1/monitor/orphans").json()["orphans"].clone();
    let told = forgotten();
    assert_eq!(told.as_array().unwrap().len(), 9, "{told}");
    let mut reasons = told.as_array().unwrap().iter().map(|one| &one["reasons"]);
    assert!(
        reasons.all(|reasons| *reasons == json!(["owner_disabled"])),
        "{told}"
    );

    let mut asked = json!({"action": "route", "reason": "left", "dry_run": true,
        "select": {"condition": {"field": "owner_id", "op": "eq", "value": leaver}}});
    let preview = app.post("/v1/leads/bulk", asked.clone());
    assert_eq!(preview.json()["total"], json!(10), "{}", preview.text());
    assert_eq!(has(leaver), 10);
    asked["dry_run"] = json!(false);
    let job = finished(&app, &start(&app, asked));
    assert_eq!(
        (&job["changed"], &job["skipped"], &job["failed"]),
        (&json!(9), &json!(1), &json!(0)),
        "{job}"
    );
    assert_eq!(
        (has(leaver), has(&people[1].id) + has(&people[2].id)),
        (1, 29)
    );
    assert!(has(&people[1].id).abs_diff(has(&people[2].id)) <= 1);
    let one = theirs[1]["id"].as_str().unwrap();
    let records = app.get(&format!("/v1/leads/{one}/assignments")).json();
    assert_eq!(
        (&records["data"][1]["state"], &records["data"][1]["reason"]),
        (&json!("taken_back"), &json!("left"))
    );
    let decisions = app.get(&format!("/v1/leads/{one}/decisions")).json();
    let latest = &decisions["data"][0];
    assert_eq!(latest["finding"]["kind"], json!("routing"), "{latest}");
    assert_eq!(
        latest["finding"]["result"]["inputs"]["let_go"][0],
        json!(leaver)
    );

    // Nobody is left: then they wait in a queue, and are not lost.
    for person in &people[1..] {
        app.delete(&format!("/v1/users/{}", person.id));
    }
    let rest =
        json!({"action": "route", "select": {"condition": {"field": "owner_id", "op": "is_set"}}});
    finished(&app, &start(&app, rest));
    let open = app.leads("stage=new");
    assert_eq!(open.len(), 29);
    assert!(
        open.iter().all(|lead| lead["queue"].is_string()),
        "{open:?}"
    );
    assert_eq!(forgotten(), json!([]));
}
