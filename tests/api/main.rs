//! The public API over HTTP, a file per subject. Each test has a service and a database of its own.

mod api_keys;
mod audit_log;
mod captures;
mod changes;
mod citus;
mod crowd;
mod forms;
mod history;
mod isolation;
mod leads;
mod lists;
mod login;
mod manners;
mod openapi;
mod refresh;
mod scopes;
mod seed;
mod submissions;
mod support;
mod teams;
mod tokens;
mod users;
mod visibility;
mod workspaces;
