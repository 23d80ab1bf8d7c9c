//! A second service on the database of the first, as when two processes share one; and looks behind both.

use crate::support::TestApp;
use crate::support::app::default_config;
use crate::support::server::pool_settings;
use baton::app::Service;
use baton::store::pool::Db;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A running service without a database of its own.
pub struct Twin {
    pub address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Twin {
    pub fn beside(app: &TestApp) -> Twin {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = mpsc::channel();
        let db = Db::open(app.database().urls.clone(), pool_settings());
        let thread = std::thread::spawn(move || {
            let service = Service::start(db, &default_config()).unwrap();
            actix_web::rt::System::new().block_on(async {
                let server = service.server(listener, 1).unwrap();
                tell.send(server.handle()).unwrap();
                server.await.unwrap();
            });
            service.stop();
        });
        Twin {
            address,
            handle: told.recv().unwrap(),
            thread: Some(thread),
        }
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        let handle = self.handle.clone();
        actix_web::rt::System::new().block_on(handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// What a query counts, asked past row-level security.
pub fn count(app: &TestApp, sql: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let row: Row = diesel::sql_query(sql)
        .get_result(&mut app.database().look())
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    row.count
}

/// Waits until every event is in the feed; the answer is how many there are.
pub fn all_published(app: &TestApp) -> usize {
    wait_until(
        "every event is in the feed",
        Duration::from_secs(30),
        || count(app, "SELECT count(*) FROM outbox") == 0,
    );
    count(app, "SELECT count(*) FROM feed").try_into().unwrap()
}

/// Waits for something that will be; a panic when it is not in time.
pub fn wait_until(what: &str, longest: Duration, is_so: impl Fn() -> bool) {
    let until = Instant::now() + longest;
    while !is_so() {
        assert!(Instant::now() < until, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
