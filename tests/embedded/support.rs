//! Folders that clean up after themselves, and the few statements these tests need.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use baton::postgres::{Durability, Embedded, Settings, StartError};
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A folder of one test. It and all below is removed at the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("baton-embedded-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(fs::canonicalize(path).unwrap())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A home that does not exist yet.
    pub fn home(&self) -> PathBuf {
        self.0.join("home")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How the service runs: nothing committed is lost.
pub fn durable(home: impl Into<PathBuf>) -> Settings {
    Settings {
        home: home.into(),
        bin: None,
        durability: Durability::Full,
    }
}

pub fn start(home: impl Into<PathBuf>) -> Embedded {
    Embedded::start(&durable(home)).unwrap_or_else(|error| panic!("{}", explain(&error)))
}

/// The error with its causes.
pub fn explain(error: &StartError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The reason why this start is refused.
pub fn refusal(settings: &Settings) -> StartError {
    match Embedded::start(settings) {
        Ok(_) => panic!("a second server started on {}", settings.home.display()),
        Err(refused) => refused,
    }
}

pub fn connect(server: &Embedded, user: &str, database: &str) -> PgConnection {
    PgConnection::establish(&server.url(user, database)).unwrap()
}

/// Stores a lead that must still be there later.
pub fn store_lead(server: &Embedded) {
    let mut conn = connect(server, "baton_owner", "baton");
    conn.batch_execute("CREATE TABLE leads (name text); INSERT INTO leads VALUES ('first')")
        .unwrap();
}

pub fn stored_lead(server: &Embedded) -> String {
    ask(
        &mut connect(server, "baton_owner", "baton"),
        "SELECT name AS answer FROM leads",
    )
}

/// The one text that `query` returns as `answer`.
pub fn ask(conn: &mut PgConnection, query: &str) -> String {
    sql_query(query).get_result::<Answer>(conn).unwrap().answer
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

pub fn kill_hard(pid: u32) {
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
}

/// Waits until `done`, for a minute at most.
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(
            since.elapsed() < Duration::from_secs(60),
            "waited a minute until {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
