//! `/v1/simulate`: what rule documents would do, before they count.

use crate::api::auth::Caller;
use crate::api::bulk;
use crate::api::capture_json::{CaptureAnswer, CaptureBody};
use crate::api::captures::rehearse_by;
use crate::api::decisions::DecisionBody;
use crate::api::extract::ValidJson;
use crate::api::idempotency;
use crate::api::jobs::JobBody;
use crate::api::problem::{ApiError, WriteProblems};
use crate::api::rule_transfer::RuleDifference;
use crate::api::rules::RuleWrite;
use crate::api::state::{AppState, in_workspace, in_workspace_until};
use crate::domain::capture::{Captured, Outcome};
use crate::domain::capture_draft::CaptureDraft;
use crate::domain::flow::import_rules::{self, Incoming};
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::simulate_history::SimulateHistory;
use crate::domain::flow::simulate_lead;
use crate::domain::json_difference::differences;
use crate::domain::rules::Rules;
use crate::error::{Error, FieldError, Result};
use crate::store::pool::{End, TenantConnection};
use crate::store::rule_documents;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// What is to be tried, and on whom.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"documents": [{"kind": "sla_policy", "document": {"clocks": [
    {"key": "first_response", "kind": "first_response", "name": "First response", "within_minutes": 10}]}}],
    "lead": {"email": "ada@example.com", "country": "DE"}}))]
pub struct SimulateRequest {
    /// Documents that would count together, in the place of those of their kinds and keys.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub documents: Vec<RuleWrite>,
    /// Versions that are written already, also retired ones.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub rule_ids: Vec<Uuid>,
    /// Somebody who would come in, as a capture has it; or `lead_id`, or `history`.
    pub lead: Option<CaptureBody>,
    /// A lead that is there; or `lead`, or `history`.
    pub lead_id: Option<Uuid>,
    /// Leads that came in before; or `lead`, or `lead_id`.
    pub history: Option<SimulateTime>,
}

/// A time of which the leads are decided about again.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub struct SimulateTime {
    /// Leads that came in from here on.
    pub since: DateTime<Utc>,
    /// Leads that came in before.
    pub until: DateTime<Utc>,
}

impl Validate for SimulateRequest {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        self.lead.as_ref().map_or(Ok(()), Validate::validate)
    }
}

/// What would happen.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimulateAnswer {
    /// By what counts now.
    pub now: CaptureAnswer,
    /// By the documents.
    pub then: CaptureAnswer,
    /// Where these differ, but for ids of what would be made: `before` is by what counts now.
    pub differences: Vec<RuleDifference>,
    /// The decisions behind both: every candidate and what excluded it, what was met and what is missing, each point.
    pub decisions: SimulateDecisions,
}

/// The decisions of a simulation.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimulateDecisions {
    /// By what counts now.
    pub now: Vec<DecisionBody>,
    /// By the documents.
    pub then: Vec<DecisionBody>,
}

