//! Users.

use crate::domain::access::Role;
use crate::domain::password::PasswordHash;
use crate::domain::routing::RosterUser;
use crate::domain::user::{ExternalIdentity, User, UserStatus};
use crate::error::{Conflict, Error, Result};
use crate::store::failure;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::{team_members, users};
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    status: String,
    password_hash: Option<String>,
    external_issuer: Option<String>,
    external_subject: Option<String>,
    token_epoch: i64,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_login_at: Option<DateTime<Utc>>,
    timezone: Option<String>,
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        let external = user.external.clone();
        UserRow {
            id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            role: user.role.as_str().to_owned(),
            status: user.status.as_str().to_owned(),
            password_hash: user.password_hash.as_ref().map(|hash| hash.0.clone()),
            external_issuer: external.as_ref().map(|external| external.issuer.clone()),
            external_subject: external.map(|external| external.subject),
            token_epoch: user.token_epoch,
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login_at: user.last_login_at,
            timezone: user.timezone.clone(),
        }
    }
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<User> {
        let status = UserStatus::ALL
            .into_iter()
            .find(|status| status.as_str() == row.status);
        Ok(User {
            id: row.id,
            email: row.email,
            name: row.name,
            role: Role::from_name(&row.role)
                .ok_or_else(|| Error::internal("a user of an unknown role"))?,
            status: status.ok_or_else(|| Error::internal("a user of an unknown status"))?,
            password_hash: row.password_hash.map(PasswordHash),
            external: row
                .external_issuer
                .zip(row.external_subject)
                .map(|(issuer, subject)| ExternalIdentity { issuer, subject }),
            token_epoch: row.token_epoch,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_login_at: row.last_login_at,
            timezone: row.timezone,
        })
    }
}

/// A second user with one address is a conflict.
fn taken(error: diesel::result::Error) -> Error {
    if failure::violates(&error, "users_by_email") {
        Conflict::EmailTaken.into()
    } else {
        error.into()
    }
}

/// Adds a user.
///
/// # Errors
/// A conflict when another user has the mail address.
pub fn insert(conn: &mut TenantConnection, user: &User) -> Result<()> {
    diesel::insert_into(users::table)
        .values((
            users::workspace_id.eq(conn.workspace_id()),
            UserRow::from(user),
        ))
        .execute(conn.pg())
        .map_err(taken)?;
    Ok(())
}

/// Writes a user who changed.
///
/// # Errors
/// A conflict when another user has the mail address.
pub fn update(conn: &mut TenantConnection, user: &User) -> Result<()> {
    diesel::update(users::table)
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::id.eq(user.id))
        .set(UserRow::from(user))
        .execute(conn.pg())
        .map_err(taken)?;
    Ok(())
}

/// A user by their id.
pub fn find(conn: &mut TenantConnection, id: Uuid) -> Result<Option<User>> {
    let row: Option<UserRow> = users::table
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::id.eq(id))
        .select(UserRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(User::try_from).transpose()
}

/// A user.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<User> {
    find(conn, id)?.ok_or_else(|| Error::not_found("user", id))
}

/// As [`get`], locked until the end of the transaction.
pub fn lock(conn: &mut TenantConnection, id: Uuid) -> Result<User> {
    let row: Option<UserRow> = users::table
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::id.eq(id))
        .select(UserRow::as_select())
        .for_update()
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("user", id))?.try_into()
}

/// A user by their mail address in normal form.
pub fn find_by_email(conn: &mut TenantConnection, email: &str) -> Result<Option<User>> {
    let row: Option<UserRow> = users::table
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::email.eq(email))
        .select(UserRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(User::try_from).transpose()
}

/// A user by who they are at an identity provider.
pub fn find_by_external(
    conn: &mut TenantConnection,
    external: &ExternalIdentity,
) -> Result<Option<User>> {
    let row: Option<UserRow> = users::table
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::external_issuer.eq(&external.issuer))
        .filter(users::external_subject.eq(&external.subject))
        .select(UserRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(User::try_from).transpose()
}

/// The ids of the admins who may come in, locked until the end of the transaction. Who changes admins locks them all, so
/// that two of them cannot make each other the last.
pub fn lock_active_admins(conn: &mut TenantConnection) -> Result<Vec<Uuid>> {
    Ok(users::table
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::role.eq(Role::Admin.as_str()))
        .filter(users::status.eq(UserStatus::Active.as_str()))
        .order(users::id)
        .select(users::id)
        .for_update()
        .load(conn.pg())?)
}

