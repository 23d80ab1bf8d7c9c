//! The statements of searches.
//!
//! One that does not begin at `leads` has its source in a subquery with OFFSET 0, which PostgreSQL takes as it stands: first
//! the entries of an index, checked by other indexes, then the leads that are left.

use crate::domain::access::Visibility;
use crate::domain::condition::{Column, LeadCheck, Node};
use crate::domain::lead_search::{KeyValue, LeadSearch, SortBy, SortKey};
use crate::store::conditions::{self, Scope, ValueSet, column_expression};
use crate::store::search_plan::{Plan, Source};
use crate::store::sql::{Bind, Sql};
use chrono::{DateTime, Utc};
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

    /// Everything but the source that is told by the id alone.
    fn checks(&self, out: &mut Sql, plan: &Plan, id: &'static str) {
        for (number, set) in self.sets.iter().enumerate() {
            if plan.source == Source::Values(number) {
                continue;
            }
            if plan.hashed.contains(&number) {
                // IS TRUE keeps it from becoming a join.
                out.text(" AND (")
                    .text(id)
                    .text(" IN (SELECT v.lead_id FROM lead_values v WHERE ");
                set.rows(out, self.scope.workspace_id, "v");
                out.text(")) IS TRUE");
            } else {
                out.text(" AND ");
                set.probe(out, self.scope.workspace_id, id);
            }
        }
        if !matches!(plan.source, Source::Found | Source::Texts) {
            match &self.found {
                Some(found) => {
                    out.text(" AND ")
                        .text(id)
                        .text(" = ANY (")
                        .bind(found.clone())
                        .text(")");
                }
                None if self.search.text.is_some() => {
                    out.text(" AND (SELECT true FROM lead_texts t WHERE t.workspace_id = ");
                    out.bind(self.scope.workspace_id)
                        .text(" AND t.lead_id = ")
                        .text(id);
                    self.words(out);
                    out.text(" LIMIT 1)");
                }
                None => {}
            }
        }
    }

    fn words(&self, out: &mut Sql) {
        for word in self.search.text.iter().flat_map(|text| text.words()) {
            out.text(" AND strpos(t.text, ")
                .bind(word.clone())
                .text(") > 0");
        }
    }

    /// The source as a subquery with a column `id`, and `k` for the first sort key where it is sorted by that.
    fn source(&self, out: &mut Sql, plan: &Plan, phase: Phase) {
        let workspace_id = self.scope.workspace_id;
        match plan.source {
            Source::Leads => {}
            Source::Found => {
                let found = self.found.clone().unwrap_or_default();
                out.text("SELECT w.id FROM unnest(")
                    .bind(found)
                    .text("::uuid[]) AS w (id) WHERE true");
                self.checks(out, plan, "w.id");
            }
            Source::Texts => {
                out.text("SELECT t.lead_id AS id FROM lead_texts t WHERE t.workspace_id = ")
                    .bind(workspace_id);
                self.words(out);
                self.checks(out, plan, "t.lead_id");
                self.id_order(out, "t.lead_id");
            }
            Source::Values(number) => {
                let set = &self.sets[number];
                out.text(if set.is_in_order() {
                    "SELECT"
                } else {
                    "SELECT DISTINCT"
                });
                out.text(" w.lead_id AS id FROM lead_values w WHERE ");
                set.rows(out, workspace_id, "w");
                self.checks(out, plan, "w.lead_id");
                if plan.is_ordered {
                    self.id_order(out, "w.lead_id");
                }
            }
            Source::Sorted => match self.search.deciding_keys().first() {
                None => {
                    out.text("SELECT w.id FROM leads w WHERE w.workspace_id = ")
                        .bind(workspace_id);
                    self.checks(out, plan, "w.id");
                    self.id_order(out, "w.id");
                }
                Some(key) => self.sorted(out, plan, key, phase),
            },
        }
    }

    /// The index of the first sort key.
    fn sorted(&self, out: &mut Sql, plan: &Plan, key: &SortKey, phase: Phase) {
        let workspace_id = self.scope.workspace_id;
        match (&key.by, phase) {
            (SortBy::Custom(field), Phase::WithoutValue) => {
                out.text("SELECT w.id FROM leads w WHERE w.workspace_id = ")
                    .bind(workspace_id);
                out.text(
                    " AND (w.id IN (SELECT v.lead_id FROM lead_values v WHERE v.workspace_id = ",
                );
                out.bind(workspace_id)
                    .text(" AND v.slot = ")
                    .bind(field.slot)
                    .text(")) IS NOT TRUE");
                self.checks(out, plan, "w.id");
                self.id_order(out, "w.id");
            }
            (SortBy::Custom(field), _) => {
                out.text("SELECT w.lead_id AS id, w.value AS k FROM lead_values w WHERE w.workspace_id = ");
                out.bind(workspace_id)
                    .text(" AND w.slot = ")
                    .bind(field.slot);
                self.checks(out, plan, "w.lead_id");
                self.key_order(
                    out,
                    key,
                    |out| {
                        out.text("w.value");
                    },
                    "w.lead_id",
                );
            }
            (_, Phase::Whole | Phase::WithValue) if self.search.is_by_score() => {
                self.by_score(out, plan, key);
            }
            (by, phase) => {
                let name = column_name(by);
                out.text("SELECT w.id, w.")
                    .text(name)
                    .text(" AS k FROM leads w WHERE w.workspace_id = ")
                    .bind(workspace_id);
                if phase != Phase::Whole {
                    out.text(" AND w.").text(name);
                    out.text(if phase == Phase::WithValue {
                        " IS NOT NULL"
                    } else {
                        " IS NULL"
                    });
                }
                self.checks(out, plan, "w.id");
                if phase == Phase::WithoutValue {
                    self.id_order(out, "w.id");
                } else {
                    self.key_order(
                        out,
                        key,
                        |out| {
                            out.text("w.").text(name);
                        },
                        "w.id",
                    );
                }
            }
        }
    }

    /// The leads of each number of points of fit in the order of their engagement, of each as many as are wanted: among them are
    /// those with the highest score, or fit, of all.
    fn by_score(&self, out: &mut Sql, plan: &Plan, key: &SortKey) {
        let workspace_id = self.scope.workspace_id;
        let (first, next, way) = if key.descending {
            ("max", " < ", " DESC")
        } else {
            ("min", " > ", "")
        };
        out.text("SELECT s.id, s.k FROM (WITH RECURSIVE fits (fit) AS (SELECT ")
            .text(first)
            .text("(l.fit) FROM leads l WHERE l.workspace_id = ")
            .bind(workspace_id);
        out.text(" UNION ALL SELECT (SELECT ")
            .text(first)
            .text("(l.fit) FROM leads l WHERE l.workspace_id = ")
            .bind(workspace_id);
        out.text(" AND l.fit")
            .text(next)
            .text("f.fit) FROM fits f WHERE f.fit IS NOT NULL) SELECT fit FROM fits WHERE fit IS NOT NULL) f, LATERAL (SELECT leads.id, ");
        key_expression(out, key, 0, self.search.now);
        out.text(" AS k FROM leads WHERE leads.fit = f.fit AND ");
        self.plain(out);
        self.checks(out, plan, "leads.id");
        if self.search.after.is_some() {
            out.text(" AND ");
            self.after(out, Phase::WithValue);
        }
        out.text(" ORDER BY leads.engagement_order")
            .text(way)
            .text(", leads.id")
            .text(if self.search.ids_descend() {
                " DESC"
            } else {
                ""
            });
        out.text(" LIMIT ").number(self.search.limit).text(") s");
    }

    /// In the order of ids, from where the last page ended if ids alone decide that.
    fn id_order(&self, out: &mut Sql, id: &'static str) {
        let descend = self.search.ids_descend();
        let only_ids = self.search.deciding_keys().is_empty() || self.only_key_is_missing();
        if let (Some(after), true) = (&self.search.after, only_ids) {
            out.text(" AND ")
                .text(id)
                .text(if descend { " < " } else { " > " })
                .bind(after.id);
        }
        out.text(" ORDER BY ")
            .text(id)
            .text(if descend { " DESC" } else { "" });
    }

    fn only_key_is_missing(&self) -> bool {
        let after = self.search.after.as_ref();
        self.search.deciding_keys().len() == 1
            && after.is_some_and(|after| after.keys.first() == Some(&KeyValue::Missing))
    }

    /// In the order of a key and then of ids, from where the last page ended.
    ///
    /// A comparison of rows is a condition of the index at any depth, also under row-level security.
    fn key_order(
        &self,
        out: &mut Sql,
        key: &SortKey,
        expression: impl Fn(&mut Sql),
        id: &'static str,
    ) {
        let single = self.search.deciding_keys().len() == 1;
        let same_way = self.search.ids_descend() == key.descending;
        let last = self
            .search
            .after
            .as_ref()
            .and_then(|after| Some((bind(after.keys.first()?)?, after.id)));
        if let Some((value, last_id)) = last {
            out.text(" AND ");
            if single && same_way {
                out.text("(");
                expression(out);
                out.text(", ")
                    .text(id)
                    .text(if key.descending { ") < (" } else { ") > (" });
                out.bind(value).text(", ").bind(last_id).text(")");
            } else {
                expression(out);
                out.text(if key.descending { " <= " } else { " >= " })
                    .bind(value);
            }
        }
        let way = if key.descending { " DESC" } else { "" };
        out.text(" ORDER BY ");
        expression(out);
        out.text(way).text(", ").text(id).text(way);
    }

    fn order(&self, out: &mut Sql, plan: &Plan, phase: Phase) {
        let keys = self.search.deciding_keys();
        out.text(" ORDER BY ");
        for (number, key) in keys.iter().enumerate() {
            if number == 0 && phase == Phase::WithoutValue {
                continue;
            }
            if number == 0 && plan.source == Source::Sorted {
                out.text("c.k");
            } else {
                key_expression(out, key, number, self.search.now);
            }
            out.text(if key.descending { " DESC" } else { "" });
            // In the first phase there are none, and the index's own order says nothing else.
            let can_be_missing =
                key.can_be_missing() && !(number == 0 && phase == Phase::WithValue);
            out.text(if can_be_missing {
                " NULLS LAST, "
            } else {
                ", "
            });
        }
        out.text(if plan.source == Source::Leads {
            "leads.id"
        } else {
            "c.id"
        });
        out.text(if self.search.ids_descend() {
            " DESC"
        } else {
            ""
        });
    }

    /// What comes after the last page: the same in the keys before, and further on in one; or the same in all, and further
    /// on by id.
    fn after(&self, out: &mut Sql, phase: Phase) {
        let Some(after) = &self.search.after else {
            return;
        };
        let keys = self.search.deciding_keys();
        let further_by_id = |out: &mut Sql| {
            out.text("leads.id")
                .text(if self.search.ids_descend() {
                    " < "
                } else {
                    " > "
                })
                .bind(after.id);
        };
        // Comparing rows lets an index begin where the last page ended.
        if let ([key], Some(value)) = (keys, after.keys.first().and_then(bind))
            && (phase == Phase::WithValue || !key.can_be_missing())
            && key.descending == self.search.ids_descend()
        {
            out.text("(");
            key_expression(out, key, 0, self.search.now);
            out.text(", leads.id")
                .text(if key.descending { ") < (" } else { ") > (" });
            out.bind(value).text(", ").bind(after.id).text(")");
            return;
        }
        if phase == Phase::WithoutValue
            && after
                .keys
                .first()
                .is_some_and(|key| *key != KeyValue::Missing)
        {
            // All with a value came before.
            out.text("true");
            return;
        }
        out.text("(");
        for (ahead, key) in keys.iter().enumerate() {
            self.same(out, &after.keys[..ahead]);
            further(out, key, ahead, &after.keys[ahead], self.search.now);
            out.text(" OR ");
        }
        self.same(out, &after.keys[..keys.len()]);
        further_by_id(out);
        out.text(")");
    }

    fn same(&self, out: &mut Sql, values: &[KeyValue]) {
        for (number, (key, value)) in self.search.deciding_keys().iter().zip(values).enumerate() {
            key_expression(out, key, number, self.search.now);
            match bind(value) {
                Some(value) => out.text(" = ").bind(value),
                None => out.text(" IS NULL"),
            };
            out.text(" AND ");
        }
    }
}

