//! The manners of the API: problems, conditions, retries, origins, limits, slow clients, documents for programs and people.

use crate::support::TestApp;
use crate::support::http::{Client, Reply};
use crate::support::operations::operations;
use baton::domain::access::Scope;
use baton::domain::flow::setup::{self, NewKey};
use chrono::Utc;
use regex::Regex;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use uuid::Uuid;

const JSON: &str = "application/json";

fn lead(app: &TestApp, email: &str) -> String {
    let captured = app.capture(json!({"email": email}));
    format!("/v1/leads/{}", captured["lead"]["id"].as_str().unwrap())
}

/// What every problem has to have.
#[track_caller]
fn problem(reply: &Reply, status: u16, code: &str) -> Value {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(
        reply.header("Content-Type"),
        Some("application/problem+json")
    );
    let body = reply.json();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(
        body["type"],
        format!("/problems/{}", code.replace('_', "-"))
    );
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"].as_str(), reply.header("X-Request-Id"));
    assert!(body["title"].is_string() && body["detail"].is_string());
    body
}

#[test]
fn a_problem_names_every_wrong_field_and_the_nearest_right_name() {
    let app = TestApp::start();
    let reply = app.post(
        "/v1/capture",
        json!({"emial": "a@example.com", "first_name": 7, "last_name": "x".repeat(201), "tags": ["ok", 7], "consents": [{"channel": "", "granted": "yes"}],
            "custom": [], "attribution": {"utm_sorce": "x"}, "submitted_at": "yesterday", "employee_count": -1}),
    );
    let body = problem(&reply, 422, "validation_failed");
    let mut wrong = reply.errors();
    wrong.sort();
    let expected = [
        ("/attribution/utm_sorce", "unknown_field"),
        ("/consents/0/channel", "too_short"),
        ("/consents/0/granted", "wrong_type"),
        ("/custom", "wrong_type"),
        ("/emial", "unknown_field"),
        ("/employee_count", "out_of_range"),
        ("/first_name", "wrong_type"),
        ("/last_name", "too_long"),
        ("/submitted_at", "invalid_format"),
        ("/tags/1", "wrong_type"),
    ];
    let expected: Vec<(String, String)> =
        expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    assert_eq!(wrong, expected);
    assert!(
        body.to_string().contains("did you mean `email`?")
            && body.to_string().contains("did you mean `utm_source`?")
    );
    let meaning = app.post(
        "/v1/capture",
        json!({"email": "nonsense", "phone": "none", "website": "http://", "timezone": "Moon", "currency": "XXQ", "external_ids": {"a b": "1"}}),
    );
    let pointers: Vec<String> = meaning
        .errors()
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(
        pointers,
        [
            "/email",
            "/phone",
            "/website",
            "/timezone",
            "/currency",
            "/external_ids"
        ]
    );
    assert!(!meaning.text().contains("nonsense"), "a value is repeated");
}

#[test]
fn no_operation_ignores_a_parameter_that_it_does_not_know() {
    let app = TestApp::start();
    let unknown = |path: &str| {
        let reply = app.get(&format!("{path}?nope=1"));
        assert_eq!(reply.status, 422, "{path} {}", reply.text());
        let wrong = ("?nope".to_owned(), "unknown_parameter".to_owned());
        assert_eq!(reply.errors(), [wrong], "{path}");
    };
    for operation in operations() {
        if operation.method == "GET" {
            let id = Uuid::now_v7().to_string();
            unknown(&operation.path.replace("{id}", &id).replace("{key}", "a"));
        }
    }
    let captured = app.capture(json!({"email": "a@example.com"}));
    let lead = captured["lead"]["id"].as_str().unwrap();
    unknown(&format!("/v1/leads/{lead}/clocks"));
    let restored = app.post(&format!("/v1/leads/{lead}/restore?force=true"), json!({}));
    assert_eq!(restored.status, 422, "{}", restored.text());
    assert_eq!(app.stranger().get("/v1/queues?limit=1").status, 401);
    assert_eq!(app.get("/v1/queues?").status, 200);
}

