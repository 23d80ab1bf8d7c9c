//! How a search is answered: where its leads come from, and how each other condition is checked.
//!
//! PostgreSQL would choose by estimates of its own, which know nothing of how two conditions go together and little of one
//! that stands in another table; a wrong choice costs seconds at a million leads. So the shapes that can be good are
//! few, each is forced by the form of the statement, and the cheapest is taken. Costs are microseconds, measured on a
//! million leads.

/// Where the leads come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Source {
    /// `leads`, by whatever index PostgreSQL likes.
    Leads,
    /// The index of the first sort key, in its order.
    Sorted,
    /// The entries of a condition in the index of values.
    Values(usize),
    /// Those that the index of texts found.
    Found,
    /// All texts, in the order of ids.
    Texts,
}

/// A way to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Plan {
    /// Where the leads come from.
    pub source: Source,
    /// The source is in the order that is asked for, so that the search ends with the page.
    pub is_ordered: bool,
    /// Conditions in the index of values whose leads are all read and kept in memory beforehand; the others are looked up
    /// lead by lead.
    pub hashed: Vec<usize>,
}

/// A condition that the index of values answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::store) struct SetSize {
    /// How many leads it has.
    pub leads: f64,
    /// The index gives them in the order of their ids.
    pub is_in_order: bool,
}

/// What is searched for in the texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::store) enum TextSize {
    /// Nothing.
    Nothing,
    /// All that have it are known: so many.
    Found(f64),
    /// So many have it, roughly.
    Estimated(f64),
}

/// Which order is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Ordered {
    /// That of ids.
    Id,
    /// That of an index of `leads`, or of the index of values.
    Index,
    /// That of scores: an index has it for each number of points of fit.
    Merged,
    /// Another one.
    Unindexed,
}

/// What is known before a plan is made.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct Sizes {
    /// Leads of the workspace.
    pub leads: f64,
    /// Those for which everything holds that stands in `leads` itself.
    pub plain: f64,
    /// The conditions in the index of values.
    pub sets: Vec<SetSize>,
    /// The text.
    pub text: TextSize,
    /// The order.
    pub order: Ordered,
    /// The first sort key is in the index of values.
    pub sorts_by_value: bool,
    /// How many leads are wanted.
    pub wanted: f64,
}

/// An entry of an index, read in its order.
const ENTRY: f64 = 0.2;
/// A lead put into memory, and one looked for there.
const KEEP: f64 = 0.25;
const LOOK: f64 = 0.15;
/// A look-up in the index of values: 5 in memory, up to 25 elsewhere.
const PROBE: f64 = 6.0;
/// A text looked up, and one of all in order.
const TEXT_PROBE: f64 = 5.0;
const TEXT_ENTRY: f64 = 0.9;
/// A lead, read by its id.
const LEAD: f64 = 7.0;
/// How many different points of fit leads have, about.
const FITS: f64 = 40.0;

impl Sizes {
    /// The cheapest way.
    pub fn cheapest(&self) -> Plan {
        let candidates = self.candidates();
        let cheapest = candidates
            .into_iter()
            .min_by(|(one, _), (other, _)| one.total_cmp(other));
        cheapest.map_or(
            Plan {
                source: Source::Leads,
                is_ordered: false,
                hashed: Vec::new(),
            },
            |(_, plan)| plan,
        )
    }

    /// Every way that gives the right answer, with its cost.
    pub fn candidates(&self) -> Vec<(f64, Plan)> {
        let mut found = vec![self.on_leads()];
        match self.order {
            Ordered::Id | Ordered::Index => {
                found.push(self.from(Source::Sorted, self.leads, ENTRY, true));
            }
            Ordered::Merged => found.push(self.merged()),
            Ordered::Unindexed => {}
        }
        for (number, set) in self.sets.iter().enumerate() {
            if set.is_in_order && self.order == Ordered::Id {
                found.push(self.from(Source::Values(number), set.leads, ENTRY, true));
            }
            found.push(self.from(Source::Values(number), set.leads, ENTRY, false));
        }
        match self.text {
            TextSize::Nothing => {}
            TextSize::Found(leads) => found.push(self.from(Source::Found, leads, ENTRY, false)),
            TextSize::Estimated(_) if self.order == Ordered::Id => {
                found.push(self.from(Source::Texts, self.leads, TEXT_ENTRY, true));
            }
            TextSize::Estimated(_) => {}
        }
        found
    }

    fn share(&self, leads: f64) -> f64 {
        (leads / self.leads.max(1.0)).clamp(1e-9, 1.0)
    }

    fn text_share(&self) -> f64 {
        match self.text {
            TextSize::Nothing => 1.0,
            TextSize::Found(leads) | TextSize::Estimated(leads) => self.share(leads),
        }
    }

    /// Which share of the leads everything holds for, if nothing has to do with anything else.
    fn share_of_all(&self) -> f64 {
        let sets: f64 = self.sets.iter().map(|set| self.share(set.leads)).product();
        sets * self.share(self.plain) * self.text_share()
    }

    /// Whether all leads that are found are sorted.
    fn is_sorted(&self) -> bool {
        matches!(self.order, Ordered::Unindexed | Ordered::Merged)
    }