/// Try rule documents on somebody who would come in, on a lead, or on those who came.
///
/// With `lead` the whole capture is done by what counts now, and again by the documents as at the same moment, and taken back both times:
/// who it is, what they are worth, what the answers amount to, who gets them and by when, each with its reason. An answer to what only
/// one of two frameworks asks for counts on that side only. Nothing is written.
///
/// With `lead_id` a lead that is there is decided about as if it came in now, as it is: with all that was answered and happened. Who let
/// it go does not get it. `outcome` is `matched`, and there are no `events`.
///
/// With `history` a job decides again about the leads that came in in a time, each as it was then and in their order; its `report` holds
/// who would have got how many, verdicts, grades and scores, the clocks that would have been due on which day, and the shares of
/// pools, beside what happened, and the leads that differ. People and shifts are those of today, the turns of pools begin anew,
/// who owned an account is as recorded, and what no document replaces is what counts while the job runs. Nothing is written but the
/// job.
///
/// All three show leads, so that `leads:read` is needed besides.
#[utoipa::path(
    tag = "rules",
    params(("Idempotency-Key" = Option<String>, Header, description = "With `history`: a text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = SimulateRequest,
    responses((status = 200, description = "What would happen, now and then", body = SimulateAnswer),
        (status = 202, description = "The job, with `history`", body = JobBody, headers(("Location" = String, description = "Where the job can be read"))), WriteProblems),
)]
#[post("/simulate")]
pub async fn simulate(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<SimulateRequest>,
) -> Result<HttpResponse, ApiError> {
    let SimulateRequest {
        documents,
        rule_ids,
        lead,
        lead_id,
        history,
    } = body.value;
    // A wrong one is told in any case; what is written is the job only.
    idempotency::key(&request, &caller, &body.raw)?;
    let tried = tried(lead, lead_id, history)?;
    let incoming: Vec<Incoming> = documents
        .into_iter()
        .map(RuleWrite::into_incoming)
        .collect();
    // What is read of it is no finer either.
    let moment = Utc::now().trunc_subsecs(3);
    let by = caller.on_behalf(moment);
    let written = incoming.len();
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        let mut incoming = incoming.clone();
        for (place, id) in rule_ids.iter().copied().enumerate() {
            let version = match rule_documents::get(conn, id) {
                Err(Error::NotFound { .. }) => return Err(unknown_rule(place)),
                found => found?,
            };
            incoming.push(Incoming {
                key: Some(version.key),
                document: version.document,
                note: None,
                version: Some(version.version),
            });
        }
        let today = import_rules::as_if_active(conn, &[], &by)?;
        let drafted = import_rules::as_if_active(conn, &incoming, &by)?;
        Ok((Arc::new(today), Arc::new(drafted), incoming))
    })
    .await;
    let (today, drafted, documents) = found.map_err(|error| of_versions(error, written))?;
    let is_asked_for = matches!(tried, Tried::Lead(_));
    let (now, then) = match tried {
        Tried::Draft(lead) => {
            let draft = lead.into_draft();
            let of_today = without_answers_to(&drafted, &today, draft.clone());
            let of_then = without_answers_to(&today, &drafted, draft);
            let now = rehearse_by(&state, &caller, of_today, today, moment).await;
            let then = rehearse_by(&state, &caller, of_then, drafted, moment).await;
            (now.map_err(of_lead)?, then.map_err(of_lead)?)
        }
        Tried::Lead(id) => (
            decide_again(&state, &caller, id, today, moment).await?,
            decide_again(&state, &caller, id, drafted, moment).await?,
        ),
        Tried::History(time) => {
            let work = SimulateHistory::new(time.since, time.until, &documents)?;
            let begin = move |conn: &mut TenantConnection, by: &OnBehalf| work.start(conn, by);
            return bulk::start(&request, &state, caller, &body.raw, begin).await;
        }
    };
    let [before, after] = [&now, &then].map(|one| answer(one, is_asked_for));
    let places = differences(&comparable(&before)?, &comparable(&after)?);
    Ok(HttpResponse::Ok().json(SimulateAnswer {
        now: before,
        then: after,
        differences: places.into_iter().map(RuleDifference::from).collect(),
        decisions: SimulateDecisions {
            now: decisions(now),
            then: decisions(then),
        },
    }))
}

/// On whom documents are tried.
enum Tried {
    Draft(Box<CaptureBody>),
    Lead(Uuid),
    History(SimulateTime),
}

fn tried(
    lead: Option<CaptureBody>,
    lead_id: Option<Uuid>,
    history: Option<SimulateTime>,
) -> Result<Tried> {
    let wrong = |pointer: &str, code: &'static str, detail: &str| {
        let error = FieldError::new(pointer, code, detail);
        Err(Error::Invalid(vec![error]))
    };
    match (lead, lead_id, history) {
        (Some(lead), None, None) => Ok(Tried::Draft(Box::new(lead))),
        (None, Some(lead_id), None) => Ok(Tried::Lead(lead_id)),
        (None, None, Some(time)) if time.since < time.until => Ok(Tried::History(time)),
        (None, None, Some(_)) => wrong(
            "/history/until",
            "empty_time",
            "the time ends before it begins: `until` has to be later than `since`",
        ),
        _ => wrong(
            "",
            "lead_or_history",
            "say on whom the documents are tried: a `lead` that would come in, the `lead_id` of one that is there, or a `history` of those that came; one of these",
        ),
    }
}

