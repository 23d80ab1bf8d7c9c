//! Reading the values of a condition, and putting them into the form that leads have.

use super::MAX_TEXT;
use super::column::{Column, Kind};
use super::comparison::Operand;
use super::time::{Day, Moment, Span, StartUnit};
use crate::domain::nearest::did_you_mean;
use crate::domain::normalise::{EmailAddress, country, currency, phone, text};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// What is said of a span that is none.
pub const SPANS: &str = "must be a number and a unit such as \"14d\": `m`, `h`, `d`, `w`, `mo` or `y`, at most 1000 years";

/// A code and what helps.
type Wrong = (&'static str, String);

/// How the texts of a field are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// In one line.
    Line,
    /// In any number of lines.
    Lines,
    /// As a mail address.
    Email,
    /// As a phone number.
    Phone,
    /// As a country.
    Country,
    /// In small letters.
    Small,
}

impl Spelling {
    /// How the texts of a column are written.
    pub fn of(column: Column) -> Spelling {
        match column {
            Column::email => Spelling::Email,
            Column::phone | Column::mobile_phone => Spelling::Phone,
            Column::country => Spelling::Country,
            Column::EmailDomain | Column::WebsiteDomain => Spelling::Small,
            Column::message => Spelling::Lines,
            _ => Spelling::Line,
        }
    }
}

/// Which texts there can be.
#[derive(Debug, Clone)]
pub enum Options<'a> {
    /// Any.
    Free,
    /// These.
    Of(Vec<&'a str>),
}

/// How values for a field are read.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// How its texts are written.
    pub spelling: Spelling,
    /// Which ones there can be.
    pub options: Options<'a>,
    /// Region of phone numbers that do not say theirs.
    pub default_country: Option<&'a str>,
    /// Whose calendar, unless the value says.
    pub zone: Tz,
}

