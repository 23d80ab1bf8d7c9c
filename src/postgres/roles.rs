//! The accounts inside the database: who owns the tables, who serves requests, who works in the
//! background. None of them is a superuser, so row-level security holds for all of them.

use diesel::connection::SimpleConnection;
use diesel::sql_types::{Bool, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};

use super::error::StartError;

/// Who made the cluster.
pub(super) const SUPERUSER: &str = "postgres";
/// Owns the database and runs migrations.
pub(super) const OWNER: &str = "baton_owner";
/// The service's database.
pub(super) const DATABASE: &str = "baton";
/// All that Baton connects as, besides the superuser.
const LOGINS: [&str; 3] = [OWNER, "baton_app", "baton_worker"];
/// What each of them may, and may not.
const RIGHTS: &str =
    "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT -1";

/// Makes the roles and the database where they are missing, and sets the roles' rights.
pub(super) fn ensure(superuser_url: &str) -> Result<(), StartError> {
    let mut conn = PgConnection::establish(superuser_url).map_err(failed("open a connection"))?;
    for role in LOGINS {
        let known = exists(&mut conn, "SELECT 1 FROM pg_roles WHERE rolname = $1", role)?;
        let verb = if known { "ALTER" } else { "CREATE" };
        execute(&mut conn, &format!("{verb} ROLE {role} {RIGHTS}"))?;
    }
    if !exists(
        &mut conn,
        "SELECT 1 FROM pg_database WHERE datname = $1",
        DATABASE,
    )? {
        execute(
            &mut conn,
            &format!("CREATE DATABASE {DATABASE} OWNER {OWNER}"),
        )?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

fn exists(conn: &mut PgConnection, query: &str, name: &str) -> Result<bool, StartError> {
    sql_query(format!("SELECT EXISTS ({query}) AS found"))
        .bind::<Text, _>(name)
        .get_result::<Found>(conn)
        .map(|row| row.found)
        .map_err(failed("look for the service's roles and database"))
}

fn execute(conn: &mut PgConnection, statement: &str) -> Result<(), StartError> {
    conn.batch_execute(statement)
        .map_err(failed("make the service's roles and database"))
}

fn failed<E>(what: &'static str) -> impl Fn(E) -> StartError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |source| StartError::Sql {
        what: what.to_owned(),
        source: Box::new(source),
    }
}
