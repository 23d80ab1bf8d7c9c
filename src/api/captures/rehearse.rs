//! Captures that are done and taken back: dry runs, and what other rules would make of a submission.

use super::answers::rehearsed_answer;
use super::prepare::prepare_at;
use super::{ANSWERS, Prepared, Received, Sender};
use crate::api::auth::Caller;
use crate::api::state::{AppState, in_workspace_until};
use crate::domain::capture::Captured;
use crate::domain::capture_draft::{CaptureDraft, Manner};
use crate::domain::flow::capture::{self, Answers, Incoming, Reply};
use crate::domain::ids::{Ids, ProcessIds};
use crate::domain::rules::Rules;
use crate::error::{Error, Result};
use crate::store::pool::End;
use actix_web::web;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// Does all of it, and takes it back.
pub(super) async fn rehearse(
    state: &web::Data<AppState>,
    caller: &Caller,
    incoming: Incoming,
) -> Result<Reply> {
    let rules = caller.rules.clone();
    let incoming = Incoming {
        idempotency_key: None,
        answers: Answers {
            done: rehearsed_answer,
            ..ANSWERS
        },
        ..incoming
    };
    take_back(state, caller.workspace_id, incoming, rules, Utc::now()).await
}

/// What would become of a submission that came in at a moment, by other rules; nothing of it is kept.
///
/// # Errors
/// Every field that is wrong, by its pointer.
pub async fn rehearse_by(
    state: &web::Data<AppState>,
    caller: &Caller,
    draft: CaptureDraft,
    rules: Arc<Rules>,
    now: DateTime<Utc>,
) -> Result<Captured> {
    let sender = Sender {
        actor: caller.actor(),
        form_id: None,
        default_country: rules.default_country.clone(),
        rules: rules.clone(),
    };
    let receipt = (ProcessIds.next(now), now);
    let incoming = match prepare_at(receipt, draft, Received::nothing(), sender, Manner::Program) {
        Prepared::Ready(incoming) => *incoming,
        Prepared::Refused(errors) => return Err(Error::Invalid(errors)),
        Prepared::Broken(_) => return Err(Error::internal("a panic in a rehearsal")),
    };
    match take_back(state, caller.workspace_id, incoming, rules, now).await? {
        Reply::Done { captured, .. } => Ok(*captured),
        Reply::Taken(taken) => Err(taken.into()),
        _ => Err(Error::internal("a rehearsal without a reply")),
    }
}

/// Captures in a transaction that is taken back.
async fn take_back(
    state: &web::Data<AppState>,
    workspace_id: Uuid,
    incoming: Incoming,
    rules: Arc<Rules>,
    now: DateTime<Utc>,
) -> Result<Reply> {
    in_workspace_until(state, workspace_id, move |conn| {
        let reply = capture::capture_within(conn, &incoming, &rules, now)?;
        Ok((reply, End::Rollback))
    })
    .await
}
