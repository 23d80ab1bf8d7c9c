//! `baton bench`: what Baton does with data of yours, in figures.

mod clocks;
mod dedupe;
mod lookup;
mod names;
mod people;

use baton::error::BoxError;
use clap::{Args, Subcommand};

/// What is measured.
#[derive(Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// How long workers take for clocks that are all due at once
    Clocks(clocks::ClocksArgs),
    /// How well duplicates are found in a folder with leads.csv and truth.csv
    Dedupe(dedupe::DedupeArgs),
    /// How long it takes to find leads that are like one
    Lookup(lookup::LookupArgs),
    /// How many pairs of names are judged right, and how many are compared a second
    Names(names::NamesArgs),
}

/// Measures.
pub fn run(args: &BenchArgs) -> Result<(), BoxError> {
    match &args.what {
        What::Clocks(args) => clocks::run(args),
        What::Dedupe(args) => dedupe::run(args),
        What::Lookup(args) => lookup::run(args),
        What::Names(args) => names::run(args),
    }
}
