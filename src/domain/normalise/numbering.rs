//! The world's numbering plans: which digits are a telephone number, and where.
//!
//! The plans are those of libphonenumber, as the `phonenumber` crate carries
//! them; the steps are those of its `PhoneNumberUtil`. The crate's own parser is
//! not used, for three reasons: it drops the `9` of Argentine mobiles and other
//! rewritten prefixes, it matches patterns at the start only, and it keeps a hundred
//! compiled patterns behind one lock, so that leads of many countries wait for
//! each other while patterns are compiled again and again.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use phonenumber::metadata::{DATABASE, Descriptor, Metadata};
use regex::{Regex, RegexBuilder};

/// A number that exists in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    /// Country calling code, such as 49.
    pub calling_code: u16,
    /// National significant number: leading zeros that belong to it, no trunk prefix.
    pub national: String,
    /// ISO 3166 alpha-2, `None` for numbers of no country (`+800`).
    pub country: Option<&'static str>,
}

impl Number {
    pub(super) fn e164(&self) -> String {
        format!("+{}{}", self.calling_code, self.national)
    }
}

/// A pattern that is compiled when it is first asked.
struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn whole(source: &str) -> Pattern {
        Pattern {
            source: format!("^(?:{source})$"),
            compiled: OnceLock::new(),
        }
    }

    fn start(source: &str) -> Pattern {
        Pattern {
            source: format!("^(?:{source})"),
            compiled: OnceLock::new(),
        }
    }

    fn regex(&self) -> Option<&Regex> {
        let compile = || {
            RegexBuilder::new(&self.source)
                .ignore_whitespace(true)
                .unicode(false)
                .build()
                .ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    fn matches(&self, digits: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(digits))
    }

    fn end(&self, digits: &str) -> Option<usize> {
        self.regex()?.find(digits).map(|found| found.end())
    }
}

/// The plan of one region.
struct Plan {
    region: &'static str,
    calling_code: u16,
    international_prefix: Option<Pattern>,
    national_prefix: Option<Pattern>,
    prefix_becomes: Option<&'static str>,
    leading_digits: Option<Pattern>,
    general: Pattern,
    kinds: Vec<Kind>,
    /// Of any kind of number, sorted. Numbers that can only be dialled inside a town are not counted.
    lengths: Vec<u16>,
    /// The longest of fixed and mobile numbers.
    full_length: Option<u16>,
}

/// A kind of number that a person can be called on: fixed, mobile, toll free …
struct Kind {
    pattern: Pattern,
    lengths: &'static [u16],
}

/// How many digits a number has, held against its plan.
#[derive(PartialEq)]
enum Length {
    Possible,
    TooLong,
    Other,
}

