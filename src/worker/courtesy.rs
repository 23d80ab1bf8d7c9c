//! Whoever changes leads comes first: what works in the background rests after each of its steps, longer while captures
//! wait for one another, and shorter when there were some and come no more.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Captures in one transaction from which on it is a crowd: they came faster than they were taken in.
const CROWD: usize = 4;
/// How long captures are minded after they were seen.
const MINDED_FOR: Duration = Duration::from_secs(1);

/// How long work rests: so many times as long as its step took, up to the longest rest.
#[derive(Debug, Clone, Copy)]
struct Rest {
    times: u32,
    longest: Duration,
}

const USUAL: Rest = Rest {
    times: 4,
    longest: Duration::from_millis(500),
};
const IN_QUIET: Rest = Rest {
    times: 1,
    longest: Duration::from_millis(500),
};
const IN_A_CROWD: Rest = Rest {
    times: 20,
    longest: Duration::from_secs(3),
};

/// What captures and background work of a process know of each other.
#[derive(Debug, Default)]
pub struct Courtesy {
    state: Mutex<State>,
    stopped: Condvar,
}

#[derive(Debug, Default)]
struct State {
    seen_at: Option<Instant>,
    crowded_at: Option<Instant>,
    is_stopped: bool,
}

impl Courtesy {
    /// So many captures went together.
    pub fn saw(&self, together: usize) {
        let mut state = self.lock();
        state.seen_at = Some(Instant::now());
        if together >= CROWD {
            state.crowded_at = state.seen_at;
        }
    }

    /// Rests after a step that began then; `false` when it is time to stop.
    pub fn rest(&self, begun: Instant) -> bool {
        let state = self.lock();
        let rest = state.rest_after(begun.elapsed());
        let waited = self
            .stopped
            .wait_timeout_while(state, rest, |state| !state.is_stopped);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.is_stopped
    }

    /// It is time to stop: nobody rests any more.
    pub fn stop(&self) {
        self.lock().is_stopped = true;
        self.stopped.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn rest_after(&self, step: Duration) -> Duration {
        let is_minded = |at: Instant| at.elapsed() < MINDED_FOR;
        let rest = if self.crowded_at.is_some_and(is_minded) {
            IN_A_CROWD
        } else if self.seen_at.is_none_or(is_minded) {
            // A process that takes in no captures does not know of those of others.
            USUAL
        } else {
            IN_QUIET
        };
        (step * rest.times).min(rest.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_rests_longer_while_captures_wait_for_one_another() {
        let courtesy = Courtesy::default();
        let rest = |millis| courtesy.lock().rest_after(Duration::from_millis(millis));
        assert_eq!(rest(10), Duration::from_millis(40));
        courtesy.saw(CROWD - 1);
        assert_eq!(
            (rest(10), rest(1_000)),
            (Duration::from_millis(40), USUAL.longest)
        );
        courtesy.saw(CROWD);
        assert_eq!(
            (rest(10), rest(1_000)),
            (Duration::from_millis(200), IN_A_CROWD.longest)
        );
    }

    #[test]
    fn captures_that_are_over_are_not_minded() {
        let courtesy = Courtesy::default();
        courtesy.saw(CROWD);
        let mut state = courtesy.lock();
        let step = Duration::from_millis(10);
        state.crowded_at = Instant::now().checked_sub(MINDED_FOR);
        assert_eq!(state.rest_after(step), Duration::from_millis(40));
        state.seen_at = state.crowded_at;
        assert_eq!(state.rest_after(step), step);
    }

    #[test]
    fn nobody_rests_when_it_is_time_to_stop() {
        let courtesy = Courtesy::default();
        assert!(courtesy.rest(Instant::now()));
        let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        std::thread::scope(|scope| {
            let rested = scope.spawn(|| {
                courtesy.saw(CROWD);
                courtesy.rest(long_ago)
            });
            courtesy.stop();
            assert!(!rested.join().unwrap());
        });
        assert!(long_ago.elapsed() < Duration::from_secs(60) + IN_A_CROWD.longest);
    }
}
