//! What rule documents name: each other, and people and labels in their conditions.

use super::condition::{ComparedText, texts_compared};
use super::routing::{MembersDocument, PoolDocument, Roster, RoutingDocument, Target};
use super::rule_document::{RuleDocument, RuleKind, RuleVersion};
use crate::error::FieldError;
use uuid::Uuid;

/// A place at which a document names another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What is named.
    pub kind: RuleKind,
    /// By which key.
    pub key: String,
    /// JSON pointer into the document.
    pub pointer: String,
}

impl RuleDocument {
    /// Every place at which it names another document.
    pub fn names(&self) -> Vec<Named> {
        match self {
            RuleDocument::RoutingPolicy(policy) => pools_of(policy),
            RuleDocument::Pool(pool) => {
                let mut found = skills_of(pool);
                if let MembersDocument::Listed(members) = &pool.members {
                    let calendars = members.iter().map(|member| member.calendar.as_deref());
                    found.extend(named_calendars(calendars, "members"));
                }
                found
            }
            RuleDocument::SlaPolicy(policy) => {
                let calendars = policy.clocks.iter().map(|clock| clock.calendar.as_deref());
                named_calendars(calendars, "clocks")
            }
            _ => Vec::new(),
        }
    }

    /// Every text with which its conditions compare a field of leads; pointers are into the document.
    pub fn texts_compared(&self, field: &str) -> Vec<ComparedText> {
        texts_compared(&self.to_json().unwrap_or_default(), field)
    }

    /// Users and teams that its conditions name and that there are not; pointers are into the document.
    pub fn unknown_people(&self, roster: &Roster) -> Vec<FieldError> {
        // What is no id is told where the condition is read.
        let unknown = |field: &str, is_known: &dyn Fn(Uuid) -> bool| {
            let mut named = self.texts_compared(field);
            named.retain(|one| Uuid::try_parse(&one.text).is_ok_and(|id| !is_known(id)));
            named
        };
        let users = unknown("owner_id", &|id| roster.find(id).is_some());
        let teams = unknown("team_id", &|id| roster.has_team(id));
        let user = "the workspace has no such user; GET /v1/users lists those it has";
        let team = "the workspace has no such team; GET /v1/teams lists those it has";
        let users = users
            .into_iter()
            .map(|one| FieldError::new(one.pointer, "unknown_user", user));
        let teams = teams
            .into_iter()
            .map(|one| FieldError::new(one.pointer, "unknown_team", team));
        users.chain(teams).collect()
    }
}

/// The skills that a pool asks for and says of none of its members: only a document can say who has them.
fn skills_of(pool: &PoolDocument) -> Vec<Named> {
    let says = |skill: &str| match &pool.members {
        MembersDocument::Everybody(_) => false,
        MembersDocument::Listed(members) => {
            let mut said = members.iter().flat_map(|member| &member.skills);
            said.any(|own| own.trim().to_lowercase() == skill)
        }
    };
    let asked = pool
        .needs
        .skills
        .iter()
        .map(|skill| skill.trim().to_lowercase());
    let asked = asked.enumerate().filter(|(_, skill)| !says(skill));
    let named = asked.map(|(index, key)| Named {
        kind: RuleKind::Skill,
        key,
        pointer: format!("/needs/skills/{index}"),
    });
    named.collect()
}

fn pools_of(policy: &RoutingDocument) -> Vec<Named> {
    let chains = policy.rules.iter().enumerate();
    let mut chains: Vec<(String, &[Target])> = chains
        .map(|(index, rule)| (format!("/rules/{index}/to"), rule.to.as_slice()))
        .collect();
    chains.push(("/fallback".to_owned(), &policy.fallback));
    let mut found = Vec::new();
    for (at, chain) in chains {
        for (index, target) in chain.iter().enumerate() {
            if let Target::Pool(key) = target {
                found.push(Named {
                    kind: RuleKind::Pool,
                    key: key.clone(),
                    pointer: format!("{at}/{index}/pool"),
                });
            }
        }
    }
    found
}

fn named_calendars<'a>(keys: impl Iterator<Item = Option<&'a str>>, list: &str) -> Vec<Named> {
    let keys = keys.enumerate();
    let named = keys.filter_map(|(index, key)| {
        Some(Named {
            kind: RuleKind::Calendar,
            key: key?.to_owned(),
            pointer: format!("/{list}/{index}/calendar"),
        })
    });
    named.collect()
}

/// The first of some documents that names this one, and where.
pub fn named_by<'a>(
    documents: &'a [RuleVersion],
    kind: RuleKind,
    key: &str,
) -> Option<(&'a RuleVersion, Named)> {
    documents.iter().find_map(|version| {
        let mut named = version.document.names().into_iter();
        let place = named.find(|named| named.kind == kind && named.key == key)?;
        Some((version, place))
    })
}
