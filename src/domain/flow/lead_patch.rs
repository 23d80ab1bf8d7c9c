//! Reads what is to change of a lead.

use crate::domain::capture_draft;
use crate::domain::flow::change_lead::LeadPatch;
use crate::domain::lead_fields::Field;
use crate::error::{Error, Result};
use serde_json::{Map, Value};

impl LeadPatch {
    /// Takes a merge patch apart whose shape was checked.
    ///
    /// # Errors
    /// Every custom value that cannot be, by its pointer.
    pub fn read(changes: Map<String, Value>) -> Result<LeadPatch> {
        let mut patch = LeadPatch::default();
        let mut errors = Vec::new();
        for (name, value) in changes {
            match (name.as_str(), value) {
                ("custom", Value::Object(custom)) => {
                    patch.custom = capture_draft::clean_custom(custom, &mut errors)
                }
                ("custom", Value::Null) => patch.clears_custom = true,
                ("tags", Value::Null) => patch.tags = Some(Vec::new()),
                ("tags", Value::Array(tags)) => {
                    let texts = tags
                        .into_iter()
                        .filter_map(|tag| tag.as_str().map(str::to_owned))
                        .collect();
                    patch.tags = Some(capture_draft::clean_tags(texts));
                }
                ("source", Value::String(source)) => {
                    patch.source = Some(capture_draft::line(Some(source)))
                }
                ("source", Value::Null) => patch.source = Some(None),
                (name, value) => patch
                    .fields
                    .extend(Field::from_name(name).map(|field| (field, value))),
            }
        }
        if errors.is_empty() {
            Ok(patch)
        } else {
            Err(Error::Invalid(errors))
        }
    }
}
