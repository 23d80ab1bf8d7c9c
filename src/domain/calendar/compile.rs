//! Reading the document of a calendar: everything that is wrong is reported, with the place.

use super::Calendar;
use super::document::{CalendarDocument, Exception, Holiday, OpenRange};
use super::hours::{Hours, MINUTE, Span};
use crate::domain::normalise::locale;
use crate::error::FieldError;
use chrono::NaiveDate;
use chrono_tz::Tz;

impl Calendar {
    /// Reads a calendar, ready to count with.
    ///
    /// # Errors
    /// Everything that is wrong with it, by pointers into the document.
    pub fn compile(document: &CalendarDocument) -> Result<Calendar, Vec<FieldError>> {
        let mut errors = Vec::new();
        let zone = read_zone(&document.zone).unwrap_or_else(|wrong| {
            errors.push(wrong);
            Tz::UTC
        });
        let week = read_week(document, &mut errors);
        let (mut dates, yearly) = read_holidays(&document.holidays, &mut errors);
        for (day, spans) in read_exceptions(&document.exceptions, &mut errors) {
            // An exception goes before a holiday.
            dates.retain(|(date, _)| *date != day);
            dates.push((day, spans));
        }
        dates.sort_by_key(|(date, _)| *date);
        let hours = Hours::new(week, dates, yearly);
        if errors.is_empty() && !has_opening(&hours) {
            errors.push(FieldError::new(
                "/hours",
                "never_open",
                "nobody would ever be due: give hours to at least one day, or set `always` to true",
            ));
        }
        if errors.is_empty() {
            Ok(Calendar {
                zone,
                hours: hours.into(),
            })
        } else {
            Err(errors)
        }
    }
}

fn has_opening(hours: &Hours) -> bool {
    let weekly = hours.week.iter();
    let single = hours.dates.iter().map(|(_, spans)| spans);
    weekly.chain(single).any(|spans| !spans.is_empty())
}

fn read_zone(name: &str) -> Result<Tz, FieldError> {
    let known = locale::read_timezone("/zone", name)?;
    Ok(known.parse().unwrap_or(Tz::UTC))
}

fn read_week(document: &CalendarDocument, errors: &mut Vec<FieldError>) -> [Vec<Span>; 7] {
    let days = document.hours.days();
    let week = days.map(|(name, ranges)| read_ranges(ranges, &format!("/hours/{name}"), errors));
    if !document.always {
        return week;
    }
    if days.iter().any(|(_, ranges)| !ranges.is_empty()) {
        errors.push(FieldError::new(
            "/hours",
            "hours_never_used",
            "what is always open has no hours: leave them out, or set `always` to false",
        ));
    }
    Hours::whole_week()
}

/// The ranges of a day in order; those that touch are one.
fn read_ranges(ranges: &[OpenRange], at: &str, errors: &mut Vec<FieldError>) -> Vec<Span> {
    let mut read: Vec<(usize, Span)> = Vec::new();
    for (index, range) in ranges.iter().enumerate() {
        match read_range(range, &format!("{at}/{index}")) {
            Ok(span) => read.push((index, span)),
            Err(wrong) => errors.extend(wrong),
        }
    }
    read.sort_by_key(|(_, span)| span.start);
    let mut spans: Vec<Span> = Vec::new();
    for (index, span) in read {
        match spans.last_mut() {
            Some(before) if span.start < before.end => {
                errors.push(FieldError::new(
                    format!("{at}/{index}"),
                    "overlapping_hours",
                    "begins before another range of the day ends: each minute once",
                ));
                before.end = before.end.max(span.end);
            }
            Some(before) if span.start == before.end => before.end = span.end,
            _ => spans.push(span),
        }
    }
    spans
}

fn read_range(range: &OpenRange, at: &str) -> Result<Span, Vec<FieldError>> {
    let time = |name: &str, text: &str, last: i64| {
        read_time(text)
            .filter(|minutes| *minutes <= last)
            .ok_or_else(|| {
                FieldError::new(
                    format!("{at}/{name}"),
                    "invalid_time",
                    "must be a time of day such as `09:30`; `to` may be `24:00`",
                )
            })
    };
    match (
        time("from", &range.from, 24 * 60 - 1),
        time("to", &range.to, 24 * 60),
    ) {
        (Ok(from), Ok(to)) if from < to => Ok(Span {
            start: from * MINUTE,
            end: to * MINUTE,
        }),
        (Ok(_), Ok(_)) => Err(vec![FieldError::new(
            at,
            "from_not_before_to",
            "must begin before it ends; what goes past midnight is two ranges: up to `24:00`, and the next day from `00:00`",
        )]),
        (from, to) => Err(from.err().into_iter().chain(to.err()).collect()),
    }
}

/// `HH:MM` as minutes of the day.
fn read_time(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (minutes < 60).then_some(i64::from(hours * 60 + minutes))
}

fn two_digits(text: &str) -> Option<u32> {
    let plain = text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Single days without hours, and those of every year.
type Closed = (Vec<(i64, Vec<Span>)>, Vec<(u32, u32)>);

fn read_holidays(holidays: &[Holiday], errors: &mut Vec<FieldError>) -> Closed {
    let (mut dates, mut yearly): Closed = Default::default();
    let mut wrong = |index: usize, name: &str, code, detail| {
        errors.push(FieldError::new(
            format!("/holidays/{index}{name}"),
            code,
            detail,
        ));
    };
    for (index, holiday) in holidays.iter().enumerate() {
        let twice = match (&holiday.date, &holiday.month_day) {
            (Some(date), None) => add_new(&mut dates, (epoch_day(*date), Vec::new())),
            (None, Some(day)) => match read_month_day(day) {
                Some(day) => add_new(&mut yearly, day),
                None => {
                    let detail = "must be a month and a day of it, such as `12-25`";
                    wrong(index, "/month_day", "invalid_month_day", detail);
                    continue;
                }
            },
            _ => {
                let detail =
                    "a holiday is one `date`, or a `month_day` of every year: give one of the two";
                wrong(index, "", "date_or_month_day", detail);
                continue;
            }
        };
        if twice {
            let detail = "is a holiday already: each day once";
            wrong(index, "", "holiday_twice", detail);
        }
    }
    (dates, yearly)
}

/// Whether it was there already.
fn add_new<T: PartialEq>(to: &mut Vec<T>, one: T) -> bool {
    let known = to.contains(&one);
    if !known {
        to.push(one);
    }
    known
}

fn read_month_day(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (two_digits(month)?, two_digits(day)?);
    // A leap year has every day there is.
    NaiveDate::from_ymd_opt(2000, month, day).map(|_| (month, day))
}

fn read_exceptions(
    exceptions: &[Exception],
    errors: &mut Vec<FieldError>,
) -> Vec<(i64, Vec<Span>)> {
    let mut read: Vec<(i64, Vec<Span>)> = Vec::new();
    for (index, exception) in exceptions.iter().enumerate() {
        let day = epoch_day(exception.date);
        if read.iter().any(|(known, _)| *known == day) {
            errors.push(FieldError::new(
                format!("/exceptions/{index}/date"),
                "exception_twice",
                "has hours of its own already: put all of them into one exception",
            ));
        }
        let at = format!("/exceptions/{index}/hours");
        read.push((day, read_ranges(&exception.hours, &at, errors)));
    }
    read
}

fn epoch_day(date: NaiveDate) -> i64 {
    i64::from(date.to_epoch_days())
}
