//! Jobs.
//!
//! A process claims a job for a while, in two steps that Citus takes as well: it looks for open jobs across workspaces,
//! then locks one within its workspace. All times of claims are of the database's clock, which all processes share.

use crate::domain::event::Actor;
use crate::domain::job::{Counts, Job, JobKind, JobState, OpenJob};
use crate::error::{Error, Result};
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::jobs;
use chrono::{DateTime, Duration, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Timestamptz, Uuid as SqlUuid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// Everything of a job but the leads that were named one by one, which are many.
#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs, check_for_backend(diesel::pg::Pg))]
struct JobRow {
    id: Uuid,
    kind: String,
    state: String,
    params: Value,
    actor_type: String,
    actor_id: Option<Uuid>,
    origin: Option<String>,
    total: Option<i64>,
    changed: i64,
    unchanged: i64,
    failed: i64,
    skipped: i64,
    reached: Option<Uuid>,
    attempts: i32,
    problem: Option<Value>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    report: Option<Value>,
}

impl TryFrom<JobRow> for Job {
    type Error = Error;

    fn try_from(row: JobRow) -> Result<Job> {
        let kind = JobKind::from_name(&row.kind);
        let state = JobState::from_name(&row.state);
        Ok(Job {
            id: row.id,
            kind: kind.ok_or_else(|| Error::internal("a job of an unknown kind"))?,
            state: state.ok_or_else(|| Error::internal("a job in an unknown state"))?,
            params: row.params,
            actor: Actor {
                kind: row.actor_type,
                id: row.actor_id,
            },
            origin: row.origin,
            total: row.total,
            counts: Counts {
                changed: row.changed,
                unchanged: row.unchanged,
                failed: row.failed,
                skipped: row.skipped,
            },
            reached: row.reached,
            attempts: row.attempts,
            problem: row.problem,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            report: row.report,
        })
    }
}

/// Adds a job that waits for its first turn; `lead_ids` are its leads, sorted, where they were named one by one.
pub fn insert(conn: &mut TenantConnection, job: &Job, lead_ids: Option<&[Uuid]>) -> Result<()> {
    diesel::insert_into(jobs::table)
        .values((
            (
                jobs::workspace_id.eq(conn.workspace_id()),
                jobs::id.eq(job.id),
                jobs::kind.eq(job.kind.as_str()),
                jobs::state.eq(job.state.as_str()),
                jobs::params.eq(&job.params),
                jobs::lead_ids.eq(lead_ids),
                jobs::actor_type.eq(&job.actor.kind),
                jobs::actor_id.eq(job.actor.id),
                jobs::origin.eq(&job.origin),
                jobs::total.eq(job.total),
            ),
            jobs::changed.eq(job.counts.changed),
            jobs::unchanged.eq(job.counts.unchanged),
            jobs::failed.eq(job.counts.failed),
            jobs::skipped.eq(job.counts.skipped),
            jobs::attempts.eq(job.attempts),
            jobs::version.eq(job.version),
            jobs::created_at.eq(job.created_at),
            jobs::updated_at.eq(job.updated_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Nobody takes a new job before a time has passed.
pub fn put_off(conn: &mut TenantConnection, id: Uuid, time: Duration) -> Result<()> {
    let now: DateTime<Utc> = diesel::select(sql::<Timestamptz>("now()")).get_result(conn.pg())?;
    diesel::update(jobs::table)
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .set(jobs::claimed_until.eq(now + time))
        .execute(conn.pg())?;
    Ok(())
}

/// How many jobs of the workspace wait or run.
pub fn count_open(conn: &mut TenantConnection) -> Result<i64> {
    Ok(jobs::table
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::finished_at.is_null())
        .count()
        .get_result(conn.pg())?)
}

/// A job; `of` narrows it to those somebody asked for themselves.
pub fn get(conn: &mut TenantConnection, id: Uuid, of: Option<Uuid>) -> Result<Job> {
    let mut query = jobs::table
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .select(JobRow::as_select())
        .into_boxed();
    if let Some(actor) = of {
        query = query.filter(jobs::actor_id.eq(actor));
    }
    let row: Option<JobRow> = query.first(conn.pg()).optional()?;
    row.ok_or_else(|| Error::not_found("job", id))?.try_into()
}

/// Jobs, newest first, from before one on; `of` narrows them to those somebody asked for themselves.
pub fn list(
    conn: &mut TenantConnection,
    of: Option<Uuid>,
    state: Option<JobState>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Job>> {
    let mut query = jobs::table
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .order(jobs::id.desc())
        .limit(limit)
        .select(JobRow::as_select())
        .into_boxed();
    if let Some(actor) = of {
        query = query.filter(jobs::actor_id.eq(actor));
    }
    if let Some(state) = state {
        query = query.filter(jobs::state.eq(state.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(jobs::id.lt(before));
    }
    let rows: Vec<JobRow> = query.load(conn.pg())?;
    rows.into_iter().map(Job::try_from).collect()
}

/// A job, locked until the end of the transaction: it waits for the batch that is running.
pub fn lock(conn: &mut TenantConnection, id: Uuid, of: Option<Uuid>) -> Result<Job> {
    get(conn, id, of)?;
    let row: JobRow = jobs::table
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .for_update()
        .select(JobRow::as_select())
        .first(conn.pg())?;
    row.try_into()
}

/// What a job has found so far, and what one of its batches hands to the next; nothing of either before the first.
pub fn report<R: DeserializeOwned + Default, M: DeserializeOwned + Default>(
    conn: &mut TenantConnection,
    id: Uuid,
) -> Result<(R, M)> {
    let (report, memory): (Option<Value>, Option<Value>) = jobs::table
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .select((jobs::report, jobs::memory))
        .first(conn.pg())?;
    Ok((read_or_new(report)?, read_or_new(memory)?))
}

fn read_or_new<T: DeserializeOwned + Default>(kept: Option<Value>) -> Result<T> {
    let kept = kept.map(serde_json::from_value).transpose();
    Ok(kept.map_err(Error::internal)?.unwrap_or_default())
}

/// Keeps what a job has found so far, and what its next batch needs.
pub fn set_report(
    conn: &mut TenantConnection,
    id: Uuid,
    report: &impl Serialize,
    memory: &impl Serialize,
) -> Result<()> {
    diesel::update(jobs::table)
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .set((
            jobs::report.eq(serde_json::to_value(report).map_err(Error::internal)?),
            jobs::memory.eq(serde_json::to_value(memory).map_err(Error::internal)?),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Ends a job.
pub fn finish(
    conn: &mut TenantConnection,
    id: Uuid,
    state: JobState,
    problem: Option<&Value>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(jobs::table)
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .filter(jobs::finished_at.is_null())
        .set((
            jobs::state.eq(state.as_str()),
            jobs::problem.eq(problem),
            jobs::version.eq(jobs::version + 1),
            jobs::updated_at.eq(now),
            jobs::finished_at.eq(now),
            jobs::claimed_by.eq(None::<Uuid>),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// The open jobs of all workspaces, and the database's time.
pub fn list_open(db: &Db) -> Result<(Vec<OpenJob>, DateTime<Utc>)> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        workspace_id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        claimed_until: Option<DateTime<Utc>>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        claimed_by: Option<Uuid>,
        #[diesel(sql_type = Timestamptz)]
        now: DateTime<Utc>,
    }
    let rows: Vec<Row> = db.across_workspaces(|connection| {
        let rows = diesel::sql_query(
            "SELECT workspace_id, id, claimed_until, claimed_by, now() AS now FROM jobs \
             WHERE finished_at IS NULL ORDER BY workspace_id, id LIMIT 10000",
        )
        .load(connection)?;
        Ok(rows)
    })?;
    let now = rows.first().map(|row| row.now).unwrap_or_default();
    let open = rows.into_iter().map(|row| OpenJob {
        workspace_id: row.workspace_id,
        id: row.id,
        claimed_until: row.claimed_until,
        claimed_by: row.claimed_by,
    });
    Ok((open.collect(), now))
}

/// A job that was claimed, and its leads, sorted, where they were named one by one.
pub type Claimed = (Job, Option<Vec<Uuid>>);

/// Claims a job for a while; `None` when it has ended or somebody else has it.
pub fn claim(
    conn: &mut TenantConnection,
    id: Uuid,
    holder: Uuid,
    lease: Duration,
    now: DateTime<Utc>,
) -> Result<Option<Claimed>> {
    type Found = (Option<Uuid>, Option<DateTime<Utc>>, DateTime<Utc>);
    let found: Option<Found> = jobs::table
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .filter(jobs::finished_at.is_null())
        .for_update()
        .skip_locked()
        .select((
            jobs::claimed_by,
            jobs::claimed_until,
            sql::<Timestamptz>("now()"),
        ))
        .first(conn.pg())
        .optional()?;
    let Some((claimed_by, claimed_until, database_now)) = found else {
        return Ok(None);
    };
    if claimed_by != Some(holder) && claimed_until.is_some_and(|until| until > database_now) {
        return Ok(None);
    }
    let before = get(conn, id, None)?;
    let started_at = before.started_at.unwrap_or(now);
    diesel::update(jobs::table)
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .set((
            jobs::state.eq(JobState::Running.as_str()),
            jobs::started_at.eq(started_at),
            jobs::version.eq(jobs::version + i64::from(before.started_at.is_none())),
            jobs::claimed_by.eq(holder),
            jobs::claimed_until.eq(database_now + lease),
        ))
        .execute(conn.pg())?;
    let lead_ids: Option<Vec<Uuid>> = jobs::table
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .select(jobs::lead_ids)
        .first(conn.pg())?;
    Ok(Some((get(conn, id, None)?, lead_ids)))
}

/// What a batch has to know of its job.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// The last lead that is done.
    pub reached: Option<Uuid>,
    /// The database's time.
    pub now: DateTime<Utc>,
}

/// Locks a job until the end of the transaction; `None` when it has ended or is no longer the holder's.
pub fn hold(conn: &mut TenantConnection, id: Uuid, holder: Uuid) -> Result<Option<Held>> {
    let found: Option<(Option<Uuid>, DateTime<Utc>)> = jobs::table
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .filter(jobs::finished_at.is_null())
        .filter(jobs::claimed_by.eq(holder))
        .for_update()
        .select((jobs::reached, sql::<Timestamptz>("now()")))
        .first(conn.pg())
        .optional()?;
    Ok(found.map(|(reached, now)| Held { reached, now }))
}

/// Says how many leads there are to be done.
pub fn set_total(conn: &mut TenantConnection, id: Uuid, total: i64) -> Result<()> {
    diesel::update(jobs::table)
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .set((jobs::total.eq(total), jobs::version.eq(jobs::version + 1)))
        .execute(conn.pg())?;
    Ok(())
}

/// Moves a job on to `reached`; `until` is how long it stays the holder's.
pub fn advance(
    conn: &mut TenantConnection,
    id: Uuid,
    reached: Uuid,
    done: Counts,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(jobs::table)
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .set((
            jobs::reached.eq(reached),
            jobs::changed.eq(jobs::changed + done.changed),
            jobs::unchanged.eq(jobs::unchanged + done.unchanged),
            jobs::failed.eq(jobs::failed + done.failed),
            jobs::skipped.eq(jobs::skipped + done.skipped),
            jobs::attempts.eq(0),
            jobs::version.eq(jobs::version + 1),
            jobs::updated_at.eq(now),
            jobs::claimed_until.eq(until),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Gives a job back after a turn, with what its attempts stand at; nobody takes it for `pause`.
pub fn release(
    conn: &mut TenantConnection,
    id: Uuid,
    holder: Uuid,
    attempts: i32,
    pause: Duration,
) -> Result<()> {
    let Some(held) = hold(conn, id, holder)? else {
        return Ok(());
    };
    diesel::update(jobs::table)
        .filter(jobs::workspace_id.eq(conn.workspace_id()))
        .filter(jobs::id.eq(id))
        .set((
            jobs::claimed_by.eq(None::<Uuid>),
            jobs::claimed_until.eq(held.now + pause),
            jobs::attempts.eq(attempts),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Forgets up to `limit` jobs that ended before a moment and of which no result is left; the answer is how many. Asks as
/// the owner of the tables, for all workspaces.
pub fn forget_ended(db: &Db, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    Ok(diesel::sql_query(
        "DELETE FROM jobs j USING (SELECT o.workspace_id, o.id FROM jobs o WHERE o.finished_at < $1 AND NOT EXISTS \
           (SELECT FROM job_items i WHERE i.workspace_id = o.workspace_id AND i.job_id = o.id) LIMIT $2) old \
         WHERE j.workspace_id = old.workspace_id AND j.id = old.id",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(limit)
    .execute(&mut db.owner()?)?)
}
