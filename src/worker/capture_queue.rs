//! Gathers captures: those that wait for one workspace while a transaction runs go together as the next.
//!
//! No timer: a capture that comes alone goes at once. Sharing transactions is what makes many captures a second cheap;
//! two writers keep two cores busy.

use crate::domain::flow::capture::{Incoming, Reply};
use crate::domain::flow::intake;
use crate::domain::rules::Rules;
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::store::pool::Db;
use crate::worker::courtesy::Courtesy;
use crate::worker::ticker::Wake;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::oneshot;
use uuid::Uuid;

/// How captures are gathered.
#[derive(Debug, Clone, Copy)]
pub struct QueueSettings {
    /// Transactions at the same time.
    pub writers: usize,
    /// Captures in one transaction.
    pub batch: usize,
    /// Captures that may wait; more are turned away.
    pub waiting: usize,
}

/// Where captures wait for their transaction.
pub struct CaptureQueue {
    queue: Arc<Queue>,
    writers: Mutex<Vec<JoinHandle<()>>>,
}

struct Job {
    incoming: Incoming,
    rules: Arc<Rules>,
    since: Instant,
    reply: oneshot::Sender<Result<Reply>>,
}

struct Queue {
    db: Db,
    settings: QueueSettings,
    metrics: Arc<Metrics>,
    events: Arc<Wake>,
    courtesy: Arc<Courtesy>,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    jobs: HashMap<Uuid, VecDeque<Job>>,
    /// Workspaces with jobs, each once, in turn.
    turns: VecDeque<Uuid>,
    waiting: usize,
    closed: bool,
}

impl CaptureQueue {
    /// Starts the writers. After each transaction they wake `events`, since there is something to publish, and tell
    /// `courtesy` how many went together.
    pub fn start(
        db: Db,
        settings: QueueSettings,
        metrics: Arc<Metrics>,
        events: Arc<Wake>,
        courtesy: Arc<Courtesy>,
    ) -> CaptureQueue {
        let queue = Arc::new(Queue {
            db,
            settings,
            metrics,
            events,
            courtesy,
            state: Mutex::default(),
            arrived: Condvar::new(),
        });
        let writers = (0..settings.writers.max(1))
            .map(|_| {
                let queue = queue.clone();
                std::thread::spawn(move || queue.write())
            })
            .collect();
        CaptureQueue {
            queue,
            writers: Mutex::new(writers),
        }
    }

    /// Takes in one submission; the reply comes after its commit.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too many are waiting already.
    pub async fn submit(
        &self,
        workspace_id: Uuid,
        incoming: Incoming,
        rules: Arc<Rules>,
    ) -> Result<Reply> {
        let (reply, replied) = oneshot::channel();
        let job = Job {
            incoming,
            rules,
            since: Instant::now(),
            reply,
        };
        self.queue.push(workspace_id, job)?;
        replied
            .await
            .unwrap_or_else(|_| Err(Error::internal("a capture writer stopped")))
    }

    /// Finishes what waits, then ends the writers.
    pub fn close(&self) {
        self.queue.lock().closed = true;
        self.queue.arrived.notify_all();
        let writers =
            std::mem::take(&mut *self.writers.lock().unwrap_or_else(PoisonError::into_inner));
        for writer in writers {
            if writer.join().is_err() {
                log::error!("A capture writer had ended by a panic.");
            }
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, workspace_id: Uuid, job: Job) -> Result<()> {
        let mut state = self.lock();
        if state.closed || state.waiting >= self.settings.waiting {
            return Err(Error::Overloaded);
        }
        state.waiting += 1;
        let jobs = state.jobs.entry(workspace_id).or_default();
        jobs.push_back(job);
        if jobs.len() == 1 {
            state.turns.push_back(workspace_id);
        }
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// The next batch of one workspace; `None` when the queue is closed and empty.
    fn next(&self) -> Option<(Uuid, Vec<Job>)> {
        let mut state = self.lock();
        loop {
            if let Some(workspace_id) = state.turns.pop_front() {
                let mut jobs = state.jobs.remove(&workspace_id).unwrap_or_default();
                let rest = jobs.split_off(jobs.len().min(self.settings.batch));
                state.waiting -= jobs.len();
                if !rest.is_empty() {
                    state.jobs.insert(workspace_id, rest);
                    state.turns.push_back(workspace_id);
                    self.arrived.notify_one();
                }
                return Some((workspace_id, jobs.into()));
            }
            if state.closed {
                return None;
            }
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn write(&self) {
        while let Some((workspace_id, jobs)) = self.next() {
            self.write_batch(workspace_id, jobs);
        }
    }

    fn write_batch(&self, workspace_id: Uuid, jobs: Vec<Job>) {
        let Some(rules) = jobs.last().map(|job| job.rules.clone()) else {
            return;
        };
        let mut incoming = Vec::with_capacity(jobs.len());
        let mut senders = Vec::with_capacity(jobs.len());
        for job in jobs {
            incoming.push(job.incoming);
            senders.push((job.reply, job.since));
        }
        let results = intake::take_in(&self.db, workspace_id, &incoming, &rules);
        self.events.wake();
        self.metrics.capture_batch(senders.len());
        self.courtesy.saw(senders.len());
        for ((reply, since), result) in senders.into_iter().zip(results) {
            self.metrics.captured(since.elapsed());
            // A client that has gone does not need its answer; its capture counts all the same.
            let _gone = reply.send(result);
        }
    }
}
