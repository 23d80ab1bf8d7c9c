//! Forms of websites, and the publishable keys that submit to them.

use crate::domain::form::Form;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::schema::{forms, publishable_keys};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

/// Adds a form.
pub fn insert(conn: &mut TenantConnection, form: &Form) -> Result<()> {
    diesel::insert_into(forms::table)
        .values((
            forms::workspace_id.eq(conn.workspace_id()),
            forms::id.eq(form.id),
            forms::name.eq(&form.name),
            forms::source.eq(&form.source),
            forms::allowed_origins.eq(Value::from(form.allowed_origins.clone())),
            forms::allowed_redirects.eq(Value::from(form.allowed_redirects.clone())),
            forms::default_country.eq(&form.default_country),
            forms::created_at.eq(form.created_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Adds a publishable key of a form.
pub fn insert_key(
    conn: &mut TenantConnection,
    id: Uuid,
    form_id: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(publishable_keys::table)
        .values((
            publishable_keys::workspace_id.eq(conn.workspace_id()),
            publishable_keys::id.eq(id),
            publishable_keys::form_id.eq(form_id),
            publishable_keys::created_at.eq(now),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Revokes a publishable key; `false` when there is none or it was revoked before.
pub fn revoke_key(conn: &mut TenantConnection, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let revoked = diesel::update(publishable_keys::table)
        .filter(publishable_keys::workspace_id.eq(conn.workspace_id()))
        .filter(publishable_keys::id.eq(id))
        .filter(publishable_keys::revoked_at.is_null())
        .set(publishable_keys::revoked_at.eq(now))
        .execute(conn.pg())?;
    Ok(revoked == 1)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = forms, check_for_backend(diesel::pg::Pg))]
struct FormRow {
    id: Uuid,
    name: String,
    source: String,
    allowed_origins: Value,
    allowed_redirects: Value,
    default_country: Option<String>,
    created_at: DateTime<Utc>,
}

impl TryFrom<FormRow> for Form {
    type Error = Error;

    fn try_from(row: FormRow) -> Result<Form> {
        Ok(Form {
            id: row.id,
            name: row.name,
            source: row.source,
            allowed_origins: serde_json::from_value(row.allowed_origins)
                .map_err(Error::internal)?,
            allowed_redirects: serde_json::from_value(row.allowed_redirects)
                .map_err(Error::internal)?,
            default_country: row.default_country,
            created_at: row.created_at,
        })
    }
}

/// The form that a publishable key submits to; `None` when the key is unknown or revoked.
pub fn find_by_key(conn: &mut TenantConnection, key_id: Uuid) -> Result<Option<Form>> {
    let row: Option<FormRow> = publishable_keys::table
        .inner_join(
            forms::table.on(forms::workspace_id
                .eq(publishable_keys::workspace_id)
                .and(forms::id.eq(publishable_keys::form_id))),
        )
        .filter(publishable_keys::workspace_id.eq(conn.workspace_id()))
        .filter(publishable_keys::id.eq(key_id))
        .filter(publishable_keys::revoked_at.is_null())
        .select(FormRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(Form::try_from).transpose()
}

/// A form by its id.
pub fn find(conn: &mut TenantConnection, id: Uuid) -> Result<Option<Form>> {
    let row: Option<FormRow> = forms::table
        .filter(forms::workspace_id.eq(conn.workspace_id()))
        .filter(forms::id.eq(id))
        .select(FormRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(Form::try_from).transpose()
}
