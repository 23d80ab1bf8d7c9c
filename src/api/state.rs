//! What every handler shares.

use crate::api::rate_limit::{AddressLimits, Quota, RateLimits};
use crate::domain::flow::authenticate::{Principal, Website};
use crate::domain::key::{ApiKey, PublishableKey};
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::store::pool::{Db, End, TenantConnection};
use crate::worker::capture_queue::CaptureQueue;
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
    /// Requests a key may make unless it has a limit of its own.
    pub key_quota: Quota,
    /// Requests an address may make to public forms.
    pub address_quota: Quota,
    /// Proxies in front of the service whose word on the client's address is taken.
    pub trusted_proxies: usize,
    /// The service is stopping: no more requests, please.
    pub draining: AtomicBool,
}

impl AppState {
    /// Rules of a workspace have changed: they count here at once, in other processes within five seconds.
    pub fn rules_changed(&self) {
        self.principals.invalidate_all();
        self.websites.invalidate_all();
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

/// Runs blocking work away from the threads that answer requests.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    actix_web::web::block(work).await.map_err(Error::internal)?
}
