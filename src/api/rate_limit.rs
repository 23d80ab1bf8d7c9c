//! How many requests a key or an address may make, counted in this process.
//!
//! The counting is governor's (GCRA: a bucket that refills evenly). Buckets nobody used for their
//! window are full again, so they are forgotten; memory is bounded by [`MAX_BUCKETS`].

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderName, HeaderValue};
use governor::RateLimiter;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use moka::Expiry;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use uuid::Uuid;

/// Keys or addresses that are counted at the same time; beyond that the longest unused are forgotten.
const MAX_BUCKETS: u64 = 100_000;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// So many requests in a window of so many seconds. No requests at all means that none is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    pub requests: u32,
    pub window_seconds: u32,
}

/// Whether a request may go ahead, and what is left after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    pub limit: u32,
    pub window_seconds: u32,
    pub remaining: u32,
    /// Until the whole quota is there again, if nothing is asked meanwhile.
    pub reset_seconds: u32,
    /// Until one more request may go ahead; 0 when it may now.
    pub retry_after_seconds: u32,
}

impl Decision {
    /// `RateLimit-Policy` and `RateLimit` (IETF draft), for every answer. `Retry-After` comes with the problem.
    pub fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let policy = format!("\"default\";q={};w={}", self.limit, self.window_seconds);
        let state = format!(
            "\"default\";r={};t={}",
            self.remaining,
            self.reset_seconds.max(self.retry_after_seconds)
        );
        [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)))
            .collect()
    }
}

/// The limits of API keys, or of anything else with an id, such as a form.
pub struct RateLimits(Buckets<Uuid, MonotonicClock>);

impl RateLimits {
    /// Nobody has asked for anything yet.
    pub fn new() -> Self {
        RateLimits(Buckets::new(MonotonicClock))
    }

    /// Counts one request of `key`. A changed quota begins afresh.
    pub fn check(&self, key: Uuid, quota: Quota) -> Decision {
        self.0.check(key, quota)
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// The limits of client addresses, for what is open to everybody.
pub struct AddressLimits(Buckets<IpAddr, MonotonicClock>);

impl AddressLimits {
    /// Nobody has asked for anything yet.
    pub fn new() -> Self {
        AddressLimits(Buckets::new(MonotonicClock))
    }

    /// Counts one request from `address`. An IPv6 client owns a whole /64, so that is what is counted.
    pub fn check(&self, address: IpAddr, quota: Quota) -> Decision {
        self.0.check(network(address), quota)
    }
}

impl Default for AddressLimits {
    fn default() -> Self {
        Self::new()
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
        v4 => v4,
    }
}

type Bucket<C> = Arc<RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>>;

struct Buckets<K, C: Clock> {
    clock: C,
    buckets: Cache<(K, Quota), Bucket<C>>,
}

impl<K, C> Buckets<K, C>
where
    K: Hash + Eq + Send + Sync + 'static,
    C: Clock + Clone + Send + Sync + 'static,
    C::Instant: Send + Sync,
{
    fn new(clock: C) -> Self {
        let buckets = Cache::builder()
            .max_capacity(MAX_BUCKETS)
            // Least recently used: with moka's usual policy a new key might never be admitted, and so never be limited.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(FullAgain)
            .build();
        Buckets { clock, buckets }
    }

    fn check(&self, key: K, quota: Quota) -> Decision {
        let Quota {
            requests: limit,
            window_seconds,
        } = quota;
        let refused = |retry_after_seconds| Decision {
            allowed: false,
            limit,
            window_seconds,
            remaining: 0,
            reset_seconds: window_seconds,
            retry_after_seconds,
        };
        let Some(bucket) = self.bucket(key, quota) else {
            return refused(window_seconds);
        };
        match bucket.check() {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let used = u64::from(limit.saturating_sub(remaining));
                let reset_seconds = (used * u64::from(window_seconds)).div_ceil(u64::from(limit));
                Decision {
                    allowed: true,
                    limit,
                    window_seconds,
                    remaining,
                    reset_seconds: u32::try_from(reset_seconds).unwrap_or(window_seconds),
                    retry_after_seconds: 0,
                }
            }
            Err(not_until) => {
                refused(whole_seconds(not_until.wait_time_from(self.clock.now())).max(1))
            }
        }
    }

    /// None when the quota allows nothing at all.
    fn bucket(&self, key: K, quota: Quota) -> Option<Bucket<C>> {
        let burst = NonZeroU32::new(quota.requests)?;
        let window = Duration::from_secs(u64::from(quota.window_seconds));
        let rate = governor::Quota::with_period(window / quota.requests)?.allow_burst(burst);
        let new =
            || Arc::new(RateLimiter::direct_with_clock(rate, self.clock.clone()).with_middleware());
        Some(self.buckets.get_with((key, quota), new))
    }
}

fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

/// A bucket that rests for its window is full, and need not be kept.
struct FullAgain;

impl<K, V> Expiry<(K, Quota), V> for FullAgain {
    fn expire_after_create(&self, (_, quota): &(K, Quota), _: &V, _: Instant) -> Option<Duration> {
        Some(Duration::from_secs(u64::from(quota.window_seconds)))
    }

