//! `POST /v1/capture/batch`: many submissions in one request, the same as one by one.

use crate::api::auth::Caller;
use crate::api::capture_json::CaptureBody;
use crate::api::captures::{self, Broken, Prepared, Received};
use crate::api::extract::{ValidJson, read_json};
use crate::api::idempotency;
use crate::api::problem::{ApiError, Problem, WriteProblems, WrongField};
use crate::api::state::{AppState, blocking};
use crate::domain::capture_draft::Manner;
use crate::domain::flow::capture::{Incoming, Reply};
use crate::domain::flow::{intake, once};
use crate::domain::idempotency::{Answer, IdempotencyKey};
use crate::domain::rules::Rules;
use crate::domain::submission::{Door, SubmissionContext};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::Db;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// Bytes of a batch.
const LIMIT: usize = 10 * 1024 * 1024;
/// Submissions that share a transaction.
const CHUNK: usize = 250;

/// What happens when one submission of a batch is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchMode {
    /// The others are taken in; each has its own result.
    #[default]
    Independent,
    /// None is taken in.
    Atomic,
}

/// Many submissions.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"mode": "independent", "items": [
    {"ref": "row-1", "email": "ada@example.com", "source": "trade-show"},
    {"ref": "row-2", "email": "grace@example.com", "source": "trade-show", "submitted_at": "2026-03-01T09:30:00Z"}
]}))]
#[allow(
    dead_code,
    reason = "the documented shape; items are read one by one, so that one bad item is one bad result"
)]
pub struct CaptureBatchBody {
    /// What happens when one of them is refused.
    #[serde(default)]
    pub mode: BatchMode,
    /// The submissions, in order.
    #[schema(min_items = 1, max_items = 1000)]
    pub items: Vec<CaptureBody>,
}

/// A batch before its items are read.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct UnreadBatch {
    #[serde(default)]
    mode: BatchMode,
    #[schema(min_items = 1, max_items = 1000, value_type = Vec<Value>)]
    #[allow(
        dead_code,
        reason = "counted and measured here; read one by one from the text"
    )]
    items: Vec<Value>,
}

#[derive(Deserialize)]
struct RawItems<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaptureBatchAnswer {
    /// One for each item, in their order.
    pub results: Vec<BatchResult>,
    /// How many of each.
    pub counts: BatchCounts,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchResult {
    /// The item's own reference.
    #[serde(rename = "ref")]
    #[schema(required = true)]
    pub reference: Option<String>,
    /// The status it would have got alone.
    #[schema(example = 201)]
    pub status: u16,
    /// Its answer: that of `POST /v1/capture`, when it was taken in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::api::capture_json::CaptureAnswer>)]
    pub answer: Option<Box<RawValue>>,
    /// What was wrong with it, when it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// How many items became what.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct BatchCounts {
    /// New leads.
    pub created: usize,
    /// Touches of known leads.
    pub matched: usize,
    /// Kept in quarantine.
    pub quarantined: usize,
    /// Refused.
    pub refused: usize,
}

/// Capture many submissions.
///
/// Each item meets the same rules as one that is captured alone. With `mode: independent` an item that is refused does
/// not keep the others out; with `mode: atomic` all are taken in or none. An `Idempotency-Key` counts for every item.
#[utoipa::path(
    tag = "capture",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = CaptureBatchBody,
    responses((status = 200, description = "What became of each item", body = CaptureBatchAnswer), WriteProblems),
)]
#[post("/capture/batch")]
pub async fn capture_batch(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<UnreadBatch, LIMIT>,
) -> Result<HttpResponse, ApiError> {
    // What the check above let pass and this refuses is a name that is there twice.
    let texts: RawItems = serde_json::from_slice(&body.raw)
        .map_err(|_| ApiError::malformed_json("`items` is there twice."))?;
    let batch_key = idempotency::key(&request, &caller, &body.raw)?;
    let context = captures::context(&request, &state, caller.origin());
    let mut items: Vec<Item> = Vec::with_capacity(texts.items.len());
    for (index, text) in texts.items.iter().enumerate() {
        items.push(read_item(
            index,
            text.get(),
            batch_key.as_ref(),
            &context,
            &caller,
        ));
    }
    let mode = body.value.mode;
    if mode == BatchMode::Atomic {
        refuse_all_for_one(&items)?;
    }
    let (db, workspace_id, rules) = (state.db.clone(), caller.workspace_id, caller.rules.clone());
    state.courtesy.saw(items.len());
    let (results, replayed) = blocking(move || {
        let again = match &batch_key {
            Some(key) => {
                db.in_workspace(workspace_id, |conn| once::begin(conn, key, Utc::now()))?
            }
            None => false,
        };
        let (results, is_fresh) = match mode {
            BatchMode::Atomic => all_or_none(&db, workspace_id, items, &rules)?,
            BatchMode::Independent => one_by_one(&db, workspace_id, items, &rules),
        };
        Ok((results, again && !is_fresh))
    })
    .await?;
    let mut counts = BatchCounts::default();
    for result in &results {
        match result.status {
            201 => counts.created += 1,
            200 => counts.matched += 1,
            202 => counts.quarantined += 1,
            _ => counts.refused += 1,
        }
    }
    let mut answer = HttpResponse::Ok();
    if replayed {
        answer.insert_header((idempotency::REPLAYED, "true"));
    }
    Ok(answer.json(CaptureBatchAnswer { results, counts }))
}

