//! The promises of the design, kept under load: many at once, killed processes, hostile text. Each name begins with the
//! promise that would be broken.

#[path = "../api/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the other tests need more of it")]
mod support;

mod clocks;
mod crashes;
mod crowd;
mod due_clocks;
mod feed;
mod hostile_strings;
mod hostile_text;
mod jobs;
mod one_lead;
mod overload;
mod process;
mod retries;
mod storm;
mod turns;
mod twin;
mod wire;
