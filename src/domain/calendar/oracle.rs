//! What calendars mean, minute by minute, read straight from the document: slow, and too simple to be wrong in the same way.

use super::{CalendarDocument, Exception, Holiday, OpenRange, WeekHours};
use crate::seed::random::Random;
use chrono::{DateTime, Datelike, Duration, DurationRound, NaiveDate, Utc};
use chrono_tz::Tz;

pub fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn range(from: &str, to: &str) -> OpenRange {
    OpenRange {
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

/// Monday to Friday.
pub fn weekdays(zone: &str, ranges: &[OpenRange]) -> CalendarDocument {
    CalendarDocument {
        zone: zone.to_owned(),
        always: false,
        hours: WeekHours {
            monday: ranges.to_vec(),
            tuesday: ranges.to_vec(),
            wednesday: ranges.to_vec(),
            thursday: ranges.to_vec(),
            friday: ranges.to_vec(),
            ..WeekHours::default()
        },
        ..CalendarDocument::default()
    }
}

/// Whether the wall clock shows open hours. Times of day compare as texts: `09:00` < `12:30` < `24:00`.
pub fn is_open(document: &CalendarDocument, at: DateTime<Utc>) -> bool {
    let zone: Tz = document.zone.parse().unwrap();
    let local = at.with_timezone(&zone);
    let (date, clock) = (local.date_naive(), local.format("%H:%M").to_string());
    let within = |ranges: &[OpenRange]| {
        ranges
            .iter()
            .any(|range| range.from <= clock && clock < range.to)
    };
    let of_day = |holiday: &Holiday| {
        holiday.date == Some(date)
            || holiday.month_day.as_deref() == Some(&date.format("%m-%d").to_string())
    };
    if let Some(day) = document.exceptions.iter().find(|day| day.date == date) {
        return within(&day.hours);
    }
    if document.holidays.iter().any(of_day) {
        return false;
    }
    let days = document.hours.days();
    document.always || within(days[date.weekday().num_days_from_monday() as usize].1)
}

/// Goes on minute by minute. `None` when `days` do not suffice.
pub fn due(
    document: &CalendarDocument,
    from: DateTime<Utc>,
    mut left: Duration,
    days: i64,
) -> Option<DateTime<Utc>> {
    let mut at = from;
    while at < from + Duration::days(days) {
        let end = at.duration_trunc(Duration::minutes(1)).unwrap() + Duration::minutes(1);
        if is_open(document, at) {
            if left <= end - at {
                return Some(at + left);
            }
            left -= end - at;
        }
        at = end;
    }
    None
}

pub fn open_between(
    document: &CalendarDocument,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Duration {
    let (mut at, mut open) = (from, Duration::zero());
    while at < to {
        let end = at.duration_trunc(Duration::minutes(1)).unwrap() + Duration::minutes(1);
        let end = end.min(to);
        if is_open(document, at) {
            open += end - at;
        }
        at = end;
    }
    open
}

/// Where clocks change, and other days that are special.
const MOMENTS: [(&str, &str); 16] = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),
    ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
    ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),
    ("Asia/Kathmandu", "2028-02-29T12:00:00Z"),
    ("Europe/Dublin", "2026-10-25T01:00:00Z"),
    ("Pacific/Kwajalein", "1993-08-21T12:00:00Z"),
    ("UTC", "2028-02-29T00:00:00Z"),
];

/// A zone and a moment within some days of something special, to the microsecond or on a full minute.
pub fn moment(random: &mut Random) -> (Tz, DateTime<Utc>) {
    let (zone, at) = MOMENTS[random.below(MOMENTS.len() as u64) as usize];
    let span = [1, 60, 2880, 8640][random.below(4) as usize];
    let minutes = random.below(span * 2) as i64 - span as i64;
    let micros = if random.in_thousand(500) {
        random.below(60_000_000) as i64
    } else {
        0
    };
    let at = utc(at) + Duration::minutes(minutes) + Duration::microseconds(micros);
    (zone.parse().unwrap(), at)
}

/// A calendar with hours, holidays and exceptions around a day.
pub fn document(random: &mut Random, zone: Tz, around: NaiveDate) -> CalendarDocument {
    let date = |random: &mut Random| around + Duration::days(random.below(12) as i64 - 5);
    let holidays = (0..random.below(3)).map(|_| {
        let day = date(random);
        let yearly = random.in_thousand(500);
        Holiday {
            date: (!yearly).then_some(day),
            month_day: yearly.then(|| day.format("%m-%d").to_string()),
            name: String::new(),
        }
    });
    let mut holidays: Vec<Holiday> = holidays.collect();
    holidays.dedup();
    let exceptions = (0..random.below(2)).map(|_| Exception {
        date: date(random),
        hours: ranges(random),
        name: String::new(),
    });
    let exceptions = exceptions.collect();
    let always = random.in_thousand(100);
    let mut day = || match always || random.in_thousand(250) {
        true => Vec::new(),
        false => ranges(random),
    };
    CalendarDocument {
        zone: zone.name().to_owned(),
        always,
        hours: WeekHours {
            monday: day(),
            tuesday: day(),
            wednesday: day(),
            thursday: day(),
            friday: day(),
            saturday: day(),
            sunday: day(),
        },
        holidays,
        exceptions,
    }
}

/// Up to three ranges that do not overlap, in any order.
fn ranges(random: &mut Random) -> Vec<OpenRange> {
    let mut cuts: Vec<u64> = (0..2 * random.below(4))
        .map(|_| match random.below(4) {
            0 => random.below(25) * 60,
            1 => random.below(240),
            _ => random.below(1441),
        })
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let text = |minutes: u64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let pairs = cuts.chunks_exact(2);
    let mut ranges: Vec<OpenRange> = pairs
        .map(|pair| range(&text(pair[0]), &text(pair[1])))
        .collect();
    if random.in_thousand(200) {
        ranges = vec![range("00:00", "24:00")];
    }
    ranges.reverse();
    ranges
}
