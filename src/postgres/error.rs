//! What can keep the embedded database from starting. Every message names the remedy.

use std::io;
use std::path::{Path, PathBuf};

/// Why the embedded database did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no PostgreSQL server in the usual places.
    #[error(
        "no PostgreSQL server was found; install it with: {install} (or name the folder of its programs in BATON_PG_BIN, or set DATABASE_URL to use a server of your own)"
    )]
    NotInstalled { install: String },
    /// The folder that was asked for has no server.
    #[error(
        "there is no PostgreSQL server in {}, the folder that BATON_PG_BIN names", folder.display()
    )]
    NotInFolder { folder: PathBuf },
    /// Only servers older than 15 were found.
    #[error(
        "PostgreSQL {version} in {} is too old: Baton needs 15 or newer; install it with: {install}", folder.display()
    )]
    Unsupported {
        version: u32,
        folder: PathBuf,
        install: String,
    },
    /// The data were made by a major version that is not installed now.
    #[error(
        "the database in {} was made by PostgreSQL {made_by}, which is not installed (found: {found}); install version {made_by} again, or move the data over with pg_upgrade", data.display()
    )]
    OtherVersion {
        data: PathBuf,
        made_by: u32,
        found: String,
    },
    /// Another Baton runs on this folder.
    #[error(
        "another Baton{} already runs on {}; to share one database, set DATABASE_URL of a PostgreSQL server for both, or give this one a folder of its own with BATON_DATA_DIR", holder(.pid), home.display()
    )]
    InUse { home: PathBuf, pid: Option<u32> },
    /// Another Baton runs on this folder, but its server cannot be used from here.
    #[error(
        "another Baton runs on {}, but its database does not answer ({reason}); run the command as the user that runs that Baton, or stop it first", home.display()
    )]
    NotAnswering { home: PathBuf, reason: String },
    /// PostgreSQL refuses root, and the account it would run as cannot enter a folder it needs.
    #[error(
        "PostgreSQL does not run as root, and the account {account} may not enter {}; move it to a place that all accounts may enter, or start Baton as an ordinary user", path.display()
    )]
    Unreachable { path: PathBuf, account: String },
    /// PostgreSQL refuses root, and there is no account to drop to.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody; start Baton as an ordinary user"
    )]
    NoAccount,
    /// A server on these data does not end.
    #[error("PostgreSQL (process {pid}) still runs on {} and does not stop; end it and start again", data.display())]
    StillRunning { pid: i32, data: PathBuf },
    /// The operating system refused something.
    #[error("could not {what}")]
    Io { what: String, source: io::Error },
    /// PostgreSQL gave up. `log` is the end of what it said.
    #[error("PostgreSQL did not start; it said:\n{log}")]
    Failed { log: String },
    /// It started, but a first connection or statement did not go through.
    #[error("could not {what}")]
    Sql {
        what: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// [`StartError::NotInstalled`], with the command for this machine.
pub(super) fn not_installed() -> StartError {
    StartError::NotInstalled {
        install: super::install_hint(),
    }
}

/// Who holds the folder, as far as the lock file tells.
fn holder(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})"))
        .unwrap_or_default()
}

/// Says what was attempted when the operating system refused it.
pub(super) trait Attempted<T> {
    /// `verb` and `path` complete the sentence "could not …".
    fn attempted(self, verb: &str, path: &Path) -> Result<T, StartError>;
}

impl<T> Attempted<T> for io::Result<T> {
    fn attempted(self, verb: &str, path: &Path) -> Result<T, StartError> {
        self.map_err(|source| StartError::Io {
            what: format!("{verb} {}", path.display()),
            source,
        })
    }
}
