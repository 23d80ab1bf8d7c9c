//! Searches for leads: by conditions and by text, in any order, page by page.

use crate::domain::lead::Lead;
use crate::domain::lead_search::{KeyValue, LeadSearch, SortBy};
use crate::error::{Error, Result};
use crate::store::conditions::ValueSet;
use crate::store::lead_texts::{self, Found};
use crate::store::leads::{self, LeadRow};
use crate::store::pool::TenantConnection;
use crate::store::search_plan::{Ordered, Plan, SetSize, Sizes, TextSize};
use crate::store::search_sql::{Parts, Phase, has_index};
use crate::store::sql::Sql;
use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Json};
use serde_json::Value;

/// Values that no more leads than this have are read first, before anything else is thought of.
const FEW: i64 = 2_000;
/// As [`FEW`], of a range.
const FEW_OF_RANGE: i64 = 12_000;
/// A text that more leads than this are expected to have is looked up lead by lead: where newest leads come first, and
/// elsewhere.
const TEXT_BY_ID: i64 = 4_000;
const TEXT: i64 = 8_000;
/// Memory for the leads of a condition that are read beforehand: a million fit.
const KEEP_IN_MEMORY: &str = "SET LOCAL work_mem = '128MB'";
/// A statement is planned for its own values, not for those of any workspace.
const FOR_ITS_VALUES: &str = "SET LOCAL plan_cache_mode = force_custom_plan";

/// A page of leads.
///
/// # Errors
/// [`Error::TooSlow`] when no index leads to them in time.
pub fn list(conn: &mut TenantConnection, search: &LeadSearch) -> Result<Vec<Lead>> {
    let mut parts = Parts::of(search, conn.workspace_id());
    let plan = prepare(conn, &mut parts)?;
    run(conn, &parts, &plan)
}

/// How many leads the search matches, on all its pages.
pub fn count(conn: &mut TenantConnection, search: &LeadSearch) -> Result<i64> {
    let unsorted = LeadSearch {
        sort: Vec::new(),
        after: None,
        limit: i64::MAX,
        ..search.clone()
    };
    let mut parts = Parts::of(&unsorted, conn.workspace_id());
    let plan = prepare(conn, &mut parts)?;
    prepare_settings(conn, &parts, &plan)?;
    let mut sql = Sql::new();
    sql.text("SELECT count(*) ").add(parts.all(&plan));
    Ok(sql.returning::<BigInt>().get_result(conn.pg())?)
}

/// The page by each of the ways that could be taken to it, for tests: all have to be the same.
pub fn list_each_way(conn: &mut TenantConnection, search: &LeadSearch) -> Result<Vec<Vec<Lead>>> {
    let mut parts = Parts::of(search, conn.workspace_id());
    let mut pages = Vec::new();
    for expected in [i64::MAX / 8, -1] {
        parts.found = None;
        let text = find_text(conn, &mut parts, expected)?;
        let sizes = sizes(conn, &mut parts, text)?;
        for (_, plan) in sizes.candidates() {
            pages.push(run(conn, &parts, &plan)?);
            let all = Plan {
                hashed: (0..parts.sets.len()).collect(),
                ..plan
            };
            pages.push(run(conn, &parts, &all)?);
        }
        if search.text.is_none() {
            break;
        }
    }
    Ok(pages)
}

fn run(conn: &mut TenantConnection, parts: &Parts, plan: &Plan) -> Result<Vec<Lead>> {
    prepare_settings(conn, parts, plan)?;
    let search = parts.search;
    let first = search.deciding_keys().first();
    let in_phases = plan.is_ordered && first.is_some_and(|key| key.can_be_missing());
    if !in_phases {
        return load(conn, parts.page(plan, Phase::Whole, search.limit));
    }
    let is_past_values = search
        .after
        .as_ref()
        .is_some_and(|after| after.keys.first() == Some(&KeyValue::Missing));
    let mut found = if is_past_values {
        Vec::new()
    } else {
        load(conn, parts.page(plan, Phase::WithValue, search.limit))?
    };
    let room = search.limit - i64::try_from(found.len()).map_err(Error::internal)?;
    if room > 0 {
        found.extend(load(conn, parts.page(plan, Phase::WithoutValue, room))?);
    }
    Ok(found)
}

fn prepare_settings(conn: &mut TenantConnection, parts: &Parts, plan: &Plan) -> Result<()> {
    if parts.is_known {
        conn.pg().batch_execute(FOR_ITS_VALUES)?;
    }
    if !plan.hashed.is_empty() {
        conn.pg().batch_execute(KEEP_IN_MEMORY)?;
    }
    Ok(())
}

fn load(conn: &mut TenantConnection, rest: Sql) -> Result<Vec<Lead>> {
    let rows: Vec<LeadRow> = Leads {
        selection: <LeadRow as Selectable<Pg>>::construct_selection(),
        rest,
    }
    .load(conn.pg())?;
    rows.into_iter().map(Lead::try_from).collect()
}

type Selection = <LeadRow as Selectable<Pg>>::SelectExpression;

/// Whole rows of `leads`.
struct Leads {
    selection: Selection,
    rest: Sql,
}

impl QueryFragment<Pg> for Leads {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" ");
        self.rest.walk_ast(out)
    }
}

