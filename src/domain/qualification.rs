//! Qualification: what is known of a lead's budget, authority, need and timing (BANT), and what follows from it.
//!
//! Answers are evidence: several may speak of one criterion, by form, call, rep or rule, and all are kept. The most trusted
//! recent one counts. A workspace says in a [`FrameworkDocument`] what is asked, what meets each criterion and which
//! verdict follows; BANT is the default, and others (MEDDIC, CHAMP) are documents of the same shape.
//!
//! What somebody said is read once, at the time they said it ([`Framework::read_answer`]): "this quarter" becomes a date.
//! What it is worth is judged anew with each [`qualify`]: dates come near and pass, and answers grow stale.

mod amounts;
mod answer;
mod bant;
mod choose;
mod compile;
mod document;
mod framework;
mod judge;
mod outcome;
mod qualify;
mod read;
mod stage_move;
mod timing;
mod verdict;
mod words;

pub use answer::{
    Answer, AnswerEvidence, AnswerSource, AnswerState, ReadAnswer, ReadValue, ReadingNote,
    Withdrawal,
};
pub use document::{
    Amount, AnswerType, ChoiceOption, CriterionDocument, FrameworkDocument, InferenceRule,
    StageMode, StageMoves, Trust, Verdict, VerdictRule, VerdictWhen, WhenStale,
};
pub use framework::Framework;
pub use judge::StateReason;
pub use outcome::{
    CriterionResult, Heard, Lacking, NextQuestion, NotReached, Qualification, WhyItCounts,
};
pub use qualify::qualify;
pub use read::ReadingHints;
pub use stage_move::stage_move;

#[cfg(test)]
mod tests;
