//! The public API over HTTP, a file per subject. Each test has a service and a database of its own.

mod captures;
mod changes;
mod citus;
mod crowd;
mod custom_fields;
mod field_walks;
mod forms;
mod history;
mod isolation;
mod leads;
mod lists;
mod manners;
mod openapi;
mod schema;
mod scopes;
mod seed;
mod submissions;
mod support;
