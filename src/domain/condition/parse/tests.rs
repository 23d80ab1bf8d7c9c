use super::*;
use crate::domain::condition::activity::{ActivityCheck, ActivityField, ActivityTest, Count};
use crate::domain::condition::column::Column;
use crate::domain::condition::comparison::{Comparison, Order, Test};
use crate::domain::condition::field::{CustomField, Field};
use crate::domain::condition::time::{Moment, Span, Unit};
use crate::domain::condition::{MAX_VALUES, Operand};
use crate::domain::field_definition::{FieldDefinition, FieldOption, FieldType, Indexing};
use crate::domain::workspace::WorkspaceSettings;
use serde_json::json;

fn definition(key: &str, slot: i16, field_type: FieldType) -> FieldDefinition {
    FieldDefinition {
        filterable: true,
        ..FieldDefinition::new(key, slot, field_type)
    }
}

fn rules() -> Rules {
    let option = |value: &str| FieldOption {
        value: value.into(),
        label: value.into(),
        archived: false,
    };
    Rules {
        settings: WorkspaceSettings {
            default_country: Some("DE".into()),
            timezone: "Europe/Berlin".into(),
            ..WorkspaceSettings::default()
        },
        fields: vec![
            FieldDefinition {
                options: vec![option("free"), option("enterprise")],
                ..definition("plan", 1, FieldType::SingleChoice)
            },
            definition("seats", 2, FieldType::Integer),
            definition("budget", 3, FieldType::Money),
            definition("renewal", 4, FieldType::Date),
            FieldDefinition {
                archived: true,
                ..definition("old", 5, FieldType::Text)
            },
            FieldDefinition {
                filterable: false,
                ..definition("story", 6, FieldType::LongText)
            },
            FieldDefinition {
                indexing: Indexing {
                    index_ready: false,
                    ..Indexing::DONE
                },
                ..definition("fresh", 7, FieldType::Text)
            },
        ],
        ..Rules::default()
    }
}

/// Pointers and codes of what is wrong.
fn wrong(value: Value) -> Vec<(String, &'static str)> {
    let errors = Condition::parse_for_search(&value, &rules(), "/condition").unwrap_err();
    for error in &errors {
        assert!(error.detail.len() > 10, "{error:?}");
    }
    errors
        .into_iter()
        .map(|error| (error.pointer, error.code))
        .collect()
}

/// The test of a condition that is a single check of a field.
fn read(value: Value) -> (Field, Test) {
    let condition = Condition::parse_for_search(&value, &rules(), "")
        .unwrap_or_else(|errors| panic!("{value}: {errors:?}"));
    match condition.root {
        Node::Check(LeadCheck::Field(field, test)) => (field, test),
        other => panic!("{other:?}"),
    }
}

