//! Whatever is killed, what was committed is there afterwards.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Folder, ask, connect, kill_hard, start, store_lead, stored_lead, wait_until};

#[test]
fn a_killed_server_is_started_again_under_the_same_url() {
    let folder = Folder::new();
    let server = start(folder.home());
    store_lead(&server);
    let url = server.url("baton_owner", "baton");
    for _ in 0..3 {
        let killed = server.postgres_pid();
        let mut busy = PgConnection::establish(&url).unwrap();
        let query = std::thread::spawn(move || busy.batch_execute("SELECT pg_sleep(0.5)"));
        std::thread::sleep(Duration::from_millis(100));
        let since = Instant::now();
        kill_hard(killed);
        wait_until("the server runs again", || {
            server.postgres_pid() != killed && PgConnection::establish(&url).is_ok()
        });
        println!("back after {:?}", since.elapsed());
        query.join().unwrap().ok();
        assert_eq!(stored_lead(&server), "first");
    }
}

#[test]
fn a_server_killed_while_it_writes_keeps_every_row_it_confirmed() {
    let folder = Folder::new();
    let server = start(folder.home());
    connect(&server, "baton_owner", "baton")
        .batch_execute("CREATE TABLE n (n int)")
        .unwrap();
    let url = server.url("baton_owner", "baton");
    let writer = std::thread::spawn(move || {
        let mut conn = PgConnection::establish(&url).unwrap();
        (1..)
            .take_while(|n| {
                conn.batch_execute(&format!("INSERT INTO n VALUES ({n})"))
                    .is_ok()
            })
            .last()
            .unwrap_or(0)
    });
    std::thread::sleep(Duration::from_millis(500));
    let killed = server.postgres_pid();
    kill_hard(killed);
    let confirmed: i64 = writer.join().unwrap();
    let url = server.url("baton_owner", "baton");
    wait_until("the server runs again", || {
        server.postgres_pid() != killed && PgConnection::establish(&url).is_ok()
    });
    let stored = ask(
        &mut connect(&server, "baton_owner", "baton"),
        "SELECT count(*)::text AS answer FROM n",
    );
    // The last one may have been stored without an answer.
    let stored: i64 = stored.parse().unwrap();
    assert!(
        confirmed > 0 && (confirmed..=confirmed + 1).contains(&stored),
        "{confirmed} {stored}"
    );
}

#[test]
fn a_stale_pid_file_and_socket_lock_do_not_keep_it_from_starting() {
    let folder = Folder::new();
    let server = start(folder.home());
    store_lead(&server);
    server.stop();
    let home = folder.home();
    // The number of a process that lives and is no server: this one.
    let stale = format!(
        "{}\n{}\n",
        std::process::id(),
        home.join("pgdata").display()
    );
    fs::write(home.join("pgdata/postmaster.pid"), &stale).unwrap();
    fs::write(home.join("run/.s.PGSQL.5432.lock"), &stale).unwrap();
    assert_eq!(stored_lead(&start(home)), "first");
}

#[test]
fn after_a_kill_of_the_owner_the_next_one_takes_over() {
    let folder = Folder::new();
    for round in 0..3 {
        let mut owner = Owner::start(&folder.home());
        owner.kill();
        let since = Instant::now();
        let server = start(folder.home());
        println!("taken over after {:?}", since.elapsed());
        if round == 0 {
            store_lead(&server);
        }
        assert_eq!(stored_lead(&server), "first");
    }
}

#[test]
fn after_a_kill_of_owner_and_server_the_next_one_recovers() {
    let folder = Folder::new();
    for round in 0..3 {
        let mut owner = Owner::start(&folder.home());
        let server_pid = owner.server_pid;
        owner.kill();
        // It may have gone with its owner already.
        let _ = kill(Pid::from_raw(server_pid.cast_signed()), Signal::SIGKILL);
        let server = start(folder.home());
        if round == 0 {
            store_lead(&server);
        }
        assert_eq!(stored_lead(&server), "first");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_owner_leaves_no_server_behind() {
    let folder = Folder::new();
    let mut owner = Owner::start(&folder.home());
    let server_pid = owner.server_pid;
    owner.kill();
    wait_until("the server has ended", || {
        // A zombie that nobody reaps works nowhere.
        fs::read_link(format!("/proc/{server_pid}/cwd")).is_err()
    });
}

#[test]
fn a_start_killed_while_it_makes_the_database_leaves_nothing_half_made() {
    let folder = Folder::new();
    for milliseconds in [50, 150, 300, 600] {
        let mut owner = Owner::spawn(&folder.home());
        std::thread::sleep(Duration::from_millis(milliseconds));
        owner.kill().unwrap();
        owner.wait().unwrap();
    }
    let server = start(folder.home());
    store_lead(&server);
}

/// Another process that owns a server: this test program again, running [`helper_process`] alone.
struct Owner {
    process: Child,
    server_pid: u32,
}

const HELPER_HOME: &str = "BATON_TEST_HELPER_HOME";

impl Owner {
    fn spawn(home: &Path) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crashes::helper_process", "--nocapture"])
            .env(HELPER_HOME, home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Starts the process and waits until its server is up.
    fn start(home: &Path) -> Owner {
        let mut process = Owner::spawn(home);
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let server_pid = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_once("server=")?.1.trim().parse().ok())
            .expect("the helper's server starts");
        Owner {
            process,
            server_pid,
        }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Not a test of its own: what [`Owner`] runs. Without its variable it does nothing.
#[test]
fn helper_process() {
    let Some(home) = std::env::var_os(HELPER_HOME) else {
        return;
    };
    let server = start(home);
    println!("\nserver={}", server.postgres_pid());
    // Until the parent kills this process, or dies and closes the pipe.
    let _ = std::io::stdin().read(&mut [0]);
}
