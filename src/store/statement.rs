//! Fixed SQL texts with binds.
//!
//! diesel prepares a statement once a connection only when the statement's type names its text; `sql_query` and
//! multi-row inserts are parsed and planned at every call. The set-based statements of a capture are therefore types.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, HasSqlType};

/// A statement of many rows that are unnested from arrays of their columns, and that can be told as one of a single row:
/// taking apart a hundred arrays of one value took a capture that comes alone a twentieth of its time.
pub(in crate::store) trait Rows: QueryFragment<Pg> {
    /// As [`QueryFragment::walk_ast`], of the only row, whose columns are values.
    ///
    /// # Errors
    /// When there is none, or another beside it.
    fn walk_only_row<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;

    /// How many rows there are.
    fn count(&self) -> usize;
}

/// The text of a statement of rows, for a single one.
pub(in crate::store) fn of_only_row(text: &str) -> String {
    text.replace("unnest(", "(SELECT ").replace("[]", "")
}

/// A bind of a statement of rows, as it is bound for a single row: the only value of a column, or what is the same for all rows.
pub(in crate::store) trait Bound<Sql> {
    /// The SQL type of the value.
    type Sql;
    /// Its Rust type.
    type Value;
    /// The value.
    fn only(&self) -> QueryResult<&Self::Value>;
    /// How many values it has; `None`: it is the same for all rows.
    fn count(&self) -> Option<usize>;
}

impl<T, Sql> Bound<Array<Sql>> for Vec<T> {
    type Sql = Sql;
    type Value = T;
    fn only(&self) -> QueryResult<&T> {
        match self.as_slice() {
            [only] => Ok(only),
            others => {
                let text = format!("{} rows in a statement of one", others.len());
                Err(diesel::result::Error::QueryBuilderError(text.into()))
            }
        }
    }
    fn count(&self) -> Option<usize> {
        Some(self.len())
    }
}

macro_rules! bound_as_it_is {
    ($($rust:ty => $sql:ty),*) => { $(
        impl Bound<$sql> for $rust {
            type Sql = $sql;
            type Value = $rust;
            fn only(&self) -> QueryResult<&$rust> {
                Ok(self)
            }
            fn count(&self) -> Option<usize> {
                None
            }
        }
    )* };
}
bound_as_it_is! {
    i64 => diesel::sql_types::BigInt,
    uuid::Uuid => diesel::sql_types::Uuid,
    chrono::DateTime<chrono::Utc> => diesel::sql_types::Timestamptz
}

/// How many values a bind has.
pub(in crate::store) fn count_of<Sql, B: Bound<Sql>>(bind: &B) -> Option<usize> {
    bind.count()
}

/// Binds the value of a single row.
pub(in crate::store) fn push_only<'b, Sql, B>(
    out: &mut AstPass<'_, 'b, Pg>,
    bind: &'b B,
) -> QueryResult<()>
where
    B: Bound<Sql>,
    B::Value: ToSql<B::Sql, Pg> + 'b,
    Pg: HasSqlType<B::Sql>,
{
    out.push_bind_param::<B::Sql, B::Value>(bind.only()?)
}

/// Declares a statement: a struct of its binds, and the text with a `?` for each of them in order. An `owned` one holds its
/// binds itself, so that it can be made in one place and run in another, and is one of rows.
macro_rules! statement {
    (@run $name:ident { $($bind:ident => $sql:ty),* } $text:expr) => {
        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                let mut parts = $text.split('?');
                out.push_sql(parts.next().unwrap_or_default());
                $(
                    out.push_bind_param::<$sql, _>(&self.$bind)?;
                    out.push_sql(parts.next().unwrap_or_default());
                )*
                Ok(())
            }
        }
        impl diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        impl<C> diesel::RunQueryDsl<C> for $name<'_> {}
    };
    ($(#[$meta:meta])* owned $name:ident { $($bind:ident : $rust:ty => $sql:ty),* $(,)? } $text:expr) => {
        $(#[$meta])*
        pub(in crate::store) struct $name<'a> {
            $($bind: $rust,)*
            rows: std::marker::PhantomData<&'a ()>,
        }
        impl $crate::store::statement::Rows for $name<'_> {
            fn walk_only_row<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                use $crate::store::statement::{of_only_row, push_only};
                let text = of_only_row($text);
                let mut parts = text.split('?');
                out.push_sql(parts.next().unwrap_or_default());
                $(
                    push_only::<$sql, _>(&mut out, &self.$bind)?;
                    out.push_sql(parts.next().unwrap_or_default());
                )*
                Ok(())
            }

            fn count(&self) -> usize {
                use $crate::store::statement::count_of;
                [$(count_of::<$sql, _>(&self.$bind)),*].into_iter().flatten().next().unwrap_or_default()
            }
        }
        $crate::store::statement::statement! { @run $name { $($bind => $sql),* } $text }
    };
    ($(#[$meta:meta])* $name:ident { $($bind:ident : $rust:ty => $sql:ty),* $(,)? } $text:expr, returns $row:ty) => {
        $crate::store::statement::statement! { $(#[$meta])* $name { $($bind: $rust => $sql),* } $text }
        impl diesel::query_builder::Query for $name<'_> {
            type SqlType = $row;
        }
    };
    ($(#[$meta:meta])* $name:ident { $($bind:ident : $rust:ty => $sql:ty),* $(,)? } $text:expr) => {
        $(#[$meta])*
        pub(super) struct $name<'a> {
            $(pub(super) $bind: &'a $rust,)*
        }
        $crate::store::statement::statement! { @run $name { $($bind => $sql),* } $text }
    };
}
pub(crate) use statement;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_unnested_become_one() {
        let rows = "INSERT INTO t (w, a, b) SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::text[], ?::json[]) c";
        let row = "INSERT INTO t (w, a, b) SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, (SELECT ?::text, ?::json) c";
        assert_eq!(of_only_row(rows), row);
    }

    #[test]
    fn a_row_that_is_missing_or_would_be_lost_is_an_error() {
        let only = |rows: Vec<i64>| {
            Bound::<Array<diesel::sql_types::BigInt>>::only(&rows)
                .ok()
                .copied()
        };
        assert_eq!(
            (only(vec![]), only(vec![1]), only(vec![1, 2])),
            (None, Some(1), None)
        );
    }
}
