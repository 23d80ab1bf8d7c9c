//! Connections: one function opens a tenant transaction, and nothing else hands out a connection to tenant data.

use crate::error::{Error, Result};
use crate::store::failure;
use crate::store::turns_ahead::{Ending, TurnsAhead};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use uuid::Uuid;

type Pool = r2d2::Pool<ConnectionManager<PgConnection>>;

/// Where the database is, for each of its roles.
#[derive(Debug, Clone)]
pub struct Urls {
    /// Migrations and partitions: the owner of the tables.
    pub owner: String,
    /// Requests: `baton_app`, or a user that may become it.
    pub app: String,
    /// Work across workspaces: `baton_worker`, or a user that may become it.
    pub worker: String,
}

/// The role that owns nothing and sees one workspace at a time.
pub const APP_ROLE: &str = "baton_app";
/// The role that sees what is due in all workspaces, in the few tables meant for it.
pub const WORKER_ROLE: &str = "baton_worker";

/// How often a transaction is run that loses against others.
const TRIES: usize = 5;

/// How many connections, and how long one may wait.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// Connections for requests.
    pub connections: u32,
    /// Longest wait for a connection, and for a new one to be made.
    pub wait: Duration,
    /// Longest time of one statement.
    pub statement: Duration,
}

/// The database, as the service sees it.
#[derive(Clone)]
pub struct Db {
    app: Pool,
    worker: Pool,
    urls: Urls,
    is_distributed: Arc<AtomicBool>,
    turns_ahead: Arc<TurnsAhead>,
}

/// A connection in a transaction of one workspace.
pub struct TenantConnection<'a> {
    connection: &'a mut PgConnection,
    workspace_id: Uuid,
    is_distributed: bool,
    turns_ahead: &'a Arc<TurnsAhead>,
    ending: &'a Arc<Ending>,
}

impl TenantConnection<'_> {
    /// The workspace of the transaction.
    pub fn workspace_id(&self) -> Uuid {
        self.workspace_id
    }

    /// Runs `work` so that, when it fails, only what it did itself is taken back, and the transaction can go on.
    pub fn apart<T>(&mut self, work: impl FnOnce(&mut TenantConnection) -> Result<T>) -> Result<T> {
        let (workspace_id, is_distributed) = (self.workspace_id, self.is_distributed);
        let (turns_ahead, ending) = (self.turns_ahead, self.ending);
        self.connection.transaction(|connection| {
            work(&mut TenantConnection {
                connection,
                workspace_id,
                is_distributed,
                turns_ahead,
                ending,
            })
        })
    }

    /// Runs `work` in a workspace that is being made, within the same transaction: what is done in both counts together.
    pub fn in_new_workspace<T>(
        &mut self,
        workspace_id: Uuid,
        work: impl FnOnce(&mut TenantConnection) -> Result<T>,
    ) -> Result<T> {
        let set = |id: Uuid| format!("SET LOCAL baton.workspace_id = '{id}'");
        self.connection.batch_execute(&set(workspace_id))?;
        let done = work(&mut TenantConnection {
            connection: self.connection,
            workspace_id,
            is_distributed: self.is_distributed,
            turns_ahead: self.turns_ahead,
            ending: self.ending,
        })?;
        self.connection.batch_execute(&set(self.workspace_id))?;
        Ok(done)
    }

    /// Whether Citus spreads the tables over several servers, which takes some statements only in parts.
    pub(in crate::store) fn is_distributed(&self) -> bool {
        self.is_distributed
    }

    /// What is known of turns that are not committed yet.
    pub(in crate::store) fn turns_ahead(&self) -> &Arc<TurnsAhead> {
        self.turns_ahead
    }

    /// How the transaction will end.
    pub(in crate::store) fn ending(&self) -> &Arc<Ending> {
        self.ending
    }

    /// The connection, for the store's own statements.
    pub(in crate::store) fn pg(&mut self) -> &mut PgConnection {
        self.connection
    }
}

/// What becomes of a transaction that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It counts.
    Commit,
    /// It was only to see what would happen.
    Rollback,
}

