//! The people of a workspace and their shifts, as far as routing goes.

use super::pool::Member;
use crate::domain::access::Role;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use utoipa::ToSchema;
use uuid::Uuid;

/// A user, as far as routing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RosterUser {
    /// Who.
    pub id: Uuid,
    /// May get leads: has come in, and is not disabled.
    pub is_active: bool,
    /// Has not accepted the invitation yet, and gets no leads before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_invited: bool,
    /// What they are in the workspace.
    pub role: Role,
    /// Their team, if they are in exactly one.
    pub team_id: Option<Uuid>,
    /// Until when they are away, whatever pools say; `None`: they are not.
    pub away_until: Option<DateTime<Utc>>,
}

/// The users and teams of a workspace. Made once for as long as they stay as they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roster {
    users: HashMap<Uuid, RosterUser>,
    reps: Vec<Member>,
    teams: HashSet<Uuid>,
    zones: HashMap<Uuid, Tz>,
}

impl Roster {
    /// Of all users. The active reps, managers and admins have their first turns by age of their ids.
    pub fn new(users: impl IntoIterator<Item = RosterUser>) -> Roster {
        let users: HashMap<Uuid, RosterUser> =
            users.into_iter().map(|user| (user.id, user)).collect();
        let sells = |user: &&RosterUser| {
            user.is_active && matches!(user.role, Role::Rep | Role::Manager | Role::Admin)
        };
        let mut reps: Vec<Uuid> = users.values().filter(sells).map(|user| user.id).collect();
        reps.sort_unstable();
        Roster::with_reps(users, reps)
    }

    pub(super) fn with_reps(users: HashMap<Uuid, RosterUser>, reps: Vec<Uuid>) -> Roster {
        Roster {
            users,
            reps: reps.into_iter().map(Member::plain).collect(),
            teams: HashSet::new(),
            zones: HashMap::new(),
        }
    }

    /// With these teams.
    pub fn with_teams(self, teams: HashSet<Uuid>) -> Roster {
        Roster { teams, ..self }
    }

    /// Whether there is a team of that id.
    pub fn has_team(&self, id: Uuid) -> bool {
        self.teams.contains(&id)
    }

    /// With the zones in which users and teams work, by their ids.
    pub fn with_zones(self, zones: HashMap<Uuid, Tz>) -> Roster {
        Roster { zones, ..self }
    }

    /// The zone in which a user or a team works, by its id.
    pub fn zone(&self, id: Uuid) -> Option<Tz> {
        self.zones.get(&id).copied()
    }

    /// The user of that id.
    pub fn find(&self, id: Uuid) -> Option<&RosterUser> {
        self.users.get(&id)
    }

    /// The same people, as if nobody were disabled: documents may name whoever was there when they were written.
    pub fn as_active(&self) -> Roster {
        let active = |user: &RosterUser| RosterUser {
            is_active: true,
            is_invited: false,
            ..*user
        };
        let users = self.users.iter();
        Roster {
            users: users.map(|(id, user)| (*id, active(user))).collect(),
            reps: self.reps.clone(),
            teams: self.teams.clone(),
            zones: self.zones.clone(),
        }
    }

    /// Everybody, in no order.
    pub fn users(&self) -> impl Iterator<Item = &RosterUser> {
        self.users.values()
    }

    /// Everybody who is active.
    pub fn ids(&self) -> impl Iterator<Item = Uuid> + '_ {
        let active = self.users.values().filter(|user| user.is_active);
        active.map(|user| user.id)
    }

    /// The members of a pool of all reps.
    pub fn reps(&self) -> &[Member] {
        &self.reps
    }
}

/// When people of a calendar are on shift.
pub trait Shifts {
    /// Whether they are at that moment.
    fn is_on(&self, calendar: &str, at: DateTime<Utc>) -> bool;

    /// When they are next, after a moment at which they are not; `None`: never, as far as can be seen.
    fn next_on(&self, calendar: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>>;
}
