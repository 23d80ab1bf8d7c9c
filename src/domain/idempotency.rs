//! Idempotency: a write that is sent again with its key happens once and gets the first answer again (promise P7).

use uuid::Uuid;

/// Hours for which a key is remembered.
pub const KEPT_HOURS: i64 = 72;

/// A key and the request it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Whose key: two callers may choose the same text.
    pub actor_id: Uuid,
    /// The text of the caller, at most 255 characters.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub request_hash: [u8; 32],
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Entity tag, if it has one.
    pub etag: Option<String>,
    /// JSON.
    pub body: Vec<u8>,
}
