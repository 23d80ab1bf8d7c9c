//! E-mail addresses: RFC 5321 mailboxes with internationalised names (RFC 6531, RFC 5890).

use std::net::{Ipv4Addr, Ipv6Addr};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

/// An e-mail address in its normal form: equal addresses are equal texts.
///
/// Lower case throughout. RFC 5321 leaves the case of the local part to the receiving
/// host, but no host in use tells people apart by it, and people type both. Quotes that
/// the local part does not need are gone. The domain is in its ASCII form (A-labels, `xn--…`):
/// that is what DNS and mail servers compare, its length limits are defined for it, and
/// two domains that look alike stay apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);

/// Why a text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing but white space.
    #[error("an e-mail address is needed")]
    Empty,
    /// No `@` between a name and a domain.
    #[error("an e-mail address needs a name, an @ and a domain")]
    Incomplete,
    /// The part before the `@` breaks the rules.
    #[error("the part before the @ is not a valid name")]
    LocalPart,
    /// The part after the `@` is no domain and no address literal.
    #[error("the part after the @ is not a valid domain")]
    Domain,
    /// More than 64 bytes before the `@`, or more than 254 in all.
    #[error("an e-mail address has at most 254 bytes, 64 of them before the @")]
    TooLong,
}

impl EmailError {
    /// Stable and machine readable.
    pub fn code(self) -> &'static str {
        match self {
            EmailError::Empty => "email_empty",
            EmailError::Incomplete => "email_incomplete",
            EmailError::LocalPart => "email_local_part",
            EmailError::Domain => "email_domain",
            EmailError::TooLong => "email_too_long",
        }
    }
}

/// RFC 5321, 4.5.3.1.3: a path has 256 octets, two of them its brackets.
const MAX_BYTES: usize = 254;
const MAX_LOCAL_BYTES: usize = 64;
const MAX_LABEL_BYTES: usize = 63;

