//! Reads what a workspace has decided about its leads.

use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{field_definitions, pipelines, workspaces};

/// The rules of the transaction's workspace.
pub fn load(conn: &mut TenantConnection) -> Result<Rules> {
    Ok(Rules {
        settings: workspaces::get(conn)?.settings,
        fields: field_definitions::list(conn)?
            .into_iter()
            .map(|record| record.definition)
            .collect(),
        pipeline: pipelines::get(conn)?.pipeline,
    })
}
