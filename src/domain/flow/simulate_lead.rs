//! Decides again about a lead that is there, as if it came in now as it is: for a transaction that is taken back.

use crate::domain::access::Visibility;
use crate::domain::activity::Activity;
use crate::domain::assignment::{Assignment, let_go_by};
use crate::domain::condition::Facts;
use crate::domain::decision::{Decided, Decision};
use crate::domain::flow::decide_lead::{self, Decider};
use crate::domain::flow::{qualify_lead, reach, score_lead};
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::domain::sla::Trigger;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{assignments, qualification_answers};
use chrono::{DateTime, Utc};
use std::time::Instant;
use uuid::Uuid;

/// The lead as rules would have it, and what they decide: what its answers amount to, what everything that happened with it is
/// worth, who gets it of those who did not let it go, and which clocks start. Nothing is decided about a test.
///
/// # Errors
/// As [`reach::get`].
pub fn decide(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    visible: &Visibility,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(Lead, Decided)> {
    let mut lead = reach::get(conn, lead_id, visible)?;
    if lead.is_test {
        return Ok((lead, Decided::default()));
    }
    let activities = score_lead::activities_of(conn, lead_id)?;
    let answers = qualification_answers::list_of_lead(conn, lead_id)?;
    let moves = qualify_lead::moves_of(conn, &lead, rules)?;
    let mut decided = qualify_lead::decide(&mut lead, &answers, &activities, moves, rules, now);
    decided
        .decisions
        .extend(score(&mut lead, &activities, rules, now));
    let had = assignments::list_of_lead(conn, lead_id)?.into_iter();
    let had: Vec<Assignment> = had.map(|record| record.assignment).collect();
    (lead.owner_id, lead.team_id, lead.queue) = (None, None, None);
    let let_go = let_go_by(&had);
    decided.extend(Decider::default().route(conn, &mut lead, &activities, &let_go, rules, now)?);
    let trigger = Trigger::Captured;
    decided.extend(decide_lead::start_clocks(
        &lead,
        &activities,
        trigger,
        rules,
        now,
    ));
    Ok((lead, decided))
}

/// What the lead is worth, from nothing; it takes the score.
fn score(
    lead: &mut Lead,
    activities: &[Activity],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Option<Decision> {
    let began = Instant::now();
    let facts = Facts { lead, activities };
    let scored = ScoreRecord::begin(lead.id).rescore(&rules.playbook.models, &facts, now);
    lead.score = scored.score;
    let finding = scored.finding?;
    Some(score_lead::decision(lead, finding, began, rules, now))
}
