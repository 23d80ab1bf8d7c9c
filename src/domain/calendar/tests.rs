use super::oracle::{self, range, utc, weekdays};
use super::*;
use crate::seed::random::Random;
use chrono::DurationRound;
use chrono_tz::{America, Australia, Europe, Pacific};
use serde_json::{Value, json};

fn office() -> Calendar {
    Calendar::compile(&weekdays("Europe/Berlin", &[range("09:00", "17:00")])).unwrap()
}

fn daily(zone: Tz, from: &str, to: &str) -> Calendar {
    let hours = vec![range(from, to)];
    let document = CalendarDocument {
        hours: WeekHours {
            saturday: hours.clone(),
            sunday: hours.clone(),
            ..weekdays("UTC", &hours).hours
        },
        ..weekdays(zone.name(), &hours)
    };
    Calendar::compile(&document).unwrap()
}

/// Pointers and codes of what is wrong.
fn wrong(document: Value) -> Vec<(String, &'static str)> {
    let document: CalendarDocument = serde_json::from_value(document).unwrap();
    let errors = Calendar::compile(&document).unwrap_err();
    errors
        .into_iter()
        .map(|error| (error.pointer, error.code))
        .collect()
}

#[test]
fn a_lead_from_the_weekend_is_due_on_monday() {
    let due = |from| office().due(utc(from), Duration::hours(1)).unwrap();
    // Saturday 15:00 and Friday 16:30 in Berlin, in winter.
    assert_eq!(due("2026-11-28T14:00:00Z"), utc("2026-11-30T09:00:00Z"));
    assert_eq!(due("2026-11-27T15:30:00Z"), utc("2026-11-30T08:30:00Z"));
    // And over the night in which clocks are put forward.
    assert_eq!(due("2026-03-27T15:30:00Z"), utc("2026-03-30T07:30:00Z"));
}

#[test]
fn what_ends_with_the_day_is_due_at_closing_time() {
    let (from, closing) = (utc("2026-11-27T15:00:00Z"), utc("2026-11-27T16:00:00Z"));
    assert_eq!(office().due(from, Duration::hours(1)), Ok(closing));
    assert!(!office().is_open(closing));
    let just_open = closing - Duration::microseconds(1);
    assert!(office().is_open(just_open));
    let monday = utc("2026-11-30T08:00:00Z");
    let one = Duration::microseconds(1);
    assert_eq!(
        office().due(from, Duration::hours(1) + one),
        Ok(monday + one)
    );
    assert_eq!(office().due(closing, Duration::zero()), Ok(monday));
    assert_eq!(office().due(just_open, Duration::zero()), Ok(just_open));
    assert_eq!(office().next_open(closing), Ok(monday));
    assert_eq!(office().next_close(from), Some(closing));
    assert_eq!(
        office().next_close(closing),
        Some(utc("2026-11-30T16:00:00Z"))
    );
}

#[test]
fn holidays_are_closed_and_exceptions_go_before_them() {
    let mut document = weekdays("Europe/Berlin", &[range("09:00", "17:00")]);
    document.holidays = serde_json::from_value(json!([
        {"month_day": "12-25"}, {"date": "2026-12-24"}, {"month_day": "02-29"}
    ]))
    .unwrap();
    document.exceptions = serde_json::from_value(json!([
        {"date": "2026-12-24", "hours": [{"from": "09:00", "to": "12:00"}]}, {"date": "2026-12-28"}
    ]))
    .unwrap();
    let calendar = Calendar::compile(&document).unwrap();
    // Thursday 11:00; the Friday is Christmas, the Monday is an exception: the second hour is on Tuesday.
    let due = calendar.due(utc("2026-12-24T10:00:00Z"), Duration::hours(2));
    assert_eq!(due, Ok(utc("2026-12-29T09:00:00Z")));
    // 29 February 2028 is a Tuesday; the first of March 2027 is an ordinary Monday.
    assert!(!calendar.is_open(utc("2028-02-29T10:00:00Z")));
    assert!(calendar.is_open(utc("2027-03-01T10:00:00Z")));
}

