//! What the tests share, and the cases of deciding.

use super::*;
use crate::domain::condition::Facts;
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::domain::stage::StageKind;
use crate::domain::test_leads;
use crate::domain::workspace::WorkspaceSettings;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

mod documents;
mod properties;
mod words;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn framework(document: &FrameworkDocument) -> Framework {
    Framework::compile(document, &Rules::default()).unwrap()
}

fn bant() -> Framework {
    framework(&FrameworkDocument::default())
}

fn answer(number: u128, criterion: &str, value: Value, source: AnswerSource, at: &str) -> Answer {
    let at = utc(at);
    let read = bant()
        .read_answer(criterion, &value, at, &ReadingHints::default())
        .unwrap();
    Answer {
        id: Uuid::from_u128(number),
        criterion: criterion.to_owned(),
        given: value,
        read: read.read,
        source,
        confidence_permille: read.confidence_permille,
        at,
        ..riddle()
    }
}

/// Somebody said something that nobody understood.
fn riddle() -> Answer {
    Answer {
        id: Uuid::nil(),
        criterion: "need".to_owned(),
        given: Value::Null,
        read: ReadValue::NotUnderstood,
        stated: None,
        source: AnswerSource::Form,
        evidence: AnswerEvidence::default(),
        confidence_permille: 1000,
        at: utc(SOON),
        actor: None,
        withdrawn: false,
        withdrawal: None,
    }
}

fn all_four() -> Vec<Answer> {
    let form = |number, criterion, value| {
        answer(
            number,
            criterion,
            value,
            AnswerSource::Form,
            "2026-11-02T10:00:00Z",
        )
    };
    vec![
        form(
            1,
            "budget",
            json!({"amount_minor": 2_500_000, "currency": "EUR"}),
        ),
        form(2, "authority", json!("decision_maker")),
        form(3, "need", json!("replace a spreadsheet")),
        form(4, "timing", json!("this_quarter")),
    ]
}

fn judged(answers: &[Answer], lead: &Lead, now: &str) -> Qualification {
    let facts = Facts {
        lead,
        activities: &[],
    };
    qualify(&bant(), answers, &facts, utc(now))
}

fn of<'a>(result: &'a Qualification, key: &str) -> &'a CriterionResult {
    result
        .criteria
        .iter()
        .find(|one| one.criterion == key)
        .unwrap()
}

const SOON: &str = "2026-11-27T10:00:00Z";

#[test]
fn all_four_make_a_sales_qualified_lead() {
    let result = judged(&all_four(), &test_leads::lead(), SOON);
    assert_eq!(
        (result.verdict, result.rule),
        (Verdict::SalesQualified, Some(0))
    );
    assert_eq!(result.met, ["budget", "authority", "need", "timing"]);
    assert_eq!(
        (
            result.missing.len(),
            result.next_question,
            result.completeness_permille
        ),
        (0, None, 1000)
    );
    // The quarter ends with the year, in UTC.
    assert_eq!(result.next_change_at, Some(utc("2027-01-01T00:00:00Z")));
}

#[test]
fn a_time_is_near_by_whole_days_of_the_workspaces_calendar() {
    let rules = Rules {
        settings: WorkspaceSettings {
            timezone: "Pacific/Auckland".into(),
            ..WorkspaceSettings::default()
        },
        ..Rules::default()
    };
    let framework = Framework::compile(&FrameworkDocument::default(), &rules).unwrap();
    // Early in the morning of 29 November in Auckland.
    let at = utc("2026-11-28T12:30:00Z");
    let hints = ReadingHints::default();
    let state = |said: &str| {
        let read = framework.read_answer("timing", &json!(said), at, &hints);
        read.unwrap().state
    };
    assert_eq!(state("within 90 days"), AnswerState::Met);
    assert_eq!(state("within 91 days"), AnswerState::Partly);
    assert_eq!(state("within 365 days"), AnswerState::Partly);
    assert_eq!(state("within 366 days"), AnswerState::Unmet);

    let mut later = answer(1, "timing", json!("2027-02-28"), AnswerSource::Form, SOON);
    later.read = framework
        .read_answer("timing", &later.given, at, &hints)
        .unwrap()
        .read;
    let lead = test_leads::lead();
    let facts = Facts {
        lead: &lead,
        activities: &[],
    };
    let judged = qualify(&framework, &[later], &facts, at);
    // From the beginning of the 30th in Auckland on it is 90 days away.
    assert_eq!(judged.next_change_at, Some(utc("2026-11-29T11:00:00Z")));
}

