//! What the ids alone tell of the leads that a source gives: by the other indexes, one lead after another.

use super::Parts;
use crate::store::search_plan::{Plan, Source};
use crate::store::sql::Sql;

impl Parts<'_> {
    /// Everything but the source that is told by the id alone.
    pub(super) fn checks(&self, out: &mut Sql, plan: &Plan, id: &'static str) {
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

    pub(super) fn words(&self, out: &mut Sql) {
        for word in self.search.text.iter().flat_map(|text| text.words()) {
            out.text(" AND strpos(t.text, ")
                .bind(word.clone())
                .text(") > 0");
        }
    }
}
