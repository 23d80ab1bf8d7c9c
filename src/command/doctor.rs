//! `baton doctor`: looks for what is wrong, and says what to do.

use baton::app::{self, Database};
use baton::config::DatabaseConfig;
use baton::error::{BoxError, Result};
use baton::postgres::{StartError, find_binaries};
use baton::store::pool::Db;
use baton::store::{health, isolation, migrations, outbox, partitions, submissions, workspaces};
use chrono::Utc;
use nix::sys::statvfs::statvfs;
use std::path::Path;

/// Less free space than this is mentioned.
const FREE_BYTES: u128 = 1024 * 1024 * 1024;
/// Clocks may differ by this.
const SKEW_SECONDS: f64 = 1.0;
/// Events may wait this long to be published.
const LAG_SECONDS: u64 = 60;
/// A transaction may be open this long: what it keeps from being cleaned up grows meanwhile.
const TRANSACTION_SECONDS: f64 = 300.0;

/// What a check found. Sentences with the remedy, where one is needed.
enum Finding {
    Ok(String),
    /// Not broken, but soon or perhaps.
    Warn(String),
    Fail(String),
}
use Finding::{Fail, Ok as Fine, Warn};

/// A check on the database.
type Check = fn(&Db) -> Result<Finding>;

/// Checks on the database, in the order of their lines.
const CHECKS: [(&str, Check); 11] = [
    ("server version", version),
    ("durability", durability),
    ("migrations", migrated),
    ("isolation", isolated),
    ("partitions", partitioned),
    ("change feed", published),
    ("quarantine", quarantined),
    ("clocks", clocks),
    ("connections", connections),
    ("transactions", transactions),
    ("service role", answers),
];

/// Runs every check, each a line.
///
/// # Errors
/// When any of them fails.
pub fn run(config: &DatabaseConfig) -> Result<(), BoxError> {
    let mut failed = 0;
    let mut say = |what: &str, finding: Finding| {
        let (mark, text) = match finding {
            Fine(text) => ("ok  ", text),
            Warn(text) => ("warn", text),
            Fail(text) => {
                failed += 1;
                ("FAIL", text)
            }
        };
        println!("{mark} {what}: {text}");
    };
    if config.database_url.is_none() {
        say("PostgreSQL programs", programs(config));
        say("disk", disk(&config.data_dir));
    }
    let (finding, database) = open(config);
    say("database", finding);
    if let Some(database) = &database {
        for (what, check) in CHECKS {
            let finding = check(&database.db)
                .unwrap_or_else(|error| Fail(format!("could not be checked ({})", chain(&error))));
            say(what, finding);
        }
    }
    match failed {
        0 => Ok(()),
        1 => Err("1 check failed".into()),
        several => Err(format!("{several} checks failed").into()),
    }
}

fn programs(config: &DatabaseConfig) -> Finding {
    match find_binaries(config.pg_bin.as_deref()).as_deref() {
        Ok([best, ..]) => Fine(format!("{} in {}", best.version, best.folder.display())),
        Ok([]) => Fail("none found".to_owned()),
        Err(error) => Fail(error.to_string()),
    }
}

/// Free space where the data are, or will be.
fn disk(data_dir: &Path) -> Finding {
    let existing = data_dir
        .ancestors()
        .find(|folder| folder.exists())
        .unwrap_or(Path::new("."));
    let data = existing.join("pgdata");
    let place = if data.exists() { &data } else { existing };
    match statvfs(place) {
        Ok(found) => {
            let free = u128::from(found.blocks_available()) * u128::from(found.fragment_size());
            let text = format!("{} MB free for {}", free / 1024 / 1024, data_dir.display());
            if free < FREE_BYTES {
                Warn(format!(
                    "only {text}: make room, a full disk stops the database"
                ))
            } else {
                Fine(text)
            }
        }
        Err(error) => Fail(format!("{} cannot be looked at ({error})", place.display())),
    }
}

/// Opens the database; starts the private one for the time of the checks if nobody else has.
fn open(config: &DatabaseConfig) -> (Finding, Option<Database>) {
    let is_outside = config.database_url.is_some();
    let folder = config.data_dir.display();
    if !is_outside && !config.data_dir.join("pgdata").exists() {
        let text = format!("none in {folder} yet; the first start of Baton makes it");
        return (Fine(text), None);
    }
    let (found, how) = match app::open_database(config) {
        Err(StartError::InUse { pid, .. }) => {
            let by = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
            let how = format!("a Baton{by} runs on {folder}; this looks at its database beside it");
            (app::join_database(config), how)
        }
        opened if is_outside => (opened, "the one of DATABASE_URL".to_owned()),
        opened => (opened, format!("in {folder}, started for these checks")),
    };
    let database = match found {
        Ok(database) => database,
        Err(error) => return (Fail(chain(&error)), None),
    };
    // As the owner of the tables; the role of requests has a check of its own.
    match health::version(&database.db) {
        Ok(_) => (Fine(how), Some(database)),
        Err(error) => {
            let remedy = "see that it runs, and that DATABASE_URL names it with user and password";
            (Fail(format!("{how}: {}; {remedy}", chain(&error))), None)
        }
    }
}

