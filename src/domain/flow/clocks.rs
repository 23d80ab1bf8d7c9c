//! Goes on with the clocks of leads: ends what has happened or what nobody waits for any more, and follows who has the lead.

use crate::domain::activity::{Activity, ActivityFilter, SKEW_MINUTES};
use crate::domain::assignment::Step;
use crate::domain::calendar::Calendar;
use crate::domain::event::{Event, EventType, Provenance};
use crate::domain::flow::decide_lead;
use crate::domain::flow::escalate::{self, Teams};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::lead::Lead;
use crate::domain::rule_document::{RuleDocument, RuleKind};
use crate::domain::rules::Rules;
use crate::domain::sla::{
    CalendarUsed, Clock, ClockEvent, ClockKind, Trigger, ZoneOf, calendar_of, meets,
};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{activities, assignments, outbox, rule_documents, sla_clocks};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// The calendar that a clock counts by, in the version that it counts by; around the clock where that cannot be read any
/// more.
pub fn counted_by(
    conn: &mut TenantConnection,
    used: &CalendarUsed,
    rules: &Rules,
) -> Result<Calendar> {
    let Some(key) = &used.key else {
        return Ok(Calendar::default());
    };
    let known = rules.playbook.calendars.get(key);
    let known = known.filter(|known| Some(known.version) == used.version);
    let calendar = match (known, used.version) {
        (Some(known), _) => Some(known.calendar.clone()),
        (None, Some(version)) => {
            let named = [(RuleKind::Calendar, key.as_str(), version)];
            let found = rule_documents::list_versions(conn, &named)?;
            let document = found.first().map(|version| &version.document);
            document.and_then(|document| match document {
                RuleDocument::Calendar(document) => Calendar::compile(document).ok(),
                _ => None,
            })
        }
        (None, None) => None,
    };
    Ok(match (calendar, used.zone.parse()) {
        (Some(calendar), Ok(zone)) => calendar.in_zone(zone),
        (calendar, _) => calendar.unwrap_or_default(),
    })
}

/// Tells what happened to a clock; the lead itself stays as it is.
pub(super) fn tell(
    conn: &mut TenantConnection,
    lead: &Lead,
    clock: &Clock,
    happened: &[ClockEvent],
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut teams = Teams::default();
    let events = events(conn, lead, clock, happened, &mut teams, rules, now)?;
    let events: Vec<(&Event, &Provenance)> =
        events.iter().map(|event| (event, provenance)).collect();
    outbox::add_all(conn, &events)
}

