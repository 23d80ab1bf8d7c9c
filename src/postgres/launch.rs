//! One launch of the server: the command, whether it is ready, and what it said when it gave up.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use nix::sys::signal::Signal;

use super::account::Account;
use super::binaries::Binaries;
use super::error::{Attempted, StartError};
use super::home::Home;
use super::options::{self, Machine};
use super::{Durability, leftover, memory, process};

/// How much of the log an error quotes.
const TAIL_LINES: usize = 20;
const TAIL_BYTES: u64 = 8 * 1024;

/// Everything needed to launch the server, any number of times.
pub(super) struct Launch {
    binaries: Binaries,
    account: Option<Account>,
    home: Home,
    socket_folder: PathBuf,
    options: Vec<String>,
}

/// A server that was just launched.
pub(super) struct Launched {
    pub child: Child,
    /// The length of the log before.
    log_start: u64,
}

impl Launch {
    pub fn new(
        binaries: Binaries,
        account: Option<Account>,
        home: Home,
        socket_folder: PathBuf,
        durability: Durability,
    ) -> Launch {
        let machine = Machine {
            socket_folder: &socket_folder,
            memory_bytes: memory::total_bytes(),
            has_lz4: has_lz4(&binaries, &home, account.as_ref()),
        };
        let options = options::all(&machine, durability);
        Launch {
            binaries,
            account,
            home,
            socket_folder,
            options,
        }
    }

    /// Launches the server, after clearing away what the last one left.
    ///
    /// Call it from a thread that outlives the server: on Linux the server ends with that thread.
    pub fn launch(&self) -> Result<Launched, StartError> {
        leftover::clear(&self.home.data, &self.socket_folder)?;
        let log = self
            .home
            .open_log(self.account.as_ref())
            .attempted("write", &self.home.log)?;
        let log_start = log.metadata().attempted("read", &self.home.log)?.len();

        let mut postgres = process::command(&self.binaries, "postgres", self.account.as_ref());
        postgres.arg("-D").arg(&self.home.data);
        for option in &self.options {
            postgres.arg("-c").arg(option);
        }
        let stdout = log.try_clone().attempted("write", &self.home.log)?;
        postgres.stdin(Stdio::null()).stdout(stdout).stderr(log);
        process::die_with_parent(&mut postgres, Signal::SIGINT);
        let child = postgres
            .spawn()
            .attempted("run", &self.binaries.folder.join("postgres"))?;
        Ok(Launched { child, log_start })
    }

    /// Whether the server says that it takes connections.
    ///
    /// Its pid file tells, which costs the server nothing: line 1 is the process, line 8 the state.
    pub fn is_ready(&self, launched: &Launched) -> bool {
        let Ok(text) = fs::read_to_string(self.home.data.join("postmaster.pid")) else {
            return false;
        };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.first() == Some(&launched.child.id().to_string().as_str())
            && lines.get(7) == Some(&"ready")
    }

    /// The end of what the server has said since it was launched.
    pub fn said(&self, launched: &Launched) -> String {
        let text = self.read_log(launched.log_start).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    fn read_log(&self, from: u64) -> io::Result<String> {
        let mut log = File::open(&self.home.log)?;
        let length = log.metadata()?.len();
        log.seek(SeekFrom::Start(from.max(length.saturating_sub(TAIL_BYTES))))?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Whether this server was built with lz4: asked, because packages differ.
fn has_lz4(binaries: &Binaries, home: &Home, account: Option<&Account>) -> bool {
    let mut ask = process::command(binaries, "postgres", account);
    ask.arg("-D")
        .arg(&home.data)
        .args(["-C", "wal_compression", "-c", "wal_compression=lz4"]);
    ask.output().is_ok_and(|answer| answer.status.success())
}
