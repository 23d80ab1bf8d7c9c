//! What a batch of captures writes, in as few round trips as the database takes.
//!
//! On PostgreSQL all of it is one statement with a part for each table: with one capture in the batch the round trips
//! cost more than the rows, and so do arrays of one value each, so there is another statement for that. Citus does not take
//! such statements, so there each table gets its own.

use crate::domain::activity::Activity;
use crate::domain::consent::ConsentRecord;
use crate::domain::decision::{AssignmentRecord, Decision};
use crate::domain::dedupe::MatchKey;
use crate::domain::event::{Event, Provenance};
use crate::domain::idempotency::{Answer, IdempotencyKey};
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::domain::scoring::ScoreRecord;
use crate::domain::sla::Clock;
use crate::domain::submission::Submission;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::statement::Rows;
use crate::store::{
    activities, assignments, consents, decisions, idempotency_keys, lead_history, lead_scores,
    lead_values, leads, match_keys, outbox, sla_clocks, submissions,
};
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use uuid::Uuid;

/// The new rows of a batch.
#[derive(Debug)]
pub struct NewRows<'a> {
    /// Leads that were not there before.
    pub leads: &'a [&'a Lead],
    /// Their keys, by which leads like them are found.
    pub keys: &'a [(Uuid, &'a [MatchKey])],
    /// What came in.
    pub submissions: &'a [&'a Submission],
    /// Touches.
    pub activities: &'a [Activity],
    /// Lines of the ledger.
    pub consents: &'a [ConsentRecord],
    /// Events, each with who caused it.
    pub events: &'a [(&'a Event, &'a Provenance)],
    /// Answers, each with its key. One that a twin has kept meanwhile fails the transaction: run again, it finds the
    /// twin's answer.
    pub answers: &'a [(&'a IdempotencyKey, &'a Answer)],
    /// What was decided about new leads.
    pub decisions: &'a [&'a Decision],
    /// Who has them.
    pub assignments: &'a [&'a AssignmentRecord],
    /// Their clocks.
    pub clocks: &'a [&'a Clock],
    /// What leads are worth; also of leads that were there before.
    pub scores: &'a [&'a ScoreRecord],
}

impl NewRows<'_> {
    /// Whether one lead has come, in the usual way.
    fn is_of_one_lead(&self) -> bool {
        let (leads, submissions) = (self.leads.len(), self.submissions.len());
        (leads, submissions, self.activities.len(), self.scores.len()) == (1, 1, 1, 1)
    }
}

/// Writes all of them.
pub fn write_all(
    conn: &mut TenantConnection,
    new: &NewRows,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<()> {
    let workspace_id = conn.workspace_id();
    let parts = Together {
        leads: leads::insertion(workspace_id, new.leads)?,
        submissions: submissions::insertion(workspace_id, new.submissions)?,
        activities: activities::insertion(workspace_id, new.activities)?,
        consents: consents::insertion(workspace_id, new.consents)?,
        outbox: outbox::insertion(workspace_id, new.events)?,
        history: lead_history::insertion(workspace_id, new.events)?,
        values: lead_values::insertion(workspace_id, new.leads, rules),
        keys: match_keys::insertion(workspace_id, new.keys),
        answers: idempotency_keys::insertion(workspace_id, new.answers, now)?,
        decisions: decisions::insertion(workspace_id, new.decisions)?,
        assignments: assignments::insertion(workspace_id, new.assignments),
        clocks: sla_clocks::insertion(workspace_id, new.clocks)?,
        scores: lead_scores::insertion(workspace_id, new.scores)?,
    };
    if conn.is_distributed() {
        parts.leads.execute(conn.pg())?;
        parts.submissions.execute(conn.pg())?;
        parts.activities.execute(conn.pg())?;
        parts.consents.execute(conn.pg())?;
        parts.outbox.execute(conn.pg())?;
        parts.history.execute(conn.pg())?;
        parts.values.execute(conn.pg())?;
        parts.keys.execute(conn.pg())?;
        parts.answers.execute(conn.pg())?;
        parts.decisions.execute(conn.pg())?;
        parts.assignments.execute(conn.pg())?;
        parts.clocks.execute(conn.pg())?;
        parts.scores.execute(conn.pg())?;
    } else if new.is_of_one_lead() {
        execute_alone(conn, parts)?;
    } else {
        parts.execute(conn.pg())?;
    }
    Ok(())
}

/// Runs the statement that is made for how many rows the parts have.
fn execute_alone(conn: &mut TenantConnection, parts: Together) -> Result<()> {
    macro_rules! of_shape {
        ($($shape:literal)*) => {
            match parts.shape() {
                $($shape => Alone::<$shape>(parts).execute(conn.pg())?,)*
                _ => parts.execute(conn.pg())?,
            }
        };
    }
    of_shape!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
    Ok(())
}

/// A statement with a part for each table.
struct Together<'a> {
    leads: leads::Insert<'a>,
    submissions: submissions::Insert<'a>,
    activities: activities::Insert<'a>,
    consents: consents::Insert<'a>,
    outbox: outbox::Insert<'a>,
    history: lead_history::Insert<'a>,
    values: lead_values::Insert<'a>,
    keys: match_keys::Insert<'a>,
    answers: idempotency_keys::Insert<'a>,
    decisions: decisions::Insert<'a>,
    assignments: assignments::Insert<'a>,
    clocks: sla_clocks::Insert<'a>,
    scores: lead_scores::Insert<'a>,
}

