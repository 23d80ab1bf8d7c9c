//! `baton bench dedupe`: sends leads in their order through the real capture flow into a workspace of its own, lets a scan
//! finish, and compares what was found with the truth.

use super::people::{self, People};
use baton::api::capture_json::CaptureBody;
use baton::api::captures::{Prepared, Received, Sender, prepare};
use baton::api::form_door::forgiving;
use baton::app;
use baton::config::DatabaseConfig;
use baton::domain::access::Visibility;
use baton::domain::capture::{Captured, Outcome};
use baton::domain::capture_draft::Manner;
use baton::domain::event::{Actor, Cause, Provenance};
use baton::domain::flow::capture::{Answers, Incoming, Reply};
use baton::domain::flow::cluster_pairs::cluster_pairs;
use baton::domain::flow::on_behalf::OnBehalf;
use baton::domain::flow::{intake, rules, scan_duplicates, setup};
use baton::domain::idempotency::Answer;
use baton::domain::likeness::evidence_of_lead;
use baton::domain::rules::Rules;
use baton::domain::submission::{Door, SubmissionContext};
use baton::error::BoxError;
use baton::store::pool::Db;
use baton::store::{jobs, leads, workspaces};
use baton::worker::jobs::JobRunner;
use baton::worker::ticker::Wake;
use chrono::Utc;
use clap::Args;
use nix::sys::resource::{UsageWho, getrusage};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// What to measure.
#[derive(Args)]
pub struct DedupeArgs {
    #[command(flatten)]
    database: DatabaseConfig,
    /// Folder with leads.csv and truth.csv, or both packed by gzip
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// File for every pair called a duplicate: id1,id2,probability
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Columns that are left out, such as national ids; may be given more than once
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<String>,
}

/// Leads in a transaction.
const BATCH: usize = 64;
/// Leads after which what is known of the workspace is read again, as a service does every few seconds.
const READ_AGAIN: usize = 256;
/// Pairs that are looked at.
const MOST: usize = 5_000_000;

const ANSWERS: Answers = Answers {
    done: |_| NO_ANSWER,
    quarantined: |_| NO_ANSWER,
};
const NO_ANSWER: Answer = Answer {
    status: 0,
    etag: None,
    body: Vec::new(),
};

/// Measures, and prints what came of it.
pub fn run(args: &DedupeArgs) -> Result<(), BoxError> {
    let people = people::read(&args.data, &args.ignore)?;
    let database = app::join_database(&args.database)?;
    app::migrate(&database.db)?;
    let db = &database.db;
    let (workspace_id, _) = setup::create_workspace(db, "bench dedupe", Utc::now())?;
    db.in_workspace(workspace_id, |conn| {
        let mut workspace = workspaces::lock(conn)?;
        workspace.settings.matching.evidence = people.evidence.clone();
        workspace.version += 1;
        workspaces::update(conn, &workspace)
    })?;
    println!(
        "{} leads of {} people or companies; evidence: {:?}",
        people.leads.len(),
        people.entities.values().collect::<HashSet<_>>().len(),
        people.evidence
    );
    let caught = capture(db, workspace_id, &people)?;
    caught.report(&people);
    scan(db, workspace_id, people.leads.len())?;
    let found = find(db, workspace_id, &caught)?;
    report(
        "after the scan",
        found.iter().map(|(one, other, _)| (*one, *other)),
        &caught,
        &people,
    );
    if let Some(out) = &args.out {
        let mut file = std::io::BufWriter::new(std::fs::File::create(out)?);
        writeln!(file, "id1,id2,probability")?;
        for (one, other, probability) in &found {
            for a in &caught.rows[one] {
                for b in &caught.rows[other] {
                    if a != b || one != other {
                        writeln!(
                            file,
                            "{},{},{probability:.6}",
                            people.leads[*a].0, people.leads[*b].0
                        )?;
                    }
                }
            }
        }
        for rows in caught.rows.values() {
            for (a, b) in pairs_of(rows) {
                writeln!(file, "{},{},1.000000", people.leads[a].0, people.leads[b].0)?;
            }
        }
    }
    Ok(())
}

/// What became of the leads of the file.
struct Caught {
    /// The leads in the workspace, with their lines in the file.
    rows: HashMap<Uuid, Vec<usize>>,
    /// Leads with which lines were flagged, the likeliest of a line first.
    flagged: Vec<Flag>,
    /// Lines that went to a lead that was there.
    matched: Vec<(usize, Uuid)>,
    /// Lines that were refused.
    refused: usize,
}

/// A lead with which a line was flagged.
struct Flag {
    line: usize,
    lead_id: Uuid,
    /// `attach` would have made the line a touch of this lead.
    is_attached: bool,
}

