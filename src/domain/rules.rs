//! What a workspace has decided about its leads, as one: its settings, its own fields, its pipeline.

use crate::domain::field_definition::FieldDefinition;
use crate::domain::likeness::Knowledge;
use crate::domain::playbook::Playbook;
use crate::domain::stage::Pipeline;
use crate::domain::workspace::WorkspaceSettings;
use std::ops::Deref;
use std::sync::Arc;

/// The rules of a workspace, read together and kept together.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// How it wants its leads handled.
    pub settings: WorkspaceSettings,
    /// Its own fields.
    pub fields: Vec<FieldDefinition>,
    /// Its stages.
    pub pipeline: Pipeline,
    /// What its leads have taught about how to compare them.
    pub knowledge: Arc<Knowledge>,
    /// What it decides by.
    pub playbook: Arc<Playbook>,
}

impl Deref for Rules {
    type Target = WorkspaceSettings;

    fn deref(&self) -> &WorkspaceSettings {
        &self.settings
    }
}

impl Rules {
    /// The workspace's own field of that key.
    pub fn field(&self, key: &str) -> Option<&FieldDefinition> {
        self.fields.iter().find(|field| field.key == key)
    }
}
