//! Bearer tokens that are no keys: access tokens of Baton's own and of identity providers (JWT, RFC 7519 and RFC 8725).

pub mod crypto;
pub mod key_source;
pub mod outside;
pub mod own;

use jsonwebtoken::{Algorithm, Header, Validation};

use crate::domain::access_token::LEEWAY_SECONDS;

/// The header of a token, if it is one that may be looked at: keys come from where we fetch them, never from the token
/// (RFC 8725 §3.10), and there is nothing critical in it that we would have to know.
pub fn header(token: &str) -> Option<Header> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    let brings_keys = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.crit.is_some();
    (!brings_keys).then_some(header)
}

/// What a token has to say to be good: one algorithm, fixed by the key and not by the token; issuer, audience and times.
pub fn validation(algorithm: Algorithm, issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_SECONDS.unsigned_abs();
    validation.validate_nbf = true;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation
}
