//! Decides again, by other rules, about the leads that came in in a time, as a job: nothing is written but what it found.
//!
//! Each lead is taken as it was when it came in, in the order in which they came. Who was there, and their shifts, are those of today;
//! who owned the account and who had the lead before are those of the record, which knows them where the policy of then asked. The
//! turns of pools begin anew, and nobody has open leads but those that the simulation gives them. What no document replaces is what
//! counts at the moment of each batch.

use crate::domain::access::Scope;
use crate::domain::activity::Activity;
use crate::domain::condition::Facts;
use crate::domain::decision::{Basis, Decision, Finding};
use crate::domain::flow::decide_lead::{self, lead_total};
use crate::domain::flow::import_rules::{Incoming, as_if_active};
use crate::domain::flow::job_room;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::qualify_lead::{self, Moves};
use crate::domain::flow::replay_decision::{activities_of_then, lead_of_then};
use crate::domain::flow::run_job::Work;
use crate::domain::ids::{Ids, ProcessIds, lower_bound, time_of};
use crate::domain::job::{Job, JobKind, Outcome};
use crate::domain::lead::Lead;
use crate::domain::playbook::Shift;
use crate::domain::qualification::Answer;
use crate::domain::routing::{Desk, Routed, World, route};
use crate::domain::rule_document::{RuleDocument, RuleKind};
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::domain::simulation::{Fate, Memory, Report};
use crate::domain::sla::Trigger;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{decisions, jobs, leads, merges, qualification_answers};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// Longer than a capture's transaction lasts.
const TRANSACTION: TimeDelta = TimeDelta::seconds(30);

/// A simulation, as it is kept with its job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SimulateHistory {
    /// Leads that came in from here on.
    pub since: DateTime<Utc>,
    /// Leads that came in before.
    pub until: DateTime<Utc>,
    documents: Vec<Drafted>,
    #[serde(skip)]
    job_id: Uuid,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Drafted {
    kind: RuleKind,
    key: Option<String>,
    document: Value,
    #[serde(default)]
    version: Option<i64>,
}

impl SimulateHistory {
    /// Of the leads of a time, by documents in the place of those of their kinds and keys.
    pub fn new(
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        documents: &[Incoming],
    ) -> Result<SimulateHistory> {
        let drafted = |one: &Incoming| {
            Ok(Drafted {
                kind: one.document.kind(),
                key: one.key.clone(),
                document: one.document.to_json().map_err(Error::internal)?,
                version: one.version,
            })
        };
        Ok(SimulateHistory {
            since,
            until,
            documents: documents.iter().map(drafted).collect::<Result<_>>()?,
            job_id: Uuid::nil(),
        })
    }

