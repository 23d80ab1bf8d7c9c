//! Fixed SQL texts with binds.
//!
//! diesel prepares a statement once a connection only when the statement's type names its text; `sql_query` and
//! multi-row inserts are parsed and planned at every call. The set-based statements of a capture are therefore types.

/// Declares a statement: a struct of its binds, and the text with a `?` for each of them in order. An `owned` one holds its
/// binds itself, so that it can be made in one place and run in another.
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
