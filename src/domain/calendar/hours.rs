//! Which hours a day has.

use chrono::{Datelike, NaiveDate};

/// Microseconds of a day without a change of clocks.
pub const DAY: i64 = 86_400_000_000;
/// Microseconds of a minute.
pub const MINUTE: i64 = 60_000_000;

/// From `start` to before `end`, in microseconds of a local day or since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: i64,
    pub end: i64,
}

/// All day.
const ALL_DAY: Span = Span { start: 0, end: DAY };

/// The hours of every day there is, by local date. The spans of a day are in order and do not touch.
#[derive(Debug, PartialEq, Eq)]
pub struct Hours {
    /// From Monday.
    pub week: [Vec<Span>; 7],
    /// Single days, in days since the Unix epoch, in order.
    pub dates: Vec<(i64, Vec<Span>)>,
    /// Months and days that are closed every year.
    pub yearly: Vec<(u32, u32)>,
    always: bool,
}

impl Hours {
    /// What is known of weekdays, single days and yearly holidays.
    pub fn new(
        week: [Vec<Span>; 7],
        dates: Vec<(i64, Vec<Span>)>,
        yearly: Vec<(u32, u32)>,
    ) -> Hours {
        let all_day = |spans: &[Span]| *spans == [ALL_DAY];
        let always = yearly.is_empty()
            && week.iter().all(|spans| all_day(spans))
            && dates.iter().all(|(_, spans)| all_day(spans));
        Hours {
            week,
            dates,
            yearly,
            always,
        }
    }

    /// Open all day, every day.
    pub fn always() -> Hours {
        Hours::new(Hours::whole_week(), Vec::new(), Vec::new())
    }

    /// Every weekday, all day.
    pub fn whole_week() -> [Vec<Span>; 7] {
        [(); 7].map(|()| vec![ALL_DAY])
    }

    /// Whether no day is ever closed.
    pub fn is_always(&self) -> bool {
        self.always
    }

    /// The hours of a day, counted from the Unix epoch.
    pub fn of_day(&self, day: i64) -> &[Span] {
        if !self.dates.is_empty()
            && let Ok(index) = self.dates.binary_search_by_key(&day, |(date, _)| *date)
        {
            return &self.dates[index].1;
        }
        if !self.yearly.is_empty()
            && let Some(date) = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days)
            && self.yearly.contains(&(date.month(), date.day()))
        {
            return &[];
        }
        // The Unix epoch was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        self.week.get(weekday as usize).map_or(&[], Vec::as_slice)
    }
}
