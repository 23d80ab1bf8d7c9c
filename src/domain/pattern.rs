//! Patterns: regular expressions that a workspace asks of a text. They match in linear time, whatever the text.

use regex::{Regex, RegexBuilder};
use std::sync::{Arc, OnceLock};

/// Longest pattern, in characters.
pub const MAX_LENGTH: usize = 500;
/// Bytes that a compiled pattern may have.
const SIZE: usize = 256 * 1024;
/// How deep groups may be nested.
const DEPTH: u32 = 32;

/// A regular expression that the whole of a text has to match. Compiled when it is first needed, once for all copies.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    compiled: Arc<OnceLock<Option<Regex>>>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Pattern {
    /// A pattern that was checked before.
    pub fn known(text: impl Into<String>) -> Pattern {
        Pattern {
            text: text.into(),
            compiled: Arc::default(),
        }
    }

    /// A pattern.
    ///
    /// # Errors
    /// What is wrong with it, in the compiler's last line.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        // Alone, so that a parenthesis too many does not close the group around it.
        let alone = compile(text).map_err(|error| last_line(&error));
        let whole = alone.and_then(|_| compile(&anchored(text)).map_err(|error| last_line(&error)));
        let pattern = Pattern::known(text);
        let _set_once = pattern.compiled.set(Some(whole?));
        Ok(pattern)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of the text matches.
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self
            .compiled
            .get_or_init(|| compile(&anchored(&self.text)).ok());
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

fn anchored(text: &str) -> String {
    format!("\\A(?:{text})\\z")
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .size_limit(SIZE)
        .nest_limit(DEPTH)
        .build()
}

fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_text_has_to_match() {
        let pattern = Pattern::parse("[A-Z]{2}-\\d+|none").unwrap();
        for (text, matches) in [
            ("AB-12", true),
            ("none", true),
            ("xAB-12", false),
            ("AB-12\n", false),
            ("AB-", false),
        ] {
            assert_eq!(pattern.matches(text), matches, "{text:?}");
            assert_eq!(
                Pattern::known(pattern.as_str()).matches(text),
                matches,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_pattern_that_does_not_compile_or_grows_too_large_is_refused() {
        for bad in [
            "(",
            "a)(b",
            "[",
            "(?=x)",
            "\\1",
            "(\\w{100}){100}",
            &"(".repeat(99),
        ] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }
}
