//! Tables that have outgrown what PostgreSQL knows of them, in a database that is new.
//!
//! A connection plans a statement when it is first run, and keeps the plan until the table is analyzed. On an empty table all
//! indexes cost the same, so that the plan may go by one that is of no use later: looking up leads alike took a capture five
//! times as long after ten thousand others. Autovacuum looks once a minute as PostgreSQL comes, which is late for that.

use crate::error::Result;
use crate::store::pool::Db;
use crate::store::statement::statement;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// Rows from which on it matters how a table is read.
const MANY: i64 = 500;
/// Rows for so many that are known, from which on a table is analyzed.
const TIMES: i64 = 8;
/// Known rows from which on a table is left to autovacuum.
const GROWN: i64 = 10_000;

statement! {
    Find { many: i64 => BigInt, times: i64 => BigInt, grown: i64 => BigInt }
    "SELECT format('%I.%I', s.schemaname, s.relname) FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid \
     WHERE s.schemaname = current_schema() AND s.n_live_tup >= ? AND s.n_live_tup >= ? * c.reltuples AND c.reltuples < ? \
     ORDER BY s.n_live_tup DESC",
    returns Text
}

/// Analyzes those tables; the answer is which. Any role may look, only their owner analyzes, so that a connection of its own is
/// made when there are some.
pub fn analyze(db: &Db) -> Result<Vec<String>> {
    let find = Find {
        many: &MANY,
        times: &TIMES,
        grown: &GROWN,
    };
    let young: Vec<String> = db.outside_workspaces(|connection| Ok(find.load(connection)?))?;
    if !young.is_empty() {
        let mut owner = db.owner()?;
        for table in &young {
            owner.batch_execute(&format!("ANALYZE (SKIP_LOCKED) {table}"))?;
        }
    }
    Ok(young)
}
