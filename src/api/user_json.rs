//! Users, as answers show them.

use crate::domain::access::Role;
use crate::domain::user::{TeamName, User, UserStatus};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{teams, users};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person of the workspace.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserBody {
    /// Their id.
    pub id: Uuid,
    /// Mail address: what they log in by.
    #[schema(example = "grace@example.com")]
    pub email: String,
    /// Their name.
    #[schema(example = "Grace Hopper")]
    pub name: String,
    /// What they are in the workspace.
    pub role: Role,
    /// Whether they may come in.
    pub status: UserStatus,
    /// The teams they are in.
    pub teams: Vec<TeamName>,
    /// IANA name of the zone in which they work: what clocks by the owner's zone count by; `null`: they count by the calendar's.
    #[schema(required = true, example = "Europe/Berlin")]
    pub timezone: Option<String>,
    /// Whether they own a lead, a deleted one perhaps.
    pub owns_leads: bool,
    /// Counts every change, from 1; the `ETag`.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When they were made known.
    pub created_at: DateTime<Utc>,
    /// When they last changed.
    pub updated_at: DateTime<Utc>,
    /// When they last logged in by password.
    pub last_login_at: Option<DateTime<Utc>>,
}

/// Users with what belongs to them.
pub fn show_all(conn: &mut TenantConnection, users: Vec<User>) -> Result<Vec<UserBody>> {
    let ids: Vec<Uuid> = users.iter().map(|user| user.id).collect();
    let mut teams = teams::of_users(conn, &ids)?;
    let owners = users::owners_among(conn, &ids)?;
    let body = |user: User| UserBody {
        teams: teams.remove(&user.id).unwrap_or_default(),
        owns_leads: owners.contains(&user.id),
        id: user.id,
        email: user.email,
        name: user.name,
        role: user.role,
        status: user.status,
        timezone: user.timezone,
        version: user.version,
        created_at: user.created_at,
        updated_at: user.updated_at,
        last_login_at: user.last_login_at,
    };
    Ok(users.into_iter().map(body).collect())
}

/// A user with what belongs to them.
pub fn show(conn: &mut TenantConnection, user: User) -> Result<UserBody> {
    let id = user.id;
    show_all(conn, vec![user])?
        .pop()
        .ok_or_else(|| crate::error::Error::not_found("user", id))
}
