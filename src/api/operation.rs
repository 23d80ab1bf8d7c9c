//! For operators: is it alive, is it ready, what does it count.

use crate::api::state::{AppState, blocking};
use crate::error::Result;
use crate::store::outbox;
use crate::store::pool::Db;
use crate::store::timers::{self, Timer};
use actix_web::{HttpResponse, get, web};
use chrono::{TimeDelta, Utc};
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use utoipa::ToSchema;

/// Events that wait longer than this make the service unready: something keeps the feed from going on.
const LONGEST_LAG: Duration = Duration::from_secs(60);

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or what is wrong.
    #[schema(example = "ok")]
    pub status: String,
}

/// Whether the process is alive.
#[utoipa::path(tag = "operation", responses((status = 200, description = "Alive", body = Health)))]
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health {
        status: "ok".to_owned(),
    })
}

/// Whether the service can take requests: the database answers, and the change feed goes on.
#[utoipa::path(tag = "operation", responses((status = 200, description = "Ready", body = Health), (status = 503, description = "Not ready, and why", body = Health)))]
#[get("/readyz")]
pub async fn readyz(state: web::Data<AppState>) -> HttpResponse {
    let wrong = if state.draining.load(Ordering::Relaxed) {
        Some("draining".to_owned())
    } else {
        let db = state.db.clone();
        match blocking(move || outbox::lag(&db, Utc::now())).await {
            Ok(lag) if lag > LONGEST_LAG => {
                Some(format!("the change feed is {} s behind", lag.as_secs()))
            }
            Ok(_) => None,
            Err(_) => Some("the database is unavailable".to_owned()),
        }
    };
    match wrong {
        None => HttpResponse::Ok().json(Health {
            status: "ok".to_owned(),
        }),
        Some(status) => HttpResponse::ServiceUnavailable().json(Health { status }),
    }
}

/// How late each timer is by the database's clock, and how far that is ahead of this machine's.
fn lateness(db: &Db) -> Result<(Vec<(&'static str, Duration)>, TimeDelta)> {
    let skew = timers::skew(db, Utc::now)?;
    let now = Utc::now() + skew;
    let lags = Timer::ALL
        .into_iter()
        .map(|timer| Ok((timer.name(), timers::lag(db, timer, now)?)));
    Ok((lags.collect::<Result<_>>()?, skew))
}

/// What the service counts, for Prometheus.
#[utoipa::path(tag = "operation", responses((status = 200, description = "Counters", body = String, content_type = "text/plain")))]
#[get("/metrics")]
pub async fn metrics(state: web::Data<AppState>) -> HttpResponse {
    let db = state.db.clone();
    let lag = blocking(move || outbox::lag(&db, Utc::now()))
        .await
        .unwrap_or_default();
    let db = state.db.clone();
    // Without the database they stay as they were.
    if let Ok((lags, skew)) = blocking(move || lateness(&db)).await {
        state.metrics.timers(&lags, skew);
    }
    match state.metrics.render(state.db.usage(), lag) {
        Ok(text) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4")
            .body(text),
        Err(error) => {
            log::error!("The metrics could not be written: {error}");
            HttpResponse::InternalServerError().finish()
        }
    }
}
