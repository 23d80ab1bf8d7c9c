//! The sequencer: moves events from the outbox into the feed, where each gets its position (promise P8).
//!
//! Any number of processes may run one: the row of a workspace's last position lets one of them at a time number it.

use crate::error::Result;
use crate::metrics::Metrics;
use crate::store::pool::Db;
use crate::store::{feed, outbox};
use chrono::Utc;
use tokio::sync::watch;

/// Events moved in one transaction.
const BATCH: i64 = 1000;

/// Tells those who wait for events that there are new ones.
#[derive(Clone)]
pub struct FeedSignal(watch::Sender<()>);

impl Default for FeedSignal {
    fn default() -> Self {
        FeedSignal(watch::Sender::new(()))
    }
}

impl FeedSignal {
    /// Hears of events published from now on.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

/// Publishes all that waits; the answer is how many events.
pub fn tick(db: &Db, signal: &FeedSignal, metrics: &Metrics) -> Result<usize> {
    let mut published = 0;
    for workspace_id in outbox::list_workspaces(db)? {
        loop {
            let moved =
                db.in_workspace(workspace_id, |conn| feed::publish(conn, Utc::now(), BATCH))?;
            published += moved;
            if moved > 0 {
                signal.0.send_replace(());
            }
            if i64::try_from(moved).is_ok_and(|moved| moved < BATCH) {
                break;
            }
        }
    }
    metrics.published(published);
    Ok(published)
}
