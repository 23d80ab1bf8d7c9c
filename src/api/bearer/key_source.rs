//! Where the keys of identity providers come from: fetched over HTTPS, kept, and fetched again when a token names one
//! that is not among them.

use crate::domain::public_address::is_public;
use crate::error::{BoxError, Error, Result};
use jsonwebtoken::jwk::JwkSet;
use moka::sync::Cache;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, config::Config};

/// Longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer, in bytes: a set of keys has a few thousand.
const MAX_BYTES: u64 = 256 * 1024;
/// Keys are fetched anew when they are older than this.
const FRESH: Duration = Duration::from_secs(600);
/// Keys that cannot be fetched anew are used for so long.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Time between two fetches from one address, whatever tokens name: nobody makes us bother a provider.
const PAUSE: Duration = Duration::from_secs(10);

/// Fetches and keeps the keys of identity providers.
pub struct KeySource {
    agent: Agent,
    kept: Cache<String, Arc<Mutex<Kept>>>,
}

/// What is kept of one address.
#[derive(Default)]
struct Kept {
    keys: Option<(Arc<JwkSet>, Instant)>,
    tried: Option<Instant>,
}

impl KeySource {
    /// `allow_private`: also from addresses that are not of the public internet, and without TLS.
    pub fn new(allow_private: bool) -> KeySource {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let found = rustls_native_certs::load_native_certs();
        let roots: Vec<_> = found
            .certs
            .iter()
            .map(|certificate| ureq::tls::Certificate::from_der(certificate).to_owned())
            .collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .build();
        let config = Agent::config_builder()
            .https_only(!allow_private)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .tls_config(tls)
            .build();
        let resolver = Addresses {
            allow_private,
            all: DefaultResolver::default(),
        };
        KeySource {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            kept: Cache::builder()
                .max_capacity(10_000)
                .time_to_idle(KEPT)
                .build(),
        }
    }

    /// The keys at an address, among them the one that a token names if there is such a one. May wait for the provider, so
    /// it is for threads that may wait.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no keys were ever fetched, or not for a day.
    pub fn keys(&self, url: &str, kid: &str) -> Result<Arc<JwkSet>> {
        let slot = self.kept.get_with_by_ref(url, Arc::default);
        // Whoever comes meanwhile waits for the one who fetches.
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = kept
            .keys
            .as_ref()
            .is_some_and(|(keys, at)| at.elapsed() < FRESH && keys.find(kid).is_some());
        let may_ask = kept.tried.is_none_or(|tried| tried.elapsed() >= PAUSE);
        if !is_good && may_ask {
            kept.tried = Some(Instant::now());
            match self.fetch(url) {
                Ok(keys) => kept.keys = Some((Arc::new(keys), Instant::now())),
                Err(error) => {
                    log::warn!("The keys of an identity provider could not be fetched: {error}");
                }
            }
        }
        match &kept.keys {
            Some((keys, at)) if at.elapsed() < KEPT => Ok(keys.clone()),
            _ => Err(Error::Unavailable(
                "the keys of the identity provider cannot be fetched".into(),
            )),
        }
    }

    fn fetch(&self, url: &str) -> Result<JwkSet, BoxError> {
        let mut answer = self.agent.get(url).call()?;
        if answer.status() != 200 {
            return Err(format!("status {}", answer.status()).into());
        }
        let body = answer.body_mut().with_config().limit(MAX_BYTES);
        Ok(serde_json::from_slice(&body.read_to_vec()?)?)
    }
}

/// Looks up names, and keeps to addresses that may be called: whatever a name stands for by the time it is called.
#[derive(Debug)]
struct Addresses {
    allow_private: bool,
    all: DefaultResolver,
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeySource").finish_non_exhaustive()
    }
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.all.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        for address in found
            .iter()
            .filter(|address| self.allow_private || is_public(address.ip()))
        {
            allowed.push(*address);
        }
        if allowed.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        Ok(allowed)
    }
}
