//! Configuration: environment variables, or flags of the same name.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the database is.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Folder of the private PostgreSQL, used when no database is named
    #[arg(
        long,
        env = "BATON_DATA_DIR",
        default_value = ".baton",
        value_name = "FOLDER"
    )]
    pub data_dir: PathBuf,

    /// Folder of PostgreSQL's programs, for the private PostgreSQL [default: found by itself]
    #[arg(long, env = "BATON_PG_BIN", value_name = "FOLDER")]
    pub pg_bin: Option<PathBuf>,

    /// Your own PostgreSQL, 15 or newer, instead of the private one
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// The owner of the tables, when DATABASE_URL names a user that may only read and write
    #[arg(
        long,
        env = "BATON_OWNER_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub owner_database_url: Option<String>,

    /// Database connections for requests
    #[arg(long, env = "BATON_POOL_SIZE", default_value_t = 10, value_name = "N")]
    pub pool_size: u32,

    /// Longest time of one statement, in milliseconds
    #[arg(
        long,
        env = "BATON_STATEMENT_TIMEOUT_MS",
        default_value_t = 10_000,
        value_name = "MS"
    )]
    pub statement_timeout_ms: u64,
}

/// How requests are served.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    /// Address and port to listen on
    #[arg(
        long,
        env = "BATON_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,

    /// Threads that answer requests
    #[arg(
        long,
        env = "BATON_HTTP_WORKERS",
        default_value_t = 2,
        value_name = "N"
    )]
    pub http_workers: usize,

    /// Capture transactions at the same time
    #[arg(
        long,
        env = "BATON_CAPTURE_WRITERS",
        default_value_t = 2,
        value_name = "N"
    )]
    pub capture_writers: usize,

    /// Captures in one transaction
    #[arg(
        long,
        env = "BATON_CAPTURE_BATCH",
        default_value_t = 64,
        value_name = "N"
    )]
    pub capture_batch: usize,

    /// Captures that may wait; more are answered 503
    #[arg(
        long,
        env = "BATON_CAPTURE_WAITING",
        default_value_t = 4096,
        value_name = "N"
    )]
    pub capture_waiting: usize,

    /// Requests a minute for a key that has no limit of its own
    #[arg(
        long,
        env = "BATON_KEY_REQUESTS_PER_MINUTE",
        default_value_t = 1_000_000,
        value_name = "N"
    )]
    pub key_requests_per_minute: u32,

    /// Form posts a minute from one address
    #[arg(
        long,
        env = "BATON_FORM_POSTS_PER_MINUTE",
        default_value_t = 60,
        value_name = "N"
    )]
    pub form_posts_per_minute: u32,

    /// The address by which the service is reached; the issuer of its access tokens
    #[arg(
        long,
        env = "BATON_PUBLIC_URL",
        default_value = "http://localhost:8080",
        value_name = "URL"
    )]
    pub public_url: String,

    /// Logins a minute from one address, and uses of links; refreshes may be ten times as many
    #[arg(
        long,
        env = "BATON_LOGINS_PER_MINUTE",
        default_value_t = 20,
        value_name = "N"
    )]
    pub logins_per_minute: u32,

    /// Seconds in which the whole body of a request must have arrived
    #[arg(
        long,
        env = "BATON_BODY_SECONDS",
        default_value_t = 15,
        value_name = "S"
    )]
    pub body_seconds: u64,

    /// Proxies in front of Baton whose X-Forwarded-For is believed
    #[arg(
        long,
        env = "BATON_TRUSTED_PROXIES",
        default_value_t = 0,
        value_name = "N"
    )]
    pub trusted_proxies: usize,

    /// Seconds between SIGTERM and the end of taking requests, for load balancers to notice
    #[arg(
        long,
        env = "BATON_DRAIN_SECONDS",
        default_value_t = 0,
        value_name = "S"
    )]
    pub drain_seconds: u64,

    /// Fetch keys of identity providers also from private addresses, and without TLS
    #[arg(long, env = "BATON_ALLOW_PRIVATE_ADDRESSES")]
    pub allow_private_addresses: bool,

    /// Leave publishing, partitions and retention to other processes
    #[arg(long, env = "BATON_NO_WORKERS")]
    pub no_workers: bool,
}
