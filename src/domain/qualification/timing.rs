//! Times in people's words, as a date counted from when they were said.

mod phrases;

pub(super) use phrases::PHRASES;

use super::answer::ReadingNote;
use super::words::{Lexicon, fold};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use phrases::{MONTHS, NUMBERS, UNITS};

/// How long "as soon as possible" is, in days.
const ASAP_DAYS: u64 = 30;

/// A time without numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// So many days from when it was said.
    InDays(u64),
    /// So many months from when it was said.
    InMonths(u32),
    /// The end of the present week, or of one further on.
    Week(u64),
    /// The end of the present span of so many months of the calendar, or of one further on.
    Span(u32, u32),
    /// They do not mean to.
    Never,
    /// They do not know.
    NotKnown,
}

/// A time that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TimeRead {
    /// By the end of that day.
    Until(NaiveDate, Vec<ReadingNote>),
    Never,
    NotKnown,
}

/// The end of a day in a zone.
pub(super) fn end_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let next = (day + Days::new(1)).and_time(NaiveTime::MIN);
    zone.from_local_datetime(&next)
        .earliest()
        .map_or_else(|| next.and_utc(), |at| at.with_timezone(&Utc))
}

impl When {
    fn on(self, today: NaiveDate) -> Option<TimeRead> {
        let day = match self {
            When::InDays(days) => today.checked_add_days(Days::new(days))?,
            When::InMonths(months) => today.checked_add_months(Months::new(months))?,
            When::Week(further) => {
                let left = 6 - u64::from(today.weekday().num_days_from_monday());
                today.checked_add_days(Days::new(left + 7 * further))?
            }
            When::Span(months, further) => {
                let first = today.month0() / months * months;
                end_of_span(today.year(), first, months * (further + 1))?
            }
            When::Never => return Some(TimeRead::Never),
            When::NotKnown => return Some(TimeRead::NotKnown),
        };
        Some(TimeRead::Until(day, Vec::new()))
    }
}

/// The last day of so many months from a month (counted from 0) on.
fn end_of_span(year: i32, month0: u32, months: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month0 + 1, 1)?
        .checked_add_months(Months::new(months))?
        .pred_opt()
}

/// Reads a time said at `at`; a range of times counts to its later end. The workspace's own words go first.
pub(super) fn time(
    text: &str,
    at: DateTime<Utc>,
    zone: Tz,
    country: Option<&str>,
    own: &Lexicon<When>,
) -> Option<TimeRead> {
    let today = at.with_timezone(&zone).date_naive();
    let folded = fold(text).replace(" no later than ", " by ");
    if let Some(found) = own.find(&folded).filter(|found| !found.is_negated) {
        return found.meaning.on(today);
    }
    let phrase = PHRASES.find(&folded);
    // "Half a year" is no year.
    if let Some(When::InMonths(_)) = phrase.map(|found| found.meaning) {
        return phrase?.meaning.on(today);
    }
    let exact = date(text.trim(), country)
        .or_else(|| duration(text, &folded, today))
        .or_else(|| part_of_year(&folded, today));
    if let Some((day, mut notes)) = exact {
        if phrase.is_some_and(|found| found.meaning == When::NotKnown) {
            notes.push(ReadingNote::Unsure);
        }
        return Some(TimeRead::Until(day, notes));
    }
    phrase.filter(|found| !found.is_negated)?.meaning.on(today)
}

type Dated = (NaiveDate, Vec<ReadingNote>);

/// `2027-03-01`, `2027-03`, `01.03.2027`, `3/1/2027`: with slashes month first in the United States, day first elsewhere.
fn date(text: &str, country: Option<&str>) -> Option<Dated> {
    let day = text.get(..10).unwrap_or(text);
    if let Ok(day) = day.parse() {
        return Some((day, Vec::new()));
    }
    let parts: Option<Vec<u32>> = day
        .split(['-', '.', '/'])
        .map(|part| part.trim().parse().ok())
        .collect();
    match parts?.as_slice() {
        [year, month] if *year > 1900 => Some((
            end_of_span(*year as i32, month.checked_sub(1)?, 1)?,
            Vec::new(),
        )),
        [one, two, year] if *year > 1900 => {
            let of = |day, month| NaiveDate::from_ymd_opt(*year as i32, month, day);
            let has_slash = day.contains('/');
            let (first, second) = if has_slash && country == Some("US") {
                (of(*two, *one), of(*one, *two))
            } else {
                (of(*one, *two), of(*two, *one))
            };
            let is_open = has_slash
                && country.is_none()
                && first.is_some()
                && second.is_some()
                && first != second;
            Some((
                first.or(second)?,
                if is_open {
                    vec![ReadingNote::DateOrderAssumed]
                } else {
                    Vec::new()
                },
            ))
        }
        _ => None,
    }
}

