//! What the service counts of itself, in the text format of Prometheus.

use chrono::TimeDelta;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// The counters of one service.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    capture_batch_size: Histogram,
    capture_seconds: Histogram,
    events_published: IntCounter,
    outbox_lag_milliseconds: IntGauge,
    timer_lag_milliseconds: IntGaugeVec,
    clock_skew_milliseconds: IntGauge,
    search_lag_milliseconds: IntGauge,
    search_workspaces_behind: IntGauge,
    pool_in_use: IntGauge,
    pool_open: IntGauge,
}

const SECONDS: [f64; 13] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

impl Metrics {
    /// Counters that stand at nothing.
    pub fn new() -> prometheus::Result<Metrics> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("baton_http_requests_total", "Requests answered"),
            &["method", "route", "status"],
        )?;
        let request_seconds = HistogramVec::new(
            HistogramOpts::new("baton_http_request_seconds", "Time to answer")
                .buckets(SECONDS.to_vec()),
            &["method", "route"],
        )?;
        let capture_batch_size = Histogram::with_opts(
            HistogramOpts::new(
                "baton_capture_batch_size",
                "Captures that shared a transaction",
            )
            .buckets(SIZES.to_vec()),
        )?;
        let capture_seconds = Histogram::with_opts(
            HistogramOpts::new(
                "baton_capture_seconds",
                "From arrival to commit of a capture",
            )
            .buckets(SECONDS.to_vec()),
        )?;
        let events_published = IntCounter::new(
            "baton_events_published_total",
            "Events moved from the outbox into the feed",
        )?;
        let outbox_lag_milliseconds = IntGauge::new(
            "baton_outbox_lag_milliseconds",
            "Age of the oldest event that is not published yet",
        )?;
        let timer_lag_milliseconds = IntGaugeVec::new(
            Opts::new(
                "baton_timer_lag_milliseconds",
                "For how long what is longest overdue has been waiting, by timer",
            ),
            &["timer"],
        )?;
        let clock_skew_milliseconds = IntGauge::new(
            "baton_clock_skew_milliseconds",
            "How far the database's clock is ahead of this machine's",
        )?;
        let search_lag_milliseconds = IntGauge::new(
            "baton_search_lag_milliseconds",
            "Age of the oldest change that searches by text do not see yet",
        )?;
        let search_workspaces_behind = IntGauge::new(
            "baton_search_workspaces_behind",
            "Workspaces with leads that searches by text do not see yet",
        )?;
        let pool_in_use = IntGauge::new(
            "baton_pool_connections_in_use",
            "Database connections in use",
        )?;
        let pool_open = IntGauge::new("baton_pool_connections_open", "Database connections open")?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(request_seconds.clone()))?;
        registry.register(Box::new(capture_batch_size.clone()))?;
        registry.register(Box::new(capture_seconds.clone()))?;
        registry.register(Box::new(events_published.clone()))?;
        registry.register(Box::new(outbox_lag_milliseconds.clone()))?;
        registry.register(Box::new(timer_lag_milliseconds.clone()))?;
        registry.register(Box::new(clock_skew_milliseconds.clone()))?;
        registry.register(Box::new(search_lag_milliseconds.clone()))?;
        registry.register(Box::new(search_workspaces_behind.clone()))?;
        registry.register(Box::new(pool_in_use.clone()))?;
        registry.register(Box::new(pool_open.clone()))?;
        Ok(Metrics {
            registry,
            requests,
            request_seconds,
            capture_batch_size,
            capture_seconds,
            events_published,
            outbox_lag_milliseconds,
            timer_lag_milliseconds,
            clock_skew_milliseconds,
            search_lag_milliseconds,
            search_workspaces_behind,
            pool_in_use,
            pool_open,
        })
    }

    /// A request was answered. `route` is a template, never a path with ids in it.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.requests
            .with_label_values(&[method, route, &status.to_string()])
            .inc();
        self.request_seconds
            .with_label_values(&[method, route])
            .observe(took.as_secs_f64());
    }

    /// So many captures shared a transaction.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a batch has far fewer than 2^52 captures"
    )]
    pub fn capture_batch(&self, size: usize) {
        self.capture_batch_size.observe(size as f64);
    }

    /// A capture was committed, so long after it arrived.
    pub fn captured(&self, took: Duration) {
        self.capture_seconds.observe(took.as_secs_f64());
    }

    /// So many events were published.
    pub fn published(&self, events: usize) {
        self.events_published
            .inc_by(events.try_into().unwrap_or_default());
    }

    /// So many workspaces had leads that searches by text did not see, the longest for so long.
    pub fn search_index(&self, workspaces: usize, lag: Duration) {
        self.search_workspaces_behind
            .set(workspaces.try_into().unwrap_or(i64::MAX));
        self.search_lag_milliseconds
            .set(lag.as_millis().try_into().unwrap_or(i64::MAX));
    }

    /// How late the timers are, and how far the database's clock is ahead.
    pub fn timers(&self, lags: &[(&str, Duration)], skew: TimeDelta) {
        for (timer, lag) in lags {
            self.timer_lag_milliseconds
                .with_label_values(&[*timer])
                .set(lag.as_millis().try_into().unwrap_or(i64::MAX));
        }
        self.clock_skew_milliseconds.set(skew.num_milliseconds());
    }

    /// The numbers as text, with those that are measured now.
    pub fn render(&self, pool: (u32, u32), outbox_lag: Duration) -> prometheus::Result<Vec<u8>> {
        self.pool_in_use.set(pool.0.into());
        self.pool_open.set(pool.1.into());
        self.outbox_lag_milliseconds
            .set(outbox_lag.as_millis().try_into().unwrap_or(i64::MAX));
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
