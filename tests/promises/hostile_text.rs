//! Text that has broken programs before, through every text field, parameter and header: never a fault of ours, and what
//! was stored reads back as it was sent, in the documented normal form.
//!
//! `BATON_BLNS` names a file with more strings (a JSON array) that go through the same test.

use crate::crowd::at_once;
use crate::hostile_strings::{RAW_JSON, all};
use crate::support::TestApp;
use crate::twin::count;
use crate::wire::{Wire, WireReply};
use baton::domain::flow::setup;
use baton::domain::form::Form;
use baton::domain::normalise::text::{clean, clean_line};
use chrono::Utc;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

const THREADS: usize = 4;

/// Fields that take any text, in one line.
const LINES: [&str; 11] = [
    "salutation",
    "first_name",
    "last_name",
    "company",
    "title",
    "city",
    "region",
    "postal_code",
    "industry",
    "phone_extension",
    "source",
];
/// Fields that take any text and keep its line feeds.
const BLOCKS: [&str; 2] = ["street", "message"];
/// Fields with rules of their own: they may refuse, or find another form.
const RULED: [&str; 9] = [
    "email",
    "phone",
    "mobile_phone",
    "website",
    "linkedin_url",
    "country",
    "timezone",
    "language",
    "currency",
];

/// Everything that can be asked by `GET`, with the parameters that take text.
const QUERIES: [(&str, &[&str]); 6] = [
    (
        "/v1/leads",
        &[
            "limit",
            "cursor",
            "sort",
            "include_total",
            "deleted",
            "is_test",
            "email",
            "phone",
            "first_name",
            "last_name",
            "company",
            "city",
            "region",
            "country",
            "industry",
            "language",
            "source",
            "channel",
            "stage",
            "created_after",
            "created_before",
            "updated_after",
            "updated_before",
        ],
    ),
    ("/v1/changes", &["after", "types", "limit", "wait"]),
    ("/v1/submissions", &["state", "lead_id", "limit", "cursor"]),
    ("/v1/leads/{id}/activities", &["limit", "cursor"]),
    ("/v1/leads/{id}/identities", &["limit", "cursor"]),
    ("/v1/leads/{id}/consents", &["limit", "cursor"]),
];

const HEADERS: [&str; 11] = [
    "idempotency-key",
    "baton-origin",
    "x-request-id",
    "if-match",
    "if-none-match",
    "user-agent",
    "referer",
    "accept",
    "accept-encoding",
    "x-forwarded-for",
    "authorization",
];

/// A service, a lead and a form to try things on.
struct Place {
    app: TestApp,
    lead_id: String,
    form: String,
    requests: AtomicUsize,
}

impl Place {
    fn new() -> Place {
        let app = TestApp::start();
        let form = Form {
            id: Uuid::now_v7(),
            name: "Contact".into(),
            source: "contact".into(),
            allowed_origins: Vec::new(),
            allowed_redirects: Vec::new(),
            default_country: None,
            created_at: Utc::now(),
        };
        let key = app
            .db
            .in_workspace(app.workspace_id, |conn| {
                setup::create_form(conn, &form, Utc::now())
            })
            .unwrap();
        let lead = app.capture(json!({"email": "lead@example.com"}));
        Place {
            lead_id: lead["lead"]["id"].as_str().unwrap().to_owned(),
            form: format!("/f/{key}"),
            app,
            requests: AtomicUsize::new(0),
        }
    }

    fn wire(&self) -> Wire {
        Wire::open(self.app.address, &self.app.key).unwrap()
    }

    /// Sends; any answer but a fault of ours will do.
    fn send(
        &self,
        wire: &mut Wire,
        (method, path): (&str, &[u8]),
        headers: &[(&str, &[u8])],
        body: &[u8],
    ) -> WireReply {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let shown = || {
            let short = |bytes: &[u8]| -> String {
                String::from_utf8_lossy(bytes)
                    .escape_debug()
                    .take(300)
                    .collect()
            };
            format!("{method} {} {headers:?} {}", short(path), short(body))
        };
        let reply = wire
            .send(method, path, headers, body)
            .unwrap_or_else(|error| panic!("{error}: {}", shown()));
        assert!(
            reply.status < 500,
            "{} {}: {}",
            reply.status,
            reply.text(),
            shown()
        );
        if reply.header("connection") == Some("close") {
            *wire = self.wire();
        }
        reply
    }

    fn send_json(&self, wire: &mut Wire, method: &str, path: &[u8], body: &Value) -> WireReply {
        let kind: &[u8] = if method == "PATCH" {
            b"application/merge-patch+json"
        } else {
            b"application/json"
        };
        let body = body.to_string();
        self.send(
            wire,
            (method, path),
            &[("content-type", kind)],
            body.as_bytes(),
        )
    }

