//! `baton seed`: fills a workspace with plausible leads, through the same flow as every other lead.

use crate::command::admin::one_workspace;
use baton::config::DatabaseConfig;
use baton::domain::flow::rules;
use baton::domain::normalise::phone;
use baton::error::BoxError;
use baton::seed::{self, SeedPlan, Seeded};
use baton::{app, error};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use uuid::Uuid;

/// How often a line is written where there is no terminal for a bar.
const LINE: Duration = Duration::from_secs(3);

/// How many leads, and where.
#[derive(Args)]
pub struct SeedArgs {
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// How many
    #[arg(long, default_value_t = 1000)]
    pub leads: u64,
    /// The same seed makes the same people
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Which workspace; may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub workspace: Option<Uuid>,
}

/// Seeds until all are made, or until SIGINT or SIGTERM: then it stops after the batches under way.
pub fn run(args: &SeedArgs) -> Result<(), BoxError> {
    let database = app::join_database(&args.database)?;
    app::migrate(&database.db)?;
    app::check_isolation(&database.db)?;
    phone::warm();
    let workspace_id = one_workspace(&database.db, args.workspace)?;
    let rules = Arc::new(database.db.in_workspace(workspace_id, rules::load)?);
    let plan = SeedPlan {
        leads: args.leads,
        seed: args.seed,
    };
    let (db, since) = (database.db.clone(), Instant::now());
    let mut display = Display::new(args.leads);
    let seeded = until_signal(move |stopped| {
        let progress = |seeded: &Seeded| {
            display.show(seeded);
            if stopped.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let seeded = seed::run(&db, workspace_id, &rules, &plan, progress);
        display.finish();
        seeded
    })?;
    let seconds = since.elapsed().as_secs_f64();
    let Seeded {
        people,
        created,
        matched,
        quarantined,
        ..
    } = seeded;
    println!(
        "{created} created, {matched} matched, {quarantined} quarantined in {seconds:.1} s: {:.0} leads/s",
        people as f64 / seconds
    );
    if people < args.leads {
        println!("stopped after {people} of {} people", args.leads);
    }
    Ok(())
}

/// Runs `work` in a thread of its own, and tells it when a signal asks to stop.
fn until_signal(
    work: impl FnOnce(&AtomicBool) -> error::Result<Seeded> + Send + 'static,
) -> Result<Seeded, BoxError> {
    let stopped = Arc::new(AtomicBool::new(false));
    let (tell, mut told) = oneshot::channel();
    let own = stopped.clone();
    std::thread::spawn(move || tell.send(work(&own)));
    actix_web::rt::System::new().block_on(async {
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        loop {
            tokio::select! {
                done = &mut told => return Ok(done.map_err(|_| "seeding broke off")??),
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stopped.store(true, Ordering::Relaxed);
        }
    })
}

/// A bar on a terminal, a line now and then elsewhere.
struct Display {
    bar: Option<ProgressBar>,
    leads: u64,
    since: Instant,
    last_line: Instant,
}

impl Display {
    fn new(leads: u64) -> Display {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(leads), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(
                "{bar:40} {human_pos} of {human_len} people, {rate}, {eta} left",
            ) {
                let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                    // A terminal that does not take it has nothing to show it on.
                    let _unwritten = write!(text, "{:.0}/s", state.per_sec());
                };
                bar.set_style(style.with_key("rate", rate));
            }
            bar
        });
        Display {
            bar,
            leads,
            since: Instant::now(),
            last_line: Instant::now(),
        }
    }

    fn show(&mut self, seeded: &Seeded) {
        if let Some(bar) = &self.bar {
            bar.set_position(seeded.people);
        } else if self.last_line.elapsed() > LINE {
            self.last_line = Instant::now();
            let rate = seeded.people as f64 / self.since.elapsed().as_secs_f64();
            let left = self.leads.saturating_sub(seeded.people) as f64 / rate;
            eprintln!(
                "{} of {} people, {rate:.0}/s, {left:.0} s left",
                seeded.people, self.leads
            );
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
