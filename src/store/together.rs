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
use crate::store::turns_ahead::TurnsLeft;
use crate::store::{
    activities, assignments, consents, decisions, idempotency_keys, lead_history, lead_scores,
    lead_values, leads, match_keys, outbox, pool_turns, sla_clocks, submissions,
};
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use std::ops::Range;
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
    /// Turns that were taken.
    pub turns: &'a TurnsLeft,
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
        turns: pool_turns::replacement(workspace_id, &new.turns.new)?,
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
        parts.decisions.execute(conn.pg())?;
        parts.assignments.execute(conn.pg())?;
        parts.clocks.execute(conn.pg())?;
        parts.scores.execute(conn.pg())?;
        new.turns.wait()?;
        parts.turns.execute(conn.pg())?;
        parts.answers.execute(conn.pg())?;
    } else if !new.turns.is_next()? {
        // Those before it are about to be committed: what they may have to wait for is written after that.
        Parts::<0, CONTENDED, MANY>(&parts).execute(conn.pg())?;
        new.turns.wait()?;
        Parts::<CONTENDED, ALL, MANY>(&parts).execute(conn.pg())?;
    } else if new.is_of_one_lead() {
        execute_alone(conn, &parts)?;
    } else {
        Parts::<0, ALL, MANY>(&parts).execute(conn.pg())?;
    }
    Ok(())
}

/// Runs the statement that is made for how many rows the parts have.
fn execute_alone(conn: &mut TenantConnection, parts: &Together) -> Result<()> {
    macro_rules! of_shape {
        ($($shape:literal)*) => {
            match parts.shape() {
                $($shape => Parts::<0, ALL, $shape>(parts).execute(conn.pg())?,)*
                _ => Parts::<0, ALL, MANY>(parts).execute(conn.pg())?,
            }
        };
    }
    of_shape!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63);
    Ok(())
}

/// What goes into each table.
struct Together<'a> {
    turns: pool_turns::Update<'a>,
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
/// From which on other transactions may want to write the same rows.
const CONTENDED: usize = 12;
/// How many parts there are.
const ALL: usize = 14;
/// Their names.
const NAMES: [&str; ALL] = [
    "leads",
    "submissions",
    "activities",
    "scores",
    "outbox",
    "value_index",
    "keys",
    "decisions",
    "consents",
    "history",
    "assignments",
    "clocks",
    "turns",
    "answers",
];

impl Together<'_> {
    /// Its parts.
    fn parts(&self) -> [&dyn Rows; ALL] {
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
            &self.turns,
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

    /// A statement of some of the parts, of which the last is the statement itself; `alone`: one lead has come, with parts of
    /// this shape, and what has one row is told as values.
    fn walk<'b>(
        &'b self,
        mut out: AstPass<'_, 'b, Pg>,
        which: Range<usize>,
        alone: Option<u8>,
    ) -> QueryResult<()> {
        let has_one = |number: usize| match (alone, number) {
            (None, _) => false,
            (Some(_), 0..OF_ONE_LEAD) => true,
            (Some(_), OF_ONE_LEAD..ROW_OR_NONE) => false,
            (Some(shape), _) => shape >> (number - ROW_OR_NONE) & 1 == 1,
        };
        let (first, last) = (which.start, which.end - 1);
        let parts = self.parts().into_iter().zip(NAMES).enumerate();
        for (number, (part, name)) in parts.skip(first).take(which.len()) {
            if number < last {
                out.push_sql(if number == first {
                    "WITH new_"
                } else {
                    ", new_"
                });
                out.push_sql(name);
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

/// The statement of the parts of a range: one lead has come, with parts of this [shape](Together::shape), or
/// [any number](MANY) has.
struct Parts<'p, const FIRST: usize, const END: usize, const SHAPE: u8>(&'p Together<'p>);

/// Any number of leads.
const MANY: u8 = u8::MAX;

impl<const FIRST: usize, const END: usize, const SHAPE: u8> QueryFragment<Pg>
    for Parts<'_, FIRST, END, SHAPE>
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0
            .walk(out, FIRST..END, (SHAPE != MANY).then_some(SHAPE))
    }
}

impl<const FIRST: usize, const END: usize, const SHAPE: u8> QueryId
    for Parts<'_, FIRST, END, SHAPE>
{
    type QueryId = Parts<'static, FIRST, END, SHAPE>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C, const FIRST: usize, const END: usize, const SHAPE: u8> RunQueryDsl<C>
    for Parts<'_, FIRST, END, SHAPE>
{
}
