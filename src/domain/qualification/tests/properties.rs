//! What holds of all frameworks and answers.

use super::*;
use crate::seed::random::Random;
use chrono::TimeDelta;

const SOURCES: [AnswerSource; 9] = [
    AnswerSource::Form,
    AnswerSource::Call,
    AnswerSource::Meeting,
    AnswerSource::Email,
    AnswerSource::Rep,
    AnswerSource::Rule,
    AnswerSource::Enrichment,
    AnswerSource::Import,
    AnswerSource::Api,
];
const STATES: [AnswerState; 4] = [
    AnswerState::Unknown,
    AnswerState::Unmet,
    AnswerState::Partly,
    AnswerState::Met,
];
const VERDICTS: [Verdict; 4] = [
    Verdict::Disqualified,
    Verdict::Unqualified,
    Verdict::MarketingQualified,
    Verdict::SalesQualified,
];
const KEYS: [&str; 4] = ["budget", "authority", "need", "timing"];

fn one_of<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[random.below(from.len() as u64) as usize]
}

fn some_answer(random: &mut Random, number: u128) -> Answer {
    let key = one_of(random, &KEYS);
    let read = match (key, random.below(6)) {
        (_, 0) => ReadValue::Nothing,
        (_, 1) => ReadValue::NotKnown,
        ("budget", _) => ReadValue::Money {
            amount_minor: 1,
            currency: None,
        },
        ("authority", _) => ReadValue::Option {
            option: random.word("decision_maker|influencer|user|gone").into(),
        },
        ("need", _) => ReadValue::Text {
            state: one_of(random, &STATES),
        },
        _ => ReadValue::Until {
            until: utc(SOON) + Duration::hours(random.below(24 * 800) as i64 - 24 * 200),
        },
    };
    Answer {
        id: Uuid::from_u128(number),
        criterion: key.into(),
        read,
        stated: (random.below(8) == 0).then(|| one_of(random, &STATES)),
        source: one_of(random, &SOURCES),
        confidence_permille: random.below(5) as u16 * 250,
        at: utc(SOON) - Duration::days(random.below(50) as i64 * 10),
        withdrawn: random.below(10) == 0,
        withdrawal: None,
        ..riddle()
    }
}

fn some_document(random: &mut Random) -> FrameworkDocument {
    let mut document = FrameworkDocument {
        when_stale: one_of(random, &[WhenStale::Unknown, WhenStale::Partly]),
        otherwise: one_of(random, &VERDICTS),
        ..FrameworkDocument::default()
    };
    for criterion in &mut document.criteria {
        criterion.max_age_days = one_of(random, &[None, Some(30), Some(200)]);
        criterion.required = random.below(3) > 0;
    }
    let keys = |random: &mut Random| -> Vec<String> {
        KEYS.iter()
            .filter(|_| random.below(4) == 0)
            .map(|key| (*key).to_owned())
            .collect()
    };
    loop {
        document.verdicts = (0..random.below(4))
            .map(|_| VerdictRule {
                verdict: one_of(random, &VERDICTS),
                when: VerdictWhen {
                    met: keys(random),
                    partly: keys(random),
                    unmet: keys(random),
                    met_at_least: random.below(3) as u16,
                    unmet_at_least: random.below(2) as u16,
                    lead: None,
                },
            })
            .collect();
        if Framework::compile(&document, &Rules::default()).is_ok() {
            return document;
        }
    }
}

fn some_case(seed: u64) -> (Random, FrameworkDocument, Vec<Answer>, Lead) {
    let mut random = Random::of(11, seed);
    let document = some_document(&mut random);
    let answers = (0..random.below(13))
        .map(|number| some_answer(&mut random, number.into()))
        .collect();
    let mut lead = test_leads::lead();
    lead.fields.title = one_of(
        &mut random,
        &[None, Some("CEO"), Some("Manager"), Some("Pilot")],
    )
    .map(str::to_owned);
    (random, document, answers, lead)
}

