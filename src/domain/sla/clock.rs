//! A clock of a lead, and how it goes on.

use super::document::{Action, ClockKind, Priority, ZoneOf};
use super::event::ClockEvent;
use super::start::ClockStart;
use crate::domain::activity::{Activity, Direction, SKEW_MINUTES};
use crate::domain::calendar::{Calendar, NeverOpen};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// It counts.
    Running,
    /// It stands still, for a reason.
    Paused,
    /// What it waited for has happened, in time or late.
    Met,
    /// Its time is over; it goes on counting.
    Breached,
    /// Nobody waits for it any more.
    Cancelled,
}

impl ClockState {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            ClockState::Running => "running",
            ClockState::Paused => "paused",
            ClockState::Met => "met",
            ClockState::Breached => "breached",
            ClockState::Cancelled => "cancelled",
        }
    }
}

/// What a clock counts by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct CalendarUsed {
    /// Key of the calendar; `null`: around the clock.
    pub key: Option<String>,
    /// Its version.
    pub version: Option<i64>,
    /// IANA zone by whose clocks it goes.
    pub zone: String,
    /// Whose zone that is.
    pub zone_of: ZoneOf,
}

impl CalendarUsed {
    /// Around the clock.
    pub fn always() -> Self {
        CalendarUsed {
            key: None,
            version: None,
            zone: "UTC".to_owned(),
            zone_of: ZoneOf::Calendar,
        }
    }
}

/// An escalation of a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockStep {
    /// Percent of the time.
    pub at_percent: u32,
    /// What is to be done then.
    pub actions: Vec<Action>,
    /// When that is; while the clock is paused, when it was to be.
    pub at: DateTime<Utc>,
    /// When it was done.
    pub fired_at: Option<DateTime<Utc>>,
}

/// A stretch of time that was counted before the clock stood still, or by what it counted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ClockStretch)]
pub struct Stretch {
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
    /// Opening time in microseconds of it.
    pub micros: i64,
}

/// A clock of a lead. All of it has to be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ClockRecord)]
pub struct Clock {
    pub id: Uuid,
    pub lead_id: Uuid,
    /// What it waits for.
    pub kind: ClockKind,
    /// Key of the rule it came from.
    pub key: String,
    pub state: ClockState,
    pub started_at: DateTime<Utc>,
    /// How much opening time there is.
    pub within_seconds: i64,
    /// When it is, or was, breached; while it is paused, when it was to be.
    pub due_at: DateTime<Utc>,
    /// Escalations in order.
    pub steps: Vec<ClockStep>,
    /// The next step that has not fired.
    pub next_step: Option<usize>,
    /// When [`fire`](Clock::fire) has something to do next.
    pub next_fire_at: Option<DateTime<Utc>>,
    /// What it counts by.
    pub calendar: CalendarUsed,
    /// Opening time in microseconds that was counted up to `counted_from`.
    pub used_micros: i64,
    /// From when on opening time is to be added.
    pub counted_from: DateTime<Utc>,
    /// What `used_micros` is made of, in order, as far as that was kept: of clocks from before it was, later stretches only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<Stretch>,
    pub breached_at: Option<DateTime<Utc>>,
    pub met_at: Option<DateTime<Utc>>,
    /// Seconds by the wall clock after `due_at`, rounded up; none when in time.
    pub met_late_by_seconds: Option<i64>,
    pub paused_at: Option<DateTime<Utc>>,
    pub pause_reason: Option<String>,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub cancelled_reason: Option<String>,
}

/// How far a clock is. Elapsed and remaining add up to the time there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ClockStanding)]
pub struct Standing {
    /// Whole seconds of opening time.
    pub elapsed_seconds: i64,
    /// Below zero after the breach.
    pub remaining_seconds: i64,
    /// Rounded down; over 100 after the breach.
    pub percent: i64,
}

