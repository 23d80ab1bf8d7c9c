//! A server that another Baton runs: used, not owned.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection};

use super::error::StartError;
use super::{Settings, connection_string, roles};

/// How long a server that is just being started may take to answer.
const STARTING: Duration = Duration::from_secs(20);

/// The running private PostgreSQL of another Baton, for commands beside it.
///
/// It ends when that Baton does.
#[derive(Debug, Clone)]
pub struct Attached {
    socket_folder: PathBuf,
    port: u16,
}

impl Attached {
    /// Finds the server that runs on `settings.home`, and waits a moment for one that is just starting.
    ///
    /// Works for whoever may enter the server's private folder: the user that runs Baton, and root.
    ///
    /// # Errors
    /// [`StartError::NotAnswering`] when no server answers there.
    pub fn find(settings: &Settings) -> Result<Attached, StartError> {
        let since = Instant::now();
        loop {
            let found = Attached::read(settings);
            match found.and_then(|server| server.try_connect().map(|()| server)) {
                Ok(server) => return Ok(server),
                Err(reason) if since.elapsed() > STARTING => {
                    return Err(StartError::NotAnswering {
                        home: settings.home.clone(),
                        reason,
                    });
                }
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// The libpq connection string of `user` to `database`; see [`Embedded::url`](super::Embedded::url).
    pub fn url(&self, user: &str, database: &str) -> String {
        connection_string(&self.socket_folder, self.port, user, database)
    }

    /// What the server's pid file says: line 4 is the port, line 5 the folder of the socket, line 8 the state.
    fn read(settings: &Settings) -> Result<Attached, String> {
        let file = settings.home.join("pgdata").join("postmaster.pid");
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        match (lines.get(3), lines.get(4), lines.get(7)) {
            (Some(port), Some(folder), Some(&"ready")) => Ok(Attached {
                socket_folder: PathBuf::from(folder),
                port: port
                    .parse()
                    .map_err(|_| format!("{} names no port", file.display()))?,
            }),
            _ => Err("it is still starting".to_owned()),
        }
    }

    /// Its Baton makes roles and database after the server is ready.
    fn try_connect(&self) -> Result<(), String> {
        PgConnection::establish(&self.url(roles::OWNER, roles::DATABASE))
            .map(drop)
            .map_err(|error| error.to_string())
    }
}
