//! Answers to what a framework asks: budget, authority, need and timing, or others.

use super::fold::fold;

/// The box of what was said of budget, authority, need and timing, or of what else a framework asks.
pub const ANSWERS: &str = "answers";

/// What the form itself calls an answer: in `answers[budget]` and `answers.budget` the criterion is `budget`.
pub fn answered(key: &str) -> Option<&str> {
    let key = key.trim().trim_end_matches("[]");
    let inner = key.strip_prefix(ANSWERS)?;
    let boxed = || inner.strip_prefix('[')?.strip_suffix(']');
    inner.strip_prefix('.').or_else(boxed)
}

/// A name as criteria have them: `yourBudget` and `Budget` are `budget`.
pub fn plain(key: &str) -> String {
    let name = fold(key);
    match name.strip_prefix("your_") {
        Some(rest) => rest.to_owned(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_calls_an_answer_is_one() {
        for key in ["answers[budget]", "answers.budget", "answers[budget][]"] {
            assert_eq!(answered(key), Some("budget"), "{key}");
        }
        for key in ["answers", "answer[budget]", "budget", "answersbudget"] {
            assert_eq!(answered(key), None, "{key}");
        }
        assert_eq!(plain("yourBudget"), "budget");
    }
}
