//! Builds the service from its parts, for `main` and for tests.

use crate::api::bearer::key_source::KeySource;
use crate::api::bearer::own::AccessTokens;
use crate::api::extract::{BodyTimeout, WithoutParameters};
use crate::api::openapi::{Document, DocumentText, Operations};
use crate::api::problem::{KnownPaths, fill_bare_errors, path_config, query_config, unmatched};
use crate::api::rate_limit::{AddressLimits, Quota, RateLimits};
use crate::api::state::AppState;
use crate::api::{
    activities, api_keys, assignments, audit_log, auth, bulk, calibrations, capture_batch,
    captures, changes, clocks as clock_api, clusters, cors, decisions, duplicates, extract,
    field_definitions, form_door, forward, handoff, history, jobs, jwks, lead_details, lead_search,
    lead_upsert, leads, login, me, measure, merges, moves, notes, openapi, operation, own_document,
    ownership, pipeline, qualification, replays, request_id, rule_transfer, rules, schema, score,
    simulate, submissions, tags, teams, timeline, users, views, workspace, workspaces,
};
use crate::config::{DatabaseConfig, ServeConfig};
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::postgres::{Attached, Durability, Embedded, Settings, StartError};
use crate::store::pool::{APP_ROLE, Db, PoolSettings, Urls, WORKER_ROLE};
use crate::store::{isolation, migrations, partitions, roles};
use crate::worker::capture_queue::{CaptureQueue, QueueSettings};
use crate::worker::password_pool::PasswordPool;
use crate::worker::sequencer::FeedSignal;
use crate::worker::workers::{Signals, Workers, start_workers};
use actix_web::dev::{ServiceFactory, ServiceRequest};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use chrono::Utc;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::SwaggerUi;

/// Connections that may wait to be accepted. The standard library asks for 128: of a burst, the others would try again
/// after one, three and seven seconds.
const BACKLOG: i32 = 4096;
/// Time for requests to end after SIGTERM.
const DRAIN_SECONDS: u64 = 30;

/// The database, and the private PostgreSQL that holds it, if there is one.
pub struct Database {
    /// The database.
    pub db: Db,
    /// Stops when it is dropped.
    pub embedded: Option<Embedded>,
}

/// Opens the database that is configured; starts the private one when none is.
///
/// # Errors
/// When another Baton runs the private one: two services share a database by `DATABASE_URL` only.
pub fn open_database(config: &DatabaseConfig) -> Result<Database, StartError> {
    if let Some(urls) = outside_urls(config) {
        return Ok(Database {
            db: Db::open(urls, pool_settings(config)),
            embedded: None,
        });
    }
    let embedded = Embedded::start(&private_settings(config))?;
    Ok(Database {
        db: Db::open(embedded_urls(&embedded, "baton"), pool_settings(config)),
        embedded: Some(embedded),
    })
}

/// Opens the database that is configured, for a command: where another Baton runs the private one, beside it.
pub fn join_database(config: &DatabaseConfig) -> Result<Database, StartError> {
    match open_database(config) {
        Err(StartError::InUse { .. }) => {
            let server = Attached::find(&private_settings(config))?;
            let urls = urls_by_role(|role| server.url(role, "baton"));
            Ok(Database {
                db: Db::open(urls, pool_settings(config)),
                embedded: None,
            })
        }
        opened => opened,
    }
}

fn outside_urls(config: &DatabaseConfig) -> Option<Urls> {
    let url = config.database_url.clone()?;
    let owner = config
        .owner_database_url
        .clone()
        .unwrap_or_else(|| url.clone());
    Some(Urls {
        worker: owner.clone(),
        owner,
        app: url,
    })
}

fn private_settings(config: &DatabaseConfig) -> Settings {
    Settings {
        home: config.data_dir.clone(),
        bin: config.pg_bin.clone(),
        durability: Durability::Full,
    }
}

fn pool_settings(config: &DatabaseConfig) -> PoolSettings {
    PoolSettings {
        connections: config.pool_size,
        wait: Duration::from_secs(2),
        statement: Duration::from_millis(config.statement_timeout_ms),
    }
}

