//! The workers of a process: which there are, how often each looks, and what wakes them.

use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::store::pool::Db;
use crate::store::young_tables;
use crate::worker::courtesy::Courtesy;
use crate::worker::jobs::{JobRunner, Ticked};
use crate::worker::sequencer::FeedSignal;
use crate::worker::ticker::{Ticker, Wake};
use crate::worker::{
    clocks, field_walk, match_follower, offers, retention, rules as rule_worker, scores,
    search_index, sequencer,
};
use chrono::Utc;
use std::sync::Arc;
use std::time::Duration;

/// How often the sequencer looks by itself, for events that another process wrote.
const SEQUENCE: Duration = Duration::from_millis(100);
/// Events that come within this time are published together: each publication is a transaction of its own.
const REST: Duration = Duration::from_millis(20);
/// How often a process looks for jobs by itself, for those that another one was asked for.
const LOOK_FOR_JOBS: Duration = Duration::from_secs(1);
/// How often it is looked whether leads are to be gone through, since a definition of a field has changed.
const WALK: Duration = Duration::from_secs(1);
/// How often the index of texts looks for what has changed: few transactions, each with all that came meanwhile.
const INDEX: Duration = Duration::from_millis(500);
/// How often it is looked for clocks that are due.
const FIRE: Duration = Duration::from_millis(200);
/// How often it is looked for rules that are to count from now on, and for clocks whose calendar has changed.
const FOLLOW_RULES: Duration = Duration::from_millis(500);
/// How often leads that have changed are compared with others, those of that time together.
const COMPARE: Duration = Duration::from_millis(1000);
/// How often it is looked for tables that have outgrown their statistics.
const ANALYZE: Duration = Duration::from_secs(2);
/// How often retention looks.
const RETAIN: Duration = Duration::from_secs(3600);

/// What the parts of a process tell its workers.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// There is something to publish.
    pub events: Arc<Wake>,
    /// A field's definition has changed.
    pub fields: Arc<Wake>,
    /// There is a new job.
    pub jobs: Arc<Wake>,
    /// How many captures go together.
    pub courtesy: Arc<Courtesy>,
}

/// The workers of a process; they end when this is dropped.
pub struct Workers {
    courtesy: Arc<Courtesy>,
    _tickers: Vec<Ticker>,
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.courtesy.stop();
    }
}

