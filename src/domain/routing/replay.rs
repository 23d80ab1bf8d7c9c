//! Deciding again from the record of a decision.

use super::candidate::{Candidate, Exclusion, OffShift};
use super::compile::Router;
use super::decide::{Destination, PassedOver, Routed, World, route};
use super::desk::Desk;
use super::document::Target;
use super::pool::Members;
use super::roster::{Roster, RosterUser, Shifts};
use super::turns::{MemberTurns, Turns};
use crate::domain::access::Role;
use crate::domain::condition::Facts;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Decides again, by the policy and the pools of then, over the facts of then. Users, turns, open leads, shifts and the
/// time are those of the record, so the answer is equal to it, unless it was decided otherwise.
pub fn replay(router: &Router, facts: Facts, record: &Routed) -> Routed {
    let inputs = &record.inputs;
    let roster = roster(router, record);
    let world = World {
        facts,
        score: inputs.score,
        now: inputs.at,
        day: inputs.day,
        account_owner: inputs.account_owner,
        earlier_owner: inputs.earlier_owner,
        let_go: &inputs.let_go,
        shifts: &Recorded::of(router, &roster, record),
        roster: &roster,
    };
    Routed {
        // Follows from the rest, and older records do not say it.
        fell_through: record.fell_through,
        ..route(router, &world, &mut desk(record))
    }
}

fn candidates(record: &Routed) -> impl Iterator<Item = &Candidate> {
    record.tried.iter().flat_map(|attempt| &attempt.candidates)
}

/// Whoever was looked at was there, but for those of whom the record says otherwise: who was disabled is in `not_there`, and
/// nowhere if there was no such user any more.
fn roster(router: &Router, record: &Routed) -> Roster {
    let inputs = &record.inputs;
    let user = |id: Uuid| {
        let is_owner = record.to == Destination::Owner(id);
        let user = RosterUser {
            id,
            is_active: true,
            is_invited: false,
            role: Role::Rep,
            team_id: record.team_id.filter(|_| is_owner),
            away_until: None,
        };
        (id, user)
    };
    let exists = |candidate: &&Candidate| !candidate.excluded_by.contains(&Exclusion::Disabled);
    let members = candidates(record).filter(exists);
    let mut users: HashMap<Uuid, RosterUser> = members.map(|one| user(one.user_id)).collect();
    if let Destination::Owner(owner) = record.to {
        users.entry(owner).or_insert(user(owner).1);
    }
    for attempt in &record.tried {
        if let Some(PassedOver::Excluded { user_id, by }) = &attempt.passed_over
            && *by != Exclusion::Disabled
        {
            users.entry(*user_id).or_insert(user(*user_id).1);
        }
    }
    users.extend(inputs.not_there.iter().map(|user| (user.id, *user)));
    let of_all_reps = record.tried.iter().find(|attempt| match &attempt.target {
        Target::Pool(key) => {
            let pool = router.pools.get(key);
            pool.is_some_and(|pool| pool.members == Members::AllReps)
        }
        _ => false,
    });
    let reps = of_all_reps.map_or(&[][..], |attempt| &attempt.candidates);
    Roster::with_reps(users, reps.iter().map(|one| one.user_id).collect())
}

fn desk(record: &Routed) -> Desk {
    let mut turns = BTreeMap::new();
    for attempt in &record.tried {
        if let Target::Pool(key) = &attempt.target {
            let account = |one: &Candidate| MemberTurns {
                user_id: one.user_id,
                given: 0,
                credit: one.credit,
                given_today: one.given_today,
            };
            let before = Turns {
                version: 0,
                day: record.inputs.day,
                members: attempt.candidates.iter().map(account).collect(),
                left: BTreeMap::new(),
            };
            turns.insert(key.clone(), before);
        }
    }
    let loads = candidates(record).filter_map(|one| Some((one.user_id, one.load?)));
    Desk::new(turns, loads.collect())
}

/// The shifts that the record tells of, by calendar; those it does not are on.
struct Recorded<'a>(HashMap<&'a str, OffShift>);

impl<'a> Recorded<'a> {
    fn of(router: &'a Router, roster: &'a Roster, record: &Routed) -> Recorded<'a> {
        let mut shifts = HashMap::new();
        for attempt in &record.tried {
            let Target::Pool(key) = &attempt.target else {
                continue;
            };
            let members = router
                .pools
                .get(key)
                .map_or(&[][..], |pool| pool.members(roster));
            for (member, candidate) in members.iter().zip(&attempt.candidates) {
                let shift = member.calendar.as_deref().zip(candidate.off_shift);
                shifts.extend(shift);
            }
        }
        Recorded(shifts)
    }
}

impl Shifts for Recorded<'_> {
    fn is_on(&self, calendar: &str, _at: DateTime<Utc>) -> bool {
        !self.0.contains_key(calendar)
    }

    fn next_on(&self, calendar: &str, _at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.get(calendar).and_then(|shift| shift.next_on_at)
    }
}
