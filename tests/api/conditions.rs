//! Conditions: in memory and in SQL the answer is the same.

use crate::support::draw::Draw;
use crate::support::leads::{
    ACTIVITY_TYPES, DATES, DECIMALS, DELETED, NUMBERS, OPTIONS, SPANS, TEXTS, activity, lead,
    moment, right_value, rules, write,
};
use crate::support::server::TestDatabase;
use baton::domain::access::Visibility;
use baton::domain::activity::Activity;
use baton::domain::condition::{Column, Condition, Facts, Kind, Operator};
use baton::domain::field_definition::FieldType;
use baton::domain::flow::setup;
use baton::domain::lead_search::LeadSearch;
use baton::store::lead_search;
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Draws conditions over the leads of `support::leads`.
struct Conditions<'d> {
    draw: &'d mut Draw,
    owners: &'d [Uuid],
    now: DateTime<Utc>,
}

impl Conditions<'_> {
    fn any(&mut self, depth: usize) -> Value {
        match self.draw.below(if depth == 0 { 6 } else { 10 }) {
            0..=3 => self.field(),
            4 => self.custom(),
            5 => self.activity(),
            6 => json!({"not": self.any(depth - 1)}),
            number => {
                let parts: Vec<Value> = (0..self.draw.below(4))
                    .map(|_| self.any(depth - 1))
                    .collect();
                let name = if number % 2 == 0 { "any" } else { "all" };
                json!({name: parts})
            }
        }
    }

    fn field(&mut self) -> Value {
        let draw = &mut *self.draw;
        let own = [
            Column::email,
            Column::phone,
            Column::first_name,
            Column::last_name,
            Column::city,
            Column::country,
            Column::message,
            Column::EmailDomain,
            Column::WebsiteDomain,
            Column::employee_count,
            Column::annual_revenue,
            Column::Source,
            Column::Channel,
            Column::StageKind,
            Column::Stage,
            Column::StageChangedAt,
            Column::RevisitAt,
            Column::OwnerId,
            Column::TeamId,
            Column::IsTest,
            Column::CapturedAt,
            Column::UpdatedAt,
            Column::LastActivityAt,
            Column::title,
            Column::DisqualifyReason,
        ];
        match draw.below(8) {
            0 => {
                let touch = draw.pick(&["first", "last"]);
                let key = draw.pick(&["utm_source", "gclid", "landing_page"]);
                self.test(format!("attribution.{touch}.{key}"), Kind::Text, None)
            }
            1 => self.test("tags".to_owned(), Kind::List, None),
            _ => {
                let column = draw.one(&own);
                self.test(column.name().to_owned(), column.kind(), Some(column))
            }
        }
    }

    fn custom(&mut self) -> Value {
        let field_type = loop {
            let field_type = self.draw.one(&FieldType::ALL);
            if field_type.can_be_filterable() {
                break field_type;
            }
        };
        let kind = match field_type {
            FieldType::Text | FieldType::LongText | FieldType::Url => Kind::Text,
            FieldType::Integer => Kind::Integer,
            FieldType::Decimal => Kind::Decimal,
            FieldType::Boolean => Kind::Boolean,
            FieldType::Date => Kind::Date,
            FieldType::Datetime => Kind::Datetime,
            FieldType::SingleChoice => Kind::Choice,
            FieldType::MultiChoice => Kind::List,
            FieldType::Money => Kind::Money,
        };
        let operator = self.draw.one(kind.operators());
        let mut test =
            json!({"field": format!("custom.{}", field_type.as_str()), "op": operator.as_str()});
        let values = |conditions: &mut Self| match kind {
            Kind::List => json!(conditions.draw.pick(&OPTIONS)),
            Kind::Date | Kind::Datetime if conditions.draw.once_in(2) => conditions.time(kind),
            Kind::Text => match right_value(conditions.draw, field_type, conditions.now) {
                Value::String(text) if text.is_empty() => json!("x"),
                other => other,
            },
            _ => right_value(conditions.draw, field_type, conditions.now),
        };
        self.give(&mut test, operator, values);
        test
    }

    fn test(&mut self, field: String, kind: Kind, column: Option<Column>) -> Value {
        let operator = self.draw.one(kind.operators());
        let mut test = json!({"field": field, "op": operator.as_str()});
        self.give(&mut test, operator, |conditions| {
            conditions.value(kind, column)
        });
        test
    }

    fn give(
        &mut self,
        test: &mut Value,
        operator: Operator,
        mut value: impl FnMut(&mut Self) -> Value,
    ) {
        match operator {
            Operator::IsSet | Operator::IsNotSet => {}
            Operator::In | Operator::NotIn | Operator::HasAny | Operator::HasAll => {
                let count = 1 + self.draw.below(3);
                test["value"] = (0..count).map(|_| value(self)).collect();
            }
            Operator::StartsWith | Operator::Contains => {
                let part = value(self);
                test["value"] = if part.is_string() { part } else { json!("/") };
            }
            _ => test["value"] = value(self),
        }
    }

    fn value(&mut self, kind: Kind, column: Option<Column>) -> Value {
        let draw = &mut *self.draw;
        match (kind, column) {
            (_, Some(Column::Stage | Column::StageKind)) => {
                json!(draw.pick(&["new", "mql", "disqualified"]))
            }
            (_, Some(Column::email)) => json!(draw.pick(&[
                "ADA@example.com",
                "bob@example.org",
                "a_b%c@example.com",
                "zo",
                "@"
            ])),
            (_, Some(Column::phone)) => {
                json!(draw.pick(&["030 901820", "+1 415 555 0132", "12", "+49"]))
            }
            (_, Some(Column::country)) => json!(draw.pick(&["Germany", "GB", "U"])),
            (_, Some(Column::EmailDomain | Column::WebsiteDomain)) => {
                json!(draw.pick(&["Example.com", "example.org", "exam"]))
            }
            (Kind::List, _) => json!(draw.pick(&["vip", "Vip", "50% off", "none"])),
            (Kind::Text | Kind::Choice, _) => {
                let text = draw.pick(&TEXTS);
                json!(if text.is_empty() { "%" } else { text })
            }
            (Kind::Integer, _) => json!(draw.one(&NUMBERS)),
            (Kind::Decimal, _) => json!(draw.one(&DECIMALS)),
            (Kind::Boolean, _) => json!(draw.once_in(2)),
            (Kind::Id, _) => json!(draw.one(self.owners)),
            (Kind::Date | Kind::Datetime, _) => self.time(kind),
            (Kind::Money, _) => right_value(draw, FieldType::Money, self.now),
            (Kind::Any, _) => draw.one(&[
                json!("/pricing"),
                json!("/"),
                json!(7),
                json!(7.5),
                json!(0),
                json!(true),
                json!("7"),
                json!(9_007_199_254_740_992_i64),
            ]),
        }
    }

    fn time(&mut self, kind: Kind) -> Value {
        let draw = &mut *self.draw;
        match draw.below(5) {
            0 => json!({"ago": draw.pick(&SPANS)}),
            1 => json!({"ahead": draw.pick(&SPANS), "zone": "America/New_York"}),
            2 => {
                json!({"start_of": draw.pick(&["day", "week", "month", "quarter", "year"]), "offset": draw.below(5) as i64 - 2})
            }
            _ if kind == Kind::Date => json!(draw.pick(&DATES)),
            _ => json!(moment(draw, self.now)),
        }
    }

    fn activity(&mut self) -> Value {
        let mut test = json!({"activity": self.draw.pick(&ACTIVITY_TYPES)});
        if self.draw.once_in(3) {
            test["activity"] = json!(["call", self.draw.pick(&ACTIVITY_TYPES), DELETED]);
        }
        if self.draw.once_in(2) {
            let name = self.draw.pick(&["eq", "gt", "gte", "lt", "lte"]);
            let number = self.draw.below(4) + usize::from(name == "lt");
            test["count"] = json!({name: number});
        }
        if self.draw.once_in(3) {
            test["within"] = json!(self.draw.pick(&SPANS));
        }
        if !self.draw.once_in(3) {
            test["where"] = self.activity_field(2);
        }
        test
    }

    fn activity_field(&mut self, depth: usize) -> Value {
        match self.draw.below(if depth == 0 { 6 } else { 8 }) {
            0..=3 => {
                let name = self.draw.pick(&[
                    "path",
                    "seconds",
                    "a b",
                    "device.kind",
                    "device.deep.er",
                    "none",
                ]);
                self.test(format!("properties.{name}"), Kind::Any, None)
            }
            4 => {
                let (name, kind) = self.draw.one(&[
                    ("type", Kind::Text),
                    ("source", Kind::Text),
                    ("channel", Kind::Text),
                    ("direction", Kind::Choice),
                    ("outcome", Kind::Text),
                    ("subject", Kind::Text),
                    ("body", Kind::Text),
                    ("duration_seconds", Kind::Integer),
                    ("attribution.utm_source", Kind::Text),
                ]);
                let mut test = self.test(name.to_owned(), kind, None);
                if kind == Kind::Choice && !test["value"].is_null() {
                    let one = json!(self.draw.pick(&["inbound", "outbound"]));
                    test["value"] = if test["value"].is_array() {
                        json!([one])
                    } else {
                        one
                    };
                }
                test
            }
            5 => self.test("occurred_at".to_owned(), Kind::Datetime, None),
            6 => json!({"not": self.activity_field(depth - 1)}),
            _ => {
                json!({"any": [self.activity_field(depth - 1), {"all": [self.activity_field(depth - 1)]}]})
            }
        }
    }
}

