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

/// How the rows of a part are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// As arrays of their columns.
    AsArrays,
    /// As the values of the only one.
    AsValues,
}

impl Told {
    fn of(is_only: bool) -> Told {
        if is_only {
            Told::AsValues
        } else {
            Told::AsArrays
        }
    }
}

impl Together<'_> {
    /// Parts that have a row or none where one lead has come, nearly always.
    fn of_a_lead(&self) -> [&dyn Rows; 5] {
        [
            &self.consents,
            &self.history,
            &self.assignments,
            &self.clocks,
            &self.answers,
        ]
    }

    /// Which of these have one: a bit for each.
    fn shape(&self) -> u8 {
        let bits = self.of_a_lead().map(|part| u8::from(part.count() == 1));
        bits.into_iter()
            .rev()
            .fold(0, |shape, bit| shape << 1 | bit)
    }

    /// The statement; `alone`: one lead has come, with parts of this shape.
    fn walk<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>, alone: Option<u8>) -> QueryResult<()> {
        let has_one = |bit: u8| Told::of(alone.is_some_and(|shape| shape >> bit & 1 == 1));
        let of_lead = Told::of(alone.is_some());
        let parts: [(&dyn Rows, Told); 12] = [
            (&self.leads, of_lead),
            (&self.submissions, of_lead),
            (&self.activities, of_lead),
            (&self.scores, of_lead),
            (&self.consents, has_one(0)),
            (&self.history, has_one(1)),
            (&self.assignments, has_one(2)),
            (&self.clocks, has_one(3)),
            (&self.outbox, Told::AsArrays),
            (&self.values, Told::AsArrays),
            (&self.keys, Told::AsArrays),
            (&self.decisions, Told::AsArrays),
        ];
        for (number, (part, told)) in parts.into_iter().enumerate() {
            out.push_sql(if number == 0 { "WITH part_" } else { ", part_" });
            out.push_sql(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"][number]);
            out.push_sql(" AS (");
            walk_part(out.reborrow(), part, told)?;
            out.push_sql(")");
        }
        out.push_sql(" ");
        walk_part(out, &self.answers, has_one(4))
    }
}

fn walk_part<'b>(out: AstPass<'_, 'b, Pg>, part: &'b dyn Rows, told: Told) -> QueryResult<()> {
    match told {
        Told::AsArrays => part.walk_ast(out),
        Told::AsValues => part.walk_only_row(out),
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
