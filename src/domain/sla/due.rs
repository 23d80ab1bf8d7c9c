//! Lists of clocks: what is due, for whom.

use super::clock::{Clock, ClockState};
use super::document::ClockKind;
use crate::domain::access::Visibility;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a clock stands that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenState {
    /// It counts.
    Running,
    /// It stands still, for a reason.
    Paused,
    /// Its time is over; it goes on counting.
    Breached,
}

impl OpenState {
    /// As the state of a clock.
    pub fn as_str(self) -> &'static str {
        match self {
            OpenState::Running => ClockState::Running.as_str(),
            OpenState::Paused => ClockState::Paused.as_str(),
            OpenState::Breached => ClockState::Breached.as_str(),
        }
    }
}

/// A page of clocks that is looked for, the first due first.
#[derive(Debug, Clone)]
pub struct DueList {
    /// Of this kind; `None`: of any.
    pub kind: Option<ClockKind>,
    /// In this state; `None`: those that count.
    pub state: Option<OpenState>,
    /// Of leads that this user owns.
    pub owner_id: Option<Uuid>,
    /// Of leads that belong to this team.
    pub team_id: Option<Uuid>,
    /// Due before this time; `None`: whenever.
    pub before: Option<DateTime<Utc>>,
    /// Of which leads the caller may know.
    pub visible: Visibility,
    /// After the clock that is due then and has this id; `None`: from the beginning.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// At most so many.
    pub limit: i64,
}

/// What a row of such a list tells of a lead.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = LeadOfClock)]
pub struct DueLead {
    /// The user who is accountable for it.
    #[schema(required = true)]
    pub owner_id: Option<Uuid>,
    /// The team it belongs to.
    #[schema(required = true)]
    pub team_id: Option<Uuid>,
    /// The queue it waits in while nobody owns it.
    #[schema(required = true)]
    pub queue: Option<String>,
    /// Given name.
    #[schema(required = true)]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(required = true)]
    pub last_name: Option<String>,
    /// Company the person speaks for.
    #[schema(required = true)]
    pub company: Option<String>,
    /// Mail address.
    #[schema(required = true)]
    pub email: Option<String>,
}

/// A clock, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct DueClock {
    /// The clock.
    pub clock: Clock,
    /// Its lead.
    pub lead: DueLead,
}
