//! Captures, as requests say them and answers show them.

use crate::api::decisions::{ClockBody, RoutingBrief};
use crate::api::lead_json::{LeadBody, ScoreShown};
use crate::api::qualification::QualificationBrief;
use crate::api::score::ScoreBrief;
use crate::domain::capture::{Captured, Consent, Outcome};
use crate::domain::capture_draft::CaptureDraft;
use crate::domain::dedupe::FieldWeight;
use crate::domain::event::Event;
use crate::domain::identity::IdentityKind;
use crate::domain::lead_fields::{for_each_lead_field, lead_struct};
use crate::domain::likeness::Duplicate;
use crate::domain::normalise::attribution::Attribution;
use crate::domain::stage::StageKind;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// A person's answer to being asked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConsentBody {
    /// By what to reach them: `email`, `phone`, `sms` …
    #[schema(min_length = 1, max_length = 50, example = "email")]
    pub channel: String,
    /// What for.
    #[serde(default = "marketing")]
    #[schema(
        min_length = 1,
        max_length = 100,
        default = "marketing",
        example = "marketing"
    )]
    pub purpose: String,
    /// Agreed, or refused.
    pub granted: bool,
    /// The exact words that were shown.
    #[schema(max_length = 10_000, example = "Yes, write to me")]
    pub text: Option<String>,
}

fn marketing() -> String {
    "marketing".to_owned()
}

for_each_lead_field!(lead_struct! {
    /// A submission. At least one of `email`, `phone` and `external_ids` says who it is.
    #[derive(Debug, Clone, Default, Deserialize, ToSchema, Validate)]
    #[serde(default)]
    #[schema(example = json!({
        "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "company": "Analytical Engines Ltd",
        "country": "GB", "phone": "020 7946 0018", "source": "pricing-page", "message": "Please call me.",
        "page_url": "https://www.example.com/pricing?utm_source=newsletter&utm_medium=email",
        "consents": [{"channel": "email", "purpose": "marketing", "granted": true, "text": "Yes, write to me"}],
        "custom": {"plan": "pro"}, "tags": ["demo"]
    }))]
    CaptureBody {
        /// A reference of your own; a batch gives it back with the result.
        #[serde(rename = "ref")]
        #[schema(max_length = 255)]
        pub reference: Option<String>,
        /// A name in one piece; it fills `first_name` and `last_name` when both are missing.
        #[schema(max_length = 400, example = "Ada Lovelace")]
        pub full_name: Option<String>,
    } {
        /// Values beside the plain fields, at most 200.
        #[schema(value_type = Object)]
        pub custom: Map<String, Value>,
        /// What the person said of budget, authority, need and timing, or of what else your framework asks: plain words, or
        /// `{"amount_minor": 2500000, "currency": "EUR"}`.
        #[schema(value_type = Object, example = json!({"budget": "25k EUR", "authority": "decision_maker", "timing": "this_quarter"}))]
        pub answers: Map<String, Value>,
        /// Labels; a known lead gets those it does not have.
        #[schema(max_items = 100)]
        pub tags: Vec<TagText>,
        /// Ids in other systems, by system. What is delivered twice under one id counts once.
        #[schema(example = json!({"hubspot": "101"}))]
        pub external_ids: BTreeMap<String, String>,
        /// A visitor cookie. It links activities and never says who somebody is.
        #[schema(max_length = 255)]
        pub anonymous_id: Option<String>,
        /// Which page, list or campaign it came from.
        #[schema(max_length = 200, example = "pricing-page")]
        pub source: Option<String>,
        /// The way it took.
        #[schema(max_length = 50, default = "api", example = "web_form")]
        pub channel: Option<String>,
        /// Campaign and click ids; what is missing is taken from `page_url`.
        pub attribution: Option<Attribution>,
        /// The page the person was on.
        #[schema(max_length = 4096)]
        pub page_url: Option<String>,
        /// The page before that.
        #[schema(max_length = 4096)]
        pub referrer: Option<String>,
        /// The person's address, as the sender saw it.
        #[schema(max_length = 100)]
        pub ip: Option<String>,
        /// The person's browser.
        #[schema(max_length = 1000)]
        pub user_agent: Option<String>,
        /// What the person agreed to or refused. Silence changes no earlier answer.
        #[schema(max_items = 50)]
        pub consents: Vec<ConsentBody>,
        /// The sender's time; never later than ours.
        pub submitted_at: Option<DateTime<Utc>>,
        /// A test: the lead is kept out of lists and counts. One that meets a lead in earnest changes nothing of it, and is
        /// kept as a touch that counts for nothing.
        #[schema(default = false)]
        pub test: bool,
        /// Answer what would happen, and write nothing.
        #[schema(default = false)]
        pub dry_run: bool,
    }
});