fn decide(
    framework: &Framework,
    answers: &[Answer],
    lead: &Lead,
    now: DateTime<Utc>,
) -> Qualification {
    qualify(
        framework,
        answers,
        &Facts {
            lead,
            activities: &[],
        },
        now,
    )
}

#[test]
fn the_order_of_answers_changes_nothing_and_the_result_repeats() {
    for seed in 0..400 {
        let (mut random, document, mut answers, lead) = some_case(seed);
        let framework = framework(&document);
        let text = |answers: &[Answer]| {
            serde_json::to_string(&decide(&framework, answers, &lead, utc(SOON))).unwrap()
        };
        let before = text(&answers);
        for last in (1..answers.len()).rev() {
            answers.swap(last, random.below(last as u64 + 1) as usize);
        }
        assert_eq!(text(&answers), before, "seed {seed}");
    }
}

#[test]
fn a_met_answer_from_a_more_trusted_source_never_lowers_the_criterion() {
    for seed in 0..400 {
        let (mut random, document, mut answers, lead) = some_case(seed);
        let framework = framework(&document);
        answers.retain(|one| one.source != AnswerSource::Rep);
        let before = decide(&framework, &answers, &lead, utc(SOON));
        let key = one_of(&mut random, &KEYS);
        let more = Answer {
            criterion: key.into(),
            stated: Some(AnswerState::Met),
            source: AnswerSource::Rep,
            read: ReadValue::Nothing,
            withdrawn: false,
            withdrawal: None,
            ..some_answer(&mut random, 99)
        };
        answers.push(more);
        let after = decide(&framework, &answers, &lead, utc(SOON));
        // A stale answer never counts before a fresh one, so this holds for old ones too.
        assert!(
            of(&after, key).state >= of(&before, key).state,
            "seed {seed} {key}"
        );
    }
}

#[test]
fn nothing_changes_before_the_next_change() {
    let mut changed = 0;
    for seed in 0..300 {
        let (mut random, document, answers, lead) = some_case(seed);
        let framework = framework(&document);
        let at = |now| decide(&framework, &answers, &lead, now);
        let first = at(utc(SOON));
        let horizon = first
            .next_change_at
            .unwrap_or(utc(SOON) + Duration::days(3000));
        assert!(horizon > utc(SOON));
        let length = (horizon - utc(SOON)).num_milliseconds();
        let mut moments = vec![length - 1];
        moments.extend((0..8).map(|_| random.below(length as u64) as i64));
        for moment in moments {
            assert_eq!(
                at(utc(SOON) + Duration::milliseconds(moment)),
                first,
                "seed {seed} + {moment} ms"
            );
        }
        let then = at(horizon);
        changed += usize::from(
            first.next_change_at.is_some()
                && (then.criteria, then.verdict) != (first.criteria, first.verdict),
        );
    }
    assert!(changed > 50, "only {changed} changed");
}

/// The rules once more, in the plainest words: what each answer is worth, which one counts, which verdict follows.
mod naive {
    use super::*;

    fn worth(
        document: &FrameworkDocument,
        answer: &Answer,
        now: DateTime<Utc>,
    ) -> (AnswerState, bool) {
        let age = document
            .criteria
            .iter()
            .find(|one| one.key == answer.criterion)
            .unwrap()
            .max_age_days;
        let mut stale =
            age.is_some_and(|days| (now - answer.at).num_seconds() >= i64::from(days) * 86_400);
        let mut state = match &answer.read {
            ReadValue::Nothing => AnswerState::Unmet,
            ReadValue::Money { .. } => AnswerState::Met,
            ReadValue::Option { option } => match option.as_str() {
                "decision_maker" => AnswerState::Met,
                "influencer" => AnswerState::Partly,
                "user" => AnswerState::Unmet,
                _ => AnswerState::Unknown,
            },
            ReadValue::Text { state } => *state,
            ReadValue::Until { until } => {
                stale |= *until <= now;
                let last = (*until - TimeDelta::microseconds(1)).date_naive();
                let days = (last - now.date_naive()).num_days();
                if days <= 90 {
                    AnswerState::Met
                } else if days <= 365 {
                    AnswerState::Partly
                } else {
                    AnswerState::Unmet
                }
            }
            _ => AnswerState::Unknown,
        };
        state = answer.stated.unwrap_or(state);
        if stale {
            let half = document.when_stale == WhenStale::Partly && state >= AnswerState::Partly;
            state = if half {
                AnswerState::Partly
            } else {
                AnswerState::Unknown
            };
        }
        (state, stale)
    }

