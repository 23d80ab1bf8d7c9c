//! What was decided about a lead: who has it, which clocks run, and why.

use crate::api::auth::Caller;
use crate::api::extract::ValidQuery;
use crate::api::page::{DEFAULT_LIMIT, Page, PageQuery, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::assignment::AssignmentState;
use crate::domain::decision::{AssignmentRecord, Basis, Decided, Decision, Finding};
use crate::domain::flow::reach;
use crate::domain::orphan::Orphan;
use crate::domain::playbook::Versions;
use crate::domain::routing::{Fairness, fairness};
use crate::domain::sla::{
    CalendarUsed, Clock, ClockKind, ClockState, DueLead, DueList, OpenState, Priority,
};
use crate::error::{Error, Result};
use crate::store::{assignments, decisions, due_clocks, leads, orphans, pool_turns, sla_clocks};
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Who got a lead, and why.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoutingBrief {
    /// The user who is accountable.
    #[schema(required = true)]
    pub owner_id: Option<Uuid>,
    /// The queue it waits in, where nobody could take it.
    #[schema(required = true)]
    pub queue: Option<String>,
    /// The rule that held; `null`: none did, and the fallback counts.
    #[schema(required = true)]
    pub rule: Option<String>,
    /// Why, in a sentence.
    #[schema(example = "it was their turn in the pool everyone")]
    pub reason: String,
    /// The decision, with every candidate and what excluded it.
    pub decision_id: Uuid,
}

impl RoutingBrief {
    /// What a capture is told.
    pub fn of(decided: &Decided) -> Option<RoutingBrief> {
        let (decision_id, routed) = decided.routed()?;
        let (owner_id, queue) = match &routed.to {
            crate::domain::routing::Destination::Owner(user) => (Some(*user), None),
            crate::domain::routing::Destination::Queue(queue) => (None, Some(queue.clone())),
        };
        Some(RoutingBrief {
            owner_id,
            queue,
            rule: routed.rule.clone(),
            reason: routed.reason(),
            decision_id,
        })
    }
}

/// A clock of a lead.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Clock)]
pub struct ClockBody {
    /// Its id.
    pub id: Uuid,
    /// The lead.
    pub lead_id: Uuid,
    /// What it waits for.
    pub kind: ClockKind,
    /// The rule of the SLA policy that it came from.
    #[schema(example = "first_response")]
    pub key: String,
    /// Where it stands.
    pub state: ClockState,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it is or was due, UTC.
    pub due_at: DateTime<Utc>,
    /// How much opening time there is, in seconds.
    #[schema(minimum = 0)]
    pub within_seconds: i64,
    /// What it counts by.
    pub calendar: CalendarUsed,
    /// When it was breached.
    #[schema(required = true)]
    pub breached_at: Option<DateTime<Utc>>,
    /// When what it waited for happened.
    #[schema(required = true)]
    pub met_at: Option<DateTime<Utc>>,
    /// By how many seconds that was late.
    #[schema(required = true)]
    pub met_late_by_seconds: Option<i64>,
    /// Since when it stands still.
    #[schema(required = true)]
    pub paused_at: Option<DateTime<Utc>>,
    /// Why.
    #[schema(required = true)]
    pub pause_reason: Option<String>,
    /// The opening time that is left while it stands still, in seconds; below zero after the breach.
    #[schema(required = true)]
    pub remaining_seconds: Option<i64>,
    /// How soon the lead wants attention, as an escalation has said; `null`: none has, or the clock counts no more.
    #[schema(required = true)]
    pub priority: Option<Priority>,
    /// When it was cancelled.
    #[schema(required = true)]
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Why.
    #[schema(required = true)]
    pub cancelled_reason: Option<String>,
}

impl From<&Clock> for ClockBody {
    fn from(clock: &Clock) -> Self {
        ClockBody {
            id: clock.id,
            lead_id: clock.lead_id,
            kind: clock.kind,
            key: clock.key.clone(),
            state: clock.state,
            started_at: clock.started_at,
            due_at: clock.due_at,
            within_seconds: clock.within_seconds,
            calendar: clock.calendar.clone(),
            breached_at: clock.breached_at,
            met_at: clock.met_at,
            met_late_by_seconds: clock.met_late_by_seconds,
            paused_at: clock.paused_at,
            pause_reason: clock.pause_reason.clone(),
            remaining_seconds: clock
                .paused_at
                .map(|_| clock.within_seconds - clock.used_micros / 1_000_000),
            priority: clock.priority(),
            cancelled_at: clock.cancelled_at,
            cancelled_reason: clock.cancelled_reason.clone(),
        }
    }
}

/// A decision, with everything it was decided by.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Decision)]
pub struct DecisionBody {
    /// Its id.
    pub id: Uuid,
    /// About which lead.
    pub lead_id: Uuid,
    /// By which versions of the rules.
    pub rules: Versions,
    /// What was decided.
    pub finding: Finding,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What was known of the lead then; `null`: it was not kept yet.
    #[schema(required = true)]
    pub basis: Option<Basis>,
    /// How long it took, with the reading of what it needed; `null`: it was made before that was kept.
    #[schema(required = true, minimum = 0, example = 140)]
    pub duration_microseconds: Option<i64>,
}

impl From<Decision> for DecisionBody {
    fn from(decision: Decision) -> Self {
        DecisionBody {
            id: decision.id,
            lead_id: decision.lead_id,
            rules: decision.rules,
            finding: decision.finding,
            created_at: decision.created_at,
            basis: decision.basis,
            duration_microseconds: decision.duration_microseconds,
        }
    }
}

/// Somebody's time with a lead.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Assignment)]
pub struct AssignmentBody {
    /// Its id.
    pub id: Uuid,
    /// Who had or has the lead.
    pub user_id: Uuid,
    /// How it stands.
    pub state: AssignmentState,
    /// When it began.
    pub given_at: DateTime<Utc>,
    /// Until when it is to be accepted; `null`: it need not be.
    #[schema(required = true)]
    pub accept_by: Option<DateTime<Utc>>,
    /// When it was accepted.
    #[schema(required = true)]
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was over.
    #[schema(required = true)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was over.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// The decision that gave it; `null`: somebody did by hand.
    #[schema(required = true)]
    pub decision_id: Option<Uuid>,
}

impl From<AssignmentRecord> for AssignmentBody {
    fn from(record: AssignmentRecord) -> Self {
        let assignment = record.assignment;
        AssignmentBody {
            id: record.id,
            user_id: assignment.user_id,
            state: assignment.state,
            given_at: assignment.given_at,
            accept_by: assignment.accept_by,
            accepted_at: assignment.accepted_at,
            ended_at: assignment.ended_at,
            reason: assignment.reason,
            decision_id: record.decision_id,
        }
    }
}

/// List the clocks of a lead, the latest first.
#[utoipa::path(tag = "leads", params(("id" = Uuid, Path, description = "The lead")), responses((status = 200, description = "All of its clocks", body = Page<ClockBody>), ReadProblems))]
#[get("/leads/{id}/clocks")]
pub async fn list_clocks_of_lead(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        reach::get(conn, *id, &caller.visible)?;
        sla_clocks::list_of_lead(conn, *id)
    })
    .await?;
    Ok(HttpResponse::Ok().json(Page {
        data: found.iter().map(ClockBody::from).collect(),
        next_cursor: None,
    }))
}

