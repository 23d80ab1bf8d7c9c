//! Moves a lead to another stage, forward, back or aside.

use crate::domain::activity::{Activity, ActivityFilter};
use crate::domain::capture::{begin_change, event};
use crate::domain::condition::Facts;
use crate::domain::entry;
use crate::domain::event::{Event, EventType};
use crate::domain::flow::bring_back;
use crate::domain::flow::change_lead::check_version;
use crate::domain::flow::clocks;
use crate::domain::flow::notes;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::own_lead;
use crate::domain::flow::reach;
use crate::domain::ids::ProcessIds;
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::qualification::qualify;
use crate::domain::rules::Rules;
use crate::domain::stage::{EntryMode, Pipeline, Stage, StageKind};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{activities, leads, outbox, pipelines, qualification_answers};
use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use uuid::Uuid;

/// Where a lead is to go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The key of the stage.
    pub stage: String,
    /// Why, in a few words.
    pub reason: Option<String>,
    /// A note to write on the lead with it.
    pub note: Option<String>,
    /// Why it is not worth pursuing; for stages of kind `disqualified`, and needed there.
    pub disqualify_reason: Option<String>,
    /// When a disqualified lead is worth another look.
    pub revisit_at: Option<DateTime<Utc>>,
    /// Also where an enforced criterion is not met.
    pub force: bool,
}

/// A lead after a move.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The lead.
    pub lead: Lead,
    /// What the stage asks for and the lead does not have, by pointers into the stage's condition, or `/answers/0` and so on.
    pub warnings: Vec<FieldError>,
}

/// Moves a lead. In the stage where it is it stays, without an event; of a disqualified one the reason and the time to
/// look again may change.
///
/// Leaving a stage of kind `disqualified` clears both, and the lead is answered like a new one; also when it leaves one of kind
/// `converted`.
///
/// # Errors
/// A stage that is not there, a missing or an unknown reason, by their pointers; a conflict for a stage that is archived,
/// and for enforced criteria that are not met; [`Error::VersionMismatch`] when `expected` does not hold.
pub fn move_lead(
    conn: &mut TenantConnection,
    id: Uuid,
    to: &Move,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Moved> {
    let before = reach::lock(conn, id, &by.visible)?;
    check_version(&before, expected)?;
    let pipeline = pipelines::hold(conn, by.now)?.pipeline;
    let stage = find(&pipeline, &to.stage)?;
    check_reason(to, stage, &by.rules)?;
    let mut lead = before.clone();
    let warnings = if stage.key == before.stage {
        Vec::new()
    } else {
        enter(conn, &mut lead, stage, to, by)?
    };
    if stage.kind == StageKind::Disqualified {
        if to.disqualify_reason.is_some() {
            lead.disqualify_reason.clone_from(&to.disqualify_reason);
        }
        if to.revisit_at.is_some() {
            lead.revisit_at = to.revisit_at.map(|at| at.trunc_subsecs(6));
        }
    }
    if lead == before {
        return Ok(Moved { lead, warnings });
    }
    save(conn, &before, lead, to, warnings, by)
}

fn find<'a>(pipeline: &'a Pipeline, key: &str) -> Result<&'a Stage> {
    pipeline.find(key).ok_or_else(|| {
        let open = pipeline.stages.iter().filter(|stage| !stage.archived);
        let keys: Vec<&str> = open.map(|stage| stage.key.as_str()).collect();
        let detail = format!("the stages are {}", keys.join(", "));
        Error::Invalid(vec![FieldError::new("/stage", "unknown_stage", detail)])
    })
}

fn check_reason(to: &Move, stage: &Stage, rules: &Rules) -> Result<()> {
    let wrong = |pointer, code, detail: String| {
        Err(Error::Invalid(vec![FieldError::new(pointer, code, detail)]))
    };
    if stage.kind != StageKind::Disqualified {
        let only = || "only for stages of kind disqualified".to_owned();
        return match (&to.disqualify_reason, to.revisit_at) {
            (Some(_), _) => wrong("/disqualify_reason", "not_disqualified", only()),
            (None, Some(_)) => wrong("/revisit_at", "not_disqualified", only()),
            (None, None) => Ok(()),
        };
    }
    let known = &rules.disqualify_reasons;
    let one_of = || format!("one of {}", known.join(", "));
    match &to.disqualify_reason {
        Some(reason) if !known.contains(reason) => {
            wrong("/disqualify_reason", "unknown_reason", one_of())
        }
        _ => Ok(()),
    }
}

