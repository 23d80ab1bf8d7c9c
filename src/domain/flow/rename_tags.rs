//! Renames labels: a job changes the leads; the views that ask for the labels are changed at once.

use crate::domain::capture_draft;
use crate::domain::condition::rename_tags;
use crate::domain::flow::bulk::{Bulk, BulkChange, Selection};
use crate::domain::flow::keep_rules;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::job::Job;
use crate::domain::lead_filter::LeadFilter;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{saved_views, workspaces};
use serde_json::json;

/// Starts the job that puts one label in the place of others.
///
/// # Errors
/// A conflict when too many jobs wait or run already, or the condition of an active rule document asks for one of the labels: a
/// version never changes.
pub fn rename(
    conn: &mut TenantConnection,
    from: &[String],
    to: &str,
    by: &OnBehalf,
) -> Result<Job> {
    workspaces::lock(conn)?;
    let is_renamed = |tag: &String| tag != to && from.contains(tag);
    keep_rules::keep_compared(conn, "tags", |asked| {
        let asked = capture_draft::line(Some(asked.to_owned()));
        asked.is_some_and(|tag| is_renamed(&tag))
    })?;
    let change = BulkChange::Retag {
        from: from.to_vec(),
        to: to.to_owned(),
    };
    let having = LeadFilter {
        condition: Some(json!({"field": "tags", "op": "has_any", "value": from})),
        q: None,
        is_test: None,
    };
    let job = Bulk::new(change, Selection::Matching(having))?.start(conn, by)?;
    for mut view in saved_views::lock_all(conn)? {
        let condition = view.content.condition.as_mut();
        if condition.is_some_and(|condition| rename_tags(condition, from, to)) {
            view.version += 1;
            view.updated_at = by.now;
            saved_views::update(conn, &view)?;
        }
    }
    Ok(job)
}
