//! What is decided about a lead that a capture made or touched: its verdict, who gets it, which clocks run.

use crate::domain::activity::Activity;
use crate::domain::capture::{Capture, Captured, Known, Outcome};
use crate::domain::condition::Facts;
use crate::domain::decision::{Decided, Decision};
use crate::domain::event::Change;
use crate::domain::flow::bring_back::{Restart, comes_back};
use crate::domain::flow::clocks;
use crate::domain::flow::decide_lead::{self, Decider, News};
use crate::domain::flow::qualify_lead::{self, Moves, Said};
use crate::domain::flow::score_lead;
use crate::domain::lead::Lead;
use crate::domain::lead_changes::{differences, take_back};
use crate::domain::qualification::{Answer, AnswerEvidence, AnswerSource};
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::domain::sla::Trigger;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{lead_scores, qualification_answers};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::time::Instant;
use uuid::Uuid;

impl Decider {
    /// Decides about the lead of a capture; `captured` and `known` take it. A second delivery changes nothing, and tests are
    /// nobody's.
    pub fn take_in(
        &mut self,
        conn: &mut TenantConnection,
        capture: &Capture,
        touch: &Activity,
        captured: &mut Captured,
        known: &mut Known,
        rules: &Rules,
    ) -> Result<()> {
        let lead = match captured.outcome {
            _ if capture.is_test => return Ok(()),
            Outcome::Repeated => return Ok(()),
            Outcome::Matched => {
                let mut lead = captured.lead.clone();
                let changes_at = self.qualify(conn, capture, touch, captured, &mut lead, rules)?;
                let now = capture.received_at;
                if let Some(decision) = self.score(conn, (&mut lead, false), touch, rules, now)? {
                    let told = score_lead::events(&lead, &decision, now);
                    captured.events.extend(told);
                    captured.decided.decisions.push(decision);
                }
                if let Some(changes_at) = changes_at {
                    self.follow_verdict(lead.id, changes_at);
                }
                self.return_to_work(conn, capture, touch, captured, &mut lead, rules)?;
                lead
            }
            Outcome::Created => self.begin(conn, capture, touch, captured, rules)?,
        };
        self.touches.push(touch.clone());
        known.leads.insert(lead.id, lead.clone());
        captured.lead = lead;
        Ok(())
    }

    /// A new lead: what is decided is a part of its beginning.
    fn begin(
        &mut self,
        conn: &mut TenantConnection,
        capture: &Capture,
        touch: &Activity,
        captured: &mut Captured,
        rules: &Rules,
    ) -> Result<Lead> {
        let activities = std::slice::from_ref(touch);
        let now = capture.received_at;
        let mut lead = captured.lead.clone();
        let new = answers(capture, &lead, rules);
        let mut decided =
            qualify_lead::decide(&mut lead, &new, activities, Moves::Always, rules, now);
        let changes_at = verdict_change(&decided);
        lead.stage_changed_at = captured.lead.stage_changed_at;
        decided.answers = new.into_iter().map(|answer| (lead.id, answer)).collect();
        self.answers.extend(decided.answers.iter().cloned());
        let scored = self.score(conn, (&mut lead, true), touch, rules, now)?;
        self.follow_verdict(lead.id, changes_at);
        decided.extend(match lead.owner_id {
            Some(owner_id) => {
                self.note_owner(&lead, owner_id);
                Decided {
                    assignment: Some(decide_lead::given(&lead, activities, owner_id, rules, now)),
                    ..Decided::default()
                }
            }
            None => self.route(conn, &mut lead, activities, &[], rules, now)?,
        });
        let trigger = Trigger::Captured;
        decided.extend(decide_lead::start_clocks(
            &lead, activities, trigger, rules, now,
        ));
        if let Some(created) = captured.events.first_mut() {
            for change in differences(&captured.lead, &lead) {
                take_change(&mut created.changes, change);
            }
        }
        if let Some(decision) = scored {
            let told = score_lead::events(&lead, &decision, now);
            captured.events.extend(told);
            decided.decisions.push(decision);
        }
        captured.decided = decided;
        Ok(lead)
    }

