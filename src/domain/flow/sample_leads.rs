//! Draws leads and pairs of them, to learn from: as many from ten million leads as from ten thousand.
//!
//! Leads are drawn by their keys, whose hashes are as good as chance, and each is compared with those it shares a key with.

use crate::domain::dedupe::{Comparer, Evidence, Frequencies, MatchKey, Observation, Sample, keys};
use crate::domain::duplicate_pair::PairState;
use crate::domain::match_policy::MatchSettings;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{compared_leads, duplicate_pairs, match_keys};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Leads whose candidates are read together.
const CHUNK: usize = 150;
/// Leads that are read together.
const READ: usize = 2000;
/// Leads that are looked at for each key.
const OF_A_KEY: i64 = 40;
/// Pairs that say less for one person than this, in bits, are counted and forgotten.
const HOPELESS: f32 = -14.0;
/// Pairs drawn at random.
const STRANGERS: usize = 100_000;
/// Decisions that are looked at.
const REVIEWED: i64 = 2000;

/// What is learned from.
#[derive(Debug, Default)]
pub struct Drawn {
    /// The pairs.
    pub sample: Sample,
    /// Pairs that were looked at.
    pub pairs: u32,
    /// Of these: pairs that somebody has decided about.
    pub reviewed: u32,
}

/// How often values are found in about so many leads.
pub fn count_values(
    conn: &mut TenantConnection,
    about: i64,
    settings: &MatchSettings,
) -> Result<Frequencies> {
    let mut frequencies = Frequencies::default();
    let ids = match_keys::draw_leads(conn, about)?;
    for ids in ids.chunks(READ) {
        for (_, evidence) in evidence_of_all(conn, ids, settings)? {
            frequencies.add(&evidence);
        }
    }
    Ok(frequencies)
}

/// Pairs of about so many leads and those they share a key with.
pub fn draw(
    conn: &mut TenantConnection,
    about: i64,
    comparer: &Comparer,
    settings: &MatchSettings,
) -> Result<Drawn> {
    let rejected = rejected(conn)?;
    let ids = match_keys::draw_leads(conn, about)?;
    let mut seeds: Vec<Evidence> = Vec::with_capacity(ids.len());
    let mut drawn = Drawn::default();
    for ids in ids.chunks(CHUNK) {
        let chunk = evidence_of_all(conn, ids, settings)?;
        let candidates = candidates(conn, &chunk)?;
        let mut others: Vec<Uuid> = candidates.iter().map(|(_, other)| *other).collect();
        others.sort_unstable();
        others.dedup();
        let others: HashMap<Uuid, Evidence> = evidence_of_all(conn, &others, settings)?
            .into_iter()
            .collect();
        for (number, other_id) in candidates {
            let (id, evidence) = &chunk[number];
            let Some(other) = others.get(&other_id).filter(|_| other_id != *id) else {
                continue;
            };
            let verdict = rejected
                .contains(&((*id).min(other_id), (*id).max(other_id)))
                .then_some(false);
            let seen = Observation::of(comparer, (evidence, other), verdict);
            drawn.pairs += 1;
            drawn.reviewed += u32::from(verdict.is_some());
            if seen.weight() > HOPELESS {
                drawn.sample.pairs.push(seen);
            }
        }
        seeds.extend(chunk.into_iter().map(|(_, evidence)| evidence));
    }
    drawn.sample.leads = seeds.len().try_into().map_err(Error::internal)?;
    drawn.sample.strangers = strangers(comparer, &seeds);
    Ok(drawn)
}

/// Pairs that somebody has said are two people.
fn rejected(conn: &mut TenantConnection) -> Result<HashSet<(Uuid, Uuid)>> {
    let decided = duplicate_pairs::list_decided(conn, PairState::Rejected, REVIEWED)?;
    Ok(decided.into_iter().collect())
}

/// What is compared of these leads: those that are there and are no tests.
fn evidence_of_all(
    conn: &mut TenantConnection,
    ids: &[Uuid],
    settings: &MatchSettings,
) -> Result<Vec<(Uuid, Evidence)>> {
    let found = compared_leads::list(conn, ids, settings)?.into_iter();
    let found = found.filter(|lead| !lead.is_test);
    Ok(found.map(|lead| (lead.lead_id, lead.evidence)).collect())
}

/// For each lead, by its number, the leads that share a key with it.
fn candidates(
    conn: &mut TenantConnection,
    chunk: &[(Uuid, Evidence)],
) -> Result<Vec<(usize, Uuid)>> {
    let workspace_id = conn.workspace_id();
    let keys: Vec<Vec<MatchKey>> = chunk
        .iter()
        .map(|(_, evidence)| keys(evidence, workspace_id.as_bytes()))
        .collect();
    let keys: Vec<&[MatchKey]> = keys.iter().map(Vec::as_slice).collect();
    let found = match_keys::list_candidates(conn, &keys, |_| OF_A_KEY)?;
    Ok(found.iter().map(|one| (one.seeker, one.lead_id)).collect())
}

/// Pairs of leads drawn at random, in every run the same: by a linear congruence (Knuth, *MMIX*).
fn strangers(comparer: &Comparer, leads: &[Evidence]) -> Vec<Observation> {
    if leads.len() < 2 {
        return Vec::new();
    }
    let mut state: u64 = 1;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % leads.len()
    };
    let possible = leads.len() * (leads.len() - 1) / 2;
    let pairs = (0..STRANGERS.min(possible * 2)).map(|_| (draw(), draw()));
    let pairs = pairs.filter(|(one, other)| one != other);
    pairs
        .map(|(one, other)| Observation::of(comparer, (&leads[one], &leads[other]), None))
        .collect()
}
