//! The keys that leads are sorted by, in SQL.

use crate::domain::condition::Column;
use crate::domain::lead_search::{KeyValue, MAX_SORT_KEYS, SortBy, SortKey};
use crate::store::conditions::column_expression;
use crate::store::sql::{Bind, Sql};
use chrono::{DateTime, Utc};

/// Names for the values of the keys that are in the index of values.
pub(super) const KEYS: [&str; MAX_SORT_KEYS + 1] = ["k1", "k2", "k3", "k4", "k5", "k6"];

pub(super) fn column_name(by: &SortBy) -> &'static str {
    match by {
        SortBy::Column(column) => column.name(),
        SortBy::Engagement | SortBy::Score | SortBy::Custom(_) => "engagement_order",
    }
}

pub(super) fn key_expression(out: &mut Sql, key: &SortKey, number: usize, now: DateTime<Utc>) {
    match &key.by {
        SortBy::Column(column) => column_expression(out, *column),
        SortBy::Engagement => {
            out.text("leads.engagement_order");
        }
        // As `LeadScore::total_at`, in millionths.
        SortBy::Score => {
            out.text("round((leads.fit + leads.engagement * coalesce(power(2::float8, extract(epoch FROM leads.engagement_as_of - ")
                .bind(now)
                .text(")::float8 / 86400 / leads.engagement_half_life_days), 1)) * 1e6::float8)::bigint");
        }
        SortBy::Custom(_) => {
            out.text(KEYS[number]).text(".value");
        }
    }
}

pub(super) fn bind(value: &KeyValue) -> Option<Bind> {
    Some(match value {
        KeyValue::Missing => return None,
        KeyValue::Text(text) => text.clone().into(),
        KeyValue::Integer(number) => (*number).into(),
        KeyValue::Boolean(yes) => (*yes).into(),
        KeyValue::Time(at) => (*at).into(),
        KeyValue::Id(id) => (*id).into(),
    })
}

/// The columns of `leads` that have an index of their own with the id behind them.
pub(in crate::store) fn has_index(key: &SortKey) -> bool {
    match &key.by {
        SortBy::Column(column) => matches!(
            column,
            Column::UpdatedAt
                | Column::email
                | Column::last_name
                | Column::company
                | Column::Source
                | Column::Stage
                | Column::Grade
        ),
        SortBy::Custom(_) | SortBy::Engagement => true,
        SortBy::Score => false,
    }
}
