//! Writes, activates and retires rule documents.

use crate::domain::audit::{Action, Target, Trail};
use crate::domain::flow::keep_rules::in_use;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::rescore_leads;
use crate::domain::flow::rules::{self, FORMER_RULES};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::rule_document::{ONLY, RuleDocument, RuleKind, RuleState, RuleVersion};
use crate::domain::rule_references::named_by;
use crate::domain::rules::Rules;
use crate::domain::stage::is_key;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{audit_log, calendar_walks, rule_documents, workspaces};
use chrono::{DateTime, Utc};
use serde_json::json;
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
    let key = key.unwrap_or_else(|| ONLY.to_owned());
    let mut errors: Vec<FieldError> = wrong_key(kind, &key, "").into_iter().collect();
    // As it is in the database: who came in a moment ago may be named.
    let today = rules::load(conn)?;
    let mut warnings = match today.playbook.check(&document, &today) {
        Ok(warnings) => warnings,
        Err(wrong) => {
            errors.extend(wrong.into_iter().map(|error| FieldError {
                pointer: format!("/document{}", error.pointer),
                ..error
            }));
            Vec::new()
        }
    };
    let takes_all = today.playbook.takes_every_lead(&key, &document, &today);
    warnings.extend(takes_all);
    let pace = today.playbook.other_half_life(&key, &document);
    errors.extend(pace.map(|error| FieldError {
        pointer: format!("/document{}", error.pointer),
        ..error
    }));
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let number = rule_documents::last_version(conn, kind, &key)? + 1;
    let version = draft(key, document, number, note, by);
    rule_documents::insert(conn, &version)?;
    Ok(Written { version, warnings })
}

/// A version that does not count yet.
pub(super) fn draft(
    key: String,
    document: RuleDocument,
    version: i64,
    note: Option<String>,
    by: &OnBehalf,
) -> RuleVersion {
    let id = ProcessIds.next(by.now);
    RuleVersion {
        id,
        version,
        key,
        state: RuleState::Draft,
        document,
        note,
        created_by: by.provenance.actor.clone(),
        created_at: time_of(id),
        activated_at: None,
        retired_at: None,
        activate_at: None,
        scheduled_by: None,
    }
}

/// What is wrong with the key of a document; `at` is the pointer to the document's object.
pub(super) fn wrong_key(kind: RuleKind, key: &str, at: &str) -> Option<FieldError> {
    let wrong = |code, detail: &str| Some(FieldError::new(format!("{at}/key"), code, detail));
    if !is_key(key) {
        let detail = "a key has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter";
        return wrong("invalid_key", detail);
    }
    if kind.is_only() && key != ONLY {
        let detail = "a workspace has one policy of this kind: leave the key out";
        return wrong("one_only", detail);
    }
    None
}

/// Lets a version count from now on; the one that did is retired. It is checked again: what it names may be gone.
///
/// # Errors
/// What is wrong with it by now, by pointers into the document.
pub fn activate(
    conn: &mut TenantConnection,
    id: Uuid,
    trail: &Trail,
    by: &OnBehalf,
) -> Result<RuleVersion> {
    workspaces::lock(conn)?;
    let version = rule_documents::get(conn, id)?;
    if version.state == RuleState::Active {
        return Ok(version);
    }
    let today = rules::load(conn)?;
    check_usable(&version, &today)?;
    put_in_force(conn, &version, trail, by)
}

/// Lets a version that was checked count from now on.
pub(super) fn put_in_force(
    conn: &mut TenantConnection,
    version: &RuleVersion,
    trail: &Trail,
    by: &OnBehalf,
) -> Result<RuleVersion> {
    let (id, kind) = (version.id, version.document.kind());
    rule_documents::retire_active(conn, kind, &version.key, by.now)?;
    rule_documents::activate(conn, id, by.now)?;
    follow(conn, kind, &version.key, by)?;
    note(conn, version, Action::RuleActivated, trail, by.now)?;
    rule_documents::get(conn, id)
}

/// Refuses a version that cannot be used today.
pub(super) fn check_usable(version: &RuleVersion, today: &Rules) -> Result<()> {
    let playbook = &today.playbook;
    let mut wrong = match playbook.check(&version.document, today) {
        Ok(_) => Vec::new(),
        Err(wrong) => wrong,
    };
    wrong.extend(playbook.other_half_life(&version.key, &version.document));
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Conflict::RuleUnusable { wrong }.into())
}

/// Adds a line to the audit log.
pub(super) fn note(
    conn: &mut TenantConnection,
    version: &RuleVersion,
    action: Action,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<()> {
    let target = Target::new("rule", version.id);
    let details =
        json!({"kind": version.document.kind(), "key": version.key, "version": version.version});
    audit_log::add(conn, trail, action, Some(target), details, now)
}

/// Lets the active version count no longer: what every workspace begins with stands in, if there is such a thing.
///
/// # Errors
/// A conflict when it is not active, when another active document names it and nothing stands in, and when what stands in does
/// not go with the others.
pub fn retire(
    conn: &mut TenantConnection,
    id: Uuid,
    trail: &Trail,
    by: &OnBehalf,
) -> Result<RuleVersion> {
    workspaces::lock(conn)?;
    let version = rule_documents::get(conn, id)?;
    if version.state != RuleState::Active {
        return Err(Conflict::RuleNotActive {
            state: version.state.as_str(),
        }
        .into());
    }
    let kind = version.document.kind();
    match RuleDocument::usual(kind, &version.key) {
        Some(usual) => check_stand_in(conn, &version.key, &usual)?,
        None => check_unnamed(conn, kind, &version.key)?,
    }
    rule_documents::retire_active(conn, kind, &version.key, by.now)?;
    follow(conn, kind, &version.key, by)?;
    note(conn, &version, Action::RuleRetired, trail, by.now)?;
    rule_documents::get(conn, id)
}

/// Refuses to let what every workspace begins with stand in where it does not go with the others, or with the stages.
fn check_stand_in(conn: &mut TenantConnection, key: &str, usual: &RuleDocument) -> Result<()> {
    let today = rules::load(conn)?;
    let wrong = today.playbook.check(usual, &today).err();
    let mut wrong = wrong.into_iter().flatten();
    let differs = today.playbook.other_half_life(key, usual);
    match differs.or_else(|| wrong.next()) {
        None => Ok(()),
        Some(FieldError { detail, .. }) => Err(Conflict::RuleNeeded { detail }.into()),
    }
}

/// Refuses to take from under an active document what it names.
fn check_unnamed(conn: &mut TenantConnection, kind: RuleKind, key: &str) -> Result<()> {
    let active = rule_documents::list_active(conn)?;
    match named_by(&active, kind, key) {
        None => Ok(()),
        Some((by, place)) => Err(in_use(by, place.pointer)),
    }
}

/// Open clocks follow their calendar, and leads are qualified and scored anew by another framework or model.
fn follow(conn: &mut TenantConnection, kind: RuleKind, key: &str, by: &OnBehalf) -> Result<()> {
    match kind {
        RuleKind::Calendar => calendar_walks::begin(conn, key, &[], by.now + FORMER_RULES),
        RuleKind::Framework | RuleKind::ScoringModel => {
            rescore_leads::follow(conn, &by.provenance, by.now)
        }
        _ => Ok(()),
    }
}
