//! Extractors: a handler that has its arguments has a request that its OpenAPI schema allows.
//!
//! A body goes through four gates, and each reports everything it can see: bytes (size, time, type,
//! depth), JSON, the [`Shape`](super::shape::Shape) of the type, and the type itself with its `validator` rules.

mod body;
mod depth;
mod json;
mod no_query;
mod patch;
mod query;
mod rules;
mod unread;

pub use body::read as read_body;
pub use body::{BodyLimit, BodyTimeout, DEFAULT_BODY_LIMIT, DEFAULT_BODY_TIMEOUT};
pub use depth::is_too_deep;
pub use json::{PartJson, ValidJson, read_json};
pub use no_query::{WithoutParameters, refuse_parameters};
pub use patch::MergePatch;
pub use query::ValidQuery;
pub use rules::field_errors;
pub use unread::close_unread_bodies;
