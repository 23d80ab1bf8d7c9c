//! Runs a job, batch by batch.
//!
//! A batch is one transaction: the job's row is locked, the next leads are done by the flows that do a single lead, and
//! what became of them is kept. A batch that fails is run again with each lead apart, so that one bad lead fails alone.

use crate::domain::access::{Scope, Visibility};
use crate::domain::event::Provenance;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::job::{Counts, Item, JobState, Outcome};
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::error::{Error, Result};
use crate::store::failure::lost_a_race;
use crate::store::jobs::Held;
use crate::store::pool::{Db, End, TenantConnection};
use crate::store::{job_items, jobs, leads};
use chrono::{Duration, Utc};
use serde_json::Value;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use uuid::Uuid;

/// Leads in a batch.
const BATCH: i64 = 100;
/// Leads in a batch of work that does many at once.
const MANY: i64 = 500;
/// How long a job stays with its holder after a batch; whoever is killed loses it then.
pub const LEASE: Duration = Duration::seconds(10);

/// Work that is done lead by lead.
pub trait Work {
    /// What whoever asked for it has to be allowed; looked at anew at each turn.
    fn needs(&self) -> Vec<Scope>;

    /// How many leads there are to be done.
    fn count(&self, conn: &mut TenantConnection, by: &OnBehalf) -> Result<i64>;

    /// The leads after one, in the order of their ids. Fewer than `limit` are the last.
    fn next(
        &self,
        conn: &mut TenantConnection,
        after: Option<Uuid>,
        limit: i64,
        by: &OnBehalf,
    ) -> Result<Vec<Uuid>>;

    /// Whether it has to do with this lead, which may be deleted; others are skipped.
    fn takes(&self, lead: &Lead) -> bool {
        lead.deleted_at.is_none()
    }

    /// Whether it does many leads at once, without a result for each.
    fn does_many(&self) -> bool {
        false
    }

    /// Does many leads at once, which are not locked.
    fn apply_many(&self, _: &mut TenantConnection, _: &[Uuid], _: &OnBehalf) -> Result<()> {
        Ok(())
    }

    /// What is left to do when every lead is done, in the transaction that ends the job.
    fn finish(&self, _: &mut TenantConnection, _: &OnBehalf) -> Result<()> {
        Ok(())
    }

    /// Does one lead, which is locked.
    fn apply(&self, conn: &mut TenantConnection, lead: &Lead, by: &OnBehalf) -> Result<Outcome>;
}

/// A job in the hands of a holder.
pub struct Turn<'a> {
    /// The database.
    pub db: &'a Db,
    /// Whose job.
    pub workspace_id: Uuid,
    /// Which job.
    pub job_id: Uuid,
    /// In whose hands.
    pub holder: Uuid,
    /// What it does.
    pub work: &'a dyn Work,
    /// Which leads whoever asked may know of now.
    pub visible: Visibility,
    /// Who asked.
    pub provenance: Provenance,
    /// The workspace's rules.
    pub rules: Arc<Rules>,
    /// How a failure is shown; the ways in know.
    pub describe: fn(&Error) -> Value,
}

/// What a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many leads are done, and there are more.
    Went(usize),
    /// That was the last batch.
    Finished,
    /// The job has ended or is in other hands: nothing was done.
    Lost,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// All leads or none.
    Together,
    /// Each lead by itself.
    Apart,
}

