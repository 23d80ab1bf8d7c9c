//! The SLA policy as a workspace writes it.

use crate::domain::condition::ConditionDocument;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Which clocks run for which leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaPolicyDocument {
    /// Of each kind the first whose condition holds is the one that runs.
    #[schema(max_items = 100)]
    pub clocks: Vec<ClockRule>,
}

/// What a clock waits for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Its owner accepts the lead.
    Accept,
    /// A person turns to the lead for the first time.
    FirstResponse,
    /// A person turns to the lead again.
    NextTouch,
    /// There is a verdict.
    Qualify,
}

impl ClockKind {
    /// Every kind.
    pub const ALL: [ClockKind; 4] = [
        ClockKind::Accept,
        ClockKind::FirstResponse,
        ClockKind::NextTouch,
        ClockKind::Qualify,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            ClockKind::Accept => "accept",
            ClockKind::FirstResponse => "first_response",
            ClockKind::NextTouch => "next_touch",
            ClockKind::Qualify => "qualify",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<ClockKind> {
        ClockKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// By whose clocks the hours of the calendar are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZoneOf {
    /// The calendar's own; it also stands in where another is not known.
    #[default]
    Calendar,
    /// The owner's.
    Owner,
    /// The team's.
    Team,
    /// The lead's.
    Lead,
}

/// A clock, and for which leads it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockRule {
    /// What it is named by: a–z, 0–9 and `_`.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]*$")]
    pub key: String,
    /// What it waits for.
    pub kind: ClockKind,
    /// For people.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    /// For which leads; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ConditionDocument>)]
    pub when: Option<Value>,
    /// How much opening time there is.
    #[schema(minimum = 1, maximum = 527_040, example = 5)]
    pub within_minutes: u32,
    /// Key of the calendar; around the clock when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    pub calendar: Option<String>,
    /// By whose clocks the hours of the calendar are.
    #[serde(default)]
    pub zone: ZoneOf,
    /// What happens on the way and after it.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub escalations: Vec<Escalation>,
}

/// What happens when a part of the time has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Percent of the time; more than 100 is after the breach.
    #[schema(minimum = 1, maximum = 1000, example = 80)]
    pub at_percent: u32,
    /// In this order: who is told after a `reassign` is told as one who has the lead then.
    #[schema(min_items = 1, max_items = 10)]
    pub actions: Vec<Action>,
}

/// Who is told. Where that is nobody, since a lead has no owner or a user is disabled, it is as with `manager`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// Who owns the lead.
    Owner,
    /// Everybody in its team.
    Team,
    /// The managers of its team; where that has none, all managers, and where there are none, the admins.
    Manager,
    /// The user of `user_id`.
    User,
}

/// How soon a lead wants attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before the others.
    High,
    /// Before everything.
    Urgent,
}

/// Something that an escalation does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = SlaAction)]
pub enum Action {
    /// Tells somebody: the event `sla.warned` names them in `recipients`.
    Notify {
        /// Whom.
        to: Recipient,
        /// Which user, with `"to": "user"` only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_id: Option<Uuid>,
    },
    /// Lets the lead go before others: its clock shows the priority for as long as it counts.
    RaisePriority {
        /// How far.
        to: Priority,
    },
    /// Takes the lead back and routes it again, without the one who let it wait; once, where several clocks say so at the same
    /// moment.
    Reassign {},
    /// Makes a task for who owns the lead when all is done: an activity of the type `task`.
    Task {
        /// What is to be done.
        #[schema(min_length = 1, max_length = 200)]
        title: String,
    },
    /// Publishes the event `sla.warned` in the change feed, with this among its `actions` and nobody in `recipients`: for who
    /// follows the feed.
    Event {},
}

impl Default for SlaPolicyDocument {
    /// A first response within five minutes around the clock. Nothing is reassigned: there may be one user only.
    fn default() -> Self {
        let notify = |to| Action::Notify { to, user_id: None };
        SlaPolicyDocument {
            clocks: vec![ClockRule {
                key: "first_response".to_owned(),
                kind: ClockKind::FirstResponse,
                name: "First response".to_owned(),
                when: None,
                within_minutes: 5,
                calendar: None,
                zone: ZoneOf::Calendar,
                escalations: vec![
                    Escalation {
                        at_percent: 80,
                        actions: vec![notify(Recipient::Owner)],
                    },
                    Escalation {
                        at_percent: 100,
                        actions: vec![
                            notify(Recipient::Owner),
                            notify(Recipient::Manager),
                            Action::Event {},
                        ],
                    },
                ],
            }],
        }
    }
}
