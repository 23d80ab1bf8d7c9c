//! Decides who gets leads and which clocks run, one lead of a transaction after the other.

use crate::domain::activity::{Activity, ActivityFilter};
use crate::domain::assignment::Assignment;
use crate::domain::condition::Facts;
use crate::domain::decision::{AssignmentRecord, Basis, Decided, Decision, Finding};
use crate::domain::dedupe::FREE_MAIL_DOMAINS;
use crate::domain::entry;
use crate::domain::event::Provenance;
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::playbook::{Playbook, Shift};
use crate::domain::qualification::{Answer, Verdict};
use crate::domain::routing::{
    Desk, Destination, EarlierOwner, LetGo, Roster, Routed, Router, World, return_turn, route,
};
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::domain::shared_hosts::is_shared;
use crate::domain::sla::{ClockDecision, ClockKind, Trigger, Zones};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::turns_ahead::{Base, TurnsLeft};
use crate::store::{
    account_owners, activities, assignments, decisions, lead_counts, pool_turns, sla_clocks,
};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;
use uuid::Uuid;

/// Decides about the leads of one transaction.
///
/// The turns of the pools are known from when the first lead needs them until they are [left](Self::leave), and those of nobody
/// else come between: the order of turns is the order of commits.
#[derive(Debug, Default)]
pub struct Decider {
    desk: Desk,
    /// Who got leads of which account in this transaction.
    owners: Vec<(String, Uuid)>,
    /// Whether turns may be those that another transaction is about to commit.
    is_ahead: bool,
    /// The turns that are decided by; `None`: no lead has needed any yet.
    base: Option<Base>,
    /// Answers that came in and are not written yet, each of its lead.
    pub(super) answers: Vec<(Uuid, Answer)>,
    /// Touches that came in and are not written yet.
    pub(super) touches: Vec<Activity>,
    /// The scores of leads that are there, and what they became.
    pub(super) scores: HashMap<Uuid, ScoreRecord>,
    /// Leads whose score is to be written.
    pub(super) scored: BTreeSet<Uuid>,
    /// What clocks may have waited for; they are not all written yet.
    pub(super) news: Vec<News>,
}

/// Something that a capture said of a lead.
#[derive(Debug)]
pub(super) struct News {
    /// The lead since then.
    pub lead: Lead,
    /// Who said it.
    pub provenance: Provenance,
    /// When.
    pub at: DateTime<Utc>,
}

impl Decider {
    /// Decides by the turns of transactions that are not committed yet, and so does not wait for them until it has decided.
    pub fn ahead() -> Decider {
        Decider {
            is_ahead: true,
            ..Decider::default()
        }
    }

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
        let began = Instant::now();
        let account_owner = self.account_owner(conn, playbook, router, lead)?;
        let earlier_owner = earlier_owner(conn, router, lead, let_go, now)?;
        let facts = Facts { lead, activities };
        let basis = Some(Basis::of(&facts, &[], rules, now));
        let desk = self.desk(conn, playbook, router, &facts, now)?;
        let world = World {
            facts,
            score: lead_total(&facts, now),
            now,
            day: now.with_timezone(&rules.zone()).date_naive(),
            account_owner,
            earlier_owner,
            let_go,
            roster: &playbook.roster,
            shifts: &Shift(&playbook.calendars),
        };
        let routed = route(router, &world, desk);
        let id = ProcessIds.next(now);
        let mut assignment = None;
        if lead.owner_id.is_some() {
            // It was that of who has it no longer.
            lead.team_id = None;
        }
        match &routed.to {
            Destination::Owner(user_id) => {
                (lead.owner_id, lead.queue) = (Some(*user_id), None);
                lead.team_id = routed.team_id.or(lead.team_id);
                assignment = Some(AssignmentRecord {
                    id: ProcessIds.next(now),
                    lead_id: lead.id,
                    assignment: Assignment::begin(
                        *user_id,
                        routed.accept_within_minutes,
                        routed.take_back_after_idle_hours,
                        now,
                    ),
                    decision_id: Some(id),
                });
                self.note_owner(lead, *user_id);
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
            duration_microseconds: microseconds_since(began),
        };
        let mut decided = Decided {
            decisions: vec![decision],
            assignment,
            ..Decided::default()
        };
        if decided.is_offered() {
            let trigger = Trigger::Assigned;
            decided.extend(start_clocks(lead, activities, trigger, rules, now));
        }
        Ok(decided)
    }

