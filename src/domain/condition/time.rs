//! Moments and days in conditions: fixed ones, and ones that are counted from now.

use chrono::{
    DateTime, Datelike, Days, Duration, MappedLocalTime, Months, NaiveDate, NaiveTime, TimeZone,
    Utc,
};
use chrono_tz::Tz;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Of 60 seconds.
    Minute,
    /// Of 60 minutes.
    Hour,
    /// Of 24 hours; of a calendar day where days are counted.
    Day,
    /// Of seven of those days.
    Week,
    /// Of the calendar.
    Month,
    /// Of the calendar.
    Year,
}

/// How long. A month is counted to the same day of another month, or its last; minutes to weeks have a fixed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// How many; all of them together are at most 1,000 years.
    pub count: u32,
    /// Of what.
    pub unit: Unit,
    /// Whose calendar.
    pub zone: Tz,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Back,
    Ahead,
}

impl Span {
    /// Reads `30m`, `12h`, `14d`, `2w`, `3mo` or `1y`.
    pub fn parse(text: &str, zone: Tz) -> Option<Span> {
        let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
        let count: u32 = text[..digits].parse().ok()?;
        let (unit, most) = match &text[digits..] {
            "m" => (Unit::Minute, 525_600_000),
            "h" => (Unit::Hour, 8_760_000),
            "d" => (Unit::Day, 365_000),
            "w" => (Unit::Week, 52_000),
            "mo" => (Unit::Month, 12_000),
            "y" => (Unit::Year, 1_000),
            _ => return None,
        };
        (count <= most).then_some(Span { count, unit, zone })
    }

    /// The moment so long before another.
    pub fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.shifted(now, Way::Back)
    }

    fn shifted(self, now: DateTime<Utc>, way: Way) -> DateTime<Utc> {
        let count = i64::from(self.count);
        let length = match self.unit {
            Unit::Minute => Duration::minutes(count),
            Unit::Hour => Duration::hours(count),
            Unit::Day => Duration::days(count),
            Unit::Week => Duration::weeks(count),
            Unit::Month | Unit::Year => {
                let local = now.with_timezone(&self.zone).naive_local();
                let day = self.shifted_day(local.date(), way);
                return local_moment(self.zone, day, local.time());
            }
        };
        match way {
            Way::Back => now - length,
            Way::Ahead => now + length,
        }
    }

    /// The day so long before or after another; for minutes and hours the same one.
    fn shifted_day(self, day: NaiveDate, way: Way) -> NaiveDate {
        let days = |count: u32| match way {
            Way::Back => day.checked_sub_days(Days::new(count.into())),
            Way::Ahead => day.checked_add_days(Days::new(count.into())),
        };
        let months = |count: u32| match way {
            Way::Back => day.checked_sub_months(Months::new(count)),
            Way::Ahead => day.checked_add_months(Months::new(count)),
        };
        let shifted = match self.unit {
            Unit::Minute | Unit::Hour => Some(day),
            Unit::Day => days(self.count),
            Unit::Week => days(self.count * 7),
            Unit::Month => months(self.count),
            Unit::Year => months(self.count * 12),
        };
        shifted.unwrap_or(day)
    }
}

/// What a moment may be the start of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartUnit {
    Day,
    /// From Monday on (ISO 8601).
    Week,
    Month,
    Quarter,
    Year,
}

impl StartUnit {
    /// The unit of that name.
    pub fn from_name(name: &str) -> Option<StartUnit> {
        Some(match name {
            "day" => StartUnit::Day,
            "week" => StartUnit::Week,
            "month" => StartUnit::Month,
            "quarter" => StartUnit::Quarter,
            "year" => StartUnit::Year,
            _ => return None,
        })
    }