/// Where a database of a private PostgreSQL is, for each role.
pub fn embedded_urls(embedded: &Embedded, database: &str) -> Urls {
    urls_by_role(|role| embedded.url(role, database))
}

fn urls_by_role(url: impl Fn(&str) -> String) -> Urls {
    Urls {
        owner: url("baton_owner"),
        app: url(APP_ROLE),
        worker: url(WORKER_ROLE),
    }
}

/// Brings the database to what this version needs; the answer is the migrations applied.
pub fn migrate(db: &Db) -> Result<Vec<&'static str>> {
    roles::ensure(db)?;
    let applied = migrations::run(db)?;
    partitions::ensure(db, Utc::now())?;
    Ok(applied)
}

/// Refuses a database in which tenants would not be apart (promise P6).
pub fn check_isolation(db: &Db) -> Result<()> {
    let faults = isolation::faults(db)?;
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::internal(format!(
            "tenants would not be apart: {}",
            faults.join(" ")
        )))
    }
}

/// The parts of a running service.
pub struct Service {
    /// What its handlers share.
    pub state: web::Data<AppState>,
    workers: Option<Workers>,
    body_timeout: BodyTimeout,
}

impl Service {
    /// Starts everything but the listener.
    pub fn start(db: Db, config: &ServeConfig) -> Result<Service> {
        let metrics = Arc::new(Metrics::new().map_err(Error::internal)?);
        let feed = FeedSignal::default();
        let signals = Signals::default();
        let queue = QueueSettings {
            writers: config.capture_writers,
            batch: config.capture_batch,
            waiting: config.capture_waiting,
        };
        let state = web::Data::new(AppState {
            field_walk: signals.fields.clone(),
            captures: CaptureQueue::start(
                db.clone(),
                queue,
                metrics.clone(),
                signals.events.clone(),
                signals.courtesy.clone(),
            ),
            courtesy: signals.courtesy.clone(),
            jobs: signals.jobs.clone(),
            feed: feed.clone(),
            metrics: metrics.clone(),
            limits: RateLimits::new(),
            address_limits: AddressLimits::new(),
            principals: AppState::access_cache(),
            websites: AppState::access_cache(),
            people: AppState::access_cache(),
            only_workspace: AppState::access_cache(),
            providers: AppState::access_cache(),
            provider_keys: Arc::new(KeySource::new(config.allow_private_addresses)),
            guests: AppState::access_cache(),
            allow_private_addresses: config.allow_private_addresses,
            access_tokens: Arc::new(AccessTokens::new(db.clone(), config.public_url.clone())),
            passwords: PasswordPool::start(),
            login_limits: AddressLimits::new(),
            refresh_limits: AddressLimits::new(),
            login_quota: Quota {
                requests: config.logins_per_minute,
                window_seconds: 60,
            },
            refresh_quota: Quota {
                requests: config.logins_per_minute.saturating_mul(10),
                window_seconds: 60,
            },
            key_quota: Quota {
                requests: config.key_requests_per_minute,
                window_seconds: 60,
            },
            address_quota: Quota {
                requests: config.form_posts_per_minute,
                window_seconds: 60,
            },
            trusted_proxies: config.trusted_proxies,
            draining: AtomicBool::new(false),
            db: db.clone(),
        });
        let known = state.clone();
        let rules_changed = move || known.rules_changed();
        let workers = if config.no_workers {
            None
        } else {
            Some(start_workers(&db, &feed, &metrics, signals, rules_changed)?)
        };
        Ok(Service {
            state,
            workers,
            body_timeout: BodyTimeout(Duration::from_secs(config.body_seconds)),
        })
    }

