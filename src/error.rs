//! What can go wrong, in the domain's words. No HTTP here: `api/problem.rs` translates.

use crate::domain::access::Scope;
use uuid::Uuid;

/// A fault from below, kept whole for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not exist, or the caller may not know that it does.
    #[error("there is no {what} {id}")]
    NotFound { what: &'static str, id: String },
    /// Well formed, but wrong in one or more fields. Never empty.
    #[error("{} field(s) are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// The lead became a part of another one, which the caller may know of.
    #[error("lead {id} became a part of {into}")]
    Merged { id: Uuid, into: Uuid },
    /// Well formed, but at odds with the present state.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The `If-Match` version is not the present one.
    #[error("the {what} has version {current}, not {expected}")]
    VersionMismatch {
        what: &'static str,
        expected: String,
        current: i64,
    },
    /// `If-Match` insists on something that is not there.
    #[error("there is no such {0} yet")]
    NothingToMatch(&'static str),
    /// The caller may know of it, but not do this with it. The sentence says who can, or what helps.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// The caller lacks this scope.
    #[error("the scope {} is missing", .0.as_str())]
    MissingScope(Scope),
    /// The mail address or the password is wrong; which of them is not said.
    #[error("the mail address or the password is wrong")]
    LoginFailed,
    /// The refresh token is unknown or spent, or its session is over.
    #[error("the session is over")]
    SessionOver,
    /// Too many attempts; trying again makes sense after so many seconds.
    #[error("too many attempts")]
    TooManyAttempts { retry_after_seconds: u32 },
    /// Too much is waiting already; trying again soon makes sense.
    #[error("too many captures are waiting")]
    Overloaded,
    /// The database is away; trying again later makes sense.
    #[error("the database is unavailable")]
    Unavailable(#[source] BoxError),
    /// A question that no index answers took longer than the time allowed.
    #[error("the query took too long")]
    TooSlow,
    /// A bug of ours. The caller learns nothing more than that.
    #[error("internal error")]
    Internal(#[source] BoxError),
}

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the request body (`/custom/plan`), or `?name` for a query parameter.
    pub pointer: String,
    /// Stable and machine readable: `unknown_field`, `wrong_type`, `too_long` …
    pub code: &'static str,
    /// One sentence that names the remedy. Never echoes the value: values are personal data.
    pub detail: String,
}

impl FieldError {
    /// A wrong field, named by its pointer.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        FieldError {
            pointer: pointer.into(),
            code,
            detail: detail.into(),
        }
    }
}

/// All of them in one line.
fn said(wrong: &[FieldError]) -> String {
    let each = wrong.iter();
    let each: Vec<String> = each
        .map(|error| format!("{}: {}", error.pointer, error.detail))
        .collect();
    each.join("; ")
}