fn text(operand: Comparison) -> String {
    match operand {
        Comparison::Equals(Operand::Text(text))
        | Comparison::Contains(text)
        | Comparison::StartsWith(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tree_is_read_as_it_stands() {
    let value = json!({"all": [
        {"field": "employee_count", "op": "gte", "value": 200},
        {"any": [{"field": "country", "op": "in", "value": ["Germany", "AT", "CHE"]}, {"field": "custom.plan", "op": "ne", "value": "free"}]},
        {"activity": "page_view", "where": {"field": "properties.path", "op": "starts_with", "value": "/pricing"}, "count": {"gte": 2}, "within": "14d"},
        {"not": {"field": "email_domain", "op": "is_set"}}
    ]});
    let condition = Condition::parse(&value, &rules(), "").unwrap();
    let of = |code: &str| Operand::Text(code.into());
    let check = |field, test: Test| Node::Check(LeadCheck::Field(field, test));
    let plan = CustomField {
        key: "plan".into(),
        slot: 1,
        field_type: FieldType::SingleChoice,
    };
    let expected = Node::All(vec![
        check(
            Field::Column(Column::employee_count),
            Comparison::Order(Order::GreaterOrEqual, Operand::Integer(200)).into(),
        ),
        Node::Any(vec![
            check(
                Field::Column(Column::country),
                Comparison::OneOf(vec![of("DE"), of("AT"), of("CH")]).into(),
            ),
            check(
                Field::Custom(plan),
                Test {
                    negated: true,
                    comparison: Comparison::Equals(of("free")),
                },
            ),
        ]),
        Node::Check(LeadCheck::Activity(ActivityTest {
            types: vec!["page_view".into()],
            filter: Node::Check(ActivityCheck {
                field: ActivityField::Property(vec!["path".into()]),
                test: Comparison::StartsWith("/pricing".into()).into(),
            }),
            count: Count { min: 2, max: None },
            within: Some(Span {
                count: 14,
                unit: Unit::Day,
                zone: chrono_tz::Europe::Berlin,
            }),
        })),
        Node::Not(Box::new(check(
            Field::Column(Column::EmailDomain),
            Comparison::IsSet.into(),
        ))),
    ]);
    assert_eq!(condition.root, expected);
    assert_eq!(condition.conjuncts().len(), 4);
    assert!(condition.asks_of_activities());
}

#[test]
fn values_are_brought_into_the_form_that_leads_have() {
    for (field, op, value, normal) in [
        ("email", "eq", " ADA@Example.com", "ada@example.com"),
        ("email", "contains", "@Example", "@example"),
        ("phone", "eq", "030 901820", "+4930901820"),
        ("mobile_phone", "starts_with", "+49 (30)", "+4930"),
        ("country", "eq", "united kingdom", "GB"),
        ("email_domain", "eq", "Example.COM", "example.com"),
        ("company", "eq", "  Engines  ", "Engines"),
        ("company", "contains", "gines ", "gines "),
        ("first_name", "eq", "Zoe\u{308}", "Zoë"),
        ("stage_kind", "eq", "mql", "mql"),
        ("attribution.last.utm_source", "eq", "Google", "Google"),
    ] {
        let (_, test) = read(json!({"field": field, "op": op, "value": value}));
        assert_eq!(text(test.comparison), normal, "{field}");
    }
    let (_, test) = read(
        json!({"field": "custom.budget", "op": "lt", "value": {"amount_minor": 5, "currency": "eur"}}),
    );
    assert_eq!(
        test.comparison,
        Comparison::Order(Order::Less, Operand::Money(5, "EUR".into()))
    );
    let (_, test) = read(
        json!({"field": "created_at", "op": "gte", "value": {"start_of": "week", "offset": -1, "zone": "America/New_York"}}),
    );
    let moment = Moment::StartOf(
        super::super::time::StartUnit::Week,
        -1,
        chrono_tz::America::New_York,
    );
    assert_eq!(
        test.comparison,
        Comparison::Order(Order::GreaterOrEqual, Operand::Moment(moment))
    );
}

#[test]
fn every_mistake_is_found_with_its_place() {
    let condition = json!({"all": [
        {"field": "emial", "op": "eq", "value": "a"},
        {"any": [{"field": "email", "op": "gt", "value": "a"}, {"field": "custom.seat", "op": "eq", "value": 1}, 7]},
        {"not": {"field": "custom.seats", "op": "in", "value": [1, "2", 3.5]}},
        {"field": "custom.plan", "op": "eq", "value": "enterprize"},
        {"field": "custom.old", "op": "is_set"},
        {"field": "custom.story", "op": "contains", "value": "x"},
        {"field": "city", "op": "eq", "values": ["Ulm"]},
        {"activity": [], "where": {"field": "kind", "op": "eq", "value": "x"}, "count": {"gte": -1, "most": 3}, "within": "14 days"},
        {"field": "city", "op": "eq", "value": ""},
        {"field": "city", "op": "eq", "value": null},
        {"field": "city", "op": "is_set", "value": true},
        {"field": "created_at", "op": "gt", "value": "yesterday"},
        {"field": "created_at", "op": "gt", "value": {"ago": "14d", "zone": "Berlin"}},
        {"field": "owner_id", "op": "eq", "value": "me"},
        {"field": "tags", "op": "has_any", "value": []},
        {"field": "a/b~", "op": "eq", "value": 1, "x/y~": 2},
        {"all": [], "any": []},
        {"fields": "city"},
        {"field": "custom.fresh", "op": "is_set"},
    ]});
    let expected = [
        ("/all/0/field", "unknown_field"),
        ("/all/1/any/0/op", "unknown_operator"),
        ("/all/1/any/1/field", "unknown_field"),
        ("/all/1/any/2", "wrong_type"),
        ("/all/2/not/value/1", "wrong_type"),
        ("/all/2/not/value/2", "wrong_type"),
        ("/all/3/value", "unknown_option"),
        ("/all/4/field", "archived_field"),
        ("/all/5/field", "not_filterable"),
        ("/all/6/values", "unknown_key"),
        ("/all/6/value", "required"),
        ("/all/7/activity", "too_few"),
        ("/all/7/where/field", "unknown_field"),
        ("/all/7/count/most", "unknown_key"),
        ("/all/7/count/gte", "wrong_type"),
        ("/all/7/within", "invalid_format"),
        ("/all/8/value", "empty"),
        ("/all/9/value", "wrong_type"),
        ("/all/10/value", "unexpected_value"),
        ("/all/11/value", "invalid_format"),
        ("/all/12/value", "invalid_timezone"),
        ("/all/13/value", "wrong_type"),
        ("/all/14/value", "too_few"),
        ("/all/15/x~1y~0", "unknown_key"),
        ("/all/15/field", "unknown_field"),
        ("/all/16", "ambiguous"),
        ("/all/17", "required"),
        ("/all/18/field", "index_building"),
    ];
    let expected: Vec<(String, &str)> = expected
        .map(|(pointer, code)| (format!("/condition{pointer}"), code))
        .into();
    assert_eq!(wrong(condition), expected);
}

#[test]
fn a_slip_is_told_what_was_probably_meant() {
    for (value, hint) in [
        (
            json!({"field": "emial", "op": "eq", "value": "a"}),
            "did you mean `email`?",
        ),
        (
            json!({"field": "custom.seat", "op": "eq", "value": 1}),
            "did you mean `seats`?",
        ),
        (
            json!({"field": "email", "op": "equals", "value": 1}),
            "did you mean `eq`?",
        ),
        (
            json!({"field": "custom.plan", "op": "eq", "value": "enterprize"}),
            "did you mean `enterprise`?",
        ),
        (json!({"feild": "email"}), "did you mean `field`?"),
    ] {
        let errors = Condition::parse(&value, &rules(), "").unwrap_err();
        assert!(errors[0].detail.contains(hint), "{errors:?}");
    }
}

#[test]
fn a_condition_that_is_only_judged_in_memory_may_ask_for_any_field() {
    let value = json!({"field": "custom.story", "op": "contains", "value": "x"});
    assert!(Condition::parse(&value, &rules(), "").is_ok());
    assert!(Condition::parse_for_search(&value, &rules(), "").is_err());
}

#[test]
fn size_has_its_bounds() {
    let nested =
        |depth: usize| (1..depth).fold(json!({"all": []}), |inner, _| json!({"not": inner}));
    assert!(Condition::parse(&nested(MAX_DEPTH), &rules(), "").is_ok());
    let place = format!("/condition{}", "/not".repeat(MAX_DEPTH));
    assert_eq!(wrong(nested(MAX_DEPTH + 1)), [(place, "too_deep")]);
    let wide = |parts: usize| json!({"any": vec![json!({"field": "city", "op": "is_set"}); parts]});
    assert!(Condition::parse(&wide(MAX_NODES - 1), &rules(), "").is_ok());
    assert_eq!(
        wrong(wide(MAX_NODES)),
        [(format!("/condition/any/{}", MAX_NODES - 1), "too_many")]
    );
    let list =
        |values: usize| json!({"field": "custom.seats", "op": "in", "value": vec![1; values]});
    assert!(Condition::parse(&list(MAX_VALUES), &rules(), "").is_ok());
    assert_eq!(
        wrong(list(MAX_VALUES + 1)),
        [("/condition/value".to_owned(), "too_many")]
    );
    let long = json!({"field": "city", "op": "eq", "value": "x".repeat(2049)});
    assert_eq!(wrong(long), [("/condition/value".to_owned(), "too_long")]);
}

#[test]
fn counts_are_a_range() {
    let count = |bounds: Value| {
        let value = json!({"activity": "call", "count": bounds});
        match Condition::parse(&value, &rules(), "").unwrap().root {
            Node::Check(LeadCheck::Activity(test)) => (test.count.min, test.count.max),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(count(json!({"gte": 2})), (2, None));
    assert_eq!(count(json!({"gt": 2, "lt": 9})), (3, Some(8)));
    assert_eq!(count(json!({"eq": 0})), (0, Some(0)));
    assert_eq!(count(json!({"lte": 4, "gte": 1})), (1, Some(4)));
    assert_eq!(
        wrong(json!({"activity": "call", "count": {}})),
        [("/condition/count".to_owned(), "required")]
    );
    assert_eq!(
        wrong(json!({"activity": "call", "count": {"lt": 0}})),
        [("/condition/count/lt".to_owned(), "out_of_range")]
    );
}

#[test]
fn the_names_of_activity_fields_cannot_be_places_in_a_list() {
    for (name, is_known) in [
        ("properties.a.b", true),
        ("properties.0", false),
        ("properties.a.-1", false),
        ("properties.", false),
        ("properties.a..b", false),
        ("properties.2x", true),
        ("attribution.gclid", true),
        ("attribution.x", false),
    ] {
        let value = json!({"activity": "call", "where": {"field": name, "op": "eq", "value": "a"}});
        assert_eq!(
            Condition::parse(&value, &rules(), "").is_ok(),
            is_known,
            "{name}"
        );
    }
}
