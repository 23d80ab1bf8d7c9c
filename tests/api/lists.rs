//! `GET /v1/leads`: sorts, pages, filters.

use crate::support::TestApp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::HashSet;

const SORTS: [&str; 5] = ["created_at", "updated_at", "email", "last_name", "company"];

/// Leads with missing and equal values; the same ones in every run.
fn seed(app: &TestApp, from: u64, count: u64) {
    let mut state = 88_172_645_463_325_252 ^ from;
    let mut draw = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let names = [
        "Åberg",
        "abel",
        "Abel",
        "Zuse",
        "",
        "2026-01-01T00:00:00Z",
        "Ω",
        "null",
    ];
    let items: Vec<Value> = (from..from + count)
        .map(|number| {
            let mut item = json!({"external_ids": {"row": number.to_string()}});
            if draw(3) > 0 {
                item["email"] =
                    format!("{}{number}@example.com", ["b", "a", "C"][draw(3) as usize]).into();
            }
            item["last_name"] = names[draw(8) as usize].into();
            item["company"] = names[draw(8) as usize].into();
            item
        })
        .collect();
    let reply = app.post("/v1/capture/batch", json!({"items": items}));
    assert_eq!(reply.json()["counts"]["created"], count, "{}", reply.text());
}

fn ids(leads: &[Value]) -> Vec<String> {
    leads
        .iter()
        .map(|lead| lead["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A page, and the cursor of the next one.
fn page(app: &TestApp, query: &str) -> (Vec<Value>, Option<String>) {
    let reply = app.get(&format!("/v1/leads?{query}"));
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    let json = reply.json();
    (
        json["data"].as_array().unwrap().clone(),
        json["next_cursor"].as_str().map(str::to_owned),
    )
}

/// A text that sorts as the value does: instants leave out a fraction of zero, so as texts they do not.
fn comparable(field: &str, text: &str) -> String {
    if !field.ends_with("_at") {
        return text.to_owned();
    }
    let instant = chrono::DateTime::parse_from_rfc3339(text).unwrap();
    format!("{:020}", instant.timestamp_micros())
}

#[test]
fn every_sort_gives_each_lead_once_and_in_order_page_by_page() {
    let app = TestApp::start();
    seed(&app, 0, 300);
    for lead in app.leads("sort=email").iter().step_by(7) {
        let path = format!("/v1/leads/{}", lead["id"].as_str().unwrap());
        assert_eq!(app.patch(&path, json!({"city": "Ulm"})).status, 200);
    }
    for field in SORTS {
        for descending in [false, true] {
            let sort = format!("{}{field}", if descending { "-" } else { "" });
            let whole = app.leads(&format!("sort={sort}"));
            assert_eq!(whole.len(), 300);
            let (mut paged, mut cursor) = (Vec::new(), None);
            loop {
                let query = match &cursor {
                    None => format!("sort={sort}&limit=7"),
                    Some(cursor) => format!("limit=7&cursor={cursor}"),
                };
                let (leads, next) = page(&app, &query);
                assert_eq!(
                    leads.len(),
                    if next.is_some() { 7 } else { 300 % 7 },
                    "{sort}"
                );
                paged.extend(leads);
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(ids(&paged), ids(&whole), "{sort}");
            assert_eq!(
                ids(&paged).iter().collect::<HashSet<_>>().len(),
                300,
                "{sort}"
            );
            let keys: Vec<(bool, String, String)> = whole
                .iter()
                .map(|lead| {
                    let value = lead[field].as_str().map(|text| comparable(field, text));
                    let id = lead["id"].as_str().unwrap().to_owned();
                    (value.is_none(), value.unwrap_or_default(), id)
                })
                .collect();
            let mut sorted = keys.clone();
            sorted.sort();
            if descending {
                sorted.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| (&b.1, &b.2).cmp(&(&a.1, &a.2))));
            }
            assert!(keys == sorted, "{sort} is not in order");
            if !field.ends_with("_at") {
                assert!(
                    keys.last().unwrap().0,
                    "{sort}: nothing is missing, the test is too easy"
                );
            }
        }
    }
}

#[test]
fn leads_that_come_while_somebody_reads_neither_repeat_nor_hide_the_others() {
    let app = TestApp::start();
    seed(&app, 0, 60);
    for sort in SORTS
        .into_iter()
        .flat_map(|sort| [sort.to_owned(), format!("-{sort}")])
    {
        let before: HashSet<String> = ids(&app.leads("")).into_iter().collect();
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let (leads, next) = page(&app, &format!("sort={sort}&limit=9{cursor}"));
            seen.extend(ids(&leads));
            pages += 1;
            if pages == 3 {
                seed(&app, before.len() as u64 * 1000, 12);
            }
            match next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let distinct: HashSet<String> = seen.iter().cloned().collect();
        assert_eq!(distinct.len(), seen.len(), "{sort} repeats a lead");
        assert!(before.is_subset(&distinct), "{sort} hides a lead");
    }
}

#[test]
fn each_filter_keeps_what_has_its_value() {
    let app = TestApp::start();
    let wanted = app.capture(json!({
        "email": "ada@example.com", "phone": "+14155550132", "first_name": "Ada", "last_name": "Lovelace", "company": "Engines & Söhne",
        "city": "London", "region": "Kent", "country": "GB", "industry": "Software", "language": "en-GB", "source": "fair", "channel": "web_form"
    }));
    let id = wanted["lead"]["id"].clone();
    app.database().by_hand("UPDATE leads SET stage = 'mql', created_at = '2020-01-01T00:00:00Z', updated_at = '2020-01-02T00:00:00Z'");
    app.capture(json!({"email": "bob@example.com", "phone": "+4930901820", "first_name": "Bob", "last_name": "Byron", "company": "Engines", "city": "Ulm",
        "region": "Bayern", "country": "DE", "industry": "Law", "language": "de", "source": "list"}));
    for filter in [
        "email=%20ADA@Example.com",
        "phone=%2B1%20415%20555%200132",
        "phone=4155550132&country=US&country=GB",
        "first_name=Ada",
        "last_name=Lovelace",
        "company=Engines%20%26%20S%C3%B6hne",
        "city=London",
        "region=Kent",
        "country=GB",
        "country=united%20kingdom",
        "industry=Software",
        "language=en-GB",
        "source=fair",
        "channel=web_form",
        "stage=mql",
        "created_before=2020-01-01T00:00:01Z",
        "created_after=2019-12-31T00:00:00Z&created_before=2020-06-01T00:00:00Z",
        "updated_before=2020-01-02T00:00:01Z",
        "updated_after=2020-01-02T00:00:00Z&updated_before=2020-06-01T00:00:00Z",
        "first_name=Ada&city=London",
    ] {
        if filter.matches("country").count() > 1 {
            let twice = app.get(&format!("/v1/leads?{filter}"));
            assert_eq!(
                twice.errors(),
                [("?country".to_owned(), "repeated_parameter".to_owned())]
            );
            continue;
        }
        let found = app.leads(filter);
        assert!(
            found.len() == 1 && found[0]["id"] == id,
            "{filter}: {found:?}"
        );
    }
    for filter in [
        "first_name=Ada&city=Ulm",
        "company=engines",
        "created_before=2020-01-01T00:00:00Z",
    ] {
        assert_eq!(app.leads(filter).len(), 0, "{filter}");
    }
    assert_eq!(app.leads("created_after=2020-01-01T00:00:00Z").len(), 2);
}

#[test]
fn a_number_is_looked_for_as_it_would_be_stored() {
    let app = TestApp::start();
    app.patch(
        "/v1/workspace",
        json!({"settings": {"default_country": "DE"}}),
    );
    app.capture(json!({"phone": "030 901820"}));
    for query in [
        "phone=030%20901820",
        "phone=%2B49%2030%20901820",
        "phone=(030)901820&country=",
        "phone=0049%2030%20901820",
    ] {
        assert_eq!(app.leads(query).len(), 1, "{query}");
    }
    assert_eq!(app.leads("phone=030%20901821").len(), 0);
}

#[test]
fn a_cursor_is_good_for_its_own_list_only() {
    let app = TestApp::start();
    seed(&app, 0, 5);
    let (_, key) = app.another_workspace();
    let (_, next) = page(&app, "sort=email&limit=2&is_test=any");
    let cursor = next.unwrap();
    let refused = |query: &str| {
        let reply = app.get(&format!("/v1/leads?{query}"));
        assert_eq!(
            (reply.status, reply.errors()),
            (
                422,
                vec![("?cursor".to_owned(), "invalid_cursor".to_owned())]
            ),
            "{query}: {}",
            reply.text()
        );
    };
    refused(&format!("sort=company&cursor={cursor}"));
    refused(&format!("sort=-email&cursor={cursor}"));
    refused(&format!("city=Ulm&cursor={cursor}"));
    refused(&format!("cursor={}", &cursor[..cursor.len() - 3]));
    for garbage in ["x", "%22", "e30", "", "bm90IGpzb24", "____"] {
        refused(&format!("cursor={garbage}"));
    }
    let stranger = app
        .client_with(&key)
        .get(&format!("/v1/leads?cursor={cursor}"));
    assert_eq!(stranger.status, 422);
    assert_eq!(page(&app, &format!("cursor={cursor}&limit=500")).0.len(), 3);
    assert_eq!(
        page(&app, &format!("sort=email&is_test=any&cursor={cursor}"))
            .0
            .len(),
        3
    );
    // What somebody made up is refused, too.
    let sealed: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&cursor).unwrap()).unwrap();
    for (pointer, value) in [
        ("/c/after/keys/0", json!({"time": "2026-01-01T00:00:00Z"})),
        ("/c/after/keys/0", json!({"text": "a\u{0}"})),
        ("/c/sort/field", json!("created_at")),
        ("/c/sort/field", json!("custom")),
        ("/c/after/id", json!("1")),
        ("/c/filter/email", json!("\u{0}")),
        ("/c/filter/is_test", json!("yes")),
    ] {
        let mut forged = sealed.clone();
        *forged
            .pointer_mut(pointer)
            .unwrap_or_else(|| panic!("{sealed}")) = value;
        refused(&format!(
            "cursor={}",
            URL_SAFE_NO_PAD.encode(forged.to_string())
        ));
    }
}

