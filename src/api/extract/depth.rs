//! How deep JSON is nested, seen before it is parsed.

/// Objects and arrays may be nested this deep.
pub const MAX_DEPTH: usize = 32;

/// Whether objects and arrays are nested deeper than [`MAX_DEPTH`]. Brackets inside strings do not count.
pub fn is_too_deep(json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_two_levels_are_allowed_and_one_more_is_not() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(!is_too_deep(nested(32).as_bytes()));
        assert!(is_too_deep(nested(33).as_bytes()));
    }

    #[test]
    fn breadth_and_brackets_in_strings_do_not_count() {
        assert!(!is_too_deep(format!("[{}]", "[],".repeat(100)).as_bytes()));
        assert!(!is_too_deep(
            format!(r#"["\"{}\\"]"#, "[".repeat(100)).as_bytes()
        ));
        assert!(is_too_deep(
            format!(r#"["\\",{}"#, "[".repeat(40)).as_bytes()
        ));
    }
}
