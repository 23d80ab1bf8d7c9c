//! Says which leads drafts are, and which they may be. Nothing is written.

use crate::domain::access::Visibility;
use crate::domain::capture::{self, Capture, Known};
use crate::domain::flow::find_likenesses;
use crate::domain::likeness::{Duplicate, Sought, ranked};
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{lead_identities, leads};
use uuid::Uuid;

/// What a draft would be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// The lead that an identity says it is.
    pub lead_id: Option<Uuid>,
    /// Leads that it may be, the likeliest first.
    pub duplicates: Vec<Duplicate>,
}

/// What each draft would be, as far as the caller may know.
pub fn check(
    conn: &mut TenantConnection,
    drafts: &[Capture],
    rules: &Rules,
    visible: &Visibility,
) -> Result<Vec<Checked>> {
    let workspace_id = conn.workspace_id();
    let identities: Vec<_> = drafts
        .iter()
        .flat_map(|draft| draft.identities.clone())
        .collect();
    let holders = lead_identities::find(conn, &identities)?;
    let mut ids: Vec<Uuid> = holders.values().map(|holder| holder.lead_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = Known {
        leads: leads::list_by_ids(conn, &ids)?
            .into_iter()
            .map(|lead| (lead.id, lead))
            .collect(),
        identities: holders,
        ..Known::default()
    };
    let sought: Vec<Sought> = drafts
        .iter()
        .map(|draft| Sought::of(draft, &rules.matching, workspace_id))
        .collect();
    let asked: Vec<(&Capture, &Sought)> = drafts.iter().zip(&sought).collect();
    let near = find_likenesses::find(conn, &asked, rules)?.into_iter();
    let found: Vec<Vec<Duplicate>> = near.map(|near| ranked(near.like)).collect();
    let mut named: Vec<Uuid> = found.iter().flatten().map(|one| one.lead_id).collect();
    named.extend(known.leads.keys());
    let shown = leads::visible_among(conn, &named, visible)?;
    Ok(drafts
        .iter()
        .zip(found)
        .map(|(draft, mut duplicates)| {
            let lead_id = capture::identified(draft, &known, rules);
            duplicates.retain(|one| shown.contains(&one.lead_id) && Some(one.lead_id) != lead_id);
            Checked {
                lead_id: lead_id.filter(|id| shown.contains(id)),
                duplicates,
            }
        })
        .collect())
}
