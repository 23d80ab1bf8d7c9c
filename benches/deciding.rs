//! What deciding about one lead costs, without a database: routing by the last of a hundred rules in a pool of fifty,
//! scoring by two hundred rules, the usual framework, and four clocks of office hours. Prints the best of five rounds, and
//! fails when all of it together takes too long.

use baton::domain::access::Role;
use baton::domain::activity::Activity;
use baton::domain::calendar::Calendar;
use baton::domain::condition::Facts;
use baton::domain::event::Actor;
use baton::domain::lead::Lead;
use baton::domain::playbook::Shift;
use baton::domain::qualification::{Framework, FrameworkDocument, qualify};
use baton::domain::routing::{
    Desk, References, Roster, RosterUser, World, compile, compile_pool, route,
};
use baton::domain::rules::Rules;
use baton::domain::scoring::{Ledger, ScoringModel};
use baton::domain::sla::{self, ClockKind, SlaPolicy, VersionedCalendar, Zones};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

const ROUNDS: u32 = 100_000;
/// Microseconds that deciding about a lead may take.
const LONGEST: f64 = 20.0;

fn main() -> ExitCode {
    let now: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
    let all = routing(now) + scoring(now) + qualifying(now) + clocks(now);
    println!("all of it: {all:.2} µs a lead");
    if all < LONGEST {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Microseconds of one call, the best of five rounds.
fn best(mut call: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        (0..ROUNDS).for_each(|_| call());
        best = best.min(begun.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
    }
    best
}

fn read<T: serde::de::DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).expect("a document of this file fits its type")
}

fn lead() -> Lead {
    let mut lead = Lead::default();
    lead.fields.country = Some("DE".to_owned());
    lead.fields.language = Some("de".to_owned());
    lead.fields.employee_count = Some(901);
    lead.fields.title = Some("Head of Sales".to_owned());
    lead
}

fn routing(now: DateTime<Utc>) -> f64 {
    let rules = Rules::default();
    let ids: Vec<Uuid> = (1..=50).map(Uuid::from_u128).collect();
    let user = |id: &Uuid| RosterUser {
        id: *id,
        is_active: true,
        is_invited: false,
        role: Role::Rep,
        team_id: None,
        away_until: None,
    };
    let roster = Roster::new(ids.iter().map(user));
    let none = BTreeSet::new();
    let references = References {
        roster: &roster,
        calendars: &none,
        skills: &Arc::default(),
    };
    let member = |(number, id): (usize, &Uuid)| json!({"user_id": id, "weight": number + 1, "daily_cap": 100_000, "languages": ["de"]});
    let members: Vec<Value> = ids.iter().enumerate().map(member).collect();
    let pool = read(
        json!({"name": "P", "strategy": "weighted", "members": members, "needs": {"language_from": "language"}}),
    );
    let pool = compile_pool(&pool, &rules, &references)
        .expect("the pool is right")
        .pool;
    let rule = |number: usize| {
        json!({"key": format!("r{number}"), "name": "R", "to": [{"pool": "p"}], "when": {"all": [
            {"field": "country", "op": "in", "value": ["DE", "AT"]}, {"field": "employee_count", "op": "gte", "value": 1000 - number}]}})
    };
    let policy = read(json!({"rules": (0..100).map(rule).collect::<Vec<_>>(), "fallback": []}));
    let pools = BTreeMap::from([("p".to_owned(), Arc::new(pool))]);
    let router = compile(&policy, &rules, &references, &pools)
        .expect("the policy is right")
        .router;
    let (lead, calendars) = (lead(), HashMap::new());
    let mut desk = Desk::default();
    let took = best(|| {
        let world = World {
            facts: Facts {
                lead: &lead,
                activities: &[],
            },
            score: None,
            now,
            day: now.date_naive(),
            account_owner: None,
            earlier_owner: None,
            let_go: &[],
            roster: &roster,
            shifts: &Shift(&calendars),
        };
        std::hint::black_box(route(&router, &world, &mut desk));
    });
    println!("routing by the last of 100 rules, a pool of 50: {took:.2} µs a lead");
    took
}

