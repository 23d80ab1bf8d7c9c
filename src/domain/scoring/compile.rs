//! Checking a scoring model and making it ready.

use super::decay::{HalfLife, MAX_DAYS, MIN_DAYS};
use super::document::{
    Counts, GroupDocument, LedgerKind, RuleDocument, ScoringModelDocument, ThresholdOn,
};
use super::model::{EngagementRule, FitRule, Rule, ScoringModel};
use super::reach::most_points;
use crate::domain::activity::is_type;
use crate::domain::condition::{ActivityPattern, Condition};
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::rules::Rules;
use crate::domain::stage::is_key;
use crate::error::FieldError;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

impl ScoringModel {
    /// Makes a model ready that was checked when it was written.
    ///
    /// # Errors
    /// Why it cannot be used, by JSON pointers into the document.
    pub fn compile(
        document: &ScoringModelDocument,
        rules: &Rules,
    ) -> Result<ScoringModel, Vec<FieldError>> {
        Check::read(document, rules, false)
    }

    /// Checks a model that is to be written. What counts already goes on, also if it would not be written so any more.
    ///
    /// # Errors
    /// Everything that is wrong with it, by JSON pointers into the document.
    pub fn check(document: &ScoringModelDocument, rules: &Rules) -> Result<(), Vec<FieldError>> {
        Check::read(document, rules, true).map(|_| ())
    }
}

struct Check<'a> {
    document: &'a ScoringModelDocument,
    rules: &'a Rules,
    /// Whether it is to be written: some things that models could say before are refused then.
    is_written: bool,
    errors: Vec<FieldError>,
}

impl<'a> Check<'a> {
    fn read(
        document: &'a ScoringModelDocument,
        rules: &'a Rules,
        is_written: bool,
    ) -> Result<ScoringModel, Vec<FieldError>> {
        let mut check = Check {
            document,
            rules,
            is_written,
            errors: Vec::new(),
        };
        let model = check.model();
        match model {
            Some(model) if check.errors.is_empty() => Ok(model),
            _ => Err(check.errors),
        }
    }

    fn names(&mut self) {
        let rules = self.document.rules.iter().enumerate();
        let rules = rules.map(|(index, rule)| (format!("/rules/{index}/name"), &rule.name));
        let own = ("/name".to_owned(), &self.document.name);
        for (place, name) in std::iter::once(own).chain(rules) {
            if name.trim().is_empty() {
                let detail = "models and their rules have names, for people";
                self.errors
                    .push(FieldError::new(place, "empty_name", detail));
            }
        }
    }

    fn model(&mut self) -> Option<ScoringModel> {
        let document = self.document;
        if self.is_written {
            self.names();
        }
        let when = match &document.when {
            None => Some(Condition::default()),
            Some(when) => self.condition(when, "/when"),
        };
        self.keys("rules", document.rules.iter().map(|rule| &rule.key));
        self.keys("groups", document.groups.iter().map(|group| &group.key));
        self.keys(
            "thresholds",
            document.thresholds.iter().map(|threshold| &threshold.key),
        );
        self.groups();
        self.grades();
        let half_life = self.half_life();
        let (mut fit, mut engagement) = (Vec::new(), Vec::new());
        for (index, rule) in document.rules.iter().enumerate() {
            let at = format!("/rules/{index}");
            let group = self.group_of(rule, &at);
            self.can_count(rule, group, &at);
            match rule.ledger {
                LedgerKind::Fit => fit.extend(self.fit_rule(rule, group, &at)),
                LedgerKind::Engagement => engagement.extend(self.engagement_rule(rule, group, &at)),
            }
        }
        self.thresholds();
        Some(ScoringModel {
            when: when?,
            by_type: by_type(&engagement),
            fit,
            engagement,
            groups: document.groups.clone(),
            half_life: half_life?,
            fit_grades: document.fit_grades,
            engagement_grades: document.engagement_grades,
            thresholds: document.thresholds.clone(),
        })
    }

    fn wrong(&mut self, at: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.errors.push(FieldError::new(at, code, detail));
    }

