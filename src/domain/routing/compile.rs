//! Reading a policy: everything that is wrong with it, or a router.

use super::document::{RoutingDocument, RuleDocument, Target};
use super::pool::Pool;
use super::roster::Roster;
use super::skills::Skills;
use crate::domain::condition::{Condition, Facts, Node};
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::rules::Rules;
use crate::domain::stage::is_key;
use crate::error::FieldError;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// The queue that every workspace has, where leads go that nothing else takes.
pub const LAST_QUEUE: &str = "unassigned";

/// What policies and pools may name.
#[derive(Debug, Clone, Copy)]
pub struct References<'a> {
    /// The users of the workspace.
    pub roster: &'a Roster,
    /// Keys of its calendars.
    pub calendars: &'a BTreeSet<String>,
    /// What its users can do.
    pub skills: &'a Arc<Skills>,
}

/// A policy that can be used.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// What it decides by.
    pub router: Router,
    /// What is worth a look, though it can be used.
    pub warnings: Vec<FieldError>,
    /// Rules that no lead comes to. No policy is written with one; what counts already goes on, since they do no harm.
    pub unreachable: Vec<FieldError>,
}

impl Compiled {
    /// What is worth a look, where it may be written.
    ///
    /// # Errors
    /// Rules that no lead comes to.
    pub fn checked(self) -> Result<Vec<FieldError>, Vec<FieldError>> {
        if self.unreachable.is_empty() {
            Ok(self.warnings)
        } else {
            Err(self.unreachable)
        }
    }
}

/// A policy, ready to route by.
#[derive(Debug, Clone)]
pub struct Router {
    /// In order.
    pub rules: Vec<Rule>,
    /// What is tried after a rule's own chain.
    pub fallback: Vec<Target>,
    /// For rules that say nothing.
    pub accept_within_minutes: Option<u32>,
    /// For rules that say nothing.
    pub take_back_after_idle_hours: Option<u32>,
    /// By key.
    pub pools: BTreeMap<String, Arc<Pool>>,
}

/// A rule, ready to route by.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What decisions name it by.
    pub key: String,
    /// Which leads.
    pub when: Condition,
    /// Its chain.
    pub to: Vec<Target>,
    /// Minutes within which a user has to accept.
    pub accept_within_minutes: Option<u32>,
    /// Hours without an activity after which the lead is taken back.
    pub take_back_after_idle_hours: Option<u32>,
}

impl Router {
    /// Hours without an activity of the owner after which a lead is taken back; `None`: it never is.
    pub fn take_back_after_idle_hours(&self, facts: &Facts, now: DateTime<Utc>) -> Option<u32> {
        let rule = self.rule_for(facts, now);
        rule.and_then(|rule| rule.take_back_after_idle_hours)
            .or(self.take_back_after_idle_hours)
    }

    /// The first rule that holds.
    pub fn rule_for(&self, facts: &Facts, now: DateTime<Utc>) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.when.holds(facts, now))
    }

    /// The targets to ask, in order, each once.
    pub fn chain<'a>(&'a self, rule: Option<&'a Rule>) -> impl Iterator<Item = &'a Target> {
        let own = rule.map_or(&[][..], |rule| &rule.to);
        let fallback = self.fallback.iter();
        own.iter()
            .chain(fallback.filter(|target| !own.contains(target)))
    }

    /// The pools of which the lead may take a turn, in the order in which their rows are to be locked.
    pub fn pools_for(&self, facts: &Facts, now: DateTime<Utc>) -> BTreeSet<&str> {
        let targets = self.chain(self.rule_for(facts, now));
        let until_queue = targets.take_while(|target| !matches!(target, Target::Queue(_)));
        let pool = |target: &'_ Target| match target {
            Target::Pool(key) => self.pools.get_key_value(key),
            _ => None,
        };
        until_queue
            .filter_map(pool)
            .map(|(key, _)| key.as_str())
            .collect()
    }

    /// Whether a target is who owns the account.
    pub fn asks_of_accounts(&self) -> bool {
        self.has_target(|target| matches!(target, Target::OwnerOfAccount(_)))
    }

    /// Whether a target is who had the lead before.
    pub fn asks_of_earlier_owners(&self) -> bool {
        self.has_target(|target| matches!(target, Target::EarlierOwner(_)))
    }

    fn has_target(&self, is_wanted: impl Fn(&Target) -> bool) -> bool {
        let own = self.rules.iter().flat_map(|rule| &rule.to);
        own.chain(&self.fallback).any(is_wanted)
    }

    /// Whether a condition needs to know the activities.
    pub fn asks_of_activities(&self) -> bool {
        self.rules.iter().any(|rule| rule.when.asks_of_activities())
    }
}

