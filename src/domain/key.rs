//! Keys: the text a program authenticates with. It names the workspace and the key, so that looking it up concerns one
//! workspace only; a checksum lets scanners of leaked secrets tell it from noise.

use sha2::{Digest, Sha256};
use uuid::Uuid;

const SECRET_PREFIX: &str = "bk_live_";
const PUBLISHABLE_PREFIX: &str = "bk_pub_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Base-62 digits of 128 bits, and of 32.
const WIDE: usize = 22;
const NARROW: usize = 6;

/// An API key: for programs on servers, a secret of 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiKey {
    /// The workspace it opens.
    pub workspace_id: Uuid,
    /// Which of its keys.
    pub id: Uuid,
    secret: u128,
}

impl ApiKey {
    /// A new key; `secret` comes from the operating system's source of randomness.
    pub fn new(workspace_id: Uuid, id: Uuid, secret: u128) -> Self {
        ApiKey {
            workspace_id,
            id,
            secret,
        }
    }

    /// Reads a key; `None` when it is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let [workspace_id, id, secret] = decode(text.strip_prefix(SECRET_PREFIX)?)?;
        Some(ApiKey {
            workspace_id: Uuid::from_u128(workspace_id),
            id: Uuid::from_u128(id),
            secret,
        })
    }

    /// The key as it is shown, once.
    pub fn reveal(&self) -> String {
        encode(
            SECRET_PREFIX,
            &[self.workspace_id.as_u128(), self.id.as_u128(), self.secret],
        )
    }

    /// What is stored of the secret: SHA-256 of its 128 bits.
    pub fn secret_hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret.to_be_bytes()).into()
    }
}

/// A publishable key: may stand in a web page, and only submits to the form it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublishableKey {
    /// The workspace of the form.
    pub workspace_id: Uuid,
    /// Which of its publishable keys.
    pub id: Uuid,
}

impl PublishableKey {
    /// Reads a key; `None` when it is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let [workspace_id, id] = decode(text.strip_prefix(PUBLISHABLE_PREFIX)?)?;
        Some(PublishableKey {
            workspace_id: Uuid::from_u128(workspace_id),
            id: Uuid::from_u128(id),
        })
    }
}

impl std::fmt::Display for PublishableKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&encode(
            PUBLISHABLE_PREFIX,
            &[self.workspace_id.as_u128(), self.id.as_u128()],
        ))
    }
}

pub(in crate::domain) fn encode(prefix: &str, numbers: &[u128]) -> String {
    let body: String = numbers.iter().map(|number| digits(*number, WIDE)).collect();
    let checksum = digits(crc32fast::hash(body.as_bytes()).into(), NARROW);
    format!("{prefix}{body}{checksum}")
}

pub(in crate::domain) fn decode<const N: usize>(text: &str) -> Option<[u128; N]> {
    if text.len() != N * WIDE + NARROW || !text.is_ascii() {
        return None;
    }
    let (body, checksum) = text.split_at(N * WIDE);
    if digits(crc32fast::hash(body.as_bytes()).into(), NARROW) != checksum {
        return None;
    }
    let mut numbers = [0; N];
    for (number, part) in numbers.iter_mut().zip(body.as_bytes().chunks(WIDE)) {
        for digit in part {
            let value = ALPHABET.iter().position(|letter| letter == digit)?;
            *number = u128::checked_mul(*number, 62)?.checked_add(value.try_into().ok()?)?;
        }
    }
    Some(numbers)
}

fn digits(mut number: u128, width: usize) -> String {
    let mut letters = vec![b'0'; width];
    for letter in letters.iter_mut().rev() {
        *letter = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    letters.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_it_was_shown() {
        let key = ApiKey::new(Uuid::from_u128(u128::MAX), Uuid::from_u128(1), 1 << 100);
        assert!(ApiKey::parse(&key.reveal()) == Some(key));
        let public = PublishableKey {
            workspace_id: Uuid::from_u128(7),
            id: Uuid::from_u128(u128::MAX),
        };
        assert_eq!(PublishableKey::parse(&public.to_string()), Some(public));
    }

    #[test]
    fn a_key_with_a_typing_mistake_is_none_of_ours() {
        let text = ApiKey::new(Uuid::from_u128(5), Uuid::from_u128(6), 7).reveal();
        for at in SECRET_PREFIX.len()..text.len() {
            let other = if &text[at..=at] == "z" { "y" } else { "z" };
            let typo = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert!(ApiKey::parse(&typo).is_none());
        }
        assert!(
            ApiKey::parse("").is_none()
                && ApiKey::parse("bk_live_").is_none()
                && ApiKey::parse(&text[1..]).is_none()
        );
    }
}
