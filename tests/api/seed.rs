//! `baton seed`: many people at once, as if each had come alone.

use crate::support::TestApp;
use baton::domain::rules::Rules;
use baton::seed::{self, SeedPlan, Seeded};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

fn plan(leads: u64) -> SeedPlan {
    SeedPlan { leads, seed: 1 }
}

fn run(app: &TestApp, plan: &SeedPlan) -> Seeded {
    let go_on = |_: &Seeded| ControlFlow::Continue(());
    seed::run(
        &app.db,
        app.workspace_id,
        &Arc::new(Rules::default()),
        plan,
        go_on,
    )
    .unwrap()
}

#[test]
fn p10_seeded_people_are_leads_like_all_others() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let seeded = run(&app, &plan(300));
    assert_eq!(
        (seeded.people, seeded.created, seeded.quarantined),
        (300, 300, 0)
    );
    assert!((5..40).contains(&seeded.matched), "{seeded:?}");

    let leads = app.get("/v1/leads?limit=500").json()["data"]
        .as_array()
        .unwrap()
        .clone();
    assert!(
        (290..=300).contains(&leads.len()),
        "tests are kept out: {}",
        leads.len()
    );
    let countries: HashSet<&str> = leads
        .iter()
        .filter_map(|lead| lead["country"].as_str())
        .collect();
    assert!(countries.len() >= 20, "{countries:?}");

    let submissions = app.get("/v1/submissions?limit=500").json();
    let kept = submissions["data"].as_array().unwrap().len() as u64;
    assert_eq!(kept, seeded.created + seeded.matched);

    let events = app.all_events();
    assert_eq!(events.len() as u64, seeded.events);
    let created = events
        .iter()
        .filter(|event| event["type"] == "lead.created")
        .count();
    assert_eq!(created, 300);
}

#[test]
fn the_same_seed_again_finds_everybody_known() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let first = run(&app, &plan(60));
    let again = run(&app, &plan(60));
    assert_eq!((first.created, again.created), (60, 0));
    assert_eq!(again.matched, first.created + first.matched);
}

#[test]
fn seeding_that_is_broken_off_ends_between_batches_with_a_complete_feed() {
    let app = TestApp::start_with(|config| config.no_workers = true);
    let stop = |_: &Seeded| ControlFlow::Break(());
    let seeded = seed::run(
        &app.db,
        app.workspace_id,
        &Arc::new(Rules::default()),
        &plan(100_000),
        stop,
    )
    .unwrap();
    assert!(seeded.people < 3000, "{seeded:?}");
    assert_eq!(app.all_events().len() as u64, seeded.events);
    let created = app
        .all_events()
        .iter()
        .filter(|event| event["type"] == "lead.created")
        .count();
    assert_eq!(created as u64, seeded.created);
}
