//! Saves, changes and removes views. Those that are shared are everybody's: it takes the scope to share views to touch
//! them, whoever made them.

use crate::domain::access::Scope;
use crate::domain::event::Actor;
use crate::domain::ids::{Ids, ProcessIds};
use crate::domain::rules::Rules;
use crate::domain::saved_view::{MAX_VIEWS, SavedView, ViewContent};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::saved_views;
use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// Digits of a second that the database keeps: what is answered at once is what is read later.
const DATABASE_DIGITS: u16 = 6;

/// Who saves a view.
#[derive(Debug, Clone)]
pub struct Saver<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// Their id.
    pub id: Uuid,
    /// What they may do.
    pub scopes: &'a [Scope],
    /// The workspace's rules.
    pub rules: &'a Rules,
    /// When.
    pub now: DateTime<Utc>,
}

/// A view, if it is the actor's or shared.
///
/// # Errors
/// [`Error::NotFound`] also when it is somebody else's own.
pub fn get(conn: &mut TenantConnection, id: Uuid, actor: &Actor) -> Result<SavedView> {
    of(saved_views::get(conn, id)?, actor)
}

/// Saves a new view, which is the saver's.
///
/// # Errors
/// Everything that is wrong with it; a conflict when the saver has [`MAX_VIEWS`] already.
pub fn create(conn: &mut TenantConnection, content: ViewContent, by: &Saver) -> Result<SavedView> {
    content.read(by.rules).map_err(Error::Invalid)?;
    by.may_touch(&content)?;
    if saved_views::count_of(conn, by.id)? >= MAX_VIEWS {
        return Err(Conflict::TooManyViews { limit: MAX_VIEWS }.into());
    }
    let now = by.now.trunc_subsecs(DATABASE_DIGITS);
    let view = SavedView {
        id: ProcessIds.next(now),
        owner: by.actor.clone(),
        content,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    saved_views::insert(conn, &view)?;
    Ok(view)
}

/// Changes a view as `change` says, which also names what it touches: only that is checked, so that a view of which
/// something else has become wrong can still be renamed.
pub fn change(
    conn: &mut TenantConnection,
    id: Uuid,
    expected: Option<i64>,
    change: impl FnOnce(&mut ViewContent) -> Vec<&'static str>,
    by: &Saver,
) -> Result<SavedView> {
    let before = of(saved_views::lock(conn, id)?, by.actor)?;
    check_version(&before, expected)?;
    let mut content = before.content.clone();
    let touched = change(&mut content);
    let is_touched = |error: &FieldError| {
        let place = error.pointer.split('/').nth(1).unwrap_or_default();
        touched.contains(&place)
    };
    let wrong = content.problems(by.rules).into_iter();
    let wrong: Vec<FieldError> = wrong.filter(is_touched).collect();
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    by.may_touch(&before.content)?;
    by.may_touch(&content)?;
    if content == before.content {
        return Ok(before);
    }
    let view = SavedView {
        content,
        version: before.version + 1,
        updated_at: by.now.trunc_subsecs(DATABASE_DIGITS),
        ..before
    };
    saved_views::update(conn, &view)?;
    Ok(view)
}

/// Removes a view.
pub fn remove(
    conn: &mut TenantConnection,
    id: Uuid,
    expected: Option<i64>,
    by: &Saver,
) -> Result<()> {
    let view = of(saved_views::lock(conn, id)?, by.actor)?;
    check_version(&view, expected)?;
    by.may_touch(&view.content)?;
    saved_views::delete(conn, id)
}

impl Saver<'_> {
    fn may_touch(&self, content: &ViewContent) -> Result<()> {
        if content.is_shared && !self.scopes.contains(&Scope::ViewsShare) {
            Err(Error::MissingScope(Scope::ViewsShare))
        } else {
            Ok(())
        }
    }
}

fn of(view: SavedView, actor: &Actor) -> Result<SavedView> {
    if view.is_for(actor) {
        Ok(view)
    } else {
        Err(Error::not_found("view", view.id))
    }
}

fn check_version(view: &SavedView, expected: Option<i64>) -> Result<()> {
    match expected {
        Some(version) if version != view.version => Err(Error::VersionMismatch {
            what: "view",
            expected: version.to_string(),
            current: view.version,
        }),
        _ => Ok(()),
    }
}