#[test]
fn what_is_not_there_and_what_is_not_allowed_are_told_apart() {
    let app = TestApp::start();
    for path in ["/", "/v1", "/v2/leads", "/v1/leadz", "/f", "/v1/leads/"] {
        problem(&app.get(path), 404, "not_found");
        problem(&app.stranger().get(path), 404, "not_found");
    }
    for path in ["/v1/leads/7", "/v1/leads/%00", "/v1/submissions/x"] {
        problem(&app.get(path), 404, "not_found");
    }
    problem(
        &app.get(&format!("/v1/leads/{}", Uuid::now_v7())),
        404,
        "not_found",
    );
    for (method, path, allow) in [
        ("DELETE", "/v1/leads", "GET, POST"),
        ("PUT", "/v1/workspace", "GET, PATCH"),
        ("GET", "/v1/capture", "POST"),
        ("POST", "/healthz", "GET"),
        ("GET", "/f/bk_pub_x", "POST"),
    ] {
        let reply = app.client().send(method, path, JSON, b"{}");
        problem(&reply, 405, "method_not_allowed");
        assert_eq!(reply.header("Allow"), Some(allow), "{method} {path}");
    }
}

#[test]
fn a_body_that_cannot_be_read_is_refused_with_the_reason() {
    let app = TestApp::start();
    let send = |content_type: &str, body: &[u8]| {
        app.client().send("POST", "/v1/capture", content_type, body)
    };
    for body in [
        &b"{"[..],
        b"{\"email\":}",
        b"",
        b"{}{}",
        b"\xff\xfe{}",
        b"{\"email\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
    ] {
        problem(&send(JSON, body), 400, "malformed_json");
    }
    let deep = format!(
        "{{\"custom\":{{\"a\":{}1{}}}}}",
        "[".repeat(40),
        "]".repeat(40)
    );
    problem(&send(JSON, deep.as_bytes()), 400, "too_deep");
    let large = format!("{{\"message\":\"{}\"}}", "x".repeat(300 * 1024));
    problem(&send(JSON, large.as_bytes()), 413, "payload_too_large");
    let media = send("text/plain", b"{}");
    problem(&media, 415, "unsupported_media_type");
    assert_eq!(media.header("Accept"), Some(JSON));
    let path = lead(&app, "a@example.com");
    let patch = app
        .client()
        .send("PATCH", &path, "application/json-patch+json", b"[]");
    problem(&patch, 415, "unsupported_media_type");
    assert_eq!(
        patch.header("Accept-Patch"),
        Some("application/merge-patch+json, application/json")
    );
    for body in [&b"[]"[..], b"7", b"null"] {
        let patch = app
            .client()
            .send("PATCH", &path, "application/merge-patch+json", body);
        problem(&patch, 422, "validation_failed");
    }
    let packed =
        app.client()
            .with("Content-Encoding", "gzip")
            .send("POST", "/v1/capture", JSON, b"{}");
    problem(&packed, 415, "unsupported_media_type");
    let unknown = app.get("/v1/schema?x=1");
    assert!(unknown.status == 200 || unknown.status == 422);
    assert_eq!(
        app.get("/v1/leads?limt=5").errors(),
        [("?limt".to_owned(), "unknown_parameter".to_owned())]
    );
}

#[test]
fn every_answer_carries_the_requests_id() {
    let app = TestApp::start();
    let own = |id: &str| {
        app.client()
            .with("X-Request-Id", id)
            .get("/v1/workspace")
            .header("X-Request-Id")
            .unwrap()
            .to_owned()
    };
    assert_eq!(own("trace-1.a_B"), "trace-1.a_B");
    for odd in ["", "a b", "<script>", &"x".repeat(65)] {
        assert!(own(odd).parse::<Uuid>().is_ok(), "{odd}");
    }
    let refused = app.stranger().with("X-Request-Id", "mine").get("/v1/leads");
    assert_eq!(problem(&refused, 401, "unauthorized")["request_id"], "mine");
    for path in ["/healthz", "/nowhere", "/v1/leads"] {
        assert!(app.get(path).header("X-Request-Id").is_some(), "{path}");
    }
}

