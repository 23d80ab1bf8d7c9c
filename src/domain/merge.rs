//! A merge: leads became one, the survivor. What it did is remembered, so that it can be undone (promise P9).

use crate::domain::event::{Actor, Change};
use crate::domain::lead::Lead;
use crate::domain::lead_changes::take_back;
use crate::domain::survivorship::Chosen;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a merge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MergeState {
    /// The leads are one.
    Done,
    /// They are as many as before.
    Undone,
}

impl MergeState {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            MergeState::Done => "done",
            MergeState::Undone => "undone",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<MergeState> {
        [MergeState::Done, MergeState::Undone]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// What the survivor had of values that no two leads may have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Before {
    /// Its mail address.
    pub email: Option<String>,
    /// Its custom values.
    pub custom: Map<String, Value>,
}

/// A merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// The lead that the others became a part of.
    pub survivor_id: Uuid,
    /// Those others, in the order of their ids.
    pub merged_ids: Vec<Uuid>,
    /// Where it stands.
    pub state: MergeState,
    /// What the survivor had of values that no two leads may have.
    pub before: Before,
    /// What changed of the survivor.
    pub changes: Vec<Change>,
    /// Of which lead each value is that the survivor took.
    pub chosen: Vec<Chosen>,
    /// Who merged them.
    pub merged_by: Actor,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Who undid it.
    pub undone_by: Option<Actor>,
    /// When.
    pub undone_at: Option<DateTime<Utc>>,
}

impl Merge {
    /// All leads it is about, the survivor first.
    pub fn lead_ids(&self) -> Vec<Uuid> {
        let mut ids = vec![self.survivor_id];
        ids.extend(&self.merged_ids);
        ids
    }
}

/// What goes with a lead when it becomes a part of another.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Belonging {
    /// What happened with it.
    Activity,
    /// What was written of it.
    Note,
    /// What came in.
    Submission,
    /// A line of the ledger.
    Consent,
    /// A clock.
    Clock,
    /// What was decided about it.
    Decision,
    /// Somebody's time with it.
    Assignment,
    /// What was answered.
    Answer,
}

impl Belonging {
    /// Every kind.
    pub const ALL: [Belonging; 8] = [
        Belonging::Activity,
        Belonging::Note,
        Belonging::Submission,
        Belonging::Consent,
        Belonging::Clock,
        Belonging::Decision,
        Belonging::Assignment,
        Belonging::Answer,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Belonging::Activity => "activity",
            Belonging::Note => "note",
            Belonging::Submission => "submission",
            Belonging::Consent => "consent",
            Belonging::Clock => "clock",
            Belonging::Decision => "decision",
            Belonging::Assignment => "assignment",
            Belonging::Answer => "answer",
        }
    }
}

/// Something that came to the survivor after the merge, and goes to another lead when it is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    /// What it is.
    pub kind: Belonging,
    /// Which one.
    pub id: Uuid,
    /// The lead it goes to.
    pub to: Uuid,
}

/// What is given back whole or not at all.
const TOGETHER: [&[&str]; 5] = [
    &[
        "stage",
        "stage_kind",
        "stage_changed_at",
        "disqualify_reason",
        "revisit_at",
    ],
    &["owner_id", "team_id", "queue"],
    &["phone", "phone_extension"],
    &["annual_revenue", "currency"],
    &["website", "website_domain"],
];

/// The survivor without what the merge gave it. A value that was changed since stays; of the labels, those that the merge
/// brought go, and others stay.
pub fn without(survivor: &Lead, changes: &[Change]) -> Lead {
    let group = |path: &str| TOGETHER.iter().position(|group| group.contains(&path));
    let stands = |change: &Change| holds(survivor, change);
    let mut before = survivor.clone();
    for change in changes {
        if change.path == "tags" {
            take_tags_back(&mut before, change);
            continue;
        }
        let of_group = group(&change.path);
        let together = |other: &&Change| of_group.is_some() && group(&other.path) == of_group;
        if stands(change) && changes.iter().filter(together).all(stands) {
            take_back(&mut before, change);
        }
    }
    before
}

/// Whether the lead still has the value that the change gave it.
fn holds(lead: &Lead, change: &Change) -> bool {
    let again = Change::new(change.path.clone(), change.new.clone(), Value::Null);
    let mut same = lead.clone();
    take_back(&mut same, &again);
    same == *lead
}

fn take_tags_back(lead: &mut Lead, change: &Change) {
    let tags = |value: &Value| -> Vec<String> {
        serde_json::from_value(value.clone()).unwrap_or_default()
    };
    let (old, new) = (tags(&change.old), tags(&change.new));
    lead.tags
        .retain(|tag| old.contains(tag) || !new.contains(tag));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lead_changes::differences;
    use crate::domain::stage::StageKind;
    use crate::domain::test_leads::lead;
    use chrono::Duration;

    fn merged() -> (Lead, Lead, Vec<Change>) {
        let before = lead();
        let mut after = before.clone();
        after.fields.title = Some("CTO".into());
        after.tags.push("merged".into());
        after.stage = "sql".into();
        after.stage_kind = StageKind::SalesQualified;
        after.stage_changed_at += Duration::hours(1);
        let changes = differences(&before, &after);
        (before, after, changes)
    }

    #[test]
    fn what_a_merge_gave_is_given_back() {
        let (before, after, changes) = merged();
        assert_eq!(without(&after, &changes), before);
    }

    #[test]
    fn what_was_changed_since_stays() {
        let (before, mut after, changes) = merged();
        after.fields.title = Some("CEO".into());
        after.tags.push("later".into());
        after.stage = "sql_too".into();
        let undone = without(&after, &changes);
        assert_eq!(undone.fields.title.as_deref(), Some("CEO"));
        assert!(
            undone.tags.contains(&"later".to_owned())
                && !undone.tags.contains(&"merged".to_owned())
        );
        assert_eq!(
            (undone.stage.as_str(), undone.stage_kind),
            ("sql_too", StageKind::SalesQualified)
        );
        assert_eq!(undone.fields.first_name, before.fields.first_name);
    }
}
