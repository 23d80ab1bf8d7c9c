//! Starts services for tests, and talks to them.

pub mod app;
pub mod fields;
pub mod http;
pub mod jobs;
pub mod operations;
pub mod people;
pub mod provider;
pub mod server;

pub use app::TestApp;
pub use people::{PASSWORD, TestUser};
pub mod draw;
pub mod leads;

/// Looks again and again until something is so, for a minute at most.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_so() {
        assert!(std::time::Instant::now() < until, "not in time: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