/// List who had a lead, the latest first.
#[utoipa::path(tag = "leads", params(("id" = Uuid, Path, description = "The lead")), responses((status = 200, description = "All of its assignments", body = Page<AssignmentBody>), ReadProblems))]
#[get("/leads/{id}/assignments")]
pub async fn list_assignments(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        reach::get(conn, *id, &caller.visible)?;
        assignments::list_of_lead(conn, *id)
    })
    .await?;
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(AssignmentBody::from).collect(),
        next_cursor: None,
    }))
}

/// List what was decided about a lead, newest first.
#[utoipa::path(tag = "leads", params(("id" = Uuid, Path, description = "The lead"), PageQuery), responses((status = 200, description = "A page of decisions", body = Page<DecisionBody>), ReadProblems))]
#[get("/leads/{id}/decisions")]
pub async fn list_decisions(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<Uuid> = query
        .0
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let visible = caller.visible.clone();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        reach::get(conn, *id, &visible)?;
        decisions::list_of_lead(conn, *id, before, limit + 1)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    Ok(HttpResponse::Ok().json(Page {
        data: found.into_iter().map(DecisionBody::from).collect(),
        next_cursor,
    }))
}

/// Read a decision.
#[utoipa::path(tag = "leads", params(("id" = Uuid, Path, description = "The decision")), responses((status = 200, description = "The decision", body = DecisionBody), ReadProblems))]
#[get("/decisions/{id}")]
pub async fn get_decision(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        let decision = decisions::get(conn, *id)?;
        reach::get_for(conn, decision.lead_id, &caller.visible, "decision", *id)?;
        Ok(decision)
    })
    .await?;
    Ok(HttpResponse::Ok().json(DecisionBody::from(found)))
}