    fn condition(&mut self, value: &Value, at: &str) -> Option<Condition> {
        match Condition::parse(value, self.rules, at) {
            Ok(condition) if condition.never_holds() => {
                self.wrong(
                    at,
                    "never_holds",
                    "no lead can meet this: an empty `any` never holds",
                );
                None
            }
            Ok(condition) if condition.asks_of_score() => {
                self.wrong(
                    at,
                    "asks_of_itself",
                    "a model cannot ask for `fit` or `grade`: these are what it decides",
                );
                None
            }
            Ok(condition) if self.is_written && condition.depends_on_now() => {
                self.wrong(
                    at,
                    "depends_on_time",
                    "leave out `within` and times counted from now: nobody could tell when the score changes; engagement decays by itself",
                );
                None
            }
            Ok(condition) if self.is_written && condition.asks_who_has_it() => {
                self.wrong(
                    at,
                    "decided_later",
                    "a model cannot ask for `owner_id`, `team_id` or `queue`: who gets a lead is decided by its score",
                );
                None
            }
            Ok(condition) => Some(condition),
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    fn keys(&mut self, list: &str, keys: impl Iterator<Item = &'a String>) {
        let mut known = HashSet::new();
        for (index, key) in keys.enumerate() {
            let at = format!("/{list}/{index}/key");
            if !is_key(key) {
                self.wrong(
                    at,
                    "invalid_key",
                    "a key has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter",
                );
            } else if !known.insert(key) {
                self.wrong(
                    at,
                    "duplicate_key",
                    format!("another one of the {list} has this key"),
                );
            }
        }
    }

    fn groups(&mut self) {
        for (index, group) in self.document.groups.iter().enumerate() {
            if group.cap.is_some_and(|cap| cap < 0) {
                self.wrong(
                    format!("/groups/{index}/cap"),
                    "invalid_limit",
                    "a cap is 0 or more",
                );
            }
            if group.floor.is_some_and(|floor| floor > 0) {
                self.wrong(
                    format!("/groups/{index}/floor"),
                    "invalid_limit",
                    "a floor is 0 or less",
                );
            }
            let members = || {
                self.document
                    .rules
                    .iter()
                    .filter(|rule| rule.group.as_ref() == Some(&group.key))
            };
            let is_mixed = members().any(|rule| rule.ledger == LedgerKind::Fit)
                && members().any(|rule| rule.ledger == LedgerKind::Engagement);
            if is_mixed {
                self.wrong(
                    format!("/groups/{index}/key"),
                    "mixed_group",
                    "rules of fit and of engagement name this group: give each ledger a group of its own",
                );
            }
        }
    }

    fn grades(&mut self) {
        let fit = self.document.fit_grades;
        let engagement = self.document.engagement_grades;
        let steps = [
            ("/fit_grades/b", fit.a, fit.b),
            ("/fit_grades/c", fit.b, fit.c),
            ("/engagement_grades/2", engagement.one, engagement.two),
            ("/engagement_grades/3", engagement.two, engagement.three),
        ];
        for (at, better, worse) in steps {
            if worse >= better {
                self.wrong(
                    at,
                    "grades_out_of_order",
                    "must be fewer points than the better grade takes",
                );
            }
        }
    }

    fn half_life(&mut self) -> Option<HalfLife> {
        let half_life = HalfLife::of_days(self.document.engagement_half_life_days);
        if half_life.is_none() {
            self.wrong(
                "/engagement_half_life_days",
                "invalid_half_life",
                format!("must be from {MIN_DAYS} to {MAX_DAYS} days, or null for no decay"),
            );
        }
        half_life
    }

    fn group_of(&mut self, rule: &RuleDocument, at: &str) -> Option<usize> {
        let key = rule.group.as_ref()?;
        let groups = &self.document.groups;
        let found = groups.iter().position(|group| group.key == *key);
        if found.is_none() {
            let hint = did_you_mean(key, groups.iter().map(|group| group.key.as_str()));
            self.wrong(
                format!("{at}/group"),
                "unknown_group",
                format!("the model has no group `{}`{hint}", shown_name(key)),
            );
        }
        found
    }

    /// Notes a rule whose points come to nothing.
    fn can_count(&mut self, rule: &RuleDocument, group: Option<usize>, at: &str) {
        let limits = group.map(|group| &self.document.groups[group]);
        let is_shut = |limits: &GroupDocument| {
            // Points in the other direction make room.
            let opposite = |other: &RuleDocument| {
                other.group == rule.group && other.points.signum() == -rule.points.signum()
            };
            let at_limit = match rule.points {
                1.. => limits.cap == Some(0),
                _ => limits.floor == Some(0),
            };
            at_limit && !self.document.rules.iter().any(opposite)
        };
        if rule.points == 0 || limits.is_some_and(is_shut) {
            self.wrong(
                format!("{at}/points"),
                "never_counts",
                "this rule can never change a score: give it points that its group has room for",
            );
        }
    }

    fn fit_rule(&mut self, rule: &RuleDocument, group: Option<usize>, at: &str) -> Option<FitRule> {
        if rule.activity.is_some() {
            self.wrong(
                format!("{at}/activity"),
                "unexpected_activity",
                "rules of fit have `when`, which may ask of activities; or make it a rule of engagement",
            );
        }
        if rule.counts.is_some() {
            self.wrong(
                format!("{at}/counts"),
                "unexpected_counts",
                "a rule of fit counts while its condition holds: leave this out",
            );
        }
        let Some(when) = &rule.when else {
            self.wrong(
                format!("{at}/when"),
                "condition_needed",
                "a rule of fit has a condition",
            );
            return None;
        };
        Some(FitRule {
            when: self.condition(when, &format!("{at}/when"))?,
            rule: common(rule, group, when.clone()),
        })
    }

    fn engagement_rule(
        &mut self,
        rule: &RuleDocument,
        group: Option<usize>,
        at: &str,
    ) -> Option<EngagementRule> {
        if rule.when.is_some() {
            self.wrong(
                format!("{at}/when"),
                "unexpected_when",
                "a rule of engagement asks of activities only: use `activity` with `where`, or a model with a `when` of its own",
            );
        }
        let place = format!("{at}/activity");
        let Some(activity) = &rule.activity else {
            self.wrong(
                place,
                "activity_needed",
                "a rule of engagement says which activities it means",
            );
            return None;
        };
        for (index, kind) in activity
            .types
            .iter()
            .enumerate()
            .filter(|(_, kind)| !is_type(kind))
        {
            self.wrong(
                format!("{place}/types/{index}"),
                "invalid_type",
                format!(
                    "no activity has the type `{}`: types have a–z, 0–9 and `_`",
                    shown_name(kind)
                ),
            );
        }
        let parsed = ActivityPattern::parse(
            &activity.types,
            activity.filter.as_ref(),
            self.rules,
            &place,
        );
        let pattern = match parsed {
            Ok(pattern) => pattern,
            Err(errors) => {
                self.errors.extend(errors);
                return None;
            }
        };
        if pattern.filter.is_always(false) {
            self.wrong(
                format!("{place}/where"),
                "never_holds",
                "no activity can meet this",
            );
        }
        let mut asks = json!({"activity": activity.types});
        if let Some(filter) = &activity.filter {
            asks["where"] = filter.clone();
        }
        Some(EngagementRule {
            rule: common(rule, group, asks),
            pattern,
            once: rule.counts == Some(Counts::Once),
        })
    }

    /// Notes thresholds that no lead can reach.
    fn thresholds(&mut self) {
        let fit = most_points(self.document, LedgerKind::Fit);
        let engagement = most_points(self.document, LedgerKind::Engagement);
        for (index, threshold) in self.document.thresholds.iter().enumerate() {
            let most = match threshold.on {
                ThresholdOn::Fit => fit,
                ThresholdOn::Engagement => engagement,
                ThresholdOn::Total => fit
                    .zip(engagement)
                    .map(|(fit, engagement)| fit + engagement),
            };
            if let Some(most) = most.filter(|most| *most < i64::from(threshold.points)) {
                self.wrong(
                    format!("/thresholds/{index}/points"),
                    "never_reached",
                    format!("the rules bring at most {most} points"),
                );
            }
        }
    }
}

fn common(rule: &RuleDocument, group: Option<usize>, asks: Value) -> Rule {
    Rule {
        key: rule.key.clone(),
        name: rule.name.clone(),
        points: rule.points,
        group,
        asks,
    }
}

fn by_type(rules: &[EngagementRule]) -> HashMap<String, Vec<usize>> {
    let mut found: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, rule) in rules.iter().enumerate() {
        for kind in rule.pattern.types.iter().collect::<HashSet<_>>() {
            found.entry(kind.clone()).or_default().push(index);
        }
    }
    found
}
