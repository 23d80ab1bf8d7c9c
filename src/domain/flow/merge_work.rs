//! The work on leads that become one, or several again: who has it, and which clocks run for it.

use crate::domain::assignment::{Assignment, AssignmentState, Step};
use crate::domain::flow::bring_back::{Restart, is_in_hands, put_to_work};
use crate::domain::flow::clocks;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::lead::Lead;
use crate::domain::sla::{Clock, ClockKind, ClockState};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{assignments, sla_clocks};
use std::collections::BTreeMap;

/// Why an assignment of a lead that became a part of another is over.
const MERGED: &str = "the lead became a part of another";
/// Why a clock is over beside another of its kind.
const ONE_CLOCK: &str = "the lead became a part of another, whose clock goes on";

/// Leads became one, which is locked and has what belonged to all of them: its owner has it and nobody else, one clock of a kind
/// runs, that which is due first, and none when nobody waits any more.
pub fn join(conn: &mut TenantConnection, lead: &mut Lead, by: &OnBehalf) -> Result<()> {
    let offer = end_other_assignments(conn, lead, by)?;
    let (rules, whose) = (&by.rules, &by.provenance);
    clocks::cancel_if_over(conn, lead, rules, whose, by.now)?;
    for clock in superfluous(sla_clocks::lock_open_of(conn, &[lead.id])?, offer.as_ref()) {
        clocks::cancel_one(conn, lead, clock, ONE_CLOCK, rules, (whose, by.now))?;
    }
    clocks::qualified(conn, lead, rules, whose, by.now)?;
    if lead.is_open() && !is_in_hands(conn, lead, Restart::Unmet)? {
        return put_to_work(conn, lead, Restart::Unmet, rules, whose, by.now);
    }
    clocks::follow_owner(conn, lead, rules, whose, by.now)
}

/// Only the owner has the lead; who has accepted one of the leads has accepted it. The answer is the offer that they have not
/// accepted yet.
fn end_other_assignments(
    conn: &mut TenantConnection,
    lead: &Lead,
    by: &OnBehalf,
) -> Result<Option<Assignment>> {
    let mut open = assignments::list_of_lead(conn, lead.id)?;
    open.retain(|record| record.assignment.state.is_open());
    let is_owners = |one: &Assignment| lead.owner_id == Some(one.user_id);
    // The latest is the first of equals.
    open.sort_by_key(|record| {
        let is_accepted = record.assignment.state == AssignmentState::Accepted;
        (!is_owners(&record.assignment), !is_accepted)
    });
    let mut held: Option<Assignment> = None;
    for mut record in open {
        if held.is_none() && is_owners(&record.assignment) {
            held = Some(record.assignment);
            continue;
        }
        let step = Step::End {
            reason: MERGED.to_owned(),
        };
        if let Ok(ended) = record.assignment.step(step, by.now) {
            record.assignment = ended;
            assignments::update(conn, &record)?;
        }
    }
    Ok(held.filter(|held| held.state == AssignmentState::Offered))
}

/// The clocks beside those that go on: of each kind the running one that is due first, of those that wait for an offer to be
/// accepted that of the offer.
fn superfluous(open: Vec<Clock>, offer: Option<&Assignment>) -> Vec<Clock> {
    let mut of_kind: BTreeMap<ClockKind, Vec<Clock>> = BTreeMap::new();
    for clock in open {
        of_kind.entry(clock.kind).or_default().push(clock);
    }
    let mut gone = Vec::new();
    for (kind, mut clocks) in of_kind {
        match (kind, offer) {
            (ClockKind::Accept, None) => {}
            (ClockKind::Accept, Some(offer)) => {
                clocks.sort_by_key(|clock| (clock.started_at - offer.given_at).abs());
                clocks.remove(0);
            }
            _ => {
                clocks.sort_by_key(|clock| (clock.state == ClockState::Paused, clock.due_at));
                clocks.remove(0);
            }
        }
        gone.extend(clocks);
    }
    gone
}

/// A lead of a merge that was undone, which is locked: who has to answer it has it again, and clocks run for what has not happened
/// yet. It takes the owner, where it gets one.
pub fn part(conn: &mut TenantConnection, lead: &mut Lead, by: &OnBehalf) -> Result<()> {
    let (rules, whose) = (&by.rules, &by.provenance);
    match lead.is_open() {
        true => put_to_work(conn, lead, Restart::Unmet, rules, whose, by.now),
        false => clocks::cancel_if_over(conn, lead, rules, whose, by.now),
    }
}
