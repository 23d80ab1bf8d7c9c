//! Migrations: applied in order, one statement a message, each migration in a transaction.
//!
//! diesel's own harness sends a file as one message, which Citus refuses for most kinds of DDL; and one statement a
//! message names the statement that failed. The bookkeeping table is diesel's, so that its command line agrees.

use crate::error::{Error, Result};
use crate::store::pool::Db;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

/// A step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The folder's name.
    pub name: &'static str,
    /// SQL that takes the step.
    pub up: &'static str,
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        /// Every migration, in order.
        pub const ALL: &[Migration] = &[$(Migration { name: $name, up: include_str!(concat!("../../migrations/", $name, "/up.sql")) },)*];
    };
}

migrations! {
    "2026-11-21-000001_workspaces",
    "2026-11-21-000002_leads",
    "2026-11-21-000003_intake",
    "2026-11-21-000004_events",
    "2026-11-22-000005_owners_and_history",
    "2026-11-22-000006_people",
    "2026-11-22-000007_custom_fields",
    "2026-11-22-000008_search",
    "2026-11-22-000009_timeline",
    "2026-11-22-000010_jobs",
    "2026-11-26-000011_duplicates",
    "2026-11-26-000014_matching",
    "2026-11-27-000015_merges",
    "2026-11-27-000016_decisions",
    "2026-11-27-000017_scores",
    "2026-11-27-000018_owners",
    "2026-11-27-000019_clocks",
    "2026-11-27-000022_people_zones",
    "2026-11-27-000023_job_reports",
    "2026-11-29-000024_skills",
    "2026-11-29-000025_values_by_lead",
    "2026-11-29-000026_json_as_written",
    "2026-11-30-000027_decision_duration",
    "2026-11-30-000028_walks_end",
    "2026-11-30-000029_index_only",
    "2026-11-30-000030_nobodys",
    "2026-11-30-000031_statistics",
    "2026-11-30-000032_growth",
    "2026-11-30-000033_turns_ahead",
    "2026-11-30-000034_unowned",
    "2026-11-30-000035_clocks_and_accounts",
    "2026-11-30-000036_withdrawals",
    "2026-11-30-000037_zone_moves",
    "2026-11-30-000038_tries",
}

impl Migration {
    /// The version under which diesel keeps it: the name up to the underscore, without hyphens.
    pub fn version(&self) -> String {
        self.name
            .split('_')
            .next()
            .unwrap_or_default()
            .replace('-', "")
    }
}

/// Only one process at a time changes the schema; the number is arbitrary and ours.
const LOCK: i64 = 0x6261_746F_6E00_0001;

/// Waits until no other process changes the schema, and keeps others waiting until the transaction ends.
pub(in crate::store) fn one_at_a_time(connection: &mut PgConnection) -> Result<()> {
    Ok(connection.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})"))?)
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Applies what is missing; the answer is the names of what was applied.
pub fn run(db: &Db) -> Result<Vec<&'static str>> {
    let mut connection = db.owner()?;
    connection.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})"))?;
    connection.batch_execute(
        "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (version varchar(50) PRIMARY KEY NOT NULL, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    )?;
    let missing = missing_on(&mut connection)?;
    for migration in &missing {
        apply(&mut connection, migration)?;
    }
    connection.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
    Ok(missing.iter().map(|migration| migration.name).collect())
}

/// Names of the migrations that are not applied yet.
pub fn missing(db: &Db) -> Result<Vec<&'static str>> {
    let mut connection = db.owner()?;
    let bookkeeping: Exists =
        diesel::sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS yes")
            .get_result(&mut connection)?;
    let missing = if bookkeeping.yes {
        missing_on(&mut connection)?
    } else {
        ALL.to_vec()
    };
    Ok(missing.iter().map(|migration| migration.name).collect())
}

fn missing_on(connection: &mut PgConnection) -> Result<Vec<Migration>> {
    let applied: Vec<Version> =
        diesel::sql_query("SELECT version::text AS version FROM __diesel_schema_migrations")
            .load(connection)?;
    Ok(ALL
        .iter()
        .copied()
        .filter(|migration| {
            !applied
                .iter()
                .any(|done| done.version == migration.version())
        })
        .collect())
}

fn apply(connection: &mut PgConnection, migration: &Migration) -> Result<()> {
    connection.transaction::<_, Error, _>(|connection| {
        for statement in statements(migration.up) {
            connection.batch_execute(statement).map_err(|error| {
                let line = statement
                    .lines()
                    .find(|line| !line.trim_start().starts_with("--"))
                    .unwrap_or_default();
                Error::internal(format!(
                    "migration {} failed at «{line}»: {error}{}",
                    migration.name,
                    remedy(line)
                ))
            })?;
        }
        diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ($1)")
            .bind::<Text, _>(migration.version())
            .execute(connection)?;
        Ok(())
    })
}

/// What helps when a statement fails for a reason that the administrator can do something about.
fn remedy(statement: &str) -> &'static str {
    if statement.starts_with("CREATE EXTENSION") {
        "; Baton needs the extensions pg_trgm and btree_gin, which come with PostgreSQL: install its contrib package \
         (postgresql-contrib on Fedora and Alpine; Debian has it in the server's), and let the database's owner or an administrator \
         run: CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin"
    } else {
        ""
    }
}

/// The statements of an SQL file, without the semicolons between them.
///
/// Knows quotes, dollar quotes and comments, which may contain semicolons.
pub fn statements(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < sql.len() {
        let rest = &sql[at..];
        if rest.starts_with(';') {
            found.push(&sql[start..at]);
            start = at + 1;
        }
        at += token_length(rest);
    }
    found.push(&sql[start..]);
    let is_code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with("--");
    found
        .into_iter()
        .map(str::trim)
        .filter(|statement| statement.lines().any(is_code))
        .collect()
}

/// The length of what stands at the beginning: a quoted text, a comment, or one character.
fn token_length(rest: &str) -> usize {
    let until = |opening: usize, end: &str| {
        rest[opening..]
            .find(end)
            .map_or(rest.len(), |found| opening + found + end.len())
    };
    if rest.starts_with('\'') {
        return until(1, "'");
    }
    if rest.starts_with('"') {
        return until(1, "\"");
    }
    if rest.starts_with("--") {
        return until(2, "\n");
    }
    if rest.starts_with("/*") {
        return until(2, "*/");
    }
    if let Some(tag) = rest.strip_prefix('$') {
        let name: usize = tag
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .map(char::len_utf8)
            .sum();
        if tag[name..].starts_with('$') {
            let opening = &rest[..name + 2];
            return until(opening.len(), opening);
        }
    }
    rest.chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart_and_quotes_kept_whole() {
        let sql = "-- a; b\nSELECT 'x;''y'; /* c;d */ SELECT \"e;f\";\nDO $body$ BEGIN; END; $body$;\n-- only a comment;\n";
        let found = statements(sql);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].ends_with("'x;''y'")
                && found[1].ends_with("\"e;f\"")
                && found[2].ends_with("$body$")
        );
    }

    #[test]
    fn every_folder_of_migrations_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ALL.iter()
                .map(|migration| migration.name.to_owned())
                .collect::<Vec<_>>()
        );
        for name in names {
            assert!(
                std::path::Path::new(folder)
                    .join(name)
                    .join("down.sql")
                    .exists()
            );
        }
    }
}