/// Takes the lead into the stage; the answer is what it does not meet.
fn enter(
    conn: &mut TenantConnection,
    lead: &mut Lead,
    stage: &Stage,
    to: &Move,
    by: &OnBehalf,
) -> Result<Vec<FieldError>> {
    if stage.archived {
        return Err(Conflict::StageArchived {
            stage: stage.key.clone(),
        }
        .into());
    }
    if stage.kind == StageKind::Disqualified && to.disqualify_reason.is_none() {
        let detail = format!(
            "a lead is disqualified for a reason: one of {}",
            by.rules.disqualify_reasons.join(", ")
        );
        return Err(Error::Invalid(vec![FieldError::new(
            "/disqualify_reason",
            "reason_required",
            detail,
        )]));
    }
    let unmet = judge(conn, lead, stage, by)?;
    let is_enforced = stage
        .entry
        .as_ref()
        .is_some_and(|entry| entry.mode == EntryMode::Enforced);
    if is_enforced && !to.force && !unmet.is_empty() {
        return Err(Conflict::EntryCriteria {
            stage: stage.key.clone(),
            unmet,
        }
        .into());
    }
    lead.stage.clone_from(&stage.key);
    lead.stage_kind = stage.kind;
    lead.disqualify_reason = None;
    lead.revisit_at = None;
    Ok(unmet)
}

fn judge(
    conn: &mut TenantConnection,
    lead: &Lead,
    stage: &Stage,
    by: &OnBehalf,
) -> Result<Vec<FieldError>> {
    let Some(entry) = &stage.entry else {
        return Ok(Vec::new());
    };
    let kinds = entry::activity_types(&entry.condition, &by.rules);
    let activities: Vec<Activity> = if !entry.answers.is_empty() {
        activities::list_of_lead(conn, lead.id, &ActivityFilter::default(), None, i64::MAX)?
    } else if kinds.is_empty() {
        Vec::new()
    } else {
        let filter = ActivityFilter {
            kinds,
            ..ActivityFilter::default()
        };
        activities::list_of_lead(conn, lead.id, &filter, None, i64::MAX)?
    };
    let facts = Facts {
        lead,
        activities: &activities,
    };
    let framework = by.rules.playbook.framework.as_deref();
    let known = match framework.filter(|_| !entry.answers.is_empty()) {
        Some(framework) => {
            let answers = qualification_answers::list_of_lead(conn, lead.id)?;
            qualify(framework, &answers, &facts, by.now).criteria
        }
        None => Vec::new(),
    };
    Ok(entry::unmet(entry, &by.rules, &facts, &known, by.now))
}

fn save(
    conn: &mut TenantConnection,
    before: &Lead,
    mut lead: Lead,
    to: &Move,
    warnings: Vec<FieldError>,
    by: &OnBehalf,
) -> Result<Moved> {
    begin_change(&mut lead, by.now);
    let has_moved = lead.stage != before.stage;
    if has_moved {
        lead.stage_changed_at = lead.updated_at;
    }
    let changes = differences(before, &lead);
    let kind = if has_moved {
        EventType::LeadStageChanged
    } else {
        EventType::LeadUpdated
    };
    let mut moved = event(kind, &mut lead, changes, &mut ProcessIds);
    moved.data = data(to, &warnings);
    let note = match &to.note {
        Some(text) => Some(notes::write(conn, &mut lead, text, false, by)?.1),
        None => None,
    };
    leads::update(conn, before, &lead, &by.rules)?;
    let events: Vec<(&Event, _)> = std::iter::once(&moved)
        .chain(&note)
        .map(|event| (event, &by.provenance))
        .collect();
    outbox::add_all(conn, &events)?;
    bring_back::bring_back(conn, before, &mut lead, &by.rules, &by.provenance, by.now)?;
    if has_moved {
        clocks::cancel_if_over(conn, &lead, &by.rules, &by.provenance, by.now)?;
    }
    match lead.stage_kind {
        // Whoever says that sales has accepted it.
        StageKind::Accepted => own_lead::take_on(conn, &mut lead, by)?,
        _ => own_lead::accept_by_work(conn, &mut lead, by)?,
    }
    Ok(Moved { lead, warnings })
}

/// What the history shows of the move beside what changed.
fn data(to: &Move, warnings: &[FieldError]) -> Option<serde_json::Value> {
    let mut data = Map::new();
    if let Some(reason) = &to.reason {
        data.insert("reason".to_owned(), json!(reason));
    }
    if !warnings.is_empty() {
        let told = |warning: &FieldError| json!({"pointer": warning.pointer, "code": warning.code, "detail": warning.detail});
        data.insert("warnings".to_owned(), warnings.iter().map(told).collect());
        data.insert("forced".to_owned(), json!(to.force));
    }
    (!data.is_empty()).then_some(data.into())
}
