//! What is wrong with a model, and the default one.

use super::*;

fn wrong(value: Value) -> Vec<(String, &'static str)> {
    let errors = ScoringModel::check(&document(value), &Rules::default()).unwrap_err();
    errors
        .into_iter()
        .map(|error| {
            assert!(error.detail.len() > 10, "{error:?}");
            (error.pointer, error.code)
        })
        .collect()
}

#[test]
fn models_and_rules_have_names_to_read() {
    let mut value = plain();
    value["name"] = json!("\u{c}");
    value["rules"][1]["name"] = json!(" ");
    let at = |pointer: &str| (pointer.to_owned(), "empty_name");
    assert_eq!(wrong(value), [at("/name"), at("/rules/1/name")]);
}

#[test]
fn all_that_is_wrong_is_told_with_its_place() {
    let mut value = plain();
    value["when"] = json!({"field": "colour", "op": "is_set"});
    value["engagement_half_life_days"] = json!(0);
    value["fit_grades"] = json!({"a": 1, "b": 1, "c": 0});
    value["engagement_grades"] = json!({"1": 3, "2": 2, "3": 9});
    value["rules"][0]["counts"] = json!("once");
    value["rules"][0]["group"] = json!("web");
    value["rules"][1]["group"] = json!("wbe");
    value["rules"][2]["key"] = json!("view");
    value["rules"][2]["activity"] =
        json!({"types": ["Call"], "where": {"field": "colour", "op": "eq", "value": 1}});
    value["rules"][3]["points"] = json!(0);
    value["rules"][4]["activity"] = Value::Null;
    value["thresholds"][0]["key"] = json!("hot");
    let at = |pointer: &str, code| (pointer.to_owned(), code);
    assert_eq!(
        wrong(value),
        [
            at("/when/field", "unknown_field"),
            at("/rules/2/key", "duplicate_key"),
            at("/thresholds/1/key", "duplicate_key"),
            at("/fit_grades/b", "grades_out_of_order"),
            at("/engagement_grades/3", "grades_out_of_order"),
            at("/engagement_half_life_days", "invalid_half_life"),
            at("/rules/0/counts", "unexpected_counts"),
            at("/rules/1/group", "unknown_group"),
            at("/rules/2/activity/types/0", "invalid_type"),
            at("/rules/2/activity/where/field", "unknown_field"),
            at("/rules/3/points", "never_counts"),
            at("/rules/4/activity", "activity_needed"),
        ]
    );
}

#[test]
fn a_threshold_that_no_lead_can_reach_is_refused() {
    let mut value = plain();
    value["rules"] = json!([value["rules"][0], value["rules"][1], value["rules"][3]]);
    // 10 of fit, 10 of the web group, 50 once.
    value["thresholds"] = json!([
        {"key": "most", "on": "total", "points": 70},
        {"key": "more", "on": "total", "points": 71},
        {"key": "fit", "on": "fit", "points": 11},
    ]);
    assert_eq!(
        wrong(value),
        [
            ("/thresholds/1/points".to_owned(), "never_reached"),
            ("/thresholds/2/points".to_owned(), "never_reached")
        ]
    );
}

#[test]
fn a_rule_that_can_never_count_is_refused() {
    let mut value = plain();
    value["groups"] = json!([{"key": "web", "cap": 0}]);
    value["rules"][0]["when"] = json!({"all": [{"any": []}]});
    value["rules"][2]["activity"]["where"] = json!({"not": {"all": []}});
    assert_eq!(
        wrong(value),
        [
            ("/rules/0/when".to_owned(), "never_holds"),
            ("/rules/1/points".to_owned(), "never_counts"),
            ("/rules/2/activity/where".to_owned(), "never_holds"),
        ]
    );
}

#[test]
fn the_default_model_compiles_and_tells_good_leads_from_others() {
    let default = ScoringModelDocument::default();
    let text = serde_json::to_string(&default).unwrap();
    assert_eq!(
        serde_json::from_str::<ScoringModelDocument>(&text).unwrap(),
        default
    );
    let model = ScoringModel::compile(&default, &Rules::default()).unwrap();
    let mut buyer = lead();
    buyer.fields.email = Some("ada@engines.example".into());
    buyer.fields.title = Some("Managing Director".into());
    buyer.fields.employee_count = Some(300);
    let mut other = lead();
    other.fields.email = Some("ada@gmail.com".into());
    let mut call = activity(1, "call", start());
    call.direction = Some(crate::domain::activity::Direction::Inbound);
    let activities = [activity(2, "submission", start()), call];
    let grade = |lead: &Lead, activities: &[Activity]| {
        let scored = model.rescore(&facts(lead, activities), &Ledger::default(), start());
        (scored.standing.grade.to_string(), scored.standing.total)
    };
    assert_eq!(grade(&buyer, &activities), ("A2".to_owned(), 75.0));
    assert_eq!(grade(&other, &[]), ("D4".to_owned(), -5.0));
    assert_eq!(grade(&lead(), &[]), ("D4".to_owned(), 0.0));
}

#[test]
fn what_round_points_reach_by_the_default_model_is_not_taken_in_the_next_moment() {
    let model = ScoringModel::compile(&ScoringModelDocument::default(), &Rules::default()).unwrap();
    for fit in (0..=80).step_by(5) {
        for engagement in (5..=60).step_by(5) {
            let ledger = Ledger {
                fit,
                engagement: engagement.into(),
                as_of: start(),
                ..Ledger::default()
            };
            let next = model.next_change(&ledger, start()).map(|next| next.at);
            let lasts = next.is_none_or(|at| at > start() + Duration::hours(12));
            assert!(lasts, "{fit} and {engagement}: until {next:?}");
        }
    }
}

#[test]
fn a_model_that_counts_goes_on_also_if_it_would_not_be_written_so_any_more() {
    let model = document(
        json!({"name": "M", "rules": [{"key": "new", "name": "New", "ledger": "fit", "points": 5,
        "when": {"field": "created_at", "op": "gte", "value": {"ago": "14d"}}}]}),
    );
    assert!(ScoringModel::compile(&model, &Rules::default()).is_ok());
    let refused = ScoringModel::check(&model, &Rules::default()).unwrap_err();
    assert_eq!(refused[0].code, "depends_on_time");
}
