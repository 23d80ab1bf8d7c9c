//! What requests say of a lead: of one that is there, or of a new one.

use crate::api::capture_json::TagText;
use crate::domain::capture_draft::CaptureDraft;
use crate::domain::lead_fields::{for_each_lead_field, lead_struct};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use validator::Validate;

for_each_lead_field!(lead_struct! {
    /// What a request says of a lead.
    #[derive(Debug, Clone, Default, Deserialize, ToSchema, Validate)]
    #[serde(default)]
    #[schema(example = json!({"email": "ada@example.com", "first_name": "Ada", "company": "Analytical Engines Ltd", "custom": {"plan": "pro"}}))]
    LeadWrite {} {
        /// Values beside the plain fields; each is taken by itself, `null` removes it.
        #[schema(value_type = Option<Object>)]
        pub custom: Option<Map<String, Value>>,
        /// All labels.
        #[schema(max_items = 100)]
        pub tags: Option<Vec<TagText>>,
        /// Where it came from.
        #[schema(max_length = 200)]
        pub source: Option<String>,
    }
});

for_each_lead_field!(lead_struct! {
    /// A new lead. At least one of `email`, `phone` and `external_ids` says who it is.
    #[derive(Debug, Clone, Default, Deserialize, ToSchema, Validate)]
    #[serde(default)]
    #[schema(example = json!({"email": "ada@example.com", "first_name": "Ada", "company": "Analytical Engines Ltd", "external_ids": {"hubspot": "101"}}))]
    NewLead {} {
        /// Values beside the plain fields.
        #[schema(value_type = Object)]
        pub custom: Map<String, Value>,
        /// Labels.
        #[schema(max_items = 100)]
        pub tags: Vec<TagText>,
        /// Ids in other systems, by system.
        #[schema(example = json!({"hubspot": "101"}))]
        pub external_ids: BTreeMap<String, String>,
        /// Where it came from.
        #[schema(max_length = 200)]
        pub source: Option<String>,
        /// A test: kept out of lists and counts, and of the leads in earnest that it meets.
        #[schema(default = false)]
        pub test: bool,
    }
});

impl NewLead {
    /// The draft that it is.
    pub fn into_draft(self) -> CaptureDraft {
        CaptureDraft {
            fields: self.lead_fields(),
            custom: self.custom,
            tags: self.tags.into_iter().map(|tag| tag.0).collect(),
            external_ids: self.external_ids,
            source: self.source,
            channel: "api".to_owned(),
            is_test: self.test,
            ..CaptureDraft::default()
        }
    }
}
