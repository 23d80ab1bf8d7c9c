//! An identity provider of a workspace: whose tokens are accepted, and what their claims say of a person.

use crate::domain::access::Role;
use crate::domain::normalise::email::EmailAddress;
use crate::domain::normalise::text;
use crate::domain::public_address::is_public;
use crate::error::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use url::{Host, Url};
use utoipa::ToSchema;

/// How a provider may sign its tokens. Keys of one algorithm are never used with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum TokenAlgorithm {
    /// RSA of 2,048 bits and more (RFC 7518).
    RS256,
    /// ECDSA on P-256 (RFC 7518).
    ES256,
    /// Ed25519 (RFC 8037).
    #[allow(clippy::upper_case_acronyms)]
    EdDSA,
}

/// Which claims say what. A name with dots also reaches into objects: `realm_access.roles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ClaimNames {
    /// Who it is, for ever.
    #[schema(min_length = 1, max_length = 100, default = "sub")]
    pub subject: String,
    /// Mail address.
    #[schema(min_length = 1, max_length = 100, default = "email")]
    pub email: String,
    /// Name.
    #[schema(min_length = 1, max_length = 100, default = "name")]
    pub name: String,
    /// Roles or groups there, a text or a list; `roles` says what they are here. Left out, roles are set in Baton.
    #[schema(min_length = 1, max_length = 100, example = "realm_access.roles")]
    pub role: Option<String>,
    /// Names of teams, a text or a list; those that Baton has. Left out, teams are set in Baton.
    #[schema(min_length = 1, max_length = 100, example = "groups")]
    pub teams: Option<String>,
}

impl Default for ClaimNames {
    fn default() -> Self {
        ClaimNames {
            subject: "sub".to_owned(),
            email: "email".to_owned(),
            name: "name".to_owned(),
            role: None,
            teams: None,
        }
    }
}

/// Whose access tokens a workspace accepts beside Baton's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"issuer": "https://id.example.com/realms/acme", "jwks_url": "https://id.example.com/realms/acme/protocol/openid-connect/certs", "audience": "baton",
    "claims": {"role": "realm_access.roles"}, "roles": {"sales-lead": "manager", "sales": "rep"}, "provision": true}))]
pub struct IdentityProvider {
    /// The `iss` of its tokens.
    #[schema(max_length = 500)]
    pub issuer: String,
    /// Where its keys are (RFC 7517).
    #[schema(max_length = 2000)]
    pub jwks_url: String,
    /// The `aud` of tokens that are meant for this workspace.
    #[schema(max_length = 500)]
    pub audience: String,
    /// How its tokens may be signed.
    #[schema(min_items = 1, max_items = 3)]
    pub algorithms: Vec<TokenAlgorithm>,
    /// Which claims say what.
    pub claims: ClaimNames,
    /// What its roles and groups are in Baton. Of several the greatest counts, in the order admin, manager, marketer, rep, readonly.
    pub roles: BTreeMap<String, Role>,
    /// The role of those whose roles say nothing; without it they may not come in.
    pub default_role: Option<Role>,
    /// People who are not known yet become users.
    pub provision: bool,
}

impl Default for IdentityProvider {
    fn default() -> Self {
        IdentityProvider {
            issuer: String::new(),
            jwks_url: String::new(),
            audience: String::new(),
            algorithms: vec![TokenAlgorithm::RS256],
            claims: ClaimNames::default(),
            roles: BTreeMap::new(),
            default_role: None,
            provision: false,
        }
    }
}

/// What a token says of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalPerson {
    /// Who it is.
    pub subject: String,
    /// Mail address in normal form; `None` when there is none that the provider stands for.
    pub email: Option<String>,
    /// The provider says that the address was proven to be theirs.
    pub email_is_verified: bool,
    /// Name.
    pub name: Option<String>,
    /// The role; `None`: the token does not say.
    pub role: Option<Role>,
    /// Names of teams; `None`: the token does not say.
    pub teams: Option<Vec<String>>,
}

/// From the greatest to the least.
const RANKS: [Role; 5] = [
    Role::Admin,
    Role::Manager,
    Role::Marketer,
    Role::Rep,
    Role::Readonly,
];

