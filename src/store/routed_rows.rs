//! Routing decisions as they are kept: candidates by columns. Written out one by one, as they are answered, fifty members
//! of a pool are seven kilobytes of names of members that are alike in nearly everything.

use crate::domain::routing::{
    Attempt, Candidate, Destination, Exclusion, OffShift, PassedOver, RouteInputs, Routed, Target,
    TurnTaken,
};
use crate::error::{Error, Result};
use crate::store::json::Json;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// As [`Routed`], but for the candidates.
#[derive(Serialize)]
struct RoutedRow<'a> {
    to: &'a Destination,
    rule: &'a Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fell_through: bool,
    tried: Vec<AttemptRow<'a>>,
    turn: &'a Option<TurnTaken>,
    team_id: &'a Option<Uuid>,
    accept_within_minutes: &'a Option<u32>,
    take_back_after_idle_hours: &'a Option<u32>,
    inputs: &'a RouteInputs,
}

/// As [`Attempt`], but for the candidates.
#[derive(Serialize)]
struct AttemptRow<'a> {
    target: &'a Target,
    passed_over: &'a Option<PassedOver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<Columns>,
}

/// Candidates by columns, all as long; a column that is left out has the same of everybody, which is the usual.
#[derive(Debug, Serialize, Deserialize)]
struct Columns {
    user_id: Vec<Uuid>,
    credit: Vec<i64>,
    given_today: Vec<u32>,
    /// Usually 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weight: Vec<u32>,
    /// Usually 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rank: Vec<u32>,
    /// Usually nobody's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    load: Vec<Option<u32>>,
    /// Those who are not simply in the running, by their places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unusual: Vec<(usize, Standing)>,
}

/// How somebody stands beside a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Standing {
    eligible: bool,
    in_running: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    excluded_by: Vec<Exclusion>,
    /// One, if they were off shift: when it is next. A list, since what is `null` in an object is not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    off_shift: Vec<Option<DateTime<Utc>>>,
}

/// Of most.
const IN_RUNNING: Standing = Standing {
    eligible: true,
    in_running: true,
    excluded_by: Vec::new(),
    off_shift: Vec::new(),
};

/// The JSON of a routing decision.
pub(super) fn write(routed: &Routed) -> Result<Json> {
    let Routed {
        to,
        rule,
        fell_through,
        tried,
        turn,
        team_id,
        accept_within_minutes,
        take_back_after_idle_hours,
        inputs,
    } = routed;
    Json::lean(&RoutedRow {
        to,
        rule,
        fell_through: *fell_through,
        tried: tried.iter().map(attempt).collect(),
        turn,
        team_id,
        accept_within_minutes,
        take_back_after_idle_hours,
        inputs,
    })
}

fn attempt(attempt: &Attempt) -> AttemptRow<'_> {
    let Attempt {
        target,
        passed_over,
        candidates,
    } = attempt;
    AttemptRow {
        target,
        passed_over,
        candidates: (!candidates.is_empty()).then(|| Columns::of(candidates)),
    }
}

impl Columns {
    fn of(candidates: &[Candidate]) -> Columns {
        let standing = |(place, one): (usize, &Candidate)| {
            let standing = Standing {
                eligible: one.eligible,
                in_running: one.in_running,
                excluded_by: one.excluded_by.clone(),
                off_shift: one.off_shift.iter().map(|off| off.next_on_at).collect(),
            };
            (standing != IN_RUNNING).then_some((place, standing))
        };
        Columns {
            user_id: candidates.iter().map(|one| one.user_id).collect(),
            credit: candidates.iter().map(|one| one.credit).collect(),
            given_today: candidates.iter().map(|one| one.given_today).collect(),
            weight: unless_all(1, candidates.iter().map(|one| one.weight)),
            rank: unless_all(1, candidates.iter().map(|one| one.rank)),
            load: unless_all(None, candidates.iter().map(|one| one.load)),
            unusual: candidates.iter().enumerate().filter_map(standing).collect(),
        }
    }

