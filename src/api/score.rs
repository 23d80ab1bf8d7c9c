//! `/v1/leads/{id}/score`: what a lead is worth, as a statement of account.

use crate::api::auth::Caller;
use crate::api::bulk;
use crate::api::extract::ValidQuery;
use crate::api::jobs::JobBody;
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::condition::Facts;
use crate::domain::decision::Decided;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::{reach, rescore_leads, score_lead};
use crate::domain::lead::Lead;
use crate::domain::scoring::{
    Crossing, Entry, LedgerKind, ScoringModel, Standing, Statement, WhyNot, WrittenCrossing,
};
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Entries of engagement that are shown one by one.
const MOST_LINES: usize = 1_000;

/// What a capture changed of a lead's score.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScoreBrief {
    /// The key of the model; of the one before, where none counts any more.
    #[schema(example = "default")]
    pub model: String,
    /// Where the lead stands; `null`: no model counts for it any more.
    #[schema(required = true)]
    pub standing: Option<Standing>,
    /// Entries that are new: which rule gave how many points.
    pub entries: Vec<Entry>,
    /// Thresholds and grades that were crossed.
    #[schema(value_type = Vec<WrittenCrossing>)]
    pub crossings: Vec<Crossing>,
    /// The decision.
    pub decision_id: Uuid,
}

impl ScoreBrief {
    /// What a capture is told.
    pub fn of(decided: &Decided) -> Option<ScoreBrief> {
        let (decision_id, found) = decided.scored()?;
        Some(ScoreBrief {
            model: found.model.clone(),
            standing: found.standing.clone(),
            entries: found.entries.clone(),
            crossings: found.crossings.clone(),
            decision_id,
        })
    }
}

/// What is asked of a score.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ScoreQuery {
    /// The threshold that `why_not` is about; the nearest that is not met, if none is named.
    #[param(max_length = 50, example = "hot")]
    pub threshold: Option<String>,
}

/// What a lead is worth, as a statement of account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScoreAnswer {
    /// The key of the model that counts for the lead; `null`: none does, and there is no score.
    #[schema(required = true, example = "default")]
    pub model: Option<String>,
    /// The version of the model; `null`: the one that every workspace begins with.
    #[schema(required = true)]
    pub model_version: Option<i64>,
    /// The statement, exact to this moment.
    #[schema(required = true)]
    pub statement: Option<Statement>,
    /// What is missing to a threshold, and what could bring it; `null`: all thresholds are met, or there are none.
    #[schema(required = true)]
    pub why_not: Option<WhyNot>,
}

/// Read what a lead is worth, and why.
///
/// Every entry with its rule, its points, from when it counts and what it is worth now; what decay changes next, and when; what
/// is missing to the next threshold.
#[utoipa::path(tag = "leads", params(("id" = Uuid, Path, description = "The lead"), ScoreQuery), responses((status = 200, description = "The score", body = ScoreAnswer), ReadProblems))]
#[get("/leads/{id}/score")]
pub async fn get_score(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    query: ValidQuery<ScoreQuery>,
) -> Result<HttpResponse, ApiError> {
    let threshold = query.0.threshold;
    let answer = in_workspace(&state, caller.workspace_id, move |conn| {
        let lead = reach::get(conn, *id, &caller.visible)?;
        answer(
            conn,
            &lead,
            threshold.as_deref(),
            &caller.on_behalf(Utc::now()),
        )
    })
    .await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// The score of a lead, and what it lacks for a threshold.
///
/// # Errors
/// When the model of the lead has no such threshold.
pub fn answer(
    conn: &mut TenantConnection,
    lead: &Lead,
    threshold: Option<&str>,
    by: &OnBehalf,
) -> Result<ScoreAnswer> {
    let Some(shown) = score_lead::show(conn, lead, &by.rules, by.now)? else {
        return Ok(ScoreAnswer {
            model: None,
            model_version: None,
            statement: None,
            why_not: None,
        });
    };
    let model = &shown.active.model;
    check_threshold(model, threshold)?;
    let facts = Facts {
        lead,
        activities: &shown.activities,
    };
    let ledger = &shown.scored.ledger;
    let entries = shown.scored.entries.iter();
    let engagement: Vec<Entry> = entries
        .filter(|entry| entry.ledger == LedgerKind::Engagement)
        .cloned()
        .collect();
    Ok(ScoreAnswer {
        statement: Some(model.statement(ledger, &engagement, MOST_LINES, by.now)),
        why_not: model.why_not(&facts, ledger, threshold, by.now),
        model: Some(shown.active.key.clone()),
        model_version: shown.active.version,
    })
}

fn check_threshold(model: &ScoringModel, threshold: Option<&str>) -> Result<()> {
    let Some(key) = threshold.filter(|key| !model.has_threshold(key)) else {
        return Ok(());
    };
    let known: Vec<&str> = model.threshold_keys().collect();
    let detail = format!(
        "the model of this lead has no threshold `{}`; it has: {}",
        key.chars().take(50).collect::<String>(),
        known.join(", ")
    );
    let error = FieldError::new("?threshold", "unknown_threshold", detail);
    Err(Error::Invalid(vec![error]))
}

/// Qualify and score all leads anew.
///
/// A job with progress. Activating a framework or a scoring model starts one by itself, which begins ten seconds later; leads from
/// before there were scores need it once.
#[utoipa::path(
    tag = "rules",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    responses((status = 202, description = "The job", body = JobBody), WriteProblems),
)]
#[post("/scores/recompute")]
pub async fn recompute_scores(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    bulk::start(&request, &state, caller, &[], rescore_leads::start).await
}
