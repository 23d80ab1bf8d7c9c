//! Leads of every kind, written past the API, with everything that conditions can ask for.

use super::draw::Draw;
use baton::domain::activity::{Activity, Direction};
use baton::domain::condition::AttributionKey;
use baton::domain::event::Actor;
use baton::domain::field_definition::{FieldDefinition, FieldOption, FieldType};
use baton::domain::ids::{Ids, ProcessIds};
use baton::domain::lead::Lead;
use baton::domain::lead_fields::LeadFields;
use baton::domain::likeness::keys_of_lead;
use baton::domain::normalise::Attribution;
use baton::domain::rules::Rules;
use baton::domain::scoring::{LeadScore, Ledger, ScoringModel};
use baton::domain::search_text;
use baton::domain::stage::StageKind;
use baton::domain::workspace::WorkspaceSettings;
use baton::store::pool::Db;
use baton::store::together::{self, NewRows};
use baton::store::{self, lead_texts};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use uuid::Uuid;

/// Texts that are alike, and texts that are SQL, patterns or nothing.
pub const TEXTS: [&str; 12] = [
    "Ulm",
    "ulm",
    "Zoë",
    "Zo",
    "Z",
    "日本",
    "a%b_c\\",
    "'; DROP TABLE leads; --",
    "",
    "Ulm an der Donau",
    "\u{10FFFF}",
    "null",
];
pub const OPTIONS: [&str; 4] = ["basic", "pro", "enterprise", "old"];
pub const CURRENCIES: [&str; 3] = ["EUR", "USD", "AUD"];
pub const NUMBERS: [i64; 7] = [-9, -1, 0, 1, 7, 250, 9_007_199_254_740_991];
pub const DECIMALS: [f64; 7] = [-1e300, -2.5, -0.0, 0.1, 0.5, 3.0, 1e17];
pub const DATES: [&str; 5] = [
    "0001-01-01",
    "2026-03-29",
    "2026-10-25",
    "2026-11-01",
    "9999-12-31",
];
pub const ACTIVITY_TYPES: [&str; 3] = ["call", "page_view", "email"];
/// Activities of this type are deleted.
pub const DELETED: &str = "deleted";
pub const SPANS: [&str; 7] = ["0d", "1m", "36h", "14d", "2w", "1mo", "1y"];

/// A field of every type; all of them can be searched by but the long text.
pub fn definitions() -> Vec<FieldDefinition> {
    let option = |value: &&str| FieldOption {
        value: (*value).to_owned(),
        label: value.to_uppercase(),
        archived: *value == "old",
    };
    FieldType::ALL
        .into_iter()
        .zip(1..)
        .map(|(field_type, slot)| FieldDefinition {
            options: if field_type.is_choice() {
                OPTIONS.iter().map(option).collect()
            } else {
                Vec::new()
            },
            filterable: field_type.can_be_filterable(),
            ..FieldDefinition::new(field_type.as_str(), slot, field_type)
        })
        .collect()
}

/// The rules of a workspace with those fields.
pub fn rules() -> Rules {
    Rules {
        settings: WorkspaceSettings {
            default_country: Some("DE".into()),
            timezone: "Europe/Berlin".into(),
            ..WorkspaceSettings::default()
        },
        fields: definitions(),
        ..Rules::default()
    }
}

/// Moments around those that relative times point to.
pub fn moment(draw: &mut Draw, now: DateTime<Utc>) -> DateTime<Utc> {
    let away = draw.one(&[
        0,
        1,
        60,
        36 * 60,
        14 * 24 * 60,
        30 * 24 * 60,
        365 * 24 * 60,
        3,
    ]);
    let at = now - Duration::minutes(away) + Duration::microseconds(draw.one(&[-1, 0, 0, 1]));
    if draw.once_in(5) {
        now + (now - at)
    } else {
        at
    }
}

fn text(draw: &mut Draw) -> Option<String> {
    (!draw.once_in(4)).then(|| draw.pick(&TEXTS).to_owned())
}

/// A value of a custom field; now and then none, or one from before the definition.
pub fn custom_value(draw: &mut Draw, field_type: FieldType, now: DateTime<Utc>) -> Value {
    if draw.once_in(12) {
        return draw.one(&[
            json!(null),
            json!(""),
            json!([]),
            json!({}),
            json!("7"),
            json!(7),
            json!(true),
            json!([1, "pro"]),
        ]);
    }
    right_value(draw, field_type, now)
}