impl IdentityProvider {
    /// Everything that keeps it from working, by pointers into it. `allow_private`: addresses that are not of the public
    /// internet are fine, and so is one without TLS.
    pub fn problems(&self, allow_private: bool) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, code, detail: &str| {
            errors.push(FieldError::new(pointer, code, detail));
        };
        for (pointer, given, detail) in [
            (
                "/issuer",
                &self.issuer,
                "the `iss` that the provider's tokens have",
            ),
            (
                "/audience",
                &self.audience,
                "the `aud` of tokens that are meant for this workspace",
            ),
        ] {
            if given.trim().is_empty() {
                wrong(pointer, "not_said", detail);
            }
        }
        match Url::parse(&self.jwks_url) {
            Ok(url) if url.scheme() == "https" || (allow_private && url.scheme() == "http") => {
                let is_private = match url.host() {
                    Some(Host::Ipv4(address)) => !is_public(address.into()),
                    Some(Host::Ipv6(address)) => !is_public(address.into()),
                    Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
                    None => true,
                };
                if is_private && !allow_private {
                    let detail = "an address of the public internet; the operator can allow others";
                    wrong("/jwks_url", "private_address", detail);
                }
                if !url.username().is_empty() || url.password().is_some() {
                    wrong(
                        "/jwks_url",
                        "invalid_url",
                        "an address without user and password",
                    );
                }
            }
            _ => wrong(
                "/jwks_url",
                "invalid_url",
                "an address that begins with https://, such as https://id.example.com/keys",
            ),
        }
        if self.algorithms.is_empty() {
            wrong(
                "/algorithms",
                "none_left",
                "at least one of RS256, ES256 and EdDSA",
            );
        }
        if self.claims.role.is_some() && self.roles.is_empty() && self.default_role.is_none() {
            let detail = "says what the provider's roles are here, or else `default_role`: without both nobody can come in";
            wrong("/roles", "not_said", detail);
        }
        if self.provision && self.claims.role.is_none() && self.default_role.is_none() {
            let detail = "new users need a role: name one, or the claim that says it";
            wrong("/default_role", "not_said", detail);
        }
        errors
    }

    /// What the claims of a token that was found good say of a person; `None` when they name nobody.
    pub fn person(&self, claims: &Value) -> Option<ExternalPerson> {
        let line = |name: &str| {
            let given = claim(claims, name)?.as_str()?;
            let line = text::clean_line(given);
            (!line.is_empty()).then_some(line)
        };
        let subject = line(&self.claims.subject).filter(|subject| subject.len() <= 500)?;
        let verified = claims.get("email_verified");
        let is_unverified = verified == Some(&Value::Bool(false));
        let email = line(&self.claims.email).filter(|_| !is_unverified);
        Some(ExternalPerson {
            subject,
            email: email.and_then(|email| {
                EmailAddress::parse(&email)
                    .ok()
                    .map(EmailAddress::into_string)
            }),
            email_is_verified: verified == Some(&Value::Bool(true)),
            name: line(&self.claims.name).map(|name| text::truncate(&name, 200).to_owned()),
            role: self.claims.role.as_deref().and_then(|name| {
                let named = texts(claim(claims, name));
                RANKS
                    .into_iter()
                    .find(|role| named.iter().any(|name| self.roles.get(name) == Some(role)))
                    .or(self.default_role)
            }),
            teams: self
                .claims
                .teams
                .as_deref()
                .map(|name| texts(claim(claims, name))),
        })
    }
}

/// A claim by its name, or by its path.
fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        name.split('.')
            .try_fold(claims, |within, step| within.get(step))
    })
}

/// A text or a list of them; at most 200.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .take(200)
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn provider() -> IdentityProvider {
        IdentityProvider {
            claims: ClaimNames {
                role: Some("realm_access.roles".into()),
                teams: Some("groups".into()),
                ..ClaimNames::default()
            },
            roles: BTreeMap::from([("sales".into(), Role::Rep), ("boss".into(), Role::Manager)]),
            ..IdentityProvider::default()
        }
    }

    #[test]
    fn claims_say_who_it_is_and_the_greatest_role_counts() {
        let claims = json!({"sub": "u-1", "email": "Ada@Example.com", "name": " Ada  ", "groups": ["DACH", 7],
            "realm_access": {"roles": ["sales", "boss", "other"]}});
        let person = provider().person(&claims).unwrap();
        assert_eq!(
            person,
            ExternalPerson {
                subject: "u-1".into(),
                email: Some("ada@example.com".into()),
                email_is_verified: false,
                name: Some("Ada".into()),
                role: Some(Role::Manager),
                teams: Some(vec!["DACH".into()]),
            }
        );
    }

    #[test]
    fn everything_that_keeps_a_provider_from_working_is_told() {
        let good = IdentityProvider {
            issuer: "https://id.example.com".into(),
            audience: "baton".into(),
            jwks_url: "https://id.example.com/keys".into(),
            ..IdentityProvider::default()
        };
        let pointers = |provider: &IdentityProvider, allow_private| -> Vec<String> {
            let problems = provider.problems(allow_private).into_iter();
            problems.map(|problem| problem.pointer).collect()
        };
        assert!(good.problems(false).is_empty());
        let empty = IdentityProvider {
            algorithms: Vec::new(),
            provision: true,
            ..IdentityProvider::default()
        };
        assert_eq!(
            pointers(&empty, false),
            [
                "/issuer",
                "/audience",
                "/jwks_url",
                "/algorithms",
                "/default_role"
            ]
        );
        for url in [
            "http://id.example.com/keys",
            "https://localhost/keys",
            "https://10.0.0.1/",
            "https://[::1]/",
            "https://a:b@id.example.com/",
            "file:///etc/passwd",
        ] {
            let provider = IdentityProvider {
                jwks_url: url.into(),
                ..good.clone()
            };
            assert_eq!(pointers(&provider, false), ["/jwks_url"], "{url}");
        }
        let local = IdentityProvider {
            jwks_url: "http://127.0.0.1:99/keys".into(),
            ..good
        };
        assert!(local.problems(true).is_empty());
    }

    #[test]
    fn an_address_that_the_provider_does_not_stand_for_is_none() {
        let claims = json!({"sub": "u-1", "email": "ada@example.com", "email_verified": false});
        assert_eq!(provider().person(&claims).unwrap().email, None);
    }

    #[test]
    fn without_a_known_role_the_default_counts_and_without_a_subject_it_is_nobody() {
        let mut provider = provider();
        let role = |provider: &IdentityProvider| {
            provider
                .person(&json!({"sub": "u", "realm_access": {"roles": "stranger"}}))
                .unwrap()
                .role
        };
        assert_eq!(role(&provider), None);
        provider.default_role = Some(Role::Readonly);
        assert_eq!(role(&provider), Some(Role::Readonly));
        assert_eq!(provider.person(&json!({"email": "a@example.com"})), None);
    }
}