    fn expire_after_read(
        &self,
        (_, quota): &(K, Quota),
        _: &V,
        _: Instant,
        _: Option<Duration>,
        _: Instant,
    ) -> Option<Duration> {
        Some(Duration::from_secs(u64::from(quota.window_seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    const TEN_A_MINUTE: Quota = Quota {
        requests: 10,
        window_seconds: 60,
    };

    fn buckets() -> (FakeRelativeClock, Buckets<u8, FakeRelativeClock>) {
        let clock = FakeRelativeClock::default();
        (clock.clone(), Buckets::new(clock))
    }

    #[test]
    fn the_quota_may_be_used_at_once_and_then_refills_evenly() {
        let (clock, buckets) = buckets();
        let first = buckets.check(1, TEN_A_MINUTE);
        assert_eq!(
            (first.allowed, first.remaining, first.reset_seconds),
            (true, 9, 6)
        );
        assert!((0..9).all(|_| buckets.check(1, TEN_A_MINUTE).allowed));
        let refused = buckets.check(1, TEN_A_MINUTE);
        assert_eq!(
            (
                refused.allowed,
                refused.remaining,
                refused.retry_after_seconds
            ),
            (false, 0, 6)
        );
        clock.advance(Duration::from_secs(6));
        assert!(buckets.check(1, TEN_A_MINUTE).allowed);
        assert!(!buckets.check(1, TEN_A_MINUTE).allowed);
    }

    #[test]
    fn keys_do_not_share_a_quota() {
        let (_, buckets) = buckets();
        assert!((0..10).all(|_| buckets.check(1, TEN_A_MINUTE).allowed));
        assert!(!buckets.check(1, TEN_A_MINUTE).allowed);
        assert!(buckets.check(2, TEN_A_MINUTE).allowed);
    }

    #[test]
    fn a_quota_of_nothing_allows_nothing() {
        let (_, buckets) = buckets();
        assert!(
            !buckets
                .check(
                    1,
                    Quota {
                        requests: 0,
                        window_seconds: 60
                    }
                )
                .allowed
        );
    }

    #[test]
    fn the_headers_follow_the_draft() {
        let (_, buckets) = buckets();
        let headers = buckets.check(1, TEN_A_MINUTE).headers();
        let texts: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        assert_eq!(
            texts,
            [
                "ratelimit-policy: \"default\";q=10;w=60",
                "ratelimit: \"default\";r=9;t=6"
            ]
        );
    }

    #[test]
    fn an_ipv6_client_is_its_network_and_a_mapped_address_is_ipv4() {
        let limits = AddressLimits::new();
        let once = Quota {
            requests: 1,
            window_seconds: 60,
        };
        assert!(
            limits
                .check("2001:db8:0:1::1".parse().unwrap(), once)
                .allowed
        );
        assert!(
            !limits
                .check("2001:db8:0:1:ffff::2".parse().unwrap(), once)
                .allowed
        );
        assert!(
            limits
                .check("2001:db8:0:2::1".parse().unwrap(), once)
                .allowed
        );
        assert!(limits.check("192.0.2.1".parse().unwrap(), once).allowed);
        assert!(
            !limits
                .check("::ffff:192.0.2.1".parse().unwrap(), once)
                .allowed
        );
        assert!(limits.check("192.0.2.2".parse().unwrap(), once).allowed);
    }

    #[test]
    fn the_number_of_buckets_is_bounded() {
        let buckets: Buckets<u32, MonotonicClock> = Buckets::new(MonotonicClock);
        for key in 0..(MAX_BUCKETS as u32 + 5_000) {
            buckets.check(key, TEN_A_MINUTE);
        }
        buckets.buckets.run_pending_tasks();
        assert!(buckets.buckets.entry_count() <= MAX_BUCKETS);
    }
}
