//! Puts together what somebody has to know who takes a lead over.

use crate::domain::consent::ConsentRecord;
use crate::domain::decision::AssignmentRecord;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::flow::own_lead;
use crate::domain::flow::qualify_lead::{self, Qualified};
use crate::domain::flow::{reach, timeline};
use crate::domain::handoff::{NextStep, next_steps};
use crate::domain::lead::Lead;
use crate::domain::sla::Clock;
use crate::domain::timeline::{TimelineEntry, Wanted};
use crate::domain::user::User;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{assignments, consents, sla_clocks, users};
use uuid::Uuid;

/// Entries of the timeline.
const LATEST: i64 = 50;

/// What is known of a lead, all in one.
#[derive(Debug)]
pub struct Packet {
    /// Who is accountable.
    pub owner: Option<User>,
    /// Who had it, the latest first.
    pub assignments: Vec<AssignmentRecord>,
    /// What was answered, and what it amounts to; the lead is in it.
    pub qualified: Qualified,
    /// Clocks, the latest first.
    pub clocks: Vec<Clock>,
    /// What counts of what the person agreed to and refused.
    pub consents: Vec<ConsentRecord>,
    /// What happened last, the newest first.
    pub timeline: Vec<TimelineEntry>,
    /// What is to be done.
    pub next_steps: Vec<NextStep>,
}

impl Packet {
    /// The lead.
    pub fn lead(&self) -> &Lead {
        &self.qualified.lead
    }
}

/// Puts it together; nothing is written.
pub fn packet(conn: &mut TenantConnection, id: Uuid, by: &OnBehalf) -> Result<Packet> {
    let lead = reach::get(conn, id, &by.visible)?;
    let qualified = qualify_lead::show(conn, lead, by)?;
    let owner_id = qualified.lead.owner_id;
    let held = own_lead::current(conn, &qualified.lead)?.map(|record| record.assignment);
    let clocks = sla_clocks::list_of_lead(conn, id)?;
    let question = qualified.qualification.next_question.as_ref();
    Ok(Packet {
        next_steps: next_steps(&qualified.lead, held.as_ref(), &clocks, question),
        owner: match owner_id {
            Some(owner_id) => users::find(conn, owner_id)?,
            None => None,
        },
        assignments: assignments::list_of_lead(conn, id)?,
        qualified,
        clocks,
        consents: consents::list_standing(conn, &[id])?,
        timeline: timeline::list(conn, id, &Wanted::all(), None, LATEST, &by.visible)?,
    })
}
