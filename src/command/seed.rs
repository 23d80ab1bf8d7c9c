//! `baton seed`: fills a workspace with plausible leads, through the same flow as every other lead.

use baton::config::DatabaseConfig;
use baton::error::BoxError;
use clap::Args;
use uuid::Uuid;

/// How many leads, and where.
#[derive(Args)]
pub struct SeedArgs {
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// How many
    #[arg(long, default_value_t = 1000)]
    pub leads: u64,
    /// The same seed makes the same people
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Which workspace; may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub workspace: Option<Uuid>,
}

pub fn run(_args: &SeedArgs) -> Result<(), BoxError> {
    Err("unfinished".into())
}
