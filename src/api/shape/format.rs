//! The string formats of the OpenAPI document that are checked. `email` is not among them:
//! what an address is, the domain decides.

use chrono::{DateTime, NaiveDate};
use url::Url;
use uuid::Uuid;

/// A checked string format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    DateTime,
    Date,
    Uuid,
    Uri,
}

impl Format {
    /// By its name in the schema; other formats are not checked.
    pub fn named(name: &str) -> Option<Format> {
        match name {
            "date-time" => Some(Format::DateTime),
            "date" => Some(Format::Date),
            "uuid" => Some(Format::Uuid),
            "uri" => Some(Format::Uri),
            _ => None,
        }
    }

    /// Whether `text` has the format.
    pub fn fits(self, text: &str) -> bool {
        match self {
            Format::DateTime => DateTime::parse_from_rfc3339(text).is_ok(),
            Format::Date => is_date(text),
            Format::Uuid => Uuid::try_parse(text).is_ok(),
            Format::Uri => Url::parse(text).is_ok(),
        }
    }

    /// What to send instead.
    pub fn remedy(self) -> &'static str {
        match self {
            Format::DateTime => {
                "must be a date and time with offset (RFC 3339), such as `2026-03-06T17:50:00Z`"
            }
            Format::Date => "must be a date, such as `2026-03-06`",
            Format::Uuid => "must be a UUID",
            Format::Uri => "must be an absolute URL, such as `https://example.com/page`",
        }
    }
}

/// `YYYY-MM-DD` to the letter; chrono alone would also take signs and fewer digits.
fn is_date(text: &str) -> bool {
    let is_plain = text.len() == 10
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.as_bytes()[4] == b'-';
    is_plain && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_needs_an_offset() {
        for right in ["2026-03-06T17:50:00Z", "2026-03-06T17:50:00.123+05:30"] {
            assert!(Format::DateTime.fits(right), "{right}");
        }
        for wrong in [
            "2026-03-06T17:50:00",
            "2026-03-06",
            "2026-02-30T00:00:00Z",
            "yesterday",
            "",
        ] {
            assert!(!Format::DateTime.fits(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_date_has_ten_characters_and_exists() {
        assert!(Format::Date.fits("2024-02-29"));
        for wrong in [
            "2026-02-29",
            "2026-1-1",
            "+2026-1-01",
            "2026-03-06T00:00:00Z",
        ] {
            assert!(!Format::Date.fits(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_url_is_absolute() {
        assert!(Format::Uri.fits("https://example.com/a?b=c"));
        assert!(!Format::Uri.fits("/pricing"));
    }
}
