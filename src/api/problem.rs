//! Error answers (RFC 9457): the one place that knows which status an error gets.
//!
//! [`Error`] says what went wrong in the domain's words; here it becomes a [`Problem`] with a
//! stable `type`. Things that only the API layer knows, such as a missing scope, are made by the
//! constructors of [`ApiError`]. Faults are logged here, once, and answered without detail.

mod api_error;
mod documented;
mod fallback;
mod kinds;

pub use api_error::ApiError;
pub use documented::{ReadProblems, WriteProblems, components, moved};
pub use fallback::{KnownPaths, fill_bare_errors, path_config, query_config, unmatched};
pub use kinds::ProblemKind;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Conflict, Error, FieldError};

/// The media type of every error answer.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, for programs and people (RFC 9457). Decide by `code` or `type`; the texts may change.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "/problems/validation-failed", "title": "Some fields are wrong", "status": 422,
    "code": "validation_failed", "detail": "1 field is wrong.", "request_id": "0198c0de-7a11-7000-8000-000000000001",
    "errors": [{"pointer": "/emial", "code": "unknown_field", "detail": "unknown field `emial`; did you mean `email`?"}]
}))]
pub struct Problem {
    /// The kind of problem, a stable URI reference.
    #[serde(rename = "type")]
    #[schema(examples("/problems/validation-failed"))]
    pub type_uri: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status again.
    #[schema(minimum = 308, maximum = 599)]
    pub status: u16,
    /// The last part of `type` in snake case.
    #[schema(examples("validation_failed"))]
    pub code: String,
    /// What went wrong this time, and what helps.
    pub detail: String,
    /// The `X-Request-Id` of this answer; support finds the request by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Every wrong field, all at once. Always there when the code is `validation_failed`, with `entry_criteria`, where it
    /// names the parts of the stage's condition that do not hold and the answers that it asks for, and with `rule_unusable`,
    /// where it names places in the document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<WrongField>,
    /// When trying the same request again makes sense, in seconds from now; as in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// The other lead: that already carries the address, number or id (`identity_taken`, `taken_over`) or the value
    /// (`value_taken`), or that this one became a part of (`lead_merged`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<Uuid>,
    /// The merge that has to be undone first (`later_merge`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_id: Option<Uuid>,
    /// Some of the leads that share values (`values_shared`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub lead_ids: Vec<Uuid>,
}

/// One wrong field of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WrongField {
    /// JSON pointer (RFC 6901) into the request body, or `?name` for a query parameter.
    #[schema(examples("/custom/plan"))]
    pub pointer: String,
    /// What is wrong, machine readable.
    #[schema(examples("too_long"))]
    pub code: String,
    /// What is wrong and what helps. Never repeats the value.
    pub detail: String,
}

impl From<FieldError> for WrongField {
    fn from(error: FieldError) -> Self {
        WrongField {
            pointer: error.pointer,
            code: error.code.to_owned(),
            detail: error.detail,
        }
    }
}

impl Problem {
    /// A problem of this kind in the request that is being answered.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Problem {
            type_uri: kind.type_uri(),
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            code: kind.code(),
            detail: detail.into(),
            request_id: super::request_id::current(),
            errors: Vec::new(),
            retry_after_seconds: None,
            lead_id: None,
            merge_id: None,
            lead_ids: Vec::new(),
        }
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}

/// Translates; does not log.
impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        match error {
            // The id is not repeated: in some paths it is an address or a sender's name for a person.
            Error::NotFound { what, .. } => Problem::new(
                ProblemKind::NotFound,
                format!("There is no such {what}, or this caller may not see it."),
            ),
            Error::Merged { into, .. } => Problem {
                lead_id: Some(*into),
                ..Problem::new(
                    ProblemKind::LeadMerged,
                    "The lead became a part of another one: see `lead_id`, and repeat the request at `Location`.",
                )
            },
            Error::Invalid(errors) => validation_failed(errors.clone()),
            Error::Forbidden(reason) => Problem::new(ProblemKind::Forbidden, *reason),
            Error::Conflict(conflict) => conflict.into(),
            Error::VersionMismatch { what, current, .. } => Problem::new(
                ProblemKind::PreconditionFailed,
                format!(
                    "The {what} has changed; its version is now {current}. Read it again, then repeat the change."
                ),
            ),
            Error::NothingToMatch(what) => Problem::new(
                ProblemKind::PreconditionFailed,
                format!("There is no such {what} yet. Leave `If-Match` out to create it."),
            ),
            Error::MissingScope(scope) => Problem::new(
                ProblemKind::Forbidden,
                format!("The caller lacks the scope `{}`.", scope.as_str()),
            ),
            Error::LoginFailed => Problem::new(
                ProblemKind::LoginFailed,
                "The mail address or the password is wrong, or this user may not log in by password.",
            ),
            Error::SessionOver => Problem::new(
                ProblemKind::SessionOver,
                "The refresh token is unknown or spent, or its session is over. Log in again.",
            ),
            Error::TooManyAttempts {
                retry_after_seconds,
            } => Problem::new(
                ProblemKind::RateLimited,
                format!("Too many attempts. Try again in {retry_after_seconds} s."),
            )
            .retry_after(*retry_after_seconds),
            Error::Overloaded => Problem::new(
                ProblemKind::Overloaded,
                "Too many requests are waiting. Try again in a moment.",
            )
            .retry_after(1),
            Error::Unavailable(_) => Problem::new(
                ProblemKind::Unavailable,
                "The service cannot reach its database. Try again soon.",
            )
            .retry_after(5),
            Error::TooSlow => Problem::new(
                ProblemKind::QueryTooSlow,
                "The query took longer than allowed. Narrow it down: fewer conditions, or sort by another field.",
            ),
            Error::Internal(_) => Problem::new(
                ProblemKind::InternalError,
                "Something went wrong on our side. It has been logged under this request id.",
            ),
        }
    }
}