impl Turn<'_> {
    /// Counts the leads there are to be done. Where that takes too long, the job does without.
    pub fn count(&self) -> Result<()> {
        let counted = self.db.in_workspace(self.workspace_id, |conn| {
            let total = self.work.count(conn, &self.on_behalf())?;
            jobs::set_total(conn, self.job_id, total)
        });
        match counted {
            Err(Error::TooSlow) => Ok(()),
            counted => counted,
        }
    }

    /// Does the next batch.
    ///
    /// # Errors
    /// When the batch failed as a whole: nothing of it was done.
    pub fn step(&self) -> Result<Step> {
        if let Some(step) = self.attempt(Mode::Together)? {
            return Ok(step);
        }
        let step = self.attempt(Mode::Apart)?;
        step.ok_or_else(|| Error::internal("a panic; its message and place are in the log"))
    }

    /// `None` when a lead stopped the others.
    fn attempt(&self, mode: Mode) -> Result<Option<Step>> {
        let run = || {
            self.db
                .in_workspace_until(self.workspace_id, |conn| self.batch(conn, mode))
        };
        catch_unwind(AssertUnwindSafe(run)).unwrap_or(Ok(None))
    }

    fn batch(&self, conn: &mut TenantConnection, mode: Mode) -> Result<(Option<Step>, End)> {
        let Some(held) = jobs::hold(conn, self.job_id, self.holder)? else {
            return Ok((Some(Step::Lost), End::Rollback));
        };
        let by = self.on_behalf();
        if self.work.does_many() {
            let step = self.many(conn, &held, &by)?;
            return Ok((Some(step), End::Commit));
        }
        let ids = self.work.next(conn, held.reached, BATCH, &by)?;
        let found = leads::lock_by_ids(conn, &ids)?;
        let found: HashMap<Uuid, Lead> = found.into_iter().map(|lead| (lead.id, lead)).collect();
        let mut items = Vec::with_capacity(ids.len());
        for id in &ids {
            let lead = found.get(id);
            let lead = lead.filter(|lead| by.visible.shows(lead) && self.work.takes(lead));
            let Some(lead) = lead else {
                items.push(item(*id, Outcome::Skipped, None));
                continue;
            };
            let done = match mode {
                Mode::Together => self.work.apply(conn, lead, &by),
                Mode::Apart => self.apply_apart(conn, lead, &by),
            };
            match done {
                Ok(outcome) => items.push(item(*id, outcome, None)),
                Err(error) if passes(&error) => return Err(error),
                Err(_) if mode == Mode::Together => return Ok((None, End::Rollback)),
                Err(error) => items.push(self.failed(*id, &error)),
            }
        }
        if let Some(last) = ids.last() {
            job_items::insert_all(conn, self.job_id, &items)?;
            let until = held.now + LEASE;
            jobs::advance(conn, self.job_id, *last, Counts::of(&items), until, by.now)?;
        }
        if i64::try_from(ids.len()).is_ok_and(|count| count < BATCH) {
            jobs::finish(conn, self.job_id, JobState::Done, None, by.now)?;
            return Ok((Some(Step::Finished), End::Commit));
        }
        Ok((Some(Step::Went(ids.len())), End::Commit))
    }

    /// The next batch of work that does many leads at once.
    fn many(&self, conn: &mut TenantConnection, held: &Held, by: &OnBehalf) -> Result<Step> {
        let ids = self.work.next(conn, held.reached, MANY, by)?;
        self.work.apply_many(conn, &ids, by)?;
        if let Some(last) = ids.last() {
            let done = Counts {
                unchanged: i64::try_from(ids.len()).map_err(Error::internal)?,
                ..Counts::default()
            };
            jobs::advance(conn, self.job_id, *last, done, held.now + LEASE, by.now)?;
        }
        if i64::try_from(ids.len()).is_ok_and(|count| count < MANY) {
            self.work.finish(conn, by)?;
            jobs::finish(conn, self.job_id, JobState::Done, None, by.now)?;
            return Ok(Step::Finished);
        }
        Ok(Step::Went(ids.len()))
    }

    /// A lead by itself, also when doing it panics.
    fn apply_apart(
        &self,
        conn: &mut TenantConnection,
        lead: &Lead,
        by: &OnBehalf,
    ) -> Result<Outcome> {
        conn.apart(|conn| {
            catch_unwind(AssertUnwindSafe(|| self.work.apply(conn, lead, by))).unwrap_or_else(
                |_| {
                    Err(Error::internal(
                        "a panic; its message and place are in the log",
                    ))
                },
            )
        })
    }

    fn failed(&self, lead_id: Uuid, error: &Error) -> Item {
        if let Error::Internal(source) = error {
            log::error!(
                "Job {} could not do lead {lead_id} of workspace {}: {source}",
                self.job_id,
                self.workspace_id
            );
        }
        item(lead_id, Outcome::Failed, Some((self.describe)(error)))
    }

    fn on_behalf(&self) -> OnBehalf {
        OnBehalf {
            visible: self.visible.clone(),
            provenance: self.provenance.clone(),
            rules: self.rules.clone(),
            now: Utc::now(),
        }
    }
}

fn item(lead_id: Uuid, outcome: Outcome, problem: Option<Value>) -> Item {
    Item {
        lead_id,
        outcome,
        problem,
    }
}

/// Whether it is no fault of the lead: the whole batch is to be tried again.
fn passes(error: &Error) -> bool {
    matches!(error, Error::Unavailable(_)) || lost_a_race(error)
}
