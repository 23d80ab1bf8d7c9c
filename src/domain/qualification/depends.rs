//! Whether a condition depends on the time at which it is judged.

use crate::domain::condition::{
    Comparison, Condition, Day, LeadCheck, Moment, Node, Operand, Test,
};

/// Whether the condition may change by time alone: then nobody would know when to judge it again.
pub(super) fn depends_on_now(condition: &Condition) -> bool {
    any(&condition.root, &|check| match check {
        LeadCheck::Field(_, test) => is_relative(test),
        LeadCheck::Activity(activity) => {
            activity.within.is_some() || any(&activity.filter, &|check| is_relative(&check.test))
        }
    })
}

fn any<C>(node: &Node<C>, wanted: &dyn Fn(&C) -> bool) -> bool {
    match node {
        Node::All(parts) | Node::Any(parts) => parts.iter().any(|part| any(part, wanted)),
        Node::Not(part) => any(part, wanted),
        Node::Check(check) => wanted(check),
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
