//! A service for a benchmark: with a database of its own as the service has it, over HTTP, in a folder that goes with it.
//!
//! `BATON_BENCH_FOLDER` is another folder, which stays: what is in it is found again by the next run.

use baton::app::{Service, embedded_urls, migrate};
use baton::config::ServeConfig;
use baton::domain::access::Scope;
use baton::domain::flow::setup::{self, NewKey};
use baton::domain::key::ApiKey;
use baton::postgres::{Durability, Embedded, Settings};
use baton::store::pool::{Db, PoolSettings};
use baton::store::workspaces;
use chrono::Utc;
use clap::Parser;
use serde_json::Value;
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Whatever keeps a benchmark from being run.
pub type Problem = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    serve: ServeConfig,
}

/// A running service with one workspace.
pub struct Bench {
    /// Its database.
    pub db: Db,
    /// The workspace.
    #[allow(dead_code, reason = "not every benchmark writes beside the API")]
    pub workspace_id: Uuid,
    /// A client with the admin key, on one connection that it keeps.
    pub client: Client,
    server: Option<Embedded>,
    home: Option<PathBuf>,
}

impl Bench {
    /// Starts one; `name` is for its folder.
    pub fn start(name: &str) -> Result<Bench, Problem> {
        let kept = std::env::var_os("BATON_BENCH_FOLDER").map(PathBuf::from);
        let is_kept = kept.is_some();
        let own = || std::env::temp_dir().join(format!("baton-{name}-{}", std::process::id()));
        let home = kept.unwrap_or_else(own);
        let server = Embedded::start(&Settings {
            home: home.clone(),
            bin: None,
            durability: Durability::Full,
        })?;
        let settings = PoolSettings {
            connections: 10,
            wait: Duration::from_secs(10),
            statement: Duration::from_secs(60),
        };
        let db = Db::open(embedded_urls(&server, "baton"), settings);
        migrate(&db)?;
        let (workspace_id, key) = match workspaces::list_all(&db)?.first() {
            Some((known, _)) => (*known, new_key(&db, *known)?),
            None => setup::create_workspace(&db, "bench", Utc::now())?,
        };
        let client = Client::new(serve(&db)?, &key.reveal());
        Ok(Bench {
            db,
            workspace_id,
            client,
            server: Some(server),
            home: (!is_kept).then_some(home),
        })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.server.take();
        if let Some(home) = &self.home {
            // What is left in the folder of temporary files is nobody's loss.
            let _absent = std::fs::remove_dir_all(home);
        }
    }
}

fn new_key(db: &Db, workspace_id: Uuid) -> Result<ApiKey, Problem> {
    let new = NewKey {
        name: "bench".to_owned(),
        scopes: Scope::ALL.to_vec(),
        ..NewKey::default()
    };
    Ok(db.in_workspace(workspace_id, |conn| {
        setup::create_key(conn, &new, Utc::now())
    })?)
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
#[derive(Clone)]
pub struct Client {
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

    /// The same, with another key.
    #[allow(dead_code, reason = "not every benchmark has several workspaces")]
    pub fn with_key(&self, key: &str) -> Client {
        Client::new(self.address, key)
    }

    /// The answer to a GET.
    pub fn get(&self, path: &str) -> Result<Value, Problem> {
        let url = format!("http://{}{path}", self.address);
        let request = self.agent.get(&url).header("Authorization", &self.key);
        Ok(serde_json::from_slice(
            &request.call()?.body_mut().read_to_vec()?,
        )?)
    }

    /// The answer to a POST.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Problem> {
        let url = format!("http://{}{path}", self.address);
        let request = self.agent.post(&url).header("Authorization", &self.key);
        let mut answer = request.send_json(body)?;
        let body = answer.body_mut().with_config().limit(1 << 30);
        Ok(serde_json::from_slice(&body.read_to_vec()?)?)
    }
}

/// Runs that are not timed: a service that runs has in memory what is asked for again and again.
const WARM_UP: usize = 100;

/// Times `run` so many times, after [`WARM_UP`] runs; prints median and 99th percentile in milliseconds, and tells whether the latter is below `limit`.
pub fn time(
    name: &str,
    times: usize,
    limit: Duration,
    mut run: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<bool, Problem> {
    for number in 0..WARM_UP {
        run(number)?;
    }
    let mut taken = Vec::with_capacity(times);
    for number in 0..times {
        let since = Instant::now();
        run(number)?;
        taken.push(since.elapsed());
    }
    taken.sort_unstable();
    let (p50, p99) = (taken[times / 2], taken[times * 99 / 100]);
    let is_quick = p99 < limit;
    println!(
        "{} {name}: p50 {:.2} ms, p99 {:.2} ms",
        if is_quick { "ok  " } else { "SLOW" },
        p50.as_secs_f64() * 1e3,
        p99.as_secs_f64() * 1e3
    );
    Ok(is_quick)
}
