//! Baton: headless lead management. The map:
//!
//! - [`api`]: the ways in over HTTP
//! - [`worker`]: what happens by itself: publishing events, keeping partitions, gathering captures
//! - [`domain`]: decisions, pure; [`domain::flow`]: use cases, one transaction each
//! - [`store`]: SQL, one file per table
//! - [`postgres`]: the private PostgreSQL that runs when no other is named
//! - [`seed`]: plausible leads, to try things with
//! - [`app`]: builds the service from its parts, for `main` and for tests

pub mod api;
pub mod app;
pub mod config;
pub mod domain;
pub mod error;
pub mod metrics;
pub mod postgres;
pub mod seed;
pub mod store;
pub mod worker;
