//! A scan of all leads for those that may be one person: also leads from before there were keys, and where a key was too
//! common for a capture to look at all who have it. Leads that share no key at all are not found.
//!
//! First it counts: how often values are found, and, of a sample, how many records a person has. What was counted serves
//! captures from then on. Then each lead is compared with the older ones that share a key with it.

use crate::domain::access::Scope;
use crate::domain::dedupe::{Comparer, Evidence, Frequencies, Weights, keys, probability};
use crate::domain::duplicate_pair::FoundBy;
use crate::domain::flow::cluster_duplicates;
use crate::domain::flow::job_room;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::run_job::Work;
use crate::domain::ids::{Ids, ProcessIds};
use crate::domain::job::{Job, JobKind, Outcome};
use crate::domain::lead::Lead;
use crate::domain::likeness::{Candidate, Duplicate, evidence_of_lead, explain};
use crate::domain::rules::Rules;
use crate::domain::stage::StageKind;
use crate::error::{Error, Result};
use crate::store::match_statistics::{self, Statistics};
use crate::store::pool::TenantConnection;
use crate::store::{duplicate_pairs, jobs, leads, match_keys};
use moka::sync::Cache;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Leads that are counted at once.
const COUNTED: i64 = 2_000;
/// Values whose frequency is kept.
const KEPT_VALUES: usize = 20_000;
/// Leads of the sample.
const SAMPLE: usize = 2_000;
/// Leads that are looked at for each key.
const OF_A_KEY: i64 = 100;
/// Leads whose evidence is kept in memory.
pub const IN_MEMORY: u64 = 200_000;
/// Records that a person has on average, at least and at most.
const RECORDS: (f32, f32) = (0.02, 50.0);

/// What is known of leads, while a scan goes on.
pub type Memory = Cache<Uuid, Arc<Known>>;

/// What a scan knows of a lead.
#[derive(Debug)]
pub struct Known {
    evidence: Evidence,
    is_customer: bool,
}

/// Starts a scan.
///
/// # Errors
/// A conflict when too many jobs of the workspace wait or run already.
pub fn start(conn: &mut TenantConnection, by: &OnBehalf) -> Result<Job> {
    job_room::look_for(conn)?;
    let id = ProcessIds.next(by.now);
    let job = Job::new(
        id,
        JobKind::DedupeScan,
        json!({}),
        &by.provenance,
        None,
        by.now,
    );
    jobs::insert(conn, &job, None)?;
    Ok(job)
}

/// A scan of a workspace's leads, as the work of a job.
pub struct Scan {
    /// Leads that came later are not of it.
    pub job_id: Uuid,
    /// What is known of leads meanwhile.
    pub memory: Memory,
}

impl Work for Scan {
    fn needs(&self) -> Vec<Scope> {
        vec![Scope::LeadsBulk]
    }

    fn count(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<i64> {
        let (frequencies, sample) = self.count_values(conn, &by.rules)?;
        let records_per_person = self.count_records(conn, &by.rules, &frequencies, &sample)?;
        let statistics = Statistics {
            frequencies: frequencies.keep(KEPT_VALUES),
            records_per_person,
        };
        match_statistics::replace(conn, &statistics, by.now)?;
        Ok(frequencies.leads().into())
    }

    fn next(
        &self,
        conn: &mut TenantConnection,
        after: Option<Uuid>,
        limit: i64,
        _: &OnBehalf,
    ) -> Result<Vec<Uuid>> {
        leads::list_ids_in_earnest(conn, after, self.job_id, limit)
    }

    fn apply(&self, _: &mut TenantConnection, _: &Lead, _: &OnBehalf) -> Result<Outcome> {
        Err(Error::internal("a scan does many leads at once"))
    }

    fn does_many(&self) -> bool {
        true
    }

    fn apply_many(&self, conn: &mut TenantConnection, ids: &[Uuid], by: &OnBehalf) -> Result<()> {
        let found = self.compare(conn, ids, &by.rules, &by.rules.knowledge.comparer())?;
        let pairs = found.iter().map(|(lead_id, one)| (*lead_id, one));
        duplicate_pairs::add_all(conn, pairs, FoundBy::Scan, by.now)
    }

    fn finish(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<()> {
        cluster_duplicates::put_together(conn, &by.rules, by.now).map(drop)
    }
}

impl Scan {
    /// How often values are found, and a sample of the leads. Leads that have no keys yet get theirs.
    fn count_values(
        &self,
        conn: &mut TenantConnection,
        rules: &Rules,
    ) -> Result<(Frequencies, Vec<Uuid>)> {
        let workspace_id = conn.workspace_id();
        let mut frequencies = Frequencies::default();
        let (mut sample, mut step, mut number) = (Vec::new(), 1, 0usize);
        let mut after = None;
        loop {
            let ids = leads::list_ids_in_earnest(conn, after, self.job_id, COUNTED)?;
            let Some(last) = ids.last() else {
                return Ok((frequencies, sample));
            };
            after = Some(*last);
            let mut keyed = Vec::with_capacity(ids.len());
            for lead in leads::list_by_ids(conn, &ids)? {
                let evidence = evidence_of_lead(&lead, &rules.matching);
                frequencies.add(&evidence);
                keyed.push((lead.id, keys(&evidence, workspace_id.as_bytes())));
                if number % step == 0 {
                    sample.push(lead.id);
                }
                number += 1;
                if sample.len() >= 2 * SAMPLE {
                    // Every other one is enough, of these and of those to come.
                    let mut keep = false;
                    sample.retain(|_| {
                        keep = !keep;
                        keep
                    });
                    step *= 2;
                }
                self.remember(&lead, evidence);
            }
            match_keys::add_all(conn, &keyed)?;
        }
    }

    /// Records that a person has on average: of the sample, by how probable each of its likenesses is, until the answer
    /// stays (expectation–maximisation; Dempster, Laird and Rubin 1977).
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "counts of leads"
    )]
    fn count_records(
        &self,
        conn: &mut TenantConnection,
        rules: &Rules,
        frequencies: &Frequencies,
        sample: &[Uuid],
    ) -> Result<f32> {
        let weights = Weights::default();
        let assumed = weights.records_per_person;
        let comparer = Comparer::new(&weights, frequencies, frequencies.leads());
        let mut found = Vec::new();
        for some in sample.chunks(200) {
            self.weigh(conn, some, rules, &comparer, |_, _, weight| {
                found.push(weight)
            })?;
        }
        let mut records = assumed;
        for _ in 0..30 {
            let shift = (records / assumed).log2();
            let sum: f64 = found.iter().map(|weight| probability(weight + shift)).sum();
            // Each pair is seen from the newer of its two leads: there are half as many as leads have likenesses.
            records = (2.0 * sum / sample.len().max(1) as f64) as f32;
            records = records.clamp(RECORDS.0, RECORDS.1);
        }
        Ok(records)
    }

