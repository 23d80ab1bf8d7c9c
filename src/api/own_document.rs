//! `GET /v1/openapi.json`: the OpenAPI document with the workspace's own fields in it, as typed properties of `custom`.

use crate::api::auth::Caller;
use crate::api::conditional::{content_etag, is_unchanged};
use crate::api::openapi::DocumentText;
use crate::api::problem::{ApiError, ReadProblems};
use crate::domain::field_definition::{FieldDefinition, FieldOption, FieldType};
use crate::domain::field_value::{MAX_INTEGER, MAX_LONG_TEXT, MAX_TEXT, MAX_URL};
use crate::domain::rules::Rules;
use crate::error::Error;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde_json::{Map, Value, json};

/// Schemas whose `custom` is what a lead has.
const ANSWERS: [&str; 1] = ["Lead"];
/// Schemas whose `custom` is what a request gives; of the first what is required is required.
const REQUESTS: [&str; 3] = ["NewLead", "LeadWrite", "CaptureBody"];

/// The OpenAPI document with the workspace's own fields.
///
/// The same as `/openapi.json`, except that `custom` of leads and captures has a typed property for each field of the
/// workspace: a generated client knows them by name. Other values may stand beside them, as ever.
#[utoipa::path(
    tag = "schema",
    params(("If-None-Match" = Option<String>, Header, description = "An ETag: 304 when the document is still the same")),
    responses((status = 200, description = "The document", body = serde_json::Value, headers(("ETag" = String, description = "The tag of this very document"))),
        (status = 304, description = "Unchanged"), ReadProblems),
)]
#[get("/openapi.json")]
pub async fn get_own_openapi(
    request: HttpRequest,
    caller: Caller,
    document: web::Data<DocumentText>,
) -> Result<HttpResponse, ApiError> {
    let mut own: Value = serde_json::from_str(&document.0).map_err(Error::internal)?;
    describe(&mut own, &caller.rules);
    let text = serde_json::to_string_pretty(&own).map_err(Error::internal)? + "\n";
    let tag = content_etag(text.as_bytes());
    if is_unchanged(&request, &tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .content_type("application/json")
        .body(text))
}

/// Puts the workspace's own fields into the schemas of a document.
fn describe(document: &mut Value, rules: &Rules) {
    let fields: Vec<&FieldDefinition> = rules
        .fields
        .iter()
        .filter(|field| !field.archived)
        .collect();
    if fields.is_empty() {
        return;
    }
    let schemas = &mut document["components"]["schemas"];
    for name in ANSWERS {
        let properties = fields
            .iter()
            .map(|field| (field.key.clone(), answered(field)));
        add(&mut schemas[name], properties.collect());
    }
    for name in REQUESTS {
        let properties = fields
            .iter()
            .map(|field| (field.key.clone(), requested(field)));
        add(&mut schemas[name], properties.collect());
    }
    let required = fields
        .iter()
        .filter(|field| field.required && field.default.is_none())
        .map(|field| Value::from(field.key.clone()));
    let required: Vec<Value> = required.collect();
    if !required.is_empty() {
        let new_lead = &mut schemas[REQUESTS[0]];
        new_lead["properties"]["custom"]["required"] = required.into();
        match new_lead["required"].as_array_mut() {
            Some(names) => names.push("custom".into()),
            None => new_lead["required"] = json!(["custom"]),
        }
    }
}

fn add(schema: &mut Value, properties: Map<String, Value>) {
    let custom = &mut schema["properties"]["custom"];
    custom["properties"] = properties.into();
    custom["additionalProperties"] = true.into();
}

/// What a lead has.
fn answered(field: &FieldDefinition) -> Value {
    described(field, typed(field, |_| true))
}

/// What a request may give: what is offered, or nothing.
fn requested(field: &FieldDefinition) -> Value {
    let mut schema = typed(field, |option| !option.archived);
    schema["type"] = json!([schema["type"], "null"]);
    if let Some(values) = schema["enum"].as_array_mut() {
        values.push(Value::Null);
    }
    if let Some(default) = &field.default {
        schema["default"] = default.clone();
    }
    described(field, schema)
}

fn typed(field: &FieldDefinition, is_named: impl Fn(&FieldOption) -> bool) -> Value {
    let named = || {
        let options = field.options.iter().filter(|option| is_named(option));
        options
            .map(|option| option.value.clone())
            .collect::<Vec<_>>()
    };
    let mut schema = match field.field_type {
        FieldType::Text => json!({"type": "string", "maxLength": MAX_TEXT}),
        FieldType::LongText => json!({"type": "string", "maxLength": MAX_LONG_TEXT}),
        FieldType::Url => json!({"type": "string", "maxLength": MAX_URL}),
        FieldType::Integer => {
            json!({"type": "integer", "format": "int64", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER})
        }
        FieldType::Decimal => json!({"type": "number", "format": "double"}),
        FieldType::Boolean => json!({"type": "boolean"}),
        FieldType::Date => json!({"type": "string", "format": "date"}),
        FieldType::Datetime => json!({"type": "string", "format": "date-time"}),
        FieldType::SingleChoice => json!({"type": "string", "enum": named()}),
        FieldType::MultiChoice => {
            json!({"type": "array", "items": {"type": "string", "enum": named()}, "uniqueItems": true})
        }
        FieldType::Money => json!({
            "type": "object", "required": ["amount_minor", "currency"], "additionalProperties": false,
            "properties": {
                "amount_minor": {"type": "integer", "format": "int64", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER},
                "currency": {"type": "string", "minLength": 3, "maxLength": 3},
            }
        }),
    };
    // What other dialects of regular expressions do not know is left to the description.
    if let Some(pattern) = &field.pattern
        && !pattern.as_str().contains("(?")
    {
        schema["pattern"] = format!("^(?:{})$", pattern.as_str()).into();
    }
    schema
}

fn described(field: &FieldDefinition, mut schema: Value) -> Value {
    schema["title"] = field.label.clone().into();
    let unique = field.unique.then_some("No two leads have the same value.");
    let pattern = field
        .pattern
        .as_ref()
        .map(|pattern| format!("The whole of it matches {}", pattern.as_str()));
    let sentences = [
        field.description.clone(),
        unique.map(str::to_owned),
        pattern,
    ];
    let description: Vec<String> = sentences.into_iter().flatten().collect();
    if !description.is_empty() {
        schema["description"] = description.join(" ").into();
    }
    schema
}
