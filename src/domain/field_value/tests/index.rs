//! The forms by which values are found.

use super::*;
use std::cmp::Ordering;

/// The order of two values; `None` where there is none.
fn order(field_type: FieldType, a: &Value, b: &Value) -> Option<Ordering> {
    let moment = |value: &Value| DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
    match field_type {
        FieldType::Integer => a.as_i64().partial_cmp(&b.as_i64()),
        FieldType::Decimal => a.as_f64().partial_cmp(&b.as_f64()),
        FieldType::Boolean => a.as_bool().partial_cmp(&b.as_bool()),
        FieldType::Datetime => moment(a).partial_cmp(&moment(b)),
        FieldType::Money if a["currency"] == b["currency"] => a["amount_minor"]
            .as_i64()
            .partial_cmp(&b["amount_minor"].as_i64()),
        FieldType::Money => None,
        _ => a.as_str().partial_cmp(&b.as_str()),
    }
}

#[test]
fn the_index_form_keeps_order_and_equality() {
    let mut random = Random::of(1, 3);
    for field_type in FieldType::ALL {
        for _ in 0..20_000 {
            let [a, b] = [(); 2].map(|()| taken(field_type, any(field_type, &mut random)));
            let (Some(a), Some(b)) = (a, b) else { continue };
            let (of_a, of_b) = (index_form(field_type, &a), index_form(field_type, &b));
            match field_type {
                FieldType::LongText => assert!(of_a.is_empty()),
                FieldType::MultiChoice => assert_eq!(json!(of_a), a),
                _ => {
                    assert_eq!((of_a.len(), of_b.len()), (1, 1), "{a} {b}");
                    assert_eq!(a == b, of_a == of_b, "{a} {b}");
                    if let Some(order) = order(field_type, &a, &b) {
                        assert_eq!(of_a[0].as_bytes().cmp(of_b[0].as_bytes()), order, "{a} {b}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_not_of_the_type_has_no_index_form() {
    for field_type in FieldType::ALL {
        for foreign in [json!(null), json!({"a": 1}), json!([1])] {
            assert_eq!(
                index_form(field_type, &foreign),
                Vec::<String>::new(),
                "{field_type:?} {foreign}"
            );
        }
    }
    assert!(index_form(FieldType::Text, &json!("x".repeat(2101))).is_empty());
    assert_eq!(
        index_form(FieldType::MultiChoice, &json!(["a", "a"])),
        ["a"]
    );
}