    /// What a job was asked for.
    pub fn of_job(job: &Job) -> Result<SimulateHistory> {
        let stored = serde_json::from_value(job.params.clone()).map_err(Error::internal)?;
        Ok(SimulateHistory {
            job_id: job.id,
            ..stored
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
        let job = Job::new(
            id,
            JobKind::Simulation,
            params,
            &by.provenance,
            None,
            by.now,
        );
        jobs::insert(conn, &job, None)?;
        Ok(job)
    }

    fn incoming(&self) -> Result<Vec<Incoming>> {
        let read = |one: &Drafted| {
            Ok(Incoming {
                key: one.key.clone(),
                document: RuleDocument::read(one.kind, one.document.clone())
                    .map_err(Error::internal)?,
                note: None,
                version: one.version,
            })
        };
        self.documents.iter().map(read).collect()
    }

    /// No lead of the simulation has this id or a later one.
    fn end(&self) -> Uuid {
        lower_bound(self.until).min(self.job_id)
    }
}

impl Work for SimulateHistory {
    fn needs(&self) -> Vec<Scope> {
        // What it finds names leads.
        vec![Scope::RulesWrite, Scope::LeadsRead]
    }

    fn count(&self, conn: &mut TenantConnection, _: &OnBehalf) -> Result<i64> {
        let before = leads::count_in_earnest(conn, lower_bound(self.since))?;
        Ok((leads::count_in_earnest(conn, self.end())? - before).max(0))
    }

    fn next(
        &self,
        conn: &mut TenantConnection,
        after: Option<Uuid>,
        limit: i64,
        _: &OnBehalf,
    ) -> Result<Vec<Uuid>> {
        let after = after.unwrap_or_else(|| lower_bound(self.since));
        leads::list_ids_in_earnest(conn, Some(after), self.end(), limit)
    }

    fn does_many(&self) -> bool {
        true
    }

    fn apply_many(&self, conn: &mut TenantConnection, ids: &[Uuid], by: &OnBehalf) -> Result<()> {
        let rules = as_if_active(conn, &self.incoming()?, by)?;
        let (mut report, memory): (Report, Memory) = jobs::report(conn, self.job_id)?;
        let mut desk = Desk::new(memory.turns, memory.open_leads);
        let mut made: HashMap<Uuid, Vec<Decision>> = HashMap::new();
        for decision in decisions::list_first_of_leads(conn, ids)? {
            made.entry(decision.lead_id).or_default().push(decision);
        }
        let mut found = leads::list_by_ids(conn, ids)?;
        found.sort_by_key(|lead| lead.id);
        for lead in &found {
            let made = made.remove(&lead.id).unwrap_or_default();
            let Some(came) = as_it_came(conn, lead, made)? else {
                report.left_out += 1;
                continue;
            };
            let happened = what_happened(&came.lead, &came.made);
            let then = decide(came, &rules, &mut desk);
            report.add(lead.id, happened, then, rules.zone());
        }
        let memory = Memory {
            turns: desk.turns().clone(),
            open_leads: desk.all_open_leads().clone(),
        };
        report.pools = memory.shares();
        jobs::set_report(conn, self.job_id, &report, &memory)
    }

    fn apply(&self, _: &mut TenantConnection, _: &Lead, _: &OnBehalf) -> Result<Outcome> {
        Err(Error::internal("leads are simulated many at once"))
    }
}

/// A lead as it came in.
struct Newcomer {
    lead: Lead,
    activities: Vec<Activity>,
    answers: Vec<Answer>,
    /// What was decided then.
    made: Vec<Decision>,
    at: DateTime<Utc>,
}

/// The lead as it came in; `None`: that is not known, since what was first decided about it was kept without its basis, or was
/// decided later, or the lead was merged since.
fn as_it_came(
    conn: &mut TenantConnection,
    lead: &Lead,
    mut made: Vec<Decision>,
) -> Result<Option<Newcomer>> {
    let Some(first) = made.first().filter(|first| is_of_its_making(first, lead)) else {
        return Ok(None);
    };
    let Some(basis) = first.basis.clone() else {
        return Ok(None);
    };
    let at = basis.at;
    // A second capture of the same moment changes the lead.
    let is_of_it = |one: &Basis| one.at == at && one.lead_version == basis.lead_version;
    made.retain(|decision| decision.basis.as_ref().is_some_and(is_of_it));
    if merges::changed_since(conn, lead.id, at)? {
        return Ok(None);
    }
    let last = made.last().map(|decision| decision.id);
    let mut answers = qualification_answers::list_of_lead(conn, lead.id)?;
    answers.retain(|answer| last.is_some_and(|last| answer.id < last));
    // What was taken back since counted then.
    answers.iter_mut().for_each(Answer::count_again);
    // In the order in which they were said.
    answers.reverse();
    Ok(Some(Newcomer {
        lead: lead_of_then(conn, lead, &basis)?,
        activities: activities_of_then(conn, lead.id, last, &basis)?,
        answers,
        made,
        at,
    }))
}

/// Whether a decision was made when the lead came in: in one transaction, so that their ids are little apart.
fn is_of_its_making(decision: &Decision, lead: &Lead) -> bool {
    time_of(decision.id) - lead.created_at < TRANSACTION
}

/// What rules make of a lead that comes in; the turn is taken at the desk.
fn decide(came: Newcomer, rules: &Rules, desk: &mut Desk) -> Fate {
    let (mut lead, now) = (came.lead, came.at);
    let mut fate = Fate::default();
    let (moves, activities) = (Moves::Always, &came.activities);
    let qualified = qualify_lead::decide(&mut lead, &came.answers, activities, moves, rules, now);
    fate.verdict = qualified.decisions.first().and(lead.verdict);
    let facts = Facts {
        lead: &lead,
        activities: &came.activities,
    };
    let scored = ScoreRecord::begin(lead.id).rescore(&rules.playbook.models, &facts, now);
    lead.score = scored.score;
    fate.grade = lead.score.map(|score| score.grade);
    fate.points = points(&lead, now);
    let mut triggers = vec![Trigger::Captured];
    // Who came with an owner stays theirs.
    fate.owner_id = lead.owner_id;
    if lead.owner_id.is_none()
        && let Some(routed) = give(&lead, &came.activities, &came.made, rules, desk, now)
    {
        fate.send(&routed.to);
        (lead.owner_id, lead.queue) = (fate.owner_id, fate.queue.clone());
        if routed.accept_within_minutes.is_some() && fate.owner_id.is_some() {
            triggers.push(Trigger::Assigned);
        }
    }
    for trigger in triggers {
        let started = decide_lead::start_clocks(&lead, &came.activities, trigger, rules, now);
        let clocks = started.clocks.into_iter();
        fate.due_at
            .extend(clocks.map(|clock| (clock.key, clock.due_at)));
    }
    fate
}

fn points(lead: &Lead, now: DateTime<Utc>) -> Option<i32> {
    lead_total(
        &Facts {
            lead,
            activities: &[],
        },
        now,
    )
}

/// What the record says.
fn what_happened(lead: &Lead, made: &[Decision]) -> Fate {
    let mut fate = Fate {
        owner_id: lead.owner_id,
        ..Fate::default()
    };
    for decision in made {
        match &decision.finding {
            Finding::Routing(routed) => fate.send(&routed.to),
            Finding::Qualification(found) => fate.verdict = Some(found.verdict),
            Finding::Score(found) => {
                let standing = found.standing.as_ref();
                fate.grade = standing.map(|standing| standing.grade);
                fate.points = standing.map(|standing| whole(standing.total));
            }
            Finding::Clocks(found) => {
                let starts = found.iter().filter_map(|one| one.start.as_ref());
                fate.due_at
                    .extend(starts.map(|start| (start.key.clone(), start.due_at)));
            }
        }
    }
    fate
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a few thousand points at most"
)]
fn whole(points: f64) -> i32 {
    points.floor() as i32
}

/// Who gets the lead; the turn is taken at the desk.
fn give(
    lead: &Lead,
    activities: &[Activity],
    made: &[Decision],
    rules: &Rules,
    desk: &mut Desk,
    now: DateTime<Utc>,
) -> Option<Routed> {
    let playbook = &rules.playbook;
    let router = playbook.router.as_ref()?;
    let recorded = made.iter().find_map(|decision| match &decision.finding {
        Finding::Routing(routed) => Some(&routed.inputs),
        _ => None,
    });
    let facts = Facts { lead, activities };
    let world = World {
        facts,
        score: points(lead, now),
        now,
        day: now.with_timezone(&rules.zone()).date_naive(),
        account_owner: recorded.and_then(|inputs| inputs.account_owner),
        earlier_owner: recorded.and_then(|inputs| inputs.earlier_owner),
        let_go: &[],
        roster: &playbook.roster,
        shifts: &Shift(&playbook.calendars),
    };
    Some(route(router, &world, desk))
}
