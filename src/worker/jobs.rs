//! Runs jobs: claims the one whose turn it is, goes on with it for a while, and gives it back.
//!
//! Any number of processes may run jobs; a job has one holder at a time, and one that is killed loses it to another when
//! its time is over. Between batches it rests, so that captures, which somebody waits for, have the database first.

use crate::api::problem::{Problem, ProblemKind};
use crate::domain::access::Scope;
use crate::domain::flow::bulk::Bulk;
use crate::domain::flow::merge_all::MergeAll;
use crate::domain::flow::rescore_leads::Rescore;
use crate::domain::flow::run_job::{LEASE, Step, Turn, Work};
use crate::domain::flow::scan_duplicates::{IN_MEMORY, Memory, Scan};
use crate::domain::flow::simulate_history::SimulateHistory;
use crate::domain::flow::standing::{self, Standing};
use crate::domain::job::{Job, JobKind, JobState, MAX_ATTEMPTS, OpenJob, next_turn};
use crate::error::{Error, Result};
use crate::store::jobs;
use crate::store::pool::Db;
use crate::worker::ticker::Wake;
use chrono::Utc;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a job goes on before another one has its turn, and before it is looked at again who asked for it.
const TURN: Duration = Duration::from_secs(1);
/// A batch is followed by a rest of so many times as long as it took.
const REST: f64 = 1.0;
/// Longest rest, also after a batch that had to wait.
const LONGEST_REST: Duration = Duration::from_millis(500);
/// What a scan knows of a lead is known for so long: a change of a lead counts then, at the latest.
const KEPT: Duration = Duration::from_secs(60);
/// Seconds for which a job is left alone after a batch failed as a whole, for each such batch.
const PAUSE_SECONDS: i64 = 2;

/// Runs jobs, one at a time.
pub struct JobRunner {
    db: Db,
    events: Arc<Wake>,
    holder: Uuid,
    memory: Memory,
}

/// What a tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticked {
    /// No job could be claimed.
    Idle,
    /// A job had its turn; so many batches of it were done.
    Worked(usize),
}

/// Why a job cannot go on.
enum Stop {
    /// Whoever asked for it may do nothing any more.
    AskerGone,
    /// Whoever asked for it may not do that any more.
    MissingScope(Scope),
}

impl JobRunner {
    /// One that wakes `events` after each batch, since there is something to publish.
    pub fn new(db: Db, events: Arc<Wake>) -> JobRunner {
        JobRunner {
            db,
            events,
            holder: Uuid::now_v7(),
            memory: Memory::builder()
                .max_capacity(IN_MEMORY)
                .time_to_live(KEPT)
                .build(),
        }
    }

    /// Gives one job a turn.
    pub fn tick(&self) -> Result<Ticked> {
        let (open, now) = jobs::list_open(&self.db)?;
        let Some(next) = next_turn(&open, self.holder, now) else {
            return Ok(Ticked::Idle);
        };
        let claimed = self.db.in_workspace(next.workspace_id, |conn| {
            jobs::claim(conn, next.id, self.holder, LEASE, Utc::now())
        })?;
        let Some((job, leads)) = claimed else {
            return Ok(Ticked::Idle);
        };
        let went = self.turn(next, &job, leads);
        self.give_back(next, &job, &went)?;
        Ok(Ticked::Worked(went?))
    }

    /// Goes on with a job until its time is over or it ends; the answer is how many batches were done.
    fn turn(&self, of: &OpenJob, job: &Job, leads: Option<Vec<Uuid>>) -> Result<usize> {
        let until = Instant::now() + TURN;
        let work = self.work(job, leads)?;
        let Some(standing) = self.admit(of, job, work.as_ref())? else {
            return Ok(0);
        };
        let turn = Turn {
            db: &self.db,
            workspace_id: of.workspace_id,
            job_id: job.id,
            holder: self.holder,
            work: work.as_ref(),
            visible: standing.visible,
            provenance: job.provenance(),
            rules: standing.rules,
            describe,
        };
        if job.total.is_none() && job.reached.is_none() {
            turn.count()?;
        }
        let mut batches = 0;
        loop {
            let begun = Instant::now();
            let step = turn.step()?;
            if step == Step::Lost {
                return Ok(batches);
            }
            self.events.wake();
            batches += 1;
            if step == Step::Finished || Instant::now() >= until {
                return Ok(batches);
            }
            std::thread::sleep(begun.elapsed().mul_f64(REST).min(LONGEST_REST));
        }
    }

