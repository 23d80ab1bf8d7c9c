//! A pool, ready to choose from.

use super::document::{Absence, LetGo, Strategy, WhenAllOffShift};
use super::needs::Needs;
use super::skills::Skills;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// A pool, ready to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// What people read.
    pub name: String,
    /// How it chooses.
    pub strategy: Strategy,
    /// Who is in it.
    pub members: Members,
    /// What a member has to have for a lead.
    pub needs: Needs,
    /// What happens when everybody who could take a lead is off shift.
    pub when_all_off_shift: WhenAllOffShift,
    /// For [`Strategy::BestScore`]: the least score of leads that go to the best.
    pub hot_from_score: Option<i32>,
    /// After what a member gets the turn back.
    pub returns_turn: Vec<LetGo>,
    /// There can be leads that nobody in it can take.
    pub can_be_empty: bool,
    /// It looks at how many open leads members have.
    pub asks_of_open_leads: bool,
    /// What people can do, whatever it says of its members.
    pub skills: Arc<Skills>,
}

/// Who is in a pool.
#[derive(Debug, Clone, PartialEq)]
pub enum Members {
    /// The reps of the [`Roster`](super::Roster).
    AllReps,
    /// These.
    Listed(Vec<Member>),
}

/// A member of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Who.
    pub user_id: Uuid,
    /// 1 to 100; 1 where the strategy knows no weights.
    pub weight: u32,
    /// 1 is the best.
    pub rank: u32,
    /// In lower case.
    pub skills: Vec<String>,
    /// In lower case.
    pub languages: Vec<String>,
    /// Where they work; everywhere when there are none.
    pub territories: Vec<Place>,
    /// The key of the calendar of their shift.
    pub calendar: Option<String>,
    /// When they are not there.
    pub absences: Vec<Absence>,
    /// Most leads a day.
    pub daily_cap: Option<u32>,
    /// Most open leads.
    pub open_cap: Option<u32>,
}

/// Part of the world, in the form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// In lower case; the whole country without.
    pub region: Option<String>,
    /// What postal codes begin with, in capitals and without spaces.
    pub postal_codes: Vec<String>,
}

impl Member {
    /// A member like any other.
    pub fn plain(user_id: Uuid) -> Member {
        Member {
            user_id,
            weight: 1,
            rank: 1,
            skills: Vec::new(),
            languages: Vec::new(),
            territories: Vec::new(),
            calendar: None,
            absences: Vec::new(),
            daily_cap: None,
            open_cap: None,
        }
    }

    /// Until when they are not there; `None`: they are.
    pub fn absent_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let covers = |absence: &&Absence| absence.from <= now && now < absence.to;
        let covering = self.absences.iter().filter(covers);
        covering.map(|absence| absence.to).max()
    }
}