#[test]
fn random_conditions_hold_for_the_same_leads_in_memory_and_in_sql() {
    const LEADS: usize = 200;
    const CONDITIONS: usize = 3000;
    let database = TestDatabase::create();
    let db = database.open();
    let now = Utc::now().trunc_subsecs(6);
    let (workspace_id, _) = setup::create_workspace(&db, "test", now).unwrap();
    let mut draw = Draw::new(4711);
    let owners: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    let mut leads: Vec<_> = (0..LEADS).map(|_| lead(&mut draw, &owners, now)).collect();
    let activities: Vec<Vec<Activity>> = leads
        .iter()
        .map(|lead| {
            (0..draw.below(6))
                .map(|_| activity(&mut draw, lead.id, now))
                .collect()
        })
        .collect();
    let activities: HashMap<Uuid, Vec<Activity>> =
        leads.iter().map(|lead| lead.id).zip(activities).collect();
    write(
        &db,
        workspace_id,
        &mut leads,
        &activities.values().flatten().cloned().collect::<Vec<_>>(),
    );
    let mut shown = activities;
    shown
        .values_mut()
        .for_each(|own| own.retain(|activity| activity.kind != DELETED));
    let (rules, mut mixed) = (rules(), 0);
    for number in 0..CONDITIONS {
        let value = Conditions {
            draw: &mut draw,
            owners: &owners,
            now,
        }
        .any(3);
        let condition = Condition::parse_for_search(&value, &rules, "")
            .unwrap_or_else(|errors| panic!("{value}: {errors:?}"));
        let holds = |lead: &&baton::domain::lead::Lead| {
            condition.holds(
                &Facts {
                    lead,
                    activities: &shown[&lead.id],
                },
                now,
            )
        };
        let expected: HashSet<Uuid> = leads.iter().filter(holds).map(|lead| lead.id).collect();
        mixed += usize::from(!expected.is_empty() && expected.len() < LEADS);
        let search = LeadSearch {
            condition: condition.clone(),
            is_test: None,
            limit: 1000,
            ..LeadSearch::new(Visibility::All, now)
        };
        let (found, count) = db
            .in_workspace(workspace_id, |conn| {
                Ok((
                    lead_search::list(conn, &search)?,
                    lead_search::count(conn, &search)?,
                ))
            })
            .unwrap_or_else(|error| panic!("{number}: {value}: {error:?}"));
        let found: Vec<Uuid> = found.iter().map(|lead| lead.id).collect();
        let distinct: HashSet<Uuid> = found.iter().copied().collect();
        assert_eq!(
            distinct.len(),
            found.len(),
            "{number}: {value} gives a lead twice"
        );
        let differ: Vec<_> = distinct
            .symmetric_difference(&expected)
            .map(|id| leads.iter().find(|lead| lead.id == *id))
            .collect();
        assert!(
            differ.is_empty(),
            "{number}: {value}: in memory {}, in SQL {}: {:#?}",
            expected.len(),
            found.len(),
            differ[0]
        );
        assert_eq!(count, expected.len() as i64, "{number}: {value}");
    }
    assert!(
        mixed > CONDITIONS / 2,
        "only {mixed} conditions tell leads apart"
    );
}
