//! Skills: who can do what, in every pool that they are in.

use super::compile::wrong_user;
use super::roster::Roster;
use crate::error::FieldError;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who has a skill, in whichever pool they are. The skill is the document's key; a pool asks for it by that word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillDocument {
    /// What people read.
    #[schema(min_length = 1, max_length = 200, example = "Cloud migrations")]
    pub name: String,
    /// Who has it.
    #[schema(max_items = 1000)]
    pub user_ids: Vec<Uuid>,
}

impl SkillDocument {
    /// Whether it can be used.
    ///
    /// # Errors
    /// Everything that is wrong with it, by JSON pointers.
    pub fn check(&self, roster: &Roster) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.name.trim().is_empty() {
            errors.push(FieldError::new("/name", "empty_name", "a skill has a name"));
        }
        for (index, user_id) in self.user_ids.iter().enumerate() {
            let at = format!("/user_ids/{index}");
            errors.extend(wrong_user(*user_id, roster, &at));
            if self.user_ids[..index].contains(user_id) {
                errors.push(FieldError::new(at, "repeated", "each user once"));
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }
}

/// The skills of people, beside those that a pool says of its members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skills(HashMap<Uuid, Vec<String>>);

impl Skills {
    /// Adds a skill to those who have it.
    pub fn add(&mut self, key: &str, document: &SkillDocument) {
        for user_id in &document.user_ids {
            self.0.entry(*user_id).or_default().push(key.to_owned());
        }
    }

    /// Whether somebody has a skill, in lower case.
    pub(super) fn has(&self, user_id: Uuid, skill: &str) -> bool {
        let own = self.0.get(&user_id);
        own.is_some_and(|own| own.iter().any(|one| one == skill))
    }
}