    fn into_candidates(self) -> Vec<Candidate> {
        let mut unusual = self.unusual.into_iter().peekable();
        let each = self.user_id.into_iter().zip(self.credit);
        let each = each.zip(self.given_today).enumerate();
        let candidate = |(place, ((user_id, credit), given_today)): (usize, ((Uuid, i64), u32))| {
            let its = unusual.next_if(|(unusual, _)| *unusual == place);
            let standing = its.map_or(IN_RUNNING, |(_, standing)| standing);
            Candidate {
                user_id,
                eligible: standing.eligible,
                in_running: standing.in_running,
                excluded_by: standing.excluded_by,
                weight: self.weight.get(place).copied().unwrap_or(1),
                rank: self.rank.get(place).copied().unwrap_or(1),
                credit,
                given_today,
                load: self.load.get(place).copied().flatten(),
                off_shift: standing.off_shift.first().map(|next_on_at| OffShift {
                    next_on_at: *next_on_at,
                }),
            }
        };
        each.map(candidate).collect()
    }
}

/// A column, unless everybody has the usual.
fn unless_all<T: PartialEq>(usual: T, column: impl Iterator<Item = T> + Clone) -> Vec<T> {
    if column.clone().all(|one| one == usual) {
        Vec::new()
    } else {
        column.collect()
    }
}

/// The JSON of a routing decision as it is answered. Older rows have it so already.
pub(super) fn read(mut routed: Value) -> Result<Value> {
    let tried = routed.get_mut("tried").and_then(Value::as_array_mut);
    for attempt in tried.into_iter().flatten() {
        if let Some(candidates) = attempt.get_mut("candidates").filter(|one| one.is_object()) {
            let columns: Columns =
                serde_json::from_value(candidates.take()).map_err(Error::internal)?;
            *candidates = json!(columns.into_candidates());
        }
    }
    Ok(routed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::random::Random;

    fn any_candidate(random: &mut Random, is_plain: bool) -> Candidate {
        let mut sometimes = |thousandths| !is_plain && random.in_thousand(thousandths);
        let mut one = Candidate {
            user_id: Uuid::from_u128(7),
            eligible: !sometimes(200),
            in_running: !sometimes(300),
            excluded_by: Vec::new(),
            weight: if sometimes(500) { 3 } else { 1 },
            rank: if sometimes(500) { 2 } else { 1 },
            credit: 0,
            given_today: 0,
            load: sometimes(500).then_some(4),
            off_shift: sometimes(200).then_some(OffShift { next_on_at: None }),
        };
        if sometimes(300) {
            one.excluded_by = vec![Exclusion::LetItGo, Exclusion::OffShift { next_on_at: None }];
        }
        one.user_id = Uuid::from_u128(u128::from(random.below(1_000_000)));
        one.credit = random.below(1 << 40) as i64 - (1 << 39);
        one.given_today = random.below(100) as u32;
        one
    }

    fn routed(candidates: Vec<Candidate>) -> Routed {
        let queue = |key: &str| json!({"target": {"queue": key}});
        let inputs =
            json!({"at": "2026-03-06T10:00:00Z", "day": "2026-03-06", "let_go": [Uuid::nil()]});
        let read = json!({"to": {"queue": "q"}, "rule": "r", "tried": [queue("q")], "team_id": Uuid::nil(),
            "accept_within_minutes": 5, "take_back_after_idle_hours": 48, "inputs": inputs});
        let mut routed: Routed = serde_json::from_value(read).unwrap();
        let pool = json!({"target": {"pool": "p"}, "passed_over": {"reason": "nobody_eligible"}});
        let mut pool: Attempt = serde_json::from_value(pool).unwrap();
        pool.candidates = candidates;
        routed.tried.insert(0, pool);
        routed
    }

    #[test]
    fn a_decision_is_read_as_it_was_written_and_as_older_rows_have_it() {
        let mut random = Random::of(4, 2);
        for round in 0..300 {
            let candidates =
                (0..random.below(12)).map(|_| any_candidate(&mut random, round % 3 == 0));
            let routed = routed(candidates.collect());
            let kept = read(write(&routed).unwrap().value()).unwrap();
            assert_eq!(serde_json::from_value::<Routed>(kept).unwrap(), routed);
            assert_eq!(read(json!(routed)).unwrap(), json!(routed));
        }
    }

    #[test]
    fn what_is_usual_is_left_out() {
        let mut random = Random::of(4, 3);
        let fifty: Vec<Candidate> = (0..50).map(|_| any_candidate(&mut random, true)).collect();
        let kept = json!(Columns::of(&fifty));
        let names: Vec<&String> = kept.as_object().unwrap().keys().collect();
        assert_eq!(names, ["user_id", "credit", "given_today"]);
        assert!(kept.to_string().len() * 2 < json!(fifty).to_string().len());
    }
}