/// A label.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, max_length = 100)]
pub struct TagText(pub String);

impl CaptureBody {
    /// The draft that it is.
    pub fn into_draft(self) -> CaptureDraft {
        CaptureDraft {
            fields: self.lead_fields(),
            full_name: self.full_name,
            custom: self.custom,
            answers: self.answers,
            tags: self.tags.into_iter().map(|tag| tag.0).collect(),
            external_ids: self.external_ids,
            anonymous_id: self.anonymous_id,
            source: self.source,
            channel: self.channel.unwrap_or_else(|| "api".to_owned()),
            attribution: self.attribution.unwrap_or_default(),
            page_url: self.page_url,
            referrer: self.referrer,
            ip: self.ip,
            user_agent: self.user_agent,
            consents: self
                .consents
                .into_iter()
                .map(|consent| Consent {
                    channel: consent.channel,
                    purpose: consent.purpose,
                    granted: consent.granted,
                    text: consent.text,
                })
                .collect(),
            submitted_at: self.submitted_at,
            is_test: self.test,
        }
    }
}

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeBody {
    /// A new lead.
    Created,
    /// A lead that was known.
    Matched,
    /// A new lead that may be somebody who is known: `possible_duplicates` says who.
    Flagged,
}

/// What told that a person is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// An id in another system.
    ExternalId,
    /// A mail address.
    Email,
    /// A phone number.
    Phone,
    /// A visitor cookie.
    VisitorId,
    /// A unique field of the workspace's own.
    CustomField,
    /// Everything together, though nothing by itself: name, company, address and so on.
    Likeness,
}

impl From<IdentityKind> for MatchKind {
    fn from(kind: IdentityKind) -> Self {
        match kind {
            IdentityKind::ExternalId => MatchKind::ExternalId,
            IdentityKind::Email => MatchKind::Email,
            IdentityKind::Phone => MatchKind::Phone,
            IdentityKind::VisitorId => MatchKind::VisitorId,
            IdentityKind::CustomField => MatchKind::CustomField,
        }
    }
}

/// What a person was known by.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatchedBy {
    /// What told it.
    pub kind: MatchKind,
}

/// A lead that may be the same person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PossibleDuplicate {
    /// Which lead.
    pub lead_id: Uuid,
    /// That it is the same person: 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub probability: f64,
    /// It is a customer: its stage is of the kind `converted`.
    pub customer: bool,
    /// What each field says: weights in bits, above zero for one person, below for two.
    pub fields: Vec<FieldWeight>,
}

impl From<&Duplicate> for PossibleDuplicate {
    fn from(one: &Duplicate) -> Self {
        PossibleDuplicate {
            lead_id: one.lead_id,
            probability: one.probability,
            customer: one.is_customer,
            fields: one.fields.clone(),
        }
    }
}

/// An event of a capture; the change feed has it whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventBrief {
    /// The event's id.
    #[schema(example = "0198c0de-7a11-7000-8000-000000000002")]
    pub id: Uuid,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "lead.created")]
    pub kind: String,
    /// The lead's version after it.
    pub version: i64,
}

impl From<&Event> for EventBrief {
    fn from(event: &Event) -> Self {
        EventBrief {
            id: event.id,
            kind: event.kind.as_str().to_owned(),
            version: event.version,
        }
    }
}

