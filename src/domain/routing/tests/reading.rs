use super::*;

fn place(pointer: &str, code: &'static str) -> (String, &'static str) {
    (pointer.to_owned(), code)
}

#[test]
fn the_defaults_can_be_used_and_give_the_first_lead_an_owner() {
    let policy = serde_json::to_value(RoutingDocument::default()).unwrap();
    let pool = serde_json::to_value(PoolDocument::default()).unwrap();
    assert_eq!(pool["members"], json!("all_reps"));
    let compiled = compiled(
        policy.clone(),
        json!({"everyone": pool.clone()}),
        &roster(2),
    )
    .unwrap();
    assert_eq!(places(compiled.warnings), vec![]);
    assert_eq!(
        Stage::new(2, policy, json!({"everyone": pool})).many(3),
        [1, 2, 1]
    );
}

#[test]
fn everything_wrong_with_a_policy_is_told_at_its_place() {
    let de = json!({"field": "country", "op": "eq", "value": "DE"});
    let policy = json!({"rules": [
        {"key": "Bad key", "name": " ", "when": {"field": "contry", "op": "eq", "value": "DE"}, "to": [{"pool": "evryone"}, {"queue": "Q"}]},
        {"key": "a", "name": "A", "when": de, "to": [{"queue": "unassigned"}, {"pool": "everyone"}]},
        {"key": "a", "name": "A", "when": de, "to": [{"owner_of_account": false}, {"user": id(900)}, {"user": id(77)}]},
        {"key": "c", "name": "C", "to": [{"pool": "everyone"}, {"pool": "everyone"}]},
        {"key": "d", "name": "D", "when": {"field": "country", "op": "eq", "value": "FR"}, "to": [{"queue": "partners"}]}],
        "fallback": [{"user": id(78)}]});
    assert_eq!(
        compiled(policy, json!({"everyone": {"name": "E"}}), &roster(2)).unwrap_err(),
        [
            place("/rules/0/key", "invalid_key"),
            place("/rules/0/name", "empty_name"),
            place("/rules/0/when/field", "unknown_field"),
            place("/rules/0/to/0/pool", "unknown_pool"),
            place("/rules/0/to/1/queue", "invalid_key"),
            place("/rules/1/to/1", "never_reached"),
            place("/rules/2/key", "not_unique"),
            place("/rules/2/to/0/owner_of_account", "says_nothing"),
            place("/rules/2/to/1/user", "disabled_user"),
            place("/rules/2/to/2/user", "unknown_user"),
            place("/rules/3/to/1", "repeated"),
            place("/fallback/0/user", "unknown_user"),
            place("/rules/2", "never_reached"),
            place("/rules/4", "never_reached"),
        ]
    );
}

