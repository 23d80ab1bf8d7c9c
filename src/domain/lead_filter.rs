//! Which leads are meant, by what holds for them: a condition, words, and whether they are tests.

use crate::domain::condition::Condition;
use crate::domain::lead_search::LeadSearch;
use crate::domain::rules::Rules;
use crate::domain::search_text::SearchText;
use crate::error::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What has to hold for a lead, as it was asked; read anew when it is used, since a workspace's fields may change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LeadFilter {
    /// A condition; `None`: every lead.
    pub condition: Option<Value>,
    /// Words that are somewhere in its text.
    pub q: Option<String>,
    /// Only tests, or only what is no test; `None`: both.
    pub is_test: Option<bool>,
}

impl LeadFilter {
    /// `search` narrowed to the leads for which it holds. `pointer` is where it stands in the request.
    ///
    /// # Errors
    /// Everything that is wrong with condition and words, by their pointers.
    pub fn narrow(
        &self,
        search: LeadSearch,
        rules: &Rules,
        pointer: &str,
    ) -> Result<LeadSearch, Vec<FieldError>> {
        let mut errors = Vec::new();
        let condition = match &self.condition {
            None => Condition::default(),
            Some(value) => {
                let place = format!("{pointer}/condition");
                Condition::parse_for_search(value, rules, &place).unwrap_or_else(|wrong| {
                    errors.extend(wrong);
                    Condition::default()
                })
            }
        };
        let text = self.q.as_deref().and_then(|q| {
            let place = format!("{pointer}/q");
            SearchText::parse(q)
                .map_err(|wrong| errors.push(FieldError::new(place, wrong.code(), wrong.remedy())))
                .ok()
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(LeadSearch {
            condition,
            text,
            is_test: self.is_test,
            ..search
        })
    }
}
