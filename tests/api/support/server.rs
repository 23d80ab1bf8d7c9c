//! One private PostgreSQL for the whole run, and databases cloned from a migrated template.

use baton::app::{embedded_urls, migrate};
use baton::postgres::{Durability, Embedded, Settings};
use baton::store::pool::{Db, PoolSettings, Urls};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

const TEMPLATE: &str = "template_migrated";

static SERVER: OnceLock<Embedded> = OnceLock::new();
static CLONING: Mutex<()> = Mutex::new(());

/// The server of this run; it ends with the process.
pub fn server() -> &'static Embedded {
    SERVER.get_or_init(|| {
        let home = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("postgres");
        let home = if home.as_os_str().len() > 60 {
            std::env::temp_dir().join("baton-tests")
        } else {
            home
        };
        // What an earlier run left is of no use.
        let _absent = std::fs::remove_dir_all(&home);
        let settings = Settings {
            home,
            bin: None,
            durability: Durability::None,
        };
        let server = Embedded::start(&settings).unwrap_or_else(|error| panic!("{error}"));
        superuser(
            &server,
            "postgres",
            &format!("CREATE DATABASE {TEMPLATE} OWNER baton_owner"),
        );
        migrate(&Db::open(embedded_urls(&server, TEMPLATE), pool_settings())).unwrap();
        server
    })
}

pub fn pool_settings() -> PoolSettings {
    PoolSettings {
        connections: 10,
        wait: Duration::from_secs(20),
        statement: Duration::from_secs(20),
    }
}

/// A database of a test's own; dropped with the test.
pub struct TestDatabase {
    pub name: String,
    pub urls: Urls,
}

impl TestDatabase {
    pub fn create() -> TestDatabase {
        TestDatabase::create_from(TEMPLATE)
    }

    /// A database that no migration has seen.
    pub fn empty() -> TestDatabase {
        TestDatabase::create_from("template0")
    }

    fn create_from(template: &str) -> TestDatabase {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let server = server();
        let _one_at_a_time = CLONING.lock().unwrap_or_else(PoisonError::into_inner);
        superuser(
            server,
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE {template} OWNER baton_owner"),
        );
        TestDatabase {
            urls: embedded_urls(server, &name),
            name,
        }
    }

    /// The database, as the service opens it.
    pub fn open(&self) -> Db {
        Db::open(self.urls.clone(), pool_settings())
    }

    /// What a question of one number is answered to the superuser.
    pub fn number(&self, question: &str) -> i64 {
        number(&mut self.look(), question)
    }

    /// What a question of one column is answered to the superuser.
    pub fn texts(&self, question: &str) -> Vec<String> {
        texts(&mut self.look(), question)
    }

    /// Runs SQL as the superuser: for what a test breaks or proves by hand.
    pub fn by_hand(&self, sql: &str) {
        superuser(server(), &self.name, sql);
    }

    /// A connection as the superuser, to look behind the service.
    pub fn look(&self) -> PgConnection {
        PgConnection::establish(&server().url("postgres", &self.name)).unwrap()
    }

    /// A connection as the role of requests.
    pub fn look_as_app(&self) -> PgConnection {
        PgConnection::establish(&self.urls.app).unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        superuser(
            server(),
            "postgres",
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

fn superuser(server: &Embedded, database: &str, sql: &str) {
    let mut connection = PgConnection::establish(&server.url("postgres", database)).unwrap();
    connection.batch_execute(sql).unwrap();
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    value: String,
}

/// The answer to a question of one number.
pub fn number(connection: &mut PgConnection, question: &str) -> i64 {
    let row: Number = diesel::sql_query(format!("SELECT ({question})::bigint AS value"))
        .get_result(connection)
        .unwrap();
    row.value
}

/// The answer to a question of one column.
pub fn texts(connection: &mut PgConnection, question: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(format!(
        "SELECT asked.value::text AS value FROM ({question}) AS asked (value)"
    ))
    .load(connection)
    .unwrap();
    rows.into_iter().map(|row| row.value).collect()
}