/// A value as the field has them.
pub fn right_value(draw: &mut Draw, field_type: FieldType, now: DateTime<Utc>) -> Value {
    match field_type {
        FieldType::Text | FieldType::LongText => json!(draw.pick(&TEXTS)),
        FieldType::Url => json!(draw.pick(&[
            "https://example.com/",
            "https://example.com/a?b=%25",
            "http://example.org/"
        ])),
        FieldType::Integer => json!(draw.one(&NUMBERS)),
        FieldType::Decimal => json!(draw.one(&DECIMALS)),
        FieldType::Boolean => json!(draw.once_in(2)),
        FieldType::Date => {
            let today = moment(draw, now).date_naive().to_string();
            json!(draw.pick(&[DATES[0], DATES[1], DATES[2], DATES[4], &today]))
        }
        FieldType::Datetime => json!(moment(draw, now)),
        FieldType::SingleChoice => json!(draw.pick(&OPTIONS)),
        FieldType::MultiChoice => {
            json!(
                OPTIONS
                    .into_iter()
                    .filter(|_| draw.once_in(3))
                    .collect::<Vec<_>>()
            )
        }
        FieldType::Money => {
            json!({"amount_minor": draw.one(&NUMBERS), "currency": draw.pick(&CURRENCIES)})
        }
    }
}

fn attribution(draw: &mut Draw) -> Attribution {
    let parts: Map<String, Value> = AttributionKey::ALL
        .iter()
        .filter(|_| draw.once_in(6))
        .map(|key| (key.name().to_owned(), Value::Null))
        .collect();
    let parts: Map<String, Value> = parts
        .into_iter()
        .map(|(key, _)| (key, text(draw).into()))
        .collect();
    serde_json::from_value(parts.into()).unwrap()
}

/// A lead of any kind.
pub fn lead(draw: &mut Draw, owners: &[Uuid], now: DateTime<Utc>) -> Lead {
    let number = |draw: &mut Draw| (!draw.once_in(3)).then(|| draw.one(&NUMBERS).max(0));
    let id = |draw: &mut Draw| (!draw.once_in(3)).then(|| draw.one(owners));
    let kind = draw.one(&StageKind::ALL);
    let custom = definitions()
        .into_iter()
        .filter(|_| !draw.once_in(4))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|field| (field.key.clone(), custom_value(draw, field.field_type, now)))
        .collect();
    let tags: Vec<String> = ["vip", "Vip", "trade fair", "50% off"]
        .into_iter()
        .filter(|_| draw.once_in(3))
        .map(str::to_owned)
        .collect();
    let created_at = now - Duration::seconds(draw.below(1000) as i64);
    let email = (!draw.once_in(3)).then(|| {
        let domain = draw.pick(&["example.com", "example.org"]);
        format!("{}@{domain}", draw.pick(&["ada", "bob", "zoe", "a_b%c"]))
    });
    Lead {
        id: ProcessIds.next(created_at),
        fields: LeadFields {
            email,
            phone: (!draw.once_in(3))
                .then(|| draw.pick(&["+4930901820", "+14155550132", "12"]).to_owned()),
            first_name: text(draw),
            last_name: text(draw),
            company: text(draw),
            city: text(draw),
            country: (!draw.once_in(3)).then(|| draw.pick(&["DE", "GB", "US"]).to_owned()),
            message: text(draw),
            employee_count: number(draw),
            annual_revenue: number(draw),
            ..LeadFields::default()
        },
        website_domain: (!draw.once_in(2)).then(|| "example.com".to_owned()),
        custom,
        tags,
        source: text(draw),
        channel: draw.pick(&["api", "web_form"]).to_owned(),
        stage: kind.as_str().to_owned(),
        stage_kind: kind,
        stage_changed_at: moment(draw, now),
        disqualify_reason: text(draw),
        revisit_at: (!draw.once_in(3)).then(|| moment(draw, now)),
        owner_id: id(draw),
        team_id: id(draw),
        first_attribution: attribution(draw),
        last_attribution: attribution(draw),
        is_test: draw.once_in(5),
        version: 1,
        captured_at: moment(draw, now),
        created_at,
        updated_at: moment(draw, now),
        last_activity_at: moment(draw, now),
        deleted_at: None,
        merged_into: None,
        queue: None,
        verdict: None,
        score: (!draw.once_in(3)).then(|| score(draw, now)),
    }
}