#[test]
fn everything_wrong_with_a_pool_is_told_at_its_place() {
    let pool = json!({"name": "", "strategy": "best_score", "needs": {"skills_from": "custom.plan", "language_from": "employee_count"},
        "members": [
            with(900, json!({"languages": ["deutsch!"], "territories": [{"country": "Atlantis"}], "calendar": "holiday"})),
            member(1), with(1, json!({"absences": [{"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}]})), member(77)]});
    assert_eq!(
        pool_of(pool, &roster(2)).unwrap_err(),
        [
            place("/name", "empty_name"),
            place("/hot_from_score", "needs_score"),
            place("/needs/skills_from", "unknown_lead_field"),
            place("/needs/language_from", "unknown_lead_field"),
            place("/members/0/user_id", "disabled_user"),
            place("/members/0/languages/0", "unknown_language"),
            place("/members/0/territories/0/country", "unknown_country"),
            place("/members/0/calendar", "unknown_calendar"),
            place("/members/2/user_id", "repeated"),
            place("/members/2/absences/0/to", "ends_before_it_begins"),
            place("/members/3/user_id", "unknown_user"),
        ]
    );
}

#[test]
fn who_is_invited_may_be_in_a_pool_which_is_warned_of() {
    let pool = json!({"name": "P", "members": [member(1), member(901)]});
    let read = pool_of(pool, &roster(1)).unwrap();
    assert_eq!(
        places(read.warnings),
        [place("/members/1/user_id", "invited_user")]
    );
}

#[test]
fn a_pool_that_can_be_empty_is_warned_of_unless_another_is_behind_it() {
    let absent = |n, from: &str, to: &str| with(n, json!({"absences": [{"from": from, "to": to}]}));
    let (a, b, c) = (
        "2026-01-01T00:00:00Z",
        "2026-01-05T00:00:00Z",
        "2026-01-09T00:00:00Z",
    );
    for (can_be_empty, pool) in [
        (true, json!({"name": "P", "members": []})),
        (
            true,
            json!({"name": "P", "members": [with(1, json!({"daily_cap": 3}))]}),
        ),
        (
            true,
            json!({"name": "P", "members": [absent(1, a, c), absent(2, b, c)]}),
        ),
        (
            false,
            json!({"name": "P", "members": [absent(1, a, b), absent(2, b, c)]}),
        ),
        (true, json!({"name": "P", "needs": {"skills": ["x"]}})),
        (false, json!({"name": "P", "members": [member(1)]})),
        (true, json!({"name": "P", "members": [member(901)]})),
        (
            false,
            json!({"name": "P", "members": [member(1), member(901)]}),
        ),
    ] {
        let read = pool_of(pool.clone(), &roster(2)).unwrap();
        assert_eq!(read.pool.can_be_empty, can_be_empty, "{pool}");
    }
    let pools = json!({"thin": {"name": "T", "members": []}, "all": {"name": "A"}});
    let warned = |fallback: Value| {
        let policy = json!({"rules": [{"key": "a", "name": "A", "to": [{"pool": "thin"}]}], "fallback": fallback});
        places(
            compiled(policy, pools.clone(), &roster(2))
                .unwrap()
                .warnings,
        )
    };
    assert_eq!(warned(json!([{"pool": "all"}])), vec![]);
    assert_eq!(warned(json!([])), [place("/rules/0/to/0", "can_be_empty")]);
    let told = |fallback: Value| {
        let policy = json!({"rules": [{"key": "a", "name": "A", "to": [{"pool": "thin"}]}], "fallback": fallback});
        let mut read = compiled(policy, pools.clone(), &roster(2)).unwrap();
        read.warnings.remove(0).detail
    };
    assert!(told(json!([])).contains("it waits in the queue `unassigned`"));
    assert!(told(json!([{"queue": "late"}])).contains("it waits in the queue `late`"));
    let user = told(json!([{"user": id(1)}]));
    assert!(
        user.contains(&format!("it goes to the user {}", id(1))),
        "{user}"
    );
    let weight = json!({"name": "P", "members": [with(1, json!({"weight": 3}))]});
    let read = pool_of(weight, &roster(2)).unwrap();
    assert_eq!(
        places(read.warnings),
        [place("/members/0/weight", "not_for_this_strategy")]
    );
}

#[test]
fn a_wrong_member_is_told_by_its_name_and_a_wrong_word_by_its_words() {
    let error = |members: Value| {
        let pool = json!({"name": "P", "members": members}).to_string();
        let mut reader = serde_json::Deserializer::from_str(&pool);
        let read: Result<PoolDocument, _> = serde_path_to_error::deserialize(&mut reader);
        read.unwrap_err().path().to_string()
    };
    assert_eq!(
        error(json!([{"user_id": id(1), "wieght": 3}])),
        "members[0].wieght"
    );
    assert_eq!(error(json!("some_reps")), "members");
}

#[test]
fn a_rule_that_no_lead_comes_to_is_told_but_stops_nothing() {
    let rule = |key: &str, when: Value| json!({"key": key, "name": key, "when": when, "to": [{"queue": "later"}]});
    let compiled = compiled(
        json!({"rules": [
            rule("a", json!({"all": [{"any": []}]})),
            rule("b", json!({"any": [{"all": []}, {"field": "city", "op": "is_set"}]})),
            rule("c", json!({"field": "city", "op": "is_set"}))]}),
        json!({"everyone": {"name": "E"}}),
        &roster(1),
    );
    let wrong = compiled.unwrap().checked().unwrap_err();
    assert_eq!(
        places(wrong),
        [
            place("/rules/0/when", "never_holds"),
            place("/rules/2", "never_reached")
        ]
    );
}
