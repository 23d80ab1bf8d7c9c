//! SQL that is put together while the service runs: fixed pieces of text, and binds for every value.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{
    Array, BigInt, Bool, Double, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use std::marker::PhantomData;
use uuid::Uuid;

/// A value that travels beside the text.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) enum Bind {
    Text(String),
    Texts(Vec<String>),
    SmallInt(i16),
    BigInt(i64),
    BigInts(Vec<i64>),
    Double(f64),
    Doubles(Vec<f64>),
    Boolean(bool),
    Booleans(Vec<bool>),
    Instant(DateTime<Utc>),
    Instants(Vec<DateTime<Utc>>),
    Id(Uuid),
    Ids(Vec<Uuid>),
}

macro_rules! bind_from {
    ($($type:ty => $variant:ident),* $(,)?) => { $(
        impl From<$type> for Bind {
            fn from(value: $type) -> Self {
                Bind::$variant(value)
            }
        }
    )* };
}
bind_from! {
    String => Text,
    Vec<String> => Texts,
    i16 => SmallInt,
    i64 => BigInt,
    Vec<i64> => BigInts,
    f64 => Double,
    Vec<f64> => Doubles,
    bool => Boolean,
    Vec<bool> => Booleans,
    DateTime<Utc> => Instant,
    Vec<DateTime<Utc>> => Instants,
    Uuid => Id,
    Vec<Uuid> => Ids,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(&'static str),
    Number(i64),
    Bind(Bind),
}

/// SQL text with its binds. Text is `'static`: what comes from a request can only be a bind.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::store) struct Sql {
    parts: Vec<Part>,
}

impl Sql {
    /// Nothing yet.
    pub fn new() -> Sql {
        Sql::default()
    }

    /// Adds text.
    pub fn text(&mut self, text: &'static str) -> &mut Sql {
        self.parts.push(Part::Text(text));
        self
    }

    /// Adds a number as text, where a plan has to know it.
    pub fn number(&mut self, number: i64) -> &mut Sql {
        self.parts.push(Part::Number(number));
        self
    }

    /// Adds a bind.
    pub fn bind(&mut self, value: impl Into<Bind>) -> &mut Sql {
        self.parts.push(Part::Bind(value.into()));
        self
    }

    /// Adds other SQL.
    pub fn add(&mut self, other: Sql) -> &mut Sql {
        self.parts.extend(other.parts);
        self
    }

    /// As a query that answers with rows of the type `T`.
    pub fn returning<T>(self) -> Returning<T> {
        Returning {
            sql: self,
            row: PhantomData,
        }
    }
}

impl QueryFragment<Pg> for Sql {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // None of the many shapes is kept.
        out.unsafe_to_cache_prepared();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_sql(text),
                Part::Number(number) => out.push_sql(&number.to_string()),
                Part::Bind(bind) => push(bind, &mut out)?,
            }
        }
        Ok(())
    }
}

fn push<'b>(bind: &'b Bind, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    match bind {
        Bind::Text(value) => out.push_bind_param::<Text, _>(value),
        Bind::Texts(value) => out.push_bind_param::<Array<Text>, _>(value),
        Bind::SmallInt(value) => out.push_bind_param::<SmallInt, _>(value),
        Bind::BigInt(value) => out.push_bind_param::<BigInt, _>(value),
        Bind::BigInts(value) => out.push_bind_param::<Array<BigInt>, _>(value),
        Bind::Double(value) => out.push_bind_param::<Double, _>(value),
        Bind::Doubles(value) => out.push_bind_param::<Array<Double>, _>(value),
        Bind::Boolean(value) => out.push_bind_param::<Bool, _>(value),
        Bind::Booleans(value) => out.push_bind_param::<Array<Bool>, _>(value),
        Bind::Instant(value) => out.push_bind_param::<Timestamptz, _>(value),
        Bind::Instants(value) => out.push_bind_param::<Array<Timestamptz>, _>(value),
        Bind::Id(value) => out.push_bind_param::<SqlUuid, _>(value),
        Bind::Ids(value) => out.push_bind_param::<Array<SqlUuid>, _>(value),
    }
}

/// SQL that answers with rows of the SQL type `T`.
#[derive(Debug)]
pub(in crate::store) struct Returning<T> {
    sql: Sql,
    row: PhantomData<T>,
}

impl<T> QueryFragment<Pg> for Returning<T> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.sql.walk_ast(out)
    }
}

impl<T> QueryId for Returning<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for Returning<T> {
    type SqlType = T;
}

impl<T, C> RunQueryDsl<C> for Returning<T> {}