/// Reads a policy. `pools` are those that are in use, by key.
///
/// # Errors
/// Everything that is wrong with it, by JSON pointers.
pub fn compile(
    document: &RoutingDocument,
    rules: &Rules,
    references: &References,
    pools: &BTreeMap<String, Arc<Pool>>,
) -> Result<Compiled, Vec<FieldError>> {
    let mut reader = Reader {
        rules,
        references,
        pools,
        errors: Vec::new(),
        warnings: Vec::new(),
        unreachable: Vec::new(),
    };
    let mut read: Vec<Rule> = Vec::new();
    for (index, rule) in document.rules.iter().enumerate() {
        let rule = reader.rule(rule, index, &read);
        read.push(rule);
    }
    reader.targets(&document.fallback, "/fallback");
    for (index, rule) in read.iter().enumerate() {
        reader.warn_of_empty(&rule.to, &document.fallback, &format!("/rules/{index}/to"));
    }
    reader.warn_of_empty(&document.fallback, &[], "/fallback");
    if !reader.errors.is_empty() {
        reader.errors.extend(reader.unreachable);
        return Err(reader.errors);
    }
    let router = Router {
        rules: read,
        fallback: document.fallback.clone(),
        accept_within_minutes: document.accept_within_minutes,
        take_back_after_idle_hours: document.take_back_after_idle_hours,
        pools: pools.clone(),
    };
    Ok(Compiled {
        router,
        warnings: reader.warnings,
        unreachable: reader.unreachable,
    })
}

struct Reader<'a> {
    rules: &'a Rules,
    references: &'a References<'a>,
    pools: &'a BTreeMap<String, Arc<Pool>>,
    errors: Vec<FieldError>,
    warnings: Vec<FieldError>,
    unreachable: Vec<FieldError>,
}

