//! The openings of a calendar as intervals of UTC, one after the other.

use super::hours::{DAY, Hours, Span};
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

const SECOND: i64 = 1_000_000;

/// Goes through time in stretches of one local day and one offset from UTC. Within a stretch, local times are UTC plus a
/// number; where clocks change, the next stretch begins, be it of the same day again, a later or an earlier one.
pub struct Openings<'a> {
    zone: Tz,
    hours: &'a Hours,
    /// Everything before was given or was closed.
    at: i64,
    /// Where the stretch ends.
    until: i64,
    /// Midnight of the stretch's day at its offset, whether or not there is one.
    midnight: i64,
    /// Hours of the day that are still to come.
    spans: &'a [Span],
}

impl<'a> Openings<'a> {
    /// Those after `from`, in microseconds since the Unix epoch. The first begins no earlier than that.
    pub fn new(zone: Tz, hours: &'a Hours, from: i64) -> Self {
        Openings {
            zone,
            hours,
            at: from,
            until: from,
            midnight: from,
            spans: &[],
        }
    }

    /// The next opening, unless it begins at `limit` or later. One that goes on past midnight or a change of clocks comes
    /// in parts.
    pub fn next(&mut self, limit: i64) -> Option<Span> {
        loop {
            while let Some((span, rest)) = self.spans.split_first() {
                let start = self.at.max(self.midnight + span.start);
                let end = self.until.min(self.midnight + span.end);
                // What lies behind the end of the stretch is none of its hours, however early the limit.
                if start < end {
                    if start >= limit {
                        return None;
                    }
                    self.at = end;
                    self.spans = rest;
                    return Some(Span { start, end });
                }
                self.spans = rest;
            }
            if self.until >= limit {
                return None;
            }
            self.enter(self.until);
        }
    }

    /// Begins the stretch that `at` is in.
    fn enter(&mut self, at: i64) {
        let offset = self.offset(at);
        let day = (at + offset).div_euclid(DAY);
        let midnight = day * DAY - offset;
        let last = midnight + DAY - 1;
        let until = if self.offset(last) == offset {
            last + 1
        } else {
            self.change(at, last, offset)
        };
        (self.at, self.until, self.midnight) = (at, until, midnight);
        self.spans = self.hours.of_day(day);
    }

    /// Where the offset ends that holds at `before` and no longer at `after`, by halving. No zone changes its clocks there
    /// and back within a day.
    fn change(&self, before: i64, after: i64, offset: i64) -> i64 {
        let (mut before, mut after) = (before.div_euclid(SECOND), after.div_euclid(SECOND));
        while after - before > 1 {
            let middle = i64::midpoint(before, after);
            if self.offset(middle * SECOND) == offset {
                before = middle;
            } else {
                after = middle;
            }
        }
        after * SECOND
    }

    /// How far local time is ahead of UTC, in microseconds.
    fn offset(&self, at: i64) -> i64 {
        let at = DateTime::from_timestamp_micros(at).unwrap_or_default();
        let offset = self.zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        i64::from(offset.local_minus_utc()) * SECOND
    }
}
