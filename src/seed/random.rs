//! Chance that repeats: SplitMix64 (Steele, Lea and Flood 2014), small, quick, and the same on every machine.

/// A stream of numbers that only its seed decides.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of one number of a seed: any of them can be had without those before it.
    pub fn of(seed: u64, number: u64) -> Random {
        let mut start = Random(seed);
        let seed = start.next();
        Random(seed ^ Random(number).next())
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The product's upper half is below `end`, and as good as even for ends as small as ours.
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// Whether something happens that happens `times` in a thousand.
    pub fn in_thousand(&mut self, times: u64) -> bool {
        self.below(1000) < times
    }

    /// One of several; the empty value of its type when there is none.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len() as u64) as usize;
        from.get(index).copied().unwrap_or_default()
    }

    /// One of the words of a list with `|` between them.
    pub fn word(&mut self, list: &'static str) -> &'static str {
        let words = list.split('|').count() as u64;
        let chosen = self.below(words) as usize;
        list.split('|').nth(chosen).unwrap_or_default()
    }

    /// A text by a pattern: `#` is a digit, `%` one from 2 to 9, `@` a capital letter, and the rest is itself.
    pub fn fill(&mut self, pattern: &str) -> String {
        const LETTERS: &[u8] = b"ABDEFGHJLNPQRSTUWXYZ";
        let mut one = |sign| match sign {
            '#' => char::from(b'0' + self.below(10) as u8),
            '%' => char::from(b'2' + self.below(8) as u8),
            '@' => char::from(LETTERS[self.below(LETTERS.len() as u64) as usize]),
            plain => plain,
        };
        pattern.chars().map(&mut one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_repeats_and_its_neighbour_differs() {
        let first = |seed, number| Random::of(seed, number).next();
        assert_eq!(first(1, 7), first(1, 7));
        assert_ne!(first(1, 7), first(1, 8));
        assert_ne!(first(1, 7), first(2, 7));
    }

    #[test]
    fn numbers_stay_below_the_end_and_reach_all_of_it() {
        let mut random = Random::of(1, 1);
        let mut seen = [false; 10];
        for _ in 0..1000 {
            seen[random.below(10) as usize] = true;
        }
        assert_eq!((seen, random.below(0)), ([true; 10], 0));
    }

    #[test]
    fn a_pattern_keeps_what_is_not_a_sign() {
        let filled = Random::of(1, 1).fill("+49 %#@-x");
        assert!(filled.starts_with("+49 ") && filled.ends_with("-x") && filled.len() == 9);
    }
}
