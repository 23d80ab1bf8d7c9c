//! Traps for programs that fill in everything.

/// Fields that people do not see and programs fill in. `website`, `url` and `fax` are real fields.
const HONEYPOTS: [&str; 12] = [
    "_gotcha",
    "_honey",
    "_honeypot",
    "honeypot",
    "bot-field",
    "netlify-honeypot",
    "hp",
    "_hp",
    "hp_field",
    "form_honeypot",
    "ak_hp_textarea",
    "_wpcf7_ak_hp_textarea",
];

/// Whether the field is a trap for programs that fill in everything.
pub fn is_honeypot(key: &str) -> bool {
    let key = key.trim().to_lowercase();
    HONEYPOTS.contains(&key.as_str()) || is_mailchimp_trap(&key)
}

/// `b_<account>_<list>`, both hexadecimal.
fn is_mailchimp_trap(key: &str) -> bool {
    let hexadecimal = |part: &str| part.len() >= 8 && part.bytes().all(|c| c.is_ascii_hexdigit());
    let parts = key.strip_prefix("b_").and_then(|rest| rest.split_once('_'));
    parts.is_some_and(|(account, list)| hexadecimal(account) && hexadecimal(list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traps_are_told_from_real_fields() {
        for key in [
            "_gotcha",
            "_HONEY",
            "bot-field",
            "netlify-honeypot",
            "b_1234abcd5678_0f9e8d7c",
        ] {
            assert!(is_honeypot(key), "{key}");
        }
        for key in ["website", "url", "fax", "b_to_b", "phone", ""] {
            assert!(!is_honeypot(key), "{key}");
        }
    }
}
