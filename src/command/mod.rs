//! The commands, one file each.

mod admin;
mod bench;
mod doctor;
mod healthcheck;
mod seed;
mod serve;
mod worker;

use baton::config::{DatabaseConfig, ServeConfig};
use baton::error::BoxError;
use baton::{app, store};
use clap::{Parser, Subcommand};

/// Headless lead management: from the moment somebody shows interest to the moment somebody is accountable for the answer.
#[derive(Parser)]
#[command(name = "baton", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    database: DatabaseConfig,
    #[command(flatten)]
    serve: ServeConfig,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (what happens without a command)
    Serve(Box<ServeArgs>),
    /// Publish events and keep partitions, without serving
    Worker(DatabaseConfig),
    /// Bring the database to what this version needs
    Migrate(DatabaseConfig),
    /// Print the OpenAPI document
    Openapi,
    /// Fill a workspace with plausible leads
    Seed(seed::SeedArgs),
    /// Measure what Baton does with data of yours
    Bench(Box<bench::BenchArgs>),
    /// Make workspaces, keys and forms
    Admin(admin::AdminArgs),
    /// Look for what is wrong, and say what to do
    Doctor(DatabaseConfig),
    /// Ask a Baton on this machine whether it is alive
    Healthcheck(healthcheck::HealthcheckArgs),
}

#[derive(clap::Args)]
struct ServeArgs {
    #[command(flatten)]
    database: DatabaseConfig,
    #[command(flatten)]
    serve: ServeConfig,
}

/// Runs the command that was given.
pub fn run() -> Result<(), BoxError> {
    let cli = Cli::parse();
    match cli.command {
        None => serve::run(&cli.database, &cli.serve),
        Some(Command::Serve(args)) => serve::run(&args.database, &args.serve),
        Some(Command::Worker(database)) => worker::run(&database),
        Some(Command::Migrate(database)) => migrate(&database),
        Some(Command::Openapi) => openapi(),
        Some(Command::Seed(args)) => seed::run(&args),
        Some(Command::Bench(args)) => bench::run(&args),
        Some(Command::Admin(args)) => admin::run(&args),
        Some(Command::Doctor(database)) => doctor::run(&database),
        Some(Command::Healthcheck(args)) => healthcheck::run(&args),
    }
}

fn migrate(config: &DatabaseConfig) -> Result<(), BoxError> {
    let database = app::join_database(config)?;
    let applied = app::migrate(&database.db)?;
    for name in &applied {
        println!("applied {name}");
    }
    println!(
        "{} migrations, {} of them new",
        store::migrations::ALL.len(),
        applied.len()
    );
    Ok(())
}

fn openapi() -> Result<(), BoxError> {
    print!("{}", baton::api::openapi::text(&app::openapi_document())?);
    Ok(())
}