    /// Reads the scores of leads that are there, before anything is decided about them.
    pub fn know_scores<'a>(
        &mut self,
        conn: &mut TenantConnection,
        leads: impl IntoIterator<Item = &'a Uuid>,
        rules: &Rules,
    ) -> Result<()> {
        if rules.playbook.models.is_empty() {
            return Ok(());
        }
        let leads: Vec<Uuid> = leads.into_iter().copied().collect();
        let found = lead_scores::list_of_leads(conn, &leads)?;
        self.scores
            .extend(found.into_iter().map(|one| (one.lead_id, one)));
        Ok(())
    }

    fn follow_verdict(&mut self, lead_id: Uuid, changes_at: Option<DateTime<Utc>>) {
        if let Some(record) = self.scores.get_mut(&lead_id) {
            record.follow_verdict(changes_at);
        }
    }

    /// The scores that are to be written.
    pub fn scores(&self) -> Vec<&ScoreRecord> {
        let written = self.scored.iter();
        written.filter_map(|id| self.scores.get(id)).collect()
    }

    /// Scores a lead, which takes the score, with its latest touch; that of a new lead is all that ever happened with it.
    fn score(
        &mut self,
        conn: &mut TenantConnection,
        (lead, is_new): (&mut Lead, bool),
        touch: &Activity,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Option<Decision>> {
        let models = &rules.playbook.models;
        if models.is_empty() {
            return Ok(None);
        }
        let began = Instant::now();
        let record = self.scores.entry(lead.id);
        let record = record.or_insert_with(|| ScoreRecord::begin(lead.id));
        let added = if models.asks_of_activities() || record.is_stale {
            None
        } else {
            let facts = Facts {
                lead,
                activities: &[],
            };
            record.score(models, &facts, std::slice::from_ref(touch), now)
        };
        let found = match added {
            Some(found) => found,
            None => {
                let mut activities = match is_new {
                    true => Vec::new(),
                    false => score_lead::activities_of(conn, lead.id)?,
                };
                activities.extend(with_earlier(&self.touches, touch));
                let facts = Facts {
                    lead,
                    activities: &activities,
                };
                let touch = std::slice::from_ref(touch);
                let added = record.score(models, &facts, touch, now);
                added.unwrap_or_else(|| record.rescore(models, &facts, now))
            }
        };
        *record = found.record;
        self.scored.insert(lead.id);
        lead.score = found.score;
        Ok(found
            .finding
            .map(|finding| score_lead::decision(lead, finding, began, rules, now)))
    }

    /// A lead that the capture brought back is answered like a new one; nobody waits for one that it disqualified.
    fn return_to_work(
        &mut self,
        conn: &mut TenantConnection,
        capture: &Capture,
        touch: &Activity,
        captured: &mut Captured,
        lead: &mut Lead,
        rules: &Rules,
    ) -> Result<()> {
        let mut before = lead.clone();
        let events = captured.events.iter().rev();
        for change in events.flat_map(|event| event.changes.iter().rev()) {
            take_back(&mut before, change);
        }
        let now = capture.received_at;
        if lead.is_over() && !before.is_over() {
            self.news.push(News {
                lead: lead.clone(),
                provenance: capture.provenance.clone(),
                at: now,
            });
        }
        if comes_back(&before, lead) {
            let activities = self.activities(conn, touch, rules)?;
            let (decided, told) =
                self.bring_back(conn, lead, &activities, Restart::All, rules, now)?;
            captured.decided.extend(decided);
            captured.events.extend(told);
        }
        Ok(())
    }

    /// A known person answered something, or what is known of them may amount to something else: the lead is qualified anew, by
    /// all that was answered, and takes the verdict. The answer is when that may change by itself; `None`: nothing is new.
    fn qualify(
        &mut self,
        conn: &mut TenantConnection,
        capture: &Capture,
        touch: &Activity,
        captured: &mut Captured,
        lead: &mut Lead,
        rules: &Rules,
    ) -> Result<Option<Option<DateTime<Utc>>>> {
        let new = answers(capture, lead, rules);
        if new.is_empty() && !self.is_to_be_qualified(captured, rules) {
            return Ok(None);
        }
        let mut all = qualification_answers::list_of_lead(conn, lead.id)?;
        all.extend(self.answers_of(lead.id));
        all.extend(new.iter().cloned());
        if !qualify_lead::can_be_known(lead, &all, rules) {
            return Ok(None);
        }
        let now = capture.received_at;
        let activities = self.activities(conn, touch, rules)?;
        let moves = match new.is_empty() {
            true => qualify_lead::moves_of(conn, lead, rules)?,
            false => Moves::Always,
        };
        let mut decided = qualify_lead::decide(lead, &all, &activities, moves, rules, now);
        let changes_at = verdict_change(&decided);
        if new.is_empty() && *lead == captured.lead {
            return Ok(Some(changes_at));
        }
        let new: Vec<(Uuid, Answer)> = new.into_iter().map(|one| (lead.id, one)).collect();
        self.answers.extend(new.iter().cloned());
        if !new.is_empty() {
            let said = qualify_lead::answered(lead, &new, &decided);
            captured.events.push(said);
        }
        decided.answers = new;
        let told = qualify_lead::told(&captured.lead, lead, &decided);
        captured.events.extend(told);
        self.news.push(News {
            lead: lead.clone(),
            provenance: capture.provenance.clone(),
            at: now,
        });
        captured.decided = decided;
        Ok(Some(changes_at))
    }

    /// Whether what is known of a lead may amount to something else by what a capture changed, or has to be said anew anyway.
    fn is_to_be_qualified(&self, captured: &Captured, rules: &Rules) -> bool {
        let record = self.scores.get(&captured.lead.id);
        let changes = || captured.events.iter().flat_map(|event| &event.changes);
        let framework = rules.playbook.framework.as_deref();
        record.is_some_and(|record| record.is_stale)
            || rules.pipeline.has_criteria()
            || framework.is_some_and(|one| one.has_conditions() || one.asks_of(changes()))
    }

    /// What happened with the lead of a touch, with that and earlier ones of the same transaction, where any of the rules asks
    /// for it.
    fn activities(
        &self,
        conn: &mut TenantConnection,
        touch: &Activity,
        rules: &Rules,
    ) -> Result<Vec<Activity>> {
        let mut activities = decide_lead::activities_of(conn, touch.lead_id, rules)?;
        activities.extend(with_earlier(&self.touches, touch));
        Ok(activities)
    }

    /// Ends the clocks that waited for what captures said, and those for which nobody waits any more. It is for when everything is
    /// written: also a lead that came in with the same transaction has clocks then.
    pub fn end_clocks(
        &mut self,
        conn: &mut TenantConnection,
        known: &Known,
        rules: &Rules,
    ) -> Result<()> {
        for one in std::mem::take(&mut self.news) {
            let (lead, by) = (&one.lead, &one.provenance);
            clocks::qualified(conn, lead, rules, by, one.at)?;
            let last = known.leads.get(&lead.id);
            if let Some(last) = last {
                clocks::cancel_if_over(conn, last, rules, by, one.at)?;
            }
        }
        Ok(())
    }

    /// Answers of a lead that came with earlier captures of the same transaction.
    fn answers_of(&self, lead_id: Uuid) -> impl Iterator<Item = Answer> + '_ {
        let own = self.answers.iter().filter(move |(id, _)| *id == lead_id);
        own.map(|(_, answer)| answer.clone())
    }
}

