//! What escalations of clocks do: who is told, and the tasks that they make.

use crate::domain::access::Role;
use crate::domain::activity::Activity;
use crate::domain::capture::{begin_change, event};
use crate::domain::event::{Actor, EventType, Provenance};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::normalise::attribution::Attribution;
use crate::domain::routing::{Roster, RosterUser};
use crate::domain::rules::Rules;
use crate::domain::sla::{Action, Clock, ClockEvent, Recipient};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{activities, leads, outbox, teams};
use chrono::{DateTime, Utc};
use serde_json::{Map, json};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use uuid::Uuid;

/// The type of activities that escalations make.
pub const TASK: &str = "task";

/// The members of teams, each team read once.
pub type Teams = HashMap<Uuid, Vec<Uuid>>;

/// Who is told by actions, each once and in their order; nobody who is disabled. What would reach nobody reaches the managers.
pub fn recipients(
    conn: &mut TenantConnection,
    lead: &Lead,
    actions: &[Action],
    teams: &mut Teams,
    rules: &Rules,
) -> Result<Vec<Uuid>> {
    let roster = &rules.playbook.roster;
    let is_active = |id: &Uuid| roster.find(*id).is_some_and(|user| user.is_active);
    let mut found = Vec::new();
    for action in actions {
        let Action::Notify { to, user_id } = action else {
            continue;
        };
        let team = team_of(conn, lead, teams)?;
        let mut told = match to {
            Recipient::Owner => Vec::from_iter(lead.owner_id),
            Recipient::User => Vec::from_iter(*user_id),
            Recipient::Team => team.to_vec(),
            Recipient::Manager => managers(roster, team),
        };
        told.retain(is_active);
        if told.is_empty() {
            told = managers(roster, team);
        }
        told.retain(|id| !found.contains(id));
        found.append(&mut told);
    }
    Ok(found)
}

/// What an escalation does before it reassigns the lead, and what after it.
pub fn around_reassignment(actions: &[Action]) -> (&[Action], &[Action]) {
    let place = actions.iter().position(|one| *one == Action::Reassign {});
    actions.split_at(place.unwrap_or(actions.len()))
}

fn team_of<'a>(
    conn: &mut TenantConnection,
    lead: &Lead,
    known: &'a mut Teams,
) -> Result<&'a [Uuid]> {
    let Some(team_id) = lead.team_id else {
        return Ok(&[]);
    };
    let members = match known.entry(team_id) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => {
            let found = teams::members(conn, &[team_id])?.remove(&team_id);
            place.insert(found.unwrap_or_default())
        }
    };
    Ok(members)
}

/// The managers of the team; where it has none, all managers; where there are none, the admins: somebody hears of it.
fn managers(roster: &Roster, team: &[Uuid]) -> Vec<Uuid> {
    let in_role = |role: Role, of_team: bool| {
        let counts = |user: &&RosterUser| {
            user.role == role && user.is_active && (!of_team || team.contains(&user.id))
        };
        let mut ids: Vec<Uuid> = roster.users().filter(counts).map(|user| user.id).collect();
        ids.sort_unstable();
        ids
    };
    let wider = [
        (Role::Manager, true),
        (Role::Manager, false),
        (Role::Admin, false),
    ];
    let mut found = wider
        .into_iter()
        .map(|(role, of_team)| in_role(role, of_team));
    found.find(|ids| !ids.is_empty()).unwrap_or_default()
}

/// Makes the tasks of what a clock did: activities of the lead of the type [`TASK`], for whoever has it now.
pub fn make_tasks(
    conn: &mut TenantConnection,
    lead: &mut Lead,
    clock: &Clock,
    happened: &[ClockEvent],
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let actions = happened.iter().flat_map(|event| match event {
        ClockEvent::Warned { actions, .. } => actions.as_slice(),
        _ => &[],
    });
    for action in actions {
        let Action::Task { title } = action else {
            continue;
        };
        let before = lead.clone();
        begin_change(lead, now);
        let task = task(lead, clock, title, now);
        activities::insert(conn, &task)?;
        let created = EventType::ActivityCreated;
        let mut told = event(created, lead, Vec::new(), &mut ProcessIds);
        told.data = Some(json!(task));
        leads::update(conn, &before, lead, rules)?;
        outbox::add_all(conn, &[(&told, provenance)])?;
    }
    Ok(())
}

fn task(lead: &Lead, clock: &Clock, title: &str, now: DateTime<Utc>) -> Activity {
    let id = ProcessIds.next(now);
    let properties = [
        ("user_id", json!(lead.owner_id)),
        ("clock_id", json!(clock.id)),
        ("clock", json!(clock.key)),
        ("automatic", json!(true)),
    ];
    let properties = properties.into_iter();
    Activity {
        id,
        lead_id: lead.id,
        kind: TASK.to_owned(),
        occurred_at: time_of(id),
        created_at: time_of(id),
        direction: None,
        outcome: None,
        duration_seconds: None,
        subject: Some(title.to_owned()),
        body: None,
        source: None,
        channel: None,
        submission_id: None,
        actor: Actor::system(),
        attribution: Attribution::default(),
        properties: Map::from_iter(properties.map(|(key, value)| (key.to_owned(), value))),
        is_test: lead.is_test,
        version: 1,
    }
}
