//! What the server tells about itself, for `baton doctor`.

use crate::error::Result;
use crate::store::pool::Db;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text, Timestamptz};

/// The server's version, such as 170_004 for 17.4.
pub fn version(db: &Db) -> Result<i32> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        version: i32,
    }
    let row: Row =
        diesel::sql_query("SELECT current_setting('server_version_num')::int AS version")
            .get_result(&mut db.owner()?)?;
    Ok(row.version)
}

/// A setting of the server.
#[derive(Debug, Clone, QueryableByName)]
pub struct Setting {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What it is set to.
    #[diesel(sql_type = Text)]
    pub value: String,
}

/// The settings that decide whether what was committed is kept.
pub fn durability(db: &Db) -> Result<Vec<Setting>> {
    let found = diesel::sql_query(
        "SELECT name::text, setting::text AS value FROM pg_settings \
         WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums') ORDER BY name",
    );
    Ok(found.load(&mut db.owner()?)?)
}

/// The server's clock.
pub fn clock(db: &Db) -> Result<DateTime<Utc>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Timestamptz)]
        now: DateTime<Utc>,
    }
    db.outside_workspaces(|connection| {
        // The first question may open the connection; its answer would be late.
        let ask = || diesel::sql_query("SELECT clock_timestamp() AS now");
        ask().get_result::<Row>(connection)?;
        Ok(ask().get_result::<Row>(connection)?.now)
    })
}

/// Connections of all programs, and the most that the server takes.
pub fn connections(db: &Db) -> Result<(i64, i64)> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        open: i64,
        #[diesel(sql_type = BigInt)]
        most: i64,
    }
    let row: Row = diesel::sql_query(
        "SELECT coalesce(sum(numbackends), 0)::bigint AS open, \
         current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint AS most \
         FROM pg_stat_database",
    )
    .get_result(&mut db.owner()?)?;
    Ok((row.open, row.most))
}

/// Age of the oldest open transaction, in seconds. Each role is asked, since none sees those of the others.
pub fn oldest_transaction_seconds(db: &Db) -> Result<f64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Double>)]
        seconds: Option<f64>,
    }
    let ask = |connection: &mut PgConnection| {
        let row: Row = diesel::sql_query(
            "SELECT extract(epoch FROM clock_timestamp() - min(xact_start))::float8 AS seconds \
             FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()",
        )
        .get_result(connection)?;
        Ok(row.seconds.unwrap_or_default())
    };
    let of_owner = ask(&mut db.owner()?)?;
    let of_requests = db.outside_workspaces(ask)?;
    let of_workers = db.across_workspaces(ask)?;
    Ok(of_owner.max(of_requests).max(of_workers))
}