#[test]
fn a_date_that_has_passed_is_asked_for_again() {
    let result = judged(&all_four(), &test_leads::lead(), "2027-01-01T00:00:00Z");
    let timing = of(&result, "timing");
    assert_eq!(
        (timing.state, timing.reason),
        (AnswerState::Partly, StateReason::Passed)
    );
    assert_eq!(result.verdict, Verdict::MarketingQualified);
    assert_eq!(result.next_question.unwrap().criterion, "timing");
    assert_eq!(
        result.not_reached[0].lacking,
        [Lacking::Criterion {
            criterion: "timing".into(),
            needs: AnswerState::Met,
            is: AnswerState::Partly,
        }]
    );
}

#[test]
fn nothing_known_is_unqualified_and_asks_the_first_question() {
    let result = judged(&[], &test_leads::lead(), SOON);
    assert_eq!(
        (result.verdict, result.rule, result.completeness_permille),
        (Verdict::Unqualified, None, 0)
    );
    assert_eq!(result.next_question.unwrap().criterion, "budget");
    assert_eq!((result.not_reached.len(), result.next_change_at), (2, None));
}

#[test]
fn a_job_title_hints_at_authority_until_somebody_says_otherwise() {
    let mut lead = test_leads::lead();
    lead.fields.title = Some("Geschäftsführerin".into());
    let result = judged(&[], &lead, SOON);
    let authority = of(&result, "authority");
    let heard = authority.counts.as_ref().unwrap();
    assert_eq!(
        (authority.state, heard.inferred_by.as_deref()),
        (AnswerState::Met, Some("job_title"))
    );
    assert_eq!(heard.score, 200 * 600);

    let said = answer(
        9,
        "authority",
        json!("I recommend"),
        AnswerSource::Form,
        "2026-11-01T00:00:00Z",
    );
    let result = judged(&[said], &lead, SOON);
    let authority = of(&result, "authority");
    assert_eq!(
        (authority.state, authority.why),
        (AnswerState::Partly, Some(WhyItCounts::MostTrusted))
    );
    assert_eq!(authority.conflicts.len(), 1);
}

#[test]
fn a_call_is_believed_before_a_later_form_and_a_later_form_before_an_earlier_one() {
    let call = answer(
        1,
        "budget",
        json!("25.000 EUR"),
        AnswerSource::Call,
        "2026-10-01T00:00:00Z",
    );
    let form = answer(
        2,
        "budget",
        json!("no budget"),
        AnswerSource::Form,
        "2026-11-01T00:00:00Z",
    );
    let later = answer(
        3,
        "budget",
        json!("about 5k €"),
        AnswerSource::Form,
        "2026-11-02T00:00:00Z",
    );
    let lead = test_leads::lead();
    let state = |answers: &[Answer]| of(&judged(answers, &lead, SOON), "budget").state;
    assert_eq!(state(&[call, form.clone()]), AnswerState::Met);
    // It was read with less confidence, and still corrects the earlier one.
    let result = judged(&[form, later], &lead, SOON);
    let budget = of(&result, "budget");
    assert_eq!(
        (budget.state, budget.why),
        (AnswerState::Met, Some(WhyItCounts::Newest))
    );
    assert_eq!(budget.conflicts[0].answer_id, Some(Uuid::from_u128(2)));
}

#[test]
fn a_stale_answer_gives_way_to_a_fresh_one_and_alone_is_worth_less() {
    let old = answer(
        1,
        "budget",
        json!("25k EUR"),
        AnswerSource::Rep,
        "2026-01-01T00:00:00Z",
    );
    let fresh = answer(
        2,
        "budget",
        json!("none"),
        AnswerSource::Form,
        "2026-11-01T00:00:00Z",
    );
    let lead = test_leads::lead();
    let alone = judged(std::slice::from_ref(&old), &lead, SOON);
    let budget = of(&alone, "budget");
    assert_eq!(
        (budget.state, budget.reason),
        (AnswerState::Partly, StateReason::Stale)
    );
    let both = judged(&[old, fresh], &lead, SOON);
    assert_eq!(
        (of(&both, "budget").state, of(&both, "budget").why),
        (AnswerState::Unmet, Some(WhyItCounts::Fresh))
    );
}

