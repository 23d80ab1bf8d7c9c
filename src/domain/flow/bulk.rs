//! One and the same change of many leads: a job that calls, for each of them, the flow that does a single one.

use crate::domain::access::Scope;
use crate::domain::condition::Column;
use crate::domain::flow::assign_lead::{self, Assignment};
use crate::domain::flow::change_lead::{self, LeadPatch};
use crate::domain::flow::delete_lead;
use crate::domain::flow::job_room;
use crate::domain::flow::let_go;
use crate::domain::flow::move_stage::{Move, move_lead};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::run_job::Work;
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::job::{Job, JobKind, Outcome};
use crate::domain::lead::Lead;
use crate::domain::lead_filter::LeadFilter;
use crate::domain::lead_search::{After, KeyValue, LeadSearch, SortBy, SortKey};
use crate::domain::rules::Rules;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{jobs, lead_search, leads, merges};
use chrono::{DateTime, Utc};
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
    /// One label in the place of others.
    Retag { from: Vec<String>, to: String },
    /// Who is accountable.
    Assign { assignment: Assignment },
    /// To somebody else than who has them, by the routing policy.
    Route {
        /// Why, in a few words.
        reason: Option<String>,
    },
    /// To another stage.
    Stage { to: Move },
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
            BulkChange::Retag { .. } => Scope::TagsWrite,
            BulkChange::Stage { to } if to.force => Scope::LeadsAssign,
            BulkChange::Stage { .. } => Scope::LeadsWrite,
            BulkChange::Assign { .. } | BulkChange::Route { .. } => Scope::LeadsAssign,
            BulkChange::Delete | BulkChange::Restore => Scope::LeadsDelete,
        }
    }
}

/// Which leads.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// Those that are named one by one.
    Named(Vec<Uuid>),
    /// Those for which something holds.
    Matching(LeadFilter),
}

/// One and the same change of many leads.
#[derive(Debug, Clone)]
pub struct Bulk {
    change: BulkChange,
    patch: LeadPatch,
    leads: Selection,
    /// The job that does it, and when it was asked for: a lead that came later is not of it, and relative times count
    /// from there.
    job: Option<(Uuid, DateTime<Utc>)>,
}

/// What of it is kept with its job.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    change: BulkChange,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    matching: Option<LeadFilter>,
}

/// What a job would touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// How many leads.
    pub total: i64,
    /// The first of them.
    pub sample: Vec<Uuid>,
}

