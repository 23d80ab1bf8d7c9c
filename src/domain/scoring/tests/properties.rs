//! What holds for all leads, tried on random ones and compared with the plain formula.

use super::*;
use crate::seed::random::Random;

const KINDS: [&str; 5] = ["page_view", "call", "meeting", "unsubscribe", "fax"];

fn random_activities(random: &mut Random, most: u64) -> Vec<Activity> {
    (0..random.below(most + 1))
        .map(|_| {
            let id = u128::from(random.next()) << 64 | u128::from(random.next());
            let kind = random.pick(&KINDS);
            // Some moments are shared.
            let seconds = match random.below(4) {
                0 => random.below(40) as i64 * 86_400,
                _ => random.below(40 * 86_400) as i64,
            };
            activity(id, kind, start() + Duration::seconds(seconds))
        })
        .collect()
}

fn after(random: &mut Random) -> DateTime<Utc> {
    start() + days(40) + Duration::microseconds(random.below(60 * 86_400_000_000) as i64)
}

/// The plain model by its definition: (moment, points) of each entry, in seconds since the start.
fn by_hand(activities: &[Activity]) -> Vec<(f64, f64)> {
    let seconds = |at: DateTime<Utc>| (at - start()).num_microseconds().unwrap() as f64 / 1e6;
    let mut ordered: Vec<&Activity> = activities.iter().collect();
    ordered.sort_by_key(|activity| (activity.occurred_at, activity.id));
    let (mut entries, mut web, mut met) = (Vec::new(), Vec::new(), false);
    for activity in ordered {
        let at = seconds(activity.occurred_at);
        let points = match activity.kind.as_str() {
            "page_view" => {
                let points = f64::min(5.0, 10.0 - worth(&web, at));
                web.push((at, points));
                points
            }
            "call" => 20.0,
            "meeting" if !std::mem::replace(&mut met, true) => 50.0,
            "unsubscribe" => -30.0,
            _ => continue,
        };
        entries.push((at, points));
    }
    entries
}

fn worth(entries: &[(f64, f64)], at: f64) -> f64 {
    let lost = |since: f64| 0.5_f64.powf(since / 864_000.0);
    entries
        .iter()
        .map(|(since, points)| points * lost(at - since))
        .sum()
}

fn seconds(at: DateTime<Utc>) -> f64 {
    (at - start()).num_microseconds().unwrap() as f64 / 1e6
}

#[test]
fn the_stored_value_is_the_sum_of_the_entries_at_any_time() {
    let model = model(plain());
    for seed in 0..400 {
        let mut random = Random::of(seed, 1);
        let activities = random_activities(&mut random, 40);
        let scored = rescored(&model, &activities, start() + days(40));
        let entries = by_hand(&activities);
        for _ in 0..10 {
            let at = after(&mut random);
            let expected = worth(&entries, seconds(at));
            let found = model.engagement_at(&scored.ledger, at);
            assert!(
                (found - expected).abs() < 1e-7,
                "{seed}: {found} {expected}"
            );
        }
    }
}

#[test]
fn adding_bit_by_bit_is_the_same_as_from_nothing_in_any_order_of_arrival() {
    let model = model(plain());
    let (mut added, mut started_over) = (0, 0);
    for seed in 0..400 {
        let mut random = Random::of(seed, 2);
        let activities = random_activities(&mut random, 30);
        let now = start() + days(40);
        let mut left: Vec<Activity> = activities.clone();
        if seed % 2 == 0 {
            left.sort_by_key(Position::of);
        } else {
            left.sort_by_key(|activity| activity.id);
        }
        let (mut ledger, mut known, mut entries) = (Ledger::default(), Vec::new(), Vec::new());
        let somebody = lead();
        while !left.is_empty() {
            let size = (1 + random.below(4) as usize).min(left.len());
            let new: Vec<Activity> = left.drain(..size).collect();
            known.extend(new.clone());
            match model.score(&facts(&somebody, &[]), &ledger, &new, now) {
                Ok(scored) => {
                    added += 1;
                    entries.extend(scored.entries);
                    ledger = scored.ledger;
                }
                Err(_) => {
                    started_over += 1;
                    let scored = model.rescore(&facts(&somebody, &known), &ledger, now);
                    entries = scored.entries;
                    ledger = scored.ledger;
                }
            }
        }
        let whole = rescored(&model, &activities, now);
        let later = now + days(3);
        let (found, expected) = (
            model.engagement_at(&ledger, later),
            model.engagement_at(&whole.ledger, later),
        );
        assert!(
            (found - expected).abs() < 1e-7,
            "{seed}: {found} {expected}"
        );
        entries.sort_by_key(|entry| (entry.at, entry.activity_id));
        assert_eq!(entries.len(), whole.entries.len(), "{seed}");
        for (found, expected) in entries.iter().zip(&whole.entries) {
            assert_eq!(
                (&found.rule, found.activity_id, found.at),
                (&expected.rule, expected.activity_id, expected.at)
            );
            assert!((found.points - expected.points).abs() < 1e-7);
        }
        if seed % 2 == 0 {
            assert_eq!(
                ledger.engagement.to_bits(),
                whole.ledger.engagement.to_bits(),
                "{seed}"
            );
        }
    }
    assert!(added > 500 && started_over > 100, "{added} {started_over}");
}

