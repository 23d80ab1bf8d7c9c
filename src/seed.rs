//! Seeding: fills a workspace with plausible people of many countries, through the same flow as every other submission.
//!
//! People are made when their turn comes, from the seed and their number alone, so that any number of them takes the same
//! memory, and the same seed makes the same people.

mod countries;
mod people;
pub(crate) mod random;
mod texts;

use crate::api::capture_json::CaptureBody;
use crate::api::captures::{Prepared, Received, Sender, prepare};
use crate::domain::capture::{Captured, Outcome};
use crate::domain::capture_draft::Manner;
use crate::domain::event::Actor;
use crate::domain::flow::capture::{Answers, Incoming, Reply};
use crate::domain::flow::intake;
use crate::domain::idempotency::Answer;
use crate::domain::lead_draft;
use crate::domain::lead_fields::LeadFields;
use crate::domain::rules::Rules;
use crate::domain::submission::{Door, SubmissionContext};
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::store::outbox;
use crate::store::pool::Db;
use crate::worker::sequencer::{self, FeedSignal};
use chrono::{DateTime, NaiveTime, Utc};
use people::Person;
use random::Random;
use serde_json::Value;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// New people in a transaction; with those who come back it is about 500 submissions.
const PEOPLE: u64 = 475;
/// Of a thousand people, how many others come back meanwhile.
const RETURNS: u64 = 53;
/// Transactions at the same time: what was best on two cores.
const WRITERS: usize = 2;
/// How often events are published meanwhile.
const PUBLISH: Duration = Duration::from_millis(500);
/// How often a batch is tried that others overtook.
const TRIES: u32 = 5;
/// How long the last events may take to be published.
const LONGEST_PUBLISH: Duration = Duration::from_secs(600);

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct SeedPlan {
    /// How many people.
    pub leads: u64,
    /// Decides which people.
    pub seed: u64,
}

/// What came of it so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seeded {
    /// People submitted, of those planned.
    pub people: u64,
    /// New leads.
    pub created: u64,
    /// Submissions of people who were known.
    pub matched: u64,
    /// Submissions that could not be processed, and were kept.
    pub quarantined: u64,
    /// Events published.
    pub events: u64,
}

/// Makes people and takes them in. `progress` hears of each batch, and may break off: then no further one is begun.
///
/// Events are published meanwhile and at the end, so that the feed is complete also where no other Baton runs.
pub fn run(
    db: &Db,
    workspace_id: Uuid,
    rules: &Arc<Rules>,
    plan: &SeedPlan,
    mut progress: impl FnMut(&Seeded) -> ControlFlow<()>,
) -> Result<Seeded> {
    let work = Work {
        db,
        workspace_id,
        rules,
        plan,
        today: Utc::now()
            .with_time(NaiveTime::MIN)
            .single()
            .unwrap_or_else(Utc::now),
        next: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
    };
    let mut publisher = Publisher::new(db)?;
    let mut seeded = Seeded::default();
    let (tell, told) = mpsc::sync_channel(WRITERS);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            let (work, tell) = (&work, tell.clone());
            scope.spawn(move || work.write(&tell));
        }
        drop(tell);
        let outcome = follow(
            &told,
            &work.stopped,
            &mut seeded,
            &mut publisher,
            &mut progress,
        );
        work.stopped.store(true, Ordering::Relaxed);
        // Writers that have something to say must not wait for ever.
        drop(told);
        outcome
    })?;
    publisher.finish(workspace_id)?;
    seeded.events = publisher.published;
    Ok(seeded)
}

/// What a made-up person says of themselves, in normal form; nothing where it cannot be brought into one.
pub fn fields(seed: u64, number: u64) -> LeadFields {
    let body = Person::make(seed, number).first_submission(DateTime::UNIX_EPOCH);
    let said: Option<CaptureBody> = serde_json::from_value(body).ok();
    let said = said.map(CaptureBody::into_draft).unwrap_or_default();
    let normal = lead_draft::normalise(said.fields, said.full_name.as_deref(), None);
    normal.unwrap_or_default().fields
}

/// What the writers share.
struct Work<'a> {
    db: &'a Db,
    workspace_id: Uuid,
    rules: &'a Arc<Rules>,
    plan: &'a SeedPlan,
    /// From when times count back.
    today: DateTime<Utc>,
    /// The first person of the next batch.
    next: AtomicU64,
    stopped: AtomicBool,
}