impl Plan {
    fn of(data: &'static Metadata) -> Plan {
        let kinds = data.descriptors();
        let callable: [Option<&'static Descriptor>; 10] = [
            kinds.fixed_line(),
            kinds.mobile(),
            kinds.toll_free(),
            kinds.premium_rate(),
            kinds.shared_cost(),
            kinds.personal_number(),
            kinds.voip(),
            kinds.pager(),
            kinds.uan(),
            kinds.voicemail(),
        ];
        let mut lengths: Vec<u16> = callable
            .iter()
            .flatten()
            .flat_map(|kind| kind.possible_length())
            .copied()
            .collect();
        lengths.sort_unstable();
        lengths.dedup();
        let full_length = callable[..2]
            .iter()
            .flatten()
            .flat_map(|kind| kind.possible_length())
            .max()
            .copied();
        let of_kind = |kind: &&'static Descriptor| Kind {
            pattern: Pattern::whole(kind.national_number().as_str()),
            lengths: kind.possible_length(),
        };
        let prefix = data
            .national_prefix_for_parsing()
            .map(|prefix| prefix.as_str())
            .or(data.national_prefix());
        Plan {
            region: data.id(),
            calling_code: data.country_code(),
            international_prefix: data
                .international_prefix()
                .map(|prefix| Pattern::start(prefix.as_str())),
            national_prefix: prefix.map(Pattern::start),
            prefix_becomes: data.national_prefix_transform_rule(),
            leading_digits: data
                .leading_digits()
                .map(|digits| Pattern::start(digits.as_str())),
            general: Pattern::whole(kinds.general().national_number().as_str()),
            kinds: callable.iter().flatten().map(of_kind).collect(),
            lengths,
            full_length,
        }
    }

    fn length(&self, digits: &str) -> Length {
        let length = digits.len() as u16;
        if self.lengths.contains(&length) {
            Length::Possible
        } else if self.lengths.last().is_some_and(|longest| length > *longest) {
            Length::TooLong
        } else {
            Length::Other
        }
    }

    fn has(&self, national: &str) -> bool {
        let ours = self
            .leading_digits
            .as_ref()
            .is_none_or(|digits| digits.matches(national));
        let length = national.len() as u16;
        let is = |kind: &Kind| kind.lengths.contains(&length) && kind.pattern.matches(national);
        ours && self.lengths.contains(&length)
            && self.general.matches(national)
            && self.kinds.iter().any(is)
    }

    /// Takes the trunk prefix and carrier code off, where the rest is still a number.
    fn without_prefix(&self, digits: &str) -> String {
        let rest = self.rewritten(digits);
        let spoilt = self.general.matches(digits) && !self.general.matches(&rest);
        if spoilt { digits.to_owned() } else { rest }
    }

    fn rewritten(&self, digits: &str) -> String {
        let Some(found) = self
            .national_prefix
            .as_ref()
            .and_then(Pattern::regex)
            .and_then(|p| p.captures(digits))
        else {
            return digits.to_owned();
        };
        let rest = &digits[found.get(0).map_or(0, |all| all.end())..];
        match (self.prefix_becomes, found.iter().last().flatten()) {
            (Some(rule), Some(_)) => {
                let mut start = rule.to_owned();
                for (index, group) in found.iter().enumerate().skip(1) {
                    start = start.replace(
                        &format!("${index}"),
                        group.map_or("", |group| group.as_str()),
                    );
                }
                start + rest
            }
            _ => rest.to_owned(),
        }
    }

    /// The national significant number in what was dialled or written after the calling code.
    fn significant(&self, digits: &str) -> String {
        let rest = self.without_prefix(digits);
        if self.length(&rest) == Length::Other {
            digits.to_owned()
        } else {
            rest
        }
    }
}

struct Plans {
    by_region: HashMap<&'static str, Plan>,
    /// Regions of a calling code, the main one first.
    by_code: HashMap<u16, Vec<&'static str>>,
}

static PLANS: LazyLock<Plans> = LazyLock::new(|| {
    let mut plans = Plans {
        by_region: HashMap::new(),
        by_code: HashMap::new(),
    };
    // Numbers of no country share the id 001, so they are kept under their calling code.
    for data in DATABASE.iter().filter(|data| data.id() != "001") {
        plans.by_region.insert(data.id(), Plan::of(data));
    }
    for code in 1..=999_u16 {
        let Some(regions) = DATABASE.region(&code) else {
            continue;
        };
        plans.by_code.insert(
            code,
            regions.into_iter().filter(|id| *id != "001").collect(),
        );
    }
    plans
});

static NO_COUNTRY: LazyLock<HashMap<u16, Plan>> = LazyLock::new(|| {
    let mut plans = HashMap::new();
    for code in 1..=999_u16 {
        let data = DATABASE
            .by_code(&code)
            .and_then(|all| all.into_iter().find(|data| data.id() == "001"));
        if let Some(data) = data {
            plans.insert(code, Plan::of(data));
        }
    }
    plans
});

/// Loads the plans (about a quarter of a second), so that no request waits for them.
pub(super) fn warm() {
    LazyLock::force(&PLANS);
    LazyLock::force(&NO_COUNTRY);
}

/// Digits after a `+`, or after an international prefix.
pub(super) fn international(digits: &str) -> Option<Number> {
    let (code, rest) = split_calling_code(digits)?;
    let national = plans_of(code).next()?.significant(rest);
    existing(code, national)
}

