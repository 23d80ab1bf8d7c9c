//! A thread that ticks: at an interval, and sooner when it is woken.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Wakes a ticker before its time.
#[derive(Debug, Default)]
pub struct Wake {
    state: Mutex<WakeState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct WakeState {
    woken: bool,
    stopped: bool,
}

impl Wake {
    /// There is something to do.
    pub fn wake(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .woken = true;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .stopped = true;
        self.changed.notify_all();
    }

    /// Waits until woken, at most for `longest`; `false` when it is time to stop.
    fn wait(&self, longest: Duration) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(state, longest, |state| !state.woken && !state.stopped);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.woken = false;
        !state.stopped
    }
}

/// A running ticker; ends when it is dropped.
pub struct Ticker {
    wake: Arc<Wake>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Runs `tick` now, then every `interval`, and sooner when `wake` says so, but not more often than every `rest`.
    pub fn start(
        name: &str,
        interval: Duration,
        rest: Duration,
        wake: Arc<Wake>,
        mut tick: impl FnMut() + Send + 'static,
    ) -> std::io::Result<Ticker> {
        let own = wake.clone();
        let run = move || {
            loop {
                tick();
                std::thread::sleep(rest);
                if !own.wait(interval) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)?;
        Ok(Ticker {
            wake,
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.wake.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("A ticker had ended by a panic.");
        }
    }
}
