use super::*;
use crate::domain::calendar::Calendar;
use crate::domain::calendar::oracle::{range, utc, weekdays};
use crate::domain::condition::Facts;
use crate::domain::rules::Rules;
use crate::domain::test_leads::lead;
use crate::seed::random::Random;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

fn office() -> Calendar {
    Calendar::compile(&weekdays("Europe/Berlin", &[range("09:00", "17:00")])).unwrap()
}

fn calendars() -> Calendars {
    HashMap::from([(
        "office".to_owned(),
        VersionedCalendar {
            version: 3,
            calendar: office(),
        },
    )])
}

fn compile(document: Value) -> Result<SlaPolicy, Vec<(String, &'static str)>> {
    let document: SlaPolicyDocument = serde_json::from_value(document).unwrap();
    let references = References {
        calendars: &["office".to_owned()],
        users: &HashSet::from([Uuid::from_u128(1)]),
    };
    SlaPolicy::compile(&document, &Rules::default(), &references).map_err(|errors| {
        errors
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect()
    })
}

fn start(policy: &SlaPolicy, kind: ClockKind, zones: Zones, at: DateTime<Utc>) -> ClockDecision {
    let facts = Facts {
        lead: &lead(),
        activities: &[],
    };
    policy
        .start(&facts, &calendars(), &zones, &[kind], (at, at))
        .remove(0)
}

/// An hour of office time with steps, begun on Friday at 16:30 in Berlin.
fn clock(percents: &[u32]) -> Clock {
    let steps: Vec<Value> = percents
        .iter()
        .map(|percent| json!({"at_percent": percent, "actions": [{"do": "event"}]}))
        .collect();
    let policy = compile(json!({"clocks": [{
        "key": "first", "kind": "first_response", "name": "First", "within_minutes": 60,
        "calendar": "office", "escalations": steps
    }]}))
    .unwrap();
    let at = utc("2026-11-27T15:30:00Z");
    let decision = start(&policy, ClockKind::FirstResponse, Zones::default(), at);
    decision
        .start
        .unwrap()
        .into_clock(Uuid::nil(), Uuid::nil())
        .0
}

fn names(events: &[ClockEvent]) -> Vec<&'static str> {
    events.iter().map(ClockEvent::name).collect()
}

#[test]
fn the_default_compiles_and_gives_five_minutes() {
    let policy = compile(json!(SlaPolicyDocument::default())).unwrap();
    let at = utc("2026-11-28T23:00:00Z");
    let started = start(&policy, ClockKind::FirstResponse, Zones::default(), at);
    let clock = started.start.unwrap();
    assert_eq!(clock.due_at, at + Duration::minutes(5));
    assert_eq!(clock.steps[0].at, at + Duration::minutes(4));
    assert_eq!(started.considered[0].outcome, Outcome::Chosen);
    let none = start(&policy, ClockKind::Qualify, Zones::default(), at);
    assert_eq!((none.start, none.considered), (None, vec![]));
}

#[test]
fn the_first_rule_whose_condition_holds_runs_in_the_zone_it_names() {
    let rule = |key: &str, when: Value, zone: &str| {
        json!({"key": key, "kind": "qualify", "name": key, "when": when,
               "within_minutes": 60, "calendar": "office", "zone": zone})
    };
    let set = json!({"field": "phone", "op": "is_set"});
    let all = json!({"all": []});
    let policy = compile(json!({"clocks": [
        rule("a", set.clone(), "calendar"), rule("b", json!({"not": set.clone()}), "owner"), rule("c", all, "lead")
    ]}))
    .unwrap();
    let zones = Zones {
        owner: Some(chrono_tz::America::New_York),
        ..Zones::default()
    };
    let at = utc("2026-11-27T20:00:00Z");
    let decision = start(&policy, ClockKind::Qualify, zones, at);
    let outcomes: Vec<_> = decision.considered.iter().map(|one| one.outcome).collect();
    assert_eq!(
        outcomes,
        [
            Outcome::ConditionNotMet,
            Outcome::Chosen,
            Outcome::AfterTheFirst
        ]
    );
    let clock = decision.start.unwrap();
    assert_eq!(clock.due_at, at + Duration::hours(1));
    assert_eq!(
        (clock.calendar.version, clock.calendar.zone.as_str()),
        (Some(3), "America/New_York")
    );
    let without = start(&policy, ClockKind::Qualify, Zones::default(), at);
    let clock = without.start.unwrap();
    assert_eq!(
        (clock.due_at, clock.calendar.zone_of),
        (utc("2026-11-30T09:00:00Z"), ZoneOf::Calendar)
    );
}

