//! Changes the stages of a workspace.

use crate::domain::condition::Condition;
use crate::domain::flow::{keep_rules, rules};
use crate::domain::nearest::did_you_mean;
use crate::domain::qualification::Framework;
use crate::domain::rule_text::texts_with_nul;
use crate::domain::rules::Rules;
use crate::domain::stage::{Entry, Pipeline, Stage, StageKind};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pipelines::PipelineRecord;
use crate::store::pool::TenantConnection;
use crate::store::{leads, pipelines, workspaces};
use chrono::{DateTime, Duration, SubsecRound, Utc};

/// Seconds in which every process has learnt of a change: until then leads may still begin in a stage that was archived.
const SETTLED_SECONDS: i64 = 10;

/// Puts these stages in place of those there are. The same stages again are no change.
///
/// # Errors
/// Everything that is wrong with them, conditions too, by pointers into the request; a conflict when a stage is left out
/// in which leads are, also deleted ones, or may still begin, or that an active rule document names;
/// [`Error::VersionMismatch`] when `expected` does not hold.
pub fn replace(
    conn: &mut TenantConnection,
    stages: Vec<Stage>,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<PipelineRecord> {
    // No rule document begins to count meanwhile.
    workspaces::lock(conn)?;
    let before = pipelines::lock(conn, now)?;
    if let Some(expected) = expected.filter(|expected| *expected != before.version) {
        return Err(Error::VersionMismatch {
            what: "pipeline",
            expected: expected.to_string(),
            current: before.version,
        });
    }
    let pipeline = before
        .pipeline
        .replaced_by(stages)
        .map_err(Error::Invalid)?;
    if pipeline == before.pipeline {
        return Ok(before);
    }
    // A condition may name a stage that comes with it.
    let today = rules::load(conn)?;
    let then = Rules {
        pipeline: pipeline.clone(),
        ..today.clone()
    };
    check_conditions(&pipeline, &then)?;
    let left_out = |stage: &&Stage| pipeline.find(&stage.key).is_none();
    for stage in before.pipeline.stages.iter().filter(left_out) {
        check_empty(conn, stage, &before, now)?;
    }
    keep_rules::keep_readable(conn, &today, &then)?;
    let (version, now) = (before.version + 1, now.trunc_subsecs(6));
    pipelines::update(conn, &pipeline, version, now)?;
    Ok(PipelineRecord {
        pipeline,
        version,
        updated_at: Some(now),
    })
}

fn check_conditions(pipeline: &Pipeline, rules: &Rules) -> Result<()> {
    let mut errors: Vec<FieldError> = Vec::new();
    for (index, stage) in pipeline.stages.iter().enumerate() {
        if let Some(entry) = &stage.entry {
            errors.extend(unknown_criteria(entry, index, rules));
            let pointer = format!("/stages/{index}/entry/condition");
            errors.extend(texts_with_nul(&entry.condition, &pointer));
            errors.extend(
                Condition::parse(&entry.condition, rules, &pointer)
                    .err()
                    .into_iter()
                    .flatten(),
            );
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

/// Answers that a stage asks for and the framework does not.
fn unknown_criteria(entry: &Entry, index: usize, rules: &Rules) -> Vec<FieldError> {
    let framework = rules.playbook.framework.as_deref();
    let keys: Vec<&str> = framework.into_iter().flat_map(Framework::keys).collect();
    let asked = entry.answers.iter().enumerate();
    let unknown = asked.filter(|(_, key)| !keys.contains(&key.as_str()));
    let wrong = unknown.map(|(place, key)| {
        let hint = did_you_mean(key, keys.iter().copied());
        let detail = format!("the framework asks nothing of this name{hint}");
        let pointer = format!("/stages/{index}/entry/answers/{place}");
        FieldError::new(pointer, "unknown_criterion", detail)
    });
    wrong.collect()
}

/// Moves hold the pipeline, so none enters meanwhile; captures do not, and go by what their process knows.
fn check_empty(
    conn: &mut TenantConnection,
    stage: &Stage,
    before: &PipelineRecord,
    now: DateTime<Utc>,
) -> Result<()> {
    let is_settled = before
        .updated_at
        .is_some_and(|at| now - at >= Duration::seconds(SETTLED_SECONDS));
    if stage.kind == StageKind::New && !(stage.archived && is_settled) {
        return Err(Conflict::StageStillEntered {
            stage: stage.key.clone(),
        }
        .into());
    }
    if leads::any_in_stage(conn, &stage.key)? {
        return Err(Conflict::StageInUse {
            stage: stage.key.clone(),
        }
        .into());
    }
    Ok(())
}
