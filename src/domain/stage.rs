//! Stages: where a lead stands in its workspace's pipeline.
//!
//! A pipeline is an ordered list of stages, each of one fixed kind. Rules and reports speak of kinds; keys and names are
//! the workspace's own.

use crate::domain::condition::ConditionDocument;
use crate::domain::normalise::text;
use crate::error::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What a stage means, the same in every workspace.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
pub enum StageKind {
    /// Nobody has looked at it yet.
    #[default]
    #[serde(rename = "new")]
    New,
    /// Not ready to buy; kept in touch with.
    #[serde(rename = "nurturing")]
    Nurturing,
    /// Qualified by marketing.
    #[serde(rename = "mql")]
    MarketingQualified,
    /// Accepted by sales.
    #[serde(rename = "accepted")]
    Accepted,
    /// Qualified by sales.
    #[serde(rename = "sql")]
    SalesQualified,
    /// Became a customer.
    #[serde(rename = "converted")]
    Converted,
    /// Not worth pursuing, for a reason.
    #[serde(rename = "disqualified")]
    Disqualified,
}

impl StageKind {
    /// Every kind, in the order of the funnel.
    pub const ALL: [StageKind; 7] = [
        StageKind::New,
        StageKind::Nurturing,
        StageKind::MarketingQualified,
        StageKind::Accepted,
        StageKind::SalesQualified,
        StageKind::Converted,
        StageKind::Disqualified,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            StageKind::New => "new",
            StageKind::Nurturing => "nurturing",
            StageKind::MarketingQualified => "mql",
            StageKind::Accepted => "accepted",
            StageKind::SalesQualified => "sql",
            StageKind::Converted => "converted",
            StageKind::Disqualified => "disqualified",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<StageKind> {
        StageKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// Whether a lead that does not meet the criteria may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryMode {
    /// It may not.
    Enforced,
    /// It may, and who moves it is told.
    Warned,
}

/// What a lead should meet to enter a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Whether a lead that does not meet them may enter.
    pub mode: EntryMode,
    /// A condition of the lead; every lead meets it where nothing is said.
    #[serde(default = "always")]
    #[schema(value_type = ConditionDocument, example = json!({"all": [{"field": "phone", "op": "is_set"}]}))]
    pub condition: Value,
    /// Criteria of the framework that have to be known, whatever they are worth: somebody has answered them, or a rule infers
    /// them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20, example = json!(["budget", "authority"]))]
    pub answers: Vec<String>,
}

fn always() -> Value {
    json!({"all": []})
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// What leads and filters name it by: a–z, 0–9 and `_`. It never changes.
    #[schema(
        min_length = 1,
        max_length = 50,
        pattern = "^[a-z][a-z0-9_]*$",
        example = "demo_booked"
    )]
    pub key: String,
    /// What people read.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"\S",
        example = "Demo booked"
    )]
    pub name: String,
    /// What it means; it never changes.
    pub kind: StageKind,
    /// Leads may stay in it, and none may enter.
    #[serde(default)]
    #[schema(default = false)]
    pub archived: bool,
    /// What a lead should meet to enter it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
}

/// The stages of a workspace, in order. The first of kind `new` that is not archived is where leads begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// In order; keys are unique, and at least one stage of kind `new` is not archived.
    pub stages: Vec<Stage>,
}

/// Most stages of a pipeline.
pub const MAX_STAGES: usize = 50;

impl Default for Pipeline {
    /// One stage of each kind, with the kind's name as its key.
    fn default() -> Self {
        let name = |kind: StageKind| match kind {
            StageKind::New => "New",
            StageKind::Nurturing => "Nurturing",
            StageKind::MarketingQualified => "Marketing qualified",
            StageKind::Accepted => "Accepted by sales",
            StageKind::SalesQualified => "Sales qualified",
            StageKind::Converted => "Converted",
            StageKind::Disqualified => "Disqualified",
        };
        let stage = |kind: StageKind| Stage {
            key: kind.as_str().to_owned(),
            name: name(kind).to_owned(),
            kind,
            archived: false,
            entry: None,
        };
        Pipeline {
            stages: StageKind::ALL.map(stage).to_vec(),
        }
    }
}