#[test]
fn everything_that_is_wrong_is_reported_at_once() {
    let notify = |to: &str, id: Value| json!({"do": "notify", "to": to, "user_id": id});
    let wrong = compile(json!({"clocks": [
        {"key": "a", "kind": "accept", "name": "A", "within_minutes": 5, "zone": "owner", "escalations": [
            {"at_percent": 50, "actions": [
                notify("user", json!(Uuid::from_u128(1))), notify("user", json!(null)),
                notify("user", json!(Uuid::from_u128(2))), notify("owner", json!(Uuid::from_u128(1)))]},
            {"at_percent": 50, "actions": [{"do": "task", "title": " "}]}]},
        {"key": "a", "kind": "accept", "name": " ", "within_minutes": 5, "calendar": "offise"},
        {"key": "B", "kind": "qualify", "name": "B", "within_minutes": 5, "when": {"field": "nothing", "op": "is_set"}}
    ]}))
    .unwrap_err();
    let expected = [
        ("/clocks/0/zone", "zone_without_calendar"),
        ("/clocks/0/escalations/0/actions/1/user_id", "user_missing"),
        ("/clocks/0/escalations/0/actions/2/user_id", "unknown_user"),
        ("/clocks/0/escalations/0/actions/3/user_id", "user_not_used"),
        ("/clocks/0/escalations/1/at_percent", "percent_twice"),
        ("/clocks/0/escalations/1/actions/0/title", "empty_title"),
        ("/clocks/1/key", "not_unique"),
        ("/clocks/1/name", "empty_name"),
        ("/clocks/1/calendar", "unknown_calendar"),
        ("/clocks/2/key", "invalid_key"),
        ("/clocks/2/when/field", "unknown_field"),
        ("/clocks/1", "never_reached"),
    ];
    assert_eq!(
        wrong,
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );
    let odd = json!({"clocks": [{"key": "a", "kind": "accept", "name": "A", "within_minutes": 5,
        "escalations": [{"at_percent": 1, "actions": [{"do": "reassign", "x": 1}]}]}]});
    assert!(serde_json::from_value::<SlaPolicyDocument>(odd).is_err());
}

#[test]
fn a_late_call_fires_each_step_once_and_in_order() {
    let mut clock = clock(&[150, 50, 100, 80]);
    assert_eq!(clock.due_at, utc("2026-11-30T08:30:00Z"));
    assert_eq!(clock.next_fire_at, Some(utc("2026-11-27T16:00:00Z")));
    assert!(clock.fire(clock.started_at).is_empty());
    let late = utc("2026-11-30T12:00:00Z");
    let events = clock.fire(late);
    let percents: Vec<u32> = events
        .iter()
        .map(|event| match event {
            ClockEvent::Warned { at_percent, .. } => *at_percent,
            _ => 0,
        })
        .collect();
    assert_eq!(percents, [50, 80, 0, 100, 150]);
    assert_eq!(clock.breached_at, Some(clock.due_at));
    assert!(clock.fire(late).is_empty() && clock.fire(clock.started_at).is_empty());
    assert_eq!(
        (clock.next_step, clock.next_fire_at, clock.state),
        (None, None, ClockState::Breached)
    );
}

#[test]
fn a_pause_keeps_what_was_used() {
    let office = office();
    let mut clock = clock(&[50]);
    clock.pause("waiting for the lead", utc("2026-11-27T15:40:00Z"), &office);
    assert_eq!(clock.next_fire_at, None);
    let monday = utc("2026-11-30T10:00:00Z");
    assert!(clock.fire(monday).is_empty());
    clock.resume(monday, &office).unwrap();
    assert_eq!(clock.due_at, utc("2026-11-30T10:50:00Z"));
    assert_eq!(clock.next_fire_at, Some(utc("2026-11-30T10:20:00Z")));
    let standing = clock.standing(utc("2026-11-30T10:05:00Z"), &office);
    assert_eq!(
        (
            standing.elapsed_seconds,
            standing.remaining_seconds,
            standing.percent
        ),
        (900, 2700, 25)
    );
}

