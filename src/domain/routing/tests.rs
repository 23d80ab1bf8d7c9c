use super::*;
use crate::domain::access::Role;
use crate::domain::condition::Facts;
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::domain::test_leads::lead;
use crate::seed::random::Random;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

mod fairness;
mod reading;
mod routes;

fn id(number: usize) -> Uuid {
    Uuid::from_u128(number as u128)
}

fn now() -> DateTime<Utc> {
    "2026-03-06T10:00:00Z".parse().unwrap()
}

fn day() -> NaiveDate {
    now().date_naive()
}

/// Users 1 to `count`, all reps. 900 is disabled, 901 invited.
fn roster(count: usize) -> Roster {
    let user = |number: usize| RosterUser {
        id: id(number),
        is_active: number < 900,
        is_invited: number == 901,
        role: Role::Rep,
        team_id: Some(id(5000 + number)),
        away_until: None,
    };
    Roster::new((1..=count).chain([900, 901]).map(user))
}

/// Calendar `night` is off, and on again in eight hours; `late` in twelve; every other one is on.
struct Nights;

impl Shifts for Nights {
    fn is_on(&self, calendar: &str, _at: DateTime<Utc>) -> bool {
        !matches!(calendar, "night" | "late")
    }

    fn next_on(&self, calendar: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let hours = if calendar == "night" { 8 } else { 12 };
        Some(at + Duration::hours(hours))
    }
}

/// A workspace in which things are tried.
struct Stage {
    roster: Roster,
    router: Router,
    lead: Lead,
    desk: Desk,
    score: Option<i32>,
    account_owner: Option<Uuid>,
    earlier_owner: Option<EarlierOwner>,
    let_go: Vec<Uuid>,
    now: DateTime<Utc>,
}

fn pool_of(document: Value, roster: &Roster) -> Result<CompiledPool, Vec<(String, &'static str)>> {
    let document: PoolDocument = serde_json::from_value(document).unwrap();
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    let calendars: BTreeSet<String> = keys(&["night", "late", "always"]);
    let references = References {
        roster,
        calendars: &calendars,
        skills: &Arc::default(),
    };
    compile_pool(&document, &Rules::default(), &references).map_err(places)
}

fn places(errors: Vec<crate::error::FieldError>) -> Vec<(String, &'static str)> {
    let place = |error: crate::error::FieldError| (error.pointer, error.code);
    errors.into_iter().map(place).collect()
}

fn compiled(
    policy: Value,
    pools: Value,
    roster: &Roster,
) -> Result<Compiled, Vec<(String, &'static str)>> {
    let pools: BTreeMap<String, Arc<Pool>> = pools
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, pool)| {
            (
                key.clone(),
                Arc::new(pool_of(pool.clone(), roster).unwrap().pool),
            )
        })
        .collect();
    let document: RoutingDocument = serde_json::from_value(policy).unwrap();
    let references = References {
        roster,
        calendars: &BTreeSet::new(),
        skills: &Arc::default(),
    };
    compile(&document, &Rules::default(), &references, &pools).map_err(places)
}

impl Stage {
    fn new(users: usize, policy: Value, pools: Value) -> Stage {
        let roster = roster(users);
        Stage {
            router: compiled(policy, pools, &roster).unwrap().router,
            roster,
            lead: lead(),
            desk: Desk::default(),
            score: None,
            account_owner: None,
            earlier_owner: None,
            let_go: Vec::new(),
            now: now(),
        }
    }

    /// One pool, and nothing behind it but the last queue.
    fn of_pool(users: usize, pool: Value) -> Stage {
        let policy = json!({"fallback": [{"pool": "p"}]});
        Stage::new(users, policy, json!({ "p": pool }))
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            lead: &self.lead,
            activities: &[],
        }
    }

    fn route(&mut self) -> Routed {
        let mut desk = std::mem::take(&mut self.desk);
        let world = World {
            facts: self.facts(),
            score: self.score,
            now: self.now,
            day: self.now.date_naive(),
            account_owner: self.account_owner,
            earlier_owner: self.earlier_owner,
            let_go: &self.let_go,
            roster: &self.roster,
            shifts: &Nights,
        };
        let routed = route(&self.router, &world, &mut desk);
        self.desk = desk;
        routed
    }

    /// The number of the user who gets the next lead; 0 for a queue.
    fn next(&mut self) -> u128 {
        match self.route().to {
            Destination::Owner(user) => user.as_u128(),
            Destination::Queue(_) => 0,
        }
    }

    fn many(&mut self, count: usize) -> Vec<u128> {
        (0..count).map(|_| self.next()).collect()
    }
}

fn member(number: usize) -> Value {
    json!({"user_id": id(number)})
}

fn with(number: usize, more: Value) -> Value {
    let mut member = member(number);
    let fields = more.as_object().unwrap().clone();
    member.as_object_mut().unwrap().extend(fields);
    member
}
