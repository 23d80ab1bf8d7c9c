//! `baton bench clocks`: how long workers take for clocks that are all due at once.
//!
//! Generated people are captured into a workspace of their own, by the rules with which every workspace begins: each has a
//! clock with two escalations. Then, as if an hour had passed, so many workers fire them. Let no other Baton run meanwhile.

use baton::app;
use baton::config::DatabaseConfig;
use baton::domain::flow::{rules, setup};
use baton::error::{self, BoxError};
use baton::seed::{self, SeedPlan};
use baton::store::pool::Db;
use baton::store::timers::{self, Timer};
use baton::worker::clocks;
use chrono::{DateTime, Duration, Utc};
use clap::Args;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

/// What to measure.
#[derive(Args)]
pub struct ClocksArgs {
    #[command(flatten)]
    database: DatabaseConfig,
    /// Clocks that are due at once
    #[arg(long, default_value_t = 100_000)]
    clocks: u64,
    /// Workers that fire them, each as a process of workers does
    #[arg(long, default_value_t = 2)]
    workers: usize,
}

/// Measures, and prints what came of it.
pub fn run(args: &ClocksArgs) -> Result<(), BoxError> {
    let database = app::join_database(&args.database)?;
    let db = &database.db;
    app::migrate(db)?;
    let (workspace_id, _) = setup::create_workspace(db, "bench clocks", Utc::now())?;
    let rules = Arc::new(db.in_workspace(workspace_id, rules::load)?);
    let plan = SeedPlan {
        leads: args.clocks,
        seed: 1,
    };
    let since = Instant::now();
    let seeded = seed::run(db, workspace_id, &rules, &plan, |_| {
        ControlFlow::Continue(())
    })?;
    println!(
        "{} leads were captured in {:.1} s, each with a clock.",
        seeded.created,
        since.elapsed().as_secs_f64()
    );
    let due_at = Utc::now() + Duration::hours(1);
    let since = Instant::now();
    let fired = std::thread::scope(|scope| {
        let start = |_| scope.spawn(|| drain(db, due_at));
        let workers: Vec<_> = (0..args.workers).map(start).collect();
        let each = workers.into_iter().map(|worker| {
            let done = worker.join();
            done.unwrap_or_else(|_| Err(error::Error::internal("a worker ended by a panic")))
        });
        each.sum::<error::Result<usize>>()
    })?;
    let seconds = since.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a few million at most")]
    let rate = fired as f64 / seconds;
    println!(
        "{} workers fired {fired} clocks in {seconds:.1} s: {rate:.0} a second.",
        args.workers
    );
    Ok(())
}

/// Fires until nothing is due; the answer is how many clocks did something.
fn drain(db: &Db, due_at: DateTime<Utc>) -> error::Result<usize> {
    let mut fired = 0;
    loop {
        let some = clocks::tick_at(db, due_at)?;
        fired += some;
        if some == 0 && timers::list_due(db, Timer::Clock, due_at, 1)?.is_empty() {
            return Ok(fired);
        }
    }
}
