//! Scores leads when something is new of them, and when decay takes something from them.

use crate::domain::activity::{Activity, ActivityFilter};
use crate::domain::condition::Facts;
use crate::domain::decision::{Basis, Decision, Finding};
use crate::domain::event::{Cause, Event, EventType, Provenance};
use crate::domain::flow::{decide_lead, qualify_lead};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::domain::scoring::{
    ActiveModel, Rescored, ScoreChange, ScoreFinding, ScoreRecord, Scored,
};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{activities, decisions, lead_scores, leads, outbox};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Instant;
use uuid::Uuid;

/// What is new of a lead.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// The lead itself.
    Lead,
    /// An activity, which is written already.
    Activity(&'a Activity),
    /// Activities are not what they were: they were corrected or deleted, or belong to another lead.
    Everything,
    /// The rules are others.
    Rules,
}

/// Scores a lead, which is locked and takes the score; whoever calls writes the lead. The record is given as it is kept, and as
/// it is to be gone on from. What is new is kept, and to be [told](tell) after what caused it.
pub fn rescore(
    conn: &mut TenantConnection,
    lead: &mut Lead,
    (kept, record): (Option<ScoreRecord>, ScoreRecord),
    news: News,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<Decision>> {
    if rules.playbook.models.is_empty() || lead.is_test {
        return Ok(None);
    }
    let began = Instant::now();
    let found = anew(conn, lead, &record, news, rules, now)?;
    if kept.as_ref() != Some(&found.record) {
        lead_scores::write_all(conn, &[&found.record])?;
    }
    lead.score = found.score;
    let decision = found
        .finding
        .map(|finding| decision(lead, finding, began, rules, now));
    decisions::insert_all(conn, &decision.iter().collect::<Vec<_>>())?;
    Ok(decision)
}

/// Scores leads as [`rescore`] does, also those that are not there any more, and writes and tells everything. Those whose answers
/// have become stale, or are others than before, are qualified first, and by other rules all are.
pub fn rescore_all(
    conn: &mut TenantConnection,
    mut leads: Vec<Lead>,
    news: News,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<Uuid> = leads.iter().map(|lead| lead.id).collect();
    let known = lead_scores::list_of_leads(conn, &ids)?;
    let mut known: HashMap<Uuid, ScoreRecord> =
        known.into_iter().map(|one| (one.lead_id, one)).collect();
    let (mut records, mut decided) = (Vec::new(), Vec::new());
    for lead in &mut leads {
        let record = known.remove(&lead.id);
        if lead.deleted_at.is_some() || lead.is_test {
            records.extend(record.map(|record| ScoreRecord {
                next_change_at: None,
                is_stale: true,
                ..record
            }));
            continue;
        }
        let mut record = record.unwrap_or_else(|| ScoreRecord::begin(lead.id));
        if matches!(news, News::Rules) || record.awaits_verdict(now) {
            let changes_at = qualify_lead::again(conn, lead, rules, now)?;
            record.follow_verdict(changes_at);
        }
        let news = if record.is_stale {
            News::Everything
        } else {
            news
        };
        let began = Instant::now();
        let found = anew(conn, lead, &record, news, rules, now)?;
        if lead.score != found.score {
            lead.score = found.score;
            leads::set_score(conn, lead)?;
        }
        records.push(found.record);
        decided.extend(
            found
                .finding
                .map(|finding| decision(lead, finding, began, rules, now)),
        );
    }
    lead_scores::write_all(conn, &records.iter().collect::<Vec<_>>())?;
    decisions::insert_all(conn, &decided.iter().collect::<Vec<_>>())?;
    let leads: HashMap<Uuid, &Lead> = leads.iter().map(|lead| (lead.id, lead)).collect();
    for decision in &decided {
        if let Some(lead) = leads.get(&decision.lead_id) {
            tell(
                conn,
                lead,
                Some(decision),
                &Provenance::by_itself(Cause::decision(decision.id)),
                now,
            )?;
        }
    }
    Ok(())
}

fn anew(
    conn: &mut TenantConnection,
    lead: &Lead,
    record: &ScoreRecord,
    news: News,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Rescored> {
    let models = &rules.playbook.models;
    let from_nothing = matches!(news, News::Everything | News::Rules);
    let mut known = Vec::new();
    if from_nothing || models.asks_of_activities() {
        known = activities_of(conn, lead.id)?;
    }
    if !from_nothing {
        let new = match news {
            News::Activity(activity) => std::slice::from_ref(activity),
            News::Lead | News::Everything | News::Rules => &[],
        };
        let facts = Facts {
            lead,
            activities: &known,
        };
        if let Some(found) = record.score(models, &facts, new, now) {
            return Ok(found);
        }
        if !models.asks_of_activities() {
            known = activities_of(conn, lead.id)?;
        }
    }
    let facts = Facts {
        lead,
        activities: &known,
    };
    Ok(record.rescore(models, &facts, now))
}

/// Everything that happened with a lead, in any order.
pub fn activities_of(conn: &mut TenantConnection, lead_id: Uuid) -> Result<Vec<Activity>> {
    activities::list_of_lead(conn, lead_id, &ActivityFilter::default(), None, i64::MAX)
}

/// A lead's score as it is now.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    /// The model that counts for the lead.
    pub active: &'a ActiveModel,
    /// The score; its entries of engagement are all there are.
    pub scored: Scored,
    /// Everything that happened with the lead.
    pub activities: Vec<Activity>,
}

/// The score of a lead now, from nothing, and by which model; nothing is written. `None`: no model counts for it.
pub fn show<'a>(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &'a Rules,
    now: DateTime<Utc>,
) -> Result<Option<Shown<'a>>> {
    let activities = activities_of(conn, lead.id)?;
    let facts = Facts {
        lead,
        activities: &activities,
    };
    let Some(active) = rules.playbook.models.of_lead(&facts, now) else {
        return Ok(None);
    };
    let record = lead_scores::list_of_leads(conn, &[lead.id])?.pop();
    let record = record.unwrap_or_else(|| ScoreRecord::begin(lead.id));
    let scored = active.model.rescore(&facts, &record.ledger, now);
    Ok(Some(Shown {
        active,
        scored,
        activities,
    }))
}

