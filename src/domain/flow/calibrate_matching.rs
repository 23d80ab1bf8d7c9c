//! Makes calibrations of how leads are compared, and says which one counts.

use crate::domain::calibration::{Calibration, CalibrationReport, CalibrationState, Past};
use crate::domain::dedupe::{calibrate, probability};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::sample_leads::{self, Drawn};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::error::{Conflict, Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{dedupe_calibrations, workspaces};
use uuid::Uuid;

/// Leads whose pairs are looked at, about.
const LEADS: i64 = 3000;
/// Leads whose values are counted, about.
const COUNTED: i64 = 20_000;
/// Fewest leads from which anything is told.
const FEWEST: u32 = 50;
/// Most values whose frequencies are kept.
const VALUES: usize = 20_000;

/// Makes a draft from the workspace's leads.
///
/// # Errors
/// A conflict when there are too few leads with anything to compare.
pub fn create(conn: &mut TenantConnection, by: &OnBehalf) -> Result<Calibration> {
    let rules = by.rules.as_ref();
    let comparer = rules.knowledge.comparer();
    let Drawn {
        sample,
        pairs,
        reviewed,
    } = sample_leads::draw(conn, LEADS, &comparer, &rules.matching)?;
    if sample.leads < FEWEST {
        return Err(Conflict::TooFewLeads { fewest: FEWEST }.into());
    }
    let frequencies = sample_leads::count_values(conn, COUNTED, &rules.matching)?;
    let start = &rules.knowledge.weights;
    let calibrated = calibrate(start, &sample);
    let past = |threshold: f64| {
        let is_past = |weight: f32| probability(weight) >= threshold;
        let count = |of: fn(&(f32, f32)) -> f32| {
            let past = calibrated.moved.iter().filter(|moved| is_past(of(moved)));
            u32::try_from(past.count()).unwrap_or(u32::MAX)
        };
        Past {
            before: count(|moved| moved.0),
            after: count(|moved| moved.1),
        }
    };
    let report = CalibrationReport {
        leads: sample.leads,
        pairs,
        reviewed,
        random_pairs: sample.strangers.len().try_into().map_err(Error::internal)?,
        same: calibrated.same,
        records_per_person: calibrated.weights.records_per_person,
        rounds: calibrated.rounds,
        possible: past(rules.matching.possible()),
        probable: past(rules.matching.probable()),
        fields: calibrated.fields,
    };
    // Its lock gives numbers to those who calibrate at the same time one after the other.
    workspaces::lock(conn)?;
    let id = ProcessIds.next(by.now);
    let calibration = Calibration {
        id,
        number: dedupe_calibrations::last_number(conn)? + 1,
        state: CalibrationState::Draft,
        weights: calibrated.weights,
        frequencies: frequencies.keep(VALUES),
        report,
        created_by: by.provenance.actor.clone(),
        created_at: time_of(id),
        activated_at: None,
        retired_at: None,
    };
    dedupe_calibrations::insert(conn, &calibration)?;
    Ok(calibration)
}

/// Makes a calibration the one that counts.
pub fn activate(conn: &mut TenantConnection, id: Uuid, by: &OnBehalf) -> Result<Calibration> {
    workspaces::lock(conn)?;
    let before = dedupe_calibrations::get(conn, id)?;
    if before.state == CalibrationState::Active {
        return Ok(before);
    }
    dedupe_calibrations::activate(conn, id, by.now)?;
    dedupe_calibrations::get(conn, id)
}

/// Retires the calibration that counts: what every workspace begins with counts again.
///
/// # Errors
/// A conflict when it is not the active one.
pub fn retire(conn: &mut TenantConnection, id: Uuid, by: &OnBehalf) -> Result<Calibration> {
    workspaces::lock(conn)?;
    let before = dedupe_calibrations::get(conn, id)?;
    if before.state != CalibrationState::Active {
        let state = before.state.as_str();
        return Err(Conflict::CalibrationNotActive { state }.into());
    }
    dedupe_calibrations::retire(conn, by.now)?;
    dedupe_calibrations::get(conn, id)
}
