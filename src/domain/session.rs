//! Sessions: a login, and the family of refresh tokens that comes of it (RFC 9700 §4.14.2).
//!
//! A refresh token is spent when it is used; whoever uses a spent one has stolen it or was stolen from, so the session
//! ends. Two tabs of a browser, and a client whose answer was lost, use a token twice within moments: for
//! [`GRACE_SECONDS`] the second use gets the same successor as the first.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// Days after which a session ends, whatever happens.
pub const LIFE_DAYS: i64 = 30;
/// Days without a refresh after which a session ends.
pub const IDLE_DAYS: i64 = 14;
/// Seconds for which a spent refresh token still gets its successor.
pub const GRACE_SECONDS: i64 = 20;

/// A login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// When they logged in.
    pub created_at: DateTime<Utc>,
    /// When it was begun or last refreshed.
    pub used_at: DateTime<Utc>,
    /// When it ends, whatever happens.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Session {
    /// A login at `now`.
    pub fn begin(id: Uuid, user_id: Uuid, now: DateTime<Utc>) -> Session {
        Session {
            id,
            user_id,
            created_at: now,
            used_at: now,
            expires_at: now + Duration::days(LIFE_DAYS),
            ended_at: None,
        }
    }

    /// Whether it is over at `now`.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_some()
            || self.expires_at <= now
            || self.used_at + Duration::days(IDLE_DAYS) <= now
    }
}

/// That a refresh token was used, and the salt that tells its successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// When.
    pub at: DateTime<Utc>,
    /// Makes the successor of the token.
    pub salt: [u8; 32],
}

/// What becomes of a refresh token that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// It is spent now, and gets a successor.
    Rotate,
    /// It was spent a moment ago: the same successor again, by its salt.
    Repeat([u8; 32]),
    /// It was spent long ago: the session ends.
    Reused,
    /// The session is over.
    Over,
}

/// Decides.
pub fn refresh(session: &Session, spent: Option<Spent>, now: DateTime<Utc>) -> Refresh {
    if session.is_over(now) {
        return Refresh::Over;
    }
    match spent {
        None => Refresh::Rotate,
        Some(spent) if now - spent.at <= Duration::seconds(GRACE_SECONDS) => {
            Refresh::Repeat(spent.salt)
        }
        Some(_) => Refresh::Reused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + Duration::days(days)
    }

    fn session() -> Session {
        Session::begin(Uuid::nil(), Uuid::nil(), at(0))
    }

    #[test]
    fn a_spent_token_gets_its_successor_for_twenty_seconds_and_ends_the_session_after_them() {
        let spent = Spent {
            at: at(1),
            salt: [7; 32],
        };
        let after = |seconds| refresh(&session(), Some(spent), at(1) + Duration::seconds(seconds));
        assert_eq!(refresh(&session(), None, at(1)), Refresh::Rotate);
        assert_eq!(after(0), Refresh::Repeat([7; 32]));
        assert_eq!(after(20), Refresh::Repeat([7; 32]));
        assert_eq!(after(21), Refresh::Reused);
    }

    #[test]
    fn a_session_ends_by_logout_by_idleness_and_by_age() {
        assert_eq!(refresh(&session(), None, at(IDLE_DAYS)), Refresh::Over);
        assert_eq!(
            refresh(&session(), None, at(IDLE_DAYS - 1)),
            Refresh::Rotate
        );
        let busy = Session {
            used_at: at(LIFE_DAYS - 1),
            ..session()
        };
        assert_eq!(
            refresh(&busy, None, at(LIFE_DAYS) - Duration::seconds(1)),
            Refresh::Rotate
        );
        assert_eq!(refresh(&busy, None, at(LIFE_DAYS)), Refresh::Over);
        let ended = Session {
            ended_at: Some(at(0)),
            ..session()
        };
        assert_eq!(refresh(&ended, None, at(0)), Refresh::Over);
    }
}
