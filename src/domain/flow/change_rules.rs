//! Writes, activates and retires rule documents.

use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::{rescore_leads, rules};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::rule_document::{ONLY, RuleDocument, RuleKind, RuleState, RuleVersion};
use crate::domain::stage::is_key;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{calendar_walks, rule_documents, workspaces};
use chrono::Duration;
use uuid::Uuid;

/// A version that was written, and what is worth a look.
#[derive(Debug, Clone)]
pub struct Written {
    /// The version.
    pub version: RuleVersion,
    /// What is worth a look, though the document can be used; pointers are into the document.
    pub warnings: Vec<FieldError>,
}

/// Writes a new version of a document, as a draft. It is checked against what is active now.
///
/// # Errors
/// Everything that is wrong with it, by pointers into the request.
pub fn write(
    conn: &mut TenantConnection,
    key: Option<String>,
    document: RuleDocument,
    note: Option<String>,
    by: &OnBehalf,
) -> Result<Written> {
    workspaces::lock(conn)?;
    let kind = document.kind();
    let is_only = matches!(
        kind,
        RuleKind::RoutingPolicy | RuleKind::SlaPolicy | RuleKind::Framework
    );
    let mut errors = Vec::new();
    let key = key.unwrap_or_else(|| ONLY.to_owned());
    if !is_key(&key) {
        let detail = "a key has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter";
        errors.push(FieldError::new("/key", "invalid_key", detail));
    } else if is_only && key != ONLY {
        let detail = "a workspace has one policy of this kind: leave the key out";
        errors.push(FieldError::new("/key", "one_only", detail));
    }
    // As it is in the database: who came in a moment ago may be named.
    let today = rules::load(conn)?;
    let warnings = match today.playbook.check(&document, &today) {
        Ok(warnings) => warnings,
        Err(wrong) => {
            errors.extend(wrong.into_iter().map(|error| FieldError {
                pointer: format!("/document{}", error.pointer),
                ..error
            }));
            Vec::new()
        }
    };
    let pace = today.playbook.other_half_life(&key, &document);
    errors.extend(pace.map(|error| FieldError {
        pointer: format!("/document{}", error.pointer),
        ..error
    }));
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let id = ProcessIds.next(by.now);
    let version = RuleVersion {
        id,
        version: rule_documents::last_version(conn, kind, &key)? + 1,
        key,
        state: RuleState::Draft,
        document,
        note,
        created_by: by.provenance.actor.clone(),
        created_at: time_of(id),
        activated_at: None,
        retired_at: None,
    };
    rule_documents::insert(conn, &version)?;
    Ok(Written { version, warnings })
}

/// Lets a version count from now on; the one that did is retired. It is checked again: what it names may be gone.
///
/// # Errors
/// What is wrong with it by now, by pointers into the document.
pub fn activate(conn: &mut TenantConnection, id: Uuid, by: &OnBehalf) -> Result<RuleVersion> {
    workspaces::lock(conn)?;
    let version = rule_documents::get(conn, id)?;
    if version.state == RuleState::Active {
        return Ok(version);
    }
    let today = rules::load(conn)?;
    let mut wrong = match today.playbook.check(&version.document, &today) {
        Ok(_) => Vec::new(),
        Err(wrong) => wrong,
    };
    wrong.extend(
        today
            .playbook
            .other_half_life(&version.key, &version.document),
    );
    if !wrong.is_empty() {
        let first = wrong
            .first()
            .map(|error| format!("{}: {}", error.pointer, error.detail));
        return Err(Conflict::RuleUnusable {
            detail: first.unwrap_or_default(),
        }
        .into());
    }
    let kind = version.document.kind();
    rule_documents::retire_active(conn, kind, &version.key, by.now)?;
    rule_documents::activate(conn, id, by.now)?;
    follow(conn, kind, &version.key, by)?;
    rule_documents::get(conn, id)
}

/// Lets the active version count no longer: what every workspace begins with stands in, if there is such a thing.
///
/// # Errors
/// A conflict when it is not active.
pub fn retire(conn: &mut TenantConnection, id: Uuid, by: &OnBehalf) -> Result<RuleVersion> {
    workspaces::lock(conn)?;
    let version = rule_documents::get(conn, id)?;
    if version.state != RuleState::Active {
        return Err(Conflict::RuleNotActive {
            state: version.state.as_str(),
        }
        .into());
    }
    let kind = version.document.kind();
    rule_documents::retire_active(conn, kind, &version.key, by.now)?;
    follow(conn, kind, &version.key, by)?;
    rule_documents::get(conn, id)
}

/// Seconds for which another process may still decide by the rules of before: it keeps them for five.
const FORMER_RULES_SECONDS: i64 = 10;

/// Open clocks follow their calendar, and leads are scored anew by another model.
fn follow(conn: &mut TenantConnection, kind: RuleKind, key: &str, by: &OnBehalf) -> Result<()> {
    match kind {
        RuleKind::Calendar => {
            let until = by.now + Duration::seconds(FORMER_RULES_SECONDS);
            calendar_walks::begin(conn, key, until)
        }
        RuleKind::ScoringModel => rescore_leads::begin(conn, &by.provenance, by.now).map(|_| ()),
        _ => Ok(()),
    }
}