impl Db {
    /// Opens the pools; connections are made when they are first needed.
    pub fn open(urls: Urls, settings: PoolSettings) -> Db {
        let is_distributed = Arc::new(AtomicBool::new(false));
        let connections = settings.connections;
        Db {
            app: pool(&urls.app, APP_ROLE, connections, settings, &is_distributed),
            worker: pool(&urls.worker, WORKER_ROLE, 2, settings, &is_distributed),
            urls,
            is_distributed,
            turns_ahead: Arc::default(),
        }
    }

    /// Runs `work` in a transaction that sees one workspace only; again when it loses against another transaction.
    pub fn in_workspace<T>(
        &self,
        workspace_id: Uuid,
        mut work: impl FnMut(&mut TenantConnection) -> Result<T>,
    ) -> Result<T> {
        self.in_workspace_until(workspace_id, |connection| {
            Ok((work(connection)?, End::Commit))
        })
    }

    /// As [`in_workspace`](Self::in_workspace); `work` says how the transaction ends.
    pub fn in_workspace_until<T>(
        &self,
        workspace_id: Uuid,
        mut work: impl FnMut(&mut TenantConnection) -> Result<(T, End)>,
    ) -> Result<T> {
        for _ in 0..TRIES {
            match self.try_in_workspace(workspace_id, &mut work) {
                Err(error) if failure::lost_a_race(&error) => {
                    log::debug!("A transaction lost against another and is run again: {error}");
                }
                done => return done,
            }
        }
        Err(Error::Overloaded)
    }

    fn try_in_workspace<T>(
        &self,
        workspace_id: Uuid,
        work: impl FnOnce(&mut TenantConnection) -> Result<(T, End)>,
    ) -> Result<T> {
        let mut connection = self.begin(&self.app, Some(workspace_id))?;
        let mut end = Unfinished {
            turns_ahead: &self.turns_ahead,
            workspace_id,
            ending: Arc::default(),
            counts: false,
        };
        let done = work(&mut TenantConnection {
            connection: &mut connection,
            workspace_id,
            is_distributed: self.is_distributed.load(Ordering::Relaxed),
            turns_ahead: &self.turns_ahead,
            ending: &end.ending,
        });
        let commits = matches!(done, Ok((_, End::Commit)));
        let done = finish(&mut connection, done);
        end.counts = commits && done.is_ok();
        done
    }

    /// Runs `work` in a transaction of the role that sees what is due in all workspaces.
    pub(in crate::store) fn across_workspaces<T>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> Result<T>,
    ) -> Result<T> {
        let mut connection = self.begin(&self.worker, None)?;
        let done = work(&mut connection).map(|value| (value, End::Commit));
        finish(&mut connection, done)
    }

    /// A new connection as the owner of the tables, for migrations, partitions and retention.
    pub(in crate::store) fn owner(&self) -> Result<PgConnection> {
        Ok(PgConnection::establish(&self.urls.owner)?)
    }

    /// A connection as the role of requests, outside any workspace: it sees no tenant data.
    pub(in crate::store) fn outside_workspaces<T>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> Result<T>,
    ) -> Result<T> {
        work(&mut *self.app.get()?)
    }

    /// Connections for requests: in use, and open in all.
    pub fn usage(&self) -> (u32, u32) {
        let state = self.app.state();
        (
            state.connections - state.idle_connections,
            state.connections,
        )
    }

    /// Whether the database answers.
    pub fn ping(&self) -> Result<()> {
        self.outside_workspaces(|connection| Ok(connection.batch_execute("SELECT 1")?))
    }
}

type Pooled = r2d2::PooledConnection<ConnectionManager<PgConnection>>;

