//! Clocks that are due, with their leads.
//!
//! PostgreSQL does not know how due times and owners go together, so the form of the statement says where it begins: with
//! the leads, where the owner, the team or the caller narrows them to a few, else with the index of clocks.

use crate::domain::access::Visibility;
use crate::domain::sla::{ClockKind, DueClock, DueLead, DueList, OpenState};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::sla_clocks::read;
use crate::store::sql::Sql;
use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Json as SqlJson, Nullable, Text, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

/// Of more leads than this the clocks are not looked up one by one: among so many, the first due are soon found in the order
/// of all clocks.
const FEW: i64 = 5000;

type Row = (
    SqlUuid,
    SqlJson,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
);

type Read = (
    Uuid,
    Value,
    Option<Uuid>,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// A page of clocks, the first due first.
pub fn list(conn: &mut TenantConnection, wanted: &DueList) -> Result<Vec<DueClock>> {
    let workspace_id = conn.workspace_id();
    let mut sql = Sql::new();
    sql.text(
        "SELECT d.lead_id, d.clock, d.owner_id, d.team_id, d.queue, d.first_name, d.last_name, d.company, d.email FROM (",
    );
    match has_few_leads(conn, wanted)? {
        true => from_leads(&mut sql, workspace_id, wanted),
        false => from_clocks(&mut sql, workspace_id, wanted),
    }
    sql.text(") d ORDER BY d.due_at, d.id LIMIT ")
        .number(wanted.limit);
    let rows: Vec<Read> = sql.returning::<Row>().load(conn.pg())?;
    rows.into_iter().map(due_clock).collect()
}

fn has_few_leads(conn: &mut TenantConnection, wanted: &DueList) -> Result<bool> {
    let is_narrowed =
        wanted.owner_id.is_some() || wanted.team_id.is_some() || wanted.visible.is_restricted();
    if !is_narrowed {
        return Ok(false);
    }
    let mut sql = Sql::new();
    sql.text("SELECT count(*) FROM (SELECT FROM (");
    leads(&mut sql, conn.workspace_id(), wanted);
    sql.text(") l LIMIT ").number(FEW + 1).text(") known");
    let found: i64 = sql.returning::<BigInt>().get_result(conn.pg())?;
    Ok(found <= FEW)
}

/// State and time are looked at outside: within, they would suggest an index that does not begin with the lead.
fn from_leads(out: &mut Sql, workspace_id: Uuid, wanted: &DueList) {
    out.text("SELECT * FROM (");
    leads(out, workspace_id, wanted);
    out.text(" OFFSET 0) l, LATERAL (SELECT ").text(CLOCK);
    out.text(" FROM sla_clocks s WHERE s.workspace_id = ")
        .bind(workspace_id);
    out.text(" AND s.lead_id = l.of_lead OFFSET 0) s WHERE ")
        .text(
            wanted
                .state
                .map_or("s.state IN ('running', 'breached')", is_in),
        );
    if let Some(kind) = wanted.kind {
        out.text(" AND s.kind = '").text(kind.as_str()).text("'");
    }
    in_time(out, wanted);
}

/// The leads that the list is narrowed to, each by an index.
fn leads(out: &mut Sql, workspace_id: Uuid, wanted: &DueList) {
    let is_asked = wanted.owner_id.is_some() || wanted.team_id.is_some();
    match &wanted.visible {
        Visibility::Of { owners, teams } if !is_asked => {
            out.text("SELECT l.* FROM (SELECT DISTINCT unnest(")
                .bind(owners.clone());
            out.text(") AS id) o, LATERAL (SELECT ").text(LEAD);
            out.text(" FROM leads l WHERE l.workspace_id = ")
                .bind(workspace_id);
            out.text(" AND l.owner_id = o.id OFFSET 0) l UNION ALL SELECT l.* FROM (SELECT DISTINCT unnest(")
                .bind(teams.clone());
            out.text(") AS id) t, LATERAL (SELECT ").text(LEAD);
            out.text(" FROM leads l WHERE l.workspace_id = ")
                .bind(workspace_id);
            out.text(
                " AND l.team_id = t.id OFFSET 0) l WHERE l.owner_id IS NULL OR l.owner_id <> ALL (",
            )
            .bind(owners.clone())
            .text(")");
        }
        _ => {
            out.text("SELECT ").text(LEAD);
            out.text(" FROM leads l WHERE l.workspace_id = ")
                .bind(workspace_id);
            of_wanted_leads(out, wanted);
        }
    }
}

/// Each state and kind is a range of the index.
fn from_clocks(out: &mut Sql, workspace_id: Uuid, wanted: &DueList) {
    let states = match wanted.state {
        None => vec![OpenState::Running, OpenState::Breached],
        Some(state) => vec![state],
    };
    let kinds = wanted
        .kind
        .map_or_else(|| ClockKind::ALL.to_vec(), |kind| vec![kind]);
    let ranges = states
        .iter()
        .flat_map(|state| kinds.iter().map(|kind| (*state, *kind)));
    for (number, (state, kind)) in ranges.enumerate() {
        out.text(if number > 0 { " UNION ALL " } else { "" });
        out.text("(SELECT * FROM (SELECT ").text(CLOCK);
        out.text(" FROM sla_clocks s WHERE s.workspace_id = ")
            .bind(workspace_id);
        out.text(" AND ").text(is_in(state));
        out.text(" AND s.kind = '").text(kind.as_str()).text("'");
        in_time(out, wanted);
        out.text(" ORDER BY s.due_at, s.id OFFSET 0) s, LATERAL (SELECT ")
            .text(LEAD);
        out.text(" FROM leads l WHERE l.workspace_id = ")
            .bind(workspace_id);
        out.text(" AND l.id = s.lead_id");
        of_wanted_leads(out, wanted);
        out.text(" OFFSET 0) l ORDER BY s.due_at, s.id LIMIT ")
            .number(wanted.limit)
            .text(")");
    }
}

const LEAD: &str = "l.id AS of_lead, l.owner_id, l.team_id, l.queue, l.first_name, l.last_name, l.company, l.email";
const CLOCK: &str = "s.id, s.lead_id, s.kind, s.state, s.clock, s.due_at";

fn of_wanted_leads(out: &mut Sql, wanted: &DueList) {
    if let Some(owner) = wanted.owner_id {
        out.text(" AND l.owner_id = ").bind(owner);
    }
    if let Some(team) = wanted.team_id {
        out.text(" AND l.team_id = ").bind(team);
    }
    if let Visibility::Of { owners, teams } = &wanted.visible {
        out.text(" AND (l.owner_id = ANY (")
            .bind(owners.clone())
            .text(") OR l.team_id = ANY (")
            .bind(teams.clone())
            .text("))");
    }
}

/// Named in the text, as by the index of such clocks.
fn is_in(state: OpenState) -> &'static str {
    match state {
        OpenState::Running => "s.state = 'running'",
        OpenState::Paused => "s.state = 'paused'",
        OpenState::Breached => "s.state = 'breached'",
    }
}

fn in_time(out: &mut Sql, wanted: &DueList) {
    if let Some(before) = wanted.before {
        out.text(" AND s.due_at < ").bind(before);
    }
    if let Some((due_at, id)) = wanted.after {
        out.text(" AND (s.due_at, s.id) > (")
            .bind(due_at)
            .text(", ")
            .bind(id)
            .text(")");
    }
}

fn due_clock(row: Read) -> Result<DueClock> {
    let (lead_id, clock, owner_id, team_id, queue, first_name, last_name, company, email) = row;
    Ok(DueClock {
        clock: read((lead_id, clock))?,
        lead: DueLead {
            owner_id,
            team_id,
            queue,
            first_name,
            last_name,
            company,
            email,
        },
    })
}
