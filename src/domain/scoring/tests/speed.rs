//! How long scoring takes: `cargo test --release --lib scoring::tests::speed -- --ignored --nocapture`.

use super::*;
use std::time::Instant;

/// 100 rules of fit over plain fields, a tenth of which hold, and 100 of engagement over 10 types.
fn large() -> Value {
    let fit = (0..100).map(|index| {
        let when = match index % 4 {
            0 => json!({"field": "country", "op": "in", "value": ["DE", "AT", "CH", "FR", "GB"]}),
            1 => json!({"field": "employee_count", "op": "gte", "value": 100 * index}),
            2 => json!({"all": [{"field": "title", "op": "contains", "value": "Head"}, {"field": "city", "op": "eq", "value": format!("City {index}")}]}),
            _ => json!({"field": "industry", "op": "eq", "value": format!("Industry {index}")}),
        };
        json!({"key": format!("f{index}"), "name": "F", "ledger": "fit", "points": 1, "when": when})
    });
    let engagement = (0..100).map(|index| {
        json!({"key": format!("e{index}"), "name": "E", "ledger": "engagement", "points": 1,
            "activity": {"types": [format!("type_{}", index % 10)], "where": {"field": "properties.path", "op": "starts_with", "value": format!("/page/{index}")}}})
    });
    json!({"name": "Large", "rules": fit.chain(engagement).collect::<Vec<_>>(), "thresholds": [{"key": "hot", "on": "total", "points": 30}]})
}

#[test]
#[ignore = "a measurement, in release"]
fn a_lead_is_scored_by_200_rules_within_10_microseconds() {
    let model = model(large());
    let mut somebody = lead();
    somebody.fields.country = Some("US".into());
    somebody.fields.employee_count = Some(4_000);
    somebody.fields.title = Some("Head of Sales".into());
    somebody.fields.city = Some("London".into());
    somebody.fields.industry = Some("Software".into());
    let mut view = activity(1, "type_3", start());
    view.properties.insert("path".into(), "/page/3".into());
    let new = [view];
    let facts = facts(&somebody, &[]);
    const ROUNDS: u32 = 100_000;
    let mut best = f64::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            let scored = model.score(&facts, &Ledger::default(), &new, start());
            std::hint::black_box(model.next_change(&scored.unwrap().ledger, start()));
        }
        best = best.min(begun.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
    }
    let fitting = model
        .score(&facts, &Ledger::default(), &new, start())
        .unwrap()
        .entries
        .len();
    println!("score and next change, 200 rules, {fitting} of them fitting: {best:.2} µs");
    assert!(best < 10.0, "{best}");
}
