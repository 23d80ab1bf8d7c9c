//! How captures are answered.

use crate::api::capture_json::{CaptureAnswer, QuarantineAnswer};
use crate::api::idempotency;
use crate::api::problem::ApiError;
use crate::domain::capture::{Captured, Outcome};
use crate::domain::flow::capture::{Answers, Reply};
use crate::domain::flow::once::Answered;
use crate::domain::idempotency::Answer;
use crate::error::{Conflict, Error};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use uuid::Uuid;

/// How captures are answered.
pub const ANSWERS: Answers = Answers {
    done: captured_answer,
    quarantined: quarantined_answer,
};

/// Sends the reply to a submission.
pub fn respond(reply: Reply) -> Result<HttpResponse, ApiError> {
    Ok(idempotency::respond(match reply {
        Reply::Done { answer, .. } | Reply::Quarantined(answer) => Answered {
            answer,
            replayed: false,
        },
        Reply::Replayed(answer) => Answered {
            answer,
            replayed: true,
        },
        Reply::KeyReused => return Err(Error::from(Conflict::IdempotencyKeyReused).into()),
        Reply::Taken(taken) => return Err(Error::from(taken).into()),
    }))
}

fn captured_answer(captured: &Captured) -> Answer {
    answer(status(captured), &CaptureAnswer::from(captured))
}

pub(super) fn rehearsed_answer(captured: &Captured) -> Answer {
    answer(
        status(captured),
        &CaptureAnswer {
            receipt_id: None,
            ..CaptureAnswer::from(captured)
        },
    )
}

fn quarantined_answer(receipt_id: Uuid) -> Answer {
    answer(
        StatusCode::ACCEPTED,
        &QuarantineAnswer {
            receipt_id,
            outcome: "quarantined".to_owned(),
        },
    )
}

/// 201 for a new lead, 200 for a known one.
pub fn status(captured: &Captured) -> StatusCode {
    if captured.outcome == Outcome::Created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    }
}

/// An answer without an entity tag. Types of answers have text keys only, so they can always be written as JSON.
pub fn answer(status: StatusCode, body: &impl Serialize) -> Answer {
    Answer {
        status: status.as_u16(),
        etag: None,
        body: serde_json::to_vec(body).unwrap_or_default(),
    }
}
