//! Verdict rules that no lead can reach.

use crate::domain::qualification::framework::Demands;

impl Demands {
    /// Whether no states of so many criteria fulfil it.
    pub(super) fn is_impossible(&self, criteria: usize) -> bool {
        let clash = |at: &usize| self.unmet.contains(at);
        let only_partly = self.partly.iter().any(clash);
        let met = usize::from(self.met_at_least).max(distinct(&self.met));
        let unmet = usize::from(self.unmet_at_least).max(distinct(&self.unmet));
        self.met.iter().any(clash) || only_partly || met + unmet > criteria
    }

    /// Whether it applies wherever the other one does.
    pub(super) fn covers(&self, other: &Demands) -> bool {
        let within = |of: &[usize], in_: &[usize]| of.iter().all(|at| in_.contains(at));
        within(&self.met, &other.met)
            && self
                .partly
                .iter()
                .all(|at| other.partly.contains(at) || other.met.contains(at))
            && within(&self.unmet, &other.unmet)
            && usize::from(self.met_at_least)
                <= usize::from(other.met_at_least).max(distinct(&other.met))
            && usize::from(self.unmet_at_least)
                <= usize::from(other.unmet_at_least).max(distinct(&other.unmet))
            && (self.lead.is_none() || self.lead == other.lead)
    }
}

fn distinct(places: &[usize]) -> usize {
    (0..places.len())
        .filter(|at| !places[..*at].contains(&places[*at]))
        .count()
}
