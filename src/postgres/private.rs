//! Folders and files that nobody else may read.
//!
//! Baton may run as root in a folder of somebody else, so a file is never followed through a
//! symlink, and a folder in a shared place is taken only if it belongs to the right account.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::libc::O_NOFOLLOW;
use nix::unistd::geteuid;

use super::account::Account;
use super::error::{Attempted, StartError};

/// Makes `folder` for the server's account alone, or checks that it is such a folder.
pub(super) fn ensure_folder(folder: &Path, account: Option<&Account>) -> Result<(), StartError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {
            if let Some(account) = account {
                account.own(folder)?;
            }
        }
        Err(exists) if exists.kind() == ErrorKind::AlreadyExists => {}
        Err(refused) => return Err(refused).attempted("create", folder),
    }
    let meta = fs::symlink_metadata(folder).attempted("look at", folder)?;
    let owner = account.map_or_else(geteuid, |account| account.uid).as_raw();
    if !meta.is_dir() || meta.uid() != owner {
        let foreign = io::Error::other("it is there already and belongs to another account");
        return Err(foreign).attempted("use the private folder", folder);
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700)).attempted("close", folder)
}

/// Opens `path` to read and write, makes it for its owner alone if it is not there, and refuses a
/// symlink. `append` writes at the end.
pub(super) fn open_file(path: &Path, append: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .create(true)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW);
    if append {
        options.append(true);
    } else {
        options.write(true).truncate(false);
    }
    options.open(path)
}
