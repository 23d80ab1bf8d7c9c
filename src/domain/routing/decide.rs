//! Routing one lead.

use super::candidate::{Candidate, Exclusion, judge_all, not_come_in};
use super::compile::{LAST_QUEUE, Router, Rule};
use super::desk::Desk;
use super::document::{EarlierOwnerTarget, Target};
use super::roster::{Roster, RosterUser, Shifts};
use super::running;
use crate::domain::condition::Facts;
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What one lead is routed by.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// What is known of the lead.
    pub facts: Facts<'a>,
    /// Its score, where there is one.
    pub score: Option<i32>,
    /// When it is routed.
    pub now: DateTime<Utc>,
    /// Which day that is in the workspace's zone.
    pub day: NaiveDate,
    /// Who owns the account, by the mail address or the company's domain.
    pub account_owner: Option<Uuid>,
    /// Who had the lead before.
    pub earlier_owner: Option<EarlierOwner>,
    /// Who let it go; see [`let_go_by`](crate::domain::assignment::let_go_by).
    pub let_go: &'a [Uuid],
    /// The users.
    pub roster: &'a Roster,
    /// Their shifts.
    pub shifts: &'a dyn Shifts,
}

/// Who had a lead before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EarlierOwner {
    /// Who.
    pub user_id: Uuid,
    /// When they last had it.
    pub last_at: DateTime<Utc>,
}

/// Where a lead goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// To that user.
    Owner(Uuid),
    /// To the queue of that key.
    Queue(String),
}

/// Why a target did not take a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum PassedOver {
    /// Nobody is known to own the account.
    NoAccountOwner,
    /// Nobody had the lead before.
    NoEarlierOwner,
    /// Who had the lead before had it too long ago.
    TooLongAgo {
        /// When they last had it.
        last_at: DateTime<Utc>,
    },
    /// The user cannot take it.
    Excluded {
        /// Who.
        user_id: Uuid,
        /// Why.
        by: Exclusion,
    },
    /// Nobody is in the pool, or there is none of that key.
    NoMembers,
    /// Everybody in the pool is excluded.
    NobodyEligible,
}

/// A target that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Which.
    pub target: Target,
    /// Why it did not take the lead; `null`: it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<PassedOver>,
    /// For a pool: its members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
}

/// The turn that a lead took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TurnTaken {
    /// Of which pool.
    pub pool: String,
    /// On which day.
    pub day: NaiveDate,
    /// The new owner's credit before, in [`TURN`](super::TURN)ths of a turn.
    pub credit_before: i64,
    /// And after.
    pub credit_after: i64,
}

/// What a decision was made by, beside the lead's own facts and the candidates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RouteInputs {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Which day that was in the workspace's zone.
    pub day: NaiveDate,
    /// The lead's score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i32>,
    /// Who owned the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_owner: Option<Uuid>,
    /// Who had the lead before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier_owner: Option<EarlierOwner>,
    /// Who let it go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub let_go: Vec<Uuid>,
    /// Of the users who were looked at, those who were invited, disabled, away, or may only read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_there: Vec<RosterUser>,
}

/// Where a lead goes, and why: the decision record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Routed {
    /// Where it goes.
    pub to: Destination,
    /// The key of the rule that held; `null`: none did.
    pub rule: Option<String>,
    /// None of the rule's own targets could take it, and one of the fallback did; where no rule held, that is no news.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fell_through: bool,
    /// The targets that were asked, in order; the last one took it, unless it fell to the last queue.
    pub tried: Vec<Attempt>,
    /// The turn it took, if a pool gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnTaken>,
    /// The new owner's team, if they are in exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<Uuid>,
    /// Minutes within which the new owner has to accept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_within_minutes: Option<u32>,
    /// Hours without an activity after which it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_back_after_idle_hours: Option<u32>,
    /// What the decision was made by.
    pub inputs: RouteInputs,
}

impl Routed {
    /// The members of the pool that gave it; empty when none did.
    pub fn candidates(&self) -> &[Candidate] {
        let taker = self.tried.last().filter(|_| self.turn.is_some());
        taker.map_or(&[], |attempt| &attempt.candidates)
    }
}

/// Decides who gets a lead, and takes the turn at the desk.
pub fn route(router: &Router, world: &World, desk: &mut Desk) -> Routed {
    let rule = router.rule_for(&world.facts, world.now);
    let mut tried = Vec::new();
    let mut turn = None;
    let mut to = None;
    for target in router.chain(rule) {
        let (outcome, candidates) = ask(target, router, world, desk, &mut turn);
        let passed_over = match outcome {
            Ok(destination) => {
                to = Some(destination);
                None
            }
            Err(why) => Some(why),
        };
        tried.push(Attempt {
            target: target.clone(),
            passed_over,
            candidates,
        });
        if to.is_some() {
            break;
        }
    }
    let to = to.unwrap_or_else(|| Destination::Queue(LAST_QUEUE.to_owned()));
    if let Destination::Owner(user) = &to {
        desk.add_open_lead(*user);
    }
    record(router, rule, world, tried, turn, to)
}

