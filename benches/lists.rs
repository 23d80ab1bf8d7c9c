//! Searches a million leads with twenty filterable fields over HTTP, by fields, by words and by score, and fails when it
//! is slow.
//!
//! `BATON_LISTS_LEADS` is another number of leads. At the end two workspaces, one with 5 fields of its own and one with
//! 200, are listed in turn: the number of definitions must not show.

mod support;

use baton::domain::flow::setup;
use baton::store::pool::Db;
use chrono::Utc;
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::{Bench, Client, Problem, time};

/// Longest time of the slowest search by two fields in a hundred.
const SEARCH: Duration = Duration::from_millis(40);
/// Longest time of the slowest search for a part of a name in a hundred.
const WORDS: Duration = Duration::from_millis(60);
/// Longest time of the slowest list by score in a hundred.
const SCORE: Duration = Duration::from_millis(25);
/// Searches of each kind.
const TIMES: usize = 300;
/// Leads in a request that makes them.
const BATCH: u64 = 500;

fn main() -> ExitCode {
    match measure() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            println!("lists cannot be measured: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<bool, Problem> {
    let count: u64 = std::env::var("BATON_LISTS_LEADS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_000_000);
    let bench = Bench::start("lists")?;
    if bench.client.get("/v1/leads?limit=1")?["data"] == json!([]) {
        define(&bench.client, 20, 20)?;
        fill(&bench.client, count)?;
    }
    wait_for_words(&bench.client, count)?;
    let mut fine = by_fields(&bench.client)?;
    fine &= by_words(&bench.client)?;
    fine &= by_score(&bench.client)?;
    many_definitions(&bench)?;
    Ok(fine)
}

/// Fields 0, 4, 8 … are choices, 1, 5, 9 … whole numbers, 2, 6, 10 … texts, 3, 7, 11 … days.
fn define(client: &Client, fields: usize, filterable: usize) -> Result<(), Problem> {
    for number in 0..fields {
        let kind = ["single_choice", "integer", "text", "date"][number % 4];
        let mut field = json!({"key": format!("f{number}"), "label": format!("Field {number}"),
            "type": kind, "filterable": number < filterable});
        if number % 4 == 0 {
            let options = (0..20).map(|option| json!({"value": format!("o{option}"), "label": format!("Option {option}")}));
            field["options"] = options.collect();
        }
        client.post("/v1/field-definitions", &field)?;
    }
    std::thread::sleep(Duration::from_secs(6));
    Ok(())
}

fn fill(client: &Client, count: u64) -> Result<(), Problem> {
    let since = Instant::now();
    let next = AtomicU64::new(0);
    let write = || -> Result<(), Problem> {
        let client = client.clone();
        loop {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= count {
                return Ok(());
            }
            let items: Vec<Value> = (first..count.min(first + BATCH)).map(person).collect();
            let done = client.post("/v1/capture/batch", &json!({"items": items}))?;
            if done["results"][0]["status"]
                .as_u64()
                .is_none_or(|status| status >= 300)
            {
                return Err(format!("a batch was not taken in: {}", done["results"][0]).into());
            }
        }
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3).map(|_| scope.spawn(write)).collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().map_err(|_| "a writer panicked")?)
    })?;
    let seconds = since.elapsed().as_secs_f64();
    println!(
        "{count} leads in {seconds:.0} s: {:.0} a second",
        count as f64 / seconds
    );
    Ok(())
}

const SYLLABLES: [&str; 28] = [
    "ber", "son", "mar", "ti", "ko", "wal", "ski", "ri", "ver", "do", "nel", "ham", "fi", "gra",
    "lo", "pez", "sa", "to", "man", "dor", "vic", "len", "hu", "bach", "ste", "van", "quin", "row",
];

