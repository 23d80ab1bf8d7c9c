//! What happens by itself. A tick takes no input: it looks for what is due, does it, and is safe to run twice.

pub mod capture_queue;
pub mod clocks;
pub mod courtesy;
mod due;
pub mod field_walk;
pub mod jobs;
pub mod match_follower;
pub mod offers;
pub mod password_pool;
pub mod retention;
pub mod rules;
pub mod scores;
pub mod search_index;
pub mod sequencer;
pub mod ticker;
pub mod workers;
