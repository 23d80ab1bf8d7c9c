//! Assignments: somebody's time with a lead, from the moment it is given to them until they let it go or it is over.

use crate::domain::routing::LetGo;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How an assignment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentState {
    /// Given, and to be accepted.
    Offered,
    /// Accepted, or given without having to be.
    Accepted,
    /// The user said no.
    Rejected,
    /// The user did not accept it in time.
    TimedOut,
    /// It was taken from the user.
    TakenBack,
    /// It is over without anybody having let it go: the lead was given to somebody else by hand, or became a part of another, or
    /// came back, and somebody's time with it began anew.
    Ended,
}

impl AssignmentState {
    /// The user has the lead.
    pub fn is_open(self) -> bool {
        matches!(self, AssignmentState::Offered | AssignmentState::Accepted)
    }

    /// How the user let it go, if they did.
    pub fn let_go(self) -> Option<LetGo> {
        match self {
            AssignmentState::Rejected => Some(LetGo::Rejected),
            AssignmentState::TimedOut => Some(LetGo::TimedOut),
            AssignmentState::TakenBack => Some(LetGo::TakenBack),
            _ => None,
        }
    }
}

/// Somebody's time with a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AssignmentRecord)]
pub struct Assignment {
    /// Who has it.
    pub user_id: Uuid,
    /// How it stands.
    pub state: AssignmentState,
    /// When it was given.
    pub given_at: DateTime<Utc>,
    /// Until when it is to be accepted.
    pub accept_by: Option<DateTime<Utc>>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Hours without an activity of the user after which it is taken back.
    pub take_back_after_idle_hours: Option<u32>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was over.
    pub reason: Option<String>,
}

/// What happens to an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The user accepts it.
    Accept,
    /// The user says no.
    Reject { reason: String },
    /// The time to accept it is over.
    TimeOut,
    /// It is taken from the user: by a manager, a breached clock, or because nothing happened.
    TakeBack { reason: String },
    /// It is over.
    End { reason: String },
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It was accepted before.
    #[error("the assignment is accepted already")]
    AcceptedAlready,
    /// It is over.
    #[error("the assignment is over")]
    Over,
    /// The time to accept it is not over yet.
    #[error("the time to accept it is not over yet")]
    NotDue,
}

impl Assignment {
    /// Begins one. Where nothing has to be accepted, it is accepted at once.
    pub fn begin(
        user_id: Uuid,
        accept_within_minutes: Option<u32>,
        take_back_after_idle_hours: Option<u32>,
        now: DateTime<Utc>,
    ) -> Assignment {
        let accept_by =
            accept_within_minutes.map(|minutes| now + Duration::minutes(minutes.into()));
        Assignment {
            user_id,
            state: match accept_by {
                Some(_) => AssignmentState::Offered,
                None => AssignmentState::Accepted,
            },
            given_at: now,
            accept_by,
            accepted_at: accept_by.is_none().then_some(now),
            take_back_after_idle_hours,
            ended_at: None,
            reason: None,
        }
    }

    /// The same from now on, of a lead that came back: offered again if it was not accepted, with as much time.
    pub fn again(&self, now: DateTime<Utc>) -> Assignment {
        let time = self.accept_by.filter(|_| self.accepted_at.is_none());
        let accept_by = time.map(|accept_by| now + (accept_by - self.given_at));
        Assignment {
            state: match accept_by {
                Some(_) => AssignmentState::Offered,
                None => AssignmentState::Accepted,
            },
            accept_by,
            accepted_at: accept_by.is_none().then_some(now),
            ..Assignment::begin(self.user_id, None, self.take_back_after_idle_hours, now)
        }
    }

