use super::*;

fn reasons(routed: &Routed) -> Vec<Value> {
    let attempts = routed.tried.iter();
    let tried = attempts.map(|attempt| {
        attempt
            .passed_over
            .as_ref()
            .map(|why| json!(why)["reason"].clone())
    });
    tried.flatten().collect()
}

#[test]
fn the_first_rule_that_holds_names_the_chain_and_the_first_who_can_takes_the_lead() {
    let policy = json!({"rules": [
        {"key": "dach", "name": "DACH", "when": {"field": "country", "op": "eq", "value": "DE"}, "accept_within_minutes": 5,
         "to": [{"owner_of_account": true}, {"earlier_owner": {"within_days": 180}}, {"user": id(4)}]},
        {"key": "rest", "name": "Rest", "to": [{"queue": "partners"}]}],
        "accept_within_minutes": 60});
    let mut stage = Stage::new(4, policy, json!({"everyone": {"name": "E"}}));
    let rest = stage.route();
    assert_eq!(
        (rest.rule.as_deref(), &rest.to),
        (Some("rest"), &Destination::Queue("partners".into()))
    );
    assert_eq!(rest.accept_within_minutes, None);
    stage.lead.fields.country = Some("DE".into());
    let direct = stage.route();
    assert_eq!(
        (&direct.to, direct.team_id),
        (&Destination::Owner(id(4)), Some(id(5004)))
    );
    assert_eq!(reasons(&direct), ["no_account_owner", "no_earlier_owner"]);
    assert_eq!(direct.accept_within_minutes, Some(5));
    let days = |days| stage.now - Duration::days(days);
    let had = |last_at| {
        Some(EarlierOwner {
            user_id: id(3),
            last_at,
        })
    };
    let (old, fresh) = (had(days(181)), had(days(179)));
    stage.earlier_owner = old;
    assert_eq!(
        reasons(&stage.route()),
        ["no_account_owner", "too_long_ago"]
    );
    stage.earlier_owner = fresh;
    assert_eq!(stage.next(), 3);
    stage.account_owner = Some(id(2));
    assert_eq!(stage.next(), 2);
    stage.account_owner = Some(id(900));
    stage.let_go = vec![id(3), id(4)];
    let gone = stage.route();
    assert_eq!(
        reasons(&gone),
        ["excluded", "excluded", "excluded", "no_account_owner"][..3].to_vec()
    );
    assert_eq!(gone.to, Destination::Owner(id(1)), "everyone: {gone:?}");
}

#[test]
fn a_user_is_named_by_the_rule_or_by_the_fallback_and_the_reason_says_which() {
    let policy = json!({"rules": [{"key": "a", "name": "A", "when": {"field": "country", "op": "eq", "value": "DE"},
            "to": [{"pool": "p"}, {"user": id(2)}]}],
        "fallback": [{"user": id(1)}]});
    let mut stage = Stage::new(2, policy, json!({"p": {"name": "P", "members": []}}));
    assert_eq!(stage.route().reason(), "the fallback names them");
    stage.lead.fields.country = Some("DE".into());
    assert_eq!(stage.route().reason(), "the rule names them");
    stage.let_go = vec![id(2)];
    let routed = stage.route();
    assert_eq!(
        (routed.rule.as_deref(), routed.fell_through),
        (Some("a"), true)
    );
    assert_eq!(routed.reason(), "the fallback names them");
    let read: Routed = serde_json::from_value(json!(routed)).unwrap();
    assert_eq!(replay(&stage.router, stage.facts(), &read), routed);
    stage.let_go.push(id(1));
    let nobody = stage.route();
    assert_eq!(
        (nobody.fell_through, nobody.reason()),
        (false, "nobody could take it".to_owned())
    );
}