impl ClockStart {
    /// The clock that starts, and the event of it.
    pub fn into_clock(self, id: Uuid, lead_id: Uuid) -> (Clock, ClockEvent) {
        let event = ClockEvent::Started {
            due_at: self.due_at,
        };
        let mut clock = Clock {
            id,
            lead_id,
            kind: self.kind,
            key: self.key,
            state: ClockState::Running,
            started_at: self.started_at,
            within_seconds: self.within_seconds,
            due_at: self.due_at,
            steps: self.steps,
            next_step: None,
            next_fire_at: None,
            calendar: self.calendar,
            used_micros: 0,
            counted_from: self.started_at,
            counted: Vec::new(),
            breached_at: None,
            met_at: None,
            met_late_by_seconds: None,
            paused_at: None,
            pause_reason: None,
            cancelled_at: None,
            cancelled_reason: None,
        };
        clock.look_ahead();
        (clock, event)
    }
}

impl Clock {
    /// A part of so many seconds, exactly.
    pub(super) fn part(within_seconds: i64, percent: u32) -> Duration {
        Duration::microseconds(within_seconds * i64::from(percent) * 10_000)
    }

    /// Whether it counts: running, or breached.
    pub fn is_counting(&self) -> bool {
        matches!(self.state, ClockState::Running | ClockState::Breached)
    }

