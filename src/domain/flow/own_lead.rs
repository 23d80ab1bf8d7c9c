//! People take leads on, or give them back: what is offered is accepted or rejected, what waits in a queue is claimed.

use crate::domain::access::Role;
use crate::domain::activity::Activity;
use crate::domain::assignment::{Refused, Step};
use crate::domain::capture::{begin_change, event};
use crate::domain::decision::{AssignmentRecord, Decided};
use crate::domain::event::EventType;
use crate::domain::flow::change_lead::check_version;
use crate::domain::flow::clocks;
use crate::domain::flow::decide_lead::{self, Decider};
use crate::domain::flow::let_go::let_go;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::reach;
use crate::domain::ids::ProcessIds;
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::routing::RosterUser;
use crate::domain::sla::{ClockKind, meets};
use crate::domain::user::{User, UserStatus};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{assignments, leads, outbox, users};
use chrono::SubsecRound;
use serde_json::json;
use uuid::Uuid;

/// For whom somebody takes a lead on or gives it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// For themselves only.
    Own(Uuid),
    /// For any owner.
    Any,
}

/// A lead and what was decided about it.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The lead afterwards.
    pub lead: Lead,
    /// Its assignment that counts, if somebody has it.
    pub assignment: Option<AssignmentRecord>,
    /// What was decided besides.
    pub decided: Decided,
}

/// The assignment that counts of a lead; `None`: nobody has it.
pub fn current(conn: &mut TenantConnection, lead: &Lead) -> Result<Option<AssignmentRecord>> {
    let mut records = assignments::list_of_lead(conn, lead.id)?.into_iter();
    let is_theirs = |record: &AssignmentRecord| lead.owner_id == Some(record.assignment.user_id);
    Ok(records.find(|record| record.assignment.state.is_open() && is_theirs(record)))
}