/// Digits after a `+` that no plan knows, but of the full length of fixed and mobile numbers
/// there: plans grow, and this data lags behind. Of a shorter one nobody could say whether
/// it is new or lacks a digit.
pub(super) fn possible_international(digits: &str) -> Option<Number> {
    let (code, rest) = split_calling_code(digits)?;
    let plan = plans_of(code).next()?;
    let national = plan.significant(rest);
    if plan.full_length != Some(national.len() as u16) {
        return None;
    }
    let only = plans_of(code).count() == 1;
    Some(Number {
        calling_code: code,
        national,
        country: if only { country_of(plan) } else { None },
    })
}

/// Digits as they are dialled in `region`.
pub(super) fn dialled(digits: &str, region: &str) -> Option<Number> {
    let plan = PLANS.by_region.get(region)?;
    if let Some(number) = after_prefix(plan, digits) {
        return Some(number);
    }
    let mut own = digits;
    if let Some(rest) = digits.strip_prefix(&plan.calling_code.to_string()) {
        let better =
            !plan.general.matches(digits) && plan.general.matches(&plan.without_prefix(rest));
        if better || plan.length(digits) == Length::TooLong {
            own = rest;
        }
    }
    existing(plan.calling_code, plan.significant(own))
}

/// A number that begins with the region's international prefix, or with the `00` of most of the world.
fn after_prefix(plan: &Plan, digits: &str) -> Option<Number> {
    let end = plan
        .international_prefix
        .as_ref()
        .and_then(|prefix| prefix.end(digits));
    if let Some(rest) = end
        .map(|end| &digits[end..])
        .filter(|rest| !rest.starts_with('0'))
    {
        return international(rest);
    }
    // Where 00 is not dialled, it still tells of another country. Before the region's own
    // code libphonenumber calls it no number, and so do we.
    let rest = digits.strip_prefix("00")?;
    international(rest).filter(|number| number.calling_code != plan.calling_code)
}

/// Prefixes that people still write though the plan has dropped them: Mexico in 2019.
const DROPPED_PREFIXES: [(u16, &[&str]); 1] = [(52, &["1", "01", "044", "045"])];

fn existing(calling_code: u16, national: String) -> Option<Number> {
    let dropped = DROPPED_PREFIXES
        .iter()
        .find(|(code, _)| *code == calling_code);
    let without = dropped
        .into_iter()
        .flat_map(|(_, prefixes)| *prefixes)
        .filter_map(|prefix| national.strip_prefix(prefix).map(str::to_owned));
    let candidates: Vec<String> = std::iter::once(national.clone()).chain(without).collect();
    candidates
        .into_iter()
        .find_map(|national| in_a_plan(calling_code, national))
}

fn in_a_plan(calling_code: u16, national: String) -> Option<Number> {
    let plan = plans_of(calling_code).find(|plan| plan.has(&national))?;
    Some(Number {
        calling_code,
        national,
        country: country_of(plan),
    })
}

fn plans_of(code: u16) -> impl Iterator<Item = &'static Plan> {
    let regions = PLANS.by_code.get(&code).into_iter().flatten();
    regions
        .filter_map(|region| PLANS.by_region.get(region))
        .chain(NO_COUNTRY.get(&code))
}

fn country_of(plan: &Plan) -> Option<&'static str> {
    (plan.region != "001").then_some(plan.region)
}

/// The calling code at the start of `digits`, and the rest. No code is the start of another.
fn split_calling_code(digits: &str) -> Option<(u16, &str)> {
    (1..=3).find_map(|length| {
        let code = digits.get(..length)?.parse().ok()?;
        PLANS
            .by_code
            .contains_key(&code)
            .then(|| (code, &digits[length..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_countrys_example_numbers_are_read_from_abroad_and_at_home() {
        let mut read = 0;
        for data in DATABASE.iter() {
            let kinds = data.descriptors();
            let examples = [kinds.fixed_line(), kinds.mobile(), kinds.toll_free()];
            for example in examples
                .into_iter()
                .flatten()
                .filter_map(|kind| kind.example())
            {
                let abroad = format!("{}{example}", data.country_code());
                let expected = Some(format!("+{abroad}"));
                assert_eq!(international(&abroad).map(|number| number.e164()), expected);
                if data.id() != "001" {
                    let at_home = dialled(example, data.id()).map(|number| number.e164());
                    assert_eq!(at_home, expected, "{} {example}", data.id());
                }
                read += 1;
            }
        }
        assert!(read > 500, "{read}");
    }
}
