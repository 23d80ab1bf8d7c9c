//! `POST /f/{publishable key}`: the form of a website.

use crate::support::TestApp;
use crate::support::http::{Client, Reply};
use baton::domain::form::Form;
use baton::domain::key::PublishableKey;
use baton::store::forms;
use chrono::Utc;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

const URLENCODED: &str = "application/x-www-form-urlencoded";
const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn site(app: &TestApp) -> String {
    app.form(|form: &mut Form| {
        form.allowed_origins = vec!["https://www.example.com".into()];
        form.allowed_redirects = vec!["https://www.example.com/thanks".into()];
    })
}

fn post(client: &Client, key: &str, content_type: &str, body: &[u8]) -> Reply {
    client.send("POST", &format!("/f/{key}"), content_type, body)
}

fn browser(app: &TestApp) -> Client {
    app.stranger()
        .with("Accept", HTML)
        .with("Origin", "https://www.example.com")
        .with(
            "Referer",
            "https://www.example.com/pricing?utm_source=letter",
        )
}

#[test]
fn a_browsers_form_becomes_a_lead_with_campaign_and_consent() {
    let app = TestApp::start();
    let body = "first_name=Grete&last_name=Moe&email=Grete.Moe%40Example.org&phone=%2B47+22+11+22+33&company=Fjord+AS&message=Ring+me.%0D%0AHei+%26+hei\
        &utm_source=letter&utm_medium=email&utm_campaign=spring&gclid=g-1&fbclid=f-1&landing_page=https%3A%2F%2Fwww.example.com%2Fpricing%3Fa%3D1\
        &referrer=https%3A%2F%2Fsearch.example.net%2F&consent_marketing=on&_gotcha=&_next=https%3A%2F%2Fwww.example.com%2Fthanks";
    let reply = post(&browser(&app), &site(&app), URLENCODED, body.as_bytes());
    assert_eq!(
        (reply.status, reply.header("Location")),
        (303, Some("https://www.example.com/thanks"))
    );
    let lead = app.leads("").remove(0);
    let field = |name: &str| lead[name].as_str().unwrap_or("null").to_owned();
    assert_eq!(
        [
            "email",
            "first_name",
            "last_name",
            "phone",
            "company",
            "message",
            "source",
            "channel"
        ]
        .map(field),
        [
            "grete.moe@example.org",
            "Grete",
            "Moe",
            "+4722112233",
            "Fjord AS",
            "Ring me.\nHei & hei",
            "contact-page",
            "web_form"
        ]
    );
    assert_eq!(
        lead["attribution"]["first"],
        json!({"utm_source": "letter", "utm_medium": "email", "utm_campaign": "spring", "gclid": "g-1", "fbclid": "f-1",
            "referrer": "https://search.example.net/", "landing_page": "https://www.example.com/pricing?a=1"})
    );
    assert_eq!(lead["custom"], json!({}));
    let consents = app
        .get(&format!(
            "/v1/leads/{}/consents",
            lead["id"].as_str().unwrap()
        ))
        .json();
    assert_eq!(
        (
            &consents["data"][0]["channel"],
            &consents["data"][0]["granted"]
        ),
        (&json!("email"), &json!(true))
    );
}

#[test]
fn multipart_json_and_beacons_are_understood() {
    let app = TestApp::start();
    let key = site(&app);
    let part = |name: &str, value: &str| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let multipart = [
        part("first_name", "Zoë"),
        part("last_name", "Núñez"),
        part("email", "zoe@example.com"),
        part("interests[]", "Pricing"),
        part("interests[]", "Support"),
        part("country", "Spain"),
        "--edge\r\nContent-Disposition: form-data; name=\"brief\"; filename=\"brief.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\u{0}\r\n--edge--\r\n".to_owned(),
    ]
    .concat();
    let reply = post(
        &app.stranger(),
        &key,
        "multipart/form-data; boundary=edge",
        multipart.as_bytes(),
    );
    assert_eq!(
        (reply.status, reply.json()),
        (200, json!({"status": "received"}))
    );
    let lead = app.leads("email=zoe@example.com").remove(0);
    assert_eq!(
        [&lead["first_name"], &lead["last_name"], &lead["country"]],
        ["Zoë", "Núñez", "ES"]
    );
    assert_eq!(
        lead["custom"],
        json!({"interests": ["Pricing", "Support"], "brief": "brief.pdf"})
    );

    let fetch = json!({"email": "json@example.com", "seats": 12, "employees": "1,200", "Was möchten Sie?": "Alles", "newsletter": false});
    assert_eq!(
        post(
            &app.stranger(),
            &key,
            "application/json",
            fetch.to_string().as_bytes()
        )
        .status,
        200
    );
    let lead = app.leads("email=json@example.com").remove(0);
    assert_eq!(lead["employee_count"], 1200);
    assert_eq!(
        lead["custom"],
        json!({"seats": 12, "Was möchten Sie?": "Alles"})
    );

    let beacon = br#"{"email":"beacon@example.com","page_url":"https://www.example.com/signup"}"#;
    assert_eq!(
        post(&app.stranger(), &key, "text/plain;charset=UTF-8", beacon).status,
        200
    );
    assert_eq!(app.leads("email=beacon@example.com").len(), 1);
    for (content_type, body, status) in [
        ("application/xml", &b"<a/>"[..], 415),
        ("application/json", b"{", 400),
        ("application/json", b"[1]", 400),
        (
            "multipart/form-data; boundary=x",
            b"nothing of the kind",
            400,
        ),
        ("multipart/form-data", b"--x--", 400),
        (URLENCODED, b"", 422),
        (URLENCODED, b"first_name=Ada", 422),
    ] {
        let reply = post(&app.stranger(), &key, content_type, body);
        assert_eq!(reply.status, status, "{content_type}: {}", reply.text());
    }
}

