//! The public API over HTTP, a file per subject. Each test has a service and a database of its own.

mod captures;
mod changes;
mod citus;
mod conditions;
mod crowd;
mod forms;
mod history;
mod isolation;
mod leads;
mod lists;
mod manners;
mod openapi;
mod scopes;
mod search;
mod seed;
mod submissions;
mod support;
