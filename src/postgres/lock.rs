//! One Baton a folder: a lock file that the operating system releases when its holder dies,
//! however it dies.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use nix::unistd::geteuid;

use super::error::{Attempted, StartError};
use super::private;

/// The name of the lock file in the folder it guards.
const FILE: &str = "baton.lock";

/// The right to run on a folder, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes `folder` and writes this process into the lock file, for the message of the next one.
    ///
    /// # Errors
    /// [`StartError::InUse`] of `home` when somebody else, or this process already, holds it.
    pub fn take(folder: &Path, home: &Path) -> Result<Lock, StartError> {
        let path = folder.join(FILE);
        let mut file = private::open_file(&path, false).attempted("open the lock file", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = read_pid(&mut file);
                return Err(StartError::InUse {
                    home: home.to_owned(),
                    pid,
                });
            }
            Err(TryLockError::Error(refused)) => return Err(refused).attempted("lock", &path),
        }
        write_pid(&mut file).attempted("write", &path)?;
        give_to_owner_of(folder, &file).attempted("change the owner of", &path)?;
        Ok(Lock { _file: file })
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Root must not leave a file in an ordinary user's folder that this user cannot open later.
fn give_to_owner_of(folder: &Path, file: &File) -> std::io::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let folder = fs::metadata(folder)?;
    fchown(file, Some(folder.uid()), Some(folder.gid()))
}
