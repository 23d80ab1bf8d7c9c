//! What the API says of conditions.

use serde_json::json;
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A condition as it is written. It is read by [`Condition::parse`](super::Condition::parse), whose errors say more than a schema can;
/// so this one only describes it.
#[derive(Debug)]
pub struct ConditionDocument;

const DESCRIPTION: &str = "\
What is asked of a lead, as a small tree. Each part is one of these:

- `{\"field\": …, \"op\": …, \"value\": …}`: a field of the lead. `GET /v1/schema` has the fields, and of each the `operators`: `eq`, `ne`, \
`in`, `not_in`, `gt`, `gte`, `lt`, `lte`, `starts_with`, `contains`, `has_any`, `has_all`, and `is_set` and `is_not_set`, which take no \
`value`. A moment may be relative: `{\"ago\": \"14d\"}`.
- `{\"activity\": …, \"where\": …, \"count\": {\"gte\": 2}, \"within\": \"14d\"}`: activities of that type, or of one of several in a list. All \
but the type may be left out; `where` is a condition of the activity's own fields.
- `{\"all\": […]}`, `{\"any\": […]}` and `{\"not\": …}`: of other conditions. `{\"all\": []}` always holds, `{\"any\": []}` never.

No comparison holds for a value that is not known, but for `ne`, `not_in` and `is_not_set`. At most 10 deep, with 200 parts.";

impl PartialSchema for ConditionDocument {
    fn schema() -> RefOr<Schema> {
        let examples = [
            json!({"field": "country", "op": "in", "value": ["DE", "AT", "CH"]}),
            json!({"all": [{"field": "employee_count", "op": "gte", "value": 200}, {"not": {"field": "email_domain", "op": "in", "value": ["example.org"]}}]}),
            json!({"activity": "page_view", "where": {"field": "properties.path", "op": "starts_with", "value": "/pricing"}, "count": {"gte": 2}, "within": "14d"}),
            json!({"field": "created_at", "op": "gte", "value": {"ago": "14d"}}),
        ];
        let object = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .description(Some(DESCRIPTION))
            .examples(examples);
        RefOr::T(Schema::Object(object.build()))
    }
}

impl ToSchema for ConditionDocument {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Condition")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::condition::{Condition, Operator};
    use crate::domain::rules::Rules;

    #[test]
    fn the_examples_are_conditions_and_every_operator_is_named() {
        let RefOr::T(Schema::Object(schema)) = ConditionDocument::schema() else {
            panic!("no object");
        };
        for example in &schema.examples {
            assert!(
                Condition::parse(example, &Rules::default(), "").is_ok(),
                "{example}"
            );
        }
        for operator in Operator::ALL {
            assert!(DESCRIPTION.contains(&format!("`{}`", operator.as_str())));
        }
    }
}
