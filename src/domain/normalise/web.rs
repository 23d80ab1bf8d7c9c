//! Web addresses: what was typed, and the domain that two people of one company share.

use url::{Host, Url};

use super::text;

const MAX_CHARACTERS: usize = 2048;

/// The address as it was typed, when it is one: an `http(s)` address or a bare domain.
pub fn website(input: &str) -> Option<String> {
    let typed = text::clean_line(input);
    host(&typed).map(|_| typed)
}

/// The host in lower case and its ASCII form, without `www.`.
pub fn domain_of(input: &str) -> Option<String> {
    let host = host(&text::clean_line(input))?;
    let bare = host.strip_prefix("www.").filter(|rest| rest.contains('.'));
    Some(bare.unwrap_or(&host).to_owned())
}

fn host(typed: &str) -> Option<String> {
    if typed.is_empty()
        || typed.chars().count() > MAX_CHARACTERS
        || typed.contains(char::is_whitespace)
    {
        return None;
    }
    let has_scheme = typed.contains("://");
    let url = if has_scheme {
        Url::parse(typed)
    } else {
        Url::parse(&format!("https://{}", typed.trim_start_matches("//")))
    };
    let url = url
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // `jane@example.com` parses as a user at a host.
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    match url.host()? {
        Host::Domain(domain) => {
            let domain = domain.trim_end_matches('.');
            let labels: Vec<&str> = domain.split('.').collect();
            let top = labels.last().filter(|_| labels.len() > 1)?;
            let whole = labels.iter().all(|label| is_label(label))
                && top.starts_with(|c: char| c.is_ascii_alphabetic());
            whole.then(|| domain.to_owned())
        }
        // A bare `1.5` would be read as an address.
        Host::Ipv4(address) if has_scheme => Some(address.to_string()),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// Letters, digits and hyphens; the underscore is not for hosts, but there are some.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stays_as_it_was_typed() {
        for typed in [
            "https://www.example.com",
            "example.com",
            "http://Example.com/path?q=1",
            "www.example.co.uk",
            "müller.example",
        ] {
            assert_eq!(website(typed).as_deref(), Some(typed));
        }
        assert_eq!(website(" example.com\n").as_deref(), Some("example.com"));
    }

    #[test]
    fn one_company_has_one_domain() {
        for typed in [
            "https://www.Example.com/about",
            "example.com",
            "http://example.com:8080",
            "//www.example.com",
            "EXAMPLE.COM.",
        ] {
            assert_eq!(domain_of(typed).as_deref(), Some("example.com"), "{typed}");
        }
        assert_eq!(
            domain_of("https://müller.example").as_deref(),
            Some("xn--mller-kva.example")
        );
        assert_eq!(domain_of("www.com").as_deref(), Some("www.com"));
    }

    #[test]
    fn what_is_no_web_address_is_none() {
        for typed in [
            "",
            "none",
            "n/a",
            "jane@example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "http://localhost",
            "1.5",
            "1.000,00",
            "2.5e-3",
            "kernel.exit(1)",
            "two words.com",
            "https://",
            "http://[::1]/",
        ] {
            assert_eq!(website(typed), None, "{typed}");
            assert_eq!(domain_of(typed), None, "{typed}");
        }
    }
}