impl Reader<'_> {
    fn wrong(&mut self, at: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.errors.push(FieldError::new(at, code, detail));
    }

    fn rule(&mut self, rule: &RuleDocument, index: usize, before: &[Rule]) -> Rule {
        let at = format!("/rules/{index}");
        if !is_key(&rule.key) {
            let detail = "a key has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter";
            self.wrong(format!("{at}/key"), "invalid_key", detail);
        } else if before.iter().any(|earlier| earlier.key == rule.key) {
            self.wrong(format!("{at}/key"), "not_unique", "each key at most once");
        }
        if rule.name.trim().is_empty() {
            self.wrong(format!("{at}/name"), "empty_name", "a rule has a name");
        }
        let when = rule.when.as_ref().map_or(Ok(Condition::default()), |when| {
            Condition::parse(when, self.rules, &format!("{at}/when"))
        });
        let when = match when {
            Ok(when) => {
                self.unreachable.extend(unreachable(&when, before, &at));
                when
            }
            Err(wrong) => {
                self.errors.extend(wrong);
                // Never holds, so that no later rule is told that it cannot be reached because of it.
                Condition {
                    root: Node::Any(Vec::new()),
                }
            }
        };
        self.targets(&rule.to, &format!("{at}/to"));
        Rule {
            key: rule.key.clone(),
            when,
            to: rule.to.clone(),
            accept_within_minutes: rule.accept_within_minutes,
            take_back_after_idle_hours: rule.take_back_after_idle_hours,
        }
    }

    fn targets(&mut self, targets: &[Target], at: &str) {
        for (index, target) in targets.iter().enumerate() {
            let at = format!("{at}/{index}");
            let before = &targets[..index];
            if before
                .iter()
                .any(|earlier| matches!(earlier, Target::Queue(_)))
            {
                let detail = "the queue before it takes every lead: put the queue last";
                self.wrong(at.clone(), "never_reached", detail);
            } else if before.contains(target) {
                self.wrong(at.clone(), "repeated", "each target once in a chain");
            }
            self.target(target, &at);
        }
    }

    fn target(&mut self, target: &Target, at: &str) {
        let references = self.references;
        match target {
            Target::OwnerOfAccount(true) | Target::EarlierOwner(_) => {}
            Target::OwnerOfAccount(false) => {
                let detail = "`owner_of_account` is `true`: or leave the target out";
                self.wrong(format!("{at}/owner_of_account"), "says_nothing", detail);
            }
            Target::Pool(key) if !self.pools.contains_key(key) => {
                let hint = did_you_mean(key, self.pools.keys().map(String::as_str));
                let detail = format!("there is no pool `{}` in use{hint}", shown_name(key));
                self.wrong(format!("{at}/pool"), "unknown_pool", detail);
            }
            // A queue is there by being named.
            Target::Queue(key) if !is_key(key) => {
                let detail =
                    "the key of a queue has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter";
                self.wrong(format!("{at}/queue"), "invalid_key", detail);
            }
            Target::User(user) => {
                self.errors
                    .extend(wrong_user(*user, references.roster, &format!("{at}/user")));
            }
            Target::Pool(_) | Target::Queue(_) => {}
        }
    }

    /// A pool that can be empty, with no pool behind it that cannot: says where leads go then.
    fn warn_of_empty(&mut self, chain: &[Target], rest: &[Target], at: &str) {
        let pool_of = |target: &Target| match target {
            Target::Pool(key) => self.pools.get(key),
            _ => None,
        };
        let takes_all = |target: &Target| pool_of(target).is_some_and(|pool| !pool.can_be_empty);
        for (index, target) in chain.iter().enumerate() {
            let behind = || chain[index + 1..].iter().chain(rest);
            let can_be_empty = pool_of(target).is_some_and(|pool| pool.can_be_empty);
            if can_be_empty && !behind().any(takes_all) {
                let queue = behind().find_map(|target| match target {
                    Target::Queue(key) => Some(key.as_str()),
                    _ => None,
                });
                let queue = shown_name(queue.unwrap_or(LAST_QUEUE));
                let user = behind().find_map(|target| match target {
                    Target::User(user) => Some(user),
                    _ => None,
                });
                let detail = match user {
                    Some(user) => format!(
                        "when nobody in this pool can take a lead, it goes to the user {user} behind it; while they cannot either, it waits in the queue `{queue}`: a pool behind it that always has somebody would take it then"
                    ),
                    None => format!(
                        "when nobody in this pool can take a lead, it waits in the queue `{queue}`: add a pool behind it that always has somebody"
                    ),
                };
                let place = format!("{at}/{index}");
                self.warnings
                    .push(FieldError::new(place, "can_be_empty", detail));
            }
        }
    }
}

/// Why no lead comes to a rule, if so.
fn unreachable(when: &Condition, before: &[Rule], at: &str) -> Option<FieldError> {
    if when.never_holds() {
        let detail = "no lead can meet this: an empty `any` never holds";
        return Some(FieldError::new(format!("{at}/when"), "never_holds", detail));
    }
    let hides = |earlier: &&Rule| earlier.when.always_holds() || earlier.when == *when;
    let earlier = before.iter().find(hides)?;
    let detail = format!(
        "the rule `{}` before it takes every lead that this one could: move this one up, or remove it",
        shown_name(&earlier.key)
    );
    Some(FieldError::new(at, "never_reached", detail))
}

/// What is wrong with naming a user.
pub(super) fn wrong_user(user: Uuid, roster: &Roster, at: &str) -> Option<FieldError> {
    match roster.find(user) {
        Some(user) if user.is_active || user.is_invited => None,
        Some(_) => Some(FieldError::new(
            at,
            "disabled_user",
            "this user is disabled and answers no leads: name another, or enable them",
        )),
        None => Some(FieldError::new(
            at,
            "unknown_user",
            "the workspace has no such user; GET /v1/users lists those it has",
        )),
    }
}
