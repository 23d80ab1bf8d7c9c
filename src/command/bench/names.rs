//! `baton bench names`: compares pairs of names, and says how many are judged right and how many are compared a second.

use baton::domain::dedupe::{Comparer, Draft, Evidence, Frequencies, Weights};
use baton::domain::normalise::name;
use baton::error::BoxError;
use clap::Args;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What to measure.
#[derive(Args)]
pub struct NamesArgs {
    /// File with the columns schema (Person, or anything else for companies), name1, name2 and is_match
    #[arg(long, value_name = "FILE")]
    pairs: PathBuf,
    /// Print what is judged wrong
    #[arg(long)]
    wrong: bool,
}

/// Leads of the workspace that is assumed.
const LEADS: u32 = 10_000;
/// Bits from which two names are judged to be of one: what one of two names says of itself is less.
const ONE: f32 = 8.0;
/// How long comparisons are counted.
const COUNTED: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Judged {
    right: usize,
    missed: usize,
    false_alarms: usize,
}

/// Measures, and prints what came of it. Two names are judged to be of one from [`ONE`] on, without the odds of a
/// workspace, with which names alone never do.
pub fn run(args: &NamesArgs) -> Result<(), BoxError> {
    let mut reader = csv::Reader::from_path(&args.pairs)?;
    let headers = reader.headers()?.clone();
    let place = |column: &str| {
        let found = headers.iter().position(|header| header == column);
        found.ok_or_else(|| format!("the file has no column {column}"))
    };
    let columns = [
        place("schema")?,
        place("name1")?,
        place("name2")?,
        place("is_match")?,
    ];
    let (weights, frequencies) = (Weights::default(), Frequencies::default());
    let comparer = Comparer::new(&weights, &frequencies, LEADS);
    let mut judged: BTreeMap<&str, Judged> = BTreeMap::new();
    let mut pairs = Vec::new();
    for record in reader.records() {
        let record = record?;
        let [schema, one, other, is_match] = columns.map(|column| &record[column]);
        let is_person = schema == "Person";
        let pair = (evidence(one, is_person), evidence(other, is_person));
        let told = comparer.compare(&pair.0, &pair.1).fields;
        let weight: f32 = told.iter().map(|field| field.weight).sum();
        let kind = if is_person { "persons" } else { "companies" };
        let counts = judged.entry(kind).or_default();
        match (weight > ONE, is_match == "true") {
            (true, false) => counts.false_alarms += 1,
            (false, true) => counts.missed += 1,
            _ => counts.right += 1,
        }
        if args.wrong && (weight > ONE) != (is_match == "true") {
            println!("{kind}: {one} | {other}: {weight:.1} bits, one: {is_match}");
        }
        pairs.push(pair);
    }
    for (kind, counts) in &judged {
        let all = counts.right + counts.missed + counts.false_alarms;
        println!(
            "{kind}: {} of {all} right ({:.1} %), {} missed, {} false alarms",
            counts.right,
            percent(counts.right, all),
            counts.missed,
            counts.false_alarms
        );
    }
    let begun = Instant::now();
    let mut compared = 0_usize;
    while begun.elapsed() < COUNTED && !pairs.is_empty() {
        for (one, other) in &pairs {
            black_box(comparer.weigh(black_box(one), black_box(other), |_| ()));
        }
        compared += pairs.len();
    }
    #[allow(clippy::cast_precision_loss, reason = "a few million at most")]
    let rate = compared as f64 / begun.elapsed().as_secs_f64();
    println!("{rate:.0} pairs compared a second on one core");
    Ok(())
}

fn evidence(name: &str, is_person: bool) -> Evidence {
    if !is_person {
        return Evidence::of(&Draft {
            company: Some(name),
            ..Draft::default()
        });
    }
    let (first, last) = name::split(name);
    Evidence::of(&Draft {
        first_name: first.as_deref(),
        last_name: last.as_deref(),
        ..Draft::default()
    })
}

#[allow(clippy::cast_precision_loss, reason = "a few thousand at most")]
fn percent(some: usize, all: usize) -> f64 {
    some as f64 * 100.0 / all.max(1) as f64
}
