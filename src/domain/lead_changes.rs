//! What differs between two states of a lead, in the words of events; and the way back from the later to the earlier.
//!
//! [`differences`] and [`take_back`] belong together: what the one does not note, the other cannot undo.

use crate::domain::event::Change;
use crate::domain::lead::Lead;
use crate::domain::lead_fields::Field;
use crate::domain::stage::StageKind;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Everything that changed from `old` to `new`, but for the version and `updated_at`, which every change moves.
pub fn differences(old: &Lead, new: &Lead) -> Vec<Change> {
    let mut changes = Vec::new();
    for field in Field::ALL
        .iter()
        .copied()
        .filter(|field| !old.fields.same(*field, &new.fields))
    {
        changes.push(Change::new(
            field.name(),
            old.fields.value(field),
            new.fields.value(field),
        ));
    }
    let keys = old.custom.keys().chain(
        new.custom
            .keys()
            .filter(|key| !old.custom.contains_key(*key)),
    );
    for key in keys {
        let value = |lead: &Lead| lead.custom.get(key).cloned().unwrap_or(Value::Null);
        note(
            &mut changes,
            &format!("custom.{key}"),
            &value(old),
            &value(new),
        );
    }
    macro_rules! note {
        ($($path:literal: $($field:ident).+),* $(,)?) => { $(note(&mut changes, $path, &old.$($field).+, &new.$($field).+);)* };
    }
    note!(
        "website_domain": website_domain,
        "tags": tags,
        "source": source,
        "stage": stage,
        "stage_kind": stage_kind,
        "stage_changed_at": stage_changed_at,
        "disqualify_reason": disqualify_reason,
        "revisit_at": revisit_at,
        "owner_id": owner_id,
        "team_id": team_id,
        "attribution.first": first_attribution,
        "attribution.last": last_attribution,
        "is_test": is_test,
        "last_activity_at": last_activity_at,
        "deleted_at": deleted_at,
        "merged_into": merged_into,
        "queue": queue,
        "verdict": verdict,
    );
    changes
}

fn note<T: Serialize + PartialEq>(changes: &mut Vec<Change>, path: &str, old: &T, new: &T) {
    if old != new {
        changes.push(Change::new(path, json!(old), json!(new)));
    }
}

/// Gives the lead the value back that it had before the change. What is kept apart from the lead, such as consents, is
/// left alone.
pub fn take_back(lead: &mut Lead, change: &Change) {
    let old = &change.old;
    if let Some(key) = change.path.strip_prefix("custom.") {
        if old.is_null() {
            lead.custom.shift_remove(key);
        } else {
            lead.custom.insert(key.to_owned(), old.clone());
        }
        return;
    }
    if let Some(field) = Field::from_name(&change.path) {
        lead.fields.set(field, old);
        return;
    }
    match change.path.as_str() {
        "website_domain" => restore(&mut lead.website_domain, old),
        "tags" => restore(&mut lead.tags, old),
        "source" => restore(&mut lead.source, old),
        "stage" => restore(&mut lead.stage, old),
        "stage_kind" => restore::<StageKind>(&mut lead.stage_kind, old),
        "stage_changed_at" => restore(&mut lead.stage_changed_at, old),
        "disqualify_reason" => restore(&mut lead.disqualify_reason, old),
        "revisit_at" => restore(&mut lead.revisit_at, old),
        "owner_id" => restore(&mut lead.owner_id, old),
        "team_id" => restore(&mut lead.team_id, old),
        "attribution.first" => restore(&mut lead.first_attribution, old),
        "attribution.last" => restore(&mut lead.last_attribution, old),
        "is_test" => restore(&mut lead.is_test, old),
        "last_activity_at" => restore(&mut lead.last_activity_at, old),
        "deleted_at" => restore(&mut lead.deleted_at, old),
        "verdict" => restore(&mut lead.verdict, old),
        "queue" => restore(&mut lead.queue, old),
        "merged_into" => restore(&mut lead.merged_into, old),
        _ => {}
    }
}

/// A value that does not fit was never one of this field: the present one stays.
fn restore<T: DeserializeOwned>(field: &mut T, old: &Value) {
    if let Ok(value) = T::deserialize(old) {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::as_of::{Moment, rewind};
    use crate::domain::ids::time_of;
    use crate::domain::lead_fields::{FieldKind, LeadFields};
    use crate::domain::normalise::attribution::Attribution;
    use crate::domain::qualification::Verdict;
    use crate::domain::test_leads::lead;
    use chrono::Duration;
    use uuid::Uuid;

    /// A lead of which nothing is as it is in [`lead`], but for what never changes.
    fn another() -> Lead {
        let mut fields = LeadFields::default();
        for field in Field::ALL {
            let value = match field.kind() {
                FieldKind::Text => json!("x"),
                FieldKind::Integer => json!(7),
            };
            fields.set(*field, &value);
        }
        let later = time_of(lead().id) + Duration::days(1);
        Lead {
            fields,
            website_domain: Some("example.com".into()),
            custom: serde_json::Map::from_iter([
                ("plan".to_owned(), json!("pro")),
                ("a.b".to_owned(), json!({"c": [1, null]})),
            ]),
            tags: vec!["demo".into()],
            source: Some("page".into()),
            stage: "lost".into(),
            stage_kind: StageKind::Disqualified,
            stage_changed_at: later,
            disqualify_reason: Some("other".into()),
            revisit_at: Some(later),
            owner_id: Some(Uuid::max()),
            team_id: Some(Uuid::max()),
            first_attribution: Attribution {
                gclid: Some("g".into()),
                ..Attribution::default()
            },
            last_attribution: Attribution {
                utm_source: Some("u".into()),
                ..Attribution::default()
            },
            is_test: true,
            version: 2,
            updated_at: later,
            last_activity_at: later,
            deleted_at: Some(later),
            merged_into: Some(Uuid::max()),
            queue: Some("unassigned".into()),
            verdict: Some(Verdict::SalesQualified),
            ..lead()
        }
    }

    #[test]
    fn whatever_differs_can_be_taken_back_both_ways() {
        for (old, new) in [(lead(), another()), (another(), lead())] {
            let changes = differences(&old, &new);
            assert_eq!(
                changes.len(),
                Field::ALL.len() + 2 + 18,
                "one change for each value: {changes:#?}"
            );
            let then = Moment {
                version: old.version,
                at: old.updated_at,
            };
            assert_eq!(rewind(&new, &changes, then), old);
        }
    }

    #[test]
    fn nothing_differs_between_a_lead_and_itself() {
        assert_eq!(differences(&another(), &another()), []);
    }

    #[test]
    fn of_several_changes_of_one_value_the_oldest_counts() {
        let change = |old: &str, new: &str| Change::new("city", json!(old), json!(new));
        let then = Moment {
            version: 1,
            at: lead().updated_at,
        };
        let later = [change("Ulm", "Bonn"), change("Köln", "Ulm")];
        assert_eq!(
            rewind(&lead(), &later, then).fields.city.as_deref(),
            Some("Köln")
        );
        assert_eq!(
            rewind(&lead(), &later[1..], then).fields.city.as_deref(),
            Some("Köln")
        );
    }
}
