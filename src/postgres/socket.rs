//! The folder of the server's socket: private, and with a path that is short enough.

use std::env;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::StartError;
use super::home::Home;
use super::options::PORT;
use super::{private, short_name};

/// The longest path of a Unix socket, in bytes: `sun_path` without the final zero.
const PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// How folders begin that hold the socket because the path in the home is too long.
const SHORT_PREFIX: &str = "baton-";

/// Makes the private folder of the socket: in the home, or in a shorter place when the path would
/// be longer than the operating system allows.
pub(super) fn make_folder(home: &Home, account: Option<&Account>) -> Result<PathBuf, StartError> {
    if fits(&home.run) {
        private::ensure_folder(&home.run, account)?;
        return Ok(home.run.clone());
    }
    let name = format!("{SHORT_PREFIX}{}", short_name::of(&home.root));
    // The runtime folder is its user's alone, so another account cannot enter it.
    let runtime = env::var_os("XDG_RUNTIME_DIR").filter(|_| account.is_none());
    let places = [runtime.map(PathBuf::from), Some(env::temp_dir())];
    let folder = places
        .into_iter()
        .flatten()
        .filter(|place| place.is_dir())
        .map(|place| place.join(&name))
        .find(|folder| fits(folder))
        .unwrap_or_else(|| Path::new("/tmp").join(&name));
    private::ensure_folder(&folder, account)?;
    Ok(folder)
}

/// Removes the folder if it is one that [`make_folder`] put outside the home.
pub(super) fn remove_folder(folder: &Path) {
    let name = folder.file_name().unwrap_or_default();
    if name.to_string_lossy().starts_with(SHORT_PREFIX) {
        // Not empty means that the server was killed; the next start cleans it.
        let _ = fs::remove_dir(folder);
    }
}

/// Whether a socket in `folder` has a path that the kernel takes and libpq reads as one folder.
fn fits(folder: &Path) -> bool {
    let socket = folder.join(format!(".s.PGSQL.{PORT}"));
    let path = socket.as_os_str().as_bytes();
    path.len() <= PATH_MAX && !path.contains(&b',') && folder.to_str().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_is_the_kernels() {
        let folder = |length: usize| PathBuf::from(format!("/{}", "x".repeat(length - 1)));
        let name = "/.s.PGSQL.5432".len();
        assert!(fits(&folder(PATH_MAX - name)));
        assert!(!fits(&folder(PATH_MAX - name + 1)));
    }

    #[test]
    fn a_comma_would_split_the_folder_in_two() {
        assert!(!fits(Path::new("/srv/a,b/run")));
    }
}
