//! Reads the timeline of a lead with ten thousand activities over HTTP, and fails when it is slow.
//!
//! `BATON_TIMELINE_ACTIVITIES` is another number of activities. Beside the lead are others with as many between them.

mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use baton::domain::access::Visibility;
use baton::domain::event::{Actor, Cause, Provenance};
use baton::domain::flow::activities::{self, NewActivity};
use baton::domain::flow::notes;
use baton::domain::flow::on_behalf::OnBehalf;
use chrono::Utc;
use support::{Bench, Client, Problem, time};
use uuid::Uuid;

/// Longest time of the slowest page in a hundred.
const P99: Duration = Duration::from_millis(25);
/// Pages of each kind.
const PAGES: usize = 400;
/// Leads beside the one that is read.
const OTHERS: usize = 200;

fn main() -> ExitCode {
    match measure() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            println!("the timeline cannot be measured: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<bool, Problem> {
    let count: usize = std::env::var("BATON_TIMELINE_ACTIVITIES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(10_000);
    let bench = Bench::start("timeline")?;
    let lead = fill(&bench, count)?;
    read(&bench.client, lead)
}

fn capture(client: &Client, number: usize) -> Result<Uuid, Problem> {
    let body = serde_json::json!({"email": format!("p{number}@example.com")});
    let captured = client.post("/v1/capture", &body)?;
    Ok(captured["lead"]["id"].as_str().ok_or("no lead")?.parse()?)
}

/// Makes leads and what happened with them; the answer is the lead to read.
fn fill(bench: &Bench, count: usize) -> Result<Uuid, Problem> {
    let since = Instant::now();
    let lead = capture(&bench.client, 0)?;
    let others: Vec<Uuid> = (1..=OTHERS)
        .map(|number| capture(&bench.client, number))
        .collect::<Result<_, _>>()?;
    let numbers: Vec<usize> = (0..count).collect();
    for some in numbers.chunks(200) {
        bench.db.in_workspace(bench.workspace_id, |conn| {
            let by = OnBehalf {
                visible: Visibility::All,
                provenance: Provenance {
                    actor: Actor::system(),
                    cause: Cause::request("bench"),
                    origin: None,
                },
                rules: Arc::default(),
                now: Utc::now(),
            };
            for number in some {
                activities::add(conn, lead, &happened(*number), &by)?;
                activities::add(conn, others[number % OTHERS], &happened(*number), &by)?;
                if number % 100 == 0 {
                    notes::add(conn, lead, &format!("Note {number}"), false, &by)?;
                }
            }
            Ok(())
        })?;
    }
    println!(
        "{count} activities, and as many of others, in {:.1} s",
        since.elapsed().as_secs_f64()
    );
    Ok(lead)
}

fn happened(number: usize) -> NewActivity {
    let kind = match number {
        number if number % 1000 == 7 => "meeting",
        number if number % 10 == 3 => "call",
        _ => "page_view",
    };
    let mut details = baton::domain::activity::Details {
        subject: Some(format!("Activity {number}")),
        ..Default::default()
    };
    details.properties.insert(
        "path".to_owned(),
        format!("/pricing?from={number}&kind={kind}").into(),
    );
    NewActivity {
        kind: kind.to_owned(),
        occurred_at: Some(Utc::now() - chrono::Duration::minutes((number * 7 % 100_000) as i64)),
        details,
        source: Some("website".to_owned()),
        channel: Some("web".to_owned()),
        attribution: Default::default(),
    }
}

/// Reads pages of several kinds; whether all were quick.
fn read(client: &Client, lead: Uuid) -> Result<bool, Problem> {
    let path = format!("/v1/leads/{lead}/timeline");
    let middle = cursor_after(client, &path, 10)?;
    let kinds = [
        ("the first 50", format!("{path}?limit=50")),
        (
            "50 of the middle",
            format!("{path}?limit=50&cursor={middle}"),
        ),
        ("the first 500", format!("{path}?limit=500")),
        ("calls", format!("{path}?limit=50&types=call")),
        (
            "meetings, one in 1,000",
            format!("{path}?limit=50&types=meeting"),
        ),
        ("notes", format!("{path}?limit=50&types=note")),
        (
            "milestones",
            format!("{path}?types=lead.assigned,lead.created"),
        ),
    ];
    let mut fine = true;
    for (name, path) in kinds {
        let entries = client.get(&path)?["data"].as_array().map_or(0, Vec::len);
        fine &= time(&format!("{name}: {entries} entries"), PAGES, P99, |_| {
            client.get(&path).map(drop)
        })?;
    }
    Ok(fine)
}

fn cursor_after(client: &Client, path: &str, pages: usize) -> Result<String, Problem> {
    let mut cursor = String::new();
    for _ in 0..pages {
        let page = client.get(&format!("{path}?limit=500{cursor}"))?;
        let next = page["next_cursor"].as_str().ok_or("too few entries")?;
        cursor = format!("&cursor={next}");
    }
    Ok(cursor.trim_start_matches("&cursor=").to_owned())
}
