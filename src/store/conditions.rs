//! Conditions as SQL over `leads`.
//!
//! A missing value is NULL, and a comparison with it NULL, which is not true: so whatever holds only where something holds
//! may give NULL, and every negation is `(…) IS NOT TRUE`. Look-ups in other tables are scalar subqueries with LIMIT 1:
//! the planner cannot turn them into joins, and asks the index once for each lead that is looked at.

use crate::domain::condition::{
    ActivityCheck, ActivityField, ActivityTest, AttributionKey, Column, Comparison, Field, Forms,
    Kind, LeadCheck, Node, Operand, Order, Test, Touch, after_prefix,
};
use crate::store::sql::{Bind, Sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Labels, in the index of values.
pub(in crate::store) const TAGS_SLOT: i16 = 0;

/// What a condition is written for.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Scope {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The moment that relative times count from.
    pub now: DateTime<Utc>,
}

/// What the index of values answers by itself: leads with these forms in this slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct ValueSet {
    /// Which field; [`TAGS_SLOT`] for labels.
    pub slot: i16,
    /// Which values.
    pub forms: Forms,
}

impl ValueSet {
    /// What a check asks of the index of values; empty for another check. All of them have to hold.
    pub fn of(node: &Node<LeadCheck>, now: DateTime<Utc>) -> Vec<ValueSet> {
        let Node::Check(LeadCheck::Field(field, test)) = node else {
            return Vec::new();
        };
        if test.negated {
            return Vec::new();
        }
        let (slot, forms) = match field {
            Field::Tags => (TAGS_SLOT, Forms::of_texts(&test.comparison)),
            Field::Custom(custom) => (custom.slot, Forms::of_custom(custom, &test.comparison, now)),
            Field::Column(_) | Field::Attribution(..) => return Vec::new(),
        };
        match forms {
            Forms::All(each) => each
                .into_iter()
                .map(|form| ValueSet {
                    slot,
                    forms: Forms::OneOf(vec![form]),
                })
                .collect(),
            forms => vec![ValueSet { slot, forms }],
        }
    }

    /// Whether the index gives its leads in the order of their ids, and each once.
    pub fn is_in_order(&self) -> bool {
        matches!(&self.forms, Forms::OneOf(forms) if forms.len() == 1)
    }

    /// The condition on the rows of `lead_values`, there called by `alias`.
    pub fn rows(&self, out: &mut Sql, workspace_id: Uuid, alias: &'static str) {
        self.of_field(out, workspace_id, alias);
        self.of_values(out, alias);
    }

    fn of_field(&self, out: &mut Sql, workspace_id: Uuid, alias: &'static str) {
        out.text(alias).text(".workspace_id = ").bind(workspace_id);
        out.text(" AND ")
            .text(alias)
            .text(".slot = ")
            .bind(self.slot);
    }

    fn of_values(&self, out: &mut Sql, alias: &'static str) {
        let value = |out: &mut Sql, operator: &'static str| {
            out.text(" AND ").text(alias).text(".value").text(operator);
        };
        match &self.forms {
            Forms::Any => value(out, " > ''"),
            Forms::OneOf(forms) => match forms.as_slice() {
                [form] => {
                    value(out, " = ");
                    out.bind(form.clone());
                }
                _ => {
                    value(out, " = ANY (");
                    out.bind(forms.clone()).text(")");
                }
            },
            // Taken apart by `of`; nothing has all of them in one row.
            Forms::All(_) => {
                out.text(" AND false");
            }
            Forms::Range { from, to } => {
                if let Some((from, itself)) = from {
                    value(out, if *itself { " >= " } else { " > " });
                    out.bind(from.clone());
                }
                if let Some((to, itself)) = to {
                    value(out, if *itself { " <= " } else { " < " });
                    out.bind(to.clone());
                }
            }
            Forms::Contains(part) => {
                out.text(" AND strpos(").text(alias).text(".value, ");
                out.bind(part.clone()).text(") > 0");
            }
        }
    }

    /// Whether it names its values, each as it is.
    pub fn is_of_values(&self) -> bool {
        matches!(self.forms, Forms::OneOf(_))
    }

    /// Whether a lead is among them, asked of the index for that lead.
    pub fn probe(&self, out: &mut Sql, workspace_id: Uuid, lead_id: &'static str) {
        if self.is_of_values() {
            out.text("(SELECT true FROM lead_values v WHERE ");
            self.rows(out, workspace_id, "v");
            out.text(" AND v.lead_id = ")
                .text(lead_id)
                .text(" LIMIT 1)");
            return;
        }
        // OFFSET 0 keeps PostgreSQL from reading the whole range for each lead.
        out.text("(SELECT true FROM (SELECT v.value FROM lead_values v WHERE ");
        self.of_field(out, workspace_id, "v");
        out.text(" AND v.lead_id = ")
            .text(lead_id)
            .text(" OFFSET 0) o WHERE true");
        self.of_values(out, "o");
        out.text(" LIMIT 1)");
    }
}

