//! Access tokens of Baton's own: signed by EdDSA with a key of the service, and good for ten minutes.

use super::{crypto, validation};
use crate::domain::access_token::{AUDIENCE, Claims, LIFE_SECONDS, TYPE};
use crate::domain::flow::signing_keys;
use crate::domain::ids::{Ids, ProcessIds};
use crate::error::{Error, Result};
use crate::store::pool::Db;
use crate::store::signing_keys::SigningKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use moka::sync::Cache;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest time after which another process knows a new key.
const KEPT: Duration = Duration::from_secs(5);

/// Issues and checks access tokens.
pub struct AccessTokens {
    db: Db,
    issuer: String,
    rings: Cache<(), Arc<KeyRing>>,
}

/// Whose access token is to be issued.
#[derive(Debug, Clone, Copy)]
pub struct Bearer {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The user.
    pub user_id: Uuid,
    /// The user's token epoch.
    pub epoch: i64,
    /// The session.
    pub session_id: Uuid,
}

impl AccessTokens {
    /// `issuer` is the address of the service, by which others know its tokens.
    pub fn new(db: Db, issuer: String) -> AccessTokens {
        crypto::install();
        AccessTokens {
            db,
            issuer,
            rings: Cache::builder().time_to_live(KEPT).build(),
        }
    }

    /// The keys there are now. May ask the database, so it is for threads that may wait.
    pub fn ring(&self) -> Result<Arc<KeyRing>> {
        if let Some(ring) = self.rings.get(&()) {
            return Ok(ring);
        }
        let ring = Arc::new(KeyRing::of(&signing_keys::usable(&self.db, Utc::now())?));
        self.rings.insert((), ring.clone());
        Ok(ring)
    }

    /// The keys, if they are at hand.
    pub fn ring_at_hand(&self) -> Option<Arc<KeyRing>> {
        self.rings.get(&())
    }

    /// An access token.
    pub fn issue(&self, ring: &KeyRing, bearer: Bearer, now: DateTime<Utc>) -> Result<String> {
        let key = ring
            .active(now)
            .ok_or_else(|| Error::internal("no signing key is active"))?;
        let at = now.timestamp();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: bearer.user_id,
            client_id: AUDIENCE.to_owned(),
            iat: at,
            nbf: at,
            exp: at + LIFE_SECONDS,
            jti: ProcessIds.next(now),
            workspace_id: bearer.workspace_id,
            session_id: bearer.session_id,
            epoch: bearer.epoch,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, &claims, &key.private).map_err(Error::internal)
    }

    /// What a token says, if it was signed with the key it names and is good now. `None` for every other one.
    pub fn verify(&self, ring: &KeyRing, token: &str, header: &Header) -> Option<Claims> {
        let is_typed = header
            .typ
            .as_deref()
            .is_some_and(|given| given.eq_ignore_ascii_case(TYPE));
        let key = ring.find(header.kid.as_deref()?).filter(|_| is_typed)?;
        let mut validation = validation(Algorithm::EdDSA, &self.issuer, AUDIENCE);
        validation.required_spec_claims.insert("nbf".to_owned());
        let data = jsonwebtoken::decode::<Claims>(token, &key.public, &validation);
        data.ok().map(|data| data.claims)
    }
}

struct Key {
    kid: String,
    x: String,
    private: EncodingKey,
    public: DecodingKey,
    active_from: DateTime<Utc>,
}

/// The keys whose tokens are accepted, the newest first.
pub struct KeyRing(Vec<Key>);

impl KeyRing {
    fn of(keys: &[SigningKey]) -> KeyRing {
        let key = |key: &SigningKey| Key {
            kid: key.id.to_string(),
            x: URL_SAFE_NO_PAD.encode(&key.public_key),
            private: EncodingKey::from_ed_der(&key.private_key),
            public: DecodingKey::from_ed_der(&key.public_key),
            active_from: key.active_from,
        };
        KeyRing(keys.iter().map(key).collect())
    }

    /// The key that signs.
    fn active(&self, now: DateTime<Utc>) -> Option<&Key> {
        self.0.iter().find(|key| key.active_from <= now)
    }

    fn find(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid)
    }

    /// Whether a token that names this key is one of ours, good or not.
    pub fn has(&self, kid: &str) -> bool {
        self.find(kid).is_some()
    }

    /// The public keys: the one that signs, the next one, and those whose tokens are still good.
    pub fn public(&self) -> KeySet {
        let key = |key: &Key| PublicKey {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            usage: "sig".to_owned(),
            alg: "EdDSA".to_owned(),
            kid: key.kid.clone(),
            x: key.x.clone(),
        };
        KeySet {
            keys: self.0.iter().map(key).collect(),
        }
    }
}

/// Public keys (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<PublicKey>,
}

/// A public key (RFC 8037).
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicKey {
    /// `OKP`.
    #[schema(example = "OKP")]
    pub kty: String,
    /// `Ed25519`.
    #[schema(example = "Ed25519")]
    pub crv: String,
    /// `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub usage: String,
    /// `EdDSA`.
    #[schema(example = "EdDSA")]
    pub alg: String,
    /// Which key: the `kid` of tokens.
    pub kid: String,
    /// The key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
}
