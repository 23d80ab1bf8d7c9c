//! What the document says of requests, for all operations alike: what no handler has to say, because every handler
//! checks it.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayItems, Object, ObjectBuilder, SchemaType, Type,
};
use utoipa::openapi::{OpenApi, Ref, RefOr, Required, Schema};

use super::operations;

/// Deeper `allOf`s and references than this run in a circle.
const MAX_MERGES: usize = 32;

/// Completes parameters and bodies.
pub fn complete(api: &mut OpenApi) {
    let parameters = operations(api).flat_map(|operation| operation.parameters.iter_mut());
    let parameters = parameters.flatten().filter_map(own);
    parameters.for_each(describe_parameter);
    close_bodies(api);
}

/// A parameter that is optional may be absent; there is no way to send null. What several operations read by one
/// function has the form that this function takes: see `api/idempotency.rs`, `api/conditional.rs` and `api/page.rs`.
fn describe_parameter(parameter: &mut Parameter) {
    let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else {
        return;
    };
    if parameter.required != Required::True {
        without_null(&mut schema.schema_type);
    }
    match (&parameter.parameter_in, parameter.name.as_str()) {
        (ParameterIn::Header, "Idempotency-Key") => {
            (schema.min_length, schema.max_length) = (Some(1), Some(255));
            schema.pattern = Some("^[ -~]+$".to_owned());
        }
        (ParameterIn::Header, "If-Match") => {
            schema.pattern = Some(r#"^(\*|"[0-9]{1,18}")$"#.to_owned());
        }
        (ParameterIn::Query, "cursor") => schema.pattern = Some("^[A-Za-z0-9_-]+$".to_owned()),
        _ => {}
    }
}

fn without_null(schema_type: &mut SchemaType) {
    if let SchemaType::Array(types) = schema_type {
        types.retain(|known| *known != Type::Null);
        if let [only] = types.as_slice() {
            *schema_type = SchemaType::Type(only.clone());
        }
    }
}

/// Says of every object in a body that it has no other fields than those named: `api/shape` refuses them.
fn close_bodies(api: &mut OpenApi) {
    let named = api
        .components
        .as_ref()
        .map(|components| components.schemas.clone())
        .unwrap_or_default();
    let mut found = BTreeSet::new();
    for operation in operations(api) {
        let bodies = operation.request_body.iter_mut().filter_map(own);
        let contents = bodies.flat_map(|body| body.content.values_mut());
        let schemas = contents
            .filter_map(own)
            .filter_map(|content| content.schema.as_mut());
        schemas.for_each(|schema| close(schema, &named, &mut found));
    }
    let Some(components) = &mut api.components else {
        return;
    };
    let mut closed = BTreeSet::new();
    while let Some(name) = found.pop_first() {
        if let Some(schema) = components.schemas.get_mut(&name)
            && closed.insert(name)
        {
            close(schema, &named, &mut found);
        }
    }
}

/// What stands here, not elsewhere.
fn own<T>(part: &mut RefOr<T>) -> Option<&mut T> {
    match part {
        RefOr::T(own) => Some(own),
        RefOr::Ref(_) => None,
    }
}

type Named = BTreeMap<String, RefOr<Schema>>;

/// Closes a schema and those within it; `found` gets the names that it refers to.
fn close(schema: &mut RefOr<Schema>, named: &Named, found: &mut BTreeSet<String>) {
    if let Some(whole) = merged(schema, named) {
        *schema = RefOr::T(Schema::Object(whole));
    }
    match schema {
        RefOr::Ref(reference) => {
            found.extend(name(reference));
        }
        RefOr::T(Schema::Object(object)) => {
            if !object.properties.is_empty() && object.additional_properties.is_none() {
                object.additional_properties =
                    Some(Box::new(AdditionalProperties::FreeForm(false)));
            }
            if let Some(AdditionalProperties::RefOr(others)) =
                object.additional_properties.as_deref_mut()
            {
                close(others, named, found);
            }
            object
                .properties
                .values_mut()
                .for_each(|schema| close(schema, named, found));
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                close(items, named, found);
            }
        }
        RefOr::T(Schema::OneOf(one)) => one
            .items
            .iter_mut()
            .for_each(|schema| close(schema, named, found)),
        RefOr::T(Schema::AnyOf(any)) => any
            .items
            .iter_mut()
            .for_each(|schema| close(schema, named, found)),
        RefOr::T(_) => {}
    }
}