#[test]
fn the_total_counts_neither_tests_nor_deleted_leads() {
    let app = TestApp::start();
    seed(&app, 0, 4);
    app.capture(json!({"email": "try@example.com", "test": true}));
    let gone = app.leads("")[0]["id"].as_str().unwrap().to_owned();
    app.delete(&format!("/v1/leads/{gone}"));
    let total =
        |query: &str| app.get(&format!("/v1/leads?limit=1&{query}")).json()["total"].clone();
    assert_eq!(total("include_total=true"), 3);
    assert_eq!(total("include_total=true&is_test=any"), 4);
    assert_eq!(total("include_total=true&is_test=true"), 1);
    assert_eq!(total("include_total=true&deleted=true"), 1);
    assert_eq!(total("include_total=true&email=nobody@example.com"), 0);
    assert_eq!(total("include_total=false"), Value::Null);
    assert_eq!(app.leads("").len(), 3);
    assert_eq!(app.leads("is_test=any").len(), 4);
    assert_eq!(app.leads("is_test=true")[0]["email"], "try@example.com");
}

#[test]
fn a_list_is_asked_for_in_words_it_knows() {
    let app = TestApp::start();
    for (query, pointer, code) in [
        ("sort=phone", "?sort", "unknown_sort"),
        ("sort=email,company", "?sort", "unknown_sort"),
        ("is_test=maybe", "?is_test", "not_allowed"),
        ("limit=0", "?limit", "out_of_range"),
        ("limit=501", "?limit", "out_of_range"),
        ("emial=a", "?emial", "unknown_parameter"),
        (
            "created_after=yesterday",
            "?created_after",
            "invalid_format",
        ),
        ("email=%FF", "?email", "invalid_format"),
    ] {
        let reply = app.get(&format!("/v1/leads?{query}"));
        assert_eq!(
            (reply.status, reply.errors()),
            (422, vec![(pointer.to_owned(), code.to_owned())]),
            "{query}"
        );
    }
}
