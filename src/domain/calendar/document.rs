//! The calendar as a workspace writes it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// When somebody is there: weekly hours with breaks, holidays, and days that are different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "zone": "Europe/Berlin",
    "hours": {"monday": [{"from": "09:00", "to": "12:00"}, {"from": "13:00", "to": "17:00"}]},
    "holidays": [{"month_day": "12-25", "name": "Christmas"}],
    "exceptions": [{"date": "2026-12-24", "hours": [{"from": "09:00", "to": "12:00"}]}]
}))]
pub struct CalendarDocument {
    /// IANA time zone by whose clocks the hours are.
    #[serde(default = "utc")]
    #[schema(default = "UTC", max_length = 64, example = "Europe/Berlin")]
    pub zone: String,
    /// Open around the clock, but for holidays and exceptions. Then there are no `hours`.
    #[serde(default)]
    #[schema(default = false)]
    pub always: bool,
    /// The hours of each weekday.
    #[serde(default)]
    pub hours: WeekHours,
    /// Days that are closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub holidays: Vec<Holiday>,
    /// Days with hours of their own, which go before weekly hours and holidays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub exceptions: Vec<Exception>,
}

/// The hours of each weekday. A day without any is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WeekHours {
    #[schema(max_items = 24)]
    pub monday: Vec<OpenRange>,
    #[schema(max_items = 24)]
    pub tuesday: Vec<OpenRange>,
    #[schema(max_items = 24)]
    pub wednesday: Vec<OpenRange>,
    #[schema(max_items = 24)]
    pub thursday: Vec<OpenRange>,
    #[schema(max_items = 24)]
    pub friday: Vec<OpenRange>,
    #[schema(max_items = 24)]
    pub saturday: Vec<OpenRange>,
    #[schema(max_items = 24)]
    pub sunday: Vec<OpenRange>,
}

impl WeekHours {
    /// The days in the order of ISO 8601, Monday first, with their names.
    pub fn days(&self) -> [(&'static str, &[OpenRange]); 7] {
        [
            ("monday", &self.monday),
            ("tuesday", &self.tuesday),
            ("wednesday", &self.wednesday),
            ("thursday", &self.thursday),
            ("friday", &self.friday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
        ]
    }
}

/// Open from one local time to another of the same day. What goes past midnight is two: up to `24:00`, and from `00:00`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRange {
    /// The first minute.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00")]
    pub from: String,
    /// The minute at which it closes; `24:00` is the end of the day.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", example = "17:00")]
    pub to: String,
}

/// A day that is closed: once, or every year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// This one day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-12-25")]
    pub date: Option<NaiveDate>,
    /// This day of every year; `02-29` only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{2}-[0-9]{2}$")]
    pub month_day: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100, example = "Christmas")]
    pub name: String,
}

/// A day with hours of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Which day.
    pub date: NaiveDate,
    /// Its hours; closed when there are none.
    #[serde(default)]
    #[schema(max_items = 24)]
    pub hours: Vec<OpenRange>,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 100)]
    pub name: String,
}

impl Default for CalendarDocument {
    /// Always open.
    fn default() -> Self {
        CalendarDocument {
            zone: utc(),
            always: true,
            hours: WeekHours::default(),
            holidays: Vec::new(),
            exceptions: Vec::new(),
        }
    }
}

fn utc() -> String {
    "UTC".to_owned()
}
