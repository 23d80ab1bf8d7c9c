//! Reads the timeline of a lead with ten thousand activities over HTTP, and fails when it is slow.
//!
//! `BATON_TIMELINE_ACTIVITIES` is another number of activities. Beside the lead are others with as many between them.

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use baton::app::{Service, embedded_urls, migrate};
use baton::config::ServeConfig;
use baton::domain::access::Visibility;
use baton::domain::event::{Actor, Cause, Provenance};
use baton::domain::flow::activities::{self, NewActivity};
use baton::domain::flow::on_behalf::OnBehalf;
use baton::domain::flow::{notes, setup};
use baton::postgres::{Durability, Embedded, Settings};
use baton::store::pool::{Db, PoolSettings};
use chrono::Utc;
use clap::Parser;
use uuid::Uuid;

type Problem = Box<dyn Error>;

/// Longest time of the slowest page in a hundred.
const P99: Duration = Duration::from_millis(25);
/// Pages of each kind.
const PAGES: usize = 400;
/// Leads beside the one that is read.
const OTHERS: usize = 200;

#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    serve: ServeConfig,
}

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
    let home = std::env::temp_dir().join(format!("baton-timeline-{}", std::process::id()));
    let server = Embedded::start(&Settings {
        home: home.clone(),
        bin: None,
        durability: Durability::None,
    })?;
    let settings = PoolSettings {
        connections: 10,
        wait: Duration::from_secs(10),
        statement: Duration::from_secs(60),
    };
    let db = Db::open(embedded_urls(&server, "baton"), settings);
    migrate(&db)?;
    let (workspace_id, key) = setup::create_workspace(&db, "bench", Utc::now())?;
    let address = serve(&db)?;
    let client = Client::new(address, &key.reveal());
    let lead = fill(&db, &client, workspace_id, count)?;
    let fine = read(&client, lead)?;
    drop(server);
    // What is left in the folder of temporary files is nobody's loss.
    let _absent = std::fs::remove_dir_all(home);
    Ok(fine)
}

fn serve(db: &Db) -> Result<SocketAddr, Problem> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (tell, told) = mpsc::channel();
    let db = db.clone();
    std::thread::spawn(move || -> Result<(), String> {
        let config = Defaults::parse_from(["bench"]).serve;
        let service = Service::start(db, &config).map_err(|error| error.to_string())?;
        actix_web::rt::System::new().block_on(async {
            let server = service
                .server(listener, 2)
                .map_err(|error| error.to_string())?;
            tell.send(()).map_err(|error| error.to_string())?;
            server.await.map_err(|error| error.to_string())
        })
    });
    told.recv()?;
    Ok(address)
}

/// A client on one connection that it keeps.
struct Client {
    address: SocketAddr,
    agent: ureq::Agent,
    key: String,
}

impl Client {
    fn new(address: SocketAddr, key: &str) -> Client {
        Client {
            address,
            agent: ureq::Agent::new_with_defaults(),
            key: format!("Bearer {key}"),
        }
    }

    fn get(&self, path: &str) -> Result<serde_json::Value, Problem> {
        let url = format!("http://{}{path}", self.address);
        let mut answer = self
            .agent
            .get(&url)
            .header("Authorization", &self.key)
            .call()?;
        Ok(serde_json::from_slice(&answer.body_mut().read_to_vec()?)?)
    }

    fn capture(&self, number: usize) -> Result<Uuid, Problem> {
        let url = format!("http://{}/v1/capture", self.address);
        let mut answer = self
            .agent
            .post(&url)
            .header("Authorization", &self.key)
            .send_json(serde_json::json!({"email": format!("p{number}@example.com")}))?;
        let captured: serde_json::Value =
            serde_json::from_slice(&answer.body_mut().read_to_vec()?)?;
        Ok(captured["lead"]["id"].as_str().ok_or("no lead")?.parse()?)
    }
}

/// Makes leads and what happened with them; the answer is the lead to read.
fn fill(db: &Db, client: &Client, workspace_id: Uuid, count: usize) -> Result<Uuid, Problem> {
    let since = Instant::now();
    let lead = client.capture(0)?;
    let others: Vec<Uuid> = (1..=OTHERS)
        .map(|number| client.capture(number))
        .collect::<Result<_, _>>()?;
    let numbers: Vec<usize> = (0..count).collect();
    for some in numbers.chunks(200) {
        db.in_workspace(workspace_id, |conn| {
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
        let mut times = Vec::with_capacity(PAGES);
        for _ in 0..PAGES {
            let since = Instant::now();
            client.get(&path)?;
            times.push(since.elapsed());
        }
        times.sort_unstable();
        let (p50, p99) = (times[PAGES / 2], times[PAGES * 99 / 100]);
        let is_quick = p99 < P99;
        fine &= is_quick;
        println!(
            "{} {name}: {entries} entries, p50 {:.2} ms, p99 {:.2} ms",
            if is_quick { "ok  " } else { "SLOW" },
            p50.as_secs_f64() * 1e3,
            p99.as_secs_f64() * 1e3
        );
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