impl EmailAddress {
    /// Reads an address as people give it: `Jane@Example.com`, `<jane@example.com>`,
    /// `Jane Doe <jane@example.com>`, `mailto:jane@example.com?subject=Hi`.
    ///
    /// White space at the ends and dots after the domain are taken off. Comments and
    /// folding (RFC 5322) are refused: they belong to message headers.
    ///
    /// # Errors
    /// [`EmailError`] says which part is wrong.
    pub fn parse(input: &str) -> Result<EmailAddress, EmailError> {
        let bare = unwrap(input);
        let bare = trim(&bare);
        if bare.is_empty() {
            return Err(EmailError::Empty);
        }
        let (local, domain) = split(bare)?;
        let local = normal_local(local)?;
        let domain = normal_domain(domain)?;
        let address = format!("{local}@{domain}");
        if local.len() > MAX_LOCAL_BYTES || address.len() > MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        Ok(EmailAddress(address))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is before the last `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// What is after the last `@`: lower case, A-labels, or a literal such as `[192.0.2.1]`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address as text of its own.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address inside angle brackets, a link, or nothing but itself.
fn unwrap(input: &str) -> String {
    let text = trim(input);
    let inside = match (text.strip_suffix('>'), text.rfind('<')) {
        (Some(open), Some(start)) => open.get(start + 1..).unwrap_or(text),
        _ => text,
    };
    let scheme = "mailto:";
    if inside
        .get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    {
        let target = &inside[scheme.len()..];
        let at = target.find('@').or_else(|| target.find("%40")).unwrap_or(0);
        let end = target[at..]
            .find('?')
            .map_or(target.len(), |mark| at + mark);
        return percent_decode_str(&target[..end])
            .decode_utf8_lossy()
            .into_owned();
    }
    if inside.contains('@') {
        inside.to_owned()
    } else {
        inside.replacen('＠', "@", 1)
    }
}

/// Splits at the `@` that is not inside quotes.
fn split(bare: &str) -> Result<(&str, &str), EmailError> {
    let at = if bare.starts_with('"') {
        closing_quote(bare).map(|quote| quote + 1)
    } else {
        bare.find('@')
    };
    let at = at
        .filter(|at| bare[*at..].starts_with('@'))
        .ok_or(EmailError::Incomplete)?;
    let (local, domain) = (&bare[..at], &bare[at + 1..]);
    if local.is_empty() || domain.is_empty() {
        return Err(EmailError::Incomplete);
    }
    Ok((local, domain))
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(index, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(index)
    })
}

/// RFC 5321 `Local-part`, lower-cased, without quotes that it does not need.
fn normal_local(local: &str) -> Result<String, EmailError> {
    let content = match local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(quoted) => unquoted(quoted)?,
        None if is_dot_atom(local) => local.to_owned(),
        None => return Err(EmailError::LocalPart),
    };
    let content: String = if content.is_ascii() {
        content.to_ascii_lowercase()
    } else {
        content
            .nfc()
            .collect::<String>()
            .to_lowercase()
            .nfc()
            .collect()
    };
    if is_dot_atom(&content) {
        return Ok(content);
    }
    Ok(format!(
        "\"{}\"",
        content.replace('\\', "\\\\").replace('"', "\\\"")
    ))
}

/// What a quoted string says (RFC 5321 `QcontentSMTP`, RFC 6531 for what is not ASCII).
fn unquoted(quoted: &str) -> Result<String, EmailError> {
    let mut content = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        let said = match c {
            '\\' => chars.next().filter(|c| matches!(c, ' '..='~')),
            '"' => None,
            c => Some(c).filter(|c| matches!(c, ' '..='~') || is_beyond_ascii(*c)),
        };
        content.push(said.ok_or(EmailError::LocalPart)?);
    }
    Ok(content)
}

fn is_dot_atom(text: &str) -> bool {
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character))
}

fn is_atom_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_beyond_ascii(c)
}

/// A visible character of RFC 6531's `UTF8-non-ascii`.
fn is_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !c.is_whitespace()
}

fn normal_domain(domain: &str) -> Result<String, EmailError> {
    if let Some(literal) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return normal_literal(literal);
    }
    let ascii = to_ascii(domain)?;
    let ascii = ascii.trim_end_matches('.');
    if ascii.is_empty() || !ascii.split('.').all(is_label) {
        return Err(EmailError::Domain);
    }
    Ok(ascii.to_owned())
}

/// The ASCII form of a domain (UTS 46, non-transitional).
fn to_ascii(domain: &str) -> Result<String, EmailError> {
    let lower = domain.to_ascii_lowercase();
    let plain = lower.is_ascii() && !lower.contains("xn--");
    if plain {
        return Ok(lower);
    }
    match Uts46::new().to_ascii(
        lower.as_bytes(),
        AsciiDenyList::EMPTY,
        Hyphens::Allow,
        DnsLength::Ignore,
    ) {
        Ok(ascii) => Ok(ascii.into_owned()),
        // A name that was registered under older rules is still a name.
        Err(_) if lower.is_ascii() => Ok(lower),
        Err(_) => newer_than_the_tables(&lower),
    }
}

/// The ASCII form of a domain with characters that the tables of UTS 46 do not know: each year
/// brings new ones, and whether a name may be registered is for registries to say.
fn newer_than_the_tables(domain: &str) -> Result<String, EmailError> {
    if !domain.chars().all(|c| c.is_ascii() || is_beyond_ascii(c)) {
        return Err(EmailError::Domain);
    }
    let composed: String = domain.to_lowercase().nfc().collect();
    let labels: Option<Vec<String>> = composed
        .split('.')
        .map(|label| {
            let ascii = || idna::punycode::encode_str(label).map(|code| format!("xn--{code}"));
            if label.is_ascii() {
                Some(label.to_owned())
            } else {
                ascii()
            }
        })
        .collect();
    labels
        .map(|labels| labels.join("."))
        .ok_or(EmailError::Domain)
}

fn is_label(label: &str) -> bool {
    let inside = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    (1..=MAX_LABEL_BYTES).contains(&label.len())
        && label.bytes().all(inside)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// An IPv4 or IPv6 address in brackets (RFC 5321, 4.1.3).
fn normal_literal(literal: &str) -> Result<String, EmailError> {
    let lower = literal.to_ascii_lowercase();
    if let Some(address) = lower.strip_prefix("ipv6:") {
        let address: Ipv6Addr = address.parse().map_err(|_| EmailError::Domain)?;
        return Ok(format!("[ipv6:{address}]"));
    }
    let address: Ipv4Addr = lower.parse().map_err(|_| EmailError::Domain)?;
    Ok(format!("[{address}]"))
}

/// White space, line ends and invisible marks that copying leaves at the ends.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(input: &str) -> Result<String, EmailError> {
        EmailAddress::parse(input).map(EmailAddress::into_string)
    }

    #[test]
    fn twenty_spellings_are_one_address() {
        for written in [
            "jane.doe@example.com",
            "Jane.Doe@Example.com",
            "JANE.DOE@EXAMPLE.COM",
            " jane.doe@example.com ",
            "jane.doe@example.com\r\n",
            "\tjane.doe@example.com",
            "\u{FEFF}jane.doe@example.com",
            "jane.doe@example.com\u{200B}",
            "\u{A0}jane.doe@example.com\u{A0}",
            "jane.doe@example.com.",
            "<jane.doe@example.com>",
            "< Jane.Doe@example.com >",
            "Jane Doe <jane.doe@example.com>",
            "\"Doe, Jane\" <jane.doe@example.com>",
            "mailto:jane.doe@example.com",
            "MAILTO:jane.doe@example.com?subject=Hi",
            "<mailto:jane.doe@example.com>",
            "mailto:jane.doe%40example.com",
            "\"jane.doe\"@example.com",
            "jane.doe＠example.com",
        ] {
            assert_eq!(
                normal(written).as_deref(),
                Ok("jane.doe@example.com"),
                "{written:?}"
            );
        }
    }

    #[test]
    fn an_international_domain_has_one_normal_form() {
        let ascii = "jörg@xn--mller-kva.example";
        for written in [
            "jörg@müller.example",
            "JÖRG@MÜLLER.example",
            "jo\u{308}rg@mu\u{308}ller.example",
            "jörg@XN--MLLER-KVA.example",
        ] {
            assert_eq!(normal(written).as_deref(), Ok(ascii), "{written}");
        }
        assert_eq!(
            normal("伊昭傑@郵件.商務").as_deref(),
            Ok("伊昭傑@xn--5nqv22n.xn--lhr59c")
        );
    }

    #[test]
    fn a_domain_with_a_letter_newer_than_the_tables_is_accepted() {
        let kept = normal("jane@\u{103FF}ñ.example").unwrap();
        assert!(kept.starts_with("jane@xn--"), "{kept}");
        assert_eq!(normal(&kept), Ok(kept.clone()));
    }

    #[test]
    fn rare_but_valid_addresses_are_accepted() {
        for (written, kept) in [
            ("test@io", "test@io"),
            (
                "!#$%&`*+/=?^`{|}~@example.org",
                "!#$%&`*+/=?^`{|}~@example.org",
            ),
            ("\"john smith\"@example.org", "\"john smith\"@example.org"),
            ("\"a\\\"b@c\"@example.org", "\"a\\\"b@c\"@example.org"),
            ("\"\\a\"@example.org", "a@example.org"),
            ("\"\"@example.org", "\"\"@example.org"),
            ("x@[192.0.2.1]", "x@[192.0.2.1]"),
            ("x@[IPv6:2001:DB8::1]", "x@[ipv6:2001:db8::1]"),
            ("x@192.0.2.1", "x@192.0.2.1"),
            ("x@c--n.example", "x@c--n.example"),
            ("jane+tag@example.org", "jane+tag@example.org"),
        ] {
            assert_eq!(normal(written).as_deref(), Ok(kept), "{written}");
            assert_eq!(normal(kept).as_deref(), Ok(kept), "{kept} read again");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_part() {
        use EmailError::*;
        for (written, why) in [
            ("", Empty),
            (" \n ", Empty),
            ("jane", Incomplete),
            ("@example.org", Incomplete),
            ("jane@", Incomplete),
            ("\"jane@example.org", Incomplete),
            (".jane@example.org", LocalPart),
            ("ja..ne@example.org", LocalPart),
            ("jane doe@example.org", LocalPart),
            ("ja\0ne@example.org", LocalPart),
            ("jane@@example.org", Domain),
            ("jane@exa mple.org", Domain),
            ("jane@example..org", Domain),
            ("jane@-example.org", Domain),
            ("jane@example.org-", Domain),
            ("jane@[300.1.1.1]", Domain),
            ("a@example.org, b@example.org", Domain),
            ("(comment)jane@example.org", LocalPart),
        ] {
            assert_eq!(normal(written), Err(why), "{written:?}");
        }
    }

    #[test]
    fn length_is_counted_in_bytes() {
        let local = "é".repeat(32);
        assert!(normal(&format!("{local}@example.org")).is_ok());
        assert_eq!(
            normal(&format!("{local}x@example.org")),
            Err(EmailError::TooLong)
        );
        assert_eq!(
            normal(&format!("a@{}.org", "x".repeat(64))),
            Err(EmailError::Domain)
        );
        let long = format!("a@{}", ["x"; 130].join("."));
        assert_eq!(normal(&long), Err(EmailError::TooLong));
    }

    #[test]
    fn an_address_has_two_parts() {
        let address = EmailAddress::parse("\"a@b\"@Example.org").unwrap();
        assert_eq!(
            (address.local(), address.domain()),
            ("\"a@b\"", "example.org")
        );
    }
}
