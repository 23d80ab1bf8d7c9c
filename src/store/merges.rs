//! Merges, and what each of them moved.

use crate::domain::capture::Holder;
use crate::domain::event::Actor;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::merge::{Belonging, Merge, MergeState};
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::{merge_leads, merges};
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bytea, Nullable, Text, Uuid as SqlUuid};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = merges, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    survivor_id: Uuid,
    state: String,
    before: Value,
    changes: Value,
    chosen: Value,
    merged_by: Value,
    created_at: DateTime<Utc>,
    undone_by: Option<Value>,
    undone_at: Option<DateTime<Utc>>,
}

impl Row {
    fn with(self, merged_ids: Vec<Uuid>) -> Result<Merge> {
        let undone_by: Option<Actor> = self
            .undone_by
            .map(serde_json::from_value)
            .transpose()
            .map_err(Error::internal)?;
        Ok(Merge {
            id: self.id,
            survivor_id: self.survivor_id,
            merged_ids,
            state: MergeState::from_name(&self.state)
                .ok_or_else(|| Error::internal("a merge in an unknown state"))?,
            before: serde_json::from_value(self.before).map_err(Error::internal)?,
            changes: serde_json::from_value(self.changes).map_err(Error::internal)?,
            chosen: serde_json::from_value(self.chosen).map_err(Error::internal)?,
            merged_by: serde_json::from_value(self.merged_by).map_err(Error::internal)?,
            created_at: self.created_at,
            undone_by,
            undone_at: self.undone_at,
        })
    }
}

/// Writes a merge, and which leads it was of.
pub fn insert(conn: &mut TenantConnection, merge: &Merge) -> Result<()> {
    let workspace_id = conn.workspace_id();
    diesel::insert_into(merges::table)
        .values((
            merges::workspace_id.eq(workspace_id),
            merges::id.eq(merge.id),
            merges::survivor_id.eq(merge.survivor_id),
            merges::state.eq(merge.state.as_str()),
            merges::before.eq(Json::of(&merge.before)?),
            merges::changes.eq(Json::of(&merge.changes)?),
            merges::chosen.eq(Json::of(&merge.chosen)?),
            merges::merged_by.eq(Json::of(&merge.merged_by)?),
            merges::created_at.eq(merge.created_at),
        ))
        .execute(conn.pg())?;
    let of = |lead_id: &Uuid| {
        (
            merge_leads::workspace_id.eq(workspace_id),
            merge_leads::merge_id.eq(merge.id),
            merge_leads::lead_id.eq(*lead_id),
        )
    };
    let rows: Vec<_> = merge.merged_ids.iter().map(of).collect();
    diesel::insert_into(merge_leads::table)
        .values(rows)
        .execute(conn.pg())?;
    Ok(())
}

