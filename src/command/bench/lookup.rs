//! `baton bench lookup`: how long it takes to find leads that are like one.
//!
//! Without a workspace, keys are made for so many generated people, in a workspace of their own, and looked up one person at
//! a time; keys are all that such a look-up reads. With a workspace, leads of it are compared with those like them, as a
//! capture of each would be: keys, the leads found, and the comparison.

use baton::app;
use baton::config::DatabaseConfig;
use baton::domain::dedupe::{MatchKey, keys};
use baton::domain::flow::compare_leads::{self, Memory, Window};
use baton::domain::flow::{rules, setup};
use baton::domain::ids::{Ids, ProcessIds};
use baton::domain::likeness::evidence_of;
use baton::domain::match_policy::MatchSettings;
use baton::error::{self, BoxError};
use baton::seed;
use baton::store::match_keys;
use baton::store::pool::Db;
use chrono::Utc;
use clap::Args;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What to measure.
#[derive(Args)]
pub struct LookupArgs {
    #[command(flatten)]
    database: DatabaseConfig,
    /// People whose keys are made
    #[arg(long, default_value_t = 100_000)]
    leads: u64,
    /// A workspace whose own leads are looked up instead
    #[arg(long, value_name = "ID")]
    workspace: Option<Uuid>,
    /// Look-ups that are measured
    #[arg(long, default_value_t = 2000)]
    lookups: u64,
}

/// People whose keys are written together.
const BATCH: u64 = 2000;
/// Leads that are looked at for each key.
const OF_A_KEY: i64 = 20;
/// Look-ups before the measured ones: plans are made and pages read.
const WARM_UP: u64 = 200;

/// Measures, and prints what came of it.
pub fn run(args: &LookupArgs) -> Result<(), BoxError> {
    let database = app::join_database(&args.database)?;
    app::migrate(&database.db)?;
    let db = &database.db;
    match args.workspace {
        Some(workspace_id) => of_leads(db, workspace_id, args.lookups),
        None => of_keys(db, args),
    }
}

fn of_keys(db: &Db, args: &LookupArgs) -> Result<(), BoxError> {
    let (workspace_id, _) = setup::create_workspace(db, "bench lookup", Utc::now())?;
    let since = Instant::now();
    let mut written = 0;
    for first in (0..args.leads).step_by(BATCH.try_into()?) {
        let people = (first..args.leads.min(first + BATCH)).map(|number| {
            let keys = keys_of(number, workspace_id);
            (ProcessIds.next(Utc::now()), keys)
        });
        let people: Vec<(Uuid, Vec<MatchKey>)> = people.collect();
        written += people.iter().map(|(_, keys)| keys.len()).sum::<usize>();
        db.in_workspace(workspace_id, |conn| match_keys::add_all(conn, &people))?;
    }
    println!(
        "{written} keys of {} people in {:.0} s, workspace {workspace_id}",
        args.leads,
        since.elapsed().as_secs_f64()
    );
    let step = (args.leads / args.lookups.max(1)).max(1);
    let known = |number: u64| number * step % args.leads.max(1);
    let unknown = |number: u64| args.leads + number;
    measure(
        db,
        workspace_id,
        args.lookups,
        "people who are known",
        known,
    )?;
    measure(
        db,
        workspace_id,
        args.lookups,
        "people who are new",
        unknown,
    )
}

/// The keys of a generated person.
fn keys_of(number: u64, workspace_id: Uuid) -> Vec<MatchKey> {
    let fields = seed::fields(1, number);
    let evidence = evidence_of(&fields, &serde_json::Map::new(), &MatchSettings::default());
    keys(&evidence, workspace_id.as_bytes())
}

fn measure(
    db: &Db,
    workspace_id: Uuid,
    lookups: u64,
    what: &str,
    person: impl Fn(u64) -> u64,
) -> Result<(), BoxError> {
    let (mut times, mut found) = (Vec::new(), 0);
    for number in 0..WARM_UP + lookups {
        let keys = keys_of(person(number), workspace_id);
        let took = db.in_workspace(workspace_id, |conn| {
            let since = Instant::now();
            found += match_keys::list_candidates(conn, &[&keys], MatchKey::worth)?.len();
            Ok(since.elapsed())
        })?;
        if number >= WARM_UP {
            times.push(took);
        }
    }
    report(what, times, found);
    Ok(())
}

fn of_leads(db: &Db, workspace_id: Uuid, lookups: u64) -> Result<(), BoxError> {
    let rules = db.in_workspace(workspace_id, rules::load)?;
    let about = i64::try_from(WARM_UP + lookups)?;
    let ids = db.in_workspace(workspace_id, |conn| match_keys::draw_leads(conn, about))?;
    let (mut times, mut found) = (Vec::new(), 0);
    for (number, id) in (0u64..).zip(ids) {
        let looked = db.in_workspace(workspace_id, |conn| -> error::Result<_> {
            let lead = Memory::default()
                .recall(conn, &[id], &rules.matching)?
                .remove(&id);
            let Some(lead) = lead else { return Ok(None) };
            let older = Window {
                from: Uuid::nil(),
                until: id,
            };
            let since = Instant::now();
            let memory = Memory::default();
            let like = compare_leads::compare(conn, &[(lead, older)], OF_A_KEY, &rules, &memory)?;
            Ok(Some((since.elapsed(), like)))
        })?;
        let Some((took, like)) = looked else { continue };
        found += like.iter().map(|(_, like)| like.len()).sum::<usize>();
        if number >= WARM_UP {
            times.push(took);
        }
    }
    report("leads, compared with those like them", times, found);
    Ok(())
}

fn report(what: &str, mut times: Vec<Duration>, found: usize) {
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        time.copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    println!(
        "{} look-ups of {what}: p50 {:.3} ms, p90 {:.3} ms, p99 {:.3} ms; {found} found",
        times.len(),
        at(50),
        at(90),
        at(99)
    );
}
