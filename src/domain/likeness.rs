//! Leads that may be one person: what is compared of a lead, and what becomes of a capture that is like one.

use crate::domain::capture::Capture;
use crate::domain::dedupe::{
    self, Agreement, Comparer, Comparison, Draft, Evidence, Field, FieldWeight, Frequencies,
    MatchKey, Other, Weights,
};
use crate::domain::lead::Lead;
use crate::domain::lead_fields::LeadFields;
use crate::domain::match_policy::{MatchPolicy, MatchSettings};
use serde_json::{Map, Value};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound::{Excluded, Unbounded};
use uuid::Uuid;

/// Leads that a capture is compared with, at most: those that share most keys with it, and of these the latest.
pub const COMPARED: usize = 20;
/// Leads that are named as duplicates of one, at most.
const MOST: usize = 10;
/// Companies without a person's name are branches of each other more often than the same: only this much is worth a look.
const COMPANY: f64 = 0.9999;

/// What a workspace's leads have taught about how to compare them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Knowledge {
    /// How much each field says.
    pub weights: Weights,
    /// How often values are found.
    pub frequencies: Frequencies,
    /// How many leads there are, about.
    pub leads: u32,
}

impl Knowledge {
    /// What compares leads.
    pub fn comparer(&self) -> Comparer<'_> {
        Comparer::new(
            &self.weights,
            &self.frequencies,
            self.leads.max(self.frequencies.leads()),
        )
    }
}

/// A lead that may be the same person.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicate {
    /// Which lead.
    pub lead_id: Uuid,
    /// That it is: 0 to 1.
    pub probability: f64,
    /// What each field says.
    pub fields: Vec<FieldWeight>,
    /// It is a customer already.
    pub is_customer: bool,
    /// It is certain enough to be treated as the same, where the workspace wants that.
    pub is_probable: bool,
    /// It is certain enough to be told with a capture; if not, the pair is only there to be looked at.
    pub is_told: bool,
}

/// What is compared of somebody.
pub fn evidence_of(
    fields: &LeadFields,
    custom: &Map<String, Value>,
    settings: &MatchSettings,
) -> Evidence {
    let others = settings.evidence.iter().filter_map(|(key, kind)| {
        let value = custom.get(key)?.as_str()?;
        Some(Other {
            key,
            kind: *kind,
            value,
        })
    });
    Evidence::of(&Draft {
        first_name: fields.first_name.as_deref(),
        last_name: fields.last_name.as_deref(),
        company: fields.company.as_deref(),
        email: fields.email.as_deref(),
        phone: fields.phone.as_deref(),
        phone_extension: fields.phone_extension.as_deref(),
        mobile_phone: fields.mobile_phone.as_deref(),
        street: fields.street.as_deref(),
        city: fields.city.as_deref(),
        postal_code: fields.postal_code.as_deref(),
        country: fields.country.as_deref(),
        others: others.collect(),
    })
}

/// What is compared of a lead.
pub fn evidence_of_lead(lead: &Lead, settings: &MatchSettings) -> Evidence {
    evidence_of(&lead.fields, &lead.custom, settings)
}

/// The keys of a lead in its workspace; a deleted lead has none.
pub fn keys_of_lead(lead: &Lead, settings: &MatchSettings, workspace_id: Uuid) -> Vec<MatchKey> {
    Sought::of_lead(lead, settings, workspace_id).keys
}

/// Leads that a batch makes or changes, by their keys: captures of one batch are as like each other as of two.
#[derive(Debug, Default)]
pub struct Fresh {
    by_key: HashMap<MatchKey, BTreeSet<Uuid>>,
    leads: HashMap<Uuid, Sought>,
    /// Those that the tables do not have yet.
    created: HashSet<Uuid>,
}

/// What is looked at of somebody: the evidence and the keys.
#[derive(Debug, Clone)]
pub struct Sought {
    /// What it says.
    pub evidence: Evidence,
    /// By which leads like it are found.
    pub keys: Vec<MatchKey>,
}

impl Sought {
    /// What is looked at of a capture.
    pub fn of(capture: &Capture, settings: &MatchSettings, workspace_id: Uuid) -> Sought {
        let evidence = evidence_of(&capture.fields, &capture.custom, settings);
        Sought {
            keys: dedupe::keys(&evidence, workspace_id.as_bytes()),
            evidence,
        }
    }

