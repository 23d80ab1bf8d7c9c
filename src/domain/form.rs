//! A form of a website.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A form of a website, and what may be done through its publishable key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// A UUIDv7.
    pub id: Uuid,
    /// For people.
    pub name: String,
    /// The lead source of its submissions that name none.
    pub source: String,
    /// Origins whose pages may post by script; empty: any.
    pub allowed_origins: Vec<String>,
    /// Addresses, or beginnings of addresses, that a browser may be sent on to.
    pub allowed_redirects: Vec<String>,
    /// Region of phone numbers that do not say theirs.
    pub default_country: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Form {
    /// Whether a browser may be sent on to `address`.
    ///
    /// An entry that ends in `/` allows what begins with it; any other allows just itself, with any query.
    pub fn may_redirect_to(&self, address: &str) -> bool {
        let Ok(url) = url::Url::parse(address) else {
            return false;
        };
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none();
        let without_query = {
            let mut bare = url.clone();
            bare.set_query(None);
            bare.set_fragment(None);
            bare
        };
        is_plain
            && self
                .allowed_redirects
                .iter()
                .filter_map(|entry| url::Url::parse(entry).ok())
                .any(|entry| {
                    if entry.as_str().ends_with('/') {
                        url.as_str().starts_with(entry.as_str())
                    } else {
                        without_query == entry
                    }
                })
    }

    /// Whether a page of this origin may post by script: scheme, host and port are compared.
    pub fn allows_origin(&self, origin: &str) -> bool {
        let parsed = |text: &str| {
            let url = url::Url::parse(text).ok()?;
            Some(url.origin()).filter(url::Origin::is_tuple)
        };
        let same = |allowed: &String| {
            allowed == "*"
                || allowed.eq_ignore_ascii_case(origin)
                || parsed(allowed).is_some_and(|allowed| parsed(origin) == Some(allowed))
        };
        self.allowed_origins.is_empty() || self.allowed_origins.iter().any(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(redirects: &[&str]) -> Form {
        Form {
            id: Uuid::nil(),
            name: "f".into(),
            source: "s".into(),
            allowed_origins: vec!["https://www.example.com".into()],
            allowed_redirects: redirects.iter().map(|text| (*text).to_owned()).collect(),
            default_country: None,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_listed_addresses_are_redirect_targets() {
        let form = form(&[
            "https://www.example.com/thanks",
            "https://shop.example.com/",
        ]);
        assert!(form.may_redirect_to("https://www.example.com/thanks?name=1"));
        assert!(form.may_redirect_to("https://shop.example.com/any/page"));
        for hostile in [
            "https://www.example.com/other",
            "https://shop.example.com.evil.example/",
            "https://shop.example.com@evil.example/",
            "//evil.example",
            "javascript:alert(1)",
            "https://user:pw@shop.example.com/",
            "/thanks",
        ] {
            assert!(!form.may_redirect_to(hostile), "{hostile}");
        }
    }

    #[test]
    fn only_listed_origins_may_post_by_script() {
        assert!(form(&[]).allows_origin("https://WWW.example.com"));
        assert!(!form(&[]).allows_origin("https://evil.example"));
        assert!(
            Form {
                allowed_origins: vec![],
                ..form(&[])
            }
            .allows_origin("https://any.example")
        );
    }
}
