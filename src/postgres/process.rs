//! Processes of PostgreSQL: how they are started, and how to tell a living one from a dead one.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::account::Account;
use super::binaries::Binaries;

/// A program of PostgreSQL, to be run under `account` and independent of the caller's surroundings.
pub(super) fn command(binaries: &Binaries, program: &str, account: Option<&Account>) -> Command {
    let mut command = Command::new(binaries.folder.join(program));
    command.current_dir("/").env("LC_ALL", "C").process_group(0);
    // PGDATA, PGPORT, PGOPTIONS … are meant for somebody else's server.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    if let Some(account) = account {
        // Together these also drop root's supplementary groups.
        command.gid(account.gid.as_raw()).uid(account.uid.as_raw());
    }
    command
}

/// Makes the kernel send `signal` to the process when the thread that starts it ends, so that a
/// `kill -9` of Baton does not leave it behind.
///
/// It follows the thread, not the process: start the command from a thread that lives on.
#[cfg(target_os = "linux")]
pub(super) fn die_with_parent(command: &mut Command, signal: Signal) {
    use std::io;

    use nix::errno::Errno;
    use nix::sys::prctl::set_pdeathsig;
    use nix::unistd::{getpid, getppid};

    let parent = getpid();
    let arrange = move || {
        // The user was changed before this; changing it later would clear the setting.
        set_pdeathsig(signal)?;
        if getppid() != parent {
            return Err(io::Error::from(Errno::ESRCH));
        }
        Ok(())
    };
    // SAFETY: two system calls that are safe between fork and exec; nothing is allocated or locked.
    unsafe { command.pre_exec(arrange) };
}

/// Other systems have no such thing: there the next start ends what was left behind.
#[cfg(not(target_os = "linux"))]
pub(super) fn die_with_parent(_command: &mut Command, _signal: Signal) {}

/// Whether `pid` is a living server on `data`.
///
/// A signal would not tell: a zombie that nobody reaps still takes it, and the number may belong
/// to another process by now.
#[cfg(target_os = "linux")]
pub(super) fn serves(pid: Pid, data: &Path) -> bool {
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::MetadataExt;

    // A server works in its data folder; a zombie works nowhere.
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => folder == data,
        // Root of a container may not look at other accounts' processes.
        Err(refused) if refused.kind() == ErrorKind::PermissionDenied => {
            let owner = |path: &Path| fs::metadata(path).map(|meta| meta.uid()).ok();
            let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            status.contains("(postgres)")
                && !status.contains(") Z ")
                && owner(Path::new(&format!("/proc/{pid}"))) == owner(data)
        }
        Err(_) => false,
    }
}

/// Whether `pid` is a living server; which data it serves cannot be learnt here.
#[cfg(not(target_os = "linux"))]
pub(super) fn serves(pid: Pid, _data: &Path) -> bool {
    let output = Command::new("ps")
        .args(["-o", "stat=,comm=", "-p", &pid.to_string()])
        .output();
    output.is_ok_and(|output| {
        let line = String::from_utf8_lossy(&output.stdout);
        line.contains("postgres") && !line.trim_start().starts_with('Z')
    })
}