#[test]
fn an_answer_is_in_time_late_or_turns_out_to_have_been_in_time() {
    let office = office();
    let due = utc("2026-11-30T08:30:00Z");
    let mut late = clock(&[]);
    let events = late.meet(due + Duration::seconds(90), &office);
    assert_eq!(names(&events), ["sla.breached", "sla.met"]);
    assert_eq!(
        (late.state, late.breached_at, late.met_late_by_seconds),
        (ClockState::Met, Some(due), Some(90))
    );
    assert!(late.meet(due, &office).is_empty());
    let mut exact = clock(&[]);
    assert_eq!(names(&exact.meet(due, &office)), ["sla.met"]);
    assert_eq!((exact.breached_at, exact.met_late_by_seconds), (None, None));
    let mut withdrawn = clock(&[]);
    withdrawn.fire(due + Duration::hours(1));
    let events = withdrawn.meet(due - Duration::minutes(5), &office);
    assert!(matches!(
        events[..],
        [ClockEvent::Met {
            elapsed_seconds: 3300,
            breach_withdrawn: true,
            late_by_seconds: None,
            ..
        }]
    ));
    assert_eq!(withdrawn.breached_at, None);
}

#[test]
fn an_answer_that_is_noted_after_a_pause_took_the_time_until_it_was_given() {
    let office = office();
    let mut clock = clock(&[]);
    clock.pause("x", utc("2026-11-27T15:40:00Z"), &office);
    clock.resume(utc("2026-11-27T15:45:00Z"), &office).unwrap();
    clock.pause("x", utc("2026-11-27T15:50:00Z"), &office);
    let minutes = |at: &str| {
        let events = clock.clone().meet(utc(at), &office);
        match events[..] {
            [
                ClockEvent::Met {
                    elapsed_seconds, ..
                },
            ] => elapsed_seconds / 60,
            _ => panic!("{events:?}"),
        }
    };
    let taken = ["15:26", "15:34", "15:42", "15:47", "15:55"]
        .map(|time| minutes(&format!("2026-11-27T{time}:00Z")));
    assert_eq!(taken, [0, 4, 10, 12, 15]);
}

#[test]
fn another_zone_counts_from_now_on_and_is_recorded() {
    let (office, mut clock) = (office(), clock(&[]));
    let new_york = office.in_zone(chrono_tz::America::New_York);
    let used = CalendarUsed {
        zone: "America/New_York".to_owned(),
        ..clock.calendar.clone()
    };
    let now = utc("2026-11-27T15:50:00Z");
    let events = clock
        .recompute(&office, &new_york, used.clone(), now)
        .unwrap();
    assert_eq!(clock.due_at, now + Duration::minutes(40));
    assert_eq!(
        (names(&events), &clock.calendar),
        (vec!["sla.recomputed"], &used)
    );
}

#[test]
fn only_a_persons_outbound_activity_is_a_response() {
    use crate::domain::activity::{Activity, Direction};
    use crate::domain::event::Actor;
    let at = utc("2026-11-27T15:30:00Z");
    let activity = |kind: &str, direction| Activity {
        id: Uuid::nil(),
        lead_id: Uuid::nil(),
        kind: kind.to_owned(),
        occurred_at: at,
        created_at: at,
        direction,
        outcome: None,
        duration_seconds: None,
        subject: None,
        body: None,
        source: None,
        channel: None,
        submission_id: None,
        actor: Actor::system(),
        attribution: Default::default(),
        properties: Default::default(),
        is_test: false,
        version: 1,
    };
    let out = Some(Direction::Outbound);
    let first = ClockKind::FirstResponse;
    assert!(meets(first, &activity("call", out), true));
    assert!(!meets(first, &activity("call", out), false));
    assert!(!meets(
        first,
        &activity("call", Some(Direction::Inbound)),
        true
    ));
    assert!(!meets(first, &activity("note", out), true));
    assert!(!meets(ClockKind::Accept, &activity("call", out), true));
    let mut clock = clock(&[]);
    assert!(clock.is_met_by(&activity("call", out), true));
    clock.kind = ClockKind::NextTouch;
    assert!(!clock.is_met_by(&activity("call", out), true));
}

