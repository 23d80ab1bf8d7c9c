//! Passwords: which are good enough, and how they are kept.
//!
//! Rules are those of NIST SP 800-63B §3.1.1: a length, nothing that is known to be common, no composition. They are kept
//! as argon2id with the parameters OWASP recommends (Password Storage Cheat Sheet: m = 19 MiB, t = 2, p = 1).

use crate::error::{Error, FieldError, Result};
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::collections::HashSet;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Fewest characters of a password.
pub const MIN_CHARACTERS: usize = 8;
/// Most characters of a password.
pub const MAX_CHARACTERS: usize = 128;
/// Most bytes of a password.
const MAX_BYTES: usize = 1024;
/// Memory, in KiB.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of salt.
pub const SALT: usize = 16;

/// Passwords that everybody tries first, in small letters, one a line.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("password/common.txt").lines().collect());

/// What is kept of a password: a PHC string with the parameters it was made with.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A password in normal form (Unicode NFKC, so that it is the same from every keyboard).
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// A password as somebody typed it to come in.
    pub fn typed(given: &str) -> Password {
        Password(given.nfkc().collect())
    }

    /// A new password, which has to be good enough; `email` is whose it will be.
    ///
    /// # Errors
    /// What is wrong with it, under the pointer.
    pub fn choose(given: &str, email: &str, pointer: &str) -> Result<Password> {
        let password = Password::typed(given);
        let wrong =
            |code, detail: &str| Err(Error::Invalid(vec![FieldError::new(pointer, code, detail)]));
        let characters = password.0.chars().count();
        if characters < MIN_CHARACTERS {
            return wrong("too_short", "at least 8 characters; several words are best");
        }
        if characters > MAX_CHARACTERS || password.0.len() > MAX_BYTES {
            return wrong("too_long", "at most 128 characters");
        }
        let small = password.0.to_lowercase();
        let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
        if small == email || small == local {
            return wrong(
                "too_common",
                "not the mail address: it is what others try first",
            );
        }
        let mut letters = small.chars();
        let first = letters.next();
        if COMMON.contains(small.as_str()) || letters.all(|letter| Some(letter) == first) {
            return wrong(
                "too_common",
                "among those that others try first; several words are best",
            );
        }
        Ok(password)
    }
}

/// What checking a password said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is another one.
    Wrong,
    /// It is this one.
    Right,
    /// It is this one, and its hash was made with weaker parameters than today's.
    RightButWeak,
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a password; `salt` is random. Takes some 20 to 60 ms and 19 MiB.
pub fn hash(password: &Password, salt: &[u8; SALT]) -> Result<PasswordHash> {
    let hash = hasher()?
        .hash_password_with_salt(password.0.as_bytes(), salt)
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(PasswordHash(hash.to_string()))
}

/// Whether a hash is of this password. Takes as long as hashing.
pub fn verify(password: &Password, hash: &PasswordHash) -> Result<Verdict> {
    let parsed = Phc::new(&hash.0).map_err(|error| Error::internal(error.to_string()))?;
    if hasher()?
        .verify_password(password.0.as_bytes(), &parsed)
        .is_err()
    {
        return Ok(Verdict::Wrong);
    }
    let params = Params::try_from(&parsed).map_err(|error| Error::internal(error.to_string()))?;
    let weak = parsed.algorithm.as_str() != "argon2id"
        || params.m_cost() < MEMORY
        || params.t_cost() < PASSES;
    Ok(if weak {
        Verdict::RightButWeak
    } else {
        Verdict::Right
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "ada.lovelace@example.com";

    fn codes(given: &str) -> Vec<&'static str> {
        match Password::choose(given, EMAIL, "/password") {
            Err(Error::Invalid(errors)) => errors.iter().map(|error| error.code).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_password_is_long_enough_and_not_what_everybody_tries() {
        assert_eq!(codes("1234567"), ["too_short"]);
        assert_eq!(codes(&"ä".repeat(7)), ["too_short"]);
        assert_eq!(codes(&"ab".repeat(65)), ["too_long"]);
        for common in [
            "password",
            "Password1",
            "QWERTY123",
            "12345678",
            "aaaaaaaaaa",
            "letmein123",
            "Ada.Lovelace",
            EMAIL,
        ] {
            assert_eq!(codes(common), ["too_common"], "{common}");
        }
        for good in [
            "correct horse",
            "no digits and no capitals",
            "pässwörter",
            "密码密码密码密码!!",
        ] {
            assert_eq!(codes(good), Vec::<&str>::new(), "{good}");
        }
    }

    #[test]
    fn the_list_is_in_small_letters_and_each_entry_would_be_long_enough() {
        assert!(COMMON.len() >= 200, "{}", COMMON.len());
        for entry in COMMON.iter() {
            assert!(
                entry.len() >= MIN_CHARACTERS && *entry == entry.to_lowercase(),
                "{entry}"
            );
        }
    }

    #[test]
    fn a_password_is_right_in_every_spelling_of_its_characters() {
        let hash = hash(&Password::typed("pa\u{308}sswo\u{308}rter"), &[7; SALT]).unwrap();
        assert!(
            hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            hash.0
        );
        assert_eq!(
            verify(&Password::typed("pässwörter"), &hash).unwrap(),
            Verdict::Right
        );
        assert_eq!(
            verify(&Password::typed("Pässwörter"), &hash).unwrap(),
            Verdict::Wrong
        );
        assert!(!format!("{hash:?}").contains("argon2"));
    }

    #[test]
    fn a_hash_of_weaker_parameters_is_told() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8192, 1, 1, None).unwrap(),
        );
        let hash = weak
            .hash_password_with_salt(b"correct horse", &[1; SALT])
            .unwrap();
        let verdict = verify(
            &Password::typed("correct horse"),
            &PasswordHash(hash.to_string()),
        );
        assert_eq!(verdict.unwrap(), Verdict::RightButWeak);
    }
}
