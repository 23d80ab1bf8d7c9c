//! Baton as its users run it: the program, with its private database in a folder.

use crate::support::http::Client;
use crate::twin::wait_until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A folder with Baton's data, removed at the end, and an address.
pub struct Home {
    folder: PathBuf,
    pub address: SocketAddr,
}

impl Home {
    pub fn new(name: &str) -> Home {
        let name = format!("baton-promises-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Home {
            folder,
            address: free.local_addr().unwrap(),
        }
    }

    /// Starts Baton and waits until it listens; the key it shows is that of the first start.
    pub fn start(&self) -> Baton {
        let mut process = Command::new(env!("CARGO_BIN_EXE_baton"))
            .env_remove("DATABASE_URL")
            .env("BATON_DATA_DIR", self.folder.join("home"))
            .env("BATON_LISTEN", self.address.to_string())
            .env("BATON_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let mut baton = Baton {
            process,
            key: None,
            said,
        };
        loop {
            let mut line = String::new();
            assert!(baton.said.read_line(&mut line).unwrap() > 0, "Baton ended");
            if line.trim().starts_with("bk_live_") {
                baton.key = Some(line.trim().to_owned());
            }
            if line.starts_with("Baton listens") {
                return baton;
            }
        }
    }

    /// The process id of the database server.
    pub fn postgres_pid(&self) -> Option<i32> {
        let text = fs::read_to_string(self.folder.join("home/pgdata/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// Kills the database server, and nothing else.
    pub fn kill_postgres(&self) {
        let pid = self.postgres_pid().expect("the server runs");
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    }

    pub fn client(&self, key: &str) -> Client {
        Client::new(self.address).with("Authorization", &format!("Bearer {key}"))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

/// A running Baton; killed when it is dropped.
pub struct Baton {
    process: Child,
    pub key: Option<String>,
    said: BufReader<ChildStdout>,
}

impl Baton {
    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// `kill`.
    pub fn terminate(&self) {
        let pid = Pid::from_raw(self.process.id().cast_signed());
        kill(pid, Signal::SIGTERM).unwrap();
    }

    /// Waits for its end.
    pub fn end(mut self, longest: Duration) -> ExitStatus {
        let until = Instant::now() + longest;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "Baton does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Baton {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// Waits until a process has ended; a zombie that nobody reaps works nowhere.
pub fn has_ended(pid: i32) {
    wait_until("the server has ended", Duration::from_secs(20), || {
        fs::read_link(format!("/proc/{pid}/cwd")).is_err()
    });
}