    /// The server on a listener that is open already.
    pub fn server(
        &self,
        listener: TcpListener,
        workers: usize,
    ) -> std::io::Result<actix_web::dev::Server> {
        socket2::SockRef::from(&listener).listen(BACKLOG)?;
        let (state, body_timeout) = (self.state.clone(), self.body_timeout);
        let server = HttpServer::new(move || app(state.clone(), body_timeout))
            .workers(workers)
            // The end of a compressed answer is a packet of its own. It shall not wait until the client acknowledges
            // the one before, which clients put off for up to 40 ms.
            .tcp_nodelay(true)
            .worker_max_blocking_threads(32)
            .client_request_timeout(Duration::from_secs(5))
            .client_disconnect_timeout(Duration::from_secs(2))
            .keep_alive(Duration::from_secs(30))
            .shutdown_timeout(DRAIN_SECONDS)
            .disable_signals()
            .listen(listener)?;
        Ok(server.run())
    }

    /// Says that the service is stopping: not ready any more, and nobody waits for events.
    pub fn drain(&self) {
        self.state.draining.store(true, Ordering::Relaxed);
    }

    /// Finishes what was accepted, then stops.
    pub fn stop(self) {
        self.state.captures.close();
        drop(self.workers);
    }
}

/// The OpenAPI document of the handlers.
pub fn openapi_document() -> utoipa::openapi::OpenApi {
    let (_, mut document) =
        routes(App::new().into_utoipa_app().openapi(Document::openapi())).split_for_parts();
    openapi::complete(&mut document);
    document
}

/// Every route; one that is not documented cannot be here.
fn routes<T>(app: utoipa_actix_web::UtoipaApp<T>) -> utoipa_actix_web::UtoipaApp<T>
where
    T: ServiceFactory<ServiceRequest, Config = (), Error = actix_web::Error, InitError = ()>,
{
    let v1 = utoipa_actix_web::scope::scope("/v1")
        .service(captures::capture_lead)
        .service(capture_batch::capture_batch)
        .service(leads::list_leads)
        .service(lead_search::search_leads)
        .service(leads::create_lead)
        .service(lead_upsert::upsert_lead)
        .service(bulk::change_leads)
        .service(leads::get_lead)
        .service(leads::update_lead)
        .service(leads::delete_lead)
        .service(leads::restore_lead)
        .service(assignments::assign_lead)
        .service(history::list_history)
        .service(activities::list_activities)
        .service(activities::add_activity)
        .service(activities::get_activity)
        .service(activities::correct_activity)
        .service(activities::delete_activity)
        .service(notes::list_notes)
        .service(notes::add_note)
        .service(notes::get_note)
        .service(notes::update_note)
        .service(notes::delete_note)
        .service(notes::list_note_versions)
        .service(timeline::list_timeline)
        .service(moves::move_stage)
        .service(pipeline::get_pipeline)
        .service(pipeline::replace_pipeline)
        .service(lead_details::list_identities)
        .service(lead_details::list_consents)
        .service(submissions::list_submissions)
        .service(submissions::get_submission)
        .service(submissions::replay_submission)
        .service(submissions::discard_submission)
        .service(changes::list_changes)
        .service(duplicates::check_duplicates)
        .service(duplicates::start_duplicate_scan)
        .service(duplicates::list_pairs)
        .service(duplicates::get_pair)
        .service(duplicates::reject_pair)
        .service(duplicates::reopen_pair)
        .service(duplicates::snooze_pair)
        .service(merges::confirm_pair)
        .service(rules::write_rule)
        .service(rules::list_rules)
        .service(rule_transfer::export_rules)
        .service(rule_transfer::import_rules)
        .service(rules::get_rule)
        .service(rule_transfer::diff_rule)
        .service(rule_transfer::schedule_rule)
        .service(rule_transfer::unschedule_rule)
        .service(rules::activate_rule)
        .service(rules::retire_rule)
        .service(qualification::get_qualification)
        .service(score::get_score)
        .service(simulate::simulate)
        .service(handoff::get_handoff)
        .service(ownership::get_assignment)
        .service(ownership::accept_lead)
        .service(ownership::reject_lead)
        .service(ownership::claim_lead)
        .service(ownership::list_queues)
        .service(ownership::claim_next)
        .service(score::recompute_scores)
        .service(qualification::add_answers)
        .service(qualification::withdraw_answer)
        .service(decisions::list_clocks_of_lead)
        .service(decisions::list_assignments)
        .service(decisions::list_decisions)
        .service(decisions::get_decision)
        .service(replays::replay_decision)
        .service(decisions::list_clocks)
        .service(clock_api::pause_clock)
        .service(clock_api::resume_clock)
        .service(clock_api::pause_clocks_of_lead)
        .service(clock_api::resume_clocks_of_lead)
        .service(decisions::read_fairness)
        .service(decisions::list_orphans)
        .service(merges::merge_all_pairs)
        .service(merges::merge_leads)
        .service(merges::list_merges)
        .service(merges::get_merge)
        .service(merges::undo_merge)
        .service(tags::list_tags)
        .service(tags::rename_tags)
        .service(clusters::list_clusters)
        .service(calibrations::list_calibrations)
        .service(calibrations::create_calibration)
        .service(calibrations::get_calibration)
        .service(calibrations::activate_calibration)
        .service(calibrations::retire_calibration)
        .service(views::list_views)
        .service(views::create_view)
        .service(views::get_view)
        .service(views::update_view)
        .service(views::delete_view)
        .service(jobs::list_jobs)
        .service(jobs::get_job)
        .service(jobs::list_job_items)
        .service(jobs::cancel_job)
        .service(field_definitions::list_field_definitions)
        .service(field_definitions::create_field_definition)
        .service(field_definitions::get_field_definition)
        .service(field_definitions::update_field_definition)
        .service(field_definitions::delete_field_definition)
        .service(schema::get_schema)
        .service(own_document::get_own_openapi)
        .service(workspace::get_workspace)
        .service(workspace::update_workspace)
        .service(workspaces::create_workspace)
        .service(login::login)
        .service(login::refresh_session)
        .service(login::logout)
        .service(login::logout_everywhere)
        .service(login::accept_invitation)
        .service(login::reset_password)
        .service(me::get_me)
        .service(me::change_password)
        .service(users::list_users)
        .service(users::invite_user)
        .service(users::get_user)
        .service(users::update_user)
        .service(users::disable_user)
        .service(users::make_password_link)
        .service(users::logout_user)
        .service(teams::list_teams)
        .service(teams::create_team)
        .service(teams::get_team)
        .service(teams::update_team)
        .service(teams::delete_team)
        .service(api_keys::list_api_keys)
        .service(api_keys::create_api_key)
        .service(api_keys::revoke_api_key)
        .service(audit_log::list_audit_log);
    app.service(v1)
        .service(form_door::submit_form)
        .service(operation::healthz)
        .service(operation::readyz)
        .service(operation::metrics)
        .service(openapi::get_openapi)
        .service(jwks::get_jwks)
}