/// Which users a list keeps. Everything given has to hold.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// In this role.
    pub role: Option<Role>,
    /// In this status.
    pub status: Option<UserStatus>,
    /// In this team.
    pub team_id: Option<Uuid>,
    /// With this mail address, in normal form.
    pub email: Option<String>,
}

/// A page of users, newest first, from before a user on.
pub fn list(
    conn: &mut TenantConnection,
    filter: &UserFilter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<User>> {
    let workspace_id = conn.workspace_id();
    let mut query = users::table
        .filter(users::workspace_id.eq(workspace_id))
        .order(users::id.desc())
        .limit(limit)
        .select(UserRow::as_select())
        .into_boxed();
    if let Some(role) = filter.role {
        query = query.filter(users::role.eq(role.as_str()));
    }
    if let Some(status) = filter.status {
        query = query.filter(users::status.eq(status.as_str()));
    }
    if let Some(email) = &filter.email {
        query = query.filter(users::email.eq(email.clone()));
    }
    if let Some(team_id) = filter.team_id {
        query = query.filter(exists(
            team_members::table
                .filter(team_members::workspace_id.eq(workspace_id))
                .filter(team_members::team_id.eq(team_id))
                .filter(team_members::user_id.eq(users::id)),
        ));
    }
    if let Some(before) = before {
        query = query.filter(users::id.lt(before));
    }
    let rows = query.load::<UserRow>(conn.pg())?;
    rows.into_iter().map(User::try_from).collect()
}

/// Those of the ids that are users.
pub fn known(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let found: Vec<Uuid> = users::table
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::id.eq_any(ids))
        .select(users::id)
        .load(conn.pg())?;
    Ok(found.into_iter().collect())
}

/// What users are called.
pub fn names(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    let found: Vec<(Uuid, String)> = users::table
        .filter(users::workspace_id.eq(conn.workspace_id()))
        .filter(users::id.eq_any(ids))
        .select((users::id, users::name))
        .load(conn.pg())?;
    Ok(found.into_iter().collect())
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Those of the users who own a lead, deleted ones included. One look into the index for each.
pub fn owners_among(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let workspace_id = conn.workspace_id();
    let owners: Vec<Owner> = diesel::sql_query(
        "SELECT u.id FROM unnest($2::uuid[]) AS u (id) CROSS JOIN LATERAL \
         (SELECT 1 FROM leads l WHERE l.workspace_id = $1 AND l.owner_id = u.id LIMIT 1) AS owned",
    )
    .bind::<SqlUuid, _>(workspace_id)
    .bind::<Array<SqlUuid>, _>(ids)
    .load(conn.pg())?;
    Ok(owners.into_iter().map(|owner| owner.id).collect())
}

#[derive(QueryableByName)]
struct RosterRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = diesel::sql_types::Text)]
    role: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    status: String,
    #[diesel(sql_type = diesel::sql_types::Nullable<SqlUuid>)]
    team_id: Option<Uuid>,
}

/// Everybody, as far as routing goes: who was invited counts only once they have come in.
pub fn list_roster(conn: &mut TenantConnection) -> Result<Vec<RosterUser>> {
    let rows: Vec<RosterRow> = diesel::sql_query(
        "SELECT u.id, u.role, u.status, t.team_id FROM users u LEFT JOIN LATERAL \
         (SELECT (min(m.team_id::text))::uuid AS team_id FROM team_members m WHERE m.workspace_id = u.workspace_id AND m.user_id = u.id \
          HAVING count(*) = 1) t ON true WHERE u.workspace_id = $1",
    )
    .bind::<SqlUuid, _>(conn.workspace_id())
    .load(conn.pg())?;
    rows.into_iter()
        .map(|row| {
            let role = Role::from_name(&row.role);
            Ok(RosterUser {
                id: row.id,
                is_active: row.status == UserStatus::Active.as_str(),
                is_invited: row.status == UserStatus::Invited.as_str(),
                role: role.ok_or_else(|| Error::internal("a user in an unknown role"))?,
                team_id: row.team_id,
                away_until: None,
            })
        })
        .collect()
}

/// Users of any workspace who are disabled and were changed since a moment, each with when.
pub fn list_disabled_since(
    db: &Db,
    since: DateTime<Utc>,
) -> Result<Vec<(Uuid, Uuid, DateTime<Utc>)>> {
    db.across_workspaces(|connection| {
        Ok(users::table
            .filter(users::status.eq("disabled"))
            .filter(users::updated_at.ge(since))
            .select((users::workspace_id, users::id, users::updated_at))
            .load(connection)?)
    })
}
