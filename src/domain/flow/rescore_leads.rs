//! Qualifies and scores all leads of a workspace anew, as a job: when its framework or models have changed.

use crate::domain::access::Scope;
use crate::domain::event::Provenance;
use crate::domain::flow::job_room;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::rules::FORMER_RULES;
use crate::domain::flow::run_job::Work;
use crate::domain::flow::score_lead::{News, rescore_all};
use crate::domain::ids::{Ids, ProcessIds, lower_bound, time_of};
use crate::domain::job::{Job, JobKind, Outcome};
use crate::domain::lead::Lead;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{jobs, leads};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// Starts it.
///
/// # Errors
/// A conflict when too many jobs of the workspace wait or run already.
pub fn start(conn: &mut TenantConnection, by: &OnBehalf) -> Result<Job> {
    job_room::look_for(conn)?;
    add(conn, &by.provenance, by.now)
}

/// Starts it since other models count from now on, however many jobs there are. It begins when no process scores by those of
/// before any more: so it leaves none of what they made of a lead meanwhile, whether it came or changed.
pub fn follow(
    conn: &mut TenantConnection,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let job = add(conn, provenance, now)?;
    jobs::put_off(conn, job.id, FORMER_RULES)
}

fn add(conn: &mut TenantConnection, provenance: &Provenance, now: DateTime<Utc>) -> Result<Job> {
    let id = ProcessIds.next(now);
    let job = Job::new(id, JobKind::Rescore, json!({}), provenance, None, now);
    jobs::insert(conn, &job, None)?;
    Ok(job)
}

/// All leads, as the work of a job.
pub struct Rescore {
    /// When it was asked for.
    pub job_id: Uuid,
}

impl Rescore {
    /// Leads that came later were scored by the models of today.
    fn end(&self) -> Uuid {
        lower_bound(time_of(self.job_id) + FORMER_RULES)
    }
}

impl Work for Rescore {
    fn needs(&self) -> Vec<Scope> {
        vec![Scope::RulesWrite]
    }

    fn count(&self, conn: &mut TenantConnection, _: &OnBehalf) -> Result<i64> {
        leads::count_in_earnest(conn, self.end())
    }

    fn next(
        &self,
        conn: &mut TenantConnection,
        after: Option<Uuid>,
        limit: i64,
        _: &OnBehalf,
    ) -> Result<Vec<Uuid>> {
        leads::list_ids_in_earnest(conn, after, self.end(), limit)
    }

    fn does_many(&self) -> bool {
        true
    }

    fn apply_many(&self, conn: &mut TenantConnection, ids: &[Uuid], by: &OnBehalf) -> Result<()> {
        let leads = leads::lock_by_ids(conn, ids)?;
        rescore_all(conn, leads, News::Rules, &by.rules, by.now)
    }

    fn apply(&self, _: &mut TenantConnection, _: &Lead, _: &OnBehalf) -> Result<Outcome> {
        Err(Error::internal("leads are scored many at once"))
    }
}