    /// Sends, and takes out what is refused until the rest is taken; the answer, and what was stored.
    fn send_what_fits(
        &self,
        wire: &mut Wire,
        method: &str,
        path: &[u8],
        mut body: Map<String, Value>,
    ) -> Option<(Value, Map<String, Value>)> {
        for _ in 0..4 {
            let reply = self.send_json(wire, method, path, &body.clone().into());
            if reply.status < 300 {
                return Some((reply.json(), body));
            }
            let refusal = reply.json();
            for error in refusal["errors"].as_array()? {
                let pointer = error["pointer"].as_str()?;
                let name = pointer.trim_start_matches('/').split('/').next()?;
                body.remove(name);
            }
        }
        None
    }
}

#[test]
fn p1_hostile_text_is_no_fault_and_reads_back_as_it_was_stored() {
    let mut strings = all();
    if let Some(more) = std::env::var_os("BATON_BLNS") {
        let more = std::fs::read(more).unwrap();
        strings.extend(serde_json::from_slice::<Vec<String>>(&more).unwrap());
    }
    let place = Place::new();
    let next = AtomicUsize::new(0);
    let stored = AtomicUsize::new(0);
    at_once(THREADS, |_| {
        let mut wire = place.wire();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(text) = strings.get(number) else {
                return;
            };
            stored.fetch_add(
                through_bodies(&place, &mut wire, number, text),
                Ordering::Relaxed,
            );
            through_ruled_fields(&place, &mut wire, number, text);
            through_the_form(&place, &mut wire, number, text);
            through_paths(&place, &mut wire, text);
            through_queries(&place, &mut wire, text);
            through_headers(&place, &mut wire, text);
        }
    });
    println!(
        "{} strings, {} requests, {} values stored and read back",
        strings.len(),
        place.requests.load(Ordering::Relaxed),
        stored.load(Ordering::Relaxed)
    );
    let quarantined = "SELECT count(*) FROM submissions WHERE state = 'quarantined'";
    assert_eq!(count(&place.app, quarantined), 0);
}

/// Free text by every way of writing a lead; how many values were compared.
fn through_bodies(place: &Place, wire: &mut Wire, number: usize, text: &str) -> usize {
    let mut body = Map::new();
    // A long text in every field would be a body that is too large.
    let lines = if text.len() > 5_000 { &[] } else { &LINES[..] };
    for name in lines.iter().chain(&BLOCKS) {
        body.insert((*name).into(), text.into());
    }
    body.insert("tags".into(), json!([text]));
    let name: String = text.chars().take(50).collect();
    body.insert(
        "custom".into(),
        json!({"value": text, "deep": [{"er": text}], name: 1}),
    );
    let mut compared = 0;
    for (method, path, way) in [
        ("POST", "/v1/capture".to_owned(), "capture"),
        ("POST", "/v1/leads".to_owned(), "lead"),
        ("PUT", format!("/v1/leads/by/test/{number}"), "put"),
        ("PATCH", format!("/v1/leads/{}", place.lead_id), "patch"),
    ] {
        let mut sent = body.clone();
        if way != "patch" {
            sent.insert("email".into(), format!("{way}{number}@example.com").into());
        }
        let Some((answer, stored)) = place.send_what_fits(wire, method, path.as_bytes(), sent)
        else {
            panic!("nothing fits of {text:?} by {way}");
        };
        if way == "patch" {
            continue; // Others change the same lead.
        }
        let lead = if answer["lead"].is_object() {
            &answer["lead"]
        } else {
            &answer
        };
        let path = format!("/v1/leads/{}", lead["id"].as_str().unwrap());
        let lead = place.send(wire, ("GET", path.as_bytes()), &[], b"").json();
        compared += compare(&lead, &stored, text);
    }
    compared
}

/// What was stored is what was sent, in normal form; an empty text is none.
fn compare(lead: &Value, stored: &Map<String, Value>, text: &str) -> usize {
    let or_none = |text: String| {
        if text.is_empty() {
            Value::Null
        } else {
            text.into()
        }
    };
    let mut compared = 0;
    for (names, normal) in [(&LINES[..], clean_line(text)), (&BLOCKS[..], clean(text))] {
        let normal = or_none(normal);
        for name in names.iter().filter(|name| stored.contains_key(**name)) {
            assert_eq!(lead[*name], normal, "{name} of {text:?}");
            compared += 1;
        }
    }
    if stored.contains_key("tags") {
        let tags: Vec<String> = Some(clean_line(text))
            .filter(|tag| !tag.is_empty())
            .into_iter()
            .collect();
        assert_eq!(lead["tags"], json!(tags), "{text:?}");
        compared += 1;
    }
    if stored.contains_key("custom") {
        assert_eq!(lead["custom"]["value"], clean(text), "{text:?}");
        assert_eq!(lead["custom"]["deep"][0]["er"], clean(text), "{text:?}");
        compared += 2;
    }
    compared
}

