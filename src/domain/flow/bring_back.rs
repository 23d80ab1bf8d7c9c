//! Leads that come back, from deletion, from a stage in which nobody waits for them, or from a test: like a new one, each gets
//! an owner, unless it has one or waits in a queue, and clocks (promise P3).

use crate::domain::activity::Activity;
use crate::domain::capture::{begin_change, event};
use crate::domain::decision::Decided;
use crate::domain::event::{Event, EventType, Provenance};
use crate::domain::flow::clocks;
use crate::domain::flow::decide_lead::{self, Decider};
use crate::domain::ids::ProcessIds;
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::rules::Rules;
use crate::domain::sla::{ClockKind, Trigger};
use crate::domain::user::UserStatus;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{leads, outbox, sla_clocks, users};
use chrono::{DateTime, Utc};
use serde_json::json;

/// Why the new owner has it.
const REASON: &str = "the lead came back";

/// Whether nobody had to answer a lead before, and somebody has to now.
pub fn comes_back(before: &Lead, after: &Lead) -> bool {
    !before.is_open() && after.is_open()
}

impl Decider {
    /// Decides about a lead that came back, which takes the owner; the event tells of that, in a change of the lead that was
    /// begun.
    pub fn bring_back(
        &mut self,
        conn: &mut TenantConnection,
        lead: &mut Lead,
        activities: &[Activity],
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<(Decided, Option<Event>)> {
        let before = lead.clone();
        let mut decided = Decided::default();
        let mut told = None;
        if !is_in_hands(conn, lead)? {
            clocks::end_assignments(conn, lead, REASON, now)?;
            decided = self.route(conn, lead, activities, &[], rules, now)?;
            let changes = differences(&before, lead);
            if !changes.is_empty() {
                let mut given = event(EventType::LeadAssigned, lead, changes, &mut ProcessIds);
                let decision_id = decided.routed().map(|(id, _)| id);
                given.data = Some(json!({"reason": REASON, "decision_id": decision_id}));
                told = Some(given);
            }
        }
        let open = sla_clocks::lock_open_of(conn, &[lead.id])?;
        let mut started =
            decide_lead::start_clocks(lead, activities, Trigger::Captured, rules, now);
        let runs = |kind: ClockKind| open.iter().any(|clock| clock.kind == kind);
        started.clocks.retain(|clock| !runs(clock.kind));
        decided.extend(started);
        Ok((decided, told))
    }
}

/// Whether a lead has an owner who is not disabled, a team, or a queue in which it waits.
fn is_in_hands(conn: &mut TenantConnection, lead: &Lead) -> Result<bool> {
    Ok(match lead.owner_id {
        Some(owner_id) => {
            let owner = users::find(conn, owner_id)?;
            owner.is_some_and(|user| user.status != UserStatus::Disabled)
        }
        None => lead.team_id.is_some() || lead.queue.is_some(),
    })
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
    let was = lead.clone();
    let activities = decide_lead::activities_of(conn, lead.id, rules)?;
    let mut decider = Decider::default();
    let mut changed = lead.clone();
    begin_change(&mut changed, now);
    let (decided, told) = decider.bring_back(conn, &mut changed, &activities, rules, now)?;
    decider.save(conn)?;
    decide_lead::keep(conn, &decided)?;
    if let Some(told) = told {
        leads::update(conn, &was, &changed, rules)?;
        outbox::add_all(conn, &[(&told, provenance)])?;
        clocks::follow_owner(conn, &changed, rules, provenance, now)?;
        *lead = changed;
    }
    Ok(())
}
