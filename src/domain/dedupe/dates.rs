//! Days, such as dates of birth.

use super::likeness::Agreement;

/// A day as it was said; broken ones too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// Reads `1960-12-03` and what is like it.
    pub(super) fn parse(text: &str) -> Option<Day> {
        let mut parts = text.trim().split(['-', '/', '.', 'T']);
        let year = parts.next()?.parse().ok()?;
        let month = parts.next()?.parse().ok()?;
        let day = parts.next()?.trim().parse().ok()?;
        (year >= 1000 && month <= 99 && day <= 99).then_some(Day { year, month, day })
    }

    /// A number of its own for each.
    pub(super) fn number(self) -> u64 {
        u64::from(self.year) * 10_000 + u64::from(self.month) * 100 + u64::from(self.day)
    }

    /// The year, and the day in it: each alone finds days with a slip in the other.
    pub(super) fn halves(self) -> (u64, u64) {
        (
            u64::from(self.year),
            u64::from(self.month) * 100 + u64::from(self.day),
        )
    }

    /// The first of January often means that only the year is known.
    fn is_year_only(self) -> bool {
        self.month == 1 && self.day == 1
    }

    /// Same: the same day. Close: one slip: a digit, or two that changed places, or day and month. Near: one part differs.
    pub(super) fn compare(self, other: Day) -> Agreement {
        if self == other {
            return Agreement::Same;
        }
        if self.year == other.year && (self.is_year_only() || other.is_year_only()) {
            return Agreement::Near;
        }
        let (a, b) = (digits(self), digits(other));
        let different: u32 = a.iter().zip(b).map(|(x, y)| u32::from(*x != y)).sum();
        let has_swapped_neighbours = || {
            let first = a.iter().zip(b).position(|(x, y)| *x != y);
            first.is_some_and(|at| {
                different == 2 && at + 1 < 8 && a[at] == b[at + 1] && a[at + 1] == b[at]
            })
        };
        let is_turned =
            self.year == other.year && self.month == other.day && self.day == other.month;
        if different == 1 || is_turned || has_swapped_neighbours() {
            return Agreement::Close;
        }
        let parts = u32::from(self.year == other.year)
            + u32::from(self.month == other.month)
            + u32::from(self.day == other.day);
        if parts == 2 || different == 2 {
            return Agreement::Near;
        }
        Agreement::Differs
    }
}

fn digits(day: Day) -> [u8; 8] {
    let mut digits = [0; 8];
    let mut rest = day.number();
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(one: &str, other: &str) -> Agreement {
        Day::parse(one).unwrap().compare(Day::parse(other).unwrap())
    }

    #[test]
    fn slips_in_days_are_close() {
        assert_eq!(compared("1974-01-17", "1974-01-17"), Agreement::Same);
        assert_eq!(compared("1974-01-17", "1975-01-17"), Agreement::Close);
        assert_eq!(compared("1974-03-12", "1974-12-03"), Agreement::Close);
        assert_eq!(compared("1974-03-12", "1947-03-12"), Agreement::Close);
        assert_eq!(compared("1959-04-07", "2008-04-07"), Agreement::Near);
        assert_eq!(compared("1860-12-03", "1860-01-01"), Agreement::Near);
        assert_eq!(compared("1974-03-12", "1988-11-25"), Agreement::Differs);
        assert_eq!(Day::parse("soon"), None);
    }
}