fn app(
    state: web::Data<AppState>,
    body_timeout: BodyTimeout,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let (app, mut document) =
        routes(App::new().into_utoipa_app().openapi(Document::openapi())).split_for_parts();
    openapi::complete(&mut document);
    let text = openapi::text(&document).unwrap_or_default();
    app.app_data(state)
        .app_data(body_timeout)
        .app_data(web::Data::new(DocumentText(text)))
        .app_data(web::Data::new(KnownPaths::new(&document)))
        .app_data(web::Data::new(Operations::of(&document)))
        .app_data(web::Data::new(WithoutParameters::of(&document)))
        .app_data(path_config())
        .app_data(query_config())
        .service(web::redirect("/docs", "/docs/"))
        .service(web::redirect("/docs/", "/docs/index.html"))
        .service(SwaggerUi::new("/docs/{_:.*}").url("/docs/openapi.json", document))
        .default_service(web::to(unmatched))
        .wrap(from_fn(extract::refuse_parameters))
        .wrap(from_fn(auth::authenticate))
        .wrap(from_fn(fill_bare_errors))
        .wrap(from_fn(forward::forward))
        .wrap(Compress::default())
        .wrap(from_fn(cors::cors))
        .wrap(from_fn(measure::measure))
        .wrap(from_fn(request_id::request_id))
        .wrap(from_fn(extract::close_unread_bodies))
}
