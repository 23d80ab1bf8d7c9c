//! The public API over HTTP, a file per subject. Each test has a service and a database of its own.

mod captures;
mod openapi;
mod seed;
mod support;