    /// Who has a lead of this transaction: the next of the same company may go to them, too.
    pub fn note_owner(&mut self, lead: &Lead, user_id: Uuid) {
        self.owners
            .extend(account_of(lead).map(|domain| (domain, user_id)));
    }

    /// Who owns the account of a lead, where the policy asks for that: the owner of the latest lead of the same company, by the
    /// domain of its website, or else of its mail address. The turns are locked first: of two leads of a new company that come
    /// in at the same moment, the second sees who got the first.
    fn account_owner(
        &mut self,
        conn: &mut TenantConnection,
        playbook: &Playbook,
        router: &Router,
        lead: &Lead,
    ) -> Result<Option<Uuid>> {
        let Some(domain) = account_of(lead).filter(|_| router.asks_of_accounts()) else {
            return Ok(None);
        };
        self.lock(conn, playbook, router)?;
        let fresh = self.owners.iter().rev().find(|(known, _)| *known == domain);
        match fresh {
            Some((_, owner)) => Ok(Some(*owner)),
            None => account_owners::find(conn, &domain, lead.id),
        }
    }

    /// Gives somebody back the turn that a decision took from them.
    pub fn give_back_turn(
        &mut self,
        conn: &mut TenantConnection,
        playbook: &Playbook,
        routed: &Routed,
        how: LetGo,
    ) -> Result<()> {
        let (Some(router), Some(turn), Destination::Owner(user_id)) =
            (&playbook.router, &routed.turn, &routed.to)
        else {
            return Ok(());
        };
        let pool = router.pools.get(&turn.pool);
        if !pool.is_some_and(|pool| pool.returns_turn.contains(&how)) {
            return Ok(());
        }
        self.lock(conn, playbook, router)?;
        if let Some(turns) = self.desk.turns_mut(&turn.pool) {
            return_turn(turns, routed.candidates(), *user_id, turn.day);
        }
        Ok(())
    }

    fn desk(
        &mut self,
        conn: &mut TenantConnection,
        playbook: &Playbook,
        router: &Router,
        facts: &Facts,
        now: DateTime<Utc>,
    ) -> Result<&mut Desk> {
        if !takes_no_turn(router, &playbook.roster, facts, now) {
            self.lock(conn, playbook, router)?;
        }
        Ok(&mut self.desk)
    }

    fn lock(
        &mut self,
        conn: &mut TenantConnection,
        playbook: &Playbook,
        router: &Router,
    ) -> Result<()> {
        if self.base.is_some() {
            return Ok(());
        }
        let keys: Vec<&str> = router.pools.keys().map(String::as_str).collect();
        let asked = router.asks_of_open_leads(&playbook.roster);
        // What others gave before is in the tables, too, only when it is committed.
        let base = if self.is_ahead && asked.is_empty() && !router.asks_of_accounts() {
            Base::ahead(conn, &keys)?
        } else {
            Base::lock(conn, &keys)?
        };
        let open = lead_counts::open_of_owners(conn, &asked)?;
        self.desk = Desk::new(base.turns(), open);
        self.base = Some(base);
        Ok(())
    }

    /// Leaves the turns as they are now to who decides next, to be written.
    pub fn leave(&mut self, conn: &mut TenantConnection) -> TurnsLeft {
        let base = self.base.take();
        base.map(|base| base.leave(conn, self.desk.used()))
            .unwrap_or_default()
    }

    /// Writes the turns that were used.
    pub fn save(&mut self, conn: &mut TenantConnection) -> Result<()> {
        let left = self.leave(conn);
        pool_turns::replace_all(conn, &left)
    }
}

/// The domain of a lead's company: of its website, or else of its mail address; many share neither.
fn account_of(lead: &Lead) -> Option<String> {
    let is_own = |domain: &&str| FREE_MAIL_DOMAINS.iter().all(|shared| shared != domain);
    let website = lead.website_domain.as_deref();
    let website = website.filter(|domain| !is_shared(domain) && is_own(domain));
    let domain = website.or(lead.email_domain().filter(is_own));
    domain.map(str::to_owned)
}

