//! What every handler shares.

use crate::api::bearer::key_source::KeySource;
use crate::api::bearer::own::{AccessTokens, KeyRing};
use crate::api::rate_limit::{AddressLimits, Quota, RateLimits};
use crate::domain::flow::authenticate::{Principal, Website};
use crate::domain::identity_provider::IdentityProvider;
use crate::domain::key::{ApiKey, PublishableKey};
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::store::pool::{Db, End, TenantConnection};
use crate::worker::capture_queue::CaptureQueue;
use crate::worker::courtesy::Courtesy;
use crate::worker::password_pool::PasswordPool;
use crate::worker::sequencer::FeedSignal;
use crate::worker::ticker::Wake;
use moka::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use uuid::Uuid;

/// Longest time after which a revoked key or a changed setting counts in every process.
const ACCESS_CACHED: Duration = Duration::from_secs(5);

/// What every handler shares.
pub struct AppState {
    /// The database.
    pub db: Db,
    /// Woken when leads are to be gone through, since a definition of a field has changed.
    pub field_walk: Arc<Wake>,
    /// Where captures are gathered.
    pub captures: CaptureQueue,
    /// Hears of captures, for what works in the background.
    pub courtesy: Arc<Courtesy>,
    /// Says that there is a new job.
    pub jobs: Arc<Wake>,
    /// Hears of published events.
    pub feed: FeedSignal,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Requests by key.
    pub limits: RateLimits,
    /// Public requests by address.
    pub address_limits: AddressLimits,
    /// Who holds which key, for a moment; also that nobody holds it.
    pub principals: Cache<ApiKey, Option<Arc<Principal>>>,
    /// The forms behind publishable keys, for a moment.
    pub websites: Cache<PublishableKey, Option<Arc<Website>>>,
    /// Who calls in which session, for a moment; also that the session is over.
    pub people: Cache<Session, Option<Arc<Principal>>>,
    /// The workspace, where there is only one, for a moment.
    pub only_workspace: Cache<(), Option<Uuid>>,
    /// Issues and checks access tokens.
    pub access_tokens: Arc<AccessTokens>,
    /// The identity providers of workspaces, for a moment; also that there is none.
    pub providers: Cache<Uuid, Option<Arc<IdentityProvider>>>,
    /// The keys of identity providers.
    pub provider_keys: Arc<KeySource>,
    /// Who came with which token of an identity provider, for a moment; also that they may not come in.
    pub guests: Cache<(Uuid, [u8; 32]), Option<Arc<Principal>>>,
    /// Keys of identity providers may come from private addresses.
    pub allow_private_addresses: bool,
    /// Hashes and checks passwords.
    pub passwords: PasswordPool,
    /// Logins by address.
    pub login_limits: AddressLimits,
    /// Refreshes by address.
    pub refresh_limits: AddressLimits,
    /// Logins an address may try.
    pub login_quota: Quota,
    /// Refreshes an address may try.
    pub refresh_quota: Quota,
    /// Requests a key may make unless it has a limit of its own.
    pub key_quota: Quota,
    /// Requests an address may make to public forms.
    pub address_quota: Quota,
    /// Proxies in front of the service whose word on the client's address is taken.
    pub trusted_proxies: usize,
    /// The service is stopping: no more requests, please.
    pub draining: AtomicBool,
}

/// A session of a user, as an access token names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Session {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The user.
    pub user_id: Uuid,
    /// The session.
    pub session_id: Uuid,
}

impl AppState {
    /// Forgets who may do what, so that a change made in this process counts at once.
    pub fn forget_callers(&self) {
        self.principals.invalidate_all();
        self.websites.invalidate_all();
        self.people.invalidate_all();
        self.providers.invalidate_all();
        self.guests.invalidate_all();
    }

    /// Rules of a workspace have changed: they count here at once, in other processes within five seconds.
    pub fn rules_changed(&self) {
        self.forget_callers();
        self.field_walk.wake();
    }

    /// A cache of who holds which key.
    pub fn access_cache<
        K: std::hash::Hash + Eq + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    >() -> Cache<K, V> {
        Cache::builder()
            .max_capacity(10_000)
            .time_to_live(ACCESS_CACHED)
            .build()
    }
}

/// Runs blocking work in a transaction of one workspace, away from the threads that answer requests.
pub async fn in_workspace<T: Send + 'static>(
    state: &actix_web::web::Data<AppState>,
    workspace_id: Uuid,
    mut work: impl FnMut(&mut TenantConnection) -> Result<T> + Send + 'static,
) -> Result<T> {
    in_workspace_until(state, workspace_id, move |conn| {
        Ok((work(conn)?, End::Commit))
    })
    .await
}

/// As [`in_workspace`]; the work says how its transaction ends.
pub async fn in_workspace_until<T: Send + 'static>(
    state: &actix_web::web::Data<AppState>,
    workspace_id: Uuid,
    work: impl FnMut(&mut TenantConnection) -> Result<(T, End)> + Send + 'static,
) -> Result<T> {
    let db = state.db.clone();
    blocking(move || db.in_workspace_until(workspace_id, work)).await
}

/// The keys of access tokens.
pub async fn key_ring(state: &actix_web::web::Data<AppState>) -> Result<Arc<KeyRing>> {
    if let Some(ring) = state.access_tokens.ring_at_hand() {
        return Ok(ring);
    }
    let tokens = state.access_tokens.clone();
    blocking(move || tokens.ring()).await
}

/// Runs blocking work away from the threads that answer requests.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    actix_web::web::block(work).await.map_err(Error::internal)?
}
