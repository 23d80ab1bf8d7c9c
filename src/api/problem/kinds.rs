//! The table of all kinds of problems. Code and documentation both read it.

use actix_web::http::StatusCode;

macro_rules! problem_kinds {
    ($($name:ident = $status:ident, $slug:literal, $title:literal;)+) => {
        /// A kind of problem: its stable `type`, its status and its title.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the titles say it")]
        pub enum ProblemKind { $($name),+ }

        impl ProblemKind {
            /// Every kind, for the documentation.
            pub const ALL: &[ProblemKind] = &[$(ProblemKind::$name),+];

            /// The last part of the `type`, such as `validation-failed`. Never changes.
            pub const fn slug(self) -> &'static str {
                match self { $(ProblemKind::$name => $slug),+ }
            }

            /// The status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(ProblemKind::$name => StatusCode::$status),+ }
            }

            /// The kind in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(ProblemKind::$name => $title),+ }
            }
        }
    };
}

problem_kinds! {
    LeadMerged = PERMANENT_REDIRECT, "lead-merged", "The lead became a part of another";
    BadRequest = BAD_REQUEST, "bad-request", "The request cannot be understood";
    MalformedJson = BAD_REQUEST, "malformed-json", "The body is not JSON";
    TooDeep = BAD_REQUEST, "too-deep", "The JSON is nested too deeply";
    Unauthorized = UNAUTHORIZED, "unauthorized", "A valid key or access token is required";
    LoginFailed = UNAUTHORIZED, "login-failed", "The mail address or the password is wrong";
    SessionOver = UNAUTHORIZED, "session-over", "The session is over";
    Forbidden = FORBIDDEN, "forbidden", "This caller may not do that";
    NotFound = NOT_FOUND, "not-found", "Not found";
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not allowed here";
    NotAcceptable = NOT_ACCEPTABLE, "not-acceptable", "No offered media type is accepted";
    SlowBody = REQUEST_TIMEOUT, "slow-body", "The body took too long to arrive";
    IdentityTaken = CONFLICT, "identity-taken", "Another lead is this person";
    ValueTaken = CONFLICT, "value-taken", "Another lead has this value";
    ValuesShared = CONFLICT, "values-shared", "Leads share values";
    FieldExists = CONFLICT, "field-exists", "The field is there already";
    FieldInUse = CONFLICT, "field-in-use", "Leads have values that would lose their meaning";
    IdempotencyKeyInUse = CONFLICT, "idempotency-key-in-use", "The first request is still running";
    SubmissionState = CONFLICT, "submission-state", "The submission is in another state";
    StageArchived = CONFLICT, "stage-archived", "The stage is archived";
    StageInUse = CONFLICT, "stage-in-use", "The stage cannot be left out yet";
    EntryCriteria = CONFLICT, "entry-criteria", "The lead does not meet the criteria";
    SubmissionActivity = CONFLICT, "submission-activity", "A submission cannot be changed";
    RestoreWindowPassed = CONFLICT, "restore-window-passed", "Too late to restore";
    InOtherHands = CONFLICT, "in-other-hands", "The lead is in other hands";
    NotDeleted = CONFLICT, "not-deleted", "Nothing to restore";
    RuleUnusable = CONFLICT, "rule-unusable", "The rule document cannot be used any more";
    DecisionNotReplayable = CONFLICT, "decision-not-replayable", "The decision cannot be made again";
    ClockEnded = CONFLICT, "clock-ended", "The clock has ended";
    RuleInUse = CONFLICT, "rule-in-use", "Another document names it";
    RuleNeeded = CONFLICT, "rule-needed", "What would stand in does not fit";
    RuleSchedule = CONFLICT, "rule-schedule", "The rule document is in another state";
    RuleNotActive = CONFLICT, "rule-not-active", "The rule document does not count";
    PairMerged = CONFLICT, "pair-merged", "The leads of the pair are one";
    MergeUndone = CONFLICT, "merge-undone", "The merge was undone";
    LaterMerge = CONFLICT, "later-merge", "A later merge stands on this one";
    TakenOver = CONFLICT, "taken-over", "Another lead has it by now";
    TooManyJobs = CONFLICT, "too-many-jobs", "Too many jobs are waiting";
    TooManyViews = CONFLICT, "too-many-views", "Too many views are saved";
    JobEnded = CONFLICT, "job-ended", "The job has ended";
    CalibrationNotActive = CONFLICT, "calibration-not-active", "Another calibration is active, or none";
    TooFewLeads = CONFLICT, "too-few-leads", "There are too few leads to learn from";
    LeadNotVisible = CONFLICT, "lead-not-visible", "Somebody else's lead is this person";
    EmailTaken = CONFLICT, "email-taken", "Another user has this mail address";
    NameTaken = CONFLICT, "name-taken", "The name is taken";
    TeamInUse = CONFLICT, "team-in-use", "Leads belong to the team";
    LastAdmin = CONFLICT, "last-admin", "The last admin";
    UserStatus = CONFLICT, "user-status", "The user is in another status";
    FeedExpired = GONE, "feed-expired", "The feed no longer reaches back that far";
    PreconditionFailed = PRECONDITION_FAILED, "precondition-failed", "It has changed meanwhile";
    PayloadTooLarge = PAYLOAD_TOO_LARGE, "payload-too-large", "The body is too large";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body has an unsupported type";
    ValidationFailed = UNPROCESSABLE_ENTITY, "validation-failed", "Some fields are wrong";
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The key was used for another request";
    QueryTooSlow = UNPROCESSABLE_ENTITY, "query-too-slow", "The query takes too long";
    RateLimited = TOO_MANY_REQUESTS, "rate-limited", "Too many requests";
    InternalError = INTERNAL_SERVER_ERROR, "internal-error", "Internal error";
    Overloaded = SERVICE_UNAVAILABLE, "overloaded", "Too much is waiting";
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable";
}