#[test]
fn an_hour_that_is_left_out_does_not_count_and_one_that_comes_twice_counts_twice() {
    let night = daily(Europe::Berlin, "02:00", "04:00");
    let open = |from, to| night.open_between(utc(from), utc(to));
    assert_eq!(
        open("2026-03-28T22:00:00Z", "2026-03-29T22:00:00Z"),
        Duration::hours(1)
    );
    assert_eq!(
        open("2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z"),
        Duration::hours(3)
    );
    // Lord Howe puts its clocks by half an hour.
    let howe = daily(Australia::Lord_Howe, "01:00", "03:00");
    let open = |from, to| howe.open_between(utc(from), utc(to));
    assert_eq!(
        open("2026-10-03T10:00:00Z", "2026-10-04T10:00:00Z"),
        Duration::minutes(90)
    );
    assert_eq!(
        open("2026-04-04T10:00:00Z", "2026-04-05T10:00:00Z"),
        Duration::minutes(150)
    );
}

#[test]
fn a_day_that_a_country_left_out_has_no_hours() {
    // Samoa went from Thursday the 29th to Saturday the 31st.
    let samoa = daily(Pacific::Apia, "09:00", "17:00");
    let due = samoa.due(utc("2011-12-30T02:30:00Z"), Duration::hours(1));
    assert_eq!(due, Ok(utc("2011-12-30T19:30:00Z")));
    // São Paulo had no midnight: the day began at one.
    let sao_paulo = daily(America::Sao_Paulo, "00:00", "08:00");
    assert_eq!(
        sao_paulo.next_open(utc("2018-11-03T12:00:00Z")),
        Ok(utc("2018-11-04T03:00:00Z"))
    );
    assert_eq!(
        sao_paulo.next_close(utc("2018-11-03T12:00:00Z")),
        Some(utc("2018-11-04T10:00:00Z"))
    );
}

#[test]
fn the_same_hours_are_other_moments_in_another_zone() {
    let from = utc("2026-11-27T20:00:00Z");
    let hour = Duration::hours(1);
    assert_eq!(
        office().in_zone(America::New_York).due(from, hour),
        Ok(from + hour)
    );
    assert_eq!(office().due(from, hour), Ok(utc("2026-11-30T09:00:00Z")));
}

#[test]
fn what_never_opens_again_says_so() {
    let once: CalendarDocument = serde_json::from_value(json!({
        "exceptions": [{"date": "2026-12-24", "hours": [{"from": "09:00", "to": "12:00"}]}]
    }))
    .unwrap();
    let once = Calendar::compile(&once).unwrap();
    let opening = utc("2026-12-24T09:00:00Z");
    assert_eq!(once.next_open(opening - Duration::days(365)), Ok(opening));
    assert_eq!(
        once.next_open(opening - Duration::days(366)),
        Err(NeverOpen)
    );
    assert_eq!(once.due(opening, Duration::hours(4)), Err(NeverOpen));
    assert_eq!(
        once.due(opening, Duration::hours(3)),
        Ok(utc("2026-12-24T12:00:00Z"))
    );
    assert_eq!(once.next_close(utc("2027-01-01T00:00:00Z")), None);
    // Open for a minute a year, a week of work is not done in a century.
    let rare = json!({"always": true, "holidays": []});
    let mut rare: CalendarDocument = serde_json::from_value(rare).unwrap();
    (rare.always, rare.hours.monday) = (false, vec![range("09:00", "09:01")]);
    let rare = Calendar::compile(&rare).unwrap();
    assert_eq!(rare.due(opening, Duration::days(7)), Err(NeverOpen));
}

#[test]
fn the_default_is_always_open() {
    let calendar = Calendar::compile(&CalendarDocument::default()).unwrap();
    assert_eq!(calendar, Calendar::default());
    let at = utc("2026-11-28T14:00:00.000001Z");
    assert!(calendar.is_always() && calendar.is_open(at));
    assert_eq!(
        calendar.due(at, Duration::minutes(5)),
        Ok(utc("2026-11-28T14:05:00.000001Z"))
    );
    assert_eq!(
        (calendar.next_open(at), calendar.next_close(at)),
        (Ok(at), None)
    );
    let whole = daily(Europe::Berlin, "00:00", "24:00");
    assert!(whole.is_always());
}

