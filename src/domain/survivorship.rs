//! Survivorship: of leads that become one, whose value of each field counts.

use crate::domain::lead::Lead;
use crate::domain::lead_fields::{Field, LeadFields};
use crate::domain::stage::StageKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whose value counts, among the leads that have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SurvivorshipRule {
    /// The survivor's; where it has none, that of the lead something happened with last.
    #[default]
    Survivor,
    /// That of the lead something happened with last.
    Newest,
    /// That of the lead that came first.
    Oldest,
    /// That of the lead of which most is known.
    MostComplete,
    /// That of the lead whose source stands first in `trusted_sources`.
    MostTrusted,
    /// The longest.
    Longest,
}

/// Whose values count where leads are merged.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SurvivorshipSettings {
    /// For fields that `rules` does not name.
    pub default_rule: SurvivorshipRule,
    /// By field name; `custom.<key>` names a custom value. What belongs together goes together: `phone` rules its extension,
    /// `annual_revenue` its currency, `street` the whole address.
    #[schema(example = json!({"title": "newest", "custom.plan": "longest"}))]
    pub rules: BTreeMap<String, SurvivorshipRule>,
    /// Lead sources, the most trusted first.
    #[schema(max_items = 100)]
    pub trusted_sources: Vec<String>,
}

/// What a caller says of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The value of this lead, also where it has none.
    Of(Uuid),
    /// By another rule than the workspace's.
    By(SurvivorshipRule),
}

/// Where a value of the survivor is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chosen {
    /// The field: `title`, `custom.plan`, `owner_id`, `stage`.
    pub field: String,
    /// The lead whose value it is.
    pub lead_id: Uuid,
    /// By which rule; `null`: the caller said so.
    #[schema(required = true)]
    pub rule: Option<SurvivorshipRule>,
}

/// Fields that mean little without each other. The first one names them.
const TOGETHER: [&[Field]; 4] = [
    &[Field::phone, Field::phone_extension],
    &[Field::annual_revenue, Field::currency],
    &[
        Field::street,
        Field::city,
        Field::region,
        Field::postal_code,
        Field::country,
    ],
    &[Field::website],
];

/// What a caller can choose beside plain fields and custom values.
pub const MORE: [&str; 3] = ["owner_id", "source", "stage"];

/// The survivor as it is after the merge, and where each value is from that it did not have before.
///
/// `others` are the leads that become a part of it. Labels of all are kept. The stage is the one furthest in the funnel,
/// a live one before `disqualified`; a lead that nobody owns takes the owner of another.
pub fn survive(
    survivor: &Lead,
    others: &[Lead],
    settings: &SurvivorshipSettings,
    choices: &BTreeMap<String, Choice>,
) -> (Lead, Vec<Chosen>) {
    let mut merge = Merge {
        leads: std::iter::once(survivor).chain(others).collect(),
        settings,
        choices,
        chosen: Vec::new(),
    };
    let mut after = survivor.clone();
    for fields in groups() {
        merge.take_fields(&mut after, &fields);
    }
    merge.take_custom(&mut after);
    merge.take_standing(&mut after);
    for lead in others {
        for tag in &lead.tags {
            if !after.tags.contains(tag) {
                after.tags.push(tag.clone());
            }
        }
    }
    after.is_test = merge.leads.iter().all(|lead| lead.is_test);
    let latest = merge.leads.iter().map(|lead| lead.last_activity_at).max();
    after.last_activity_at = latest.unwrap_or(after.last_activity_at);
    (after, merge.chosen)
}

/// All fields, those together that belong together.
fn groups() -> Vec<Vec<Field>> {
    let is_led = |field: &Field| TOGETHER.iter().any(|group| group[1..].contains(field));
    let leaders = Field::ALL.iter().filter(|field| !is_led(field));
    leaders
        .map(|field| {
            let group = TOGETHER.iter().find(|group| group[0] == *field);
            group.map_or_else(|| vec![*field], |group| group.to_vec())
        })
        .collect()
}

struct Merge<'a> {
    /// The survivor first.
    leads: Vec<&'a Lead>,
    settings: &'a SurvivorshipSettings,
    choices: &'a BTreeMap<String, Choice>,
    chosen: Vec<Chosen>,
}

