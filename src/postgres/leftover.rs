//! What an earlier server left in the folder: a process that still stops, or files that say that
//! there is one.
//!
//! Only the holder of the folder's lock may call this, so nobody else's server is at stake.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::{Attempted, StartError};
use super::process;

/// How long a left-over server may take to stop in an orderly way, and then at all.
const ORDERLY: Duration = Duration::from_secs(20);
const AT_ALL: Duration = Duration::from_secs(30);

/// Ends a left-over server on `data` and removes its pid file and its socket.
pub(super) fn clear(data: &Path, socket_folder: &Path) -> Result<(), StartError> {
    let pid_file = data.join("postmaster.pid");
    if let Some(pid) = read_pid(&pid_file).attempted("read", &pid_file)? {
        end(pid, data)?;
    }
    remove_if_there(&pid_file).attempted("remove", &pid_file)?;
    remove_sockets(socket_folder).attempted("clean", socket_folder)
}

/// The process that the pid file names, if there is such a file.
fn read_pid(pid_file: &Path) -> io::Result<Option<Pid>> {
    match fs::read_to_string(pid_file) {
        Ok(text) => {
            let first = text
                .lines()
                .next()
                .and_then(|line| line.trim().parse().ok());
            // Zero and negative numbers mean groups of processes; never signal those.
            Ok(first.filter(|pid: &i32| *pid > 1).map(Pid::from_raw))
        }
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(None),
        Err(refused) => Err(refused),
    }
}

fn end(pid: Pid, data: &Path) -> Result<(), StartError> {
    let since = Instant::now();
    let mut sent = None;
    while process::serves(pid, data) {
        let signal = if since.elapsed() < ORDERLY {
            Signal::SIGINT
        } else {
            Signal::SIGQUIT
        };
        if sent != Some(signal) {
            log::warn!("An earlier PostgreSQL, process {pid}, is still there and is being ended.");
            // It may have ended just now; the loop looks again.
            let _ = kill(pid, signal);
            sent = Some(signal);
        }
        if since.elapsed() > AT_ALL {
            return Err(StartError::StillRunning {
                pid: pid.as_raw(),
                data: data.to_owned(),
            });
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A socket's lock file names its server too, and PostgreSQL would believe it.
fn remove_sockets(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(".s.PGSQL.") {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