/// What rules decide about a lead that is there; nothing of it is kept.
async fn decide_again(
    state: &web::Data<AppState>,
    caller: &Caller,
    lead_id: Uuid,
    rules: Arc<Rules>,
    now: DateTime<Utc>,
) -> Result<Captured> {
    let visible = caller.visible.clone();
    let found = in_workspace_until(state, caller.workspace_id, move |conn| {
        let found = simulate_lead::decide(conn, lead_id, &visible, &rules, now)?;
        Ok((found, End::Rollback))
    });
    let (lead, decided) = found.await.map_err(of_lead_id)?;
    Ok(Captured {
        receipt_id: Uuid::nil(),
        outcome: Outcome::Matched,
        matched_by: None,
        lead,
        duplicates: Vec::new(),
        withheld: Vec::new(),
        events: Vec::new(),
        decided,
    })
}

/// A lead that is not there is told where its id stands.
fn of_lead_id(error: Error) -> Error {
    let wrong =
        |code, detail: &str| Error::Invalid(vec![FieldError::new("/lead_id", code, detail)]);
    match error {
        Error::NotFound { .. } => wrong(
            "unknown_lead",
            "the workspace has no such lead, or you may not see it",
        ),
        Error::Merged { into, .. } => wrong(
            "merged_lead",
            &format!("the lead became a part of {into}: send that id"),
        ),
        other => other,
    }
}

fn unknown_rule(place: usize) -> Error {
    let detail = "the workspace has no such version; GET /v1/rules lists those it has";
    let pointer = format!("/rule_ids/{place}");
    Error::Invalid(vec![FieldError::new(pointer, "unknown_rule", detail)])
}

/// The lead without its answers to what only the other rules ask for. What neither asks for stays, to be told.
fn without_answers_to(other: &Rules, own: &Rules, mut draft: CaptureDraft) -> CaptureDraft {
    let asks = |rules: &Rules, criterion: &str| {
        let framework = rules.playbook.framework.as_deref();
        framework.is_some_and(|framework| framework.asks_for(criterion))
    };
    let answers = &mut draft.answers;
    answers.retain(|criterion, _| asks(own, criterion) || !asks(other, criterion));
    draft
}

/// What would be answered: there is no receipt of what is not kept, and who is asked for was known by nothing.
fn answer(captured: &Captured, is_asked_for: bool) -> CaptureAnswer {
    let answer = CaptureAnswer::from(captured);
    CaptureAnswer {
        receipt_id: None,
        matched_by: answer.matched_by.filter(|_| !is_asked_for),
        ..answer
    }
}

fn decisions(captured: Captured) -> Vec<DecisionBody> {
    let made = captured.decided.decisions.into_iter();
    made.map(DecisionBody::from).collect()
}

/// What is wrong with a version that is written already is told where its id stands: behind those of the request.
fn of_versions(error: Error, written: usize) -> Error {
    let Error::Invalid(errors) = error else {
        return error;
    };
    let place_of = |error: FieldError| {
        let inside = error.pointer.strip_prefix("/documents/");
        let (place, rest) = inside.map_or(("", ""), |inside| {
            inside.split_once('/').unwrap_or((inside, ""))
        });
        match place.parse::<usize>() {
            Ok(place) if place >= written => FieldError {
                pointer: format!("/rule_ids/{}", place - written),
                detail: format!("{} (in the version, at /{rest})", error.detail),
                ..error
            },
            _ => error,
        }
    };
    Error::Invalid(errors.into_iter().map(place_of).collect())
}

/// What is wrong with the lead stands under `lead`.
fn of_lead(error: Error) -> Error {
    match error {
        Error::Invalid(errors) => Error::Invalid(
            errors
                .into_iter()
                .map(|error| FieldError {
                    pointer: format!("/lead{}", error.pointer),
                    ..error
                })
                .collect(),
        ),
        other => other,
    }
}

/// An answer without what is another each time.
fn comparable(answer: &CaptureAnswer) -> Result<Value> {
    let mut json = serde_json::to_value(answer).map_err(Error::internal)?;
    strip(&mut json);
    Ok(json)
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !is_volatile(name));
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn is_volatile(name: &str) -> bool {
    let names_somebody = ["owner_id", "team_id", "user_id"].contains(&name);
    let is_id = name == "id" || name.ends_with("_id") || name.ends_with("_ids");
    // Drafts have no number yet; what is made has its moment from its id.
    let is_of_its_making =
        ["version", "created_at", "updated_at", "stage_changed_at"].contains(&name);
    (is_id && !names_somebody) || is_of_its_making
}
