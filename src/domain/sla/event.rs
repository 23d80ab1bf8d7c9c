//! What happens to clocks.

use super::clock::CalendarUsed;
use super::document::Action;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that happened to a clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum ClockEvent {
    /// It runs.
    #[serde(rename = "sla.started")]
    Started { due_at: DateTime<Utc> },
    /// An escalation fired, before or after the breach; its actions are to be done.
    #[serde(rename = "sla.warned")]
    Warned {
        /// Which step, from 0.
        step: usize,
        at_percent: u32,
        /// When it should have been.
        scheduled_at: DateTime<Utc>,
        /// By how much it was late.
        late_by_seconds: i64,
        actions: Vec<Action>,
    },
    /// Its time is over; it goes on counting.
    #[serde(rename = "sla.breached")]
    Breached {
        breached_at: DateTime<Utc>,
        /// How long after that it was noticed.
        late_by_seconds: i64,
    },
    /// What it waited for has happened.
    #[serde(rename = "sla.met")]
    Met {
        met_at: DateTime<Utc>,
        /// Working time it took.
        elapsed_seconds: i64,
        /// Seconds by the wall clock after `due_at`; none when in time.
        late_by_seconds: Option<i64>,
        /// It was taken for breached, and has turned out to have been met in time.
        breach_withdrawn: bool,
    },
    /// It stands still.
    #[serde(rename = "sla.paused")]
    Paused {
        paused_at: DateTime<Utc>,
        reason: String,
    },
    /// It runs again.
    #[serde(rename = "sla.resumed")]
    Resumed {
        resumed_at: DateTime<Utc>,
        old_due_at: DateTime<Utc>,
        new_due_at: DateTime<Utc>,
    },
    /// Nobody waits for it any more.
    #[serde(rename = "sla.cancelled")]
    Cancelled {
        cancelled_at: DateTime<Utc>,
        reason: String,
    },
    /// It counts by another calendar or zone from here on.
    #[serde(rename = "sla.recomputed")]
    Recomputed {
        recomputed_at: DateTime<Utc>,
        old_due_at: DateTime<Utc>,
        new_due_at: DateTime<Utc>,
        old_calendar: CalendarUsed,
        new_calendar: CalendarUsed,
    },
}

impl ClockEvent {
    /// Its type: `sla.started` …
    pub fn name(&self) -> &'static str {
        match self {
            ClockEvent::Started { .. } => "sla.started",
            ClockEvent::Warned { .. } => "sla.warned",
            ClockEvent::Breached { .. } => "sla.breached",
            ClockEvent::Met { .. } => "sla.met",
            ClockEvent::Paused { .. } => "sla.paused",
            ClockEvent::Resumed { .. } => "sla.resumed",
            ClockEvent::Cancelled { .. } => "sla.cancelled",
            ClockEvent::Recomputed { .. } => "sla.recomputed",
        }
    }
}