#[test]
fn the_order_of_leads_is_that_of_their_engagement_at_every_moment() {
    let model = model(plain());
    let mut random = Random::of(7, 3);
    let leads: Vec<(f64, Vec<(f64, f64)>)> = (0..80)
        .map(|_| {
            let activities = random_activities(&mut random, 4);
            let ledger = rescored(&model, &activities, start() + days(40)).ledger;
            (model.engagement_order(&ledger), by_hand(&activities))
        })
        .collect();
    let signs = |sign: f64| {
        leads
            .iter()
            .filter(|(order, _)| *order * sign > 0.0)
            .count()
    };
    assert!(signs(1.0) > 10 && signs(-1.0) > 5 && leads.iter().any(|(order, _)| *order == 0.0));
    for _ in 0..5 {
        let at = seconds(after(&mut random));
        for (left, left_entries) in &leads {
            for (right, right_entries) in &leads {
                let (one, other) = (worth(left_entries, at), worth(right_entries, at));
                if (one - other).abs() > 1e-9 * one.abs().max(other.abs()) {
                    assert_eq!(left < right, one < other, "{one} {other}");
                }
            }
        }
    }
}

#[test]
fn crossings_are_where_bisection_of_the_plain_formula_finds_them() {
    let model = model(plain());
    let mut found = 0;
    for seed in 0..300 {
        let mut random = Random::of(seed, 4);
        let activities = random_activities(&mut random, 12);
        let now = start() + days(40);
        let scored = rescored(&model, &activities, now);
        let entries = by_hand(&activities);
        let Some(next) = model.next_change(&scored.ledger, now) else {
            // Nothing is above the lowest level.
            assert!(worth(&entries, seconds(now)) < 5.0);
            continue;
        };
        found += 1;
        let level = |value: f64| {
            [5.0, 20.0, 40.0, 50.0]
                .iter()
                .filter(|level| value >= **level)
                .count()
        };
        let before = level(worth(&entries, seconds(now)));
        let (mut low, mut high) = (seconds(now), seconds(now) + 864_000.0 * 60.0);
        while high - low > 1e-7 {
            let middle = (low + high) / 2.0;
            if level(worth(&entries, middle)) == before {
                low = middle;
            } else {
                high = middle;
            }
        }
        assert!(
            (seconds(next.at) - high).abs() < 2e-6,
            "{seed}: {} {high}",
            seconds(next.at)
        );
        let at = |at| model.standing(&scored.ledger, at);
        let (still, then) = (at(next.at - Duration::microseconds(1)), at(next.at));
        assert!(still.thresholds != then.thresholds || still.grade != then.grade);
        assert_eq!(
            (still.grade, still.thresholds),
            (at(now).grade, at(now).thresholds)
        );
    }
    assert!(found > 100, "{found}");
}

#[test]
fn the_lines_of_a_statement_sum_up_to_the_score_as_shown() {
    let model = model(plain());
    for seed in 0..300 {
        let mut random = Random::of(seed, 5);
        let activities = random_activities(&mut random, 25);
        let mut somebody = lead();
        somebody.fields.company = (seed % 2 == 0).then(|| "Example".into());
        let scored = model.rescore(
            &facts(&somebody, &activities),
            &Ledger::default(),
            start() + days(40),
        );
        let engagement: Vec<Entry> = scored
            .entries
            .into_iter()
            .filter(|entry| entry.ledger == LedgerKind::Engagement)
            .collect();
        let now = after(&mut random);
        let most = random.below(25) as usize;
        let short = model.statement(&scored.ledger, &engagement, most, now);
        let statement = model.statement(&scored.ledger, &engagement, usize::MAX, now);
        let tenths = |points: f64| (points * 10.0).round() as i64;
        for statement in [&short, &statement] {
            let forward = statement.brought_forward.map_or(0.0, |all| all.worth_now);
            let lines = statement.lines.iter().map(|line| tenths(line.worth_now));
            let sum = lines.sum::<i64>() + tenths(forward);
            assert_eq!(sum, tenths(statement.standing.total), "{seed}");
        }
        let forward = short.brought_forward.map_or(0, |all| all.lines);
        assert_eq!(forward, engagement.len().saturating_sub(most));
        assert_eq!(short.lines.len() + forward, statement.lines.len());
        let exact = worth(&by_hand(&activities), seconds(now)) + f64::from(scored.ledger.fit);
        assert!(
            statement.standing.total <= exact + 1e-7
                && exact < statement.standing.total + 0.1 + 1e-7
        );
        for line in statement
            .lines
            .iter()
            .filter(|line| line.activity_id.is_some())
        {
            let one = worth(&[(seconds(line.at), line.points)], seconds(now));
            assert!((line.worth_now - one).abs() < 0.1 + 1e-6, "{line:?}");
        }
    }
}

#[test]
fn groups_of_fit_stay_within_their_limits() {
    for seed in 0..200 {
        let mut random = Random::of(seed, 6);
        let rules: Vec<Value> = (0..10)
            .map(|index| {
                let points = random.below(41) as i64 - 20;
                json!({"key": format!("r{index}"), "name": "R", "ledger": "fit", "group": "g", "points": if points == 0 { 1 } else { points },
                    "when": {"field": "id", "op": if random.below(3) > 0 { "is_set" } else { "is_not_set" }}})
            })
            .collect();
        let model = model(
            json!({"name": "G", "rules": rules, "groups": [{"key": "g", "cap": 20, "floor": -10}]}),
        );
        let scored = rescored(&model, &[], start());
        let held = rules.iter().filter(|rule| rule["when"]["op"] == "is_set");
        let expected = held.fold(0, |sum, rule| {
            (sum + rule["points"].as_i64().unwrap()).clamp(-10, 20)
        });
        assert_eq!(i64::from(scored.standing.fit), expected, "{seed}");
        let sum: f64 = scored
            .ledger
            .fit_entries
            .iter()
            .map(|entry| entry.points)
            .sum();
        assert_eq!(sum, f64::from(scored.standing.fit));
    }
}
