//! The playbook: the active rule documents of a workspace, read together and ready to decide by.

use crate::domain::calendar::Calendar;
use crate::domain::qualification::{Framework, FrameworkDocument};
use crate::domain::routing::{
    PoolDocument, References as RoutingReferences, Roster, Router, RoutingDocument, Shifts, Skills,
    compile, compile_pool,
};
use crate::domain::rule_document::{ONLY, RuleDocument, RuleKind, RuleVersion};
use crate::domain::rules::Rules;
use crate::domain::scoring::{self, ActiveModel, Models, ScoringModel, ScoringModelDocument};
use crate::domain::sla::{
    Calendars, References as SlaReferences, SlaPolicy, SlaPolicyDocument, VersionedCalendar,
};
use crate::error::FieldError;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use utoipa::ToSchema;

/// The pool of everybody, which every workspace has.
pub const EVERYONE: &str = "everyone";

/// Which versions a decision was made by; `null`: what every workspace begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Versions {
    /// Of the routing policy.
    #[schema(required = true)]
    pub routing_policy: Option<i64>,
    /// Of the SLA policy.
    #[schema(required = true)]
    pub sla_policy: Option<i64>,
    /// Of the framework.
    #[serde(default)]
    #[schema(required = true)]
    pub framework: Option<i64>,
    /// Of the scoring models, by key.
    #[serde(default)]
    #[schema(required = true)]
    pub scoring_models: BTreeMap<String, i64>,
    /// Of the pools, by key.
    #[serde(default)]
    #[schema(required = true)]
    pub pools: BTreeMap<String, i64>,
    /// Of the calendars, by key.
    #[serde(default)]
    #[schema(required = true)]
    pub calendars: BTreeMap<String, i64>,
    /// Of the skills, by key.
    #[serde(default)]
    #[schema(required = true)]
    pub skills: BTreeMap<String, i64>,
}

impl Versions {
    /// Every version that they name.
    pub fn named(&self) -> Vec<(RuleKind, &str, i64)> {
        let only = [
            (RuleKind::RoutingPolicy, self.routing_policy),
            (RuleKind::SlaPolicy, self.sla_policy),
            (RuleKind::Framework, self.framework),
        ];
        let only = only
            .into_iter()
            .filter_map(|(kind, version)| Some((kind, ONLY, version?)));
        let by_key = [
            (RuleKind::Skill, &self.skills),
            (RuleKind::Pool, &self.pools),
            (RuleKind::Calendar, &self.calendars),
            (RuleKind::ScoringModel, &self.scoring_models),
        ];
        let mut named: Vec<(RuleKind, &str, i64)> = only.collect();
        for (kind, versions) in by_key {
            let versions = versions.iter();
            named.extend(versions.map(|(key, version)| (kind, key.as_str(), *version)));
        }
        named
    }
}

/// What a workspace decides by.
#[derive(Debug, Clone, Default)]
pub struct Playbook {
    /// Its people.
    pub roster: Roster,
    /// Which leads go where; `None`: nothing decides yet, as in tests of other things.
    pub router: Option<Router>,
    /// Which clocks run.
    pub policy: SlaPolicy,
    /// When people are there.
    pub calendars: Calendars,
    /// What they can do.
    pub skills: Arc<Skills>,
    /// What is asked of leads; `None`: nothing is.
    pub framework: Option<Arc<Framework>>,
    /// What leads are worth.
    pub models: Models,
    /// Which versions these are.
    pub versions: Versions,
}

/// The calendars as shifts.
pub struct Shift<'a>(pub &'a Calendars);

impl Shifts for Shift<'_> {
    fn is_on(&self, calendar: &str, at: DateTime<Utc>) -> bool {
        let found = self.0.get(calendar);
        found.is_none_or(|known| known.calendar.is_open(at))
    }

    fn next_on(&self, calendar: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.get(calendar)?.calendar.next_open(at).ok()
    }
}

impl Playbook {
    /// Puts the active documents together. One that cannot be used any more, since what it names is gone, is left out, and
    /// what every workspace begins with stands in.
    pub fn of(active: &[RuleVersion], roster: Roster, rules: &Rules) -> Playbook {
        let mut playbook = Playbook {
            roster,
            ..Playbook::default()
        };
        for version in active {
            if let RuleDocument::Calendar(document) = &version.document
                && let Ok(calendar) = Calendar::compile(document)
            {
                let known = VersionedCalendar {
                    version: version.version,
                    calendar,
                };
                playbook.calendars.insert(version.key.clone(), known);
                let versions = &mut playbook.versions.calendars;
                versions.insert(version.key.clone(), version.version);
            }
        }
        playbook.skills = Arc::new(playbook.skills_of(active));
        let calendars: BTreeSet<String> = playbook.calendars.keys().cloned().collect();
        playbook.route_by(active, rules, &calendars);
        playbook.count_by(active, rules, &calendars);
        playbook.qualify_by(active, rules);
        playbook.score_by(active, rules);
        playbook
    }