impl Pipeline {
    /// Where leads begin: the first stage of kind `new` that is not archived.
    pub fn first(&self) -> &str {
        self.stages
            .iter()
            .find(|stage| stage.kind == StageKind::New && !stage.archived)
            .map_or("new", |stage| &stage.key)
    }

    /// Whether any of its stages asks something of those who enter.
    pub fn has_criteria(&self) -> bool {
        let mut stages = self.stages.iter();
        stages.any(|stage| stage.entry.is_some() && !stage.archived)
    }

    /// The stage of that key.
    pub fn find(&self, key: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.key == key)
    }

    /// The pipeline that is to come after this one. Names are put into normal form.
    ///
    /// # Errors
    /// Everything that is wrong with it, by pointers into the request. Conditions are read elsewhere.
    pub fn replaced_by(&self, stages: Vec<Stage>) -> Result<Pipeline, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: String, code, detail: &str| {
            errors.push(FieldError::new(pointer, code, detail));
        };
        let mut next = Pipeline { stages: Vec::new() };
        for (index, mut stage) in stages.into_iter().enumerate() {
            let at = |name: &str| format!("/stages/{index}/{name}");
            stage.name = text::clean_line(&stage.name);
            if !is_key(&stage.key) {
                wrong(
                    at("key"),
                    "invalid_key",
                    "a key has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter",
                );
            }
            if next.find(&stage.key).is_some() {
                wrong(at("key"), "not_unique", "each key at most once");
            }
            if stage.name.is_empty() {
                wrong(at("name"), "empty_name", "a stage has a name");
            }
            let before = self.find(&stage.key);
            if before.is_some_and(|before| before.kind != stage.kind) {
                wrong(
                    at("kind"),
                    "immutable",
                    "the kind of a stage never changes: archive it, and add one with another key",
                );
            }
            next.stages.push(stage);
        }
        let begins = |stage: &Stage| stage.kind == StageKind::New && !stage.archived;
        if !next.stages.iter().any(begins) {
            wrong(
                "/stages".to_owned(),
                "no_beginning",
                "leads begin in a stage of kind new that is not archived: there has to be one",
            );
        }
        if errors.is_empty() {
            Ok(next)
        } else {
            Err(errors)
        }
    }
}

/// Whether it is a short name in small letters, as keys of stages and reasons are.
pub fn is_key(key: &str) -> bool {
    key.len() <= 50
        && key.starts_with(|first: char| first.is_ascii_lowercase())
        && key
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(key: &str, kind: StageKind) -> Stage {
        Stage {
            key: key.to_owned(),
            name: key.to_owned(),
            kind,
            archived: false,
            entry: None,
        }
    }

    fn refused(before: &Pipeline, stages: Vec<Stage>) -> Vec<(String, &'static str)> {
        let errors = before.replaced_by(stages).unwrap_err();
        errors
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect()
    }

    #[test]
    fn leads_begin_in_the_first_new_stage_that_is_open() {
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.first(), "new");
        pipeline.stages[0].archived = true;
        pipeline.stages.push(stage("inbox", StageKind::New));
        assert_eq!(pipeline.first(), "inbox");
    }

    #[test]
    fn keys_are_unique_and_keep_their_kind_and_leads_can_begin() {
        let before = Pipeline::default();
        let mut closed = stage("new", StageKind::New);
        closed.archived = true;
        let twice = vec![
            closed,
            stage("mql", StageKind::SalesQualified),
            stage("mql", StageKind::MarketingQualified),
            stage("2nd", StageKind::Converted),
        ];
        assert_eq!(
            refused(&before, twice),
            [
                ("/stages/1/kind".to_owned(), "immutable"),
                ("/stages/2/key".to_owned(), "not_unique"),
                ("/stages/3/key".to_owned(), "invalid_key"),
                ("/stages".to_owned(), "no_beginning"),
            ]
        );
        let mut fine = before.stages.clone();
        fine.reverse();
        fine[0].name = "  Lost \n".to_owned();
        let after = before.replaced_by(fine).unwrap();
        assert_eq!(after.stages[0].name, "Lost");
    }
}
