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
        let open: Vec<Table> = diesel::sql_query(
            "SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped \
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') \
             AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL)) \
             ORDER BY 1",
        )
        .load(connection)?;
        faults.extend(open.into_iter().map(|table| {
            format!("The table {} has a workspace_id and no enabled policy: restore it as the migrations have it.", table.name)
        }));
        Ok(faults)
    })
}