    fn skills_of(&mut self, active: &[RuleVersion]) -> Skills {
        let mut skills = Skills::default();
        for version in active {
            if let RuleDocument::Skill(document) = &version.document {
                skills.add(&version.key, document);
                let versions = &mut self.versions.skills;
                versions.insert(version.key.clone(), version.version);
            }
        }
        skills
    }

    fn route_by(&mut self, active: &[RuleVersion], rules: &Rules, calendars: &BTreeSet<String>) {
        // Whoever was disabled since gets no leads; the document stays what it is.
        let roster = self.roster.as_active();
        let references = RoutingReferences {
            roster: &roster,
            calendars,
            skills: &self.skills.clone(),
        };
        let mut pools = BTreeMap::new();
        if let Ok(everyone) = compile_pool(&PoolDocument::default(), rules, &references) {
            pools.insert(EVERYONE.to_owned(), Arc::new(everyone.pool));
        }
        for version in active {
            if let RuleDocument::Pool(document) = &version.document
                && let Ok(compiled) = compile_pool(document, rules, &references)
            {
                let versions = &mut self.versions.pools;
                versions.insert(version.key.clone(), version.version);
                pools.insert(version.key.clone(), Arc::new(compiled.pool));
            }
        }
        let own = find(active, RuleKind::RoutingPolicy).and_then(|version| {
            let RuleDocument::RoutingPolicy(document) = &version.document else {
                return None;
            };
            let compiled = compile(document, rules, &references, &pools).ok()?;
            Some((compiled.router, version.version))
        });
        self.router = match own {
            Some((router, version)) => {
                self.versions.routing_policy = Some(version);
                Some(router)
            }
            None => compile(&RoutingDocument::default(), rules, &references, &pools)
                .ok()
                .map(|compiled| compiled.router),
        };
    }

    fn count_by(&mut self, active: &[RuleVersion], rules: &Rules, calendars: &BTreeSet<String>) {
        let calendars: Vec<String> = calendars.iter().cloned().collect();
        let users = self.roster.users().map(|user| user.id).collect();
        let references = SlaReferences {
            calendars: &calendars,
            users: &users,
        };
        let own = find(active, RuleKind::SlaPolicy).and_then(|version| {
            let RuleDocument::SlaPolicy(document) = &version.document else {
                return None;
            };
            let policy = SlaPolicy::compile(document, rules, &references).ok()?;
            Some((policy, version.version))
        });
        match own {
            Some((policy, version)) => {
                self.versions.sla_policy = Some(version);
                self.policy = policy;
            }
            None => {
                let usual = SlaPolicyDocument::default();
                self.policy = SlaPolicy::compile(&usual, rules, &references).unwrap_or_default();
            }
        }
    }

    fn qualify_by(&mut self, active: &[RuleVersion], rules: &Rules) {
        let own = find(active, RuleKind::Framework).and_then(|version| {
            let RuleDocument::Framework(document) = &version.document else {
                return None;
            };
            let framework = Framework::compile(document, rules).ok()?;
            Some((framework, version.version))
        });
        let framework = match own {
            Some((framework, version)) => {
                self.versions.framework = Some(version);
                Some(framework)
            }
            None => Framework::compile(&FrameworkDocument::default(), rules).ok(),
        };
        self.framework = framework.map(Arc::new);
    }

    fn score_by(&mut self, active: &[RuleVersion], rules: &Rules) {
        let mut models = Vec::new();
        for version in active {
            if let RuleDocument::ScoringModel(document) = &version.document
                && let Ok(model) = ScoringModel::compile(document, rules)
            {
                let versions = &mut self.versions.scoring_models;
                versions.insert(version.key.clone(), version.version);
                models.push(ActiveModel {
                    key: version.key.clone(),
                    version: Some(version.version),
                    model,
                });
            }
        }
        let usual = ScoringModelDocument::default();
        if models.iter().all(|model| model.key != scoring::DEFAULT)
            && let Ok(model) = ScoringModel::compile(&usual, rules)
        {
            models.push(ActiveModel {
                key: scoring::DEFAULT.to_owned(),
                version: None,
                model,
            });
        }
        self.models = Models::new(models);
    }

    /// What keeps a model from counting beside the others: engagement of all leads is lost at one pace, so that lists are in
    /// the order of it at any moment.
    pub fn other_half_life(&self, key: &str, document: &RuleDocument) -> Option<FieldError> {
        let RuleDocument::ScoringModel(document) = document else {
            return None;
        };
        let mut others = self.models.iter().filter(|active| active.key != key);
        let other = others
            .find(|active| active.model.half_life_days() != document.engagement_half_life_days)?;
        let days = other.model.half_life_days();
        let shown = days.map_or("null".to_owned(), |days| days.to_string());
        Some(FieldError::new(
            "/engagement_half_life_days",
            "half_life_differs",
            format!(
                "all models have one half-life, and that of `{}` is {shown}: leads could not be sorted by engagement otherwise",
                other.key
            ),
        ))
    }

