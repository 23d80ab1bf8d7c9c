//! Users: people of a workspace.

use crate::domain::access::{Role, Scope, Visibility};
use crate::domain::password::PasswordHash;
use crate::domain::workspace::RepVisibility;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Whether a person may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// Was invited and has not chosen a password yet.
    Invited,
    /// May come in.
    Active,
    /// May not come in any more. What they own stays theirs.
    Disabled,
}

impl UserStatus {
    /// Every status.
    pub const ALL: [UserStatus; 3] = [
        UserStatus::Invited,
        UserStatus::Active,
        UserStatus::Disabled,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            UserStatus::Invited => "invited",
            UserStatus::Active => "active",
            UserStatus::Disabled => "disabled",
        }
    }
}

/// A person at an identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExternalIdentity {
    /// The provider.
    pub issuer: String,
    /// Who they are there.
    pub subject: String,
}

/// A person of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// Mail address in normal form; each belongs to one user of the workspace.
    pub email: String,
    /// For people.
    pub name: String,
    /// What they are in the workspace.
    pub role: Role,
    /// Whether they may come in.
    pub status: UserStatus,
    /// What their password is checked against; `None`: they cannot log in by password.
    pub password_hash: Option<PasswordHash>,
    /// Who they are at the workspace's identity provider, once they came from there.
    pub external: Option<ExternalIdentity>,
    /// Access tokens carry it; with another number they are void.
    pub token_epoch: i64,
    /// Counts every change, from 1.
    pub version: i64,
    /// When they were made known.
    pub created_at: DateTime<Utc>,
    /// When they last changed.
    pub updated_at: DateTime<Utc>,
    /// When they last logged in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// IANA name of the zone in which they work.
    pub timezone: Option<String>,
}

/// A team of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// For people; each belongs to one team of the workspace.
    pub name: String,
    /// Counts every change, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed, its members included.
    pub updated_at: DateTime<Utc>,
    /// IANA name of the zone in which it works.
    pub timezone: Option<String>,
}

/// A team, as its members are shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TeamName {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    #[schema(example = "DACH")]
    pub name: String,
}

/// Which leads a person may know of.
///
/// Only reps are held to some. `mates` are the members of the person's `teams`.
pub fn visibility(
    user: Uuid,
    role: Role,
    setting: RepVisibility,
    teams: &[Uuid],
    mates: Vec<Uuid>,
) -> Visibility {
    match (role, setting) {
        (Role::Rep, RepVisibility::Own) => Visibility::Of {
            owners: vec![user],
            teams: Vec::new(),
        },
        (Role::Rep, RepVisibility::Team) => {
            let mut owners = mates;
            if !owners.contains(&user) {
                owners.push(user);
            }
            Visibility::Of {
                owners,
                teams: teams.to_vec(),
            }
        }
        _ => Visibility::All,
    }
}

/// Whether somebody with these scopes may give the role, or change a user who has it: nobody hands out more than they
/// have themselves.
pub fn may_handle(scopes: &[Scope], role: Role) -> bool {
    role.scopes().iter().all(|scope| scopes.contains(scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reps_are_held_to_some_leads() {
        let (me, mate, team) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        let seen = |role, setting| visibility(me, role, setting, &[team], vec![mate]);
        assert_eq!(
            seen(Role::Rep, RepVisibility::Own),
            Visibility::Of {
                owners: vec![me],
                teams: vec![]
            }
        );
        assert_eq!(
            seen(Role::Rep, RepVisibility::Team),
            Visibility::Of {
                owners: vec![mate, me],
                teams: vec![team]
            }
        );
        assert_eq!(seen(Role::Rep, RepVisibility::All), Visibility::All);
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Rep) {
            assert_eq!(seen(role, RepVisibility::Own), Visibility::All);
        }
    }

    #[test]
    fn nobody_hands_out_more_than_they_have() {
        assert!(
            Role::ALL
                .into_iter()
                .all(|role| may_handle(Role::Admin.scopes(), role))
        );
        assert!(may_handle(Role::Manager.scopes(), Role::Rep));
        assert!(!may_handle(Role::Manager.scopes(), Role::Admin));
        assert!(!may_handle(&[Scope::UsersWrite], Role::Readonly));
    }
}
