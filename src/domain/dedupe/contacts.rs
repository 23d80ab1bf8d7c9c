//! Mail addresses and phone numbers.

use super::fold::hash_of;
use super::likeness::{Agreement, distance};

/// Mail providers whose domain says nothing of where somebody works.
pub const FREE: [&str; 42] = [
    "aol.com",
    "bluewin.ch",
    "btinternet.com",
    "comcast.net",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "t-online.de",
    "verizon.net",
    "wanadoo.fr",
    "web.de",
    "yahoo.co.uk",
    "yahoo.com",
    "yandex.ru",
    "ymail.com",
];
/// Addresses of nobody in particular.
const ROLES: [&str; 20] = [
    "admin",
    "anfrage",
    "billing",
    "contact",
    "enquiries",
    "help",
    "hello",
    "hr",
    "info",
    "jobs",
    "kontakt",
    "mail",
    "marketing",
    "noreply",
    "office",
    "post",
    "sales",
    "service",
    "support",
    "team",
];

/// A mail address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Email {
    /// Before the @, without what the provider ignores.
    pub local: Box<str>,
    /// After it.
    pub domain: Box<str>,
    /// Of both.
    pub hash: u64,
    /// Of the local part alone.
    pub local_hash: u64,
    /// Of the domain alone.
    pub domain_hash: u64,
    /// At a provider that anybody may use.
    pub is_free: bool,
    /// Of nobody in particular.
    pub is_role: bool,
}

impl Email {
    pub(super) fn parse(text: &str) -> Option<Email> {
        let (local, domain) = text.trim().rsplit_once('@')?;
        let (local, domain) = (local.to_lowercase(), domain.to_lowercase());
        let mut local = local.split('+').next().unwrap_or_default().to_owned();
        let domain = if domain == "googlemail.com" {
            "gmail.com".to_owned()
        } else {
            domain
        };
        if domain == "gmail.com" {
            local.retain(|one| one != '.');
        }
        if local.is_empty() || domain.is_empty() {
            return None;
        }
        Some(Email {
            hash: hash_of(&format!("{local}@{domain}")),
            local_hash: hash_of(&local),
            domain_hash: hash_of(&domain),
            is_free: FREE.binary_search(&domain.as_str()).is_ok(),
            is_role: ROLES.contains(&local.as_str()),
            local: local.into(),
            domain: domain.into(),
        })
    }

    /// Same: the same address. Close: a slip in one of its parts. Near: the same before the @, elsewhere.
    pub(super) fn compare(&self, other: &Email) -> Agreement {
        if self.hash == other.hash {
            return Agreement::Same;
        }
        if self.is_role || other.is_role {
            return Agreement::Differs;
        }
        let (a, b) = (self.local.as_bytes(), other.local.as_bytes());
        let (c, d) = (self.domain.as_bytes(), other.domain.as_bytes());
        let local = if a == b { 0 } else { distance(a, b, 3) };
        let domain = if c == d { 0 } else { distance(c, d, 3) };
        // Two providers that anybody may use are never a slip of each other.
        let is_slip = domain <= 2 && !(self.is_free && other.is_free);
        if local == 0 && is_slip && self.local.len() >= 4 {
            return Agreement::Close;
        }
        let is_long = a.len().min(b.len()) >= 5;
        if is_long && local <= 2 && (domain == 0 || is_slip) && local + domain <= 3 {
            return Agreement::Close;
        }
        if local == 0 && is_long {
            return Agreement::Near;
        }
        Agreement::Differs
    }
}

/// A phone number: its digits without country and trunk prefix as far as they can be told, and its extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phone {
    pub digits: Box<str>,
    pub hash: u64,
    pub extension: Box<str>,
}

/// Digits that a number without an area code has at least.
const LOCAL_DIGITS: usize = 6;

impl Phone {
    pub(super) fn parse(text: &str) -> Option<Phone> {
        let lower = text.to_lowercase();
        let (number, extension) = match lower.find(['x', '#']).or_else(|| lower.find("ext")) {
            Some(at) => lower.split_at(at),
            None => (lower.as_str(), ""),
        };
        let digits_of = |text: &str| {
            text.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
        };
        let all = digits_of(number);
        if all.len() < LOCAL_DIGITS {
            return None;
        }
        // The last digits say most: in front stand country, trunk and area.
        let digits = &all[all.len().saturating_sub(10)..];
        let digits = digits.trim_start_matches('0');
        (digits.len() >= LOCAL_DIGITS).then(|| Phone {
            hash: hash_of(digits),
            digits: digits.into(),
            extension: digits_of(extension).into(),
        })
    }

    /// With an extension that was kept apart.
    pub(super) fn with_extension(mut self, extension: Option<&str>) -> Phone {
        if let Some(extension) = extension {
            self.extension = extension.into();
        }
        self
    }

    /// The last seven digits: what is left of a number without its area.
    pub(super) fn tail(&self) -> &str {
        &self.digits[self.digits.len().saturating_sub(7)..]
    }

    /// Same: the same number, or one without its area. Close: a slip. Near: the same switchboard, another extension.
    pub(super) fn compare(&self, other: &Phone) -> Agreement {
        let (a, b) = (&*self.digits, &*other.digits);
        let is_same =
            a == b || (a.len().min(b.len()) > LOCAL_DIGITS && (a.ends_with(b) || b.ends_with(a)));
        if is_same {
            let is_other_extension = !self.extension.is_empty()
                && !other.extension.is_empty()
                && self.extension != other.extension;
            return if is_other_extension {
                Agreement::Near
            } else {
                Agreement::Same
            };
        }
        if a.len().min(b.len()) >= 7 && distance(a.as_bytes(), b.as_bytes(), 1) == 1 {
            return Agreement::Close;
        }
        Agreement::Differs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emails(one: &str, other: &str) -> Agreement {
        Email::parse(one)
            .unwrap()
            .compare(&Email::parse(other).unwrap())
    }

    fn phones(one: &str, other: &str) -> Agreement {
        Phone::parse(one)
            .unwrap()
            .compare(&Phone::parse(other).unwrap())
    }

    #[test]
    fn what_a_provider_ignores_is_ignored_and_slips_are_close() {
        assert_eq!(
            emails("A.da+news@gmail.com", "ada@googlemail.com"),
            Agreement::Same
        );
        assert_eq!(
            emails("ada.lovelace@gmial.com", "ada.lovelace@gmail.com"),
            Agreement::Close
        );
        assert_eq!(
            emails(
                "ada.lovelace@old.example",
                "ada.lovelace@new-company.example"
            ),
            Agreement::Near
        );
        assert_eq!(
            emails("info@a.example", "info@b.example"),
            Agreement::Differs
        );
        assert_eq!(
            emails("ada@a.example", "otto@a.example"),
            Agreement::Differs
        );
        assert!(FREE.is_sorted());
    }

    #[test]
    fn numbers_go_together_with_and_without_country_and_area() {
        assert_eq!(phones("+44 20 7946 0018", "020 7946 0018"), Agreement::Same);
        assert_eq!(phones("(312) 928-4104", "9284104"), Agreement::Same);
        assert_eq!(
            phones("+1-727-555-0147 x2680", "+1-727-555-0147 x11"),
            Agreement::Near
        );
        assert_eq!(phones("+17275550147", "+17275550148"), Agreement::Close);
        assert_eq!(phones("+17275550147", "+13125559999"), Agreement::Differs);
        assert!(Phone::parse("n/a").is_none());
    }
}
