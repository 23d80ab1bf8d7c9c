//! Reads what a workspace has decided about its leads.

use crate::domain::calibration::Calibration;
use crate::domain::dedupe::{Frequencies, Weights};
use crate::domain::likeness::Knowledge;
use crate::domain::playbook::Playbook;
use crate::domain::routing::Roster;
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::match_statistics::{self, Statistics};
use crate::store::pool::TenantConnection;
use crate::store::{
    dedupe_calibrations, field_definitions, lead_search, people_zones, pipelines, rule_documents,
    users, workspaces,
};
use chrono::{DateTime, Duration, Utc};
use moka::sync::Cache;
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

/// For so long another process may still decide by the rules of before: it keeps them for five seconds.
pub const FORMER_RULES: Duration = Duration::seconds(10);

/// The rules of the transaction's workspace.
pub fn load(conn: &mut TenantConnection) -> Result<Rules> {
    let mut rules = Rules {
        settings: workspaces::get(conn)?.settings,
        fields: field_definitions::list(conn)?
            .into_iter()
            .map(|record| record.definition)
            .collect(),
        pipeline: pipelines::get(conn)?.pipeline,
        knowledge: knowledge(conn)?,
        playbook: Arc::default(),
    };
    let active = rule_documents::list_active(conn)?;
    let known = people_zones::list(conn)?;
    let zones = known
        .zones
        .into_iter()
        .filter_map(|(id, name)| Some((id, name.parse().ok()?)));
    let roster = Roster::new(users::list_roster(conn)?)
        .with_zones(zones.collect())
        .with_teams(known.teams.into_iter().collect());
    rules.playbook = Arc::new(Playbook::of(&active, roster, &rules));
    Ok(rules)
}

/// What the workspace's leads have taught, read once for each time they were counted and each calibration, and with as
/// many leads as there are about.
fn knowledge(conn: &mut TenantConnection) -> Result<Arc<Knowledge>> {
    let leads = lead_search::about_leads(conn)?;
    let counted_at = match_statistics::find_time(conn)?;
    let calibration = dedupe_calibrations::find_active_id(conn)?;
    if counted_at.is_none() && calibration.is_none() {
        return Ok(Arc::new(Knowledge {
            leads,
            ..Knowledge::default()
        }));
    }
    let id = (conn.workspace_id(), counted_at, calibration);
    let known = match COUNTED.get(&id) {
        Some(known) => known,
        None => {
            let statistics = match_statistics::find(conn)?;
            let calibration = calibration
                .map(|id| dedupe_calibrations::get(conn, id))
                .transpose()?;
            let found = Arc::new(learned(statistics, calibration));
            COUNTED.insert(id, found.clone());
            found
        }
    };
    // Only a number that has changed much is worth a copy.
    let is_near = leads <= known.leads + known.leads / 4;
    Ok(if is_near {
        known
    } else {
        Arc::new(Knowledge {
            leads,
            ..Knowledge::clone(&known)
        })
    })
}

/// All leads count for more than a sample, and an estimate from the workspace's own leads for more than what is usual.
fn learned(statistics: Option<Statistics>, calibration: Option<Calibration>) -> Knowledge {
    let records = statistics
        .as_ref()
        .map(|counted| counted.records_per_person);
    let (weights, sampled) = calibration
        .map(|calibration| (calibration.weights, calibration.frequencies))
        .unzip();
    let frequencies = statistics.map(|counted| counted.frequencies).or(sampled);
    let frequencies = Frequencies::from(frequencies.unwrap_or_default());
    let usual = Weights::default();
    Knowledge {
        leads: frequencies.leads(),
        frequencies,
        weights: weights.unwrap_or(Weights {
            records_per_person: records.unwrap_or(usual.records_per_person),
            ..usual
        }),
    }
}

/// What was learned of a workspace: when it was counted, and which calibration is active.
type LearnedId = (Uuid, Option<DateTime<Utc>>, Option<Uuid>);

static COUNTED: LazyLock<Cache<LearnedId, Arc<Knowledge>>> =
    LazyLock::new(|| Cache::builder().max_capacity(200).build());