    /// What is looked at of a lead; a deleted one has no keys.
    pub fn of_lead(lead: &Lead, settings: &MatchSettings, workspace_id: Uuid) -> Sought {
        let evidence = evidence_of_lead(lead, settings);
        let keys = match lead.deleted_at {
            Some(_) => Vec::new(),
            None => dedupe::keys(&evidence, workspace_id.as_bytes()),
        };
        Sought { evidence, keys }
    }
}

impl Fresh {
    /// Takes in a lead that is made.
    pub fn make(&mut self, lead_id: Uuid, now: Sought) {
        self.created.insert(lead_id);
        self.take(lead_id, now);
    }

    /// Takes in a lead as it is now.
    pub fn take(&mut self, lead_id: Uuid, now: Sought) {
        for key in self
            .leads
            .remove(&lead_id)
            .into_iter()
            .flat_map(|before| before.keys)
        {
            self.by_key.entry(key).or_default().remove(&lead_id);
        }
        for key in &now.keys {
            self.by_key.entry(*key).or_default().insert(lead_id);
        }
        self.leads.insert(lead_id, now);
    }

    /// The keys of a lead; of one that the batch leaves as it is, none.
    pub fn keys_of(&self, lead_id: Uuid) -> &[MatchKey] {
        let known = self.leads.get(&lead_id);
        known.map(|one| one.keys.as_slice()).unwrap_or_default()
    }

    /// Whether a lead was made or changed by the batch.
    pub fn knows(&self, lead_id: Uuid) -> bool {
        self.leads.contains_key(&lead_id)
    }

    /// The leads of the batch that a capture is compared with. Those that are `near` it in the tables are chosen together with
    /// them, by the same rule as in a batch of its own: who has to give way leaves `near`.
    pub fn nearest(&self, sought: &Sought, near: &mut Near) -> Vec<(Uuid, &Evidence)> {
        near.like.retain(|one| !self.knows(one.lead_id));
        let mut shared: HashMap<Uuid, usize> = HashMap::new();
        for key in &sought.keys {
            let sharing = self.by_key.get(key).into_iter().flatten().rev();
            for lead_id in sharing.take(key.worth() as usize) {
                *shared.entry(*lead_id).or_default() += 1;
            }
        }
        if shared.is_empty() {
            return Vec::new();
        }
        let of_batch = shared.iter().map(|(lead_id, keys)| (*keys, *lead_id));
        let of_tables = near.compared.iter().filter(|(id, _)| !self.knows(*id));
        let mut all: Vec<(usize, Uuid)> = of_tables
            .map(|(id, found)| (self.still_found(*id, found), *id))
            .filter(|(keys, _)| *keys > 0)
            .chain(of_batch)
            .collect();
        all.sort_unstable_by_key(|one| Reverse(*one));
        all.truncate(COMPARED);
        near.like
            .retain(|one| all.iter().any(|(_, id)| *id == one.lead_id));
        all.into_iter()
            .filter_map(|(_, id)| Some((id, &self.leads.get(&id)?.evidence)))
            .collect()
    }

    /// By how many keys a lead of the tables is still found, behind the later ones of the batch.
    fn still_found(&self, lead_id: Uuid, found: &[(MatchKey, i64)]) -> usize {
        let is_found = |(key, place): &&(MatchKey, i64)| {
            let sharing = self.by_key.get(key).into_iter();
            let later = sharing.flat_map(|ids| ids.range((Excluded(lead_id), Unbounded)));
            let new = later.filter(|id| self.created.contains(id));
            let free = (key.worth() - place) as usize;
            new.take(free + 1).count() <= free
        };
        found.iter().filter(is_found).count()
    }
}

/// Leads that are near a capture, as they are in the tables.
#[derive(Debug, Clone, Default)]
pub struct Near {
    /// Those that it was compared with, and the keys by which each was found, with its place among the latest leads of the
    /// key. None where the capture came alone: no other lead can take their places.
    pub compared: Vec<(Uuid, Vec<(MatchKey, i64)>)>,
    /// Those of them that may be the person, the likeliest first.
    pub like: Vec<Duplicate>,
}

