//! SLA: by when somebody must have answered, accepted, touched again or qualified a lead.
//!
//! A policy says by condition which clocks run. A clock counts the opening time of a calendar; at percentages of its time
//! it escalates, at 100 % it is breached and goes on counting. What was counted stays counted: pauses, another calendar or
//! another zone change what is to come.

mod clock;
mod document;
mod due;
mod event;
mod policy;
mod start;
#[cfg(test)]
mod tests;

pub use clock::{CalendarUsed, Clock, ClockState, ClockStep, Standing, meets};
pub use document::{
    Action, ClockKind, ClockRule, Escalation, Priority, Recipient, SlaPolicyDocument, ZoneOf,
};
pub use due::{DueClock, DueLead, DueList, OpenState};
pub use event::ClockEvent;
pub use policy::{References, SlaPolicy};
pub use start::{
    Calendars, ClockDecision, ClockStart, Considered, Outcome, Trigger, VersionedCalendar, Zones,
    calendar_of,
};
