//! The embedded database, with real servers and real processes: it starts fast, keeps what was
//! committed, and comes back from whatever is killed. Runs as root and as an ordinary user.

mod beside;
mod crashes;
mod folders;
mod starts;
mod support;