/// The events of what happened to a clock. Of actions behind a reassignment nobody is told yet: that is for who has the lead then.
pub(super) fn events(
    conn: &mut TenantConnection,
    lead: &Lead,
    clock: &Clock,
    happened: &[ClockEvent],
    teams: &mut Teams,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<Event>> {
    let mut events = Vec::with_capacity(happened.len());
    for what in happened {
        let Some(kind) = EventType::from_name(what.name()) else {
            continue;
        };
        let mut data = told(clock, what);
        if let ClockEvent::Warned { actions, .. } = what {
            let (actions, _) = escalate::around_reassignment(actions);
            let recipients = escalate::recipients(conn, lead, actions, teams, rules)?;
            data["recipients"] = json!(recipients);
        }
        let id = ProcessIds.next(now.max(lead.updated_at));
        events.push(Event {
            id,
            kind,
            lead_id: lead.id,
            version: lead.version,
            occurred_at: time_of(id),
            changes: Vec::new(),
            data: Some(data),
        });
    }
    Ok(events)
}

fn told(clock: &Clock, what: &ClockEvent) -> Value {
    json!({"clock_id": clock.id, "clock": clock.kind, "key": clock.key, "due_at": clock.due_at, "happened": what})
}

/// Whether an activity is a person's turning to a lead, which clocks wait for.
pub fn is_touch(activity: &Activity) -> bool {
    meets(ClockKind::NextTouch, activity, is_by_person(activity))
}

/// The latest activities are looked at for a touch, so many.
const LATEST: i64 = 200;

/// When a person last turned to a lead, as far as `counts` says that it counts.
pub fn latest_touch(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    counts: impl Fn(&Activity) -> bool,
) -> Result<Option<DateTime<Utc>>> {
    let filter = ActivityFilter::default();
    let latest = activities::list_of_lead(conn, lead_id, &filter, None, LATEST)?;
    let mut touches = latest.iter().filter(|one| is_touch(one));
    let found = touches.find(|touch| counts(touch));
    Ok(found.map(|touch| touch.occurred_at))
}

/// A person turned to a lead, which is locked: clocks that waited for that are met, and `next_touch` starts anew, at the moment
/// of the touch. One that goes on, since what is noted now happened before it, does not start a second time.
pub fn meet(
    conn: &mut TenantConnection,
    lead: &Lead,
    activity: &Activity,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    if !is_touch(activity) {
        return Ok(());
    }
    let mut goes_on = false;
    for mut clock in sla_clocks::lock_open_of(conn, &[lead.id])? {
        if !clock.is_met_by(activity, true) {
            goes_on |= clock.kind == ClockKind::NextTouch;
            continue;
        }
        let calendar = counted_by(conn, &clock.calendar, rules)?;
        let happened = clock.meet(activity.occurred_at, &calendar);
        sla_clocks::update(conn, &clock)?;
        tell(conn, lead, &clock, &happened, rules, provenance, now)?;
    }
    // What was before the lead came meets nothing, and nothing is counted from it.
    let came = lead.created_at - Duration::minutes(SKEW_MINUTES);
    if !goes_on && activity.occurred_at >= came {
        let at = activity.occurred_at.clamp(lead.created_at.min(now), now);
        let activities = decide_lead::activities_of(conn, lead.id, rules)?;
        let trigger = Trigger::Touched(at);
        let started = decide_lead::start_clocks(lead, &activities, trigger, rules, now);
        decide_lead::keep(conn, &started)?;
    }
    Ok(())
}

/// How clocks end.
#[derive(Clone, Copy)]
enum Ending<'a> {
    /// What they waited for has happened.
    Met,
    /// Nobody waits any more, for a reason.
    Cancelled(&'a str),
}

/// Ends the open clocks of a lead, which is locked: those of a kind, or all.
fn end(
    conn: &mut TenantConnection,
    lead: &Lead,
    kind: Option<ClockKind>,
    ending: Ending,
    rules: &Rules,
    (provenance, now): (&Provenance, DateTime<Utc>),
) -> Result<()> {
    for clock in sla_clocks::lock_open_of(conn, &[lead.id])? {
        if kind.is_none_or(|kind| clock.kind == kind) {
            end_one(conn, lead, clock, ending, rules, (provenance, now))?;
        }
    }
    Ok(())
}

fn end_one(
    conn: &mut TenantConnection,
    lead: &Lead,
    mut clock: Clock,
    ending: Ending,
    rules: &Rules,
    (provenance, now): (&Provenance, DateTime<Utc>),
) -> Result<()> {
    let calendar = counted_by(conn, &clock.calendar, rules)?;
    let happened = match ending {
        Ending::Met => clock.meet(now, &calendar),
        Ending::Cancelled(reason) => clock.cancel(reason, now, &calendar),
    };
    sla_clocks::update(conn, &clock)?;
    tell(conn, lead, &clock, &happened, rules, provenance, now)
}

/// Nobody waits any more for one clock of a lead; both are locked.
pub fn cancel_one(
    conn: &mut TenantConnection,
    lead: &Lead,
    clock: Clock,
    reason: &str,
    rules: &Rules,
    by: (&Provenance, DateTime<Utc>),
) -> Result<()> {
    end_one(conn, lead, clock, Ending::Cancelled(reason), rules, by)
}

/// There is a verdict about a lead, which is locked: clocks that waited for one are met.
pub fn qualified(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    if !decide_lead::is_judged(lead) {
        return Ok(());
    }
    let by = (provenance, now);
    end(conn, lead, Some(ClockKind::Qualify), Ending::Met, rules, by)
}

/// A lead, which is locked, was accepted: clocks that waited for that are met.
pub fn accepted(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let by = (provenance, now);
    end(conn, lead, Some(ClockKind::Accept), Ending::Met, rules, by)
}

/// Nobody waits any more for a lead, which is locked, to be accepted by whom it was offered to.
pub fn end_offers(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let ending = Ending::Cancelled("it goes to somebody else");
    let by = (provenance, now);
    end(conn, lead, Some(ClockKind::Accept), ending, rules, by)
}

/// Nobody waits for a lead any more, which is locked: its clocks end.
pub fn cancel(
    conn: &mut TenantConnection,
    lead: &Lead,
    reason: &str,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let (ending, by) = (Ending::Cancelled(reason), (provenance, now));
    end(conn, lead, None, ending, rules, by)
}

/// Why nobody waits for a lead any more, whatever its clocks say.
pub fn nobody_waits(lead: &Lead) -> Option<String> {
    if lead.deleted_at.is_some() {
        return Some("the lead is deleted".to_owned());
    }
    let is_over = lead.is_over();
    is_over.then(|| format!("the lead is {}", lead.stage_kind.as_str()))
}

/// Ends the clocks of a lead, which is locked, if nobody waits for it any more.
pub fn cancel_if_over(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    match nobody_waits(lead) {
        Some(reason) => cancel(conn, lead, &reason, rules, provenance, now),
        None => Ok(()),
    }
}

/// Whether a person did it: what a program notes down is taken for a person's, unless it says `"automatic": true`.
pub fn is_by_person(activity: &Activity) -> bool {
    let is_automatic = activity.properties.get("automatic") == Some(&Value::Bool(true));
    matches!(activity.actor.kind.as_str(), "user" | "api_key") && !is_automatic
}

/// Somebody said by hand who has a lead: who had it has it no longer.
pub fn hand_over(
    conn: &mut TenantConnection,
    lead: &Lead,
    reason: Option<&str>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<()> {
    let reason = reason.unwrap_or("given to somebody else by hand");
    end_assignments(conn, lead, reason, now)?;
    match lead.owner_id {
        Some(user_id) => {
            let activities = decide_lead::activities_of(conn, lead.id, rules)?;
            let record = decide_lead::given(lead, &activities, user_id, rules, now);
            assignments::insert_all(conn, &[&record])
        }
        None => Ok(()),
    }
}

/// A lead, which is locked, has another owner or team: clocks that count by their zone go on in it. One that has something to
/// do at this moment does that first, where it is.
pub fn follow_owner(
    conn: &mut TenantConnection,
    lead: &Lead,
    rules: &Rules,
    provenance: &Provenance,
    now: DateTime<Utc>,
) -> Result<()> {
    let playbook = &rules.playbook;
    let zones = decide_lead::zones_of(lead, &playbook.roster);
    for mut clock in sla_clocks::lock_open_of(conn, &[lead.id])? {
        let zone = zone_of(&clock, rules);
        let is_theirs = matches!(zone, ZoneOf::Owner | ZoneOf::Team);
        let is_due = clock.next_fire_at.is_some_and(|at| at <= now);
        let key = clock.calendar.key.as_ref().filter(|_| is_theirs && !is_due);
        let Some((key, known)) = key.and_then(|key| Some((key, playbook.calendars.get(key)?)))
        else {
            continue;
        };
        let (calendar, used) = calendar_of(key, known, zone, &zones);
        if used.zone == clock.calendar.zone {
            continue;
        }
        let old = counted_by(conn, &clock.calendar, rules)?;
        if let Ok(happened) = clock.recompute(&old, &calendar, used, now) {
            sla_clocks::update(conn, &clock)?;
            tell(conn, lead, &clock, &happened, rules, provenance, now)?;
        }
    }
    Ok(())
}

/// By whose zone a clock is to count: as its rule says, and where that is gone, as it does.
pub fn zone_of(clock: &Clock, rules: &Rules) -> ZoneOf {
    let wanted = rules.playbook.policy.zone_of(&clock.key);
    wanted.unwrap_or(clock.calendar.zone_of)
}

/// Whoever has a lead has it no longer.
pub fn end_assignments(
    conn: &mut TenantConnection,
    lead: &Lead,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    for mut record in assignments::list_of_lead(conn, lead.id)? {
        let step = Step::End {
            reason: reason.to_owned(),
        };
        if let Ok(ended) = record.assignment.step(step, now) {
            record.assignment = ended;
            assignments::update(conn, &record)?;
        }
    }
    Ok(())
}