fn version(db: &Db) -> Result<Finding> {
    let number = health::version(db)?;
    let (major, minor) = (number / 10_000, number % 10_000);
    Ok(if major < 15 {
        Fail(format!(
            "{major}.{minor} is too old: Baton needs 15 or newer"
        ))
    } else {
        Fine(format!("{major}.{minor}"))
    })
}

fn durability(db: &Db) -> Result<Finding> {
    let settings = health::durability(db)?;
    // All of these wait for the disk; `remote_…` for a standby's besides.
    let safe = ["on", "local", "remote_write", "remote_apply"];
    let wrong: Vec<String> = settings
        .iter()
        .filter(|setting| {
            setting.name != "data_checksums" && !safe.contains(&setting.value.as_str())
        })
        .map(|setting| format!("{} = {}", setting.name, setting.value))
        .collect();
    if !wrong.is_empty() {
        let what = wrong.join(", ");
        return Ok(Fail(format!(
            "{what}: captures that were answered can be lost; set to on"
        )));
    }
    let checksums = settings
        .iter()
        .find(|setting| setting.name == "data_checksums");
    Ok(if checksums.is_some_and(|setting| setting.value == "on") {
        Fine("what was committed is on the disk, with checksums".to_owned())
    } else {
        Warn("no data checksums: damage on the disk goes unnoticed; switch them on with pg_checksums while the server is stopped".to_owned())
    })
}

fn migrated(db: &Db) -> Result<Finding> {
    let missing = migrations::missing(db)?;
    Ok(if missing.is_empty() {
        Fine(format!("all {} are applied", migrations::ALL.len()))
    } else {
        Fail(format!("missing {}; run baton migrate", missing.join(", ")))
    })
}

fn isolated(db: &Db) -> Result<Finding> {
    let faults = isolation::faults(db)?;
    Ok(if faults.is_empty() {
        Fine("tenants are apart".to_owned())
    } else {
        Fail(faults.join(" "))
    })
}

fn partitioned(db: &Db) -> Result<Finding> {
    let missing = partitions::missing(db, Utc::now())?;
    Ok(if missing.is_empty() {
        Fine("made for the coming months".to_owned())
    } else {
        Fail(format!(
            "missing {}; run baton migrate, and keep a serve or worker running, which makes them ahead of time",
            missing.join(", ")
        ))
    })
}

fn published(db: &Db) -> Result<Finding> {
    let seconds = outbox::lag(db, Utc::now())?.as_secs();
    Ok(if seconds > LAG_SECONDS {
        Fail(format!(
            "the oldest event has waited {seconds} s to be published; run baton serve without --no-workers, or baton worker, and see its log"
        ))
    } else {
        Fine(format!("{seconds} s behind"))
    })
}

fn quarantined(db: &Db) -> Result<Finding> {
    let mut found = Vec::new();
    for (workspace_id, _) in workspaces::list_all(db)? {
        if let Some((count, newest)) =
            db.in_workspace(workspace_id, submissions::count_quarantined)?
        {
            let newest = newest.format("%Y-%m-%d %H:%M");
            found.push(format!(
                "{count} in workspace {workspace_id}, the newest of {newest} UTC"
            ));
        }
    }
    Ok(if found.is_empty() {
        Fine("empty".to_owned())
    } else {
        Fail(format!(
            "{}; read the reasons at GET /v1/submissions?state=quarantined, then replay or discard each",
            found.join("; ")
        ))
    })
}

fn clocks(db: &Db) -> Result<Finding> {
    let before = Utc::now();
    let theirs = health::clock(db)?;
    let after = Utc::now();
    // It answered between the two; how far it lies outside is certain skew.
    let skew = (theirs - after).max(before - theirs);
    let seconds = skew.as_seconds_f64().max(0.0);
    Ok(if seconds > SKEW_SECONDS {
        Warn(format!(
            "this machine and the database differ by {seconds:.1} s; let both take the time from NTP"
        ))
    } else {
        Fine("this machine and the database agree".to_owned())
    })
}

fn connections(db: &Db) -> Result<Finding> {
    let (open, most) = health::connections(db)?;
    let text = format!("{open} of {most} are open");
    Ok(if open * 10 > most * 9 {
        Fail(format!(
            "{text}; lower BATON_POOL_SIZE, raise max_connections, or put PgBouncer between"
        ))
    } else {
        Fine(text)
    })
}

fn transactions(db: &Db) -> Result<Finding> {
    let seconds = health::oldest_transaction_seconds(db)?;
    Ok(if seconds > TRANSACTION_SECONDS {
        Fail(format!(
            "one has been open for {seconds:.0} s and keeps the database from cleaning up; find it in pg_stat_activity"
        ))
    } else {
        Fine("none is open for long".to_owned())
    })
}

fn answers(db: &Db) -> Result<Finding> {
    db.ping()?;
    Ok(Fine("requests reach the database".to_owned()))
}

/// The error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
