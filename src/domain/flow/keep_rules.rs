//! Keeps what active rule documents name: a document that could not be read any more would count no longer, and what every
//! workspace begins with would stand in, without a word.

use crate::domain::rules::Rules;
use crate::error::{Conflict, Result};
use crate::store::pool::TenantConnection;
use crate::store::rule_documents;

/// Refuses a change from the rules of today to others after which an active document could not be read any more. Who calls
/// has the workspace locked, so that no document begins to count meanwhile.
///
/// # Errors
/// A conflict that says which document, and where.
pub fn keep_readable(conn: &mut TenantConnection, today: &Rules, then: &Rules) -> Result<()> {
    for version in rule_documents::list_active(conn)? {
        let check = |rules: &Rules| today.playbook.check(&version.document, rules);
        let known = check(today).err().unwrap_or_default();
        let wrong = check(then).err().unwrap_or_default();
        if let Some(error) = wrong.into_iter().find(|error| !known.contains(error)) {
            return Err(Conflict::RuleInUse {
                rule_id: version.id,
                kind: version.document.kind().as_str(),
                key: version.key,
                pointer: error.pointer,
            }
            .into());
        }
    }
    Ok(())
}