/// The condition, to stand in a WHERE over `leads`.
pub(in crate::store) fn write(out: &mut Sql, node: &Node<LeadCheck>, scope: Scope) {
    tree(out, node, &mut |out, check| match check {
        LeadCheck::Field(field, test) => field_check(out, field, test, scope),
        LeadCheck::Activity(test) => activity_check(out, test, scope),
    });
}

fn tree<C>(out: &mut Sql, node: &Node<C>, check: &mut impl FnMut(&mut Sql, &C)) {
    match node {
        Node::All(parts) => joined(out, parts, " AND ", "true", check),
        Node::Any(parts) => joined(out, parts, " OR ", "false", check),
        Node::Not(part) => {
            out.text("(");
            tree(out, part, check);
            out.text(") IS NOT TRUE");
        }
        Node::Check(single) => check(out, single),
    }
}

fn joined<C>(
    out: &mut Sql,
    parts: &[Node<C>],
    between: &'static str,
    none: &'static str,
    check: &mut impl FnMut(&mut Sql, &C),
) {
    if parts.is_empty() {
        out.text(none);
        return;
    }
    out.text("(");
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            out.text(between);
        }
        out.text("(");
        tree(out, part, check);
        out.text(")");
    }
    out.text(")");
}

/// Writes what may be negated.
fn perhaps_not(out: &mut Sql, negated: bool, write: impl FnOnce(&mut Sql)) {
    if negated {
        out.text("(");
    }
    write(out);
    if negated {
        out.text(") IS NOT TRUE");
    }
}

fn field_check(out: &mut Sql, field: &Field, test: &Test, scope: Scope) {
    perhaps_not(out, test.negated, |out| match field {
        Field::Column(column) => {
            let expression = |out: &mut Sql| column_expression(out, *column);
            let is_text = matches!(column.kind(), Kind::Text | Kind::Choice);
            compare(out, &expression, is_text, &test.comparison, scope.now);
        }
        Field::Attribution(touch, key) => {
            let column = match touch {
                Touch::First => "leads.first_attribution",
                Touch::Last => "leads.last_attribution",
            };
            let expression = |out: &mut Sql| attribution(out, column, *key);
            compare(out, &expression, true, &test.comparison, scope.now);
        }
        Field::Tags | Field::Custom(_) => {
            let plain = Test {
                negated: false,
                comparison: test.comparison.clone(),
            };
            let check = Node::Check(LeadCheck::Field(field.clone(), plain));
            for (number, set) in ValueSet::of(&check, scope.now).iter().enumerate() {
                if number > 0 {
                    out.text(" AND ");
                }
                set.probe(out, scope.workspace_id, "leads.id");
            }
        }
    });
}

/// A column of `leads` as an expression.
pub(in crate::store) fn column_expression(out: &mut Sql, column: Column) {
    match column {
        Column::StageChangedAt => out.text("coalesce(leads.stage_changed_at, leads.created_at)"),
        column => out.text("leads.").text(column.name()),
    };
}

