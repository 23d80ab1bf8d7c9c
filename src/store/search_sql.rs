//! The statements of searches.
//!
//! One that does not begin at `leads` has its source in a subquery with OFFSET 0, which PostgreSQL takes as it stands: first
//! the entries of an index, checked by other indexes, then the leads that are left.

mod checks;
mod order;
mod sort_key;
mod source;

pub(in crate::store) use sort_key::has_index;

use crate::domain::access::Visibility;
use crate::domain::condition::{LeadCheck, Node};
use crate::domain::lead_search::{LeadSearch, SortBy};
use crate::store::conditions::{self, Scope, ValueSet};
use crate::store::search_plan::{Plan, Source};
use crate::store::sql::Sql;
use sort_key::{KEYS, key_expression};
use uuid::Uuid;

/// A search, taken apart.
pub(in crate::store) struct Parts<'s> {
    /// What is looked for.
    pub search: &'s LeadSearch,
    /// The conditions that the index of values answers.
    pub sets: Vec<ValueSet>,
    /// The others.
    pub others: Vec<&'s Node<LeadCheck>>,
    /// The leads that the index of texts found, where it found all.
    pub found: Option<Vec<Uuid>>,
    /// PostgreSQL knows how frequent values are in the workspace: a statement is planned for its own.
    pub is_known: bool,
    /// For whom and when.
    pub scope: Scope,
}

/// Which leads a statement is for. An index read backwards gives missing values first, so where an index gives the order
/// they are asked for apart, and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Phase {
    /// All.
    Whole,
    /// Those that have a value to sort by.
    WithValue,
    /// Those that have none.
    WithoutValue,
}

impl<'s> Parts<'s> {
    /// Takes a search apart.
    pub fn of(search: &'s LeadSearch, workspace_id: Uuid) -> Parts<'s> {
        let (mut sets, mut others) = (Vec::new(), Vec::new());
        for part in search.condition.conjuncts() {
            match ValueSet::of(part, search.now) {
                own if own.is_empty() => others.push(part),
                own => sets.extend(own),
            }
        }
        Parts {
            search,
            sets,
            others,
            found: None,
            is_known: false,
            scope: Scope {
                workspace_id,
                now: search.now,
            },
        }
    }

    /// Whether anything is asked of the leads themselves beside that they are there.
    pub fn is_narrowed(&self) -> bool {
        !self.others.is_empty() || self.search.visible.is_restricted()
    }

    /// The leads of a page, from `FROM` on.
    pub fn page(&self, plan: &Plan, phase: Phase, limit: i64) -> Sql {
        let mut out = Sql::new();
        self.from(&mut out, plan, phase);
        if self.search.after.is_some() {
            out.text(" AND ");
            self.after(&mut out, phase);
        }
        self.order(&mut out, plan, phase);
        out.text(" LIMIT ").number(limit);
        out
    }

    /// All leads of the search, from `FROM` on.
    pub fn all(&self, plan: &Plan) -> Sql {
        let mut out = Sql::new();
        self.from(&mut out, plan, Phase::Whole);
        out
    }

    fn from(&self, out: &mut Sql, plan: &Plan, phase: Phase) {
        if plan.source == Source::Leads {
            out.text("FROM leads");
        } else {
            out.text("FROM (");
            self.source(out, plan, phase);
            // Of a workspace that has just begun PostgreSQL expects one lead: as a join it would read all of them for each.
            out.text(
                " OFFSET 0) c CROSS JOIN LATERAL (SELECT * FROM leads l WHERE l.workspace_id = ",
            );
            out.bind(self.scope.workspace_id)
                .text(" AND l.id = c.id OFFSET 0) leads");
        }
        for (number, key) in self.search.deciding_keys().iter().enumerate() {
            if let SortBy::Custom(field) = &key.by {
                out.text(
                    " LEFT JOIN LATERAL (SELECT v.value FROM lead_values v WHERE v.workspace_id = ",
                );
                out.bind(self.scope.workspace_id)
                    .text(" AND v.lead_id = leads.id AND v.slot = ");
                out.bind(field.slot)
                    .text(" LIMIT 1) ")
                    .text(KEYS[number])
                    .text(" ON true");
            }
        }
        out.text(" WHERE ");
        self.plain(out);
        if plan.source == Source::Leads {
            self.checks(out, plan, "leads.id");
            if let (Some(key), true) = (self.search.deciding_keys().first(), phase != Phase::Whole)
            {
                out.text(" AND ");
                key_expression(out, key, 0, self.search.now);
                out.text(if phase == Phase::WithValue {
                    " IS NOT NULL"
                } else {
                    " IS NULL"
                });
            }
        }
    }

    /// What stands in `leads` itself.
    pub fn plain(&self, out: &mut Sql) {
        let search = self.search;
        out.text("leads.workspace_id = ")
            .bind(self.scope.workspace_id);
        out.text(if search.deleted {
            " AND leads.deleted_at IS NOT NULL AND leads.merged_into IS NULL"
        } else {
            " AND leads.deleted_at IS NULL"
        });
        if let Some(is_test) = search.is_test {
            out.text(" AND leads.is_test = ").bind(is_test);
        }
        if let Visibility::Of { owners, teams } = &search.visible {
            out.text(" AND (leads.owner_id = ANY (")
                .bind(owners.clone());
            out.text(") OR leads.team_id = ANY (")
                .bind(teams.clone())
                .text("))");
        }
        for part in &self.others {
            out.text(" AND ");
            conditions::write(out, part, self.scope);
        }
    }
}