fn through_ruled_fields(place: &Place, wire: &mut Wire, number: usize, text: &str) {
    let email = format!("ruled{number}@example.com");
    // So that all of them together are no body that is too large.
    let text: &str = &text.chars().take(2_000).collect::<String>();
    let mut body = Map::new();
    for name in RULED {
        body.insert(name.into(), text.into());
    }
    for path in ["/v1/capture", "/v1/leads"] {
        place.send_what_fits(wire, "POST", path.as_bytes(), body.clone());
    }
    place.send_what_fits(
        wire,
        "PATCH",
        format!("/v1/leads/{}", place.lead_id).as_bytes(),
        body,
    );
    let short: String = text.chars().take(50).collect();
    let around = json!({
        "email": email, "full_name": text, "external_ids": {"crm": text, text: text}, "anonymous_id": text,
        "channel": text, "attribution": {"utm_source": text, "gclid": text, "landing_page": text},
        "page_url": text, "referrer": text, "ip": text, "user_agent": text, "submitted_at": text,
        "consents": [{"channel": short, "purpose": short, "granted": true, "text": text}], "ref": text,
        "employee_count": text, "test": text,
    });
    let Value::Object(around) = around else {
        return;
    };
    let (answer, _) = place
        .send_what_fits(wire, "POST", b"/v1/capture", around)
        .unwrap_or_else(|| panic!("nothing fits of {text:?}"));
    // Not always a new one: equal texts are one external id.
    assert!(answer["lead"]["id"].is_string(), "{answer}");
    let batch = json!({"items": [{"ref": text, "email": email, "message": text}], "mode": text});
    place.send_json(wire, "POST", b"/v1/capture/batch", &batch);
    place.send_json(
        wire,
        "POST",
        b"/v1/capture",
        &json!({text: text, "email": text}),
    );
}

fn through_the_form(place: &Place, wire: &mut Wire, number: usize, text: &str) {
    // Each waits for the next tenth of a second: one with all, and a few of them in other shapes.
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("email", &format!("form{number}@example.com"));
    for name in [
        "first_name",
        "message",
        "phone",
        "website",
        "country",
        "gclid",
        "_next",
        text,
    ] {
        form.append_pair(name, text);
    }
    let body = form.finish();
    let kind = ("content-type", &b"application/x-www-form-urlencoded"[..]);
    let reply = place.send(
        wire,
        ("POST", place.form.as_bytes()),
        &[kind],
        body.as_bytes(),
    );
    assert!(
        matches!(reply.status, 200 | 413 | 422),
        "{} {text:?}",
        reply.status
    );
    if number.is_multiple_of(8) {
        let json = json!({"email": text, "message": text, text: [text, {text: text}]});
        place.send_json(wire, "POST", place.form.as_bytes(), &json);
        place.send(
            wire,
            ("POST", place.form.as_bytes()),
            &[kind],
            text.as_bytes(),
        );
        let multipart = format!(
            "--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n{text}\r\n--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{text}\r\n--b--\r\n",
            text.replace(['\r', '\n', '"'], "_")
        );
        let kind = ("content-type", &b"multipart/form-data; boundary=b"[..]);
        place.send(
            wire,
            ("POST", place.form.as_bytes()),
            &[kind],
            multipart.as_bytes(),
        );
    }
}

fn encoded(text: &str) -> String {
    percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string()
}

fn through_paths(place: &Place, wire: &mut Wire, text: &str) {
    let text = encoded(text);
    if text.len() > 8_000 {
        return;
    }
    let body = json!({"title": "by path"});
    for (method, path) in [
        ("PUT", format!("/v1/leads/by/test/{text}")),
        ("PUT", format!("/v1/leads/by/{text}/1")),
        ("GET", format!("/v1/leads/{text}")),
        ("PATCH", format!("/v1/leads/{text}")),
        ("DELETE", format!("/v1/leads/{text}")),
        ("GET", format!("/v1/leads/{text}/activities")),
        ("GET", format!("/v1/submissions/{text}")),
        ("POST", format!("/v1/submissions/{text}/replay")),
        ("POST", format!("/f/{text}")),
        ("GET", format!("/{text}")),
    ] {
        place.send_json(wire, method, path.as_bytes(), &body);
    }
}

