//! Proof, before the service starts, that row-level security holds for it (promise P6).

use crate::error::Result;
use crate::store::pool::Db;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_superuser: bool,
    #[diesel(sql_type = Bool)]
    bypasses: bool,
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Tables of workspaces without a policy that holds the present role to one of them, or with one that lets it out again.
/// Policies add up: a single one without the comparison shows every row.
const OPEN_TABLES: &str = "WITH own AS ( \
       SELECT p.polrelid, p.polpermissive, p.polcmd, \
         pg_get_expr(p.polqual, p.polrelid) AS seen, pg_get_expr(p.polwithcheck, p.polrelid) AS written \
       FROM pg_policy p WHERE EXISTS (SELECT FROM unnest(p.polroles) r WHERE r = 0 OR pg_has_role(current_user, r, 'USAGE')) \
     ), judged AS ( \
       SELECT own.*, seen LIKE '(workspace_id = %baton.workspace_id%' AND seen NOT LIKE '% OR %' AS seen_well, \
         written LIKE '(workspace_id = %baton.workspace_id%' AND written NOT LIKE '% OR %' AS written_well FROM own \
     ) \
     SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped \
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND (NOT c.relrowsecurity \
       OR NOT EXISTS (SELECT FROM judged j WHERE j.polrelid = c.oid AND j.polpermissive AND j.polcmd = '*' AND j.seen_well AND j.written_well) \
       OR EXISTS (SELECT FROM judged j WHERE j.polrelid = c.oid AND j.polpermissive AND (NOT j.seen_well OR NOT j.written_well))) \
     ORDER BY 1";

/// What keeps tenants from being apart; empty when nothing does. Each entry is a sentence with the remedy.
pub fn faults(db: &Db) -> Result<Vec<String>> {
    db.outside_workspaces(|connection| {
        let mut faults = Vec::new();
        let role: Role = diesel::sql_query(
            "SELECT rolname::text AS name, rolsuper AS is_superuser, rolbypassrls AS bypasses FROM pg_roles WHERE rolname = current_user",
        )
        .get_result(connection)?;
        if role.is_superuser {
            faults.push(format!("The service acts as {}, a superuser: let DATABASE_URL name a user that is none.", role.name));
        }
        if role.bypasses {
            faults.push(format!("The role {} bypasses row-level security: ALTER ROLE {} NOBYPASSRLS.", role.name, role.name));
        }
        let owned: Vec<Table> = diesel::sql_query(
            "SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_has_role(current_user, c.relowner, 'USAGE') ORDER BY 1",
        )
        .load(connection)?;
        faults.extend(owned.into_iter().map(|table| {
            format!("The role {} owns the table {}: give it to the role of the migrations (ALTER TABLE … OWNER TO …).", role.name, table.name)
        }));
        let open: Vec<Table> = diesel::sql_query(OPEN_TABLES).load(connection)?;
        faults.extend(open.into_iter().map(|table| {
            format!("The table {} has a workspace_id and its policies do not hold the service to one workspace: restore them as the migrations have them.", table.name)
        }));
        Ok(faults)
    })
}