/// Writes that a merge was undone.
pub fn mark_undone(conn: &mut TenantConnection, merge: &Merge) -> Result<()> {
    let undone_by = merge.undone_by.as_ref().map(Json::of).transpose()?;
    diesel::update(merges::table)
        .filter(merges::workspace_id.eq(conn.workspace_id()))
        .filter(merges::id.eq(merge.id))
        .set((
            merges::state.eq(merge.state.as_str()),
            merges::undone_by.eq(undone_by),
            merges::undone_at.eq(merge.undone_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// A merge.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<Merge> {
    let row: Option<Row> = merges::table
        .filter(merges::workspace_id.eq(conn.workspace_id()))
        .filter(merges::id.eq(id))
        .select(Row::as_select())
        .first(conn.pg())
        .optional()?;
    let row = row.ok_or_else(|| Error::not_found("merge", id))?;
    with_leads(conn, vec![row])?
        .pop()
        .ok_or_else(|| Error::not_found("merge", id))
}

/// Merges, the newest first, older than `before`; with `lead_id` only those it was a part of, as the survivor or not.
pub fn list(
    conn: &mut TenantConnection,
    lead_id: Option<Uuid>,
    state: Option<MergeState>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Merge>> {
    let workspace_id = conn.workspace_id();
    let mut query = merges::table
        .filter(merges::workspace_id.eq(workspace_id))
        .order(merges::id.desc())
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some(lead_id) = lead_id {
        let part_of = merge_leads::table
            .filter(merge_leads::workspace_id.eq(workspace_id))
            .filter(merge_leads::lead_id.eq(lead_id))
            .select(merge_leads::merge_id);
        query = query.filter(
            merges::survivor_id
                .eq(lead_id)
                .or(merges::id.eq_any(part_of)),
        );
    }
    if let Some(state) = state {
        query = query.filter(merges::state.eq(state.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(merges::id.lt(before));
    }
    let rows: Vec<Row> = query.load(conn.pg())?;
    with_leads(conn, rows)
}

fn with_leads(conn: &mut TenantConnection, rows: Vec<Row>) -> Result<Vec<Merge>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let leads: Vec<(Uuid, Uuid)> = merge_leads::table
        .filter(merge_leads::workspace_id.eq(conn.workspace_id()))
        .filter(merge_leads::merge_id.eq_any(&ids))
        .order((merge_leads::merge_id, merge_leads::lead_id))
        .select((merge_leads::merge_id, merge_leads::lead_id))
        .load(conn.pg())?;
    let mut merged: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (merge_id, lead_id) in leads {
        merged.entry(merge_id).or_default().push(lead_id);
    }
    rows.into_iter()
        .map(|row| {
            let merged_ids = merged.remove(&row.id).unwrap_or_default();
            row.with(merged_ids)
        })
        .collect()
}

/// The oldest merge that was done after this one and stands: of others into its survivor, or of the survivor into another.
pub fn find_later(conn: &mut TenantConnection, merge: &Merge) -> Result<Option<Uuid>> {
    let workspace_id = conn.workspace_id();
    let part_of = merge_leads::table
        .filter(merge_leads::workspace_id.eq(workspace_id))
        .filter(merge_leads::lead_id.eq(merge.survivor_id))
        .select(merge_leads::merge_id);
    Ok(merges::table
        .filter(merges::workspace_id.eq(workspace_id))
        .filter(merges::state.eq(MergeState::Done.as_str()))
        .filter(merges::id.gt(merge.id))
        .filter(
            merges::survivor_id
                .eq(merge.survivor_id)
                .or(merges::id.eq_any(part_of)),
        )
        .order(merges::id)
        .select(merges::id)
        .first(conn.pg())
        .optional()?)
}

/// Whether others became a part of a lead after a moment, or those of before were given back.
pub fn changed_since(
    conn: &mut TenantConnection,
    survivor_id: Uuid,
    at: DateTime<Utc>,
) -> Result<bool> {
    let stands = merges::state.eq(MergeState::Done.as_str());
    let came = merges::created_at.gt(at).and(stands);
    let went = merges::created_at.le(at).and(merges::undone_at.gt(at));
    let changes = merges::table
        .filter(merges::workspace_id.eq(conn.workspace_id()))
        .filter(merges::survivor_id.eq(survivor_id))
        .filter(came.or(went.assume_not_null()));
    Ok(diesel::select(diesel::dsl::exists(changes)).get_result(conn.pg())?)
}

statement! {
    NoteMoves { workspace_id: Uuid => SqlUuid, merge_id: Uuid => SqlUuid, kind: str => Text, ids: [Uuid] => Array<SqlUuid>, leads: [Uuid] => Array<SqlUuid> }
    "INSERT INTO merge_moves (workspace_id, merge_id, kind, row_id, lead_id) \
     SELECT w.id, w.merge_id, w.kind, c.row_id, c.lead_id \
     FROM (SELECT ?::uuid AS id, ?::uuid AS merge_id, ?::text AS kind) w, unnest(?::uuid[], ?::uuid[]) AS c (row_id, lead_id)"
}

/// Remembers rows that a merge made or settled, each with the lead it is about.
pub fn note(
    conn: &mut TenantConnection,
    merge_id: Uuid,
    kind: &str,
    rows: &[(Uuid, Uuid)],
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (ids, leads): (Vec<Uuid>, Vec<Uuid>) = rows.iter().copied().unzip();
    NoteMoves {
        workspace_id: &conn.workspace_id(),
        merge_id: &merge_id,
        kind,
        ids: &ids,
        leads: &leads,
    }
    .execute(conn.pg())?;
    Ok(())
}

statement! {
    Noted { workspace_id: Uuid => SqlUuid, merge_id: Uuid => SqlUuid, kind: str => Text }
    "SELECT row_id FROM merge_moves WHERE workspace_id = ? AND merge_id = ? AND kind = ?",
    returns SqlUuid
}

/// Rows that a merge made, moved or settled.
pub fn list_noted(conn: &mut TenantConnection, merge_id: Uuid, kind: &str) -> Result<Vec<Uuid>> {
    Ok(Noted {
        workspace_id: &conn.workspace_id(),
        merge_id: &merge_id,
        kind,
    }
    .load(conn.pg())?)
}

/// The statements that move the rows of a table between leads. Each is a fixed text of its own.
macro_rules! moves {
    ($module:ident, $table:literal) => {
        mod $module {
            use super::*;

            statement! {
                Remember { workspace_id: Uuid => SqlUuid, merge_id: Uuid => SqlUuid, kind: str => Text, leads: [Uuid] => Array<SqlUuid> }
                concat!(
                    "INSERT INTO merge_moves (workspace_id, merge_id, kind, row_id, lead_id) \
                     SELECT w.id, w.merge_id, w.kind, t.id, t.lead_id \
                     FROM (SELECT ?::uuid AS id, ?::uuid AS merge_id, ?::text AS kind) w, ", $table, " t \
                     WHERE t.workspace_id = w.id AND t.lead_id = ANY(?)"
                )
            }
            statement! {
                Move { lead_id: Uuid => SqlUuid, workspace_id: Uuid => SqlUuid, merge_id: Uuid => SqlUuid, kind: str => Text }
                concat!(
                    "UPDATE ", $table, " t SET lead_id = ? FROM merge_moves m \
                     WHERE m.workspace_id = ? AND m.merge_id = ? AND m.kind = ? AND t.workspace_id = m.workspace_id AND t.id = m.row_id"
                )
            }
            statement! {
                MoveBack { workspace_id: Uuid => SqlUuid, merge_id: Uuid => SqlUuid, kind: str => Text, survivor: Uuid => SqlUuid }
                concat!(
                    "UPDATE ", $table, " t SET lead_id = m.lead_id FROM merge_moves m \
                     WHERE m.workspace_id = ? AND m.merge_id = ? AND m.kind = ? AND t.workspace_id = m.workspace_id \
                       AND t.id = m.row_id AND t.lead_id = ?"
                )
            }
            statement! {
                Give { to: Uuid => SqlUuid, workspace_id: Uuid => SqlUuid, id: Uuid => SqlUuid, from: Uuid => SqlUuid }
                concat!("UPDATE ", $table, " SET lead_id = ? WHERE workspace_id = ? AND id = ? AND lead_id = ?")
            }
        }
    };
}

moves!(activities, "activities");
moves!(notes, "notes");
moves!(submissions, "submissions");
moves!(consents, "consents");
moves!(clocks, "sla_clocks");
moves!(decisions, "decisions");
moves!(assignments, "assignments");
moves!(answers, "qualification_answers");

macro_rules! of_belonging {
    ($kind:expr, $statement:ident { $($bind:ident : $value:expr),* $(,)? }, $conn:expr) => {
        match $kind {
            Belonging::Activity => activities::$statement { $($bind: $value),* }.execute($conn.pg())?,
            Belonging::Note => notes::$statement { $($bind: $value),* }.execute($conn.pg())?,
            Belonging::Submission => submissions::$statement { $($bind: $value),* }.execute($conn.pg())?,
            Belonging::Consent => consents::$statement { $($bind: $value),* }.execute($conn.pg())?,
            Belonging::Clock => clocks::$statement { $($bind: $value),* }.execute($conn.pg())?,
            Belonging::Decision => decisions::$statement { $($bind: $value),* }.execute($conn.pg())?,
            Belonging::Assignment => assignments::$statement { $($bind: $value),* }.execute($conn.pg())?,
            Belonging::Answer => answers::$statement { $($bind: $value),* }.execute($conn.pg())?,
        }
    };
}

/// What belongs to the merged leads goes to the survivor, and is remembered.
pub fn move_all(conn: &mut TenantConnection, merge: &Merge) -> Result<()> {
    let workspace_id = conn.workspace_id();
    for kind in Belonging::ALL {
        let name = kind.as_str();
        let leads = merge.merged_ids.as_slice();
        of_belonging!(
            kind,
            Remember {
                workspace_id: &workspace_id,
                merge_id: &merge.id,
                kind: name,
                leads: leads
            },
            conn
        );
        of_belonging!(
            kind,
            Move {
                lead_id: &merge.survivor_id,
                workspace_id: &workspace_id,
                merge_id: &merge.id,
                kind: name
            },
            conn
        );
    }
    Ok(())
}

/// What went to the survivor goes back, as far as it is still there.
pub fn move_back(conn: &mut TenantConnection, merge: &Merge) -> Result<()> {
    let workspace_id = conn.workspace_id();
    for kind in Belonging::ALL {
        of_belonging!(
            kind,
            MoveBack {
                workspace_id: &workspace_id,
                merge_id: &merge.id,
                kind: kind.as_str(),
                survivor: &merge.survivor_id
            },
            conn
        );
    }
    Ok(())
}

/// Gives something of one lead to another; `false` when it is not that lead's.
pub fn give(
    conn: &mut TenantConnection,
    kind: Belonging,
    id: Uuid,
    from: Uuid,
    to: Uuid,
) -> Result<bool> {
    let workspace_id = conn.workspace_id();
    let given = of_belonging!(
        kind,
        Give {
            to: &to,
            workspace_id: &workspace_id,
            id: &id,
            from: &from
        },
        conn
    );
    Ok(given > 0)
}

statement! {
    RememberIdentities { merge_id: Uuid => SqlUuid, workspace_id: Uuid => SqlUuid, leads: [Uuid] => Array<SqlUuid> }
    "INSERT INTO merge_identities (workspace_id, merge_id, kind, value, lead_id, content_hash, submission_id) \
     SELECT i.workspace_id, ?::uuid, i.kind, i.value, i.lead_id, i.content_hash, i.submission_id \
     FROM lead_identities i WHERE i.workspace_id = ? AND i.lead_id = ANY(?)"
}

statement! {
    MoveIdentities { lead_id: Uuid => SqlUuid, workspace_id: Uuid => SqlUuid, leads: [Uuid] => Array<SqlUuid> }
    "UPDATE lead_identities SET lead_id = ? WHERE workspace_id = ? AND lead_id = ANY(?)"
}

/// The identities of the merged leads go to the survivor, and are remembered.
pub fn move_identities(conn: &mut TenantConnection, merge: &Merge) -> Result<()> {
    let workspace_id = conn.workspace_id();
    RememberIdentities {
        merge_id: &merge.id,
        workspace_id: &workspace_id,
        leads: &merge.merged_ids,
    }
    .execute(conn.pg())?;
    MoveIdentities {
        lead_id: &merge.survivor_id,
        workspace_id: &workspace_id,
        leads: &merge.merged_ids,
    }
    .execute(conn.pg())?;
    Ok(())
}

statement! {
    MovedIdentities { workspace_id: Uuid => SqlUuid, merge_id: Uuid => SqlUuid }
    "SELECT kind, value, lead_id, content_hash, submission_id FROM merge_identities WHERE workspace_id = ? AND merge_id = ?",
    returns (Text, Text, SqlUuid, Nullable<Bytea>, Nullable<SqlUuid>)
}

type IdentityRow = (String, String, Uuid, Option<Vec<u8>>, Option<Uuid>);

/// The identities that went to the survivor, and whose they were.
pub fn list_identities(
    conn: &mut TenantConnection,
    merge_id: Uuid,
) -> Result<Vec<(Identity, Holder)>> {
    let rows: Vec<IdentityRow> = MovedIdentities {
        workspace_id: &conn.workspace_id(),
        merge_id: &merge_id,
    }
    .load(conn.pg())?;
    let moved = rows
        .into_iter()
        .filter_map(|(kind, value, lead_id, hash, submission_id)| {
            let holder = Holder {
                lead_id,
                content_hash: hash.and_then(|hash| hash.try_into().ok()),
                submission_id,
            };
            Some((
                Identity::new(IdentityKind::from_name(&kind)?, value),
                holder,
            ))
        });
    Ok(moved.collect())
}

statement! {
    Resolve { workspace_id: Uuid => SqlUuid, ids: [Uuid] => Array<SqlUuid> }
    "WITH RECURSIVE way AS ( \
       SELECT w.id AS workspace_id, c.id AS asked, l.id AS reached, l.merged_into, 0 AS steps \
       FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[]) AS c (id), leads l WHERE l.workspace_id = w.id AND l.id = c.id \
       UNION ALL \
       SELECT way.workspace_id, way.asked, l.id, l.merged_into, way.steps + 1 FROM way, leads l \
       WHERE way.merged_into IS NOT NULL AND l.workspace_id = way.workspace_id AND l.id = way.merged_into AND way.steps < 10000) \
     SELECT asked, reached FROM way WHERE merged_into IS NULL",
    returns (SqlUuid, SqlUuid)
}

/// The leads that these are today: of one that became a part of another, that other one. Ids that are none are left out.
pub fn resolve(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Uuid>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(Uuid, Uuid)> = Resolve {
        workspace_id: &conn.workspace_id(),
        ids,
    }
    .load(conn.pg())?;
    Ok(found.into_iter().collect())
}