#[test]
fn what_is_withdrawn_or_not_understood_does_not_count_and_a_stated_state_does() {
    let lead = test_leads::lead();
    let mut withdrawn = answer(
        1,
        "need",
        json!("speed"),
        AnswerSource::Rep,
        "2026-11-01T00:00:00Z",
    );
    withdrawn.withdrawn = true;
    assert_eq!(
        of(&judged(&[withdrawn], &lead, SOON), "need").state,
        AnswerState::Unknown
    );
    let known = answer(
        2,
        "authority",
        json!("CEO"),
        AnswerSource::Form,
        "2026-10-01T00:00:00Z",
    );
    let riddle = answer(
        3,
        "authority",
        json!("the usual"),
        AnswerSource::Rep,
        "2026-11-01T00:00:00Z",
    );
    assert_eq!(
        of(&judged(&[known, riddle.clone()], &lead, SOON), "authority").state,
        AnswerState::Met
    );
    let alone = judged(std::slice::from_ref(&riddle), &lead, SOON);
    assert_eq!(of(&alone, "authority").reason, StateReason::NotUnderstood);
    let stated = Answer {
        stated: Some(AnswerState::Partly),
        ..riddle
    };
    let result = judged(&[stated], &lead, SOON);
    assert_eq!(
        (
            of(&result, "authority").state,
            of(&result, "authority").reason
        ),
        (AnswerState::Partly, StateReason::Stated)
    );
}

#[test]
fn one_careless_no_does_not_disqualify_and_two_do() {
    let lead = test_leads::lead();
    let no = |number, key| {
        answer(
            number,
            key,
            json!("no"),
            AnswerSource::Form,
            "2026-11-01T00:00:00Z",
        )
    };
    assert_eq!(
        judged(&[no(1, "need")], &lead, SOON).verdict,
        Verdict::Unqualified
    );
    assert_eq!(
        judged(&[no(1, "need"), no(2, "budget")], &lead, SOON).verdict,
        Verdict::Disqualified
    );
}

#[test]
fn money_is_compared_within_its_currency_or_by_rate_and_else_partly() {
    let mut document = FrameworkDocument::default();
    let amount = |amount_minor, currency: &str| Amount {
        amount_minor,
        currency: currency.into(),
    };
    document.criteria[0].answer = AnswerType::Money {
        met: vec![amount(1_000_000, "EUR"), amount(1_200_000, "USD")],
        partly: vec![amount(500_000, "EUR")],
        rates: [("JPY".to_owned(), 0.006)].into(),
    };
    let framework = framework(&document);
    for (value, state) in [
        (json!("10.000 €"), AnswerState::Met),
        (json!("9.999,99 €"), AnswerState::Partly),
        (json!("4999 EUR"), AnswerState::Unmet),
        (json!("US$ 12,000"), AnswerState::Met),
        (json!("US$ 11,999"), AnswerState::Unmet),
        (json!("1700000 JPY"), AnswerState::Met),
        (json!("1000000 JPY"), AnswerState::Partly),
        (json!("500000 JPY"), AnswerState::Unmet),
        (json!("1 PLN"), AnswerState::Partly),
        (json!("approved"), AnswerState::Partly),
        (
            json!({"amount_minor": 0, "currency": "EUR"}),
            AnswerState::Unmet,
        ),
    ] {
        let read = framework
            .read_answer("budget", &value, utc(SOON), &ReadingHints::default())
            .unwrap();
        assert_eq!(read.state, state, "{value} {read:?}");
    }
}

#[test]
fn verdicts_move_stages_as_far_as_the_workspace_lets_them() {
    use StageKind::*;
    let with = |mode| {
        let mut document = FrameworkDocument::default();
        document.stages.mode = mode;
        document
            .stages
            .moves
            .insert(Verdict::Disqualified, Disqualified);
        framework(&document)
    };
    let (never, up, follow) = (
        with(StageMode::Never),
        with(StageMode::UpOnly),
        with(StageMode::Follow),
    );
    let (mql, sql, out) = (
        Verdict::MarketingQualified,
        Verdict::SalesQualified,
        Verdict::Disqualified,
    );
    for (framework, current, verdict, moved) in [
        (&never, New, sql, None),
        (&up, New, sql, Some(SalesQualified)),
        (&up, Nurturing, mql, Some(MarketingQualified)),
        (&up, SalesQualified, mql, None),
        (&up, New, out, None),
        (&follow, SalesQualified, mql, Some(MarketingQualified)),
        (&follow, Accepted, mql, None),
        (&follow, Accepted, out, Some(Disqualified)),
        (&follow, Converted, mql, None),
        (&follow, Disqualified, sql, None),
        (&follow, SalesQualified, Verdict::Unqualified, None),
        (&follow, MarketingQualified, mql, None),
    ] {
        assert_eq!(
            stage_move(framework, current, verdict),
            moved,
            "{current:?} {verdict:?}"
        );
    }
}
