//! The weights of two leads added up, and what they may come to where somebody else is plainly meant.

/// What a shared household or office may speak for one person at most, in bits, where given names differ.
const HOUSEHOLD: f32 = 2.0;
/// What a family name and a place may speak for one person at most where dates of birth differ: they are namesakes.
const NAMESAKES: f32 = 4.0;

/// Weights so far, in bits.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// Of what is a person's own.
    pub personal: f32,
    /// Of what a household or an office has in common.
    pub shared: f32,
    /// The given names are others altogether.
    pub first_differs: bool,
    /// A date, such as that of birth, is another altogether.
    pub date_differs: bool,
    /// They live or work in the same house.
    pub same_house: bool,
    /// Something that is a person's own speaks for one person.
    pub has_own: bool,
}

impl Sums {
    pub fn total(&self) -> f32 {
        if self.first_differs && !self.has_own {
            self.personal + self.shared.min(HOUSEHOLD)
        } else if self.date_differs && !self.same_house && !self.has_own {
            self.personal + self.shared.min(NAMESAKES)
        } else {
            self.personal + self.shared
        }
    }
}
