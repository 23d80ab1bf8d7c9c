//! Scoring: how well a lead fits, and how much it takes part, as a statement of account.
//!
//! A model has rules in two ledgers. *Fit* is who the lead is: a rule counts for as long as its condition holds. *Engagement*
//! is what the lead did: each activity that a rule means adds an entry, which loses half its worth every half-life.
//!
//! # Decay
//! Forward decay (Cormode, Shkapenyuk, Srivastava and Xu, "Forward decay", ICDE 2009): an entry of p points of the moment t
//! is worth p · 2^((t − now) / h). The half-life h is one for the whole model: so all entries of all leads lose the same
//! share in the same time, and the order of two leads by engagement changes only when one of them gets an entry.
//! [`ScoringModel::engagement_order`] is that order as one number, to be sorted by with an index. With a half-life for each rule
//! there would be no such number. A half-life of `null` means that nothing is lost.
//!
//! # Groups
//! A group's value is held between its floor and its cap *as each entry is added*: an entry adds what there is room for, and
//! what it added decays like any other. (A cap on the present value would change the order of leads without an event.)
//! Entries are added in the order of their moments, then of the ids of their activities; those of fit in the order of the model.
//!
//! # Moments
//! An activity counts from when it happened; one that its sender dated ahead, from when we learnt of it. Relative times in the
//! condition of an activity count from that moment, so that scoring again gives the same. Conditions of fit count from `now`.

mod account;
mod active;
mod compile;
mod crossing;
mod decay;
mod default_model;
mod document;
mod grade;
mod lead_score;
mod ledger;
mod model;
mod reach;
mod record;
mod statement;
mod why_not;

pub use account::{NeedsAll, Scored};
pub use active::{ActiveModel, DEFAULT, Models};
pub use crossing::{
    Change as ScoreChange, ChangedBy, Crossing, CrossingKind, NextChange, WrittenCrossing,
};
pub use document::{
    ActivityDocument, Counts, EngagementGrades, FitGrades, GroupDocument, LedgerKind, RuleDocument,
    ScoringModelDocument, ThresholdDocument, ThresholdOn,
};
pub use grade::{EngagementGrade, FitGrade, Grade};
pub use lead_score::LeadScore;
pub use ledger::{Entry, GroupValue, Ledger, Position};
pub use model::ScoringModel;
pub use record::{Rescored, ScoreFinding, ScoreRecord};
pub use statement::{BroughtForward, Line, Standing, Statement, tenths};
pub use why_not::{Missing, Move, WhyNot};

#[cfg(test)]
mod tests;
