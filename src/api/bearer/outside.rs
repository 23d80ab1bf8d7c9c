//! Access tokens of a workspace's identity provider.

use super::key_source::KeySource;
use super::validation;
use crate::domain::identity_provider::{IdentityProvider, TokenAlgorithm};
use crate::error::Result;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde_json::Value;

/// The header by which a caller with a token of an identity provider says for which workspace it is.
pub const WORKSPACE: &str = "baton-workspace";

/// What a token says, if it was signed with a key of the provider and is good now for this audience. `None` for every
/// other one.
///
/// # Errors
/// When the provider's keys cannot be had.
pub fn verify(
    keys: &KeySource,
    provider: &IdentityProvider,
    token: &str,
    header: &Header,
) -> Result<Option<Value>> {
    let Some(kid) = header.kid.as_deref() else {
        return Ok(None);
    };
    if !provider
        .algorithms
        .iter()
        .any(|allowed| allowed.of_token() == header.alg)
    {
        return Ok(None);
    }
    let set = keys.keys(&provider.jwks_url, kid)?;
    let Some(key) = set.find(kid) else {
        return Ok(None);
    };
    // The key says how it signs; a token that says otherwise is none of its.
    let Some(algorithm) = algorithm_of(key).filter(|algorithm| *algorithm == header.alg) else {
        return Ok(None);
    };
    let Ok(public) = DecodingKey::from_jwk(key) else {
        return Ok(None);
    };
    let validation = validation(algorithm, &provider.issuer, &provider.audience);
    let data = jsonwebtoken::decode::<Value>(token, &public, &validation);
    Ok(data.ok().map(|data| data.claims))
}

impl TokenAlgorithm {
    /// Its name in headers of tokens.
    fn of_token(self) -> Algorithm {
        match self {
            TokenAlgorithm::RS256 => Algorithm::RS256,
            TokenAlgorithm::ES256 => Algorithm::ES256,
            TokenAlgorithm::EdDSA => Algorithm::EdDSA,
        }
    }
}

/// The one algorithm of a key; `None` for a key that is not for signing, or of a kind that is not accepted.
fn algorithm_of(key: &Jwk) -> Option<Algorithm> {
    let is_for_signing = match &key.common.public_key_use {
        Some(given) => *given == PublicKeyUse::Signature,
        None => key
            .common
            .key_operations
            .as_ref()
            .is_none_or(|given| given.contains(&KeyOperations::Verify)),
    };
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(given) if given.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(given) if given.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let says_the_same = key
        .common
        .key_algorithm
        .is_none_or(|given| given.to_string() == format!("{algorithm:?}"));
    (is_for_signing && says_the_same).then_some(algorithm)
}
