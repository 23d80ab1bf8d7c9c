//! Leads that come back, from deletion, from a stage in which nobody waits for them, or from a test: like a new one, each gets
//! an owner, unless it has one or waits in a queue, and clocks (promise P3).

use crate::domain::activity::Activity;
use crate::domain::assignment::{Assignment, let_go_by};
use crate::domain::capture::{begin_change, event};
use crate::domain::decision::{AssignmentRecord, Decided};
use crate::domain::event::{Event, EventType, Provenance};
use crate::domain::flow::clocks;
use crate::domain::flow::decide_lead::{self, Decider};
use crate::domain::ids::ProcessIds;
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::routing::LAST_QUEUE;
use crate::domain::rules::Rules;
use crate::domain::sla::{Clock, ClockKind, ClockState, Trigger};
use crate::domain::user::UserStatus;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{assignments, leads, outbox, sla_clocks, users};
use chrono::{DateTime, Utc};
use serde_json::json;

/// Why the new owner has it.
const REASON: &str = "the lead came back";

/// Whether nobody had to answer a lead before, and somebody has to now.
pub fn comes_back(before: &Lead, after: &Lead) -> bool {
    !before.is_open() && after.is_open()
}

/// Which clocks start for a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Those of a new lead.
    All,
    /// Those of what has not happened yet, as far as what is known of the lead says.
    Unmet,
}

impl Decider {
    /// Decides about a lead that somebody has to answer again, which takes the owner; the event tells of that, in a change of the
    /// lead that was begun. Who has it keeps it, and it is offered to them anew if it was not accepted; who let it go before
    /// does not get it.
    pub fn bring_back(
        &mut self,
        conn: &mut TenantConnection,
        lead: &mut Lead,
        activities: &[Activity],
        restart: Restart,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<(Decided, Option<Event>)> {
        let before = lead.clone();
        let mut decided = Decided::default();
        let mut told = None;
        if is_in_hands(conn, lead, restart)? {
            decided.assignment = anew(conn, lead, activities, restart, rules, now)?;
            if decided.is_offered() {
                let trigger = Trigger::Assigned;
                decided.extend(decide_lead::start_clocks(
                    lead, activities, trigger, rules, now,
                ));
            }
        } else {
            let had = assignments::list_of_lead(conn, lead.id)?;
            let had: Vec<Assignment> = had.into_iter().map(|record| record.assignment).collect();
            clocks::end_assignments(conn, lead, REASON, now)?;
            decided = self.route(conn, lead, activities, &let_go_by(&had), rules, now)?;
            let changes = differences(&before, lead);
            if !changes.is_empty() {
                let mut given = event(EventType::LeadAssigned, lead, changes, &mut ProcessIds);
                let decision_id = decided.routed().map(|(id, _)| id);
                given.data = Some(json!({"reason": REASON, "decision_id": decision_id}));
                told = Some(given);
            }
        }
        decided.extend(start_missing(conn, lead, activities, restart, rules, now)?);
        Ok((decided, told))
    }
}

/// Starts the clocks of a lead that do not run yet.
fn start_missing(
    conn: &mut TenantConnection,
    lead: &Lead,
    activities: &[Activity],
    restart: Restart,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Decided> {
    let known = sla_clocks::list_of_lead(conn, lead.id)?;
    let has = |kind: ClockKind, is_so: fn(&Clock) -> bool| {
        known.iter().any(|clock| clock.kind == kind && is_so(clock))
    };
    let runs = |kind| has(kind, |clock| !clock.has_ended());
    let mut started = decide_lead::start_clocks(lead, activities, Trigger::Captured, rules, now);
    started.clocks.retain(|clock| !runs(clock.kind));
    if restart == Restart::All {
        return Ok(started);
    }
    // Clocks may have been met by what another lead has now: who was answered is who somebody turned to.
    let touched_at = clocks::latest_touch(conn, lead.id, |_| true)?;
    started.clocks.retain(|clock| match clock.kind {
        ClockKind::FirstResponse => touched_at.is_none(),
        kind => !has(kind, |clock| clock.state == ClockState::Met),
    });
    if let Some(at) = touched_at.filter(|_| !runs(ClockKind::NextTouch)) {
        let trigger = Trigger::Touched(at.max(lead.created_at).min(now));
        started.extend(decide_lead::start_clocks(
            lead, activities, trigger, rules, now,
        ));
    }
    Ok(started)
}

/// Whether a lead has an owner who is not disabled, or a queue in which it waits. Of one that came back that is not the queue of
/// leads which nobody could take: somebody may now.
pub fn is_in_hands(conn: &mut TenantConnection, lead: &Lead, restart: Restart) -> Result<bool> {
    Ok(match lead.owner_id {
        Some(owner_id) => {
            let owner = users::find(conn, owner_id)?;
            owner.is_some_and(|user| user.status != UserStatus::Disabled)
        }
        None => {
            let queue = lead.queue.as_deref();
            queue.is_some_and(|queue| restart == Restart::Unmet || queue != LAST_QUEUE)
        }
    })
}

/// The time of the owner with a lead begins anew, as they had it: to be accepted, or to be taken back if nothing is done. `None`:
/// nobody owns it, or their time goes on.
fn anew(
    conn: &mut TenantConnection,
    lead: &Lead,
    activities: &[Activity],
    restart: Restart,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<AssignmentRecord>> {
    let Some(owner_id) = lead.owner_id else {
        return Ok(None);
    };
    let had = assignments::list_of_lead(conn, lead.id)?;
    let theirs = |record: &&AssignmentRecord| record.assignment.user_id == owner_id;
    let last = had.iter().find(theirs);
    if restart == Restart::Unmet && last.is_some_and(|last| last.assignment.state.is_open()) {
        return Ok(None);
    }
    clocks::end_assignments(conn, lead, REASON, now)?;
    let given = decide_lead::given(lead, activities, owner_id, rules, now);
    Ok(Some(match last {
        Some(last) => AssignmentRecord {
            assignment: last.assignment.again(now),
            decision_id: last.decision_id,
            ..given
        },
        None => given,
    }))
}

/// Has a lead that came back answered again, and writes it; the lead is locked, and takes the owner. Of one that did not
/// come back nothing changes.
pub fn bring_back(
    conn: &mut TenantConnection,
    before: &Lead,
    lead: &mut Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    if !comes_back(before, lead) {
        return Ok(());
    }
    put_to_work(conn, lead, Restart::All, rules, provenance, now)
}

/// Has a lead answered that somebody has to answer again, and writes it; the lead is locked, and takes the owner.
pub fn put_to_work(
    conn: &mut TenantConnection,
    lead: &mut Lead,
    restart: Restart,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let was = lead.clone();
    let activities = decide_lead::activities_of(conn, lead.id, rules)?;
    let mut decider = Decider::default();
    let mut changed = lead.clone();
    let (decided, told) =
        decider.bring_back(conn, &mut changed, &activities, restart, rules, now)?;
    decider.save(conn)?;
    decide_lead::keep(conn, &decided)?;
    // It was decided about the lead as it is; what came of that is its next version.
    if let Some(told) = told {
        begin_change(&mut changed, now);
        let mut given = event(told.kind, &mut changed, told.changes, &mut ProcessIds);
        given.data = told.data;
        leads::update(conn, &was, &changed, rules)?;
        outbox::add_all(conn, &[(&given, provenance)])?;
        *lead = changed;
    }
    clocks::follow_owner(conn, lead, rules, provenance, now)
}
