//! Turns: whose turn it is in a pool, and how fair that has been.
//!
//! Every member has a credit, in exact parts of a turn. When a lead is given, everybody who is in the running is due their
//! share of one turn, `weight / sum of the weights in the running`, and who gets the lead pays a whole one. So a credit is
//! what somebody should have had less what they had, counted over the leads for which they were in the running: who is away, capped
//! or lacks the skill neither gains nor loses. Somebody new begins at zero.
//!
//! # Whose turn it is
//! With k in the running, a turn may be taken early, from a credit of `e = 1/(2k − 2)`, and has to be taken late, when the credit
//! would go beyond `1 − e`. Of those who may, the one whose time is up first is next: least `(1 − e − credit) / share`. This
//! is Tijdeman's rule (R. Tijdeman, The chairman assignment problem, Discrete Mathematics 32 (1980), 323–330), which keeps
//!
//! > |given − expected| ≤ 1 − 1/(2k − 2) < 1 at every moment, for as long as the same members are in the running,
//!
//! and no rule can keep less. Taking the highest credit instead, as smooth weighted round robin does (nginx), goes beyond one
//! turn: 1.28 turns with the 23 weights of a test.
//!
//! The running changes from lead to lead (absences, caps, skills). Somebody late then goes first, the latest before the
//! others, and where nobody may take a turn early the highest credit does. So who is chosen is never more than
//! `δ = 1 − 1/(k − 1)` below the highest credit, and with n members in the pool, *whoever* is in the running when:
//!
//! > |given − expected| ≤ n − 3/2.
//!
//! Proof: the sum of the m highest credits stays at or below `f(m) = a·m·(n − m)`, `a = (1 + δ)/2`. It can grow only where b ≥ 1
//! of the m were in the running and the chosen one is none of them. The b are then at most `1 + δ` above the chosen one, so with the sum
//! over m + 1 at most `f(m + 1)`, as one turn came and one went, and the sum over the m − b at most `f(m − b)`, that over m is at
//! most `(b·f(m + 1) + f(m − b) + b(1 + δ)) / (b + 1) = f(m) − a·b + b(1 + δ)/(b + 1) ≤ f(m)`. Put m = 1, and m = n − 1
//! with a sum of all credits of zero. (For the carpool problem the like bound is known to grow with n for every
//! deterministic rule: Ajtai et al., Fairness in scheduling, J. Algorithms 29 (1998).) In practice credits stay within two turns.
//!
//! A credit that is given back ([`return_turn`]) undoes its turn for all who were in the running, so that saying no again
//! and again neither fills an account nor empties those of others.

use super::candidate::Candidate;
use super::pool::Member;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Parts of one turn: the least common multiple of 1 to 30, so that the shares of up to thirty alike are exact, and
/// credits of a thousand turns are exact in JSON (IEEE 754). Other shares are rounded so that together they are exactly one turn;
/// after 10⁹ leads that is less than a thousandth of a turn.
pub const TURN: i64 = 2_329_089_562_800;

/// The account of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberTurns {
    /// Whose.
    pub user_id: Uuid,
    /// Leads given, less those whose turn was returned.
    pub given: i64,
    /// What is due to them, in [`TURN`]ths of a turn.
    pub credit: i64,
    /// Leads given on `day`.
    pub given_today: u32,
}

/// The accounts of a pool: one row, read and written once for a whole batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Turns {
    /// Counts every turn that is taken or returned, from 0.
    pub version: i64,
    /// The day of `given_today`, in the workspace's zone.
    pub day: NaiveDate,
    /// In the order of the pool's members.
    pub members: Vec<MemberTurns>,
    /// Leads given on `day` to those who left the pool since: who comes back that day goes on from there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left: BTreeMap<Uuid, u32>,
}

/// Somebody in the running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runner {
    /// Which member.
    pub place: usize,
    /// 1 to 100.
    pub weight: u32,
}

/// A turn that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// By which member.
    pub place: usize,
    /// Their credit with their share of the lead, and the turn paid.
    pub credit_after: i64,
}

impl Turns {
    /// Nobody had a turn yet.
    pub fn new(day: NaiveDate) -> Turns {
        Turns {
            version: 0,
            day,
            members: Vec::new(),
            left: BTreeMap::new(),
        }
    }

