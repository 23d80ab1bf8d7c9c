//! Secrets that a browser or a mail carries: refresh tokens, and the tokens of links that are good for once.
//!
//! 256 random bits, and the workspace, so that looking one up concerns that workspace only. Stored is their SHA-256.

use crate::domain::key::{decode, encode};
use ring::hmac;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// Gets new access tokens.
    Refresh,
    /// Lets an invited person choose a password.
    Invitation,
    /// Lets somebody choose a new password.
    PasswordReset,
}

impl SecretKind {
    /// How its text begins.
    fn prefix(self) -> &'static str {
        match self {
            SecretKind::Refresh => "bt_refresh_",
            SecretKind::Invitation => "bt_invite_",
            SecretKind::PasswordReset => "bt_reset_",
        }
    }

    /// Its name in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            SecretKind::Refresh => "refresh",
            SecretKind::Invitation => "invitation",
            SecretKind::PasswordReset => "password_reset",
        }
    }
}

/// A secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The workspace it belongs to.
    pub workspace_id: Uuid,
    kind: SecretKind,
    bits: [u8; 32],
}

impl Secret {
    /// A new secret; `bits` come from the operating system's source of randomness.
    pub fn new(kind: SecretKind, workspace_id: Uuid, bits: [u8; 32]) -> Secret {
        Secret {
            workspace_id,
            kind,
            bits,
        }
    }

    /// Reads a secret of a kind; `None` when it is none of ours.
    pub fn parse(kind: SecretKind, text: &str) -> Option<Secret> {
        let [workspace_id, high, low] = decode(text.strip_prefix(kind.prefix())?)?;
        let mut bits = [0; 32];
        bits[..16].copy_from_slice(&high.to_be_bytes());
        bits[16..].copy_from_slice(&low.to_be_bytes());
        Some(Secret {
            workspace_id: Uuid::from_u128(workspace_id),
            kind,
            bits,
        })
    }

    /// The secret as it is handed out.
    pub fn reveal(&self) -> String {
        let number = |half: &[u8]| {
            half.iter()
                .fold(0u128, |number, byte| (number << 8) | u128::from(*byte))
        };
        encode(
            self.kind.prefix(),
            &[
                self.workspace_id.as_u128(),
                number(&self.bits[..16]),
                number(&self.bits[16..]),
            ],
        )
    }

    /// What is stored of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.bits).into()
    }

    /// The secret that comes after this one: HMAC-SHA-256 of a random salt, under this secret.
    ///
    /// The salt is stored, this secret is not: with both the successor can be told again, with one of them it cannot.
    pub fn successor(&self, salt: &[u8; 32]) -> Secret {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.bits);
        let mut bits = [0; 32];
        bits.copy_from_slice(hmac::sign(&key, salt).as_ref());
        Secret {
            bits,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_as_it_was_handed_out_and_as_nothing_else() {
        let mut bits = [0; 32];
        bits[0] = 255;
        bits[31] = 7;
        let secret = Secret::new(SecretKind::Refresh, Uuid::from_u128(u128::MAX), bits);
        let text = secret.reveal();
        assert!(Secret::parse(SecretKind::Refresh, &text) == Some(secret));
        assert!(Secret::parse(SecretKind::Invitation, &text).is_none());
        assert!(Secret::parse(SecretKind::Refresh, &text[..text.len() - 1]).is_none());
    }

    #[test]
    fn the_successor_depends_on_the_secret_and_on_the_salt() {
        let secret = |byte| Secret::new(SecretKind::Refresh, Uuid::nil(), [byte; 32]);
        let one = secret(1).successor(&[1; 32]);
        assert!(one == secret(1).successor(&[1; 32]));
        assert!(one != secret(1).successor(&[2; 32]) && one != secret(2).successor(&[1; 32]));
        assert!(one.hash() != secret(1).hash());
    }
}