/// Opening time is added up beside the clock, over the intervals in which it was not paused.
#[test]
fn whatever_happens_time_is_kept_and_steps_fire_once() {
    let office = office();
    let mut breaches = 0;
    for number in 0..400 {
        let mut random = Random::of(47, number);
        let mut clock = clock(&[25, 50, 80, 100, 150]);
        let (mut now, mut used, mut paused) = (clock.started_at, Duration::zero(), false);
        let mut fired: Vec<usize> = Vec::new();
        let mut counted: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
        for _ in 0..14 {
            let next = now + Duration::microseconds(random.below(18 * 3_600_000_000) as i64);
            if !paused {
                used += office.open_between(now, next);
                counted.push((now, next));
            }
            now = next;
            let events = match random.below(8) {
                0..3 => clock.pause("x", now, &office),
                3..5 => clock.resume(now, &office).unwrap(),
                5 => clock.fire(now - Duration::hours(2)),
                _ => clock.fire(now),
            };
            paused = clock.state == ClockState::Paused;
            for event in &events {
                match event {
                    ClockEvent::Warned { step, .. } => fired.push(*step),
                    ClockEvent::Breached { breached_at, .. } => {
                        breaches += 1;
                        assert!(
                            used >= Duration::hours(1) && *breached_at <= now,
                            "{number}"
                        );
                    }
                    _ => {}
                }
            }
            assert!(fired.is_sorted_by(|a, b| a < b), "{number}: {fired:?}");
            let counted = Duration::microseconds(clock.used_at(now, &office));
            assert_eq!(counted, used, "{number}");
            let standing = clock.standing(now, &office);
            assert_eq!(standing.elapsed_seconds + standing.remaining_seconds, 3600);
            assert!(
                office.is_open(clock.due_at - Duration::microseconds(1)),
                "{number}"
            );
            if clock.state == ClockState::Running && clock.due_at > now {
                let left = office.open_between(now, clock.due_at);
                assert_eq!(left, Duration::hours(1) - used, "{number}");
            }
        }
        // Somebody notes only now what was done before.
        let ago = random.below((now - clock.started_at).num_microseconds().unwrap() as u64);
        let then = now - Duration::microseconds(ago as i64);
        let until =
            |(from, to): &(DateTime<Utc>, DateTime<Utc>)| office.open_between(*from, then.min(*to));
        let mut noted = clock.clone();
        noted.meet(then, &office);
        let used: Duration = counted.iter().map(until).sum();
        assert_eq!(Duration::microseconds(noted.used_micros), used, "{number}");
        let in_time = clock.breached_at.is_none() && (paused || now <= clock.due_at);
        clock.meet(now, &office);
        assert_eq!(clock.met_late_by_seconds.is_none(), in_time, "{number}");
    }
    assert!(breaches > 100, "{breaches}");
}

#[test]
fn a_rule_that_no_lead_comes_to_is_told_but_stops_nothing() {
    let rule = |key: &str, kind: &str, when: Value| json!({"key": key, "kind": kind, "name": key, "within_minutes": 60, "when": when});
    let set = json!({"field": "phone", "op": "is_set"});
    let document = json!({"clocks": [
        rule("a", "qualify", set.clone()), rule("b", "qualify", set.clone()), rule("c", "accept", set),
        rule("d", "accept", json!({"any": []})), rule("e", "accept", json!({"not": {"any": []}})), rule("f", "accept", json!({"field": "city", "op": "is_set"})),
    ]});
    assert!(compile(document.clone()).is_ok());
    let document: SlaPolicyDocument = serde_json::from_value(document).unwrap();
    let users = HashSet::new();
    let references = References {
        calendars: &[],
        users: &users,
    };
    let wrong = SlaPolicy::check(&document, &Rules::default(), &references).unwrap_err();
    let wrong: Vec<(&str, &str)> = wrong
        .iter()
        .map(|error| (error.pointer.as_str(), error.code))
        .collect();
    assert_eq!(
        wrong,
        [
            ("/clocks/1", "never_reached"),
            ("/clocks/3/when", "never_holds"),
            ("/clocks/5", "never_reached")
        ]
    );
}