    /// Takes a step. Somebody may accept late for as long as the assignment has not timed out, and may reject what they
    /// had accepted.
    ///
    /// # Errors
    /// The step does not fit how the assignment stands.
    pub fn step(&self, step: Step, now: DateTime<Utc>) -> Result<Assignment, Refused> {
        if !self.state.is_open() {
            return Err(Refused::Over);
        }
        let is_offered = self.state == AssignmentState::Offered;
        let mut next = self.clone();
        let (state, reason) = match step {
            Step::Accept if is_offered => {
                next.state = AssignmentState::Accepted;
                next.accepted_at = Some(now);
                return Ok(next);
            }
            Step::Accept => return Err(Refused::AcceptedAlready),
            Step::TimeOut if !is_offered => return Err(Refused::AcceptedAlready),
            Step::TimeOut if self.accept_by.is_none_or(|by| now < by) => {
                return Err(Refused::NotDue);
            }
            Step::TimeOut => (AssignmentState::TimedOut, "not accepted in time".to_owned()),
            Step::Reject { reason } => (AssignmentState::Rejected, reason),
            Step::TakeBack { reason } => (AssignmentState::TakenBack, reason),
            Step::End { reason } => (AssignmentState::Ended, reason),
        };
        next.state = state;
        next.ended_at = Some(now);
        next.reason = Some(reason);
        Ok(next)
    }

    /// When somebody has to look at it: whether it was accepted, or anything was done since. `None`: nothing is to be looked at.
    pub fn look_at(&self, last_activity_at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        match self.state {
            AssignmentState::Offered => self.accept_by,
            _ => self.idle_at(last_activity_at),
        }
    }

    /// When it is taken back unless something happens; `last_activity_at` is that of the owner's latest activity with the
    /// lead. Hours are elapsed time; `None`: it never is, or is not accepted yet.
    pub fn idle_at(&self, last_activity_at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let hours = self.take_back_after_idle_hours?;
        let since = self
            .accepted_at
            .filter(|_| self.state == AssignmentState::Accepted)?;
        let last = last_activity_at.map_or(since, |last| last.max(since));
        Some(last + Duration::hours(hours.into()))
    }
}

/// Who let a lead go, by its assignments: they do not get it again by routing.
pub fn let_go_by(assignments: &[Assignment]) -> Vec<Uuid> {
    let gone = assignments
        .iter()
        .filter(|one| one.state.let_go().is_some());
    let mut users: Vec<Uuid> = gone.map(|one| one.user_id).collect();
    users.sort_unstable();
    users.dedup();
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + minutes * 60, 0).unwrap()
    }

    fn user() -> Uuid {
        Uuid::from_u128(7)
    }

    #[test]
    fn an_offer_is_accepted_rejected_or_times_out() {
        let offer = Assignment::begin(user(), Some(5), None, at(0));
        assert_eq!(offer.state, AssignmentState::Offered);
        assert_eq!(offer.step(Step::TimeOut, at(4)), Err(Refused::NotDue));
        let late = offer.step(Step::TimeOut, at(5)).unwrap();
        assert_eq!(
            (late.state, late.ended_at),
            (AssignmentState::TimedOut, Some(at(5)))
        );
        let mine = offer.step(Step::Accept, at(6)).unwrap();
        assert_eq!(mine.state, AssignmentState::Accepted);
        assert_eq!(
            mine.step(Step::TimeOut, at(9)),
            Err(Refused::AcceptedAlready)
        );
        assert_eq!(
            mine.step(Step::Accept, at(9)),
            Err(Refused::AcceptedAlready)
        );
        assert_eq!(late.step(Step::Accept, at(6)), Err(Refused::Over));
    }

    #[test]
    fn a_hoarded_lead_is_taken_back_after_the_last_activity() {
        let mine = Assignment::begin(user(), None, Some(2), at(0));
        assert_eq!(mine.idle_at(None), Some(at(120)));
        assert_eq!(mine.idle_at(Some(at(60))), Some(at(180)));
        assert_eq!(mine.idle_at(Some(at(-60))), Some(at(120)));
        let offered = Assignment::begin(user(), Some(5), Some(2), at(0));
        assert_eq!(offered.idle_at(None), None);
    }

    #[test]
    fn who_let_a_lead_go_is_known_and_who_lost_it_by_hand_is_not() {
        let of = |number, step| {
            let given = Assignment::begin(Uuid::from_u128(number), Some(1), None, at(0));
            given.step(step, at(9)).unwrap()
        };
        let why = || "x".to_owned();
        let all = [
            of(4, Step::TakeBack { reason: why() }),
            of(1, Step::Reject { reason: why() }),
            of(2, Step::TimeOut),
            of(1, Step::TimeOut),
            of(3, Step::End { reason: why() }),
            of(5, Step::Accept),
        ];
        assert_eq!(let_go_by(&all), [1, 2, 4].map(Uuid::from_u128));
    }
}
