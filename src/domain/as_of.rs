//! A lead as it was: the present one, with every later change taken back.

use crate::domain::event::Change;
use crate::domain::lead::Lead;
use crate::domain::lead_changes::take_back;
use crate::domain::lead_fields::Field;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A version of a lead, and when it came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The version.
    pub version: i64,
    /// Its `updated_at`.
    pub at: DateTime<Utc>,
}

/// The lead at an earlier moment. `later` are the changes since, newest first; of those to one path only the oldest
/// matters, so the others may be left out.
pub fn rewind<'a>(lead: &Lead, later: impl IntoIterator<Item = &'a Change>, to: Moment) -> Lead {
    let mut then = lead.clone();
    for change in later {
        take_back(&mut then, change);
    }
    then.version = to.version;
    // Scores are not kept of every moment.
    then.score = None;
    then.updated_at = to.at;
    then
}

/// What a lead began with, as the changes of its creation.
pub fn initial_changes(lead: &Lead) -> Vec<Change> {
    let known = Field::ALL
        .iter()
        .filter(|field| lead.fields.has(**field))
        .map(|field| (field.name().to_owned(), lead.fields.value(*field)));
    let custom = lead
        .custom
        .iter()
        .map(|(key, value)| (format!("custom.{key}"), value.clone()));
    let set = |name: &str, is_set: bool, value: Value| is_set.then(|| (name.to_owned(), value));
    let more = [
        set("tags", !lead.tags.is_empty(), json!(lead.tags)),
        set("source", lead.source.is_some(), json!(lead.source)),
        set("channel", true, json!(lead.channel)),
        set("stage", true, json!(lead.stage)),
        set("owner_id", lead.owner_id.is_some(), json!(lead.owner_id)),
        set("team_id", lead.team_id.is_some(), json!(lead.team_id)),
        set("verdict", lead.verdict.is_some(), json!(lead.verdict)),
        set("queue", lead.queue.is_some(), json!(lead.queue)),
        set(
            "attribution.first",
            !lead.first_attribution.is_empty(),
            json!(lead.first_attribution),
        ),
        set("is_test", lead.is_test, json!(lead.is_test)),
    ];
    known
        .chain(custom)
        .chain(more.into_iter().flatten())
        .map(|(path, value)| Change::new(path, Value::Null, value))
        .collect()
}
