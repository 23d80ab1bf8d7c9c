//! Jobs: progress, results, cancelling, and who may know of them.

use crate::support::TestApp;
use crate::support::jobs::{capture_many, finished, start};
use baton::domain::access::Scope;
use baton::domain::flow::authenticate;
use baton::domain::key::ApiKey;
use baton::store::api_keys;
use baton::worker::retention;
use chrono::{Duration, Utc};
use serde_json::{Value, json};

#[test]
fn a_job_says_how_far_it_is_and_what_became_of_each_lead() {
    let app = TestApp::start();
    let leads = capture_many(&app, 250);
    let started = start(
        &app,
        json!({"action": "tag", "tags": ["fair"], "select": {"ids": leads}}),
    );
    assert_eq!(
        (&started["state"], &started["total"], &started["done"]),
        (&json!("queued"), &json!(250), &json!(0))
    );
    let job = finished(&app, &started);
    assert_eq!(
        (
            &job["state"],
            &job["percent"],
            &job["done"],
            &job["changed"]
        ),
        (&json!("done"), &json!(100), &json!(250), &json!(250))
    );
    assert!(job["rate"].as_f64().unwrap() > 0.0, "{job}");
    assert!(job["started_at"].is_string() && job["estimated_end_at"].is_null());
    let again = finished(
        &app,
        &start(
            &app,
            json!({"action": "tag", "tags": ["fair"], "select": {"ids": leads}}),
        ),
    );
    assert_eq!(
        (&again["changed"], &again["unchanged"]),
        (&json!(0), &json!(250))
    );
    let id = job["id"].as_str().unwrap();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app
            .get(&format!("/v1/jobs/{id}/items?limit=100{cursor}"))
            .json();
        found.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let ids: Vec<&Value> = found.iter().map(|item| &item["lead_id"]).collect();
    assert_eq!(ids, leads.iter().collect::<Vec<_>>(), "each once, in order");
    assert!(found.iter().all(|item| item["outcome"] == "changed"));
    let failed = app.get(&format!("/v1/jobs/{id}/items?outcome=failed"));
    assert_eq!(failed.json()["data"], json!([]));
}

#[test]
fn a_job_that_has_not_gone_on_is_not_sent_again() {
    let app = TestApp::start();
    let leads = capture_many(&app, 1);
    let job = finished(
        &app,
        &start(&app, json!({"action": "delete", "select": {"ids": leads}})),
    );
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let reply = app.get(&path);
    let tag = reply.header("ETag").unwrap();
    let again = app.client().with("If-None-Match", tag).get(&path);
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn jobs_are_listed_newest_first_and_by_state() {
    let app = TestApp::start();
    let leads = capture_many(&app, 1);
    let jobs: Vec<Value> = (0..3)
        .map(|number| {
            let tags = [format!("tag {number}")];
            let started = start(
                &app,
                json!({"action": "tag", "tags": tags, "select": {"ids": leads}}),
            );
            finished(&app, &started)
        })
        .collect();
    let first = app.get("/v1/jobs?limit=2").json();
    assert_eq!(first["data"], json!([jobs[2], jobs[1]]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("/v1/jobs?limit=2&cursor={cursor}")).json();
    assert_eq!(
        (&second["data"], &second["next_cursor"]),
        (&json!([jobs[0]]), &Value::Null)
    );
    assert_eq!(app.get("/v1/jobs?state=queued").json()["data"], json!([]));
    let done = app.get("/v1/jobs?state=done").json();
    assert_eq!(done["data"].as_array().unwrap().len(), 3);
}

#[test]
fn a_cancelled_job_stops_and_what_was_done_stays_done() {
    let app = TestApp::start();
    let leads = capture_many(&app, 2000);
    let started = start(
        &app,
        json!({"action": "tag", "tags": ["fair"], "select": {"ids": leads}}),
    );
    let path = format!("/v1/jobs/{}", started["id"].as_str().unwrap());
    while app.get(&path).json()["done"] == 0 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let cancelled = app.post(&format!("{path}/cancel"), json!({}));
    assert_eq!(cancelled.status, 200, "{}", cancelled.text());
    let cancelled = cancelled.json();
    assert_eq!(cancelled["state"], "cancelled");
    let done = cancelled["done"].as_u64().unwrap();
    assert!((1..2000).contains(&done), "{cancelled}");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(app.get(&path).json(), cancelled, "it went on");
    let tagged = app
        .database()
        .number("SELECT count(*) FROM leads WHERE tags = '[\"fair\"]'");
    assert_eq!(u64::try_from(tagged), Ok(done));
    let again = app.post(&format!("{path}/cancel"), json!({}));
    assert_eq!((again.status, again.json()), (200, cancelled));
}

#[test]
fn a_job_that_has_ended_cannot_be_cancelled() {
    let app = TestApp::start();
    let leads = capture_many(&app, 1);
    let job = finished(
        &app,
        &start(&app, json!({"action": "delete", "select": {"ids": leads}})),
    );
    let path = format!("/v1/jobs/{}/cancel", job["id"].as_str().unwrap());
    let refused = app.post(&path, json!({}));
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &json!("job_ended"))
    );
}

