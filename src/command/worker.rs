//! `baton worker`.

use baton::app;
use baton::config::DatabaseConfig;
use baton::error::BoxError;
use baton::metrics::Metrics;
use baton::worker::sequencer::FeedSignal;
use baton::worker::workers::{Signals, start_workers};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Publishes events, runs jobs and keeps partitions until SIGTERM or SIGINT.
pub fn run(config: &DatabaseConfig) -> Result<(), BoxError> {
    let database = app::open_database(config)?;
    app::migrate(&database.db)?;
    app::check_isolation(&database.db)?;
    let workers = start_workers(
        &database.db,
        &FeedSignal::default(),
        &Arc::new(Metrics::new()?),
        Signals::default(),
        || {},
    )?;
    println!("Baton publishes events, runs jobs and keeps partitions.");
    actix_web::rt::System::new().block_on(async {
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok::<_, std::io::Error>(())
    })?;
    drop(workers);
    Ok(())
}
