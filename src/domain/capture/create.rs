//! A capture that becomes a new lead.

use super::change::{consent_changes, event};
use super::known::hold_identities;
use super::taken::withheld;
use super::{Capture, Captured, Known, Outcome};
use crate::domain::custom_values;
use crate::domain::decision::Decided;
use crate::domain::event::{Change, EventType};
use crate::domain::ids::{Ids, time_of};
use crate::domain::lead::Lead;
use crate::domain::lead_fields::Field;
use crate::domain::likeness::Sought;
use crate::domain::rules::Rules;
use crate::domain::stage::StageKind;
use serde_json::{Map, Value};

/// A new lead. What was looked at of the capture is that of the lead, too, unless a value that is compared stayed behind.
pub(super) fn create(
    capture: &Capture,
    sought: Option<Sought>,
    known: &mut Known,
    rules: &Rules,
    ids: &mut impl Ids,
) -> Captured {
    let id = capture.new_lead_id;
    let created_at = time_of(id);
    let withheld = withheld(capture, known, None);
    let mut custom = capture.custom.clone();
    withheld.iter().for_each(|key| {
        custom.shift_remove(key);
    });
    custom_values::fill_up(&mut custom, rules);
    let mut lead = Lead {
        id,
        fields: capture.fields.clone(),
        website_domain: capture.website_domain.clone(),
        custom,
        tags: capture.tags.clone(),
        source: capture.source.clone(),
        channel: capture.channel.clone(),
        stage: rules.pipeline.first().to_owned(),
        stage_kind: StageKind::New,
        stage_changed_at: created_at,
        disqualify_reason: None,
        revisit_at: None,
        owner_id: capture.owner_id,
        team_id: None,
        first_attribution: capture.attribution.clone(),
        last_attribution: capture.attribution.clone(),
        is_test: capture.is_test,
        version: 1,
        captured_at: capture.occurred_at.min(created_at),
        created_at,
        updated_at: created_at,
        last_activity_at: capture.occurred_at,
        deleted_at: None,
        merged_into: None,
        queue: None,
        verdict: None,
        score: None,
    };
    let changes = initial_changes(capture, &lead.custom, rules.pipeline.first());
    let event = event(EventType::LeadCreated, &mut lead, changes, ids);
    hold_identities(capture, known, &lead, rules);
    known.created.push(id);
    known.leads.insert(id, lead.clone());
    let compared = |key: &String| lead.custom.get(key) == capture.custom.get(key);
    let is_the_same = rules.matching.evidence.iter().all(|(key, _)| compared(key));
    let of_lead = || Sought::of_lead(&lead, &rules.matching, known.workspace_id);
    let sought = sought.filter(|_| is_the_same).unwrap_or_else(of_lead);
    known.fresh.make(id, sought);
    Captured {
        receipt_id: capture.receipt_id,
        outcome: Outcome::Created,
        matched_by: None,
        lead,
        duplicates: Vec::new(),
        withheld,
        events: vec![event],
        decided: Decided::default(),
    }
}

fn initial_changes(capture: &Capture, custom: &Map<String, Value>, stage: &str) -> Vec<Change> {
    let fields = Field::ALL
        .iter()
        .filter(|field| capture.fields.has(**field));
    let mut changes: Vec<Change> = fields
        .map(|field| Change::new(field.name(), Value::Null, capture.fields.value(*field)))
        .collect();
    changes.extend(
        custom
            .iter()
            .map(|(key, value)| Change::new(format!("custom.{key}"), Value::Null, value.clone())),
    );
    if !capture.tags.is_empty() {
        changes.push(Change::new(
            "tags",
            Value::Array(Vec::new()),
            capture.tags.clone().into(),
        ));
    }
    if let Some(source) = &capture.source {
        changes.push(Change::new("source", Value::Null, source.clone().into()));
    }
    changes.push(Change::new("stage", Value::Null, stage.into()));
    if let Some(owner_id) = capture.owner_id {
        let owner_id = serde_json::json!(owner_id);
        changes.push(Change::new("owner_id", Value::Null, owner_id));
    }
    changes.extend(consent_changes(capture));
    changes
}
