//! Assesses leads anew, in the change by which something of them is new: what their answers amount to, and what they are worth.

use crate::domain::event::{Change, Event};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::qualify_lead;
use crate::domain::flow::score_lead::{self, News};
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{lead_scores, leads, outbox};

/// Writes a change of a lead that was begun, and tells of it and of what follows: another verdict, another score. The lead is
/// locked, and takes both.
pub fn follow(
    conn: &mut TenantConnection,
    before: &Lead,
    lead: &mut Lead,
    happened: &Event,
    news: News,
    by: &OnBehalf,
) -> Result<()> {
    let rules = &by.rules;
    let known = lead_scores::list_of_leads(conn, &[lead.id])?.pop();
    let is_due = known.as_ref().is_some_and(|one| one.awaits_verdict(by.now));
    let mut record = known.clone();
    let mut qualified = None;
    if !lead.is_test && (is_due || asks_of(&happened.changes, news, rules)) {
        let was = lead.clone();
        let decided = qualify_lead::reconsider(conn, lead, rules, by.now)?;
        let found = decided.qualification.as_ref();
        let changes_at = found.and_then(|found| found.next_change_at);
        let begun = record.get_or_insert_with(|| ScoreRecord::begin(lead.id));
        begun.follow_verdict(changes_at);
        qualified = qualify_lead::told(&was, lead, &decided);
    }
    let record = record.unwrap_or_else(|| ScoreRecord::begin(lead.id));
    let events: Vec<&Event> = std::iter::once(happened).chain(&qualified).collect();
    save(conn, (before, lead), &events, (known, record), news, by)?;
    if qualified.is_some() {
        let whose = (&by.provenance, by.now);
        qualify_lead::end_clocks(conn, before, lead, rules, whose)?;
    }
    Ok(())
}

/// Writes a change of a lead that was begun and tells of it; the lead is locked, was qualified, and takes its score. Its record
/// is given as it is kept, and as it is to be gone on from.
pub fn save(
    conn: &mut TenantConnection,
    (before, lead): (&Lead, &mut Lead),
    events: &[&Event],
    record: (Option<ScoreRecord>, ScoreRecord),
    news: News,
    by: &OnBehalf,
) -> Result<()> {
    let scored = score_lead::rescore(conn, lead, record, news, &by.rules, by.now)?;
    leads::update(conn, before, lead, &by.rules)?;
    let events: Vec<_> = events
        .iter()
        .map(|event| (*event, &by.provenance))
        .collect();
    outbox::add_all(conn, &events)?;
    score_lead::tell(conn, lead, scored.as_ref(), &by.provenance, by.now)
}

/// Whether the framework may say something else by what is new.
fn asks_of(changes: &[Change], news: News, rules: &Rules) -> bool {
    let framework = rules.playbook.framework.as_deref();
    // A stage may have waited for just this.
    rules.pipeline.has_criteria()
        || framework.is_some_and(|framework| match news {
            News::Lead => framework.asks_of(changes),
            News::Activity(_) | News::Everything => framework.has_conditions(),
            News::Rules => true,
        })
}