    /// The first day of the unit that has `day` in it, so many units further on.
    fn start(self, day: NaiveDate, offset: i32) -> NaiveDate {
        let first_of = |month0: u32| day.with_day(1).and_then(|day| day.with_month0(month0));
        let first = match self {
            StartUnit::Day => Some(day),
            StartUnit::Week => {
                day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))
            }
            StartUnit::Month => first_of(day.month0()),
            StartUnit::Quarter => first_of(day.month0() / 3 * 3),
            StartUnit::Year => first_of(0),
        }
        .unwrap_or(day);
        let unit = match self {
            StartUnit::Day => (1, Unit::Day),
            StartUnit::Week => (1, Unit::Week),
            StartUnit::Month => (1, Unit::Month),
            StartUnit::Quarter => (3, Unit::Month),
            StartUnit::Year => (1, Unit::Year),
        };
        let span = Span {
            count: offset.unsigned_abs() * unit.0,
            unit: unit.1,
            zone: Tz::UTC,
        };
        let way = if offset < 0 { Way::Back } else { Way::Ahead };
        span.shifted_day(first, way)
    }
}

/// A moment, fixed or counted from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// This one.
    At(DateTime<Utc>),
    /// So long before now.
    Ago(Span),
    /// So long after now.
    Ahead(Span),
    /// The start of the present day, week …, so many of them further on, in a zone.
    StartOf(StartUnit, i32, Tz),
}

impl Moment {
    /// When that is at `now`.
    pub fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Moment::At(at) => at,
            Moment::Ago(span) => span.shifted(now, Way::Back),
            Moment::Ahead(span) => span.shifted(now, Way::Ahead),
            Moment::StartOf(unit, offset, zone) => {
                let today = now.with_timezone(&zone).date_naive();
                local_moment(zone, unit.start(today, offset), NaiveTime::MIN)
            }
        }
    }
}

/// A calendar day, fixed or counted from today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// This one.
    On(NaiveDate),
    /// That of a relative moment, in this zone.
    Of(Moment, Tz),
}

impl Day {
    /// Which day that is at `now`.
    pub fn on(self, now: DateTime<Utc>) -> NaiveDate {
        let today = |zone: Tz| now.with_timezone(&zone).date_naive();
        match self {
            Day::On(day) => day,
            Day::Of(Moment::Ago(span), zone) if span.unit.has_days() => {
                span.shifted_day(today(zone), Way::Back)
            }
            Day::Of(Moment::Ahead(span), zone) if span.unit.has_days() => {
                span.shifted_day(today(zone), Way::Ahead)
            }
            Day::Of(Moment::StartOf(unit, offset, zone), _) => unit.start(today(zone), offset),
            Day::Of(moment, zone) => moment.at(now).with_timezone(&zone).date_naive(),
        }
    }
}

impl Unit {
    fn has_days(self) -> bool {
        !matches!(self, Unit::Minute | Unit::Hour)
    }
}

/// A local time as a moment: the first of two when clocks are put back, the moment of the change when they are put forward
/// over it.
fn local_moment(zone: Tz, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = day.and_time(time);
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.with_timezone(&Utc),
        MappedLocalTime::None => first_after_gap(zone, local),
    }
}