#[test]
fn everything_that_is_wrong_is_reported_at_once() {
    let document = json!({
        "zone": "Europe/Berlim",
        "hours": {
            "monday": [{"from": "13:00", "to": "17:00"}, {"from": "09:00", "to": "13:01"}],
            "tuesday": [{"from": "17:00", "to": "09:00"}, {"from": "9:00", "to": "25:00"}],
            "friday": [{"from": "24:00", "to": "24:00"}]
        },
        "holidays": [{"date": "2026-12-25"}, {"date": "2026-12-25"}, {}, {"month_day": "02-30"}],
        "exceptions": [{"date": "2026-12-24"}, {"date": "2026-12-24", "hours": [{"from": "10:00", "to": "10:00"}]}]
    });
    let expected = [
        ("/zone", "unknown_zone"),
        ("/hours/tuesday/0", "from_not_before_to"),
        ("/hours/tuesday/1/from", "invalid_time"),
        ("/hours/tuesday/1/to", "invalid_time"),
        ("/hours/friday/0/from", "invalid_time"),
        ("/holidays/1", "holiday_twice"),
        ("/holidays/2", "date_or_month_day"),
        ("/holidays/3/month_day", "invalid_month_day"),
        ("/exceptions/1/date", "exception_twice"),
        ("/exceptions/1/hours/0", "from_not_before_to"),
    ];
    let mut found = wrong(document);
    let overlap = ("/hours/monday/0".to_owned(), "overlapping_hours");
    assert!(found.contains(&overlap));
    found.retain(|error| *error != overlap);
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(pointer, code)| (pointer.to_owned(), code))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_calendar_opens_at_all_and_says_it_once() {
    let never = |document| wrong(document)[0].1;
    assert_eq!(never(json!({})), "never_open");
    assert_eq!(
        never(json!({"exceptions": [{"date": "2026-12-24"}]})),
        "never_open"
    );
    let hours = json!({"monday": [{"from": "09:00", "to": "12:00"}]});
    assert_eq!(
        wrong(json!({"always": true, "hours": hours})),
        [("/hours".to_owned(), "hours_never_used")]
    );
}

#[test]
fn every_answer_is_that_of_counting_minutes() {
    let mut reached = 0;
    for number in 0..250 {
        let mut random = Random::of(41, number);
        let (zone, from) = oracle::moment(&mut random);
        let document = oracle::document(&mut random, zone, from.date_naive());
        let Ok(calendar) = Calendar::compile(&document) else {
            continue;
        };
        let case = || format!("{number}: {from} {}", json!(document));
        assert_eq!(
            calendar.is_open(from),
            oracle::is_open(&document, from),
            "{}",
            case()
        );
        let to = from + Duration::microseconds(random.below(4 * DAY as u64) as i64);
        let open = calendar.open_between(from, to);
        assert_eq!(
            open,
            oracle::open_between(&document, from, to),
            "{to} {}",
            case()
        );
        let working = match random.below(4) {
            0 => Duration::zero(),
            1 => Duration::minutes(random.below(60) as i64),
            2 => Duration::microseconds(random.below(DAY as u64 / 4) as i64),
            _ => open,
        };
        let due = calendar.due(from, working);
        if let Some(expected) = oracle::due(&document, from, working, 9) {
            reached += 1;
            assert_eq!(due, Ok(expected), "{working} {}", case());
        }
        if let Ok(due) = due {
            assert_eq!(calendar.open_between(from, due), working, "{}", case());
            let inside = due - Duration::microseconds(i64::from(!working.is_zero()));
            assert!(oracle::is_open(&document, inside), "{}", case());
        }
    }
    assert!(reached > 150, "{reached}");
}

#[test]
fn the_next_close_is_where_openness_ends() {
    for number in 0..120 {
        let mut random = Random::of(43, number);
        let (zone, from) = oracle::moment(&mut random);
        let document = oracle::document(&mut random, zone, from.date_naive());
        let Ok(calendar) = Calendar::compile(&document) else {
            continue;
        };
        let Some(opened) = oracle::due(&document, from, Duration::zero(), 8) else {
            continue;
        };
        let minute = Duration::minutes(1);
        let mut closed = opened.duration_trunc(minute).unwrap();
        let mut minutes = 0;
        while oracle::is_open(&document, closed) && minutes < 10_000 {
            (closed, minutes) = (closed + minute, minutes + 1);
        }
        if minutes < 10_000 {
            assert_eq!(calendar.next_close(from), Some(closed), "{number}: {from}");
        }
    }
}