/// Who had a lead last of those who did not let it go, where the policy asks for that.
fn earlier_owner(
    conn: &mut TenantConnection,
    router: &Router,
    lead: &Lead,
    let_go: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Option<EarlierOwner>> {
    if !router.asks_of_earlier_owners() {
        return Ok(None);
    }
    let mut records = assignments::list_of_lead(conn, lead.id)?.into_iter();
    let latest = records.find(|record| !let_go.contains(&record.assignment.user_id));
    Ok(latest.map(|record| EarlierOwner {
        user_id: record.assignment.user_id,
        last_at: record.assignment.ended_at.unwrap_or(now),
    }))
}

/// A lead's score now, in whole points; one that is reached exactly is reached.
#[allow(
    clippy::cast_possible_truncation,
    reason = "a few thousand points at most"
)]
pub(super) fn lead_total(facts: &Facts, now: DateTime<Utc>) -> Option<i32> {
    let score = facts.lead.score?;
    Some(score.total_at(now).floor() as i32)
}

/// Whether no pool that the lead could come to has anybody in it.
fn takes_no_turn(router: &Router, roster: &Roster, facts: &Facts, now: DateTime<Utc>) -> bool {
    let pools = router.pools_for(facts, now);
    let mut found = pools.iter().filter_map(|key| router.pools.get(*key));
    found.all(|pool| pool.members(roster).is_empty())
}

/// Writes what was decided about a lead that is there.
pub fn keep(conn: &mut TenantConnection, decided: &Decided) -> Result<()> {
    decisions::insert_all(conn, &decided.decisions.iter().collect::<Vec<_>>())?;
    assignments::insert_all(conn, &decided.assignment.iter().collect::<Vec<_>>())?;
    sla_clocks::insert_all(conn, &decided.clocks.iter().collect::<Vec<_>>())
}

/// Somebody has a lead from now on, without a decision: they took it, or it was given to them by hand. They need not accept it, and
/// it is taken back from them as from who got it by routing.
pub fn given(
    lead: &Lead,
    activities: &[Activity],
    user_id: Uuid,
    rules: &Rules,
    now: DateTime<Utc>,
) -> AssignmentRecord {
    let facts = Facts { lead, activities };
    let router = rules.playbook.router.as_ref();
    let idle_hours = router.and_then(|router| router.take_back_after_idle_hours(&facts, now));
    AssignmentRecord {
        id: ProcessIds.next(now),
        lead_id: lead.id,
        assignment: Assignment::begin(user_id, None, idle_hours, now),
        decision_id: None,
    }
}

/// How long a decision took that began then.
pub(super) fn microseconds_since(began: Instant) -> Option<i64> {
    i64::try_from(began.elapsed().as_micros()).ok()
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
    let began = Instant::now();
    let playbook = &rules.playbook;
    // Who has a verdict already need not wait for one.
    let is_wanted = |kind: &ClockKind| *kind != ClockKind::Qualify || !is_judged(lead);
    let kinds: Vec<ClockKind> = trigger.kinds().iter().copied().filter(is_wanted).collect();
    let facts = Facts { lead, activities };
    let zones = zones_of(lead, &playbook.roster);
    let from = match trigger {
        Trigger::Touched(at) => at,
        Trigger::Captured | Trigger::Assigned => now,
    };
    let mut found = playbook
        .policy
        .start(&facts, &playbook.calendars, &zones, &kinds, (now, from));
    let is_asked = |decision: &ClockDecision| !decision.considered.is_empty();
    if playbook.policy.is_empty() || (trigger != Trigger::Captured && !found.iter().any(is_asked)) {
        return Decided::default();
    }
    // That no rule asks for a clock is why a lead that came in has none.
    if found.iter().any(is_asked) {
        found.retain(is_asked);
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
        duration_microseconds: microseconds_since(began),
    };
    Decided {
        decisions: vec![decision],
        clocks,
        ..Decided::default()
    }
}

/// The zones by which clocks of a lead may count.
pub fn zones_of(lead: &Lead, roster: &Roster) -> Zones {
    let timezone = lead.fields.timezone.as_deref();
    Zones {
        owner: lead.owner_id.and_then(|id| roster.zone(id)),
        team: lead.team_id.and_then(|id| roster.zone(id)),
        lead: timezone.and_then(|zone| zone.parse().ok()),
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
    if !rules.playbook.asks_of_activities() && !entry::asks_of_activities(rules) {
        return Ok(Vec::new());
    }
    activities::list_of_lead(conn, lead_id, &ActivityFilter::default(), None, i64::MAX)
}
