//! The database roles of the service. They belong to the server, not to a database, so no migration makes them.

use crate::error::{Error, Result};
use crate::store::migrations::one_at_a_time;
use crate::store::pool::{APP_ROLE, Db, WORKER_ROLE};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

/// Makes the roles that are missing, and lets the user of the migrations become them.
///
/// # Errors
/// When that user may not; the message says what the administrator has to run.
pub fn ensure(db: &Db) -> Result<()> {
    db.owner()?.transaction(|connection| {
        one_at_a_time(connection)?;
        ensure_on(connection)
    })
}

fn ensure_on(connection: &mut PgConnection) -> Result<()> {
    for role in [APP_ROLE, WORKER_ROLE] {
        let exists = ask(
            connection,
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS yes",
            role,
        )?;
        if !exists {
            run(
                connection,
                role,
                &format!("CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS"),
            )?;
        }
        // The private database has a login of its own for each role, so its owner need not become them.
        let can_login = ask(
            connection,
            "SELECT rolcanlogin AS yes FROM pg_roles WHERE rolname = $1",
            role,
        )?;
        let is_member = ask(
            connection,
            "SELECT pg_has_role(current_user, $1, 'MEMBER') AS yes",
            role,
        )?;
        if !is_member && !can_login {
            run(connection, role, &format!("GRANT {role} TO CURRENT_USER"))?;
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Yes {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

fn ask(connection: &mut PgConnection, question: &str, role: &str) -> Result<bool> {
    let rows: Vec<Yes> = diesel::sql_query(question)
        .bind::<Text, _>(role)
        .load(connection)?;
    Ok(rows.first().is_some_and(|row| row.yes))
}

fn run(connection: &mut PgConnection, role: &str, statement: &str) -> Result<()> {
    diesel::sql_query(statement).execute(connection).map_err(|error| {
        Error::internal(format!(
            "the database role {role} cannot be set up ({error}); let an administrator run: \
             CREATE ROLE {APP_ROLE}; CREATE ROLE {WORKER_ROLE}; GRANT {APP_ROLE}, {WORKER_ROLE} TO <the user of DATABASE_URL>"
        ))
    })?;
    Ok(())
}
