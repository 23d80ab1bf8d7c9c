//! P2, one person, one lead: the same person from many sides at once.

use crate::crowd::at_once;
use crate::support::TestApp;
use crate::twin::{Twin, all_published, count};
use crate::wire::Wire;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;

const CONNECTIONS: usize = 100;

const SPELLINGS: [&str; 20] = [
    "jane.obrien@bücher.example",
    "Jane.OBrien@Bücher.Example",
    "JANE.OBRIEN@BÜCHER.EXAMPLE",
    "  jane.obrien@bücher.example  ",
    "\tjane.obrien@bücher.example\r\n",
    "\u{FEFF}jane.obrien@bücher.example",
    "\u{3000}jane.obrien@bücher.example\u{a0}",
    "mailto:jane.obrien@bücher.example",
    "MAILTO:Jane.OBrien@bücher.example",
    "mailto:jane.obrien%40bücher.example",
    "mailto:jane.obrien@bücher.example?subject=Hello",
    "<jane.obrien@bücher.example>",
    "<mailto:jane.obrien@bücher.example>",
    "Jane O'Brien <jane.obrien@bücher.example>",
    "jane.obrien@bücher.example.",
    "\"jane.obrien\"@bücher.example",
    "jane.obrien＠bücher.example",
    "jane.obrien@bu\u{308}cher.example",
    "jane.obrien@xn--bcher-kva.example",
    "JANE.OBRIEN@XN--BCHER-KVA.EXAMPLE.",
];

const NUMBERS: [&str; 10] = [
    "+4930901820",
    "+49 30 901820",
    "+49 (0)30 901820",
    "0049 30 901820",
    "tel:+49-30-901820",
    "(030) 90 18 20",
    "030/901820",
    "030.901820",
    " 030 901820 ",
    "+４９ 30 901820",
];

fn by_email(number: usize) -> Value {
    json!({"email": SPELLINGS[number % SPELLINGS.len()], "message": number.to_string()})
}

fn by_phone(number: usize) -> Value {
    json!({"phone": NUMBERS[number % NUMBERS.len()], "country": "DE", "message": number.to_string()})
}

fn by_external_id(number: usize) -> Value {
    let (system, id) = [
        ("hubspot", "101"),
        ("HubSpot", " 101 "),
        (" HUBSPOT", "101\n"),
    ][number % 3];
    json!({"external_ids": {system: id}, "message": number.to_string()})
}

#[test]
fn p2_a_hundred_connections_with_twenty_spellings_of_a_mail_address_make_one_lead() {
    everybody_is_one(&[], by_email);
}

#[test]
fn p2_two_services_make_one_lead_of_a_mail_address() {
    in_both(by_email);
}

#[test]
fn p2_two_services_make_one_lead_of_a_phone_number() {
    in_both(by_phone);
}

#[test]
fn p2_two_services_make_one_lead_of_an_external_id() {
    in_both(by_external_id);
}

#[test]
fn p2_what_is_delivered_twice_under_one_external_id_is_one_submission() {
    let app = TestApp::start();
    let twin = Twin::beside(&app);
    let answers = post_all(
        &[app.address, twin.address],
        &app.key,
        |_| json!({"external_ids": {"facebook": "lead-1"}, "email": "a@example.com"}),
    );
    let receipts: BTreeSet<String> = answers
        .iter()
        .map(|(_, answer)| answer["receipt_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(receipts.len(), 1);
    assert_eq!(all_published(&app), 1);
    assert_eq!(count(&app, "SELECT count(*) FROM submissions"), 1);
    assert_eq!(count(&app, "SELECT count(*) FROM leads"), 1);
}

fn in_both(body: fn(usize) -> Value) {
    everybody_is_one(&[Twin::beside], body);
}

/// Posts a hundred at once to a service and those beside it.
fn everybody_is_one(beside: &[fn(&TestApp) -> Twin], body: fn(usize) -> Value) {
    let app = TestApp::start();
    let twins: Vec<Twin> = beside.iter().map(|start| start(&app)).collect();
    let mut addresses = vec![app.address];
    addresses.extend(twins.iter().map(|twin| twin.address));
    let answers = post_all(&addresses, &app.key, body);

    let created = answers.iter().filter(|(status, _)| *status == 201).count();
    let matched = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!((created, matched), (1, CONNECTIONS - 1));
    let texts = |name: fn(&Value) -> &Value| -> BTreeSet<String> {
        let text = |(_, answer): &(u16, Value)| name(answer).as_str().unwrap().to_owned();
        answers.iter().map(text).collect()
    };
    assert_eq!(texts(|answer| &answer["lead"]["id"]).len(), 1);
    assert_eq!(texts(|answer| &answer["receipt_id"]).len(), CONNECTIONS);
    all_published(&app);
    for (expected, what) in [
        (1, "leads"),
        (1, "lead_identities"),
        (CONNECTIONS, "submissions"),
        (CONNECTIONS, "activities"),
        (1, "feed WHERE type = 'lead.created'"),
        (CONNECTIONS - 1, "feed WHERE type = 'lead.touched'"),
    ] {
        let found = count(&app, &format!("SELECT count(*) FROM {what}"));
        assert_eq!(found, expected as i64, "{what}");
    }
}

fn post_all(
    addresses: &[SocketAddr],
    key: &str,
    body: impl Fn(usize) -> Value + Sync,
) -> Vec<(u16, Value)> {
    at_once(CONNECTIONS, |number| {
        let mut wire = Wire::open(addresses[number % addresses.len()], key).unwrap();
        let reply = wire.post("/v1/capture", &[], &body(number)).unwrap();
        assert!(
            matches!(reply.status, 200 | 201),
            "{} {}",
            reply.status,
            reply.text()
        );
        (reply.status, reply.json())
    })
}