/// What happened with a submission.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaptureAnswer {
    /// The receipt of the raw submission; `null` for a dry run.
    #[schema(required = true, example = "0198c0de-7a11-7000-8000-000000000001")]
    pub receipt_id: Option<Uuid>,
    /// What became of it.
    pub outcome: OutcomeBody,
    /// What the person was known by.
    #[schema(required = true)]
    pub matched_by: Option<MatchedBy>,
    /// Leads that may be the same person, the likeliest first; with a match by likeness, the lead it is.
    pub possible_duplicates: Vec<PossibleDuplicate>,
    /// Whether the lead is a customer: its stage is of the kind `converted`.
    pub customer: bool,
    /// The lead afterwards.
    pub lead: LeadBody,
    /// What happened to the lead, in order; empty when nothing changed because this was delivered before. Clocks that it met or ended
    /// are told in the change feed.
    pub events: Vec<EventBrief>,
    /// Who got the lead, and why; `null` for a lead that was known, for tests, and where the sender has it themselves.
    #[schema(required = true)]
    pub assignment: Option<RoutingBrief>,
    /// What the answers amount to, and what to ask next; `null` for a lead that was known, if nothing was answered and what is
    /// new of it changed nothing of that.
    #[schema(required = true)]
    pub qualification: Option<QualificationBrief>,
    /// What the lead is worth and what is new of that; `null` for tests, where nothing changed, and where no model counts.
    #[schema(required = true)]
    pub score: Option<ScoreBrief>,
    /// Clocks that started: by when somebody has to answer.
    pub clocks: Vec<ClockBody>,
    /// What was decided about the lead, in full under `GET /v1/decisions/{id}`.
    pub decision_ids: Vec<Uuid>,
}

impl From<&Captured> for CaptureAnswer {
    fn from(captured: &Captured) -> Self {
        CaptureAnswer {
            receipt_id: Some(captured.receipt_id),
            outcome: match captured.outcome {
                Outcome::Created if captured.told_duplicates().next().is_none() => {
                    OutcomeBody::Created
                }
                Outcome::Created => OutcomeBody::Flagged,
                Outcome::Matched | Outcome::Repeated => OutcomeBody::Matched,
            },
            matched_by: match captured.matched_by {
                Some(kind) => Some(MatchedBy { kind: kind.into() }),
                None if captured.outcome == Outcome::Matched => Some(MatchedBy {
                    kind: MatchKind::Likeness,
                }),
                None => None,
            },
            possible_duplicates: captured
                .told_duplicates()
                .map(PossibleDuplicate::from)
                .collect(),
            customer: captured.lead.stage_kind == StageKind::Converted,
            lead: lead_of(captured),
            events: captured.events.iter().map(EventBrief::from).collect(),
            assignment: RoutingBrief::of(&captured.decided),
            qualification: captured
                .decided
                .qualification
                .as_ref()
                .map(QualificationBrief::from),
            score: ScoreBrief::of(&captured.decided),
            clocks: captured
                .decided
                .clocks
                .iter()
                .map(ClockBody::from)
                .collect(),
            decision_ids: captured
                .decided
                .decisions
                .iter()
                .map(|one| one.id)
                .collect(),
        }
    }
}

/// The lead afterwards. What it is worth is told as of when that was decided, like the rest of the answer.
fn lead_of(captured: &Captured) -> LeadBody {
    let shown = LeadBody::from(&captured.lead);
    let scored = captured.decided.scored();
    LeadBody {
        score: scored.map_or(shown.score, |(_, found)| {
            found.standing.as_ref().map(ScoreShown::from)
        }),
        ..shown
    }
}

/// A submission that could not be processed yet. It is kept, and will be replayed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuarantineAnswer {
    /// The receipt of the raw submission.
    pub receipt_id: Uuid,
    /// Always `quarantined`.
    #[schema(example = "quarantined")]
    pub outcome: String,
}
