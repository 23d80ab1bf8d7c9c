//! Notes down what happened with a lead, and corrects it.

use crate::domain::access::Visibility;
use crate::domain::activity::{Activity, Details, SKEW_MINUTES, SUBMISSION, check_type};
use crate::domain::capture::{begin_change, event, take_touch};
use crate::domain::event::{Change, EventType};
use crate::domain::flow::assess;
use crate::domain::flow::clocks;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::own_lead;
use crate::domain::flow::reach;
use crate::domain::flow::score_lead::News;
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::lead_changes::differences;
use crate::domain::normalise::attribution::Attribution;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::activities;
use crate::store::pool::TenantConnection;
use chrono::{DateTime, Duration, SubsecRound, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// Something that happened, on its way in.
#[derive(Debug, Clone)]
pub struct NewActivity {
    /// `call`, `email` …, or a type of the workspace's own.
    pub kind: String,
    /// When; `None`: now.
    pub occurred_at: Option<DateTime<Utc>>,
    /// What it was.
    pub details: Details,
    /// Which page, list or campaign.
    pub source: Option<String>,
    /// The way it took.
    pub channel: Option<String>,
    /// Campaign, click ids, referrer, landing page.
    pub attribution: Attribution,
}

/// Whose activities and notes the caller may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editing {
    /// Only what they wrote themselves.
    Own,
    /// Everybody's.
    Everybodys,
}

/// Adds an activity to a lead.
///
/// # Errors
/// A wrong type, and a time in the future, by their pointers.
pub fn add(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    new: &NewActivity,
    by: &OnBehalf,
) -> Result<Activity> {
    check_type(&new.kind).map_err(|error| Error::Invalid(vec![error]))?;
    let occurred_at = new.occurred_at.unwrap_or(by.now);
    if occurred_at > by.now + Duration::minutes(SKEW_MINUTES) {
        let detail = "what is noted has happened already: a time that is not in the future";
        return Err(Error::Invalid(vec![FieldError::new(
            "/occurred_at",
            "in_future",
            detail,
        )]));
    }
    let occurred_at = occurred_at.min(by.now).trunc_subsecs(6);
    let before = reach::lock(conn, lead_id, &by.visible)?;
    let mut lead = before.clone();
    let id = ProcessIds.next(by.now);
    let activity = Activity {
        id,
        lead_id,
        kind: new.kind.clone(),
        occurred_at,
        created_at: time_of(id),
        direction: new.details.direction,
        outcome: new.details.outcome.clone(),
        duration_seconds: new.details.duration_seconds,
        subject: new.details.subject.clone(),
        body: new.details.body.clone(),
        source: new.source.clone(),
        channel: new.channel.clone(),
        submission_id: None,
        actor: by.provenance.actor.clone(),
        attribution: new.attribution.clone(),
        properties: new.details.properties.clone(),
        is_test: lead.is_test,
        version: 1,
    };
    begin_change(&mut lead, by.now);
    let changes = take_touch(&mut lead, occurred_at, &activity.attribution);
    activities::insert(conn, &activity)?;
    publish(
        conn,
        (&before, &mut lead),
        News::Activity(&activity),
        (EventType::ActivityCreated, changes, json!(activity)),
        by,
    )?;
    clocks::meet(conn, &lead, &activity, &by.rules, &by.provenance, by.now)?;
    own_lead::accept_by_deed(conn, &lead, &activity, by)?;
    Ok(activity)
}

/// An activity that the caller may know of.
pub fn get(conn: &mut TenantConnection, id: Uuid, visible: &Visibility) -> Result<Activity> {
    let activity = activities::get(conn, id)?;
    reach::get_for(conn, activity.lead_id, visible, "activity", id)?;
    Ok(activity)
}

/// Corrects what was noted. What changed is in the history of the lead. A correction that changes nothing is none.
///
/// # Errors
/// [`Error::Forbidden`] for what somebody else noted, unless the caller may change that; a conflict for a submission,
/// which is what came in; [`Error::VersionMismatch`] when `expected` does not hold.
pub fn correct(
    conn: &mut TenantConnection,
    id: Uuid,
    change: impl FnOnce(Details) -> Result<Details>,
    editing: Editing,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<Activity> {
    let (before, mut activity) = lock(conn, id, editing, expected, by)?;
    let details = change(activity.details())?;
    let was_touch = clocks::is_touch(&activity);
    let changes = activity.correct(details);
    if changes.is_empty() {
        return Ok(activity);
    }
    activity.version += 1;
    activities::update(conn, &activity)?;
    let mut lead = before.clone();
    begin_change(&mut lead, by.now);
    let data = json!({"id": id, "type": activity.kind, "changes": changes});
    publish(
        conn,
        (&before, &mut lead),
        News::Everything,
        (EventType::ActivityUpdated, Vec::new(), data),
        by,
    )?;
    if !was_touch {
        clocks::meet(conn, &lead, &activity, &by.rules, &by.provenance, by.now)?;
        own_lead::accept_by_deed(conn, &lead, &activity, by)?;
    }
    Ok(activity)
}

/// Takes an activity out of the timeline. The history of the lead keeps what it was, and a clock that it met stays met: others
/// have been told.
///
/// # Errors
/// As [`correct`].
pub fn delete(
    conn: &mut TenantConnection,
    id: Uuid,
    editing: Editing,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<()> {
    let (before, activity) = lock(conn, id, editing, expected, by)?;
    activities::mark_deleted(conn, &activity, by.now)?;
    let mut lead = before.clone();
    begin_change(&mut lead, by.now);
    lead.last_activity_at =
        activities::find_latest_of_lead(conn, &lead)?.unwrap_or(lead.captured_at);
    let changes = differences(&before, &lead);
    publish(
        conn,
        (&before, &mut lead),
        News::Everything,
        (EventType::ActivityDeleted, changes, json!(activity)),
        by,
    )
}

fn lock(
    conn: &mut TenantConnection,
    id: Uuid,
    editing: Editing,
    expected: Option<i64>,
    by: &OnBehalf,
) -> Result<(Lead, Activity)> {
    let lead_id = activities::get(conn, id)?.lead_id;
    let lead = reach::lock_for(conn, lead_id, &by.visible, "activity", id)?;
    // Only what is read under the lock of the lead stays as it is.
    let activity = activities::get(conn, id)?;
    if activity.kind == SUBMISSION {
        return Err(Conflict::SubmissionActivity.into());
    }
    if editing == Editing::Own && activity.actor != by.provenance.actor {
        return Err(Error::Forbidden(
            "Somebody else noted this: only they, and who may delete leads, can change it.",
        ));
    }
    match expected {
        Some(expected) if expected != activity.version => Err(Error::VersionMismatch {
            what: "activity",
            expected: expected.to_string(),
            current: activity.version,
        }),
        _ => Ok((lead, activity)),
    }
}

/// Tells what happened, in a change of the lead that was begun, with what follows from it.
fn publish(
    conn: &mut TenantConnection,
    (before, lead): (&Lead, &mut Lead),
    news: News,
    (kind, changes, data): (EventType, Vec<Change>, Value),
    by: &OnBehalf,
) -> Result<()> {
    let mut happened = event(kind, lead, changes, &mut ProcessIds);
    happened.data = Some(data);
    assess::follow(conn, before, lead, &happened, news, by)
}
