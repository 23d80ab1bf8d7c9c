//! The order of a page, and what comes after the last one.

use super::sort_key::{bind, key_expression};
use super::{Parts, Phase};
use crate::domain::lead_search::{KeyValue, SortKey};
use crate::store::search_plan::{Plan, Source};
use crate::store::sql::Sql;
use chrono::{DateTime, Utc};

impl Parts<'_> {
    pub(super) fn order(&self, out: &mut Sql, plan: &Plan, phase: Phase) {
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
    pub(super) fn after(&self, out: &mut Sql, phase: Phase) {
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
