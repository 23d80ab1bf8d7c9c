//! Why a lead went where it went, in a sentence.

use super::decide::Routed;
use super::document::Target;

impl Routed {
    /// Why: `it was their turn in the pool everyone`.
    pub fn reason(&self) -> String {
        let taker = self.tried.last();
        let taker = taker.filter(|attempt| attempt.passed_over.is_none());
        match taker.map(|attempt| &attempt.target) {
            Some(Target::Pool(pool)) => format!("it was their turn in the pool {pool}"),
            Some(Target::User(_)) if self.fell_through || self.rule.is_none() => {
                "the fallback names them".to_owned()
            }
            Some(Target::User(_)) => "the rule names them".to_owned(),
            Some(Target::OwnerOfAccount(_)) => "they own the account".to_owned(),
            Some(Target::EarlierOwner(_)) => "they had the lead before".to_owned(),
            Some(Target::Queue(queue)) => format!("it waits in the queue {queue}"),
            None => "nobody could take it".to_owned(),
        }
    }
}