#[test]
fn what_a_visitor_cannot_mend_is_kept_in_custom() {
    let app = TestApp::start();
    let key = site(&app);
    let reply = post(
        &app.stranger(),
        &key,
        URLENCODED,
        b"email=not+an+address&phone=%2B14155550132&website=none&colour=blue&colour=red&number_of_employees=many",
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    let lead = app.leads("").remove(0);
    assert_eq!(
        (&lead["email"], &lead["website"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        lead["custom"],
        json!({"colour": ["blue", "red"], "number_of_employees": "many", "email": "not an address", "website": "none"})
    );
}

#[test]
fn nothing_that_a_visitor_typed_keeps_the_rest_out() {
    let app = TestApp::start();
    let key = site(&app);
    let question = "Which of our products do you use today, and ".repeat(5);
    // Random, so that the database cannot make it small.
    let mut state = 1_u64;
    let endless: String = (0..9000)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + (state >> 33) as u8 % 26)
        })
        .collect();
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("email", "a@example.com")
        .append_pair("", "nameless")
        .append_pair(&question, "All");
    for name in [
        "last_name",
        "company",
        "visitor_id",
        "source",
        "page_url",
        "utm_source",
        "tags",
        "full_name",
    ] {
        body.append_pair(name, &endless);
    }
    for number in 0..300 {
        body.append_pair(&format!("field-{number}"), "x");
    }
    let reply = post(&app.stranger(), &key, URLENCODED, body.finish().as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let submission = app.get("/v1/submissions").json()["data"][0].clone();
    assert_eq!(submission["state"], "processed", "{}", submission["reason"]);
    let lead = app.leads("email=a@example.com").remove(0);
    assert_eq!(
        (&lead["company"], &lead["custom"]["company"]),
        (&Value::Null, &json!(endless))
    );
    assert_eq!(lead["custom"]["unnamed"], "nameless");
    let shortened: String = question.chars().take(100).collect();
    assert_eq!(lead["custom"][shortened.trim()], "All");
    assert!(lead["custom"].as_object().unwrap().len() <= 200);
}

#[test]
fn a_browser_is_sent_on_to_listed_addresses_only() {
    let app = TestApp::start();
    let key = site(&app);
    for (next, name) in [
        ("https://evil.example/", "_next"),
        ("//evil.example/", "_next"),
        ("https://www.example.com.evil.example/thanks", "_redirect"),
        ("https://www.example.com/other", "retURL"),
        ("javascript:alert(1)", "redirect"),
        ("https://www.example.com@evil.example/thanks", "next"),
        ("/thanks\r\nSet-Cookie: a=b", "_next"),
        ("", "_next"),
    ] {
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("email", "a@example.com")
            .append_pair(name, next)
            .finish();
        let reply = post(&browser(&app), &key, URLENCODED, body.as_bytes());
        assert_eq!(
            (reply.status, reply.header("Location")),
            (200, None),
            "{next}"
        );
        assert!(
            reply
                .header("Content-Type")
                .unwrap()
                .starts_with("text/html")
        );
        assert!(reply.text().contains("Thank you") && !reply.text().contains("evil"));
        assert_eq!(reply.header("Set-Cookie"), None);
    }
    let query = post(
        &browser(&app),
        &key,
        URLENCODED,
        b"email=a%40example.com&_next=https%3A%2F%2Fwww.example.com%2Fthanks%3Fa%3D1",
    );
    assert_eq!(
        query.header("Location"),
        Some("https://www.example.com/thanks?a=1")
    );
    let script = post(
        &browser(&app).with("X-Requested-With", "fetch"),
        &key,
        URLENCODED,
        b"email=a%40example.com&_next=https%3A%2F%2Fwww.example.com%2Fthanks",
    );
    assert_eq!(
        (script.status, script.json()),
        (200, json!({"status": "received"}))
    );
}

#[test]
fn a_page_says_in_plain_words_what_did_not_work() {
    let app = TestApp::start();
    let key = site(&app);
    let nobody = post(&browser(&app), &key, URLENCODED, b"first_name=%3Cscript%3E");
    assert_eq!(nobody.status, 422);
    assert!(
        nobody
            .header("Content-Type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(nobody.text().contains("mail address") && !nobody.text().contains("script>"));
    let script = post(&app.stranger(), &key, URLENCODED, b"first_name=Ada");
    assert_eq!(
        script.header("Content-Type"),
        Some("application/problem+json")
    );
    assert_eq!(script.errors()[0].1, "no_identity");
}

/// An answer without what differs from one to the next.
fn face(reply: &Reply) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers = reply.headers.clone();
    headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    headers.sort();
    (reply.status, headers, reply.body.clone())
}

#[test]
fn a_filled_trap_is_answered_like_a_visitor_and_makes_no_lead() {
    let app = TestApp::start();
    let key = site(&app);
    let good = post(
        &browser(&app),
        &key,
        URLENCODED,
        b"email=good%40example.com&_gotcha=",
    );
    let bad = post(
        &browser(&app),
        &key,
        URLENCODED,
        b"name=Spam&email=bot%40example.com&_gotcha=http%3A%2F%2Fspam.example",
    );
    let empty = post(&browser(&app), &key, URLENCODED, b"_gotcha=x");
    assert_eq!(face(&good), face(&bad));
    assert_eq!(face(&good), face(&empty));
    assert_eq!(app.leads("is_test=any").len(), 1);
    let spam = app.get("/v1/submissions?state=spam").json()["data"].clone();
    assert_eq!(
        (spam.as_array().unwrap().len(), &spam[0]["lead_id"]),
        (1, &Value::Null)
    );
    assert!(
        spam[0]["body"]
            .as_str()
            .unwrap()
            .contains("bot%40example.com")
    );
    assert_eq!(app.events(1).len(), 1);
}

#[test]
fn p12_the_answer_and_its_time_do_not_tell_whether_somebody_is_known() {
    let app = TestApp::start();
    let key = site(&app);
    app.capture(json!({"email": "known@example.com", "phone": "+14155550132", "custom": {"note": "secret"}}));
    let client = app.stranger().with("Origin", "https://www.example.com");
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for round in 0..9 {
        for (times, email) in [
            (&mut known, "known".to_owned()),
            (&mut unknown, format!("new{round}")),
        ] {
            let since = Instant::now();
            let reply = post(
                &client,
                &key,
                URLENCODED,
                format!("email={email}%40example.com&phone=%2B1415555{round}132").as_bytes(),
            );
            times.push(since.elapsed());
            assert_eq!(
                face(&reply),
                face(&post(
                    &client,
                    &key,
                    URLENCODED,
                    format!("email=again{round}%40example.com").as_bytes()
                ))
            );
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (known, unknown) = (median(&mut known), median(&mut unknown));
    assert!(
        known.abs_diff(unknown) < Duration::from_millis(50),
        "{known:?} {unknown:?}"
    );
}

#[test]
fn only_pages_of_listed_origins_may_post() {
    let app = TestApp::start();
    let key = site(&app);
    let from = |origin: &str| app.stranger().with("Origin", origin);
    let foreign = post(
        &from("https://evil.example"),
        &key,
        URLENCODED,
        b"email=a%40example.com",
    );
    assert_eq!(
        (
            foreign.status,
            foreign.header("Access-Control-Allow-Origin")
        ),
        (403, None)
    );
    assert_eq!(app.leads("").len(), 0);
    let own = post(
        &from("https://WWW.example.com"),
        &key,
        URLENCODED,
        b"email=a%40example.com",
    );
    assert_eq!(
        (own.status, own.header("Access-Control-Allow-Origin")),
        (200, Some("https://WWW.example.com"))
    );
    let wrong = post(&from("https://www.example.com"), &key, URLENCODED, b"a=b");
    assert_eq!(
        (wrong.status, wrong.header("Access-Control-Allow-Origin")),
        (422, Some("https://www.example.com"))
    );
    let preflight = from("https://www.example.com")
        .with("Access-Control-Request-Method", "POST")
        .with("Access-Control-Request-Headers", "content-type")
        .send("OPTIONS", &format!("/f/{key}"), "", b"");
    assert_eq!(
        (
            preflight.status,
            preflight.header("Access-Control-Allow-Headers")
        ),
        (204, Some("content-type"))
    );
    let anywhere = app.form(|_| {});
    assert_eq!(
        post(
            &from("null"),
            &anywhere,
            URLENCODED,
            b"email=a%40example.com"
        )
        .status,
        200
    );
}

#[test]
fn an_origin_is_scheme_host_and_port_however_it_was_written_down() {
    let app = TestApp::start();
    let key = app.form(|form: &mut Form| {
        form.allowed_origins = vec![
            "https://www.example.com/".into(),
            "http://localhost:80".into(),
        ];
    });
    for (origin, status) in [
        ("https://www.example.com", 200),
        ("http://localhost", 200),
        ("https://www.example.com:444", 403),
        ("http://www.example.com", 403),
        ("null", 403),
    ] {
        let reply = post(
            &app.stranger().with("Origin", origin),
            &key,
            URLENCODED,
            b"email=a%40example.com",
        );
        assert_eq!(reply.status, status, "{origin}");
    }
}

#[test]
fn an_address_that_posts_too_often_has_to_wait() {
    let app = TestApp::start_with(|config| {
        config.form_posts_per_minute = 3;
        config.trusted_proxies = 1;
    });
    let key = site(&app);
    let from = |address: &str| {
        let client = app.stranger().with("X-Forwarded-For", address);
        post(&client, &key, URLENCODED, b"email=a%40example.com")
    };
    let statuses: Vec<u16> = (0..4).map(|_| from("203.0.113.7").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    let refused = from("203.0.113.7");
    assert!(
        refused
            .header("Retry-After")
            .unwrap()
            .parse::<u32>()
            .unwrap()
            >= 1
    );
    assert_eq!(from("203.0.113.8").status, 200);
    assert_eq!(
        from("203.0.113.7, 203.0.113.9").status,
        200,
        "what a client claims of itself counts"
    );
}

#[test]
fn a_revoked_or_unknown_key_is_no_form() {
    let app = TestApp::start();
    let key = site(&app);
    let id = PublishableKey::parse(&key).unwrap().id;
    let revoked = app.db.in_workspace(app.workspace_id, |conn| {
        forms::revoke_key(conn, id, Utc::now())
    });
    assert!(revoked.unwrap());
    let unknown = PublishableKey {
        workspace_id: app.workspace_id,
        id: Uuid::now_v7(),
    }
    .to_string();
    for key in [
        key.as_str(),
        &unknown,
        "bk_pub_x",
        &app.key,
        &key[..key.len() - 1],
    ] {
        let reply = post(&app.stranger(), key, URLENCODED, b"email=a%40example.com");
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (404, &json!("not_found"))
        );
    }
    assert_eq!(app.get("/v1/submissions").json()["data"], json!([]));
    let elsewhere = app
        .stranger()
        .with("Authorization", &format!("Bearer {key}"));
    assert_eq!(elsewhere.get("/v1/leads").status, 401);
}

#[test]
fn a_form_too_large_is_refused() {
    let app = TestApp::start();
    let key = site(&app);
    let body = format!("email=a%40example.com&message={}", "x".repeat(300 * 1024));
    assert_eq!(
        post(&app.stranger(), &key, URLENCODED, body.as_bytes()).status,
        413
    );
}

#[test]
fn answers_in_forms_qualify_the_lead_and_never_refuse_it() {
    let app = TestApp::start();
    let key = site(&app);
    let post = |content_type: &str, body: &str| {
        let reply = post(&app.stranger(), &key, content_type, body.as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    post(
        URLENCODED,
        "email=a%40example.com&answers[budget]=25k+EUR&answers.need=a+CRM&Timing=next+month&answers[nonsense]=7",
    );
    let lead = app.leads("email=a@example.com").remove(0);
    assert_eq!(
        (&lead["verdict"], &lead["stage"], &lead["custom"]),
        (
            &json!("mql"),
            &json!("mql"),
            &json!({"answers[nonsense]": "7"})
        )
    );
    let path = format!(
        "/v1/leads/{}/qualification",
        lead["id"].as_str().unwrap_or_default()
    );
    let shown = app.get(&path).json();
    let answers = shown["answers"].as_array().unwrap();
    assert!(answers.iter().all(|one| one["source"] == "form"), "{shown}");
    assert_eq!(
        shown["qualification"]["met"],
        json!(["budget", "need", "timing"])
    );

    let json = json!({"email": "b@example.com", "budget": ["1", "2"],
        "answers": {"need": "a CRM\u{0}", "authority": {"a": 1}, "timing": "next month", "colour": "red"}});
    post("application/json", &json.to_string());
    let lead = app.leads("email=b@example.com").remove(0);
    assert_eq!(
        (&lead["verdict"], &lead["custom"]),
        (
            &json!("mql"),
            &json!({"budget": ["1", "2"], "answers": {"authority": {"a": 1}, "colour": "red"}})
        )
    );
}
