//! Commands beside a running Baton: the operator's, in another terminal.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Folder, wait_until};

/// A Baton that serves on a home.
struct Serving(Child);

impl Serving {
    fn start(folder: &Folder) -> Serving {
        let child = baton(folder)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let serving = Serving(child);
        let pid_file = folder.home().join("pgdata/postmaster.pid");
        wait_until("Baton runs its database", || pid_file.exists());
        serving
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let pid = Pid::from_raw(self.0.id().cast_signed());
        let _gone = kill(pid, Signal::SIGTERM);
        let since = Instant::now();
        while !matches!(self.0.try_wait(), Ok(Some(_))) && since.elapsed() < Duration::from_secs(40)
        {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ended = self.0.kill();
    }
}

fn baton(folder: &Folder) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    command
        .env_remove("DATABASE_URL")
        .env("BATON_DATA_DIR", folder.home());
    command
}

fn run(folder: &Folder, arguments: &[&str]) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = baton(folder).args(arguments).output().unwrap();
    let said = [stdout, stderr].concat();
    (
        status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn the_operators_commands_work_beside_a_running_baton() {
    let folder = Folder::new();
    let _serving = Serving::start(&folder);
    // Also while the first start is still under way.
    let (done, said) = run(&folder, &["migrate"]);
    assert!(done, "{said}");
    wait_until("the first workspace is there", || {
        run(&folder, &["admin", "list-workspaces"])
            .1
            .contains("My workspace")
    });
    let (done, said) = run(&folder, &["admin", "create-key", "--name", "second"]);
    assert!(done && said.contains("bk_live_"), "{said}");
    let (done, said) = run(&folder, &["seed", "--leads", "20"]);
    assert!(done && said.contains("20 created"), "{said}");
    let (done, said) = run(&folder, &["doctor"]);
    assert!(
        done && said.contains("beside it") && !said.contains("FAIL"),
        "{said}"
    );
    for service in [&["worker"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let (done, said) = run(&folder, service);
        assert!(!done && said.contains("already runs"), "{said}");
    }
}

#[test]
fn a_doctor_without_a_baton_makes_no_database() {
    let folder = Folder::new();
    let (done, said) = run(&folder, &["doctor"]);
    assert!(
        done && said.contains("the first start of Baton makes it"),
        "{said}"
    );
    assert!(!folder.home().exists());
}

#[test]
fn a_doctor_finds_what_is_wrong_and_says_what_helps() {
    let folder = Folder::new();
    let server = crate::support::start(folder.home());
    server.stop();
    let (done, said) = run(&folder, &["doctor"]);
    assert!(
        !done && said.contains("FAIL migrations") && said.contains("run baton migrate"),
        "{said}"
    );
    assert!(run(&folder, &["migrate"]).0);
    let (done, said) = run(&folder, &["doctor"]);
    assert!(done && !said.contains("FAIL"), "{said}");
}
