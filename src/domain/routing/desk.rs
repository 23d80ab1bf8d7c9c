//! The desk: what changes from one lead of a batch to the next.

use super::compile::Router;
use super::pool::{Member, Members, Pool};
use super::roster::Roster;
use super::turns::Turns;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Turns of the pools, and open leads of the users, while a batch is routed.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    turns: BTreeMap<String, Turns>,
    /// The pools whose turns decided something, also that it is nobody's.
    used: BTreeSet<String>,
    open_leads: HashMap<Uuid, u32>,
}

impl Desk {
    /// With the stored turns by key of the pool, and the open leads of users; who is left out has none.
    ///
    /// Turns of a pool that are not there begin anew: give those of every pool in [`Router::pools_for`] the batch's leads.
    pub fn new(turns: BTreeMap<String, Turns>, open_leads: HashMap<Uuid, u32>) -> Desk {
        Desk {
            turns,
            open_leads,
            ..Desk::default()
        }
    }

    /// How many open leads somebody has, with those of the batch.
    pub fn open_leads(&self, user: Uuid) -> u32 {
        self.open_leads.get(&user).copied().unwrap_or(0)
    }

    /// Open leads by user, with those of the batch.
    pub fn all_open_leads(&self) -> &HashMap<Uuid, u32> {
        &self.open_leads
    }

    /// The turns of a pool, to be returned to; `None` where there were none and none was taken.
    pub fn turns_mut(&mut self, pool: &str) -> Option<&mut Turns> {
        let turns = self.turns.get_mut(pool)?;
        if !self.used.contains(pool) {
            self.used.insert(pool.to_owned());
        }
        Some(turns)
    }

    /// The turns of every pool.
    pub fn turns(&self) -> &BTreeMap<String, Turns> {
        &self.turns
    }

    /// The turns that decided something, to be stored: also where nobody could take one, which may have been so at that moment only.
    pub fn used(&self) -> impl Iterator<Item = (&String, &Turns)> {
        let turns = self.turns.iter();
        turns.filter(|(pool, _)| self.used.contains(*pool))
    }

    /// Somebody has one more open lead.
    pub(super) fn add_open_lead(&mut self, user: Uuid) {
        *self.open_leads.entry(user).or_default() += 1;
    }

    /// Brings the turns of a pool to these members and that day.
    pub(super) fn open(&mut self, pool: &str, members: &[Member], day: NaiveDate) {
        let turns = self
            .turns
            .entry(pool.to_owned())
            .or_insert_with(|| Turns::new(day));
        turns.align(members.iter().map(|member| &member.user_id));
        turns.begin_day(day);
    }
}

impl Pool {
    /// Who is in it.
    pub fn members<'a>(&'a self, roster: &'a Roster) -> &'a [Member] {
        match &self.members {
            Members::AllReps => roster.reps(),
            Members::Listed(members) => members,
        }
    }
}

impl Router {
    /// Which users' open leads the pools look at; for [`Desk::new`].
    pub fn asks_of_open_leads(&self, roster: &Roster) -> Vec<Uuid> {
        let asking = self.pools.values().filter(|pool| pool.asks_of_open_leads);
        let members = asking.flat_map(|pool| pool.members(roster));
        let mut users: Vec<Uuid> = members.map(|member| member.user_id).collect();
        users.sort_unstable();
        users.dedup();
        users
    }
}