fn scoring(now: DateTime<Utc>) -> f64 {
    let fit = |number: usize| {
        json!({"key": format!("fit_{number}"), "name": "Fit", "ledger": "fit", "points": 1,
            "when": {"field": "employee_count", "op": "gte", "value": number * 100}})
    };
    let engagement = |number: usize| {
        json!({"key": format!("engagement_{number}"), "name": "Did", "ledger": "engagement", "points": 1,
            "activity": {"types": [format!("type_{}", number % 10)]}})
    };
    let rules: Vec<Value> = (0..100).map(fit).chain((0..100).map(engagement)).collect();
    let document = json!({"name": "Large", "rules": rules, "fit_grades": {"a": 40, "b": 25, "c": 10},
        "engagement_grades": {"1": 40, "2": 20, "3": 5}});
    let model =
        ScoringModel::compile(&read(document), &Rules::default()).expect("the model is right");
    let lead = lead();
    let facts = Facts {
        lead: &lead,
        activities: &[],
    };
    let new = [Activity {
        id: Uuid::from_u128(1),
        lead_id: lead.id,
        kind: "type_3".to_owned(),
        occurred_at: now,
        created_at: now,
        direction: None,
        outcome: None,
        duration_seconds: None,
        subject: None,
        body: None,
        source: None,
        channel: None,
        submission_id: None,
        actor: Actor::system(),
        attribution: Default::default(),
        properties: Default::default(),
        is_test: false,
        version: 1,
    }];
    let took = best(|| {
        let scored = model.score(&facts, &Ledger::default(), &new, now);
        std::hint::black_box(scored.is_ok());
    });
    println!("scoring by 200 rules: {took:.2} µs a lead");
    took
}

fn qualifying(now: DateTime<Utc>) -> f64 {
    let framework = Framework::compile(&FrameworkDocument::default(), &Rules::default())
        .expect("the framework is right");
    let lead = lead();
    let facts = Facts {
        lead: &lead,
        activities: &[],
    };
    let took = best(|| {
        std::hint::black_box(qualify(&framework, &[], &facts, now));
    });
    println!("qualifying by the usual framework: {took:.2} µs a lead");
    took
}

fn clocks(now: DateTime<Utc>) -> f64 {
    let open = json!([{"from": "09:00", "to": "12:30"}, {"from": "13:30", "to": "17:00"}]);
    let office = read(
        json!({"zone": "Europe/Berlin", "hours": {"monday": open, "tuesday": open, "wednesday": open,
        "thursday": open, "friday": open}}),
    );
    let calendar = Calendar::compile(&office).expect("the calendar is right");
    let kinds = [
        ClockKind::Accept,
        ClockKind::FirstResponse,
        ClockKind::NextTouch,
        ClockKind::Qualify,
    ];
    let rule = |kind: &ClockKind| {
        json!({"key": kind.as_str(), "kind": kind.as_str(), "name": "C", "within_minutes": 240, "calendar": "office",
            "escalations": [{"at_percent": 80, "actions": [{"do": "notify", "to": "owner"}]}, {"at_percent": 100, "actions": [{"do": "event"}]}]})
    };
    let document = read(json!({"clocks": kinds.iter().map(rule).collect::<Vec<_>>()}));
    let references = sla::References {
        calendars: &["office".to_owned()],
        users: &HashSet::new(),
    };
    let policy =
        SlaPolicy::compile(&document, &Rules::default(), &references).expect("the policy is right");
    let calendars = HashMap::from([(
        "office".to_owned(),
        VersionedCalendar {
            version: 1,
            calendar,
        },
    )]);
    let lead = lead();
    let facts = Facts {
        lead: &lead,
        activities: &[],
    };
    let zones = Zones {
        owner: None,
        team: None,
        lead: None,
    };
    let took = best(|| {
        std::hint::black_box(policy.start(&facts, &calendars, &zones, &kinds, (now, now)));
    });
    println!("four clocks of two steps, in office hours: {took:.2} µs a lead");
    took
}
