//! The thread that owns the server: it starts it, waits on it, and starts it again when it dies.
//!
//! All starts come from this one thread, because on Linux the server ends with the thread that
//! started it; so it does not matter which thread calls [`Embedded::start`](super::Embedded::start).

use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::StartError;
use super::launch::{Launch, Launched};
use super::supervisor::Shared;

/// How long processes of a killed server may hold its memory before a start gives up.
const LINGER: Duration = Duration::from_secs(60);
/// Pauses between starts of a server that keeps dying.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A server that ran this long did not die of its start.
const STABLE: Duration = Duration::from_secs(30);
/// How often a start that takes long is mentioned.
const REMINDER: Duration = Duration::from_secs(10);

/// What runs in the thread.
pub(super) struct Keeper {
    pub launch: Launch,
    pub shared: Arc<Shared>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Keeper {
    /// Reports once how the first start went, then keeps the server running until it is to stop.
    pub fn run(self, report: &Sender<Result<(), StartError>>) {
        let mut server = match self.bring_up() {
            Ok(server) => server,
            Err(failed) => {
                let _ = report.send(Err(failed));
                return;
            }
        };
        let _ = report.send(Ok(()));
        let mut pause = FIRST_PAUSE;
        loop {
            let since = Instant::now();
            let status = self.await_end(&mut server);
            if self.shared.lock().stopping {
                return;
            }
            log::warn!("PostgreSQL ended by itself ({status}) and is being started again.");
            pause = if since.elapsed() > STABLE {
                FIRST_PAUSE
            } else {
                longer(pause)
            };
            server = match self.bring_back(pause) {
                Some(server) => server,
                None => return,
            };
            log::info!("PostgreSQL runs again as process {}.", server.id());
        }
    }

    /// Starts the server again, however often it takes; `None` when it is to stop.
    fn bring_back(&self, mut pause: Duration) -> Option<Child> {
        loop {
            if self.shared.pause(pause) {
                return None;
            }
            match self.bring_up() {
                Ok(server) => return Some(server),
                Err(_) if self.shared.lock().stopping => return None,
                Err(failed) => {
                    pause = longer(pause);
                    log::error!("PostgreSQL could not be started again, trying on: {failed}");
                }
            }
        }
    }

    /// Starts the server and returns when it is ready.
    ///
    /// Processes of a killed server hold its memory for a moment, and a new one refuses to start
    /// beside them: that is tried again for a while.
    fn bring_up(&self) -> Result<Child, StartError> {
        let since = Instant::now();
        loop {
            let mut launched = self.launch.launch()?;
            self.set_running(&launched.child);
            if self.await_ready(&mut launched)? {
                return Ok(launched.child);
            }
            let log = self.launch.said(&launched);
            let passing = log.contains("still in use") || log.contains("already exists");
            if !passing || since.elapsed() > LINGER || self.shared.pause(FIRST_PAUSE) {
                return Err(StartError::Failed { log });
            }
        }
    }

    /// Waits until the server is ready or has ended; whether it is ready.
    ///
    /// Without limit while it lives: recovery after a crash takes as long as it takes, and
    /// breaking it off would only make it start over.
    fn await_ready(&self, launched: &mut Launched) -> Result<bool, StartError> {
        let mut reminder = Instant::now() + REMINDER;
        loop {
            if self.has_ended(&mut launched.child)? {
                return Ok(false);
            }
            if self.launch.is_ready(launched) {
                return Ok(true);
            }
            if Instant::now() > reminder {
                log::info!("PostgreSQL is still starting; after a crash it restores its state.");
                reminder += REMINDER;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn set_running(&self, child: &Child) {
        let mut state = self.shared.lock();
        state.running = Some(pid_of(child));
        state.last = child.id();
        if state.stopping {
            // The stop came between two servers and signalled nobody.
            let _ = kill(pid_of(child), Signal::SIGINT);
        }
    }

    fn has_ended(&self, child: &mut Child) -> Result<bool, StartError> {
        let mut state = self.shared.lock();
        let status = child.try_wait().map_err(|source| StartError::Io {
            what: "wait for PostgreSQL".to_owned(),
            source,
        })?;
        if status.is_some() {
            state.running = None;
        }
        Ok(status.is_some())
    }

    /// Waits until the server ends; how it ended.
    fn await_end(&self, child: &mut Child) -> String {
        self.wait_without_reaping(child);
        let mut state = self.shared.lock();
        state.running = None;
        child
            .wait()
            .map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    /// Waits until the process has ended and leaves its number taken.
    #[cfg(target_os = "linux")]
    fn wait_without_reaping(&self, child: &mut Child) {
        use nix::errno::Errno;
        use nix::sys::wait::{Id, WaitPidFlag, waitid};

        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        while waitid(Id::Pid(pid_of(child)), flags) == Err(Errno::EINTR) {}
    }

    /// Elsewhere the process is looked at now and then, under the lock.
    #[cfg(not(target_os = "linux"))]
    fn wait_without_reaping(&self, child: &mut Child) {
        while matches!(self.has_ended(child), Ok(false)) {
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}