#[test]
fn only_who_may_run_bulk_jobs_knows_of_those_of_others() {
    let app = TestApp::start();
    let leads = capture_many(&app, 1);
    let own = app.client_with(&app.key_with(&[Scope::LeadsBulk, Scope::LeadsWrite]));
    let other = app.client_with(&app.key_with(&[Scope::LeadsRead, Scope::LeadsWrite]));
    let body = json!({"action": "tag", "tags": ["fair"], "select": {"ids": leads}});
    let started = own.post("/v1/leads/bulk", &body).json();
    finished(&app, &started);
    let path = format!("/v1/jobs/{}", started["id"].as_str().unwrap());
    assert_eq!(own.get(&path).status, 200);
    assert_eq!(own.get("/v1/jobs").json()["data"][0]["id"], started["id"]);
    assert_eq!(app.get("/v1/jobs").json()["data"][0]["id"], started["id"]);
    assert_eq!(other.get("/v1/jobs").json()["data"], json!([]));
    for reply in [
        other.get(&path),
        other.get(&format!("{path}/items")),
        other.post(&format!("{path}/cancel"), &json!({})),
    ] {
        assert_eq!(reply.status, 404, "{}", reply.text());
    }
}

#[test]
fn a_key_that_loses_its_rights_stops_its_jobs() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 3);
    let body = json!({"action": "tag", "tags": ["fair"], "select": {"ids": leads}});
    let start_as = |scopes: &[Scope]| {
        let key = app.key_with(scopes);
        let started = app.client_with(&key).post("/v1/leads/bulk", &body);
        assert_eq!(started.status, 202, "{}", started.text());
        (ApiKey::parse(&key).unwrap().id, started.json())
    };
    let (revoked, first) = start_as(&[Scope::LeadsBulk, Scope::LeadsWrite]);
    let (narrowed, second) = start_as(&[Scope::LeadsBulk, Scope::LeadsWrite]);
    let (_, third) = start_as(&[Scope::LeadsBulk, Scope::LeadsWrite]);
    let done = app.db.in_workspace(app.workspace_id, |conn| {
        api_keys::revoke(conn, revoked, Utc::now())
    });
    assert!(done.unwrap());
    app.database().by_hand(&format!(
        "UPDATE api_keys SET scopes = '[\"leads:bulk\"]' WHERE id = '{narrowed}'"
    ));
    crate::support::jobs::run(&app);
    for (job, said) in [(&first, "revoked"), (&second, "`leads:write`")] {
        let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
        let job = app.get(&path).json();
        assert_eq!((&job["state"], &job["done"]), (&json!("failed"), &json!(0)));
        let problem = &job["problem"];
        assert_eq!(problem["code"], "forbidden");
        assert!(
            problem["detail"].as_str().unwrap().contains(said),
            "{problem}"
        );
    }
    assert_eq!(finished(&app, &third)["changed"], 3);
}