impl ProblemKind {
    /// The `type` of the problem: a URI reference, relative to the service.
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// The slug in snake case, for programs that switch on it.
    pub fn code(self) -> String {
        self.slug().replace('-', "_")
    }

    /// The general kind for a status that something else chose, such as actix itself.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => ProblemKind::Unauthorized,
            StatusCode::FORBIDDEN => ProblemKind::Forbidden,
            StatusCode::NOT_FOUND => ProblemKind::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => ProblemKind::MethodNotAllowed,
            StatusCode::NOT_ACCEPTABLE => ProblemKind::NotAcceptable,
            StatusCode::REQUEST_TIMEOUT => ProblemKind::SlowBody,
            StatusCode::PRECONDITION_FAILED => ProblemKind::PreconditionFailed,
            StatusCode::PAYLOAD_TOO_LARGE => ProblemKind::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ProblemKind::UnsupportedMediaType,
            StatusCode::TOO_MANY_REQUESTS => ProblemKind::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => ProblemKind::Unavailable,
            status if status.is_server_error() => ProblemKind::InternalError,
            _ => ProblemKind::BadRequest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_kind_has_a_type_of_its_own() {
        let types: HashSet<_> = ProblemKind::ALL
            .iter()
            .map(|kind| kind.type_uri())
            .collect();
        assert_eq!(types.len(), ProblemKind::ALL.len());
        assert!(ProblemKind::ALL.iter().all(|kind| {
            kind.slug()
                .chars()
                .all(|c| c == '-' || c.is_ascii_lowercase())
        }));
    }

    #[test]
    fn the_code_is_the_last_part_of_the_type_in_snake_case() {
        assert_eq!(
            ProblemKind::IdempotencyKeyInUse.code(),
            "idempotency_key_in_use"
        );
        assert_eq!(
            ProblemKind::IdempotencyKeyInUse.type_uri(),
            "/problems/idempotency-key-in-use"
        );
    }
}
