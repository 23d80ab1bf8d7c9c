//! Rules as code: all active documents go out as one, and come in as one, all or nothing.

use crate::domain::audit::Trail;
use crate::domain::flow::change_rules;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::rules;
use crate::domain::json_difference::{Difference, differences};
use crate::domain::playbook::Playbook;
use crate::domain::rule_document::{ONLY, RuleDocument, RuleKind, RuleState, RuleVersion};
use crate::domain::rules::Rules;
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{rule_documents, workspaces};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// A document on its way in.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What others name it by; `None` for what a workspace has one of.
    pub key: Option<String>,
    /// What it says.
    pub document: RuleDocument,
    /// Why it is written.
    pub note: Option<String>,
    /// The number of the version that it is; `None`: it is none yet.
    pub version: Option<i64>,
}

impl Incoming {
    fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(ONLY)
    }
}

/// How documents come in.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Nothing is written.
    pub dry_run: bool,
    /// What is new counts at once.
    pub activate: bool,
}

/// What became of a document.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What it is about.
    pub kind: RuleKind,
    /// Its key.
    pub key: String,
    /// A version was made of it, or would be.
    pub is_new: bool,
    /// The version; `None`: it would be made.
    pub id: Option<Uuid>,
    /// Its number.
    pub version: i64,
    /// Where it stands.
    pub state: RuleState,
    /// What differs from the document that counted before.
    pub differences: Vec<Difference>,
    /// What is worth a look, by pointers into the request.
    pub warnings: Vec<FieldError>,
}

/// The documents that count, by key, in an order that stays the same: by kind, so that what is named stands before what names
/// it, then by key. If wanted with those that every workspace begins with, where these stand in.
pub fn export(
    conn: &mut TenantConnection,
    with_usual: bool,
) -> Result<Vec<(String, RuleDocument)>> {
    let active = rule_documents::list_active(conn)?.into_iter();
    let mut found: Vec<(String, RuleDocument)> = active
        .map(|version| (version.key, version.document))
        .collect();
    if with_usual {
        for (key, usual) in RuleDocument::all_usual() {
            let is_there = |(other, document): &(String, RuleDocument)| {
                other == key && document.kind() == usual.kind()
            };
            if !found.iter().any(is_there) {
                found.push((key.to_owned(), usual));
            }
        }
    }
    found.sort_by(|(key, document), (other_key, other)| {
        (document.kind(), key).cmp(&(other.kind(), other_key))
    });
    Ok(found)
}

/// Takes documents in. They are checked as if all of them counted, since they name each other; a version is made only of
/// one that differs from what counts, or from the latest version where none does.
///
/// # Errors
/// Everything that is wrong with any of them, by pointers into the request; then nothing is written.
pub fn import(
    conn: &mut TenantConnection,
    incoming: &[Incoming],
    manner: Manner,
    trail: &Trail,
    by: &OnBehalf,
) -> Result<Vec<Imported>> {
    workspaces::lock(conn)?;
    let active = rule_documents::list_active(conn)?;
    let today = rules::load(conn)?;
    let (_, warnings) = check(conn, &today, incoming, &active, by)?;
    let mut places: Vec<usize> = (0..incoming.len()).collect();
    places.sort_by_key(|place| incoming[*place].document.kind());
    let mut imported: Vec<(usize, Imported)> = Vec::with_capacity(incoming.len());
    for place in places {
        let one = &incoming[place];
        let mut done = take_in(conn, one, &active, manner, by)?;
        done.warnings.clone_from(&warnings[place]);
        if let Some(id) = done.id
            && manner.activate
            && !manner.dry_run
        {
            // All were checked together: by itself one may not go with what counted before.
            let version = rule_documents::get(conn, id)?;
            if version.state != RuleState::Active {
                done.state = change_rules::put_in_force(conn, &version, trail, by)?.state;
            }
        }
        imported.push((place, done));
    }
    imported.sort_by_key(|(place, _)| *place);
    Ok(imported.into_iter().map(|(_, done)| done).collect())
}

fn take_in(
    conn: &mut TenantConnection,
    one: &Incoming,
    active: &[RuleVersion],
    manner: Manner,
    by: &OnBehalf,
) -> Result<Imported> {
    let (kind, key) = (one.document.kind(), one.key());
    let is_it = |version: &&RuleVersion| version.document.kind() == kind && version.key == key;
    let counts = active.iter().find(is_it);
    let latest = rule_documents::list(conn, Some(kind), Some(key), None, None, 1)?;
    let same = counts
        .into_iter()
        .chain(&latest)
        .find(|version| version.document == one.document);
    let differences = differences(
        &json(counts.map(|version| &version.document))?,
        &json(Some(&one.document))?,
    );
    let imported = |version: Option<&RuleVersion>, is_new| Imported {
        kind,
        key: key.to_owned(),
        is_new,
        id: version.map(|version| version.id),
        version: version.map_or(0, |version| version.version),
        state: version.map_or(RuleState::Draft, |version| version.state),
        differences,
        warnings: Vec::new(),
    };
    if let Some(known) = same {
        return Ok(imported(Some(known), false));
    }
    let number = rule_documents::last_version(conn, kind, key)? + 1;
    if manner.dry_run {
        let mut would_be = imported(None, true);
        would_be.version = number;
        return Ok(would_be);
    }
    let (document, note) = (one.document.clone(), one.note.clone());
    let version = change_rules::draft(key.to_owned(), document, number, note, by);
    rule_documents::insert(conn, &version)?;
    Ok(imported(Some(&version), true))
}