/// Which clocks. Everything given has to hold.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClockQuery {
    /// Due before this time. If nothing is said, before now: those that are breached; with a `state`, whenever.
    pub due_before: Option<DateTime<Utc>>,
    /// Of leads that this user owns.
    pub owner_id: Option<Uuid>,
    /// Of leads that belong to this team.
    pub team_id: Option<Uuid>,
    /// That wait for this.
    #[param(inline)]
    pub kind: Option<ClockKind>,
    /// In this state; if nothing is said, those that count: `running` or `breached`.
    #[param(inline)]
    pub state: Option<OpenState>,
    /// Clocks on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before: where this one begins, with the filters that are given again.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// A clock that is due, and whose it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = DueClock)]
pub struct DueClockBody {
    #[serde(flatten)]
    clock: ClockBody,
    /// Its lead, as far as a row of a list needs it.
    lead: DueLead,
}

/// List clocks that have not ended, the first due first, with their leads.
///
/// What somebody has to do next: `?owner_id=…&due_before=…` with the end of the day, `?owner_id=…&state=running` for all that
/// runs.
#[utoipa::path(tag = "clocks", params(ClockQuery), responses((status = 200, description = "A page of clocks", body = Page<DueClockBody>), ReadProblems))]
#[get("/clocks")]
pub async fn list_clocks(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<ClockQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let after: Option<(DateTime<Utc>, Uuid)> = query
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let now = || query.state.is_none().then(Utc::now);
    let wanted = DueList {
        kind: query.kind,
        state: query.state,
        owner_id: query.owner_id,
        team_id: query.team_id,
        before: query.due_before.or_else(now),
        visible: caller.visible.clone(),
        after,
        limit: limit + 1,
    };
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        due_clocks::list(conn, &wanted)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, (last.clock.due_at, last.clock.id)))
        .transpose()?;
    let shown = found.into_iter().map(|due| DueClockBody {
        clock: ClockBody::from(&due.clock),
        lead: due.lead,
    });
    Ok(HttpResponse::Ok().json(Page {
        data: shown.collect(),
        next_cursor,
    }))
}

/// How fair a pool has been.
#[derive(Debug, Serialize, ToSchema)]
pub struct FairnessAnswer {
    /// By member: what each should have had and what they had.
    pub members: Vec<Fairness>,
}

/// Read how fair a pool has been: the leads that each member should have had by their weight, and those they had.
#[utoipa::path(tag = "rules", params(("key" = String, Path, max_length = 50, description = "The key of the pool")), responses((status = 200, description = "By member", body = FairnessAnswer), ReadProblems))]
#[get("/pools/{key}/fairness")]
pub async fn read_fairness(
    state: web::Data<AppState>,
    caller: Caller,
    key: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = key.into_inner();
    let rules = caller.rules.clone();
    let router = rules.playbook.router.as_ref();
    let pool = router.and_then(|router| router.pools.get(&key)).cloned();
    let Some(pool) = pool else {
        return Err(Error::not_found("pool", key).into());
    };
    let turns = in_workspace(&state, caller.workspace_id, move |conn| {
        pool_turns::find(conn, &key)
    })
    .await?;
    let roster = &rules.playbook.roster;
    let members = turns.map(|turns| fairness(pool.members(roster), &turns));
    Ok(HttpResponse::Ok().json(FairnessAnswer {
        members: members.unwrap_or_default(),
    }))
}

/// Leads that may be forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrphanAnswer {
    /// Open leads that may be forgotten, the oldest first; at most a thousand.
    pub lead_ids: Vec<Uuid>,
    /// The same, each with what is amiss.
    pub orphans: Vec<Orphan>,
}

/// List open leads that may be forgotten. There should be none.
///
/// A lead is here when nobody owns it and it waits in no queue (`no_owner`), when its owner was disabled (`owner_disabled`: `POST
/// /v1/leads/bulk` with the action `route` gives such leads to others), or when it has no clock, and no decision says why (`no_clock`: it
/// came before there was a policy, or its clocks were cancelled and it is open). A team alone is nobody.
#[utoipa::path(tag = "clocks", responses((status = 200, description = "The leads", body = OrphanAnswer), ReadProblems))]
#[get("/monitor/orphans")]
pub async fn list_orphans(
    state: web::Data<AppState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let orphans = in_workspace(&state, caller.workspace_id, move |conn| {
        let has_policy = !caller.rules.playbook.policy.is_empty();
        let mut found = orphans::list(conn, has_policy, 1000)?;
        let ids: Vec<Uuid> = found.iter().map(|one| one.lead_id).collect();
        let known = leads::visible_among(conn, &ids, &caller.visible)?;
        found.retain(|one| known.contains(&one.lead_id));
        Ok(found)
    })
    .await?;
    Ok(HttpResponse::Ok().json(OrphanAnswer {
        lead_ids: orphans.iter().map(|one| one.lead_id).collect(),
        orphans,
    }))
}
