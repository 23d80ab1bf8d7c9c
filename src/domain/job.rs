//! Jobs: work over many leads, done in batches beside everything else, with progress and a result for each lead.
//!
//! A job walks its leads in the order of their ids and remembers the last one that is done. That memory moves on in the
//! transaction of the effects, so each lead is done exactly once, whatever is killed meanwhile.

use crate::domain::event::{Actor, Cause, Provenance};
use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most leads that a request names one by one.
pub const MAX_IDS: usize = 10_000;
/// Most jobs of a workspace that wait or run.
pub const MAX_OPEN: i64 = 20;
/// Days for which a job and its results are kept after its end.
pub const KEPT_DAYS: i64 = 30;
/// Batches that may fail as a whole, one after the other, before the job does.
pub const MAX_ATTEMPTS: i32 = 5;

/// Digits of a second that the database keeps: what is answered at once is what is read later.
const DATABASE_DIGITS: u16 = 6;

/// What kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// One and the same change of many leads.
    Bulk,
    /// A scan of all leads for those that may be one person.
    DedupeScan,
    /// A merge of every pair that is probable enough.
    MergeAll,
    /// All leads are qualified and scored anew.
    Rescore,
    /// Rule documents are tried on the leads of a time.
    Simulation,
}

impl JobKind {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            JobKind::Bulk => "bulk",
            JobKind::DedupeScan => "dedupe_scan",
            JobKind::MergeAll => "merge_all",
            JobKind::Rescore => "rescore",
            JobKind::Simulation => "simulation",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<JobKind> {
        let all = [
            JobKind::Bulk,
            JobKind::DedupeScan,
            JobKind::MergeAll,
            JobKind::Rescore,
            JobKind::Simulation,
        ];
        all.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its first turn.
    Queued,
    /// It has begun.
    Running,
    /// Every lead is done; some may have failed.
    Done,
    /// Somebody stopped it. What was done stays done.
    Cancelled,
    /// It could not go on; `problem` says why. What was done stays done.
    Failed,
}

impl JobState {
    /// Every state.
    pub const ALL: [JobState; 5] = [
        JobState::Queued,
        JobState::Running,
        JobState::Done,
        JobState::Cancelled,
        JobState::Failed,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Cancelled => "cancelled",
            JobState::Failed => "failed",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<JobState> {
        JobState::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
    }

    /// Whether there is nothing more to do.
    pub fn is_final(self) -> bool {
        !matches!(self, JobState::Queued | JobState::Running)
    }
}

/// What became of one lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is changed.
    Changed,
    /// It was that way already.
    Unchanged,
    /// It could not be changed; `problem` says why.
    Failed,
    /// It is not there, or not for who asked.
    Skipped,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 4] = [
        Outcome::Changed,
        Outcome::Unchanged,
        Outcome::Failed,
        Outcome::Skipped,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Changed => "changed",
            Outcome::Unchanged => "unchanged",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        }
    }

    /// The outcome of that name.
    pub fn from_name(name: &str) -> Option<Outcome> {
        Outcome::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }
}

/// What became of a lead, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Which lead.
    pub lead_id: Uuid,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it failed, as the single operation would have answered.
    pub problem: Option<Value>,
}

/// How many leads came to which end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Changed.
    pub changed: i64,
    /// As they were.
    pub unchanged: i64,
    /// Not to be changed.
    pub failed: i64,
    /// Not there.
    pub skipped: i64,
}

impl Counts {
    /// Counts what became of leads.
    pub fn of(items: &[Item]) -> Counts {
        let mut counts = Counts::default();
        for item in items {
            match item.outcome {
                Outcome::Changed => counts.changed += 1,
                Outcome::Unchanged => counts.unchanged += 1,
                Outcome::Failed => counts.failed += 1,
                Outcome::Skipped => counts.skipped += 1,
            }
        }
        counts
    }

    /// All that are done, whichever way.
    pub fn done(self) -> i64 {
        self.changed + self.unchanged + self.failed + self.skipped
    }
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// A UUIDv7 of `created_at`. Leads with a greater id came later and are not of the job.
    pub id: Uuid,
    /// What kind of work.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// What is to be done with which leads, by kind; without leads that were named one by one.
    pub params: Value,
    /// Who asked for it.
    pub actor: Actor,
    /// The system through which they asked.
    pub origin: Option<String>,
    /// Leads to be done; `None` until they are counted, and where counting takes too long.
    pub total: Option<i64>,
    /// Leads that are done.
    pub counts: Counts,
    /// The last lead that is done.
    pub reached: Option<Uuid>,
    /// Batches that failed as a whole, one after the other.
    pub attempts: i32,
    /// Why it failed.
    pub problem: Option<Value>,
    /// Counts every change, from 1.
    pub version: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last went on.
    pub updated_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What it has found so far, for kinds that find something out.
    pub report: Option<Value>,
}

impl Job {
    /// A job that waits for its first turn.
    pub fn new(
        id: Uuid,
        kind: JobKind,
        params: Value,
        by: &Provenance,
        total: Option<i64>,
        now: DateTime<Utc>,
    ) -> Job {
        let now = now.trunc_subsecs(DATABASE_DIGITS);
        Job {
            id,
            kind,
            state: JobState::Queued,
            params,
            actor: by.actor.clone(),
            origin: by.origin.clone(),
            total,
            counts: Counts::default(),
            reached: None,
            attempts: 0,
            problem: None,
            version: 1,
            created_at: now,
            updated_at: now,
            started_at: None,
            finished_at: None,
            report: None,
        }
    }

