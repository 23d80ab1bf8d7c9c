//! Tests of scoring by examples; what they are made of stands here for the others.

mod compiling;
mod properties;

use super::*;
use crate::domain::activity::Activity;
use crate::domain::condition::Facts;
use crate::domain::event::Actor;
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::domain::test_leads::lead;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

fn start() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn days(count: i64) -> Duration {
    Duration::days(count)
}

fn document(value: Value) -> ScoringModelDocument {
    serde_json::from_value(value).unwrap()
}

fn model(value: Value) -> ScoringModel {
    ScoringModel::compile(&document(value), &Rules::default()).unwrap()
}

fn activity(id: u128, kind: &str, at: DateTime<Utc>) -> Activity {
    Activity {
        id: Uuid::from_u128(id),
        lead_id: Uuid::nil(),
        kind: kind.to_owned(),
        occurred_at: at,
        created_at: at,
        direction: None,
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
    }
}

fn facts<'a>(lead: &'a Lead, activities: &'a [Activity]) -> Facts<'a> {
    Facts { lead, activities }
}

/// A call is worth 20, a meeting once 50, page views 5 up to 10, an unsubscription -30; a company 10.
fn plain() -> Value {
    json!({
        "name": "Plain", "engagement_half_life_days": 10,
        "rules": [
            {"key": "company", "name": "Company", "ledger": "fit", "points": 10, "when": {"field": "company", "op": "is_set"}},
            {"key": "view", "name": "View", "ledger": "engagement", "points": 5, "group": "web", "activity": {"types": ["page_view"]}},
            {"key": "call", "name": "Call", "ledger": "engagement", "points": 20, "activity": {"types": ["call"]}},
            {"key": "meeting", "name": "Meeting", "ledger": "engagement", "points": 50, "activity": {"types": ["meeting"]}, "counts": "once"},
            {"key": "gone", "name": "Unsubscribed", "ledger": "engagement", "points": -30, "activity": {"types": ["unsubscribe"]}}
        ],
        "groups": [{"key": "web", "cap": 10}],
        "fit_grades": {"a": 30, "b": 10, "c": 5},
        "engagement_grades": {"1": 40, "2": 20, "3": 5},
        "thresholds": [{"key": "warm", "on": "engagement", "points": 20}, {"key": "hot", "on": "total", "points": 50}]
    })
}

fn rescored(model: &ScoringModel, activities: &[Activity], now: DateTime<Utc>) -> Scored {
    model.rescore(&facts(&lead(), activities), &Ledger::default(), now)
}

#[test]
fn engagement_loses_half_in_each_half_life_and_fit_nothing() {
    let model = model(plain());
    let mut somebody = lead();
    somebody.fields.company = Some("Example".into());
    let calls = [activity(1, "call", start())];
    let scored = model.rescore(&facts(&somebody, &calls), &Ledger::default(), start());
    let at = |count| model.standing(&scored.ledger, start() + days(count));
    assert_eq!((at(0).fit, at(0).engagement, at(0).total), (10, 20.0, 30.0));
    assert_eq!(
        (at(10).fit, at(10).engagement, at(10).total),
        (10, 10.0, 20.0)
    );
    assert_eq!(
        (at(20).fit, at(20).engagement, at(20).total),
        (10, 5.0, 15.0)
    );
    let grades: Vec<String> = [0, 10, 20, 21]
        .map(|count| at(count).grade.to_string())
        .into();
    assert_eq!(grades, ["B2", "B3", "B3", "B4"]);
}

#[test]
fn a_threshold_is_lost_in_the_first_microsecond_below_it() {
    let model = model(plain());
    let scored = rescored(&model, &[activity(1, "meeting", start())], start());
    assert_eq!(scored.standing.thresholds, ["warm", "hot"]);
    // 50 · 2^(-t/10d) = 20: t = 10d · log2(2.5).
    let seconds = 864_000.0 * 2.5_f64.log2();
    let at = model.crosses_down_at(&scored.ledger, "warm").unwrap();
    let micros = (at - start()).num_microseconds().unwrap();
    assert_eq!(micros, (seconds * 1e6).floor() as i64 + 1);
    // 50 is met at the very moment, and lost a microsecond later.
    let next = model.next_change(&scored.ledger, start()).unwrap();
    assert_eq!(next.at, start() + Duration::microseconds(1));
    let lost = ScoreChange::ThresholdLost {
        threshold: "hot".into(),
    };
    assert_eq!(next.crossings[0].change, lost);
}