/// `in 3 months`, `3-6 months`, `within two weeks`; "more than" one unit more.
fn duration(text: &str, folded: &str, today: NaiveDate) -> Option<Dated> {
    let words: Vec<&str> = folded.split_whitespace().collect();
    let number = |word: &str| {
        let known = NUMBERS.iter().find(|(names, _)| names.contains(&word));
        word.parse().ok().or(known.map(|(_, number)| *number))
    };
    let unit = |word: &str| {
        UNITS
            .iter()
            .find(|(names, _)| names.contains(&word))
            .map(|(_, unit)| *unit)
    };
    let place = (1..words.len())
        .find(|at| unit(words[*at]).is_some() && number(words[at - 1]).is_some())?;
    let mut notes = Vec::new();
    if place >= 2
        && (number(words[place - 2]).is_some()
            || (place >= 3 && ["to", "bis", "a"].contains(&words[place - 2])))
    {
        notes.push(ReadingNote::CautiousEnd);
    }
    let more = [
        " more than ",
        " over ",
        " mehr als ",
        " uber ",
        " plus de ",
        " mas de ",
        " later than ",
    ];
    let is_more = text.contains(['+', '>']) || more.iter().any(|word| folded.contains(word));
    if is_more {
        notes.push(ReadingNote::Approximate);
    }
    let count = number(words[place - 1])?
        .checked_add(u32::from(is_more))
        .filter(|count| *count <= 3650)?;
    let day = match unit(words[place])? {
        When::InDays(days) => today.checked_add_days(Days::new(days * u64::from(count)))?,
        When::InMonths(months) => today.checked_add_months(Months::new(months * count))?,
        _ => return None,
    };
    Some((day, notes))
}

/// `Q1 2027`, `H2`, `March 2027`, `2027`: the end of it, and the next one where no year is given.
fn part_of_year(folded: &str, today: NaiveDate) -> Option<Dated> {
    let words: Vec<&str> = folded.split_whitespace().collect();
    let named = words
        .iter()
        .filter_map(|word| word.parse::<i32>().ok())
        .find(|year| (2000..2100).contains(year));
    let next_year = PHRASES
        .find(folded)
        .is_some_and(|found| found.meaning == When::Span(12, 1));
    let year = named.or(next_year.then_some(today.year() + 1));
    let Some((month0, months)) = words
        .iter()
        .enumerate()
        .find_map(|(at, _)| part_at(&words, at, year.is_some()))
    else {
        return Some((end_of_span(named?, 0, 12)?, Vec::new()));
    };
    let this = end_of_span(year.unwrap_or(today.year()), month0, months)?;
    if year.is_none() && this < today {
        return Some((end_of_span(today.year() + 1, month0, months)?, Vec::new()));
    }
    Some((this, Vec::new()))
}

/// The part of a year that a word names: its first month, counted from 0, and how many it has.
fn part_at(words: &[&str], at: usize, has_year: bool) -> Option<(u32, u32)> {
    let word = words[at];
    let digit = |text: &str, most: u32| {
        text.parse()
            .ok()
            .filter(|one| (1..=most).contains(one))
            .map(|one: u32| one - 1)
    };
    if let Some(quarter) = word
        .strip_prefix(['q', 't'])
        .and_then(|rest| digit(rest, 4))
    {
        return Some((quarter * 3, 3));
    }
    if let Some(half) = word.strip_prefix('h').and_then(|rest| digit(rest, 2)) {
        return Some((half * 6, 6));
    }
    if word == "quartal" && at > 0 {
        return digit(words[at - 1], 4).map(|quarter| (quarter * 3, 3));
    }
    let month = MONTHS.iter().position(|names| names.contains(&word))?;
    // "We may buy" names no month.
    let is_date = word != "may"
        || has_year
        || at == 0
        || ["in", "by", "until", "of"].contains(&words[at - 1]);
    is_date.then_some((month as u32, 1))
}
