//! What happens by itself. A tick takes no input: it looks for what is due, does it, and is safe to run twice.

pub mod capture_queue;
pub mod field_walk;
pub mod password_pool;
pub mod retention;
pub mod sequencer;
pub mod ticker;