#[test]
fn what_decay_changes_is_told_once_and_in_order() {
    let model = model(plain());
    let mut ledger = rescored(&model, &[activity(1, "meeting", start())], start()).ledger;
    let told = model.tell(&mut ledger, start() + days(100));
    let shown: Vec<Value> = told
        .iter()
        .map(|crossing| serde_json::to_value(crossing).unwrap())
        .collect();
    let kinds: Vec<&str> = shown
        .iter()
        .map(|shown| shown["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "threshold_lost",
            "grade_changed",
            "threshold_lost",
            "grade_changed",
            "grade_changed"
        ]
    );
    assert_eq!(
        (&shown[1]["from"], &shown[1]["to"]),
        (&json!("D1"), &json!("D2"))
    );
    assert!(told.is_sorted_by_key(|crossing| crossing.at));
    assert_eq!(model.tell(&mut ledger, start() + days(200)), []);
    assert_eq!(model.next_change(&ledger, start() + days(100)), None);
}

#[test]
fn scoring_tells_what_decay_changed_before_it_and_what_it_changes_itself() {
    let model = model(plain());
    let first = rescored(&model, &[activity(1, "call", start())], start());
    let again = [activity(2, "meeting", start() + days(10))];
    let second = model
        .score(
            &facts(&lead(), &[]),
            &first.ledger,
            &again,
            start() + days(11),
        )
        .unwrap();
    let by = |by| {
        second
            .crossings
            .iter()
            .filter(|crossing| crossing.by == by)
            .count()
    };
    // Warm and grade 2 were lost at once; then warm, hot and grade 1 are reached.
    assert_eq!((by(ChangedBy::Decay), by(ChangedBy::Scoring)), (2, 3));
    assert_eq!(second.crossings.last().unwrap().at, start() + days(11));
    assert_eq!(second.standing.thresholds, ["warm", "hot"]);
}

#[test]
fn engagement_below_zero_comes_up_again_and_so_does_the_total() {
    let mut value = plain();
    value["thresholds"] = json!([{"key": "zero", "on": "total", "points": -3}]);
    let model = model(value);
    let scored = rescored(&model, &[activity(1, "unsubscribe", start())], start());
    assert_eq!(scored.standing.total, -30.0);
    assert!(model.engagement_order(&scored.ledger) < 0.0);
    // 30 · 2^(-t/10d) = 3: t = 10d · log2(10).
    let next = model.next_change(&scored.ledger, start()).unwrap();
    let seconds = 864_000.0 * 10_f64.log2();
    assert!(((next.at - start()).num_microseconds().unwrap() as f64 - seconds * 1e6).abs() < 2.0);
    let reached = ScoreChange::ThresholdReached {
        threshold: "zero".into(),
    };
    assert_eq!(next.crossings[0].change, reached);
    assert_eq!(model.crosses_down_at(&scored.ledger, "zero"), None);
}

#[test]
fn an_entry_adds_what_its_group_has_room_for() {
    let model = model(plain());
    let views = [0, 0, 0, 10].map(|day| start() + days(day));
    let views: Vec<Activity> = views
        .iter()
        .enumerate()
        .map(|(index, at)| activity(index as u128, "page_view", *at))
        .collect();
    let scored = rescored(&model, &views, start() + days(10));
    let points: Vec<f64> = scored.entries.iter().map(|entry| entry.points).collect();
    // The third finds the group full; ten days later half of it is free.
    assert_eq!(points, [5.0, 5.0, 5.0]);
    assert_eq!(scored.standing.engagement, 10.0);
    let soon = [
        views.as_slice(),
        &[activity(9, "page_view", start() + days(11))],
    ]
    .concat();
    let scored = rescored(&model, &soon, start() + days(11));
    let last = scored.entries.last().unwrap();
    assert_eq!(last.capped_by.as_deref(), Some("web"));
    assert!((last.points - (10.0 - 10.0 * 0.5_f64.powf(0.1))).abs() < 1e-9);
    assert_eq!(scored.standing.engagement, 10.0);
}

