//! Turns ahead: what the latest transaction of this process leaves of the turns of pools, known before it is committed.
//!
//! Were a pool locked from the decision to the commit, a workspace would take in one batch of captures at a time: with a pool of
//! fifty a quarter of the machine had nothing to do. So a transaction decides by what the one before it leaves, while that
//! one still writes, and writes its own when that one is committed. The order of turns stays the order of commits.
//!
//! The table has the last word: turns name the [stamp](pool_turns::Stored::stamp) of those they were decided by, and writing
//! them fails where another process, or somebody who locked the row, came between. The transaction is run again then, by the
//! row and its lock, and so are those of its workspace for a [while](DISTRUST).

use crate::domain::routing::Turns;
use crate::error::{Error, Result};
use crate::store::failure::LostRace;
use crate::store::pool::TenantConnection;
use crate::store::pool_turns::{self, NewTurns, Stored};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Longest wait for another transaction, after which it is reckoned that it waits for this one.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long rows are locked after what was known ahead turned out to be wrong.
const DISTRUST: Duration = Duration::from_secs(1);
/// Workspaces of which turns are known; beyond that all are forgotten.
const MOST_KNOWN: usize = 1_000;

/// How a transaction ends, for those that wait for it.
#[derive(Debug, Default)]
pub(in crate::store) struct Ending {
    counts: Mutex<Option<bool>>,
    told: Condvar,
    /// Others may have decided by its turns.
    is_followed: AtomicBool,
}

impl Ending {
    /// It has ended; `counts`: it is committed.
    fn tell(&self, counts: bool) {
        *lock(&self.counts) = Some(counts);
        self.told.notify_all();
    }

    /// Whether it is committed; `None`: it has not ended yet.
    fn counts(&self) -> Option<bool> {
        *lock(&self.counts)
    }

    /// As [`counts`](Self::counts), once it has ended; it may take too long.
    fn wait(&self) -> Option<bool> {
        let counts = lock(&self.counts);
        let waited = self
            .told
            .wait_timeout_while(counts, PATIENCE, |counts| counts.is_none());
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// What is known of the turns of all workspaces.
#[derive(Debug, Default)]
pub(in crate::store) struct TurnsAhead {
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// By workspace and pool.
    known: HashMap<Uuid, BTreeMap<String, Left>>,
    /// Workspaces for which a transaction is deciding.
    deciding: HashSet<Uuid>,
    /// Workspaces whose rows are locked until then.
    distrusted: HashMap<Uuid, Instant>,
}

/// Turns as a transaction leaves them.
#[derive(Debug, Clone)]
struct Left {
    stored: Stored,
    by: Arc<Ending>,
}

impl TurnsAhead {
    /// Takes the only seat of a workspace, once it is free; `None`: its rows are to be locked without one.
    fn sit(self: &Arc<Self>, workspace_id: Uuid) -> Option<Seat> {
        let state = lock(&self.state);
        let is_taken = |state: &mut State| state.deciding.contains(&workspace_id);
        let waited = self.free.wait_timeout_while(state, PATIENCE, is_taken);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        let until = state.distrusted.get(&workspace_id);
        if until.is_some_and(|until| Instant::now() < *until) {
            return None;
        }
        state.distrusted.remove(&workspace_id);
        state.deciding.insert(workspace_id).then(|| Seat {
            ahead: self.clone(),
            workspace_id,
        })
    }

    /// What is known of these pools, of which all have to be.
    fn known(&self, workspace_id: Uuid, pools: &[&str]) -> Option<BTreeMap<String, Left>> {
        let state = lock(&self.state);
        let known = state.known.get(&workspace_id)?;
        let of = |pool: &&str| Some(((*pool).to_owned(), known.get(*pool)?.clone()));
        pools.iter().map(of).collect()
    }

    /// A transaction of a workspace has ended; `counts`: it is committed. Those who decided by the turns of one that failed
    /// fail, too, and nobody else is to decide by theirs.
    pub(in crate::store) fn end(&self, workspace_id: Uuid, ending: &Ending, counts: bool) {
        if !counts && ending.is_followed.load(Ordering::Relaxed) {
            let mut state = lock(&self.state);
            state.known.remove(&workspace_id);
            let until = Instant::now() + DISTRUST;
            state.distrusted.insert(workspace_id, until);
        }
        ending.tell(counts);
    }

    fn forget(&self, workspace_id: Uuid) {
        lock(&self.state).known.remove(&workspace_id);
    }

    fn learn(&self, workspace_id: Uuid, left: BTreeMap<String, Left>) {
        let mut state = lock(&self.state);
        if state.known.len() >= MOST_KNOWN {
            state.known.clear();
        }
        state.known.insert(workspace_id, left);
    }
}

/// The right to decide whose turn it is in a workspace, which one transaction of this process has at a time.
#[derive(Debug)]
struct Seat {
    ahead: Arc<TurnsAhead>,
    workspace_id: Uuid,
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.ahead.state).deciding.remove(&self.workspace_id);
        self.ahead.free.notify_all();
    }
}

