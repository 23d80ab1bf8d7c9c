//! Lists of leads: sorted by a field that has an index, page by page from where the last one ended.

use crate::domain::access::Visibility;
use crate::domain::lead::Lead;
use crate::domain::lead_list::{Bound, LeadFilter, LeadList, LeadSort, SortField, SortKey};
use crate::error::{Error, Result};
use crate::store::leads::LeadRow;
use crate::store::pool::TenantConnection;
use crate::store::schema::leads;
use diesel::dsl::sql;
use diesel::helper_types::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

type Query<'a> = IntoBoxed<'a, leads::table, Pg>;

/// A page of leads.
///
/// # Errors
/// [`Error::TooSlow`] when the filter matches so rarely that no page was found in time.
pub fn list(
    conn: &mut TenantConnection,
    wanted: &LeadList,
    visible: &Visibility,
) -> Result<Vec<Lead>> {
    let mut found = Vec::new();
    // An index read backwards gives missing values first, so they are asked for apart, and last.
    if !matches!(
        wanted.after,
        Some(Bound {
            key: SortKey::Missing,
            ..
        })
    ) {
        let query = with_value(
            within(conn, &wanted.filter, visible),
            wanted.sort,
            wanted.after.as_ref(),
        )?;
        found = query
            .limit(wanted.limit)
            .select(LeadRow::as_select())
            .load(conn.pg())?;
    }
    let room = wanted.limit - i64::try_from(found.len()).map_err(Error::internal)?;
    if room > 0 && wanted.sort.can_be_missing() {
        let after = wanted
            .after
            .as_ref()
            .filter(|bound| bound.key == SortKey::Missing)
            .map(|bound| bound.id);
        let query = without_value(within(conn, &wanted.filter, visible), wanted.sort, after);
        found.extend(
            query
                .limit(room)
                .select(LeadRow::as_select())
                .load::<LeadRow>(conn.pg())?,
        );
    }
    found.into_iter().map(Lead::try_from).collect()
}

/// How many leads the filter matches.
pub fn count(
    conn: &mut TenantConnection,
    filter: &LeadFilter,
    visible: &Visibility,
) -> Result<i64> {
    Ok(within(conn, filter, visible)
        .count()
        .get_result(conn.pg())?)
}

fn within<'a>(
    conn: &TenantConnection,
    filter: &'a LeadFilter,
    visible: &'a Visibility,
) -> Query<'a> {
    let mut query = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .into_boxed();
    query = if filter.deleted {
        query.filter(leads::deleted_at.is_not_null())
    } else {
        query.filter(leads::deleted_at.is_null())
    };
    if let Visibility::Of { owners, teams } = visible {
        let owned = leads::owner_id.eq_any(owners);
        query = query.filter(owned.or(leads::team_id.eq_any(teams)).assume_not_null());
    }
    if let Some(is_test) = filter.is_test {
        query = query.filter(leads::is_test.eq(is_test));
    }
    macro_rules! equal {
        ($($field:ident),*) => { $(if let Some(value) = &filter.$field { query = query.filter(leads::$field.eq(value)); })* };
    }
    equal!(
        email, phone, first_name, last_name, company, city, region, country, industry, language,
        source, channel, stage
    );
    macro_rules! between {
        ($($field:ident: $from:ident, $to:ident);*) => { $(
            if let Some(from) = filter.$from { query = query.filter(leads::$field.ge(from)); }
            if let Some(to) = filter.$to { query = query.filter(leads::$field.lt(to)); }
        )* };
    }
    between!(created_at: created_after, created_before; updated_at: updated_after, updated_before);
    query
}

/// The leads that have a value to sort by.
///
/// The bound is a comparison of rows: only that is a condition of the index at any depth, also under row-level security.
fn with_value<'a>(query: Query<'a>, sort: LeadSort, after: Option<&'a Bound>) -> Result<Query<'a>> {
    macro_rules! by {
        ($column:ident: $sql_type:ty, $pattern:pat => $value:expr) => {{
            let query = match after {
                None => query,
                Some(Bound { key: $pattern, id }) => query.filter(
                    sql::<Bool>(concat!("(", stringify!($column), ", id)"))
                        .sql(if sort.descending { " < (" } else { " > (" })
                        .bind::<$sql_type, _>($value)
                        .sql(", ")
                        .bind::<SqlUuid, _>(*id)
                        .sql(")"),
                ),
                Some(_) => return Err(Error::internal("a cursor of another sort")),
            };
            if sort.descending {
                query.order((leads::$column.desc(), leads::id.desc()))
            } else {
                query.order((leads::$column.asc(), leads::id.asc()))
            }
        }};
    }
    Ok(match sort.field {
        // The id carries the time of creation, and the primary key is its index.
        SortField::CreatedAt => match (after, sort.descending) {
            (None, true) => query.order(leads::id.desc()),
            (None, false) => query.order(leads::id.asc()),
            (Some(bound), true) => query.filter(leads::id.lt(bound.id)).order(leads::id.desc()),
            (Some(bound), false) => query.filter(leads::id.gt(bound.id)).order(leads::id.asc()),
        },
        SortField::UpdatedAt => by!(updated_at: Timestamptz, SortKey::Time(at) => *at),
        SortField::Email => {
            by!(email: Text, SortKey::Text(text) => text).filter(leads::email.is_not_null())
        }
        SortField::LastName => {
            by!(last_name: Text, SortKey::Text(text) => text).filter(leads::last_name.is_not_null())
        }
        SortField::Company => {
            by!(company: Text, SortKey::Text(text) => text).filter(leads::company.is_not_null())
        }
    })
}

/// The leads that have no value to sort by, in the order of their ids.
fn without_value(query: Query<'_>, sort: LeadSort, after: Option<Uuid>) -> Query<'_> {
    let query = match sort.field {
        SortField::CreatedAt | SortField::UpdatedAt => query,
        SortField::Email => query.filter(leads::email.is_null()),
        SortField::LastName => query.filter(leads::last_name.is_null()),
        SortField::Company => query.filter(leads::company.is_null()),
    };
    match (after, sort.descending) {
        (None, true) => query.order(leads::id.desc()),
        (None, false) => query.order(leads::id.asc()),
        (Some(id), true) => query.filter(leads::id.lt(id)).order(leads::id.desc()),
        (Some(id), false) => query.filter(leads::id.gt(id)).order(leads::id.asc()),
    }
}