    pub fn state(
        document: &FrameworkDocument,
        key: &str,
        answers: &[Answer],
        lead: &Lead,
        now: DateTime<Utc>,
    ) -> AnswerState {
        type Row = (AnswerState, u32, u32, Option<DateTime<Utc>>, u128);
        let mut fresh: Vec<Row> = Vec::new();
        let mut stale: Vec<Row> = Vec::new();
        for answer in answers
            .iter()
            .filter(|one| one.criterion == key && !one.withdrawn)
        {
            let (state, is_stale) = worth(document, answer, now);
            let trust = u32::from(document.trust.of(answer.source));
            let row = (
                state,
                trust,
                trust * u32::from(answer.confidence_permille),
                Some(answer.at),
                answer.id.as_u128(),
            );
            if state != AnswerState::Unknown {
                if is_stale {
                    stale.push(row)
                } else {
                    fresh.push(row)
                }
            }
        }
        let title = match lead.fields.title.as_deref() {
            Some("CEO") => Some(AnswerState::Met),
            Some("Manager") => Some(AnswerState::Partly),
            _ => None,
        };
        if let (Some(state), "authority") = (title, key) {
            fresh.push((state, 200, 200 * 600, None, 0));
        }
        let mut rows = if fresh.is_empty() { stale } else { fresh };
        // The newest of each trust, then the best of those.
        rows.sort_by_key(|row| (row.1, row.3, row.2, row.4));
        let mut newest: Vec<Row> = Vec::new();
        for row in rows {
            newest.retain(|one| one.1 != row.1);
            newest.push(row);
        }
        newest.sort_by_key(|row| (row.2, row.3, row.1));
        newest.last().map_or(AnswerState::Unknown, |row| row.0)
    }

    pub fn verdict(document: &FrameworkDocument, state: impl Fn(&str) -> AnswerState) -> Verdict {
        let count = |wanted| KEYS.iter().filter(|key| state(key) == wanted).count() as u16;
        for rule in &document.verdicts {
            let when = &rule.when;
            if when.met.iter().any(|key| state(key) != AnswerState::Met)
                || when
                    .partly
                    .iter()
                    .any(|key| state(key) < AnswerState::Partly)
                || when
                    .unmet
                    .iter()
                    .any(|key| state(key) != AnswerState::Unmet)
                || count(AnswerState::Met) < when.met_at_least
                || count(AnswerState::Unmet) < when.unmet_at_least
            {
                continue;
            }
            return rule.verdict;
        }
        document.otherwise
    }
}

#[test]
fn states_and_verdict_agree_with_a_plain_reading_of_the_rules() {
    for seed in 0..1000 {
        let (_, document, answers, lead) = some_case(seed);
        let framework = framework(&document);
        let result = decide(&framework, &answers, &lead, utc(SOON));
        let state = |key: &str| naive::state(&document, key, &answers, &lead, utc(SOON));
        for key in KEYS {
            assert_eq!(of(&result, key).state, state(key), "seed {seed} {key}");
        }
        assert_eq!(
            result.verdict,
            naive::verdict(&document, state),
            "seed {seed}"
        );
        for one in &result.not_reached {
            assert!(
                one.verdict > result.verdict && !one.lacking.is_empty(),
                "seed {seed}"
            );
        }
    }
}
