//! Consents: a ledger of what people agreed to and refused. A refusal stays a refusal (promise P11).

use crate::domain::capture::Consent;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A line of the ledger.
#[derive(Debug, Clone)]
pub struct ConsentRecord {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// Whose consent.
    pub lead_id: Uuid,
    /// What was said.
    pub consent: Consent,
    /// Which page, list or campaign asked.
    pub source: Option<String>,
    /// The receipt of the submission it came with.
    pub submission_id: Option<Uuid>,
    /// When, by the sender's clock.
    pub occurred_at: DateTime<Utc>,
    /// When we learnt of it.
    pub created_at: DateTime<Utc>,
}

/// Lines that have to be said again for the leads together, so that the strictest of them counts: of each channel and
/// purpose that one of them refused and that another, later, agreed to, the latest refusal.
///
/// `standing` are the lines that count for each lead by itself; of a ledger the line with the greatest id counts.
pub fn refusals_to_repeat(standing: &[ConsentRecord]) -> Vec<ConsentRecord> {
    let mut latest: BTreeMap<(&str, &str), &ConsentRecord> = BTreeMap::new();
    let mut refused: BTreeMap<(&str, &str), &ConsentRecord> = BTreeMap::new();
    for line in standing {
        let about = (line.consent.channel.as_str(), line.consent.purpose.as_str());
        let last = latest.entry(about).or_insert(line);
        if line.id > last.id {
            *last = line;
        }
        if !line.consent.granted {
            let last = refused.entry(about).or_insert(line);
            if line.id > last.id {
                *last = line;
            }
        }
    }
    refused
        .into_iter()
        .filter(|(about, _)| latest.get(about).is_some_and(|line| line.consent.granted))
        .map(|(_, line)| line.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: u128, lead: u128, purpose: &str, granted: bool) -> ConsentRecord {
        ConsentRecord {
            id: Uuid::from_u128(id),
            lead_id: Uuid::from_u128(lead),
            consent: Consent {
                channel: "email".into(),
                purpose: purpose.into(),
                granted,
                text: None,
            },
            source: None,
            submission_id: None,
            occurred_at: DateTime::UNIX_EPOCH,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_a_refusal_that_a_later_yes_of_another_lead_would_hide_is_said_again() {
        let standing = [
            line(1, 1, "marketing", false),
            line(2, 2, "marketing", true),
            line(3, 1, "events", true),
            line(4, 2, "events", false),
            line(5, 1, "news", true),
        ];
        let again = refusals_to_repeat(&standing);
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].consent.purpose, "marketing");
        assert!(!again[0].consent.granted);
    }

    #[test]
    fn of_several_refusals_the_latest_is_said_again() {
        let standing = [
            line(1, 1, "marketing", false),
            line(2, 2, "marketing", false),
            line(3, 3, "marketing", true),
        ];
        let again = refusals_to_repeat(&standing);
        assert_eq!(
            again.iter().map(|one| one.id.as_u128()).collect::<Vec<_>>(),
            [2]
        );
    }
}