/// How a well-formed request can be at odds with the present state.
#[derive(Debug, thiserror::Error)]
pub enum Conflict {
    /// Another lead carries this address, number or id: two leads cannot be the same person.
    #[error("another lead already has this {kind}")]
    IdentityTaken { kind: &'static str, lead_id: Uuid },
    /// Another lead has this value of a field in which no two leads may have the same.
    #[error("another lead already has this value of {key}")]
    ValueTaken { key: String, lead_id: Uuid },
    /// Leads share values of a field in which no two may have the same.
    #[error("{} leads share values of {key}", lead_ids.len())]
    ValuesShared { key: String, lead_ids: Vec<Uuid> },
    /// The field is there already.
    #[error("there is a field {key} already")]
    FieldExists { key: String },
    /// Values that leads have would not mean the same any more.
    #[error("{0}")]
    FieldInUse(String),
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The first request with this idempotency key is still running.
    #[error("the first request with this idempotency key is still running")]
    IdempotencyKeyInUse,
    /// The submission is not in a state that allows this.
    #[error("the submission is {state}")]
    SubmissionState { state: String },
    /// The stage is archived: leads may stay in it, and none may enter.
    #[error("the stage {stage} is archived")]
    StageArchived { stage: String },
    /// A stage that leads are in cannot be left out.
    #[error("leads are in the stage {stage}")]
    StageInUse { stage: String },
    /// A stage in which leads may still begin cannot be left out.
    #[error("leads may begin in the stage {stage}")]
    StageStillEntered { stage: String },
    /// The lead does not meet what the stage insists on. Never empty.
    #[error("the lead does not meet the criteria of the stage {stage}")]
    EntryCriteria {
        stage: String,
        unmet: Vec<FieldError>,
    },
    /// A submission is what came in; it is not corrected.
    #[error("the activity is a submission")]
    SubmissionActivity,
    /// The lead was deleted too long ago to come back.
    #[error("the lead was deleted more than {days} days ago")]
    RestoreWindowPassed { days: i64 },
    /// Nobody has the lead, or it was accepted already, or it waits in no queue: it cannot be accepted, rejected or claimed.
    #[error("the lead is in other hands: {detail}")]
    InOtherHands { detail: String },
    /// The lead is not deleted.
    #[error("the lead is not deleted")]
    NotDeleted,
    /// What a rule document names is gone, or has changed. Never empty; pointers are into the document.
    #[error("the rule document cannot be used any more: {}", said(wrong))]
    RuleUnusable { wrong: Vec<FieldError> },
    /// What a decision was made on is not known any more.
    #[error("the decision cannot be made again: {detail}")]
    NotReplayable { detail: String },
    /// The clock has ended.
    #[error("the clock is {state}")]
    ClockEnded { state: &'static str },
    /// Another document that counts names it.
    #[error("the {kind} `{key}` names it at {pointer}")]
    RuleInUse {
        rule_id: Uuid,
        kind: &'static str,
        key: String,
        pointer: String,
    },
    /// Without the rule document what every workspace begins with would stand in, which does not go with the others.
    #[error("what would stand in does not fit: {detail}")]
    RuleNeeded { detail: String },
    /// Where the rule document stands, it cannot be scheduled, or is not.
    #[error("the rule document is {state}")]
    RuleSchedule { state: &'static str },
    /// The rule document does not count.
    #[error("the rule document is {state}")]
    RuleNotActive { state: &'static str },
    /// The leads of the pair are one.
    #[error("the leads of the pair were merged")]
    PairMerged,
    /// The merge was undone before.
    #[error("the merge was undone")]
    MergeUndone,
    /// A later merge stands on this one.
    #[error("merge {merge_id} came later and stands on this one")]
    LaterMerge { merge_id: Uuid },
    /// Another lead has come to what a lead would get back.
    #[error("another lead has the {kind} by now")]
    TakenOver { kind: &'static str, lead_id: Uuid },
    /// As many jobs of the workspace wait or run as may.
    #[error("{limit} jobs are waiting or running")]
    TooManyJobs { limit: i64 },
    /// Somebody has as many saved views as they may.
    #[error("{limit} views are saved")]
    TooManyViews { limit: i64 },
    /// The job has ended.
    #[error("the job is {state}")]
    JobEnded { state: &'static str },
    /// The calibration is not the one that counts.
    #[error("the calibration is {state}")]
    CalibrationNotActive { state: &'static str },
    /// There are too few leads to learn from.
    #[error("fewer than {fewest} leads can be compared")]
    TooFewLeads { fewest: u32 },
    /// The person is a lead that the caller may not know of.
    #[error("the person is a lead of somebody else")]
    LeadNotVisible,
    /// Another user has this mail address.
    #[error("another user has this mail address")]
    EmailTaken,
    /// Another one has this name.
    #[error("another {what} has this name")]
    NameTaken { what: &'static str },
    /// Leads belong to the team.
    #[error("leads belong to the team")]
    TeamInUse,
    /// Without this admin nobody could administer the workspace.
    #[error("this is the last admin")]
    LastAdmin,
    /// The user's status does not allow this.
    #[error("the user is {status}")]
    UserStatus { status: &'static str },
    /// The feed no longer reaches back that far.
    #[error("the feed begins at position {oldest}")]
    FeedExpired { oldest: i64 },
}

impl Error {
    /// There is no such thing, as far as the caller may know.
    pub fn not_found(what: &'static str, id: impl ToString) -> Self {
        Error::NotFound {
            what,
            id: id.to_string(),
        }
    }

    /// A fault of ours.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Error::Internal(source.into())
    }
}