    /// What the job does.
    fn work(&self, job: &Job, leads: Option<Vec<Uuid>>) -> Result<Box<dyn Work>> {
        Ok(match job.kind {
            JobKind::Bulk => Box::new(Bulk::of_job(job, leads)?),
            JobKind::MergeAll => Box::new(MergeAll::of_job(job)?),
            JobKind::Simulation => Box::new(SimulateHistory::of_job(job)?),
            JobKind::Rescore => Box::new(Rescore { job_id: job.id }),
            JobKind::DedupeScan => Box::new(Scan {
                job_id: job.id,
                memory: self.memory.clone(),
            }),
        })
    }

    /// What whoever asked may do now; a job that may not go on is ended.
    fn admit(&self, of: &OpenJob, job: &Job, work: &dyn Work) -> Result<Option<Standing>> {
        self.db.in_workspace(of.workspace_id, |conn| {
            let now = Utc::now();
            let stop = match standing::of(conn, &job.actor, now)? {
                None => Stop::AskerGone,
                Some(standing) => {
                    let mut needs = work.needs().into_iter();
                    match needs.find(|scope| !standing.scopes.contains(scope)) {
                        Some(scope) => Stop::MissingScope(scope),
                        None => return Ok(Some(standing)),
                    }
                }
            };
            let problem = shown(Problem::from(&stop));
            jobs::finish(conn, job.id, JobState::Failed, Some(&problem), now)?;
            Ok(None)
        })
    }

    /// Gives a job back after its turn. One whose batches keep failing as a whole is ended.
    fn give_back(&self, of: &OpenJob, job: &Job, went: &Result<usize>) -> Result<()> {
        let (attempts, pause) = match went {
            Ok(_) => (0, chrono::Duration::zero()),
            Err(_) => {
                let attempts = job.attempts + 1;
                (
                    attempts,
                    chrono::Duration::seconds(PAUSE_SECONDS * i64::from(attempts)),
                )
            }
        };
        self.db.in_workspace(of.workspace_id, |conn| match went {
            Err(error) if attempts >= MAX_ATTEMPTS => {
                let problem = describe(error);
                let now = Utc::now();
                jobs::finish(conn, job.id, JobState::Failed, Some(&problem), now)
            }
            _ => jobs::release(conn, job.id, self.holder, attempts, pause),
        })
    }
}

/// A failure, as the single operation would have answered it.
fn describe(error: &Error) -> Value {
    let mut problem = Problem::from(error);
    if let Error::Internal(_) = error {
        problem.detail =
            "Something went wrong on our side. It has been logged under the ids of the job and the lead."
                .to_owned();
    }
    shown(problem)
}

fn shown(problem: Problem) -> Value {
    serde_json::to_value(problem).unwrap_or_default()
}

impl From<&Stop> for Problem {
    fn from(stop: &Stop) -> Problem {
        let detail = match stop {
            Stop::AskerGone => {
                "Whoever asked for this job may no longer do anything here: the key was revoked or has expired, or the user was disabled. \
                 What was done stays done; start the job again as somebody else."
                    .to_owned()
            }
            Stop::MissingScope(scope) => format!(
                "Whoever asked for this job has lost the scope `{}`. What was done stays done; start the job again as somebody who has it.",
                scope.as_str()
            ),
        };
        Problem::new(ProblemKind::Forbidden, detail)
    }
}
