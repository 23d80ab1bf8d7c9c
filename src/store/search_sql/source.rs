//! The source of a search: the entries of one index, in its order, from where the last page ended.

use super::sort_key::{bind, column_name, key_expression};
use super::{Parts, Phase};
use crate::domain::lead_search::{KeyValue, SortBy, SortKey};
use crate::store::search_plan::{Plan, Source};
use crate::store::sql::Sql;

impl Parts<'_> {
    /// The source as a subquery with a column `id`, and `k` for the first sort key where it is sorted by that.
    pub(super) fn source(&self, out: &mut Sql, plan: &Plan, phase: Phase) {
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
}
