use super::*;
use crate::domain::test_leads::lead;
use chrono::Duration;
use serde_json::json;

fn one(id: u128, with: impl FnOnce(&mut Lead)) -> Lead {
    let mut one = Lead {
        id: Uuid::from_u128(id),
        ..lead()
    };
    one.fields = LeadFields::default();
    one.last_activity_at += Duration::hours(i64::try_from(id).unwrap());
    one.captured_at += Duration::hours(i64::try_from(id).unwrap());
    with(&mut one);
    one
}

fn titled(id: u128, title: &str) -> Lead {
    one(id, |lead| lead.fields.title = Some(title.into()))
}

fn by(rule: SurvivorshipRule) -> SurvivorshipSettings {
    SurvivorshipSettings {
        default_rule: rule,
        trusted_sources: vec!["crm".into()],
        ..Default::default()
    }
}

#[test]
fn each_rule_takes_the_value_it_names() {
    let survivor = titled(2, "CEO");
    let mut older = titled(1, "Chief executive");
    older.fields.city = Some("Ulm".into());
    older.fields.first_name = Some("Ada".into());
    let mut newer = titled(3, "Boss");
    newer.source = Some("crm".into());
    let others = [older, newer];
    let title = |rule| {
        let (after, _) = survive(&survivor, &others, &by(rule), &BTreeMap::new());
        after.fields.title.unwrap()
    };
    assert_eq!(title(SurvivorshipRule::Survivor), "CEO");
    assert_eq!(title(SurvivorshipRule::Newest), "Boss");
    assert_eq!(title(SurvivorshipRule::Oldest), "Chief executive");
    assert_eq!(title(SurvivorshipRule::MostComplete), "Chief executive");
    assert_eq!(title(SurvivorshipRule::MostTrusted), "Boss");
    assert_eq!(title(SurvivorshipRule::Longest), "Chief executive");
}

#[test]
fn a_missing_value_never_wins_and_the_callers_choice_always_does() {
    let survivor = one(1, |_| {});
    let other = titled(2, "CTO");
    let merge = |choices: &BTreeMap<_, _>| {
        survive(
            &survivor,
            std::slice::from_ref(&other),
            &by(SurvivorshipRule::Survivor),
            choices,
        )
    };
    let (after, chosen) = merge(&BTreeMap::new());
    assert_eq!(after.fields.title.as_deref(), Some("CTO"));
    assert_eq!(chosen[0].lead_id, other.id);
    let (after, _) = merge(&BTreeMap::from([(
        "title".to_owned(),
        Choice::Of(survivor.id),
    )]));
    assert_eq!(after.fields.title, None);
}

#[test]
fn an_address_is_never_put_together_from_two_places() {
    let survivor = one(1, |lead| {
        lead.fields.country = Some("DE".into());
        lead.fields.city = Some("Ulm".into());
    });
    let elsewhere = one(2, |lead| {
        lead.fields.city = Some("Bonn".into());
        lead.fields.street = Some("Am Markt 1".into());
    });
    let same = one(3, |lead| {
        lead.fields.city = Some("Ulm".into());
        lead.fields.postal_code = Some("89073".into());
    });
    let (after, _) = survive(
        &survivor,
        &[elsewhere, same],
        &by(SurvivorshipRule::Survivor),
        &BTreeMap::new(),
    );
    assert_eq!(after.fields.street, None);
    assert_eq!(after.fields.postal_code.as_deref(), Some("89073"));
    assert_eq!(after.fields.city.as_deref(), Some("Ulm"));
}

#[test]
fn the_furthest_stage_and_any_owner_survive_and_labels_are_kept() {
    let survivor = one(1, |lead| {
        lead.tags = vec!["a".into()];
        lead.stage_kind = StageKind::Disqualified;
    });
    let other = one(2, |lead| {
        lead.tags = vec!["b".into(), "a".into()];
        lead.stage_kind = StageKind::SalesQualified;
        lead.stage = "sql".into();
        lead.owner_id = Some(Uuid::max());
    });
    let (after, chosen) = survive(
        &survivor,
        &[other],
        &by(SurvivorshipRule::Survivor),
        &BTreeMap::new(),
    );
    assert_eq!(after.tags, ["a", "b"]);
    assert_eq!(
        (after.stage.as_str(), after.owner_id),
        ("sql", Some(Uuid::max()))
    );
    assert!(chosen.iter().any(|one| one.field == "stage"));
}

#[test]
fn custom_values_follow_their_own_rules() {
    let survivor = one(1, |lead| {
        lead.custom = serde_json::from_value(json!({"plan": "pro", "note": "x"})).unwrap();
    });
    let other = one(2, |lead| {
        lead.custom = serde_json::from_value(json!({"plan": "basic", "seats": 5})).unwrap();
    });
    let mut settings = by(SurvivorshipRule::Survivor);
    settings
        .rules
        .insert("custom.plan".into(), SurvivorshipRule::Newest);
    let (after, _) = survive(&survivor, &[other], &settings, &BTreeMap::new());
    assert_eq!(
        json!(after.custom),
        json!({"plan": "basic", "note": "x", "seats": 5})
    );
}
