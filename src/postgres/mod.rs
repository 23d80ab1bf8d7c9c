//! The embedded database: a private PostgreSQL, made and run as a child of Baton from the
//! binaries that are installed, so that one command is enough to start.
//!
//! ```text
//! binaries, install   which PostgreSQL, or how to get one
//! account             whom root drops to
//! home, lock, socket  where everything lies, and that it has one master
//! cluster             initdb: made whole or not at all
//! supervisor, keeper  starts it, waits on it, starts it again when it dies
//!   launch            … with options (by memory), after clearing what was leftover
//! roles               baton_owner, baton_app, baton_worker and the database `baton`
//! attached            the server of another Baton, for commands beside it
//! ```
//!
//! The server listens on a Unix socket in a folder that only Baton and the server's account may
//! enter, which is why local connections are trusted.

mod account;
mod attached;
mod binaries;
mod cluster;
mod error;
mod home;
mod install;
mod keeper;
mod launch;
mod leftover;
mod lock;
mod memory;
mod options;
mod private;
mod process;
mod roles;
mod short_name;
mod socket;
mod supervisor;

use std::path::{Path, PathBuf};

use account::Account;
use home::Home;
use launch::Launch;
use lock::Lock;
use supervisor::Supervisor;

pub use attached::Attached;
pub use binaries::{Binaries, find_binaries};
pub use error::StartError;
pub use install::install_hint;

/// How to run the embedded database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of everything Baton keeps: `BATON_DATA_DIR`, by default `.baton`.
    pub home: PathBuf,
    /// The folder of `postgres` and `initdb`: `BATON_PG_BIN`. `None` looks in the usual places.
    pub bin: Option<PathBuf>,
    /// What a power cut may cost.
    pub durability: Durability,
}

/// What a power cut may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: what was committed is on the disk.
    Full,
    /// The whole database. For tests only: they make a new one anyway.
    None,
}

/// A running private PostgreSQL. Dropping it stops the server.
///
/// A server that dies is started again, under the same [`url`](Self::url), until this is dropped.
pub struct Embedded {
    home: PathBuf,
    socket_folder: PathBuf,
    version: u32,
    supervisor: Supervisor,
    // Dropped last: the folder is free only when the server is gone.
    _locks: Vec<Lock>,
}

impl Embedded {
    /// Starts the database of `settings.home` and returns when it answers; makes it first if there
    /// is none. A server that an earlier Baton left behind is ended, not joined.
    ///
    /// # Errors
    /// [`StartError::InUse`] when another Baton runs on this folder, [`StartError::NotInstalled`]
    /// and [`StartError::Unsupported`] when there is no PostgreSQL to run, [`StartError::Failed`]
    /// with the end of the server's log when it does not come up.
    pub fn start(settings: &Settings) -> Result<Embedded, StartError> {
        let found = find_binaries(settings.bin.as_deref())?;
        let home = home::create(&settings.home)?;
        let mut locks = vec![Lock::take(&home, &home)?];

        let account = Account::for_server(&home)?;
        let place = Home::locate(&home, account.as_ref(), &found[0])?;
        if place.root != home {
            locks.push(Lock::take(&place.root, &home)?);
        }

        let binaries = match cluster::version(&place.data)? {
            Some(version) => binaries::of_version(found, version, &place.data)?,
            None => {
                let binaries = found.into_iter().next().ok_or_else(error::not_installed)?;
                cluster::make(&place, &binaries, account.as_ref(), settings.durability)?;
                binaries
            }
        };
        let socket_folder = socket::make_folder(&place, account.as_ref())?;
        let version = binaries.version;
        let launch = Launch::new(
            binaries,
            account,
            place,
            socket_folder.clone(),
            settings.durability,
        );
        let embedded = Embedded {
            home,
            socket_folder,
            version,
            supervisor: Supervisor::start(launch)?,
            _locks: locks,
        };
        roles::ensure(&embedded.url(roles::SUPERUSER, "postgres"))?;
        Ok(embedded)
    }

    /// The libpq connection string of `user` to `database`, over the private Unix socket.
    ///
    /// Users are `postgres` (superuser), `baton_owner`, `baton_app` and `baton_worker`; the
    /// service's database is `baton`.
    pub fn url(&self, user: &str, database: &str) -> String {
        connection_string(&self.socket_folder, options::PORT, user, database)
    }

    /// The major version of the server, such as 17.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The folder of everything Baton keeps, as an absolute path without symlinks.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The process id of the server; a new one after it was started again.
    pub fn postgres_pid(&self) -> u32 {
        self.supervisor.pid()
    }

    /// Ends open transactions, writes everything out and stops the server.
    ///
    /// Takes at most 35 seconds: asks first, then insists. What was committed is kept either way.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.supervisor.stop();
        socket::remove_folder(&self.socket_folder);
    }
}

/// The libpq connection string over the socket in `folder`.
fn connection_string(folder: &Path, port: u16, user: &str, database: &str) -> String {
    let host = folder.to_string_lossy();
    format!(
        "host={} port={port} user={} dbname={}",
        quoted(&host),
        quoted(user),
        quoted(database)
    )
}

/// A value of a libpq connection string, in quotes.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_in_a_folder_name_survive_the_connection_string() {
        assert_eq!(quoted(r"/tmp/o'neil\x"), r"'/tmp/o\'neil\\x'");
    }
}