impl<'a> Merge<'a> {
    fn survivor(&self) -> &'a Lead {
        self.leads[0]
    }

    fn rule(&self, path: &str) -> SurvivorshipRule {
        match self.choices.get(path) {
            Some(Choice::By(rule)) => *rule,
            _ => {
                let own = self.settings.rules.get(path);
                own.copied().unwrap_or(self.settings.default_rule)
            }
        }
    }

    /// The lead that the caller named.
    fn named(&self, path: &str) -> Option<&'a Lead> {
        match self.choices.get(path) {
            Some(Choice::Of(id)) => self.leads.iter().copied().find(|lead| lead.id == *id),
            _ => None,
        }
    }

    fn note(&mut self, path: &str, from: &Lead, rule: Option<SurvivorshipRule>) {
        if from.id != self.survivor().id {
            self.chosen.push(Chosen {
                field: path.to_owned(),
                lead_id: from.id,
                rule,
            });
        }
    }

    /// The leads that have a value, whose value counts first.
    fn ranked(
        &self,
        rule: SurvivorshipRule,
        has: impl Fn(&Lead) -> bool,
        length: impl Fn(&Lead) -> usize,
    ) -> Vec<&'a Lead> {
        let mut having: Vec<&Lead> = self
            .leads
            .iter()
            .copied()
            .filter(|lead| has(lead))
            .collect();
        let survivor = self.survivor().id;
        // Where a rule says nothing, the survivor counts, then the lead something happened with last.
        having.sort_by_key(|lead| (lead.id != survivor, Reverse(lead.last_activity_at), lead.id));
        match rule {
            SurvivorshipRule::Survivor => {}
            SurvivorshipRule::Newest => having.sort_by_key(|lead| Reverse(lead.last_activity_at)),
            SurvivorshipRule::Oldest => having.sort_by_key(|lead| lead.captured_at),
            SurvivorshipRule::MostComplete => having.sort_by_key(|lead| Reverse(known(lead))),
            SurvivorshipRule::MostTrusted => having.sort_by_key(|lead| self.distrust(lead)),
            SurvivorshipRule::Longest => having.sort_by_key(|lead| Reverse(length(lead))),
        }
        having
    }

    /// The place of the lead's source among the trusted ones.
    fn distrust(&self, lead: &Lead) -> usize {
        let trusted = &self.settings.trusted_sources;
        let place = |source: &String| trusted.iter().position(|one| one == source);
        let place = lead.source.as_ref().and_then(place);
        place.unwrap_or(trusted.len())
    }

    /// Takes fields that belong together from the lead whose value counts, and what it lacks of them from others that do not
    /// contradict it.
    fn take_fields(&mut self, after: &mut Lead, fields: &[Field]) {
        let rule = self.rule(fields[0].name());
        let has = |lead: &Lead| fields.iter().any(|field| lead.fields.has(*field));
        let length = |lead: &Lead| {
            fields
                .iter()
                .map(|field| length(&lead.fields, *field))
                .sum()
        };
        let ranked = self.ranked(rule, has, length);
        if let Some((first, rest)) = ranked.split_first() {
            for field in fields {
                after.fields.copy(*field, &first.fields);
                if first.fields.has(*field) {
                    self.note(field.name(), first, Some(rule));
                }
            }
            if fields.contains(&Field::website) {
                after.website_domain.clone_from(&first.website_domain);
            }
            for lead in rest {
                self.complete(after, lead, fields, rule);
            }
        }
        for field in fields {
            if let Some(lead) = self.named(field.name()) {
                after.fields.copy(*field, &lead.fields);
                if *field == Field::website {
                    after.website_domain.clone_from(&lead.website_domain);
                }
                self.chosen.retain(|one| one.field != field.name());
                self.note(field.name(), lead, None);
            }
        }
    }

    fn complete(
        &mut self,
        after: &mut Lead,
        from: &Lead,
        fields: &[Field],
        rule: SurvivorshipRule,
    ) {
        let both = |field: &Field| after.fields.has(*field) && from.fields.has(*field);
        let agrees = |field: &Field| !both(field) || after.fields.same(*field, &from.fields);
        if fields.iter().any(both) && fields.iter().all(agrees) {
            for field in fields {
                if !after.fields.has(*field) && from.fields.has(*field) {
                    after.fields.copy(*field, &from.fields);
                    self.note(field.name(), from, Some(rule));
                }
            }
        }
    }

    fn take_custom(&mut self, after: &mut Lead) {
        let mut keys: Vec<&String> = Vec::new();
        for lead in &self.leads {
            keys.extend(lead.custom.keys());
        }
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let path = format!("custom.{key}");
            let rule = self.rule(&path);
            let has = |lead: &Lead| lead.custom.contains_key(key);
            let length = |lead: &Lead| lead.custom.get(key).map_or(0, text_length);
            let (lead, rule) = match self.named(&path) {
                Some(lead) => (Some(lead), None),
                None => (self.ranked(rule, has, length).first().copied(), Some(rule)),
            };
            let Some(lead) = lead else { continue };
            match lead.custom.get(key) {
                Some(value) => after.custom.insert(key.clone(), value.clone()),
                None => after.custom.shift_remove(key),
            };
            self.note(&path, lead, rule);
        }
    }

    /// Takes what is not a field: source, attribution, stage, owner.
    fn take_standing(&mut self, after: &mut Lead) {
        let by_age = self.ranked(SurvivorshipRule::Oldest, |_| true, |_| 0);
        let first_with =
            |has: &dyn Fn(&Lead) -> bool| by_age.iter().copied().find(|lead| has(lead));
        let named = self.named("source");
        if let Some(lead) = named.or_else(|| first_with(&|lead| lead.source.is_some())) {
            after.source.clone_from(&lead.source);
            self.note(
                "source",
                lead,
                named.is_none().then_some(SurvivorshipRule::Oldest),
            );
        }
        if let Some(lead) = first_with(&|lead| !lead.first_attribution.is_empty()) {
            after.first_attribution.clone_from(&lead.first_attribution);
        }
        let by_activity = self.ranked(
            SurvivorshipRule::Newest,
            |lead| !lead.last_attribution.is_empty(),
            |_| 0,
        );
        if let Some(lead) = by_activity.first() {
            after.last_attribution.clone_from(&lead.last_attribution);
        }
        self.take_stage(after);
        // An owner before a queue: who has one of the leads answers for all of them.
        let rule = SurvivorshipRule::Survivor;
        let owned = self.ranked(rule, |lead| lead.owner_id.is_some(), |_| 0);
        let waits = |lead: &Lead| lead.queue.is_some() || lead.team_id.is_some();
        let waiting = self.ranked(rule, waits, |_| 0);
        let mut ranked = owned.iter().chain(&waiting);
        let named = self.named("owner_id");
        if let Some(lead) = named.or(ranked.next().copied()) {
            (after.owner_id, after.team_id) = (lead.owner_id, lead.team_id);
            after.queue.clone_from(&lead.queue);
            let rule = named.is_none().then_some(SurvivorshipRule::Survivor);
            self.note("owner_id", lead, rule);
        }
    }

    fn take_stage(&mut self, after: &mut Lead) {
        let named = self.named("stage");
        let survivor = self.survivor();
        let furthest = self
            .leads
            .iter()
            .copied()
            .max_by_key(|lead| (advance(lead.stage_kind), lead.id == survivor.id));
        let Some(lead) = named.or(furthest) else {
            return;
        };
        if advance(lead.stage_kind) == advance(survivor.stage_kind) && named.is_none() {
            return;
        }
        after.stage.clone_from(&lead.stage);
        after.stage_kind = lead.stage_kind;
        after.stage_changed_at = lead.stage_changed_at;
        after.disqualify_reason.clone_from(&lead.disqualify_reason);
        after.revisit_at = lead.revisit_at;
        let rule = named.is_none().then_some(SurvivorshipRule::default());
        self.note("stage", lead, rule);
    }
}

/// How far in the funnel a stage is; one that was given up is before all that are not.
fn advance(kind: StageKind) -> usize {
    if kind == StageKind::Disqualified {
        return 0;
    }
    let place = StageKind::ALL.iter().position(|one| *one == kind);
    place.map_or(0, |place| place + 1)
}

/// How much is known of a lead.
fn known(lead: &Lead) -> usize {
    let fields = Field::ALL.iter().filter(|field| lead.fields.has(**field));
    fields.count() + lead.custom.len()
}

fn length(fields: &LeadFields, field: Field) -> usize {
    text_length(&fields.value(field))
}

fn text_length(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::String(text) => text.chars().count(),
        other => other.to_string().chars().count(),
    }
}

#[cfg(test)]
mod tests;
