//! Decides again from the record of a decision: by the rules, the lead, the activities and the answers of then.

use crate::domain::activity::Activity;
use crate::domain::as_of::{Moment, rewind};
use crate::domain::condition::Facts;
use crate::domain::decision::{Basis, Decision, Finding};
use crate::domain::event::{Change, EventType};
use crate::domain::flow::rules;
use crate::domain::history::HistoryFilter;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::qualification::{Answer, qualify};
use crate::domain::routing;
use crate::domain::rules::Rules;
use crate::domain::sla::{ClockDecision, ClockKind, ZoneOf, Zones};
use crate::error::{Conflict, Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{activities, lead_history, merges, qualification_answers, rule_documents};
use chrono::Duration;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Decides again. Users, turns, open leads and shifts are those of the record; everything else is what was kept of the time.
///
/// # Errors
/// A conflict when that is not known any more: the decision was kept without its basis, a document of then cannot be read
/// any more, or the lead was merged since.
pub fn replay(conn: &mut TenantConnection, decision: &Decision, lead: &Lead) -> Result<Finding> {
    let Some(basis) = &decision.basis else {
        return refuse("it was made before Baton kept what decisions were made on");
    };
    if merges::changed_since(conn, lead.id, basis.at)? {
        return refuse("the lead was merged or un-merged since, so what it was is not told apart");
    }
    let rules = rules_of_then(conn, decision, basis)?;
    let then = lead_of_then(conn, lead, basis)?;
    let activities = activities_of_then(conn, lead.id, basis.last_activity_id, basis)?;
    let facts = Facts {
        lead: &then,
        activities: &activities,
    };
    let playbook = &rules.playbook;
    Ok(match &decision.finding {
        Finding::Routing(recorded) => {
            let router = playbook.router.as_ref();
            let router = router.ok_or_else(|| Error::internal("a workspace without a router"))?;
            Finding::Routing(Box::new(routing::replay(router, facts, recorded)))
        }
        Finding::Clocks(recorded) => {
            let kinds: Vec<ClockKind> = recorded.iter().map(|one| one.kind).collect();
            let (calendars, zones) = (&playbook.calendars, zones_of_then(recorded, &then));
            let policy = &playbook.policy;
            // After a touch they run from then on.
            let started = recorded.iter().find_map(|one| one.start.as_ref());
            let from = started.map_or(basis.at, |start| start.started_at);
            Finding::Clocks(policy.start(&facts, calendars, &zones, &kinds, (basis.at, from)))
        }
        Finding::Qualification(_) => {
            let framework = playbook.framework.as_ref();
            let framework =
                framework.ok_or_else(|| Error::internal("a workspace without a framework"))?;
            let answers = answers_of_then(conn, lead.id, basis)?;
            Finding::Qualification(Box::new(qualify(framework, &answers, &facts, basis.at)))
        }
        Finding::Score(recorded) => {
            // Whatever happened before counted, also what no condition asked for.
            let activities = activities_of_then(conn, lead.id, Some(decision.id), basis)?;
            let facts = Facts {
                lead: &then,
                activities: &activities,
            };
            Finding::Score(Box::new(recorded.again(&playbook.models, &facts, basis.at)))
        }
    })
}

fn refuse<T>(detail: impl Into<String>) -> Result<T> {
    Err(Conflict::NotReplayable {
        detail: detail.into(),
    }
    .into())
}

/// The rules by the versions that the decision names.
fn rules_of_then(conn: &mut TenantConnection, decision: &Decision, basis: &Basis) -> Result<Rules> {
    let mut rules = rules::load(conn)?;
    rules.settings.timezone.clone_from(&basis.timezone);
    let documents = rule_documents::list_versions(conn, &decision.rules.named())?;
    let roster = rules.playbook.roster.clone();
    let playbook = Playbook::of(&documents, roster, &rules);
    if playbook.versions != decision.rules {
        return refuse(
            "a rule document of then cannot be read any more, since a field that it names is gone",
        );
    }
    rules.playbook = Arc::new(playbook);
    Ok(rules)
}

pub(super) fn lead_of_then(
    conn: &mut TenantConnection,
    lead: &Lead,
    basis: &Basis,
) -> Result<Lead> {
    let moment = Moment {
        version: basis.lead_version,
        at: basis.lead_updated_at,
    };
    let later = lead_history::list_oldest_changes(conn, lead.id, lead.id, moment.version)?;
    let mut then = rewind(lead, &later, moment);
    basis.put_back(&mut then);
    Ok(then)
}

/// What a correction of an activity is told by.
#[derive(Deserialize)]
struct Correction {
    id: Uuid,
    changes: Vec<Change>,
}

pub(super) fn activities_of_then(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    last: Option<Uuid>,
    basis: &Basis,
) -> Result<Vec<Activity>> {
    let Some(last) = last else {
        return Ok(Vec::new());
    };
    let mut found = activities::list_until(conn, lead_id, last, basis.at)?;
    if found.iter().all(|activity| activity.version == 1) {
        return Ok(found);
    }
    let corrected = HistoryFilter {
        kinds: vec![EventType::ActivityUpdated],
        from: Some(basis.at - Duration::seconds(1)),
        ..HistoryFilter::default()
    };
    let entries = lead_history::list(conn, lead_id, &corrected, None, i64::MAX)?;
    let later = entries
        .into_iter()
        .filter(|entry| entry.version > basis.lead_version);
    for correction in later.filter_map(|entry| Correction::deserialize(entry.data?).ok()) {
        let mut corrected = found.iter_mut();
        if let Some(activity) = corrected.find(|one| one.id == correction.id) {
            activity.take_back(&correction.changes);
        }
    }
    Ok(found)
}

/// The answers in the order in which they were looked at. Of what was taken back since, each counted then.
fn answers_of_then(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    basis: &Basis,
) -> Result<Vec<Answer>> {
    let mut all = qualification_answers::list_of_lead(conn, lead_id)?;
    all.iter_mut().for_each(Answer::count_again);
    let mut known: HashMap<Uuid, Answer> = all.into_iter().map(|one| (one.id, one)).collect();
    let ids = basis.answer_ids.iter();
    Ok(ids.filter_map(|id| known.remove(id)).collect())
}

/// Whose zone was known is in the record.
fn zones_of_then(recorded: &[ClockDecision], lead: &Lead) -> Zones {
    let of = |whose: ZoneOf| {
        let starts = recorded.iter().filter_map(|one| one.start.as_ref());
        let mut used = starts.map(|start| &start.calendar);
        let used = used.find(|calendar| calendar.zone_of == whose);
        used.and_then(|calendar| calendar.zone.parse().ok())
    };
    let timezone = lead.fields.timezone.as_deref();
    Zones {
        owner: of(ZoneOf::Owner),
        team: of(ZoneOf::Team),
        lead: timezone.and_then(|zone| zone.parse().ok()),
    }
}