/// A number that looks drawn: of the `salt`th kind for person `number`.
fn drawn(number: u64, salt: u64) -> u64 {
    let mut mixed =
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^= mixed >> 30;
    mixed = mixed.wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn word(number: u64, salt: u64) -> String {
    (0..3)
        .map(|part| SYLLABLES[(drawn(number, salt * 10 + part) % 28) as usize])
        .collect()
}

/// The value of field `field` of person `number`.
fn value(number: u64, field: u64) -> Value {
    let drawn = drawn(number, 100 + field);
    match field % 4 {
        // Small options are common, great ones rare.
        0 => json!(format!("o{}", (drawn % 20) * (drawn / 20 % 20) / 20)),
        1 => json!(drawn % 10_000),
        2 => json!(word(drawn % 5_000, field)),
        _ => json!(format!(
            "{}-{:02}-{:02}",
            2020 + drawn % 6,
            1 + drawn / 6 % 12,
            1 + drawn / 72 % 28
        )),
    }
}

/// A person with about eight of twenty fields.
fn person(number: u64) -> Value {
    let custom: Map<String, Value> = (0..20)
        .filter(|field| drawn(number, 50 + field) % 10 < 4 || *field < 2)
        .map(|field| (format!("f{field}"), value(number, field)))
        .collect();
    let country = ["DE", "AT", "CH", "US", "GB"][(drawn(number, 5) % 5) as usize];
    let (first, last) = (word(drawn(number, 1) % 2_000, 1), word(number, 2));
    let title = ["CTO", "Clerk", "Head of Sales", "Student", "Buyer", "CEO"]
        [(drawn(number, 6) % 6) as usize];
    let days = drawn(number, 7) % 90;
    let when = format!("2026-{:02}-{:02}T12:00:00Z", 8 + days / 30, 1 + days % 30);
    json!({"title": title, "submitted_at": when, "email": format!("{first}.{last}{number}@{}.example", word(drawn(number, 3) % 20_000, 3)), "first_name": first,
        "last_name": last, "company": format!("{} {}", word(drawn(number, 3) % 20_000, 3), word(drawn(number, 3) % 300, 4)),
        "country": country, "custom": custom})
}

/// Waits until every lead is found by words.
fn wait_for_words(client: &Client, count: u64) -> Result<(), Problem> {
    let since = Instant::now();
    let last = word(count - 1, 2);
    let last_email = person(count - 1)["email"].clone();
    let ask = json!({"q": last, "condition": {"field": "email", "op": "eq", "value": last_email}});
    while client.post("/v1/leads/search", &ask)?["data"]
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        if since.elapsed() > Duration::from_secs(900) {
            return Err("the leads are not found by words".into());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    println!(
        "found by words {:.1} s after the last",
        since.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Two fields of the workspace's own, and an order.
fn by_fields(client: &Client) -> Result<bool, Problem> {
    type Ask = fn(u64) -> Value;
    let kinds: [(&str, Ask); 7] = [
        (
            "a common option and a range, newest first",
            |n| json!({"condition": {"all": [{"field": "custom.f0", "op": "eq", "value": "o1"}, {"field": "custom.f1", "op": "gte", "value": drawn(n, 7) % 9_000}]}}),
        ),
        (
            "a rare option and a range, newest first",
            |n| json!({"condition": {"all": [{"field": "custom.f0", "op": "eq", "value": format!("o{}", 12 + n % 6)}, {"field": "custom.f1", "op": "lt", "value": drawn(n, 8) % 10_000}]}}),
        ),
        (
            "two options, by a number",
            |n| json!({"condition": {"all": [{"field": "custom.f4", "op": "in", "value": [format!("o{}", n % 10), "o3"]}, {"field": "custom.f8", "op": "eq", "value": format!("o{}", n % 7)}]}, "sort": ["-custom.f1"]}),
        ),
        (
            "a text and a day, by name",
            |n| json!({"condition": {"all": [{"field": "custom.f2", "op": "eq", "value": word(drawn(n, 9) % 5_000, 2)}, {"field": "custom.f3", "op": "gte", "value": "2022-05-01"}]}, "sort": ["last_name", "-created_at"]}),
        ),
        (
            "two ranges, by another field",
            |n| json!({"condition": {"all": [{"field": "custom.f1", "op": "gte", "value": 9_000 + n % 500}, {"field": "custom.f5", "op": "lt", "value": 3_000}]}, "sort": ["custom.f9", "-last_name"]}),
        ),
        (
            "one value in a million and a range",
            |n| json!({"condition": {"all": [{"field": "custom.f1", "op": "eq", "value": drawn(n, 11) % 10_000}, {"field": "custom.f0", "op": "in", "value": ["o0", "o1", "o2"]}]}, "sort": ["-custom.f0", "last_name"]}),
        ),
        (
            "an option and one that few have, by day",
            |n| json!({"condition": {"all": [{"field": "custom.f0", "op": "eq", "value": "o0"}, {"field": "custom.f4", "op": "eq", "value": format!("o{}", 10 + n % 9)}]}, "sort": ["-custom.f3"]}),
        ),
    ];
    let mut fine = true;
    for (name, ask) in kinds {
        let (mut found, mut pages) = (0, 0);
        fine &= time(name, TIMES, SEARCH, |number| {
            let page = client.post("/v1/leads/search", &ask(number as u64))?;
            found += page["data"].as_array().map_or(0, Vec::len);
            pages += 1;
            Ok(())
        })?;
        println!("     {:.1} leads a page", found as f64 / f64::from(pages));
    }
    Ok(fine)
}

/// A part of a name, company, address or number.
fn by_words(client: &Client) -> Result<bool, Problem> {
    type Ask = fn(u64) -> String;
    let kinds: [(&str, Ask); 5] = [
        ("three letters", |n| word(drawn(n, 20), 2)[..3].to_owned()),
        ("a part of a last name", |n| {
            word(drawn(n, 21), 2)[1..6].to_owned()
        }),
        ("first and last name", |n| {
            let number = drawn(n, 22) % 100_000;
            format!("{} {}", word(drawn(number, 1) % 2_000, 1), word(number, 2))
        }),
        ("a company", |n| word(drawn(n, 23) % 20_000, 3)),
        ("what nobody is called", |n| {
            format!("zz{}x", drawn(n, 24) % 1_000)
        }),
    ];
    let mut fine = true;
    for (name, ask) in kinds {
        let (mut found, mut pages) = (0, 0);
        fine &= time(&format!("words: {name}"), TIMES, WORDS, |number| {
            let page = client.post("/v1/leads/search", &json!({"q": ask(number as u64)}))?;
            found += page["data"].as_array().map_or(0, Vec::len);
            pages += 1;
            Ok(())
        })?;
        println!("     {:.1} leads a page", found as f64 / f64::from(pages));
    }
    Ok(fine)
}

/// Lists by what leads are worth, from the first page on, and with a filter.
fn by_score(client: &Client) -> Result<bool, Problem> {
    let mut fine = true;
    for sort in ["-engagement", "engagement", "-score", "-grade", "-fit"] {
        for filter in ["", "&country=DE"] {
            let first = format!("/v1/leads?limit=50&sort={sort}{filter}");
            let mut path = first.clone();
            fine &= time(&format!("by {sort}{filter}"), TIMES, SCORE, |number| {
                let page = client.get(&path)?;
                path = match page["next_cursor"].as_str() {
                    Some(cursor) if number % 30 != 29 => format!("{first}&cursor={cursor}"),
                    _ => first.clone(),
                };
                Ok(())
            })?;
        }
    }
    Ok(fine)
}

/// Lists of two workspaces in turn, whose leads are the same: one has 5 fields defined, one 200.
fn many_definitions(bench: &Bench) -> Result<(), Problem> {
    let few = workspace(&bench.db, bench, 5)?;
    let many = workspace(&bench.db, bench, 200)?;
    let list = "/v1/leads?sort=-updated_at&limit=50";
    let search = json!({"condition": {"field": "custom.f0", "op": "eq", "value": "o1"}, "sort": ["-custom.f1"]});
    let limit = Duration::from_millis(25);
    for _ in 0..2 {
        for (fields, client) in [(5, &few), (200, &many)] {
            time(
                &format!("{fields} fields defined, list"),
                TIMES,
                limit,
                |_| client.get(list).map(drop),
            )?;
            let name = format!("{fields} fields defined, search");
            time(&name, TIMES, limit, |_| {
                client.post("/v1/leads/search", &search).map(drop)
            })?;
        }
    }
    Ok(())
}

fn workspace(db: &Db, bench: &Bench, fields: usize) -> Result<Client, Problem> {
    let (_, key) = setup::create_workspace(db, "many fields", Utc::now())?;
    let client = bench.client.with_key(&key.reveal());
    define(&client, fields, 5)?;
    let custom = |number| -> Map<String, Value> {
        (0..5)
            .map(|field| (format!("f{field}"), value(number, field)))
            .collect()
    };
    for first in (0..20_000).step_by(500) {
        let items: Vec<Value> = (first..first + 500)
            .map(|number| json!({"email": format!("p{number}@example.com"), "last_name": word(number, 2), "custom": custom(number)}))
            .collect();
        client.post("/v1/capture/batch", &json!({"items": items}))?;
    }
    Ok(client)
}
