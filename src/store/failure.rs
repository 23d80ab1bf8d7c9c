//! What a database error means: away, too slow, or a fault of ours.

use crate::error::Error;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                _,
            )
            | DieselError::BrokenTransactionManager => Error::Unavailable(error.into()),
            DieselError::DatabaseError(_, information) => match cancelled(information.message()) {
                Some(Cancelled::BySlowness) => Error::TooSlow,
                Some(Cancelled::ByShutdown) => Error::Unavailable(error.into()),
                None => Error::Internal(error.into()),
            },
            _ => Error::Internal(error.into()),
        }
    }
}

impl From<r2d2::Error> for Error {
    fn from(error: r2d2::Error) -> Self {
        Error::Unavailable(error.into())
    }
}

impl From<diesel::ConnectionError> for Error {
    fn from(error: diesel::ConnectionError) -> Self {
        Error::Unavailable(error.into())
    }
}

enum Cancelled {
    BySlowness,
    ByShutdown,
}

/// diesel does not pass SQLSTATE on, so the message has to tell 57014 and 55P03 from 57P01 to 57P03.
fn cancelled(message: &str) -> Option<Cancelled> {
    const SLOW: [&str; 2] = ["statement timeout", "lock timeout"];
    const SHUTDOWN: [&str; 7] = [
        "terminating connection",
        "the database system is",
        "server closed the connection",
        "connection to server",
        "no connection to the server",
        "could not receive data from server",
        "could not send data to server",
    ];
    if SLOW.iter().any(|sign| message.contains(sign)) {
        Some(Cancelled::BySlowness)
    } else if SHUTDOWN.iter().any(|sign| message.contains(sign)) {
        Some(Cancelled::ByShutdown)
    } else {
        None
    }
}

/// Whether a statement failed because of the unique key of that name.
pub(in crate::store) fn violates(error: &DieselError, key: &str) -> bool {
    matches!(error, DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information)
        if information.constraint_name() == Some(key))
}

/// What was read has changed before it could be locked.
#[derive(Debug, thiserror::Error)]
#[error("another transaction came between")]
pub struct LostRace;

/// Whether running the same transaction again makes sense: it lost against another one.
pub fn lost_a_race(error: &Error) -> bool {
    let Error::Internal(source) = error else {
        return false;
    };
    if source.is::<LostRace>() {
        return true;
    }
    match source.downcast_ref::<DieselError>() {
        Some(DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
        // A twin kept its answer under the same idempotency key: run again, this one finds it.
        Some(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information)) => {
            information.constraint_name() == Some("idempotency_keys_pkey")
        }
        // Turns were decided by others than those that are in the table.
        Some(DieselError::DatabaseError(DatabaseErrorKind::NotNullViolation, information)) => {
            information.table_name() == Some("pool_turns")
        }
        Some(DieselError::DatabaseError(_, information)) => {
            information.message().contains("deadlock detected")
        }
        _ => false,
    }
}