impl QueryId for Leads {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Leads {
    type SqlType = <Selection as Expression>::SqlType;
}

impl<C> RunQueryDsl<C> for Leads {}

/// Finds out what has to be known, and chooses a way.
fn prepare(conn: &mut TenantConnection, parts: &mut Parts) -> Result<Plan> {
    let by_id = parts.search.deciding_keys().is_empty();
    let expected = if by_id { TEXT_BY_ID } else { TEXT };
    let text = find_text(conn, parts, expected)?;
    Ok(sizes(conn, parts, text)?.cheapest())
}

fn find_text(conn: &mut TenantConnection, parts: &mut Parts, expected: i64) -> Result<TextSize> {
    let Some(text) = &parts.search.text else {
        return Ok(TextSize::Nothing);
    };
    Ok(match lead_texts::find(conn, text.words(), expected)? {
        Found::Leads(found) => {
            let size = TextSize::Found(found.len() as f64);
            parts.found = Some(found);
            size
        }
        Found::TooMany(about) => TextSize::Estimated(about as f64),
    })
}

fn sizes(conn: &mut TenantConnection, parts: &mut Parts, text: TextSize) -> Result<Sizes> {
    let search = parts.search;
    let first = search.deciding_keys().first();
    let order = match first {
        None => Ordered::Id,
        Some(_) if search.is_by_score() => Ordered::Merged,
        Some(key) if has_index(key) => Ordered::Index,
        Some(_) => Ordered::Unindexed,
    };
    let sorts_by_value = first.is_some_and(|key| matches!(key.by, SortBy::Custom(_)));
    let mut sizes = Sizes {
        leads: 1.0,
        plain: 1.0,
        sets: Vec::new(),
        text,
        order,
        sorts_by_value,
        wanted: search.limit as f64,
    };
    let is_plain = parts.sets.is_empty() && text == TextSize::Nothing;
    let is_sized = !is_plain || sorts_by_value || order == Ordered::Merged;
    if !is_sized && !parts.is_narrowed() {
        return Ok(sizes);
    }
    let expected = estimate_leads(conn)?;
    parts.is_known = i64::from(expected) > FEW;
    if !is_sized {
        return Ok(sizes);
    }
    sizes.leads = f64::from(counted_leads(conn, expected)?).max(1.0);
    let mut plain = Sql::new();
    plain.text("FROM leads WHERE ");
    parts.plain(&mut plain);
    // What PostgreSQL does not know of all it does not know of some either.
    let unknown = sizes.leads / f64::from(expected).max(1.0);
    sizes.plain = estimate(conn, plain)?.max(1.0) * unknown.max(1.0);
    for (set, few) in parts.sets.iter().zip(count_few(conn, &parts.sets)?) {
        let leads = if few <= counted_of(set) {
            few as f64
        } else {
            let mut rows = Sql::new();
            rows.text("FROM lead_values v WHERE ");
            set.rows(&mut rows, conn.workspace_id(), "v");
            estimate(conn, rows)?.max(few as f64)
        };
        sizes.sets.push(SetSize {
            leads,
            is_in_order: set.is_in_order(),
        });
    }
    Ok(sizes)
}

/// Leads that are counted where no more than [`FEW`] are expected: of a workspace that has just begun PostgreSQL knows
/// nothing.
const COUNTED: i64 = 20_000;

/// How many leads the workspace has, about: counted where they are few or have just begun to come in.
pub fn about_leads(conn: &mut TenantConnection) -> Result<u32> {
    let expected = estimate_leads(conn)?;
    counted_leads(conn, expected)
}

fn counted_leads(conn: &mut TenantConnection, expected: u32) -> Result<u32> {
    if i64::from(expected) > FEW {
        return Ok(expected);
    }
    let counted = leads::count_up_to(conn, COUNTED)?.unwrap_or(COUNTED);
    Ok(u32::try_from(counted)
        .map_err(Error::internal)?
        .max(expected))
}

/// How far a set is counted. PostgreSQL knows how often a value is found, but of a range only what all fields have between
/// two texts; and a range that few are in has to be known as such.
fn counted_of(set: &ValueSet) -> i64 {
    if set.is_of_values() {
        FEW
    } else {
        FEW_OF_RANGE
    }
}

/// How many leads each has, counted up to one more than [`counted_of`].
fn count_few(conn: &mut TenantConnection, sets: &[ValueSet]) -> Result<Vec<i64>> {
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new();
    sql.text("SELECT ARRAY[");
    for (number, set) in sets.iter().enumerate() {
        sql.text(if number > 0 { ", " } else { "" });
        sql.text("(SELECT count(*) FROM (SELECT FROM lead_values v WHERE ");
        set.rows(&mut sql, conn.workspace_id(), "v");
        sql.text(" LIMIT ").number(counted_of(set) + 1).text(") s)");
    }
    sql.text("]");
    Ok(sql.returning::<Array<BigInt>>().get_result(conn.pg())?)
}

/// How many leads the workspace has, about: what PostgreSQL expects.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "held within bounds"
)]
fn estimate_leads(conn: &mut TenantConnection) -> Result<u32> {
    let mut whole = Sql::new();
    whole
        .text("FROM leads WHERE leads.workspace_id = ")
        .bind(conn.workspace_id());
    Ok(estimate(conn, whole)?.clamp(0.0, f64::from(u32::MAX)) as u32)
}

/// How many rows PostgreSQL expects of `SELECT` and this.
fn estimate(conn: &mut TenantConnection, rows: Sql) -> Result<f64> {
    let mut sql = Sql::new();
    sql.text("EXPLAIN (FORMAT JSON) SELECT ").add(rows);
    let plan: Value = sql.returning::<Json>().get_result(conn.pg())?;
    plan.pointer("/0/Plan/Plan Rows")
        .and_then(Value::as_f64)
        .ok_or_else(|| Error::internal("a plan without a number of rows"))
}
