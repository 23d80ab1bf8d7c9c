//! Turns that are known before they are committed: nobody waits to decide, nothing is lost, no turn is taken twice.

use crate::support::TestApp;
use baton::domain::routing::Turns;
use baton::error::{Error, Result};
use baton::store::pool::{Db, TenantConnection};
use baton::store::pool_turns;
use baton::store::turns_ahead::{Base, TurnsLeft};
use chrono::NaiveDate;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use uuid::Uuid;

const LONG: Duration = Duration::from_secs(20);

/// Takes a turn of the pool `p`, known ahead or under a lock. The answer begins with how many were taken so far.
fn take(conn: &mut TenantConnection, is_ahead: bool) -> Result<(i64, TurnsLeft)> {
    let base = if is_ahead {
        Base::ahead(conn, &["p"])?
    } else {
        Base::lock(conn, &["p"])?
    };
    let mut turns = base.turns();
    let pool = turns
        .entry("p".to_owned())
        .or_insert_with(|| Turns::new(NaiveDate::default()));
    pool.version += 1;
    let taken = pool.version;
    Ok((taken, base.leave(conn, turns.iter())))
}

fn take_one(db: &Db, workspace_id: Uuid, is_ahead: bool) -> i64 {
    let work = |conn: &mut TenantConnection| {
        let (taken, left) = take(conn, is_ahead)?;
        pool_turns::replace_all(conn, &left)?;
        Ok(taken)
    };
    db.in_workspace(workspace_id, work).unwrap()
}

fn stored(db: &Db, workspace_id: Uuid) -> i64 {
    let turns = db.in_workspace(workspace_id, |conn| pool_turns::find(conn, "p"));
    turns.unwrap().unwrap().version
}

/// Sees how many turns of the pool `p` were taken so far, and takes none.
fn look(conn: &mut TenantConnection) -> Result<(i64, TurnsLeft)> {
    let base = Base::ahead(conn, &["p"])?;
    let turns = base.turns();
    let left = base.leave(conn, turns.iter());
    Ok((turns["p"].version, left))
}

type Work = fn(&mut TenantConnection) -> Result<(i64, TurnsLeft)>;

/// One takes a turn and ends its transaction only when the other has decided by it. What the other saw in each of its tries.
fn one_behind_the_other(
    db: &Db,
    workspace_id: Uuid,
    first_ends: fn() -> Result<()>,
    second: Work,
) -> Vec<i64> {
    let (has_taken, taken): (Sender<()>, Receiver<()>) = channel();
    let (has_decided, decided) = channel();
    std::thread::scope(|scope| {
        let first = scope.spawn(move || {
            db.in_workspace(workspace_id, |conn| {
                let (_, left) = take(conn, true)?;
                has_taken.send(()).unwrap();
                decided
                    .recv_timeout(LONG)
                    .expect("who is next does not wait to decide");
                pool_turns::replace_all(conn, &left)?;
                first_ends()
            })
        });
        taken.recv_timeout(LONG).unwrap();
        let mut seen = Vec::new();
        let second = db.in_workspace(workspace_id, |conn| {
            let (saw, left) = second(conn)?;
            seen.push(saw);
            let _gone = has_decided.send(());
            pool_turns::replace_all(conn, &left)
        });
        second.unwrap();
        let _result = first.join().unwrap();
        seen
    })
}

#[test]
fn who_is_next_decides_by_turns_that_are_not_committed_yet() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let db = app.database().open();
    assert_eq!(take_one(&db, app.workspace_id, true), 1);
    let seen = one_behind_the_other(&db, app.workspace_id, || Ok(()), |conn| take(conn, true));
    assert_eq!((seen, stored(&db, app.workspace_id)), (vec![3], 3));
}

#[test]
fn turns_of_a_transaction_that_fails_count_for_nobody() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let db = app.database().open();
    assert_eq!(take_one(&db, app.workspace_id, true), 1);
    let fails = || Err(Error::TooSlow);
    let seen = one_behind_the_other(&db, app.workspace_id, fails, |conn| take(conn, true));
    assert_eq!((seen, stored(&db, app.workspace_id)), (vec![3, 2], 2));
    // And the next ones go on from there.
    assert_eq!(take_one(&db, app.workspace_id, true), 3);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(take_one(&db, app.workspace_id, true), 4);
    // Nor for who found that it is nobody's turn.
    let seen = one_behind_the_other(&db, app.workspace_id, fails, look);
    assert_eq!((seen, stored(&db, app.workspace_id)), (vec![5, 4], 4));
}

#[test]
fn what_another_process_or_a_lock_took_meanwhile_is_found_out() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let (db, other) = (app.database().open(), app.database().open());
    for (before, is_ahead) in [(1, true), (4, false)] {
        assert_eq!(take_one(&db, app.workspace_id, true), before);
        let mut seen = Vec::new();
        let done = db.in_workspace(app.workspace_id, |conn| {
            let (taken, left) = take(conn, true)?;
            seen.push(taken);
            if seen.len() == 1 {
                take_one(&other, app.workspace_id, is_ahead);
            }
            pool_turns::replace_all(conn, &left)
        });
        done.unwrap();
        assert_eq!(seen, [before + 1, before + 2]);
        assert_eq!(stored(&db, app.workspace_id), before + 2);
        // What is known ahead is not trusted for a second.
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(stored(&other, app.workspace_id), before + 2);
    }
}

#[test]
fn that_it_is_nobodys_turn_is_not_decided_by_turns_that_have_changed() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let (db, other) = (app.database().open(), app.database().open());
    assert_eq!(take_one(&db, app.workspace_id, true), 1);
    assert_eq!(take_one(&other, app.workspace_id, true), 2);
    let mut seen = Vec::new();
    let done = db.in_workspace(app.workspace_id, |conn| {
        let (saw, left) = look(conn)?;
        seen.push(saw);
        pool_turns::replace_all(conn, &left)
    });
    done.unwrap();
    assert_eq!((seen, stored(&db, app.workspace_id)), (vec![1, 2], 2));
}

#[test]
fn many_hands_take_each_turn_once() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let (db, other) = (app.database().open(), app.database().open());
    let hands: Vec<(&Db, bool)> = vec![
        (&db, true),
        (&db, true),
        (&db, true),
        (&db, false),
        (&other, true),
    ];
    let mut taken: Vec<i64> = std::thread::scope(|scope| {
        let work: Vec<_> = hands
            .iter()
            .map(|(db, is_ahead)| {
                scope.spawn(|| {
                    let turns = (0..60).map(|_| take_one(db, app.workspace_id, *is_ahead));
                    turns.collect::<Vec<_>>()
                })
            })
            .collect();
        work.into_iter()
            .flat_map(|hand| hand.join().unwrap())
            .collect()
    });
    taken.sort_unstable();
    assert_eq!(taken, (1..=300).collect::<Vec<_>>());
}