fn capture(db: &Db, workspace_id: Uuid, people: &People) -> Result<Caught, BoxError> {
    let since = Instant::now();
    let mut caught = Caught {
        rows: HashMap::new(),
        flagged: Vec::new(),
        matched: Vec::new(),
        refused: 0,
    };
    let mut known = Arc::new(db.in_workspace(workspace_id, rules::load)?);
    for (number, batch) in people.leads.chunks(BATCH).enumerate() {
        if (number * BATCH).is_multiple_of(READ_AGAIN) {
            known = Arc::new(db.in_workspace(workspace_id, rules::load)?);
        }
        let mut incoming = Vec::with_capacity(batch.len());
        let mut lines = Vec::with_capacity(batch.len());
        for (at, (_, body)) in batch.iter().enumerate() {
            match prepared(body, &known)? {
                Some(one) => {
                    incoming.push(one);
                    lines.push(number * BATCH + at);
                }
                None => caught.refused += 1,
            }
        }
        for (line, reply) in
            lines
                .into_iter()
                .zip(intake::take_in(db, workspace_id, &incoming, &known))
        {
            match reply? {
                Reply::Done { captured, .. } => caught.take(line, &captured),
                _ => caught.refused += 1,
            }
        }
    }
    let seconds = since.elapsed().as_secs_f64();
    println!(
        "captured in {seconds:.1} s: {:.0} leads/s, {} refused",
        people.leads.len() as f64 / seconds,
        caught.refused
    );
    Ok(caught)
}

/// A line as the API takes it; `None` where it would refuse it.
fn prepared(body: &serde_json::Value, rules: &Arc<Rules>) -> Result<Option<Incoming>, BoxError> {
    let body = serde_json::to_vec(body)?;
    let capture: CaptureBody = serde_json::from_slice(&body)?;
    let received = Received {
        door: Door::Capture,
        content_type: "application/json".to_owned(),
        body,
        context: SubmissionContext::default(),
        idempotency_key: None,
    };
    let sender = Sender {
        actor: Actor::system(),
        form_id: None,
        default_country: None,
        rules: rules.clone(),
    };
    let draft = forgiving(capture.into_draft(), None);
    match prepare(draft, received, sender, Manner::Forgiving) {
        Prepared::Ready(incoming) => Ok(Some(Incoming {
            answers: ANSWERS,
            ..*incoming
        })),
        Prepared::Refused(_) => Ok(None),
        Prepared::Broken(_) => Err("a line broke the normalisation".into()),
    }
}

