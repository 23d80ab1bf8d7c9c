//! What is to be done next with a lead, for who takes it over.

use crate::domain::assignment::{Assignment, AssignmentState};
use crate::domain::lead::Lead;
use crate::domain::qualification::NextQuestion;
use crate::domain::sla::{Clock, ClockKind, ClockState};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Somebody has to become accountable.
    Assign,
    /// The owner has to accept the lead.
    Accept,
    /// The person waits for a first answer.
    Respond,
    /// The person is to hear from us again.
    FollowUp,
    /// Something is not known that the framework asks for.
    Ask,
}

/// A next step.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NextStep {
    /// What is to be done.
    pub step: StepKind,
    /// Why, in a sentence.
    #[schema(example = "the first response is due")]
    pub reason: String,
    /// By when; `null`: nothing says.
    #[schema(required = true)]
    pub due_at: Option<DateTime<Utc>>,
    /// The clock that says so.
    #[schema(required = true)]
    pub clock_id: Option<Uuid>,
    /// For `ask`: the criterion and the question.
    #[schema(required = true)]
    pub question: Option<NextQuestion>,
}

/// Next steps, the most urgent first: what clocks wait for and an offer that is not accepted, by when it is due, then what is to be
/// asked. There are none with a lead that nobody has to answer.
pub fn next_steps(
    lead: &Lead,
    assignment: Option<&Assignment>,
    clocks: &[Clock],
    question: Option<&NextQuestion>,
) -> Vec<NextStep> {
    let mut steps = Vec::new();
    if !lead.is_open() {
        return steps;
    }
    if lead.owner_id.is_none() {
        steps.push(NextStep {
            step: StepKind::Assign,
            reason: "nobody is accountable for it".to_owned(),
            due_at: None,
            clock_id: None,
            question: None,
        });
    }
    let mut open: Vec<&Clock> = clocks
        .iter()
        .filter(|clock| matches!(clock.state, ClockState::Running | ClockState::Breached))
        .collect();
    open.sort_by_key(|clock| (clock.due_at, clock.id));
    for clock in open {
        let (step, what) = match clock.kind {
            ClockKind::Accept => (StepKind::Accept, "accepting it"),
            ClockKind::FirstResponse => (StepKind::Respond, "the first response"),
            ClockKind::NextTouch => (StepKind::FollowUp, "the next touch"),
            // What to ask for it stands below.
            ClockKind::Qualify => (StepKind::Ask, "the verdict"),
        };
        let is_late = clock.state == ClockState::Breached;
        steps.push(NextStep {
            step,
            reason: format!("{what} is {}", if is_late { "overdue" } else { "due" }),
            due_at: Some(clock.due_at),
            clock_id: Some(clock.id),
            question: question.filter(|_| step == StepKind::Ask).cloned(),
        });
    }
    let is_clocked = steps.iter().any(|step| step.step == StepKind::Accept);
    let offer = assignment.filter(|one| one.state == AssignmentState::Offered && !is_clocked);
    if let Some(offer) = offer {
        steps.push(NextStep {
            step: StepKind::Accept,
            reason: "it goes to somebody else unless it is accepted".to_owned(),
            due_at: offer.accept_by,
            clock_id: None,
            question: None,
        });
        steps.sort_by_key(|step| step.due_at);
    }
    let is_asked = steps.iter().any(|step| step.question.is_some());
    if let Some(question) = question.filter(|_| !is_asked) {
        steps.push(NextStep {
            step: StepKind::Ask,
            reason: format!("`{}` is not known", question.criterion),
            due_at: None,
            clock_id: None,
            question: Some(question.clone()),
        });
    }
    steps
}