fn through_queries(place: &Place, wire: &mut Wire, text: &str) {
    let text = encoded(text);
    if text.len() > 8_000 {
        return;
    }
    for (path, names) in QUERIES {
        let path = path.replace("{id}", &place.lead_id);
        for name in names {
            // Nobody here waits a minute for an event.
            if *name == "wait" && text.parse::<u64>().is_ok() {
                continue;
            }
            let path = format!("{path}?{name}={text}");
            place.send(wire, ("GET", path.as_bytes()), &[], b"");
        }
        let path = format!("{path}?{text}={text}");
        place.send(wire, ("GET", path.as_bytes()), &[], b"");
    }
}

fn through_headers(place: &Place, wire: &mut Wire, text: &str) {
    // What HTTP itself forbids in a header goes; it would end the header.
    let value: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\0' | b'\r' | b'\n'))
        .take(4_000)
        .collect();
    let kind = ("content-type", &b"application/json"[..]);
    for name in HEADERS {
        let mut wire_without_key;
        let wire = if name == "authorization" {
            wire_without_key = Wire::open(place.app.address, "").unwrap();
            &mut wire_without_key
        } else {
            &mut *wire
        };
        place.send(
            wire,
            ("POST", b"/v1/capture"),
            &[kind, (name, &value)],
            br#"{"email":"header@example.com"}"#,
        );
        // A server may close after a request that is none.
        *wire = if name == "authorization" {
            Wire::open(place.app.address, "").unwrap()
        } else {
            place.wire()
        };
    }
    let path = format!("/v1/leads/{}", place.lead_id);
    for (method, name) in [
        ("PATCH", "if-match"),
        ("PATCH", "idempotency-key"),
        ("GET", "if-none-match"),
    ] {
        let body: &[u8] = if method == "GET" {
            b""
        } else {
            br#"{"title":"x"}"#
        };
        let headers = [
            ("content-type", &b"application/merge-patch+json"[..]),
            (name, &value[..]),
        ];
        place.send(wire, (method, path.as_bytes()), &headers, body);
        *wire = place.wire();
    }
}

#[test]
fn p1_json_that_is_none_is_no_fault() {
    let place = Place::new();
    let mut wire = place.wire();
    let patch = format!("/v1/leads/{}", place.lead_id);
    for (number, value) in RAW_JSON.iter().enumerate() {
        let email = format!("\"json{number}@example.com\"");
        for body in [
            format!(r#"{{"email":{email},"message":{value}}}"#),
            format!(r#"{{"email":{email},"custom":{{"x":{value}}}}}"#),
            format!(r#"{{"email":{email},"employee_count":{value}}}"#),
            format!(r#"{{"email":{email},"tags":[{value}]}}"#),
            format!(r#"{{"email":{email},"external_ids":{{"crm":{value}}}}}"#),
            format!(r#"{{"email":{value},"consents":{value},"attribution":{value}}}"#),
            format!(r#"{{{value}:1,"email":{email}}}"#),
            format!("[{value}]"),
            (*value).to_owned(),
        ] {
            for (method, path, kind) in [
                ("POST", "/v1/capture", &b"application/json"[..]),
                ("POST", "/v1/leads", b"application/json"),
                ("PATCH", patch.as_str(), b"application/merge-patch+json"),
                ("PUT", "/v1/leads/by/test/raw", b"application/json"),
                ("POST", "/v1/capture/batch", b"application/json"),
                ("PATCH", "/v1/workspace", b"application/merge-patch+json"),
            ] {
                let kind = [("content-type", kind)];
                place.send(&mut wire, (method, path.as_bytes()), &kind, body.as_bytes());
            }
        }
    }
    let kind = [("content-type", &b"application/json"[..])];
    for body in [
        &b"{\"email\":\"\xff@example.com\"}"[..],
        b"\xff\xfe{\x00",
        b"\xef\xbb\xbf{}",
        b"\x00",
    ] {
        place.send(&mut wire, ("POST", b"/v1/capture"), &kind, body);
        let kind = [("content-type", &b"application/x-www-form-urlencoded"[..])];
        place.send(&mut wire, ("POST", place.form.as_bytes()), &kind, body);
    }
    for query in [
        &b"email=%ff%fe"[..],
        b"email=%",
        b"email=\xff",
        b"&&=&=",
        b"limit=5&limit=5",
    ] {
        let path = [b"/v1/leads?", query].concat();
        place.send(&mut wire, ("GET", &path), &[], b"");
        wire = place.wire();
    }
    let first = place.send(&mut wire, ("GET", b"/v1/leads/by"), &[], b"");
    assert_eq!(first.status, 404);
}
