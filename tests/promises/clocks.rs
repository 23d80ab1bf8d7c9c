//! Clocks of servers that differ.

use baton::domain::capture::{Capture, Known, Outcome, decide};
use baton::domain::capture_draft::{CaptureDraft, Manner, Surroundings, normalise};
use baton::domain::event::{Actor, Cause, Provenance};
use baton::domain::ids::{Ids, time_of};
use baton::domain::lead_fields::LeadFields;
use baton::domain::rules::Rules;
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// The ids of one server: what another server gave out is not known to it.
struct Server(uuid::ContextV7);

impl Ids for Server {
    fn next(&mut self, at: DateTime<Utc>) -> Uuid {
        let seconds = at.timestamp().try_into().unwrap();
        let at = uuid::Timestamp::from_unix(&self.0, seconds, at.timestamp_subsec_nanos());
        Uuid::new_v7(at)
    }
}

fn capture(server: &mut Server, received_at: DateTime<Utc>, message: &str) -> Capture {
    let draft = CaptureDraft {
        fields: LeadFields {
            email: Some("ada@example.com".into()),
            message: Some(message.into()),
            ..LeadFields::default()
        },
        channel: "api".into(),
        ..CaptureDraft::default()
    };
    let receipt_id = server.next(received_at);
    let around = Surroundings {
        receipt_id,
        received_at,
        default_country: None,
        rules: Arc::default(),
        manner: Manner::Program,
        provenance: Provenance {
            actor: Actor::system(),
            cause: Cause::submission(receipt_id),
            origin: None,
        },
    };
    normalise(draft, around, server).unwrap()
}

#[test]
fn p8_a_server_whose_clock_is_behind_does_not_break_a_leads_order() {
    let noon: DateTime<Utc> = "2026-03-06T12:00:00Z".parse().unwrap();
    let settings = Rules::default();
    let mut known = Known::default();
    let (mut fast, mut slow) = (
        Server(uuid::ContextV7::new()),
        Server(uuid::ContextV7::new()),
    );
    let (mut versions, mut ids, mut moments) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..20 {
        // The slow one is an hour behind, and then steps back some more.
        let (server, now) = if turn % 2 == 0 {
            (&mut fast, noon + Duration::milliseconds(turn))
        } else {
            (&mut slow, noon - Duration::minutes(60 + turn))
        };
        let capture = capture(server, now, &format!("turn {turn}"));
        let captured = decide(&capture, &mut known, &settings, server);
        assert_eq!(captured.outcome == Outcome::Created, turn == 0);
        for event in &captured.events {
            assert_eq!(event.version, captured.lead.version);
            assert_eq!(event.occurred_at, time_of(event.id));
            ids.push(event.id);
        }
        versions.push(captured.lead.version);
        moments.push(captured.lead.updated_at);
    }
    assert_eq!(versions, (1..=20).collect::<Vec<i64>>());
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:#?}");
    assert!(moments.is_sorted_by(|a, b| a < b), "{moments:#?}");
}
