//! Partitions by month: made ahead of time, and dropped when what they hold need not be kept any longer.

use crate::error::{Error, Result};
use crate::store::migrations::one_at_a_time;
use crate::store::pool::Db;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

/// A table that is partitioned by month.
#[derive(Debug, Clone, Copy)]
pub struct Partitioned {
    /// The table.
    pub table: &'static str,
    /// Days for which its rows are kept; `None`: for ever.
    pub kept_days: Option<u64>,
}

/// Days for which the change feed can be read again.
pub const FEED_DAYS: u64 = 30;

/// Every partitioned table.
pub const ALL: [Partitioned; 3] = [
    Partitioned {
        table: "feed",
        kept_days: Some(FEED_DAYS),
    },
    Partitioned {
        table: "activities",
        kept_days: None,
    },
    Partitioned {
        table: "submissions",
        kept_days: None,
    },
];

/// Months made ahead.
const AHEAD: u32 = 3;

/// Makes the partitions from the month before `now` to three months after it; the answer is how many were missing.
///
/// Processes that start together do not get into each other's way.
pub fn ensure(db: &Db, now: DateTime<Utc>) -> Result<usize> {
    let mut connection = db.owner()?;
    let mut made = 0;
    for partitioned in ALL {
        for month in months(now) {
            let name = partition_name(partitioned.table, month);
            if exists(&mut connection, &name)? {
                continue;
            }
            let is_new = connection.transaction::<_, Error, _>(|connection| {
                one_at_a_time(connection)?;
                if exists(connection, &name)? {
                    return Ok(false);
                }
                create(connection, partitioned.table, &name, month)?;
                Ok(true)
            })?;
            made += usize::from(is_new);
        }
    }
    Ok(made)
}

/// Names of the partitions that [`ensure`] would make.
pub fn missing(db: &Db, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut connection = db.owner()?;
    let mut missing = Vec::new();
    for partitioned in ALL {
        for month in months(now) {
            let name = partition_name(partitioned.table, month);
            if !exists(&mut connection, &name)? {
                missing.push(name);
            }
        }
    }
    Ok(missing)
}

/// Drops partitions of which every row is older than it has to be kept; the answer is their names.
pub fn drop_expired(db: &Db, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut connection = db.owner()?;
    let mut dropped = Vec::new();
    for partitioned in ALL {
        let Some(days) = partitioned.kept_days else {
            continue;
        };
        let Some(oldest_kept) = now.date_naive().checked_sub_days(Days::new(days)) else {
            continue;
        };
        let newest_expired = partition_name(partitioned.table, first_of_month(oldest_kept));
        for name in list(&mut connection, partitioned.table)? {
            // Names carry year and month, so their order is that of time.
            if name < newest_expired {
                connection.batch_execute(&format!("DROP TABLE {name}"))?;
                dropped.push(name);
            }
        }
    }
    Ok(dropped)
}

fn months(now: DateTime<Utc>) -> impl Iterator<Item = NaiveDate> {
    let this = first_of_month(now.date_naive());
    let before = this.checked_sub_months(Months::new(1));
    before
        .into_iter()
        .chain((0..=AHEAD).filter_map(move |ahead| this.checked_add_months(Months::new(ahead))))
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn partition_name(table: &str, month: NaiveDate) -> String {
    format!("{table}_{}", month.format("%Y_%m"))
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Reads the catalog's table: `to_regclass` may answer from a cache that has not heard yet of what another process made.
fn exists(connection: &mut PgConnection, name: &str) -> Result<bool> {
    let row: Exists = diesel::sql_query(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relname = $1 AND pg_table_is_visible(oid)) AS yes",
    )
    .bind::<Text, _>(name)
    .get_result(connection)?;
    Ok(row.yes)
}

fn list(connection: &mut PgConnection, table: &str) -> Result<Vec<String>> {
    let rows: Vec<Name> = diesel::sql_query(
        "SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass($1) ORDER BY 1",
    )
    .bind::<Text, _>(table)
    .load(connection)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// A partition has no grants, so it is reached through its table only; it carries the policy all the same.
fn create(connection: &mut PgConnection, table: &str, name: &str, month: NaiveDate) -> Result<()> {
    let next = month.checked_add_months(Months::new(1)).unwrap_or(month);
    let tenant = "workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid";
    for statement in [
        format!(
            "CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ('{month}T00:00:00Z') TO ('{next}T00:00:00Z')"
        ),
        format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"),
        format!(
            "CREATE POLICY tenant ON {name} TO baton_app USING ({tenant}) WITH CHECK ({tenant})"
        ),
        format!(
            "ALTER TABLE {name} SET (autovacuum_vacuum_insert_threshold = 100000, autovacuum_analyze_scale_factor = 0.5)"
        ),
    ] {
        connection.batch_execute(&statement)?;
    }
    for column in list_unanalyzed(connection, table)? {
        connection.batch_execute(&format!(
            "ALTER TABLE {name} ALTER COLUMN \"{column}\" SET STATISTICS 0"
        ))?;
    }
    Ok(())
}

/// Columns of which no statistics are wanted; a partition does not have that from its table.
fn list_unanalyzed(connection: &mut PgConnection, table: &str) -> Result<Vec<String>> {
    let rows: Vec<Name> = diesel::sql_query(
        "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped \
           AND attstattarget = 0 ORDER BY attnum",
    )
    .bind::<Text, _>(table)
    .load(connection)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_reach_from_the_month_before_to_three_months_after() {
        let now = "2026-12-31T23:59:59Z".parse().unwrap();
        let names: Vec<String> = months(now)
            .map(|month| partition_name("feed", month))
            .collect();
        assert_eq!(
            names,
            [
                "feed_2026_11",
                "feed_2026_12",
                "feed_2027_01",
                "feed_2027_02",
                "feed_2027_03"
            ]
        );
    }
}
