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