/// An `allOf` of objects as one object: its parts, each closed by itself, would refuse each other's fields.
fn merged(schema: &RefOr<Schema>, named: &Named) -> Option<Object> {
    let RefOr::T(Schema::AllOf(all)) = schema else {
        return None;
    };
    let mut whole = ObjectBuilder::new()
        .schema_type(all.schema_type.clone())
        .description(all.description.clone())
        .build();
    whole.example = all.example.clone();
    let mut parts = all.items.iter();
    let is_whole = parts.all(|part| merge(part, &mut whole, named, 0));
    is_whole.then_some(whole)
}

/// Adds the fields of `part`; false when it is no object.
fn merge(part: &RefOr<Schema>, whole: &mut Object, named: &Named, depth: usize) -> bool {
    if depth > MAX_MERGES {
        return false;
    }
    match part {
        RefOr::Ref(reference) => name(reference)
            .and_then(|name| named.get(&name))
            .is_some_and(|target| merge(target, whole, named, depth + 1)),
        RefOr::T(Schema::AllOf(all)) => all
            .items
            .iter()
            .all(|part| merge(part, whole, named, depth + 1)),
        RefOr::T(Schema::Object(object)) if !object.properties.is_empty() => {
            whole.properties.extend(object.properties.clone());
            whole.required.extend(object.required.clone());
            true
        }
        RefOr::T(_) => false,
    }
}

fn name(reference: &Ref) -> Option<String> {
    let name = reference.ref_location.strip_prefix("#/components/schemas/");
    name.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use utoipa::{OpenApi as _, ToSchema};

    #[derive(ToSchema, serde::Deserialize)]
    #[allow(dead_code, reason = "only the schema is used")]
    struct Order {
        #[serde(flatten)]
        buyer: Buyer,
        extras: Vec<Extra>,
        notes: std::collections::HashMap<String, String>,
    }

    #[derive(ToSchema, serde::Deserialize)]
    #[allow(dead_code, reason = "only the schema is used")]
    struct Buyer {
        name: String,
    }

    #[derive(ToSchema, serde::Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    #[allow(dead_code, reason = "only the schema is used")]
    enum Extra {
        Gift { text: String },
        Voucher(Buyer),
    }

    #[derive(ToSchema, serde::Serialize)]
    struct Answer {
        id: String,
    }

    #[utoipa::path(post, path = "/orders", params(("limit" = Option<i64>, Query), ("If-Match" = Option<String>, Header)),
        request_body = Order, responses((status = 200, body = Answer, description = "")))]
    #[allow(dead_code, reason = "only the documentation is used")]
    fn order() {}

    #[derive(utoipa::OpenApi)]
    #[openapi(paths(order))]
    struct Document;

    fn completed() -> Value {
        let mut api = Document::openapi();
        complete(&mut api);
        serde_json::to_value(api).unwrap()
    }

    #[test]
    fn flattened_fields_stand_in_one_closed_object() {
        let order = &completed()["components"]["schemas"]["Order"];
        let properties = order["properties"].as_object().unwrap();
        let mut names: Vec<_> = properties.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["extras", "name", "notes"]);
        assert_eq!(order["additionalProperties"], false);
        assert_eq!(
            properties["notes"]["additionalProperties"],
            json!({"type": "string"})
        );
    }

    #[test]
    fn every_variant_is_closed_with_its_tag() {
        let extra = &completed()["components"]["schemas"]["Extra"];
        for variant in extra["oneOf"].as_array().unwrap() {
            assert_eq!(variant["additionalProperties"], false, "{variant}");
            assert!(
                variant["properties"]["kind"]["enum"].is_array(),
                "{variant}"
            );
        }
    }

    #[test]
    fn answers_may_get_more_fields() {
        let answer = &completed()["components"]["schemas"]["Answer"];
        assert!(answer.get("additionalProperties").is_none());
    }

    #[test]
    fn parameters_are_not_null() {
        let order = &completed()["paths"]["/orders"]["post"];
        let [limit, condition] = &order["parameters"].as_array().unwrap()[..] else {
            panic!("{order}")
        };
        assert_eq!(limit["schema"]["type"], "integer");
        assert_eq!(
            (
                &condition["schema"]["type"],
                &condition["schema"]["pattern"]
            ),
            (&json!("string"), &json!(r#"^(\*|"[0-9]{1,18}")$"#))
        );
    }
}
