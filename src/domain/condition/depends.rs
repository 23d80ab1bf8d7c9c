//! Whether a condition depends on the time at which it is judged.

use super::comparison::{Comparison, Operand, Test};
use super::time::{Day, Moment};
use super::{Condition, LeadCheck};

impl Condition {
    /// Whether it may change by time alone: then nobody would know when to judge it again.
    pub fn depends_on_now(&self) -> bool {
        self.root.has(&|check| match check {
            LeadCheck::Field(_, test) => is_relative(test),
            LeadCheck::Activity(activity) => {
                activity.within.is_some() || activity.filter.has(&|check| is_relative(&check.test))
            }
        })
    }
}

fn is_relative(test: &Test) -> bool {
    let relative = |operand: &Operand| match operand {
        Operand::Moment(moment) => !matches!(moment, Moment::At(_)),
        Operand::Day(day) => !matches!(day, Day::On(_) | Day::Of(Moment::At(_), _)),
        _ => false,
    };
    match &test.comparison {
        Comparison::Equals(operand) | Comparison::Order(_, operand) => relative(operand),
        Comparison::OneOf(operands) => operands.iter().any(relative),
        _ => false,
    }
}
