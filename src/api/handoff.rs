//! `/v1/leads/{id}/handoff`: everything that somebody has to know who takes a lead over, in one answer.

use crate::api::auth::Caller;
use crate::api::decisions::{AssignmentBody, ClockBody};
use crate::api::lead_details::ConsentLine;
use crate::api::lead_json::LeadBody;
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::qualification::QualificationAnswer;
use crate::api::score::{self, ScoreAnswer};
use crate::api::state::{AppState, in_workspace};
use crate::domain::flow::hand_off;
use crate::domain::handoff::NextStep;
use crate::domain::timeline::TimelineEntry;
use crate::domain::user::User;
use actix_web::{HttpResponse, get, web};
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who is accountable.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accountable {
    /// The user.
    pub user_id: Uuid,
    /// Their name.
    pub name: String,
    /// Their mail address.
    pub email: String,
}

impl From<User> for Accountable {
    fn from(user: User) -> Self {
        Accountable {
            user_id: user.id,
            name: user.name,
            email: user.email,
        }
    }
}

/// What somebody has to know who takes a lead over.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandoffAnswer {
    /// The lead.
    pub lead: LeadBody,
    /// Who is accountable; `null`: nobody yet.
    #[schema(required = true)]
    pub owner: Option<Accountable>,
    /// What is to be done next, the most urgent first.
    pub next_steps: Vec<NextStep>,
    /// Every answer with its evidence, and what they amount to.
    pub qualification: QualificationAnswer,
    /// What the lead is worth, as a statement of account.
    pub score: ScoreAnswer,
    /// Its clocks, the latest first.
    pub clocks: Vec<ClockBody>,
    /// What counts of what the person agreed to and refused, one line for each channel and purpose.
    pub consents: Vec<ConsentLine>,
    /// Who had the lead, and how they let it go, the latest first.
    pub assignments: Vec<AssignmentBody>,
    /// What happened, the newest first; at most 50 entries. The rest is in its timeline.
    pub timeline: Vec<TimelineEntry>,
}

/// Read the handoff packet of a lead.
///
/// Who it is, what happened, what was answered and on what evidence, what it is worth and why, what the person agreed to, which
/// clocks run, and what is to be done next.
#[utoipa::path(tag = "leads", params(("id" = Uuid, Path, description = "The lead")), responses((status = 200, description = "The packet", body = HandoffAnswer), ReadProblems))]
#[get("/leads/{id}/handoff")]
pub async fn get_handoff(
    state: web::Data<AppState>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let answer = in_workspace(&state, caller.workspace_id, move |conn| {
        let by = caller.on_behalf(Utc::now());
        let packet = hand_off::packet(conn, *id, &by)?;
        Ok(HandoffAnswer {
            lead: LeadBody::from(packet.lead()),
            score: score::answer(conn, packet.lead(), None, &by)?,
            owner: packet.owner.map(Accountable::from),
            next_steps: packet.next_steps,
            qualification: QualificationAnswer::from(packet.qualified),
            clocks: packet.clocks.iter().map(ClockBody::from).collect(),
            consents: packet.consents.into_iter().map(ConsentLine::from).collect(),
            assignments: packet
                .assignments
                .into_iter()
                .map(AssignmentBody::from)
                .collect(),
            timeline: packet.timeline,
        })
    })
    .await?;
    Ok(HttpResponse::Ok().json(answer))
}
