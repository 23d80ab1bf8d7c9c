//! The folder of everything Baton keeps, and where the database's files lie.
//!
//! Usually all of it is in the folder itself: `baton.lock`, `pgdata`, `run` (the socket) and
//! `postgres.log`. A Baton that root starts below its own home cannot keep data there, because the
//! account of the server may not enter; then the files go to `/var/lib/baton` and `pgdata` is a
//! symlink to them.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::geteuid;

use super::account::Account;
use super::binaries::Binaries;
use super::error::{Attempted, StartError};
use super::lock::Lock;
use super::{private, short_name};

/// Where root keeps databases whose home the server's account cannot enter.
const ELSEWHERE: &str = "/var/lib/baton";
/// The server's log is put aside at start when it has grown beyond this.
const LOG_MAX_BYTES: u64 = 10 * 1024 * 1024;

/// Where the files of one database lie.
#[derive(Debug, Clone)]
pub(super) struct Home {
    /// The folder of the other three: the home itself, or its stand-in below `/var/lib/baton`.
    pub root: PathBuf,
    /// The cluster, without symlinks.
    pub data: PathBuf,
    /// Where the socket goes if the path is short enough.
    pub run: PathBuf,
    /// What the server says.
    pub log: PathBuf,
}

/// Makes the home if it is missing and returns its absolute path without symlinks.
pub(super) fn create(home: &Path) -> Result<PathBuf, StartError> {
    // Root's server runs as somebody else, who must pass through to the folders that are his.
    let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
    if !home.is_dir() {
        if let Some(parent) = home
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            fs::create_dir_all(parent).attempted("create", parent)?;
        }
        make_folder(home, mode)?;
    }
    fs::canonicalize(home).attempted("open", home)
}

impl Home {
    /// Finds the files of the database of `home`, or decides where new ones go.
    ///
    /// # Errors
    /// [`StartError::Unreachable`] when existing data lie where `account` may not enter.
    pub fn locate(
        home: &Path,
        account: Option<&Account>,
        binaries: &Binaries,
    ) -> Result<Home, StartError> {
        let data = home.join("pgdata");
        let target = match fs::symlink_metadata(&data) {
            Ok(meta) if meta.is_symlink() => Some(fs::read_link(&data).attempted("read", &data)?),
            Ok(_) => None,
            Err(missing) if missing.kind() == ErrorKind::NotFound => {
                return Home::choose(home, account, binaries);
            }
            Err(refused) => return Err(refused).attempted("look at", &data),
        };
        let moved = target.filter(|target| target.starts_with(ELSEWHERE));
        if let Some(root) = moved.as_deref().and_then(Path::parent) {
            return Home::elsewhere(root, account, binaries);
        }
        if let Some(account) = account.filter(|_| data.is_dir())
            && !account.can_enter(&data, binaries)?
        {
            return Err(StartError::Unreachable {
                path: data,
                account: account.name.clone(),
            });
        }
        // The owner may have put the data on another disk; a disk that is away must not look new.
        let data = fs::canonicalize(&data).attempted("open the database in", &data)?;
        Ok(Home {
            data,
            ..Home::below(home)
        })
    }

    /// Where a new database goes.
    fn choose(
        home: &Path,
        account: Option<&Account>,
        binaries: &Binaries,
    ) -> Result<Home, StartError> {
        let Some(account) = account else {
            return Ok(Home::below(home));
        };
        if account.can_enter(home, binaries)? {
            return Ok(Home::below(home));
        }
        let root = Path::new(ELSEWHERE).join(short_name::of(home));
        log::info!(
            "The database goes to {}, because the account {} may not enter {}.",
            root.display(),
            account.name,
            home.display()
        );
        if root.is_dir() {
            put_aside(&root, home)?;
        }
        // The symlink first: it tells a database that is being made from a forgotten one.
        let link = home.join("pgdata");
        symlink(root.join("pgdata"), &link).attempted("create", &link)?;
        Home::elsewhere(&root, Some(account), binaries)
    }

    /// The stand-in of a home, made if it is missing.
    fn elsewhere(
        root: &Path,
        account: Option<&Account>,
        binaries: &Binaries,
    ) -> Result<Home, StartError> {
        for (folder, mode) in [(Path::new(ELSEWHERE), 0o755), (root, 0o711)] {
            if !folder.is_dir() {
                make_folder(folder, mode)?;
            }
        }
        if let Some(account) = account
            && !account.can_enter(root, binaries)?
        {
            return Err(unreachable(root, account));
        }
        Ok(Home::below(root))
    }

    fn below(root: &Path) -> Home {
        Home {
            root: root.to_owned(),
            data: root.join("pgdata"),
            run: root.join("run"),
            log: root.join("postgres.log"),
        }
    }

    /// Opens the server's log to append to it; a long one is put aside first.
    pub fn open_log(&self, account: Option<&Account>) -> std::io::Result<File> {
        if fs::symlink_metadata(&self.log).is_ok_and(|meta| meta.len() > LOG_MAX_BYTES) {
            fs::rename(&self.log, self.log.with_extension("log.1"))?;
        }
        let log = private::open_file(&self.log, true)?;
        if let Some(account) = account {
            account.own_file(&log)?;
        }
        Ok(log)
    }
}

/// The data of a home that was deleted: kept, but out of the way of a new database.
fn put_aside(root: &Path, home: &Path) -> Result<(), StartError> {
    let _unused = Lock::take(root, home)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let aside = root.with_extension(now.as_millis().to_string());
    fs::rename(root, &aside).attempted("move", root)?;
    log::warn!(
        "The database of an earlier {} was moved to {}; delete it if you do not need it.",
        home.display(),
        aside.display()
    );
    Ok(())
}

fn unreachable(path: &Path, account: &Account) -> StartError {
    StartError::Unreachable {
        path: path.to_owned(),
        account: account.name.clone(),
    }
}

/// Makes `folder` with exactly `mode`, whatever the process takes away by its umask.
fn make_folder(folder: &Path, mode: u32) -> Result<(), StartError> {
    DirBuilder::new()
        .mode(mode)
        .create(folder)
        .attempted("create", folder)?;
    fs::set_permissions(folder, Permissions::from_mode(mode)).attempted("open", folder)
}