/// Of two leads with the same points of fit, the order of engagement is that of the score, as scoring leaves it.
fn score(draw: &mut Draw, now: DateTime<Utc>) -> LeadScore {
    static MODEL: LazyLock<ScoringModel> = LazyLock::new(|| {
        let document = serde_json::from_value(json!({"name": "M", "rules": []})).unwrap();
        ScoringModel::compile(&document, &Rules::default()).unwrap()
    });
    let ledger = Ledger {
        fit: draw.one(&[-10, 0, 7, 250]),
        engagement: draw.one(&[-2.5, 0.0, 0.1, 30.0, 60.0]),
        as_of: now - Duration::hours(draw.below(20_000) as i64),
        ..Ledger::default()
    };
    LeadScore::of(&MODEL, &ledger, now)
}

/// Something that happened with a lead.
pub fn activity(draw: &mut Draw, lead_id: Uuid, now: DateTime<Utc>) -> Activity {
    let value = |draw: &mut Draw| {
        draw.one(&[
            json!(null),
            json!(""),
            json!([]),
            json!({}),
            json!(["a"]),
            json!("/pricing"),
            json!("/pricing/eu"),
            json!("7"),
            json!(7),
            json!(7.5),
            json!(-0.0),
            json!(1e300),
            json!(true),
            json!(false),
            json!(9_007_199_254_740_993_i64),
        ])
    };
    let mut properties = Map::new();
    for name in ["path", "seconds", "a b"] {
        if draw.once_in(2) {
            properties.insert(name.to_owned(), value(draw));
        }
    }
    if draw.once_in(2) {
        properties.insert(
            "device".to_owned(),
            json!({"kind": value(draw), "deep": {"er": value(draw)}}),
        );
    }
    Activity {
        id: ProcessIds.next(now),
        lead_id,
        kind: draw
            .pick(&["call", "page_view", "email", DELETED])
            .to_owned(),
        occurred_at: moment(draw, now),
        created_at: now - Duration::seconds(draw.below(100) as i64),
        direction: draw.one(&[None, Some(Direction::Inbound), Some(Direction::Outbound)]),
        outcome: text(draw),
        duration_seconds: (!draw.once_in(3)).then(|| draw.one(&NUMBERS).max(0)),
        subject: text(draw),
        body: text(draw),
        source: text(draw),
        channel: text(draw),
        submission_id: None,
        actor: Actor::system(),
        attribution: attribution(draw),
        properties,
        is_test: false,
        version: 1,
    }
}

/// Writes them with everything that searches go by. The leads are sorted by their ids afterwards.
pub fn write(db: &Db, workspace_id: Uuid, leads: &mut [Lead], activities: &[Activity]) {
    leads.sort_by_key(|lead| lead.id);
    db.in_workspace(workspace_id, |conn| {
        let rules = rules();
        let keys_of = |lead: &Lead| (lead.id, keys_of_lead(lead, &rules.matching, workspace_id));
        let keys: Vec<_> = leads.iter().map(keys_of).collect();
        let keyed = keys.iter().map(|(id, keys)| (*id, keys.as_slice()));
        let new = NewRows {
            leads: &leads.iter().collect::<Vec<_>>(),
            keys: &keyed.collect::<Vec<_>>(),
            submissions: &[],
            activities: &[],
            consents: &[],
            events: &[],
            decisions: &[],
            assignments: &[],
            clocks: &[],
            scores: &[],
            answers: &[],
            turns: &Default::default(),
        };
        together::write_all(conn, &new, &rules, Utc::now())?;
        // New leads stand at the beginning of the pipeline; these are anywhere in it.
        leads
            .iter()
            .try_for_each(|lead| store::leads::update(conn, lead, lead, &rules))?;
        for activity in activities {
            store::activities::insert(conn, activity)?;
            if activity.kind == DELETED {
                store::activities::mark_deleted(conn, activity, Utc::now())?;
            }
        }
        let texts = leads
            .iter()
            .map(|lead| (lead.id, search_text::text_of(&lead.fields)));
        lead_texts::write(conn, texts.collect())?;
        Ok(())
    })
    .unwrap();
}
