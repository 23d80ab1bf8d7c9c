//! Decides who gets leads and which clocks run, one lead of a transaction after the other.

use crate::domain::activity::{Activity, ActivityFilter};
use crate::domain::assignment::Assignment;
use crate::domain::condition::Facts;
use crate::domain::decision::{AssignmentRecord, Basis, Decided, Decision, Finding};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::playbook::{Playbook, Shift};
use crate::domain::qualification::{Answer, Verdict};
use crate::domain::routing::{Desk, Destination, Roster, Router, Turns, World, route};
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::domain::sla::{ClockKind, Trigger, Zones};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{activities, lead_counts, pool_turns};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Decides about the leads of one transaction.
///
/// The turns of the pools are locked when the first lead needs them, in the order of their keys, and stay locked until the
/// transaction ends: so the order of turns is the order of commits.
#[derive(Debug, Default)]
pub struct Decider {
    desk: Desk,
    /// The versions of the turns that are locked; `None`: no lead has needed any yet.
    locked: Option<BTreeMap<String, i64>>,
    /// Answers that came in and are not written yet, each of its lead.
    pub(super) answers: Vec<(Uuid, Answer)>,
    /// Touches that came in and are not written yet.
    pub(super) touches: Vec<Activity>,
    /// The scores of leads that are there, and what they became.
    pub(super) scores: HashMap<Uuid, ScoreRecord>,
    /// Leads whose score is to be written.
    pub(super) scored: BTreeSet<Uuid>,
}

impl Decider {
    /// Gives a lead to somebody or to a queue; the lead takes owner, team and queue from it.
    pub fn route(
        &mut self,
        conn: &mut TenantConnection,
        lead: &mut Lead,
        activities: &[Activity],
        let_go: &[Uuid],
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Decided> {
        let playbook = &rules.playbook;
        let Some(router) = &playbook.router else {
            return Ok(Decided::default());
        };
        let facts = Facts { lead, activities };
        let basis = Some(Basis::of(&facts, &[], rules, now));
        let desk = self.desk(conn, playbook, router, &facts, now)?;
        let world = World {
            facts,
            score: lead_total(&facts, now),
            now,
            day: now.with_timezone(&rules.zone()).date_naive(),
            account_owner: None,
            earlier_owner: None,
            let_go,
            roster: &playbook.roster,
            shifts: &Shift(&playbook.calendars),
        };
        let routed = route(router, &world, desk);
        let id = ProcessIds.next(now);
        let mut assignment = None;
        match &routed.to {
            Destination::Owner(user_id) => {
                (lead.owner_id, lead.queue) = (Some(*user_id), None);
                lead.team_id = routed.team_id.or(lead.team_id);
                assignment = Some(given(lead.id, *user_id, Some(id), now));
            }
            Destination::Queue(queue) => (lead.owner_id, lead.queue) = (None, Some(queue.clone())),
        }
        let decision = Decision {
            id,
            lead_id: lead.id,
            rules: playbook.versions.clone(),
            finding: Finding::Routing(Box::new(routed)),
            created_at: time_of(id),
            basis,
        };
        Ok(Decided {
            decisions: vec![decision],
            assignment,
            ..Decided::default()
        })
    }

    fn desk(
        &mut self,
        conn: &mut TenantConnection,
        playbook: &Playbook,
        router: &Router,
        facts: &Facts,
        now: DateTime<Utc>,
    ) -> Result<&mut Desk> {
        if self.locked.is_none() && !takes_no_turn(router, &playbook.roster, facts, now) {
            let keys: Vec<&str> = router.pools.keys().map(String::as_str).collect();
            let asked = router.asks_of_open_leads(&playbook.roster);
            let open = lead_counts::open_of_owners(conn, &asked)?;
            let turns = pool_turns::lock(conn, &keys)?;
            let version = |(pool, turns): (&String, &Turns)| (pool.clone(), turns.version);
            self.locked = Some(turns.iter().map(version).collect());
            self.desk = Desk::new(turns, open);
        }
        Ok(&mut self.desk)
    }

    /// Writes the turns that were taken.
    pub fn save(&self, conn: &mut TenantConnection) -> Result<()> {
        let Some(locked) = &self.locked else {
            return Ok(());
        };
        for (pool, turns) in self.desk.turns() {
            if turns.version > locked.get(pool).copied().unwrap_or_default() {
                pool_turns::update(conn, pool, turns)?;
            }
        }
        Ok(())
    }
}

/// A lead's score now, in whole points; one that is reached exactly is reached.
#[allow(
    clippy::cast_possible_truncation,
    reason = "a few thousand points at most"
)]
fn lead_total(facts: &Facts, now: DateTime<Utc>) -> Option<i32> {
    let score = facts.lead.score?;
    Some(score.total_at(now).floor() as i32)
}

/// Whether no pool that the lead could come to has anybody in it.
fn takes_no_turn(router: &Router, roster: &Roster, facts: &Facts, now: DateTime<Utc>) -> bool {
    let pools = router.pools_for(facts, now);
    let mut found = pools.iter().filter_map(|key| router.pools.get(*key));
    found.all(|pool| pool.members(roster).is_empty())
}

/// Somebody has a lead from now on.
pub fn given(
    lead_id: Uuid,
    user_id: Uuid,
    decision_id: Option<Uuid>,
    now: DateTime<Utc>,
) -> AssignmentRecord {
    AssignmentRecord {
        id: ProcessIds.next(now),
        lead_id,
        assignment: Assignment::begin(user_id, None, None, now),
        decision_id,
    }
}

/// Starts the clocks of a lead that something has happened with.
pub fn start_clocks(
    lead: &Lead,
    activities: &[Activity],
    trigger: Trigger,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Decided {
    if lead.is_over() {
        return Decided::default();
    }
    let playbook = &rules.playbook;
    // Who has a verdict already need not wait for one.
    let is_wanted = |kind: &ClockKind| *kind != ClockKind::Qualify || !is_judged(lead);
    let kinds: Vec<ClockKind> = trigger.kinds().iter().copied().filter(is_wanted).collect();
    let facts = Facts { lead, activities };
    let zones = Zones {
        owner: None,
        team: None,
        lead: lead
            .fields
            .timezone
            .as_deref()
            .and_then(|zone| zone.parse().ok()),
    };
    let mut found = playbook
        .policy
        .start(&facts, &playbook.calendars, &zones, &kinds, now);
    found.retain(|decision| !decision.considered.is_empty());
    if found.is_empty() {
        return Decided::default();
    }
    let starts = found.iter().filter_map(|decision| decision.start.clone());
    let clocks = starts
        .map(|start| start.into_clock(ProcessIds.next(now), lead.id).0)
        .collect();
    let id = ProcessIds.next(now);
    let decision = Decision {
        id,
        lead_id: lead.id,
        rules: playbook.versions.clone(),
        finding: Finding::Clocks(found),
        created_at: time_of(id),
        basis: Some(Basis::of(&facts, &[], rules, now)),
    };
    Decided {
        decisions: vec![decision],
        clocks,
        ..Decided::default()
    }
}

/// Whether there is a verdict about a lead: that too little is known is none.
pub fn is_judged(lead: &Lead) -> bool {
    lead.verdict
        .is_some_and(|verdict| verdict != Verdict::Unqualified)
}

/// What happened with a lead, where any of the rules asks for it.
pub fn activities_of(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    rules: &Rules,
) -> Result<Vec<Activity>> {
    if !rules.playbook.asks_of_activities() {
        return Ok(Vec::new());
    }
    activities::list_of_lead(conn, lead_id, &ActivityFilter::default(), None, i64::MAX)
}