#[test]
fn nobody_anywhere_still_means_a_queue() {
    let mut empty = Stage::of_pool(0, json!({"name": "P"}));
    let routed = empty.route();
    assert_eq!(routed.to, Destination::Queue(LAST_QUEUE.into()));
    assert_eq!(reasons(&routed), ["no_members"]);
    let mut nothing = Stage::new(0, json!({"fallback": []}), json!({}));
    assert_eq!(nothing.route().to, Destination::Queue(LAST_QUEUE.into()));
    let policy = json!({"rules": [{"key": "a", "name": "A", "to": [{"pool": "p"}]}], "fallback": [{"pool": "q"}, {"queue": "partners"}]});
    let pools = json!({"p": {"name": "P", "members": []},
        "q": {"name": "Q", "members": [with(1, json!({"daily_cap": 1}))]}});
    let mut chain = Stage::new(1, policy, pools);
    assert_eq!(chain.next(), 1);
    let routed = chain.route();
    assert_eq!(routed.to, Destination::Queue("partners".into()));
    assert_eq!(reasons(&routed), ["no_members", "nobody_eligible"]);
}

#[test]
fn a_cap_of_three_a_day_gets_exactly_three_each_day() {
    let members = json!([with(1, json!({"daily_cap": 3})), member(2), member(3)]);
    let mut stage = Stage::of_pool(3, json!({"name": "P", "members": members}));
    for _ in 0..4 {
        let owners = stage.many(200);
        assert_eq!(owners.iter().filter(|owner| **owner == 1).count(), 3);
        stage.now += Duration::days(1);
    }
}

#[test]
fn who_is_invited_gets_no_leads_and_replays_know_it() {
    let pools = json!({"p": {"name": "P", "members": [member(1), member(901)]}});
    let policy = json!({"rules": [], "fallback": [{"user": id(901)}, {"pool": "p"}]});
    let mut stage = Stage::new(1, policy, pools);
    for _ in 0..3 {
        let routed = stage.route();
        assert_eq!(routed.to, Destination::Owner(id(1)));
        let told = json!(routed.candidates()[1].excluded_by);
        assert_eq!(told, json!([{"reason": "invited"}]));
        let passed_over = json!(routed.tried[0].passed_over);
        assert_eq!(
            passed_over["by"],
            json!({"reason": "invited"}),
            "{passed_over}"
        );
        let read: Routed = serde_json::from_value(json!(routed)).unwrap();
        assert_eq!(read, routed);
        let again = replay(&stage.router, stage.facts(), &read);
        assert_eq!(again, routed);
    }
}

#[test]
fn every_reason_that_excludes_somebody_is_told() {
    let pool = json!({"name": "P", "needs": {"skills": ["Cloud"], "language_from": "language", "territory": true},
        "members": [
            with(1, json!({"skills": ["cloud"], "languages": ["de"], "territories": [{"country": "DE", "postal_codes": ["80", "81"]}]})),
            with(2, json!({"absences": [{"from": "2026-03-01T00:00:00Z", "to": "2026-03-09T00:00:00Z"}], "skills": ["cloud"], "languages": ["de-AT", "en"]})),
            with(3, json!({"calendar": "night", "daily_cap": 1, "open_cap": 5, "skills": ["sales"], "languages": ["en"], "territories": [{"country": "DE", "postal_codes": ["1"]}, {"country": "FR"}]})),
            with(4, json!({"skills": ["cloud"], "languages": ["de"], "territories": [{"country": "Germany", "region": " Bavaria"}]}))]});
    let mut stage = Stage::of_pool(4, pool);
    let account = |number: usize| MemberTurns {
        user_id: id(number),
        given: 0,
        credit: 0,
        given_today: 1,
    };
    let turns = Turns {
        version: 0,
        day: day(),
        members: (1..=4).map(account).collect(),
        left: BTreeMap::new(),
    };
    stage.desk = Desk::new([("p".to_owned(), turns)].into(), [(id(3), 5)].into());
    let users = (1..=4).map(|number| RosterUser {
        id: id(number),
        is_active: number != 4,
        is_invited: false,
        role: Role::Rep,
        team_id: None,
        away_until: None,
    });
    stage.roster = Roster::new(users);
    stage.let_go = vec![id(4)];
    stage.lead.fields.language = Some("de-DE".into());
    stage.lead.fields.country = Some("DE".into());
    stage.lead.fields.postal_code = Some("80 331".into());
    stage.lead.fields.region = Some("BAVARIA".into());
    let routed = stage.route();
    let told: Vec<Value> = routed
        .candidates()
        .iter()
        .map(|one| json!(one.excluded_by))
        .collect();
    assert_eq!(routed.to, Destination::Owner(id(1)), "{told:?}");
    assert_eq!(told[0], json!([]));
    assert_eq!(
        told[1],
        json!([{"reason": "absent", "until": "2026-03-09T00:00:00Z"}, {"reason": "missing_language", "language": "de-de"}])
    );
    assert_eq!(
        told[2],
        json!([{"reason": "off_shift", "next_on_at": "2026-03-06T18:00:00Z"}, {"reason": "daily_cap", "given_today": 1, "cap": 1},
            {"reason": "open_cap", "open": 5, "cap": 5}, {"reason": "missing_skill", "skill": "cloud"},
            {"reason": "missing_language", "language": "de-de"}, {"reason": "outside_territory"}])
    );
    assert_eq!(
        told[3],
        json!([{"reason": "disabled"}, {"reason": "let_it_go"}])
    );
    stage.lead.fields.country = None;
    assert!(matches!(stage.route().to, Destination::Queue(_)));
}

