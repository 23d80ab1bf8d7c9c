//! Leads within a caller's reach: those that are there and that the caller may see. Every flow that is asked for a lead
//! by its id gets it here, so that nobody reaches another's by knowing the id.

use crate::domain::access::Visibility;
use crate::domain::lead::Lead;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{leads, merges};
use uuid::Uuid;

/// A lead.
///
/// # Errors
/// [`Error::NotFound`] when there is none, when it is deleted, and when the caller may not know of it; [`Error::Merged`]
/// when it became a part of another.
pub fn get(conn: &mut TenantConnection, id: Uuid, visible: &Visibility) -> Result<Lead> {
    let lead = leads::get(conn, id)?;
    present(seen(conn, lead, visible)?)
}

/// As [`get`], locked until the end of the transaction.
pub fn lock(conn: &mut TenantConnection, id: Uuid, visible: &Visibility) -> Result<Lead> {
    let lead = leads::lock(conn, id)?;
    present(seen(conn, lead, visible)?)
}

/// The lead, unless the caller may not know of it; also a deleted one.
///
/// # Errors
/// [`Error::Merged`] when it became a part of a lead that the caller may know of.
pub fn seen(conn: &mut TenantConnection, lead: Lead, visible: &Visibility) -> Result<Lead> {
    if lead.merged_into.is_some()
        && let Some(into) = merges::resolve(conn, &[lead.id])?.remove(&lead.id)
        && visible.shows(&leads::get(conn, into)?)
    {
        return Err(Error::Merged { id: lead.id, into });
    }
    if lead.merged_into.is_none() && visible.shows(&lead) {
        Ok(lead)
    } else {
        Err(Error::not_found("lead", lead.id))
    }
}

/// As [`get`], for something of the lead's: when the lead is out of reach, there is no such thing.
pub fn get_for(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    visible: &Visibility,
    what: &'static str,
    id: Uuid,
) -> Result<Lead> {
    get(conn, lead_id, visible).map_err(|error| missing(error, what, id))
}

/// As [`get_for`], locked until the end of the transaction.
pub fn lock_for(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    visible: &Visibility,
    what: &'static str,
    id: Uuid,
) -> Result<Lead> {
    lock(conn, lead_id, visible).map_err(|error| missing(error, what, id))
}

fn missing(error: Error, what: &'static str, id: Uuid) -> Error {
    match error {
        Error::NotFound { .. } => Error::not_found(what, id),
        other => other,
    }
}

/// The lead, unless it is deleted.
pub fn present(lead: Lead) -> Result<Lead> {
    if lead.deleted_at.is_some() {
        Err(Error::not_found("lead", lead.id))
    } else {
        Ok(lead)
    }
}
