//! `baton doctor`: looks for what is wrong, and says what to do.

use baton::config::DatabaseConfig;
use baton::error::BoxError;

pub fn run(_config: &DatabaseConfig) -> Result<(), BoxError> {
    Err("unfinished".into())
}