#[test]
fn when_all_are_off_shift_the_pool_says_what_happens() {
    let stage = |when: &str| {
        let members = json!([
            with(1, json!({"calendar": "night"})),
            with(2, json!({"calendar": "late"})),
            with(3, json!({"calendar": "night"}))
        ]);
        Stage::of_pool(
            3,
            json!({"name": "P", "members": members, "when_all_off_shift": when}),
        )
    };
    assert_eq!(stage("ignore_shift").many(6), [1, 2, 3, 1, 2, 3]);
    assert_eq!(stage("next_on_shift").many(4), [1, 3, 1, 3]);
    assert_eq!(stage("fallback").many(2), [0, 0]);
    let members = json!([
        with(1, json!({"calendar": "night"})),
        with(2, json!({"calendar": "always"}))
    ]);
    let mut some = Stage::of_pool(2, json!({"name": "P", "members": members}));
    assert_eq!(some.many(3), [2, 2, 2]);
}

#[test]
fn the_least_loaded_for_their_weight_is_chosen_and_ties_go_by_turn() {
    let members = json!([member(1), with(2, json!({"weight": 2})), member(3)]);
    let mut stage = Stage::of_pool(
        3,
        json!({"name": "P", "strategy": "least_loaded", "members": members}),
    );
    stage.desk = Desk::new(BTreeMap::new(), HashMap::from([(id(1), 10), (id(2), 4)]));
    assert_eq!(stage.many(2), [3, 3]);
    let owners = stage.many(26);
    let loads = |number| owners.iter().filter(|owner| **owner == number).count();
    assert_eq!(
        (10 + loads(1), 4 + loads(2), 2 + loads(3)),
        (11, 21, 10),
        "{owners:?}"
    );
}

#[test]
fn hot_leads_go_to_the_best_who_can_take_them_and_others_to_all() {
    let members = json!([
        with(1, json!({"rank": 2})),
        with(2, json!({"rank": 1, "daily_cap": 3})),
        with(3, json!({"rank": 1}))
    ]);
    let pool =
        json!({"name": "P", "strategy": "best_score", "hot_from_score": 80, "members": members});
    let mut stage = Stage::of_pool(3, pool);
    stage.score = Some(80);
    assert_eq!(stage.many(4), [2, 3, 2, 3]);
    stage.score = Some(79);
    let cold = stage.many(3);
    assert!(cold.contains(&1), "{cold:?}");
    stage.score = Some(95);
    stage.let_go = vec![id(2), id(3)];
    assert_eq!(stage.next(), 1);
}

