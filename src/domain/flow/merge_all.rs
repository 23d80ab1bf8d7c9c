//! Merges every pair that is probable enough: a job, with the same effects as merging one by one.

use crate::domain::access::Scope;
use crate::domain::dedupe::{Pair, cluster};
use crate::domain::flow::cluster_pairs::{ON_AVERAGE, cluster_pairs};
use crate::domain::flow::job_room;
use crate::domain::flow::merge_leads::{self, MOST, Wanted};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::run_job::Work;
use crate::domain::ids::{Ids, ProcessIds};
use crate::domain::job::{Job, JobKind, Outcome};
use crate::domain::lead::Lead;
use crate::domain::likeness::evidence_of_lead;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{duplicate_pairs, jobs, leads};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Pairs that a preview looks at.
const PREVIEWED: usize = 100_000;
/// Groups that a preview names.
const NAMED: usize = 10;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MergeAll {
    /// Pairs that are at least so probable: 0.5 to 1.
    pub min_probability: f64,
}

/// What it would do now.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Groups of leads that would become one each.
    pub groups: usize,
    /// Leads that would become a part of another.
    pub leads: usize,
    /// Some of the groups, each with its survivor first.
    pub sample: Vec<Vec<Uuid>>,
}

impl MergeAll {
    /// What it would do now, of the hundred thousand most probable pairs.
    pub fn preview(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<Preview> {
        let mut groups = cluster_pairs(conn, &by.rules, self.min_probability, PREVIEWED, by.now)?;
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups.sort_unstable();
        Ok(Preview {
            leads: groups.iter().map(|group| group.len() - 1).sum(),
            groups: groups.len(),
            sample: groups.into_iter().take(NAMED).collect(),
        })
    }

    /// Starts the job.
    ///
    /// # Errors
    /// A conflict when too many jobs of the workspace wait or run already.
    pub fn start(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<Job> {
        job_room::look_for(conn)?;
        let params = serde_json::to_value(self).map_err(Error::internal)?;
        let id = ProcessIds.next(by.now);
        let job = Job::new(id, JobKind::MergeAll, params, &by.provenance, None, by.now);
        jobs::insert(conn, &job, None)?;
        Ok(job)
    }

    /// What a job was asked for.
    pub fn of_job(job: &Job) -> Result<MergeAll> {
        serde_json::from_value(job.params.clone()).map_err(Error::internal)
    }

    /// Leads that are one person with this one, itself among them, without two people being chained together.
    fn group_of(&self, conn: &mut TenantConnection, id: Uuid, by: &OnBehalf) -> Result<Vec<Uuid>> {
        let mut found = BTreeSet::from([id]);
        let mut pairs = BTreeMap::new();
        let mut edge = vec![id];
        while !edge.is_empty() && found.len() < MOST {
            let around = duplicate_pairs::list_open_of(conn, &edge, self.min_probability, by.now)?;
            edge.clear();
            for (one, other, probability) in around {
                pairs.insert((one, other), probability);
                edge.extend([one, other].into_iter().filter(|id| found.insert(*id)));
            }
        }
        let ids: Vec<Uuid> = found.into_iter().collect();
        let known: HashMap<Uuid, _> = leads::list_by_ids(conn, &ids)?
            .into_iter()
            .filter(|lead| lead.deleted_at.is_none() && by.visible.shows(lead))
            .map(|lead| (lead.id, evidence_of_lead(&lead, &by.rules.matching)))
            .collect();
        let apart = duplicate_pairs::list_rejected_among(conn, &ids)?;
        let comparer = by.rules.knowledge.comparer();
        let weigh = |one: Uuid, other: Uuid| {
            if apart.contains(&(one.min(other), one.max(other))) {
                return f32::MIN;
            }
            match (known.get(&one), known.get(&other)) {
                (Some(one), Some(other)) => comparer.weigh(one, other, |_| ()),
                _ => f32::MIN,
            }
        };
        let pairs = pairs.into_keys();
        let weighed = pairs
            .filter(|(one, other)| known.contains_key(one) && known.contains_key(other))
            .map(|(one, other)| Pair {
                one,
                other,
                weight: weigh(one, other),
            });
        let groups = cluster(weighed.collect(), |one, other| {
            weigh(one, other) - ON_AVERAGE
        });
        let own = groups.into_iter().find(|group| group.contains(&id));
        Ok(own.unwrap_or_default())
    }
}

impl Work for MergeAll {
    fn needs(&self) -> Vec<Scope> {
        vec![Scope::LeadsBulk, Scope::LeadsWrite]
    }

    fn count(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<i64> {
        duplicate_pairs::count_older(conn, self.min_probability, by.now)
    }

    fn next(
        &self,
        conn: &mut TenantConnection,
        after: Option<Uuid>,
        limit: i64,
        by: &OnBehalf,
    ) -> Result<Vec<Uuid>> {
        duplicate_pairs::list_older(conn, self.min_probability, after, limit, by.now)
    }

    /// The oldest lead of a group takes in the others; these are done with it.
    fn apply(&self, conn: &mut TenantConnection, lead: &Lead, by: &OnBehalf) -> Result<Outcome> {
        let mut group = self.group_of(conn, lead.id, by)?;
        group.sort_unstable();
        let Some((survivor_id, with)) = group.split_first() else {
            return Ok(Outcome::Unchanged);
        };
        if *survivor_id != lead.id {
            return Ok(Outcome::Unchanged);
        }
        let wanted = Wanted {
            survivor_id: *survivor_id,
            with: with.to_vec(),
            ..Wanted::default()
        };
        let merged = merge_leads::merge(conn, &wanted, by)?;
        Ok(match merged.merge {
            Some(_) => Outcome::Changed,
            None => Outcome::Unchanged,
        })
    }
}