    /// PostgreSQL walks an index of the order, or takes those that the conditions on `leads` leave.
    fn on_leads(&self) -> (f64, Plan) {
        let walked = if self.is_sorted() || self.sorts_by_value {
            self.plain
        } else {
            self.plain
                .min(self.wanted / self.share_of_all())
                .min(self.leads)
        };
        // Without a condition that narrows them down, all are read for an order that no index has.
        let read = if self.plain >= self.leads * 0.5 && self.is_sorted() {
            self.leads
        } else {
            walked
        };
        let text = if self.text == TextSize::Nothing {
            0.0
        } else {
            TEXT_PROBE
        };
        let cost = read * (LEAD + PROBE * self.sets.len() as f64 + text);
        let plan = Plan {
            source: Source::Leads,
            is_ordered: !self.is_sorted() && !self.sorts_by_value,
            hashed: Vec::new(),
        };
        (cost, plan)
    }

    /// Of each number of points of fit as many as are wanted, from which the best are taken.
    fn merged(&self) -> (f64, Plan) {
        let read = self
            .leads
            .min(FITS * self.wanted / self.share_of_all().max(1e-9));
        let text = if self.text == TextSize::Nothing {
            0.0
        } else {
            TEXT_PROBE
        };
        let plan = Plan {
            source: Source::Sorted,
            is_ordered: true,
            hashed: Vec::new(),
        };
        let cost = read * (LEAD + PROBE * self.sets.len() as f64 + text);
        (cost, plan)
    }

    fn from(&self, source: Source, rows: f64, each: f64, is_ordered: bool) -> (f64, Plan) {
        let own_share = match source {
            Source::Values(number) => self.share(self.sets[number].leads),
            Source::Found => self.text_share(),
            Source::Leads | Source::Sorted | Source::Texts => 1.0,
        };
        let rest = self.share_of_all() / own_share;
        let read = if is_ordered {
            rows.min(self.wanted / rest)
        } else {
            rows
        };
        let mut cost = read * each;
        let mut alive = read;
        if source == Source::Texts {
            alive *= self.text_share();
        }
        let mut others: Vec<usize> = (0..self.sets.len())
            .filter(|number| source != Source::Values(*number))
            .collect();
        others.sort_by(|one, other| self.sets[*one].leads.total_cmp(&self.sets[*other].leads));
        let mut hashed = Vec::new();
        for number in others {
            let leads = self.sets[number].leads;
            let by_hash = leads * (ENTRY + KEEP) + alive * LOOK;
            let by_probe = alive * PROBE;
            if by_hash < by_probe {
                hashed.push(number);
            }
            cost += by_hash.min(by_probe);
            alive *= self.share(leads);
        }
        if !matches!(source, Source::Texts | Source::Found) {
            match self.text {
                TextSize::Nothing => {}
                TextSize::Found(leads) => {
                    cost += leads * KEEP + alive * LOOK;
                    alive *= self.text_share();
                }
                TextSize::Estimated(_) => {
                    cost += alive * TEXT_PROBE;
                    alive *= self.text_share();
                }
            }
        }
        cost += alive * LEAD;
        let plan = Plan {
            source,
            is_ordered,
            hashed,
        };
        (cost, plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A million leads, of which two conditions have such shares, in percent.
    fn sizes(one: f64, other: f64, order: Ordered) -> Sizes {
        let set = |percent: f64| SetSize {
            leads: percent * 1e4,
            is_in_order: true,
        };
        Sizes {
            leads: 1e6,
            plain: 1e6,
            sets: vec![set(one), set(other)],
            text: TextSize::Nothing,
            order,
            sorts_by_value: false,
            wanted: 51.0,
        }
    }

    fn cost(sizes: &Sizes) -> f64 {
        let candidates = sizes.candidates();
        candidates
            .into_iter()
            .map(|(cost, _)| cost)
            .fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn newest_first_follows_the_entries_of_one_condition() {
        for (one, other) in [(0.05, 30.0), (30.0, 0.05), (5.0, 5.0), (30.0, 30.0)] {
            let plan = sizes(one, other, Ordered::Id).cheapest();
            assert!(
                matches!(plan.source, Source::Values(_)) && plan.is_ordered,
                "{one} {other}: {plan:?}"
            );
        }
    }

    #[test]
    fn another_order_is_walked_for_frequent_values_and_sorted_for_rare_ones() {
        let plan = |one, other| sizes(one, other, Ordered::Index).cheapest();
        assert!(plan(30.0, 30.0).is_ordered);
        assert_eq!(plan(0.05, 30.0).source, Source::Values(0));
        assert_eq!(plan(30.0, 0.05).source, Source::Values(1));
        assert_eq!(plan(1.0, 1.0).hashed, [1]);
        let middle = plan(5.0, 5.0);
        assert_eq!((middle.source, middle.hashed.len()), (Source::Sorted, 1));
    }

    #[test]
    fn two_values_of_any_frequency_are_found_in_time() {
        let shares = [0.01, 0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0];
        for one in shares {
            for other in shares {
                for order in [Ordered::Id, Ordered::Index] {
                    let sizes = sizes(one, other, order);
                    assert!(
                        cost(&sizes) < 40_000.0,
                        "{one} {other} {order:?}: {} µs by {:?}",
                        cost(&sizes),
                        sizes.cheapest()
                    );
                }
            }
        }
    }

    #[test]
    fn a_few_leads_of_ones_own_are_read_first() {
        let mut sizes = sizes(30.0, 30.0, Ordered::Unindexed);
        sizes.plain = 200.0;
        assert_eq!(sizes.cheapest().source, Source::Leads);
    }
}
