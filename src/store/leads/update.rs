//! A lead that changed, written, and its score by itself.

use crate::domain::lead::Lead;
use crate::domain::lead_fields::for_each_lead_field;
use crate::domain::qualification::Verdict;
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::leads;
use crate::store::{lead_scores, lead_values, match_keys};
use chrono::{DateTime, Utc};
use diesel::dsl::Eq;
use diesel::prelude::*;

macro_rules! define_update {
    ({} $($field:ident : $type:ty, $kind:ident, {$($schema:tt)*}, $doc:literal;)*) => {
        /// Writes a lead that changed, and what the index of values has of it.
        pub fn update(conn: &mut TenantConnection, before: &Lead, lead: &Lead, rules: &Rules) -> Result<()> {
            if !rules.playbook.models.is_empty() && before.score == lead.score && tells_more(before, lead) {
                lead_scores::wake(conn, lead.id, lead.updated_at)?;
            }
            lead_values::follow(conn, before, lead, rules)?;
            match_keys::follow(conn, before, lead, &rules.settings.matching)?;
            diesel::update(leads::table)
                .filter(leads::workspace_id.eq(conn.workspace_id()))
                .filter(leads::id.eq(lead.id))
                .set((
                    ($(leads::$field.eq(&lead.fields.$field),)*),
                    leads::email_domain.eq(lead.email_domain()),
                    leads::website_domain.eq(&lead.website_domain),
                    leads::source.eq(&lead.source),
                    leads::stage.eq(&lead.stage),
                    (
                        leads::stage_kind.eq(lead.stage_kind.as_str()),
                        leads::stage_changed_at.eq(lead.stage_changed_at),
                        leads::disqualify_reason.eq(&lead.disqualify_reason),
                        leads::revisit_at.eq(lead.revisit_at),
                        leads::owner_id.eq(lead.owner_id),
                        leads::team_id.eq(lead.team_id),
                        leads::merged_into.eq(lead.merged_into),
                        leads::queue.eq(&lead.queue),
                        leads::verdict.eq(lead.verdict.map(Verdict::as_str)),
                    ),
                    score_columns(lead),
                    leads::custom.eq(Json::of(&lead.custom)?),
                    leads::tags.eq(Json::of(&lead.tags)?),
                    leads::first_attribution.eq(Json::of(&lead.first_attribution)?),
                    leads::last_attribution.eq(Json::of(&lead.last_attribution)?),
                    leads::is_test.eq(lead.is_test),
                    leads::version.eq(lead.version),
                    leads::updated_at.eq(lead.updated_at),
                    leads::last_activity_at.eq(lead.last_activity_at),
                    leads::deleted_at.eq(lead.deleted_at),
                ))
                .execute(conn.pg())?;
            Ok(())
        }
    };
}

for_each_lead_field!(define_update! {});

/// What the columns of a lead's score become.
type ScoreColumns = (
    Eq<leads::fit, Option<i64>>,
    Eq<leads::engagement, Option<f64>>,
    Eq<leads::engagement_as_of, Option<DateTime<Utc>>>,
    Eq<leads::engagement_half_life_days, Option<f64>>,
    Eq<leads::engagement_order, Option<i64>>,
    Eq<leads::grade, Option<&'static str>>,
);

fn score_columns(lead: &Lead) -> ScoreColumns {
    let score = lead.score;
    (
        leads::fit.eq(score.map(|score| score.fit.into())),
        leads::engagement.eq(score.map(|score| score.engagement)),
        leads::engagement_as_of.eq(score.map(|score| score.as_of)),
        leads::engagement_half_life_days.eq(score.and_then(|score| score.half_life_days)),
        leads::engagement_order.eq(score.map(|score| score.engagement_order)),
        leads::grade.eq(score.map(|score| score.grade.as_str())),
    )
}

/// Writes the score of a lead that is otherwise as it was.
pub fn set_score(conn: &mut TenantConnection, lead: &Lead) -> Result<()> {
    diesel::update(leads::table)
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq(lead.id))
        .set(score_columns(lead))
        .execute(conn.pg())?;
    Ok(())
}

/// Whether something is another that scoring models can ask for.
fn tells_more(before: &Lead, after: &Lead) -> bool {
    let same = Lead {
        version: after.version,
        updated_at: after.updated_at,
        last_activity_at: after.last_activity_at,
        score: after.score,
        ..before.clone()
    };
    same != *after
}
