//! Which of several answers counts.
//!
//! Known answers go before unknown ones, and fresh ones before stale ones. Of sources that are trusted alike the newest
//! answer speaks; of those that speak, the one with the highest score (trust × confidence) counts, then the newer one. So
//! somebody who corrects themselves is heard, and a careless form does not undo what was said in a call.

use super::answer::{AnswerSource, AnswerState};
use super::judge::Judged;
use super::outcome::{Heard, WhyItCounts};
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use uuid::Uuid;

/// An answer that may count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub answer_id: Option<Uuid>,
    pub inferred_by: Option<&'a str>,
    pub source: AnswerSource,
    pub trust: u16,
    pub score: u32,
    pub at: Option<DateTime<Utc>>,
    /// The place of the rule that inferred it, from the end.
    pub place: Reverse<usize>,
    pub judged: Judged,
}

impl Candidate<'_> {
    fn standing(&self) -> (bool, bool) {
        (
            self.judged.state != AnswerState::Unknown,
            !self.judged.stale,
        )
    }

    pub(super) fn heard(&self) -> Heard {
        Heard {
            answer_id: self.answer_id,
            inferred_by: self.inferred_by.map(str::to_owned),
            source: self.source,
            state: self.judged.state,
            score: self.score,
            at: self.at,
            stale_at: self.judged.stale_at,
        }
    }

    /// Whether it speaks rather than the other, when both are trusted alike.
    fn is_newer(&self, other: &Candidate) -> bool {
        let key = |one: &Candidate| (one.at, one.score, one.answer_id, one.place);
        key(self) > key(other)
    }

    pub(super) fn rank(&self) -> impl Ord + use<> {
        (self.score, self.at, self.trust, self.answer_id, self.place)
    }
}

/// The answer that counts, and why.
pub(super) fn choose<'c, 'a>(
    candidates: &'c [Candidate<'a>],
) -> Option<(&'c Candidate<'a>, WhyItCounts)> {
    let best = candidates.iter().map(Candidate::standing).max()?;
    let eligible = || candidates.iter().filter(|one| one.standing() == best);
    let superseded =
        |one: &Candidate| eligible().any(|other| other.trust == one.trust && other.is_newer(one));
    let counts = eligible()
        .filter(|one| !superseded(one))
        .max_by_key(|one| one.rank())?;
    let others = eligible().count() - 1;
    let alike = eligible().filter(|one| one.trust == counts.trust).count() - 1;
    let why = match (candidates.len(), others, alike) {
        (1, _, _) => WhyItCounts::Only,
        (_, 0, _) => WhyItCounts::Fresh,
        (_, others, alike) if others == alike => WhyItCounts::Newest,
        _ => WhyItCounts::MostTrusted,
    };
    Some((counts, why))
}
