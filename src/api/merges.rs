//! `/v1/leads/{id}/merge` and `/v1/merges`: leads become one, and two again.

use crate::api::auth::Caller;
use crate::api::bulk;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::{ValidJson, ValidQuery};
use crate::api::idempotency;
use crate::api::jobs::JobBody;
use crate::api::lead_json::LeadBody;
use crate::api::page::{DEFAULT_LIMIT, Page, cut, read_cursor, write_cursor};
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::event::{Actor, Change};
use crate::domain::flow::merge_all::MergeAll;
use crate::domain::flow::merge_leads::{Merged, Wanted, merge};
use crate::domain::flow::review_merges::{self, MergeFilter};
use crate::domain::flow::{once, review_pairs, unmerge_leads};
use crate::domain::lead_fields::Field;
use crate::domain::merge::{Belonging, Gift, Merge, MergeState};
use crate::domain::survivorship::{Choice, Chosen, MORE, SurvivorshipRule};
use crate::error::{Error, FieldError, Result};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

/// Whose value of a field counts: that of a lead, or by a rule.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub struct FieldChoice {
    /// The value of this lead, also where it has none: the survivor, or one of `with`.
    pub from: Option<Uuid>,
    /// By this rule instead of the workspace's.
    pub rule: Option<SurvivorshipRule>,
}

/// Leads that become a part of another.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"with": ["0198c0de-7a11-7000-8000-00000000000c"], "fields": {"title": {"rule": "newest"}, "owner_id": {"from": "0198c0de-7a11-7000-8000-00000000000c"}}}))]
pub struct MergeRequest {
    /// The leads that become a part of this one.
    #[schema(min_items = 1, max_items = 100)]
    pub with: Vec<Uuid>,
    /// Whose value counts, by field: a plain field, `custom.<key>`, `owner_id`, `source` or `stage`. For others the workspace's
    /// `survivorship` says.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldChoice>,
}

/// A merge.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Merge)]
pub struct MergeBody {
    /// Its id.
    pub id: Uuid,
    /// The lead that the others became a part of.
    pub survivor_id: Uuid,
    /// Those others.
    pub merged_ids: Vec<Uuid>,
    /// Where it stands.
    pub state: MergeState,
    /// What changed of the survivor.
    pub changes: Vec<Change>,
    /// Values that the survivor took from others, and why from them.
    pub chosen: Vec<Chosen>,
    /// Who merged them.
    pub merged_by: Actor,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Who undid it.
    #[schema(required = true)]
    pub undone_by: Option<Actor>,
    /// When.
    #[schema(required = true)]
    pub undone_at: Option<DateTime<Utc>>,
}

impl From<Merge> for MergeBody {
    fn from(merge: Merge) -> Self {
        MergeBody {
            id: merge.id,
            survivor_id: merge.survivor_id,
            merged_ids: merge.merged_ids,
            state: merge.state,
            changes: merge.changes,
            chosen: merge.chosen,
            merged_by: merge.merged_by,
            created_at: merge.created_at,
            undone_by: merge.undone_by,
            undone_at: merge.undone_at,
        }
    }
}

/// What came of a merge.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeAnswer {
    /// The survivor afterwards.
    pub lead: LeadBody,
    /// The merge; `null`: the leads were one already.
    #[schema(required = true)]
    pub merge: Option<MergeBody>,
}

impl From<Merged> for MergeAnswer {
    fn from(merged: Merged) -> Self {
        MergeAnswer {
            lead: LeadBody::from(&merged.lead),
            merge: merged.merge.map(MergeBody::from),
        }
    }
}