    /// That a model beside `default` leaves nothing to it, if so: worth a look, since it says nothing of which leads it is for.
    pub fn takes_every_lead(
        &self,
        key: &str,
        document: &RuleDocument,
        rules: &Rules,
    ) -> Option<FieldError> {
        let RuleDocument::ScoringModel(document) = document else {
            return None;
        };
        let model = ScoringModel::compile(document, rules).ok()?;
        (key != scoring::DEFAULT && model.counts_for_all()).then(|| {
            FieldError::new(
                "/when",
                "takes_every_lead",
                "this model scores every lead, and `default` none: say by `when` for which leads it counts, or write it as `default`",
            )
        })
    }

    /// Whether any of it needs to know the activities of a lead.
    pub fn asks_of_activities(&self) -> bool {
        let framework = self.framework.as_ref();
        self.policy.asks_of_activities()
            || self.router.as_ref().is_some_and(Router::asks_of_activities)
            || framework.is_some_and(|framework| framework.asks_of_activities())
            || self.models.asks_of_activities()
    }

    /// Everything that is wrong with a document, were it active; pointers are into the document. Also what is worth a look
    /// though it can be used.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(
        &self,
        document: &RuleDocument,
        rules: &Rules,
    ) -> Result<Vec<FieldError>, Vec<FieldError>> {
        let mut wrong = document.texts_with_nul();
        wrong.extend(document.unknown_people(&self.roster));
        match self.try_out(document, rules) {
            Ok(warnings) if wrong.is_empty() => return Ok(warnings),
            Ok(_) => {}
            Err(more) => wrong.extend(more),
        }
        Err(wrong)
    }

    /// Reads a document as if it counted.
    fn try_out(
        &self,
        document: &RuleDocument,
        rules: &Rules,
    ) -> Result<Vec<FieldError>, Vec<FieldError>> {
        let calendars: BTreeSet<String> = self.calendars.keys().cloned().collect();
        let references = RoutingReferences {
            roster: &self.roster,
            calendars: &calendars,
            skills: &self.skills,
        };
        match document {
            RuleDocument::Skill(document) => document.check(&self.roster).map(|()| Vec::new()),
            RuleDocument::Calendar(document) => Calendar::compile(document).map(|_| Vec::new()),
            RuleDocument::Pool(document) => {
                compile_pool(document, rules, &references).map(|compiled| compiled.warnings)
            }
            RuleDocument::RoutingPolicy(document) => {
                let none = BTreeMap::new();
                let pools = self.router.as_ref().map_or(&none, |router| &router.pools);
                compile(document, rules, &references, pools)?.checked()
            }
            RuleDocument::Framework(document) => {
                let wrong = missed_by_stages(&Framework::check(document, rules)?, rules);
                if wrong.is_empty() {
                    Ok(wrong)
                } else {
                    Err(wrong)
                }
            }
            RuleDocument::ScoringModel(document) => {
                ScoringModel::check(document, rules).map(|()| Vec::new())
            }
            RuleDocument::SlaPolicy(document) => {
                let calendars: Vec<String> = calendars.into_iter().collect();
                let users = HashSet::from_iter(self.roster.ids());
                let references = SlaReferences {
                    calendars: &calendars,
                    users: &users,
                };
                SlaPolicy::check(document, rules, &references).map(|()| Vec::new())
            }
        }
    }
}

/// Criteria that stages ask for and a framework does not have: nobody could enter these any more.
fn missed_by_stages(framework: &Framework, rules: &Rules) -> Vec<FieldError> {
    let stages = rules.pipeline.stages.iter().filter(|one| !one.archived);
    let asked = stages.flat_map(|stage| {
        let entry = stage.entry.iter();
        entry
            .flat_map(|entry| &entry.answers)
            .map(move |key| (stage, key))
    });
    let missed = asked.filter(|(_, key)| framework.keys().all(|known| known != key.as_str()));
    let told = missed.map(|(stage, key)| {
        let detail = format!(
            "the stage `{}` asks for an answer to `{key}`: keep the criterion, or change the stage first (PUT /v1/pipeline)",
            stage.key
        );
        FieldError::new("/criteria", "asked_by_stage", detail)
    });
    told.collect()
}

/// The document of what a workspace has one of.
fn find(active: &[RuleVersion], kind: RuleKind) -> Option<&RuleVersion> {
    active
        .iter()
        .find(|version| version.document.kind() == kind && version.key == ONLY)
}
