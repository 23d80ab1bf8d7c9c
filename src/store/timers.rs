//! What is to be done about leads at a moment that was known before.

use crate::error::Result;
use crate::store::pool::Db;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Timestamptz, Uuid as SqlUuid};
use std::time::Duration;
use uuid::Uuid;

/// The tables in which moments stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// A clock has something to do.
    Clock,
    /// A score changes by itself, or is stale.
    Score,
    /// An assignment is to be looked at.
    Assignment,
}

impl Timer {
    /// Every timer.
    pub const ALL: [Timer; 3] = [Timer::Clock, Timer::Score, Timer::Assignment];

    /// What it is called in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Timer::Clock => "clock",
            Timer::Score => "score",
            Timer::Assignment => "assignment",
        }
    }

    fn place(self) -> (&'static str, &'static str) {
        match self {
            Timer::Clock => ("sla_clocks", "next_fire_at"),
            Timer::Score => ("lead_scores", "next_change_at"),
            Timer::Assignment => ("assignments", "next_look_at"),
        }
    }
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlUuid)]
    workspace_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    lead_id: Uuid,
}

/// How far the database's clock is ahead of the machine's. It alone says what is due, so that one machine whose clock is wrong
/// fires nothing early or late.
pub fn skew(db: &Db, machine: impl Fn() -> DateTime<Utc>) -> Result<TimeDelta> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Timestamptz)]
        now: DateTime<Utc>,
    }
    db.across_workspaces(|connection| {
        let before = machine();
        let row: Row =
            diesel::sql_query("SELECT clock_timestamp() AS now").get_result(connection)?;
        let between = before + (machine() - before) / 2;
        Ok(row.now - between)
    })
}

/// For how long what is longest overdue has been waiting; zero when nothing is.
pub fn lag(db: &Db, timer: Timer, now: DateTime<Utc>) -> Result<Duration> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Timestamptz>)]
        first: Option<DateTime<Utc>>,
    }
    let (table, moment) = timer.place();
    let sql = format!(
        "SELECT min(c.at) AS first FROM feed_positions f, LATERAL \
           (SELECT t.{moment} AS at FROM {table} t WHERE t.workspace_id = f.workspace_id AND t.{moment} IS NOT NULL \
            ORDER BY t.{moment} LIMIT 1) c"
    );
    let row: Row =
        db.across_workspaces(|connection| Ok(diesel::sql_query(sql).get_result(connection)?))?;
    let waits = row.first.and_then(|first| (now - first).to_std().ok());
    Ok(waits.unwrap_or_default())
}

/// Leads of any workspace that are due by `now`, each with its workspace, the longest overdue first. A workspace that has
/// never published an event has none.
pub fn list_due(
    db: &Db,
    timer: Timer,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid)>> {
    let (table, moment) = timer.place();
    let sql = format!(
        "SELECT f.workspace_id, c.lead_id FROM feed_positions f, LATERAL \
           (SELECT t.lead_id, t.{moment} AS at FROM {table} t WHERE t.workspace_id = f.workspace_id AND t.{moment} <= $1 \
            ORDER BY t.{moment} LIMIT $2) c \
         ORDER BY c.at LIMIT $2"
    );
    db.across_workspaces(|connection| {
        let rows: Vec<Due> = diesel::sql_query(sql)
            .bind::<Timestamptz, _>(now)
            .bind::<BigInt, _>(limit)
            .load(connection)?;
        let each = rows.into_iter();
        Ok(each.map(|due| (due.workspace_id, due.lead_id)).collect())
    })
}