impl From<&Conflict> for Problem {
    fn from(conflict: &Conflict) -> Self {
        match conflict {
            Conflict::IdentityTaken { kind, lead_id } => {
                let detail = format!("Another lead already has this {kind}: see `lead_id`.");
                Problem { lead_id: Some(*lead_id), ..Problem::new(ProblemKind::IdentityTaken, detail) }
            }
            Conflict::ValueTaken { key, lead_id } => {
                let detail = format!("Another lead already has this value of `{key}`: see `lead_id`.");
                let wrong = FieldError::new(format!("/custom/{key}"), "value_taken", "give a value that no other lead has");
                Problem {
                    lead_id: Some(*lead_id),
                    errors: vec![wrong.into()],
                    ..Problem::new(ProblemKind::ValueTaken, detail)
                }
            }
            Conflict::ValuesShared { key, lead_ids } => Problem {
                lead_ids: lead_ids.clone(),
                ..Problem::new(
                    ProblemKind::ValuesShared,
                    format!("Leads share values of `{key}`: see `lead_ids`. Give each a value of its own first."),
                )
            },
            Conflict::FieldExists { key } => Problem::new(
                ProblemKind::FieldExists,
                format!("There is a field `{key}` already; it may be archived, and a PATCH with `archived: false` brings it back."),
            ),
            Conflict::FieldInUse(detail) => Problem::new(ProblemKind::FieldInUse, detail.clone()),
            Conflict::IdempotencyKeyReused => Problem::new(
                ProblemKind::IdempotencyKeyReused,
                "This Idempotency-Key was used for another request. Use a new key for a new request.",
            ),
            Conflict::IdempotencyKeyInUse => Problem::new(
                ProblemKind::IdempotencyKeyInUse,
                "The first request with this Idempotency-Key is still running. Repeat to get its answer.",
            )
            .retry_after(1),
            Conflict::SubmissionState { state } => {
                Problem::new(ProblemKind::SubmissionState, format!("The submission is {state}; that does not allow this."))
            }
            Conflict::StageArchived { stage } => Problem::new(
                ProblemKind::StageArchived,
                format!("The stage {stage} is archived: leads may stay in it, and none may enter."),
            ),
            Conflict::StageInUse { stage } => Problem::new(
                ProblemKind::StageInUse,
                format!("Leads are in the stage {stage}, perhaps deleted ones. Archive it: then none may enter."),
            ),
            Conflict::StageStillEntered { stage } => Problem::new(
                ProblemKind::StageInUse,
                format!("Leads may begin in the stage {stage}. Archive it first; after ten seconds it can be left out."),
            ),
            Conflict::EntryCriteria { stage, unmet } => Problem {
                errors: unmet.iter().cloned().map(WrongField::from).collect(),
                ..Problem::new(
                    ProblemKind::EntryCriteria,
                    format!("The lead does not meet what the stage {stage} insists on: see `errors`, whose pointers are into the stage's condition, or to answers that it asks for."),
                )
            },
            Conflict::SubmissionActivity => Problem::new(
                ProblemKind::SubmissionActivity,
                "This activity is a submission: what came in stays as it came.",
            ),
            Conflict::RestoreWindowPassed { days } => Problem::new(
                ProblemKind::RestoreWindowPassed,
                format!("The lead was deleted more than {days} days ago and cannot be restored."),
            ),
            Conflict::InOtherHands { detail } => Problem::new(ProblemKind::InOtherHands, detail.as_str()),
            Conflict::NotDeleted => Problem::new(ProblemKind::NotDeleted, "The lead is not deleted, so there is nothing to restore."),
            Conflict::RuleUnusable { wrong } => Problem {
                errors: wrong.iter().cloned().map(WrongField::from).collect(),
                ..Problem::new(
                    ProblemKind::RuleUnusable,
                    "The document cannot be used any more, since what it names is gone: see `errors`, whose pointers are into the document. Write a new version.",
                )
            },
            Conflict::NotReplayable { detail } => Problem::new(
                ProblemKind::DecisionNotReplayable,
                format!("The decision cannot be made again: {detail}."),
            ),
            Conflict::ClockEnded { state } => Problem::new(
                ProblemKind::ClockEnded,
                format!("The clock is {state}: it counts no more. See GET /v1/leads/{{id}}/clocks."),
            ),
            Conflict::RuleInUse { rule_id, kind, key, pointer } => Problem::new(
                ProblemKind::RuleInUse,
                format!("The active {kind} `{key}` (rule {rule_id}) names it at {pointer}: first activate a version of that one which does not."),
            ),
            Conflict::RuleNeeded { detail } => Problem::new(
                ProblemKind::RuleNeeded,
                format!("Without this document the one that every workspace begins with would stand in, and that does not go with the others: {detail}. First retire the others, or let versions of them count with which it goes."),
            ),
            Conflict::RuleSchedule { state } => Problem::new(
                ProblemKind::RuleSchedule,
                format!("The document is {state}: an active one counts already, and only a scheduled one can be taken off the schedule."),
            ),
            Conflict::RuleNotActive { state } => Problem::new(
                ProblemKind::RuleNotActive,
                format!("The document is {state}: only an active one can be retired. See GET /v1/rules?state=active."),
            ),
            Conflict::PairMerged => Problem::new(
                ProblemKind::PairMerged,
                "The two leads are one: see GET /v1/merges. To say that they are two people, undo the merge.",
            ),
            Conflict::MergeUndone => Problem::new(ProblemKind::MergeUndone, "The merge was undone already."),
            Conflict::LaterMerge { merge_id } => Problem {
                merge_id: Some(*merge_id),
                ..Problem::new(
                    ProblemKind::LaterMerge,
                    "A later merge stands on this one: see `merge_id`. Undo that one first.",
                )
            },
            Conflict::TakenOver { kind, lead_id } => Problem {
                lead_id: Some(*lead_id),
                ..Problem::new(
                    ProblemKind::TakenOver,
                    format!("A lead that would come back had a {kind} that another lead has by now: see `lead_id`. Merge that lead into the survivor, or take the {kind} from it, first."),
                )
            },
            Conflict::TooManyJobs { limit } => Problem::new(
                ProblemKind::TooManyJobs,
                format!("{limit} jobs of this workspace are waiting or running. Wait until one has ended, or cancel one: see GET /v1/jobs."),
            ),
            Conflict::TooManyViews { limit } => Problem::new(
                ProblemKind::TooManyViews,
                format!("{limit} views are saved already. Remove one first: see GET /v1/views."),
            ),
            Conflict::JobEnded { state } => Problem::new(
                ProblemKind::JobEnded,
                format!("The job is {state} already: there is nothing to cancel."),
            ),
            Conflict::CalibrationNotActive { state } => Problem::new(
                ProblemKind::CalibrationNotActive,
                format!("The calibration is {state}: only the active one can be retired. See GET /v1/dedupe/calibrations."),
            ),
            Conflict::TooFewLeads { fewest } => Problem::new(
                ProblemKind::TooFewLeads,
                format!("There are fewer than {fewest} leads with anything to compare. Until there are more, the weights that every workspace begins with are the best there are."),
            ),
            Conflict::LeadNotVisible => Problem::new(
                ProblemKind::LeadNotVisible,
                "This person is a lead already, of somebody else. Ask a manager to assign it to you.",
            ),
            Conflict::EmailTaken => Problem::new(ProblemKind::EmailTaken, "Another user of the workspace has this mail address."),
            Conflict::NameTaken { what } => Problem::new(ProblemKind::NameTaken, format!("Another {what} has this name; choose another one.")),
            Conflict::TeamInUse => Problem::new(ProblemKind::TeamInUse, "Leads belong to this team, deleted ones perhaps. Assign them to another team first."),
            Conflict::LastAdmin => Problem::new(
                ProblemKind::LastAdmin,
                "This is the last admin who may come in. Make somebody else an admin first.",
            ),
            Conflict::UserStatus { status } => {
                Problem::new(ProblemKind::UserStatus, format!("The user is {status}; that does not allow this."))
            }
            Conflict::FeedExpired { oldest } => Problem::new(
                ProblemKind::FeedExpired,
                format!("The feed begins at position {oldest}. List the leads, then follow the feed from there."),
            ),
        }
    }
}

/// The wrong fields, all at once.
fn validation_failed(errors: Vec<FieldError>) -> Problem {
    let detail = match errors.len() {
        1 => "1 field is wrong.".to_owned(),
        count => format!("{count} fields are wrong."),
    };
    let errors = errors.into_iter().map(WrongField::from).collect();
    Problem {
        errors,
        ..Problem::new(ProblemKind::ValidationFailed, detail)
    }
}