/// Parts that have one row where one lead has come: the first ones.
const OF_ONE_LEAD: usize = 4;
/// From which on parts have a row or none where one lead has come, nearly always.
const ROW_OR_NONE: usize = 8;

impl Together<'_> {
    /// Its parts. The last is the statement itself.
    fn parts(&self) -> [&dyn Rows; 13] {
        [
            &self.leads,
            &self.submissions,
            &self.activities,
            &self.scores,
            &self.outbox,
            &self.values,
            &self.keys,
            &self.decisions,
            &self.consents,
            &self.history,
            &self.assignments,
            &self.clocks,
            &self.answers,
        ]
    }

    /// Which of the parts from [`ROW_OR_NONE`] on have one row: a bit for each.
    fn shape(&self) -> u8 {
        let parts = self.parts();
        let has_one = parts.iter().skip(ROW_OR_NONE).map(|part| part.count() == 1);
        (0u8..)
            .zip(has_one)
            .fold(0, |shape, (bit, has_one)| shape | u8::from(has_one) << bit)
    }

    /// The statement; `alone`: one lead has come, with parts of this shape, and what has one row is told as values.
    fn walk<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>, alone: Option<u8>) -> QueryResult<()> {
        let has_one = |number: usize| match (alone, number) {
            (None, _) => false,
            (Some(_), 0..OF_ONE_LEAD) => true,
            (Some(_), OF_ONE_LEAD..ROW_OR_NONE) => false,
            (Some(shape), _) => shape >> (number - ROW_OR_NONE) & 1 == 1,
        };
        let parts = self.parts();
        let last = parts.len() - 1;
        for (number, part) in parts.into_iter().enumerate() {
            if number < last {
                out.push_sql(if number == 0 { "WITH part_" } else { ", part_" });
                out.push_sql(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"][number]);
                out.push_sql(" AS (");
            }
            if has_one(number) {
                part.walk_only_row(out.reborrow())?;
            } else {
                part.walk_ast(out.reborrow())?;
            }
            if number < last {
                out.push_sql(if number + 1 < last { ")" } else { ") " });
            }
        }
        Ok(())
    }
}

impl QueryFragment<Pg> for Together<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk(out, None)
    }
}

impl QueryId for Together<'_> {
    type QueryId = Together<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for Together<'_> {}

/// As [`Together`], where one lead has come, with parts of this [shape](Together::shape): a statement of its own for each.
struct Alone<'a, const SHAPE: u8>(Together<'a>);

impl<const SHAPE: u8> QueryFragment<Pg> for Alone<'_, SHAPE> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk(out, Some(SHAPE))
    }
}

impl<const SHAPE: u8> QueryId for Alone<'_, SHAPE> {
    type QueryId = Alone<'static, SHAPE>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C, const SHAPE: u8> RunQueryDsl<C> for Alone<'_, SHAPE> {}
