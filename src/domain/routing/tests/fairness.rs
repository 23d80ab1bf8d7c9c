//! The oracle counts leads itself, in whole numbers: it never looks at credits.

use super::*;

fn turns(members: usize) -> Turns {
    let ids: Vec<Uuid> = (0..members).map(id).collect();
    let mut turns = Turns::new(day());
    turns.align(ids.iter());
    turns
}

fn runners(weights: &[u32]) -> Vec<Runner> {
    let all = weights.iter().enumerate();
    all.map(|(place, weight)| Runner {
        place,
        weight: *weight,
    })
    .collect()
}

#[test]
fn p3_every_share_is_within_one_turn_at_every_lead() {
    for seed in 0..60 {
        let mut random = Random::of(7, seed);
        let members = 1 + random.below(60) as usize;
        let most = [1, 3, 100][seed as usize % 3];
        let weights: Vec<u32> = (0..members)
            .map(|_| 1 + random.below(most) as u32)
            .collect();
        let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        let (mut turns, runners) = (turns(members), runners(&weights));
        let mut given = vec![0i128; members];
        let leads = if seed < 6 { 10_000 } else { 1_500 };
        for n in 1..=leads {
            given[turns.take(&runners).unwrap().place] += 1;
            for (given, weight) in given.iter().zip(&weights) {
                // |given − n·weight/sum| < 1
                let apart = (given * sum - n * i128::from(*weight)).abs();
                assert!(apart < sum, "seed {seed}, lead {n}: {weights:?}");
            }
        }
    }
}

#[test]
fn the_highest_credit_alone_would_not_be_within_one_turn() {
    // Why turns are not smooth weighted round robin: few of great weight, and many small ones that fall due together.
    let weights: Vec<u32> = vec![
        2, 64, 1, 5, 2, 2, 2, 3, 2, 65, 64, 3, 3, 5, 64, 3, 1, 1, 5, 3, 4, 3, 4,
    ];
    let sum: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
    let mut credits = vec![0i64; weights.len()];
    let mut worst = 0;
    let (mut turns, runners) = (turns(weights.len()), runners(&weights));
    for _ in 0..sum {
        turns.take(&runners).unwrap();
        let own = turns.members.iter().map(|account| account.credit.abs());
        assert!(own.max().unwrap() < TURN);
        for (credit, weight) in credits.iter_mut().zip(&weights) {
            *credit += i64::from(*weight);
        }
        let highest = (0..credits.len())
            .max_by_key(|index| credits[*index])
            .unwrap();
        credits[highest] -= sum;
        worst = worst.max(credits.iter().map(|credit| credit.abs()).max().unwrap());
    }
    assert!(worst * 100 > sum * 128, "{worst} of {sum}");
}

#[test]
fn whoever_is_away_when_nobody_is_further_off_than_the_members_less_one_and_a_half() {
    for seed in 0..60 {
        let mut random = Random::of(11, seed);
        let members = 2 + random.below(30) as usize;
        let weights: Vec<u32> = (0..members).map(|_| 1 + random.below(20) as u32).collect();
        let all = runners(&weights);
        let mut turns = turns(members);
        let (mut given, mut expected) = (vec![0.0; members], vec![0.0; members]);
        for _ in 0..3_000 {
            let there: Vec<Runner> = match seed % 3 {
                0 => all
                    .iter()
                    .copied()
                    .filter(|_| random.in_thousand(600))
                    .collect(),
                1 => (0..2)
                    .map(|_| all[random.below(members as u64) as usize])
                    .collect(),
                // An enemy: the two nearest credits, the hardest case that is known.
                _ => {
                    let mut by_credit = all.clone();
                    by_credit.sort_by_key(|one| turns.members[one.place].credit);
                    let pairs = by_credit.windows(2);
                    let near = pairs.min_by_key(|pair| {
                        turns.members[pair[1].place].credit - turns.members[pair[0].place].credit
                    });
                    near.unwrap().to_vec()
                }
            };
            let mut there = there;
            there.dedup();
            let sum: f64 = there.iter().map(|one| f64::from(one.weight)).sum();
            let Some(taken) = turns.take(&there) else {
                continue;
            };
            given[taken.place] += 1.0;
            for one in &there {
                expected[one.place] += f64::from(one.weight) / sum;
            }
            for (given, expected) in given.iter().zip(&expected) {
                let apart: f64 = given - expected;
                assert!(
                    apart.abs() <= members as f64 - 1.5 + 1e-6,
                    "seed {seed}: {apart}"
                );
            }
            let owed: i64 = turns.members.iter().map(|account| account.credit).sum();
            assert_eq!(owed, 0);
        }
    }
}

#[test]
fn who_comes_back_from_leave_neither_floods_nor_starves() {
    let (mut turns, all) = (turns(5), runners(&[1; 5]));
    let take = |turns: &mut Turns, runners: &[Runner]| turns.take(runners).unwrap().place;
    for _ in 0..500 {
        take(&mut turns, &all);
    }
    for _ in 0..2_000 {
        assert_ne!(take(&mut turns, &all[..4]), 4);
    }
    let after: Vec<usize> = (0..20).map(|_| take(&mut turns, &all)).collect();
    for window in after.windows(5) {
        let got = window.iter().filter(|place| **place == 4).count();
        assert!((0..=2).contains(&got), "{after:?}");
    }
    let got = after.iter().filter(|place| **place == 4).count();
    assert!((3..=5).contains(&got), "{after:?}");
}