/// What a lead is to somebody, if they may be one person. Companies that name nobody have to be more alike than that: they
/// are branches of each other more often than the same.
pub fn judge(
    comparer: &Comparer,
    settings: &MatchSettings,
    one: &Evidence,
    other: Candidate,
) -> Option<Duplicate> {
    // Most are nothing to each other: what each field says is only asked for those that are.
    let weight = comparer.weigh(one, other.evidence, |_| ());
    (dedupe::probability(weight) >= least(settings, one, other.evidence))
        .then(|| explain(comparer, settings, one, other))
}

/// From which probability on two may be one.
fn least(settings: &MatchSettings, one: &Evidence, other: &Evidence) -> f64 {
    if one.names_a_person() || other.names_a_person() {
        settings.possible()
    } else {
        settings.possible().max(COMPANY)
    }
}

/// What a lead is to somebody, and what each field says of it, however unlike they are.
pub fn explain(
    comparer: &Comparer,
    settings: &MatchSettings,
    one: &Evidence,
    other: Candidate,
) -> Duplicate {
    let Comparison {
        probability,
        weight,
        fields,
    } = comparer.compare(one, other.evidence);
    let told_from = dedupe::bits(least(settings, one, other.evidence)) + comparer.caution();
    let is_probable = is_probable(probability, &fields, settings);
    Duplicate {
        lead_id: other.lead_id,
        probability,
        is_customer: other.is_customer,
        is_probable,
        is_told: is_probable || weight >= told_from,
        fields,
    }
}

/// A lead that somebody may be.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Which lead.
    pub lead_id: Uuid,
    /// It is a customer already.
    pub is_customer: bool,
    /// What is known of it.
    pub evidence: &'a Evidence,
}

/// A lead as far as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Which lead.
    pub lead_id: Uuid,
    /// What is known of it.
    pub evidence: Evidence,
    /// A test: it is only like tests.
    pub is_test: bool,
    /// It is a customer already.
    pub is_customer: bool,
    /// Where it came from.
    pub source: Option<String>,
    /// The lead's version.
    pub version: i64,
}

impl Compared {
    /// As somebody may be it.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate {
            lead_id: self.lead_id,
            is_customer: self.is_customer,
            evidence: &self.evidence,
        }
    }
}

/// What the other is to one, if they may be one person.
pub fn judge_compared(
    comparer: &Comparer,
    settings: &MatchSettings,
    one: &Compared,
    other: &Compared,
) -> Option<Duplicate> {
    if one.is_test != other.is_test {
        return None;
    }
    judge(comparer, settings, &one.evidence, other.candidate())
}

/// Whether two are certain enough to be treated as one person: both say a given name, and neither it nor a date of birth is
/// another altogether, as those of relatives are.
fn is_probable(probability: f64, fields: &[FieldWeight], settings: &MatchSettings) -> bool {
    let of = |field: Field| fields.iter().filter(move |one| one.field == field);
    let differs = |one: &FieldWeight| one.agreement == Agreement::Differs;
    probability >= settings.probable()
        && of(Field::FirstName).count() > 0
        && !of(Field::FirstName).any(differs)
        && !of(Field::Date).any(differs)
}

/// The likeliest first, and not too many.
pub fn ranked(duplicates: Vec<Duplicate>) -> Vec<Duplicate> {
    let mut duplicates = likeliest_first(duplicates);
    duplicates.truncate(MOST);
    duplicates
}

/// The likeliest first.
pub fn likeliest_first(mut duplicates: Vec<Duplicate>) -> Vec<Duplicate> {
    duplicates.sort_by(|a, b| {
        b.probability
            .total_cmp(&a.probability)
            .then(a.lead_id.cmp(&b.lead_id))
    });
    duplicates
}

/// The lead that a capture is taken for, where the policy wants that.
pub fn attached(duplicates: &[Duplicate], policy: MatchPolicy) -> Option<Uuid> {
    let first = duplicates
        .first()
        .filter(|_| policy == MatchPolicy::Attach)?;
    first.is_probable.then_some(first.lead_id)
}