#[test]
fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let app = TestApp::start();
    let new = NewKey {
        name: "slow".into(),
        scopes: Scope::ALL.to_vec(),
        requests_per_minute: Some(3),
        ..NewKey::default()
    };
    let key = app
        .db
        .in_workspace(app.workspace_id, |conn| {
            setup::create_key(conn, &new, Utc::now())
        })
        .unwrap()
        .reveal();
    let client = app.client_with(&key);
    let left: Vec<String> = (0..3)
        .map(|_| {
            client
                .get("/v1/workspace")
                .header("RateLimit")
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        left,
        [
            "\"default\";r=2;t=20",
            "\"default\";r=1;t=40",
            "\"default\";r=0;t=60"
        ]
    );
    let refused = client.get("/v1/workspace");
    let body = problem(&refused, 429, "rate_limited");
    let wait: u32 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait) && body["retry_after_seconds"] == wait);
    assert_eq!(
        refused.header("RateLimit-Policy"),
        Some("\"default\";q=3;w=60")
    );
    let other = app.get("/v1/workspace");
    assert_eq!(
        (other.status, other.header("RateLimit-Policy")),
        (200, Some("\"default\";q=1000000;w=60"))
    );
}

#[test]
fn an_old_version_changes_nothing_and_a_known_one_is_not_sent_again() {
    let app = TestApp::start();
    let path = lead(&app, "a@example.com");
    let patch = |tag: &str, city: &str| {
        let client = app.client().with("If-Match", tag);
        client.send(
            "PATCH",
            &path,
            JSON,
            json!({"city": city}).to_string().as_bytes(),
        )
    };
    let first = patch("\"1\"", "Ulm");
    assert_eq!((first.status, first.header("ETag")), (200, Some("\"2\"")));
    let body = problem(&patch("\"1\"", "Kiel"), 412, "precondition_failed");
    assert!(body["detail"].as_str().unwrap().contains("now 2"));
    problem(&patch("W/\"2\"", "Kiel"), 412, "precondition_failed");
    problem(&patch("\"x\"", "Kiel"), 422, "validation_failed");
    assert_eq!(patch("*", "Bonn").status, 200);
    let delete = |tag: &str| {
        app.client()
            .with("If-Match", tag)
            .send("DELETE", &path, "", b"")
    };
    problem(&delete("\"2\""), 412, "precondition_failed");
    assert_eq!(app.get(&path).json()["city"], "Bonn");

    let known = |tag: &str| app.client().with("If-None-Match", tag).get(&path);
    for tag in ["\"3\"", "W/\"3\"", "\"1\", \"3\"", "*"] {
        let reply = known(tag);
        assert_eq!(
            (reply.status, reply.body.len(), reply.header("ETag")),
            (304, 0, Some("\"3\"")),
            "{tag}"
        );
    }
    assert_eq!(known("\"2\"").status, 200);
    assert_eq!(delete("\"3\"").status, 204);

    let workspace = app.get("/v1/workspace");
    assert_eq!(workspace.header("ETag"), Some("\"1\""));
    let rename = |tag: &str| {
        app.client().with("If-Match", tag).send(
            "PATCH",
            "/v1/workspace",
            JSON,
            br#"{"name":"New"}"#,
        )
    };
    assert_eq!(rename("\"1\"").header("ETag"), Some("\"2\""));
    problem(&rename("\"1\""), 412, "precondition_failed");
}