/// A touch, behind those of the same lead that came with earlier captures of the same transaction.
fn with_earlier<'a>(
    earlier: &'a [Activity],
    touch: &'a Activity,
) -> impl Iterator<Item = Activity> + 'a {
    let of_lead = earlier.iter().filter(|one| one.lead_id == touch.lead_id);
    of_lead.chain(std::iter::once(touch)).cloned()
}

/// When what the answers amount to may change by itself.
fn verdict_change(decided: &Decided) -> Option<DateTime<Utc>> {
    decided.qualification.as_ref()?.next_change_at
}

/// Of what a lead began with each value is told once.
fn take_change(changes: &mut Vec<Change>, change: Change) {
    match changes.iter_mut().find(|known| known.path == change.path) {
        Some(known) => known.new = change.new,
        None => changes.push(change),
    }
}

/// What a submission answers, as far as it can be read.
fn answers(capture: &Capture, lead: &Lead, rules: &Rules) -> Vec<Answer> {
    let Some(framework) = &rules.playbook.framework else {
        return Vec::new();
    };
    let is_form = capture.provenance.actor.kind == "form" || capture.channel == "web_form";
    let source = if is_form {
        AnswerSource::Form
    } else {
        AnswerSource::Api
    };
    let one = |(criterion, given): (&String, &Value)| {
        let said = Said {
            answers: Map::from_iter([(criterion.clone(), given.clone())]),
            source,
            evidence: AnswerEvidence {
                submission_id: Some(capture.receipt_id),
                ..AnswerEvidence::default()
            },
            at: capture.occurred_at,
        };
        // What cannot be read stays in the raw submission.
        let read = qualify_lead::read(framework, &said, lead, &capture.provenance.actor);
        read.unwrap_or_default()
    };
    capture.answers.iter().flat_map(one).collect()
}