fn scan(db: &Db, workspace_id: Uuid, count: usize) -> Result<(), BoxError> {
    let (since, cpu) = (Instant::now(), cpu_seconds());
    let by = OnBehalf {
        visible: Visibility::All,
        provenance: Provenance {
            actor: Actor::system(),
            cause: Cause::request("bench"),
            origin: None,
        },
        rules: Arc::default(),
        now: Utc::now(),
    };
    let job = db.in_workspace(workspace_id, |conn| scan_duplicates::start(conn, &by))?;
    let runner = JobRunner::new(db.clone(), Arc::new(Wake::default()));
    loop {
        runner.tick()?;
        let job = db.in_workspace(workspace_id, |conn| jobs::get(conn, job.id, None))?;
        if job.state.is_final() {
            if let Some(problem) = job.problem {
                return Err(format!("the scan failed: {problem}").into());
            }
            break;
        }
    }
    let (seconds, cpu) = (since.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!(
        "scanned in {seconds:.1} s, {cpu:.1} CPU seconds of this process: {:.0} leads per CPU second; resting between batches is part of a job",
        count as f64 / cpu
    );
    Ok(())
}

fn cpu_seconds() -> f64 {
    let used = getrusage(UsageWho::RUSAGE_SELF).ok();
    used.map_or(0.0, |used| {
        let seconds =
            |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        seconds(used.user_time()) + seconds(used.system_time())
    })
}

/// Every pair of leads that is called a duplicate: those that are in one cluster.
fn find(db: &Db, workspace_id: Uuid, caught: &Caught) -> Result<Vec<(Uuid, Uuid, f64)>, BoxError> {
    let rules = db.in_workspace(workspace_id, rules::load)?;
    let clusters = db.in_workspace(workspace_id, |conn| {
        cluster_pairs(conn, &rules, rules.matching.possible(), MOST, Utc::now())
    })?;
    let ids: Vec<Uuid> = clusters
        .iter()
        .flatten()
        .copied()
        .filter(|id| caught.rows.contains_key(id))
        .collect();
    let mut known = HashMap::new();
    for some in ids.chunks(2_000) {
        for lead in db.in_workspace(workspace_id, |conn| leads::list_by_ids(conn, some))? {
            known.insert(lead.id, evidence_of_lead(&lead, &rules.matching));
        }
    }
    let comparer = rules.knowledge.comparer();
    let mut found = Vec::new();
    for cluster in &clusters {
        for (at, one) in cluster.iter().enumerate() {
            for other in &cluster[at + 1..] {
                if let (Some(a), Some(b)) = (known.get(one), known.get(other)) {
                    found.push((*one, *other, comparer.compare(a, b).probability));
                }
            }
        }
    }
    Ok(found)
}

fn pairs_of(rows: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    rows.iter()
        .enumerate()
        .flat_map(|(at, one)| rows[at + 1..].iter().map(move |other| (*one, *other)))
}

impl Caught {
    fn take(&mut self, line: usize, captured: &Captured) {
        if captured.outcome == Outcome::Created {
            let flagged = captured.told_duplicates().enumerate();
            self.flagged.extend(flagged.map(|(at, one)| Flag {
                line,
                lead_id: one.lead_id,
                is_attached: at == 0 && one.is_probable,
            }));
        } else {
            self.matched.push((line, captured.lead.id));
        }
        self.rows.entry(captured.lead.id).or_default().push(line);
    }

    /// What captures found: duplicates, false alarms, and what `attach` would have done.
    fn report(&self, people: &People) {
        let entity = |line: usize| people.entities.get(&people.leads[line].0);
        let of_lead = |id: &Uuid| self.rows.get(id).and_then(|rows| entity(rows[0]));
        let mut seen = HashSet::new();
        let again: HashSet<usize> = (0..people.leads.len())
            .filter(|line| !seen.insert(entity(*line)))
            .collect();
        let is_right =
            |(line, id): (usize, Uuid)| entity(line).is_some() && entity(line) == of_lead(&id);
        let first_time = people.leads.len() - again.len();
        let flags = self.flagged.iter().map(|flag| (flag.line, flag.lead_id));
        let called: Vec<(usize, Uuid)> = flags.chain(self.matched.iter().copied()).collect();
        let right = called.iter().filter(|one| is_right(**one));
        let found: HashSet<usize> = right
            .map(|(line, _)| *line)
            .filter(|line| again.contains(line))
            .collect();
        let lines = called.iter().map(|(line, _)| *line);
        let alarmed: HashSet<usize> = lines.filter(|line| !again.contains(line)).collect();
        println!(
            "at capture: {} of {} duplicates found ({} known by an identity); false alarms for {} of {first_time} first-time leads: {:.2} %",
            found.len(),
            again.len(),
            self.matched.len(),
            alarmed.len(),
            alarmed.len() as f64 * 100.0 / first_time.max(1) as f64
        );
        let attached: Vec<&Flag> = self
            .flagged
            .iter()
            .filter(|flag| flag.is_attached)
            .collect();
        let right = attached
            .iter()
            .filter(|flag| is_right((flag.line, flag.lead_id)))
            .count();
        println!(
            "attach at its default threshold: {right} of {} right: precision {:.4}",
            attached.len(),
            right as f64 / attached.len().max(1) as f64
        );
    }
}

/// Pairwise precision, recall and F1 of leads that are called one, and of the lines that are one lead already.
fn report(when: &str, found: impl Iterator<Item = (Uuid, Uuid)>, caught: &Caught, people: &People) {
    let entity = |line: usize| people.entities.get(&people.leads[line].0);
    let mut sizes: HashMap<&String, u64> = HashMap::new();
    (0..people.leads.len())
        .filter_map(entity)
        .for_each(|one| *sizes.entry(one).or_default() += 1);
    let truth: u64 = sizes.values().map(|size| size * (size - 1) / 2).sum();
    let (mut called, mut right) = (0u64, 0u64);
    let mut call = |a: usize, b: usize| {
        called += 1;
        right += u64::from(entity(a).is_some() && entity(a) == entity(b));
    };
    for (one, other) in found {
        for a in &caught.rows[&one] {
            caught.rows[&other].iter().for_each(|b| call(*a, *b));
        }
    }
    for rows in caught.rows.values() {
        pairs_of(rows).for_each(|(a, b)| call(a, b));
    }
    let precision = right as f64 / called.max(1) as f64;
    let recall = right as f64 / truth.max(1) as f64;
    println!(
        "{when}: {called} pairs called duplicates, {right} right, of {truth}: precision {precision:.4}, recall {recall:.4}, F1 {:.4}",
        2.0 * precision * recall / (precision + recall).max(1e-9)
    );
}