/// Merge leads into one.
///
/// The other leads become a part of this one: their identities, activities, notes, submissions and consents go to it; a refusal
/// of any of them stands. Their ids lead to it for ever, by 308. Values are chosen by the workspace's `survivorship`, or by
/// `fields`. `POST /v1/merges/{id}/undo` makes them as many as before.
#[utoipa::path(
    tag = "duplicates",
    params(("id" = Uuid, Path, description = "The lead that survives"),
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the surviving lead is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = MergeRequest,
    responses((status = 200, description = "The lead afterwards, and the merge", body = MergeAnswer, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/leads/{id}/merge")]
pub async fn merge_leads(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<MergeRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let wanted = Wanted {
        survivor_id: *id,
        with: body.value.with,
        choices: choices(body.value.fields)?,
        expected: expected_version(&request)?,
    };
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let merged = merge(conn, &wanted, &by)?;
            answer(merged)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

fn answer(merged: Merged) -> Result<crate::domain::idempotency::Answer> {
    let version = etag(merged.lead.version);
    idempotency::answer(StatusCode::OK, Some(version), &MergeAnswer::from(merged))
}

fn choices(fields: BTreeMap<String, FieldChoice>) -> Result<BTreeMap<String, Choice>> {
    let mut errors = Vec::new();
    let mut choices = BTreeMap::new();
    for (name, choice) in fields {
        let pointer = format!("/fields/{}", name.chars().take(64).collect::<String>());
        let is_field = Field::from_name(&name).is_some()
            || MORE.contains(&name.as_str())
            || name.starts_with("custom.");
        if !is_field {
            let detail = "a plain field of leads, custom.<key>, owner_id, source or stage";
            errors.push(FieldError::new(pointer, "not_a_lead_field", detail));
            continue;
        }
        match (choice.from, choice.rule) {
            (Some(lead), None) => choices.insert(name, Choice::Of(lead)),
            (None, Some(rule)) if !MORE.contains(&name.as_str()) => {
                choices.insert(name, Choice::By(rule))
            }
            (None, Some(_)) => {
                let detail = "for this one name the lead: `from`";
                errors.push(FieldError::new(pointer, "no_rule_here", detail));
                None
            }
            _ => {
                let detail = "either `from`, a lead, or `rule`";
                errors.push(FieldError::new(pointer, "choose_one", detail));
                None
            }
        };
    }
    if errors.is_empty() {
        Ok(choices)
    } else {
        Err(Error::Invalid(errors))
    }
}

/// Which merges.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MergeQuery {
    /// Only those that this lead took part in, as the survivor or not.
    pub lead_id: Option<Uuid>,
    /// Where they stand.
    pub state: Option<MergeState>,
    /// Merges on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// List merges, the newest first.
#[utoipa::path(tag = "duplicates", params(MergeQuery), responses((status = 200, description = "A page of merges", body = Page<MergeBody>), ReadProblems))]
#[get("/merges")]
pub async fn list_merges(
    state: web::Data<AppState>,
    caller: Caller,
    query: ValidQuery<MergeQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let before: Option<Uuid> = query
        .cursor
        .map(|cursor| read_cursor(caller.workspace_id, &cursor))
        .transpose()?;
    let filter = MergeFilter {
        lead_id: query.lead_id,
        state: query.state,
        before,
        limit: limit + 1,
    };
    let visible = caller.visible.clone();
    let mut found = in_workspace(&state, caller.workspace_id, move |conn| {
        review_merges::list(conn, filter, &visible)
    })
    .await?;
    let more = cut(&mut found, limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|last| write_cursor(caller.workspace_id, last.id))
        .transpose()?;
    let data = found.into_iter().map(MergeBody::from).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}

/// Read a merge.
#[utoipa::path(tag = "duplicates", params(("id" = Uuid, Path, description = "The merge")), responses((status = 200, description = "The merge", body = MergeBody), ReadProblems))]
#[get("/merges/{id}")]
pub async fn get_merge(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let found = in_workspace(&state, caller.workspace_id, move |conn| {
        review_merges::get(conn, *id, &caller.visible)
    })
    .await?;
    Ok(HttpResponse::Ok().json(MergeBody::from(found)))
}

/// Something that came after a merge, and where it goes.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub struct GiftWrite {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Belonging,
    /// Which one.
    pub id: Uuid,
    /// The lead it goes to: one of those that come back.
    pub to: Uuid,
}

/// What goes to which lead.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"give": [{"type": "activity", "id": "0198c0de-7a11-7000-8000-00000000000d", "to": "0198c0de-7a11-7000-8000-00000000000c"}]}))]
pub struct UndoRequest {
    /// What came after the merge and does not stay with the survivor.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub give: Vec<GiftWrite>,
}

/// What came of undoing a merge.
#[derive(Debug, Serialize, ToSchema)]
pub struct UndoAnswer {
    /// The merge, which is undone.
    pub merge: MergeBody,
    /// All of its leads, the survivor first.
    pub leads: Vec<LeadBody>,
}

/// Undo a merge.
///
/// Its leads are as many as before, each with what it had. What was changed of the survivor since stays, and what came since
/// stays with it, but for what `give` names. Later merges of the survivor have to be undone first. A pair of the leads is
/// rejected: somebody has said that they are two people.
#[utoipa::path(
    tag = "duplicates",
    params(("id" = Uuid, Path, description = "The merge"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = UndoRequest,
    responses((status = 200, description = "The merge, and its leads", body = UndoAnswer), WriteProblems),
)]
#[post("/merges/{id}/undo")]
pub async fn undo_merge(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<UndoRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let gift = |gift: GiftWrite| Gift {
        kind: gift.kind,
        id: gift.id,
        to: gift.to,
    };
    let gifts: Vec<Gift> = body.value.give.into_iter().map(gift).collect();
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let undone = unmerge_leads::undo(conn, *id, &gifts, &by)?;
            let shown = UndoAnswer {
                merge: MergeBody::from(undone.merge),
                leads: undone.leads.iter().map(LeadBody::from).collect(),
            };
            idempotency::answer(StatusCode::OK, None, &shown)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// How the two leads of a pair become one.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"fields": {"phone": {"rule": "newest"}}}))]
pub struct ConfirmRequest {
    /// The lead that survives; the older one, if nothing is said.
    pub survivor_id: Option<Uuid>,
    /// Whose value counts, by field, as in a merge.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldChoice>,
}

/// Say that they are one person: the leads are merged.
#[utoipa::path(
    tag = "duplicates",
    params(("id" = Uuid, Path, description = "The pair"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = ConfirmRequest,
    responses((status = 200, description = "The lead afterwards, and the merge", body = MergeAnswer, headers(("ETag" = String, description = "The lead's version"))), WriteProblems),
)]
#[post("/dedupe/pairs/{id}/confirm")]
pub async fn confirm_pair(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ValidJson<ConfirmRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let survivor_id = body.value.survivor_id;
    let choices = choices(body.value.fields)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let merged = review_pairs::confirm(conn, *id, survivor_id, choices.clone(), &by)?;
            answer(merged)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}

/// Which pairs become one lead each.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"min_probability": 0.999, "dry_run": true}))]
pub struct MergeAllRequest {
    /// Open pairs that are at least so probable.
    #[schema(minimum = 0.5, maximum = 1)]
    pub min_probability: f64,
    /// Only says what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// What merging all would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeAllPreview {
    /// Groups of leads that would become one each.
    #[schema(minimum = 0)]
    pub groups: usize,
    /// Leads that would become a part of another.
    #[schema(minimum = 0)]
    pub leads: usize,
    /// Some of the groups, each with its survivor first.
    pub sample: Vec<Vec<Uuid>>,
}

/// Merge all pairs that are probable enough.
///
/// Starts a job; each lead it names in its results took in those that are one person with it. Pairs that were rejected are
/// left alone, and two people are not chained together by a lead that is a little like both. With `dry_run` it only says
/// what would be done, of the hundred thousand most probable pairs.
#[utoipa::path(
    tag = "duplicates",
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body = MergeAllRequest,
    responses((status = 200, description = "What would be done, for a dry run", body = MergeAllPreview),
        (status = 202, description = "The job", body = JobBody, headers(("Location" = String, description = "Where the job can be read"))), WriteProblems),
)]
#[post("/dedupe/merge-all")]
pub async fn merge_all_pairs(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    body: ValidJson<MergeAllRequest>,
) -> Result<HttpResponse, ApiError> {
    let wanted = MergeAll {
        min_probability: body.value.min_probability,
    };
    if !body.value.dry_run {
        return bulk::start(&request, &state, caller, &body.raw, move |conn, by| {
            wanted.start(conn, by)
        })
        .await;
    }
    let key = idempotency::key(&request, &caller, &body.raw)?;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        once::once(conn, key.as_ref(), by.now, |conn| {
            let preview = wanted.preview(conn, &by)?;
            let shown = MergeAllPreview {
                groups: preview.groups,
                leads: preview.leads,
                sample: preview.sample,
            };
            idempotency::answer(StatusCode::OK, None, &shown)
        })
    })
    .await?;
    Ok(idempotency::respond(answered))
}