#[test]
fn an_upsert_that_insists_on_a_lead_makes_none() {
    let app = TestApp::start();
    let upsert = |external_id: &str, tag: Option<&str>| {
        let path = format!("/v1/leads/by/hubspot/{external_id}");
        let client = match tag {
            Some(tag) => app.client().with("If-Match", tag),
            None => app.client(),
        };
        client.send("PUT", &path, JSON, br#"{"email":"a@example.com"}"#)
    };
    for tag in ["\"1\"", "*"] {
        let refused = problem(&upsert("1", Some(tag)), 412, "precondition_failed");
        assert!(refused["detail"].as_str().unwrap().contains("`If-Match`"));
    }
    assert_eq!(app.get("/v1/leads").json()["data"], json!([]));
    let created = upsert("1", None);
    assert_eq!(created.status, 201);
    // The person is known, but not by this id.
    problem(&upsert("2", Some("*")), 412, "precondition_failed");
    problem(&upsert("1", Some("\"7\"")), 412, "precondition_failed");
    let tag = created.header("ETag");
    assert_eq!(upsert("1", tag).status, 200);
    assert_eq!(upsert("1", Some("*")).status, 200);
}

/// Sends it twice with a key, then another body: one effect, equal answers, and a refusal.
#[track_caller]
fn is_done_once(app: &TestApp, method: &str, path: &str, body: &str, other: Option<&str>) {
    let key = Uuid::now_v7().to_string();
    let bare = app.client().with("Idempotency-Key", &key);
    let quoted = app.client().with("Idempotency-Key", &format!("\"{key}\""));
    let content_type = if body.is_empty() { "" } else { JSON };
    let events = |app: &TestApp| {
        app.database()
            .number("SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM feed)")
    };
    let first = bare.send(method, path, content_type, body.as_bytes());
    assert!(first.status < 300, "{method} {path}: {}", first.text());
    assert_eq!(first.header("Idempotent-Replayed"), None);
    let after = events(app);
    let again = quoted.send(method, path, content_type, body.as_bytes());
    assert_eq!(
        again.header("Idempotent-Replayed"),
        Some("true"),
        "{method} {path}"
    );
    assert_eq!(
        (
            again.status,
            &again.body,
            again.header("ETag"),
            again.header("Content-Type")
        ),
        (
            first.status,
            &first.body,
            first.header("ETag"),
            first.header("Content-Type")
        ),
        "{method} {path}"
    );
    assert_eq!(events(app), after, "{method} {path} was done twice");
    let reused = match other {
        Some(other) => bare.send(method, path, JSON, other.as_bytes()),
        None => bare.send("PATCH", "/v1/workspace", JSON, br#"{"name":"Other"}"#),
    };
    problem(&reused, 422, "idempotency_key_reused");
}

#[test]
fn p7_every_write_sent_again_with_its_key_is_answered_again_and_done_once() {
    let app = TestApp::start();
    let path = lead(&app, "a@example.com");
    let (one, two) = (
        r#"{"email":"b@example.com"}"#,
        r#"{"email":"c@example.com"}"#,
    );
    is_done_once(&app, "POST", "/v1/capture", one, Some(two));
    is_done_once(
        &app,
        "POST",
        "/v1/leads",
        r#"{"email":"d@example.com"}"#,
        Some(two),
    );
    is_done_once(
        &app,
        "PUT",
        "/v1/leads/by/crm/1",
        r#"{"city":"Ulm"}"#,
        Some(r#"{"city":"Bonn"}"#),
    );
    is_done_once(
        &app,
        "PATCH",
        &path,
        r#"{"city":"Ulm"}"#,
        Some(r#"{"city":"Bonn"}"#),
    );
    is_done_once(
        &app,
        "PATCH",
        "/v1/workspace",
        r#"{"name":"A"}"#,
        Some(r#"{"name":"B"}"#),
    );
    is_done_once(&app, "DELETE", &path, "", None);
    is_done_once(&app, "POST", &format!("{path}/restore"), "", None);
    app.database()
        .by_hand("ALTER TABLE leads ADD CONSTRAINT boom CHECK (last_name <> 'Boom')");
    let receipts: Vec<String> = ["x", "y"]
        .map(|name| {
            let kept = app.post(
                "/v1/capture",
                json!({"email": format!("{name}@example.com"), "last_name": "Boom"}),
            );
            kept.json()["receipt_id"].as_str().unwrap().to_owned()
        })
        .into();
    app.database()
        .by_hand("ALTER TABLE leads DROP CONSTRAINT boom");
    is_done_once(
        &app,
        "POST",
        &format!("/v1/submissions/{}/replay", receipts[0]),
        "",
        None,
    );
    is_done_once(
        &app,
        "POST",
        &format!("/v1/submissions/{}/discard", receipts[1]),
        "",
        None,
    );
}

#[test]
fn p7_a_request_that_failed_is_tried_anew() {
    let app = TestApp::start();
    let path = lead(&app, "a@example.com");
    lead(&app, "taken@example.com");
    let client = app.client().with("Idempotency-Key", "k");
    for (body, status) in [
        (r#"{"email":"taken@example.com"}"#, 409),
        (r#"{"emial":"x"}"#, 422),
        (r#"{"email":"free@example.com"}"#, 200),
    ] {
        let reply = client.send("PATCH", &path, JSON, body.as_bytes());
        assert_eq!(
            (reply.status, reply.header("Idempotent-Replayed")),
            (status, None)
        );
    }
    let captures = app.client().with("Idempotency-Key", "c");
    for (body, status) in [
        (json!({"email": "nonsense"}), 422),
        (json!({"email": "c@example.com"}), 201),
    ] {
        assert_eq!(captures.post("/v1/capture", &body).status, status);
    }
    for odd in ["", "\"\"", "a\tb", &"x".repeat(256)] {
        let refused = app
            .client()
            .with("Idempotency-Key", odd)
            .post("/v1/capture", &json!({"email": "d@example.com"}));
        assert_eq!(
            refused.errors(),
            [(
                "Idempotency-Key".to_owned(),
                "invalid_idempotency_key".to_owned()
            )],
            "{odd}"
        );
    }
    // A key is its caller's own.
    let other = app
        .client_with(&app.key_with(&[Scope::Capture]))
        .with("Idempotency-Key", "c");
    assert_eq!(
        other
            .post("/v1/capture", &json!({"email": "e@example.com"}))
            .status,
        201
    );
}

#[test]
fn p7_one_key_from_many_connections_is_one_effect_and_equal_answers() {
    let app = TestApp::start();
    let path = lead(&app, "a@example.com");
    let same = |method: &str, target: &str, body: &str| {
        let client = app
            .client()
            .with("Idempotency-Key", &format!("twins of {method}"));
        let answers: Vec<(u16, Vec<u8>)> = std::thread::scope(|scope| {
            let twins: Vec<_> = (0..50)
                .map(|_| {
                    let client = &client;
                    scope.spawn(move || {
                        let reply = client.send(method, target, JSON, body.as_bytes());
                        (reply.status, reply.body)
                    })
                })
                .collect();
            twins.into_iter().map(|twin| twin.join().unwrap()).collect()
        });
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{answers:?}"
        );
        answers[0].0
    };
    assert_eq!(
        same("POST", "/v1/capture", r#"{"email":"b@example.com"}"#),
        201
    );
    assert_eq!(same("PATCH", &path, r#"{"city":"Ulm"}"#), 200);
    assert_eq!(same("DELETE", &path, ""), 204);
    assert_eq!(app.events(4).len(), 4);
}

#[test]
fn pages_of_the_workspaces_origins_may_call_and_others_may_not() {
    let app = TestApp::start();
    let from = |origin: &str| app.client().with("Origin", origin);
    let foreign = from("https://app.example.com").get("/v1/workspace");
    problem(&foreign, 403, "forbidden");
    assert_eq!(foreign.header("Access-Control-Allow-Origin"), None);
    let allowed = app.patch(
        "/v1/workspace",
        json!({"settings": {"allowed_origins": ["https://app.example.com"]}}),
    );
    assert_eq!(allowed.status, 200);
    let origin = |reply: &Reply| {
        reply
            .header("Access-Control-Allow-Origin")
            .map(str::to_owned)
    };
    let own = Some("https://app.example.com".to_owned());
    let good = from("https://app.example.com").get("/v1/workspace");
    assert_eq!((good.status, origin(&good)), (200, own.clone()));
    let exposed = good.header("Access-Control-Expose-Headers").unwrap();
    assert!(
        [
            "ETag",
            "RateLimit",
            "X-Request-Id",
            "Idempotent-Replayed",
            "Retry-After"
        ]
        .iter()
        .all(|name| exposed.contains(name))
    );
    assert!(
        good.header("Vary")
            .unwrap()
            .to_lowercase()
            .contains("origin")
            || good
                .headers
                .iter()
                .any(|(name, value)| name == "vary" && value == "Origin")
    );
    let missing = from("https://app.example.com").get(&format!("/v1/leads/{}", Uuid::now_v7()));
    assert_eq!((missing.status, origin(&missing)), (404, own.clone()));
    let wrong = from("https://app.example.com").post("/v1/capture", &json!({}));
    assert_eq!((wrong.status, origin(&wrong)), (422, own.clone()));
    let keyless = app
        .stranger()
        .with("Origin", "https://app.example.com")
        .get("/v1/workspace");
    assert_eq!((keyless.status, origin(&keyless)), (401, own.clone()));
    for foreign in ["https://evil.example", "http://app.example.com", "null"] {
        let reply = from(foreign).get("/v1/workspace");
        problem(&reply, 403, "forbidden");
        assert_eq!(origin(&reply), None, "{foreign}");
    }
    let preflight = app
        .stranger()
        .with("Origin", "https://app.example.com")
        .with("Access-Control-Request-Method", "PATCH")
        .with(
            "Access-Control-Request-Headers",
            "authorization,content-type,idempotency-key",
        )
        .send("OPTIONS", "/v1/workspace", "", b"");
    assert_eq!((preflight.status, origin(&preflight)), (204, own));
    assert!(
        preflight
            .header("Access-Control-Allow-Methods")
            .unwrap()
            .contains("PATCH")
    );
    assert_eq!(
        preflight.header("Access-Control-Allow-Headers"),
        Some("authorization,content-type,idempotency-key")
    );
    let bad = app.patch(
        "/v1/workspace",
        json!({"settings": {"allowed_origins": ["https://a.example/path", "*"]}}),
    );
    assert_eq!(bad.errors()[0].0, "/settings/allowed_origins/0");
}

#[test]
fn answers_are_packed_for_those_who_can_unpack() {
    let app = TestApp::start();
    let plain = app.get("/openapi.json");
    for encoding in ["gzip", "br"] {
        let packed = app
            .client()
            .with("Accept-Encoding", encoding)
            .get("/openapi.json");
        assert_eq!(
            (packed.status, packed.header("Content-Encoding")),
            (200, Some(encoding))
        );
        assert!(
            packed.body.len() * 4 < plain.body.len(),
            "{encoding}: {}",
            packed.body.len()
        );
    }
    let gzip = app
        .client()
        .with("Accept-Encoding", "gzip")
        .get("/v1/schema");
    assert_eq!(gzip.body[..2], [0x1f, 0x8b]);
    assert_eq!(plain.header("Content-Encoding"), None);
}

#[test]
fn a_packed_answer_does_not_wait_for_the_client_to_acknowledge_its_beginning() {
    let app = TestApp::start();
    let middle_of = |client: &Client| {
        let capture = |n| {
            let since = Instant::now();
            let body = json!({"email": format!("buyer-{n}@example.com")});
            assert!(client.post("/v1/capture", &body).status < 300);
            since.elapsed()
        };
        let mut times: Vec<Duration> = (0..21).map(capture).collect();
        times.sort();
        times[10]
    };
    let plain = middle_of(&app.client().with("Accept-Encoding", "identity"));
    let packed = middle_of(&app.client().with("Accept-Encoding", "gzip"));
    // Clients put off an acknowledgement for 40 ms.
    assert!(
        packed < plain + Duration::from_millis(20),
        "{packed:?}, unpacked {plain:?}"
    );
}

/// Writes pieces with pauses between them; how long the connection lived, and what was answered.
fn drip(
    address: SocketAddr,
    pieces: impl Iterator<Item = Vec<u8>>,
    pause: Duration,
) -> (Duration, String) {
    let since = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(9)))
        .unwrap();
    let mut reader = stream.try_clone().unwrap();
    let reading = std::thread::spawn(move || {
        let mut answer = Vec::new();
        let ended = reader.read_to_end(&mut answer);
        let timed_out = ended.is_err_and(|error| {
            matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            )
        });
        assert!(!timed_out, "the connection is still open");
        String::from_utf8_lossy(&answer).into_owned()
    });
    for piece in pieces {
        if reading.is_finished() || stream.write_all(&piece).is_err() {
            break;
        }
        std::thread::sleep(pause);
    }
    let answer = reading.join().unwrap();
    (since.elapsed(), answer)
}

#[test]
fn a_client_that_dawdles_is_cut_off() {
    let app = TestApp::start_with(|config| config.body_seconds = 2);
    let (address, key) = (app.address, app.key.clone());
    let letter = |byte: u8| move |_: u32| vec![byte];
    let head = move |rest: &str| {
        format!("POST /v1/capture HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n{rest}\r\n\r\n").into_bytes()
    };
    let (length, chunked) = (
        head("Content-Length: 5000"),
        head("Transfer-Encoding: chunked"),
    );
    let second = Duration::from_millis(250);
    std::thread::scope(|scope| {
        let silent = scope.spawn(move || drip(address, std::iter::empty(), second));
        let header = scope.spawn(move || {
            drip(
                address,
                b"GET /healthz HTTP/1.1\r\nX: "
                    .iter()
                    .map(|byte| vec![*byte])
                    .chain((0..60).map(letter(b'a'))),
                second,
            )
        });
        let quiet = {
            let length = length.clone();
            scope.spawn(move || drip(address, std::iter::once(length), second))
        };
        let body = scope.spawn(move || {
            drip(
                address,
                std::iter::once(length).chain((0..60).map(letter(b' '))),
                second,
            )
        });
        let chunks = scope.spawn(move || {
            drip(
                address,
                std::iter::once(chunked).chain((0..60).map(|_| b"1\r\n \r\n".to_vec())),
                second,
            )
        });
        for (what, client, longest) in [
            ("silent", silent, 8),
            ("header", header, 8),
            ("quiet", quiet, 6),
            ("body", body, 6),
            ("chunks", chunks, 6),
        ] {
            let (lived, answer) = client.join().unwrap();
            assert!(lived < Duration::from_secs(longest), "{what}: {lived:?}");
            assert!(
                answer.is_empty() || answer.contains(" 408 "),
                "{what}: {answer}"
            );
            if matches!(what, "quiet" | "body" | "chunks") {
                assert!(
                    answer.contains("slow_body") && answer.contains("2 seconds"),
                    "{what}: {answer}"
                );
            }
        }
    });
    assert_eq!(app.get("/healthz").status, 200);
}

/// The files of the reference are kept packed, and sent so to those who do not mind.
fn unpacked(mut reply: Reply) -> Reply {
    if reply.header("Content-Encoding") == Some("gzip") {
        let mut plain = Vec::new();
        let packed = std::mem::take(&mut reply.body);
        flate2::read::GzDecoder::new(packed.as_slice())
            .read_to_end(&mut plain)
            .unwrap();
        reply.body = plain;
    }
    reply
}

#[test]
fn the_reference_is_served_from_here_alone() {
    let app = TestApp::start();
    let follow = |mut path: String| -> Reply {
        for _ in 0..5 {
            let reply = unpacked(app.stranger().get(&path));
            if !(300..400).contains(&reply.status) {
                return reply;
            }
            path = reply.header("Location").unwrap().to_owned();
        }
        panic!("{path} leads nowhere");
    };
    let links = Regex::new(r#"(?:src|href)="([^"]*)""#).unwrap();
    for start in ["/docs", "/docs/"] {
        let page = follow(start.to_owned());
        assert_eq!(page.status, 200);
        assert!(
            page.header("Content-Type")
                .unwrap()
                .starts_with("text/html")
        );
        let html = page.text();
        let mut count = 0;
        for link in links.captures_iter(&html) {
            let link = &link[1];
            assert!(!link.contains("//"), "{link}");
            let part = follow(format!("/docs/{}", link.trim_start_matches("./")));
            assert_eq!(part.status, 200, "{link}");
            count += 1;
        }
        assert!(
            count >= 3 && !html.contains("http://") && !html.contains("https://"),
            "{html}"
        );
    }
    let initializer = unpacked(app.get("/docs/swagger-initializer.js")).text();
    assert!(initializer.contains("/docs/openapi.json") && !initializer.contains("https://"));
    assert_eq!(
        app.get("/docs/openapi.json").json(),
        app.get("/openapi.json").json()
    );
    assert_eq!(app.get("/openapi.json").json()["openapi"], "3.1.0");
}

#[test]
fn operators_see_how_it_is_and_nobody_personal() {
    let app = TestApp::start();
    let stranger: Client = app.stranger();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            (stranger.get(path).status, stranger.get(path).json()),
            (200, json!({"status": "ok"})),
            "{path}"
        );
    }
    let path = lead(&app, "personal@example.com");
    app.get(&path);
    app.get("/v1/leads?email=personal@example.com");
    app.put("/v1/leads/by/crm/personal-1", json!({"city": "Ulm"}));
    app.events(2);
    let reply = stranger.get("/metrics");
    assert!(
        reply
            .header("Content-Type")
            .unwrap()
            .starts_with("text/plain")
    );
    let text = reply.text();
    for name in [
        "baton_http_requests_total",
        "baton_http_request_seconds_bucket",
        "baton_pool_connections_in_use",
        "baton_pool_connections_open",
        "baton_capture_batch_size_sum",
        "baton_capture_seconds_count",
        "baton_events_published_total 2",
        "baton_outbox_lag_milliseconds",
        "baton_timer_lag_milliseconds{timer=\"clock\"}",
        "baton_clock_skew_milliseconds",
        "method=\"POST\",route=\"/v1/capture\",status=\"201\"",
        "route=\"/v1/leads/{id}\"",
    ] {
        assert!(text.contains(name), "{name} is missing: {text}");
    }
    let id = path.rsplit('/').next().unwrap();
    for personal in ["personal", id, &app.key, &app.workspace_id.to_string()] {
        assert!(!text.contains(personal), "{personal} is in the metrics");
    }
}
