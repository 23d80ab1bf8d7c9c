//! What an access token says (RFC 9068).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Seconds for which an access token is good.
pub const LIFE_SECONDS: i64 = 600;
/// Seconds by which clocks may differ.
pub const LEEWAY_SECONDS: i64 = 30;
/// Who access tokens are for.
pub const AUDIENCE: &str = "baton";
/// The `typ` of their headers.
pub const TYPE: &str = "at+jwt";

/// The claims of an access token. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The service that issued it.
    pub iss: String,
    /// [`AUDIENCE`].
    pub aud: String,
    /// The user.
    pub sub: Uuid,
    /// Which client got it: there is only one.
    pub client_id: String,
    /// Issued at.
    pub iat: i64,
    /// Not good before.
    pub nbf: i64,
    /// Not good after.
    pub exp: i64,
    /// Which token.
    pub jti: Uuid,
    /// The workspace of the user.
    pub workspace_id: Uuid,
    /// The session.
    pub session_id: Uuid,
    /// The user's, when it was issued.
    pub epoch: i64,
}
