//! A database, or a workspace, that is new to PostgreSQL: it expects few rows, or none.

use crate::support::http::Client;
use crate::support::{TestApp, wait_until};
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Leads of the newcomer.
const LEADS: usize = 3_000;
/// Searches that are counted.
const SEARCHES: i64 = 60;
/// Pages of the table and its indexes that a search for one lead may read: it reads about twenty, and looking at each lead would be
/// thousands. Some that other connections read may be told of meanwhile.
const PAGES: i64 = 100;

/// Pages of leads and their indexes that were asked for so far.
const ASKED_FOR: &str = "SELECT sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read) FROM pg_statio_user_tables \
     WHERE relname = 'leads'";

fn capture(client: &Client, count: usize) {
    let items = |from: usize| -> Vec<Value> {
        let item = |number| json!({"email": format!("p{number}@example.com"), "last_name": format!("N{number}")});
        (from..from + 500).map(item).collect()
    };
    for from in (0..count).step_by(500) {
        let reply = client.post("/v1/capture/batch", &json!({"items": items(from)}));
        assert_eq!(reply.json()["counts"]["created"], 500, "{}", reply.text());
    }
}

#[test]
fn a_lead_is_found_by_its_index_before_anything_is_known_of_the_workspace() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let admin = app.client();
    capture(&admin, 1_000);
    app.database().by_hand("ANALYZE");
    let (_, key) = app.another_workspace();
    let newcomer = app.client_with(&key);
    capture(&newcomer, LEADS);
    let find = |number: i64| {
        let ask = json!({"condition": {"field": "email", "op": "eq", "value": format!("p{}@example.com", number * 47)}, "sort": ["-updated_at"]});
        let found = newcomer.post("/v1/leads/search", &ask).json();
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
    };
    // What a connection read is told a second after, with what it is asked next.
    let settle = || {
        sleep(Duration::from_millis(1_200));
        find(0);
        app.database().number(ASKED_FOR)
    };
    let before = settle();
    (0..SEARCHES).for_each(find);
    let since = Instant::now();
    let mut read = settle() - before;
    while read < SEARCHES && since.elapsed() < Duration::from_secs(30) {
        read = settle() - before;
    }
    assert!(
        (SEARCHES..SEARCHES * PAGES).contains(&read),
        "{read} pages for {SEARCHES} searches among {LEADS} leads"
    );
    let forgotten = newcomer.get("/v1/monitor/orphans");
    assert_eq!(
        (forgotten.status, &forgotten.json()["lead_ids"]),
        (200, &json!([]))
    );
}

#[test]
fn tables_of_a_new_database_are_analyzed_when_they_have_grown() {
    let app = TestApp::start();
    let admin = app.client();
    // Autovacuum does not come first.
    let off = "ALTER TABLE leads SET (autovacuum_enabled = off); ALTER TABLE match_keys SET (autovacuum_enabled = off)";
    app.database().by_hand(off);
    capture(&admin, 1_000);
    let analyzed = "SELECT count(*) FROM pg_stat_user_tables WHERE relname IN ('leads', 'match_keys') AND last_analyze IS NOT NULL";
    wait_until("the tables are analyzed", || {
        app.database().number(analyzed) == 2
    });
}
