//! Calendars: when somebody is there to answer. SLA clocks and shifts count opening time only.
//!
//! An instant is open exactly when the wall clock in the calendar's zone shows a time within the hours of the day it
//! shows (IANA time zone database, through `chrono-tz`). Everything else follows from that:
//!
//! - A local time that clocks are put forward over never comes: it is not open time, and a day that is left out
//!   (Samoa, 30 December 2011) has none at all. Hours that begin in the gap begin right after it.
//! - A local time that comes twice when clocks are put back is open both times.
//! - Hours hold their beginning and not their end; `24:00` is the end of the day.
//!
//! Times are counted in whole microseconds; anything finer is cut off.

mod compile;
mod document;
mod hours;
mod openings;
#[cfg(test)]
pub(super) mod oracle;
#[cfg(test)]
mod tests;

pub use document::{CalendarDocument, Exception, Holiday, OpenRange, WeekHours};

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use hours::{DAY, Hours};
use openings::Openings;
use std::sync::Arc;

/// For so many days without an opening a calendar is searched.
pub const SEARCH_DAYS: i64 = 366;
/// Due times further ahead than so many days are not looked for: a hundred years.
const HORIZON_DAYS: i64 = 36_600;

/// There is no opening within [`SEARCH_DAYS`], or too few to get there within a hundred years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the calendar is not open for long enough")]
pub struct NeverOpen;

/// A calendar, ready to count with. Copies share what they know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: Tz,
    hours: Arc<Hours>,
}

impl Default for Calendar {
    /// Always open.
    fn default() -> Self {
        Calendar::always(Tz::UTC)
    }
}

impl Calendar {
    /// Open at every moment.
    pub fn always(zone: Tz) -> Calendar {
        Calendar {
            zone,
            hours: Arc::new(Hours::always()),
        }
    }

    /// The same hours by the clocks of another zone.
    #[must_use]
    pub fn in_zone(&self, zone: Tz) -> Calendar {
        Calendar {
            zone,
            hours: Arc::clone(&self.hours),
        }
    }

    /// By whose clocks it goes.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether it is never closed.
    pub fn is_always(&self) -> bool {
        self.hours.is_always()
    }

    /// Whether it is open at that moment.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let at = at.timestamp_micros();
        self.is_always()
            || self
                .openings(at)
                .next(at + 1)
                .is_some_and(|opening| opening.start == at)
    }

    /// When `working` of opening time has passed since `from`: the earliest such moment, which may be the one of closing.
    ///
    /// With nothing to wait for (zero or less): `from` itself if it is open, otherwise the next opening.
    ///
    /// # Errors
    /// [`NeverOpen`] when there is no opening for 366 days, or the moment is more than a hundred years ahead.
    pub fn due(&self, from: DateTime<Utc>, working: Duration) -> Result<DateTime<Utc>, NeverOpen> {
        let from = from.timestamp_micros();
        let mut left = micros(working).max(0);
        if self.is_always() {
            return instant(from.saturating_add(left)).ok_or(NeverOpen);
        }
        let horizon = from + HORIZON_DAYS * DAY;
        let mut openings = self.openings(from);
        let mut closed_since = from;
        loop {
            let limit = horizon.min(closed_since + SEARCH_DAYS * DAY);
            let opening = openings.next(limit).ok_or(NeverOpen)?;
            if left <= opening.end - opening.start {
                return instant(opening.start + left).ok_or(NeverOpen);
            }
            left -= opening.end - opening.start;
            closed_since = opening.end;
        }
    }

    /// How much of the time from `from` to `to` is open; none when `to` is not after `from`.
    pub fn open_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
        let (from, to) = (from.timestamp_micros(), to.timestamp_micros());
        if to <= from {
            return Duration::zero();
        }
        if self.is_always() {
            return Duration::microseconds(to - from);
        }
        let mut openings = self.openings(from);
        let open = std::iter::from_fn(|| openings.next(to))
            .map(|opening| opening.end.min(to) - opening.start)
            .sum();
        Duration::microseconds(open)
    }

    /// The first open moment at or after `at`.
    ///
    /// # Errors
    /// [`NeverOpen`] when there is none within 366 days.
    pub fn next_open(&self, at: DateTime<Utc>) -> Result<DateTime<Utc>, NeverOpen> {
        self.due(at, Duration::zero())
    }

    /// When the opening ends that holds `at`, or else the next one; `None` when it does not end, or none begins, within 366
    /// days.
    pub fn next_close(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.is_always() {
            return None;
        }
        let at = at.timestamp_micros();
        let limit = at + SEARCH_DAYS * DAY;
        let mut openings = self.openings(at);
        let mut end = openings.next(limit)?.end;
        // Openings end at midnight and where the clocks change, and may go on right there.
        while let Some(more) = openings.next(limit)
            && more.start == end
        {
            end = more.end;
        }
        (end < limit).then(|| instant(end)).flatten()
    }

    fn openings(&self, from: i64) -> Openings<'_> {
        Openings::new(self.zone, &self.hours, from)
    }
}

/// As whole microseconds; the longest there are for what is longer.
fn micros(duration: Duration) -> i64 {
    duration.num_microseconds().unwrap_or(i64::MAX)
}

fn instant(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}