/// An item of a batch, read.
struct Item {
    reference: Option<String>,
    incoming: Result<Box<Incoming>, Unready>,
}

/// An item that cannot be captured.
enum Unready {
    /// Its fields are wrong.
    Wrong(Box<Problem>),
    /// A fault of ours kept it from being put into normal form.
    Broken(Box<Broken>),
}

fn read_item(
    index: usize,
    text: &str,
    batch_key: Option<&IdempotencyKey>,
    context: &SubmissionContext,
    caller: &Caller,
) -> Item {
    let body: CaptureBody = match read_json(text.as_bytes()) {
        Ok(body) => body,
        Err(error) => {
            return Item {
                reference: reference_of(text),
                incoming: Err(Unready::Wrong(Box::new(error.problem().clone()))),
            };
        }
    };
    let reference = body.reference.clone();
    let received = Received {
        door: Door::Capture,
        content_type: "application/json".to_owned(),
        body: text.as_bytes().to_vec(),
        context: context.clone(),
        idempotency_key: batch_key.map(|key| IdempotencyKey {
            key: format!("{}#{index}", key.key),
            ..key.clone()
        }),
    };
    let incoming = if body.dry_run {
        let detail = "an item of a batch cannot be a dry run; capture it alone";
        Err(Unready::Wrong(Box::new(Problem::from(&Error::Invalid(
            vec![FieldError::new("/dry_run", "not_in_a_batch", detail)],
        )))))
    } else {
        match captures::prepare_as(body.into_draft(), received, caller, Manner::Program) {
            Prepared::Ready(incoming) => Ok(incoming),
            Prepared::Refused(errors) => Err(Unready::Wrong(Box::new(Problem::from(
                &Error::Invalid(errors),
            )))),
            Prepared::Broken(broken) => Err(Unready::Broken(broken)),
        }
    };
    Item {
        reference,
        incoming,
    }
}

/// The reference of an item that is wrong elsewhere.
fn reference_of(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some(value.get("ref")?.as_str()?.chars().take(255).collect())
}