impl Db {
    /// Begins a transaction. A pooled connection whose server has gone is found out here, where trying another one is safe.
    fn begin(&self, pool: &Pool, workspace_id: Option<Uuid>) -> Result<Pooled> {
        let mut last = None;
        for _ in 0..=pool.max_size() {
            let mut connection = pool.get()?;
            match self.begin_on(&mut connection, workspace_id) {
                Ok(()) => return Ok(connection),
                Err(error @ Error::Unavailable(_)) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or(Error::Overloaded))
    }

    /// The workspace is set by a literal, in a message of its own where there is Citus: it forwards only that. Elsewhere
    /// it goes with the beginning, which saves a round trip.
    fn begin_on(&self, connection: &mut PgConnection, workspace_id: Option<Uuid>) -> Result<()> {
        let Some(workspace_id) = workspace_id else {
            return Ok(AnsiTransactionManager::begin_transaction(connection)?);
        };
        let set = format!("SET LOCAL baton.workspace_id = '{workspace_id}'");
        if self.is_distributed.load(Ordering::Relaxed) {
            AnsiTransactionManager::begin_transaction(connection)?;
            return Ok(connection.batch_execute(&set)?);
        }
        let begin = format!("BEGIN; {set}");
        Ok(AnsiTransactionManager::begin_transaction_sql(
            connection, &begin,
        )?)
    }
}

/// A transaction, of which it is told how it ended when this is dropped: so also of one that panics.
struct Unfinished<'a> {
    turns_ahead: &'a TurnsAhead,
    workspace_id: Uuid,
    ending: Arc<Ending>,
    counts: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.turns_ahead
            .end(self.workspace_id, &self.ending, self.counts);
    }
}

fn finish<T>(connection: &mut PgConnection, done: Result<(T, End)>) -> Result<T> {
    match done {
        Ok((value, End::Commit)) => {
            AnsiTransactionManager::commit_transaction(connection)?;
            Ok(value)
        }
        Ok((value, End::Rollback)) => {
            AnsiTransactionManager::rollback_transaction(connection)?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = AnsiTransactionManager::rollback_transaction(connection) {
                log::debug!(
                    "A transaction could not be rolled back, its connection is dropped: {rollback}"
                );
            }
            Err(error)
        }
    }
}

fn pool(
    url: &str,
    role: &'static str,
    connections: u32,
    settings: PoolSettings,
    is_distributed: &Arc<AtomicBool>,
) -> Pool {
    r2d2::Pool::builder()
        .max_size(connections)
        .min_idle(Some(0))
        .test_on_check_out(false)
        .connection_timeout(settings.wait)
        .error_handler(Box::new(r2d2::NopErrorHandler))
        .connection_customizer(Box::new(Become {
            role,
            statement: settings.statement,
            is_distributed: is_distributed.clone(),
        }))
        .build_unchecked(ConnectionManager::<PgConnection>::new(url))
}

/// Statements are planned once a connection, perhaps while a table is empty, and then reading all of it looks cheap: a
/// capture on a new database took four times as long after two thousand others. Only plans that stay good are allowed;
/// every statement of the service has an index to go by.
///
/// A plan is for any workspace. Of one that has come since the tables were analyzed PostgreSQL expects no row: all indexes
/// look alike then, and a lead was found by reading all others of its stage.
const LASTING_PLANS: [&str; 4] = [
    "SET plan_cache_mode = force_generic_plan",
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
];

/// Makes a new connection that of its role, once, and looks whether Citus is there.
#[derive(Debug)]
struct Become {
    role: &'static str,
    statement: Duration,
    is_distributed: Arc<AtomicBool>,
}

diesel::table! {
    pg_extension (oid) {
        oid -> Oid,
        extname -> Text,
    }
}

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Become {
    fn on_acquire(
        &self,
        connection: &mut PgConnection,
    ) -> std::result::Result<(), diesel::r2d2::Error> {
        let role = self.role;
        let milliseconds = self.statement.as_millis();
        for statement in [
            format!("SET ROLE {role}"),
            format!("SET statement_timeout = {milliseconds}"),
            format!("SET lock_timeout = {milliseconds}"),
            "SET TIME ZONE 'UTC'".to_owned(),
        ]
        .into_iter()
        .chain(LASTING_PLANS.map(str::to_owned))
        {
            connection
                .batch_execute(&statement)
                .map_err(diesel::r2d2::Error::QueryError)?;
        }
        let citus = pg_extension::table.filter(pg_extension::extname.eq("citus"));
        let is_distributed = diesel::select(diesel::dsl::exists(citus))
            .get_result(connection)
            .map_err(diesel::r2d2::Error::QueryError)?;
        self.is_distributed.store(is_distributed, Ordering::Relaxed);
        Ok(())
    }
}
