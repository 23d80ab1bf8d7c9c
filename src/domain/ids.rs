//! Ids: UUIDv7 (RFC 9562 §5.7), which sort by the time they carry.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A source of UUIDv7. Ids grow from call to call, also when `at` does not.
pub trait Ids {
    /// The next id, of the moment `at` or, if an earlier id was of a later moment, of that one.
    fn next(&mut self, at: DateTime<Utc>) -> Uuid;
}

/// The moment an id carries, in milliseconds; the Unix epoch for an id of another version.
pub fn time_of(id: Uuid) -> DateTime<Utc> {
    let (seconds, nanoseconds) = id
        .get_timestamp()
        .map(|at| at.to_unix())
        .unwrap_or_default();
    DateTime::from_timestamp(seconds.cast_signed(), nanoseconds).unwrap_or_default()
}

/// No id of the moment's millisecond, or of a later one, is smaller; every id of an earlier one is.
pub fn lower_bound(at: DateTime<Utc>) -> Uuid {
    let milliseconds = at.timestamp_millis().try_into().unwrap_or_default();
    Uuid::from_u128(u128::from(u64::min(milliseconds, (1 << 48) - 1)) << 80)
}

/// The process's source of ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessIds;

impl Ids for ProcessIds {
    fn next(&mut self, at: DateTime<Utc>) -> Uuid {
        static CONTEXT: std::sync::Mutex<Option<uuid::ContextV7>> = std::sync::Mutex::new(None);
        let mut context = CONTEXT
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let context = context.get_or_insert_with(uuid::ContextV7::new);
        let seconds = at.timestamp().try_into().unwrap_or_default();
        Uuid::new_v7(uuid::Timestamp::from_unix(
            &*context,
            seconds,
            at.timestamp_subsec_millis() * 1_000_000,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    #[test]
    fn a_bound_parts_earlier_ids_from_later_ones() {
        let at = |milliseconds| DateTime::from_timestamp_millis(milliseconds).unwrap();
        let id = Uuid::new_v7(uuid::Timestamp::from_unix(
            uuid::NoContext,
            1_700_000_000,
            123_000_000,
        ));
        let bound = |milliseconds| lower_bound(at(milliseconds));
        assert!(bound(1_700_000_000_123) <= id && id < bound(1_700_000_000_124));
        assert_eq!(bound(-1), Uuid::nil());
    }

    #[test]
    fn ids_grow_also_when_the_clock_goes_back() {
        let now = DateTime::from_timestamp_millis(1_800_000_000_123).unwrap();
        let (first, second) = (ProcessIds.next(now), ProcessIds.next(now));
        let back = ProcessIds.next(now - Duration::seconds(5));
        assert!(first < second && second < back);
        assert_eq!((time_of(first), time_of(back)), (now, now));
    }
}