/// Gaps are at most a day long (Samoa left out 30 December 2011), and begin and end at full quarters of an hour.
fn first_after_gap(zone: Tz, local: chrono::NaiveDateTime) -> DateTime<Utc> {
    const QUARTERS_OF_A_DAY: i32 = 4 * 24 + 4;
    let quarter = Duration::minutes(15);
    let start = local.and_utc().timestamp().div_euclid(900) * 900;
    let start = DateTime::from_timestamp(start, 0).map_or(local, |at| at.naive_utc());
    (1..=QUARTERS_OF_A_DAY)
        .find_map(|step| {
            zone.from_local_datetime(&(start + quarter * step))
                .earliest()
        })
        .map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America, Europe, Pacific};

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn span(text: &str) -> Span {
        Span::parse(text, Europe::Berlin).unwrap()
    }

    #[test]
    fn a_day_ago_is_24_hours_and_a_month_ago_the_same_local_time() {
        // Clocks in Berlin went back on 25 October 2026.
        let now = utc("2026-11-05T09:00:00Z");
        assert_eq!(
            Moment::Ago(span("14d")).at(now),
            utc("2026-10-22T09:00:00Z")
        );
        assert_eq!(
            Moment::Ago(span("1mo")).at(now),
            utc("2026-10-05T08:00:00Z")
        );
        assert_eq!(
            Moment::Ahead(span("90m")).at(now),
            utc("2026-11-05T10:30:00Z")
        );
        assert_eq!(
            Moment::Ago(span("1y")).at(utc("2028-02-29T12:00:00Z")),
            utc("2027-02-28T12:00:00Z")
        );
    }

    #[test]
    fn units_start_where_the_zone_says() {
        let now = utc("2026-11-22T23:30:00Z"); // Monday 00:30 in Berlin
        let start = |unit, offset, zone| Moment::StartOf(unit, offset, zone).at(now);
        assert_eq!(
            start(StartUnit::Day, 0, Europe::Berlin),
            utc("2026-11-22T23:00:00Z")
        );
        assert_eq!(
            start(StartUnit::Day, 0, Tz::UTC),
            utc("2026-11-22T00:00:00Z")
        );
        assert_eq!(
            start(StartUnit::Week, 0, Europe::Berlin),
            utc("2026-11-22T23:00:00Z")
        );
        assert_eq!(
            start(StartUnit::Week, 0, Tz::UTC),
            utc("2026-11-16T00:00:00Z")
        );
        assert_eq!(
            start(StartUnit::Month, -1, Europe::Berlin),
            utc("2026-09-30T22:00:00Z")
        );
        assert_eq!(
            start(StartUnit::Quarter, 0, Europe::Berlin),
            utc("2026-09-30T22:00:00Z")
        );
        assert_eq!(
            start(StartUnit::Quarter, 1, Europe::Berlin),
            utc("2026-12-31T23:00:00Z")
        );
        assert_eq!(
            start(StartUnit::Year, -1, America::New_York),
            utc("2025-01-01T05:00:00Z")
        );
    }

    #[test]
    fn a_day_that_has_no_midnight_starts_when_it_starts() {
        // Clocks in São Paulo went from 00:00 to 01:00 on 4 November 2018; Samoa left out 30 December 2011.
        let start = |zone, now| Moment::StartOf(StartUnit::Day, 0, zone).at(utc(now));
        assert_eq!(
            start(America::Sao_Paulo, "2018-11-04T12:00:00Z"),
            utc("2018-11-04T03:00:00Z")
        );
        let day_left_out = NaiveDate::from_ymd_opt(2011, 12, 30).unwrap();
        assert_eq!(
            local_moment(Pacific::Apia, day_left_out, NaiveTime::MIN),
            utc("2011-12-30T10:00:00Z")
        );
        // And where an hour comes twice, at the first of them.
        let hour = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        assert_eq!(
            local_moment(
                Europe::Berlin,
                NaiveDate::from_ymd_opt(2026, 10, 25).unwrap(),
                hour
            ),
            utc("2026-10-25T00:30:00Z")
        );
        assert_eq!(
            local_moment(
                Europe::Berlin,
                NaiveDate::from_ymd_opt(2026, 3, 29).unwrap(),
                hour
            ),
            utc("2026-03-29T01:00:00Z")
        );
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let now = utc("2026-11-22T23:30:00Z");
        let on = |moment| Day::Of(moment, Europe::Berlin).on(now).to_string();
        assert_eq!(on(Moment::Ago(span("14d"))), "2026-11-09");
        assert_eq!(on(Moment::Ago(span("30m"))), "2026-11-23");
        assert_eq!(on(Moment::Ago(span("31m"))), "2026-11-22");
        assert_eq!(on(Moment::Ahead(span("3mo"))), "2027-02-23");
        assert_eq!(
            on(Moment::StartOf(StartUnit::Month, 1, Tz::UTC)),
            "2026-12-01"
        );
    }

    #[test]
    fn a_span_has_a_number_and_a_unit() {
        for wrong in [
            "",
            "14",
            "d",
            "-1d",
            "1.5h",
            "14 d",
            "1D",
            "1001y",
            "99999999999d",
            "１d",
        ] {
            assert_eq!(Span::parse(wrong, Tz::UTC), None, "{wrong}");
        }
        let longest = Moment::Ago(Span::parse("1000y", Tz::UTC).unwrap());
        assert_eq!(
            longest.at(utc("2026-01-01T00:00:00Z")),
            utc("1026-01-01T00:00:00Z")
        );
    }
}