fn json(document: Option<&RuleDocument>) -> Result<Value> {
    let json = document.map(RuleDocument::to_json).transpose();
    Ok(json.map_err(Error::internal)?.unwrap_or_default())
}

/// The rules of the workspace, were these documents active beside the others.
///
/// # Errors
/// As [`import`].
pub fn as_if_active(
    conn: &mut TenantConnection,
    incoming: &[Incoming],
    by: &OnBehalf,
) -> Result<Rules> {
    let active = rule_documents::list_active(conn)?;
    let mut rules = rules::load(conn)?;
    let (playbook, _) = check(conn, &rules, incoming, &active, by)?;
    rules.playbook = Arc::new(playbook);
    Ok(rules)
}

/// The version that counts and says the same.
fn as_it_counts<'a>(one: &Incoming, active: &'a [RuleVersion]) -> Option<&'a RuleVersion> {
    let is_it =
        |version: &&RuleVersion| version.key == one.key() && version.document == one.document;
    active.iter().find(is_it)
}

/// The number under which a document is tried: that of the version that it is, or else the next, so that what is kept by a
/// version is never taken for what was made by another document.
fn number(conn: &mut TenantConnection, one: &Incoming, active: &[RuleVersion]) -> Result<i64> {
    let counts = as_it_counts(one, active).map(|version| version.version);
    match one.version.or(counts) {
        Some(number) => Ok(number),
        None => Ok(rule_documents::last_version(conn, one.document.kind(), one.key())? + 1),
    }
}

/// Everything that is wrong with them, were they all active; the answer is what would be decided by, and what is worth a
/// look, by document.
fn check(
    conn: &mut TenantConnection,
    rules: &Rules,
    incoming: &[Incoming],
    active: &[RuleVersion],
    by: &OnBehalf,
) -> Result<(Playbook, Vec<Vec<FieldError>>)> {
    let is_replaced = |version: &&RuleVersion| {
        let replaces = |one: &Incoming| {
            one.document.kind() == version.document.kind() && one.key() == version.key
        };
        !incoming.iter().any(replaces)
    };
    let mut together: Vec<RuleVersion> = active.iter().filter(is_replaced).cloned().collect();
    for one in incoming {
        let (key, document) = (one.key().to_owned(), one.document.clone());
        let number = number(conn, one, active)?;
        together.push(change_rules::draft(key, document, number, None, by));
    }
    let roster = rules.playbook.roster.clone();
    let playbook = Playbook::of(&together, roster, rules);
    let mut errors = Vec::new();
    let mut warnings = Vec::with_capacity(incoming.len());
    for (place, one) in incoming.iter().enumerate() {
        let at = format!("/documents/{place}");
        let earlier = &incoming[..place];
        let is_same = |other: &Incoming| {
            other.document.kind() == one.document.kind() && other.key() == one.key()
        };
        if earlier.iter().any(is_same) {
            let detail = "a document of this kind and key stands before it: each once";
            errors.push(FieldError::new(at.clone(), "repeated", detail));
        }
        errors.extend(change_rules::wrong_key(one.document.kind(), one.key(), &at));
        let inside = |error: FieldError| FieldError {
            pointer: format!("{at}/document{}", error.pointer),
            ..error
        };
        let (wrong, looks) = judge(one, &playbook, rules, active);
        errors.extend(wrong.into_iter().map(inside));
        warnings.push(looks.into_iter().map(inside).collect());
    }
    if errors.is_empty() {
        Ok((playbook, warnings))
    } else {
        Err(Error::Invalid(errors))
    }
}

/// What is wrong with a document, did the playbook count, and what is worth a look; pointers are into the document. What is wrong
/// already with one that counts as it is stops nobody: it goes on counting.
fn judge(
    one: &Incoming,
    playbook: &Playbook,
    today: &Rules,
    active: &[RuleVersion],
) -> (Vec<FieldError>, Vec<FieldError>) {
    let (mut wrong, mut looks) = match playbook.check(&one.document, today) {
        Ok(looks) => (Vec::new(), looks),
        Err(wrong) => {
            let counts = as_it_counts(one, active);
            let known = counts.and_then(|_| today.playbook.check(&one.document, today).err());
            let known = known.unwrap_or_default();
            wrong.into_iter().partition(|error| !known.contains(error))
        }
    };
    looks.extend(playbook.takes_every_lead(one.key(), &one.document, today));
    wrong.extend(playbook.other_half_life(one.key(), &one.document));
    (wrong, looks)
}