#[test]
fn what_counts_once_counts_for_the_first_even_when_that_comes_last() {
    let model = model(plain());
    let (early, late) = (
        activity(1, "meeting", start()),
        activity(2, "meeting", start() + days(5)),
    );
    let now = start() + days(6);
    let first = rescored(&model, std::slice::from_ref(&late), now);
    let refused = model.score(
        &facts(&lead(), &[]),
        &first.ledger,
        std::slice::from_ref(&early),
        now,
    );
    assert_eq!(refused.unwrap_err().late.activity_id, early.id);
    let all = model.rescore(&facts(&lead(), &[late, early.clone()]), &first.ledger, now);
    assert_eq!(
        (all.entries.len(), all.entries[0].activity_id),
        (1, Some(early.id))
    );
}

#[test]
fn an_activity_dated_ahead_counts_from_when_we_learnt_of_it() {
    let model = model(plain());
    let mut call = activity(1, "call", start() + Duration::minutes(4));
    call.created_at = start();
    assert_eq!(rescored(&model, &[call], start()).standing.engagement, 20.0);
}

#[test]
fn an_entry_of_fit_keeps_its_moment_and_ends_with_its_condition() {
    let model = model(plain());
    let mut somebody = lead();
    somebody.fields.company = Some("Example".into());
    let first = model
        .score(&facts(&somebody, &[]), &Ledger::default(), &[], start())
        .unwrap();
    assert_eq!(first.entries[0].at, start());
    let later = start() + days(1);
    let same = model
        .score(&facts(&somebody, &[]), &first.ledger, &[], later)
        .unwrap();
    assert_eq!(
        (same.entries.len(), same.ledger.fit_entries[0].at),
        (0, start())
    );
    somebody.fields.company = None;
    let gone = model
        .score(&facts(&somebody, &[]), &same.ledger, &[], later)
        .unwrap();
    assert_eq!((gone.ended.len(), gone.standing.fit), (1, 0));
}

#[test]
fn without_half_life_nothing_is_lost_and_nothing_changes_by_itself() {
    let mut value = plain();
    value["engagement_half_life_days"] = Value::Null;
    let model = model(value);
    let scored = rescored(&model, &[activity(1, "meeting", start())], start());
    assert_eq!(
        model.engagement_at(&scored.ledger, start() + days(9000)),
        50.0
    );
    assert_eq!(model.next_change(&scored.ledger, start()), None);
}

#[test]
fn why_not_names_what_is_missing_and_what_brings_most() {
    let model = model(plain());
    let calls = [activity(1, "call", start())];
    let ledger = rescored(&model, &calls, start()).ledger;
    let now = start() + days(10);
    let why = model
        .why_not(&facts(&lead(), &calls), &ledger, Some("hot"), now)
        .unwrap();
    assert_eq!((why.missing_points, why.points), (40.0, 50));
    let rules: Vec<(&str, f64, Move)> = why
        .rules
        .iter()
        .map(|rule| (rule.rule.as_str(), rule.points, rule.needs))
        .collect();
    assert_eq!(
        rules,
        [
            ("meeting", 50.0, Move::HappenOnce),
            ("call", 20.0, Move::Happen),
            ("company", 10.0, Move::Hold),
            ("view", 5.0, Move::Happen),
        ]
    );
    assert_eq!(
        why.rules[2].condition,
        json!({"field": "company", "op": "is_set"})
    );
    let nearest = model
        .why_not(&facts(&lead(), &calls), &ledger, None, now)
        .unwrap();
    assert_eq!(
        (nearest.threshold.as_str(), nearest.missing_points),
        ("warm", 10.0)
    );
    assert_eq!(
        model.why_not(&facts(&lead(), &calls), &ledger, Some("no"), now),
        None
    );
}

#[test]
fn a_ledger_reads_back_as_it_was_kept() {
    let model = model(plain());
    let activities = [
        activity(1, "call", start()),
        activity(2, "page_view", start() + days(3)),
    ];
    let scored = rescored(&model, &activities, start() + days(4));
    let kept = serde_json::to_string(&scored).unwrap();
    assert_eq!(serde_json::from_str::<Scored>(&kept).unwrap(), scored);
}
