//! Names of form fields: which field of a lead a website's form means.
//!
//! Forms are named by whoever built the page, in their language and style. What is
//! known becomes a lead's field, a consent or nothing; the rest is the visitor's own
//! answer and is kept under its own name.

mod answers;
mod consents;
mod fields;
mod fold;
mod honeypot;
mod transport;

pub use answers::{ANSWERS, answered, plain};
pub use consents::consent;
pub use fields::canonical;
pub use honeypot::is_honeypot;
pub use transport::is_transport;

#[cfg(test)]
mod tests {
    use super::fields::FIELDS;
    use super::fold::fold;
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn every_canonical_name_is_itself_and_no_name_means_two_fields() {
        let mut seen = HashMap::new();
        for (field, others) in FIELDS {
            assert_eq!(canonical(field), Some(*field));
            for name in others.split(' ').filter(|name| !name.is_empty()) {
                assert_eq!(fold(name), name, "{name} is not written as it is compared");
                assert_eq!(seen.insert(name, field), None, "{name} is there twice");
                assert!(
                    !FIELDS.iter().any(|(field, _)| *field == name),
                    "{name} is a field"
                );
                assert_eq!(consent(name), None, "{name}");
            }
        }
    }
}