/// The turns that a transaction decides by.
#[derive(Debug)]
pub struct Base {
    found: BTreeMap<String, Left>,
    seat: Option<Seat>,
}

impl Base {
    /// The turns of these pools, locked until the end of the transaction.
    pub fn lock(conn: &mut TenantConnection, pools: &[&str]) -> Result<Base> {
        conn.turns_ahead().forget(conn.workspace_id());
        Base::of_rows(conn, pools, None)
    }

    /// The turns of these pools, as the transaction before this one leaves them, if that is known; else locked. No other
    /// transaction of this process decides by the turns of the workspace until these are [left](Self::leave).
    pub fn ahead(conn: &mut TenantConnection, pools: &[&str]) -> Result<Base> {
        let (ahead, workspace_id) = (conn.turns_ahead().clone(), conn.workspace_id());
        let Some(seat) = ahead.sit(workspace_id) else {
            return Base::of_rows(conn, pools, None);
        };
        match ahead.known(workspace_id, pools) {
            Some(found) => Ok(Base {
                found,
                seat: Some(seat),
            }),
            None => Base::of_rows(conn, pools, Some(seat)),
        }
    }

    fn of_rows(conn: &mut TenantConnection, pools: &[&str], seat: Option<Seat>) -> Result<Base> {
        let by = Arc::new(Ending::default());
        by.tell(true);
        let mut found = BTreeMap::new();
        for (pool, stored) in pool_turns::lock(conn, pools)? {
            let by = by.clone();
            found.insert(pool, Left { stored, by });
        }
        Ok(Base { found, seat })
    }

    /// The turns, by pool; of which none was taken is left out.
    pub fn turns(&self) -> BTreeMap<String, Turns> {
        let turns = |(pool, left): (&String, &Left)| {
            let turns = left.stored.turns.as_deref()?;
            Some((pool.clone(), turns.clone()))
        };
        self.found.iter().filter_map(turns).collect()
    }

    /// Leaves the turns that were used as they are now, to be written. Who decides next goes by them from now on. Also those
    /// by which nobody had a turn are written: so it is found out when they were not those of the table any more.
    pub fn leave<'t>(
        self,
        conn: &mut TenantConnection,
        used: impl Iterator<Item = (&'t String, &'t Turns)>,
    ) -> TurnsLeft {
        let workspace_id = conn.workspace_id();
        let mut left_behind = TurnsLeft::default();
        let mut found = self.found;
        for (pool, turns) in used {
            let Some(left) = found.get_mut(pool) else {
                continue;
            };
            let (turns, stamp) = (Arc::new(turns.clone()), Uuid::now_v7());
            left_behind.new.push(NewTurns {
                pool: pool.clone(),
                turns: turns.clone(),
                expected: left.stored.stamp,
                stamp,
            });
            left_behind.before.push(left.by.clone());
            let turns = Some(turns);
            *left = Left {
                stored: Stored { turns, stamp },
                by: conn.ending().clone(),
            };
        }
        if let Some(seat) = self.seat {
            conn.ending().is_followed.store(true, Ordering::Relaxed);
            seat.ahead.learn(workspace_id, found);
        }
        left_behind
    }
}

/// Turns that a transaction has taken.
#[derive(Debug, Default)]
pub struct TurnsLeft {
    /// What is to be written.
    pub(in crate::store) new: Vec<NewTurns>,
    /// The transactions that wrote those they were decided by.
    before: Vec<Arc<Ending>>,
}

impl TurnsLeft {
    /// Whether those before it are committed; they may be about to be.
    ///
    /// # Errors
    /// A lost race when one of them failed.
    pub(in crate::store) fn is_next(&self) -> Result<bool> {
        let mut is_next = true;
        for ending in &self.before {
            match ending.counts() {
                Some(true) => {}
                Some(false) => return Err(Error::internal(LostRace)),
                None => is_next = false,
            }
        }
        Ok(is_next)
    }

    /// Waits until those before it are committed.
    ///
    /// # Errors
    /// A lost race when one of them failed, or takes too long.
    pub(in crate::store) fn wait(&self) -> Result<()> {
        let is_committed = |ending: &Arc<Ending>| ending.wait() == Some(true);
        if self.before.iter().all(is_committed) {
            Ok(())
        } else {
            Err(Error::internal(LostRace))
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