fn record(
    router: &Router,
    rule: Option<&Rule>,
    world: &World,
    tried: Vec<Attempt>,
    turn: Option<TurnTaken>,
    to: Destination,
) -> Routed {
    let owner = match &to {
        Destination::Owner(user) => world.roster.find(*user),
        Destination::Queue(_) => None,
    };
    let or_policy = |own: Option<u32>, policy: Option<u32>| owner.and(own.or(policy));
    let inputs = RouteInputs {
        at: world.now,
        day: world.day,
        score: world.score,
        account_owner: world.account_owner,
        earlier_owner: world.earlier_owner,
        let_go: world.let_go.to_vec(),
        not_there: not_there(&tried, world),
    };
    let is_taken = tried
        .last()
        .is_some_and(|attempt| attempt.passed_over.is_none());
    Routed {
        to,
        rule: rule.map(|rule| rule.key.clone()),
        fell_through: is_taken && rule.is_some_and(|rule| tried.len() > rule.to.len()),
        tried,
        turn,
        team_id: owner.and_then(|user| user.team_id),
        accept_within_minutes: or_policy(
            rule.and_then(|rule| rule.accept_within_minutes),
            router.accept_within_minutes,
        ),
        take_back_after_idle_hours: or_policy(
            rule.and_then(|rule| rule.take_back_after_idle_hours),
            router.take_back_after_idle_hours,
        ),
        inputs,
    }
}

/// Where a target sends the lead, or why nowhere; and whom it looked at.
fn ask(
    target: &Target,
    router: &Router,
    world: &World,
    desk: &mut Desk,
    turn: &mut Option<TurnTaken>,
) -> (Result<Destination, PassedOver>, Vec<Candidate>) {
    let outcome = match target {
        Target::Pool(key) => return ask_pool(key, router, world, desk, turn),
        Target::Queue(key) => Ok(Destination::Queue(key.clone())),
        Target::User(user) => ask_user(*user, world),
        Target::OwnerOfAccount(_) => match world.account_owner {
            Some(user) => ask_user(user, world),
            None => Err(PassedOver::NoAccountOwner),
        },
        Target::EarlierOwner(EarlierOwnerTarget { within_days }) => match world.earlier_owner {
            Some(earlier) => {
                let since = world.now.checked_sub_days(Days::new((*within_days).into()));
                let last_at = earlier.last_at;
                if since.is_some_and(|since| last_at < since) {
                    Err(PassedOver::TooLongAgo { last_at })
                } else {
                    ask_user(earlier.user_id, world)
                }
            }
            None => Err(PassedOver::NoEarlierOwner),
        },
    };
    (outcome, Vec::new())
}

/// A user who is meant in person: only being away, invited, disabled, a mere reader, or having let the lead go excludes them.
fn ask_user(user_id: Uuid, world: &World) -> Result<Destination, PassedOver> {
    let user = world.roster.find(user_id);
    let away_until = user
        .and_then(|user| user.away_until)
        .filter(|until| world.now < *until);
    let by = match (not_come_in(user), away_until) {
        (Some(by), _) => by,
        _ if world.let_go.contains(&user_id) => Exclusion::LetItGo,
        (_, Some(until)) => Exclusion::Absent { until },
        _ => return Ok(Destination::Owner(user_id)),
    };
    Err(PassedOver::Excluded { user_id, by })
}

fn ask_pool(
    key: &str,
    router: &Router,
    world: &World,
    desk: &mut Desk,
    turn: &mut Option<TurnTaken>,
) -> (Result<Destination, PassedOver>, Vec<Candidate>) {
    let found = router
        .pools
        .get(key)
        .map(|pool| (pool, pool.members(world.roster)));
    let Some((pool, members)) = found.filter(|(_, members)| !members.is_empty()) else {
        return (Err(PassedOver::NoMembers), Vec::new());
    };
    desk.open(key, members, world.day);
    let accounts = desk
        .turns()
        .get(key)
        .map_or(&[][..], |turns| &turns.members);
    let mut candidates = judge_all(pool, members, accounts, world, desk);
    let runners = running::narrow(pool, &mut candidates, world.score);
    let turns = desk.turns_mut(key);
    let Some(taken) = turns.and_then(|turns| turns.take(&runners)) else {
        return (Err(PassedOver::NobodyEligible), candidates);
    };
    *turn = Some(TurnTaken {
        pool: key.to_owned(),
        day: world.day,
        credit_before: candidates[taken.place].credit,
        credit_after: taken.credit_after,
    });
    let owner = Destination::Owner(members[taken.place].user_id);
    (Ok(owner), candidates)
}

/// Of the users who were looked at, those who were invited, disabled, away, or may only read.
fn not_there(tried: &[Attempt], world: &World) -> Vec<RosterUser> {
    let is_there =
        |user: &RosterUser| not_come_in(Some(user)).is_none() && user.away_until.is_none();
    let mut found: Vec<RosterUser> = Vec::new();
    for user_id in tried.iter().flat_map(|attempt| looked_at(attempt, world)) {
        let user = world.roster.find(user_id);
        if let Some(user) = user.filter(|user| !is_there(user))
            && !found.contains(user)
        {
            found.push(*user);
        }
    }
    found
}

fn looked_at<'a>(attempt: &'a Attempt, world: &World) -> impl Iterator<Item = Uuid> + use<'a> {
    let direct = match attempt.target {
        Target::User(user) => Some(user),
        Target::OwnerOfAccount(_) => world.account_owner,
        Target::EarlierOwner(_) => world.earlier_owner.map(|earlier| earlier.user_id),
        Target::Pool(_) | Target::Queue(_) => None,
    };
    let excluded = |candidate: &&Candidate| !candidate.excluded_by.is_empty();
    let members = attempt.candidates.iter().filter(excluded);
    direct
        .into_iter()
        .chain(members.map(|candidate| candidate.user_id))
}