/// Starts all of them. The signals say that there is something
/// to publish, a definition that changed, or a new job; `rules_changed` hears of rules that count from now on.
pub fn start_workers(
    db: &Db,
    feed: &FeedSignal,
    metrics: &Arc<Metrics>,
    signals: Signals,
    rules_changed: impl Fn() + Send + 'static,
) -> Result<Workers> {
    let Signals {
        events,
        fields,
        jobs,
        courtesy,
    } = signals;
    let index_metrics = metrics.clone();
    let (fired, scored, fired_by_rules) = (events.clone(), events.clone(), events.clone());
    let events_of_offers = events.clone();
    let (sequencer_db, feed, metrics) = (db.clone(), feed.clone(), metrics.clone());
    let publish = move || {
        if let Err(error) = sequencer::tick(&sequencer_db, &feed, &metrics) {
            log::warn!("Events could not be published, they stay in the outbox: {error}");
        }
    };
    let retention_db = db.clone();
    let retain = move || match retention::tick(&retention_db, Utc::now()) {
        Ok(done) if done.made + done.dropped.len() + done.forgotten > 0 => {
            log::info!(
                "Made {} partitions, dropped {}, forgot {} idempotency keys, sessions, links, counts and results of jobs.",
                done.made,
                done.dropped.len(),
                done.forgotten
            );
        }
        Ok(_) => {}
        Err(error) => log::warn!("Retention did not finish, it will be tried again: {error}"),
    };
    let (runner, again) = (JobRunner::new(db.clone(), events.clone()), jobs.clone());
    let run_jobs = move || match runner.tick() {
        Ok(Ticked::Idle) => {}
        Ok(Ticked::Worked(_)) => again.wake(),
        Err(error) => log::warn!("A job did not go on, it will be tried again: {error}"),
    };
    let walk_db = db.clone();
    let walk = move || {
        if let Err(error) = field_walk::tick(&walk_db, Utc::now()) {
            log::warn!(
                "It is not known whether leads are to be gone through, it will be tried again: {error}"
            );
        }
    };
    let (match_db, match_courtesy) = (db.clone(), courtesy.clone());
    let compare = move || {
        if let Err(error) = match_follower::tick(&match_db, &match_courtesy) {
            log::warn!("Leads that have changed are not compared with others yet: {error}");
        }
    };
    let clock_db = db.clone();
    let clock_wake = Arc::new(Wake::default());
    let more_due = clock_wake.clone();
    let fire = move || match clocks::tick(&clock_db) {
        Ok(0) => {}
        Ok(_) => {
            fired.wake();
            more_due.wake();
        }
        Err(error) => log::warn!("Clocks do not fire, it will be tried again: {error}"),
    };
    let (offer_db, let_go) = (db.clone(), events_of_offers);
    let offer = move || match offers::tick(&offer_db) {
        Ok(0) => {}
        Ok(_) => let_go.wake(),
        Err(error) => log::warn!("Leads are not taken back, it will be tried again: {error}"),
    };
    let score_db = db.clone();
    let score = move || match scores::tick(&score_db) {
        Ok(0) => {}
        Ok(_) => scored.wake(),
        Err(error) => log::warn!("Scores do not decay, it will be tried again: {error}"),
    };
    let (rules_db, recomputed) = (db.clone(), fired_by_rules);
    let follow = move || {
        let now = Utc::now();
        match offers::leave_the_gone(&rules_db) {
            Ok(0) => {}
            Ok(_) => recomputed.wake(),
            Err(error) => log::warn!(
                "Leads of who has just left are not given to others yet, it will be tried again: {error}"
            ),
        }
        match rule_worker::activate(&rules_db, now) {
            Ok(0) => {}
            Ok(_) => rules_changed(),
            Err(error) => log::warn!(
                "It is not known which rules are to count, it will be tried again: {error}"
            ),
        }
        match rule_worker::recompute(&rules_db, now) {
            Ok(0) => {}
            Ok(_) => recomputed.wake(),
            Err(error) => {
                log::warn!(
                    "Clocks do not follow their calendars yet, it will be tried again: {error}"
                );
            }
        }
    };
    let (index_db, index_courtesy) = (db.clone(), courtesy.clone());
    let index = move || {
        if let Err(error) = search_index::tick(&index_db, &index_metrics, &index_courtesy) {
            log::warn!("Searches by text do not see the latest leads yet: {error}");
        }
    };
    let analyze_db = db.clone();
    let analyze = move || match young_tables::analyze(&analyze_db) {
        Ok(tables) if tables.is_empty() => {}
        Ok(tables) => log::info!("Analyzed {}, which have grown.", tables.join(", ")),
        Err(error) => log::warn!(
            "Tables that have grown are not analyzed, statements may be slow until autovacuum does: {error}"
        ),
    };
    let tickers = vec![
        Ticker::start("jobs", LOOK_FOR_JOBS, REST, jobs, run_jobs).map_err(Error::internal)?,
        Ticker::start("clocks", FIRE, REST, clock_wake, fire).map_err(Error::internal)?,
        Ticker::start("offers", FIRE, REST, Arc::new(Wake::default()), offer)
            .map_err(Error::internal)?,
        Ticker::start("scores", FIRE, REST, Arc::new(Wake::default()), score)
            .map_err(Error::internal)?,
        Ticker::start(
            "rules",
            FOLLOW_RULES,
            REST,
            Arc::new(Wake::default()),
            follow,
        )
        .map_err(Error::internal)?,
        Ticker::start("search", INDEX, REST, Arc::new(Wake::default()), index)
            .map_err(Error::internal)?,
        Ticker::start("matches", COMPARE, REST, Arc::new(Wake::default()), compare)
            .map_err(Error::internal)?,
        Ticker::start("fields", WALK, REST, fields, walk).map_err(Error::internal)?,
        Ticker::start("sequencer", SEQUENCE, REST, events, publish).map_err(Error::internal)?,
        Ticker::start(
            "statistics",
            ANALYZE,
            REST,
            Arc::new(Wake::default()),
            analyze,
        )
        .map_err(Error::internal)?,
        Ticker::start("retention", RETAIN, REST, Arc::new(Wake::default()), retain)
            .map_err(Error::internal)?,
    ];
    Ok(Workers {
        courtesy,
        _tickers: tickers,
    })
}