fn attribution(out: &mut Sql, column: &'static str, key: AttributionKey) {
    out.text("(").text(column).text(" ->> '").text(key.name());
    out.text("') COLLATE \"C\"");
}

fn compare(
    out: &mut Sql,
    expression: &dyn Fn(&mut Sql),
    is_text: bool,
    comparison: &Comparison,
    now: DateTime<Utc>,
) {
    match comparison {
        Comparison::IsSet => {
            expression(out);
            out.text(if is_text { " <> ''" } else { " IS NOT NULL" });
        }
        Comparison::Equals(operand) => {
            expression(out);
            out.text(" = ").bind(bind(operand, now));
        }
        Comparison::OneOf(operands) => {
            expression(out);
            out.text(" = ANY (")
                .bind(bind_list(operands, now))
                .text(")");
        }
        Comparison::Order(order, operand) => {
            expression(out);
            out.text(sign(*order)).bind(bind(operand, now));
        }
        Comparison::StartsWith(prefix) => {
            expression(out);
            out.text(" >= ").bind(prefix.clone());
            if let Some(end) = after_prefix(prefix) {
                out.text(" AND ");
                expression(out);
                out.text(" < ").bind(end);
            }
        }
        Comparison::Contains(part) => {
            out.text("strpos(");
            expression(out);
            out.text(", ").bind(part.clone()).text(") > 0");
        }
        // Only lists have these, and they are not columns.
        Comparison::HasAny(_) | Comparison::HasAll(_) => {
            out.text("false");
        }
    }
}

fn sign(order: Order) -> &'static str {
    match order {
        Order::Greater => " > ",
        Order::GreaterOrEqual => " >= ",
        Order::Less => " < ",
        Order::LessOrEqual => " <= ",
    }
}

/// Days and amounts are only in the index of values, by their forms; here they would be texts.
fn bind(operand: &Operand, now: DateTime<Utc>) -> Bind {
    match operand {
        Operand::Text(text) => text.clone().into(),
        Operand::Integer(number) => (*number).into(),
        Operand::Decimal(number) => (*number).into(),
        Operand::Boolean(yes) => (*yes).into(),
        Operand::Moment(moment) => moment.at(now).into(),
        Operand::Id(id) => (*id).into(),
        Operand::Day(day) => day.on(now).to_string().into(),
        Operand::Money(_, currency) => currency.clone().into(),
    }
}

/// A list holds values of one kind: that of its field.
fn bind_list(operands: &[Operand], now: DateTime<Utc>) -> Bind {
    macro_rules! of {
        ($($variant:ident => $list:ident: $type:ty),*) => {
            match operands.first().map(|first| bind(first, now)) {
                $(Some(Bind::$variant(_)) => {
                    let values = operands.iter().filter_map(|operand| match bind(operand, now) { Bind::$variant(value) => Some(value), _ => None });
                    Bind::$list(values.collect::<Vec<$type>>())
                })*
                _ => Bind::Texts(Vec::new()),
            }
        };
    }
    of!(Text => Texts: String, BigInt => BigInts: i64, Double => Doubles: f64, Boolean => Booleans: bool,
        Instant => Instants: DateTime<Utc>, Id => Ids: Uuid)
}