    /// Who, why and through what, for the changes the job makes.
    pub fn provenance(&self) -> Provenance {
        Provenance {
            actor: self.actor.clone(),
            cause: Cause::job(self.id),
            origin: self.origin.clone(),
        }
    }

    /// How far it is: whole percent, rounded down; `None` where the total is not known.
    pub fn percent(&self) -> Option<i64> {
        if self.state == JobState::Done {
            return Some(100);
        }
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.counts.done() * 100 / total).min(100))
    }

    /// Leads a second, from its beginning to its last step, also while others had their turn.
    #[allow(
        clippy::cast_precision_loss,
        reason = "far fewer than 2^52 leads and milliseconds"
    )]
    pub fn rate(&self) -> Option<f64> {
        let took = self.updated_at - self.started_at?;
        let seconds = took.num_milliseconds() as f64 / 1000.0;
        let done = self.counts.done();
        (seconds > 0.0 && done > 0).then(|| (done as f64 / seconds * 10.0).round() / 10.0)
    }

    /// When it will have ended if it goes on like this; `None` unless it runs and its total is known.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "far fewer than 2^52 leads"
    )]
    pub fn estimated_end_at(&self) -> Option<DateTime<Utc>> {
        if self.state != JobState::Running {
            return None;
        }
        let left = (self.total? - self.counts.done()).max(0) as f64;
        let milliseconds = left / self.rate().filter(|rate| *rate > 0.0)? * 1000.0;
        self.updated_at
            .checked_add_signed(chrono::Duration::try_milliseconds(milliseconds as i64)?)
    }
}

/// A job that waits for a turn or has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenJob {
    /// Whose.
    pub workspace_id: Uuid,
    /// Which.
    pub id: Uuid,
    /// Nobody else takes it before; its last turn ended then. `None`: it had none yet.
    pub claimed_until: Option<DateTime<Utc>>,
    /// Who has it.
    pub claimed_by: Option<Uuid>,
}

/// Whose turn it is: the workspace that has waited longest, and of its jobs the one that has. So neither a long job nor
/// a workspace with many keeps others waiting for more than their share.
pub fn next_turn(open: &[OpenJob], holder: Uuid, now: DateTime<Utc>) -> Option<&OpenJob> {
    let mut last_turn: HashMap<Uuid, Option<DateTime<Utc>>> = HashMap::new();
    for job in open {
        let last = last_turn.entry(job.workspace_id).or_default();
        *last = (*last).max(job.claimed_until);
    }
    let is_free = |job: &&OpenJob| {
        job.claimed_by == Some(holder) || job.claimed_until.is_none_or(|until| until <= now)
    };
    open.iter().filter(is_free).min_by_key(|job| {
        (
            last_turn.get(&job.workspace_id).copied().flatten(),
            job.claimed_until,
            job.id,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;
    use serde_json::json;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn running(total: Option<i64>, done: i64, seconds: i64) -> Job {
        let by = Provenance {
            actor: Actor::system(),
            cause: Cause::request("r"),
            origin: None,
        };
        let mut job = Job::new(
            Uuid::from_u128(1),
            JobKind::Bulk,
            json!({}),
            &by,
            total,
            at(0),
        );
        job.state = JobState::Running;
        job.started_at = Some(at(0));
        job.updated_at = at(seconds);
        job.counts.changed = done;
        job
    }

    #[test]
    fn progress_says_how_far_how_fast_and_until_when() {
        let job = running(Some(1000), 250, 5);
        assert_eq!((job.percent(), job.rate()), (Some(25), Some(50.0)));
        assert_eq!(job.estimated_end_at(), Some(at(5) + Duration::seconds(15)));
        let begun = running(Some(1000), 0, 0);
        assert_eq!(
            (begun.percent(), begun.rate(), begun.estimated_end_at()),
            (Some(0), None, None)
        );
        let uncounted = running(None, 10, 1);
        assert_eq!(
            (uncounted.percent(), uncounted.estimated_end_at()),
            (None, None)
        );
    }

    #[test]
    fn more_done_than_counted_is_no_more_than_all() {
        let job = running(Some(10), 12, 1);
        assert_eq!(
            (job.percent(), job.estimated_end_at()),
            (Some(100), Some(at(1)))
        );
    }

    fn open(workspace: u128, id: u128, until: Option<i64>, by: Option<u128>) -> OpenJob {
        OpenJob {
            workspace_id: Uuid::from_u128(workspace),
            id: Uuid::from_u128(id),
            claimed_until: until.map(at),
            claimed_by: by.map(Uuid::from_u128),
        }
    }

    fn turns(open: &[OpenJob]) -> Option<u128> {
        next_turn(open, Uuid::from_u128(7), at(100)).map(|job| job.id.as_u128())
    }

    #[test]
    fn a_workspace_with_many_jobs_has_no_more_turns_than_one_with_one() {
        let jobs = [
            open(1, 11, Some(90), None),
            open(1, 12, None, None),
            open(2, 21, Some(80), None),
        ];
        assert_eq!(turns(&jobs), Some(21));
        assert_eq!(turns(&jobs[..2]), Some(12));
    }

    #[test]
    fn what_another_holds_is_left_to_them_until_their_time_is_over() {
        assert_eq!(turns(&[open(1, 11, Some(101), Some(8))]), None);
        assert_eq!(turns(&[open(1, 11, Some(100), Some(8))]), Some(11));
        assert_eq!(turns(&[open(1, 11, Some(130), Some(7))]), Some(11));
        assert_eq!(turns(&[]), None);
    }
}