    /// Brings the accounts into the order of `members`. New ones begin at zero; what is due to those who left goes, in equal
    /// parts, to those who stay, so that nothing is owed by nobody. Who comes back on the day on which they left had as many
    /// leads that day as they had.
    pub fn align<'a>(&mut self, members: impl ExactSizeIterator<Item = &'a Uuid> + Clone) {
        let mut kept = self.members.iter().map(|account| &account.user_id);
        if members.len() == self.members.len() && members.clone().all(|id| kept.next() == Some(id))
        {
            return;
        }
        let before = std::mem::take(&mut self.members);
        let sum: i64 = before.iter().map(|account| account.credit).sum();
        let found = |user_id: &Uuid| before.iter().find(|account| account.user_id == *user_id);
        let left = &mut self.left;
        left.extend(before.iter().map(|one| (one.user_id, one.given_today)));
        self.members = members
            .map(|user_id| {
                let given_today = left.remove(user_id).unwrap_or(0);
                found(user_id).copied().unwrap_or(MemberTurns {
                    user_id: *user_id,
                    given: 0,
                    credit: 0,
                    given_today,
                })
            })
            .collect();
        left.retain(|_, given_today| *given_today > 0);
        let now: i64 = self.members.iter().map(|account| account.credit).sum();
        let stays = |account: &&mut MemberTurns| found(&account.user_id).is_some();
        let mut stayed: Vec<&mut MemberTurns> = self.members.iter_mut().filter(stays).collect();
        let count = stayed.len();
        for (index, account) in stayed.iter_mut().enumerate() {
            account.credit += part(sum - now, index, index + 1, count);
        }
    }

    /// Begins a new day, if it is one.
    pub fn begin_day(&mut self, day: NaiveDate) {
        if day > self.day {
            self.day = day;
            for account in &mut self.members {
                account.given_today = 0;
            }
            self.left.clear();
        }
    }

    /// Takes the turn of one lead among those in the running; `None` when there are none.
    pub fn take(&mut self, runners: &[Runner]) -> Option<Taken> {
        for (runner, share) in runners
            .iter()
            .zip(shares(runners.iter().map(|one| one.weight)))
        {
            self.members[runner.place].credit += share;
        }
        let place = runners[self.next(runners)?].place;
        let account = &mut self.members[place];
        account.credit -= TURN;
        account.given += 1;
        account.given_today += 1;
        let credit_after = account.credit;
        self.version += 1;
        Some(Taken {
            place,
            credit_after,
        })
    }

    /// Who of them is next, with the shares of this lead credited already. The first of them where two are alike.
    fn next(&self, runners: &[Runner]) -> Option<usize> {
        let credit = |index: usize| self.members[runners[index].place].credit;
        let highest = (0..runners.len()).reduce(|best, index| {
            if credit(index) > credit(best) {
                index
            } else {
                best
            }
        })?;
        let early = TURN / (2 * runners.len() as i64 - 2).max(1);
        let late = TURN - early;
        if credit(highest) > late || credit(highest) < early {
            return Some(highest);
        }
        let weight = |index: usize| i64::from(runners[index].weight);
        let is_sooner = |one: usize, other: usize| {
            (late - credit(one)) * weight(other) < (late - credit(other)) * weight(one)
        };
        (0..runners.len())
            .filter(|index| credit(*index) >= early)
            .reduce(|first, index| {
                if is_sooner(index, first) {
                    index
                } else {
                    first
                }
            })
    }
}

/// What each is due of one turn. Differences of rounded running sums: together exactly [`TURN`].
fn shares(weights: impl Iterator<Item = u32> + Clone) -> impl Iterator<Item = i64> {
    let sum: i64 = weights.clone().map(i64::from).sum();
    let (mut so_far, mut due) = (0, 0);
    weights.map(move |weight| {
        so_far += i64::from(weight);
        let until = TURN * so_far / sum;
        let share = until - due;
        due = until;
        share
    })
}

/// The parts from `from` to `to` of an amount in `count` parts.
fn part(amount: i64, from: usize, to: usize, count: usize) -> i64 {
    let until = |index: usize| amount * index as i64 / count as i64;
    until(to) - until(from)
}

/// Returns a turn that `user` took on `day`: as if the lead had not been given.
///
/// `candidates` are those of the decision that gave it. For somebody who is not in the pool any more, only the day counts a
/// lead less; what others who left would give back, `user` goes without.
pub fn return_turn(turns: &mut Turns, candidates: &[Candidate], user: Uuid, day: NaiveDate) {
    let Some(place) = turns
        .members
        .iter()
        .position(|account| account.user_id == user)
    else {
        if let Some(given_today) = turns.left.get_mut(&user).filter(|_| turns.day == day) {
            *given_today = given_today.saturating_sub(1);
        }
        return;
    };
    let runners = candidates.iter().filter(|candidate| candidate.in_running);
    for (candidate, share) in runners.clone().zip(shares(runners.map(|one| one.weight))) {
        let mut accounts = turns.members.iter();
        let who = accounts.position(|account| account.user_id == candidate.user_id);
        turns.members[who.unwrap_or(place)].credit -= share;
    }
    let account = &mut turns.members[place];
    account.credit += TURN;
    account.given -= 1;
    if turns.day == day {
        account.given_today = account.given_today.saturating_sub(1);
    }
    turns.version += 1;
}

/// How fair a pool has been to one member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Fairness {
    /// To whom.
    pub user_id: Uuid,
    /// Their weight now.
    pub weight: u32,
    /// Leads they should have had, of those for which they were in the running, by their share of each.
    pub expected: f64,
    /// Leads they had, less those whose turn was returned.
    pub given: i64,
    /// `expected − given`, in turns: above zero, somebody is owed leads.
    pub credit: f64,
}

/// How fair a pool has been, by member. `members` are the pool's, in any order.
pub fn fairness(members: &[Member], turns: &Turns) -> Vec<Fairness> {
    members
        .iter()
        .map(|member| {
            let mut accounts = turns.members.iter();
            let account = accounts.find(|account| account.user_id == member.user_id);
            let credit = account.map_or(0, |account| account.credit) as f64 / TURN as f64;
            let given = account.map_or(0, |account| account.given);
            Fairness {
                user_id: member.user_id,
                weight: member.weight,
                expected: given as f64 + credit,
                given,
                credit,
            }
        })
        .collect()
}
