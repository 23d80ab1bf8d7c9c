//! Whether a workspace may have one more job.

use crate::domain::job::MAX_OPEN;
use crate::error::{Conflict, Result};
use crate::store::pool::TenantConnection;
use crate::store::{jobs, workspaces};

/// Looks whether one more job may wait or run; those who start jobs at the same time count one after the other.
///
/// # Errors
/// A conflict when [`MAX_OPEN`] jobs of the workspace wait or run already.
pub fn look_for(conn: &mut TenantConnection) -> Result<()> {
    workspaces::lock(conn)?;
    if jobs::count_open(conn)? >= MAX_OPEN {
        return Err(Conflict::TooManyJobs { limit: MAX_OPEN }.into());
    }
    Ok(())
}
