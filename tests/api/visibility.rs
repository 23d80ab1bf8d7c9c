//! A rep with `own` or `team` visibility does not reach the leads of others, whichever way.

use crate::support::http::{Client, Reply};
use crate::support::{TestApp, TestUser};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A workspace whose reps see their own leads only, with a rep and a lead of each of two.
struct Scene {
    app: TestApp,
    rep: TestUser,
    other: TestUser,
    own_lead: String,
    others_lead: String,
    nobodys_lead: String,
}

fn lead_of(app: &TestApp, email: &str, owner: Option<&TestUser>) -> String {
    let lead = app.capture(
        json!({"email": email, "last_name": "Geheimnis", "phone": "+14155550132", "external_ids": {"crm": email},
        "consents": [{"channel": "email", "granted": true}]}),
    )["lead"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    if let Some(owner) = owner {
        let reply = app.post(
            &format!("/v1/leads/{lead}/assignment"),
            json!({"owner_id": owner.id}),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    lead
}

fn scene() -> Scene {
    let app = TestApp::start();
    app.let_reps_see("own");
    // The leads are alike; here that is of no matter.
    app.patch(
        "/v1/workspace",
        json!({"settings": {"matching": {"policy": "create"}}}),
    );
    let (rep, other) = (app.user("rep"), app.user("rep"));
    Scene {
        own_lead: lead_of(&app, "own@example.com", Some(&rep)),
        others_lead: lead_of(&app, "others@example.com", Some(&other)),
        nobodys_lead: lead_of(&app, "nobodys@example.com", None),
        app,
        rep,
        other,
    }
}

impl Scene {
    fn client(&self) -> Client {
        self.rep.client(&self.app)
    }

    fn hidden(&self) -> [&String; 2] {
        [&self.others_lead, &self.nobodys_lead]
    }

    /// What the answer must not tell.
    fn check_tells_nothing(&self, reply: &Reply, what: &str) {
        let text = reply.text();
        for secret in [
            self.others_lead.as_str(),
            &self.nobodys_lead,
            "others@",
            "nobodys@",
            &self.other.id,
            "Geheimnis",
        ] {
            assert!(!text.contains(secret), "{what} tells {secret}: {text}");
        }
    }

    fn leads_as_admin(&self) -> Vec<Value> {
        [&self.own_lead, &self.others_lead, &self.nobodys_lead]
            .map(|id| self.app.get(&format!("/v1/leads/{id}")).json())
            .to_vec()
    }
}

fn patch(client: &Client, path: &str, body: &Value) -> Reply {
    let body = body.to_string();
    client.send("PATCH", path, "application/json", body.as_bytes())
}

#[test]
fn by_id_and_by_everything_below_it_there_is_nothing() {
    let scene = scene();
    let client = scene.client();
    assert_eq!(
        client.get(&format!("/v1/leads/{}", scene.own_lead)).status,
        200
    );
    let before = scene.leads_as_admin();
    for id in scene.hidden() {
        let path = format!("/v1/leads/{id}");
        for below in ["", "/activities", "/identities", "/consents", "/history"] {
            let reply = client.get(&format!("{path}{below}"));
            assert_eq!(reply.status, 404, "{below}");
            scene.check_tells_nothing(&reply, below);
        }
        assert_eq!(patch(&client, &path, &json!({"city": "Ulm"})).status, 404);
    }
    assert_eq!(scene.leads_as_admin(), before);
}

#[test]
fn lists_and_counts_have_only_what_the_rep_may_know_of() {
    let scene = scene();
    let client = scene.client();
    for query in [
        "?include_total=true",
        "?include_total=true&sort=email",
        "?include_total=true&sort=-updated_at&last_name=Geheimnis",
        "?include_total=true&is_test=any",
    ] {
        let page = client.get(&format!("/v1/leads{query}")).json();
        let ids: Vec<&Value> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|lead| &lead["id"])
            .collect();
        assert_eq!(ids, [&json!(scene.own_lead)], "{query}");
        assert_eq!(page["total"], 1, "{query}");
    }
    let found = client
        .get("/v1/leads?email=others@example.com&include_total=true")
        .json();
    assert_eq!((&found["data"], &found["total"]), (&json!([]), &json!(0)));
    for lead in scene.hidden() {
        assert_eq!(scene.app.delete(&format!("/v1/leads/{lead}")).status, 204);
    }
    let deleted = client.get("/v1/leads?deleted=true");
    assert_eq!(deleted.json()["data"], json!([]));
}

#[test]
fn the_change_feed_has_only_what_the_rep_may_know_of_now() {
    let scene = scene();
    scene.app.events(5);
    let client = scene.client();
    let seen = |query: &str| {
        let reply = client.get(&format!("/v1/changes?after=0{query}"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply
    };
    let reply = seen("");
    scene.check_tells_nothing_but_own(&reply);
    let page = reply.json();
    let positions: Vec<i64> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            assert_eq!(event["lead_id"], scene.own_lead);
            event["position"].as_i64().unwrap()
        })
        .collect();
    assert_eq!(positions, [1, 2]);
    assert_eq!(
        (&page["next_after"], &page["next_cursor"]),
        (&json!(5), &Value::Null)
    );
    let first = seen("&limit=1").json();
    assert_eq!(
        (&first["data"][0]["position"], &first["next_cursor"]),
        (&json!(1), &json!("1"))
    );
    // A lead that is given to the rep comes with all of its events; one that is taken away goes with them.
    let give = |lead: &str, to: &TestUser| {
        let path = format!("/v1/leads/{lead}/assignment");
        assert_eq!(
            scene.app.post(&path, json!({"owner_id": to.id})).status,
            200
        );
    };
    give(&scene.others_lead, &scene.rep);
    give(&scene.own_lead, &scene.other);
    scene.app.events(7);
    let page = seen("").json();
    let leads: Vec<&Value> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["lead_id"])
        .collect();
    assert_eq!(leads, [&json!(scene.others_lead); 3]);
}

impl Scene {
    fn check_tells_nothing_but_own(&self, reply: &Reply) {
        let text = reply.text();
        for secret in [
            self.others_lead.as_str(),
            &self.nobodys_lead,
            "others@",
            "nobodys@",
        ] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[test]
fn a_reader_who_waits_hears_of_own_leads_and_not_of_others() {
    let scene = scene();
    scene.app.events(5);
    let client = scene.client();
    let others = format!("/v1/leads/{}", scene.others_lead);
    let own = format!("/v1/leads/{}", scene.own_lead);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.get("/v1/changes?after=5&wait=20").json());
        std::thread::sleep(Duration::from_millis(300));
        scene.app.patch(&others, json!({"city": "Ulm"}));
        std::thread::sleep(Duration::from_millis(700));
        assert!(
            !waiting.is_finished(),
            "an event of another's lead woke the reader"
        );
        scene.app.patch(&own, json!({"city": "Bonn"}));
        let page = waiting.join().unwrap();
        assert_eq!(page["data"][0]["lead_id"], scene.own_lead);
        assert_eq!(page["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn what_a_rep_creates_is_theirs() {
    let scene = scene();
    let client = scene.client();
    let created = client.post("/v1/leads", &json!({"email": "new@example.com"}));
    assert_eq!(created.status, 201, "{}", created.text());
    let created = created.json();
    assert_eq!(created["owner_id"], scene.rep.id);
    let put = client.send(
        "PUT",
        "/v1/leads/by/erp/7",
        "application/json",
        b"{\"city\": \"Ulm\"}",
    );
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(put.json()["lead"]["owner_id"], scene.rep.id);
    let again = client.send(
        "PUT",
        "/v1/leads/by/erp/7",
        "application/json",
        b"{\"city\": \"Bonn\"}",
    );
    assert_eq!(
        (again.status, again.json()["outcome"].clone()),
        (200, json!("updated"))
    );
    let known = client.post(
        "/v1/leads",
        &json!({"email": "own@example.com", "city": "Ulm"}),
    );
    assert_eq!(
        (known.status, known.json()["id"].clone()),
        (200, json!(scene.own_lead))
    );
    let events = scene.app.events(10);
    let event = events
        .iter()
        .find(|event| event["lead_id"] == created["id"])
        .unwrap();
    let owner = json!({"path": "owner_id", "old": null, "new": scene.rep.id});
    assert!(
        event["changes"].as_array().unwrap().contains(&owner),
        "{event}"
    );
    assert_eq!(event["actor"], json!({"type": "user", "id": scene.rep.id}));
}

#[test]
fn a_person_who_is_somebody_elses_lead_is_not_shown_and_nothing_is_written() {
    let scene = scene();
    let client = scene.client();
    let deleted = lead_of(&scene.app, "deleted@example.com", Some(&scene.other));
    scene.app.delete(&format!("/v1/leads/{deleted}"));
    let before = scene.leads_as_admin();
    let rows = || {
        [
            "leads",
            "lead_identities",
            "submissions",
            "activities",
            "consents",
            "outbox",
            "feed",
            "idempotency_keys",
        ]
        .map(|table| {
            scene.app.database().number(&format!(
                "SELECT count(*) FROM {table} WHERE '{table}' <> 'outbox'"
            ))
        })
    };
    scene.app.events(8);
    let counts = rows();
    let refused = |reply: Reply, what: &str| {
        assert_eq!(
            (reply.status, reply.json()["code"].clone()),
            (409, json!("lead_not_visible")),
            "{what}: {}",
            reply.text()
        );
        scene.check_tells_nothing(&reply, what);
        assert!(reply.json().get("lead_id").is_none());
    };
    for email in [
        "others@example.com",
        "nobodys@example.com",
        "deleted@example.com",
    ] {
        refused(
            client.post("/v1/leads", &json!({"email": email, "city": "Ulm"})),
            email,
        );
        let with_key = client.with("Idempotency-Key", email);
        refused(with_key.post("/v1/leads", &json!({"email": email})), email);
        let path = format!("/v1/leads/by/crm/{email}");
        refused(
            client.send("PUT", &path, "application/json", b"{\"city\": \"Ulm\"}"),
            &path,
        );
        let body = json!({"email": email}).to_string();
        refused(
            client.send(
                "PUT",
                "/v1/leads/by/erp/1",
                "application/json",
                body.as_bytes(),
            ),
            "by another id",
        );
        let own = format!("/v1/leads/{}", scene.own_lead);
        refused(
            patch(&client, &own, &json!({"email": email})),
            "own lead takes the address",
        );
    }
    assert_eq!(scene.leads_as_admin(), before);
    assert_eq!(rows(), counts);
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        assert_eq!(scene.app.all_events().len(), 8);
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_team_sees_what_its_members_and_the_team_have() {
    let scene = scene();
    let app = &scene.app;
    app.let_reps_see("team");
    let client = scene.client();
    let ids = || -> Vec<String> {
        let page = client.get("/v1/leads?sort=created_at").json();
        let data = page["data"].as_array().unwrap().iter();
        data.map(|lead| lead["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(), std::slice::from_ref(&scene.own_lead));
    let team = app.team("DACH", &[&scene.rep.id, &scene.other.id]);
    assert_eq!(ids(), [scene.own_lead.clone(), scene.others_lead.clone()]);
    let assignment = format!("/v1/leads/{}/assignment", scene.nobodys_lead);
    app.post(&assignment, json!({"team_id": team}));
    assert_eq!(ids().len(), 3);
    let me = client.get("/v1/me").json();
    assert_eq!(me["visibility"]["all"], false);
    assert_eq!(me["visibility"]["team_ids"], json!([team]));
    let path = format!("/v1/leads/{}", scene.others_lead);
    assert_eq!(patch(&client, &path, &json!({"city": "Ulm"})).status, 200);
    app.patch(&format!("/v1/teams/{team}"), json!({"member_ids": []}));
    assert_eq!(ids(), std::slice::from_ref(&scene.own_lead));
    assert_eq!(client.get(&path).status, 404);
}

#[test]
fn other_roles_and_other_settings_see_every_lead() {
    let scene = scene();
    for role in ["admin", "manager", "marketer", "readonly"] {
        let client = scene.app.user(role).client(&scene.app);
        let page = client.get("/v1/leads").json();
        assert_eq!(page["data"].as_array().unwrap().len(), 3, "{role}");
    }
    scene.app.let_reps_see("all");
    let page = scene.client().get("/v1/leads").json();
    assert_eq!(page["data"].as_array().unwrap().len(), 3);
}
