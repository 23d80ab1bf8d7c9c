//! Keys by which leads that may be one person are found: whoever shares one is compared.
//!
//! There are several families, each of other parts, so that one slip in any part leaves another key. A key is a keyed hash
//! of 64 bits: keys of two workspaces have nothing in common, and one that two leads share by chance only costs a look.
//! Who knows what it was keyed by can guess at names, so keys are kept like the leads themselves.

use super::evidence::Evidence;
use super::fold::{Word, hash_of};
use super::nick_names;
use super::sound::sound;

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MatchKey {
    /// Of which parts: each number is a family.
    pub family: i16,
    /// Of what they are.
    pub hash: i64,
}

impl MatchKey {
    /// How many leads with this key a capture looks at. A key that many people share, such as a city with a given name, says little
    /// of any of them; who is the same person mostly shares another key, too.
    pub fn worth(&self) -> i64 {
        match self.family {
            1..=4 | 10..=15 => 20,
            25 => 3,
            _ => 8,
        }
    }
}

/// Most keys of a lead.
pub const MAX_KEYS: usize = 16;
/// Words of a company's name that have a key of their own.
const COMPANY_WORDS: usize = 5;

/// The keys of a lead, each once, the most telling first. `secret` is the workspace's.
pub fn keys(evidence: &Evidence, secret: &[u8; 16]) -> Vec<MatchKey> {
    let mut made = Maker {
        secret,
        keys: Vec::with_capacity(MAX_KEYS),
    };
    contacts(evidence, &mut made);
    people(evidence, &mut made);
    places(evidence, &mut made);
    companies(evidence, &mut made);
    made.keys
}

struct Maker<'a> {
    secret: &'a [u8; 16],
    keys: Vec<MatchKey>,
}

impl Maker<'_> {
    fn add(&mut self, family: i16, parts: &[u64]) {
        let (first, second) = self.secret.split_at(8);
        let number = |half: &[u8]| {
            half.iter()
                .fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let mut state = number(first) ^ u64::from(family.unsigned_abs());
        for part in parts {
            state = mix(state ^ part);
        }
        let key = MatchKey {
            family,
            hash: mix(state ^ number(second)).cast_signed(),
        };
        if self.keys.len() < MAX_KEYS && !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(mut state: u64) -> u64 {
    state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

fn contacts(evidence: &Evidence, made: &mut Maker) {
    if let Some(email) = &evidence.email {
        made.add(1, &[email.hash]);
        if !email.is_role && email.local.len() >= 4 {
            made.add(2, &[email.local_hash]);
        }
    }
    for phone in evidence.phones.iter().take(2) {
        made.add(3, &[hash_of(phone.tail())]);
    }
    for (key, identifier) in evidence.identifiers.iter().take(2) {
        made.add(4, &[*key, *identifier]);
    }
}

/// A given name whatever it is called.
fn called(word: &Word) -> u64 {
    nick_names::group(word.hash)
        .map_or_else(|| sound(&word.text), |group| u64::from(group) + (1 << 40))
}

fn initial(word: &Word) -> u64 {
    word.text.bytes().next().map_or(0, u64::from)
}

fn people(evidence: &Evidence, made: &mut Maker) {
    let (given, family) = (evidence.given.first(), evidence.family.last());
    if let (Some(given), Some(family)) = (given, family) {
        // Both names, whichever stands first.
        let (a, b) = (sound(&given.text), sound(&family.text));
        made.add(10, &[a.min(b), a.max(b)]);
        made.add(11, &[called(given), sound(&family.text)]);
        if evidence.days.is_empty() && evidence.postal_code.is_none() && evidence.city.is_empty() {
            made.add(12, &[initial(given), family.hash]);
        }
    } else if let (Some(only), None) | (None, Some(only)) = (given, family) {
        made.add(13, &[only.hash]);
    }
    for (key, day) in evidence.days.iter().take(1) {
        made.add(14, &[*key, day.number()]);
        let (year, of_year) = day.halves();
        if let Some(given) = given {
            made.add(15, &[called(given), *key, year]);
            made.add(15, &[called(given), *key, of_year]);
        }
        if let Some(family) = family {
            made.add(15, &[sound(&family.text), *key, year]);
            made.add(15, &[sound(&family.text), *key, of_year]);
        }
    }
}

fn places(evidence: &Evidence, made: &mut Maker) {
    let name = evidence.family.last().or(evidence.company.first());
    let given = evidence.given.first();
    if let Some(code) = &evidence.postal_code {
        if let Some(name) = name {
            made.add(20, &[code.hash, sound(&name.text)]);
        }
        if let Some(given) = given {
            made.add(21, &[code.hash, called(given)]);
        }
    }
    if let Some(street) = &evidence.street {
        made.add(22, &[street.hash]);
        if let (Some(number), Some(code)) = (&street.number, &evidence.postal_code) {
            made.add(23, &[hash_of(number), code.hash]);
        }
    }
    if let Some(city) = evidence.city.first() {
        if let Some(family) = evidence.family.last() {
            made.add(24, &[city.hash, family.hash]);
        }
        if let (Some(given), true) = (given, evidence.street.is_none()) {
            made.add(25, &[city.hash, called(given)]);
        }
    }
}

fn companies(evidence: &Evidence, made: &mut Maker) {
    if evidence.company.is_empty() {
        return;
    }
    let mut words: Vec<&Word> = evidence.company.iter().collect();
    words.sort_unstable_by_key(|word| word.hash);
    let all = words.iter().fold(0, |all, word| mix(all ^ word.hash));
    if evidence.names_a_person() {
        if let Some(family) = evidence.family.last() {
            made.add(30, &[all, sound(&family.text)]);
        }
        if let Some(city) = evidence.city.first() {
            made.add(34, &[all, city.hash]);
        }
        return;
    }
    made.add(31, &[all]);
    // Long words say more: they come first.
    words.sort_by_key(|word| std::cmp::Reverse(word.text.len()));
    for word in words.iter().take(COMPANY_WORDS) {
        made.add(32, &[word.hash]);
    }
    if let Some(city) = evidence.city.first() {
        for word in words.iter().take(2) {
            made.add(33, &[sound(&word.text), city.hash]);
        }
    }
}