impl Bulk {
    /// A change of leads.
    ///
    /// # Errors
    /// Every wrong field of a patch, by its pointer into the patch.
    pub fn new(change: BulkChange, mut leads: Selection) -> Result<Bulk> {
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
            BulkChange::Retag { from, to } => LeadPatch {
                adds_tags: vec![to.clone()],
                removes_tags: from.iter().filter(|tag| *tag != to).cloned().collect(),
                ..LeadPatch::default()
            },
            _ => LeadPatch::default(),
        };
        if let Selection::Named(ids) = &mut leads {
            ids.sort_unstable();
            ids.dedup();
        }
        Ok(Bulk {
            change,
            patch,
            leads,
            job: None,
        })
    }

    /// The change of a job that was started.
    pub fn of_job(job: &Job, leads: Option<Vec<Uuid>>) -> Result<Bulk> {
        let stored: Stored = serde_json::from_value(job.params.clone()).map_err(Error::internal)?;
        let leads = match stored.matching {
            Some(filter) => Selection::Matching(filter),
            None => Selection::Named(leads.unwrap_or_default()),
        };
        Ok(Bulk {
            job: Some((job.id, job.created_at)),
            ..Bulk::new(stored.change, leads)?
        })
    }

    /// Refuses a change that no lead can take, by pointers into the patch.
    pub fn check(&self, rules: &Rules) -> Result<()> {
        change_lead::check(&self.patch, rules)
    }

    /// Refuses an assignment to nobody who is there, by pointers into the assignment.
    pub fn check_assignment(&self, conn: &mut TenantConnection) -> Result<()> {
        match &self.change {
            BulkChange::Assign { assignment } => assign_lead::check(conn, assignment).map(drop),
            _ => Ok(()),
        }
    }

    /// Refuses a selection that cannot be read, by pointers into the request.
    pub fn check_selection(&self, by: &OnBehalf) -> Result<()> {
        match &self.leads {
            Selection::Named(_) => Ok(()),
            Selection::Matching(filter) => self.search(filter, by).map(drop),
        }
    }

    /// The leads for which the filter holds, in the order of their ids.
    fn search(&self, filter: &LeadFilter, by: &OnBehalf) -> Result<LeadSearch> {
        let now = self.job.map_or(by.now, |(_, asked_at)| asked_at);
        let all = LeadSearch {
            deleted: self.change == BulkChange::Restore,
            sort: vec![SortKey {
                by: SortBy::Column(Column::CreatedAt),
                descending: false,
            }],
            ..LeadSearch::new(by.visible.clone(), now)
        };
        let narrowed = filter.narrow(all, &by.rules, "/select");
        narrowed.map_err(Error::Invalid)
    }

    /// What is needed to do it to a single lead.
    pub fn scope(&self) -> Scope {
        self.change.scope()
    }

    /// What it would touch now.
    pub fn preview(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<Preview> {
        match &self.leads {
            Selection::Named(ids) => {
                let deleted = self.change == BulkChange::Restore;
                let ids = today(conn, ids)?;
                let known = leads::list_known(conn, &ids, deleted, &by.visible)?;
                Ok(Preview {
                    total: known.len().try_into().map_err(Error::internal)?,
                    sample: known.into_iter().take(SAMPLE).collect(),
                })
            }
            Selection::Matching(filter) => {
                let search = LeadSearch {
                    limit: SAMPLE.try_into().map_err(Error::internal)?,
                    ..self.search(filter, by)?
                };
                Ok(Preview {
                    total: lead_search::count(conn, &search)?,
                    sample: ids_of(&lead_search::list(conn, &search)?),
                })
            }
        }
    }

    /// Starts a job that does it.
    ///
    /// # Errors
    /// A conflict when too many jobs of the workspace wait or run already.
    pub fn start(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<Job> {
        job_room::look_for(conn)?;
        let (named, matching) = match &self.leads {
            Selection::Named(ids) => (Some(today(conn, ids)?), None),
            Selection::Matching(filter) => (None, Some(filter.clone())),
        };
        let total = named.as_ref().map(|ids| ids.len().try_into());
        let stored = Stored {
            change: self.change.clone(),
            matching,
        };
        let job = Job::new(
            ProcessIds.next(by.now),
            JobKind::Bulk,
            serde_json::to_value(&stored).map_err(Error::internal)?,
            &by.provenance,
            total.transpose().map_err(Error::internal)?,
            by.now,
        );
        jobs::insert(conn, &job, named.as_deref())?;
        Ok(job)
    }
}

impl Work for Bulk {
    fn needs(&self) -> Vec<Scope> {
        match self.change {
            BulkChange::Retag { .. } => vec![Scope::TagsWrite],
            _ => vec![Scope::LeadsBulk, self.scope()],
        }
    }

    fn count(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<i64> {
        match &self.leads {
            Selection::Named(ids) => ids.len().try_into().map_err(Error::internal),
            Selection::Matching(filter) => lead_search::count(conn, &self.search(filter, by)?),
        }
    }

    fn next(
        &self,
        conn: &mut TenantConnection,
        after: Option<Uuid>,
        limit: i64,
        by: &OnBehalf,
    ) -> Result<Vec<Uuid>> {
        match &self.leads {
            Selection::Named(ids) => {
                let from = after.map_or(0, |after| ids.partition_point(|id| *id <= after));
                let limit = usize::try_from(limit).map_err(Error::internal)?;
                Ok(ids[from..].iter().copied().take(limit).collect())
            }
            Selection::Matching(filter) => {
                let search = LeadSearch {
                    after: after.map(|id| After {
                        keys: vec![KeyValue::Time(time_of(id))],
                        id,
                    }),
                    limit,
                    ..self.search(filter, by)?
                };
                let mut ids = ids_of(&lead_search::list(conn, &search)?);
                if let Some((job_id, _)) = self.job {
                    ids.retain(|id| *id < job_id);
                }
                Ok(ids)
            }
        }
    }

    fn takes(&self, lead: &Lead) -> bool {
        match self.change {
            BulkChange::Restore => true,
            // What is over stays with who answered it.
            BulkChange::Route { .. } => lead.is_open(),
            _ => lead.deleted_at.is_none(),
        }
    }

    fn apply(&self, conn: &mut TenantConnection, lead: &Lead, by: &OnBehalf) -> Result<Outcome> {
        let after = match &self.change {
            BulkChange::Update { .. }
            | BulkChange::Tag { .. }
            | BulkChange::Untag { .. }
            | BulkChange::Retag { .. } => {
                change_lead::change_lead(conn, lead.id, &self.patch, None, by)?
            }
            BulkChange::Assign { assignment } => {
                assign_lead::assign(conn, lead.id, assignment, None, by)?
            }
            BulkChange::Route { reason } => let_go::route_anew(conn, lead, reason.as_deref(), by)?,
            BulkChange::Stage { to } => move_lead(conn, lead.id, to, None, by)?.lead,
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

fn ids_of(leads: &[Lead]) -> Vec<Uuid> {
    leads.iter().map(|lead| lead.id).collect()
}

/// The leads that are named, as they are today: one that became a part of another stands for that one. An id that is none
/// stays, so that it is told.
fn today(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let found = merges::resolve(conn, ids)?;
    let mut today: Vec<Uuid> = ids
        .iter()
        .map(|id| found.get(id).copied().unwrap_or(*id))
        .collect();
    today.sort_unstable();
    today.dedup();
    Ok(today)
}
