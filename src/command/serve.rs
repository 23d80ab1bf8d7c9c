//! `baton serve`.

use baton::app::{self, Service};
use baton::config::{DatabaseConfig, ServeConfig};
use baton::domain::flow::setup;
use baton::domain::normalise::phone;
use baton::error::BoxError;
use baton::store::pool::Db;
use baton::store::workspaces;
use chrono::Utc;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::net::TcpListener;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until SIGTERM or SIGINT, then finishes what it accepted.
pub fn run(database: &DatabaseConfig, config: &ServeConfig) -> Result<(), BoxError> {
    let listener = TcpListener::bind(config.listen).map_err(|error| {
        format!(
            "{} cannot be listened on ({error}); choose another by BATON_LISTEN",
            config.listen
        )
    })?;
    let database = app::open_database(database)?;
    app::migrate(&database.db)?;
    app::check_isolation(&database.db)?;
    phone::warm();
    raise_open_files();
    first_start(&database.db)?;
    let service = Service::start(database.db.clone(), config)?;
    let result = actix_web::rt::System::new().block_on(serve(&service, listener, config));
    service.stop();
    drop(database.embedded);
    Ok(result?)
}

/// Takes as many open files as the system allows: every connection is one.
fn raise_open_files() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        log::warn!("The limit of open files stays as it is: {error}");
    }
}

/// The first start makes a workspace and an admin key, and says what to do with it.
fn first_start(db: &Db) -> Result<(), BoxError> {
    if !workspaces::list_all(db)?.is_empty() {
        return Ok(());
    }
    let (workspace_id, key) = setup::create_workspace(db, "My workspace", Utc::now())?;
    println!(
        "First start: made workspace {workspace_id} and this admin key, which is shown only now:\n\n  {}\n",
        key.reveal()
    );
    Ok(())
}

async fn serve(
    service: &Service,
    listener: TcpListener,
    config: &ServeConfig,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    let server = service.server(listener, config.http_workers)?;
    println!("Baton listens on http://{address}; the API reference is at http://{address}/docs");
    let handle = server.handle();
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let stopping = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        log::info!("Stopping: finishing what was accepted.");
        service.drain();
        tokio::time::sleep(Duration::from_secs(config.drain_seconds)).await;
        handle.stop(true).await;
    };
    let (ended, ()) = tokio::join!(server, stopping);
    ended
}
