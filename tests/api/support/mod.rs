//! Starts services for tests, and talks to them.

pub mod app;
pub mod fields;
pub mod http;
pub mod operations;
pub mod people;
pub mod server;

pub use app::TestApp;
pub use people::{PASSWORD, TestUser};
pub mod draw;
pub mod leads;
