//! Keeps what active rule documents name: a document that could not be read any more would count no longer, and what every
//! workspace begins with would stand in, without a word.

use crate::domain::rule_document::RuleVersion;
use crate::domain::rules::Rules;
use crate::error::{Conflict, Error, Result};
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
            return Err(in_use(&version, error.pointer));
        }
    }
    Ok(())
}

/// Refuses to take away what the conditions of active documents compare a field with. Who calls has the workspace locked.
///
/// # Errors
/// A conflict that says which document, and where.
pub fn keep_compared(
    conn: &mut TenantConnection,
    field: &str,
    is_taken: impl Fn(&str) -> bool,
) -> Result<()> {
    for version in rule_documents::list_active(conn)? {
        let mut compared = version.document.texts_compared(field).into_iter();
        if let Some(one) = compared.find(|one| is_taken(&one.text)) {
            return Err(in_use(&version, one.pointer));
        }
    }
    Ok(())
}

/// That a document names it, at a place.
pub fn in_use(version: &RuleVersion, pointer: String) -> Error {
    let conflict = Conflict::RuleInUse {
        rule_id: version.id,
        kind: version.document.kind().as_str(),
        key: version.key.clone(),
        pointer,
    };
    conflict.into()
}