    /// Whether it is met or cancelled.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, ClockState::Met | ClockState::Cancelled)
    }

    /// Fires what is due at `now`, in the order of its moments, the breach before steps at 100 % and more. Each once,
    /// however late or often it is called.
    pub fn fire(&mut self, now: DateTime<Utc>) -> Vec<ClockEvent> {
        let mut events = Vec::new();
        if !self.is_counting() {
            return events;
        }
        while let Some(index) = self.next_step {
            let step = &self.steps[index];
            if step.at_percent >= 100 {
                events.extend(self.breach(now));
            }
            let step = &mut self.steps[index];
            if step.at > now {
                break;
            }
            step.fired_at = Some(now);
            events.push(ClockEvent::Warned {
                step: index,
                at_percent: step.at_percent,
                scheduled_at: step.at,
                late_by_seconds: (now - step.at).num_seconds(),
                actions: step.actions.clone(),
            });
            self.look_ahead();
        }
        events.extend(self.breach(now));
        self.look_ahead();
        events
    }

    /// Breaches it at the moment it was due, if that has come.
    fn breach(&mut self, now: DateTime<Utc>) -> Option<ClockEvent> {
        if self.state != ClockState::Running || now < self.due_at {
            return None;
        }
        self.state = ClockState::Breached;
        self.breached_at = Some(self.due_at);
        Some(ClockEvent::Breached {
            breached_at: self.due_at,
            late_by_seconds: (now - self.due_at).num_seconds(),
        })
    }

    /// Lets it stand still, after firing what is due. Nothing happens to one that does not count.
    pub fn pause(
        &mut self,
        reason: &str,
        now: DateTime<Utc>,
        calendar: &Calendar,
    ) -> Vec<ClockEvent> {
        if !self.is_counting() {
            return Vec::new();
        }
        let mut events = self.fire(now);
        self.count_to(now, calendar);
        self.state = ClockState::Paused;
        self.paused_at = Some(now);
        self.pause_reason = Some(reason.to_owned());
        self.look_ahead();
        events.push(ClockEvent::Paused {
            paused_at: now,
            reason: reason.to_owned(),
        });
        events
    }

    /// Lets a paused clock go on with the time it has left. Nothing happens to another.
    ///
    /// # Errors
    /// [`NeverOpen`] when the calendar does not reach it; then nothing has changed.
    pub fn resume(
        &mut self,
        now: DateTime<Utc>,
        calendar: &Calendar,
    ) -> Result<Vec<ClockEvent>, NeverOpen> {
        if self.state != ClockState::Paused {
            return Ok(Vec::new());
        }
        let old_due_at = self.due_at;
        let mut next = self.clone();
        next.counted_from = now.max(self.counted_from);
        next.state = match next.breached_at {
            Some(_) => ClockState::Breached,
            None => ClockState::Running,
        };
        (next.paused_at, next.pause_reason) = (None, None);
        next.schedule(calendar)?;
        *self = next;
        Ok(vec![ClockEvent::Resumed {
            resumed_at: now,
            old_due_at,
            new_due_at: self.due_at,
        }])
    }

    /// What it waited for happened at `at`. Late when that was after `due_at`; in time also when the news came after the
    /// breach was noticed, which is then withdrawn. Nothing happens to one that has ended.
    pub fn meet(&mut self, at: DateTime<Utc>, calendar: &Calendar) -> Vec<ClockEvent> {
        if self.has_ended() {
            return Vec::new();
        }
        let was_breached = self.breached_at.is_some();
        let mut events: Vec<ClockEvent> = self.breach(at).into_iter().collect();
        let late = self.breached_at.is_some() && at > self.due_at;
        let late_by_seconds = late.then(|| ((at - self.due_at).num_milliseconds() + 999) / 1000);
        let late_by_seconds = late_by_seconds.map(|seconds| seconds.max(1));
        if !late {
            // In time after all, be it at the very moment it was due.
            events.clear();
            self.breached_at = None;
        }
        self.used_micros = self.used_until(at, calendar);
        let at = at.max(self.started_at);
        self.state = ClockState::Met;
        self.met_at = Some(at);
        self.met_late_by_seconds = late_by_seconds;
        self.look_ahead();
        events.push(ClockEvent::Met {
            met_at: at,
            elapsed_seconds: self.used_micros / 1_000_000,
            late_by_seconds,
            breach_withdrawn: was_breached && !late,
        });
        events
    }

    /// Ends it unmet; a breach that has come is recorded first. Nothing happens to one that has ended.
    pub fn cancel(
        &mut self,
        reason: &str,
        now: DateTime<Utc>,
        calendar: &Calendar,
    ) -> Vec<ClockEvent> {
        if self.has_ended() {
            return Vec::new();
        }
        let mut events: Vec<ClockEvent> = self.breach(now).into_iter().collect();
        if self.is_counting() {
            self.count_to(now, calendar);
        }
        self.state = ClockState::Cancelled;
        self.cancelled_at = Some(now);
        self.cancelled_reason = Some(reason.to_owned());
        self.look_ahead();
        events.push(ClockEvent::Cancelled {
            cancelled_at: now,
            reason: reason.to_owned(),
        });
        events
    }

    /// Counts by another calendar, or the same in another zone, from `now` on, after firing what is due. What `old` has
    /// counted stays counted. A paused clock is scheduled when it resumes.
    ///
    /// # Errors
    /// [`NeverOpen`] when the new calendar does not reach it; then nothing has changed.
    pub fn recompute(
        &mut self,
        old: &Calendar,
        new: &Calendar,
        used: CalendarUsed,
        now: DateTime<Utc>,
    ) -> Result<Vec<ClockEvent>, NeverOpen> {
        if self.has_ended() {
            return Ok(Vec::new());
        }
        let mut next = self.clone();
        let mut events = next.fire(now);
        if next.is_counting() {
            next.count_to(now, old);
            next.schedule(new)?;
        }
        events.push(ClockEvent::Recomputed {
            recomputed_at: now,
            old_due_at: self.due_at,
            new_due_at: next.due_at,
            old_calendar: std::mem::replace(&mut next.calendar, used.clone()),
            new_calendar: used,
        });
        *self = next;
        Ok(events)
    }

    /// How soon the lead wants attention, by the escalations that have fired and as long as the clock counts.
    pub fn priority(&self) -> Option<Priority> {
        let fired = self.steps.iter().filter(|step| step.fired_at.is_some());
        let raised = fired.flat_map(|step| &step.actions);
        let raised = raised.filter_map(|action| match action {
            Action::RaisePriority { to } => Some(*to),
            _ => None,
        });
        raised.max().filter(|_| !self.has_ended())
    }

    /// How far it is at `now`. One that stands still or has ended stays where it was.
    pub fn standing(&self, now: DateTime<Utc>, calendar: &Calendar) -> Standing {
        let used = self.used_at(now, calendar);
        Standing {
            elapsed_seconds: used / 1_000_000,
            remaining_seconds: self.within_seconds - used / 1_000_000,
            percent: used / (self.within_seconds.max(1) * 10_000),
        }
    }

    /// Opening time in microseconds that was used up to `now`.
    pub fn used_at(&self, now: DateTime<Utc>, calendar: &Calendar) -> i64 {
        if !self.is_counting() {
            return self.used_micros;
        }
        let more = calendar.open_between(self.counted_from, now);
        self.used_micros + more.num_microseconds().unwrap_or_default()
    }

    /// As [`used_at`](Self::used_at), also of a time up to which more was counted already: the news of it came late. A stretch that
    /// was counted beyond it only in part is so by the calendar that counts now.
    fn used_until(&self, at: DateTime<Utc>, calendar: &Calendar) -> i64 {
        let beyond = self.counted.iter().filter(|stretch| stretch.to > at);
        let too_much = beyond.map(|stretch| {
            let before = calendar.open_between(stretch.from, at);
            let before = before.num_microseconds().unwrap_or_default();
            (stretch.micros - before).max(0)
        });
        self.used_at(at, calendar) - too_much.sum::<i64>()
    }

    /// Whether a person's activity is what it waits for. One from before it started is not, but for five minutes by which
    /// senders' clocks may differ; the touch that started a `next_touch` does not meet it.
    pub fn is_met_by(&self, activity: &Activity, by_person: bool) -> bool {
        let soon_enough = match self.kind {
            ClockKind::NextTouch => activity.occurred_at > self.started_at,
            _ => activity.occurred_at + Duration::minutes(SKEW_MINUTES) >= self.started_at,
        };
        soon_enough && meets(self.kind, activity, by_person)
    }

    /// Adds the opening time up to `now`. A `now` before what was counted adds nothing.
    fn count_to(&mut self, now: DateTime<Utc>, calendar: &Calendar) {
        let used = self.used_at(now, calendar);
        if used > self.used_micros {
            self.counted.push(Stretch {
                from: self.counted_from,
                to: now,
                micros: used - self.used_micros,
            });
        }
        self.used_micros = used;
        self.counted_from = now.max(self.counted_from);
    }

    /// Finds the moments of what is to come anew.
    fn schedule(&mut self, calendar: &Calendar) -> Result<(), NeverOpen> {
        let (from, used) = (self.counted_from, Duration::microseconds(self.used_micros));
        let within = self.within_seconds;
        let when = |percent| calendar.due(from, Clock::part(within, percent) - used);
        if self.breached_at.is_none() {
            self.due_at = when(100)?;
        }
        for step in self.steps.iter_mut().filter(|step| step.fired_at.is_none()) {
            step.at = when(step.at_percent)?;
        }
        self.look_ahead();
        Ok(())
    }

    /// Finds what comes next.
    fn look_ahead(&mut self) {
        self.next_step = None;
        self.next_fire_at = None;
        if self.has_ended() {
            return;
        }
        self.next_step = self.steps.iter().position(|step| step.fired_at.is_none());
        let step = self.next_step.map(|index| self.steps[index].at);
        self.next_fire_at = match self.state {
            ClockState::Running => Some(step.map_or(self.due_at, |at| at.min(self.due_at))),
            ClockState::Breached => step,
            _ => None,
        };
    }
}

/// Whether an activity is what clocks of a kind wait for: a call, mail, meeting, SMS or chat that a person began. Acceptance
/// and verdicts are no activities.
pub fn meets(kind: ClockKind, activity: &Activity, by_person: bool) -> bool {
    matches!(kind, ClockKind::FirstResponse | ClockKind::NextTouch)
        && by_person
        && activity.direction == Some(Direction::Outbound)
        && ["call", "email", "meeting", "sms", "chat"].contains(&activity.kind.as_str())
}