/// What scoring that began then came to, as a record.
pub fn decision(
    lead: &Lead,
    finding: ScoreFinding,
    began: Instant,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Decision {
    let id = ProcessIds.next(now);
    let facts = Facts {
        lead,
        activities: &[],
    };
    Decision {
        id,
        lead_id: lead.id,
        rules: rules.playbook.versions.clone(),
        finding: Finding::Score(Box::new(finding)),
        created_at: time_of(id),
        basis: Some(Basis::of(&facts, &[], rules, now)),
        duration_microseconds: decide_lead::microseconds_since(began),
    }
}

/// Tells which thresholds and grades a lead has crossed; the lead itself stays as it is.
pub fn tell(
    conn: &mut TenantConnection,
    lead: &Lead,
    decision: Option<&Decision>,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let events = decision.map(|decision| events(lead, decision, now));
    let events: Vec<(&Event, &Provenance)> = events
        .iter()
        .flatten()
        .map(|event| (event, provenance))
        .collect();
    outbox::add_all(conn, &events)
}

/// The events of what was crossed. That a lead has its first grade is none.
pub fn events(lead: &Lead, decision: &Decision, now: DateTime<Utc>) -> Vec<Event> {
    let Finding::Score(found) = &decision.finding else {
        return Vec::new();
    };
    let news = found.crossings.iter().filter_map(|crossing| {
        let kind = match &crossing.change {
            ScoreChange::ThresholdReached { .. } => EventType::LeadThresholdReached,
            ScoreChange::ThresholdLost { .. } => EventType::LeadThresholdLost,
            ScoreChange::GradeChanged { from: None, .. } => return None,
            ScoreChange::GradeChanged { .. } => EventType::LeadGradeChanged,
        };
        let id = ProcessIds.next(now.max(lead.updated_at));
        let mut data =
            json!({"model": found.model, "decision_id": decision.id, "standing": found.standing});
        if let (Value::Object(data), Value::Object(crossing)) = (&mut data, json!(crossing)) {
            data.extend(crossing.into_iter().filter(|(key, _)| key != "type"));
        }
        Some(Event {
            id,
            kind,
            lead_id: lead.id,
            version: lead.version,
            occurred_at: time_of(id),
            changes: Vec::new(),
            data: Some(data),
        })
    });
    news.collect()
}