/// With `mode: atomic` one wrong item refuses the batch; pointers lead to the items.
fn refuse_all_for_one(items: &[Item]) -> Result<(), ApiError> {
    let mut wrong: Vec<(usize, &Problem)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match &item.incoming {
            Ok(_) => {}
            Err(Unready::Wrong(problem)) => wrong.push((index, problem.as_ref())),
            Err(Unready::Broken(_)) => {
                return Err(
                    Error::internal("a panic while an item was put into normal form").into(),
                );
            }
        }
    }
    let Some((_, first)) = wrong.first() else {
        return Ok(());
    };
    let mut problem = (*first).clone();
    problem.errors = wrong
        .iter()
        .flat_map(|(index, problem)| {
            problem.errors.iter().map(move |error| WrongField {
                pointer: format!("/items/{index}{}", error.pointer),
                ..error.clone()
            })
        })
        .take(100)
        .collect();
    problem.detail = "With mode atomic nothing is taken in unless every item is right.".to_owned();
    Err(problem.into())
}

/// The results, and whether any of them is new.
fn all_or_none(
    db: &Db,
    workspace_id: Uuid,
    items: Vec<Item>,
    rules: &Rules,
) -> Result<(Vec<BatchResult>, bool)> {
    let mut references = Vec::with_capacity(items.len());
    let mut incoming = Vec::with_capacity(items.len());
    for item in items {
        references.push(item.reference);
        incoming.extend(item.incoming.ok().map(|incoming| *incoming));
    }
    let replies = intake::together(db, workspace_id, &incoming, rules)?;
    let is_fresh = replies.iter().any(|reply| !is_replayed(reply));
    let results = references
        .into_iter()
        .zip(replies)
        .map(|(reference, reply)| result_of(reference, Ok(reply)))
        .collect();
    Ok((results, is_fresh))
}

fn is_replayed(reply: &Reply) -> bool {
    matches!(reply, Reply::Replayed(_))
}

/// The results, and whether any of them is new.
fn one_by_one(
    db: &Db,
    workspace_id: Uuid,
    items: Vec<Item>,
    rules: &Rules,
) -> (Vec<BatchResult>, bool) {
    let mut ready = Vec::new();
    let mut results: Vec<Option<BatchResult>> = Vec::with_capacity(items.len());
    let mut waiting = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        match item.incoming {
            Ok(incoming) => {
                ready.push(*incoming);
                waiting.push((index, item.reference));
                results.push(None);
            }
            Err(Unready::Wrong(problem)) => results.push(Some(refused(item.reference, *problem))),
            Err(Unready::Broken(broken)) => {
                let kept = captures::keep_broken(db, workspace_id, &broken);
                results.push(Some(result_of(item.reference, kept)));
            }
        }
    }
    let replies = ready
        .chunks(CHUNK)
        .flat_map(|chunk| intake::take_in(db, workspace_id, chunk, rules));
    let mut is_fresh = false;
    for ((index, reference), reply) in waiting.into_iter().zip(replies) {
        is_fresh |= !reply.as_ref().is_ok_and(is_replayed);
        results[index] = Some(result_of(reference, reply));
    }
    (results.into_iter().flatten().collect(), is_fresh)
}

fn refused(reference: Option<String>, problem: Problem) -> BatchResult {
    BatchResult {
        reference,
        status: problem.status,
        answer: None,
        problem: Some(problem),
    }
}

fn result_of(reference: Option<String>, reply: Result<Reply>) -> BatchResult {
    let answered = |answer: Answer| {
        let text = String::from_utf8(answer.body)
            .ok()
            .and_then(|text| RawValue::from_string(text).ok());
        BatchResult {
            reference: reference.clone(),
            status: answer.status,
            answer: text,
            problem: None,
        }
    };
    match reply {
        Ok(Reply::Done { answer, .. } | Reply::Quarantined(answer) | Reply::Replayed(answer)) => {
            answered(answer)
        }
        Ok(Reply::KeyReused) => refused(
            reference,
            Problem::from(&Error::from(Conflict::IdempotencyKeyReused)),
        ),
        Ok(Reply::Taken(taken)) => refused(reference, Problem::from(&Error::from(taken))),
        Err(error) => {
            if matches!(error, Error::Internal(_)) {
                log::error!("An item of a batch failed: {error}");
            }
            refused(reference, Problem::from(&error))
        }
    }
}