impl Work<'_> {
    /// Takes batch after batch until there is none left.
    fn write(&self, tell: &SyncSender<Result<Seeded>>) {
        while !self.stopped.load(Ordering::Relaxed) {
            let first = self.next.fetch_add(PEOPLE, Ordering::Relaxed);
            if first >= self.plan.leads {
                return;
            }
            let end = self.plan.leads.min(first + PEOPLE);
            let done = self.write_batch(first, end);
            let failed = done.is_err();
            if tell.send(done).is_err() || failed {
                return;
            }
        }
    }

    fn write_batch(&self, first: u64, end: u64) -> Result<Seeded> {
        let mut waiting = (first..end)
            .flat_map(|number| self.submissions(number))
            .map(|body| self.incoming(&body))
            .collect::<Result<Vec<Incoming>>>()?;
        let mut seeded = Seeded {
            people: end - first,
            ..Seeded::default()
        };
        for attempt in 1..=TRIES {
            let replies = intake::take_in(self.db, self.workspace_id, &waiting, self.rules);
            let mut again = Vec::new();
            for (incoming, reply) in waiting.into_iter().zip(replies) {
                match reply {
                    Ok(reply) => seeded.count(&reply),
                    Err(Error::Overloaded) if attempt < TRIES => again.push(incoming),
                    Err(error) => return Err(error),
                }
            }
            waiting = again;
            if waiting.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(seeded)
    }

    /// Person `number`, and now and then somebody earlier who comes back.
    fn submissions(&self, number: u64) -> impl Iterator<Item = Value> {
        let SeedPlan { seed, .. } = *self.plan;
        let first = Person::make(seed, number).first_submission(self.today);
        let mut chance = Random::of(!seed, number);
        let returning = chance.in_thousand(RETURNS).then(|| {
            let earlier = chance.below(number.max(1));
            Person::make(seed, earlier).later_submission(number, self.today)
        });
        [first].into_iter().chain(returning)
    }

    /// The submission as if it had come by `POST /v1/capture`.
    fn incoming(&self, body: &Value) -> Result<Incoming> {
        let body = serde_json::to_vec(body).map_err(Error::internal)?;
        let capture: CaptureBody = serde_json::from_slice(&body).map_err(Error::internal)?;
        let received = Received {
            door: Door::Capture,
            content_type: "application/json".to_owned(),
            body,
            context: SubmissionContext {
                origin: Some("seed".to_owned()),
                ..SubmissionContext::default()
            },
            idempotency_key: None,
        };
        let sender = Sender {
            actor: Actor::system(),
            form_id: None,
            default_country: self.rules.default_country.clone(),
            rules: self.rules.clone(),
        };
        match prepare(capture.into_draft(), received, sender, Manner::Forgiving) {
            Prepared::Ready(incoming) => Ok(Incoming {
                answers: ANSWERS,
                ..*incoming
            }),
            Prepared::Refused(errors) => Err(Error::Invalid(errors)),
            Prepared::Broken(_) => Err(Error::internal("a panic in normalisation")),
        }
    }
}

/// Nobody waits for an answer, so none is written.
const ANSWERS: Answers = Answers {
    done: |_: &Captured| NO_ANSWER,
    quarantined: |_| NO_ANSWER,
};
const NO_ANSWER: Answer = Answer {
    status: 0,
    etag: None,
    body: Vec::new(),
};

impl Seeded {
    fn count(&mut self, reply: &Reply) {
        match reply {
            Reply::Done { captured, .. } if captured.outcome == Outcome::Created => {
                self.created += 1;
            }
            Reply::Done { .. } | Reply::Replayed(_) | Reply::KeyReused | Reply::Taken(_) => {
                self.matched += 1
            }
            Reply::Quarantined(_) => self.quarantined += 1,
        }
    }

    fn add(&mut self, more: &Seeded) {
        self.people += more.people;
        self.created += more.created;
        self.matched += more.matched;
        self.quarantined += more.quarantined;
    }
}

/// Counts what the writers do until they are done, and publishes meanwhile.
fn follow(
    told: &Receiver<Result<Seeded>>,
    stopped: &AtomicBool,
    seeded: &mut Seeded,
    publisher: &mut Publisher,
    progress: &mut impl FnMut(&Seeded) -> ControlFlow<()>,
) -> Result<()> {
    for done in told {
        seeded.add(&done?);
        publisher.publish_now_and_then()?;
        seeded.events = publisher.published;
        // Batches under way end as they would have, and count.
        if !stopped.load(Ordering::Relaxed) && progress(seeded).is_break() {
            stopped.store(true, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Publishes events, beside other sequencers if there are any.
struct Publisher<'a> {
    db: &'a Db,
    metrics: Metrics,
    last: Instant,
    published: u64,
}

impl Publisher<'_> {
    fn new(db: &Db) -> Result<Publisher<'_>> {
        Ok(Publisher {
            db,
            metrics: Metrics::new().map_err(Error::internal)?,
            last: Instant::now(),
            published: 0,
        })
    }

    fn publish(&mut self) -> Result<()> {
        let moved = sequencer::tick(self.db, &FeedSignal::default(), &self.metrics)?;
        self.published += moved as u64;
        self.last = Instant::now();
        Ok(())
    }

    fn publish_now_and_then(&mut self) -> Result<()> {
        if self.last.elapsed() < PUBLISH {
            return Ok(());
        }
        self.publish()
    }

    /// Publishes until nothing of the workspace waits any more; another sequencer may be doing it.
    fn finish(&mut self, workspace_id: Uuid) -> Result<()> {
        let since = Instant::now();
        loop {
            self.publish()?;
            if !outbox::list_workspaces(self.db)?.contains(&workspace_id) {
                return Ok(());
            }
            if since.elapsed() > LONGEST_PUBLISH {
                return Err(Error::internal("the events are not being published"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