#[test]
fn p4_a_thousand_decisions_are_decided_again_from_their_records() {
    let condition = |country: &str| json!({"field": "country", "op": "eq", "value": country});
    let policy = json!({"rules": [
        {"key": "de", "name": "DE", "when": condition("DE"), "to": [{"owner_of_account": true}, {"earlier_owner": {"within_days": 30}}, {"pool": "skilled"}], "take_back_after_idle_hours": 48},
        {"key": "fr", "name": "FR", "when": condition("FR"), "to": [{"pool": "loaded"}, {"user": id(900)}]}],
        "fallback": [{"pool": "best"}, {"pool": "all"}]});
    // A user who is disabled after the policy was checked.
    let all = roster(20);
    let policy_now = json!(
        policy
            .to_string()
            .replace(&id(900).to_string(), &id(20).to_string())
    );
    let policy_now: Value = serde_json::from_str(policy_now.as_str().unwrap()).unwrap();
    let member_of = |n: usize| {
        let calendar = ["night", "late", "always"][n % 3];
        with(
            n,
            json!({"calendar": calendar, "skills": (if n.is_multiple_of(2) { vec!["cloud"] } else { vec![] }), "daily_cap": 40 + n, "weight": n}),
        )
    };
    let pools = json!({
        "skilled": {"name": "S", "strategy": "weighted", "members": (1..=9).map(member_of).collect::<Vec<_>>(), "needs": {"skills_from": "tags"}, "when_all_off_shift": "next_on_shift"},
        "loaded": {"name": "L", "strategy": "least_loaded", "members": [with(3, json!({"open_cap": 30})), with(4, json!({"open_cap": 20, "calendar": "night"}))]},
        "best": {"name": "B", "strategy": "best_score", "hot_from_score": 50, "members": [with(5, json!({"rank": 2, "daily_cap": 50})), with(6, json!({"daily_cap": 30}))]},
        "all": {"name": "A"}});
    let mut stage = Stage::new(20, policy_now, pools);
    let mut users: Vec<RosterUser> = (1..=20).map(|n| *all.find(id(n)).unwrap()).collect();
    users[19].is_active = false;
    users[6].away_until = Some(now() + Duration::days(3));
    users[7].role = Role::Marketer;
    stage.roster = Roster::new(users);
    let mut random = Random::of(3, 1);
    let mut kinds = BTreeSet::new();
    for _ in 0..1_000 {
        stage.lead.fields.country = Some(random.pick(&["DE", "FR", "US"]).to_owned());
        stage.lead.tags = if random.in_thousand(500) {
            vec!["Cloud".into()]
        } else {
            vec![]
        };
        stage.score = random.in_thousand(700).then(|| random.below(100) as i32);
        let somebody = |random: &mut Random| id(1 + random.below(22) as usize);
        stage.account_owner = random.in_thousand(200).then(|| somebody(&mut random));
        stage.earlier_owner = random.in_thousand(300).then(|| EarlierOwner {
            user_id: somebody(&mut random),
            last_at: stage.now - Duration::days(random.below(60) as i64),
        });
        stage.let_go = (0..random.below(4))
            .map(|_| somebody(&mut random))
            .collect();
        stage.now += Duration::minutes(random.below(30) as i64);
        let routed = stage.route();
        let stored = serde_json::to_string(&routed).unwrap();
        let record: Routed = serde_json::from_str(&stored).unwrap();
        assert_eq!(replay(&stage.router, stage.facts(), &record), routed);
        kinds.extend(
            routed
                .tried
                .last()
                .map(|attempt| json!(attempt.target).to_string()),
        );
        let mut other = record.clone();
        other.inputs.let_go = (1..=20).map(id).collect();
        assert_ne!(replay(&stage.router, stage.facts(), &other), routed);
    }
    assert!(kinds.len() >= 5, "{kinds:?}");
}

#[test]
fn the_pools_to_lock_are_those_before_a_queue() {
    let policy = json!({"rules": [{"key": "a", "name": "A", "to": [{"pool": "z"}, {"pool": "b"}, {"queue": "partners"}]}], "fallback": [{"pool": "c"}]});
    let pools = json!({"z": {"name": "Z"}, "b": {"name": "B"}, "c": {"name": "C"}});
    let stage = Stage::new(1, policy, pools);
    let locked = stage.router.pools_for(&stage.facts(), stage.now);
    assert_eq!(locked.into_iter().collect::<Vec<_>>(), ["b", "z"]);
}