/// Names for the values of the keys that are in the index of values.
const KEYS: [&str; crate::domain::lead_search::MAX_SORT_KEYS + 1] =
    ["k1", "k2", "k3", "k4", "k5", "k6"];

fn column_name(by: &SortBy) -> &'static str {
    match by {
        SortBy::Column(column) => column.name(),
        SortBy::Engagement | SortBy::Score | SortBy::Custom(_) => "engagement_order",
    }
}

fn key_expression(out: &mut Sql, key: &SortKey, number: usize, now: DateTime<Utc>) {
    match &key.by {
        SortBy::Column(column) => column_expression(out, *column),
        SortBy::Engagement => {
            out.text("leads.engagement_order");
        }
        // As `LeadScore::total_at`, in millionths.
        SortBy::Score => {
            out.text("round((leads.fit + leads.engagement * coalesce(power(2::float8, extract(epoch FROM leads.engagement_as_of - ")
                .bind(now)
                .text(")::float8 / 86400 / leads.engagement_half_life_days), 1)) * 1e6::float8)::bigint");
        }
        SortBy::Custom(_) => {
            out.text(KEYS[number]).text(".value");
        }
    }
}

/// Further on by this key; missing values are last.
fn further(out: &mut Sql, key: &SortKey, number: usize, value: &KeyValue, now: DateTime<Utc>) {
    let Some(value) = bind(value) else {
        out.text("false");
        return;
    };
    out.text("(");
    key_expression(out, key, number, now);
    out.text(if key.descending { " < " } else { " > " })
        .bind(value);
    if key.can_be_missing() {
        out.text(" OR ");
        key_expression(out, key, number, now);
        out.text(" IS NULL");
    }
    out.text(")");
}

fn bind(value: &KeyValue) -> Option<Bind> {
    Some(match value {
        KeyValue::Missing => return None,
        KeyValue::Text(text) => text.clone().into(),
        KeyValue::Integer(number) => (*number).into(),
        KeyValue::Boolean(yes) => (*yes).into(),
        KeyValue::Time(at) => (*at).into(),
        KeyValue::Id(id) => (*id).into(),
    })
}

/// The columns of `leads` that have an index of their own with the id behind them.
pub(in crate::store) fn has_index(key: &SortKey) -> bool {
    match &key.by {
        SortBy::Column(column) => matches!(
            column,
            Column::UpdatedAt
                | Column::email
                | Column::last_name
                | Column::company
                | Column::Source
                | Column::Stage
                | Column::Grade
        ),
        SortBy::Custom(_) | SortBy::Engagement => true,
        SortBy::Score => false,
    }
}
