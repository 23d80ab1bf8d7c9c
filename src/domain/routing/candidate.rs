//! Candidates: the members of a pool beside one lead, with everything that excludes them.

use super::decide::World;
use super::desk::Desk;
use super::needs::Wanted;
use super::pool::{Member, Pool};
use super::roster::RosterUser;
use super::skills::Skills;
use super::turns::MemberTurns;
use crate::domain::access::Role;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Why somebody cannot take a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Exclusion {
    /// They are disabled, or no user any more.
    Disabled,
    /// They have not accepted their invitation yet.
    Invited,
    /// They may only read.
    ReadOnly,
    /// They are absent.
    Absent {
        /// When they are back.
        until: DateTime<Utc>,
    },
    /// They are off shift.
    OffShift {
        /// When their shift is next; `null`: never, as far as can be seen.
        next_on_at: Option<DateTime<Utc>>,
    },
    /// They had as many leads of the pool today as they may.
    DailyCap {
        /// Leads they had.
        given_today: u32,
        /// Leads they may have.
        cap: u32,
    },
    /// They have as many open leads as they may.
    OpenCap {
        /// Open leads they have.
        open: u32,
        /// Open leads they may have.
        cap: u32,
    },
    /// They lack a skill.
    MissingSkill {
        /// Which, in lower case.
        skill: String,
    },
    /// They do not speak the lead's language.
    MissingLanguage {
        /// Which, in lower case.
        language: String,
    },
    /// The lead is in none of their territories.
    OutsideTerritory,
    /// They let this lead go before.
    LetItGo,
}

/// Somebody's shift, when it is not on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OffShift {
    /// When it is next; `null`: never, as far as can be seen.
    pub next_on_at: Option<DateTime<Utc>>,
}

/// A member of a pool beside one lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    /// Who.
    pub user_id: Uuid,
    /// Nothing excludes them.
    pub eligible: bool,
    /// Among those who are eligible, the pool's strategy did not prefer others; the turn was taken among these.
    pub in_running: bool,
    /// Everything that excludes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_by: Vec<Exclusion>,
    /// Their weight.
    pub weight: u32,
    /// Their rank; 1 is the best.
    pub rank: u32,
    /// Their credit before the lead came, in [`TURN`](super::TURN)ths of a turn.
    pub credit: i64,
    /// Leads that the pool had given them that day.
    pub given_today: u32,
    /// Open leads they had, where the pool looks at that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<u32>,
    /// They were off shift, also where that does not exclude them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_shift: Option<OffShift>,
}

/// Judges every member of a pool beside one lead. `accounts` are in the order of `members`.
pub(super) fn judge_all(
    pool: &Pool,
    members: &[Member],
    accounts: &[MemberTurns],
    world: &World,
    desk: &Desk,
) -> Vec<Candidate> {
    let wanted = pool.needs.of(world.facts.lead);
    let load = |member: &Member| {
        pool.asks_of_open_leads
            .then(|| desk.open_leads(member.user_id))
    };
    let both = members.iter().zip(accounts);
    both.map(|(member, account)| judge(member, account, load(member), &wanted, &pool.skills, world))
        .collect()
}

fn judge(
    member: &Member,
    account: &MemberTurns,
    load: Option<u32>,
    wanted: &Wanted,
    skills: &Skills,
    world: &World,
) -> Candidate {
    let user_id = member.user_id;
    let user = world.roster.find(user_id).filter(|user| user.is_active);
    let away_until = user
        .and_then(|user| user.away_until)
        .filter(|until| world.now < *until);
    let absent_until = away_until.max(member.absent_until(world.now));
    let off_shift = off_shift(member, world);
    let given_today = account.given_today;
    let mut excluded_by = Vec::new();
    excluded_by.extend(not_come_in(world.roster.find(user_id)));
    if world.let_go.contains(&user_id) {
        excluded_by.push(Exclusion::LetItGo);
    }
    excluded_by.extend(absent_until.map(|until| Exclusion::Absent { until }));
    excluded_by.extend(off_shift.map(|OffShift { next_on_at }| Exclusion::OffShift { next_on_at }));
    if let Some(cap) = member.daily_cap.filter(|cap| given_today >= *cap) {
        excluded_by.push(Exclusion::DailyCap { given_today, cap });
    }
    if let (Some(cap), Some(open)) = (member.open_cap, load)
        && open >= cap
    {
        excluded_by.push(Exclusion::OpenCap { open, cap });
    }
    excluded_by.extend(wanted.missing(member, skills));
    Candidate {
        user_id,
        eligible: excluded_by.is_empty(),
        in_running: false,
        excluded_by,
        weight: member.weight,
        rank: member.rank,
        credit: account.credit,
        given_today,
        load,
        off_shift,
    }
}

/// Why a user cannot take any lead at all.
pub(super) fn not_come_in(user: Option<&RosterUser>) -> Option<Exclusion> {
    match user {
        Some(user) if user.is_active && user.role == Role::Readonly => Some(Exclusion::ReadOnly),
        Some(user) if user.is_active => None,
        Some(user) if user.is_invited => Some(Exclusion::Invited),
        _ => Some(Exclusion::Disabled),
    }
}

fn off_shift(member: &Member, world: &World) -> Option<OffShift> {
    let calendar = member.calendar.as_deref()?;
    let is_off = !world.shifts.is_on(calendar, world.now);
    is_off.then(|| OffShift {
        next_on_at: world.shifts.next_on(calendar, world.now),
    })
}
