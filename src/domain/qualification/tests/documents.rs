//! What is wrong with documents.

use super::*;

fn mistakes(document: Value) -> Vec<(String, &'static str)> {
    let document: FrameworkDocument = serde_json::from_value(document).unwrap();
    let errors = Framework::compile(&document, &Rules::default()).unwrap_err();
    errors
        .into_iter()
        .map(|error| (error.pointer, error.code))
        .collect()
}

fn expect(document: Value, expected: &[(&str, &'static str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(at, code)| ((*at).to_owned(), *code))
        .collect();
    assert_eq!(mistakes(document), expected);
}

fn criterion(key: &str, answer: Value) -> Value {
    json!({"key": key, "name": "N", "question": "Q?", "answer": answer})
}

#[test]
fn the_default_document_survives_json_and_compiles() {
    let document = FrameworkDocument::default();
    let text = serde_json::to_string(&document).unwrap();
    assert_eq!(
        serde_json::from_str::<FrameworkDocument>(&text).unwrap(),
        document
    );
    assert_eq!(bant().name(), "BANT");
    assert!(!bant().asks_of_activities());
}

#[test]
fn everything_wrong_with_criteria_is_told_at_once() {
    expect(
        json!({"name": "F", "criteria": [
            criterion("Budget", json!({"type": "money",
                "met": [{"amount_minor": 10, "currency": "EUR"}, {"amount_minor": 20, "currency": "EUR"}, {"amount_minor": 10, "currency": "EURO"}],
                "partly": [{"amount_minor": 10, "currency": "EUR"}], "rates": {"USD": 0.0, "EUR": 1.0, "XX": 1.0}})),
            criterion("role", json!({"type": "choice", "options": [
                {"value": "a", "name": "A", "state": "partly", "words": ["boss", "…"]},
                {"value": "a", "name": "B", "state": "unmet", "words": ["Boss"]}]})),
            criterion("role", json!({"type": "timing", "met_within_days": 90, "partly_within_days": 90, "words": {"someday": "sometime", "soon": "6 months"}})),
            criterion("size", json!({"type": "number", "met_from": 1.0, "partly_from": 2.0})),
        ]}),
        &[
            ("/criteria/0/key", "invalid_key"),
            ("/criteria/0/answer/met/1", "not_unique"),
            ("/criteria/0/answer/met/2/currency", "unknown_currency"),
            ("/criteria/0/answer/partly/0", "never_reached"),
            ("/criteria/0/answer/rates/EUR", "never_used"),
            ("/criteria/0/answer/rates/USD", "impossible_rate"),
            ("/criteria/0/answer/rates/XX", "unknown_currency"),
            ("/criteria/1/answer/options/0/words/1", "no_word"),
            ("/criteria/1/answer/options/1/value", "not_unique"),
            ("/criteria/1/answer/options/1/words/0", "ambiguous_word"),
            ("/criteria/1/answer/options", "never_met"),
            ("/criteria/2/key", "not_unique"),
            ("/criteria/2/answer/partly_within_days", "never_reached"),
            ("/criteria/2/answer/words/someday", "unknown_time"),
            ("/criteria/3/answer/partly_from", "never_reached"),
        ],
    );
}

#[test]
fn everything_wrong_with_verdicts_inference_and_stages_is_told_at_once() {
    let need = criterion("need", json!({"type": "text"}));
    let timing = criterion("timing", json!({"type": "timing", "met_within_days": 90}));
    expect(
        json!({"name": "F", "criteria": [need, timing],
            "verdicts": [
                {"verdict": "mql", "when": {"met_at_least": 1}},
                {"verdict": "sql", "when": {"met": ["need", "timing"]}},
                {"verdict": "sql", "when": {"met": ["need"], "unmet": ["need"]}},
                {"verdict": "disqualified", "when": {"unmet": ["nede"], "lead": {"field": "citty", "op": "is_set"}}}],
            "inference": [
                {"key": "a", "criterion": "need", "value": "speed", "when": {"activity": "page_view", "within": "14d"}, "confidence_permille": 500},
                {"key": "a", "criterion": "timing", "value": "this_quarter", "confidence_permille": 500},
                {"key": "b", "criterion": "timing", "value": "soonish", "confidence_permille": 500},
                {"key": "c", "criterion": "need", "confidence_permille": 500},
                {"key": "d", "criterion": "need", "field": "titel", "confidence_permille": 500},
                {"key": "e", "criterion": "timing", "value": "2027-03-01", "confidence_permille": 500}],
            "stages": {"moves": {"sql": "converted"}}}),
        &[
            ("/verdicts/1", "never_reached"),
            ("/verdicts/2/when", "never_reached"),
            ("/verdicts/3/when/unmet/0", "unknown_criterion"),
            ("/verdicts/3/when/lead/field", "unknown_field"),
            ("/inference/0/when", "depends_on_time"),
            ("/inference/1/key", "not_unique"),
            ("/inference/1/value", "depends_on_time"),
            ("/inference/2/value", "unknown_value"),
            ("/inference/3", "ambiguous"),
            ("/inference/4/field", "no_such_field"),
            ("/stages/moves/sql", "not_by_verdict"),
        ],
    );
}

#[test]
fn another_framework_is_a_document_of_the_same_shape() {
    let document: FrameworkDocument = serde_json::from_value(json!({"name": "MEDDIC",
        "criteria": [
            criterion("metrics", json!({"type": "text"})),
            criterion("champion", json!({"type": "boolean"})),
            criterion("seats", json!({"type": "number", "met_from": 100.0}))],
        "verdicts": [{"verdict": "sql", "when": {"met_at_least": 3}}, {"verdict": "mql", "when": {"met": ["champion"], "lead": {"field": "country", "op": "eq", "value": "DE"}}}],
        "else": "unqualified"})).unwrap();
    let mut lead = test_leads::lead();
    let yes = Answer {
        read: ReadValue::Boolean { yes: true },
        criterion: "champion".into(),
        ..riddle()
    };
    let verdict = |lead: &Lead| {
        qualify(
            &framework(&document),
            std::slice::from_ref(&yes),
            &Facts {
                lead,
                activities: &[],
            },
            utc(SOON),
        )
    };
    let result = verdict(&lead);
    assert_eq!(
        (result.verdict, result.not_reached[1].lacking.clone()),
        (Verdict::Unqualified, vec![Lacking::Lead])
    );
    lead.fields.country = Some("DE".into());
    assert_eq!(verdict(&lead).verdict, Verdict::MarketingQualified);
}

#[test]
fn verdicts_that_move_leads_on_and_back_do_not_ask_where_they_are() {
    let document = |mode: &str, moves: Value, when: Value| {
        json!({"name": "F", "criteria": [criterion("need", json!({"type": "text"}))],
            "verdicts": [{"verdict": "mql", "when": {"met": ["need"], "lead": when}}],
            "inference": [{"key": "rule", "when": {"not": when}, "criterion": "need", "value": "a CRM", "confidence_permille": 500}],
            "stages": {"mode": mode, "moves": moves}})
    };
    let check = |document: Value| {
        let document: FrameworkDocument = serde_json::from_value(document).unwrap();
        // What counts already goes on.
        assert!(Framework::compile(&document, &Rules::default()).is_ok());
        let wrong = Framework::check(&document, &Rules::default()).err();
        let wrong = wrong.unwrap_or_default().into_iter();
        wrong
            .map(|error| (error.pointer, error.code))
            .collect::<Vec<_>>()
    };
    let both = || json!({"unqualified": "new", "mql": "mql", "disqualified": "disqualified"});
    let is = |field: &str, value: &str| json!({"field": field, "op": "eq", "value": value});
    let refused =
        ["/verdicts/0/when/lead", "/inference/0/when"].map(|at| (at.to_owned(), "asks_of_itself"));
    for field in ["stage", "stage_kind"] {
        assert_eq!(check(document("follow", both(), is(field, "new"))), refused);
        let other = json!({"all": [{"any": [{"field": field, "op": "not_in", "value": ["mql", "sql"]}, is("country", "DE")]}]});
        assert_eq!(check(document("follow", both(), other)), refused);
        // Leads are not brought back from there, or to there, or at all.
        let elsewhere =
            ["accepted", "disqualified"].map(|kind| document("follow", both(), is(field, kind)));
        let once = document("follow", json!({"mql": "mql"}), is(field, "new"));
        let on = document("up_only", both(), is(field, "new"));
        for harmless in elsewhere.into_iter().chain([once, on]) {
            assert_eq!(check(harmless), []);
        }
    }
}