impl Reading<'_> {
    /// For texts that need nothing else.
    pub fn of_text(spelling: Spelling) -> Reading<'static> {
        Reading {
            spelling,
            options: Options::Free,
            default_country: None,
            zone: Tz::UTC,
        }
    }

    /// A value to compare with.
    pub fn operand(&self, kind: Kind, value: &Value) -> Result<Operand, Wrong> {
        let wrong_type = || ("wrong_type", format!("must be {}", kind.described()));
        match kind {
            Kind::Text | Kind::Choice | Kind::List => self.text(value).map(Operand::Text),
            Kind::Integer => value.as_i64().map(Operand::Integer).ok_or_else(wrong_type),
            Kind::Decimal => value.as_f64().map(Operand::Decimal).ok_or_else(wrong_type),
            Kind::Boolean => value.as_bool().map(Operand::Boolean).ok_or_else(wrong_type),
            Kind::Date => self.day(value).map(Operand::Day),
            Kind::Datetime => self.moment(value).map(Operand::Moment),
            Kind::Money => money(value).ok_or_else(wrong_type),
            Kind::Id => value
                .as_str()
                .and_then(|text| Uuid::try_parse(text).ok())
                .map(Operand::Id)
                .ok_or_else(wrong_type),
            Kind::Any => match value {
                Value::String(_) => self.text(value).map(Operand::Text),
                Value::Number(number) => {
                    number.as_f64().map(Operand::Decimal).ok_or_else(wrong_type)
                }
                Value::Bool(yes) => Ok(Operand::Boolean(*yes)),
                _ => Err(wrong_type()),
            },
        }
    }

    /// A whole text, in the form that leads have.
    pub fn text(&self, value: &Value) -> Result<String, Wrong> {
        let given = given_text(value)?;
        let line = text::clean_line(given);
        let normal = match self.spelling {
            Spelling::Line => line,
            Spelling::Lines => text::clean(given),
            Spelling::Email => {
                EmailAddress::parse(&line).map_or(line.to_lowercase(), EmailAddress::into_string)
            }
            Spelling::Phone => phone::parse(&line, self.default_country)
                .map_or(line, |number| number.as_str().to_owned()),
            Spelling::Country => country::alpha2(&line).map_or(line, str::to_owned),
            Spelling::Small => line.to_lowercase(),
        };
        if let Options::Of(options) = &self.options
            && !options.contains(&normal.as_str())
        {
            let hint = did_you_mean(&normal, options.iter().copied());
            let listed: Vec<&str> = options.iter().copied().take(20).collect();
            return Err((
                "unknown_option",
                format!("must be one of `{}`{hint}", listed.join("`, `")),
            ));
        }
        not_empty(normal)
    }

    /// A part of a text, in the form that leads have as far as a part can be.
    pub fn part_of_text(&self, value: &Value) -> Result<String, Wrong> {
        let given = given_text(value)?;
        let composed: String = given
            .nfc()
            .filter(|letter| *letter == '\n' || !letter.is_control())
            .collect();
        not_empty(match self.spelling {
            Spelling::Line | Spelling::Lines | Spelling::Country => composed,
            Spelling::Email | Spelling::Small => composed.to_lowercase(),
            Spelling::Phone => composed
                .chars()
                .filter(|letter| letter.is_ascii_digit() || *letter == '+')
                .collect(),
        })
    }

    fn day(&self, value: &Value) -> Result<Day, Wrong> {
        match value {
            Value::String(text) => text.parse::<NaiveDate>().ok().map(Day::On),
            Value::Object(relative) => {
                let zone = self.zone_of(relative)?;
                return Ok(Day::Of(self.relative(relative)?, zone));
            }
            _ => None,
        }
        .ok_or_else(|| {
            (
                "invalid_format",
                format!("must be {}", Kind::Date.described()),
            )
        })
    }

    fn moment(&self, value: &Value) -> Result<Moment, Wrong> {
        match value {
            Value::String(text) => DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|at| Moment::At(at.with_timezone(&Utc))),
            Value::Object(relative) => return self.relative(relative),
            _ => None,
        }
        .ok_or_else(|| {
            (
                "invalid_format",
                format!("must be {}", Kind::Datetime.described()),
            )
        })
    }

    /// `{"ago": "14d"}`, `{"ahead": "2d"}` or `{"start_of": "month", "offset": -1}`, each perhaps with a `zone`.
    fn relative(&self, object: &Map<String, Value>) -> Result<Moment, Wrong> {
        const FORMS: &str = "must be {\"ago\": \"14d\"}, {\"ahead\": \"2d\"} or {\"start_of\": \"month\", \"offset\": -1}, each perhaps with a `zone`";
        let wrong = || ("invalid_format", FORMS.to_owned());
        let zone = self.zone_of(object)?;
        let rest: Vec<(&str, &Value)> = object
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .filter(|(name, _)| *name != "zone")
            .collect();
        let span = |value: &Value| {
            value
                .as_str()
                .and_then(|text| Span::parse(text, zone))
                .ok_or_else(|| ("invalid_format", SPANS.to_owned()))
        };
        match rest.as_slice() {
            [("ago", value)] => span(value).map(Moment::Ago),
            [("ahead", value)] => span(value).map(Moment::Ahead),
            _ => {
                let unit = object
                    .get("start_of")
                    .and_then(Value::as_str)
                    .and_then(StartUnit::from_name);
                let offset = match object.get("offset") {
                    None => Some(0),
                    Some(offset) => offset
                        .as_i64()
                        .filter(|offset| offset.abs() <= 1000)
                        .and_then(|offset| i32::try_from(offset).ok()),
                };
                let is_known = rest
                    .iter()
                    .all(|(name, _)| matches!(*name, "start_of" | "offset"));
                if object.contains_key("start_of") && unit.is_none() {
                    return Err((
                        "not_allowed",
                        "`start_of` is one of `day`, `week`, `month`, `quarter` and `year`"
                            .to_owned(),
                    ));
                }
                if object.contains_key("start_of") && offset.is_none() {
                    return Err((
                        "out_of_range",
                        "`offset` is a whole number from -1000 to 1000".to_owned(),
                    ));
                }
                match (unit, offset) {
                    (Some(unit), Some(offset)) if is_known => {
                        Ok(Moment::StartOf(unit, offset, zone))
                    }
                    _ => Err(wrong()),
                }
            }
        }
    }

    fn zone_of(&self, object: &Map<String, Value>) -> Result<Tz, Wrong> {
        match object.get("zone") {
            None => Ok(self.zone),
            Some(zone) => zone
                .as_str()
                .and_then(|name| name.parse().ok())
                .ok_or_else(|| {
                    (
                        "invalid_timezone",
                        "`zone` is the name of an IANA time zone, such as \"Europe/Berlin\""
                            .to_owned(),
                    )
                }),
        }
    }
}

fn given_text(value: &Value) -> Result<&str, Wrong> {
    let Value::String(given) = value else {
        return Err(("wrong_type", "must be a text".to_owned()));
    };
    if given.chars().count() > MAX_TEXT {
        return Err((
            "too_long",
            format!("must have at most {MAX_TEXT} characters"),
        ));
    }
    Ok(given)
}

fn not_empty(text: String) -> Result<String, Wrong> {
    if text.is_empty() {
        let detail = "an empty text cannot be compared with: use `is_set` or `is_not_set`";
        return Err(("empty", detail.to_owned()));
    }
    Ok(text)
}

fn money(value: &Value) -> Option<Operand> {
    let object = value.as_object().filter(|object| object.len() == 2)?;
    let amount = object.get("amount_minor")?.as_i64()?;
    let code = currency::currency(object.get("currency")?.as_str()?)?;
    Some(Operand::Money(amount, code.to_owned()))
}
