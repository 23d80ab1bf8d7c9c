//! One and the same change of many leads: a job that calls, for each of them, the flow that does a single one.

use crate::domain::access::Scope;
use crate::domain::flow::assign_lead::{self, Assignment};
use crate::domain::flow::change_lead::{self, LeadPatch};
use crate::domain::flow::delete_lead;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::run_job::Work;
use crate::domain::ids::{Ids, ProcessIds};
use crate::domain::job::{Job, JobKind, MAX_OPEN, Outcome};
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::error::{Conflict, Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{jobs, leads, workspaces};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Leads that a dry run names.
const SAMPLE: usize = 10;

/// What is to be done with each lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum BulkChange {
    /// A merge patch.
    Update { changes: Map<String, Value> },
    /// Labels to add.
    Tag { tags: Vec<String> },
    /// Labels to take away.
    Untag { tags: Vec<String> },
    /// Who is accountable.
    Assign { assignment: Assignment },
    /// Away with it.
    Delete,
    /// Back with it.
    Restore,
}

impl BulkChange {
    /// What is needed to do it to a single lead.
    pub fn scope(&self) -> Scope {
        match self {
            BulkChange::Update { .. } | BulkChange::Tag { .. } | BulkChange::Untag { .. } => {
                Scope::LeadsWrite
            }
            BulkChange::Assign { .. } => Scope::LeadsAssign,
            BulkChange::Delete | BulkChange::Restore => Scope::LeadsDelete,
        }
    }
}

/// One and the same change of many leads.
#[derive(Debug, Clone)]
pub struct Bulk {
    change: BulkChange,
    patch: LeadPatch,
    leads: Vec<Uuid>,
}

/// What a job would touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// How many leads.
    pub total: usize,
    /// The first of them.
    pub sample: Vec<Uuid>,
}

impl Bulk {
    /// A change of leads that are named one by one.
    ///
    /// # Errors
    /// Every wrong field of a patch, by its pointer into the patch.
    pub fn new(change: BulkChange, mut leads: Vec<Uuid>) -> Result<Bulk> {
        let patch = match &change {
            BulkChange::Update { changes } => LeadPatch::read(changes.clone())?,
            BulkChange::Tag { tags } => LeadPatch {
                adds_tags: tags.clone(),
                ..LeadPatch::default()
            },
            BulkChange::Untag { tags } => LeadPatch {
                removes_tags: tags.clone(),
                ..LeadPatch::default()
            },
            _ => LeadPatch::default(),
        };
        leads.sort_unstable();
        leads.dedup();
        Ok(Bulk {
            change,
            patch,
            leads,
        })
    }

    /// The change of a job that was started.
    pub fn of_job(job: &Job, leads: Option<Vec<Uuid>>) -> Result<Bulk> {
        let change = serde_json::from_value(job.params.clone()).map_err(Error::internal)?;
        Bulk::new(change, leads.unwrap_or_default())
    }

    /// Refuses a change that no lead can take.
    pub fn check(&self, rules: &Rules) -> Result<()> {
        change_lead::check(&self.patch, rules)
    }

    /// What is needed to do it to a single lead.
    pub fn scope(&self) -> Scope {
        self.change.scope()
    }

    /// What it would touch now.
    pub fn preview(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<Preview> {
        let deleted = self.change == BulkChange::Restore;
        let known = leads::list_known(conn, &self.leads, deleted, &by.visible)?;
        Ok(Preview {
            total: known.len(),
            sample: known.into_iter().take(SAMPLE).collect(),
        })
    }

    /// Starts a job that does it.
    ///
    /// # Errors
    /// A conflict when [`MAX_OPEN`] jobs of the workspace wait or run already.
    pub fn start(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<Job> {
        // Its lock makes those who start jobs at the same time count one after the other.
        workspaces::lock(conn)?;
        if jobs::count_open(conn)? >= MAX_OPEN {
            return Err(Conflict::TooManyJobs { limit: MAX_OPEN }.into());
        }
        let job = Job::new(
            ProcessIds.next(by.now),
            JobKind::Bulk,
            serde_json::to_value(&self.change).map_err(Error::internal)?,
            &by.provenance,
            Some(self.leads.len().try_into().map_err(Error::internal)?),
            by.now,
        );
        jobs::insert(conn, &job, Some(&self.leads))?;
        Ok(job)
    }
}

impl Work for Bulk {
    fn needs(&self) -> Vec<Scope> {
        vec![Scope::LeadsBulk, self.scope()]
    }

    fn count(&self, _: &mut TenantConnection, _: &OnBehalf) -> Result<i64> {
        self.leads.len().try_into().map_err(Error::internal)
    }

    fn next(
        &self,
        _: &mut TenantConnection,
        after: Option<Uuid>,
        limit: i64,
        _: &OnBehalf,
    ) -> Result<Vec<Uuid>> {
        let from = after.map_or(0, |after| self.leads.partition_point(|id| *id <= after));
        let limit = usize::try_from(limit).map_err(Error::internal)?;
        Ok(self.leads[from..].iter().copied().take(limit).collect())
    }

    fn takes(&self, lead: &Lead) -> bool {
        lead.deleted_at.is_none() || self.change == BulkChange::Restore
    }

    fn apply(&self, conn: &mut TenantConnection, lead: &Lead, by: &OnBehalf) -> Result<Outcome> {
        let after = match &self.change {
            BulkChange::Update { .. } | BulkChange::Tag { .. } | BulkChange::Untag { .. } => {
                change_lead::change_lead(conn, lead.id, &self.patch, None, by)?
            }
            BulkChange::Assign { assignment } => {
                assign_lead::assign(conn, lead.id, assignment, None, by)?
            }
            BulkChange::Delete => delete_lead::delete_lead(conn, lead.id, None, by)?,
            BulkChange::Restore if lead.deleted_at.is_none() => return Ok(Outcome::Unchanged),
            BulkChange::Restore => delete_lead::restore_lead(conn, lead.id, by)?,
        };
        Ok(if after.version == lead.version {
            Outcome::Unchanged
        } else {
            Outcome::Changed
        })
    }
}