fn activity_check(out: &mut Sql, test: &ActivityTest, scope: Scope) {
    let enough = i64::from(test.count.enough());
    let rows = |out: &mut Sql| {
        out.text("FROM activities a WHERE a.workspace_id = ")
            .bind(scope.workspace_id);
        out.text(" AND a.lead_id = leads.id AND a.deleted_at IS NULL AND (leads.is_test OR NOT a.is_test) AND a.type = ANY (")
            .bind(test.types.clone())
            .text(")");
        if let Some(within) = test.within {
            out.text(" AND a.occurred_at >= ")
                .bind(within.before(scope.now));
            out.text(" AND a.occurred_at <= ").bind(scope.now);
        }
        out.text(" AND ");
        tree(out, &test.filter, &mut |out, check| {
            activity_field_check(out, check, scope.now);
        });
    };
    match (test.count.min, test.count.max) {
        (0, None) => {
            out.text("true");
        }
        (1, None) => {
            out.text("(SELECT true ");
            rows(out);
            out.text(" LIMIT 1)");
        }
        (min, max) => {
            out.text("((SELECT count(*) FROM (SELECT ");
            rows(out);
            out.text(" LIMIT ").bind(enough).text(") s) BETWEEN ");
            out.bind(i64::from(min)).text(" AND ");
            out.bind(i64::from(max.unwrap_or(u32::MAX))).text(")");
        }
    }
}

fn activity_field_check(out: &mut Sql, check: &ActivityCheck, now: DateTime<Utc>) {
    let comparison = &check.test.comparison;
    let plain = |name: &'static str| {
        move |out: &mut Sql| {
            out.text(name);
        }
    };
    perhaps_not(out, check.test.negated, |out| match &check.field {
        ActivityField::Type => compare(out, &plain("a.type"), true, comparison, now),
        ActivityField::OccurredAt => compare(out, &plain("a.occurred_at"), false, comparison, now),
        ActivityField::CreatedAt => compare(out, &plain("a.created_at"), false, comparison, now),
        ActivityField::Source => compare(out, &plain("a.source"), true, comparison, now),
        ActivityField::Channel => compare(out, &plain("a.channel"), true, comparison, now),
        ActivityField::Direction => compare(out, &plain("a.direction"), true, comparison, now),
        ActivityField::Outcome => compare(out, &plain("a.outcome"), true, comparison, now),
        ActivityField::Subject => compare(out, &plain("a.subject"), true, comparison, now),
        ActivityField::Body => compare(out, &plain("a.body"), true, comparison, now),
        ActivityField::DurationSeconds => {
            compare(out, &plain("a.duration_seconds"), false, comparison, now);
        }
        ActivityField::Attribution(key) => {
            let expression = |out: &mut Sql| attribution(out, "a.attribution", *key);
            compare(out, &expression, true, comparison, now);
        }
        ActivityField::Property(path) => property_check(out, path, comparison, now),
    });
}

/// A property is compared with values of its own type only.
fn property_check(out: &mut Sql, path: &[String], comparison: &Comparison, now: DateTime<Utc>) {
    let of_type = |before: &'static str, kind: &'static str, after: &'static str| {
        let path = path.to_vec();
        move |out: &mut Sql| {
            out.text(before)
                .text("(CASE WHEN jsonb_typeof(a.properties #> ");
            out.bind(path.clone()).text(") = '").text(kind);
            out.text("' THEN a.properties #>> ").bind(path.clone());
            out.text(" END)").text(after);
        }
    };
    let text = of_type("nullif(", "string", ", '') COLLATE \"C\"");
    let number = of_type("", "number", "::double precision");
    let boolean = of_type("", "boolean", "::boolean");
    match comparison {
        Comparison::IsSet => {
            out.text("(a.properties #> ").bind(path.to_vec());
            out.text(") <> ALL (ARRAY['null', '\"\"', '[]']::jsonb[])");
        }
        Comparison::Equals(operand) | Comparison::Order(_, operand) => match operand {
            Operand::Decimal(_) => compare(out, &number, false, comparison, now),
            Operand::Boolean(_) => compare(out, &boolean, false, comparison, now),
            _ => compare(out, &text, true, comparison, now),
        },
        Comparison::OneOf(operands) => {
            for (number, operand) in operands.iter().enumerate() {
                out.text(if number == 0 { "(" } else { " OR " });
                property_check(out, path, &Comparison::Equals(operand.clone()), now);
            }
            out.text(")");
        }
        _ => compare(out, &text, true, comparison, now),
    }
}
