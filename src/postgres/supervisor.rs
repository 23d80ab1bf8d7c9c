//! The handle to the thread that keeps the server running, and what the two of them share: which
//! process may be signalled, and whether it is to stop.

use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::StartError;
use super::keeper::Keeper;
use super::launch::Launch;

/// How to stop, from polite to final, and how long to wait each time.
const STOPPING: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(20)),
    (Signal::SIGQUIT, Duration::from_secs(10)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];

/// The handle to the thread.
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the handle and the thread share.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    /// The server, while it is certain that the number is still its own.
    pub running: Option<Pid>,
    /// The server that ran last.
    pub last: u32,
    /// Somebody wants the server to end, and to stay ended.
    pub stopping: bool,
    /// The thread is at its end; there is no server any more.
    pub ended: bool,
}

impl Supervisor {
    /// Starts the server in a thread of its own and returns when it is ready.
    pub fn start(launch: Launch) -> Result<Supervisor, StartError> {
        let shared = Arc::new(Shared::default());
        let (report, first) = channel();
        let keeper = Keeper {
            launch,
            shared: Arc::clone(&shared),
        };
        let thread = thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || keeper.run(&report))
            .map_err(|source| StartError::Io {
                what: "start a thread".to_owned(),
                source,
            })?;
        let supervisor = Supervisor {
            shared,
            thread: Some(thread),
        };
        match first.recv() {
            Ok(outcome) => outcome.map(|()| supervisor),
            Err(_) => Err(StartError::Failed {
                log: "(the thread that ran it broke off)".into(),
            }),
        }
    }

    /// The process id of the server that runs, or ran last.
    pub fn pid(&self) -> u32 {
        self.shared.lock().last
    }

    /// Stops the server and the thread. Does nothing the second time.
    pub fn stop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
        for (signal, patience) in STOPPING {
            self.shared.send(signal);
            if self.shared.wait(patience, |state| state.ended) {
                break;
            }
            log::warn!(
                "PostgreSQL does not stop within {} s of {signal}.",
                patience.as_secs()
            );
        }
        if self.shared.lock().ended && thread.join().is_err() {
            log::error!("The thread that ran PostgreSQL broke off.");
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is a single assignment, so a panic leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that there is no server any more, nor will be.
    pub fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits until `done` or until the time is up; whether it is done.
    fn wait(&self, patience: Duration, done: impl Fn(&State) -> bool) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), patience, |state| !done(state));
        done(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Waits a while, but no longer once the server is to stop; whether it is to stop.
    pub fn pause(&self, duration: Duration) -> bool {
        self.wait(duration, |state| state.stopping)
    }

    /// Signals the server, if there is one at the moment.
    fn send(&self, signal: Signal) {
        // Under the lock: the process cannot be reaped, and its number reused, meanwhile.
        if let Some(pid) = self.lock().running {
            let _ = kill(pid, signal);
        }
    }
}