    fn remember(&self, lead: &Lead, evidence: Evidence) -> Arc<Known> {
        let known = Arc::new(Known {
            evidence,
            is_customer: lead.stage_kind == StageKind::Converted,
        });
        self.memory.insert(lead.id, known.clone());
        known
    }

    /// Tells of each of these leads and each older one that shares a key, what speaks for their being one person.
    fn weigh(
        &self,
        conn: &mut TenantConnection,
        ids: &[Uuid],
        rules: &Rules,
        comparer: &Comparer,
        mut told: impl FnMut((Uuid, &Known), (Uuid, &Known), f32),
    ) -> Result<()> {
        let workspace_id = conn.workspace_id();
        let own = self.known(conn, ids, rules)?;
        let keyed: Vec<_> = ids
            .iter()
            .map(|id| {
                let evidence = own.get(id).map(|known| &known.evidence);
                evidence
                    .map(|evidence| keys(evidence, workspace_id.as_bytes()))
                    .unwrap_or_default()
            })
            .collect();
        let asked: Vec<_> = keyed.iter().map(Vec::as_slice).collect();
        let mut found = match_keys::list_candidates(conn, &asked, |_| OF_A_KEY)?;
        found.retain(|one| ids.get(one.seeker).is_some_and(|id| one.lead_id < *id));
        let mut others: Vec<Uuid> = found.iter().map(|one| one.lead_id).collect();
        others.sort_unstable();
        others.dedup();
        let others = self.known(conn, &others, rules)?;
        for one in found {
            let (number, other_id) = (one.seeker, one.lead_id);
            let pair = ids
                .get(number)
                .and_then(|id| Some((*id, own.get(id)?, others.get(&other_id)?)));
            if let Some((id, one, other)) = pair {
                let weight = comparer.weigh(&one.evidence, &other.evidence, |_| ());
                told((id, one), (other_id, other), weight);
            }
        }
        Ok(())
    }

    fn compare(
        &self,
        conn: &mut TenantConnection,
        ids: &[Uuid],
        rules: &Rules,
        comparer: &Comparer,
    ) -> Result<Vec<(Uuid, Duplicate)>> {
        let least = rules.matching.possible();
        let mut found = Vec::new();
        self.weigh(
            conn,
            ids,
            rules,
            comparer,
            |(id, one), (other_id, other), weight| {
                if probability(weight) >= least {
                    let candidate = Candidate {
                        lead_id: other_id,
                        is_customer: other.is_customer,
                        evidence: &other.evidence,
                    };
                    let duplicate = explain(comparer, &rules.matching, &one.evidence, candidate);
                    found.push((id, duplicate));
                }
            },
        )?;
        Ok(found)
    }

    /// What is known of leads; of those that are deleted or tests, nothing.
    fn known(
        &self,
        conn: &mut TenantConnection,
        ids: &[Uuid],
        rules: &Rules,
    ) -> Result<HashMap<Uuid, Arc<Known>>> {
        let mut known = HashMap::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match self.memory.get(id) {
                Some(one) => {
                    known.insert(*id, one);
                }
                None => missing.push(*id),
            }
        }
        for lead in leads::list_by_ids(conn, &missing)? {
            if lead.deleted_at.is_none() && !lead.is_test {
                let evidence = evidence_of_lead(&lead, &rules.matching);
                known.insert(lead.id, self.remember(&lead, evidence));
            }
        }
        Ok(known)
    }
}