#[test]
fn somebody_new_begins_at_zero_and_what_is_due_to_who_leaves_stays() {
    let mut pool = turns(3);
    let all = runners(&[1, 2, 5]);
    for _ in 0..5 {
        pool.take(&all).unwrap();
    }
    let ids = [id(7), id(2), id(0)];
    pool.align(ids.iter());
    let by_id: Vec<Uuid> = pool.members.iter().map(|account| account.user_id).collect();
    assert_eq!(by_id, ids);
    assert_eq!((pool.members[0].credit, pool.members[0].given), (0, 0));
    let owed: i64 = pool.members.iter().map(|account| account.credit).sum();
    assert_eq!(owed, 0);
    let same = pool.clone();
    pool.align(ids.iter());
    assert_eq!(pool, same);
}

#[test]
fn who_comes_back_on_the_same_day_has_had_as_many_leads_that_day() {
    let mut pool = turns(2);
    let first = &runners(&[1, 1])[..1];
    for _ in 0..3 {
        pool.take(first).unwrap();
    }
    let (both, other) = ([id(0), id(1)], [id(1)]);
    let had = |pool: &Turns| (pool.members[0].given_today, pool.members[0].given);
    assert_eq!(had(&pool), (3, 3));
    pool.align(other.iter());
    let left = serde_json::to_value(&pool).unwrap();
    let mut pool: Turns = serde_json::from_value(left).unwrap();
    return_turn(&mut pool, &[], id(0), day());
    return_turn(&mut pool, &[], id(0), day().pred_opt().unwrap());
    pool.align(both.iter());
    assert_eq!(had(&pool), (2, 0));
    assert_eq!(pool.members[0].credit, 0);
    let mut later = pool.clone();
    later.align(other.iter());
    later.begin_day(day().succ_opt().unwrap());
    assert!(later.left.is_empty());
    later.align(both.iter());
    assert_eq!(had(&later), (0, 0));
}

#[test]
fn a_new_pool_gives_its_first_turns_in_the_order_of_its_members() {
    let mut stage = Stage::of_pool(
        3,
        json!({"name": "P", "members": [member(2), member(3), member(1)]}),
    );
    assert_eq!(stage.many(7), [2, 3, 1, 2, 3, 1, 2]);
}

#[test]
fn a_rejected_lead_returns_the_turn_as_if_it_had_not_been_given() {
    let pool = json!({"name": "P", "strategy": "weighted",
        "members": [with(1, json!({"weight": 3})), with(2, json!({"weight": 7})), member(3)]});
    let mut stage = Stage::of_pool(3, pool);
    stage.many(17);
    let before = stage.desk.turns()["p"].clone();
    let routed = stage.route();
    let Destination::Owner(owner) = routed.to else {
        panic!()
    };
    let turns = stage.desk.turns_mut("p").unwrap();
    return_turn(turns, routed.candidates(), owner, day());
    assert_eq!(turns.members, before.members);
    // Who says no again and again keeps no more than that turn.
    stage.let_go = vec![owner];
    for _ in 0..50 {
        assert_ne!(stage.next(), owner.as_u128());
    }
    let place = |turns: &Turns| {
        turns
            .members
            .iter()
            .find(|one| one.user_id == owner)
            .copied()
    };
    assert_eq!(place(&stage.desk.turns()["p"]), place(&before));
}

#[test]
fn fairness_adds_up() {
    let pool = json!({"name": "P", "strategy": "weighted",
        "members": [with(1, json!({"weight": 3})), member(2)]});
    let mut stage = Stage::of_pool(3, pool);
    stage.many(10);
    let members = stage.router.pools["p"].members(&stage.roster);
    let shown = super::super::fairness(members, &stage.desk.turns()["p"]);
    let near = |one: f64, other: f64| (one - other).abs() < 1e-9;
    assert!(
        near(shown[0].expected, 7.5) && near(shown[1].expected, 2.5),
        "{shown:?}"
    );
    assert_eq!(shown[0].given + shown[1].given, 10);
    assert!(near(shown[0].credit, 7.5 - shown[0].given as f64));
}

#[test]
fn a_batch_gives_what_single_leads_give_with_the_turns_stored_between() {
    let policy = || json!({"fallback": [{"pool": "p"}]});
    let pools = || {
        let members: Vec<Value> = (1..=9)
            .map(|n| with(n, json!({"weight": n * n, "daily_cap": 300 * n})))
            .collect();
        json!({"p": {"name": "P", "strategy": "weighted", "members": members}})
    };
    let batch = Stage::new(9, policy(), pools()).many(10_000);
    let mut single = Stage::new(9, policy(), pools());
    for owner in batch {
        assert_eq!(single.next(), owner);
        let stored = serde_json::to_string(single.desk.turns()).unwrap();
        single.desk = Desk::new(serde_json::from_str(&stored).unwrap(), HashMap::new());
    }
}