#[test]
fn a_person_who_is_disabled_or_loses_their_role_stops_their_jobs() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 3);
    let body = json!({"action": "tag", "tags": ["fair"], "select": {"ids": leads}});
    let start_as_manager = || {
        let manager = app.user("manager");
        let started = manager.client(&app).post("/v1/leads/bulk", &body);
        assert_eq!(started.status, 202, "{}", started.text());
        (format!("/v1/users/{}", manager.id), started.json())
    };
    let (disabled, first) = start_as_manager();
    let (demoted, second) = start_as_manager();
    let (person, third) = start_as_manager();
    assert_eq!(
        app.patch(&disabled, json!({"status": "disabled"})).status,
        200
    );
    assert_eq!(app.patch(&demoted, json!({"role": "rep"})).status, 200);
    crate::support::jobs::run(&app);
    for (job, said) in [(&first, "disabled"), (&second, "`leads:bulk`")] {
        let job = finished(&app, job);
        assert_eq!((&job["state"], &job["done"]), (&json!("failed"), &json!(0)));
        let said_so = job["problem"]["detail"].as_str().unwrap().contains(said);
        assert!(said_so, "{job}");
    }
    let job = finished(&app, &third);
    let actor = json!({"type": "user", "id": person.rsplit('/').next()});
    assert_eq!((&job["changed"], &job["actor"]), (&json!(3), &actor));
    let told = app.database().texts(
        "SELECT DISTINCT (payload -> 'actor')::text FROM outbox WHERE type = 'lead.updated'",
    );
    assert_eq!(told.len(), 1);
    assert_eq!(serde_json::from_str::<Value>(&told[0]).unwrap(), actor);
}

#[test]
fn no_more_jobs_wait_than_may() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 1);
    let body = json!({"action": "tag", "tags": ["fair"], "select": {"ids": leads}});
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..24)
            .map(|_| scope.spawn(|| app.client().post("/v1/leads/bulk", &body).status))
            .collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(202), count(409)), (20, 4), "{statuses:?}");
    let refused = app.post("/v1/leads/bulk", body.clone());
    assert_eq!(refused.json()["code"], "too_many_jobs");
    let one = app.get("/v1/jobs").json()["data"][0]["id"].clone();
    app.post(
        &format!("/v1/jobs/{}/cancel", one.as_str().unwrap()),
        json!({}),
    );
    assert_eq!(app.post("/v1/leads/bulk", body).status, 202);
}

#[test]
fn jobs_and_their_results_are_forgotten_thirty_days_after_their_end() {
    let app = TestApp::start();
    let leads = capture_many(&app, 3);
    let body = |tag: &str| json!({"action": "tag", "tags": [tag], "select": {"ids": leads}});
    let old = finished(&app, &start(&app, body("old")));
    finished(&app, &start(&app, body("young")));
    app.database().by_hand(&format!(
        "UPDATE jobs SET finished_at = finished_at - interval '31 days' WHERE id = '{}'",
        old["id"].as_str().unwrap()
    ));
    let forgotten = retention::tick(&app.db, Utc::now()).unwrap().forgotten;
    assert_eq!(forgotten, 4, "three results and their job");
    let left = app.get("/v1/jobs").json();
    assert_eq!(left["data"].as_array().unwrap().len(), 1);
    assert_eq!(app.database().number("SELECT count(*) FROM job_items"), 3);
}

#[test]
fn a_job_goes_on_where_it_was_when_its_holder_is_gone() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let leads = capture_many(&app, 150);
    let started = start(
        &app,
        json!({"action": "tag", "tags": ["fair"], "select": {"ids": leads}}),
    );
    let claim = |until: &str| {
        app.database().by_hand(&format!(
            "UPDATE jobs SET state = 'running', started_at = created_at, claimed_by = gen_random_uuid(), claimed_until = {until}"
        ));
    };
    claim("now() + interval '1 hour'");
    crate::support::jobs::run(&app);
    let path = format!("/v1/jobs/{}", started["id"].as_str().unwrap());
    assert_eq!(app.get(&path).json()["done"], 0, "another's job was taken");
    claim("now() - interval '1 second'");
    crate::support::jobs::run(&app);
    assert_eq!(finished(&app, &started)["changed"], 150);
}

#[test]
fn who_asked_is_looked_at_by_key_and_time() {
    let app = TestApp::start();
    let key = ApiKey::parse(&app.key_with(&[Scope::LeadsRead])).unwrap();
    let principal = app
        .db
        .in_workspace(app.workspace_id, |conn| {
            authenticate::by_api_key(conn, &key, Utc::now())
        })
        .unwrap()
        .unwrap();
    app.database().by_hand(&format!(
        "UPDATE api_keys SET expires_at = now() + interval '1 hour' WHERE id = '{}'",
        key.id
    ));
    let at = |now| {
        app.db
            .in_workspace(app.workspace_id, |conn| {
                baton::domain::flow::standing::of(conn, &principal.actor, now)
            })
            .unwrap()
    };
    let standing = at(Utc::now()).unwrap();
    assert_eq!(
        (standing.scopes, standing.visible),
        (vec![Scope::LeadsRead], principal.visible.clone())
    );
    assert!(at(Utc::now() + Duration::hours(2)).is_none());
}