/// Accepts a lead that is offered. Doing it twice changes nothing.
///
/// # Errors
/// A conflict when nobody has the lead, or nobody has to answer it any more; [`Error::Forbidden`] when it is somebody else's;
/// [`Error::VersionMismatch`] when `expected` does not hold.
pub fn accept(
    conn: &mut TenantConnection,
    id: Uuid,
    hand: Hand,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Taken> {
    let lead = reach::lock(conn, id, &by.visible)?;
    check_version(&lead, expected)?;
    let mut record = held(conn, &lead, hand)?;
    // What is answered at once is what is read later.
    let now = by.now.trunc_subsecs(6);
    match record.assignment.step(Step::Accept, now) {
        Ok(accepted) => record.assignment = accepted,
        Err(Refused::AcceptedAlready) => {
            return Ok(Taken {
                lead,
                assignment: Some(record),
                decided: Decided::default(),
            });
        }
        Err(refused) => {
            return Err(in_other_hands(format!(
                "The lead cannot be accepted: {refused}."
            )));
        }
    }
    accepted(conn, lead, record, by)
}

/// Owners who turn to a lead that is offered to them, which is locked, have accepted it: by what a first response is, and by a
/// conversation that the other side began; not by a mail that was sent for them.
pub fn accept_by_deed(
    conn: &mut TenantConnection,
    lead: &Lead,
    activity: &Activity,
    by: &OnBehalf,
) -> Result<()> {
    let is_by_person = clocks::is_by_person(activity);
    let is_talk = ["call", "meeting", "chat"].contains(&activity.kind.as_str());
    if meets(ClockKind::FirstResponse, activity, is_by_person) || (is_by_person && is_talk) {
        accept_by_work(conn, &mut lead.clone(), by)?;
    }
    Ok(())
}

/// Owners who work on a lead that is offered to them, which is locked, have accepted it. It takes the change.
pub fn accept_by_work(conn: &mut TenantConnection, lead: &mut Lead, by: &OnBehalf) -> Result<()> {
    let actor = &by.provenance.actor;
    let is_owner = actor.kind == "user" && actor.id.is_some() && actor.id == lead.owner_id;
    match is_owner {
        true => take_on(conn, lead, by),
        false => Ok(()),
    }
}

/// The owner of a lead, which is locked, takes it on, if it is offered to them. It takes the change.
pub fn take_on(conn: &mut TenantConnection, lead: &mut Lead, by: &OnBehalf) -> Result<()> {
    if !lead.is_open() {
        return Ok(());
    }
    let Some(mut record) = current(conn, lead)? else {
        return Ok(());
    };
    let now = by.now.trunc_subsecs(6);
    if let Ok(taken) = record.assignment.step(Step::Accept, now) {
        record.assignment = taken;
        *lead = accepted(conn, lead.clone(), record, by)?.lead;
    }
    Ok(())
}

/// Writes and tells that a lead was accepted.
fn accepted(
    conn: &mut TenantConnection,
    mut lead: Lead,
    record: AssignmentRecord,
    by: &OnBehalf,
) -> Result<Taken> {
    assignments::update(conn, &record)?;
    let before = lead.clone();
    begin_change(&mut lead, by.now);
    let mut happened = event(
        EventType::LeadAccepted,
        &mut lead,
        Vec::new(),
        &mut ProcessIds,
    );
    happened.data =
        Some(json!({"owner_id": record.assignment.user_id, "assignment_id": record.id}));
    leads::update(conn, &before, &lead, &by.rules)?;
    outbox::add_all(conn, &[(&happened, &by.provenance)])?;
    clocks::accepted(conn, &lead, &by.rules, &by.provenance, by.now)?;
    Ok(Taken {
        lead,
        assignment: Some(record),
        decided: Decided::default(),
    })
}

/// Gives a lead back, with the reason: it is routed again, without those who let it go.
///
/// # Errors
/// As [`accept`].
pub fn reject(
    conn: &mut TenantConnection,
    id: Uuid,
    reason: &str,
    hand: Hand,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Taken> {
    let mut lead = reach::lock(conn, id, &by.visible)?;
    check_version(&lead, expected)?;
    let record = held(conn, &lead, hand)?;
    let before = lead.clone();
    begin_change(&mut lead, by.now);
    let mut happened = event(
        EventType::LeadRejected,
        &mut lead,
        Vec::new(),
        &mut ProcessIds,
    );
    happened.data = Some(
        json!({"reason": reason, "owner_id": record.assignment.user_id, "assignment_id": record.id}),
    );
    leads::update(conn, &before, &lead, &by.rules)?;
    outbox::add_all(conn, &[(&happened, &by.provenance)])?;
    let step = Step::Reject {
        reason: reason.to_owned(),
    };
    let mut decider = Decider::default();
    let by_whom = (&by.provenance, by.now);
    let decided = let_go(conn, &mut decider, &mut lead, &step, &by.rules, by_whom)?;
    decider.save(conn)?;
    Ok(Taken {
        lead,
        assignment: decided.assignment.clone(),
        decided,
    })
}

/// The assignment of who has a lead, if they are who may speak for it.
fn held(conn: &mut TenantConnection, lead: &Lead, hand: Hand) -> Result<AssignmentRecord> {
    check_open(lead)?;
    let record = current(conn, lead)?;
    let record = record.ok_or_else(|| {
        in_other_hands("Nobody has the lead, so there is nothing to accept or to give back.")
    })?;
    match hand {
        Hand::Own(user_id) if user_id != record.assignment.user_id => Err(Error::Forbidden(
            "The lead is somebody else's: only they, and who may assign leads, can accept it or give it back.",
        )),
        _ => Ok(record),
    }
}

/// What nobody has to answer any more stays with who answered it.
fn check_open(lead: &Lead) -> Result<()> {
    if lead.is_open() {
        return Ok(());
    }
    Err(in_other_hands(
        "Nobody has to answer the lead: it is converted, disqualified or a test. Who wants to go on with it moves it to another stage first.",
    ))
}

fn in_other_hands(detail: impl Into<String>) -> Error {
    Conflict::InOtherHands {
        detail: detail.into(),
    }
    .into()
}

/// Takes a lead out of the queue in which it waits, for a user.
///
/// # Errors
/// A conflict when it waits in none, or nobody has to answer it any more; [`Error::VersionMismatch`] when `expected` does
/// not hold.
pub fn claim(
    conn: &mut TenantConnection,
    id: Uuid,
    user_id: Uuid,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Taken> {
    // Nobody owns what waits: it may be claimed by who is not shown the leads of others.
    let lead = leads::lock(conn, id)?;
    let lead = match lead.merged_into {
        Some(_) => reach::seen(conn, lead, &by.visible)?,
        None => lead,
    };
    if lead.deleted_at.is_some() {
        return Err(Error::not_found("lead", id));
    }
    if lead.queue.is_none() && !by.visible.shows(&lead) {
        return Err(Error::not_found("lead", id));
    }
    check_version(&lead, expected)?;
    take(conn, lead, user_id, by)
}

/// Takes the oldest lead that waits in a queue, for a user. Of several who claim at once each gets another.
///
/// # Errors
/// [`Error::NotFound`] when none waits there.
pub fn claim_next(
    conn: &mut TenantConnection,
    queue: &str,
    user_id: Uuid,
    by: &OnBehalf,
) -> Result<Taken> {
    let next = leads::lock_next_of_queue(conn, queue)?;
    let lead = next.ok_or_else(|| Error::not_found("lead waiting in the queue", queue))?;
    take(conn, lead, user_id, by)
}

/// Why somebody cannot claim a lead.
fn wrong_claimer(known: Option<&User>) -> FieldError {
    let (code, detail) = match known.map(|user| user.status) {
        Some(UserStatus::Active) if known.is_some_and(|user| user.role == Role::Readonly) => (
            "readonly_user",
            "this user may only read and answers no leads: name another, or give them a role that does",
        ),
        Some(UserStatus::Invited) => (
            "invited_user",
            "this user has not accepted the invitation yet, and answers no leads until then: name another",
        ),
        Some(UserStatus::Disabled) => (
            "disabled_user",
            "this user is disabled and answers no leads: name another, or enable them",
        ),
        Some(UserStatus::Active) | None => (
            "unknown_user",
            "the workspace has no such user who answers leads; GET /v1/users lists those it has",
        ),
    };
    FieldError::new("/user_id", code, detail)
}

fn take(
    conn: &mut TenantConnection,
    mut lead: Lead,
    user_id: Uuid,
    by: &OnBehalf,
) -> Result<Taken> {
    let Some(queue) = lead.queue.clone() else {
        let who = match lead.owner_id {
            Some(_) => "it has an owner",
            None => "nobody has it",
        };
        return Err(in_other_hands(format!(
            "The lead waits in no queue: {who}. POST /v1/leads/{{id}}/assignment gives it to somebody."
        )));
    };
    check_open(&lead)?;
    let roster = &by.rules.playbook.roster;
    let answers = |user: &&RosterUser| user.is_active && user.role != Role::Readonly;
    let Some(user) = roster.find(user_id).filter(answers) else {
        let known = users::find(conn, user_id)?;
        return Err(Error::Invalid(vec![wrong_claimer(known.as_ref())]));
    };
    let before = lead.clone();
    begin_change(&mut lead, by.now);
    (lead.owner_id, lead.queue) = (Some(user_id), None);
    lead.team_id = user.team_id.or(lead.team_id);
    let changes = differences(&before, &lead);
    let mut happened = event(EventType::LeadAssigned, &mut lead, changes, &mut ProcessIds);
    happened.data = Some(json!({"reason": format!("claimed from the queue {queue}")}));
    leads::update(conn, &before, &lead, &by.rules)?;
    outbox::add_all(conn, &[(&happened, &by.provenance)])?;
    let activities = decide_lead::activities_of(conn, lead.id, &by.rules)?;
    let given = decide_lead::given(&lead, &activities, user_id, &by.rules, by.now);
    let decided = Decided {
        assignment: Some(given),
        ..Decided::default()
    };
    decide_lead::keep(conn, &decided)?;
    clocks::follow_owner(conn, &lead, &by.rules, &by.provenance, by.now)?;
    Ok(Taken {
        lead,
        assignment: decided.assignment.clone(),
        decided,
    })
}
