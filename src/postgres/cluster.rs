//! A new database cluster: made under a temporary name and renamed when it is whole, so that a
//! first start that is killed leaves nothing half made.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Output;

use nix::sys::signal::Signal;

use super::account::Account;
use super::binaries::Binaries;
use super::error::{Attempted, StartError};
use super::home::Home;
use super::{Durability, private, process, roles};

/// How the temporary names begin.
const UNFINISHED: &str = "pgdata.new";

/// Locales by preference. macOS has no `C.UTF-8`; a bare `C` still stores UTF-8.
const LOCALES: [&str; 3] = ["C.UTF-8", "en_US.UTF-8", "C"];

/// The major version that made the cluster in `data`; `None` when there is no cluster.
pub(super) fn version(data: &Path) -> Result<Option<u32>, StartError> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(None),
        Err(refused) => Err(refused).attempted("read", &file),
    }
}

/// Makes the cluster of `home`: UTF-8, data checksums, one superuser, nobody let in from outside.
pub(super) fn make(
    home: &Home,
    binaries: &Binaries,
    account: Option<&Account>,
    durability: Durability,
) -> Result<(), StartError> {
    remove_unfinished(&home.root);
    // A name of its own: a killed initdb may still be writing into the last one.
    let unfinished = home
        .root
        .join(format!("{UNFINISHED}.{}", std::process::id()));
    for locale in LOCALES {
        private::ensure_folder(&unfinished, account)?;
        let output = run_initdb(&unfinished, binaries, account, durability, locale)?;
        if output.status.success() {
            return put_in_place(&unfinished, home);
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let _ = fs::remove_dir_all(&unfinished);
        if locale == LOCALES[LOCALES.len() - 1] || !said.contains("locale") {
            return Err(StartError::Failed { log: said });
        }
    }
    Ok(())
}

fn run_initdb(
    folder: &Path,
    binaries: &Binaries,
    account: Option<&Account>,
    durability: Durability,
    locale: &str,
) -> Result<Output, StartError> {
    let mut initdb = process::command(binaries, "initdb", account);
    initdb
        .arg("--pgdata")
        .arg(folder)
        .args([
            "--username",
            roles::SUPERUSER,
            "--encoding",
            "UTF8",
            "--locale",
            locale,
        ])
        .args(["--auth-local", "trust", "--auth-host", "reject"])
        .args(["--data-checksums", "--no-instructions"]);
    if durability == Durability::None {
        initdb.arg("--no-sync");
    }
    process::die_with_parent(&mut initdb, Signal::SIGTERM);
    initdb
        .output()
        .attempted("run", &binaries.folder.join("initdb"))
}

fn put_in_place(unfinished: &Path, home: &Home) -> Result<(), StartError> {
    fs::rename(unfinished, &home.data).attempted("create", &home.data)?;
    let sync = File::open(&home.root).and_then(|folder| folder.sync_all());
    sync.attempted("save", &home.root)
}

/// Removes what killed first starts left behind. What resists is harmless and tried again next time.
fn remove_unfinished(root: &Path) {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let unfinished = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED))
    };
    for path in entries.map(|entry| entry.path()).filter(unfinished) {
        let _ = fs::remove_dir_all(path);
    }
}
