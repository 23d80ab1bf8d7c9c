//! Whom the server runs as. PostgreSQL refuses root, so a Baton that runs as root starts it under
//! an unprivileged account.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, fchown, lchown};
use std::path::Path;

use nix::unistd::{Gid, Uid, User, geteuid};

use super::binaries::Binaries;
use super::error::{Attempted, StartError};
use super::process;

/// An unprivileged account of this machine.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub name: String,
    pub uid: Uid,
    pub gid: Gid,
}

impl Account {
    /// The account to drop to; `None` when Baton is not root and the server runs as Baton does.
    ///
    /// The owner of existing data in `home`, else `postgres`, else `nobody`.
    pub fn for_server(home: &Path) -> Result<Option<Account>, StartError> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let owner = match fs::metadata(home.join("pgdata")) {
            Ok(data) if data.uid() != 0 => Some(Account::of(data.uid(), data.gid())),
            _ => None,
        };
        owner
            .or_else(|| Account::named("postgres"))
            .or_else(|| Account::named("nobody"))
            .map(Some)
            .ok_or(StartError::NoAccount)
    }

    fn named(name: &str) -> Option<Account> {
        let user = User::from_name(name).ok().flatten()?;
        (!user.uid.is_root()).then_some(Account {
            name: user.name,
            uid: user.uid,
            gid: user.gid,
        })
    }

    fn of(uid: u32, gid: u32) -> Account {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        let user = User::from_uid(uid).ok().flatten();
        let name = user.map_or_else(|| uid.to_string(), |user| user.name);
        Account { name, uid, gid }
    }

    /// Whether the account may enter `folder`: tried, not computed, because access lists and
    /// mount options count too.
    ///
    /// # Errors
    /// [`StartError::Unreachable`] when the account may not even run PostgreSQL.
    pub fn can_enter(&self, folder: &Path, binaries: &Binaries) -> Result<bool, StartError> {
        if !self.can_run_in(Path::new("/"), binaries)? {
            let (path, account) = (binaries.folder.clone(), self.name.clone());
            return Err(StartError::Unreachable { path, account });
        }
        self.can_run_in(folder, binaries)
    }

    fn can_run_in(&self, folder: &Path, binaries: &Binaries) -> Result<bool, StartError> {
        let mut command = process::command(binaries, "postgres", Some(self));
        match command.arg("--version").current_dir(folder).output() {
            Ok(_) => Ok(true),
            Err(refused) if refused.kind() == ErrorKind::PermissionDenied => Ok(false),
            Err(other) => Err(other).attempted("run PostgreSQL in", folder),
        }
    }

    /// Gives `path` itself, not what a symlink there points to, to the account.
    pub fn own(&self, path: &Path) -> Result<(), StartError> {
        lchown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
            .attempted("change the owner of", path)
    }

    /// Gives an open file to the account.
    pub fn own_file(&self, file: &File) -> io::Result<()> {
        fchown(file, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
    }
}
