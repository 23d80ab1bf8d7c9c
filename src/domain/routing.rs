//! Routing: who gets a lead, and why nobody else.
//!
//! ```json
//! {"rules": [{"key": "dach", "name": "DACH enterprise",
//!   "when": {"field": "country", "op": "in", "value": ["DE", "AT", "CH"]},
//!   "to": [{"owner_of_account": true}, {"earlier_owner": {"within_days": 180}}, {"pool": "dach"}]}],
//!  "fallback": [{"pool": "everyone"}, {"queue": "unassigned"}]}
//! ```
//!
//! A policy is ordered rules; the first whose condition holds names a chain of targets, and the first target that can take
//! the lead does. After the rule's chain comes the policy's own, and at the very end the queue [`LAST_QUEUE`]: never nothing.
//! The owner of the account and an earlier owner are asked for before a pool spends a turn on somebody who does not know the lead.
//!
//! A pool judges each member ([`Candidate`], with everything that excludes them), narrows those who are left down to who is
//! *in the running* by its [`Strategy`], and lets [`Turns`] say whose turn it is. `turns.rs` says how fair that is, and why.
//!
//! # Many at once
//! [`route`] is called for one lead after the other with one [`Desk`], so a batch of ten thousand gives what ten thousand
//! batches of one give. Two transactions at once: each reads and decides all that needs no turn first, then routes
//! (microseconds a lead) by the turns that the one before it leaves, of which it need not be committed yet, writes, and commits
//! after that one. So the order of the turns is the order of the commits, and what is proved of a sequence holds; the row of a
//! pool has a stamp that tells when another process came between, which is locked out then. `store/turns_ahead.rs` has the rest.
//! Pools that look at open leads, and policies that look at accounts, go by what is committed: their rows are locked.

mod candidate;
mod compile;
mod compile_pool;
mod decide;
mod desk;
mod document;
mod needs;
mod pool;
mod reason;
mod replay;
mod roster;
mod running;
mod skills;
mod turns;

pub use candidate::{Candidate, Exclusion, OffShift};
pub use compile::{Compiled, LAST_QUEUE, References, Router, Rule, compile};
pub use compile_pool::{CompiledPool, compile_pool};
pub use decide::{
    Attempt, Destination, EarlierOwner, PassedOver, RouteInputs, Routed, TurnTaken, World, route,
};
pub use desk::Desk;
pub use document::{
    Absence, AllReps, EarlierOwnerTarget, LetGo, MemberDocument, MembersDocument, NeedsDocument,
    PoolDocument, RoutingDocument, RuleDocument, Strategy, Target, Territory, WhenAllOffShift,
};
pub use pool::{Member, Members, Pool};
pub use replay::replay;
pub use roster::{Roster, RosterUser, Shifts};
pub use skills::{SkillDocument, Skills};
pub use turns::{Fairness, MemberTurns, Runner, TURN, Taken, Turns, fairness, return_turn};

#[cfg(test)]
mod tests;
